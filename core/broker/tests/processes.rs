//! Brokers that are stopped, killed and taken over, in processes of their own: the test executable started again.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use tidegate_broker::{Broker, BrokerError, BrokerOptions, Embedded};

const FOLDER: &str = "TIDEGATE_TEST_BROKER_FOLDER";
const PATIENCE: Duration = Duration::from_secs(30);

/// Not a test of its own: what the other processes run. They serve or follow until they are killed.
#[test]
fn other_process() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let embedded = Embedded::open(Some(Path::new(&folder))).unwrap();
    println!("\nopen {}", embedded.bootstrap());
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

struct Other {
    child: Child,
    address: String,
    /// kept open, so that the process can write to its end
    _output: BufReader<ChildStdout>,
}

impl Other {
    fn start(folder: &Path) -> Other {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "other_process", "--nocapture"])
            .env(FOLDER, folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut lines = output.by_ref().lines();
        let address = lines.find_map(|line| line.unwrap().strip_prefix("open ").map(str::to_string)).unwrap();
        Other { child, address, _output: output }
    }

    /// As kill −9 does.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = (self.child.kill(), self.child.wait());
    }
}

fn options(listen: &str, data: Option<&Path>) -> BrokerOptions {
    BrokerOptions { listen: listen.parse().unwrap(), data: data.map(Into::into) }
}

fn client(brokers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("group.id", "processes").set("enable.auto.commit", "false");
    config.set("reconnect.backoff.ms", "20").set("reconnect.backoff.max.ms", "100");
    config.set("auto.offset.reset", "earliest").set("linger.ms", "1").set("enable.idempotence", "true");
    config
}

fn partition(offset: Offset) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset("numbers", 0, offset).unwrap();
    list
}

fn send(producer: &BaseProducer, number: usize) {
    let payload = number.to_string();
    while producer.send(BaseRecord::<(), _>::to("numbers").partition(0).payload(&payload)).is_err() {
        producer.poll(Duration::from_millis(5));
    }
    producer.poll(Duration::ZERO);
}

/// The next records are these numbers, and their offsets are the numbers too.
fn expect(consumer: &BaseConsumer, numbers: std::ops::Range<usize>) {
    let until = Instant::now() + PATIENCE;
    for number in numbers {
        let message = loop {
            assert!(Instant::now() < until, "record {number} has not come");
            // an error tells that the broker is away, which it may be for a while
            if let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) {
                break message;
            }
        };
        assert_eq!(message.payload(), Some(number.to_string().as_bytes()));
        assert_eq!(message.offset(), number as i64);
    }
}

fn eventually(what: &str, holds: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < until, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn only_loopback_addresses_are_served() {
    for listen in ["0.0.0.0:0", "192.0.2.1:9092", "[::]:0"] {
        let refused = Broker::start(options(listen, None)).unwrap_err();
        assert!(matches!(refused, BrokerError::NotLoopback { .. }), "{listen}: {refused}");
    }
    Broker::start(options("127.0.0.1:0", None)).unwrap().stop();
}

#[test]
fn a_folder_and_an_address_are_served_once() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(options("127.0.0.1:0", Some(folder.path()))).unwrap();
    let refused = Broker::start(options("127.0.0.1:0", Some(folder.path()))).unwrap_err();
    assert!(refused.to_string().contains(&broker.address().to_string()), "{refused}");
    let refused = Broker::start(options(&broker.address().to_string(), None)).unwrap_err();
    assert!(matches!(refused, BrokerError::Listen { .. }), "{refused}");
    let address = broker.address();
    broker.stop();
    assert!(TcpStream::connect(address).is_err(), "stopped is stopped");
    Broker::start(options(&address.to_string(), Some(folder.path()))).unwrap();
}

#[test]
fn a_stop_does_not_wait_for_clients() {
    let broker = Broker::start(options("127.0.0.1:0", None)).unwrap();
    let _silent = TcpStream::connect(broker.address()).unwrap();
    let consumer: BaseConsumer = client(&broker.address().to_string()).create().unwrap();
    consumer.subscribe(&["numbers"]).unwrap();
    consumer.poll(Duration::from_millis(500));
    let since = Instant::now();
    broker.stop();
    assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
}

#[test]
fn records_and_offsets_outlive_a_stop() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..3 {
        let broker = Broker::start(options("127.0.0.1:0", Some(folder.path()))).unwrap();
        let brokers = broker.address().to_string();
        let consumer: BaseConsumer = client(&brokers).create().unwrap();
        if round > 0 {
            let committed = consumer.committed_offsets(partition(Offset::Invalid), PATIENCE).unwrap();
            assert_eq!(committed.elements()[0].offset(), Offset::Offset(round * 100));
        }
        let producer: BaseProducer = client(&brokers).create().unwrap();
        let start = round as usize * 100;
        (start..start + 100).for_each(|number| send(&producer, number));
        producer.flush(PATIENCE).unwrap();
        consumer.assign(&partition(Offset::Beginning)).unwrap();
        expect(&consumer, 0..start + 100);
        consumer.commit(&partition(Offset::Offset(start as i64 + 100)), CommitMode::Sync).unwrap();
        broker.stop();
    }
}

