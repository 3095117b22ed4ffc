//! A run of a plan: started, watched, stopped, waited for. One thread of its own looks after it: commits what is safe,
//! sees when it is idle or over, and brings it to a good end.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::budget::Budget;
use super::cell::TaskCell;
use super::clock::Clock;
use super::commit::{Commits, Place};
use super::ending::{Ending, IdleWatch};
use super::handle::RunHandle;
use super::hub::Hub;
use super::membership::Membership;
use super::options::RunOptions;
use super::pool::Pool;
use super::supervise::supervise;
use super::tap::Taps;
use super::through::ThroughTopics;
use super::watch::{self, SeenOf, Watch};
use super::workshop::{SlotOf, Workshop};
use crate::kafka::TopicPartition;
use crate::operators::Scope;
use crate::plan::Plan;
use crate::problem::Fault;
use crate::problem::Severity;
use crate::snapshot::Snapshot;

/// How often the run is looked after.
pub(super) const LOOK: Duration = Duration::from_millis(50);
/// How often patterns of topics are looked up.
const LOOK_FOR_TOPICS: Duration = Duration::from_secs(30);
/// How often the meters are read.
const READ_METERS: Duration = Duration::from_millis(watch::EVERY_MS);
/// How long sinks have to acknowledge when the last commit is due.
pub(super) const COMMIT_WITHIN: Duration = Duration::from_secs(5);

/// Why a run is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndedBy {
    /// its sources have ended
    End,
    /// [`Until::idle`]
    Idle,
    /// [`Until::time`]
    Time,
    /// [`Until::records`]
    Records,
    /// it was told to
    Stop,
    /// a fault
    Fault,
}

/// What came of a run.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// why it is over
    pub ended_by: EndedBy,
    /// what went wrong
    pub faults: Vec<Fault>,
    /// rows that were still in queues: read, and not acknowledged by a sink
    pub undone: usize,
    /// they will not be read again, as their source does not keep them
    pub is_lossy: bool,
    /// how often it started again
    pub restarts: u32,
    /// the counters at the end
    pub snapshot: Snapshot,
}

/// A run.
pub struct Run {
    handle: RunHandle,
    keeper: JoinHandle<Outcome>,
}

/// What the outside wants of a run.
#[derive(Default)]
pub(super) struct Signals {
    pub(super) is_told_to_stop: AtomicBool,
    pub(super) is_told_to_abort: AtomicBool,
    /// sources rest
    pub(super) is_paused: AtomicBool,
}

pub(super) struct Inner {
    pub(super) options: RunOptions,
    pub(super) workshop: Mutex<Workshop>,
    pub(super) hub: Mutex<Hub>,
    pub(super) membership: Membership,
    pub(super) through: ThroughTopics,
    pub(super) pool: Mutex<Option<Pool>>,
    pub(super) faults: Arc<Faults>,
    pub(super) lost: AtomicU64,
    pub(super) commits: Mutex<Commits>,
    /// a pipeline with state reads everything again and commits nothing
    pub(super) has_state: bool,
    pub(super) signals: Arc<Signals>,
    pub(super) budget: Option<Budget>,
    pub(super) watch: Arc<Watch>,
    pub(super) taps: Arc<Taps>,
    /// what was last seen of the partitions of each task and lane
    pub(super) seen: Mutex<SeenOf>,
}

/// Faults, and a bell for whoever looks after the run.
#[derive(Default)]
pub(super) struct Faults {
    all: Mutex<Vec<Fault>>,
    bell: Condvar,
}

impl Faults {
    /// Takes note of a fault that ends the run.
    pub(super) fn push(&self, fault: Fault) {
        let mut all = lock(&self.all);
        // Whoever tries again, the last commit say, fails in the same way.
        if !all.contains(&fault) {
            // Whoever started the run tells of it.
            tracing::debug!("{fault}");
            all.push(fault);
        }
        drop(all);
        self.bell.notify_all();
    }

    /// What has gone wrong so far.
    pub(super) fn take(&self) -> Vec<Fault> {
        std::mem::take(&mut *lock(&self.all))
    }

    pub(super) fn is_empty(&self) -> bool {
        lock(&self.all).is_empty()
    }

