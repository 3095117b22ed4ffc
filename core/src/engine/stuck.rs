//! Tasks that are in a call which does not come back: to a pipe that nobody reads, to a disk that does not answer. The others
//! go on; the run says which it is, and for how long.

use std::sync::Arc;

use super::cell::TaskCell;
use super::run::{Inner, lock};
use crate::problem::Severity;

/// A task on a lane, and its place among them.
type Placed = ((usize, u32), Arc<TaskCell>);

impl Inner {
    /// Gives the pool a thread for each task that keeps one for itself, and tells of those that have done so for long.
    pub(super) fn look_after_stuck(&self) {
        let stuck = self.stuck();
        if let Some(pool) = lock(&self.pool).as_mut() {
            pool.relieve(stuck.len());
        }
        let calls = stuck.into_iter().map(|(at, cell)| (at, cell.in_step().as_millis() as i64)).collect();
        let changes = self.watch.lock().note_calls(calls);
        for ((task, lane), is_long) in changes {
            let (severity, message) = match is_long {
                true => (
                    Severity::Warning,
                    format!(
                        "lane {lane} is in one call for more than 5 s: what it writes to takes nothing. The other lanes \
                         go on; what this one has is not committed"
                    ),
                ),
                false => (Severity::Note, format!("lane {lane} has come back from its call")),
            };
            self.tell_of(task, severity, message);
        }
    }

    /// Tells of those that the run leaves behind at its end.
    pub(super) fn tell_left(&self) {
        for ((task, lane), cell) in self.stuck() {
            let seconds = cell.in_step().as_secs();
            let records = match cell.calls.now() {
                Some(call) => format!("{} records", call.rows),
                None => "the records".into(),
            };
            let message = format!(
                "lane {lane} is left in a call that has lasted {seconds} s: {records} that it has are not committed"
            );
            self.tell_of(task, Severity::Warning, message);
        }
    }

    fn stuck(&self) -> Vec<Placed> {
        let workshop = lock(&self.workshop);
        let stuck = workshop.tasks.iter().filter(|(_, cell)| cell.is_stuck());
        stuck.map(|(&at, cell)| (at, cell.clone())).collect()
    }

    /// Tells it of the first node of a task, in the log of the run and in that of the program.
    fn tell_of(&self, task: usize, severity: Severity, message: String) {
        let workshop = lock(&self.workshop);
        let first = workshop.layouts[task].nodes.first();
        let node = first.map(|&node| workshop.plan.nodes[node].id.clone()).unwrap_or_default();
        drop(workshop);
        tracing::warn!("{node}: {message}");
        self.tell(severity, Some(&node), message);
    }
}
