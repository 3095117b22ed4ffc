//! Records per second through librdkafka: a million records of 200 bytes on 4 partitions, without and with lz4, into a
//! broker that runs in a process of its own, and out again. Prints the embedded broker in memory and on disk, and where
//! `TIDEGATE_TEST_KAFKA=host:port` names a real Kafka that too, with the ratio to it.
//!
//! `cargo run --release -p tidegate-broker --example throughput [RECORDS]`

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use tidegate_broker::{Broker, BrokerOptions};

const PARTITIONS: i32 = 4;
const RECORD_BYTES: usize = 200;
const ROUNDS: usize = 3;
type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, folder] = &arguments[..]
        && word == "serve"
    {
        return serve(folder);
    }
    let records = arguments.first().map_or(Ok(1_000_000), |count| count.parse())?;
    let folder = std::env::temp_dir().join(format!("tidegate-throughput-{}", std::process::id()));
    let mut brokers = vec![("memory", Some(start("memory")?)), ("disk", Some(start(&folder.to_string_lossy())?))];
    if std::env::var_os("TIDEGATE_TEST_KAFKA").is_some() {
        brokers.push(("kafka", None));
    }
    for codec in ["none", "lz4"] {
        let mut rates: Vec<Vec<(f64, f64)>> = vec![Vec::new(); brokers.len()];
        for _ in 0..ROUNDS {
            for ((_, process), rates) in brokers.iter().zip(&mut rates) {
                let address = match process {
                    Some(process) => process.address.clone(),
                    None => std::env::var("TIDEGATE_TEST_KAFKA")?,
                };
                rates.push(measure(&address, codec, records)?);
            }
        }
        let medians: Vec<(f64, f64)> = rates.into_iter().map(median).collect();
        let kafka = medians.get(2).copied();
        for ((name, _), (produce, consume)) in brokers.iter().zip(medians) {
            let ratio = kafka.map(|(p, c)| format!("  of Kafka's: {:.2}, {:.2}", produce / p, consume / c));
            println!(
                "{codec:5} {name:7} produce {produce:9.0}/s  consume {consume:9.0}/s{}",
                ratio.unwrap_or_default()
            );
        }
    }
    drop(brokers);
    Ok(std::fs::remove_dir_all(folder)?)
}

struct Process {
    child: Child,
    address: String,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.stdin.take();
        let _ = self.child.wait();
    }
}

fn start(place: &str) -> Result<Process, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    let mut child = command.args(["serve", place]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut address = String::new();
    BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut address)?;
    Ok(Process { child, address: address.trim().into() })
}

fn serve(place: &str) -> Result<(), Failure> {
    let data = (place != "memory").then(|| Path::new(place).to_path_buf());
    let broker = Broker::start(BrokerOptions { listen: "127.0.0.1:0".parse()?, data })?;
    println!("{}", broker.address());
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// Records per second in and out.
fn measure(brokers: &str, codec: &str, records: usize) -> Result<(f64, f64), Failure> {
    let topic = format!("throughput-{}", SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos());
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("group.id", "throughput").set("enable.auto.commit", "false");
    let admin: rdkafka::admin::AdminClient<_> = config.create()?;
    let new = rdkafka::admin::NewTopic::new(&topic, PARTITIONS, rdkafka::admin::TopicReplication::Fixed(1));
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(admin.create_topics([&new], &Default::default()))?;

    let mut producing = config.clone();
    producing.set("linger.ms", "20").set("acks", "all").set("compression.codec", codec);
    let producer: BaseProducer = producing.set("queue.buffering.max.messages", "200000").create()?;
    let payload = [b'x'; RECORD_BYTES];
    let since = Instant::now();
    for number in 0..records {
        let partition = number as i32 % PARTITIONS;
        while producer.send(BaseRecord::<(), _>::to(&topic).partition(partition).payload(&payload[..])).is_err() {
            producer.poll(Duration::from_millis(1));
        }
        if number % 1000 == 0 {
            producer.poll(Duration::ZERO);
        }
    }
    producer.flush(Duration::from_secs(60))?;
    let produced = records as f64 / since.elapsed().as_secs_f64();

    let consumer: BaseConsumer = config.create()?;
    let mut all = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        all.add_partition_offset(&topic, partition, Offset::Beginning)?;
    }
    consumer.assign(&all)?;
    let since = Instant::now();
    for _ in 0..records {
        consumer.poll(Duration::from_secs(10)).ok_or("records are missing")??;
    }
    let consumed = records as f64 / since.elapsed().as_secs_f64();
    runtime.block_on(admin.delete_topics(&[&topic], &Default::default()))?;
    Ok((produced, consumed))
}

fn median(mut rates: Vec<(f64, f64)>) -> (f64, f64) {
    let middle = rates.len() / 2;
    rates.sort_by(|a, b| a.0.total_cmp(&b.0));
    let produced = rates[middle].0;
    rates.sort_by(|a, b| a.1.total_cmp(&b.1));
    (produced, rates[middle].1)
}
