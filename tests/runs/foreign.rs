//! Groups as they are seen from outside: by the other members of a group of ours, and beside Kafka's own tool, which has to
//! say the same, number by number.

use std::collections::BTreeMap;
use std::env;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tidegate_core::cluster::ClusterWatch;
use tidegate_core::kafka::ClientSettings;
use tidegate_core::snapshot::{ClusterSnapshot, ClusterWanted, PartitionSnapshot, Snapshot, Verdict};

use crate::broker::{Broker, PARTITIONS, doubling, numbers, serve, shared_doubling, topics};
use crate::support::{Bench, Process, on_kafka};

/// How long anything may take. Machines that test are slow and busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// A run that is served over HTTP.
struct Served {
    process: Process,
    address: String,
}

impl Served {
    fn start(bench: &Bench, file: &str) -> Served {
        let mut process = bench.start(&["run", file, "--json", "--listen", "127.0.0.1:0"]);
        let url = |process: &Process| {
            let told = process.err();
            let line = told.lines().find(|line| line.contains("\"listening\""))?;
            serde_json::from_str::<Value>(line).ok()?["url"].as_str().map(str::to_string)
        };
        process.wait_until("it to listen", |process| url(process).is_some());
        let url = url(&process).unwrap();
        Served { process, address: url.split_once("://").unwrap().1.to_string() }
    }

    fn ask(&self, line: &str, body: &str) -> Value {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (address, length) = (&self.address, body.len());
        write!(
            stream,
            "{line} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{line}: {answer}");
        serde_json::from_str(body).unwrap()
    }

    fn snapshot(&self) -> Snapshot {
        serde_json::from_value(self.ask("GET /api/snapshot", "")).unwrap()
    }

    /// Snapshots until one is so.
    fn until(&self, what: &str, is_so: impl Fn(&Snapshot) -> bool) -> Snapshot {
        wait_for(what, || Some(self.snapshot()).filter(&is_so))
    }
}

fn wait_for<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "waited for {what} in vain");
        sleep(Duration::from_millis(100));
    }
}

#[test]
fn each_member_shows_what_the_others_read() {
    on_kafka(|bench| {
        let broker = serve(bench);
        let [from, to, group] = topics(bench, &broker, "shown");
        let pipeline = shared_doubling(&group, &from, &to);
        let file = bench.file("shown.json", pipeline.to_string());
        let feeder = bench.start(&["run", &numbers(bench, &from, &json!({ "rate": "500/s" }))]);
        let (first, second) = (Served::start(bench, &file), Served::start(bench, &file));
        let shares = |snapshot: &Snapshot| {
            let of_another = snapshot.partitions.iter().filter(|partition| partition.is_of_another());
            (snapshot.partitions.len(), of_another.count())
        };
        let is_shared = |snapshot: &Snapshot| {
            let others = snapshot.partitions.iter().filter(|it| it.is_of_another());
            shares(snapshot) == (4, 2) && others.into_iter().all(|it| it.lag.is_some())
        };
        for run in [&first, &second] {
            for partition in run.until("the shares of both", is_shared).partitions {
                let owner = partition.owner.as_deref().unwrap();
                match partition.is_of_another() {
                    true => assert!(
                        owner.starts_with(&format!("{group}@")) && partition.committed.is_some(),
                        "{partition:?}"
                    ),
                    false => assert_eq!(owner, "this", "{partition:?}"),
                }
                assert_eq!(partition.node, "in");
            }
        }
        let wanted = json!({ "groups": [group], "opened": group }).to_string();
        let seen = wait_for("the group", || {
            let seen: ClusterSnapshot = serde_json::from_value(first.ask("POST /api/cluster", &wanted)).unwrap();
            seen.group(&group)?.figures.is_some().then_some(seen)
        });
        assert_eq!(seen.group(&group).unwrap().members, Some(2));
        assert_eq!(seen.opened.map(|opened| opened.partitions.len()), Some(4));
        second.process.stop().code(0);
        first.until("all to be its own", |snapshot| shares(snapshot) == (4, 0));
        first.process.stop().code(0);
        feeder.stop();
    });
}

#[test]
fn each_cluster_of_a_run_is_looked_at_with_the_records_of_its_topics() {
    on_kafka(|bench| {
        let (broker, elsewhere) = (serve(bench), Bench::new());
        let far = serve(&elsewhere);
        let [from, _, group] = topics(bench, &broker, "clusters");
        let to = bench.name("far");
        far.create(&to, 2);
        fill(bench, &broker, &from, 20);
        let mut pipeline = doubling(&group, &from, &to);
        pipeline["clusters"]["far"] = json!({ "brokers": far.address });
        pipeline["nodes"][3]["config"]["cluster"] = json!("far");
        let run = Served::start(bench, &bench.file("clusters.json", pipeline.to_string()));
        let look = |wanted: Value| -> ClusterSnapshot {
            serde_json::from_value(run.ask("POST /api/cluster", &wanted.to_string())).unwrap()
        };
        for (wanted, name, has, has_not) in
            [(json!({}), "default", &from, &to), (json!({ "cluster": "far" }), "far", &to, &from)]
        {
            let seen = look(wanted);
            assert_eq!((seen.name.as_str(), seen.clusters.as_slice()), (name, &["default".into(), "far".into()][..]));
            assert!(seen.topic(has).is_some() && seen.topic(has_not).is_none(), "{name}: {:?}", seen.topics);
        }
        let wanted = json!({ "cluster": "far", "records": { "topic": to } });
        let records = wait_for("records at the far end", || {
            look(wanted.clone()).records.filter(|records| records.rows.len() == 18)
        });
        for row in &records.rows {
            assert_eq!(row.value["twice"].as_i64(), row.value["n"].as_i64().map(|n| 2 * n), "{row:?}");
        }
        run.process.stop().code(0);
    });
}

