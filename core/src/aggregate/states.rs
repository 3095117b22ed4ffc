//! The states of many groups, by slots: what a window or an aggregate holds per key. Slots are numbers; who has which
//! is the caller's business.

use std::sync::Arc;

use arrow_array::ArrayRef;

use super::plan::Plan;
use super::slab::Part;
use super::slots::Slots;
use super::{Arguments, FailedRow};
use crate::expr::{AggregateKind, Failure};
use crate::problem::Fault;
use crate::types::Type;

/// What the groups of one node have come to. A slot is one group, from [`States::add`] to [`States::free`]; all others
/// take only slots that are in use. Memory is given back where the last slots are free, and the lowest free slot is
/// used first.
#[derive(Debug)]
pub struct States {
    plan: Arc<Plan>,
    parts: Vec<Box<dyn Part>>,
    slots: Slots,
}

/// The first byte of a state's durable form.
const FORMAT: u8 = 1;

impl States {
    pub(super) fn new(plan: Arc<Plan>) -> States {
        States { parts: plan.parts.iter().map(|part| part.build()).collect(), plan, slots: Slots::default() }
    }

    /// A slot of no rows yet.
    pub fn add(&mut self) -> u32 {
        let before = self.slots.len();
        let slot = self.slots.take();
        if self.slots.len() > before {
            self.resize();
        }
        slot as u32
    }

    /// Gives a slot back, and what it held. One that is free already stays so.
    pub fn free(&mut self, slot: u32) {
        let before = self.slots.len();
        if !self.slots.free(slot as usize) {
            return;
        }
        if self.slots.len() < before {
            self.resize();
        } else {
            self.parts.iter_mut().for_each(|part| part.clear(slot as usize));
        }
    }

    fn resize(&mut self) {
        self.parts.iter_mut().for_each(|part| part.resize(self.slots.len()));
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

    /// Folds rows of a batch into slots, in order: `slots[i]` takes `rows[i]`.
    pub fn update(&mut self, slots: &[u32], rows: &[u32], arguments: &Arguments) {
        for (part, plan) in self.parts.iter_mut().zip(&self.plan.parts) {
            part.update(slots, rows, &arguments.inputs[plan.source]);
        }
    }

    /// Why a row must not be folded into the states of some slots put together (of one slot, where nothing is merged):
    /// a total would be beyond its type. To be asked where [`Arguments::may_overflow`] says so, before slots are merged
    /// for the row too.
    pub fn refuses(&self, slots: &[u32], row: u32, arguments: &Arguments) -> Option<FailedRow> {
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

    /// Puts the state of a slot behind that of another, as of rows that came later. `from` stays as it is.
    pub fn merge(&mut self, into: u32, from: u32) {
        if into != from {
            self.parts.iter_mut().for_each(|part| part.merge(into as usize, from as usize));
        }
    }

    /// A new slot with the same state.
    pub fn copy(&mut self, from: u32) -> u32 {
        let to = self.add();
        self.parts.iter_mut().for_each(|part| part.copy(from as usize, to as usize));
        to
    }

    /// The results of some slots, a column per aggregate in the order of [`super::Aggregates::columns`].
    ///
    /// # Errors
    /// Lists that together have more items than a column can hold; a total beyond its type, where slots were merged
    /// that [`States::refuses`] would have kept apart.
    pub fn columns(&self, slots: &[u32]) -> Result<Vec<ArrayRef>, Fault> {
        self.plan.outputs.iter().map(|output| self.parts[output.part].results(slots, output)).collect()
    }

    /// Adds the durable form of a slot.
    pub fn write(&self, slot: u32, into: &mut Vec<u8>) {
        into.push(FORMAT);
        self.parts.iter().for_each(|part| part.write(slot as usize, into));
    }

    /// A new slot with the state that [`States::write`] wrote for the same aggregates; `None` where the bytes are
    /// something else.
    pub fn read(&mut self, bytes: &[u8]) -> Option<u32> {
        let (&FORMAT, mut rest) = bytes.split_first()? else { return None };
        let slot = self.add();
        let read = self.parts.iter_mut().try_for_each(|part| part.read(slot as usize, &mut rest));
        if read.is_none() || !rest.is_empty() {
            self.free(slot);
            return None;
        }
        Some(slot)
    }
}
