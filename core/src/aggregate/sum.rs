//! Counts, totals and means. Integers and decimals are added up exactly; the one rounding is that of the last division.

use std::sync::Arc;

use arrow_array::{ArrayRef, Decimal128Array, Float64Array, Int64Array};
use arrow_buffer::i256;

use super::arguments::{Input, Values};
use super::bytes;
use super::plan::Output;
use super::slab::{Fold, State};
use super::wide::Wide;
use crate::expr::{AggregateKind, power_of_ten};
use crate::problem::Fault;
use crate::types::Type;

/// How many rows there were.
#[derive(Debug, Clone, Default)]
pub(super) struct Count(u64);

/// The total of int64s or decimals, and their count.
#[derive(Debug, Clone, Default)]
pub(super) struct ExactSum {
    total: Wide,
    count: u64,
}

/// The total of float64s, and their count.
#[derive(Debug, Clone)]
pub(super) struct FloatSum {
    total: f64,
    count: u64,
}

/// Totals stay below it: 38 digits.
const LIMIT: u128 = 10u128.pow(38);

/// A count as it was written. More than an int64 holds was never counted.
pub(super) fn read_count(from: &mut &[u8]) -> Option<u64> {
    bytes::number(from).filter(|count| i64::try_from(*count).is_ok())
}

/// Counts as a column.
pub(super) fn counts(counts: impl Iterator<Item = u64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(counts.map(|count| count as i64)))
}

impl Count {
    /// One more.
    pub(super) fn add(&mut self) {
        self.0 = self.0.wrapping_add(1);
    }
}

impl State for Count {
    const TAG: u8 = 1;

    fn merge(&mut self, later: &Count) {
        self.0 = self.0.wrapping_add(later.0);
    }

    fn write(&self, into: &mut Vec<u8>) {
        into.extend(self.0.to_be_bytes());
    }

    fn read(from: &mut &[u8], _: &Type) -> Option<Count> {
        read_count(from).map(Count)
    }
}

impl Fold for Count {
    type Column = ();

    fn column(_: &Input) -> Option<&()> {
        Some(&())
    }

    #[inline]
    fn fold(&mut self, _: &(), _: usize) {
        self.add();
    }

    fn results<'s>(states: impl Iterator<Item = &'s Count>, _: &Output) -> Result<ArrayRef, Fault> {
        Ok(counts(states.map(|state| state.0)))
    }
}

impl ExactSum {
    /// One more number, as its digits.
    #[inline]
    pub(super) fn add(&mut self, number: i128) {
        self.total = self.total.get().wrapping_add(number).into();
        self.count = self.count.wrapping_add(1);
    }

    /// The total over the count with more digits after the point, rounded half away from zero.
    fn mean(&self, more_digits: u8) -> Option<i128> {
        let (total, count) = (self.total.get(), i128::from(self.count));
        let unit = power_of_ten(more_digits)?;
        let (quotient, rest) = match total.checked_mul(unit) {
            Some(scaled) => (scaled.checked_div(count)?, scaled.checked_rem(count)?),
            None => {
                let scaled = i256::from_i128(total).checked_mul(i256::from_i128(unit))?;
                let (quotient, rest) = scaled.checked_div_rem(i256::from_i128(count))?;
                (quotient.to_i128()?, rest.to_i128()?)
            }
        };
        let is_away = 2 * rest.unsigned_abs() >= count.unsigned_abs();
        Some(if is_away { quotient + total.signum() } else { quotient })
    }
}

impl State for ExactSum {
    const TAG: u8 = 2;

    fn merge(&mut self, later: &ExactSum) {
        self.total = self.total.get().saturating_add(later.total.get()).into();
        self.count = self.count.wrapping_add(later.count);
    }

    fn write(&self, into: &mut Vec<u8>) {
        into.extend(self.total.get().to_be_bytes());
        into.extend(self.count.to_be_bytes());
    }

    fn read(from: &mut &[u8], _: &Type) -> Option<ExactSum> {
        let sum = ExactSum { total: bytes::integer(from)?.into(), count: read_count(from)? };
        (!sum.is_over()).then_some(sum)
    }

    fn is_over(&self) -> bool {
        self.total.get().unsigned_abs() >= LIMIT
    }
}

