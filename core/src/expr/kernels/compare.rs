//! Comparisons of columns of one type: Arrow's kernels, except where PostgreSQL's order is another (NaN equals itself
//! and is the largest, −0 equals 0, an interval is as long as its months of 30 days).

use std::cmp::Ordering;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Float64Type, IntervalMonthDayNanoType};
use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_buffer::{BooleanBuffer, IntervalMonthDayNano};
use arrow_ord::cmp;
use arrow_ord::ord::make_comparator;
use arrow_schema::{ArrowError, DataType, SortOptions};

use super::{Inputs, Value, decimal};

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::expr) enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Comparison::Equal => order.is_eq(),
            Comparison::Unequal => order.is_ne(),
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterOrEqual => order.is_ge(),
        }
    }
}

/// Null where a side is null.
pub(in crate::expr) fn compare(comparison: Comparison, inputs: &Inputs) -> ArrayRef {
    let (left, right) = (&inputs.values[0], &inputs.values[1]);
    if left.is_scalar && right.is_scalar {
        return each(inputs, |row| comparison.holds(order(left, right)(row)));
    }
    let (a, b) = (&left.array, &right.array);
    match (a.data_type(), b.data_type()) {
        (DataType::Float64, _) => floats(comparison, inputs),
        (DataType::Decimal128(..), other) if a.data_type() != other => {
            each(inputs, |row| comparison.holds(order(left, right)(row)))
        }
        (DataType::Interval(_) | DataType::List(_) | DataType::Struct(_), _) => {
            let order = order(left, right);
            each(inputs, |row| comparison.holds(order(row)))
        }
        _ => or_null(by_arrow(comparison, left, right), inputs),
    }
}

fn by_arrow(comparison: Comparison, left: &Value, right: &Value) -> Result<BooleanArray, ArrowError> {
    match comparison {
        Comparison::Equal => cmp::eq(left, right),
        Comparison::Unequal => cmp::neq(left, right),
        Comparison::Less => cmp::lt(left, right),
        Comparison::LessOrEqual => cmp::lt_eq(left, right),
        Comparison::Greater => cmp::gt(left, right),
        Comparison::GreaterOrEqual => cmp::gt_eq(left, right),
    }
}

/// Arrow refuses types that differ or that it cannot order; the checker lets neither through.
fn or_null(result: Result<BooleanArray, ArrowError>, inputs: &Inputs) -> ArrayRef {
    Arc::new(result.unwrap_or_else(|_| BooleanArray::new_null(inputs.rows)))
}

fn each(inputs: &Inputs, holds: impl Fn(usize) -> bool) -> ArrayRef {
    let nulls = inputs.nulls();
    let is_valid = |row| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
    let values = BooleanBuffer::collect_bool(inputs.rows, |row| is_valid(row) && holds(row));
    Arc::new(BooleanArray::new(values, nulls))
}

fn floats(comparison: Comparison, inputs: &Inputs) -> ArrayRef {
    match comparison {
        Comparison::Equal => float_rows(inputs, |a, b| a == b || (a.is_nan() && b.is_nan())),
        Comparison::Unequal => float_rows(inputs, |a, b| a != b && !(a.is_nan() && b.is_nan())),
        Comparison::Less => float_rows(inputs, |a, b| a < b || (!a.is_nan() && b.is_nan())),
        Comparison::LessOrEqual => float_rows(inputs, |a, b| a <= b || b.is_nan()),
        Comparison::Greater => float_rows(inputs, |a, b| a > b || (a.is_nan() && !b.is_nan())),
        Comparison::GreaterOrEqual => float_rows(inputs, |a, b| a >= b || a.is_nan()),
    }
}

fn float_rows(inputs: &Inputs, holds: impl Fn(f64, f64) -> bool) -> ArrayRef {
    let (left, right) = (&inputs.values[0], &inputs.values[1]);
    let (a, b) =
        (left.array.as_primitive::<Float64Type>().values(), right.array.as_primitive::<Float64Type>().values());
    let values = match (left.is_scalar, right.is_scalar) {
        (false, true) => {
            let b = b[0];
            BooleanBuffer::collect_bool(inputs.rows, |row| holds(a[row], b))
        }
        _ => BooleanBuffer::collect_bool(inputs.rows, |row| holds(a[left.at(row)], b[right.at(row)])),
    };
    Arc::new(BooleanArray::new(values, inputs.nulls()))
}

