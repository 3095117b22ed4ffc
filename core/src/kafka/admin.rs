//! What is asked of a cluster outside of reading and writing: topics, offsets, groups. Every call waits for its answer,
//! and gives up after the time that the administrator was opened with.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::commits::Offset;
use super::consumer::TopicPartition;
use super::faults::{fault, is_passing};
use super::ffi::{self, Client, Code, EventKind, Failure, Partition, Partitions, Queue, Role};
use super::outage::{Outage, is_stall};
use super::queue::lock;
use super::settings::ClientSettings;
use crate::problem::Fault;

/// A client for questions and orders.
pub struct Admin {
    pub(super) client: Arc<Client>,
    pub(super) settings: ClientSettings,
    pub(super) within: Duration,
    errors: Queue,
    outage: Mutex<Outage>,
    /// who asks what a group has committed, by group
    pub(super) askers: Mutex<BTreeMap<String, Arc<Client>>>,
    /// who asks the same of many
    pub(super) asker: Mutex<Option<Arc<Client>>>,
    is_unwanted: Box<dyn Fn() -> bool + Send + Sync>,
}

/// How long the first question waits for its answer.
const FIRST_QUESTION: Duration = Duration::from_secs(1);
/// How long it is tried to reach a broker where none is, or one that hangs up: one may be about to start.
const ABSENT: Duration = Duration::from_secs(4);

/// A topic of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicInfo {
    /// its name
    pub name: String,
    /// number of its partitions
    pub partitions: i32,
    /// copies of each record, its first partition's
    pub replication: i32,
    /// Kafka's own (`__consumer_offsets` and its like)
    pub is_internal: bool,
}

/// A broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerInfo {
    /// its number
    pub id: i32,
    /// `host:port`, as it says that it is reached
    pub address: String,
    /// it leads the others
    pub is_controller: bool,
}

/// Oldest offset, and the one that the next record will have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watermarks {
    /// of the oldest record that is still there
    pub low: i64,
    /// behind the newest
    pub high: i64,
}

impl Admin {
    /// Connects in the background; the first question finds out whether a broker answers.
    ///
    /// # Errors
    /// A property that the client refuses.
    pub fn open(settings: &ClientSettings, within: Duration) -> Result<Admin, Fault> {
        let conf = settings.conf(&[("client.id", "tidegate".into())], &[])?;
        let client = conf.build(Role::Producer).map_err(|why| settings.refused(&why))?;
        let errors = client.main_queue();
        let is_unwanted = Box::new(|| false);
        Ok(Admin {
            client,
            settings: settings.clone(),
            within,
            errors,
            outage: Mutex::default(),
            askers: Mutex::default(),
            asker: Mutex::default(),
            is_unwanted,
        })
    }

    /// Gives up, at the next question that stays without an answer, once this is so.
    pub fn unless(mut self, is_unwanted: impl Fn() -> bool + Send + Sync + 'static) -> Admin {
        self.is_unwanted = Box::new(is_unwanted);
        self
    }

    /// All topics, by name.
    ///
    /// # Errors
    /// No broker answers.
    pub fn topics(&self) -> Result<Vec<TopicInfo>, Fault> {
        let found = self.ask("listing topics", |left| self.client.topics(left))?;
        Ok(sorted(found))
    }

    /// All brokers by number, and all topics by name, in one question.
    ///
    /// # Errors
    /// No broker answers.
    pub fn cluster(&self) -> Result<(Vec<BrokerInfo>, Vec<TopicInfo>), Fault> {
        let found = self.ask("asking for brokers", |left| self.client.cluster(left))?;
        let controller = self.client.controller();
        let broker = |broker: ffi::BrokerState| BrokerInfo {
            id: broker.id,
            address: format!("{}:{}", broker.host, broker.port),
            is_controller: controller == Some(broker.id),
        };
        let mut brokers: Vec<BrokerInfo> = found.brokers.into_iter().map(broker).collect();
        brokers.sort_by_key(|broker| broker.id);
        Ok((brokers, sorted(found.topics)))
    }

    /// The number of partitions of a topic; none where it does not exist. Never creates it.
    ///
    /// # Errors
    /// No broker answers, or it may not be looked at.
    pub fn partitions(&self, topic: &str) -> Result<Option<i32>, Fault> {
        let about = format!("topic `{topic}`");
        let all = self.ask(&about, |left| self.client.topics(left))?;
        match all.into_iter().find(|found| found.name == topic) {
            Some(found) if found.code == Code::UNKNOWN_TOPIC_OR_PARTITION => Ok(None),
            Some(found) if found.code == Code::NONE || is_passing(found.code) => Ok(Some(found.partitions)),
            Some(found) => Err(self.fault(&about, &found.code.into())),
            None => Ok(None),
        }
    }

