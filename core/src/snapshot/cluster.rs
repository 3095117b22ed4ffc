//! A cluster as it is seen from outside: brokers, topics, groups that may be anybody's. Only what somebody looks at is
//! known closely; of the rest there are names and states.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Drain, PartitionSnapshot, Past, Retention, TapRow, Verdict};

/// What somebody looks at in a cluster, and so what is asked closely.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClusterWanted {
    /// groups whose figures are on the screen
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// topics whose figures are on the screen
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<String>,
    /// which of the clusters that a run uses; without a name, the first
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// records that are looked at
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<RecordsWanted>,
    /// the group whose partitions are looked at
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opened: Option<String>,
    /// with samples of its past
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub past: bool,
}

/// Records of a topic that somebody looks at: the newest, or those of a partition from an offset on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordsWanted {
    /// the topic
    pub topic: String,
    /// partition, and offset of the first; without them the newest of all
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<(i32, i64)>,
}

/// A cluster at one instant.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClusterSnapshot {
    /// wall clock, in milliseconds since 1970
    pub at_ms: i64,
    /// its name among the clusters that a run uses; empty where it is looked at alone
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// the clusters that the run uses, the first of them first
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clusters: Vec<String>,
    /// how long it took to list its groups, in milliseconds
    pub answered_ms: f64,
    /// brokers, by number
    pub brokers: Vec<BrokerSnapshot>,
    /// topics, by name
    pub topics: Vec<TopicSnapshot>,
    /// groups, by name
    pub groups: Vec<GroupSnapshot>,
    /// empty groups of which nobody has found out yet whether something is behind
    pub unsearched: usize,
    /// the group whose partitions are looked at
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opened: Option<OpenedGroup>,
    /// records of the topic that is looked at
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<TopicRecords>,
}

/// A broker.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BrokerSnapshot {
    /// its number
    pub id: i32,
    /// `host:port`, as it says that it is reached
    pub address: String,
    /// it leads the others
    pub is_controller: bool,
}

/// A topic.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TopicSnapshot {
    /// its name
    pub name: String,
    /// number of its partitions
    pub partitions: i32,
    /// copies of each record
    pub replication: i32,
    /// Kafka's own
    pub is_internal: bool,
    /// offsets between the oldest and the newest record, of all partitions
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<u64>,
    /// records per second that are written to it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written: Option<f64>,
    /// how long it keeps records
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keeps: Option<Keeps>,
}

/// Records of a topic, as one reads them who knows nothing of their format: objects and lists of JSON are that, other text is
/// text, all else `{"base64": …}`. What is long is cut, and ends with `…`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TopicRecords {
    /// which they are
    pub of: RecordsWanted,
    /// the newest last, by their timestamps; of one partition in its order
    pub rows: Vec<TapRow>,
    /// partitions that were not looked at, since there are too many
    pub partitions_left_out: usize,
    /// why there are none
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// How long a topic keeps records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keeps {
    /// so many milliseconds
    ForMs(i64),
    /// for ever
    Always,
    /// the newest of each key, for ever
    NewestOfKey,
}

/// A consumer group.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GroupSnapshot {
    /// its name
    pub name: String,
    /// Kafka's word for it: `Stable`, `Empty`, `PreparingRebalance`…
    pub state: String,
    /// how many are in it, where that is known
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<usize>,
    /// nobody is in it, and something is behind
    pub is_left_behind: bool,
    /// topics that it has committed to, by name
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<String>,
    /// how far it is, once it was looked at
    #[serde(skip_serializing_if = "Option::is_none")]
    pub figures: Option<GroupFigures>,
    /// why nothing is known of it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// How far a group is, over all its partitions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GroupFigures {
    /// when it was looked at, by the wall clock, in milliseconds
    pub at_ms: i64,
    /// partitions that it has committed to
    pub partitions: usize,
    /// records behind; absent where that of one partition is not known
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag: Option<i64>,
    /// age of the oldest record that is not done, in milliseconds; absent where there is none, and where that of one
    /// partition is not known
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<i64>,
    /// records per second by which the lag grows
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trend: Option<f64>,
    /// records per second that are written to what it reads
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written: Option<f64>,
    /// the worst verdict of its partitions
    pub verdict: Verdict,
    /// since when it is so, by the wall clock, in milliseconds
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<i64>,
    /// the partition that has it, and the rule that fired, in words
    pub rule: String,
    /// when all its lag will be gone
    pub drain: Drain,
}

/// A group whose partitions are looked at.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OpenedGroup {
    /// its name
    pub name: String,
    /// partitions that it has committed to, by topic and number; they belong to no node
    pub partitions: Vec<PartitionSnapshot>,
    /// samples of their past, where they were asked for
    #[serde(skip_serializing_if = "Option::is_none")]
    pub past: Option<Past>,
}

