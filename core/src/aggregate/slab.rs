//! The state of one aggregate for many groups: a vector of small states, and the loop that folds rows into it. What a
//! state is, its own file says; [`Part`] is how all of them look alike.

use std::fmt::Debug;

use arrow_array::ArrayRef;

use super::arguments::Input;
use super::plan::Output;
use crate::problem::Fault;
use crate::types::Type;

/// What an aggregate has come to in one group. The default is that of no rows.
pub(super) trait State: Debug + Default + Clone + Send + 'static {
    /// Tells states of different kinds apart where they are written. Durable: never changed, never used again.
    const TAG: u8;

    /// Puts a state that came later behind this one.
    fn merge(&mut self, later: &Self);

    /// Adds the state's bytes.
    fn write(&self, into: &mut Vec<u8>);

    /// Reads what [`State::write`] wrote, of arguments of a type; `None` where it did not.
    fn read(from: &mut &[u8], data: &Type) -> Option<Self>;

    /// Memory beside the state itself.
    fn heap(&self) -> usize {
        0
    }

    /// Whether the result is beyond the range of its type; of float64s infinite, which infinite input makes too.
    fn is_over(&self) -> bool {
        false
    }
}

/// How a state takes rows and what it gives.
pub(super) trait Fold: State {
    /// The argument, as a column.
    type Column: ?Sized;
    /// Rows whose argument is null are folded too.
    const TAKES_NULLS: bool = false;

    /// The argument of this type; there for every input that the state was made for.
    fn column(input: &Input) -> Option<&Self::Column>;

    /// Folds a row.
    fn fold(&mut self, column: &Self::Column, row: usize);

    /// The results of some states.
    ///
    /// # Errors
    /// A result that no column can hold.
    fn results<'s>(states: impl Iterator<Item = &'s Self>, output: &Output) -> Result<ArrayRef, Fault>;
}

/// The states of one aggregate by slots, whatever they are. Slots are below the length last given to
/// [`Part::resize`].
pub(super) trait Part: Debug + Send {
    /// So many slots; new ones are empty.
    fn resize(&mut self, slots: usize);
    /// Makes a slot empty.
    fn clear(&mut self, slot: usize);
    /// Makes a slot the same as another.
    fn copy(&mut self, from: usize, to: usize);
    /// Puts a slot's state behind another's.
    fn merge(&mut self, into: usize, from: usize);
    /// Folds rows into slots, in order.
    fn update(&mut self, slots: &[u32], rows: &[u32], input: &Input);
    /// Whether the states of some slots and then a row, put together, are over, though none of them is by itself.
    fn refuses(&self, slots: &[u32], row: usize, input: &Input) -> bool;
    /// The results of some slots.
    fn results(&self, slots: &[u32], output: &Output) -> Result<ArrayRef, Fault>;
    /// Adds a slot's bytes.
    fn write(&self, slot: usize, into: &mut Vec<u8>);
    /// Reads a slot; `None` where the bytes are none of such a state.
    fn read(&mut self, slot: usize, from: &mut &[u8]) -> Option<()>;
    /// Memory that is held, about.
    fn bytes(&self) -> usize;
}

/// States of one kind by slots.
#[derive(Debug)]
pub(super) struct Slab<S> {
    states: Vec<S>,
    /// type of the argument
    data: Type,
    /// memory beside `states`
    heap: usize,
}

/// Slots that are made at once, at least.
const STEP: usize = 64;

/// Room for so many slots is not given up: those that come and go with a batch should not move the others each time.
const SPARE: usize = 1024;

impl<S: State> Slab<S> {
    /// No slots.
    pub(super) fn new(data: Type) -> Slab<S> {
        Slab { states: Vec::new(), data, heap: 0 }
    }

    /// Changes a state, minding its memory.
    #[inline]
    fn change(&mut self, slot: usize, change: impl FnOnce(&mut S)) {
        let state = &mut self.states[slot];
        let before = state.heap();
        change(state);
        self.heap = self.heap + state.heap() - before;
    }
}

impl<S: Fold> Part for Slab<S> {
    fn resize(&mut self, slots: usize) {
        if slots > self.states.capacity() {
            // Half of it again and not double: a million groups should not pay for two.
            self.states.reserve_exact((slots - self.states.len()).max(self.states.len() / 2).max(STEP));
        }
        self.states.resize_with(slots, S::default);
        if slots < self.states.capacity() / 4 {
            self.states.shrink_to((2 * slots).max(SPARE));
        }
    }

    fn clear(&mut self, slot: usize) {
        self.change(slot, |state| *state = S::default());
    }

    fn copy(&mut self, from: usize, to: usize) {
        let copy = self.states[from].clone();
        self.change(to, |state| *state = copy);
    }

    fn merge(&mut self, into: usize, from: usize) {
        let later = std::mem::take(&mut self.states[from]);
        self.change(into, |state| state.merge(&later));
        self.states[from] = later;
    }

    fn update(&mut self, slots: &[u32], rows: &[u32], input: &Input) {
        let Some(column) = S::column(input) else { return };
        let pairs = slots.iter().zip(rows).map(|(&slot, &row)| (slot as usize, row as usize));
        match if S::TAKES_NULLS { &input.passing } else { &input.valid } {
            None => pairs.for_each(|(slot, row)| self.change(slot, |state| state.fold(column, row))),
            Some(mask) => pairs
                .filter(|(_, row)| mask.value(*row))
                .for_each(|(slot, row)| self.change(slot, |state| state.fold(column, row))),
        }
    }

    fn refuses(&self, slots: &[u32], row: usize, input: &Input) -> bool {
        let mut alone = S::default();
        let mask = if S::TAKES_NULLS { &input.passing } else { &input.valid };
        if let Some(column) = S::column(input)
            && mask.as_ref().is_none_or(|mask| mask.value(row))
        {
            alone.fold(column, row);
        }
        let parts = || slots.iter().map(|&slot| &self.states[slot as usize]).chain([&alone]);
        let mut total = S::default();
        !parts().any(State::is_over)
            && parts().any(|part| {
                total.merge(part);
                total.is_over()
            })
    }

    fn results(&self, slots: &[u32], output: &Output) -> Result<ArrayRef, Fault> {
        S::results(slots.iter().map(|&slot| &self.states[slot as usize]), output)
    }

    fn write(&self, slot: usize, into: &mut Vec<u8>) {
        into.push(S::TAG);
        self.states[slot].write(into);
    }

    fn read(&mut self, slot: usize, from: &mut &[u8]) -> Option<()> {
        let [tag] = super::bytes::array(from)?;
        let state = (tag == S::TAG).then(|| S::read(from, &self.data))??;
        self.change(slot, |known| *known = state);
        Some(())
    }

    fn bytes(&self) -> usize {
        self.states.capacity() * size_of::<S>() + self.heap
    }
}
