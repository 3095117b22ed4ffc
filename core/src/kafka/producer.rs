//! The producer of a cluster: one client queue, bounded in records and bytes, and the reports of what became of them.
//! Lanes take the reports while they send; a thread of its own does it when they do not, so that none waits.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::delivery::{Freed, Reports};
use super::faults::fault;
use super::ffi::{Client, Code, Delivery, Event, EventKind, Failure, Queue, Role};
use super::outage::Outage;
use super::queue::lock;
use super::room::Room;
use super::settings::ClientSettings;
use super::topics::{Topic, TopicOptions, Topics};
use super::writer::TopicWriter;
use crate::problem::Fault;

/// How a producer is opened.
#[derive(Debug, Clone)]
pub struct ProducerOptions {
    /// no duplicates and no reordering by retries (needs `acks=all`)
    pub idempotence: bool,
    /// how long a record waits for company; all of the latency at low rates
    pub linger: Duration,
    /// records that may be in flight, all sinks together
    pub queue_records: usize,
    /// bytes of keys, values and headers that may be in flight; a single larger record passes alone
    pub queue_bytes: usize,
    /// how many sinks share these bounds: each has its part, so that one whose topic is slow does not hold up others
    pub sinks: usize,
    /// how the client names itself
    pub client_id: String,
}

impl Default for ProducerOptions {
    /// Idempotent, 5 ms, 32,000 records, 32 MiB, for one sink.
    fn default() -> ProducerOptions {
        ProducerOptions {
            idempotence: true,
            linger: Duration::from_millis(5),
            queue_records: 32_000,
            queue_bytes: 32 << 20,
            sinks: 1,
            client_id: "tidegate".into(),
        }
    }
}

/// The least that a sink may have in flight, however many there are.
const LEAST: Freed = Freed { records: 1000, bytes: 1 << 20 };

impl ProducerOptions {
    /// What one sink may have in flight.
    fn share(&self) -> Freed {
        let sinks = self.sinks.max(1);
        let share = |all: usize, least: usize| (all / sinks).max(least.min(all));
        Freed { records: share(self.queue_records, LEAST.records), bytes: share(self.queue_bytes, LEAST.bytes) }
    }

    fn defaults(&self) -> Vec<(&'static str, String)> {
        vec![("client.id", self.client_id.clone()), ("linger.ms", self.linger.as_millis().to_string())]
    }

    pub(super) fn fixed(&self) -> Vec<(&'static str, String)> {
        // The bounds that count are ours ([`Room`]); librdkafka's lie behind them, so that a send never ends half-way.
        let Freed { records, bytes } = self.share();
        let (records, bytes) = (records * self.sinks.max(1), bytes * self.sinks.max(1));
        vec![
            ("enable.idempotence", self.idempotence.to_string()),
            ("queue.buffering.max.messages", (records * 2).clamp(1, 10_000_000).to_string()),
            ("queue.buffering.max.kbytes", (bytes / 256).clamp(65_536, 2_147_483_647).to_string()),
        ]
    }
}

/// Told of what is wrong outside of a single writer. Where it may be retried, the client does so by itself.
pub type FaultSink = Arc<dyn Fn(Fault) + Send + Sync>;

