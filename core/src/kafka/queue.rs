//! The queue of one partition, read by its lane without a thread between. A queue that nobody reads fills to its bound
//! and stops its fetcher: that is all of back-pressure at a source.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::consumer::TopicPartition;
use super::faults::{fault, is_passing};
use super::ffi::{Client, Code, Failure, Message, Messages, Queue};
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
    topic: Arc<str>,
    partition: i32,
    place: Arc<Place>,
    assignment: u64,
    /// the offset that comes next, where it is known
    next: Option<i64>,
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
    /// The topic that is read.
    pub fn topic(&self) -> &Arc<str> {
        &self.topic
    }

    /// The partition of it.
    pub fn partition(&self) -> i32 {
        self.partition
    }

    /// Offset behind the partition's newest record, as the client last heard.
    pub fn high(&self) -> Option<i64> {
        self.client.known_watermarks(&self.topic, self.partition).map(|(_, high)| high).filter(|&high| high >= 0)
    }

    /// Takes up to `max` records that are there; never waits.
    pub fn take(&mut self, max: usize) -> Taken {
        let taken = {
            // Held over the call, so that a queue that was given to a newer assignment is not read by an older one.
            let mut state = self.place.lock();
            if state.assignment != self.assignment {
                return Taken::default();
            }
            if let Some(next) = state.moved_to.take() {
                self.next = next;
            }
            self.place.queue.take(max, &mut self.messages)
        };
        let mut result = Taken { may_have_more: taken == max && max > 0, ..Taken::default() };
        self.sort(&mut result);
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

    /// Records into a batch, everything else to its place in the result.
    fn sort(&mut self, result: &mut Taken) {
        let (mut count, mut bytes) = (0, 0);
        for message in self.messages.iter().filter(|message| message.code() == Code::NONE) {
            count += 1;
            bytes += Records::bytes_of(message);
        }
        let mut records = Records::with_capacity(count, bytes);
        let mut next = self.next;
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
                code if is_passing(code) => tracing::debug!(topic = &*self.topic, self.partition, "{}", code.text()),
                _ => result.fault = Some(self.fault(message)),
            }
        }
        self.next = next;
        if records.len() > 0 {
            match records.finish(&self.topic, self.partition, self.slot) {
                Ok(batch) => result.batch = Some(batch),
                Err(why) => result.fault = Some(Fault::ours(format!("records do not make a batch: {why}"))),
            }
        }
    }

    /// Whether the step from `wanted` to `found` passes offsets that the broker has deleted (and not only such as
    /// compaction or transactions leave out), or goes back.
    fn gap(&self, wanted: Option<i64>, found: i64) -> Option<Gap> {
        let wanted = wanted.filter(|&wanted| wanted != found)?;
        if found < wanted {
            return Some(Gap { wanted, resumed: found });
        }
        let (low, _) = self.client.known_watermarks(&self.topic, self.partition)?;
        (low > wanted).then(|| Gap { wanted, resumed: low.min(found) })
    }

    fn fault(&self, message: Message<'_>) -> Fault {
        let failure = Failure { code: message.code(), text: message.error_text() };
        let fault = fault(&self.settings, &format!("topic `{}`", self.topic), &failure);
        let record = RecordPlace {
            topic: self.topic.to_string(),
            partition: self.partition,
            offset: self.next.unwrap_or_else(|| message.offset()),
        };
        fault.at_record(record)
    }
}

/// One partition's queue through all its assignments.
struct Place {
    queue: Queue,
    wake: Arc<Mutex<Option<Wake>>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// raised at every assignment and revocation
    assignment: u64,
    /// reading has been sent elsewhere: the offset that comes next, where it is known
    moved_to: Option<Option<i64>>,
}

impl Place {
    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// All partitions that a consumer has ever had.
pub(super) struct Places {
    client: Arc<Client>,
    settings: Arc<ClientSettings>,
    all: Mutex<HashMap<TopicPartition, Arc<Place>>>,
}

impl Places {
    pub(super) fn new(client: Arc<Client>, settings: Arc<ClientSettings>) -> Places {
        Places { client, settings, all: Mutex::default() }
    }

    /// A new assignment's queue, which must be asked for before the partition is assigned: else its first records go to
    /// the consumer's common queue. Older ones of the same partition fall silent.
    pub(super) fn open(&self, topic: &Arc<str>, partition: i32) -> Result<PartitionQueue, Fault> {
        let mut all = lock(&self.all);
        let key = TopicPartition::new(topic.clone(), partition);
        let place = match all.get(&key) {
            Some(place) => place.clone(),
            None => {
                let place = self.create(topic, partition)?;
                all.insert(key, place.clone());
                place
            }
        };
        let assignment = place.renew();
        Ok(PartitionQueue {
            slot: 0,
            topic: topic.clone(),
            partition,
            place,
            assignment,
            next: None,
            messages: Messages::default(),
            settings: self.settings.clone(),
            client: self.client.clone(),
        })
    }

    fn create(&self, topic: &str, partition: i32) -> Result<Arc<Place>, Fault> {
        let queue = self
            .client
            .partition_queue(topic, partition)
            .ok_or_else(|| Fault::ours(format!("no queue for topic `{topic}`, partition {partition}")))?;
        queue.detach();
        let wake: Arc<Mutex<Option<Wake>>> = Arc::default();
        let woken = wake.clone();
        queue.on_filled(move || {
            let wake = lock(&woken).clone();
            if let Some(wake) = wake {
                wake();
            }
        });
        Ok(Arc::new(Place { queue, wake, state: Mutex::default() }))
    }

    /// Ends an assignment: its queue gives nothing any more.
    pub(super) fn end(&self, topic: &Arc<str>, partition: i32) {
        if let Some(place) = self.find(topic, partition) {
            place.renew();
        }
    }

    /// Sends reading elsewhere by `send`, while nobody takes; `to` is the offset that comes next, where it is known.
    pub(super) fn move_to(
        &self,
        topic: &Arc<str>,
        partition: i32,
        to: Option<i64>,
        send: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let place = self.find(topic, partition).ok_or(Code::UNKNOWN_PARTITION)?;
        let mut state = place.lock();
        send()?;
        state.moved_to = Some(to);
        Ok(())
    }

    fn find(&self, topic: &Arc<str>, partition: i32) -> Option<Arc<Place>> {
        lock(&self.all).get(&TopicPartition::new(topic.clone(), partition)).cloned()
    }
}

impl Place {
    /// A new assignment, whose number this gives.
    fn renew(&self) -> u64 {
        let mut state = self.lock();
        state.assignment += 1;
        state.moved_to = None;
        *lock(&self.wake) = None;
        state.assignment
    }
}

/// A lock whose holder panicked is taken over: what it guards here is whole after every statement.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
