//! A fixed pool of threads that runs tasks when they are woken: never two threads at once on one task. A task that wakes
//! another while it runs hands it to its own thread, so that a lone record crosses a pipeline without waiting for one.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::alone::caught;
use super::clock::Clock;
use super::meter::{Doing, Moved, TaskMeter};
use super::task::{Step, Task};
use crate::problem::{Blame, Fault};

/// How many batches a task takes before others get the thread.
const TURN: usize = 4;

/// How many tasks in a row a thread takes from those it has woken itself, before it looks at what else is ready.
const HANDED_ON: usize = 16;

/// How often a thread gives way to others who wait for its task, before a step.
const YIELDS: usize = 100;

/// How long the end of a step is waited for to look at a task.
const LOOK: Duration = Duration::from_millis(50);

/// How long a thread sleeps at most, in milliseconds.
const SLEEP_MS: i64 = 1000;

// What a task's state says. Whoever wakes a task has changed something under a lock that the task takes when it runs, a
// queue's say. So a wake-up that finds it queued or woken needs nothing more: the run that follows sees the change.
/// waits to be woken
const IDLE: u8 = 0;
/// in line for a thread
const QUEUED: u8 = 1;
/// on a thread
const RUNNING: u8 = 2;
/// on a thread, and to run once more
const WOKEN: u8 = 3;
/// never to run again
const DONE: u8 = 4;

/// A task and what is needed to run it from any thread.
pub(crate) struct TaskCell {
    state: AtomicU8,
    task: Mutex<Task>,
    /// how many others wait for the lock
    visitors: AtomicUsize,
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
            task: Mutex::new(task),
            visitors: AtomicUsize::new(0),
            meter: TaskMeter::new(clock.nanos()),
            pool: pool.map(|pool| Arc::downgrade(&pool.shared)),
        })
    }

    /// For others than the thread that runs it, which lets them in between two steps.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Task> {
        self.visitors.fetch_add(1, Ordering::Relaxed);
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        self.visitors.fetch_sub(1, Ordering::Relaxed);
        task
    }

    /// The same, for who only looks and comes again; none where a step takes longer, as that of a sink that nobody reads.
    pub(crate) fn look(&self) -> Option<MutexGuard<'_, Task>> {
        self.visitors.fetch_add(1, Ordering::Relaxed);
        let until = Instant::now() + LOOK;
        let task = loop {
            match self.task.try_lock() {
                Ok(task) => break Some(task),
                Err(TryLockError::Poisoned(task)) => break Some(task.into_inner()),
                Err(TryLockError::WouldBlock) if Instant::now() > until => break None,
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_micros(200)),
            }
        };
        self.visitors.fetch_sub(1, Ordering::Relaxed);
        task
    }

    /// The lock is not fair: a thread that takes it step after step would keep those out who commit and watch.
    fn lock_for_step(&self) -> MutexGuard<'_, Task> {
        for _ in 0..YIELDS {
            if self.visitors.load(Ordering::Relaxed) == 0 {
                break;
            }
            std::thread::yield_now();
        }
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
    timers: Timers,
    sleeping: usize,
}

/// The one timer of each task, by the time at which it is due and the task's address.
#[derive(Default)]
struct Timers {
    tasks: BTreeMap<(i64, usize), Weak<TaskCell>>,
    due_ms: HashMap<usize, i64>,
}

impl Timers {
    /// Sets a task's timer in place of the one that it has; says whether it is the next of all.
    fn set(&mut self, task: &Arc<TaskCell>, at_ms: i64) -> bool {
        let address = Arc::as_ptr(task) as usize;
        if let Some(before) = self.due_ms.insert(address, at_ms) {
            self.tasks.remove(&(before, address));
        }
        self.tasks.insert((at_ms, address), Arc::downgrade(task));
        self.next_ms() == Some(at_ms)
    }

    fn next_ms(&self) -> Option<i64> {
        self.tasks.first_key_value().map(|(&(at_ms, _), _)| at_ms)
    }

    /// Takes out a timer that is due. Its task may be gone by now.
    fn take(&mut self, now_ms: i64) -> Option<Weak<TaskCell>> {
        let first = self.tasks.first_entry().filter(|first| first.key().0 <= now_ms)?;
        self.due_ms.remove(&first.key().1);
        Some(first.remove())
    }
}

thread_local! {
    /// The task that the one running here has woken: it is next on this thread.
    static NEXT: RefCell<Option<Option<Arc<TaskCell>>>> = const { RefCell::new(None) };
}

