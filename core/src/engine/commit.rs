//! What is safe to commit, and committing it: the smallest offset of each partition that anything still needs. It is asked
//! for until the group has taken it, or the partition is gone.

use std::collections::BTreeMap;
use std::time::Duration;

use super::run::{Inner, lock};
use super::workshop::SlotOf;
use crate::kafka::{Committed, Offset, TopicPartition};
use crate::problem::Fault;

/// A partition of a cluster's topic.
pub(super) type Place = (String, TopicPartition);

/// What the groups have of each partition that was ever ours.
#[derive(Default)]
pub(super) struct Commits(BTreeMap<Place, Commit>);

#[derive(Default)]
struct Commit {
    /// what the group has, as far as it has told
    taken: Option<i64>,
    /// a commit is under way, and the next one waits for its answer
    is_asked: bool,
}

impl Commits {
    /// A partition has come, of which the group has this.
    pub(super) fn begin(&mut self, place: Place, taken: Option<i64>) {
        self.0.insert(place, Commit { taken, is_asked: false });
    }

    /// Whether the group is to be asked to take an offset now; then an [`Commits::answer`] must follow. Whoever waits for
    /// it asks even while a commit is under way, since that one may fail.
    fn ask(&mut self, place: &Place, next: i64, waits: bool) -> bool {
        let commit = self.0.entry(place.clone()).or_default();
        let asks = commit.taken != Some(next) && (waits || !commit.is_asked);
        commit.is_asked |= asks;
        asks
    }

    /// The group has answered.
    fn answer(&mut self, cluster: &str, answer: &Committed) {
        let Offset { at, next } = &answer.offset;
        if let Some(commit) = self.0.get_mut(&(cluster.to_string(), at.clone())) {
            commit.is_asked = false;
            if answer.is_taken {
                commit.taken = Some(*next);
            }
        }
    }

    /// The partitions of which the groups have something, and what.
    pub(super) fn taken(&self) -> impl Iterator<Item = (&Place, i64)> {
        self.0.iter().filter_map(|(place, commit)| Some((place, commit.taken?)))
    }
}

impl Inner {
    /// Commits what is safe; within a time, and waiting for the answer, where one is given.
    pub(super) fn commit(&self, wait: Option<Duration>) -> Result<(), Fault> {
        let workshop = lock(&self.workshop);
        let needs = workshop.survey()?;
        let mut safe: BTreeMap<Place, i64> = BTreeMap::new();
        for &(slot, offset) in needs.iter().filter(|(_, offset)| *offset >= 0) {
            let Some((_, SlotOf::Partition(cluster, topic, partition))) = workshop.slots.get(slot) else {
                continue;
            };
            let at = (cluster.clone(), TopicPartition::new(topic.clone(), *partition));
            safe.entry(at).and_modify(|known| *known = offset.min(*known)).or_insert(offset);
        }
        // Who does not wait for the answer asks before a partition can go, and come back with another start.
        let held = wait.is_none().then_some(workshop);
        let committed = self.commit_these(safe, wait);
        drop(held);
        committed
    }

    /// Commits of these offsets what is new, as [`Inner::commit`] does. One cluster's fault does not keep another's from it.
    pub(super) fn commit_these(&self, safe: BTreeMap<Place, i64>, wait: Option<Duration>) -> Result<(), Fault> {
        if self.has_state {
            return Ok(());
        }
        let mut clusters: BTreeMap<String, Vec<(Place, i64)>> = BTreeMap::new();
        for (place, next) in safe {
            clusters.entry(place.0.clone()).or_default().push((place, next));
        }
        let committed = clusters.iter().map(|(cluster, safe)| match wait {
            Some(within) => self.commit_sync(cluster, safe, within),
            None => self.commit_soon(cluster, safe),
        });
        committed.collect::<Vec<_>>().into_iter().collect()
    }

    /// Asks the group; its answer is told of by the consumer.
    fn commit_soon(&self, cluster: &str, safe: &[(Place, i64)]) -> Result<(), Fault> {
        // Held until the client has it, so that a partition does not go meanwhile: its next owner's offset would be undone.
        let mut commits = lock(&self.commits);
        let fresh = self.fresh(&mut commits, safe, false);
        let asked = self.membership.commit(cluster, &fresh);
        if asked.is_err() {
            answer_all(&mut commits, cluster, fresh, &[]);
        }
        asked
    }

