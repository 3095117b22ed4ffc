//! The queue of one partition, read by its lane without a thread between. A queue that nobody reads fills to its bound
//! and stops its fetcher: that is all of back-pressure at a source.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::faults::{fault, is_passing};
use super::ffi::{Client, Code, Failure, Message, Messages};
use super::places::Place;
use super::records::Records;
use super::settings::ClientSettings;
use crate::batch::Batch;
use crate::problem::{Fault, RecordPlace};

/// Called when there may be something to do: briefly, from any thread, possibly for nothing.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// The records of one partition, for as long as it is assigned. Afterwards it gives nothing any more.
pub struct PartitionQueue {
    /// number of the reading, as it is to stand in [`crate::batch::Position`]
    pub slot: u32,
    place: Arc<Place>,
    assignment: u64,
    messages: Messages,
    settings: Arc<ClientSettings>,
    client: Arc<Client>,
}

/// What [`PartitionQueue::take`] found. All parts may be there at once; the batch comes first.
#[derive(Debug, Default)]
pub struct Taken {
    /// records in the order of their offsets, without columns; at most `max`
    pub batch: Option<Batch>,
    /// the reading stands at the partition's end, behind the batch: nothing lies before this offset that was not given
    pub end: Option<i64>,
    /// offsets that were asked for and are not there any more, before the batch
    pub gap: Option<Gap>,
    /// something wrong with the partition; reading goes on by itself where the fault may be retried
    pub fault: Option<Fault>,
    /// as much was taken as allowed, so that there may be more at once; no wake comes for that
    pub may_have_more: bool,
}

/// Offsets that were to be read and are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// the offset that was to come next
    pub wanted: i64,
    /// the offset at which reading goes on; before `wanted` where the topic is not the one it was
    pub resumed: i64,
}

impl Gap {
    /// How many offsets retention took away unread.
    pub fn lost(&self) -> u64 {
        u64::try_from(self.resumed - self.wanted).unwrap_or(0)
    }
}

impl PartitionQueue {
    pub(super) fn new(
        place: Arc<Place>,
        assignment: u64,
        settings: Arc<ClientSettings>,
        client: Arc<Client>,
    ) -> PartitionQueue {
        PartitionQueue { slot: 0, place, assignment, messages: Messages::default(), settings, client }
    }

    /// The topic that is read.
    pub fn topic(&self) -> &Arc<str> {
        &self.place.at.topic
    }

    /// The partition of it.
    pub fn partition(&self) -> i32 {
        self.place.at.partition
    }

    /// Offset of the partition's oldest record, as the client last heard.
    pub fn low(&self) -> Option<i64> {
        self.client.known_watermarks(self.topic(), self.partition()).map(|(low, _)| low).filter(|&low| low >= 0)
    }

    /// Offset behind the partition's newest record, as the client last heard.
    pub fn high(&self) -> Option<i64> {
        self.client.known_watermarks(self.topic(), self.partition()).map(|(_, high)| high).filter(|&high| high >= 0)
    }

    /// Takes up to `max` records that are there; never waits.
    pub fn take(&mut self, max: usize) -> Taken {
        let place = self.place.clone();
        // Held throughout, so that a queue that was given to a newer assignment is not read by an older one.
        let mut state = place.lock();
        if state.assignment != self.assignment {
            return Taken::default();
        }
        let taken = place.queue.take(max, &mut self.messages);
        let mut result = Taken { may_have_more: taken == max && max > 0, ..Taken::default() };
        state.next = self.sort(state.next, &mut result);
        self.messages.clear();
        result
    }

    /// Calls `wake` when records arrive in the empty queue, and once now.
    pub fn on_ready(&mut self, wake: Wake) {
        {
            let state = self.place.lock();
            if state.assignment == self.assignment {
                *lock(&self.place.wake) = Some(wake.clone());
            }
        }
        wake();
    }

    /// Records into a batch, everything else to its place in the result; gives the offset that comes next.
    fn sort(&self, mut next: Option<i64>, result: &mut Taken) -> Option<i64> {
        let (mut count, mut bytes) = (0, 0);
        for message in self.messages.iter().filter(|message| message.code() == Code::NONE) {
            count += 1;
            bytes += Records::bytes_of(message);
        }
        let mut records = Records::with_capacity(count, bytes);
        for message in self.messages.iter() {
            match message.code() {
                Code::NONE => {
                    result.gap = result.gap.or_else(|| self.gap(next, message.offset()));
                    if !records.push(message) {
                        result.fault = Some(Fault::ours("records of more than 4 GiB were taken at once"));
                        break;
                    }
                    next = Some(message.offset() + 1);
                    result.end = None;
                }
                Code::END_OF_PARTITION => {
                    result.gap = result.gap.or_else(|| self.gap(next, message.offset()));
                    next = Some(message.offset());
                    result.end = next;
                }
                code if is_passing(code) => tracing::debug!(at = ?self.place.at, "{}", code.text()),
                _ => result.fault = Some(self.fault(next, message)),
            }
        }
        if records.len() > 0 {
            match records.finish(self.topic(), self.partition(), self.slot) {
                Ok(batch) => result.batch = Some(batch),
                Err(why) => result.fault = Some(Fault::ours(format!("records do not make a batch: {why}"))),
            }
        }
        next
    }

    /// Whether the step from `wanted` to `found` passes offsets that the broker has deleted (and not only such as
    /// compaction or transactions leave out), or goes back.
    fn gap(&self, wanted: Option<i64>, found: i64) -> Option<Gap> {
        let wanted = wanted.filter(|&wanted| wanted != found)?;
        if found < wanted {
            return Some(Gap { wanted, resumed: found });
        }
        let (low, _) = self.client.known_watermarks(self.topic(), self.partition())?;
        (low > wanted).then(|| Gap { wanted, resumed: low.min(found) })
    }

    fn fault(&self, next: Option<i64>, message: Message<'_>) -> Fault {
        let failure = Failure { code: message.code(), text: message.error_text() };
        let fault = fault(&self.settings, &format!("topic `{}`", self.topic()), &failure);
        fault.at_record(RecordPlace {
            topic: self.topic().to_string(),
            partition: self.partition(),
            offset: next.unwrap_or_else(|| message.offset()),
        })
    }
}

/// A lock whose holder panicked is taken over: what it guards here is whole after every statement.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