/// A producer. Its writers are good for as long as it lives; what is in flight when it is dropped may be lost
/// ([`Producer::flush`] first).
pub struct Producer {
    inner: Arc<Inner>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

pub(super) struct Inner {
    pub(super) client: Arc<Client>,
    pub(super) settings: ClientSettings,
    pub(super) topics: Topics,
    rooms: Mutex<BTreeMap<String, Arc<Room>>>,
    share: Freed,
    queue: Queue,
    is_ordered: bool,
    /// held while reports are taken, since their order tells which records they are of
    serving: Mutex<Outage>,
    faults: FaultSink,
    alarm: Arc<Alarm>,
}

/// Wakes the producer's thread.
#[derive(Default)]
struct Alarm {
    state: Mutex<Ring>,
    rung: Condvar,
    is_closing: AtomicBool,
}

#[derive(Default, PartialEq, Eq, Clone, Copy)]
enum Ring {
    #[default]
    Silent,
    /// reports have come; a lane will likely take them
    Soon,
    /// a lane waits for them
    Now,
}

/// How long reports wait for a busy lane to take them, before the thread does.
const PATIENCE: Duration = Duration::from_millis(5);
/// How often the partitions of topics are counted again.
const RECOUNT: Duration = Duration::from_secs(60);

impl Producer {
    /// Connects in the background: that no broker answers goes to `faults`.
    ///
    /// # Errors
    /// A property that the client refuses.
    pub fn open(
        settings: &ClientSettings,
        options: &ProducerOptions,
        faults: FaultSink,
    ) -> Result<Arc<Producer>, Fault> {
        let conf = settings.conf(&options.defaults(), &options.fixed())?;
        let client = conf.build(Role::Producer).map_err(|why| settings.refused(&why))?;
        let queue = client.main_queue();
        let alarm = Arc::new(Alarm::default());
        let rung = alarm.clone();
        queue.on_filled(move || rung.ring(Ring::Soon));
        // What has come before is told of by no call.
        alarm.ring(Ring::Soon);
        let inner = Arc::new(Inner {
            queue,
            client,
            settings: settings.clone(),
            topics: Topics::default(),
            rooms: Mutex::default(),
            share: options.share(),
            is_ordered: options.idempotence,
            serving: Mutex::default(),
            faults,
            alarm: alarm.clone(),
        });
        let weak = Arc::downgrade(&inner);
        let thread = thread::Builder::new()
            .name("kafka-reports".into())
            .spawn(move || alarm.keep(&weak))
            .map_err(|why| Fault::outside(format!("no thread for the Kafka producer: {why}")))?;
        Ok(Arc::new(Producer { inner, thread: Mutex::new(Some(thread)) }))
    }

    /// A writer to a topic that exists. Several writers may write to one topic, with the same settings of it; those of one
    /// sink share what it may have in flight.
    ///
    /// # Errors
    /// There is no such topic, no broker answers in time ([`ClientSettings::patience`]), or the topic is open with other settings.
    pub fn topic(&self, options: &TopicOptions) -> Result<TopicWriter, Fault> {
        let topic = self.inner.topics.open(&self.inner, options)?;
        let Freed { records, bytes } = self.inner.share;
        let mut rooms = lock(&self.inner.rooms);
        let room = rooms.entry(options.sink.clone()).or_insert_with(|| Arc::new(Room::new(records, bytes)));
        Ok(TopicWriter::new(self.inner.clone(), topic, options.partitioner, room.clone()))
    }

    /// Takes the reports that are there, if nobody else does at this moment. Writers do it by themselves.
    pub fn serve(&self) {
        self.inner.serve();
    }

    /// Waits until nothing is in flight; gives whether that was reached in time.
    pub fn flush(&self, within: Duration) -> bool {
        self.inner.alarm.ring(Ring::Now);
        let end = Instant::now() + within;
        let rooms: Vec<Arc<Room>> = lock(&self.inner.rooms).values().cloned().collect();
        rooms.iter().all(|room| room.wait_until_empty(end.saturating_duration_since(Instant::now())))
    }

    /// Records that are in flight.
    pub fn in_flight(&self) -> usize {
        lock(&self.inner.rooms).values().map(|room| room.taken().records).sum()
    }

    /// The error that has ended this producer's life, if one has: it must be opened anew.
    pub fn fatal(&self) -> Option<Fault> {
        self.inner.client.fatal().map(|why| self.inner.fault("producing", &why))
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.inner.alarm.is_closing.store(true, Ordering::Release);
        self.inner.alarm.ring(Ring::Now);
        if let Some(thread) = lock(&self.thread).take()
            && thread.thread().id() != thread::current().id()
            && thread.join().is_err()
        {
            tracing::error!("the thread of a Kafka producer has panicked");
        }
    }
}

impl Inner {
    pub(super) fn fault(&self, about: &str, failure: &Failure) -> Fault {
        fault(&self.settings, about, failure)
    }

