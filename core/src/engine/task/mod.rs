//! A task: the nodes of a sub-topology on one lane. It takes rows from its queues or its own readings, takes them through
//! its nodes in one go, and hands over what comes out. It never waits: what it cannot hand over it keeps, and says so.
//!
//! - `intake`: which rows are next
//! - `pass`: how they go through the nodes
//! - `output`: how they are handed over
//! - `calls`: what is known of it while a sink is away
//! - `stopwatch`: how long that takes, node by node

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use arrow_buffer::ScalarBuffer;

use super::budget::Budget;
use super::channel::{Channel, Needs};
use super::ingest::Ingestor;
use super::layout::{Layout, WayTo};
use super::meter::{Moved, NodeMeter, count};
use super::outlet::TopicBody;
use super::reading::Reading;
use super::sinking::SinkBody;
use crate::batch::{Batch, MAX_ROWS, ORDINAL_SHIFT, Position};
use crate::operators::{Flow, Outbox};
use crate::problem::Fault;

mod calls;
mod intake;
mod output;
mod pass;
mod stopwatch;

pub(crate) use calls::Calls;
pub(crate) use output::{Output, QueueNode};
use pass::Pass;
use stopwatch::Stopwatch;

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

/// How many records go into a queue node at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// as many as there are: whoever takes them does so at the same time, on another thread
    Free,
    /// one
    Turn,
    /// none, until what follows has taken what it would: in the test driver
    Waits,
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
    /// number of the port `late`, where it has one
    pub(crate) late: Option<usize>,
}

pub(crate) enum NodeBody {
    Source(Ingestor),
    Flow(Box<dyn Flow>),
    /// where a queue node's rows go on
    Exit,
    Sink(SinkBody),
    Topic(TopicBody),
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
    /// where rows stand that are between being taken and being handed over: should the task fail, they are still needed
    under_way: Vec<Stand>,
    /// what is at work, to blame for a panic
    at: At,
    /// the lane has stopped, with what it still needs: nothing more is taken in
    stopped: Option<Needs>,
    /// sources give no more
    pub(crate) is_closing: bool,
    /// rows that may still be taken in, where somebody holds the task
    pub(crate) allowance: Option<usize>,
    pub(crate) watched: HashMap<(usize, usize), Seen>,
    /// records that the run may still read
    pub(crate) budget: Option<Budget>,
    /// how many records a reading reads at once
    pub(crate) pack: usize,
    pub(crate) pace: Pace,
    /// how long an empty partition is waited for while others have records
    pub(crate) max_idle_ms: i64,
    /// since when one is
    waiting_since_ms: Option<i64>,
    /// the memory of the pass before
    spare: Option<Pass>,
    /// sources rest
    pub(crate) is_paused: bool,
    /// what went through, for whoever looks without waiting
    pub(crate) moved: Arc<Moved>,
    pub(crate) calls: Arc<Calls>,
    stopwatch: Stopwatch,
}

/// Where rows stand in the readings that they come from, and their order.
#[derive(Debug)]
struct Stand {
    position: Position,
    ordinals: ScalarBuffer<u64>,
}

#[derive(Debug, Clone, Copy)]
enum At {
    Node(usize),
    /// a queue node, into which an output leads
    Output(usize),
}

impl Stand {
    fn of(batch: &Batch) -> Stand {
        Stand { position: batch.position.clone(), ordinals: batch.ordinals.clone() }
    }

    /// Adds the rows that come at or after the `cut`th of a pass.
    fn add_from(&self, cut: u64, needs: &mut Needs) {
        for (row, &ordinal) in self.ordinals.iter().enumerate() {
            if ordinal >> ORDINAL_SHIFT >= cut {
                needs.lower(*self.position.slot.get(row), self.position.offset[row]);
            }
        }
    }
}

