//! The arguments of all aggregates for one batch, evaluated once: typed columns, and which rows are taken.

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Float64Type, Int64Type, IntervalMonthDayNanoType, TimestampMillisecondType};
use arrow_array::{Array, ArrayRef, BinaryViewArray};
use arrow_buffer::{BooleanBuffer, IntervalMonthDayNano, NullBuffer, ScalarBuffer};
use arrow_schema::DataType;

use super::FailedRow;
use super::plan::{Plan, Source};
use crate::batch::Batch;
use crate::types::Type;

/// The arguments of a batch's rows, ready to be folded.
#[derive(Debug)]
pub struct Arguments {
    /// in the order of [`Plan::sources`]
    pub(super) inputs: Vec<Input>,
    pub(super) may_overflow: bool,
}

/// One argument with its filter.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) values: Values,
    /// the argument as it was evaluated; none of `count(*)`
    pub(super) array: Option<ArrayRef>,
    /// rows that the filter lets through; none is all
    pub(super) passing: Option<BooleanBuffer>,
    /// of them those whose argument is not null; none is all
    pub(super) valid: Option<BooleanBuffer>,
}

/// A column of values, by its type; what stands in null rows has no meaning.
#[derive(Debug)]
pub(super) enum Values {
    Bools(BooleanBuffer),
    /// int64, and timestamps in milliseconds
    Ints(ScalarBuffer<i64>),
    Floats(ScalarBuffer<f64>),
    /// decimals without their point, and how many digits stand behind it
    Digits(ScalarBuffer<i128>, u8),
    Intervals(ScalarBuffer<IntervalMonthDayNano>),
    /// text and bytes
    Bytes(BinaryViewArray),
    /// of `count(*)`, of lists and structs
    None,
}

impl Arguments {
    /// Whether some row may take a result beyond its type, so that [`super::States::refuses`] must be asked before a
    /// row of this batch is folded. Rare: decimals of more than 20 digits, and float64 beyond 1e140.
    pub fn may_overflow(&self) -> bool {
        self.may_overflow
    }
}

impl Input {
    /// The rows that are folded, with those whose argument is null or without them; none is all.
    pub(super) fn taken(&self, with_nulls: bool) -> Option<&BooleanBuffer> {
        if with_nulls { self.passing.as_ref() } else { self.valid.as_ref() }
    }
}

impl Values {
    fn of(array: &ArrayRef) -> Values {
        match array.data_type() {
            DataType::Boolean => Values::Bools(array.as_boolean().values().clone()),
            DataType::Int64 => Values::Ints(array.as_primitive::<Int64Type>().values().clone()),
            DataType::Timestamp(..) => Values::Ints(array.as_primitive::<TimestampMillisecondType>().values().clone()),
            DataType::Float64 => Values::Floats(array.as_primitive::<Float64Type>().values().clone()),
            DataType::Decimal128(_, scale) => {
                Values::Digits(array.as_primitive::<Decimal128Type>().values().clone(), *scale as u8)
            }
            DataType::Interval(_) => {
                Values::Intervals(array.as_primitive::<IntervalMonthDayNanoType>().values().clone())
            }
            DataType::Utf8View => Values::Bytes(array.as_string_view().clone().to_binary_view()),
            DataType::BinaryView => Values::Bytes(array.as_binary_view().clone()),
            _ => Values::None,
        }
    }
}

/// All arguments of a batch, and the rows that failed.
pub(super) fn evaluate(plan: &Plan, batch: &Batch) -> (Arguments, Vec<FailedRow>) {
    let mut failed = Vec::new();
    let inputs: Vec<Input> = plan.sources.iter().map(|source| input(source, batch, &mut failed)).collect();
    if !failed.is_empty() {
        failed.sort_by_key(|failed: &FailedRow| (failed.failure.row, failed.column));
        failed.dedup_by_key(|failed| failed.failure.row);
    }
    let may_overflow = plan.sources.iter().zip(&inputs).any(|(source, input)| may_overflow(source, input));
    (Arguments { inputs, may_overflow }, failed)
}

fn input(source: &Source, batch: &Batch, failed: &mut Vec<FailedRow>) -> Input {
    let mut fail = |failures: Vec<crate::expr::Failure>| {
        failed.extend(failures.into_iter().map(|failure| FailedRow { column: source.column, failure }));
    };
    let filter = source.filter.as_ref().map(|filter| {
        let (passing, failures) = filter.evaluate_predicate(batch);
        fail(failures);
        passing
    });
    let array = source.argument.as_ref().map(|argument| {
        let evaluated = match &filter {
            // A row that the filter keeps out cannot fail in the argument.
            Some(passing) => argument.evaluate_where(batch, passing),
            None => argument.evaluate(batch),
        };
        fail(evaluated.failures);
        evaluated.values
    });
    let passing = filter.map(|passing| passing.values().clone());
    let nulls = array.as_ref().and_then(|array| array.nulls()).filter(|nulls| nulls.null_count() > 0);
    let valid = match (&passing, nulls.map(NullBuffer::inner)) {
        (Some(passing), Some(valid)) => Some(passing & valid),
        (one, other) => one.as_ref().or(other).cloned(),
    };
    Input { values: array.as_ref().map_or(Values::None, Values::of), array, passing, valid }
}

/// No number of values up to this size, squared or not, comes to infinity.
const SAFE: f64 = 1e140;

/// Digits of decimals of which no number of rows that is ever reached comes to 38.
const SAFE_DIGITS: u8 = 20;

fn may_overflow(source: &Source, input: &Input) -> bool {
    if !source.is_summed {
        return false;
    }
    match &input.values {
        Values::Floats(values) => values.iter().fold(false, |any, value| any | (value.abs() > SAFE)),
        Values::Digits(..) => {
            let data = source.argument.as_ref().map(|argument| argument.data_type());
            matches!(data, Some(Type::Decimal { precision, .. }) if *precision > SAFE_DIGITS)
        }
        _ => false,
    }
}
