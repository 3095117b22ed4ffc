//! A task with what others see of it and do to it while a thread runs it: it is woken, watched and told things, and nobody
//! waits for one that is in a call which does not come back, writing to a pipe that nobody reads, say.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};

use super::alone::caught;
use super::clock::Clock;
use super::meter::{Doing, Moved, TaskMeter};
use super::pool::{Pool, Shared};
use super::run::lock;
use super::task::{Calls, Step, Task};
use crate::problem::{Blame, Fault};

/// How long a task may be in one step until nobody waits for it any more.
const PATIENCE: Duration = Duration::from_millis(100);

/// How often a thread gives way to others who wait for its task, before a step.
const YIELDS: usize = 100;

type Errand = Box<dyn FnOnce(&mut Task) + Send>;

// What a task's state says. Whoever wakes a task has changed something under a lock that the task takes when it runs, a
// queue's say. So a wake-up that finds it queued or woken needs nothing more: the run that follows sees the change.
/// waits to be woken
pub(super) const IDLE: u8 = 0;
/// in line for a thread
pub(super) const QUEUED: u8 = 1;
/// on a thread
pub(super) const RUNNING: u8 = 2;
/// on a thread, and to run once more
pub(super) const WOKEN: u8 = 3;
/// never to run again
pub(super) const DONE: u8 = 4;

/// A task and what is needed to run it from any thread.
pub(crate) struct TaskCell {
    pub(super) state: AtomicU8,
    task: Mutex<Task>,
    /// how many others wait for the lock
    visitors: AtomicUsize,
    clock: Clock,
    /// when the step began that runs now, in nanoseconds of the clock; 0 while none does
    began_ns: AtomicI64,
    /// sinks are to make safe what they have written, before the next step
    is_flush_due: AtomicBool,
    /// what is to be done to the task before its next step
    errands: std::sync::Mutex<Vec<Errand>>,
    has_errands: AtomicBool,
    pub(crate) calls: Arc<Calls>,
    pub(crate) meter: TaskMeter,
    pub(crate) moved: Arc<Moved>,
    /// absent in the test driver, which runs tasks by hand
    pool: Option<Weak<Shared>>,
}

/// A handle by which others wake a task.
#[derive(Clone)]
pub(crate) struct TaskRef(Weak<TaskCell>);

impl TaskCell {
    pub(crate) fn new(task: Task, clock: &Clock, pool: Option<&Pool>) -> Arc<TaskCell> {
        Arc::new(TaskCell {
            state: AtomicU8::new(IDLE),
            moved: task.moved.clone(),
            calls: task.calls.clone(),
            task: Mutex::new(task),
            visitors: AtomicUsize::new(0),
            clock: clock.clone(),
            began_ns: AtomicI64::new(0),
            is_flush_due: AtomicBool::new(false),
            errands: Default::default(),
            has_errands: AtomicBool::new(false),
            meter: TaskMeter::new(clock.nanos()),
            pool: pool.map(|pool| Arc::downgrade(&pool.shared)),
        })
    }

