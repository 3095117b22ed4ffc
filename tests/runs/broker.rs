//! What tests of runs share that read one topic and write another: a broker in a process of its own, records that are
//! numbers, and what became of them.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use tidegate_core::kafka::{Admin, ClientSettings, TopicPartition};

use crate::support::{Bench, Process};

/// A broker that outlives the runs, and somebody to ask it.
pub(crate) struct Broker {
    /// whom to ask
    pub(crate) admin: Admin,
    /// where it listens
    pub(crate) address: String,
    process: Option<Process>,
}

/// Partitions of the topics.
pub(crate) const PARTITIONS: i32 = 4;

/// Serves the bench's embedded broker in a process of its own; a real Kafka serves already.
pub(crate) fn serve(bench: &Bench) -> Broker {
    let (address, process) = match bench.brokers.as_str() {
        "embedded" => {
            let (address, process) = start(bench, "127.0.0.1:0");
            (address, Some(process))
        }
        kafka => (kafka.to_string(), None),
    };
    Broker { admin: ask(&address), address, process }
}

fn ask(address: &str) -> Admin {
    Admin::open(&ClientSettings::new(address), Duration::from_secs(120)).unwrap()
}

/// Starts the embedded broker; gives where it listens.
fn start(bench: &Bench, listen: &str) -> (String, Process) {
    let mut process = bench.start(&["broker", "--listen", listen, "--json"]);
    process.wait_until("the broker's address", |process| process.out().ends_with('\n'));
    let told: Value = serde_json::from_str(&process.out()).unwrap();
    (told["address"].as_str().unwrap().to_string(), process)
}

impl Broker {
    /// Sends a signal to an embedded broker.
    pub(crate) fn signal(&self, signal: Signal) {
        self.process.as_ref().expect("an embedded broker that runs").signal(signal);
    }

    /// Kills an embedded broker.
    pub(crate) fn kill(&mut self) {
        if let Some(process) = self.process.take() {
            process.signal(Signal::KILL);
            process.wait();
        }
    }

    /// Starts it again where it was.
    pub(crate) fn restart(&mut self, bench: &Bench) {
        self.process = Some(start(bench, &self.address).1);
        self.admin = ask(&self.address);
    }

    /// Makes a topic.
    pub(crate) fn create(&self, topic: &str, partitions: i32) {
        // Where Kafka is slow, the first try may have made it and the second finds it.
        self.admin.create_topic(topic, partitions, 1, &[]).unwrap();
    }

    /// How many records were ever written to a topic.
    pub(crate) fn written(&self, topic: &str) -> i64 {
        self.partitions(topic).map(|at| self.admin.watermarks(&at).unwrap().high).sum()
    }

    /// How many records a topic still holds.
    pub(crate) fn held(&self, topic: &str) -> i64 {
        let marks = self.partitions(topic).map(|at| self.admin.watermarks(&at).unwrap());
        marks.map(|marks| marks.high - marks.low).sum()
    }

    /// How many records of a topic a group has committed.
    pub(crate) fn committed(&self, group: &str, topic: &str) -> i64 {
        let offsets = self.admin.group_offsets(group).unwrap();
        offsets.iter().filter(|offset| &*offset.at.topic == topic).map(|offset| offset.next).sum()
    }

    /// What a group has committed of each partition of a topic.
    pub(crate) fn committed_by_partition(&self, group: &str, topic: &str) -> BTreeMap<i32, i64> {
        let offsets = self.admin.group_offsets(group).unwrap();
        let of_topic = offsets.iter().filter(|offset| &*offset.at.topic == topic);
        of_topic.map(|offset| (offset.at.partition, offset.next)).collect()
    }

    fn partitions(&self, topic: &str) -> impl Iterator<Item = TopicPartition> {
        let count = self.admin.partitions(topic).unwrap().unwrap_or(0);
        (0..count).map(move |partition| TopicPartition::new(topic, partition))
    }
}

/// A pipeline that fills a topic with the numbers from 1, under some keys; `config` is more of `generate`'s.
pub(crate) fn numbers(bench: &Bench, topic: &str, config: &Value) -> String {
    let mut generate = json!({ "shape": "numbers", "keys": 50 });
    generate.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    let pipeline = json!({
        "tidegate": 1,
        "name": "numbers",
        "parameters": { "brokers": {} },
        "clusters": { "default": { "brokers": "${brokers}" } },
        "nodes": [
            { "id": "numbers", "operator": "generate", "config": generate },
            { "id": "topic", "operator": "kafka-sink", "config": { "topic": topic } }
        ],
        "edges": [{ "from": "numbers.out", "to": "topic.in" }]
    });
    bench.file(&format!("{topic}-numbers.json"), pipeline.to_string())
}

