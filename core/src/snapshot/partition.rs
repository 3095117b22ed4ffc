//! Partitions that are read: where reading stands, how far behind it is in records and in time, and the verdict on that.

use serde::{Deserialize, Serialize};

/// A partition that is read. What is behind is counted from the safe offset of this run, which is what is committed next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PartitionSnapshot {
    /// the node that reads it
    pub node: String,
    /// cluster
    pub cluster: String,
    /// topic
    pub topic: String,
    /// partition
    pub partition: i32,
    /// offset of the oldest record that is there
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<i64>,
    /// offset behind the newest record
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<i64>,
    /// what the group has committed
    #[serde(skip_serializing_if = "Option::is_none")]
    pub committed: Option<i64>,
    /// offset of the next record to read; −1 before the first
    pub position: i64,
    /// the offset up to which everything is done; −1 before the first
    pub safe: i64,
    /// the end has been reached
    pub is_at_end: bool,
    /// records behind the safe offset that are still there
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag: Option<i64>,
    /// age of the oldest record that is not done, in milliseconds, by its own timestamp; absent where there is none, and
    /// where its timestamp is not known
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_ms: Option<i64>,
    /// records per second that are written to it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written: Option<f64>,
    /// records per second by which the lag grows, or shrinks, over 10 samples or 10 s, whichever is longer
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trend: Option<f64>,
    /// what to think of it
    pub verdict: Verdict,
    /// since when it is so, by the wall clock, in milliseconds
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<i64>,
    /// why, in words
    pub rule: String,
    /// when its lag will be gone
    pub drain: Drain,
    /// when retention deletes the oldest record that is not done
    pub retention: Retention,
    /// records that retention deleted before they were read
    pub lost: u64,
    /// who reads it: `this`, or another, as its client and the host that it connects from: `client@host`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// by what name the group knows that other
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
}

impl Default for PartitionSnapshot {
    fn default() -> PartitionSnapshot {
        PartitionSnapshot {
            node: String::new(),
            cluster: String::new(),
            topic: String::new(),
            partition: 0,
            low: None,
            high: None,
            committed: None,
            position: -1,
            safe: -1,
            is_at_end: false,
            lag: None,
            age_ms: None,
            written: None,
            trend: None,
            verdict: Verdict::default(),
            since_ms: None,
            rule: String::new(),
            drain: Drain::default(),
            retention: Retention::default(),
            lost: 0,
            owner: None,
            member: None,
        }
    }
}

impl PartitionSnapshot {
    /// Another member of the group reads it, not this run.
    pub fn is_of_another(&self) -> bool {
        self.member.is_some()
    }
}

/// What to think of a partition's lag, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// nothing is behind, or it keeps pace
    Ok,
    /// it is getting less far behind
    Draining,
    /// not enough is known yet
    #[default]
    Unknown,
    /// it is getting further behind
    Growing,
    /// what is done went back: records are read again
    Rewound,
    /// it is read, and nothing gets done
    Stalled,
    /// nobody reads it, and there is something to read
    Stopped,
}

impl Verdict {
    /// Its word, as it is written everywhere.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Draining => "draining",
            Verdict::Unknown => "unknown",
            Verdict::Growing => "growing",
            Verdict::Rewound => "rewound",
            Verdict::Stalled => "stalled",
            Verdict::Stopped => "stopped",
        }
    }
}

/// When a lag will be gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Drain {
    /// nobody can tell
    #[default]
    Unknown,
    /// there is none
    Done,
    /// as it goes, in so many milliseconds
    In {
        /// rounded up to seconds
        ms: i64,
    },
    /// as it goes, never: at each of the last 10 samples it was further behind
    Never,
}

impl Drain {
    /// The later of two, where both are known.
    pub fn later(self, other: Drain) -> Drain {
        match (self, other) {
            (Drain::Never, _) | (_, Drain::Never) => Drain::Never,
            (Drain::Unknown, _) | (_, Drain::Unknown) => Drain::Unknown,
            (Drain::Done, drain) | (drain, Drain::Done) => drain,
            (Drain::In { ms: a }, Drain::In { ms: b }) => Drain::In { ms: a.max(b) },
        }
    }
}

/// When retention deletes the oldest record that is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Retention {
    /// not known
    #[default]
    Unknown,
    /// in so many milliseconds, as far as time alone decides
    Time {
        /// below 0: it may go at any moment
        left_ms: i64,
    },
    /// never by time
    Never,
    /// older records of a key go when it has a newer one
    Compacted,
}
