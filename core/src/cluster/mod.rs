//! Groups of a cluster, watched from outside, whoever they belong to: which there are, who is in them, how far behind each
//! is by the same rules as a run of ours. What is looked at is asked closely; of all else the names, and, little by little,
//! whether an empty group has left something behind. It is in no group, commits nothing and leaves no trace.
//!
//! - `group`: what is remembered of a group, partition by partition
//! - `records`: records of a topic

mod group;
mod records;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::{Duration, Instant};

use crate::engine::wall_ms;
use crate::kafka::{Admin, ClientSettings, Offset, TopicPartition, Watermarks, timestamps};
use crate::problem::Fault;
use crate::snapshot::{BrokerSnapshot, ClusterSnapshot, ClusterWanted, Keeps, OpenedGroup, TopicSnapshot};
use group::Group;
use records::Looked;

/// How often it is worth to look: verdicts rest on commits that are no closer than a second.
pub const EVERY: Duration = Duration::from_secs(2);
/// How long an answer may take.
const WITHIN: Duration = Duration::from_secs(10);
/// How often brokers and topics are listed.
const TOPICS_EVERY: Duration = Duration::from_secs(10);
/// How often it is asked who is in a group whose state stays.
const MEMBERS_EVERY: Duration = Duration::from_secs(10);
/// How often the settings of a topic are asked for.
const SETTINGS_EVERY: Duration = Duration::from_secs(60);
/// Topics whose settings are asked for at one look.
const SETTINGS_AT_ONCE: usize = 20;
/// Empty groups that one look searches for something left behind, and when a group is due again.
const SEARCHED_AT_ONCE: usize = 100;
const SEARCH_EVERY: Duration = Duration::from_secs(30);
/// Records whose timestamps one look reads, and how long it waits for them.
const STAMPS_AT_ONCE: usize = 200;
const STAMPS_WITHIN: Duration = Duration::from_secs(1);

/// A cluster that is watched.
pub struct ClusterWatch {
    settings: ClientSettings,
    admin: Admin,
    listed: Option<Instant>,
    answered_ms: f64,
    brokers: Vec<BrokerSnapshot>,
    topics: BTreeMap<String, Topic>,
    groups: BTreeMap<String, Group>,
    /// of the topic that is looked into
    records: Option<Looked>,
}

/// What is remembered of a topic.
#[derive(Default)]
struct Topic {
    told: TopicSnapshot,
    /// when its ends were asked for last, and the sum of them
    ends: Option<(Instant, i64)>,
    settings_asked: Option<Instant>,
}

/// Oldest and next offsets of partitions, as far as they are known.
type Marks = BTreeMap<TopicPartition, Watermarks>;

impl ClusterWatch {
    /// Connects in the background; the first look finds out whether a broker answers.
    ///
    /// # Errors
    /// A property that the client refuses.
    pub fn open(settings: &ClientSettings) -> Result<ClusterWatch, Fault> {
        Ok(ClusterWatch {
            settings: settings.clone(),
            admin: Admin::open(settings, WITHIN)?,
            listed: None,
            answered_ms: 0.0,
            brokers: Vec::new(),
            topics: BTreeMap::new(),
            groups: BTreeMap::new(),
            records: None,
        })
    }

    /// Looks once; it waits for the answers. The first look brings names and states alone, so that there soon is something to
    /// choose from.
    ///
    /// # Errors
    /// No broker answers, or nobody may look.
    pub fn look(&mut self, wanted: &ClusterWanted) -> Result<ClusterSnapshot, Fault> {
        let is_first = self.listed.is_none();
        self.list()?;
        if !is_first {
            self.ask(wanted)?;
        }
        Ok(self.snapshot(wanted))
    }

    /// Which brokers, topics and groups there are.
    fn list(&mut self) -> Result<(), Fault> {
        if self.listed.is_none_or(|listed| listed.elapsed() >= TOPICS_EVERY) {
            let (brokers, topics) = self.admin.cluster()?;
            let broker = |it: crate::kafka::BrokerInfo| BrokerSnapshot {
                id: it.id,
                address: it.address,
                is_controller: it.is_controller,
            };
            self.brokers = brokers.into_iter().map(broker).collect();
            let mut known = std::mem::take(&mut self.topics);
            for info in topics {
                let mut topic = known.remove(&info.name).unwrap_or_default();
                topic.told.name.clone_from(&info.name);
                topic.told.partitions = info.partitions;
                topic.told.replication = info.replication;
                topic.told.is_internal = info.is_internal;
                self.topics.insert(info.name, topic);
            }
            self.listed = Some(Instant::now());
        }
        let asked = Instant::now();
        let groups = self.admin.groups()?;
        self.answered_ms = asked.elapsed().as_secs_f64() * 1000.0;
        let mut known = std::mem::take(&mut self.groups);
        for info in groups {
            let mut group = known.remove(&info.name).unwrap_or_default();
            group.is_in_state(info.state, info.is_classic);
            self.groups.insert(info.name, group);
        }
        Ok(())
    }

