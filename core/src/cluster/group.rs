//! What is remembered of a group: who is in it, and of each partition that it has committed to the last commits, which its
//! verdict comes from, the timestamp of the record that it reads next, and samples of its lag.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use super::Marks;
use crate::kafka::{Member, Offset, TopicPartition};
use crate::lag::{Commit, History, Judgement, Reader};
use crate::snapshot::{GroupFigures, GroupSnapshot, Keeps, PartitionPast, PartitionSnapshot, Past};

/// Commits that are closer than this are one.
const CLOSE_MS: i64 = 1_000;
/// Time of a sample of the past, and how many are kept: five minutes.
const SAMPLE_MS: i64 = 5_000;
const SAMPLES: usize = 60;

/// A group.
#[derive(Default)]
pub(super) struct Group {
    state: String,
    /// its members can be asked for
    is_classic: bool,
    members: Option<Vec<Member>>,
    members_asked: Option<Instant>,
    /// when it was found out whether something is behind, and whether it is
    searched: Option<(Instant, bool)>,
    known: BTreeMap<TopicPartition, Known>,
    pushed_ms: Option<i64>,
    /// why it could not be looked at
    pub(super) fault: Option<String>,
}

/// A partition of a group.
#[derive(Default)]
struct Known {
    history: History,
    judged: Option<(Judgement, Option<i64>)>,
    /// the offset of a record that was looked at, and its timestamp
    stamp: Option<(i64, i64)>,
    /// the last lag in each slice of time, by its number, oldest first
    lags: VecDeque<(i64, i64)>,
}

impl Group {
    pub(super) fn is_in_state(&mut self, state: String, is_classic: bool) {
        if self.state != state {
            self.members_asked = None;
        }
        (self.state, self.is_classic) = (state, is_classic);
    }

    fn is_empty(&self) -> bool {
        matches!(self.state.as_str(), "Empty" | "Dead")
    }

    fn is_dealing(&self) -> bool {
        self.state.ends_with("Rebalance")
    }

    /// It is not known, or not any more, who is in it.
    pub(super) fn wants_members(&self, every: Duration) -> bool {
        self.is_classic
            && !self.is_empty()
            && self.members_asked.is_none_or(|asked| asked.elapsed() >= every || self.is_dealing())
    }

    pub(super) fn has_members(&mut self, members: Vec<Member>) {
        self.members = Some(members);
        self.members_asked = Some(Instant::now());
    }

    /// It is empty, and it is not known, or not any more, whether something is behind.
    pub(super) fn wants_search(&self, every: Duration) -> bool {
        self.is_empty() && self.searched.is_none_or(|(when, _)| when.elapsed() >= every)
    }

    pub(super) fn is_searched(&mut self, offsets: &[Offset], marks: &Marks) {
        let is_behind = offsets.iter().any(|offset| commit(0, offset, marks).lag().is_some_and(|lag| lag > 0));
        self.searched = Some((Instant::now(), is_behind));
    }

    /// Topics that it has committed to.
    pub(super) fn topics(&self) -> BTreeSet<String> {
        self.known.keys().map(|at| at.topic.to_string()).collect()
    }

    /// One more commit of each partition. Those that it has no offset of any more are forgotten.
    pub(super) fn push(&mut self, at_ms: i64, offsets: &[Offset], marks: &Marks) {
        self.is_searched(offsets, marks);
        if self.pushed_ms.is_some_and(|last| (at_ms - last).abs() < CLOSE_MS) {
            return;
        }
        self.pushed_ms = Some(at_ms);
        let there: BTreeSet<&TopicPartition> = offsets.iter().map(|offset| &offset.at).collect();
        self.known.retain(|at, _| there.contains(at));
        let (owned, is_guessed) = self.owned();
        for offset in offsets {
            let known = self.known.entry(offset.at.clone()).or_default();
            let commit = commit(at_ms, offset, marks);
            // A reader may take its partitions by itself, and be in no group.
            let has_moved = known.history.last().is_some_and(|last| last.done < commit.done);
            known.history.push(commit);
            let is_read = is_guessed || has_moved || owned.contains(&offset.at);
            known.judged = Some(known.history.judge(if is_read { Reader::Reads } else { Reader::Gone }));
            known.sample(at_ms, commit.lag());
        }
    }

