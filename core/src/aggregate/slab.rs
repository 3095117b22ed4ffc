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

/// What is done to slots, one thing after the other. [`Part::run`] takes many at once, so that each aggregate goes
/// through them in a loop of its own.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// folds a row into a slot
    Fold { slot: u32, row: u32 },
    /// puts a slot's state behind another's
    Merge { into: u32, from: u32 },
    /// makes a slot the same as another
    Copy { from: u32, to: u32 },
    /// makes a slot empty
    Clear(u32),
    /// gives what a slot has come to
    Give(u32),
    /// the same, and makes the slot empty
    GiveLast(u32),
    /// gives what no rows come to
    GiveNone,
}

/// The states of one aggregate by slots, whatever they are. Slots are below the length last given to
/// [`Part::resize`].
pub(super) trait Part: Debug + Send {
    /// So many slots; new ones are empty.
    fn resize(&mut self, slots: usize);
    /// Does steps. Rows are those of the input; without one there are none.
    fn run(&mut self, steps: &[Step], input: Option<&Input>);
    /// Whether the states of some slots and then a row, put together, are over, though none of them is by itself.
    fn refuses(&self, slots: &[u32], row: usize, input: &Input) -> bool;
    /// The results of what was given since [`Part::forget`].
    fn results(&self, output: &Output) -> Result<ArrayRef, Fault>;
    /// What was given is not needed any more.
    fn forget(&mut self);
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
    /// what was given
    given: Vec<S>,
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
        Slab { states: Vec::new(), given: Vec::new(), data, heap: 0 }
    }

    /// Changes a state, minding its memory.
    #[inline]
    fn change<T>(&mut self, slot: u32, change: impl FnOnce(&mut S) -> T) -> T {
        let state = &mut self.states[slot as usize];
        let before = state.heap();
        let changed = change(state);
        self.heap = self.heap + state.heap() - before;
        changed
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

    fn run(&mut self, steps: &[Step], input: Option<&Input>) {
        let column = input.and_then(|input| Some((S::column(input)?, input.taken(S::TAKES_NULLS))));
        for step in steps {
            match *step {
                Step::Fold { slot, row } => {
                    if let Some((column, mask)) = column
                        && mask.is_none_or(|mask| mask.value(row as usize))
                    {
                        self.change(slot, |state| state.fold(column, row as usize));
                    }
                }
                Step::Merge { into, from } => {
                    let later = std::mem::take(&mut self.states[from as usize]);
                    self.change(into, |state| state.merge(&later));
                    self.states[from as usize] = later;
                }
                Step::Copy { from, to } => {
                    let copy = self.states[from as usize].clone();
                    self.change(to, |state| *state = copy);
                }
                Step::Clear(slot) => drop(self.change(slot, std::mem::take)),
                Step::Give(slot) => self.given.push(self.states[slot as usize].clone()),
                Step::GiveLast(slot) => {
                    let last = self.change(slot, std::mem::take);
                    self.given.push(last);
                }
                Step::GiveNone => self.given.push(S::default()),
            }
        }
    }

    fn refuses(&self, slots: &[u32], row: usize, input: &Input) -> bool {
        let mut alone = S::default();
        if let Some(column) = S::column(input)
            && input.taken(S::TAKES_NULLS).is_none_or(|mask| mask.value(row))
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

    fn results(&self, output: &Output) -> Result<ArrayRef, Fault> {
        S::results(self.given.iter(), output)
    }

    fn forget(&mut self) {
        self.given.clear();
        // Room for the results of a usual batch stays.
        self.given.shrink_to(SPARE);
    }

    fn write(&self, slot: usize, into: &mut Vec<u8>) {
        into.push(S::TAG);
        self.states[slot].write(into);
    }

    fn read(&mut self, slot: usize, from: &mut &[u8]) -> Option<()> {
        let [tag] = super::bytes::array(from)?;
        let state = (tag == S::TAG).then(|| S::read(from, &self.data))??;
        self.change(slot as u32, |known| *known = state);
        Some(())
    }

    fn bytes(&self) -> usize {
        (self.states.capacity() + self.given.capacity()) * size_of::<S>() + self.heap
    }
}
