//! The states of many groups, by slots: what a window or an aggregate holds per key. Slots are numbers; who has which
//! is the caller's business.

use std::sync::Arc;

use arrow_array::ArrayRef;

use super::plan::Plan;
use super::slab::{Part, Step};
use super::{Arguments, FailedRow};
use crate::expr::{AggregateKind, Failure};
use crate::problem::Fault;
use crate::slots::Slots;
use crate::types::Type;

/// What the groups of one node have come to. A slot is one group, from [`States::add`] to [`States::free`]; all others
/// take only slots that are in use. Memory is given back where the last slots are free, and the lowest free slot is
/// used first.
///
/// What is asked for is done by [`States::settle`], in order and for one aggregate after the other; only then is it seen
/// by what reads a state.
#[derive(Debug)]
pub struct States {
    plan: Arc<Plan>,
    parts: Vec<Box<dyn Part>>,
    slots: Slots,
    /// slots that the parts have
    room: usize,
    /// what is to be done
    steps: Vec<Step>,
}

/// The first byte of a state's durable form.
const FORMAT: u8 = 1;

/// Room for so many steps stays.
const MOST_STEPS: usize = 1 << 16;

impl States {
    pub(super) fn new(plan: Arc<Plan>) -> States {
        let parts = plan.parts.iter().map(|part| part.build()).collect();
        States { parts, plan, slots: Slots::default(), room: 0, steps: Vec::new() }
    }

    /// A slot of no rows yet.
    pub fn add(&mut self) -> u32 {
        let slot = self.slots.take();
        if slot >= self.room {
            self.resize();
        }
        slot as u32
    }

    /// Gives a slot back, and what it held. One that is free already stays so.
    pub fn free(&mut self, slot: u32) {
        if self.slots.free(slot as usize) {
            self.steps.push(Step::Clear(slot));
        }
    }

    fn resize(&mut self) {
        self.room = self.slots.len();
        self.parts.iter_mut().for_each(|part| part.resize(self.room));
    }

    /// Slots in use.
    pub fn len(&self) -> usize {
        self.slots.used()
    }

    /// No slot is in use.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Memory that is held, about.
    pub fn bytes(&self) -> usize {
        self.parts.iter().map(|part| part.bytes()).sum()
    }

    /// Folds a row into a slot.
    #[inline]
    pub fn fold(&mut self, slot: u32, row: u32) {
        self.steps.push(Step::Fold { slot, row });
    }

    /// Puts the state of a slot behind that of another, as of rows that came later. `from` stays as it is.
    pub fn merge(&mut self, into: u32, from: u32) {
        if into != from {
            self.steps.push(Step::Merge { into, from });
        }
    }

    /// A new slot with the same state.
    pub fn copy(&mut self, from: u32) -> u32 {
        let to = self.add();
        self.steps.push(Step::Copy { from, to });
        to
    }

    /// Gives what a slot has come to.
    pub fn give(&mut self, slot: u32) {
        self.steps.push(Step::Give(slot));
    }

    /// Gives what a slot has come to, and the slot back.
    pub fn give_last(&mut self, slot: u32) {
        if self.slots.free(slot as usize) {
            self.steps.push(Step::GiveLast(slot));
        }
    }

    /// Gives what no rows come to.
    pub fn give_none(&mut self) {
        self.steps.push(Step::GiveNone);
    }

    /// Does all that was asked for. The rows are those of the arguments; without any, none may be folded.
    pub fn settle(&mut self, arguments: Option<&Arguments>) {
        for (part, plan) in self.parts.iter_mut().zip(&self.plan.parts) {
            part.run(&self.steps, arguments.map(|arguments| &arguments.inputs[plan.source]));
        }
        self.steps.clear();
        // Windows that close at once should not leave their list behind.
        self.steps.shrink_to(MOST_STEPS);
        if self.slots.len() < self.room {
            self.resize();
        }
    }

    /// Why a row must not be folded into the states of some slots put together (of one slot, where nothing is merged):
    /// a total would be beyond its type. To be asked where [`Arguments::may_overflow`] says so, before slots are merged
    /// for the row too. Settles.
    pub fn refuses(&mut self, slots: &[u32], row: u32, arguments: &Arguments) -> Option<FailedRow> {
        self.settle(Some(arguments));
        let parts = self.parts.iter().zip(&self.plan.parts);
        let mut refused = parts.map(|(part, plan)| part.refuses(slots, row as usize, &arguments.inputs[plan.source]));
        let part = refused.position(|refused| refused)?;
        let column = self.plan.outputs.iter().position(|output| output.part == part)?;
        let output = &self.plan.outputs[column];
        let what = match output.kind {
            AggregateKind::Spread(_) => "squared distances",
            _ => "total",
        };
        let reason = match output.from {
            Type::Float64 => format!("the {what} would be beyond the range of float64"),
            _ => format!("the {what} would have more than 38 digits"),
        };
        Some(FailedRow { column, failure: Failure { row: row as usize, reason, span: 0..output.length } })
    }

    /// What was given, in order: a column per aggregate in the order of [`super::Aggregates::columns`].
    ///
    /// # Errors
    /// Lists that together have more items than a column can hold; a total beyond its type, where slots were merged
    /// that [`States::refuses`] would have kept apart.
    pub fn given(&mut self) -> Result<Vec<ArrayRef>, Fault> {
        let columns = self.plan.outputs.iter().map(|output| self.parts[output.part].results(output)).collect();
        self.parts.iter_mut().for_each(|part| part.forget());
        columns
    }

    /// Adds the durable form of a slot. All must be settled.
    pub fn write(&self, slot: u32, into: &mut Vec<u8>) {
        debug_assert!(self.steps.is_empty(), "settled first");
        into.push(FORMAT);
        self.parts.iter().for_each(|part| part.write(slot as usize, into));
    }

    /// A new slot with the state that [`States::write`] wrote for the same aggregates; `None` where the bytes are
    /// something else.
    pub fn read(&mut self, bytes: &[u8]) -> Option<u32> {
        let (&FORMAT, mut rest) = bytes.split_first()? else { return None };
        let slot = self.add();
        self.settle(None);
        let read = self.parts.iter_mut().try_for_each(|part| part.read(slot as usize, &mut rest));
        if read.is_none() || !rest.is_empty() {
            self.free(slot);
            self.settle(None);
            return None;
        }
        Some(slot)
    }
}