    /// What is known of those that are looked at only when it is asked for.
    fn ask(&mut self, wanted: &ClusterWanted) -> Result<(), Fault> {
        let watched: BTreeSet<String> = wanted.groups.iter().chain(&wanted.opened).cloned().collect();
        let watched: BTreeSet<String> = watched.into_iter().filter(|name| self.groups.contains_key(name)).collect();
        self.ask_members(&watched);
        let unsearched = self.unsearched().filter(|name| !watched.contains(*name)).take(SEARCHED_AT_ONCE);
        let searched: Vec<String> = unsearched.cloned().collect();
        let asked: Vec<&str> = watched.iter().chain(&searched).map(String::as_str).collect();
        let answers = self.admin.offsets_of_groups(&asked)?;
        let mut offsets: BTreeMap<String, Vec<Offset>> = BTreeMap::new();
        for (name, answer) in asked.iter().zip(answers) {
            let Some(group) = self.groups.get_mut(*name) else { continue };
            match answer {
                Ok(of_group) => {
                    group.fault = None;
                    // A topic that was deleted leaves its offsets behind.
                    let is_there = |at: &TopicPartition| {
                        self.topics.get(&*at.topic).is_some_and(|topic| at.partition < topic.told.partitions)
                    };
                    offsets.insert(name.to_string(), of_group.into_iter().filter(|it| is_there(&it.at)).collect());
                }
                Err(fault) => group.fault = Some(fault.message),
            }
        }
        let marks = self.ask_marks(wanted, &offsets)?;
        self.note(&watched, offsets, &marks);
        self.ask_records(wanted, &marks);
        self.ask_stamps(wanted)?;
        self.ask_settings(wanted);
        Ok(())
    }

    fn ask_members(&mut self, watched: &BTreeSet<String>) {
        for name in watched {
            let Some(group) = self.groups.get_mut(name).filter(|group| group.wants_members(MEMBERS_EVERY)) else {
                continue;
            };
            match self.admin.group(name) {
                Ok(info) => group.has_members(info.members),
                Err(fault) => group.fault = Some(fault.message),
            }
        }
    }

    /// Empty groups of which it is not known, or not any more, whether they have left something behind.
    fn unsearched(&self) -> impl Iterator<Item = &String> {
        self.groups.iter().filter(|(_, group)| group.wants_search(SEARCH_EVERY)).map(|(name, _)| name)
    }

    /// The ends of all partitions that matter, in one question to each broker.
    fn ask_marks(&mut self, wanted: &ClusterWanted, offsets: &BTreeMap<String, Vec<Offset>>) -> Result<Marks, Fault> {
        let mut all: BTreeSet<TopicPartition> = offsets.values().flatten().map(|offset| offset.at.clone()).collect();
        for name in wanted.topics.iter().chain(wanted.records.as_ref().map(|records| &records.topic)) {
            let count = self.topics.get(name).map_or(0, |topic| topic.told.partitions);
            all.extend((0..count).map(|partition| TopicPartition::new(name.as_str(), partition)));
        }
        let all: Vec<TopicPartition> = all.into_iter().collect();
        if all.is_empty() {
            return Ok(Marks::new());
        }
        let found = self.admin.all_watermarks(&all)?;
        let marks: Marks = all.into_iter().zip(found).filter_map(|(at, marks)| Some((at, marks?))).collect();
        for name in &wanted.topics {
            if let Some(topic) = self.topics.get_mut(name) {
                topic.has_ends(&marks);
            }
        }
        Ok(marks)
    }

    fn note(&mut self, watched: &BTreeSet<String>, offsets: BTreeMap<String, Vec<Offset>>, marks: &Marks) {
        let at_ms = wall_ms();
        for (name, offsets) in offsets {
            let Some(group) = self.groups.get_mut(&name) else { continue };
            match watched.contains(&name) {
                true => group.push(at_ms, &offsets, marks),
                false => group.is_searched(&offsets, marks),
            }
        }
    }

