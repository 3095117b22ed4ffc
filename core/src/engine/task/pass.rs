//! One pass of rows through the nodes of a task: node by node in an order in which data flows, with the outcome of one
//! row after the other. Ordinals tell in which order they would have come; a record that stops the run cuts all that
//! comes at or behind it.

use super::{At, NodeBody, NodeRun, Output, Stand, Task};
use crate::batch::{Batch, ORDINAL_SHIFT};
use crate::engine::channel::Needs;
use crate::engine::failures::{error_rows, stop_fault};
use crate::engine::fanin;
use crate::engine::layout::{Entry, Layout, WayTo, spread};
use crate::engine::meter::count;
use crate::operators::{Failed, Outbox};
use crate::problem::Fault;

/// One pass of rows through the nodes.
pub(super) struct Pass {
    /// per node and input port
    arrivals: Vec<Vec<Vec<Batch>>>,
    /// per output
    leaving: Vec<Vec<Batch>>,
    /// the first record that stops the run, and why
    cut: Option<(u64, Fault)>,
    now_ms: i64,
}

impl Pass {
    fn new(layout: &Layout) -> Pass {
        Pass {
            arrivals: layout.ports_in.iter().map(|&ports| vec![Vec::new(); ports]).collect(),
            leaving: vec![Vec::new(); layout.outputs.len()],
            cut: None,
            now_ms: 0,
        }
    }

    /// The rows that come before the one at which the run stops, if it does.
    fn before_cut(&self, batch: Batch) -> Result<Batch, Fault> {
        match &self.cut {
            Some((cut, _)) => until(batch, *cut),
            None => Ok(batch),
        }
    }

    fn bring(&mut self, to: WayTo, batch: Batch) {
        match to {
            WayTo::Port(node, port) => self.arrivals[node][port].push(batch),
            WayTo::Output(output) => self.leaving[output].push(batch),
        }
    }
}

impl Task {
    /// Takes rows through the nodes and hands over what comes out.
    pub(super) fn pass(&mut self, entry: Entry, rows: Batch, failed: Vec<Failed>, now_ms: i64) -> Result<(), Fault> {
        self.under_way.extend(failed.iter().map(|failed| &failed.batch).chain([&rows]).map(Stand::of));
        let mut pass = self.begin(now_ms);
        match entry {
            Entry::Port(node, port) => pass.bring(WayTo::Port(node, port), rows),
            Entry::Out(node) => {
                let mut out = Outbox { failed, ..Outbox::default() };
                out.emit(0, rows);
                self.give(node, out, &mut pass)?;
            }
        }
        self.run(&mut pass)?;
        self.finish(pass)
    }

    /// Takes what a node gave by itself through the nodes behind it.
    pub(super) fn pass_out(&mut self, node: usize, mut out: Outbox, now_ms: i64) -> Result<(), Fault> {
        if out.batches.is_empty() && out.failed.is_empty() {
            self.nodes[node].meter.count_drops(&mut out.drops);
            count(&self.nodes[node].meter.late, out.late as usize);
            return Ok(());
        }
        number(&mut out);
        let batches = out.batches.iter().map(|(_, batch)| batch);
        self.under_way.extend(out.failed.iter().map(|failed| &failed.batch).chain(batches).map(Stand::of));
        let mut pass = self.begin(now_ms);
        self.give(node, out, &mut pass)?;
        self.run(&mut pass)?;
        self.finish(pass)
    }

    fn begin(&mut self, now_ms: i64) -> Pass {
        let pass = self.spare.take().unwrap_or_else(|| Pass::new(&self.layout));
        Pass { now_ms, ..pass }
    }

    fn run(&mut self, pass: &mut Pass) -> Result<(), Fault> {
        self.stopwatch.start();
        for node in 0..self.nodes.len() {
            for (port, batch) in fanin::runs(&mut pass.arrivals[node])? {
                let batch = pass.before_cut(batch)?;
                if batch.rows == 0 {
                    continue;
                }
                self.at = At::Node(node);
                let rows = batch.rows;
                count(&self.nodes[node].meter.records_in, rows);
                let mut out = Outbox::default();
                self.process(node, port, batch, &mut out).map_err(|fault| fault.at_node(&self.nodes[node].id))?;
                self.give(node, out, pass)?;
                self.stopwatch.lap(&self.nodes[node].meter, rows);
            }
        }
        Ok(())
    }

    fn process(&mut self, node: usize, port: usize, batch: Batch, out: &mut Outbox) -> Result<(), Fault> {
        if matches!(self.nodes[node].body, NodeBody::Sink(_)) {
            self.begin_call();
        }
        match &mut self.nodes[node].body {
            NodeBody::Flow(flow) => flow.process(port, batch, out),
            NodeBody::Sink(sink) => {
                let written = sink.write(batch, out);
                self.end_call();
                let written = written?;
                count(&self.nodes[node].meter.records_out, written);
                count(&self.moved.given, written);
                Ok(())
            }
            NodeBody::Topic(topic) => topic.encode(port, batch, out),
            NodeBody::Source(_) | NodeBody::Exit => {
                out.emit(0, batch);
                Ok(())
            }
        }
    }

