//! A member of a consumer group, or a reader outside of any. One thread polls it for ever, so that membership is kept
//! however long its partitions are left unread; it does nothing else but pass on what happens to the group.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::Duration;

use super::commits::Committed;
use super::faults::fault;
use super::ffi::{Client, Code, Failure, Partitions, Queue, Role};
use super::places::Places;
use super::polling::Polling;
use super::queue::{PartitionQueue, lock};
use super::settings::ClientSettings;
use crate::problem::Fault;

/// Who in the group gets which partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Assignor {
    /// equal partitions of several topics to one member; a rebalance stops all for a moment
    Range,
    /// few partitions move, and the others are read on meanwhile
    #[default]
    CooperativeSticky,
}

/// How a consumer is opened.
#[derive(Debug, Clone)]
pub struct ConsumerOptions {
    /// the consumer group
    pub group: String,
    /// who gets what
    pub assignor: Assignor,
    /// a member that is silent for so long is taken for dead
    pub session_timeout: Duration,
    /// bytes that wait unread, in all partitions together; at least 64 KiB for each. Only a record that is larger than a
    /// partition's share exceeds it, alone
    pub queue_bytes: usize,
    /// how many partitions are expected to share `queue_bytes`: those of all topics that will be read
    pub partitions: usize,
    /// how the client names itself
    pub client_id: String,
}

/// After how long without a word a member is taken for dead, where nobody says otherwise.
pub const SESSION: Duration = Duration::from_secs(10);

/// After how long without a word a member is taken for dead.
pub fn session_timeout(settings: &ClientSettings) -> Duration {
    settings.millis("session.timeout.ms").unwrap_or(SESSION)
}

impl ConsumerOptions {
    /// The defaults: cooperative-sticky, 10 s, 32 MiB shared by 4 partitions.
    pub fn new(group: impl Into<String>) -> ConsumerOptions {
        ConsumerOptions {
            group: group.into(),
            assignor: Assignor::default(),
            session_timeout: SESSION,
            queue_bytes: 32 << 20,
            partitions: 4,
            client_id: "tidegate".into(),
        }
    }

    fn defaults(&self) -> Vec<(&'static str, String)> {
        // Since each partition has a queue of its own, librdkafka's bounds hold for each of them.
        let share = (self.queue_bytes / self.partitions.max(1)).clamp(64 << 10, 1 << 30);
        // A queue just below its bound asks for one answer more.
        let fetch = (share / 2).min(512 << 10);
        let messages = (QUEUED_MESSAGES / self.partitions.max(1)).clamp(1000, QUEUED_PER_PARTITION);
        vec![
            ("client.id", self.client_id.clone()),
            // One full queue is looked at again after 1 ms: with the default (1 s) a small one starves its reader.
            ("fetch.queue.backoff.ms", "1".into()),
            ("queued.min.messages", messages.to_string()),
            ("queued.max.messages.kbytes", ((share - fetch) / 1000).to_string()),
            ("fetch.message.max.bytes", fetch.to_string()),
            ("session.timeout.ms", self.session_timeout.as_millis().to_string()),
            ("heartbeat.interval.ms", (self.session_timeout.as_millis() / 4).clamp(100, 3000).to_string()),
            ("topic.metadata.refresh.interval.ms", "60000".into()),
        ]
    }

    pub(super) fn fixed(&self) -> Vec<(&'static str, String)> {
        let assignor = match self.assignor {
            Assignor::Range => "range",
            Assignor::CooperativeSticky => "cooperative-sticky",
        };
        vec![
            ("group.id", self.group.clone()),
            ("partition.assignment.strategy", assignor.into()),
            ("enable.auto.commit", "false".into()),
            ("enable.auto.offset.store", "false".into()),
            ("enable.partition.eof", "true".into()),
            ("isolation.level", "read_committed".into()),
            // Offsets that are gone: on from the oldest; the queue reports the gap.
            ("auto.offset.reset", "earliest".into()),
        ]
    }
}

/// Records that wait unread, in all partitions together, where there are several: more take memory, as librdkafka's own of
/// each is half a kilobyte, which its bound in bytes does not count.
const QUEUED_MESSAGES: usize = 40_000;
/// The same for one partition. With 2,500 a lane reads faster than its broker answers: P1 ran at a third of its rate.
const QUEUED_PER_PARTITION: usize = 10_000;

/// A topic and one of its partitions.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicPartition {
    /// the topic's name
    pub topic: Arc<str>,
    /// counted from 0
    pub partition: i32,
}

impl TopicPartition {
    /// This partition of this topic.
    pub fn new(topic: impl Into<Arc<str>>, partition: i32) -> TopicPartition {
        TopicPartition { topic: topic.into(), partition }
    }
}

