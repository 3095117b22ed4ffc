//! What only brokers know of partitions: how far they really go (a client whose queue is full hears of no newer end), how
//! long records are kept, and what time a record carries that has not been read. Asked by a thread of its own, and only
//! while somebody watches.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{Keeps, Watch};
use crate::engine::hub::ClusterSettings;
use crate::kafka::{Admin, TopicPartition, timestamps};
use crate::problem::Fault;

/// How often partitions are asked for.
const EVERY: Duration = Duration::from_secs(1);
/// How often the settings of topics are asked for.
const SETTINGS_EVERY: Duration = Duration::from_secs(60);
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
    pub(crate) fn start(watch: Arc<Watch>, clusters: ClusterSettings) -> Result<Asking, Fault> {
        let is_over = Arc::new(AtomicBool::new(false));
        let asker = Asker { watch, clusters, admins: BTreeMap::new(), settings_asked: BTreeMap::new() };
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
    admins: BTreeMap<String, Admin>,
    settings_asked: BTreeMap<(String, String), Instant>,
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
        if !self.admins.contains_key(cluster) {
            self.admins.insert(cluster.to_string(), Admin::open(settings, WITHIN)?);
        }
        let Some(admin) = self.admins.get(cluster) else { return Ok(()) };
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
        self.ask_settings(cluster, &all)
    }

    fn ask_settings(&mut self, cluster: &str, all: &[TopicPartition]) -> Result<(), Fault> {
        let Some(admin) = self.admins.get(cluster) else { return Ok(()) };
        for at in all {
            let topic = (cluster.to_string(), at.topic.to_string());
            if self.settings_asked.get(&topic).is_some_and(|last| last.elapsed() < SETTINGS_EVERY) {
                continue;
            }
            self.settings_asked.insert(topic, Instant::now());
            // Not everybody may look at settings: then it stays unknown.
            let Ok(settings) = admin.topic_settings(&at.topic) else { continue };
            let keeps = keeps(&settings);
            let partitions = all.iter().filter(|other| other.topic == at.topic).map(|other| other.partition);
            for partition in partitions {
                self.watch.lock().partitions.answer(cluster, &at.topic, partition, |asked| asked.keeps = keeps);
            }
        }
        Ok(())
    }
}

/// How long a topic with these settings keeps records.
fn keeps(settings: &BTreeMap<String, String>) -> Option<Keeps> {
    let policy = settings.get("cleanup.policy")?;
    if !policy.split(',').any(|word| word.trim() == "delete") {
        return Some(Keeps::NewestOfKey);
    }
    match settings.get("retention.ms")?.parse::<i64>().ok()? {
        ..0 => Some(Keeps::Always),
        ms => Some(Keeps::ForMs(ms)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_say_how_long_records_are_kept() {
        for (policy, retention, expected) in [
            ("delete", "60000", Some(Keeps::ForMs(60_000))),
            ("delete", "-1", Some(Keeps::Always)),
            ("compact", "60000", Some(Keeps::NewestOfKey)),
            ("compact,delete", "60000", Some(Keeps::ForMs(60_000))),
            ("delete", "soon", None),
        ] {
            let settings = [("cleanup.policy", policy), ("retention.ms", retention)];
            let settings = settings.map(|(name, value)| (name.to_string(), value.to_string())).into();
            assert_eq!(keeps(&settings), expected, "{policy}, {retention}");
        }
        assert_eq!(keeps(&BTreeMap::new()), None);
    }
}
