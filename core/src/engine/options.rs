//! How a plan is run.

use std::collections::BTreeMap;
use std::time::Duration;

use super::hub::ClusterSettings;
use crate::check::{Checked, RestartPolicy};
use crate::operators::Start;
use crate::pipeline::{Pipeline, Scale};

/// How a plan is run.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// the consumer group, and the prefix of durable names
    pub application_id: String,
    /// threads of the pool; 0: as many as there are cores
    pub threads: usize,
    /// how often what is safe is committed
    pub commit_interval: Duration,
    /// how long a task waits for records on an empty partition before it goes on with those of others, in milliseconds
    pub max_task_idle_ms: i64,
    /// whether other processes may share the partitions
    pub is_group: bool,
    /// clusters by name
    pub clusters: ClusterSettings,
    /// where to start, whatever is committed
    pub from: Option<Start>,
    /// when to stop by itself
    pub until: Until,
    /// how long queues may run empty after a stop
    pub drain: Duration,
    /// nodes that start again when they have failed, by id: sources and sinks alone, others with the whole run, from what is
    /// committed
    pub restarts: BTreeMap<String, RestartPolicy>,
}

/// When a run stops by itself.
#[derive(Debug, Clone, Default)]
pub struct Until {
    /// nothing has come for so long, and nothing is left to do
    pub idle: Option<Duration>,
    /// so long after the start
    pub time: Option<Duration>,
    /// so many records were read
    pub records: Option<u64>,
}

impl RunOptions {
    /// What the pipeline's own settings say, until its sources end or somebody stops it.
    pub fn new(pipeline: &Pipeline, checked: &Checked, clusters: ClusterSettings) -> RunOptions {
        let nodes = pipeline.nodes.iter().zip(&checked.nodes);
        RunOptions {
            application_id: checked.settings.application_id.clone(),
            threads: checked.settings.threads.map_or(0, |threads| threads as usize),
            commit_interval: Duration::from_millis(checked.settings.commit_interval_ms),
            max_task_idle_ms: i64::try_from(checked.settings.max_task_idle_ms).unwrap_or(i64::MAX),
            is_group: checked.settings.scale == Scale::Group,
            clusters,
            from: None,
            until: Until::default(),
            drain: Duration::from_secs(30),
            restarts: nodes.filter_map(|(node, checked)| Some((node.id.clone(), checked.restart?))).collect(),
        }
    }
}
