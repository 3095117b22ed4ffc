//! Whether a run that is to be alone in its group is. A member that died still counts until its session is over, and
//! longer where the broker stands still; one that lives is there in every look.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::super::run::{Inner, lock};
use super::{Membership, partitions};
use crate::kafka::{GroupInfo, Member, SESSION, session_timeout};
use crate::problem::Fault;

/// How many sessions who was first waits for the other to leave: longer than a newcomer does.
const FIRST_WAITS: u32 = 3;

/// A look that takes longer proves nothing: the broker may have stood still, and have noticed no death.
const PROMPT: Duration = Duration::from_secs(1);

/// Partitions that are to be read are not assigned.
pub(super) struct Incomplete {
    since: Instant,
    seen: Option<Seen>,
}

/// The same others, in every look, each answered promptly.
struct Seen {
    others: Vec<String>,
    first: Instant,
    last: Instant,
}

impl Membership {
    /// A run that is to be alone in its group says so, when it is not: one that has just come after as long as the group
    /// takes to notice that a member has died, one that was there before later, so that it outlasts the other. A member
    /// that died while it joined is dealt a share, and missed from then on: so time counts from the last share of ours,
    /// and half a session more is for the dealing. Another half of one the others must be seen.
    pub(in super::super) fn look_after(&self, inner: &Arc<Inner>) {
        if inner.options.is_group {
            return;
        }
        let clusters: Vec<String> = lock(&self.reads).keys().cloned().collect();
        let missing = clusters.into_iter().map(|cluster| (self.missing(&cluster), cluster));
        let Some((count, cluster)) = missing.into_iter().find(|(count, _)| *count > 0) else {
            *lock(&self.incomplete) = None;
            return;
        };
        let session = lock(&inner.hub).settings(&cluster).map_or(SESSION, session_timeout);
        let has_begun = lock(&self.gates).get(&cluster).is_some_and(|gate| gate.load(Ordering::Acquire));
        let patience = if has_begun { session * FIRST_WAITS } else { session * 3 / 2 };
        if lock(&self.incomplete).get_or_insert_with(Incomplete::begin).is_due(patience, session)
            && let Some(fault) = self.not_alone(inner, &cluster, count, session)
        {
            inner.faults.push(fault);
        }
    }

    /// How many partitions of a cluster are to be read and not assigned.
    pub(super) fn missing(&self, cluster: &str) -> usize {
        let expected = lock(&self.reads).get(cluster).map(|reads| partitions(reads)).unwrap_or_default();
        let assigned = lock(&self.assigned);
        expected.into_iter().filter(|at| !assigned.contains(&(cluster.to_string(), at.clone()))).count()
    }

    /// Looks who else has partitions. That others have them, and who, once that has been so for long enough.
    fn not_alone(&self, inner: &Inner, cluster: &str, missing: usize, session: Duration) -> Option<Fault> {
        let admin = lock(&inner.hub).admin(cluster).ok()?;
        let own = self.consumer(cluster).map(|consumer| consumer.member_id()).unwrap_or_default();
        let asked = Instant::now();
        let group = admin.group(&inner.options.application_id);
        let is_dealt = lock(&self.assigned).iter().any(|(of, _)| of == cluster);
        let others = match group {
            Ok(group) => others(group, &own),
            // The group has dealt its partitions, and not all of them to us.
            Err(why) if is_dealt => vec![(String::new(), format!("whom? {}", why.message))],
            Err(_) => Vec::new(),
        };
        let (ids, names): (Vec<String>, Vec<String>) = others.into_iter().unzip();
        let mut incomplete = lock(&self.incomplete);
        if !incomplete.as_mut()?.is_sure(ids, asked, session) {
            return None;
        }
        *incomplete = None;
        let group = &inner.options.application_id;
        let message = format!("{missing} partitions are read by others in the group `{group}`: {}", names.join(", "));
        let remedy = "stop the others, give this pipeline an `application_id` of its own, or set `scale` to `group`";
        Some(Fault::user(message).remedy(remedy))
    }
}

impl Incomplete {
    fn begin() -> Incomplete {
        Incomplete { since: Instant::now(), seen: None }
    }

    /// Whether to look who has the rest: not all the time.
    fn is_due(&self, patience: Duration, session: Duration) -> bool {
        let last = self.seen.as_ref().map(|seen| seen.last);
        self.since.elapsed() >= patience && last.is_none_or(|last| last.elapsed() >= session / 20)
    }

    /// Whether these others, asked for at this time and answered now, have been there for half a session.
    fn is_sure(&mut self, others: Vec<String>, asked: Instant, session: Duration) -> bool {
        let now = Instant::now();
        let before = self
            .seen
            .take()
            .filter(|seen| seen.others == others && now - asked < PROMPT && now - seen.last < PROMPT.max(session / 4));
        let first = before.map_or(now, |seen| seen.first);
        let is_sure = !others.is_empty() && now - first >= session / 2;
        self.seen = Some(Seen { others, first, last: now });
        is_sure
    }
}

/// By member id, and as they name themselves: those that have partitions.
fn others(group: GroupInfo, own: &str) -> Vec<(String, String)> {
    let others = group.members.into_iter().filter(|member| member.id != own && !member.partitions.is_empty());
    others.map(|Member { id, client_id, host, .. }| (id, format!("{client_id} at {host}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(200);

    #[test]
    fn others_are_sure_when_the_same_are_seen_promptly_for_half_a_session() {
        let start = Instant::now();
        let mut incomplete = Incomplete::begin();
        let look = |incomplete: &mut Incomplete, who: &[&str], asked: Instant| {
            incomplete.is_sure(who.iter().map(ToString::to_string).collect(), asked, SHORT)
        };
        let nap = || std::thread::sleep(SHORT / 4);
        assert!(!look(&mut incomplete, &["a"], Instant::now()), "once is not enough");
        nap();
        assert!(!look(&mut incomplete, &["b"], Instant::now()), "another one");
        nap();
        nap();
        assert!(!look(&mut incomplete, &["b"], start.checked_sub(PROMPT).unwrap()), "the broker stood still");
        nap();
        nap();
        assert!(look(&mut incomplete, &["b"], Instant::now()));
        let mut nobody = Incomplete::begin();
        look(&mut nobody, &[], Instant::now());
        nap();
        nap();
        assert!(!look(&mut nobody, &[], Instant::now()), "nobody is there");
    }

    #[test]
    fn looks_begin_when_patience_ends_and_are_rare() {
        let mut incomplete = Incomplete::begin();
        assert!(!incomplete.is_due(SHORT, SHORT));
        assert!(incomplete.is_due(Duration::ZERO, SHORT));
        incomplete.is_sure(vec!["a".into()], Instant::now(), Duration::from_secs(100));
        assert!(!incomplete.is_due(Duration::ZERO, Duration::from_secs(100)));
    }
}