    fn wait(&self, time: Duration) {
        let all = lock(&self.all);
        if all.is_empty() {
            // Woken early or late, the looks that follow are the same.
            drop(self.bell.wait_timeout(all, time));
        } else {
            drop(all);
            std::thread::sleep(time.min(Duration::from_millis(5)));
        }
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What keeps a run from starting, with what would have it try again.
fn or_restart(fault: Fault) -> Fault {
    let (true, Some(node)) = (fault.may_retry, &fault.node) else { return fault };
    let again = format!("with `\"supervision\": {{\"restart\": {{}}}}` at `{node}` the run tries again by itself");
    let remedy = fault.remedy.as_ref().map_or(again.clone(), |remedy| format!("{remedy}; {again}"));
    fault.remedy(remedy)
}

impl Run {
    /// Starts a plan. Where the node that keeps it from starting is to start again, the run has begun: it tries again.
    ///
    /// # Errors
    /// What keeps it from starting: a broker that does not answer, a topic that is not there, a file that cannot be opened.
    pub fn start(plan: Plan, options: RunOptions) -> Result<Run, Fault> {
        let signals = Arc::new(Signals::default());
        let mut workshop = Workshop::new(Arc::new(plan), Clock::machine())?;
        workshop.restarts = Arc::new(options.restarts.clone());
        let budget = options.until.records.map(Budget::new);
        let watch = Arc::new(Watch::new(workshop.clock.millis()));
        let inner = Arc::new(Inner::new(workshop, options, signals, budget, (watch, Arc::default()))?);
        if let Err(fault) = inner.begin() {
            if inner.policy_after(&fault).is_none() {
                return Err(or_restart(fault));
            }
            inner.faults.push(fault);
        }
        let handle = RunHandle::new(inner);
        let keeper = {
            let kept = handle.clone();
            std::thread::Builder::new().name("keeper".into()).spawn(move || kept.keep(supervise))
        };
        let keeper = keeper.map_err(|why| Fault::outside(format!("no thread for the run: {why}")))?;
        Ok(Run { handle, keeper })
    }

    /// What looks at the run and tells it what to do, from wherever that is.
    pub fn handle(&self) -> &RunHandle {
        &self.handle
    }

    /// As [`RunHandle::stop`].
    pub fn stop(&self) {
        self.handle.stop();
    }

    /// As [`RunHandle::abort`].
    pub fn abort(&self) {
        self.handle.abort();
    }

    /// A handle that may stop the run from elsewhere, from a signal's handler say. The second call stops at once.
    pub fn stopper(&self) -> impl Fn() + Send + Sync + 'static {
        let handle = self.handle.clone();
        move || handle.stop_or_abort()
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.keeper.is_finished()
    }

    /// As [`RunHandle::snapshot`].
    pub fn snapshot(&self) -> Snapshot {
        self.handle.snapshot()
    }

    /// The attempt that runs now.
    #[cfg(test)]
    pub(super) fn attempt(&self) -> Arc<Inner> {
        self.handle.attempt()
    }

    /// Waits for its end.
    pub fn wait(self) -> Outcome {
        let Run { handle, keeper } = self;
        keeper.join().unwrap_or_else(|_| Outcome {
            ended_by: EndedBy::Fault,
            faults: vec![Fault::ours("the thread that looks after the run has failed")],
            undone: 0,
            is_lossy: true,
            restarts: 0,
            snapshot: handle.snapshot(),
        })
    }
}

impl Inner {
    /// Makes what runs, and joins the groups.
    fn begin(self: &Arc<Self>) -> Result<(), Fault> {
        self.through.prepare(self)?;
        self.make_tasks()?;
        Membership::join(self)
    }

    fn new(
        workshop: Workshop,
        options: RunOptions,
        signals: Arc<Signals>,
        budget: Option<Budget>,
        (watch, taps): (Arc<Watch>, Arc<Taps>),
    ) -> Result<Inner, Fault> {
        let (plan, clock) = (workshop.plan.clone(), workshop.clock.clone());
        let faults = Arc::new(Faults::default());
        let (for_pool, for_clients) = (faults.clone(), faults.clone());
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
        let threads = if options.threads == 0 { cores } else { options.threads };
        let pool = Pool::start(threads, clock.clone(), Box::new(move |fault| for_pool.push(fault)))?;
        let log = watch.clone();
        let on_fault = Arc::new(move |fault: Fault| match fault.may_retry {
            true => {
                tracing::warn!("{fault}");
                log.lock().log.tell_fault(clock.millis(), &fault);
            }
            false => for_clients.push(fault),
        });
        Ok(Inner {
            hub: Mutex::new(Hub::new(
                options.clusters.clone(),
                &plan,
                &options.application_id,
                on_fault,
                signals.clone(),
            )),
            membership: Membership::default(),
            through: ThroughTopics::new(&plan),
            workshop: Mutex::new(workshop),
            pool: Mutex::new(Some(pool)),
            faults,
            lost: AtomicU64::new(0),
            commits: Mutex::default(),
            has_state: plan.nodes.iter().any(|node| node.scope == Scope::Key),
            signals,
            budget,
            watch,
            taps,
            seen: Mutex::default(),
            options,
        })
    }