impl Pool {
    pub(crate) fn start(
        threads: usize,
        clock: Clock,
        on_fault: Box<dyn Fn(Fault) + Send + Sync>,
    ) -> Result<Pool, Fault> {
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
        let first = spawn(0).map_err(|why| Fault::outside(format!("no thread for the tasks: {why}")))?;
        // Of the others, one that cannot be started is a machine out of resources: those there are do its work.
        let others = (1..threads).filter_map(|number| spawn(number).ok());
        let threads = std::iter::once(first).chain(others).collect();
        Ok(Pool { shared, threads })
    }

    pub(crate) fn stop(&mut self) {
        let ready = self.shared.lock();
        // Under the lock: a thread that has just looked would else go to sleep on it.
        self.shared.is_stopped.store(true, Ordering::Release);
        drop(ready);
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
        let mut in_a_row = 0;
        while !self.is_stopped.load(Ordering::Acquire) {
            let mut own = NEXT.with_borrow_mut(|next| next.as_mut().and_then(Option::take));
            in_a_row = if own.is_some() { in_a_row + 1 } else { 0 };
            // Two tasks that wake each other for every row would else keep the thread for themselves.
            if in_a_row > HANDED_ON
                && let Some(task) = own.take()
            {
                in_a_row = 0;
                self.push_back(task);
            }
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
            while let Some(due) = ready.timers.take(now) {
                let Some(task) = due.upgrade() else { continue };
                let woken = task.state.compare_exchange(IDLE, QUEUED, Ordering::AcqRel, Ordering::Acquire);
                if woken.is_ok() {
                    task.meter.turn(Doing::Busy, &self.clock);
                    ready.tasks.push_back(task);
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
            let wait = ready.timers.next_ms().map_or(SLEEP_MS, |at_ms| (at_ms - now).clamp(1, SLEEP_MS));
            ready.sleeping += 1;
            let waited = self.has_work.wait_timeout(ready, Duration::from_millis(wait as u64));
            ready = waited.map_or_else(|poisoned| poisoned.into_inner().0, |(ready, _)| ready);
            ready.sleeping -= 1;
        }
    }

    fn run(&self, cell: &Arc<TaskCell>) {
        cell.state.store(RUNNING, Ordering::Release);
        let step = self.turn(cell);
        self.settle(cell, step);
    }

    fn turn(&self, cell: &TaskCell) -> Step {
        for number in 0..TURN {
            if self.is_stopped.load(Ordering::Acquire) {
                break;
            }
            let step = self.step(&mut cell.lock_for_step());
            if step != Step::Worked {
                return step;
            }
            // What this task has woken need not wait for more of its batches, where there is another thread for it.
            if number > 0 {
                self.hand_on();
            }
        }
        Step::Worked
    }

    /// One step of a task. A fault ends it, and so does a panic, which is a fault of ours.
    fn step(&self, task: &mut Task) -> Step {
        caught(|| task.step(self.clock.millis())).unwrap_or_else(|fault| {
            let fault = if fault.blame == Blame::Us { fault.at_node(task.at_work()) } else { fault };
            task.halt();
            (self.on_fault)(fault);
            Step::Idle(None)
        })
    }

    fn hand_on(&self) {
        let woken = NEXT.with_borrow_mut(|next| next.as_mut().and_then(Option::take));
        if let Some(task) = woken {
            self.push_back(task);
        }
    }

    /// Puts a task that has run where it belongs.
    fn settle(&self, cell: &Arc<TaskCell>, step: Step) {
        let (doing, timer) = match step {
            Step::Worked => {
                cell.state.store(QUEUED, Ordering::Release);
                return self.push_back(cell.clone());
            }
            Step::Ended => {
                cell.meter.turn(Doing::Idle, &self.clock);
                return cell.state.store(DONE, Ordering::Release);
            }
            Step::Idle(timer) => (Doing::Idle, timer),
            Step::Blocked(timer) => (Doing::BackPressured, timer),
            Step::Limited(timer) => (Doing::Limited, Some(timer)),
        };
        cell.meter.turn(doing, &self.clock);
        let settled = cell.state.compare_exchange(RUNNING, IDLE, Ordering::AcqRel, Ordering::Acquire);
        if settled.is_err() {
            // Woken while it ran.
            cell.state.store(QUEUED, Ordering::Release);
            cell.meter.turn(Doing::Busy, &self.clock);
            return self.push_back(cell.clone());
        }
        if let Some(at_ms) = timer {
            self.set_timer(cell, at_ms);
        }
    }

    /// Wakes a task that has just become idle at a time. Both here and where timers are taken the lock is held, so that
    /// either the task is seen to be idle there, or its old timer to be gone here.
    fn set_timer(&self, cell: &Arc<TaskCell>, at_ms: i64) {
        let mut ready = self.lock();
        let is_next = ready.timers.set(cell, at_ms);
        let has_sleeper = ready.sleeping > 0;
        drop(ready);
        // A call into the system, which a lone record need not pay for.
        if is_next && has_sleeper {
            self.has_work.notify_one();
        }
    }
}