impl ClusterSnapshot {
    /// A group by its name.
    pub fn group(&self, name: &str) -> Option<&GroupSnapshot> {
        self.groups.binary_search_by(|group| group.name.as_str().cmp(name)).ok().map(|place| &self.groups[place])
    }

    /// A topic by its name.
    pub fn topic(&self, name: &str) -> Option<&TopicSnapshot> {
        self.topics.binary_search_by(|topic| topic.name.as_str().cmp(name)).ok().map(|place| &self.topics[place])
    }
}

impl GroupSnapshot {
    /// Nobody is in it.
    pub fn is_empty(&self) -> bool {
        matches!(self.state.as_str(), "Empty" | "Dead")
    }
}

impl GroupFigures {
    /// What partitions come to together.
    pub fn of(at_ms: i64, partitions: &[PartitionSnapshot]) -> GroupFigures {
        // Of the worst the one that is furthest behind speaks for all.
        let worst = partitions.iter().max_by_key(|partition| (partition.verdict, partition.lag));
        let is_old_known = partitions.iter().all(|partition| partition.lag == Some(0) || partition.age_ms.is_some());
        let drains = partitions.iter().filter(|partition| partition.lag != Some(0)).map(|partition| partition.drain);
        GroupFigures {
            at_ms,
            partitions: partitions.len(),
            lag: partitions.iter().map(|partition| partition.lag).sum(),
            age_ms: partitions.iter().filter_map(|partition| partition.age_ms).max().filter(|_| is_old_known),
            trend: partitions.iter().map(|partition| partition.trend).sum(),
            written: partitions.iter().map(|partition| partition.written).sum(),
            verdict: worst.map(|worst| worst.verdict).unwrap_or_default(),
            since_ms: worst.and_then(|worst| worst.since_ms),
            rule: worst.map_or("it has committed nothing".into(), |worst| {
                format!("{}-{}: {}", worst.topic, worst.partition, worst.rule)
            }),
            drain: drains.fold(Drain::Done, Drain::later),
        }
    }
}

impl Keeps {
    /// As a topic's settings say; nothing where they do not.
    pub fn of_settings(settings: &BTreeMap<String, String>) -> Option<Keeps> {
        let policy = settings.get("cleanup.policy")?;
        if !policy.split(',').any(|word| word.trim() == "delete") {
            return Some(Keeps::NewestOfKey);
        }
        match settings.get("retention.ms")?.parse::<i64>().ok()? {
            ..0 => Some(Keeps::Always),
            ms => Some(Keeps::ForMs(ms)),
        }
    }

    /// When a record with this timestamp goes, as of now.
    pub fn retention(of_topic: Option<Keeps>, stamp_ms: Option<i64>, now_ms: i64) -> Retention {
        match (of_topic, stamp_ms) {
            (Some(Keeps::NewestOfKey), _) => Retention::Compacted,
            (Some(Keeps::Always), _) => Retention::Never,
            (Some(Keeps::ForMs(keeps)), Some(stamp)) => {
                Retention::Time { left_ms: stamp.saturating_add(keeps).saturating_sub(now_ms) }
            }
            _ => Retention::Unknown,
        }
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
            assert_eq!(Keeps::of_settings(&settings), expected, "{policy}, {retention}");
        }
        assert_eq!(Keeps::of_settings(&BTreeMap::new()), None);
    }

    #[test]
    fn a_group_is_as_its_worst_partition_and_knows_no_more_than_all_of_them() {
        let of = |partition, lag, age_ms, verdict, drain| PartitionSnapshot {
            topic: "t".into(),
            partition,
            lag,
            age_ms,
            trend: Some(1.5),
            verdict,
            rule: "so".into(),
            drain,
            ..PartitionSnapshot::default()
        };
        let done = of(0, Some(0), None, Verdict::Ok, Drain::Done);
        let soon = of(1, Some(5), Some(900), Verdict::Draining, Drain::In { ms: 4_000 });
        let late = of(2, Some(7), Some(300), Verdict::Draining, Drain::In { ms: 9_000 });
        let all = GroupFigures::of(1, &[done.clone(), soon.clone(), late.clone()]);
        assert_eq!((all.lag, all.age_ms, all.trend, all.written), (Some(12), Some(900), Some(4.5), None));
        assert_eq!((all.verdict, all.rule.as_str()), (Verdict::Draining, "t-2: so"));
        assert_eq!(all.drain, Drain::In { ms: 9_000 });
        let blind = of(3, None, None, Verdict::Unknown, Drain::Unknown);
        let all = GroupFigures::of(1, &[soon, blind]);
        assert_eq!((all.lag, all.age_ms, all.verdict), (None, None, Verdict::Unknown), "never a clean figure");
        assert_eq!(all.drain, Drain::Unknown);
        assert_eq!(GroupFigures::of(1, &[done]).drain, Drain::Done);
        assert_eq!(GroupFigures::of(1, &[]).rule, "it has committed nothing");
    }
}