    /// What somebody in it has been given; whether it is no use to look there, since all may be read.
    fn owned(&self) -> (BTreeSet<TopicPartition>, bool) {
        let of_members = self.members.iter().flatten().flat_map(|member| &member.partitions);
        let is_guessed = !self.is_empty() && (self.members.is_none() || self.is_dealing());
        match self.is_empty() {
            true => (BTreeSet::new(), false),
            false => (of_members.cloned().collect(), is_guessed),
        }
    }

    /// Partitions with offsets of records whose timestamp would tell how old their lag is, where that is not known.
    pub(super) fn stamps_wanted(&self) -> Vec<(TopicPartition, i64)> {
        let wanted = |(at, known): (&TopicPartition, &Known)| {
            let next = known.behind()?;
            let is_known = known.stamp.is_some_and(|(offset, _)| offset == next);
            (!is_known).then(|| (at.clone(), next))
        };
        self.known.iter().filter_map(wanted).collect()
    }

    pub(super) fn has_stamp(&mut self, at: &TopicPartition, offset: i64, stamp_ms: i64) {
        if let Some(known) = self.known.get_mut(at).filter(|known| known.behind() == Some(offset)) {
            known.stamp = Some((offset, stamp_ms));
        }
    }

    /// Its partitions as they were looked at last.
    pub(super) fn partitions(&self, at_ms: i64, keeps: impl Fn(&str) -> Option<Keeps>) -> Vec<PartitionSnapshot> {
        let mut owners: BTreeMap<&TopicPartition, &Member> = BTreeMap::new();
        for member in self.members.iter().flatten().filter(|_| !self.is_empty()) {
            owners.extend(member.partitions.iter().map(|at| (at, member)));
        }
        let told =
            |(at, known): (&TopicPartition, &Known)| known.told(at, owners.get(at).copied(), at_ms, keeps(&at.topic));
        self.known.iter().map(told).collect()
    }

    pub(super) fn snapshot(&self, name: &str, at_ms: i64) -> GroupSnapshot {
        let figures = |pushed_ms| GroupFigures::of(pushed_ms, &self.partitions(at_ms, |_| None));
        GroupSnapshot {
            name: name.into(),
            state: self.state.clone(),
            members: match (&self.members, self.is_empty()) {
                (_, true) => Some(0),
                (members, false) => members.as_ref().map(Vec::len),
            },
            is_left_behind: self.is_empty() && self.searched.is_some_and(|(_, is_behind)| is_behind),
            topics: self.topics().into_iter().collect(),
            figures: self.pushed_ms.map(figures),
            fault: self.fault.clone(),
        }
    }

    /// Samples of its lags, of all partitions as far back as the oldest of them.
    pub(super) fn past(&self, at_ms: i64) -> Past {
        let last = at_ms.div_euclid(SAMPLE_MS);
        let first = self.known.values().filter_map(|known| known.lags.front()).map(|(slice, _)| *slice).min();
        let first = first.unwrap_or(last).max(last - SAMPLES as i64);
        let samples = |known: &Known| {
            let by_slice: BTreeMap<i64, i64> = known.lags.iter().copied().collect();
            (first..=last).map(|slice| by_slice.get(&slice).copied()).collect()
        };
        let past = |(at, known): (&TopicPartition, &Known)| PartitionPast {
            topic: at.topic.to_string(),
            partition: at.partition,
            lag: samples(known),
            ..PartitionPast::default()
        };
        let partitions = self.known.iter().map(past).collect();
        Past { every_ms: SAMPLE_MS, last_ms: last * SAMPLE_MS, partitions, ..Past::default() }
    }
}