/// Marks a node that has ended, among the counts of open ways into it.
const ENDED: usize = usize::MAX;

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
            at: At::Node(0),
            stopped: None,
            is_closing: false,
            allowance: None,
            watched: HashMap::new(),
            budget: None,
            pack: MAX_ROWS,
            pace: Pace::Free,
            max_idle_ms: 0,
            waiting_since_ms: None,
            spare: None,
            is_paused: false,
            moved: Arc::default(),
            calls: Arc::default(),
            stopwatch: Stopwatch::default(),
        }
    }

    /// The node by which the task is known.
    pub(crate) fn name(&self) -> &str {
        self.nodes.first().map_or("", |node| &node.id)
    }

    /// The node that was at work last.
    pub(crate) fn at_work(&self) -> &str {
        let queue = |output: usize| self.outputs.get(output).and_then(|output| output.node.as_ref());
        match self.at {
            At::Node(node) => self.nodes.get(node).map_or("", |node| &node.id),
            At::Output(output) => queue(output).map_or("", |node| &node.id),
        }
    }

    /// The task has failed: nothing more is taken in, and what was under way is still needed.
    pub(crate) fn halt(&mut self) {
        let needs = self.stopped.get_or_insert_default();
        self.under_way.drain(..).for_each(|stand| stand.add_from(0, needs));
    }

    /// Takes one batch through the task.
    pub(crate) fn step(&mut self, now_ms: i64) -> Result<Step, Fault> {
        if !self.hand_over(now_ms)? {
            return Ok(Step::Blocked(self.retry_ms(now_ms)));
        }
        if self.stopped.is_some() {
            return Ok(Step::Idle(None));
        }
        if let Some(step) = self.start_again(now_ms)? {
            return Ok(step);
        }
        self.tick(now_ms)?;
        if let Some(step) = self.take_in(now_ms)? {
            return Ok(step);
        }
        self.end_nodes(now_ms)?;
        if !self.hand_over(now_ms)? {
            return Ok(Step::Blocked(self.retry_ms(now_ms)));
        }
        if self.has_failed_sink() {
            return Ok(Step::Worked);
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

    /// When there is something to do again. A task that closes or rests reads no more: what was due of its readings would be
    /// due for ever, and the task never idle.
    fn due_ms(&self) -> Option<i64> {
        let readings = self.readings.iter().filter(|_| !self.is_closing && !self.is_paused);
        readings.map(Reading::due_ms).fold(self.tick_at_ms, earliest)
    }

    /// Has a sink that has failed start again, when it is time: nothing is taken in before.
    fn start_again(&mut self, now_ms: i64) -> Result<Option<Step>, Fault> {
        for node in 0..self.nodes.len() {
            let NodeBody::Sink(sink) = &mut self.nodes[node].body else { continue };
            let Some(sink) = sink.down() else { continue };
            let due_ms = sink.due_ms(now_ms);
            if now_ms < due_ms {
                return Ok(Some(Step::Blocked(Some(due_ms))));
            }
            self.at = At::Node(node);
            self.begin_call();
            let NodeRun { id, body: NodeBody::Sink(body), meter, .. } = &mut self.nodes[node] else { continue };
            let mut out = Outbox::default();
            let written = body.down().map_or(Ok(0), |sink| sink.start_again(&mut out));
            let written = written.map_err(|fault| fault.at_node(id));
            count(&meter.records_out, *written.as_ref().unwrap_or(&0));
            self.end_call();
            written?;
            self.pass_out(node, out, now_ms)?;
            return Ok(Some(Step::Worked));
        }
        Ok(None)
    }

    /// Whether a sink has failed and waits to start again.
    pub(crate) fn has_failed_sink(&self) -> bool {
        self.nodes.iter().any(|node| matches!(&node.body, NodeBody::Sink(sink) if sink.is_down()))
    }

    fn tick(&mut self, now_ms: i64) -> Result<(), Fault> {
        if self.tick_at_ms.is_none_or(|at| at > now_ms) {
            return Ok(());
        }
        self.tick_at_ms = None;
        for node in 0..self.nodes.len() {
            self.at = At::Node(node);
            let mut out = Outbox::default();
            let NodeBody::Flow(flow) = &mut self.nodes[node].body else { continue };
            let next = flow.tick(now_ms, &mut out).map_err(|fault| fault.at_node(&self.nodes[node].id))?;
            self.tick_at_ms = earliest(self.tick_at_ms, next);
            self.pass_out(node, out, now_ms)?;
        }
        Ok(())
    }

    /// Ends nodes into which nothing comes any more.
    fn end_nodes(&mut self, now_ms: i64) -> Result<(), Fault> {
        for node in 0..self.nodes.len() {
            let is_over = match &self.nodes[node].body {
                NodeBody::Source(_) => self.is_source_over(node),
                _ => self.open[node] == 0,
            };
            if !is_over || self.open[node] == ENDED {
                continue;
            }
            self.at = At::Node(node);
            let mut out = Outbox::default();
            // A sink that has failed ends once it has started again.
            if !self.flush(node)? {
                continue;
            }
            let NodeRun { id, body, .. } = &mut self.nodes[node];
            if let NodeBody::Flow(flow) = body {
                flow.end(&mut out).map_err(|fault| fault.at_node(id))?;
            }
            self.open[node] = ENDED;
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
        self.end_outputs();
        Ok(self.open.iter().all(|&open| open == ENDED) && self.is_acknowledged()?)
    }

    /// Whether topics have acknowledged all that was sent to them here.
    pub(crate) fn is_acknowledged(&mut self) -> Result<bool, Fault> {
        let mut is_acknowledged = true;
        for node in &mut self.nodes {
            is_acknowledged &= match &mut node.body {
                NodeBody::Topic(topic) => topic.is_safe().map_err(|fault| fault.at_node(&node.id))?,
                NodeBody::Sink(sink) => !sink.is_down(),
                _ => true,
            };
        }
        Ok(is_acknowledged)
    }

    /// Tells the smallest offset per slot that is still needed here: not read, not handed over, not acknowledged.
    pub(crate) fn needs(&mut self) -> Result<Needs, Fault> {
        let mut needs = self.needs_of_own();
        for node in &mut self.nodes {
            match &mut node.body {
                NodeBody::Sink(sink) => needs.merge(sink.needs().iter()),
                NodeBody::Topic(topic) => topic.add_needs(&mut needs).map_err(|fault| fault.at_node(&node.id))?,
                _ => {}
            }
        }
        Ok(needs)
    }

    /// What is needed of readings, of what waits to be handed over, and where the lane has stopped.
    fn needs_of_own(&self) -> Needs {
        let mut needs = self.stopped.clone().unwrap_or_default();
        self.readings.iter().for_each(|reading| needs.lower(reading.slot, reading.needs()));
        self.pending.iter().for_each(|(_, _, batch)| needs.add(batch));
        needs
    }

    /// Whether it holds nothing, and its readings have nothing. What the readings of a task that closes have read and not
    /// given counts only with `takes_all`: it counts as not read else.
    pub(crate) fn is_drained(&mut self, takes_all: bool) -> Result<bool, Fault> {
        let is_drained = |reading: &Reading| match self.is_closing {
            true => !takes_all || reading.head_ms().is_none(),
            false => reading.is_drained(),
        };
        Ok(self.pending.is_empty() && self.readings.iter().all(is_drained) && self.is_acknowledged()?)
    }
}

fn earliest(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