/// A partition that the group has given to this member.
pub struct Assigned {
    /// where its records will arrive, once the engine has said where to start
    pub queue: PartitionQueue,
    /// the offset that the group has committed, if it has
    pub committed: Option<i64>,
}

/// Where reading of a partition starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// at this offset
    Offset(i64),
    /// at the oldest record
    Beginning,
    /// behind the newest record
    End,
    /// at the first record whose timestamp (ms) is this or later, else at the end
    Timestamp(i64),
}

/// What happens to a consumer, told on its polling thread. While a call lasts, the group waits: seconds are fine,
/// minutes cost the membership.
pub trait ConsumerEvents: Send + Sync {
    /// Partitions have come. The answer has a start for each, in the same order; nothing is fetched before it.
    fn assigned(&self, partitions: Vec<Assigned>) -> Vec<Start>;
    /// Partitions are about to go. Offsets committed (synchronously) before this returns are still accepted; afterwards
    /// the queues of these partitions give nothing any more.
    fn revoked(&self, partitions: &[TopicPartition]);
    /// Partitions are gone, and others may read them already: nothing must be committed for them.
    fn lost(&self, partitions: &[TopicPartition]);
    /// The group has answered to a [`Consumer::commit`]. An offset that it has not taken is to be committed once more by
    /// whoever has the partition then: most refusals pass, as a rebalance does.
    fn committed(&self, answers: &[Committed]);
    /// Something is wrong outside of a single partition. Where it may be retried, the client does so by itself.
    fn fault(&self, fault: Fault);
}

/// A consumer; closed when it is dropped.
pub struct Consumer {
    pub(super) inner: Arc<Inner>,
    thread: Mutex<Option<JoinHandle<()>>>,
    thread_id: ThreadId,
}

/// What the polling thread shares with its owner.
pub(super) struct Inner {
    pub(super) client: Arc<Client>,
    pub(super) queue: Queue,
    pub(super) settings: Arc<ClientSettings>,
    pub(super) places: Places,
    pub(super) is_closing: AtomicBool,
    pub(super) topics: Mutex<Vec<Arc<str>>>,
}

impl Consumer {
    /// A member of a group, which joins when it subscribes. Connects in the background: that no broker answers is a
    /// fault event.
    ///
    /// # Errors
    /// A property that the client refuses.
    pub fn open(
        settings: &ClientSettings,
        options: &ConsumerOptions,
        events: Arc<dyn ConsumerEvents>,
    ) -> Result<Arc<Consumer>, Fault> {
        let conf = settings.conf(&options.defaults(), &options.fixed())?;
        let client = conf.build(Role::Consumer).map_err(|why| settings.refused(&why))?;
        let settings = Arc::new(settings.clone());
        let inner = Arc::new(Inner {
            queue: client.consumer_queue(),
            places: Places::new(client.clone(), settings.clone()),
            client,
            settings,
            is_closing: AtomicBool::new(false),
            topics: Mutex::default(),
        });
        let polling = Polling::new(inner.clone(), events);
        let thread = thread::Builder::new()
            .name("kafka-poll".into())
            .spawn(move || polling.run())
            .map_err(|why| Fault::outside(format!("no thread for the Kafka consumer: {why}")))?;
        let thread_id = thread.thread().id();
        Ok(Arc::new(Consumer { inner, thread: Mutex::new(Some(thread)), thread_id }))
    }

    /// A reader of exactly these partitions, in no group: for broadcast ports and for looking. Queues come in the order
    /// of the starts. A timestamp is looked up before this returns.
    ///
    /// # Errors
    /// A property that the client refuses; a timestamp that no broker answers for within 10 s.
    pub fn open_assigned(
        settings: &ClientSettings,
        options: &ConsumerOptions,
        starts: &[(TopicPartition, Start)],
        events: Arc<dyn ConsumerEvents>,
    ) -> Result<(Arc<Consumer>, Vec<PartitionQueue>), Fault> {
        let consumer = Consumer::open(settings, options, events)?;
        let inner = &consumer.inner;
        let queues = starts.iter().map(|(at, _)| inner.places.open(at)).collect::<Result<Vec<_>, _>>()?;
        let list = inner.resolve(starts, Duration::from_secs(10)).map_err(|why| inner.fault("reading", &why))?;
        inner.announce(&list).and_then(|()| inner.client.assign(&list)).map_err(|why| inner.fault("reading", &why))?;
        Ok((consumer, queues))
    }

