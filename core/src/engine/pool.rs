//! A fixed pool of threads that runs tasks when they are woken: never two threads at once on one task. A task that wakes
//! another while it runs hands it to its own thread, so that a lone record crosses a pipeline without waiting for one.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use super::clock::Clock;
use super::meter::{Doing, TaskMeter};
use super::task::{Step, Task};
use crate::problem::Fault;

/// How many batches a task takes before others get the thread.
const TURN: usize = 4;

const IDLE: u8 = 0;
const QUEUED: u8 = 1;
const RUNNING: u8 = 2;
const WOKEN: u8 = 3;
const DONE: u8 = 4;

/// A task and what is needed to run it from any thread.
pub(crate) struct TaskCell {
    state: AtomicU8,
    task: Mutex<Task>,
    pub(crate) meter: TaskMeter,
    /// the earliest timer that is set for it, in milliseconds
    timer_ms: AtomicI64,
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
            task: Mutex::new(task),
            meter: TaskMeter::new(clock.nanos()),
            timer_ms: AtomicI64::new(i64::MAX),
            pool: pool.map(|pool| Arc::downgrade(&pool.shared)),
        })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Task> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
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

    pub(crate) fn wake(self: &Arc<Self>) {
        let Some(pool) = self.pool.as_ref().and_then(Weak::upgrade) else { return };
        let woken = self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, |state| match state {
            IDLE => Some(QUEUED),
            RUNNING => Some(WOKEN),
            _ => None,
        });
        if woken == Ok(IDLE) {
            self.meter.turn(Doing::Busy, pool.clock.nanos());
            pool.push(self.clone());
        }
    }
}

impl TaskRef {
    pub(crate) fn wake(&self) {
        if let Some(cell) = self.0.upgrade() {
            cell.wake();
        }
    }
}

/// The threads.
pub(crate) struct Pool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    ready: Mutex<Ready>,
    has_work: Condvar,
    is_stopped: AtomicBool,
    clock: Clock,
    on_fault: Box<dyn Fn(Fault) + Send + Sync>,
}

#[derive(Default)]
struct Ready {
    tasks: VecDeque<Arc<TaskCell>>,
    timers: BinaryHeap<Reverse<Timer>>,
    sleeping: usize,
}

struct Timer {
    at_ms: i64,
    task: Weak<TaskCell>,
}

impl PartialEq for Timer {
    fn eq(&self, other: &Timer) -> bool {
        self.at_ms == other.at_ms
    }
}

impl Eq for Timer {}

impl PartialOrd for Timer {
    fn partial_cmp(&self, other: &Timer) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timer {
    fn cmp(&self, other: &Timer) -> std::cmp::Ordering {
        self.at_ms.cmp(&other.at_ms)
    }
}

thread_local! {
    /// The task that the one running here has woken: it is next on this thread.
    static NEXT: RefCell<Option<Option<Arc<TaskCell>>>> = const { RefCell::new(None) };
}

impl Pool {
    pub(crate) fn start(threads: usize, clock: Clock, on_fault: Box<dyn Fn(Fault) + Send + Sync>) -> Pool {
        let shared = Arc::new(Shared {
            ready: Mutex::default(),
            has_work: Condvar::new(),
            is_stopped: AtomicBool::new(false),
            clock,
            on_fault,
        });
        let spawn = |number: usize| {
            let shared = shared.clone();
            std::thread::Builder::new().name(format!("lane-{number}")).spawn(move || shared.work())
        };
        // A thread that cannot be started is a machine out of resources; the others do its work.
        let threads = (0..threads.max(1)).filter_map(|number| spawn(number).ok()).collect();
        Pool { shared, threads }
    }

