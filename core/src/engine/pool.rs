//! A fixed pool of threads that runs tasks when they are woken: never two threads at once on one task. A task that wakes
//! another while it runs hands it to its own thread, so that a lone record crosses a pipeline without waiting for one.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::cell::{DONE, IDLE, QUEUED, RUNNING, TaskCell};
use super::clock::Clock;
use super::meter::Doing;
use super::task::Step;
use crate::problem::Fault;

/// How many batches a task takes before others get the thread.
const TURN: usize = 4;

/// How many tasks in a row a thread takes from those it has woken itself, before it looks at what else is ready.
const HANDED_ON: usize = 16;

/// How long a step may go on once the pool is stopped.
const LEAVE_AFTER: Duration = Duration::from_secs(1);

/// How long a thread sleeps at most, in milliseconds.
const SLEEP_MS: i64 = 1000;

/// The threads.
pub(crate) struct Pool {
    pub(super) shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    /// how many threads there are while no task is stuck
    size: usize,
}

pub(super) struct Shared {
    ready: Mutex<Ready>,
    has_work: Condvar,
    is_stopped: AtomicBool,
    /// threads that there are, and that there should be
    live: AtomicUsize,
    wanted: AtomicUsize,
    pub(super) clock: Clock,
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
            live: AtomicUsize::new(0),
            wanted: AtomicUsize::new(threads),
            clock,
            on_fault,
        });
        let mut pool = Pool { shared, threads: Vec::with_capacity(threads), size: threads };
        pool.spawn().map_err(|why| Fault::outside(format!("no thread for the tasks: {why}")))?;
        // Of the others, one that cannot be started is a machine out of resources: those there are do its work.
        (1..threads).for_each(|_| drop(pool.spawn()));
        Ok(pool)
    }

    fn spawn(&mut self) -> std::io::Result<()> {
        let shared = self.shared.clone();
        let name = format!("lane-{}", self.threads.len());
        let thread = std::thread::Builder::new().name(name).spawn(move || shared.work())?;
        self.shared.live.fetch_add(1, Ordering::AcqRel);
        self.threads.push(thread);
        Ok(())
    }

    /// So many threads are in a call that does not come back: as many others do their work meanwhile.
    pub(crate) fn relieve(&mut self, stuck: usize) {
        let wanted = self.size + stuck;
        self.shared.wanted.store(wanted, Ordering::Release);
        self.threads.retain(|thread| !thread.is_finished());
        while self.shared.live.load(Ordering::Acquire) < wanted && self.spawn().is_ok() {}
    }

    /// Ends the threads. One whose task is in a call is not waited for beyond a while: it ends when that comes back.
    pub(crate) fn stop(&mut self) {
        let ready = self.shared.lock();
        // Under the lock: a thread that has just looked would else go to sleep on it.
        self.shared.is_stopped.store(true, Ordering::Release);
        drop(ready);
        self.shared.has_work.notify_all();
        let until = Instant::now() + LEAVE_AFTER;
        for thread in self.threads.drain(..) {
            while !thread.is_finished() && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(1));
            }
            if thread.is_finished() {
                // A panic in a task was caught; one of the pool itself has nothing left to save.
                let _ = thread.join();
            }
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

    pub(super) fn push(&self, task: Arc<TaskCell>) {
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

    pub(super) fn push_back(&self, task: Arc<TaskCell>) {
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
        while !self.is_stopped.load(Ordering::Acquire) && !self.is_one_too_many() {
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
        // What this thread would have run next is another's.
        self.hand_on();
        NEXT.set(None);
    }

    /// Whether the thread that asks is one more than there should be. It is gone then.
    fn is_one_too_many(&self) -> bool {
        let wanted = self.wanted.load(Ordering::Acquire);
        let leaves = |live: usize| (live > wanted).then(|| live - 1);
        self.live.fetch_update(Ordering::AcqRel, Ordering::Acquire, leaves).is_ok()
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
            // A fault ends the task.
            let step = cell.step().unwrap_or_else(|fault| {
                (self.on_fault)(fault);
                Step::Idle(None)
            });
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