    /// Creates a topic, and waits until the brokers know it; whether it was not there before. `replication` −1 is the
    /// broker's default.
    ///
    /// # Errors
    /// No valid name or number, no right to do it, or no answer.
    pub fn create_topic(
        &self,
        name: &str,
        partitions: i32,
        replication: i32,
        configs: &[(String, String)],
    ) -> Result<bool, Fault> {
        let about = format!("creating topic `{name}`");
        let topic = ffi::NewTopic { name, partitions, replication, configs };
        let is_new = self.ask(&about, |left| match self.client.create_topic(&topic, left) {
            Err(failure) if failure.code == Code::TOPIC_ALREADY_EXISTS => Ok(false),
            result => result.map(|()| true),
        })?;
        self.wait_until(|| Ok(self.partitions(name)?.is_some_and(|partitions| partitions > 0)))?;
        Ok(is_new)
    }

    /// Gives a topic so many partitions in all, and waits until the brokers know them. Keys move to other partitions.
    ///
    /// # Errors
    /// There is no such topic, it has as many or more, no right to do it, or no answer.
    pub fn add_partitions(&self, name: &str, total: i32) -> Result<(), Fault> {
        let count = usize::try_from(total).unwrap_or(0);
        self.ask(&format!("topic `{name}`"), |left| self.client.add_partitions(name, count, left))?;
        self.wait_until(|| Ok(self.partitions(name)?.is_some_and(|partitions| partitions >= total)))
    }

    /// Deletes a topic, and waits until the brokers have forgotten it; whether it was there.
    ///
    /// # Errors
    /// No right to do it, or no answer.
    pub fn delete_topic(&self, name: &str) -> Result<bool, Fault> {
        let was_there =
            self.ask(&format!("deleting topic `{name}`"), |left| match self.client.delete_topic(name, left) {
                Err(failure) if failure.code == Code::UNKNOWN_TOPIC_OR_PARTITION => Ok(false),
                result => result.map(|()| true),
            })?;
        self.wait_until(|| Ok(self.partitions(name)?.is_none()))?;
        Ok(was_there)
    }

    /// Oldest and next offset of a partition.
    ///
    /// # Errors
    /// There is no such partition, or no answer.
    pub fn watermarks(&self, at: &TopicPartition) -> Result<Watermarks, Fault> {
        let (low, high) =
            self.ask(&format!("topic `{}`", at.topic), |left| self.client.watermarks(&at.topic, at.partition, left))?;
        Ok(Watermarks { low, high })
    }

    /// Oldest and next offset of many partitions, in two questions to each broker; none where one does not answer for it.
    ///
    /// # Errors
    /// No answer at all.
    pub fn all_watermarks(&self, of: &[TopicPartition]) -> Result<Vec<Option<Watermarks>>, Fault> {
        let ends = |which: i64| {
            let list = || Partitions::new(of.iter().map(|at| (&*at.topic, at.partition, which)));
            self.ask("asking for the ends of partitions", |left| self.client.offsets_for_times(&list(), left))
        };
        let (lows, highs) = (ends(Partitions::BEGINNING)?, ends(Partitions::END)?);
        let known = |entry: Partition| (entry.code == Code::NONE && entry.offset >= 0).then_some(entry.offset);
        let marks = |(low, high)| Some(Watermarks { low: known(low)?, high: known(high)? });
        Ok(lows.into_iter().zip(highs).map(marks).collect())
    }

    /// The settings of a topic, as the broker has them, defaults among them.
    ///
    /// # Errors
    /// There is no such topic, no right to look, or no answer.
    pub fn topic_settings(&self, topic: &str) -> Result<BTreeMap<String, String>, Fault> {
        self.ask(&format!("the settings of topic `{topic}`"), |left| self.client.topic_settings(topic, left))
    }

    /// For each partition the first offset whose timestamp (ms) is this or later; none where there is no such record.
    ///
    /// # Errors
    /// There is no such partition, or no answer.
    pub fn offsets_for_times(&self, times: &[(TopicPartition, i64)]) -> Result<Vec<Option<i64>>, Fault> {
        let list = || Partitions::new(times.iter().map(|(at, ms)| (&*at.topic, at.partition, *ms)));
        let found = self.ask("looking up timestamps", |left| {
            let found = self.client.offsets_for_times(&list(), left)?;
            found.iter().try_for_each(|entry| entry.code.check())?;
            Ok(found)
        })?;
        Ok(found.into_iter().map(|entry| (entry.offset >= 0).then_some(entry.offset)).collect())
    }