/// What a group has done of a partition, and what there is.
fn commit(at_ms: i64, offset: &Offset, marks: &Marks) -> Commit {
    let marks = marks.get(&offset.at);
    Commit {
        at_ms,
        done: Some(offset.next),
        low: marks.map(|marks| marks.low),
        // What was committed is there: the ends were asked for a moment later, or not yet known to all.
        high: marks.map(|marks| marks.high.max(offset.next)),
    }
}

impl Known {
    /// Offset of the oldest record that is there and not done; none where nothing is behind.
    fn behind(&self) -> Option<i64> {
        let last = self.history.last()?;
        last.lag().filter(|lag| *lag > 0)?;
        Some(last.done?.max(last.low.unwrap_or(0)))
    }

    fn sample(&mut self, at_ms: i64, lag: Option<i64>) {
        let Some(lag) = lag else { return };
        let slice = at_ms.div_euclid(SAMPLE_MS);
        match self.lags.back_mut() {
            Some((last, value)) if *last == slice => *value = lag,
            _ => self.lags.push_back((slice, lag)),
        }
        if self.lags.len() > SAMPLES {
            self.lags.pop_front();
        }
    }

    fn told(&self, at: &TopicPartition, owner: Option<&Member>, at_ms: i64, keeps: Option<Keeps>) -> PartitionSnapshot {
        let last = self.history.last().copied();
        let stamp = self.stamp.filter(|(offset, _)| self.behind() == Some(*offset)).map(|(_, stamp)| stamp);
        let done = last.and_then(|last| last.done);
        let mut told = PartitionSnapshot {
            topic: at.topic.to_string(),
            partition: at.partition,
            low: last.and_then(|last| last.low),
            high: last.and_then(|last| last.high),
            committed: done,
            safe: done.unwrap_or(-1),
            lag: last.and_then(|last| last.lag()),
            age_ms: stamp.map(|stamp| (at_ms - stamp).max(0)),
            retention: Keeps::retention(keeps, stamp, at_ms),
            lost: last.map_or(0, |last| last.lost()),
            owner: owner.map(name_of),
            member: owner.map(|member| member.id.clone()),
            ..PartitionSnapshot::default()
        };
        if let Some((judged, since_ms)) = &self.judged {
            judged.tell(*since_ms, &mut told);
        }
        told
    }
}

