//! What the tests share: a broker if there is one, topics of their own, and an engine of the simplest kind.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tidegate_broker::{Broker, BrokerOptions};
use tidegate_core::batch::{Batch, Headers, Origin, bytes_column};
use tidegate_core::kafka::*;
use tidegate_core::problem::Fault;

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The settings of a broker: of Kafka where one is given, or else of an embedded one, which all tests share.
pub(crate) fn broker() -> ClientSettings {
    static EMBEDDED: OnceLock<Broker> = OnceLock::new();
    ClientSettings::new(std::env::var("TIDEGATE_TEST_KAFKA").unwrap_or_else(|_| {
        let options = BrokerOptions { listen: ([127, 0, 0, 1], 0).into(), data: None };
        EMBEDDED.get_or_init(|| Broker::start(options).unwrap()).address().to_string()
    }))
}

/// A name that no other test has.
pub(crate) fn unique(what: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let nanos = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    format!("test-{what}-{nanos}-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn admin(settings: &ClientSettings) -> Admin {
    Admin::open(settings, PATIENCE).unwrap()
}

/// A topic of this test.
pub(crate) fn topic(settings: &ClientSettings, partitions: i32) -> String {
    let name = unique("topic");
    assert!(admin(settings).create_topic(&name, partitions, 1, &[]).unwrap());
    name
}

/// A record to write, or as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) timestamp: i64,
    pub(crate) headers: Headers,
}

pub(crate) fn row(key: Option<&str>, value: Option<&str>) -> Row {
    let bytes = |text: Option<&str>| text.map(|text| text.as_bytes().to_vec());
    Row { key: bytes(key), value: bytes(value), timestamp: 1_700_000_000_000, headers: Vec::new() }
}

pub(crate) fn header(name: &str, value: Option<&'static [u8]>) -> (String, Option<Bytes>) {
    (name.to_string(), value.map(Bytes::from_static))
}

pub(crate) fn batch(rows: &[Row]) -> Batch {
    let keys = bytes_column(rows.iter().map(|row| row.key.as_deref()));
    let timestamps = rows.iter().map(|row| row.timestamp).collect::<Vec<_>>().into();
    let mut batch = Batch::bare(keys, timestamps, Origin::made_here(0, rows.len()));
    batch.payload = Some(bytes_column(rows.iter().map(|row| row.value.as_deref())));
    if rows.iter().any(|row| !row.headers.is_empty()) {
        batch.headers = Some(rows.iter().map(|row| row.headers.clone()).collect());
    }
    batch
}

/// Rows of a batch that was read, with partition and offset.
pub(crate) fn rows(batch: &Batch) -> Vec<((i32, i64), Row)> {
    use arrow_array::Array;
    let payload = batch.payload.as_ref().unwrap();
    let value =
        |column: &arrow_array::BinaryViewArray, row: usize| column.is_valid(row).then(|| column.value(row).to_vec());
    (0..batch.rows)
        .map(|i| {
            assert_eq!(batch.is_tombstone(i), payload.is_null(i));
            let row = Row {
                key: value(&batch.keys, i),
                value: value(payload, i),
                timestamp: batch.timestamps[i],
                headers: batch.headers_of(i).to_vec(),
            };
            ((*batch.origin.partition.get(i), batch.origin.offset[i]), row)
        })
        .collect()
}

pub(crate) fn producer(settings: &ClientSettings) -> Arc<Producer> {
    let options = ProducerOptions { linger: Duration::from_millis(1), ..ProducerOptions::default() };
    Producer::open(settings, &options, Arc::new(|fault| eprintln!("producer: {fault}"))).unwrap()
}

/// Writes rows to partition `lane`, or by key, and waits until they are acknowledged.
pub(crate) fn write(settings: &ClientSettings, topic: &str, partitioner: Partitioner, rows: &[Row]) {
    write_with(settings, &TopicOptions { partitioner, ..TopicOptions::new(topic) }, rows);
}

/// The same, with these settings of the topic.
pub(crate) fn write_with(settings: &ClientSettings, options: &TopicOptions, rows: &[Row]) {
    let producer = producer(settings);
    let mut writer = producer.topic(options).unwrap();
    for rows in rows.chunks(500) {
        assert_eq!(writer.send(&batch(rows), 0).unwrap(), rows.len());
    }
    assert!(producer.flush(PATIENCE));
    assert_eq!(writer.acknowledged(), writer.sent());
}

/// Numbered rows, `k0` to `kN`.
pub(crate) fn numbered(count: usize) -> Vec<Row> {
    (0..count).map(|i| row(Some(&format!("k{i}")), Some(&format!("value {i}")))).collect()
}

/// Commits for a group without being in it.
pub(crate) fn commit_for(settings: &ClientSettings, group: &str, offsets: &[Offset]) {
    let starts: Vec<_> = offsets.iter().map(|offset| (offset.at.clone(), Start::End)).collect();
    let (consumer, _queues) =
        Consumer::open_assigned(settings, &ConsumerOptions::new(group), &starts, Engine::new(Start::End)).unwrap();
    assert_eq!(consumer.commit_sync(offsets, PATIENCE).unwrap(), offsets);
    consumer.close();
}

/// An engine that holds the queues it is given, reads when asked, and commits what it has read when they are taken away.
pub(crate) struct Engine {
    pub(crate) start: Start,
    pub(crate) state: Mutex<State>,
    changed: Condvar,
    consumer: Mutex<Option<Arc<Consumer>>>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) queues: Vec<PartitionQueue>,
    pub(crate) committed: Vec<Option<i64>>,
    pub(crate) next: BTreeMap<TopicPartition, i64>,
    pub(crate) done: BTreeMap<TopicPartition, i64>,
    pub(crate) revoked: usize,
    pub(crate) lost: usize,
    pub(crate) answers: Vec<Committed>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) ends: BTreeMap<i32, i64>,
}

