//! A run of a plan: started, watched, stopped, waited for. One thread of its own looks after it: commits what is safe,
//! sees when it is idle or over, and brings it to a good end.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::budget::Budget;
use super::clock::Clock;
use super::hub::Hub;
use super::membership::Membership;
use super::options::RunOptions;
use super::pool::{Pool, TaskCell};
use super::through::ThroughTopics;
use super::workshop::{SlotOf, Workshop};
use crate::kafka::{Offset, TopicPartition};
use crate::operators::{Scope, Touches};
use crate::plan::Plan;
use crate::problem::Fault;
use crate::snapshot::Snapshot;

/// How often the run is looked after.
const LOOK: Duration = Duration::from_millis(50);
/// How often patterns of topics are looked up.
const LOOK_FOR_TOPICS: Duration = Duration::from_secs(30);
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
    /// the attempt that runs now: another one after each restart
    current: Arc<Mutex<Arc<Inner>>>,
    signals: Arc<Signals>,
    keeper: JoinHandle<Outcome>,
}

/// What the outside wants of a run.
#[derive(Default)]
struct Signals {
    is_told_to_stop: AtomicBool,
    is_told_to_abort: AtomicBool,
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
    /// what was committed last, per partition
    pub(super) committed: Mutex<BTreeMap<(String, TopicPartition), i64>>,
    /// a pipeline with state reads everything again and commits nothing
    pub(super) has_state: bool,
    signals: Arc<Signals>,
    pub(super) budget: Option<Budget>,
    started: Instant,
    pub(super) clock: Clock,
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
        // Whoever started the run tells of it.
        tracing::debug!("{fault}");
        lock(&self.all).push(fault);
        self.bell.notify_all();
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

impl Run {
    /// Starts a plan.
    ///
    /// # Errors
    /// What keeps it from starting: a broker that does not answer, a topic that is not there, a file that cannot be opened.
    pub fn start(plan: Plan, options: RunOptions) -> Result<Run, Fault> {
        let signals = Arc::new(Signals::default());
        let workshop = Workshop::new(Arc::new(plan), Clock::machine());
        let inner = Inner::start(workshop, options, signals.clone(), Instant::now())?;
        let current = Arc::new(Mutex::new(inner));
        let keeper = {
            let current = current.clone();
            std::thread::Builder::new().name("keeper".into()).spawn(move || supervise(&current))
        };
        let keeper = keeper.map_err(|why| Fault::outside(format!("no thread for the run: {why}")))?;
        Ok(Run { current, signals, keeper })
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

    /// A handle that may stop the run from elsewhere, from a signal's handler say. The second call stops at once.
    pub fn stopper(&self) -> impl Fn() + Send + Sync + 'static {
        let signals = self.signals.clone();
        move || {
            if signals.is_told_to_stop.swap(true, Ordering::AcqRel) {
                signals.is_told_to_abort.store(true, Ordering::Release);
            }
        }
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.keeper.is_finished()
    }

    /// What the meters say now.
    pub fn snapshot(&self) -> Snapshot {
        self.attempt().snapshot()
    }

    /// The attempt that runs now.
    pub(super) fn attempt(&self) -> Arc<Inner> {
        lock(&self.current).clone()
    }