/// What Kafka's own tool says of a partition: committed, end, lag, and who reads it: member, host, client.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    numbers: [i64; 3],
    reader: Option<[String; 3]>,
}

/// A real Kafka, and its own tools.
struct Tools {
    brokers: String,
    libs: String,
}

impl Tools {
    fn new() -> Tools {
        let variable = |name: &str, what: &str| env::var(name).unwrap_or_else(|_| panic!("{name} is {what}"));
        Tools {
            brokers: variable("TIDEGATE_TEST_KAFKA", "the address of a Kafka"),
            libs: variable("TIDEGATE_TEST_KAFKA_LIBS", "the folder of its jars: `libs` in that of tests/kafka/up"),
        }
    }

    fn command(&self, class: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("java");
        command.args(["-Xmx128m", "-cp", &format!("{}/*", self.libs), class]);
        command.args(["--bootstrap-server", &self.brokers]).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        command
    }

    /// Rows of a table that `kafka-consumer-groups` prints, by the names of its columns.
    fn describe(&self, group: &str, what: &str) -> Vec<BTreeMap<String, String>> {
        let arguments = ["--describe", "--group", group, what];
        let output = self.command("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", &arguments).output();
        let output = String::from_utf8(output.unwrap().stdout).unwrap();
        let words = |line: &str| line.split_whitespace().map(str::to_string).collect::<Vec<_>>();
        let mut lines = output.lines().map(words).skip_while(|words| words.first().is_none_or(|word| word != "GROUP"));
        let heads = lines.next().unwrap_or_else(|| panic!("the tool says nothing of {group}: {output}"));
        lines.map(|words| heads.iter().cloned().zip(words).collect()).collect()
    }

    fn offsets(&self, group: &str) -> BTreeMap<i32, Told> {
        let rows = self.describe(group, "--offsets").into_iter().map(|row| {
            let number = |name: &str| row[name].parse::<i64>().unwrap_or_else(|_| panic!("{name} in {row:?}"));
            let reader = ["CONSUMER-ID", "HOST", "CLIENT-ID"].map(|name| row[name].clone());
            let numbers = ["CURRENT-OFFSET", "LOG-END-OFFSET", "LAG"].map(number);
            let reader = (reader[0] != "-").then_some(reader);
            (i32::try_from(number("PARTITION")).unwrap(), Told { numbers, reader })
        });
        rows.collect()
    }

    /// Its state, in small letters, and how many are in it.
    fn state(&self, group: &str) -> (String, usize) {
        let row = &self.describe(group, "--state")[0];
        (row["STATE"].to_lowercase(), row["#MEMBERS"].parse().unwrap())
    }

    fn watch(&self) -> ClusterWatch {
        ClusterWatch::open(&ClientSettings::new(self.brokers.as_str())).unwrap()
    }
}

/// The same of partitions as we see them.
fn told(partitions: &[PartitionSnapshot]) -> BTreeMap<i32, Told> {
    let of = |it: &PartitionSnapshot| {
        let numbers = [it.committed, it.high, it.lag].map(|number| number.unwrap_or_else(|| panic!("{it:?}")));
        let client_and_host = it.owner.as_deref().and_then(|owner| owner.rsplit_once('@'));
        let reader = it.member.clone().zip(client_and_host);
        let reader = reader.map(|(member, (client, host))| [member, format!("/{host}"), client.to_string()]);
        (it.partition, Told { numbers, reader })
    };
    partitions.iter().map(of).collect()
}

/// Looks until the group's figures are so, and it was asked who reads it.
fn look(watch: &mut ClusterWatch, group: &str, is_so: impl Fn(&ClusterSnapshot) -> bool) -> ClusterSnapshot {
    let names = vec![group.to_string()];
    let wanted = ClusterWanted { groups: names, opened: Some(group.into()), ..ClusterWanted::default() };
    let end = Instant::now() + PATIENCE;
    loop {
        let seen = watch.look(&wanted).unwrap();
        if seen.group(group).is_some_and(|group| group.figures.is_some()) && is_so(&seen) {
            return seen;
        }
        assert!(Instant::now() < end, "in vain: {seen:#?}");
        sleep(Duration::from_millis(300));
    }
}

fn lag(seen: &ClusterSnapshot, group: &str) -> Option<i64> {
    seen.group(group)?.figures.as_ref()?.lag
}