impl Engine {
    pub(crate) fn new(start: Start) -> Arc<Engine> {
        Arc::new(Engine { start, state: Mutex::default(), changed: Condvar::new(), consumer: Mutex::default() })
    }

    pub(crate) fn join(settings: &ClientSettings, options: &ConsumerOptions, topic: &str, start: Start) -> Arc<Engine> {
        let engine = Engine::new(start);
        let consumer = Consumer::open(settings, options, engine.clone()).unwrap();
        *engine.consumer.lock().unwrap() = Some(consumer.clone());
        consumer.subscribe(&[topic]).unwrap();
        engine
    }

    pub(crate) fn consumer(&self) -> Arc<Consumer> {
        self.consumer.lock().unwrap().clone().unwrap()
    }

    /// Waits until the state is so.
    pub(crate) fn wait(&self, what: &str, is_so: impl Fn(&State) -> bool) {
        let (state, timeout) =
            self.changed.wait_timeout_while(self.state.lock().unwrap(), PATIENCE, |state| !is_so(state)).unwrap();
        assert!(!timeout.timed_out(), "never: {what}; faults: {:?}", state.faults);
    }

    /// Takes what is there.
    pub(crate) fn take(&self, max: usize) -> Vec<((i32, i64), Row)> {
        let mut state = self.state.lock().unwrap();
        let State { queues, next, faults, gaps, ends, .. } = &mut *state;
        let mut all = Vec::new();
        for queue in queues {
            let taken = queue.take(max);
            gaps.extend(taken.gap);
            faults.extend(taken.fault);
            if let Some(batch) = &taken.batch {
                let rows = rows(batch);
                let at = TopicPartition::new(queue.topic().clone(), queue.partition());
                next.insert(at, rows.last().unwrap().0.1 + 1);
                all.extend(rows);
            }
            ends.extend(taken.end.map(|end| (queue.partition(), end)));
        }
        all
    }

    /// Takes until there are so many records.
    pub(crate) fn read(&self, count: usize) -> Vec<((i32, i64), Row)> {
        let end = Instant::now() + PATIENCE;
        let mut all = Vec::new();
        while all.len() < count {
            all.extend(self.take(512));
            let faults = self.state.lock().unwrap().faults.clone();
            assert!(Instant::now() < end, "{} of {count} records; faults: {faults:?}", all.len());
            std::thread::sleep(Duration::from_millis(1));
        }
        all
    }

    fn offsets(state: &State, of: &[TopicPartition]) -> Vec<Offset> {
        of.iter().filter_map(|at| state.next.get(at).map(|&next| Offset { at: at.clone(), next })).collect()
    }

    /// Commits what is new.
    fn commit(&self, state: &mut State, offsets: &[Offset]) {
        let new = |offset: &&Offset| state.done.get(&offset.at) != Some(&offset.next);
        let new: Vec<Offset> = offsets.iter().filter(new).cloned().collect();
        self.consumer().commit_sync(&new, Duration::from_secs(5)).unwrap();
        state.done.extend(new.into_iter().map(|offset| (offset.at, offset.next)));
    }

    pub(crate) fn commit_all(&self) {
        let end = Instant::now() + PATIENCE;
        loop {
            let offsets = {
                let state = self.state.lock().unwrap();
                let held: Vec<_> = state
                    .queues
                    .iter()
                    .map(|queue| TopicPartition::new(queue.topic().clone(), queue.partition()))
                    .collect();
                Engine::offsets(&state, &held)
            };
            // Without the lock: a rebalance that is under way may need it to end.
            match self.consumer().commit_sync(&offsets, Duration::from_secs(5)) {
                Ok(_) => {
                    let mut state = self.state.lock().unwrap();
                    state.done.extend(offsets.into_iter().map(|offset| (offset.at, offset.next)));
                    return;
                }
                Err(fault) => assert!(Instant::now() < end, "{fault}"),
            }
        }
    }

    pub(crate) fn leave(&self) {
        self.commit_all();
        self.consumer().close();
    }
}

impl ConsumerEvents for Engine {
    fn assigned(&self, partitions: Vec<Assigned>) -> Vec<Start> {
        let mut state = self.state.lock().unwrap();
        let starts = partitions.iter().map(|assigned| assigned.committed.map_or(self.start, Start::Offset)).collect();
        for assigned in partitions {
            state.committed.push(assigned.committed);
            state.queues.push(assigned.queue);
        }
        self.changed.notify_all();
        starts
    }

    fn revoked(&self, partitions: &[TopicPartition]) {
        let mut state = self.state.lock().unwrap();
        let offsets = Engine::offsets(&state, partitions);
        self.commit(&mut state, &offsets);
        state.queues.retain(|queue| !partitions.iter().any(|at| at.partition == queue.partition()));
        state.revoked += partitions.len();
        self.changed.notify_all();
    }

    fn lost(&self, partitions: &[TopicPartition]) {
        let mut state = self.state.lock().unwrap();
        state.queues.retain(|queue| !partitions.iter().any(|at| at.partition == queue.partition()));
        state.lost += partitions.len();
        self.changed.notify_all();
    }

    fn committed(&self, answers: &[Committed]) {
        self.state.lock().unwrap().answers.extend_from_slice(answers);
        self.changed.notify_all();
    }

    fn fault(&self, fault: Fault) {
        self.state.lock().unwrap().faults.push(fault);
        self.changed.notify_all();
    }
}
