//! How a run comes to its end: it is seen to be idle, its queues run empty, what is left is counted.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::cell::TaskCell;
use super::run::{COMMIT_WITHIN, EndedBy, Inner, lock};
use crate::operators::Touches;
use crate::problem::Fault;
use crate::snapshot::{RunState, Snapshot};

/// How long nothing moves until it is taken to stand still.
const STILL: Duration = Duration::from_millis(500);

/// How one attempt ended.
pub(super) struct Ending {
    pub(super) ended_by: EndedBy,
    pub(super) undone: usize,
    pub(super) is_lossy: bool,
    pub(super) snapshot: Snapshot,
}

impl Inner {
    /// Brings the run to an end: queues run empty, what is safe is committed. Tells what was left undone.
    pub(super) fn finish(self: &Arc<Self>, ended_by: EndedBy) -> Ending {
        self.watch.lock().is_ending = true;
        let tasks = self.all_tasks();
        for task in &tasks {
            task.tell(|task| task.is_closing = true);
            task.wake();
        }
        let deadline = Instant::now() + self.options.drain;
        let mut still = (self.progress(), Instant::now());
        // Records that were asked for are finished; else what was read and not given counts as not read.
        let takes_all = ended_by == EndedBy::Records;
        while !self.is_drained(&tasks, takes_all)
            && Instant::now() < deadline
            && !self.signals.is_told_to_abort.load(Ordering::Acquire)
        {
            std::thread::sleep(Duration::from_millis(5));
            self.look_after_stuck();
            let progress = self.progress();
            if progress != still.0 {
                still = (progress, Instant::now());
            }
            if ended_by == EndedBy::Fault && still.1.elapsed() > self.stillness(&tasks) {
                break;
            }
        }
        if let Err(fault) = self.make_safe(&tasks) {
            self.faults.push(fault);
        }
        if let Some(mut pool) = lock(&self.pool).take() {
            pool.stop();
        }
        self.tell_left();
        let undone = self.undone(&tasks);
        match self.commit(Some(COMMIT_WITHIN)) {
            // In bad times nobody waits for housekeeping.
            Ok(()) if ended_by != EndedBy::Fault && !self.signals.is_told_to_abort.load(Ordering::Acquire) => {
                self.through.purge(self);
            }
            Ok(()) => {}
            Err(fault) => self.faults.push(fault),
        }
        let mut snapshot = self.snapshot(false);
        snapshot.run.state = RunState::Over;
        self.membership.leave();
        lock(&self.hub).flush(Duration::from_secs(1));
        Ending { ended_by, undone, is_lossy: undone > 0 && self.has_own_sources(), snapshot }
    }

    /// Has sinks make safe what they have written, and waits for those that come back.
    fn make_safe(&self, tasks: &[Arc<TaskCell>]) -> Result<(), Fault> {
        lock(&self.workshop).make_safe()?;
        let begun = Instant::now();
        while tasks.iter().any(|task| task.is_flushing()) {
            let is_in_haste = self.signals.is_told_to_abort.load(Ordering::Acquire);
            if begun.elapsed() > if is_in_haste { STILL } else { COMMIT_WITHIN } {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
            self.look_after_stuck();
        }
        Ok(())
    }

    /// How long nothing may move at an end by a fault: a lane that has stopped holds up what is before it for ever, but
    /// what topics have been sent is waited for.
    fn stillness(&self, tasks: &[Arc<TaskCell>]) -> Duration {
        let is_awaited =
            |task: &Arc<TaskCell>| task.reach().is_none_or(|mut task| matches!(task.is_acknowledged(), Ok(false)));
        if tasks.iter().any(is_awaited) { COMMIT_WITHIN } else { STILL }
    }

    /// Rows that are in queues or unsent.
    fn undone(&self, tasks: &[Arc<TaskCell>]) -> usize {
        let queued: usize = lock(&self.workshop).channels().map(|channel| channel.level().rows).sum();
        let held = |task: &Arc<TaskCell>| match task.reach() {
            Some(task) => task.held_rows(),
            None => task.calls.now().map_or(0, |call| call.rows),
        };
        queued + tasks.iter().map(held).sum::<usize>()
    }

    fn has_own_sources(&self) -> bool {
        let workshop = lock(&self.workshop);
        workshop.plan.nodes.iter().any(|node| node.ports.inputs.is_empty() && node.shape.touches() == Touches::Nothing)
    }

    /// Whether the node at which this happened starts again alone, and is not to any more.
    pub(super) fn has_given_up(&self, fault: &Fault) -> bool {
        let workshop = lock(&self.workshop);
        let number = workshop.plan.nodes.iter().position(|node| fault.node.as_ref() == Some(&node.id));
        number.is_some_and(|number| workshop.meters[number].has_given_up())
    }

    /// Records that a node has got through in this attempt.
    pub(super) fn done_at(&self, node: &str) -> u64 {
        let workshop = lock(&self.workshop);
        let Some(number) = workshop.plan.nodes.iter().position(|other| other.id == node) else { return 0 };
        let all = workshop.meters[number].records_out.load(Ordering::Relaxed);
        all - workshop.done_before.get(number).copied().unwrap_or(0)
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
    fn is_drained(&self, tasks: &[Arc<TaskCell>], takes_all: bool) -> bool {
        let is_quiet = |task: &Arc<TaskCell>| {
            let Some(mut reached) = task.reach() else { return false };
            reached.is_drained(takes_all).unwrap_or_else(|fault| {
                self.faults.push(fault);
                true
            }) && task.is_idle()
        };
        // Twice, since a row may have moved on behind the first look.
        (0..2).all(|_| tasks.iter().all(is_quiet) && lock(&self.workshop).channels().all(|channel| channel.is_empty()))
    }
}

/// Sees how long nothing has come.
#[derive(Default)]
pub(super) struct IdleWatch {
    seen: u64,
    since: Option<Instant>,
}

impl IdleWatch {
    pub(super) fn idle_for(&mut self, inner: &Inner) -> Duration {
        let progress = inner.progress();
        let tasks = inner.all_tasks();
        let is_idle = progress == self.seen && inner.membership.is_assigned() && inner.is_drained(&tasks, false);
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
