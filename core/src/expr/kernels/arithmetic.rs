//! `+ - * / %` on int64 and float64, as PostgreSQL computes them: integers divide towards zero, and what leaves the
//! range of the type, or is divided by zero, fails.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Float64Type, Int64Type};
use arrow_array::{ArrayRef, PrimitiveArray};
use arrow_schema::DataType;

use super::rows::{Float, Int, map1};
use super::{Inputs, Reason};

/// An operation of two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::expr) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

pub(super) const DIVISION_BY_ZERO: &str = "division by zero";
pub(super) const INT_RANGE: &str = "int64 out of range";
pub(super) const FLOAT_OVERFLOW: &str = "float64 out of range: overflow";
pub(super) const FLOAT_UNDERFLOW: &str = "float64 out of range: underflow";

/// Runs `compute` over whole columns; it gives a value and whether that value is doubtful. Only if some value was, the
/// rows are looked at one by one with `explain`, which gives the reason of those that really failed.
pub(super) fn checked<T: ArrowPrimitiveType>(
    inputs: &Inputs,
    data_type: DataType,
    compute: impl Fn(T::Native, T::Native) -> (T::Native, bool),
    explain: impl Fn(T::Native, T::Native) -> Option<Reason>,
) -> ArrayRef {
    let (left, right) = (&inputs.values[0], &inputs.values[1]);
    let (a, b) = (left.array.as_primitive::<T>().values(), right.array.as_primitive::<T>().values());
    let mut doubtful = false;
    let mut step = |a: T::Native, b: T::Native| {
        let (value, is_doubtful) = compute(a, b);
        doubtful |= is_doubtful;
        value
    };
    let values: Vec<T::Native> = match (left.is_scalar, right.is_scalar) {
        (false, false) => a.iter().zip(b.iter()).map(|(&a, &b)| step(a, b)).collect(),
        (false, true) => a.iter().map(|&a| step(a, b[0])).collect(),
        (true, false) => b.iter().map(|&b| step(a[0], b)).collect(),
        (true, true) => vec![step(a[0], b[0]); inputs.rows],
    };
    let mut nulls = inputs.nulls();
    if doubtful {
        let mut valid: Vec<bool> =
            (0..inputs.rows).map(|row| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row))).collect();
        for (row, valid) in valid.iter_mut().enumerate().filter(|(_, valid)| **valid) {
            if let Some(reason) = explain(a[left.at(row)], b[right.at(row)]) {
                inputs.fail(row, reason);
                *valid = false;
            }
        }
        nulls = Some(valid.into());
    }
    Arc::new(PrimitiveArray::<T>::new(values.into(), nulls).with_data_type(data_type))
}

/// int64 with int64.
pub(in crate::expr) fn integers(operation: Arithmetic, inputs: &Inputs) -> ArrayRef {
    let run = |compute: fn(i64, i64) -> (i64, bool)| {
        checked::<Int64Type>(inputs, DataType::Int64, compute, |a, b| {
            let divides = matches!(operation, Arithmetic::Divide | Arithmetic::Remainder);
            compute(a, b).1.then(|| if divides && b == 0 { DIVISION_BY_ZERO.into() } else { INT_RANGE.into() })
        })
    };
    match operation {
        Arithmetic::Add => run(i64::overflowing_add),
        Arithmetic::Subtract => run(i64::overflowing_sub),
        Arithmetic::Multiply => run(i64::overflowing_mul),
        Arithmetic::Divide => run(|a, b| a.checked_div(b).map_or((0, true), |value| (value, false))),
        Arithmetic::Remainder => run(|a, b| if b == 0 { (0, true) } else { (a.wrapping_rem(b), false) }),
    }
}

/// float64 with float64; `%` is not among PostgreSQL's operators for it.
pub(in crate::expr) fn floats(operation: Arithmetic, inputs: &Inputs) -> ArrayRef {
    let run = |compute: fn(f64, f64) -> (f64, bool)| {
        checked::<Float64Type>(inputs, DataType::Float64, compute, |a, b| {
            float_failure(operation, a, b, compute(a, b).0).map(Reason::from)
        })
    };
    match operation {
        Arithmetic::Add => run(|a, b| (a + b, !(a + b).is_finite())),
        Arithmetic::Subtract => run(|a, b| (a - b, !(a - b).is_finite())),
        Arithmetic::Multiply => run(|a, b| (a * b, !(a * b).is_finite() || a * b == 0.0)),
        Arithmetic::Divide => run(|a, b| (a / b, !(a / b).is_finite() || a / b == 0.0)),
        Arithmetic::Remainder => run(|a, b| (a % b, b == 0.0)),
    }
}

fn float_failure(operation: Arithmetic, a: f64, b: f64, value: f64) -> Option<&'static str> {
    let divides = matches!(operation, Arithmetic::Divide | Arithmetic::Remainder);
    if divides && b == 0.0 && !a.is_nan() {
        return Some(DIVISION_BY_ZERO);
    }
    if value.is_infinite() && a.is_finite() && b.is_finite() {
        return Some(FLOAT_OVERFLOW);
    }
    let vanished = match operation {
        Arithmetic::Multiply => a != 0.0 && b != 0.0,
        Arithmetic::Divide => a != 0.0 && !b.is_infinite(),
        _ => false,
    };
    (value == 0.0 && vanished).then_some(FLOAT_UNDERFLOW)
}

/// `-` of an int64.
pub(in crate::expr) fn negate_integer(inputs: &Inputs) -> ArrayRef {
    map1::<Int, i64>(inputs, |a| a.checked_neg().ok_or(INT_RANGE.into()))
}

/// `-` of a float64.
pub(in crate::expr) fn negate_float(inputs: &Inputs) -> ArrayRef {
    map1::<Float, f64>(inputs, |a| Ok(-a))
}