    /// Deletes the records before these offsets (−1: all there are); gives the oldest offsets that are left.
    ///
    /// # Errors
    /// There is no such partition, an offset behind its end, no right to do it, or no answer.
    pub fn delete_records(&self, before: &[Offset]) -> Result<Vec<Offset>, Fault> {
        let list = || Partitions::new(before.iter().map(|end| (&*end.at.topic, end.at.partition, end.next)));
        let left = self.ask("deleting records", |left| {
            let left = self.client.delete_records(&list(), left)?;
            left.iter().try_for_each(|entry| entry.code.check())?;
            Ok(left)
        })?;
        Ok(left
            .into_iter()
            .map(|entry| Offset { at: TopicPartition::new(entry.topic, entry.partition), next: entry.offset })
            .collect())
    }

    /// Asks until there is an answer that is not "later", a broker says why not, nobody wants to know any more, or the time
    /// is over. That no broker is there, or hangs up, ends it after a quarter of the time, or [`ABSENT`]; one that is silent
    /// is waited for.
    pub(super) fn ask<T>(&self, about: &str, question: impl Fn(Duration) -> Result<T, Failure>) -> Result<T, Fault> {
        self.try_ask(question).map_err(|failure| self.fault(about, &failure))
    }

    pub(super) fn try_ask<T>(&self, question: impl Fn(Duration) -> Result<T, Failure>) -> Result<T, Failure> {
        let start = Instant::now();
        // Each question takes longer than the one before: an answer that comes after its question was given up is lost.
        let mut slice = (self.within / 4).min(FIRST_QUESTION);
        let mut down = None;
        loop {
            let left = self.within.saturating_sub(start.elapsed());
            let failure = match question(slice.min(left).max(Duration::from_millis(50))) {
                Ok(answer) => {
                    // What was wrong before is none of the next question's.
                    *lock(&self.outage) = Outage::default();
                    self.client.hung_up();
                    return Ok(answer);
                }
                Err(failure) => failure,
            };
            slice = (2 * slice).min(self.within);
            down = self.hear_errors().or(down);
            if !is_passing(failure.code) && !is_silence(failure.code) {
                return Err(failure);
            }
            // It answers, and lets nobody in.
            if let Some(refusal) = down.as_ref().filter(|down| !is_silence(down.code)) {
                return Err(refusal.clone());
            }
            let waits = match &down {
                Some(down) if is_stall(down) => self.within,
                Some(_) => ABSENT.min(self.within / 4),
                None => self.within,
            };
            if start.elapsed() >= waits || (self.is_unwanted)() {
                return Err(down.unwrap_or(failure));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// What the client has complained of meanwhile.
    fn hear_errors(&self) -> Option<Failure> {
        let mut told = None;
        while let Some(event) = self.errors.poll(Duration::ZERO) {
            if event.kind() == EventKind::Error {
                told = lock(&self.outage).hear(&event.failure(), self.client.hung_up()).or(told);
            }
        }
        told
    }

    fn wait_until(&self, is_so: impl Fn() -> Result<bool, Fault>) -> Result<(), Fault> {
        let end = Instant::now() + self.within;
        while !is_so()? && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    pub(super) fn fault(&self, about: &str, failure: &Failure) -> Fault {
        fault(&self.settings, about, failure)
    }
}

fn sorted(topics: Vec<ffi::TopicState>) -> Vec<TopicInfo> {
    let info = |topic: ffi::TopicState| TopicInfo {
        is_internal: topic.name.starts_with("__"),
        name: topic.name,
        partitions: topic.partitions,
        replication: topic.replication,
    };
    let mut topics: Vec<TopicInfo> = topics.into_iter().map(info).collect();
    topics.sort_by(|a, b| a.name.cmp(&b.name));
    topics
}

/// No broker has said anything.
pub(super) fn is_silence(code: Code) -> bool {
    matches!(code, Code::TRANSPORT | Code::TIMED_OUT | Code::TIMED_OUT_QUEUE | Code::ALL_BROKERS_DOWN | Code::RESOLVE)
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").field("settings", &self.settings).finish_non_exhaustive()
    }
}
