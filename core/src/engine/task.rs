//! A task: the nodes of a sub-topology on one lane. It takes rows from its queues or its own readings, takes them through
//! its nodes in one go, and hands over what comes out. It never waits: what it cannot hand over it keeps, and says so.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::budget::Budget;
use super::channel::{Channel, Needs, Taken};
use super::failures::{error_rows, place_of, stop_fault};
use super::fanin;
use super::ingest::Ingestor;
use super::layout::{Entry, Layout, WayTo, renumber, spread};
use super::meter::NodeMeter;
use super::outlet::TopicBody;
use super::reading::{Head, Reading};
use crate::batch::{Batch, MAX_ROWS, ORDINAL_SHIFT};
use crate::operators::{Failed, Flow, Outbox, Sink, Spread};
use crate::problem::Fault;

/// What came of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// there may be more to do
    Worked,
    /// nothing to do, until woken or until this wall clock
    Idle(Option<i64>),
    /// a queue or a client behind it is full
    Blocked(Option<i64>),
    /// out of a throttle's budget until this wall clock
    Limited(i64),
    /// nothing will come any more, and all is handed over
    Ended,
}

/// A node on this lane.
pub(crate) struct NodeRun {
    pub(crate) id: Arc<str>,
    pub(crate) body: NodeBody,
    pub(crate) meter: Arc<NodeMeter>,
    /// failed records are counted where nobody takes them
    pub(crate) counts_errors: bool,
    /// number of the port `errors`, where it has one
    pub(crate) errors: Option<usize>,
}

pub(crate) enum NodeBody {
    Source(Ingestor),
    Flow(Box<dyn Flow>),
    /// where a queue node's rows go on
    Exit,
    Sink(Box<dyn Sink>, Needs),
    Topic(TopicBody),
}

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
}

/// Told of the rows that leave by a port.
pub(crate) type Seen = Arc<dyn Fn(&Batch) + Send + Sync>;

pub(crate) struct Task {
    pub(crate) layout: Arc<Layout>,
    pub(crate) nodes: Vec<NodeRun>,
    pub(crate) inputs: Vec<Arc<Channel>>,
    pub(crate) outputs: Vec<Output>,
    pub(crate) readings: Vec<Reading>,
    /// rows to hand over: output, lane within it
    pending: VecDeque<(usize, usize, Batch)>,
    /// per node, ways into it that have not ended
    open: Vec<usize>,
    inputs_ended: Vec<bool>,
    /// whose turn it is: the readings', or an input's
    turn: usize,
    tick_at_ms: Option<i64>,
    /// rows that are between being taken and being handed over: should the task fail, they are still needed
    under_way: Vec<Batch>,
    /// the lane has stopped, with what it still needs: nothing more is taken in
    stopped: Option<Needs>,
    /// sources give no more
    pub(crate) is_closing: bool,
    /// rows that may still be taken in, where somebody holds the task
    pub(crate) allowance: Option<usize>,
    pub(crate) watched: HashMap<(usize, usize), Seen>,
    /// records that the run may still read
    pub(crate) budget: Option<Budget>,
    /// how long an empty partition is waited for while others have records
    pub(crate) max_idle_ms: i64,
    /// since when one is
    waiting_since_ms: Option<i64>,
}

/// One pass of rows through the nodes.
struct Pass {
    /// per node and input port
    arrivals: Vec<Vec<Vec<Batch>>>,
    /// per output
    leaving: Vec<Vec<Batch>>,
    /// the first record that stops the run, and why
    cut: Option<(u64, Fault)>,
    now_ms: i64,
}

impl Pass {
    /// The rows that come before the one at which the run stops, if it does.
    fn before_cut(&self, batch: Batch) -> Result<Batch, Fault> {
        match &self.cut {
            Some((cut, _)) => until(batch, *cut),
            None => Ok(batch),
        }
    }
}