    /// Waits for its end.
    pub fn wait(self) -> Outcome {
        let Run { current, keeper, .. } = self;
        keeper.join().unwrap_or_else(|_| Outcome {
            ended_by: EndedBy::Fault,
            faults: vec![Fault::ours("the thread that looks after the run has failed")],
            undone: 0,
            is_lossy: true,
            restarts: 0,
            snapshot: lock(&current).snapshot(),
        })
    }
}

/// Keeps a run going, through restarts, to its end.
fn supervise(current: &Mutex<Arc<Inner>>) -> Outcome {
    let mut restarts = 0;
    let mut backoff = Backoff::default();
    loop {
        let inner = lock(current).clone();
        let Ending { ended_by, undone, is_lossy, snapshot } = inner.keep();
        let faults = std::mem::take(&mut *lock(&inner.faults.all));
        let again = backoff.after(&inner, &faults, ended_by).and_then(|wait| {
            tracing::warn!("starting again in {} ms", wait.as_millis());
            (!inner.sleep(wait)).then(|| inner.again()).transpose().unwrap_or_else(|fault| {
                // Whoever started the run tells of it.
                tracing::debug!("{fault}");
                None
            })
        });
        match again {
            Some(next) => {
                restarts += 1;
                *lock(current) = next;
            }
            None => return Outcome { ended_by, faults, undone, is_lossy, restarts, snapshot },
        }
    }
}

/// How one attempt ended.
struct Ending {
    ended_by: EndedBy,
    undone: usize,
    is_lossy: bool,
    snapshot: Snapshot,
}

impl Inner {
    fn start(
        workshop: Workshop,
        options: RunOptions,
        signals: Arc<Signals>,
        started: Instant,
    ) -> Result<Arc<Inner>, Fault> {
        let inner = Arc::new(Inner::new(workshop, options, signals, started)?);
        inner.through.prepare(&inner)?;
        inner.make_tasks()?;
        Membership::join(&inner)?;
        Ok(inner)
    }

    fn new(
        workshop: Workshop,
        options: RunOptions,
        signals: Arc<Signals>,
        started: Instant,
    ) -> Result<Inner, Fault> {
        let (plan, clock) = (workshop.plan.clone(), workshop.clock.clone());
        let faults = Arc::new(Faults::default());
        let (for_pool, for_clients) = (faults.clone(), faults.clone());
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
        let threads = if options.threads == 0 { cores } else { options.threads };
        let pool = Pool::start(threads, clock.clone(), Box::new(move |fault| for_pool.push(fault)))?;
        let on_fault = Arc::new(move |fault: Fault| match fault.may_retry {
            true => tracing::warn!("{fault}"),
            false => for_clients.push(fault),
        });
        Ok(Inner {
            hub: Mutex::new(Hub::new(options.clusters.clone(), &plan, &options.application_id, on_fault)),
            membership: Membership::default(),
            through: ThroughTopics::new(&plan),
            workshop: Mutex::new(workshop),
            pool: Mutex::new(Some(pool)),
            faults,
            lost: AtomicU64::new(0),
            committed: Mutex::default(),
            has_state: plan.nodes.iter().any(|node| node.scope == Scope::Key),
            signals,
            budget: options.until.records.map(Budget::new),
            started,
            clock,
            options,
        })
    }

    /// The same run once more, from what is committed, its counters going on.
    fn again(&self) -> Result<Arc<Inner>, Fault> {
        let workshop = lock(&self.workshop).afresh();
        Inner::start(workshop, self.options.clone(), self.signals.clone(), self.started)
    }

    /// Waits; says whether the run was told to stop meanwhile.
    fn sleep(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        while Instant::now() < until && !self.signals.is_told_to_stop.load(Ordering::Acquire) {
            std::thread::sleep(LOOK.min(time));
        }
        self.signals.is_told_to_stop.load(Ordering::Acquire)
    }