/// Fills a topic with so many numbers more.
fn fill(bench: &Bench, broker: &Broker, topic: &str, count: i64) {
    let before = broker.written(topic);
    bench.tidegate(&["run", &numbers(bench, topic, &json!({ "count": count }))]).code(0);
    assert_eq!(broker.written(topic), before + count);
}

#[test]
#[ignore = "needs a JVM, TIDEGATE_TEST_KAFKA, the address of a Kafka, and TIDEGATE_TEST_KAFKA_LIBS, its jars"]
fn lag_is_what_kafkas_own_tool_says() {
    let tools = Tools::new();
    let bench = Bench::on(&tools.brokers);
    let broker = serve(&bench);
    let [from, to, group] = topics(&bench, &broker, "paused");
    fill(&bench, &broker, &from, 1_000);
    let file = bench.file("paused.json", doubling(&group, &from, &to).to_string());
    let run = Served::start(&bench, &file);
    wait_for("all to be committed", || (broker.committed(&group, &from) == 1_000).then_some(()));
    run.ask("POST /api/control", &json!({ "command": "pause" }).to_string());
    fill(&bench, &broker, &from, 777);
    let sum = |snapshot: &Snapshot| snapshot.partitions.iter().map(|partition| partition.lag).sum::<Option<i64>>();
    let own = run.until("all to be behind", |snapshot| sum(snapshot) == Some(777));

    let reference = tools.offsets(&group);
    assert_eq!(reference.values().map(|told| told.numbers[2]).sum::<i64>(), 777, "{reference:?}");
    let mut watch = tools.watch();
    let seen = look(&mut watch, &group, |seen| lag(seen, &group) == Some(777));
    assert_eq!(told(&seen.opened.as_ref().unwrap().partitions), reference, "the group from outside");
    let known = seen.group(&group).unwrap();
    assert_eq!((known.state.to_lowercase(), known.members.unwrap()), tools.state(&group));
    let numbers = |told: BTreeMap<i32, Told>| told.into_iter().map(|(at, told)| (at, told.numbers)).collect::<Vec<_>>();
    assert_eq!(numbers(told(&own.partitions)), numbers(tools.offsets(&group)), "the run itself");
    // Its reader is paused, which only it knows; who looks from outside needs ten commits to see that it stands.
    assert!(own.partitions.iter().all(|partition| partition.owner.as_deref() == Some("this")), "{own:#?}");

    run.process.stop();
    let is_left = |seen: &ClusterSnapshot| seen.group(&group).is_some_and(|group| group.is_left_behind);
    let seen = look(&mut watch, &group, is_left);
    assert_eq!(told(&seen.opened.as_ref().unwrap().partitions), tools.offsets(&group), "nobody reads it any more");
    let known = seen.group(&group).unwrap();
    assert_eq!(("empty".to_string(), 0), tools.state(&group));
    assert_eq!((known.state.as_str(), known.members), ("Empty", Some(0)));
    assert_eq!(known.figures.as_ref().unwrap().verdict, Verdict::Stopped);
}

/// A child that does not outlive the test.
struct Tool(Child);

impl Drop for Tool {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "needs a JVM, TIDEGATE_TEST_KAFKA, the address of a Kafka, and TIDEGATE_TEST_KAFKA_LIBS, its jars"]
fn a_consumer_that_is_not_ours_is_seen() {
    let tools = Tools::new();
    let bench = Bench::on(&tools.brokers);
    let broker = serve(&bench);
    let [from, group] = ["from", "foreign"].map(|name| bench.name(name));
    broker.create(&from, PARTITIONS);
    fill(&bench, &broker, &from, 100);
    let arguments = ["--topic", &from, "--group", &group, "--from-beginning"];
    let mut consumer = tools.command("org.apache.kafka.tools.consumer.ConsoleConsumer", &arguments);
    let consumer = Tool(consumer.stdout(Stdio::null()).spawn().unwrap());
    let mut watch = tools.watch();
    // It commits every five seconds.
    let seen = look(&mut watch, &group, |seen| {
        let is_known = |it: &PartitionSnapshot| it.member.is_some();
        let opened =
            seen.opened.as_ref().is_some_and(|it| it.partitions.len() == 4 && it.partitions.iter().all(is_known));
        opened && lag(seen, &group) == Some(0)
    });
    assert_eq!(told(&seen.opened.as_ref().unwrap().partitions), tools.offsets(&group));
    let known = seen.group(&group).unwrap();
    assert_eq!((known.state.to_lowercase(), known.members.unwrap()), tools.state(&group));
    for partition in seen.opened.unwrap().partitions {
        assert!(
            partition.owner.as_deref().is_some_and(|owner| owner.starts_with("console-consumer@")),
            "{partition:?}"
        );
    }
    drop(consumer);
    fill(&bench, &broker, &from, 50);
    // It died without a word: until its session is over it is a member that gets nothing done.
    let seen = look(&mut watch, &group, |seen| lag(seen, &group) == Some(50));
    assert_eq!(told(&seen.opened.unwrap().partitions), tools.offsets(&group));
}
