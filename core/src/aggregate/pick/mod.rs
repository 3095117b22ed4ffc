//! One value out of many: the smallest, the largest, the first, the last. Nulls are never picked.

mod held;

use std::cmp::Ordering;
use std::fmt::Debug;
use std::marker::PhantomData;

use arrow_array::ArrayRef;

use super::arguments::Input;
use super::bytes;
use super::plan::Output;
use super::slab::{Fold, State};
use crate::problem::Fault;
use crate::types::Type;

pub(super) use held::Value;

/// The value that was picked so far.
#[derive(Debug, Clone)]
pub(super) struct Picked<P, T>(Option<T>, PhantomData<P>);

/// Which of two values is picked.
pub(super) trait Pick: Debug + Clone + Send + 'static {
    /// Number of this rule in the tags of states.
    const NUMBER: u8;
    /// Whether a value takes the place of the one before, by their order.
    fn takes(order: impl FnOnce() -> Ordering) -> bool;
}

macro_rules! picks {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $order:ident => $takes:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub(super) struct $name;

        impl Pick for $name {
            const NUMBER: u8 = $number;
            #[inline]
            fn takes($order: impl FnOnce() -> Ordering) -> bool {
                $takes
            }
        }
    )*};
}

// Of equal values that look different (0 and −0, 1 month and 30 days) PostgreSQL keeps the later one.
picks! {
    /// the smallest
    Min = 1, new_to_old => new_to_old().is_le();
    /// the largest
    Max = 2, new_to_old => new_to_old().is_ge();
    /// the first
    First = 3, _order => false;
    /// the last
    Last = 4, _order => true;
}

/// A value that can be kept.
pub(super) trait Held: Stored {
    /// a column of such values
    type Column: ?Sized;
    /// a value of it
    type Item<'v>;
    /// The argument, where it is of this type.
    fn column(input: &Input) -> Option<&Self::Column>;
    /// A row's value.
    fn item(column: &Self::Column, row: usize) -> Self::Item<'_>;
    /// The value that is kept.
    fn view(&self) -> Self::Item<'_>;
    /// A value to keep.
    fn hold(item: Self::Item<'_>) -> Self;
    /// Another value in its place.
    fn replace(&mut self, item: Self::Item<'_>) {
        *self = Self::hold(item);
    }
    /// As PostgreSQL orders.
    fn order(one: &Self::Item<'_>, other: &Self::Item<'_>) -> Ordering;
}

/// How a kept value is written, and becomes a column again.
pub(super) trait Stored: Debug + Clone + Send + 'static {
    /// Number of this type in the tags of states.
    const NUMBER: u8;
    /// Adds its bytes.
    fn write(&self, into: &mut Vec<u8>);
    /// Reads a value of a type.
    fn read(from: &mut &[u8], data: &Type) -> Option<Self>;
    /// Memory beside it.
    fn heap(&self) -> usize {
        0
    }
    /// Values as a column of a type.
    fn array<'s>(values: impl Iterator<Item = Option<&'s Self>>, data: &Type) -> Result<ArrayRef, Fault>;
}

impl<P, T> Default for Picked<P, T> {
    fn default() -> Picked<P, T> {
        Picked(None, PhantomData)
    }
}

impl<P: Pick, T: Held> Picked<P, T> {
    #[inline]
    fn take(&mut self, item: T::Item<'_>) {
        match &mut self.0 {
            None => self.0 = Some(T::hold(item)),
            Some(known) => {
                if P::takes(|| T::order(&item, &known.view())) {
                    known.replace(item);
                }
            }
        }
    }
}

impl<P: Pick, T: Held> State for Picked<P, T> {
    const TAG: u8 = P::NUMBER << 4 | T::NUMBER;

    fn merge(&mut self, later: &Picked<P, T>) {
        if let Some(later) = &later.0 {
            self.take(later.view());
        }
    }

    fn write(&self, into: &mut Vec<u8>) {
        into.push(self.0.is_some().into());
        if let Some(value) = &self.0 {
            value.write(into);
        }
    }

    fn read(from: &mut &[u8], data: &Type) -> Option<Picked<P, T>> {
        let value = match bytes::array(from)? {
            [0] => None,
            [1] => Some(T::read(from, data)?),
            _ => return None,
        };
        Some(Picked(value, PhantomData))
    }

    fn heap(&self) -> usize {
        self.0.as_ref().map_or(0, T::heap)
    }
}

impl<P: Pick, T: Held> Fold for Picked<P, T> {
    type Column = T::Column;

    fn column(input: &Input) -> Option<&T::Column> {
        T::column(input)
    }

    #[inline]
    fn fold(&mut self, column: &T::Column, row: usize) {
        self.take(T::item(column, row));
    }

    fn results<'s>(states: impl Iterator<Item = &'s Picked<P, T>>, output: &Output) -> Result<ArrayRef, Fault> {
        T::array(states.map(|state| state.0.as_ref()), &output.data)
    }
}