/// Two topics of one test, and a group: their names.
pub(crate) fn topics(bench: &Bench, broker: &Broker, group: &str) -> [String; 3] {
    let [from, to, group] = ["from", "to", group].map(|name| bench.name(name));
    broker.create(&from, PARTITIONS);
    broker.create(&to, PARTITIONS);
    [from, to, group]
}

/// A pipeline that doubles, to be shared by members of a group.
pub(crate) fn shared_doubling(group: &str, from: &str, to: &str) -> Value {
    let mut pipeline = doubling(group, from, to);
    pipeline["settings"]["scale"] = json!("group");
    pipeline
}

/// A pipeline that takes numbers from one topic, leaves out every tenth, doubles them and writes them to another.
pub(crate) fn doubling(group: &str, from: &str, to: &str) -> Value {
    json!({
        "tidegate": 1,
        "name": "doubling",
        "settings": { "application_id": group, "commit_interval": "200ms" },
        "parameters": { "brokers": {} },
        "clusters": { "default": {
            "brokers": "${brokers}",
            "properties": { "session.timeout.ms": "6000", "heartbeat.interval.ms": "1000" }
        } },
        "nodes": [
            { "id": "in", "operator": "kafka-source", "config": { "topic": from, "schema": { "n": "int64!" } } },
            { "id": "some", "operator": "filter", "config": { "condition": "n % 10 <> 0" } },
            { "id": "twice", "operator": "map", "config": { "columns": { "n": "n", "twice": "n * 2" } } },
            { "id": "out", "operator": "kafka-sink", "config": { "topic": to } }
        ],
        "edges": [
            { "from": "in.out", "to": "some.in" },
            { "from": "some.out", "to": "twice.in" },
            { "from": "twice.out", "to": "out.in" }
        ]
    })
}

/// Values of a topic.
pub(crate) fn values(bench: &Bench, topic: &str) -> Vec<Value> {
    bench.tidegate(&["consume", topic, "--show", "value"]).code(0).rows()
}

/// Checks that of the numbers in one topic all that are to be there stand doubled in the other; gives how many stand there
/// more than once.
pub(crate) fn nothing_is_lost(bench: &Bench, from: &str, to: &str) -> usize {
    let number = |value: &Value, name: &str| value[name].as_i64().unwrap_or_else(|| panic!("no `{name}` in {value}"));
    let expected: BTreeSet<i64> =
        values(bench, from).iter().map(|value| number(value, "n")).filter(|n| n % 10 != 0).collect();
    let came = values(bench, to);
    for value in &came {
        assert_eq!(number(value, "twice"), 2 * number(value, "n"));
    }
    let found: BTreeSet<i64> = came.iter().map(|value| number(value, "n")).collect();
    let lost: Vec<&i64> = expected.difference(&found).collect();
    let made_up: Vec<&i64> = found.difference(&expected).collect();
    assert!(lost.is_empty(), "{} of {} are lost: {:?} …", lost.len(), expected.len(), &lost[..lost.len().min(20)]);
    assert!(made_up.is_empty(), "never sent: {made_up:?}");
    assert!(!expected.is_empty(), "nothing was sent");
    came.len() - found.len()
}

/// What a run said last.
pub(crate) fn last_snapshot(run: &Process) -> Option<Value> {
    let err = run.err();
    let lines = err.lines().rev().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.into_iter().find(|line| line["type"] == "snapshot")
}

/// How many partitions a run reads, as it said last.
pub(crate) fn owned(run: &Process) -> usize {
    last_snapshot(run).and_then(|last| last["partitions"].as_array().map(Vec::len)).unwrap_or(0)
}

/// How often something bad happens, and when: `TIDEGATE_KILLS` (or else so often), `TIDEGATE_SEED` (1), in each place
/// other numbers.
pub(crate) fn settings(often: u64, place: u64) -> (u64, Random) {
    let number = |name: &str, default: u64| env::var(name).map_or(default, |text| text.parse().unwrap());
    let (kills, seed) = (number("TIDEGATE_KILLS", often), number("TIDEGATE_SEED", 1));
    eprintln!("{kills} kills, TIDEGATE_SEED={seed}, place {place}");
    (kills, Random(seed.wrapping_add(place << 32)))
}

/// Numbers that look like chance, and come again with the seed (splitmix64).
pub(crate) struct Random(u64);

impl Random {
    /// From 0 up to below this.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}
