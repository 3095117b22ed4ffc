//! All values of a group, or all different ones. What is kept grows with them: each value lies encoded behind the one
//! before, and sets find theirs by a table of places.

use std::hash::BuildHasher;

use arrow_array::ArrayRef;
use foldhash::fast::FixedState;
use hashbrown::HashTable;

use super::arguments::Input;
use super::bytes;
use super::encode::{self, Number};
use super::plan::Output;
use super::slab::{Fold, State};
use super::spread::{ExactSpread, FloatSpread};
use super::sum::{Count, ExactSum, FloatSum};
use crate::expr::to_float;
use crate::problem::Fault;
use crate::types::Type;

/// All values, in order.
#[derive(Debug, Clone, Default)]
pub(super) struct List {
    values: Vec<u8>,
}

/// All different values, in the order in which they first came.
#[derive(Debug, Clone, Default)]
pub(super) struct Set {
    values: Vec<u8>,
    /// where in `values` each of them starts
    places: HashTable<usize>,
}

/// An aggregate of the different values, nulls left out.
#[derive(Debug, Clone, Default)]
pub(super) struct Distinct<S> {
    set: Set,
    of: S,
}

/// A state that takes encoded values.
pub(super) trait Adds: Fold {
    /// One more value.
    fn add(&mut self, value: &[u8]);
}

/// The encoded values of some bytes.
fn each(mut values: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || encode::next(&mut values))
}

fn lists<'s>(states: impl Iterator<Item = &'s [u8]>, output: &Output) -> Result<ArrayRef, Fault> {
    let Type::List(slot) = &output.data else {
        return Err(Fault::ours(format!("values were collected as {}", output.data)));
    };
    let (mut items, mut lengths) = (Vec::new(), Vec::new());
    for values in states {
        let before = items.len();
        items.extend(each(values));
        lengths.push(Some(items.len() - before).filter(|length| *length > 0));
    }
    encode::list_column(lengths.into_iter(), encode::decode(&items, &slot.data)?, &output.data)
}

impl State for List {
    const TAG: u8 = 6;

    fn merge(&mut self, later: &List) {
        self.values.extend_from_slice(&later.values);
    }

    fn write(&self, into: &mut Vec<u8>) {
        bytes::write_long(&self.values, into);
    }

    fn read(from: &mut &[u8], data: &Type) -> Option<List> {
        let mut list = List::default();
        let mut values = bytes::long(from)?;
        while !values.is_empty() {
            list.values.extend_from_slice(encode::read(&mut values, data)?);
        }
        Some(list)
    }

    fn heap(&self) -> usize {
        self.values.capacity()
    }
}

impl Fold for List {
    type Column = ArrayRef;
    const TAKES_NULLS: bool = true;

    fn column(input: &Input) -> Option<&ArrayRef> {
        input.array.as_ref()
    }

    fn fold(&mut self, column: &ArrayRef, row: usize) {
        encode::write(column, row, &mut self.values);
    }

    fn results<'s>(states: impl Iterator<Item = &'s List>, output: &Output) -> Result<ArrayRef, Fault> {
        lists(states.map(|state| state.values.as_slice()), output)
    }
}

fn hash(value: &[u8]) -> u64 {
    FixedState::with_seed(0).hash_one(value)
}

/// The first value of some bytes, as it is compared.
fn key(mut values: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    encode::canonical(encode::next(&mut values).unwrap_or_default())
}

impl Set {
    /// Keeps what was written behind the values, from `start` on, if it is a new value.
    fn settle(&mut self, start: usize) -> bool {
        let Set { values, places } = self;
        let new = key(&values[start..]);
        let hash_new = hash(&new);
        if places.find(hash_new, |&place| key(&values[place..]) == new).is_some() {
            drop(new);
            values.truncate(start);
            return false;
        }
        places.insert_unique(hash_new, start, |&place| hash(&key(&values[place..])));
        true
    }

    fn add(&mut self, value: &[u8]) -> bool {
        let start = self.values.len();
        self.values.extend_from_slice(value);
        self.settle(start)
    }

    fn read(from: &mut &[u8], data: &Type) -> Option<Set> {
        let mut set = Set::default();
        let mut values = bytes::long(from)?;
        while !values.is_empty() {
            if !set.add(encode::read(&mut values, data)?) {
                return None;
            }
        }
        Some(set)
    }

    fn heap(&self) -> usize {
        self.values.capacity() + self.places.allocation_size()
    }
}

impl State for Set {
    const TAG: u8 = 7;

    fn merge(&mut self, later: &Set) {
        each(&later.values).for_each(|value| {
            self.add(value);
        });
    }

    fn write(&self, into: &mut Vec<u8>) {
        bytes::write_long(&self.values, into);
    }

    fn read(from: &mut &[u8], data: &Type) -> Option<Set> {
        Set::read(from, data)
    }

    fn heap(&self) -> usize {
        self.heap()
    }
}

impl Fold for Set {
    type Column = ArrayRef;
    const TAKES_NULLS: bool = true;

    fn column(input: &Input) -> Option<&ArrayRef> {
        input.array.as_ref()
    }

    fn fold(&mut self, column: &ArrayRef, row: usize) {
        let start = self.values.len();
        encode::write(column, row, &mut self.values);
        self.settle(start);
    }

    fn results<'s>(states: impl Iterator<Item = &'s Set>, output: &Output) -> Result<ArrayRef, Fault> {
        lists(states.map(|state| state.values.as_slice()), output)
    }
}

impl<S: Adds> State for Distinct<S> {
    const TAG: u8 = 0x80 | S::TAG;

    fn merge(&mut self, later: &Distinct<S>) {
        for value in each(&later.set.values) {
            if self.set.add(value) {
                self.of.add(value);
            }
        }
    }

    fn write(&self, into: &mut Vec<u8>) {
        self.set.write(into);
    }

    fn read(from: &mut &[u8], data: &Type) -> Option<Distinct<S>> {
        let set = Set::read(from, data)?;
        let mut of = S::default();
        each(&set.values).for_each(|value| of.add(value));
        Some(Distinct { set, of })
    }

    fn heap(&self) -> usize {
        self.set.heap()
    }

    fn is_over(&self) -> bool {
        self.of.is_over()
    }
}

impl<S: Adds> Fold for Distinct<S> {
    type Column = ArrayRef;

    fn column(input: &Input) -> Option<&ArrayRef> {
        input.array.as_ref()
    }

    fn fold(&mut self, column: &ArrayRef, row: usize) {
        let start = self.set.values.len();
        encode::write(column, row, &mut self.set.values);
        if self.set.settle(start) {
            self.of.add(&self.set.values[start..]);
        }
    }

    fn results<'s>(states: impl Iterator<Item = &'s Distinct<S>>, output: &Output) -> Result<ArrayRef, Fault> {
        S::results(states.map(|state| &state.of), output)
    }
}

impl Adds for Count {
    fn add(&mut self, _: &[u8]) {
        self.add();
    }
}

macro_rules! adds {
    ($($state:ty: $number:pat => $value:expr;)*) => {$(
        impl Adds for $state {
            fn add(&mut self, value: &[u8]) {
                if let Some($number) = encode::number(value) {
                    self.add($value);
                }
            }
        }
    )*};
}

adds! {
    ExactSum: Number::Exact(digits, _) => digits;
    FloatSum: Number::Float(float) => float;
    ExactSpread: Number::Exact(digits, _) => digits;
    FloatSpread: number => match number {
        Number::Float(float) => float,
        Number::Exact(digits, scale) => to_float(digits, scale),
    };
}