impl Task {
    pub(crate) fn new(
        layout: Arc<Layout>,
        nodes: Vec<NodeRun>,
        inputs: Vec<Arc<Channel>>,
        outputs: Vec<Output>,
    ) -> Task {
        Task {
            open: layout.ways_in.clone(),
            inputs_ended: vec![false; inputs.len()],
            layout,
            nodes,
            inputs,
            outputs,
            readings: Vec::new(),
            pending: VecDeque::new(),
            turn: 0,
            tick_at_ms: Some(i64::MIN),
            under_way: Vec::new(),
            stopped: None,
            is_closing: false,
            allowance: None,
            watched: HashMap::new(),
            budget: None,
            max_idle_ms: 0,
            waiting_since_ms: None,
        }
    }

    /// The node by which the task is known.
    pub(crate) fn name(&self) -> &str {
        self.nodes.first().map_or("", |node| &node.id)
    }

    /// The task has failed: nothing more is taken in, and what was under way is still needed.
    pub(crate) fn halt(&mut self) {
        let needs = self.stopped.get_or_insert_default();
        self.under_way.drain(..).for_each(|batch| needs.add(&batch));
    }

    /// Takes one batch through the task.
    pub(crate) fn step(&mut self, now_ms: i64) -> Result<Step, Fault> {
        if !self.hand_over(now_ms)? {
            return Ok(Step::Blocked(self.retry_ms(now_ms)));
        }
        if self.stopped.is_some() {
            return Ok(Step::Idle(None));
        }
        self.tick(now_ms)?;
        let has_worked = self.take_in(now_ms)?;
        if let Some(step) = has_worked {
            return Ok(step);
        }
        self.end_nodes(now_ms)?;
        if !self.hand_over(now_ms)? {
            return Ok(Step::Blocked(self.retry_ms(now_ms)));
        }
        match self.is_over()? {
            true => Ok(Step::Ended),
            false => Ok(Step::Idle(self.due_ms())),
        }
    }

    /// A client's full queue is asked again after a while, should its wake-up get lost.
    fn retry_ms(&self, now_ms: i64) -> Option<i64> {
        self.nodes
            .iter()
            .any(|node| matches!(&node.body, NodeBody::Topic(topic) if topic.has_unsent()))
            .then_some(now_ms + 5)
    }

    /// Takes rows in, if there are some: `None` where there are none.
    fn take_in(&mut self, now_ms: i64) -> Result<Option<Step>, Fault> {
        if self.allowance == Some(0) {
            return Ok(None);
        }
        for reading in &mut self.readings {
            if self.is_closing {
                continue;
            }
            let NodeBody::Source(ingest) = &mut self.nodes[reading.node].body else { continue };
            let max = self.budget.as_ref().map_or(MAX_ROWS, Budget::reserve);
            let read =
                reading.fill(ingest, max, now_ms).map_err(|fault| fault.at_node(&self.nodes[reading.node].id))?;
            if let Some(budget) = &self.budget {
                budget.settle(max, read);
            }
            self.nodes[reading.node].meter.records_in.fetch_add(read, Relaxed);
        }
        let choices = self.inputs.len() + 1;
        for offset in 0..choices {
            let choice = (self.turn + offset) % choices;
            let has_rows = match choice.checked_sub(1) {
                None => self.readings.iter().any(|reading| reading.head_ms().is_some()),
                Some(input) => !self.inputs_ended[input],
            };
            if !has_rows {
                continue;
            }
            let max = match self.grant(now_ms) {
                Ok(rows) => rows.min(self.allowance.unwrap_or(usize::MAX)).min(MAX_ROWS),
                Err(until) => return Ok(self.has_input().then_some(Step::Limited(until))),
            };
            let taken = match choice.checked_sub(1) {
                None => self.take_reading(max, now_ms)?,
                Some(input) => self.take_queue(input, max, now_ms)?,
            };
            if taken {
                self.turn = choice + 1;
                return Ok(Some(Step::Worked));
            }
        }
        Ok(None)
    }

    fn has_input(&self) -> bool {
        self.readings.iter().any(|reading| reading.head_ms().is_some())
            || self.inputs.iter().any(|input| !input.is_empty())
    }