impl Fold for ExactSum {
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

    fn results<'s>(states: impl Iterator<Item = &'s ExactSum>, output: &Output) -> Result<ArrayRef, Fault> {
        let mut is_over = false;
        let states = states.inspect(|state| is_over |= state.is_over());
        let some = |state: &'s ExactSum| (state.count > 0).then_some(state);
        let more_digits = match (&output.from, &output.data) {
            (Type::Decimal { scale: from, .. }, Type::Decimal { scale: to, .. }) => to - from,
            _ => 0,
        };
        let digits = match (output.kind, &output.data) {
            (AggregateKind::Count, _) => return Ok(counts(states.map(|state| state.count))),
            (AggregateKind::Avg, Type::Float64) => {
                let means = states.map(|state| some(state).map(|sum| sum.total.get() as f64 / sum.count as f64));
                return Ok(Arc::new(means.collect::<Float64Array>()));
            }
            (AggregateKind::Avg, _) => states.map(|state| some(state)?.mean(more_digits)).collect::<Decimal128Array>(),
            _ => states.map(|state| some(state).map(|sum| sum.total.get())).collect(),
        };
        if is_over {
            let fault = Fault::user("a total has come to more than 38 digits where groups were put together");
            return Err(fault.remedy("make the values shorter: CAST them to a decimal of fewer digits, or AS float64"));
        }
        Ok(Arc::new(digits.with_data_type(output.data.to_arrow())))
    }
}

impl Default for FloatSum {
    fn default() -> FloatSum {
        // The one number to which any other can be added without a trace, −0 too.
        FloatSum { total: -0.0, count: 0 }
    }
}

impl FloatSum {
    /// One more number.
    #[inline]
    pub(super) fn add(&mut self, number: f64) {
        self.total += number;
        self.count = self.count.wrapping_add(1);
    }
}

impl State for FloatSum {
    const TAG: u8 = 3;

    fn merge(&mut self, later: &FloatSum) {
        self.total += later.total;
        self.count = self.count.wrapping_add(later.count);
    }

    fn write(&self, into: &mut Vec<u8>) {
        into.extend(self.total.to_bits().to_be_bytes());
        into.extend(self.count.to_be_bytes());
    }

    fn read(from: &mut &[u8], _: &Type) -> Option<FloatSum> {
        Some(FloatSum { total: bytes::float(from)?, count: read_count(from)? })
    }

    fn is_over(&self) -> bool {
        self.total.is_infinite()
    }
}

impl Fold for FloatSum {
    type Column = [f64];

    fn column(input: &Input) -> Option<&[f64]> {
        match &input.values {
            Values::Floats(floats) => Some(floats),
            _ => None,
        }
    }

    #[inline]
    fn fold(&mut self, floats: &[f64], row: usize) {
        self.add(floats[row]);
    }

    fn results<'s>(states: impl Iterator<Item = &'s FloatSum>, output: &Output) -> Result<ArrayRef, Fault> {
        let some = |state: &'s FloatSum| (state.count > 0).then_some(state);
        let results = match output.kind {
            AggregateKind::Count => return Ok(counts(states.map(|state| state.count))),
            // Zero is added as PostgreSQL does: its means start from 0, not from −0.
            AggregateKind::Avg => states
                .map(|state| some(state).map(|sum| (0.0 + sum.total) / sum.count as f64))
                .collect::<Float64Array>(),
            _ => states.map(|state| some(state).map(|sum| sum.total)).collect(),
        };
        Ok(Arc::new(results))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_means_are_rounded_away_from_zero() {
        let large = 10i128.pow(37);
        let cases = [
            (1, 128, 6, 7813),
            (-1, 128, 6, -7813),
            (1, 3, 6, 333_333),
            (-2, 3, 6, -666_667),
            (6, 3, 0, 2),
            // More than 38 digits on the way.
            (large + 8, 16_000_000, 6, large / 16 + 1),
            (-large - 8, 16_000_000, 6, -large / 16 - 1),
            (large + 7, 16_000_000, 6, large / 16),
        ];
        for (total, count, more_digits, mean) in cases {
            let sum = ExactSum { total: total.into(), count };
            assert_eq!(sum.mean(more_digits), Some(mean), "{total} / {count}");
        }
    }
}
