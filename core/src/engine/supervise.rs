//! What happens after a node has failed: the run ends, or starts again from what is committed, after waits that grow.
//! Sources and sinks that write by themselves start again [alone](super::alone), and come here only once they have given up.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::backoff::Waits;
use super::commit::Place;
use super::ending::Ending;
use super::run::{EndedBy, Inner, LOOK, Outcome, lock};
use crate::check::RestartPolicy;
use crate::problem::{Blame, Fault, Severity};

/// Keeps a run going, through restarts, to its end.
pub(super) fn supervise(current: &Mutex<Arc<Inner>>) -> Outcome {
    let mut restarts = 0;
    let mut backoff = Backoff::default();
    loop {
        let inner = lock(current).clone();
        let Ending { ended_by, undone, is_lossy, snapshot } = inner.keep();
        let mut faults = inner.faults.take();
        faults.iter().for_each(|fault| inner.watch.lock().log.tell_fault(inner.watch.now_ms(), fault));
        match backoff.start_again(&inner, &mut faults, ended_by) {
            Some(next) => {
                restarts += 1;
                *lock(current) = next;
            }
            None => return Outcome { ended_by, faults, undone, is_lossy, restarts, snapshot },
        }
    }
}

/// Waits that grow with each restart, until a record gets through.
#[derive(Default)]
struct Backoff {
    waits: Waits,
    /// the most records that the node has got through in one attempt
    most_done: u64,
    /// the furthest that was committed
    committed: BTreeMap<Place, i64>,
}

impl Backoff {
    /// Another attempt, after a wait; none where the run ends. What keeps it from starting is one more failure.
    fn start_again(&mut self, inner: &Inner, faults: &mut Vec<Fault>, ended_by: EndedBy) -> Option<Arc<Inner>> {
        loop {
            let wait = self.after(inner, faults, ended_by)?;
            if let Some(fault) = faults.last() {
                // The outcome tells only of the last attempt's.
                tracing::warn!("starting again in {} ms, after: {fault}", wait.as_millis());
                let message = format!("the run starts again in {} ms", wait.as_millis());
                inner.tell(Severity::Warning, fault.node.as_deref(), message);
            }
            if is_told_to_stop_within(inner, wait) || inner.is_out_of_time() {
                return None;
            }
            match inner.again() {
                Ok(next) => return Some(next),
                Err(fault) => {
                    let may_retry = fault.may_retry;
                    faults.push(fault);
                    if !may_retry {
                        return None;
                    }
                }
            }
        }
    }

    /// How long to wait before starting again; `None` where the run ends.
    fn after(&mut self, inner: &Inner, faults: &[Fault], ended_by: EndedBy) -> Option<Duration> {
        let fault = faults.first()?;
        // A record that fails is not a node that fails, and a reader that has gone is nobody's failure.
        let is_final =
            |fault: &Fault| fault.record.is_some() || fault.blame == Blame::Nobody || inner.has_given_up(fault);
        if ended_by != EndedBy::Fault || faults.iter().any(is_final) {
            return None;
        }
        let node = fault.node.as_ref()?;
        let policy = inner.policy_of(node)?;
        if self.has_got_on(inner, node) {
            self.waits.end();
        }
        self.waits.grow(policy)
    }

    /// Whether the last attempt brought the node further than those before. One that begins anew repeats what they did:
    /// only records beyond that count, or offsets that were committed.
    fn has_got_on(&mut self, inner: &Inner, node: &str) -> bool {
        let done = inner.done_at(node);
        let mut has_got_on = done > self.most_done;
        self.most_done = done.max(self.most_done);
        for (place, next) in lock(&inner.commits).taken() {
            let known = self.committed.entry(place.clone()).or_insert(next);
            has_got_on |= next > *known;
            *known = next.max(*known);
        }
        has_got_on
    }
}

impl Inner {
    /// How the run starts again after what has kept it from starting; `None` where it does not.
    pub(super) fn policy_after(&self, fault: &Fault) -> Option<RestartPolicy> {
        self.policy_of(fault.node.as_ref().filter(|_| fault.may_retry)?).copied()
    }

    /// How a node starts again. Of an edge through a topic, the node that gives to it answers for both ends.
    fn policy_of(&self, node: &str) -> Option<&RestartPolicy> {
        self.options.restarts.get(self.through.giver(node).unwrap_or(node))
    }
}

/// Waits; says whether the run was told to stop meanwhile.
fn is_told_to_stop_within(inner: &Inner, time: Duration) -> bool {
    let until = Instant::now() + time;
    while Instant::now() < until && !inner.signals.is_told_to_stop.load(Ordering::Acquire) && !inner.is_out_of_time() {
        std::thread::sleep(LOOK.min(time));
    }
    inner.signals.is_told_to_stop.load(Ordering::Acquire)
}