    /// How many rows all throttles of the task together let in; else when to ask again.
    fn grant(&mut self, now_ms: i64) -> Result<usize, i64> {
        let mut rows = usize::MAX;
        for node in &mut self.nodes {
            if let NodeBody::Flow(flow) = &mut node.body {
                let grant = flow.grant(now_ms);
                if grant.rows == 0 {
                    return Err(grant.again_at_ms.unwrap_or(now_ms + 1));
                }
                rows = rows.min(grant.rows);
            }
        }
        Ok(rows)
    }

    fn take_reading(&mut self, max: usize, now_ms: i64) -> Result<bool, Fault> {
        if self.readings.len() > 1
            && (self.readings.iter().any(Reading::is_waited_for) || self.waits_for_company(now_ms))
        {
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
        let entry = self.layout.inputs[input].1;
        match self.inputs[input].take(max, now_ms)? {
            Taken::Rows(batch) => {
                self.spend(batch.rows);
                self.pass(entry, renumber(batch), Vec::new(), now_ms)?;
                Ok(true)
            }
            Taken::Empty(due) => {
                self.tick_at_ms = earliest(self.tick_at_ms, due);
                Ok(false)
            }
            Taken::Ended => {
                self.inputs_ended[input] = true;
                let (Entry::Port(node, _) | Entry::Out(node)) = entry;
                self.open[node] -= 1;
                Ok(false)
            }
        }
    }

    fn spend(&mut self, rows: usize) {
        if let Some(allowance) = &mut self.allowance {
            *allowance = allowance.saturating_sub(rows);
        }
    }

    /// Takes rows through the nodes, in an order in which data flows, and hands over what comes out.
    fn pass(&mut self, entry: Entry, rows: Batch, failed: Vec<Failed>, now_ms: i64) -> Result<(), Fault> {
        let came = rows.clone();
        let bad: Vec<Batch> = failed.iter().map(|failed| failed.batch.clone()).collect();
        self.under_way.clone_from(&bad);
        self.under_way.push(came.clone());
        let mut pass = self.new_pass(now_ms);
        match entry {
            Entry::Port(node, port) => pass.arrivals[node][port].push(rows),
            Entry::Out(node) => {
                let mut out = Outbox { failed, ..Outbox::default() };
                out.emit(0, rows);
                self.give(node, out, &mut pass)?;
            }
        }
        self.run(&mut pass)?;
        self.finish(pass, &came, &bad)
    }

    fn new_pass(&self, now_ms: i64) -> Pass {
        let ports = |node: usize| {
            let ways = self.layout.ways.iter().flatten().flatten();
            let inner = ways.filter_map(|way| match way.to {
                WayTo::Port(to, port) if to == node => Some(port + 1),
                _ => None,
            });
            let entries = self.layout.inputs.iter().filter_map(|(_, entry)| match *entry {
                Entry::Port(to, port) if to == node => Some(port + 1),
                _ => None,
            });
            vec![Vec::new(); inner.chain(entries).max().unwrap_or(0)]
        };
        Pass {
            arrivals: (0..self.nodes.len()).map(ports).collect(),
            leaving: vec![Vec::new(); self.outputs.len()],
            cut: None,
            now_ms,
        }
    }

    fn run(&mut self, pass: &mut Pass) -> Result<(), Fault> {
        for node in 0..self.nodes.len() {
            let ports = std::mem::take(&mut pass.arrivals[node]);
            if ports.iter().all(Vec::is_empty) {
                continue;
            }
            for (port, batch) in fanin::runs(ports)? {
                let batch = pass.before_cut(batch)?;
                if batch.rows == 0 {
                    continue;
                }
                count(&self.nodes[node].meter.records_in, batch.rows);
                let mut out = Outbox::default();
                self.process(node, port, batch, &mut out).map_err(|fault| fault.at_node(&self.nodes[node].id))?;
                self.give(node, out, pass)?;
            }
        }
        Ok(())
    }

    fn process(&mut self, node: usize, port: usize, batch: Batch, out: &mut Outbox) -> Result<(), Fault> {
        match &mut self.nodes[node].body {
            NodeBody::Flow(flow) => flow.process(port, batch, out),
            NodeBody::Sink(sink, unsafe_rows) => {
                unsafe_rows.add(&batch);
                let rows = batch.rows;
                sink.write(batch, out)?;
                let failed: usize = out.failed.iter().map(|failed| failed.batch.rows).sum();
                count(&self.nodes[node].meter.records_out, rows - failed);
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
        let NodeRun { id, body, meter, errors, .. } = &mut self.nodes[node];
        meter.count_drops(&mut out.drops);
        for (_, batch) in encoded {
            let batch = pass.before_cut(batch)?;
            count(&meter.records_out, batch.rows);
            if let NodeBody::Topic(topic) = body {
                topic.send(batch).map_err(|fault| fault.at_node(id))?;
            }
        }
        for (port, batch) in out.batches {
            let batch = pass.before_cut(batch)?;
            if let Some(seen) = self.watched.get(&(node, port)) {
                seen(&batch);
            }
            if Some(port) != *errors {
                count(&meter.records_out, batch.rows);
            }
            for way in &self.layout.ways[node][port] {
                let batch = way.pass(&batch);
                match way.to {
                    WayTo::Port(to, port) => pass.arrivals[to][port].push(batch),
                    WayTo::Output(output) => pass.leaving[output].push(batch),
                }
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
                run.meter.keep_failure(place_of(&failed.batch, row), &reason.reason);
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
    fn finish(&mut self, mut pass: Pass, came: &Batch, bad: &[Batch]) -> Result<(), Fault> {
        for (output, batches) in std::mem::take(&mut pass.leaving).into_iter().enumerate() {
            let Some(batch) = fanin::merge(batches)? else { continue };
            let batch = pass.before_cut(batch)?;
            let Output { spread: how, lanes, .. } = &self.outputs[output];
            for (lane, batch) in spread(batch, *how, lanes.len()) {
                if batch.rows > 0 {
                    self.pending.push_back((output, lane, batch));
                }
            }
        }
        // From here on they are in `pending`, or gone.
        self.under_way.clear();
        self.hand_over(pass.now_ms)?;
        let Some((cut, fault)) = pass.cut else { return Ok(()) };
        let mut needs = Needs::default();
        for batch in bad.iter().chain([came]) {
            needs.add(&from(batch, cut)?);
        }
        self.stopped = Some(needs);
        Err(fault)
    }

    /// Hands over what waits; says whether all is gone. What goes to one queue keeps its order.
    fn hand_over(&mut self, now_ms: i64) -> Result<bool, Fault> {
        let mut is_free = true;
        for node in &mut self.nodes {
            if let NodeBody::Topic(topic) = &mut node.body {
                is_free &= topic.send_on().map_err(|fault| fault.at_node(&node.id))?;
            }
        }
        let mut full = Vec::new();
        for _ in 0..self.pending.len() {
            let Some((output, lane, batch)) = self.pending.pop_front() else { break };
            if full.contains(&(output, lane)) {
                self.pending.push_back((output, lane, batch));
                continue;
            }
            let target = &self.outputs[output];
            let mut out = Outbox::default();
            let rows = batch.rows;
            if target.node.is_some() {
                self.under_way.push(batch.clone());
            }
            let rest = target.lanes[lane].offer(batch, now_ms, &mut out).map_err(|fault| target.at_node(fault))?;
            if let Some(node) = &target.node {
                count(&node.meter.records_in, rows - rest.as_ref().map_or(0, |rest| rest.rows));
            }
            self.settle_queue(output, lane, out)?;
            self.under_way.clear();
            if let Some(rest) = rest {
                full.push((output, lane));
                self.pending.push_back((output, lane, rest));
            }
        }
        Ok(is_free && self.pending.is_empty())
    }

    /// Drops and failures of a queue node, told by the one who puts rows into it.
    fn settle_queue(&mut self, output: usize, lane: usize, mut out: Outbox) -> Result<(), Fault> {
        let Output { node: Some(node), failures, .. } = &self.outputs[output] else { return Ok(()) };
        node.meter.count_drops(&mut out.drops);
        for failed in out.failed {
            count(&node.meter.errors, failed.batch.rows);
            if !failures.is_empty() {
                let rows = error_rows(&node.id, failed);
                // A queue of failures lies on the lane of the queue itself.
                self.pending.extend(failures.iter().map(|&to| (to, lane, rows.clone())));
            } else if node.counts_errors {
                for (row, reason) in failed.reasons.iter().enumerate() {
                    node.meter.keep_failure(place_of(&failed.batch, row), &reason.reason);
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

    fn tick(&mut self, now_ms: i64) -> Result<(), Fault> {
        if self.tick_at_ms.is_none_or(|at| at > now_ms) {
            return Ok(());
        }
        self.tick_at_ms = None;
        for node in 0..self.nodes.len() {
            let mut out = Outbox::default();
            let NodeBody::Flow(flow) = &mut self.nodes[node].body else { continue };
            let next = flow.tick(now_ms, &mut out).map_err(|fault| fault.at_node(&self.nodes[node].id))?;
            self.tick_at_ms = earliest(self.tick_at_ms, next);
            self.pass_out(node, out, now_ms)?;
        }
        Ok(())
    }

    /// Takes what a node gave by itself through the nodes behind it.
    fn pass_out(&mut self, node: usize, mut out: Outbox, now_ms: i64) -> Result<(), Fault> {
        if out.batches.is_empty() && out.failed.is_empty() {
            self.nodes[node].meter.count_drops(&mut out.drops);
            return Ok(());
        }
        let came = out.batches.first().map(|(_, batch)| batch.slice(0, 0));
        let bad: Vec<Batch> = out.failed.iter().map(|failed| failed.batch.clone()).collect();
        let mut pass = self.new_pass(now_ms);
        self.give(node, out, &mut pass)?;
        self.run(&mut pass)?;
        match came.or_else(|| bad.first().map(|batch| batch.slice(0, 0))) {
            Some(came) => self.finish(pass, &came, &bad),
            None => Ok(()),
        }
    }

    /// Ends nodes into which nothing comes any more.
    fn end_nodes(&mut self, now_ms: i64) -> Result<(), Fault> {
        const ENDED: usize = usize::MAX;
        for node in 0..self.nodes.len() {
            let is_over = match &self.nodes[node].body {
                NodeBody::Source(_) => self.is_source_over(node),
                _ => self.open[node] == 0,
            };
            if !is_over || self.open[node] == ENDED {
                continue;
            }
            self.open[node] = ENDED;
            let mut out = Outbox::default();
            let NodeRun { id, body, .. } = &mut self.nodes[node];
            match body {
                NodeBody::Flow(flow) => flow.end(&mut out).map_err(|fault| fault.at_node(id))?,
                NodeBody::Sink(sink, unsafe_rows) => {
                    sink.flush().map_err(|fault| fault.at_node(id))?;
                    *unsafe_rows = Needs::default();
                }
                _ => {}
            }
            self.pass_out(node, out, now_ms)?;
            let layout = self.layout.clone();
            for way in layout.ways[node].iter().flatten() {
                match way.to {
                    WayTo::Port(to, _) => self.open[to] -= 1,
                    WayTo::Output(output) => self.outputs[output].open -= 1,
                }
            }
        }
        Ok(())
    }

    fn is_source_over(&self, node: usize) -> bool {
        let mut readings = self.readings.iter().filter(|reading| reading.node == node).peekable();
        readings.peek().is_some() && readings.all(Reading::is_over)
    }

    /// All nodes have ended and all is handed over and acknowledged.
    fn is_over(&mut self) -> Result<bool, Fault> {
        while let Some(output) = self.outputs.iter().position(|output| output.open == 0 && !output.has_ended) {
            self.outputs[output].has_ended = true;
            self.outputs[output].lanes.iter().for_each(|lane| lane.end());
            for failures in self.outputs[output].failures.clone() {
                self.outputs[failures].open -= 1;
            }
        }
        let mut is_over = self.open.iter().all(|&open| open == usize::MAX);
        for node in &mut self.nodes {
            if let NodeBody::Topic(topic) = &mut node.body {
                is_over &= topic.is_safe().map_err(|fault| fault.at_node(&node.id))?;
            }
        }
        Ok(is_over)
    }

    fn due_ms(&self) -> Option<i64> {
        self.readings.iter().map(Reading::due_ms).fold(self.tick_at_ms, earliest)
    }

    /// Tells the smallest offset per slot that is still needed here: not read, not handed over, not
    /// acknowledged. With `makes_safe`, sinks that write by themselves make safe what they have.
    pub(crate) fn needs(&mut self, makes_safe: bool) -> Result<Needs, Fault> {
        let mut needs = self.stopped.clone().unwrap_or_default();
        for reading in &self.readings {
            needs.lower(reading.slot, reading.needs());
        }
        self.pending.iter().for_each(|(_, _, batch)| needs.add(batch));
        for node in &mut self.nodes {
            let id = &node.id;
            match &mut node.body {
                NodeBody::Sink(sink, unsafe_rows) if makes_safe => {
                    sink.flush().map_err(|fault| fault.at_node(id))?;
                    *unsafe_rows = Needs::default();
                }
                NodeBody::Sink(_, unsafe_rows) => needs.merge(&unsafe_rows.clone().into_vec()),
                NodeBody::Topic(topic) => needs.merge(&topic.needs().map_err(|fault| fault.at_node(id))?.into_vec()),
                _ => {}
            }
        }
        Ok(needs)
    }

    /// Whether it holds nothing, and its readings have nothing.
    pub(crate) fn is_drained(&mut self) -> Result<bool, Fault> {
        let mut is_drained =
            self.pending.is_empty() && self.readings.iter().all(|reading| self.is_closing || reading.is_drained());
        for node in &mut self.nodes {
            if let NodeBody::Topic(topic) = &mut node.body {
                is_drained &= topic.is_safe().map_err(|fault| fault.at_node(&node.id))?;
            }
        }
        Ok(is_drained)
    }

    /// Throws away what it holds of some slots, after they have gone to another member.
    pub(crate) fn discard(&mut self) -> usize {
        let rows = self.pending.iter().map(|(_, _, batch)| batch.rows).sum();
        self.pending.clear();
        rows
    }

    /// Rows that are held here and not handed over.
    pub(crate) fn held_rows(&self) -> usize {
        self.pending.iter().map(|(_, _, batch)| batch.rows).sum()
    }
}

impl Output {
    fn at_node(&self, fault: Fault) -> Fault {
        match &self.node {
            Some(node) => fault.at_node(&node.id),
            None => fault,
        }
    }
}

fn count(counter: &AtomicU64, rows: usize) {
    counter.fetch_add(rows as u64, Relaxed);
}

fn earliest(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// The rows that come before the row at which a run stops.
fn until(batch: Batch, cut: u64) -> Result<Batch, Fault> {
    if batch.ordinals.iter().all(|ordinal| ordinal >> ORDINAL_SHIFT < cut) {
        return Ok(batch);
    }
    pick(&batch, |ordinal| ordinal >> ORDINAL_SHIFT < cut)
}

fn from(batch: &Batch, cut: u64) -> Result<Batch, Fault> {
    pick(batch, |ordinal| ordinal >> ORDINAL_SHIFT >= cut)
}

fn pick(batch: &Batch, keep: impl Fn(u64) -> bool) -> Result<Batch, Fault> {
    let rows: Vec<u32> = (0..batch.rows as u32).filter(|&row| keep(batch.ordinals[row as usize])).collect();
    batch.take(&rows).map_err(|why| Fault::ours(why.to_string()))
}