/// `client@host`, as brokers see it.
pub(crate) fn name_of(member: &Member) -> String {
    format!("{}@{}", member.client_id, member.host.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::Watermarks;
    use crate::snapshot::{Retention, Verdict};

    fn at(partition: i32) -> TopicPartition {
        TopicPartition::new("t", partition)
    }

    fn member(client_id: &str, partitions: &[i32]) -> Member {
        Member {
            id: format!("{client_id}-1"),
            client_id: client_id.into(),
            host: "/10.0.0.1".into(),
            partitions: partitions.iter().map(|it| at(*it)).collect(),
        }
    }

    /// Looks once a second so many times; offset and end of the first partition as told, the second stands still.
    fn look(group: &mut Group, seconds: std::ops::Range<i64>, of: impl Fn(i64) -> (i64, i64)) {
        for second in seconds {
            let (next, high) = of(second);
            let marks = [(at(0), Watermarks { low: 2, high }), (at(1), Watermarks { low: 0, high: 9 })].into();
            group.push(second * 1000, &[Offset { at: at(0), next }, Offset { at: at(1), next: 4 }], &marks);
        }
    }

    fn verdicts(group: &Group) -> Vec<Verdict> {
        group.partitions(0, |_| None).iter().map(|partition| partition.verdict).collect()
    }

    #[test]
    fn who_reads_decides_whether_a_partition_stalls_or_has_stopped() {
        for (name, state, members, expected) in [
            ("one reads both", "Stable", Some(vec![member("a", &[0, 1])]), [Verdict::Growing, Verdict::Stalled]),
            ("one reads one", "Stable", Some(vec![member("a", &[0])]), [Verdict::Growing, Verdict::Stopped]),
            ("nobody can tell", "Stable", None, [Verdict::Growing, Verdict::Stalled]),
            ("they are dealing", "PreparingRebalance", Some(vec![]), [Verdict::Growing, Verdict::Stalled]),
            ("it commits without a group", "Empty", None, [Verdict::Growing, Verdict::Stopped]),
        ] {
            let mut group = Group { members, ..Group::default() };
            group.is_in_state(state.into(), true);
            look(&mut group, 0..12, |second| (10 + second, 20 + 5 * second));
            assert_eq!(verdicts(&group), expected, "{name}");
        }
    }

    #[test]
    fn an_age_is_that_of_the_record_that_comes_next() {
        let mut group = Group::default();
        look(&mut group, 0..2, |_| (5, 20));
        assert_eq!(group.stamps_wanted(), [(at(0), 5), (at(1), 4)]);
        group.has_stamp(&at(0), 4, 100);
        group.has_stamp(&at(1), 4, 400);
        let ages = |group: &Group| {
            group.partitions(2_000, |_| Some(Keeps::ForMs(5_000))).iter().map(|it| it.age_ms).collect::<Vec<_>>()
        };
        assert_eq!(ages(&group), [None, Some(1_600)], "another record says nothing");
        let left = group.partitions(2_000, |_| Some(Keeps::ForMs(5_000)))[1].retention;
        assert_eq!(left, Retention::Time { left_ms: 3_400 });
        assert_eq!(group.snapshot("g", 2_000).figures.unwrap().age_ms, None, "not of one partition alone");
        group.has_stamp(&at(0), 5, 100);
        assert_eq!(group.snapshot("g", 2_000).figures.unwrap().age_ms, Some(1_900));
        look(&mut group, 2..3, |_| (6, 20));
        assert_eq!(ages(&group), [None, Some(1_600)], "it goes on to the next");
    }

    #[test]
    fn what_retention_deleted_is_lost_and_not_behind() {
        let mut group = Group::default();
        look(&mut group, 0..1, |_| (0, 10));
        let first = &group.partitions(0, |_| None)[0];
        assert_eq!((first.lag, first.lost), (Some(8), 2));
        assert_eq!(group.stamps_wanted()[0], (at(0), 2), "the oldest that is left");
    }

    #[test]
    fn the_past_is_as_long_as_it_was_watched() {
        let mut group = Group::default();
        look(&mut group, 0..11, |second| (10, 10 + second));
        let past = group.past(10_500);
        assert_eq!((past.every_ms, past.last_ms), (5_000, 10_000));
        assert_eq!(past.partitions[0].lag, [Some(4), Some(9), Some(10)]);
        assert_eq!(past.partitions[1].lag, [Some(5); 3]);
    }

    #[test]
    fn empty_groups_are_searched_and_others_asked_for_members() {
        let mut group = Group::default();
        group.is_in_state("Empty".into(), true);
        assert!(group.wants_search(Duration::MAX) && !group.wants_members(Duration::ZERO));
        let marks = [(at(0), Watermarks { low: 0, high: 3 })].into();
        group.is_searched(&[Offset { at: at(0), next: 3 }], &marks);
        assert!(!group.wants_search(Duration::MAX) && group.wants_search(Duration::ZERO));
        assert!(!group.snapshot("g", 0).is_left_behind);
        group.is_searched(&[Offset { at: at(0), next: 2 }], &marks);
        let told = group.snapshot("g", 0);
        assert!(told.is_left_behind && told.members == Some(0) && told.figures.is_none());
        group.is_in_state("Stable".into(), true);
        assert!(group.wants_members(Duration::MAX) && !group.wants_search(Duration::ZERO));
        group.has_members(vec![member("a", &[])]);
        assert!(!group.wants_members(Duration::MAX));
        group.is_in_state("PreparingRebalance".into(), true);
        assert!(group.wants_members(Duration::MAX), "another state, other members");
        group.is_in_state("Stable".into(), false);
        assert!(!group.wants_members(Duration::ZERO), "they cannot be told");
    }
}