    /// How old what is behind is: of the opened group first, then of those on the screen, until there are enough.
    fn ask_stamps(&mut self, wanted: &ClusterWanted) -> Result<(), Fault> {
        let mut asked: BTreeSet<(TopicPartition, i64)> = BTreeSet::new();
        for name in wanted.opened.iter().chain(&wanted.groups) {
            let Some(group) = self.groups.get(name) else { continue };
            for question in group.stamps_wanted() {
                if asked.len() == STAMPS_AT_ONCE {
                    break;
                }
                asked.insert(question);
            }
        }
        // One offset of each partition at a time: another group's has its turn at the next look.
        let mut at: BTreeMap<TopicPartition, i64> = BTreeMap::new();
        for (partition, offset) in asked {
            at.entry(partition).or_insert(offset);
        }
        if at.is_empty() {
            return Ok(());
        }
        let at: Vec<(TopicPartition, i64)> = at.into_iter().collect();
        let found = timestamps(&self.settings, &at, STAMPS_WITHIN)?;
        for ((at, offset), stamp) in at.iter().zip(found) {
            let Some(stamp) = stamp else { continue };
            for group in self.groups.values_mut() {
                group.has_stamp(at, *offset, stamp);
            }
        }
        Ok(())
    }

    /// Reads records of the topic that is looked into.
    fn ask_records(&mut self, wanted: &ClusterWanted, marks: &Marks) {
        let before = self.records.take();
        let Some(records) = &wanted.records else { return };
        let of_topic = marks.iter().filter(|(at, _)| *at.topic == *records.topic);
        let marks = of_topic.map(|(at, marks)| (at.clone(), *marks)).collect();
        self.records = Some(Looked::look(before, &self.settings, records, marks));
    }

    fn ask_settings(&mut self, wanted: &ClusterWanted) {
        let of_opened = wanted.opened.iter().filter_map(|name| self.groups.get(name)).flat_map(Group::topics);
        let names: BTreeSet<String> = of_opened.chain(wanted.topics.iter().cloned()).collect();
        let mut left = SETTINGS_AT_ONCE;
        for name in names {
            let Some(topic) = self.topics.get_mut(&name) else { continue };
            if left == 0 || topic.settings_asked.is_some_and(|asked| asked.elapsed() < SETTINGS_EVERY) {
                continue;
            }
            left -= 1;
            topic.settings_asked = Some(Instant::now());
            // Not everybody may look at settings: then it stays unknown.
            topic.told.keeps = self.admin.topic_settings(&name).ok().and_then(|it| Keeps::of_settings(&it));
        }
    }

    fn snapshot(&self, wanted: &ClusterWanted) -> ClusterSnapshot {
        let at_ms = wall_ms();
        let keeps = |topic: &str| self.topics.get(topic).and_then(|topic| topic.told.keeps);
        let opened = wanted.opened.as_ref().and_then(|name| Some((name, self.groups.get(name)?)));
        ClusterSnapshot {
            at_ms,
            answered_ms: self.answered_ms,
            brokers: self.brokers.clone(),
            topics: self.topics.values().map(|topic| topic.told.clone()).collect(),
            groups: self.groups.iter().map(|(name, group)| group.snapshot(name, at_ms)).collect(),
            unsearched: self.unsearched().count(),
            opened: opened.map(|(name, group)| OpenedGroup {
                name: name.clone(),
                partitions: group.partitions(at_ms, keeps),
                past: wanted.past.then(|| group.past(at_ms)),
            }),
            records: self.records.as_ref().map(|looked| looked.told.clone()).filter(|_| wanted.records.is_some()),
            ..ClusterSnapshot::default()
        }
    }
}

impl Topic {
    /// The ends of its partitions, and so how many records are in it, and how fast they come.
    fn has_ends(&mut self, marks: &Marks) {
        let all = (0..self.told.partitions).map(|it| marks.get(&TopicPartition::new(self.told.name.as_str(), it)));
        let Some(all) = all.collect::<Option<Vec<&Watermarks>>>() else {
            (self.told.records, self.told.written) = (None, None);
            return;
        };
        let end: i64 = all.iter().map(|marks| marks.high).sum();
        let low: i64 = all.iter().map(|marks| marks.low).sum();
        self.told.records = u64::try_from(end - low).ok();
        let now = Instant::now();
        let since = self.ends.filter(|(before, _)| now - *before <= TOPICS_EVERY);
        self.told.written = since.map(|(before, last)| (end - last).max(0) as f64 / (now - before).as_secs_f64());
        self.ends = Some((now, end));
    }
}

impl fmt::Debug for ClusterWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterWatch").field("settings", &self.settings).finish_non_exhaustive()
    }
}
