//! Where tasks are made: lane by lane, with the bodies of their nodes, the queues between them, and what the lanes of a
//! node share. What stands at the ends (topics, files, a test's script) is given by whoever runs the plan.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};

use super::alone::Alone;
use super::blueprint::Blueprint;
use super::bounded::Bounded;
use super::cell::TaskCell;
use super::channel::{Channel, Needs};
use super::clock::Clock;
use super::ingest::Ingestor;
use super::layout::Layout;
use super::meter::NodeMeter;
use super::outlet::{Outlet, TopicBody};
use super::own_source::OwnSource;
use super::pool::Pool;
use super::reading::Reading;
use super::sinking::SinkBody;
use super::task::{NodeBody, NodeRun, Output, QueueNode, Seen, Task};
use crate::check::RestartPolicy;
use crate::operators::{Body, Ingest, Shared, Sink, Source, Spread, TopicSink, TopicSource};
use crate::plan::{Plan, PlanThrough, TaskInput};
use crate::problem::Fault;
use crate::state::{Store, Stores};
use crate::window::{LaneReport, LaneReports};

/// What stands at the ends of a plan.
pub(crate) trait Ends {
    /// A topic to write on one lane.
    fn outlet(&mut self, end: End<'_>, sink: &TopicSink) -> Result<Box<dyn Outlet>, Fault>;

    /// A sink that writes by itself, or what stands for it.
    fn sink(&mut self, end: End<'_>, sink: Box<dyn Sink>) -> Result<Box<dyn Sink>, Fault>;

    /// A source that makes or reads its records itself; `None` where others stand for it.
    fn source(&mut self, end: End<'_>, source: Box<dyn Source>) -> Result<Option<Box<dyn Source>>, Fault>;
}

/// A node at an end, on one lane.
pub(crate) struct End<'a> {
    pub(crate) node: usize,
    pub(crate) lane: u32,
    /// lanes of its task
    pub(crate) lanes: u32,
    /// the through topic whose end it is
    pub(crate) through: Option<&'a PlanThrough>,
}

/// What a reading is of, by its slot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum SlotOf {
    /// a source node's own records on a lane
    Own(usize, u32),
    /// a partition of a topic of a cluster
    Partition(String, Arc<str>, i32),
}

/// Numbers of readings.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    known: HashMap<(usize, SlotOf), u32>,
    /// absent: retired
    by_number: Vec<Option<(usize, SlotOf)>>,
}

/// A store of a node, on one lane.
pub(crate) struct StoreOfLane {
    pub(crate) lane: u32,
    pub(crate) name: String,
    pub(crate) store: Arc<dyn Store>,
}

pub(crate) struct Workshop {
    pub(crate) plan: Arc<Plan>,
    pub(crate) layouts: Vec<Arc<Layout>>,
    pub(crate) meters: Vec<Arc<NodeMeter>>,
    /// what each node had got through when this workshop was made: counters go on through restarts
    pub(crate) done_before: Vec<u64>,
    pub(crate) clock: Clock,
    /// sources and sinks that start again alone, by id; other nodes do with the whole run
    pub(crate) restarts: Arc<BTreeMap<String, RestartPolicy>>,
    /// lanes of each task
    pub(crate) lanes: Vec<u32>,
    pub(crate) slots: Slots,
    /// topics that each source node on topics reads
    pub(crate) topics: BTreeMap<usize, TopicSource>,
    shared: Vec<Arc<Shared>>,
    lasting: Vec<Arc<Shared>>,
    stores: HashMap<u32, Arc<Stores>>,
    pub(super) channels: HashMap<(usize, u32), Arc<Channel>>,
    pub(crate) tasks: BTreeMap<(usize, u32), Arc<TaskCell>>,
    pub(crate) watched: HashMap<(usize, usize), Seen>,
    /// what the last survey found
    pub(super) surveyed: Mutex<Needs>,
}

impl Slots {
    /// The number of a node's reading; the same whenever it is asked for.
    pub(crate) fn number(&mut self, node: usize, of: SlotOf) -> u32 {
        let next = self.by_number.len() as u32;
        let number = *self.known.entry((node, of.clone())).or_insert(next);
        if number == next {
            self.by_number.push(Some((node, of)));
        }
        number
    }

    /// What a reading is of; nothing where it is retired.
    pub(crate) fn get(&self, number: u32) -> Option<&(usize, SlotOf)> {
        self.by_number.get(number as usize)?.as_ref()
    }