    fn keep(self: &Arc<Self>) -> Ending {
        let mut last_commit = Instant::now();
        let mut last_look = Instant::now();
        let mut idle = IdleWatch::default();
        let ended_by = loop {
            self.faults.wait(LOOK);
            if let Some(ended_by) = self.reason_to_end(&mut idle) {
                break ended_by;
            }
            if last_commit.elapsed() >= self.options.commit_interval {
                last_commit = Instant::now();
                if let Err(fault) = self.commit(None) {
                    self.faults.push(fault);
                }
            }
            if last_look.elapsed() >= LOOK_FOR_TOPICS {
                last_look = Instant::now();
                if let Err(fault) = self.look_for_topics() {
                    tracing::warn!("looking for topics: {fault}");
                }
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
        if self.options.until.time.is_some_and(|time| self.started.elapsed() >= time) {
            return Some(EndedBy::Time);
        }
        if self.budget.as_ref().is_some_and(Budget::is_spent) {
            return Some(EndedBy::Records);
        }
        let time = self.options.until.idle?;
        (idle.idle_for(self) >= time).then_some(EndedBy::Idle)
    }

    /// Where a partition of the topic that a node reads ends, once its writers have ended.
    pub(super) fn through_end(&self, node: usize, partition: i32) -> Option<i64> {
        self.through.end(node, partition)
    }

    pub(super) fn all_tasks(&self) -> Vec<Arc<TaskCell>> {
        lock(&self.workshop).tasks.values().cloned().collect()
    }

    /// Brings the run to an end: queues run empty, what is safe is committed. Tells what was left undone.
    fn finish(self: &Arc<Self>, ended_by: EndedBy) -> Ending {
        let tasks = self.all_tasks();
        for task in &tasks {
            task.lock().is_closing = true;
            task.wake();
        }
        let deadline = Instant::now() + self.options.drain;
        let mut still = (self.progress(), Instant::now());
        while !self.is_drained(&tasks)
            && Instant::now() < deadline
            && !self.signals.is_told_to_abort.load(Ordering::Acquire)
        {
            std::thread::sleep(Duration::from_millis(5));
            let progress = self.progress();
            if progress != still.0 {
                still = (progress, Instant::now());
            }
            // A lane that has stopped holds up what is before it for ever.
            if ended_by == EndedBy::Fault && still.1.elapsed() > Duration::from_millis(500) {
                break;
            }
        }
        if let Some(mut pool) = lock(&self.pool).take() {
            pool.stop();
        }
        let undone = self.undone(&tasks);
        match self.commit(Some(COMMIT_WITHIN)) {
            // In bad times nobody waits for housekeeping.
            Ok(()) if ended_by != EndedBy::Fault && !self.signals.is_told_to_abort.load(Ordering::Acquire) => {
                self.through.purge(self);
            }
            Ok(()) => {}
            Err(fault) => self.faults.push(fault),
        }
        let snapshot = self.snapshot();
        self.membership.leave();
        lock(&self.hub).flush(Duration::from_secs(1));
        Ending { ended_by, undone, is_lossy: undone > 0 && self.has_own_sources(), snapshot }
    }

    /// Rows that are in queues or unsent.
    fn undone(&self, tasks: &[Arc<TaskCell>]) -> usize {
        let queued: usize = lock(&self.workshop).channels().map(|channel| channel.level().rows).sum();
        queued + tasks.iter().map(|task| task.lock().held_rows()).sum::<usize>()
    }

    fn has_own_sources(&self) -> bool {
        let workshop = lock(&self.workshop);
        workshop.plan.nodes.iter().any(|node| node.ports.inputs.is_empty() && node.shape.touches() == Touches::Nothing)
    }

    /// Records that a node has got through.
    fn done_at(&self, node: &str) -> u64 {
        let workshop = lock(&self.workshop);
        let number = workshop.plan.nodes.iter().position(|other| other.id == node);
        number.map_or(0, |number| workshop.meters[number].records_out.load(Ordering::Relaxed))
    }

    fn progress(&self) -> u64 {
        let workshop = lock(&self.workshop);
        let counts = workshop
            .meters
            .iter()
            .map(|meter| meter.records_in.load(Ordering::Relaxed) + meter.records_out.load(Ordering::Relaxed));
        counts.sum()
    }

    /// Whether nothing is under way any more.
    fn is_drained(&self, tasks: &[Arc<TaskCell>]) -> bool {
        let is_quiet = |task: &Arc<TaskCell>| {
            let is_drained = task.lock().is_drained();
            is_drained.unwrap_or_else(|fault| {
                self.faults.push(fault);
                true
            }) && task.is_idle()
        };
        // Twice, since a row may have moved on behind the first look.
        (0..2).all(|_| tasks.iter().all(is_quiet) && lock(&self.workshop).channels().all(|channel| channel.is_empty()))
    }

    /// Commits what is safe; within a time, and waiting for the answer, where one is given.
    pub(super) fn commit(&self, wait: Option<Duration>) -> Result<(), Fault> {
        let safe = {
            let workshop = lock(&self.workshop);
            let needs = workshop.survey(true)?;
            let mut safe: BTreeMap<(String, TopicPartition), i64> = BTreeMap::new();
            for &(slot, offset) in needs.iter().filter(|(_, offset)| *offset >= 0) {
                let Some((_, SlotOf::Partition(cluster, topic, partition))) = workshop.slots.get(slot) else {
                    continue;
                };
                let at = (cluster.clone(), TopicPartition::new(topic.clone(), *partition));
                safe.entry(at).and_modify(|known| *known = offset.min(*known)).or_insert(offset);
            }
            safe
        };
        self.commit_these(safe, wait)
    }

    pub(super) fn commit_these(
        &self,
        safe: BTreeMap<(String, TopicPartition), i64>,
        wait: Option<Duration>,
    ) -> Result<(), Fault> {
        if self.has_state {
            return Ok(());
        }
        let mut committed = lock(&self.committed);
        let mut fresh: BTreeMap<String, Vec<Offset>> = BTreeMap::new();
        for ((cluster, at), next) in safe {
            if self.membership.owns(&cluster, &at) && committed.get(&(cluster.clone(), at.clone())) != Some(&next) {
                committed.insert((cluster.clone(), at.clone()), next);
                fresh.entry(cluster).or_default().push(Offset { at, next });
            }
        }
        drop(committed);
        for (cluster, offsets) in fresh {
            self.membership.commit(&cluster, &offsets, wait)?;
        }
        Ok(())
    }
}

/// Sees how long nothing has come.
#[derive(Default)]
struct IdleWatch {
    seen: u64,
    since: Option<Instant>,
}

impl IdleWatch {
    fn idle_for(&mut self, inner: &Inner) -> Duration {
        let progress = inner.progress();
        let tasks = inner.all_tasks();
        let is_idle = progress == self.seen && inner.membership.is_assigned() && inner.is_drained(&tasks);
        self.seen = progress;
        match (is_idle, self.since) {
            (true, Some(since)) => since.elapsed(),
            (true, None) => {
                self.since = Some(Instant::now());
                Duration::ZERO
            }
            (false, _) => {
                self.since = None;
                Duration::ZERO
            }
        }
    }
}

/// Waits that grow with each restart, until a record gets through.
#[derive(Default)]
struct Backoff {
    tried: u32,
    progress: u64,
}

impl Backoff {
    /// How long to wait before starting again; `None` where the run ends.
    fn after(&mut self, inner: &Inner, faults: &[Fault], ended_by: EndedBy) -> Option<Duration> {
        // A record that fails is not a node that fails.
        let [fault, ..] = faults else { return None };
        if ended_by != EndedBy::Fault || faults.iter().any(|fault| fault.record.is_some()) {
            return None;
        }
        let policy = inner.options.restarts.get(fault.node.as_ref()?)?;
        let progress = inner.done_at(fault.node.as_ref()?);
        if progress > self.progress {
            self.tried = 0;
        }
        self.progress = progress;
        if policy.max_restarts.is_some_and(|most| self.tried >= most) {
            return None;
        }
        let grown = policy.min_backoff_ms.saturating_mul(1 << self.tried.min(20));
        self.tried += 1;
        // The clock's last digits are as good as dice here.
        let dice = (inner.clock.nanos() / 1000 % 1000) as f64 / 1000.0;
        let wait = grown.min(policy.max_backoff_ms) as f64 * (1.0 + policy.jitter * dice);
        Some(Duration::from_millis(wait as u64))
    }
}