    /// The same run once more, from what is committed, its counters going on.
    pub(super) fn again(&self) -> Result<Arc<Inner>, Fault> {
        let budget = self.budget.as_ref().map(|budget| budget.with_repeated(self.repeated()));
        let workshop = lock(&self.workshop).afresh();
        self.watch.lock().start_again();
        let memory = (self.watch.clone(), self.taps.clone());
        let next = Inner::new(workshop, self.options.clone(), self.signals.clone(), budget, memory)?;
        let next = Arc::new(next);
        next.begin()?;
        Ok(next)
    }

    /// Records of this attempt that the next one reads once more: those behind what is committed, or all.
    fn repeated(&self) -> u64 {
        let committed: BTreeMap<Place, i64> = match self.has_state || self.options.from.is_some() {
            true => BTreeMap::new(),
            false => lock(&self.commits).taken().map(|(place, next)| (place.clone(), next)).collect(),
        };
        let workshop = lock(&self.workshop);
        let repeated = workshop.tasks.values().flat_map(|cell| {
            // Of one that is in a call, and so does not tell, nothing counts as repeated.
            let task = cell.reach();
            let readings = task.iter().flat_map(|task| &task.readings).map(|reading| {
                let next = match workshop.slots.get(reading.slot) {
                    Some((_, SlotOf::Partition(cluster, topic, partition))) => {
                        committed.get(&(cluster.clone(), TopicPartition::new(topic.clone(), *partition)))
                    }
                    _ => None,
                };
                next.map_or(reading.records_read, |next| {
                    reading.records_read.min((reading.position - next).max(0) as u64)
                })
            });
            readings.collect::<Vec<_>>()
        });
        repeated.sum()
    }

    pub(super) fn keep(self: &Arc<Self>) -> Ending {
        let mut last_commit = Instant::now();
        let mut last_look = Instant::now();
        let mut last_moment = None::<Instant>;
        let mut is_commit_due = false;
        self.read_meters();
        let mut last_reading = Instant::now();
        let moment = self.options.commit_interval.max(Duration::from_secs(1));
        let mut idle = IdleWatch::default();
        let ended_by = loop {
            self.faults.wait(LOOK);
            if let Some(ended_by) = self.reason_to_end(&mut idle) {
                break ended_by;
            }
            self.look_after_stuck();
            // Sinks make safe what they have, each on its own thread, and a look later it is committed.
            if std::mem::take(&mut is_commit_due)
                && let Err(fault) = self.commit(None)
            {
                self.faults.push(fault);
            }
            if last_commit.elapsed() >= self.options.commit_interval {
                last_commit = Instant::now();
                is_commit_due = true;
                if let Err(fault) = lock(&self.workshop).make_safe() {
                    self.faults.push(fault);
                }
            }
            if last_look.elapsed() >= LOOK_FOR_TOPICS {
                last_look = Instant::now();
                if let Err(fault) = self.look_for_topics() {
                    tracing::warn!("looking for topics: {fault}");
                }
            }
            if last_moment.is_none_or(|last| last.elapsed() >= moment) {
                last_moment = Some(Instant::now());
                self.note_partitions();
            }
            if last_reading.elapsed() >= READ_METERS {
                last_reading = Instant::now();
                self.read_meters();
            }
            self.through.look_after(self);
            self.membership.look_after(self);
        };
        self.finish(ended_by)
    }

    fn reason_to_end(&self, idle: &mut IdleWatch) -> Option<EndedBy> {
        if !self.faults.is_empty() {
            return Some(EndedBy::Fault);
        }
        if self.signals.is_told_to_stop.load(Ordering::Acquire) {
            return Some(EndedBy::Stop);
        }
        if self.all_tasks().iter().all(|task| task.is_done()) {
            return Some(EndedBy::End);
        }
        if self.is_out_of_time() {
            return Some(EndedBy::Time);
        }
        if self.budget.as_ref().is_some_and(Budget::is_spent) {
            return Some(EndedBy::Records);
        }
        // Who rests is not idle.
        let time = self.options.until.idle.filter(|_| !self.signals.is_paused.load(Ordering::Acquire))?;
        (idle.idle_for(self) >= time).then_some(EndedBy::Idle)
    }

    /// Whether the time is over for which it was to run.
    pub(super) fn is_out_of_time(&self) -> bool {
        self.options.until.time.is_some_and(|time| self.watch.started.elapsed() >= time)
    }

    /// Something happened, which whoever watches should know.
    pub(super) fn tell(&self, severity: Severity, node: Option<&str>, message: impl Into<String>) {
        // Not asked of the workshop: it may be locked by who tells.
        self.watch.tell(self.watch.now_ms(), severity, node, message);
    }

    /// Where a partition of the topic that a node reads ends, once its writers have ended.
    pub(super) fn through_end(&self, node: usize, partition: i32) -> Option<i64> {
        self.through.end(node, partition)
    }

    pub(super) fn all_tasks(&self) -> Vec<Arc<TaskCell>> {
        lock(&self.workshop).tasks.values().cloned().collect()
    }
}
