//! What only brokers know of partitions: how far they really go (a client whose queue is full hears of no newer end), how
//! long records are kept, what time a record carries that has not been read, and what other members of the group do. Asked
//! by a thread of its own, and only while somebody watches.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::Watch;
use crate::cluster::ClusterWatch;
use crate::engine::hub::ClusterSettings;
use crate::kafka::{Admin, TopicPartition, timestamps};
use crate::problem::Fault;
use crate::snapshot::{ClusterWanted, Keeps};

/// How often partitions are asked for.
const EVERY: Duration = Duration::from_secs(1);
/// How often the settings of topics are asked for.
const SETTINGS_EVERY: Duration = Duration::from_secs(60);
/// How often it is asked who is in the group.
const MEMBERS_EVERY: Duration = Duration::from_secs(5);
/// How long an answer may take.
const WITHIN: Duration = Duration::from_secs(5);
/// How long a record is waited for that nobody has read.
const RECORD_WITHIN: Duration = Duration::from_secs(2);

/// The thread that asks; it ends with this.
pub(crate) struct Asking {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Asking {
    /// Begins to ask.
    ///
    /// # Errors
    /// No thread.
    pub(crate) fn start(watch: Arc<Watch>, clusters: ClusterSettings, group: String) -> Result<Asking, Fault> {
        let is_over = Arc::new(AtomicBool::new(false));
        let asker = Asker { watch, clusters, group, asked: BTreeMap::new(), settings_asked: BTreeMap::new() };
        let over = is_over.clone();
        let thread = std::thread::Builder::new().name("asker".into()).spawn(move || asker.run(&over));
        let thread = thread.map_err(|why| Fault::outside(format!("no thread that asks brokers: {why}")))?;
        Ok(Asking { is_over, thread: Some(thread) })
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // Not waited for: a broker that does not answer would keep the program from its end.
        }
    }
}

struct Asker {
    watch: Arc<Watch>,
    clusters: ClusterSettings,
    group: String,
    /// by cluster
    asked: BTreeMap<String, Asked>,
    settings_asked: BTreeMap<(String, String), Instant>,
}

/// A cluster that is asked.
struct Asked {
    admin: Admin,
    members_asked: Option<Instant>,
    /// who looks at what others of the group do, where there are some
    others: Option<ClusterWatch>,
}

/// Partitions of one cluster, and offsets of records whose time is wanted.
type Questions = Vec<(TopicPartition, Option<i64>)>;

impl Asker {
    fn run(mut self, is_over: &AtomicBool) {
        while !is_over.load(Ordering::Acquire) {
            let mut clusters: BTreeMap<String, Questions> = BTreeMap::new();
            for ((cluster, topic, partition), wanted) in self.watch.lock().partitions.questions() {
                clusters.entry(cluster).or_default().push((TopicPartition::new(topic, partition), wanted));
            }
            for (cluster, questions) in clusters {
                if let Err(fault) = self.ask(&cluster, &questions) {
                    tracing::debug!("asking cluster `{cluster}`: {fault}");
                    self.watch.lock().partitions.answers_no_more(&cluster);
                }
            }
            std::thread::park_timeout(EVERY);
        }
    }

    fn ask(&mut self, cluster: &str, questions: &Questions) -> Result<(), Fault> {
        let Some(settings) = self.clusters.get(cluster) else { return Ok(()) };
        if !self.asked.contains_key(cluster) {
            let admin = Admin::open(settings, WITHIN)?;
            self.asked.insert(cluster.to_string(), Asked { admin, members_asked: None, others: None });
        }
        let Some(Asked { admin, .. }) = self.asked.get(cluster) else { return Ok(()) };
        let all: Vec<TopicPartition> = questions.iter().map(|(at, _)| at.clone()).collect();
        let marks = admin.all_watermarks(&all)?;
        for (at, marks) in all.iter().zip(marks) {
            self.watch.lock().partitions.answer(cluster, &at.topic, at.partition, |asked| {
                (asked.low, asked.high) = (marks.map(|marks| marks.low), marks.map(|marks| marks.high));
            });
        }
        let wanted: Vec<(TopicPartition, i64)> =
            questions.iter().filter_map(|(at, wanted)| Some((at.clone(), (*wanted)?))).collect();
        if !wanted.is_empty() {
            let found = timestamps(settings, &wanted, RECORD_WITHIN)?;
            for ((at, offset), stamp) in wanted.iter().zip(found) {
                self.watch.lock().partitions.answer(cluster, &at.topic, at.partition, |asked| {
                    asked.stamp = stamp.map(|stamp| (*offset, stamp));
                });
            }
        }
        self.ask_settings(cluster, &all)?;
        self.ask_others(cluster)
    }

    /// What other members of the group read, and how far they are with it.
    fn ask_others(&mut self, cluster: &str) -> Result<(), Fault> {
        let Some((settings, asked)) = self.clusters.get(cluster).zip(self.asked.get_mut(cluster)) else {
            return Ok(());
        };
        if asked.members_asked.is_none_or(|last| last.elapsed() >= MEMBERS_EVERY) {
            asked.members_asked = Some(Instant::now());
            let is_alone = asked.admin.group(&self.group)?.members.len() < 2;
            match (is_alone, &asked.others) {
                (true, _) => asked.others = None,
                (false, None) => asked.others = Some(ClusterWatch::open(settings)?),
                (false, Some(_)) => {}
            }
        }
        let wanted = ClusterWanted { opened: Some(self.group.clone()), ..ClusterWanted::default() };
        let seen = asked.others.as_mut().map(|watch| watch.look(&wanted)).transpose()?;
        let others = seen.and_then(|seen| seen.opened).map(|opened| opened.partitions).unwrap_or_default();
        self.watch.lock().partitions.others_have(cluster, others);
        Ok(())
    }

    fn ask_settings(&mut self, cluster: &str, all: &[TopicPartition]) -> Result<(), Fault> {
        let Some(Asked { admin, .. }) = self.asked.get(cluster) else { return Ok(()) };
        for at in all {
            let topic = (cluster.to_string(), at.topic.to_string());
            if self.settings_asked.get(&topic).is_some_and(|last| last.elapsed() < SETTINGS_EVERY) {
                continue;
            }
            self.settings_asked.insert(topic, Instant::now());
            // Not everybody may look at settings: then it stays unknown.
            let Ok(settings) = admin.topic_settings(&at.topic) else { continue };
            let keeps = Keeps::of_settings(&settings);
            let partitions = all.iter().filter(|other| other.topic == at.topic).map(|other| other.partition);
            for partition in partitions {
                self.watch.lock().partitions.answer(cluster, &at.topic, partition, |asked| asked.keeps = keeps);
            }
        }
        Ok(())
    }
}