    fn commit_sync(&self, cluster: &str, safe: &[(Place, i64)], within: Duration) -> Result<(), Fault> {
        let fresh = self.fresh(&mut lock(&self.commits), safe, true);
        let result = self.membership.commit_sync(cluster, &fresh, within);
        let taken = result.as_deref().unwrap_or_default();
        answer_all(&mut lock(&self.commits), cluster, fresh, taken);
        result.map(|_| ())
    }

    fn fresh(&self, commits: &mut Commits, safe: &[(Place, i64)], waits: bool) -> Vec<Offset> {
        let ours = safe.iter().filter(|((cluster, at), _)| self.membership.owns(cluster, at));
        let fresh = ours.filter(|(place, next)| commits.ask(place, *next, waits));
        fresh.map(|((_, at), next)| Offset { at: at.clone(), next: *next }).collect()
    }

    /// A group has answered.
    pub(super) fn committed(&self, cluster: &str, answers: &[Committed]) {
        let mut commits = lock(&self.commits);
        answers.iter().for_each(|answer| commits.answer(cluster, answer));
    }
}

fn answer_all(commits: &mut Commits, cluster: &str, asked: Vec<Offset>, taken: &[Offset]) {
    for offset in asked {
        let is_taken = taken.contains(&offset);
        commits.answer(cluster, &Committed { offset, is_taken });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(partition: i32) -> Place {
        ("default".into(), TopicPartition::new("t", partition))
    }

    fn answer(commits: &mut Commits, partition: i32, next: i64, is_taken: bool) {
        let (cluster, at) = place(partition);
        commits.answer(&cluster, &Committed { offset: Offset { at, next }, is_taken });
    }

    #[test]
    fn one_question_at_a_time_until_the_answer_is_yes() {
        let mut commits = Commits::default();
        commits.begin(place(0), Some(3));
        assert!(!commits.ask(&place(0), 3, false), "the group has it");
        assert!(commits.ask(&place(0), 4, false));
        assert!(!commits.ask(&place(0), 5, false), "a commit is under way");
        assert!(commits.ask(&place(0), 5, true), "who waits does not trust it");
        answer(&mut commits, 0, 4, false);
        assert!(commits.ask(&place(0), 4, false), "refused");
        answer(&mut commits, 0, 4, true);
        assert!(!commits.ask(&place(0), 4, false), "taken");
        assert!(commits.ask(&place(0), 2, false), "back is a way, too");
        answer(&mut commits, 1, 7, true);
        assert_eq!(commits.taken().collect::<Vec<_>>(), [(&place(0), 4)], "of the other nothing was asked");
        commits.begin(place(0), None);
        assert!(commits.ask(&place(0), 4, false), "a new assignment knows what the group says now");
    }

    proptest! {
        /// However safe offsets move, and whatever a group refuses meanwhile: once it takes what it is asked to, it has
        /// what is safe, and is asked no more.
        #[test]
        fn what_is_safe_is_taken_at_last(steps in prop::collection::vec((0_i64..5, 0_u8..3), 0..40), taken in prop::option::of(0_i64..5)) {
            let (mut commits, mut group, mut open) = (Commits::default(), taken, None);
            commits.begin(place(0), taken);
            let mut safe = 0;
            for (moved, answers) in steps {
                safe = moved;
                if commits.ask(&place(0), safe, false) {
                    prop_assert_eq!(open.replace(safe), None, "two are under way");
                }
                if answers < 2 && let Some(next) = open.take() {
                    group = if answers == 1 { Some(next) } else { group };
                    answer(&mut commits, 0, next, answers == 1);
                }
            }
            for _ in 0..2 {
                if commits.ask(&place(0), safe, false) {
                    open = Some(safe);
                }
                if let Some(next) = open.take() {
                    group = Some(next);
                    answer(&mut commits, 0, next, true);
                }
            }
            prop_assert_eq!(group, Some(safe));
            prop_assert!(!commits.ask(&place(0), safe, false));
        }
    }
}