    /// For others than the thread that runs it, which lets them in between two steps. It waits for as long as a step lasts:
    /// who has more to do than this asks with [`TaskCell::reach`].
    pub(crate) fn lock(&self) -> MutexGuard<'_, Task> {
        self.visitors.fetch_add(1, Ordering::Relaxed);
        let task = self.task.lock();
        self.visitors.fetch_sub(1, Ordering::Relaxed);
        task
    }

    /// As [`TaskCell::lock`], but nobody waits for long: none where the task is in a call that does not come back.
    pub(crate) fn reach(&self) -> Option<MutexGuard<'_, Task>> {
        match self.is_stuck() {
            true => self.task.try_lock(),
            false => self.reach_by(Instant::now() + PATIENCE),
        }
    }

    /// As [`TaskCell::lock`], for who has to know what the task has, and can wait until a moment.
    pub(crate) fn reach_by(&self, end: Instant) -> Option<MutexGuard<'_, Task>> {
        self.visitors.fetch_add(1, Ordering::Relaxed);
        let task = self.task.try_lock_until(end);
        self.visitors.fetch_sub(1, Ordering::Relaxed);
        task
    }

    /// Has something done to the task: now, or, where it is in a call, by its own thread once that comes back.
    pub(crate) fn tell(self: &Arc<Self>, errand: impl FnOnce(&mut Task) + Send + 'static) {
        lock(&self.errands).push(Box::new(errand));
        self.has_errands.store(true, Ordering::Release);
        match self.reach() {
            Some(mut task) => self.run_errands(&mut task),
            None => self.wake(),
        }
    }

    fn run_errands(&self, task: &mut Task) {
        if self.has_errands.swap(false, Ordering::AcqRel) {
            let errands = std::mem::take(&mut *lock(&self.errands));
            errands.into_iter().for_each(|errand| errand(task));
        }
    }

    /// One step, on the thread that runs it.
    ///
    /// # Errors
    /// What the step fails with; a panic is a fault of ours. The task has been stopped.
    pub(super) fn step(&self) -> Result<Step, Fault> {
        let mut task = self.lock_for_step();
        self.began_ns.store(self.clock.nanos().max(1), Ordering::Release);
        self.run_errands(&mut task);
        let is_flush_due = self.is_flush_due.load(Ordering::Acquire);
        let step = caught(|| {
            if is_flush_due {
                task.make_safe()?;
            }
            task.step(self.clock.millis())
        });
        if is_flush_due {
            self.is_flush_due.store(false, Ordering::Release);
        }
        let step = step.map_err(|fault| {
            task.halt();
            if fault.blame == Blame::Us { fault.at_node(task.at_work()) } else { fault }
        });
        self.began_ns.store(0, Ordering::Release);
        step
    }

    /// How long it has been in the step that runs now.
    pub(crate) fn in_step(&self) -> Duration {
        match self.began_ns.load(Ordering::Acquire) {
            0 => Duration::ZERO,
            began => Duration::from_nanos((self.clock.nanos() - began).max(0) as u64),
        }
    }

    /// It is in a call that does not come back for a while.
    pub(crate) fn is_stuck(&self) -> bool {
        self.in_step() >= PATIENCE
    }

    /// Has its sinks make safe what they have written. That may last as long as a disk likes, so that its own thread does
    /// it, where it has one.
    ///
    /// # Errors
    /// What a sink fails with, where there is no thread.
    pub(crate) fn make_safe(self: &Arc<Self>) -> Result<(), Fault> {
        if self.pool.is_none() {
            return self.lock().make_safe();
        }
        if self.calls.has_unsafe() && !self.is_done() {
            self.is_flush_due.store(true, Ordering::Release);
            self.wake();
        }
        Ok(())
    }

    /// Whether sinks are about to make safe what they have written.
    pub(crate) fn is_flushing(&self) -> bool {
        self.is_flush_due.load(Ordering::Acquire) && !self.is_done() && !self.is_stuck()
    }

    /// The lock is not fair: a thread that takes it step after step would keep those out who commit and watch.
    fn lock_for_step(&self) -> MutexGuard<'_, Task> {
        for _ in 0..YIELDS {
            if self.visitors.load(Ordering::Relaxed) == 0 {
                break;
            }
            std::thread::yield_now();
        }
        self.task.lock()
    }

    pub(crate) fn handle(self: &Arc<Self>) -> TaskRef {
        TaskRef(Arc::downgrade(self))
    }

    pub(crate) fn is_done(&self) -> bool {
        self.state.load(Ordering::Acquire) == DONE
    }

    /// Marks it as done, where no pool does; says whether that is new.
    pub(crate) fn finish(&self) -> bool {
        self.state.swap(DONE, Ordering::AcqRel) != DONE
    }

    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.state.load(Ordering::Acquire), IDLE | DONE)
    }

    /// Has it run soon: next on this thread, where that runs tasks.
    pub(crate) fn wake(self: &Arc<Self>) {
        self.wake_with(Shared::push);
    }

    fn wake_with(self: &Arc<Self>, push: fn(&Shared, Arc<TaskCell>)) {
        let Some(pool) = self.pool.as_ref().and_then(Weak::upgrade) else { return };
        let woken = self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, |state| match state {
            IDLE => Some(QUEUED),
            RUNNING => Some(WOKEN),
            _ => None,
        });
        if woken == Ok(IDLE) {
            self.meter.turn(Doing::Busy, &pool.clock);
            push(&pool, self.clone());
        }
    }
}

impl TaskRef {
    pub(crate) fn wake(&self) {
        if let Some(cell) = self.0.upgrade() {
            cell.wake();
        }
    }

    /// Has it run on whichever thread is free, for a waker that goes on with work of its own.
    pub(crate) fn wake_apart(&self) {
        if let Some(cell) = self.0.upgrade() {
            cell.wake_with(Shared::push_back);
        }
    }
}