    /// All that are not retired.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &(usize, SlotOf))> {
        (0..).zip(&self.by_number).filter_map(|(number, of)| Some((number, of.as_ref()?)))
    }

    /// Rows of this reading count for nothing any more, wherever they are: should the same be read again, it has another
    /// number.
    pub(crate) fn retire(&mut self, number: u32) {
        if let Some(of) = self.by_number.get_mut(number as usize).and_then(Option::take) {
            self.known.remove(&of);
        }
    }
}

impl Workshop {
    /// A workshop for a plan, with nothing made yet.
    ///
    /// # Errors
    /// A defect of ours: a plan that does not fit together.
    pub(crate) fn new(plan: Arc<Plan>, clock: Clock) -> Result<Workshop, Fault> {
        let layout = |task| Layout::new(&plan, task).map(Arc::new);
        let layouts = (0..plan.tasks.len()).map(layout).collect::<Result<_, _>>()?;
        Ok(Workshop::with(plan, layouts, clock))
    }

    fn with(plan: Arc<Plan>, layouts: Vec<Arc<Layout>>, clock: Clock) -> Workshop {
        Workshop {
            layouts,
            meters: plan.nodes.iter().map(|node| Arc::new(NodeMeter::new(node.ports.output_count()))).collect(),
            done_before: vec![0; plan.nodes.len()],
            lanes: vec![0; plan.tasks.len()],
            shared: plan.nodes.iter().map(|_| Arc::default()).collect(),
            lasting: plan.nodes.iter().map(|_| Arc::default()).collect(),
            restarts: Arc::default(),
            slots: Slots::default(),
            topics: BTreeMap::new(),
            stores: HashMap::new(),
            channels: HashMap::new(),
            tasks: BTreeMap::new(),
            watched: HashMap::new(),
            surveyed: Mutex::default(),
            clock,
            plan,
        }
    }

    /// A workshop for the same plan, with nothing made yet and the same counters.
    pub(crate) fn afresh(&self) -> Workshop {
        let mut workshop = Workshop::with(self.plan.clone(), self.layouts.clone(), self.clock.clone());
        workshop.meters.clone_from(&self.meters);
        workshop.lasting.clone_from(&self.lasting);
        workshop.done_before = self.meters.iter().map(|meter| meter.records_out.load(Relaxed)).collect();
        workshop.watched.clone_from(&self.watched);
        workshop.restarts = self.restarts.clone();
        workshop
    }

    /// How many lanes each task has: as many as the largest of its inputs. `partitions` tells it of a source node;
    /// `None`: one that is on no topic, and so on lane 0.
    pub(crate) fn count_lanes(&mut self, partitions: &dyn Fn(usize, &[u32]) -> Option<u32>) {
        // Through topics take their lanes from tasks further on: as many rounds as there can be topics in a row.
        for _ in 0..=self.plan.through.len() {
            for task in 0..self.plan.tasks.len() {
                let counts = self.plan.tasks[task].inputs.iter().map(|input| match *input {
                    TaskInput::Source(node) => partitions(node, &self.lanes).unwrap_or(1),
                    TaskInput::Queue(queue) => self.writers(queue).map(|task| self.lanes[task]).max().unwrap_or(1),
                });
                self.lanes[task] = counts.max().unwrap_or(1).max(1);
            }
        }
    }

    /// Gives a task more lanes, and those behind it.
    pub(crate) fn grow(&mut self, task: usize, lanes: u32) {
        self.lanes[task] = self.lanes[task].max(lanes);
        for behind in 0..self.plan.tasks.len() {
            let queues = self.layouts[behind].inputs.iter().map(|input| input.queue);
            let most = queues.flat_map(|queue| self.writers(queue)).map(|task| self.lanes[task]).max();
            self.lanes[behind] = self.lanes[behind].max(most.unwrap_or(0));
        }
    }