    /// What a node gave goes its ways.
    fn give(&mut self, node: usize, mut out: Outbox, pass: &mut Pass) -> Result<(), Fault> {
        // What a node at a topic gives goes to the topic; what fails there, like everywhere.
        let encoded = match &self.nodes[node].body {
            NodeBody::Topic(_) => std::mem::take(&mut out.batches),
            _ => Vec::new(),
        };
        for failed in std::mem::take(&mut out.failed) {
            self.give_failed(node, failed, &mut out, pass);
        }
        let NodeRun { id, body, meter, errors, late, .. } = &mut self.nodes[node];
        meter.count_drops(&mut out.drops);
        count(&meter.late, out.late as usize);
        for (_, batch) in encoded {
            let batch = pass.before_cut(batch)?;
            count(&meter.records_out, batch.rows);
            count(&self.moved.given, batch.rows);
            if let NodeBody::Topic(topic) = body {
                topic.send(batch).map_err(|fault| fault.at_node(id))?;
            }
        }
        for (port, batch) in out.batches {
            let batch = pass.before_cut(batch)?;
            if let Some(seen) = self.watched.get(&(node, port)) {
                seen(&batch);
            }
            meter.count_port(port, batch.rows);
            if Some(port) != *errors && Some(port) != *late {
                count(&meter.records_out, batch.rows);
            }
            if let Some((last, others)) = self.layout.ways[node][port].split_last() {
                others.iter().for_each(|way| pass.bring(way.to, way.pass(batch.clone())));
                pass.bring(last.to, last.pass(batch));
            }
        }
        Ok(())
    }

    fn give_failed(&mut self, node: usize, failed: Failed, out: &mut Outbox, pass: &mut Pass) {
        let run = &self.nodes[node];
        let is_taken = |port: usize| {
            self.layout.ways[node].get(port).is_some_and(|ways| !ways.is_empty())
                || self.watched.contains_key(&(node, port))
        };
        let rows = failed.batch.rows;
        if let Some(port) = run.errors.filter(|&port| is_taken(port)) {
            count(&run.meter.errors, rows);
            out.emit(port, error_rows(&run.id, failed));
        } else if run.counts_errors {
            count(&run.meter.errors, rows);
            for (row, reason) in failed.reasons.iter().enumerate() {
                run.meter.keep_failure(failed.batch.place(row), &reason.reason);
            }
        } else if let Some(reason) = failed.reasons.first() {
            count(&run.meter.errors, 1);
            let at = failed.batch.ordinals[0] >> ORDINAL_SHIFT;
            if pass.cut.as_ref().is_none_or(|(cut, _)| at < *cut) {
                pass.cut = Some((at, stop_fault(&run.id, &failed.batch, 0, reason)));
            }
        }
    }

    /// Puts what leaves the task in order and hands it over; stops the lane at a record that failed.
    fn finish(&mut self, mut pass: Pass) -> Result<(), Fault> {
        for output in 0..pass.leaving.len() {
            let Some(batch) = fanin::merge(&mut pass.leaving[output])? else { continue };
            let batch = pass.before_cut(batch)?;
            let Output { spread: how, lanes, .. } = &self.outputs[output];
            for (lane, batch) in spread(batch, *how, lanes.len())? {
                if batch.rows > 0 {
                    count(&self.moved.given, batch.rows);
                    self.pending.push_back((output, lane, batch));
                }
            }
        }
        let (cut, now_ms) = (pass.cut.take(), pass.now_ms);
        self.spare = Some(pass);
        let Some((cut, fault)) = cut else {
            // From here on rows are in `pending`, or gone.
            self.under_way.clear();
            return self.hand_over(now_ms).map(|_| ());
        };
        let mut needs = Needs::default();
        self.under_way.drain(..).for_each(|stand| stand.add_from(cut, &mut needs));
        self.stopped = Some(needs);
        self.hand_over(now_ms).and(Err(fault))
    }
}

/// Numbers rows that a node gave by itself: those that failed first, the others as they were given.
fn number(out: &mut Outbox) {
    let mut first = 0;
    let batches = out.failed.iter_mut().map(|failed| &mut failed.batch);
    for batch in batches.chain(out.batches.iter_mut().map(|(_, batch)| batch)) {
        batch.ordinals = (first..first + batch.rows as u64).map(|row| row << ORDINAL_SHIFT).collect::<Vec<_>>().into();
        first += batch.rows as u64;
    }
}

/// The rows that come before the row at which a run stops.
fn until(batch: Batch, cut: u64) -> Result<Batch, Fault> {
    let is_before = |row: &u32| batch.ordinals[*row as usize] >> ORDINAL_SHIFT < cut;
    let rows: Vec<u32> = (0..batch.rows as u32).filter(is_before).collect();
    match rows.len() == batch.rows {
        true => Ok(batch),
        false => batch.take(&rows).map_err(|why| Fault::ours(why.to_string())),
    }
}
