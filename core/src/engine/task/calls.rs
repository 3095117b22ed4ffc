//! What a task says of itself before a sink of it makes a call from which it may not come back for long: to a pipe that
//! nobody reads, to a disk on a network. Whoever commits or watches asks here then, and not the task.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{NodeBody, Task};
use crate::engine::channel::Needs;
use crate::engine::run::lock;
use crate::problem::Fault;

/// The calls of a task's sinks.
#[derive(Default)]
pub(crate) struct Calls {
    now: Mutex<Option<Call>>,
    has_unsafe: AtomicBool,
}

/// A call.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// what is needed in the task as long as it lasts
    pub(crate) needs: Needs,
    /// rows that are in the task meanwhile
    pub(crate) rows: usize,
}

impl Calls {
    /// The call that is made now.
    pub(crate) fn now(&self) -> Option<Call> {
        lock(&self.now).clone()
    }

    /// Something has been written that is not safe.
    pub(crate) fn has_unsafe(&self) -> bool {
        self.has_unsafe.load(Ordering::Acquire)
    }
}

impl Task {
    /// A sink is about to write, or to make safe what it has written.
    pub(super) fn begin_call(&self) {
        let call = self.needs_in_call().map(|needs| {
            let under_way: usize = self.under_way.iter().map(|stand| stand.ordinals.len()).sum();
            Call { needs, rows: under_way + self.held_rows() }
        });
        *lock(&self.calls.now) = call;
    }

    /// It has come back.
    pub(super) fn end_call(&self) {
        *lock(&self.calls.now) = None;
        let is_unsafe = self.nodes.iter().any(|node| match &node.body {
            NodeBody::Sink(sink) => sink.needs().iter().next().is_some(),
            _ => false,
        });
        self.calls.has_unsafe.store(is_unsafe, Ordering::Release);
    }

    /// What is needed here in the middle of a step; nothing where only a client knows.
    fn needs_in_call(&self) -> Option<Needs> {
        let mut needs = self.needs_of_own();
        self.under_way.iter().for_each(|stand| stand.add_from(0, &mut needs));
        for node in &self.nodes {
            match &node.body {
                NodeBody::Sink(sink) => needs.merge(sink.needs().iter()),
                NodeBody::Topic(_) => return None,
                _ => {}
            }
        }
        Some(needs)
    }

    /// Has sinks that write by themselves make safe what they have written.
    ///
    /// # Errors
    /// What a sink fails with.
    pub(crate) fn make_safe(&mut self) -> Result<(), Fault> {
        (0..self.nodes.len()).try_for_each(|node| self.flush(node).map(drop))
    }

    /// Has a node make safe what it has written, if it is such a sink; says whether all is safe.
    pub(super) fn flush(&mut self, node: usize) -> Result<bool, Fault> {
        if !matches!(self.nodes[node].body, NodeBody::Sink(_)) {
            return Ok(true);
        }
        self.begin_call();
        let NodeBody::Sink(sink) = &mut self.nodes[node].body else { return Ok(true) };
        let flushed = sink.flush();
        self.end_call();
        flushed.map_err(|fault| fault.at_node(&self.nodes[node].id))
    }
}
