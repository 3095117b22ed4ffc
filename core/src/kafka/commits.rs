//! Committing: offsets that a group is to take, and its answers. What is safe to commit, and what to do about a refusal,
//! the engine knows.

use std::thread;
use std::time::{Duration, Instant};

#[cfg(doc)]
use super::consumer::ConsumerEvents;
use super::consumer::{Consumer, TopicPartition};
use super::faults::{is_passing, is_rebalance};
use super::ffi::{Code, Event, Failure, Partitions};
use crate::problem::Fault;

/// An offset to commit: that of the record which the group is to read next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offset {
    /// of which partition
    pub at: TopicPartition,
    /// the next to read
    pub next: i64,
}

/// What became of an offset that was to be committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// as it was given to [`Consumer::commit`]
    pub offset: Offset,
    /// the group has it; else it may have it, or not
    pub is_taken: bool,
}

impl Consumer {
    /// Commits without waiting. The answer comes as [`ConsumerEvents::committed`], always, unless the consumer is closed
    /// before; a refusal that does not just pass is a fault event, too.
    ///
    /// # Errors
    /// The client cannot take the request; then no answer comes.
    pub fn commit(&self, offsets: &[Offset]) -> Result<(), Fault> {
        if offsets.is_empty() {
            return Ok(());
        }
        self.inner.client.commit(&list(offsets), &self.inner.queue).map_err(|why| self.inner.fault("committing", &why))
    }

    /// Commits and waits for the group's answer. While a rebalance is under way, or the group moves to another broker, it
    /// takes no offsets: then it is tried again until the time is over, for the partitions that are still ours. (Inside of
    /// [`ConsumerEvents::revoked`] there is one try: nothing can change before that returns.) Whoever is about to leave
    /// the group commits first and closes then, since leaving does not wait for a rebalance.
    ///
    /// Gives what the group has taken: all, but of partitions that were lost meanwhile.
    ///
    /// # Errors
    /// The group's refusal, or no answer within the time.
    pub fn commit_sync(&self, offsets: &[Offset], within: Duration) -> Result<Vec<Offset>, Fault> {
        let end = Instant::now() + within;
        let places = &self.inner.places;
        let mut open: Vec<(Offset, u64)> =
            offsets.iter().filter_map(|offset| Some((offset.clone(), places.assignment(&offset.at)?))).collect();
        while !open.is_empty() {
            let left = end.saturating_duration_since(Instant::now());
            let now: Vec<Offset> = open.iter().map(|(offset, _)| offset.clone()).collect();
            match self.try_commit(&now, left) {
                Ok(()) => return Ok(now),
                Err((_, why)) if will_pass(why.code) && !left.is_zero() && !self.is_polling_thread() => {
                    thread::sleep(Duration::from_millis(50));
                }
                Err((about, why)) => return Err(self.inner.fault(&about, &why)),
            }
            open.retain(|(offset, assignment)| places.assignment(&offset.at) == Some(*assignment));
        }
        Ok(Vec::new())
    }

    fn try_commit(&self, offsets: &[Offset], within: Duration) -> Result<(), (String, Failure)> {
        let failed = |why: Failure| ("committing".to_string(), why);
        let answers = self.inner.client.new_queue();
        self.inner.client.commit(&list(offsets), &answers).map_err(failed)?;
        let answer = answers.poll(within).ok_or_else(|| failed(Code::TIMED_OUT.into()))?;
        refusal(&answer).map_or(Ok(()), Err)
    }
}

/// Whether a group that refuses an offset for this reason is likely to take it soon, and nobody needs to be told yet.
pub(super) fn will_pass(code: Code) -> bool {
    is_rebalance(code) || is_passing(code)
}

/// Why a group has not taken all that was to be committed, and what that concerns.
pub(super) fn refusal(answer: &Event) -> Option<(String, Failure)> {
    let refused = answer.partitions().into_iter().find(|entry| entry.code != Code::NONE);
    match refused {
        Some(entry) => {
            let about = format!("committing topic `{}`, partition {}", entry.topic, entry.partition);
            Some((about, entry.code.into()))
        }
        None => answer.code().check().err().map(|why| ("committing".to_string(), why)),
    }
}

fn list(offsets: &[Offset]) -> Partitions {
    Partitions::new(offsets.iter().map(|offset| (&*offset.at.topic, offset.at.partition, offset.next)))
}
