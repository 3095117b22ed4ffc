//! What a task takes in: rows of its readings, the smallest timestamp first, and of its queues, in turn. Nothing is
//! waited for but an empty partition of which the broker has more.

use std::sync::atomic::Ordering::Relaxed;

use super::{At, ENDED, NodeBody, Step, Task, earliest};
use crate::batch::MAX_ROWS;
use crate::engine::budget::Budget;
use crate::engine::channel::{Look, Taken};
use crate::engine::layout::{Entry, Input, renumber};
use crate::engine::meter::count;
use crate::engine::reading::{Head, Reading};
use crate::problem::Fault;

impl Task {
    /// Takes rows in, if there are some: `None` where there are none.
    pub(super) fn take_in(&mut self, now_ms: i64) -> Result<Option<Step>, Fault> {
        if self.allowance == Some(0) {
            return Ok(None);
        }
        if !self.is_closing && !self.is_paused {
            self.read(now_ms)?;
        }
        let wanted = self.waiting_rows().min(self.allowance.unwrap_or(usize::MAX)).min(MAX_ROWS);
        let max = match self.grant(wanted, now_ms) {
            Ok(0) => return Ok(None),
            Ok(rows) => rows.min(wanted),
            Err(until) => return Ok(Some(Step::Limited(until))),
        };
        let choices = self.inputs.len() + 1;
        for offset in 0..choices {
            let choice = (self.turn + offset) % choices;
            let is_taken = match choice.checked_sub(1) {
                None => self.take_reading(max, now_ms)?,
                Some(input) => !self.inputs_ended[input] && self.take_queue(input, max, now_ms)?,
            };
            if is_taken {
                self.turn = choice + 1;
                return Ok(Some(Step::Worked));
            }
        }
        // What is there is not due yet, or has to wait for others.
        self.grant(0, now_ms).map_or_else(|until| Ok(Some(Step::Limited(until))), |_| Ok(None))
    }

    /// Fills those readings that hold nothing.
    fn read(&mut self, now_ms: i64) -> Result<(), Fault> {
        for reading in &mut self.readings {
            let node = &mut self.nodes[reading.node];
            let NodeBody::Source(ingest) = &mut node.body else { continue };
            if !reading.is_open_to_more(now_ms) {
                continue;
            }
            self.at = At::Node(reading.node);
            self.stopwatch.start();
            let max = self.budget.as_ref().map_or(self.pack, Budget::reserve);
            let read = reading.fill(ingest, max, now_ms).map_err(|fault| fault.at_node(&node.id));
            if let Some(budget) = &self.budget {
                budget.settle(max, *read.as_ref().unwrap_or(&0));
            }
            let read = read?;
            node.meter.records_in.fetch_add(read, Relaxed);
            self.stopwatch.lap(&node.meter, read as usize);
        }
        Ok(())
    }

    /// How many of the rows that wait all throttles of the task together let in; else when to ask again.
    fn grant(&mut self, wanted: usize, now_ms: i64) -> Result<usize, i64> {
        let mut rows = wanted;
        for node in &mut self.nodes {
            if let NodeBody::Flow(flow) = &mut node.body {
                let grant = flow.grant(rows, now_ms);
                if grant.rows == 0 && rows > 0 {
                    return Err(grant.again_at_ms.unwrap_or(now_ms + 1));
                }
                rows = rows.min(grant.rows);
            }
        }
        Ok(rows)
    }

    /// How many rows are there to be taken. Queues that have ended are noted: no row will tell of it.
    fn waiting_rows(&mut self) -> usize {
        let mut rows = self.readings.iter().map(Reading::held_rows).sum();
        for input in 0..self.inputs.len() {
            match self.inputs[input].look() {
                Look::Rows(more) => rows += more,
                Look::Empty => {}
                Look::Ended => self.end_input(input),
            }
        }
        rows
    }

    fn take_reading(&mut self, max: usize, now_ms: i64) -> Result<bool, Fault> {
        if self.readings.len() > 1 && !self.is_closing && self.waits_for_others(now_ms) {
            return Ok(false);
        }
        let heads = self.readings.iter().enumerate().filter_map(|(place, reading)| Some((reading.head_ms()?, place)));
        let mut heads: Vec<(i64, usize)> = heads.collect();
        heads.sort_unstable();
        let Some(&(_, place)) = heads.first() else { return Ok(false) };
        let until = heads.get(1).map(|&(time, other)| (time, place < other));
        let reading = &mut self.readings[place];
        let Some(Head { rows, failed }) = reading.take(max, until) else { return Ok(false) };
        let node = reading.node;
        self.spend(rows.rows);
        self.pass(Entry::Out(node), rows, failed, now_ms)?;
        Ok(true)
    }

    fn waits_for_others(&mut self, now_ms: i64) -> bool {
        self.readings.iter().any(Reading::is_waited_for) || self.waits_for_company(now_ms)
    }

    /// Whether a partition at its end is still given time, so that its records find their place among those of others.
    fn waits_for_company(&mut self, now_ms: i64) -> bool {
        let is_missing = |reading: &Reading| reading.is_feed() && reading.head_ms().is_none() && !reading.has_ended;
        if self.max_idle_ms == 0 || !self.readings.iter().any(is_missing) {
            self.waiting_since_ms = None;
            return false;
        }
        if self.readings.iter().all(|reading| reading.head_ms().is_none()) {
            return false;
        }
        let until = self.waiting_since_ms.get_or_insert(now_ms).saturating_add(self.max_idle_ms);
        self.tick_at_ms = earliest(self.tick_at_ms, Some(until).filter(|&until| until > now_ms));
        now_ms < until
    }

    fn take_queue(&mut self, input: usize, max: usize, now_ms: i64) -> Result<bool, Fault> {
        match self.inputs[input].take(max, now_ms)? {
            Taken::Rows(batch) => {
                self.spend(batch.rows);
                let Input { entry, selection, .. } = &self.layout.inputs[input];
                let (entry, batch) = (*entry, selection.apply(renumber(batch)));
                self.pass(entry, batch, Vec::new(), now_ms)?;
                return Ok(true);
            }
            Taken::Empty(due) => self.tick_at_ms = earliest(self.tick_at_ms, due),
            Taken::Ended => self.end_input(input),
        }
        Ok(false)
    }

    fn end_input(&mut self, input: usize) {
        if !std::mem::replace(&mut self.inputs_ended[input], true) {
            let (Entry::Port(node, _) | Entry::Out(node)) = self.layout.inputs[input].entry;
            debug_assert!(self.open[node] != ENDED, "a node ends after its inputs");
            self.open[node] -= 1;
        }
    }

    fn spend(&mut self, rows: usize) {
        count(&self.moved.taken, rows);
        if let Some(allowance) = &mut self.allowance {
            *allowance = allowance.saturating_sub(rows);
        }
    }
}