/// PostgreSQL's order of float64.
pub(crate) fn float_order(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// The length of an interval by which PostgreSQL compares, in nanoseconds.
pub(crate) fn interval_length(interval: IntervalMonthDayNano) -> i128 {
    let days = i128::from(interval.months) * 30 + i128::from(interval.days);
    days * 86_400_000_000_000 + i128::from(interval.nanoseconds)
}

/// The order of two columns of one type, row by row; what it says of nulls has no meaning.
pub(in crate::expr) fn order<'a>(left: &'a Value, right: &'a Value) -> Box<dyn Fn(usize) -> Ordering + 'a> {
    let (a, b) = (&left.array, &right.array);
    match (a.data_type(), b.data_type()) {
        (DataType::Float64, _) => {
            let (a, b) = (a.as_primitive::<Float64Type>(), b.as_primitive::<Float64Type>());
            Box::new(move |row| float_order(a.value(left.at(row)), b.value(right.at(row))))
        }
        (DataType::Decimal128(_, x), DataType::Decimal128(_, y)) => {
            let (x, y) = (*x as u8, *y as u8);
            let (a, b) = (a.as_primitive::<Decimal128Type>(), b.as_primitive::<Decimal128Type>());
            Box::new(move |row| decimal::compare(a.value(left.at(row)), x, b.value(right.at(row)), y))
        }
        (DataType::Interval(_), _) => {
            let (a, b) = (a.as_primitive::<IntervalMonthDayNanoType>(), b.as_primitive::<IntervalMonthDayNanoType>());
            Box::new(move |row| interval_length(a.value(left.at(row))).cmp(&interval_length(b.value(right.at(row)))))
        }
        _ => match make_comparator(a.as_ref(), b.as_ref(), SortOptions::new(false, false)) {
            Ok(order) => Box::new(move |row| order(left.at(row), right.at(row))),
            Err(_) => Box::new(|_| Ordering::Equal),
        },
    }
}

/// `IS DISTINCT FROM`: two nulls are equal, a null and a value are not.
pub(in crate::expr) fn distinct(inputs: &Inputs) -> ArrayRef {
    let (left, right) = (&inputs.values[0], &inputs.values[1]);
    let order = order(left, right);
    let values = BooleanBuffer::collect_bool(inputs.rows, |row| match (left.is_null(row), right.is_null(row)) {
        (true, true) => false,
        (false, false) => order(row).is_ne(),
        _ => true,
    });
    Arc::new(BooleanArray::new(values, None))
}

/// The largest or smallest of several columns, nulls left out: `GREATEST` and `LEAST`.
pub(in crate::expr) fn extreme(wanted: Ordering, inputs: &Inputs) -> ArrayRef {
    let rows = inputs.rows;
    let mut picks: Vec<Option<usize>> = vec![None; rows];
    for (place, value) in inputs.values.iter().enumerate() {
        // Orders against every earlier argument, since any of them may hold the best so far.
        let orders: Vec<_> = inputs.values[..place].iter().map(|best| order(value, best)).collect();
        for (row, pick) in picks.iter_mut().enumerate().filter(|(row, _)| !value.is_null(*row)) {
            if pick.is_none_or(|best| orders[best](row) == wanted) {
                *pick = Some(place);
            }
        }
    }
    let arrays: Vec<&dyn Array> = inputs.values.iter().map(|value| value.array.as_ref()).collect();
    let nothing = arrow_array::new_null_array(arrays[0].data_type(), 1);
    let arrays: Vec<&dyn Array> = arrays.into_iter().chain([nothing.as_ref()]).collect();
    let none = (arrays.len() - 1, 0);
    let picks: Vec<_> = picks
        .iter()
        .enumerate()
        .map(|(row, pick)| pick.map_or(none, |place| (place, inputs.values[place].at(row))))
        .collect();
    arrow_select::interleave::interleave(&arrays, &picks)
        .unwrap_or_else(|_| arrow_array::new_null_array(nothing.data_type(), rows))
}
