//! The shape of a task, the same for all its lanes: its nodes by their place in it, and the ways out of each port.

use arrow_array::Array;

use crate::batch::{Batch, Selection, fresh_ordinals};
use crate::operators::Spread;
use crate::plan::{LinkTo, Plan, QueueTo, TaskInput};
use crate::problem::Fault;

/// The shape of a task.
pub(crate) struct Layout {
    /// numbers of its nodes in the plan, in an order in which data flows
    pub(crate) nodes: Vec<usize>,
    /// per node and output port, the ways out
    pub(crate) ways: Vec<Vec<Vec<Way>>>,
    /// queues that it reads
    pub(crate) inputs: Vec<Input>,
    /// queues that it writes
    pub(crate) outputs: Vec<usize>,
    /// per node, ways into it: from nodes of the task and from queues
    pub(crate) ways_in: Vec<usize>,
    /// per node, its input ports
    pub(crate) ports_in: Vec<usize>,
    /// per output queue, ways into it
    pub(crate) ways_to_output: Vec<usize>,
    /// per output queue, the outputs for records that fail when they are put into it
    pub(crate) failures: Vec<Vec<usize>>,
}

/// A queue that a task reads.
pub(crate) struct Input {
    /// number of the queue
    pub(crate) queue: usize,
    /// where its rows come to
    pub(crate) entry: Entry,
    /// the columns that are taken there
    pub(crate) selection: Selection,
}

/// Where rows come into a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// an input port of a node
    Port(usize, usize),
    /// the first output port of a node: a source, or a queue node's exit
    Out(usize),
}

/// One way out of a port.
pub(crate) struct Way {
    pub(crate) to: WayTo,
    /// what is added to ordinals
    path: u64,
    /// the columns that the other end takes
    selection: Selection,
}

/// Where a way leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WayTo {
    /// node of the task, and input port
    Port(usize, usize),
    /// place in the task's outputs
    Output(usize),
}

impl Layout {
    /// The shape of a task of the plan.
    ///
    /// # Errors
    /// A defect of ours: an edge takes what nobody gives.
    pub(crate) fn new(plan: &Plan, task: usize) -> Result<Layout, Fault> {
        let nodes = plan.tasks[task].nodes.clone();
        let place = |node: usize| nodes.iter().position(|&other| other == node).unwrap_or_default();
        let mut layout = Layout {
            ways: nodes.iter().map(|&node| plan.nodes[node].ports.output_count().max(1)).map(empty_ports).collect(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            ways_in: vec![0; nodes.len()],
            ports_in: nodes.iter().map(|&node| plan.nodes[node].ports.inputs.len()).collect(),
            ways_to_output: Vec::new(),
            failures: Vec::new(),
            nodes: nodes.clone(),
        };
        for link in &plan.tasks[task].links {
            let to = match link.to {
                LinkTo::Port(node, port) => {
                    layout.ways_in[place(node)] += 1;
                    WayTo::Port(place(node), port)
                }
                LinkTo::Queue(queue) => WayTo::Output(layout.output(queue)),
            };
            let (from, port) = link.from;
            let selection = plan.selection(link.edge)?;
            layout.ways[place(from)][port].push(Way { to, path: u64::from(link.path), selection });
        }
        for output in 0..layout.outputs.len() {
            let errors = plan.queues[layout.outputs[output]].errors.clone();
            let places: Vec<usize> = errors.into_iter().map(|queue| layout.output(queue)).collect();
            layout.failures[output] = places;
        }
        for input in &plan.tasks[task].inputs {
            if let TaskInput::Queue(queue) = *input {
                let entry = match plan.queues[queue].to {
                    QueueTo::Port(node, port) => Entry::Port(place(node), port),
                    QueueTo::Exit(node) => Entry::Out(place(node)),
                };
                let (Entry::Port(node, _) | Entry::Out(node)) = entry;
                layout.ways_in[node] += 1;
                layout.inputs.push(Input { queue, entry, selection: plan.selection_behind(queue)? });
            }
        }
        Ok(layout)
    }

    fn output(&mut self, queue: usize) -> usize {
        let known = self.outputs.iter().position(|&other| other == queue);
        let place = known.unwrap_or_else(|| {
            self.outputs.push(queue);
            self.ways_to_output.push(0);
            self.failures.push(Vec::new());
            self.outputs.len() - 1
        });
        self.ways_to_output[place] += 1;
        place
    }

    /// Place of a plan's node in the task.
    pub(crate) fn place(&self, node: usize) -> Option<usize> {
        self.nodes.iter().position(|&other| other == node)
    }
}

fn empty_ports(ports: usize) -> Vec<Vec<Way>> {
    (0..ports).map(|_| Vec::new()).collect()
}

impl Way {
    /// The rows as they go this way.
    pub(crate) fn pass(&self, mut batch: Batch) -> Batch {
        if self.path > 0 {
            batch.ordinals = batch.ordinals.iter().map(|ordinal| ordinal | self.path).collect::<Vec<_>>().into();
        }
        self.selection.apply(batch)
    }
}

/// How a queue's rows spread over its lanes.
pub(crate) fn spread(batch: Batch, spread: Spread, lanes: usize) -> Result<Vec<(usize, Batch)>, Fault> {
    Ok(match spread {
        Spread::Broadcast => (0..lanes).map(|lane| (lane, batch.clone())).collect(),
        Spread::Key if lanes > 1 => by_key(&batch, lanes)?,
        Spread::Lane | Spread::Key => vec![(0, batch)],
    })
}

fn by_key(batch: &Batch, lanes: usize) -> Result<Vec<(usize, Batch)>, Fault> {
    let mut rows: Vec<Vec<u32>> = vec![Vec::new(); lanes];
    for row in 0..batch.rows {
        // Records without a key go together: a keyed node refuses them, one by one.
        let lane = match batch.keys.is_null(row) {
            true => 0,
            false => crate::partition::partition_of(batch.keys.value(row), lanes as i32) as usize,
        };
        rows[lane].push(row as u32);
    }
    let parts = rows.iter().enumerate().filter(|(_, rows)| !rows.is_empty());
    parts.map(|(lane, rows)| Ok((lane, batch.take(rows).map_err(|why| Fault::ours(why.to_string()))?))).collect()
}

/// Rows that come in, numbered anew.
pub(crate) fn renumber(mut batch: Batch) -> Batch {
    batch.ordinals = fresh_ordinals(batch.rows);
    batch
}
