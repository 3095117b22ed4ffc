//! Variances and standard deviations. Of int64 and of decimals of up to 18 digits from exact sums; else as PostgreSQL
//! does for float64, by Youngs and Cramer's update, which loses nothing where the mean is large.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array};
use arrow_buffer::i256;

use super::arguments::{Input, Values};
use super::bytes;
use super::plan::Output;
use super::slab::{Fold, State};
use super::sum::read_count;
use super::wide::Wide;
use crate::expr::{AggregateKind, to_float};
use crate::problem::Fault;
use crate::types::Type;

/// Count, total and total of squares; the squares of 2^64 numbers of 64 bits fit.
#[derive(Debug, Clone, Default)]
pub(super) struct ExactSpread {
    count: u64,
    total: Wide,
    /// the lowest word first
    squares: [u64; 3],
}

/// Count, total, and total of the squared distances from the mean.
#[derive(Debug, Clone, Default)]
pub(super) struct FloatSpread {
    count: u64,
    total: f64,
    distances: f64,
}

impl ExactSpread {
    /// One more number of up to 64 bits, as its digits.
    pub(super) fn add(&mut self, number: i128) {
        self.count = self.count.wrapping_add(1);
        self.total = self.total.get().wrapping_add(number).into();
        let square = number.unsigned_abs().wrapping_mul(number.unsigned_abs());
        self.add_squares([square as u64, (square >> 64) as u64, 0]);
    }

    fn add_squares(&mut self, more: [u64; 3]) {
        let mut carry = 0;
        for (word, more) in self.squares.iter_mut().zip(more) {
            let sum = u128::from(*word) + u128::from(more) + carry;
            *word = sum as u64;
            carry = sum >> 64;
        }
    }

    /// The variance, times the square of the count: count · Σx² − (Σx)², which is exact.
    fn scaled(&self) -> f64 {
        let [low, middle, high] = self.squares;
        let squares = i256::from_parts(u128::from(low) | u128::from(middle) << 64, high.into());
        let total = i256::from_i128(self.total.get());
        let count = i256::from_i128(self.count.into());
        let (low, high) = count.wrapping_mul(squares).wrapping_sub(total.wrapping_mul(total)).to_parts();
        (high as f64 * 2f64.powi(128) + low as f64).max(0.0)
    }
}

impl State for ExactSpread {
    const TAG: u8 = 4;

    fn merge(&mut self, later: &ExactSpread) {
        self.count = self.count.wrapping_add(later.count);
        self.total = self.total.get().wrapping_add(later.total.get()).into();
        self.add_squares(later.squares);
    }

    fn write(&self, into: &mut Vec<u8>) {
        into.extend(self.count.to_be_bytes());
        into.extend(self.total.get().to_be_bytes());
        self.squares.iter().for_each(|word| into.extend(word.to_be_bytes()));
    }

    fn read(from: &mut &[u8], _: &Type) -> Option<ExactSpread> {
        let (count, total) = (read_count(from)?, bytes::integer(from)?.into());
        let squares = [bytes::number(from)?, bytes::number(from)?, bytes::number(from)?];
        Some(ExactSpread { count, total, squares })
    }
}

impl Fold for ExactSpread {
    type Column = Values;

    fn column(input: &Input) -> Option<&Values> {
        Some(&input.values)
    }

    #[inline]
    fn fold(&mut self, values: &Values, row: usize) {
        match values {
            Values::Ints(ints) => self.add(ints[row].into()),
            Values::Digits(digits, _) => self.add(digits[row]),
            _ => {}
        }
    }

    fn results<'s>(states: impl Iterator<Item = &'s ExactSpread>, output: &Output) -> Result<ArrayRef, Fault> {
        let unit = match output.from {
            Type::Decimal { scale, .. } => 10f64.powi(2 * i32::from(scale)),
            _ => 1.0,
        };
        let result = |state: &ExactSpread| {
            let count = state.count as f64;
            output.spread(state.count, |divisor| state.scaled() / (count * divisor * unit))
        };
        Ok(Arc::new(states.map(result).collect::<Float64Array>()))
    }
}

impl Output {
    /// The variance or deviation of so many values; `variance` takes what the squares are divided by.
    fn spread(&self, count: u64, variance: impl Fn(f64) -> f64) -> Option<f64> {
        let AggregateKind::Spread(kind) = self.kind else { return None };
        let divisor = count.checked_sub(u64::from(kind.is_sample)).filter(|divisor| *divisor > 0)?;
        let variance = variance(divisor as f64);
        Some(if kind.is_root { variance.sqrt() } else { variance })
    }
}

impl FloatSpread {
    /// One more number.
    #[inline]
    pub(super) fn add(&mut self, number: f64) {
        let before = self.count as f64;
        self.count = self.count.wrapping_add(1);
        self.total += number;
        if before > 0.0 {
            let count = self.count as f64;
            let distance = number * count - self.total;
            self.distances += distance * distance / (count * before);
        } else {
            // Zero, or NaN where the number is not finite.
            self.distances = 0.0 * number;
        }
    }
}

impl State for FloatSpread {
    const TAG: u8 = 5;

    fn merge(&mut self, later: &FloatSpread) {
        if self.count == 0 {
            *self = later.clone();
        } else if later.count > 0 {
            let (before, more) = (self.count as f64, later.count as f64);
            let distance = self.total / before - later.total / more;
            self.distances += later.distances + before * more * distance * distance / (before + more);
            self.count = self.count.wrapping_add(later.count);
            self.total += later.total;
        }
    }

    fn write(&self, into: &mut Vec<u8>) {
        into.extend(self.count.to_be_bytes());
        into.extend(self.total.to_bits().to_be_bytes());
        into.extend(self.distances.to_bits().to_be_bytes());
    }

    fn read(from: &mut &[u8], _: &Type) -> Option<FloatSpread> {
        Some(FloatSpread { count: read_count(from)?, total: bytes::float(from)?, distances: bytes::float(from)? })
    }

    fn is_over(&self) -> bool {
        self.total.is_infinite() || self.distances.is_infinite()
    }
}

impl Fold for FloatSpread {
    type Column = Values;

    fn column(input: &Input) -> Option<&Values> {
        Some(&input.values)
    }

    #[inline]
    fn fold(&mut self, values: &Values, row: usize) {
        match values {
            Values::Floats(floats) => self.add(floats[row]),
            Values::Digits(digits, scale) => self.add(to_float(digits[row], *scale)),
            _ => {}
        }
    }

    fn results<'s>(states: impl Iterator<Item = &'s FloatSpread>, output: &Output) -> Result<ArrayRef, Fault> {
        let result = |state: &FloatSpread| {
            // What is not finite has no distance from anything.
            let distances = if state.is_over() { f64::NAN } else { state.distances };
            output.spread(state.count, |divisor| distances / divisor)
        };
        Ok(Arc::new(states.map(result).collect::<Float64Array>()))
    }
}