    /// Reads these topics, and no others, as far as the group gives their partitions to this member.
    ///
    /// # Errors
    /// A name that is no topic's.
    pub fn subscribe(&self, topics: &[&str]) -> Result<(), Fault> {
        *lock(&self.inner.topics) = topics.iter().map(|&topic| topic.into()).collect();
        let about = format!("subscribing to {}", topics.join(", "));
        self.inner.client.subscribe(topics).map_err(|why| self.inner.fault(&about, &why))
    }

    pub(super) fn is_polling_thread(&self) -> bool {
        thread::current().id() == self.thread_id
    }

    /// Goes on reading a partition from elsewhere; what its queue held before is never given.
    ///
    /// # Errors
    /// The partition is not assigned, or a timestamp cannot be looked up within 10 s.
    pub fn seek(&self, at: &TopicPartition, to: Start) -> Result<(), Fault> {
        let inner = &self.inner;
        let failed = |why: Failure| inner.fault(&format!("topic `{}`", at.topic), &why);
        let list = inner.resolve(&[(at.clone(), to)], Duration::from_secs(10)).map_err(failed)?;
        let next = list.entries().first().map(|entry| entry.offset).filter(|&offset| offset >= 0);
        inner.places.move_to(at, next, || inner.client.seek(&list, Duration::from_secs(5))).map_err(failed)
    }

    /// The name that the group knows this member by; empty before it has joined.
    pub fn member_id(&self) -> String {
        self.inner.client.member_id()
    }

    /// Leaves the group (which revokes all partitions first) and stops the polling thread, waiting for it unless this is
    /// it. Once is enough; more does no harm.
    pub fn close(&self) {
        self.inner.is_closing.store(true, Ordering::Release);
        self.inner.queue.interrupt();
        if self.is_polling_thread() {
            return;
        }
        if let Some(thread) = lock(&self.thread).take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of a Kafka consumer has panicked");
        }
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.close();
    }
}

impl Inner {
    pub(super) fn fault(&self, about: &str, failure: &Failure) -> Fault {
        fault(&self.settings, about, failure)
    }

    /// Starts as a list that librdkafka takes: timestamps are looked up.
    pub(super) fn resolve(&self, starts: &[(TopicPartition, Start)], within: Duration) -> Result<Partitions, Failure> {
        let timed: Vec<_> = starts
            .iter()
            .filter_map(|(at, start)| match start {
                Start::Timestamp(ms) => Some((&*at.topic, at.partition, *ms)),
                _ => None,
            })
            .collect();
        let mut found = match timed.is_empty() {
            true => Vec::new(),
            false => self.client.offsets_for_times(&Partitions::new(timed), within)?,
        }
        .into_iter();
        let mut entries = Vec::with_capacity(starts.len());
        for (at, start) in starts {
            let offset = match *start {
                Start::Offset(offset) => offset.max(0),
                Start::Beginning => Partitions::BEGINNING,
                Start::End => Partitions::END,
                Start::Timestamp(_) => {
                    let entry = found.next().ok_or(Code::UNKNOWN_PARTITION)?;
                    entry.code.check()?;
                    entry.offset
                }
            };
            entries.push((&*at.topic, at.partition, offset));
        }
        Ok(Partitions::new(entries))
    }

    /// Tells the queues of partitions that are about to be assigned which offset is to come first, so that a gap right
    /// there is seen.
    pub(super) fn announce(&self, starts: &Partitions) -> Result<(), Failure> {
        starts.entries().into_iter().try_for_each(|entry| {
            let first = (entry.offset >= 0).then_some(entry.offset);
            self.places.move_to(&TopicPartition::new(entry.topic, entry.partition), first, || Ok(()))
        })
    }
}

impl fmt::Debug for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer").field("settings", &self.inner.settings).finish_non_exhaustive()
    }
}

impl fmt::Debug for Assigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assigned")
            .field("topic", self.queue.topic())
            .field("partition", &self.queue.partition())
            .field("committed", &self.committed)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_unread_has_bounds_in_all() {
        for (partitions, most) in [(1, 32 << 20), (4, 32 << 20), (100, 32 << 20), (512, 32 << 20), (1000, 1000 << 16)] {
            let options = ConsumerOptions { partitions, ..ConsumerOptions::new("g") };
            let defaults: std::collections::HashMap<_, _> = options.defaults().into_iter().collect();
            let number = |name: &str| defaults[name].parse::<usize>().unwrap();
            let each = number("queued.max.messages.kbytes") * 1000 + number("fetch.message.max.bytes");
            assert!(each * partitions <= most, "{partitions} partitions: {} bytes", each * partitions);
            assert!(each * partitions > most * 9 / 10, "{partitions} partitions: {} bytes", each * partitions);
        }
    }
}