    /// Takes the reports that are there, unless somebody is at it.
    pub(super) fn serve(&self) {
        if let Ok(outage) = self.serving.try_lock() {
            self.take_reports(outage);
        }
    }

    fn take_reports(&self, mut outage: std::sync::MutexGuard<'_, Outage>) {
        let (mut reports, mut faults) = (Reports::default(), Vec::new());
        while let Some(event) = self.queue.poll(Duration::ZERO) {
            match event.kind() {
                EventKind::Delivery => self.deliver(event, &mut reports),
                EventKind::Error => {
                    let told = outage.hear(&event.failure(), self.client.hung_up());
                    faults.extend(told.map(|failure| self.fault("producing", &failure)));
                }
                EventKind::Rebalance | EventKind::Commit | EventKind::Answer => {}
            }
        }
        drop(outage);
        reports.pass_on();
        for fault in faults {
            (self.faults)(fault);
        }
    }

    /// The records of one event are of one topic; where none has failed, also of one partition and in the order in which
    /// they were sent, if retries cannot change that.
    fn deliver(&self, mut event: Event, reports: &mut Reports) {
        let count = event.deliveries();
        let is_clean = event.code() == Code::NONE;
        let Some((address, first)) = event.next_delivery() else { return };
        let Some(topic) = self.topics.at(address) else { return };
        if is_clean && self.is_ordered && first.code == Code::NONE {
            let ledger = topic.ledger(first.partition);
            if ledger.is_some_and(|ledger| lock(&ledger).acknowledge(first.tag, count, reports)) {
                return;
            }
        }
        self.report(&topic, first, reports);
        while let Some((_, delivery)) = event.next_delivery() {
            self.report(&topic, delivery, reports);
        }
    }

    fn report(&self, topic: &Topic, delivery: Delivery, reports: &mut Reports) {
        let Some(ledger) = topic.ledger(delivery.partition) else { return };
        let fault = (delivery.code != Code::NONE).then(|| self.undelivered(topic, &delivery));
        lock(&ledger).report(delivery.tag, fault, reports);
    }

    fn undelivered(&self, topic: &Topic, delivery: &Delivery) -> Fault {
        let key = match &delivery.key {
            Some(key) => format!("key `{}`", String::from_utf8_lossy(&key[..key.len().min(64)])),
            None => "no key".to_string(),
        };
        let about = format!(
            "topic `{}`, partition {}: a record of {} bytes with {key} was not delivered",
            topic.name, delivery.partition, delivery.bytes
        );
        // A fatal error stands behind failures that only say so.
        let failure = self.client.fatal().unwrap_or_else(|| delivery.code.into());
        self.fault(&about, &failure)
    }

    /// A lane has found the queue full.
    pub(super) fn hurry(&self) {
        self.alarm.ring(Ring::Now);
    }
}

impl Alarm {
    fn ring(&self, ring: Ring) {
        let mut state = lock(&self.state);
        if *state == Ring::Silent || ring == Ring::Now {
            *state = ring;
            self.rung.notify_one();
        }
    }

    /// The producer's thread.
    fn keep(&self, producer: &Weak<Inner>) {
        let mut recount = Instant::now() + RECOUNT;
        while !self.is_closing.load(Ordering::Acquire) {
            if self.wait(recount.saturating_duration_since(Instant::now())) == Ring::Soon {
                // A busy lane takes them meanwhile; if one is in need it rings again.
                self.wait(PATIENCE);
            }
            let Some(inner) = producer.upgrade() else { return };
            inner.take_reports(lock(&inner.serving));
            if Instant::now() >= recount {
                inner.topics.recount(&inner.client);
                recount = Instant::now() + RECOUNT;
            }
        }
    }

    fn wait(&self, within: Duration) -> Ring {
        let state = lock(&self.state);
        match self.rung.wait_timeout_while(state, within, |ring| *ring == Ring::Silent) {
            Ok((mut state, _)) => std::mem::take(&mut *state),
            Err(_) => Ring::Now,
        }
    }
}

impl fmt::Debug for Producer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer").field("settings", &self.inner.settings).finish_non_exhaustive()
    }
}