    /// Tasks that write a queue.
    pub(crate) fn writers(&self, queue: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.layouts.len()).filter(move |&task| self.layouts[task].outputs.contains(&queue))
    }

    /// The task that has a node.
    pub(crate) fn task_of(&self, node: usize) -> Option<usize> {
        self.layouts.iter().position(|layout| layout.nodes.contains(&node))
    }

    /// Makes all lanes of all tasks that are not there yet. They run when they are woken.
    pub(crate) fn make_all(&mut self, ends: &mut dyn Ends, pool: Option<&Pool>) -> Result<Vec<Arc<TaskCell>>, Fault> {
        let mut made = Vec::new();
        for task in 0..self.plan.tasks.len() {
            for lane in 0..self.lanes[task] {
                if !self.tasks.contains_key(&(task, lane)) {
                    made.push(self.make(task, lane, ends, pool)?);
                }
            }
        }
        Ok(made)
    }

    fn make(
        &mut self,
        task: usize,
        lane: u32,
        ends: &mut dyn Ends,
        pool: Option<&Pool>,
    ) -> Result<Arc<TaskCell>, Fault> {
        let layout = self.layouts[task].clone();
        let mut nodes = Vec::new();
        let mut readings = Vec::new();
        for (place, &node) in layout.nodes.iter().enumerate() {
            let body = self.body(task, node, place, lane, ends, &mut readings);
            nodes.push(self.node_run(node, body.map_err(|fault| fault.at_node(&self.plan.nodes[node].id))?));
        }
        let inputs =
            layout.inputs.iter().map(|input| self.channel(input.queue, lane)).collect::<Result<Vec<_>, _>>()?;
        let outputs = self.outputs(&layout, lane)?;
        let mut made = Task::new(layout.clone(), nodes, inputs, outputs);
        made.readings = readings;
        self.watched.iter().for_each(|(&port, seen)| made.watch(port, seen));
        let cell = TaskCell::new(made, &self.clock, pool);
        let made = cell.lock();
        made.inputs.iter().for_each(|input| input.set_reader(cell.handle()));
        made.outputs.iter().flat_map(|output| &output.lanes).for_each(|lane| lane.add_writer(cell.handle()));
        drop(made);
        self.tasks.insert((task, lane), cell.clone());
        Ok(cell)
    }

    fn outputs(&mut self, layout: &Layout, lane: u32) -> Result<Vec<Output>, Fault> {
        let outputs = layout.outputs.iter().zip(&layout.ways_to_output).zip(&layout.failures).map(
            |((&queue, &open), failures)| {
                let spread = self.plan.queues[queue].spread;
                let lanes = match spread {
                    Spread::Lane => vec![self.channel(queue, lane)?],
                    _ => {
                        let lanes = self.lanes[self.plan.queues[queue].reader];
                        (0..lanes).map(|lane| self.channel(queue, lane)).collect::<Result<_, _>>()?
                    }
                };
                let node = self.plan.queues[queue].node.map(|node| QueueNode {
                    id: self.plan.nodes[node].id.as_str().into(),
                    meter: self.meters[node].clone(),
                    counts_errors: self.plan.nodes[node].counts_errors,
                    errors: (node, self.plan.nodes[node].ports.outputs.len()),
                    seen: None,
                });
                Ok(Output { spread, lanes, node, failures: failures.clone(), open, has_ended: false })
            },
        );
        outputs.collect()
    }

    fn node_run(&self, node: usize, body: NodeBody) -> NodeRun {
        let drawn = &self.plan.nodes[node];
        NodeRun {
            id: drawn.id.as_str().into(),
            body,
            meter: self.meters[node].clone(),
            counts_errors: drawn.counts_errors,
            errors: drawn.ports.may_fail.then_some(drawn.ports.outputs.len()),
            late: drawn.ports.output("late"),
        }
    }

    fn body(
        &mut self,
        task: usize,
        node: usize,
        place: usize,
        lane: u32,
        ends: &mut dyn Ends,
        readings: &mut Vec<Reading>,
    ) -> Result<NodeBody, Fault> {
        if self.plan.nodes[node].is_queue {
            return Ok(NodeBody::Exit);
        }
        let plan = self.plan.clone();
        let through = plan.through.iter().find(|through| through.reader == node || through.writer == node);
        let end = End { node, lane, lanes: self.lanes[task], through };
        Ok(match self.build(node, lane)? {
            Body::Flow(flow) => NodeBody::Flow(flow),
            Body::Queue(_) => return Err(Fault::ours("a queue came where none was planned")),
            Body::Sink(sink) => NodeBody::Sink(SinkBody::new(ends.sink(end, sink)?, self.alone(node, lane))),
            Body::TopicSink(sink, encode) => NodeBody::Topic(TopicBody::new(encode, ends.outlet(end, &sink)?)),
            Body::TopicSource(topics, ingest) => {
                let window_key = topics.window_key;
                self.topics.insert(node, topics);
                NodeBody::Source(self.ingestor(node, &ingest, through).with_window_keys(window_key))
            }
            Body::Source(source, ingest) => {
                // One source, and it stands on lane 0.
                if lane == 0
                    && let Some(source) = ends.source(end, source)?
                {
                    let slot = self.slots.number(node, SlotOf::Own(node, lane));
                    readings.push(Reading::own(place, slot, OwnSource::new(source, self.alone(node, lane))));
                    return Ok(NodeBody::Source(self.ingestor(node, &ingest, None)));
                }
                // Rows of a script are JSON where the source itself would give columns.
                let format = Some(ingest.format.unwrap_or_default());
                NodeBody::Source(self.ingestor(node, &Ingest { format, ..ingest }, None))
            }
        })
    }

    fn ingestor(&self, node: usize, ingest: &Ingest, through: Option<&PlanThrough>) -> Ingestor {
        let (stream, keeps_payload) = (&self.plan.outputs[node][0], self.plan.payloads[node][0]);
        match through {
            Some(through) => Ingestor::through(&through.decode, stream, keeps_payload),
            None => Ingestor::new(ingest.format.as_ref(), ingest.time.clone(), stream, keeps_payload),
        }
    }

    fn build(&mut self, node: usize, lane: u32) -> Result<Body, Fault> {
        self.blueprint(node, lane).build()
    }

    /// How a source or a sink starts again alone, where it is to.
    fn alone(&mut self, node: usize, lane: u32) -> Option<Alone> {
        let policy = *self.restarts.get(&self.plan.nodes[node].id)?;
        Some(Alone::new(self.blueprint(node, lane), policy, self.meters[node].clone()))
    }

    fn blueprint(&mut self, node: usize, lane: u32) -> Blueprint {
        let stores = self.stores.entry(lane).or_default().clone();
        let drawn = &self.plan.nodes[node];
        let connected = (0..drawn.ports.outputs.len())
            .map(|port| {
                self.plan.edges.iter().any(|edge| edge.from == (node, port)) || self.watched.contains_key(&(node, port))
            })
            .collect();
        let (shared, lasting) = (self.shared[node].clone(), self.lasting[node].clone());
        Blueprint { plan: self.plan.clone(), node, lane, shared, lasting, stores, connected }
    }

    /// One lane of a queue; made when it is first asked for.
    fn channel(&mut self, queue: usize, lane: u32) -> Result<Arc<Channel>, Fault> {
        if let Some(channel) = self.channels.get(&(queue, lane)) {
            return Ok(channel.clone());
        }
        let planned = self.plan.queues[queue].clone();
        let inner = match planned.node {
            None => {
                let lanes = self.lanes[planned.reader].max(1) as usize;
                Box::new(Bounded::new(planned.size.records / lanes, planned.size.bytes / lanes))
            }
            Some(node) => match self.build(node, lane)? {
                Body::Queue(queue) => queue,
                _ => return Err(Fault::ours("a queue was planned where none came").at_node(&self.plan.nodes[node].id)),
            },
        };
        let channel = Arc::new(Channel::new(inner));
        self.channels.insert((queue, lane), channel.clone());
        Ok(channel)
    }

    /// The stores of a node, by lane and name.
    pub(crate) fn stores_of(&self, node: &str) -> Vec<StoreOfLane> {
        let is_of = |name: &str| name.strip_prefix(node).is_some_and(|part| part.is_empty() || part.starts_with('.'));
        let lanes = self.stores.iter().flat_map(|(&lane, stores)| {
            let of_node = stores.all().into_iter().filter(|(name, _)| is_of(name));
            of_node.map(move |(name, store)| StoreOfLane { lane, name, store })
        });
        let mut all: Vec<_> = lanes.collect();
        all.sort_by(|a, b| (a.lane, &a.name).cmp(&(b.lane, &b.name)));
        all
    }

    /// What a node with windows says, lane by lane.
    pub(crate) fn windows(&self, node: usize) -> BTreeMap<u32, LaneReport> {
        self.shared[node].find::<LaneReports>(LaneReports::NAME).map(|reports| reports.all()).unwrap_or_default()
    }

    /// The lanes of a queue.
    pub(crate) fn channels_of(&self, queue: usize) -> impl Iterator<Item = &Arc<Channel>> {
        self.channels.iter().filter(move |((other, _), _)| *other == queue).map(|(_, channel)| channel)
    }

    /// One lane of a queue, where it is there.
    pub(crate) fn known_channel(&self, queue: usize, lane: u32) -> Option<&Arc<Channel>> {
        self.channels.get(&(queue, lane))
    }

    pub(crate) fn channels(&self) -> impl Iterator<Item = &Arc<Channel>> {
        self.channels.values()
    }
}
