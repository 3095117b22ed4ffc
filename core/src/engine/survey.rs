//! What is still needed of what was read: looked for in all queues and tasks of a workshop, without waiting for one that is
//! in a call which does not come back.

use std::sync::Arc;

use super::cell::TaskCell;
use super::channel::Needs;
use super::run::lock;
use super::workshop::Workshop;
use crate::plan::TaskInput;
use crate::problem::Fault;

impl Workshop {
    /// Has sinks that write by themselves make safe what they have written, each on its own thread: a
    /// [`Workshop::survey`] a little later finds it so.
    ///
    /// # Errors
    /// What a sink fails with, where there are no threads.
    pub(crate) fn make_safe(&self) -> Result<(), Fault> {
        self.tasks.values().try_for_each(TaskCell::make_safe)
    }

    /// The smallest offset per reading that is still needed anywhere: what is safe to commit. Looks at queues and tasks in
    /// the order in which data flows: a row only moves on, so that it is met where it was or further on, or it is done.
    pub(crate) fn survey(&self) -> Result<Needs, Fault> {
        let mut needs = Needs::default();
        for (task, layout) in self.layouts.iter().enumerate() {
            for input in &layout.inputs {
                for channel in self.channels_of(input.queue) {
                    needs.merge(&channel.needs());
                }
            }
            for cell in self.tasks.range((task, 0)..=(task, u32::MAX)).map(|(_, cell)| cell) {
                match cell.reach() {
                    Some(mut task) => needs.merge(task.needs()?.iter()),
                    None => self.add_unreached(cell, &mut needs),
                }
            }
        }
        *lock(&self.surveyed) = needs.clone();
        Ok(needs)
    }

    /// Adds what a task needs that is in a call: what it has said before, or else all that was needed the last time, since
    /// whatever it has now was there, or behind it. Of a reading that has come since, nothing is safe.
    fn add_unreached(&self, cell: &Arc<TaskCell>, needs: &mut Needs) {
        if let Some(call) = cell.calls.now() {
            return needs.merge(call.needs.iter());
        }
        let surveyed = lock(&self.surveyed);
        self.slots.iter().for_each(|(slot, _)| needs.lower(slot, surveyed.get(slot).unwrap_or(-1)));
    }

    /// Throws away what a lane holds, where it reads nothing any more; tells how many rows. What shares a lane with others
    /// goes on to its sinks, and so does what a task has that is in a call.
    pub(crate) fn discard_lane(&self, lane: u32) -> usize {
        let cells = || self.tasks.iter().filter(move |((_, other), _)| *other == lane);
        let reads = |(&(task, _), cell): (&(usize, u32), &Arc<TaskCell>)| match cell.reach() {
            Some(task) => !task.readings.is_empty(),
            None => self.plan.tasks[task].inputs.iter().any(|input| matches!(input, TaskInput::Source(_))),
        };
        if cells().any(reads) {
            return 0;
        }
        let held: usize = cells().filter_map(|(_, cell)| Some(cell.reach()?.discard())).sum();
        let channels = self.channels.iter().filter(|((_, other), _)| *other == lane);
        held + channels.map(|(_, channel)| channel.discard()).sum::<usize>()
    }
}