#[test]
fn a_killed_broker_loses_and_repeats_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut other = Other::start(folder.path());
    let brokers = other.address.clone();
    let producer: BaseProducer = client(&brokers).create().unwrap();
    let mut sent = 0;
    for round in 0..4 {
        let until = Instant::now() + Duration::from_millis(300 + 70 * round);
        while Instant::now() < until {
            send(&producer, sent);
            sent += 1;
        }
        other.kill();
        other = Other::start(folder.path());
        assert_eq!(other.address, brokers, "the same address again");
    }
    producer.flush(PATIENCE).unwrap();
    let consumer: BaseConsumer = client(&brokers).create().unwrap();
    consumer.assign(&partition(Offset::Beginning)).unwrap();
    expect(&consumer, 0..sent);
    assert_eq!(consumer.fetch_watermarks("numbers", 0, PATIENCE).unwrap(), (0, sent as i64));
}

#[test]
fn another_process_takes_over() {
    let folder = tempfile::tempdir().unwrap();
    let first = Other::start(folder.path());
    let brokers = first.address.clone();
    let embedded = Embedded::open(Some(folder.path())).unwrap();
    assert!(!embedded.is_serving());
    assert_eq!(embedded.bootstrap(), brokers);
    let producer: BaseProducer = client(&brokers).create().unwrap();
    let consumer: BaseConsumer = client(&brokers).create().unwrap();
    consumer.assign(&partition(Offset::Beginning)).unwrap();
    (0..500).for_each(|number| send(&producer, number));
    expect(&consumer, 0..500);

    let since = Instant::now();
    first.kill();
    eventually("taken over", || embedded.is_serving());
    assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
    assert_eq!(embedded.bootstrap(), brokers);
    (500..1000).for_each(|number| send(&producer, number));
    expect(&consumer, 500..1000);
    producer.flush(PATIENCE).unwrap();

    // and back to a process that came later
    let mut later = Other::start(folder.path());
    assert_eq!(later.address, brokers);
    drop(embedded);
    let again = Embedded::open(Some(folder.path())).unwrap();
    eventually("the later one answers", || TcpStream::connect(&brokers).is_ok());
    assert_eq!(again.bootstrap(), brokers);
    (1000..1200).for_each(|number| send(&producer, number));
    expect(&consumer, 1000..1200);
    producer.flush(PATIENCE).unwrap();
    later.child.stdin.take();
}

#[test]
fn one_of_many_takes_over() {
    let folder = tempfile::tempdir().unwrap();
    let first = Other::start(folder.path());
    let followers: Vec<_> = (0..5).map(|_| Embedded::open(Some(folder.path())).unwrap()).collect();
    first.kill();
    let serving = || followers.iter().filter(|follower| follower.is_serving()).count();
    eventually("somebody serves", || serving() > 0);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(serving(), 1);
    followers.iter().for_each(|follower| assert_eq!(follower.bootstrap(), followers[0].bootstrap()));
}

#[test]
fn memory_is_this_processs_own() {
    let (one, two) = (Embedded::open(None).unwrap(), Embedded::open(None).unwrap());
    assert!(one.is_serving() && two.is_serving());
    assert_ne!(one.bootstrap(), two.bootstrap());
}

#[test]
fn nonsense_ends_its_own_connection_only() {
    let broker = Broker::start(options("127.0.0.1:0", None)).unwrap();
    let frame = |body: &[u8]| [&(body.len() as i32).to_be_bytes()[..], body].concat();
    let is_closed = |bytes: &[u8]| {
        let mut stream = TcpStream::connect(broker.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(bytes).unwrap();
        matches!(stream.read(&mut [0; 64]), Ok(0) | Err(_))
    };
    let metadata_of_two_thousand_million_topics = [0, 3, 0, 1, 0, 0, 0, 7, 0, 0, 0x7f, 0xff, 0xff, 0xff];
    for (name, bytes) in [
        ("a negative length", (-1_i32).to_be_bytes().to_vec()),
        ("a length above the limit", (i32::MAX).to_be_bytes().to_vec()),
        ("an empty request", frame(&[])),
        ("an unknown request", frame(&[0x7f, 0, 0, 0, 0, 0, 0, 1])),
        ("an unknown version", frame(&[0, 3, 0x7f, 0, 0, 0, 0, 1, 0, 0])),
        ("a list longer than the request", frame(&metadata_of_two_thousand_million_topics)),
    ] {
        assert!(is_closed(&bytes), "{name}");
    }
    // asked in a version of the future, it tells those that it knows
    let mut stream = TcpStream::connect(broker.address()).unwrap();
    stream.write_all(&frame(&[0, 18, 0, 99, 0, 0, 0, 42])).unwrap();
    let mut answer = [0; 10];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer[4..], [0, 0, 0, 42, 0, 35]);
}
