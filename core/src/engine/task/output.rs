//! What leaves a task: rows are handed over to queues as far as these have room. The rest is kept, in order, until the
//! queue's reader wakes the task.

use std::sync::Arc;

use super::{At, Pace, Seen, Stand, Task};
use crate::batch::Batch;
use crate::engine::channel::{Channel, Needs};
use crate::engine::failures::{error_rows, stop_fault};
use crate::engine::meter::{NodeMeter, count};
use crate::engine::task::NodeBody;
use crate::operators::{Outbox, Spread};
use crate::problem::Fault;

/// A queue that the task writes.
pub(crate) struct Output {
    pub(crate) spread: Spread,
    /// one per lane, or the one of this lane
    pub(crate) lanes: Vec<Arc<Channel>>,
    /// the node that is this queue
    pub(crate) node: Option<QueueNode>,
    /// outputs for records that fail when they are put into it
    pub(crate) failures: Vec<usize>,
    /// ways into it that have not ended
    pub(crate) open: usize,
    pub(crate) has_ended: bool,
}

/// A node that is itself a queue.
pub(crate) struct QueueNode {
    pub(crate) id: Arc<str>,
    pub(crate) meter: Arc<NodeMeter>,
    pub(crate) counts_errors: bool,
    /// its number in the plan, and that of its port `errors`
    pub(crate) errors: (usize, usize),
    /// told of what fails
    pub(crate) seen: Option<Seen>,
}

impl Task {
    /// Tells somebody of what leaves by a port of a node of the plan, where it leaves here.
    pub(crate) fn watch(&mut self, (node, port): (usize, usize), seen: &Seen) {
        if let Some(place) = self.layout.place(node) {
            self.watched.insert((place, port), seen.clone());
        }
        let queues = self.outputs.iter_mut().filter_map(|output| output.node.as_mut());
        queues.filter(|queue| queue.errors == (node, port)).for_each(|queue| queue.seen = Some(seen.clone()));
    }

    /// Hands over what waits; says whether all is gone. What goes to one queue keeps its order.
    pub(super) fn hand_over(&mut self, now_ms: i64) -> Result<bool, Fault> {
        let mut is_free = true;
        for node in &mut self.nodes {
            if let NodeBody::Topic(topic) = &mut node.body {
                is_free &= topic.send_on().map_err(|fault| fault.at_node(&node.id))?;
            }
        }
        let mut place = 0;
        while let Some(&(output, lane, _)) = self.pending.get(place) {
            let is_behind = self.pending.iter().take(place).any(|(before, at, _)| (*before, *at) == (output, lane));
            if is_behind {
                place += 1;
                continue;
            }
            let Some((_, _, batch)) = self.pending.remove(place) else { break };
            if let Some(rest) = self.offer(output, lane, batch, now_ms)? {
                self.pending.insert(place, (output, lane, rest));
                place += 1;
            }
        }
        Ok(is_free && self.pending.is_empty())
    }

    /// Offers rows to one lane of a queue; gives back those for which it has no room.
    fn offer(&mut self, output: usize, lane: usize, batch: Batch, now_ms: i64) -> Result<Option<Batch>, Fault> {
        let target = &self.outputs[output];
        let rows = batch.rows;
        let mut out = Outbox::default();
        let Some(node) = &target.node else { return target.lanes[lane].offer(batch, now_ms, &mut out) };
        let (first, whole) = match self.pace {
            Pace::Waits => return Ok(Some(batch)),
            Pace::Turn if rows > 1 => (batch.slice(0, 1), Some(batch)),
            Pace::Turn | Pace::Free => (batch, None),
        };
        self.at = At::Output(output);
        self.under_way.push(Stand::of(&first));
        let offered = first.rows;
        let rest = target.lanes[lane].offer(first, now_ms, &mut out).map_err(|fault| fault.at_node(&node.id))?;
        let taken = offered - rest.as_ref().map_or(0, |rest| rest.rows);
        count(&node.meter.records_in, taken);
        if self.pace == Pace::Turn && taken > 0 {
            self.pace = Pace::Waits;
        }
        self.settle_queue(output, lane, out)?;
        self.under_way.clear();
        Ok(match whole {
            Some(whole) if taken > 0 => Some(whole.slice(taken, rows - taken)),
            whole => whole.or(rest),
        })
    }

    /// Lets the next record into a queue node, if one waits for its turn.
    pub(crate) fn give_turn(&mut self) -> bool {
        let has_waiting = self.pending.iter().any(|(output, ..)| self.outputs[*output].node.is_some());
        let gets_turn = has_waiting && self.pace == Pace::Waits;
        if gets_turn {
            self.pace = Pace::Turn;
        }
        gets_turn
    }

    /// Drops and failures of a queue node, told by the one who puts rows into it.
    fn settle_queue(&mut self, output: usize, lane: usize, mut out: Outbox) -> Result<(), Fault> {
        let Output { node: Some(node), failures, .. } = &self.outputs[output] else { return Ok(()) };
        node.meter.count_drops(&mut out.drops);
        for failed in out.failed {
            count(&node.meter.errors, failed.batch.rows);
            if !failures.is_empty() || node.seen.is_some() {
                let rows = error_rows(&node.id, failed);
                node.seen.iter().for_each(|seen| seen(&rows));
                // A queue of failures lies on the lane of the queue itself.
                self.pending.extend(failures.iter().map(|&to| (to, lane, rows.clone())));
            } else if node.counts_errors {
                for (row, reason) in failed.reasons.iter().enumerate() {
                    node.meter.keep_failure(failed.batch.place(row), &reason.reason);
                }
            } else if let Some(reason) = failed.reasons.first() {
                let mut needs = Needs::default();
                needs.add(&failed.batch);
                let fault = stop_fault(&node.id, &failed.batch, 0, reason);
                self.stopped = Some(needs);
                return Err(fault);
            }
        }
        Ok(())
    }

    /// Ends the queues into which nothing comes any more.
    pub(super) fn end_outputs(&mut self) {
        while let Some(output) = self.outputs.iter().position(|output| output.open == 0 && !output.has_ended) {
            self.outputs[output].has_ended = true;
            self.outputs[output].lanes.iter().for_each(|lane| lane.end());
            for failures in self.outputs[output].failures.clone() {
                self.outputs[failures].open -= 1;
            }
        }
    }

    /// Throws away what it holds, after its partition has gone to another member; tells how many rows.
    pub(crate) fn discard(&mut self) -> usize {
        self.pending.drain(..).map(|(_, _, batch)| batch.rows).sum()
    }

    /// Rows that are held here: not handed over, or kept for a sink that has failed.
    pub(crate) fn held_rows(&self) -> usize {
        let kept = self.nodes.iter().map(|node| match &node.body {
            NodeBody::Sink(sink) => sink.waiting_rows(),
            _ => 0,
        });
        self.pending.iter().map(|(_, _, batch)| batch.rows).chain(kept).sum()
    }
}