    pub(crate) fn stop(&mut self) {
        self.shared.is_stopped.store(true, Ordering::Release);
        self.shared.has_work.notify_all();
        for thread in self.threads.drain(..) {
            // A panic in a task was caught; one of the pool itself has nothing left to save.
            let _ = thread.join();
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Ready> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, task: Arc<TaskCell>) {
        let task = NEXT.with_borrow_mut(|next| match next {
            Some(slot @ None) => {
                *slot = Some(task);
                None
            }
            _ => Some(task),
        });
        if let Some(task) = task {
            self.push_back(task);
        }
    }

    fn push_back(&self, task: Arc<TaskCell>) {
        let mut ready = self.lock();
        ready.tasks.push_back(task);
        let has_sleeper = ready.sleeping > 0;
        drop(ready);
        if has_sleeper {
            self.has_work.notify_one();
        }
    }

    fn work(&self) {
        NEXT.set(Some(None));
        while !self.is_stopped.load(Ordering::Acquire) {
            let own = NEXT.with_borrow_mut(|next| next.as_mut().and_then(Option::take));
            if let Some(task) = own.or_else(|| self.next()) {
                self.run(&task);
            }
        }
        NEXT.set(None);
    }

    /// The next task; waits for one, for a timer, or for the stop.
    fn next(&self) -> Option<Arc<TaskCell>> {
        let mut ready = self.lock();
        loop {
            if self.is_stopped.load(Ordering::Acquire) {
                return None;
            }
            let now = self.clock.millis();
            while ready.timers.peek().is_some_and(|Reverse(timer)| timer.at_ms <= now) {
                let due = ready.timers.pop().and_then(|Reverse(timer)| timer.task.upgrade());
                if let Some(task) = due {
                    task.timer_ms.store(i64::MAX, Ordering::Relaxed);
                    let woken = task.state.compare_exchange(IDLE, QUEUED, Ordering::AcqRel, Ordering::Acquire);
                    if woken.is_ok() {
                        task.meter.turn(Doing::Busy, self.clock.nanos());
                        ready.tasks.push_back(task);
                    }
                }
            }
            if let Some(task) = ready.tasks.pop_front() {
                let has_more = !ready.tasks.is_empty() && ready.sleeping > 0;
                drop(ready);
                if has_more {
                    self.has_work.notify_one();
                }
                return Some(task);
            }
            let wait = ready.timers.peek().map_or(1000, |Reverse(timer)| (timer.at_ms - now).clamp(1, 1000));
            ready.sleeping += 1;
            let waited = self.has_work.wait_timeout(ready, Duration::from_millis(wait as u64));
            ready = waited.map_or_else(|poisoned| poisoned.into_inner().0, |(ready, _)| ready);
            ready.sleeping -= 1;
        }
    }

    fn run(&self, cell: &Arc<TaskCell>) {
        cell.state.store(RUNNING, Ordering::Release);
        let mut task = cell.lock();
        let step = catch_unwind(AssertUnwindSafe(|| self.turn(&mut task))).unwrap_or_else(|panic| {
            let what = panic.downcast_ref::<String>().map(String::as_str);
            let what = what.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("unknown");
            Err(Fault::ours(format!("a task failed in a way that it never should: {what}")).at_node(task.name()))
        });
        let step = step.unwrap_or_else(|fault| {
            task.halt();
            (self.on_fault)(fault);
            Step::Idle(None)
        });
        drop(task);
        self.settle(cell, step);
    }

    fn turn(&self, task: &mut Task) -> Result<Step, Fault> {
        let mut step = Step::Worked;
        for _ in 0..TURN {
            step = task.step(self.clock.millis())?;
            if step != Step::Worked {
                break;
            }
        }
        Ok(step)
    }

    /// Puts a task that has run where it belongs.
    fn settle(&self, cell: &Arc<TaskCell>, step: Step) {
        let (doing, timer) = match step {
            Step::Worked => {
                cell.state.store(QUEUED, Ordering::Release);
                return self.push_back(cell.clone());
            }
            Step::Ended => {
                cell.meter.turn(Doing::Idle, self.clock.nanos());
                return cell.state.store(DONE, Ordering::Release);
            }
            Step::Idle(timer) => (Doing::Idle, timer),
            Step::Blocked(timer) => (Doing::BackPressured, timer),
            Step::Limited(timer) => (Doing::Limited, Some(timer)),
        };
        cell.meter.turn(doing, self.clock.nanos());
        let settled = cell.state.compare_exchange(RUNNING, IDLE, Ordering::AcqRel, Ordering::Acquire);
        if settled.is_err() {
            // Woken while it ran.
            cell.state.store(QUEUED, Ordering::Release);
            cell.meter.turn(Doing::Busy, self.clock.nanos());
            return self.push_back(cell.clone());
        }
        if let Some(at_ms) = timer {
            self.set_timer(cell, at_ms);
        }
    }

    fn set_timer(&self, cell: &Arc<TaskCell>, at_ms: i64) {
        if cell.timer_ms.fetch_min(at_ms, Ordering::Relaxed) <= at_ms {
            return;
        }
        let mut ready = self.lock();
        ready.timers.push(Reverse(Timer { at_ms, task: Arc::downgrade(cell) }));
        let is_first = ready.timers.peek().is_some_and(|Reverse(timer)| timer.at_ms == at_ms);
        drop(ready);
        if is_first {
            self.has_work.notify_one();
        }
    }
}
