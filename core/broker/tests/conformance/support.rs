//! A broker to try, and clients that wait for what they expect.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::{DeliveryResult, OwnedMessage};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use rdkafka::{ClientConfig, ClientContext, Message, Offset, TopicPartitionList};
use tidegate_broker::{Broker, BrokerOptions};

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A broker and names that nobody else uses on it.
pub(crate) struct Bench {
    pub(crate) brokers: String,
    _broker: Option<Broker>,
    _folder: Option<tempfile::TempDir>,
}

impl Bench {
    pub(crate) fn memory() -> Bench {
        Bench::embedded(None)
    }

    pub(crate) fn disk() -> Bench {
        Bench::embedded(Some(tempfile::tempdir().unwrap()))
    }

    pub(crate) fn kafka() -> Bench {
        let brokers = std::env::var("TIDEGATE_TEST_KAFKA").expect("TIDEGATE_TEST_KAFKA is the address of a Kafka");
        Bench { brokers, _broker: None, _folder: None }
    }

    fn embedded(folder: Option<tempfile::TempDir>) -> Bench {
        let data = folder.as_ref().map(|folder| folder.path().join("broker"));
        let broker = Broker::start(BrokerOptions { listen: "127.0.0.1:0".parse().unwrap(), data }).unwrap();
        Bench { brokers: broker.address().to_string(), _broker: Some(broker), _folder: folder }
    }

    /// A name for a topic or a group.
    pub(crate) fn name(&self, stem: &str) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        format!("{stem}-{since:x}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn config(&self, settings: &[(&str, &str)]) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.brokers);
        settings.iter().for_each(|(name, value)| {
            config.set(*name, *value);
        });
        config
    }

    pub(crate) fn admin(&self) -> AdminClient<DefaultClientContext> {
        self.config(&[]).create().unwrap()
    }

    /// A new topic's name.
    pub(crate) fn topic(&self, partitions: i32, settings: &[(&str, &str)]) -> String {
        let name = self.name("topic");
        let made = self.create(&name, partitions, 1, settings);
        assert_eq!(made, Ok(()), "{name}");
        name
    }

    pub(crate) fn create(
        &self,
        name: &str,
        partitions: i32,
        replication: i32,
        settings: &[(&str, &str)],
    ) -> Result<(), RDKafkaErrorCode> {
        let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(replication));
        for (name, value) in settings {
            topic = topic.set(name, value);
        }
        let results = wait(self.admin().create_topics([&topic], &options())).unwrap();
        results.into_iter().next().unwrap().map(|_| ()).map_err(|(_, code)| code)
    }

    pub(crate) fn producer(&self, settings: &[(&str, &str)]) -> Sender {
        let sent = Deliveries::default();
        let context = Context { sent: sent.clone() };
        let mut config = self.config(&[("linger.ms", "5"), ("message.timeout.ms", "30000")]);
        settings.iter().for_each(|(name, value)| {
            config.set(*name, *value);
        });
        Sender { producer: config.create_with_context(context).unwrap(), sent }
    }

    /// `count` records "0", "1", … to one partition.
    pub(crate) fn fill(&self, topic: &str, partition: i32, count: usize) {
        let sender = self.producer(&[]);
        for number in 0..count {
            sender.send(BaseRecord::<(), _>::to(topic).partition(partition).payload(&number.to_string()));
        }
        assert_eq!(sender.flush().len(), count);
    }

    /// A consumer that reads from the start and has committed nothing.
    pub(crate) fn consumer(&self, settings: &[(&str, &str)]) -> BaseConsumer {
        let mut config = self.config(&[
            ("group.id", "unused"),
            ("auto.offset.reset", "earliest"),
            ("enable.auto.commit", "false"),
            ("session.timeout.ms", "6000"),
            ("heartbeat.interval.ms", "200"),
            ("topic.metadata.refresh.interval.ms", "500"),
        ]);
        settings.iter().for_each(|(name, value)| {
            config.set(*name, *value);
        });
        config.create().unwrap()
    }

    /// A consumer of one partition.
    pub(crate) fn reader(&self, topic: &str, partition: i32, from: Offset, settings: &[(&str, &str)]) -> BaseConsumer {
        let consumer = self.consumer(settings);
        consumer.assign(&place(topic, partition, from)).unwrap();
        consumer
    }

    /// All records of a partition.
    pub(crate) fn read(&self, topic: &str, partition: i32, count: usize) -> Vec<OwnedMessage> {
        let consumer = self.reader(topic, partition, Offset::Beginning, &[]);
        take(&consumer, count)
    }
}

