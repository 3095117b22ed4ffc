//! A run from outside: looked at, and told what to do, by as many as like to. A handle outlives the run; then it tells
//! what was last.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use super::queries::StateQuery;
use super::run::{Inner, Outcome, Signals, lock};
use super::tap::{Tap, TapOptions};
use super::watch::Asking;
use crate::cluster::ClusterWatch;
use crate::problem::{Fault, Severity};
use crate::snapshot::{ClusterSnapshot, ClusterWanted, Snapshot, StateSnapshot};

/// A run from outside. Clones are of the same run.
#[derive(Clone)]
pub struct RunHandle {
    /// the attempt that runs now: another one after each restart
    current: Arc<Mutex<Arc<Inner>>>,
    signals: Arc<Signals>,
    /// the last snapshot, once the run is over
    last: Arc<Mutex<Option<Snapshot>>>,
    is_over: Arc<AtomicBool>,
    /// who asks brokers what only they know
    asking: Arc<Mutex<Option<Asking>>>,
    /// who looks at each of its clusters, once somebody has
    clusters: Arc<BTreeMap<String, Mutex<Option<ClusterWatch>>>>,
}

impl RunHandle {
    pub(super) fn new(inner: Arc<Inner>) -> RunHandle {
        let clusters = inner.options.clusters.keys().map(|name| (name.clone(), Mutex::default()));
        RunHandle {
            clusters: Arc::new(clusters.collect()),
            signals: inner.signals.clone(),
            current: Arc::new(Mutex::new(inner)),
            last: Arc::default(),
            is_over: Arc::default(),
            asking: Arc::default(),
        }
    }

    /// Has the run looked after until it is over.
    pub(super) fn keep(&self, supervise: impl FnOnce(&Mutex<Arc<Inner>>) -> Outcome) -> Outcome {
        let outcome = supervise(&self.current);
        *lock(&self.last) = Some(outcome.snapshot.clone());
        self.is_over.store(true, Ordering::Release);
        lock(&self.asking).take();
        // Its broker may go with the run: nobody waits for that here.
        for watch in self.clusters.values() {
            if let Ok(mut watch) = watch.try_lock() {
                watch.take();
            }
        }
        outcome
    }

    /// The attempt that runs now.
    pub(super) fn attempt(&self) -> Arc<Inner> {
        lock(&self.current).clone()
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    /// What the meters say now; once it is over, what they said last.
    pub fn snapshot(&self) -> Snapshot {
        self.look(false)
    }

    /// The same, with samples of the last minutes: for whoever begins to watch.
    pub fn first_snapshot(&self) -> Snapshot {
        self.look(true)
    }

    fn look(&self, with_past: bool) -> Snapshot {
        if self.is_over()
            && let Some(last) = lock(&self.last).clone()
        {
            let past = with_past.then(|| self.attempt().past()).or(last.past);
            return Snapshot { past, ..last };
        }
        self.attempt().snapshot(with_past)
    }

    /// Somebody watches from now on: brokers are asked, once a second, for what only they know: the true ends of partitions
    /// whose queues are full, how long records are kept, what time the oldest unread one carries.
    ///
    /// # Errors
    /// No thread for it.
    pub fn watch(&self) -> Result<(), Fault> {
        let mut asking = lock(&self.asking);
        if asking.is_none() && !self.is_over() {
            let inner = self.attempt();
            *asking = Some(Asking::start(
                inner.watch.clone(),
                inner.options.clusters.clone(),
                inner.options.application_id.clone(),
            )?);
        }
        Ok(())
    }

    /// Names of the clusters that the run uses: `default` first, the others in order.
    pub fn clusters(&self) -> Vec<String> {
        let mut names: Vec<String> = self.clusters.keys().cloned().collect();
        names.sort_by_key(|name| name != "default");
        names
    }

    /// Looks at a cluster of the run, the first where none is named: its brokers, topics and groups, whoever they belong
    /// to. It waits for the answers, and for others who look at it.
    ///
    /// # Errors
    /// The run uses no such cluster, is over, or no broker answers.
    pub fn look_at_cluster(&self, wanted: &ClusterWanted) -> Result<ClusterSnapshot, Fault> {
        let clusters = self.clusters();
        let Some(name) = wanted.cluster.as_ref().or(clusters.first()).cloned() else {
            return Err(Fault::user("this run uses no Kafka"));
        };
        let inner = self.attempt();
        let (Some(watch), Some(settings)) = (self.clusters.get(&name), inner.options.clusters.get(&name)) else {
            return Err(Fault::user(format!("this run uses no cluster `{name}`")));
        };
        let mut watch = lock(watch);
        if self.is_over() {
            watch.take();
            return Err(Fault::user("the run is over"));
        }
        let watch = match watch.take() {
            Some(known) => watch.insert(known),
            None => watch.insert(ClusterWatch::open(settings)?),
        };
        Ok(ClusterSnapshot { name, clusters, ..watch.look(wanted)? })
    }

    /// Looks at records that pass an edge, `from->to`, until the tap is dropped. It copies some, and changes nothing.
    ///
    /// # Errors
    /// There is no such edge.
    pub fn tap(&self, edge: &str, options: TapOptions) -> Result<Tap, Fault> {
        self.attempt().tap(edge, options)
    }

    /// Looks at what a node keeps, on all lanes: those keys, and those windows, that `query` names. Keys are in JSON as in
    /// a script's rows.
    ///
    /// # Errors
    /// There is no such node, it keeps nothing, or a key is not of its format.
    pub fn state(&self, node: &str, query: &StateQuery) -> Result<StateSnapshot, Fault> {
        self.attempt().state(node, query)
    }

    /// Sources rest: nothing more is read, and what has been read goes on. The run keeps its partitions.
    pub fn pause(&self) {
        self.rest(true);
    }

    /// Sources read again.
    pub fn resume(&self) {
        self.rest(false);
    }

    fn rest(&self, is_paused: bool) {
        if self.signals.is_paused.swap(is_paused, Ordering::AcqRel) == is_paused {
            return;
        }
        let inner = self.attempt();
        for task in inner.all_tasks() {
            task.tell(move |task| task.is_paused = is_paused);
            task.wake();
        }
        inner.tell(Severity::Note, None, if is_paused { "paused" } else { "resumed" });
    }

    /// Sources stop, queues run empty, what is safe is committed.
    pub fn stop(&self) {
        self.signals.is_told_to_stop.store(true, Ordering::Release);
    }

    /// Stops at once.
    pub fn abort(&self) {
        self.signals.is_told_to_abort.store(true, Ordering::Release);
        self.stop();
    }

    /// Stops; at once, where it has been told to stop before.
    pub fn stop_or_abort(&self) {
        if self.signals.is_told_to_stop.swap(true, Ordering::AcqRel) {
            self.signals.is_told_to_abort.store(true, Ordering::Release);
        }
    }
}