/// A producer that remembers what became of its records.
pub(crate) struct Sender {
    pub(crate) producer: BaseProducer<Context>,
    sent: Deliveries,
}

/// Per record: its offset, or the error.
type Deliveries = Arc<Mutex<Vec<Result<(i32, i64), RDKafkaErrorCode>>>>;

pub(crate) struct Context {
    sent: Deliveries,
}

impl ClientContext for Context {}

impl ProducerContext for Context {
    type DeliveryOpaque = ();
    fn delivery(&self, result: &DeliveryResult<'_>, _: ()) {
        let result = match result {
            Ok(message) => Ok((message.partition(), message.offset())),
            Err((error, _)) => Err(error.rdkafka_error_code().unwrap()),
        };
        self.sent.lock().unwrap().push(result);
    }
}

impl Sender {
    pub(crate) fn send<K: rdkafka::message::ToBytes + ?Sized, P: rdkafka::message::ToBytes + ?Sized>(
        &self,
        record: BaseRecord<'_, K, P>,
    ) {
        let mut record = record;
        loop {
            match self.producer.send(record) {
                Ok(()) => return,
                Err((error, back)) => {
                    assert_eq!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::QueueFull));
                    self.producer.poll(Duration::from_millis(10));
                    record = back;
                }
            }
        }
    }

    /// Offsets of all records sent, which must have arrived.
    pub(crate) fn flush(&self) -> Vec<(i32, i64)> {
        self.outcomes().into_iter().map(|outcome| outcome.unwrap()).collect()
    }

    pub(crate) fn outcomes(&self) -> Vec<Result<(i32, i64), RDKafkaErrorCode>> {
        self.producer.flush(PATIENCE).unwrap();
        std::mem::take(&mut *self.sent.lock().unwrap())
    }
}

pub(crate) fn options() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(PATIENCE)).request_timeout(Some(PATIENCE))
}

/// Waits for what an admin client answers.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

pub(crate) fn place(topic: &str, partition: i32, offset: Offset) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, offset).unwrap();
    list
}

/// The next records; fails where they do not come.
pub(crate) fn take(consumer: &BaseConsumer, count: usize) -> Vec<OwnedMessage> {
    let mut taken = Vec::with_capacity(count);
    let until = Instant::now() + PATIENCE;
    while taken.len() < count {
        assert!(Instant::now() < until, "{} of {count} records came", taken.len());
        match consumer.poll(Duration::from_millis(100)) {
            None => {}
            Some(Ok(message)) => taken.push(message.detach()),
            Some(Err(error)) => panic!("{error}"),
        }
    }
    taken
}

pub(crate) fn payloads(messages: &[OwnedMessage]) -> Vec<String> {
    messages.iter().map(|message| String::from_utf8(message.payload().unwrap().to_vec()).unwrap()).collect()
}

pub(crate) fn offsets(messages: &[OwnedMessage]) -> Vec<i64> {
    messages.iter().map(Message::offset).collect()
}

/// Nothing comes for a while.
pub(crate) fn assert_quiet(consumer: &BaseConsumer) {
    let message = consumer.poll(Duration::from_millis(300)).map(|result| result.map(|message| message.offset()));
    assert!(message.is_none(), "{message:?}");
}

/// Tries until it holds.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < until, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
