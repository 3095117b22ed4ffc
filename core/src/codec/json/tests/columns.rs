//! Random columns of every type: what is written is JSON, and is read back as it was.

use std::sync::Arc;

use arrow_array::types::{Decimal128Type, Float64Type, Int64Type, IntervalMonthDayNanoType, TimestampMillisecondType};
use arrow_array::{
    ArrayRef, ArrowPrimitiveType, BinaryViewArray, BooleanArray, ListArray, PrimitiveArray, StringViewArray,
    StructArray,
};
use arrow_buffer::{IntervalMonthDayNano, NullBuffer, OffsetBuffer};
use arrow_schema::DataType;
use proptest::prelude::*;
use serde_json::Value;

use super::batch_of;
use crate::codec::{Decoder, Encoder, JsonOptions, Nulls, ValueFormat, exact_decoder, exact_encoder};
use crate::types::{Column, Schema, Slot, Type};

#[derive(Debug, Clone)]
enum Cell {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Decimal(i128),
    Text(String),
    Bytes(Vec<u8>),
    Interval(i32, i32, i64),
    List(Vec<Cell>),
    Struct(Vec<Cell>),
}

fn any_type() -> impl Strategy<Value = Type> {
    let leaf = prop_oneof![
        Just(Type::Bool),
        Just(Type::Int64),
        Just(Type::Float64),
        Just(Type::Text),
        Just(Type::Bytes),
        Just(Type::Timestamp),
        Just(Type::Interval),
        (1u8..39, 0u8..39).prop_map(|(precision, scale)| Type::Decimal { precision, scale: scale.min(precision) }),
    ];
    leaf.prop_recursive(3, 10, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|data| Type::List(Box::new(Slot::nullable(data)))),
            prop::collection::vec(inner, 0..4).prop_map(|types| Type::Struct(named(types))),
        ]
    })
}

fn named(types: Vec<Type>) -> Vec<Column> {
    const NAMES: [&str; 5] = ["a", "a longer name, of more than 16 bytes", "b\"\\\n", "\u{e4}\u{1f600}", ""];
    types.into_iter().zip(NAMES).map(|(data, name)| Column::nullable(name, data)).collect()
}

fn cell(data: &Type, is_exact: bool) -> BoxedStrategy<Cell> {
    let some = match data {
        Type::Bool => any::<bool>().prop_map(Cell::Bool).boxed(),
        Type::Int64 => any::<i64>().prop_map(Cell::Int).boxed(),
        Type::Timestamp if is_exact => any::<i64>().prop_map(Cell::Int).boxed(),
        Type::Timestamp => (0..i64::MAX).prop_map(Cell::Int).boxed(),
        Type::Float64 if is_exact => prop_oneof![
            prop::num::f64::ANY,
            prop::sample::select(vec![f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -0.0])
        ]
        .prop_map(|value| Cell::Float(if value.is_nan() { f64::NAN } else { value }))
        .boxed(),
        Type::Float64 => {
            let finite = prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO;
            prop_oneof![finite, any::<i32>().prop_map(f64::from)].prop_map(Cell::Float).boxed()
        }
        Type::Decimal { precision, .. } => {
            let limit = 10i128.pow(u32::from(*precision));
            prop_oneof![1 - limit..limit, -limit.min(1000) + 1..limit.min(1000)].prop_map(Cell::Decimal).boxed()
        }
        Type::Text => prop_oneof!["\\PC{0,30}", "[a-z\"\\\\\\x00-\\x1f]{0,30}"].prop_map(Cell::Text).boxed(),
        Type::Bytes => prop::collection::vec(any::<u8>(), 0..30).prop_map(Cell::Bytes).boxed(),
        Type::Interval => {
            let nanos = prop_oneof![any::<i64>(), (-100_000i64..100_000).prop_map(|seconds| seconds * 1_000_000_000)];
            (any::<i32>(), any::<i32>(), nanos)
                .prop_map(|(months, days, nanos)| Cell::Interval(months, days, nanos))
                .boxed()
        }
        Type::List(slot) => prop::collection::vec(cell(&slot.data, is_exact), 0..4).prop_map(Cell::List).boxed(),
        Type::Struct(columns) => {
            let cells: Vec<_> = columns.iter().map(|column| cell(&column.data, is_exact)).collect();
            cells.prop_map(Cell::Struct).boxed()
        }
    };
    prop_oneof![1 => Just(Cell::Null), 6 => some].boxed()
}

/// Columns and, row by row, their cells.
fn table(is_exact: bool) -> impl Strategy<Value = (Arc<Schema>, Vec<Vec<Cell>>)> {
    prop::collection::vec(any_type(), 0..5).prop_flat_map(move |types| {
        let cells: Vec<_> = types.iter().map(|data| cell(data, is_exact)).collect();
        (Just(Arc::new(Schema::new(named(types)))), prop::collection::vec(cells, 0..6))
    })
}

/// An Arrow array, made in the plainest way.
fn array(data: &Type, cells: &[Cell]) -> ArrayRef {
    macro_rules! options {
        ($cell:pat => $value:expr) => {
            cells.iter().map(|cell| if let $cell = cell { Some($value) } else { None })
        };
    }
    fn primitive<T: ArrowPrimitiveType>(values: impl Iterator<Item = Option<T::Native>>, data: DataType) -> ArrayRef {
        Arc::new(PrimitiveArray::<T>::from_iter(values).with_data_type(data))
    }
    let arrow = data.to_arrow();
    let valid = NullBuffer::from_iter(cells.iter().map(|cell| !matches!(cell, Cell::Null)));
    match data {
        Type::Bool => Arc::new(BooleanArray::from_iter(options!(Cell::Bool(value) => *value))),
        Type::Int64 => primitive::<Int64Type>(options!(Cell::Int(value) => *value), arrow),
        Type::Timestamp => primitive::<TimestampMillisecondType>(options!(Cell::Int(value) => *value), arrow),
        Type::Float64 => primitive::<Float64Type>(options!(Cell::Float(value) => *value), arrow),
        Type::Decimal { .. } => primitive::<Decimal128Type>(options!(Cell::Decimal(value) => *value), arrow),
        Type::Text => Arc::new(StringViewArray::from_iter(options!(Cell::Text(value) => value.as_str()))),
        Type::Bytes => Arc::new(BinaryViewArray::from_iter(options!(Cell::Bytes(value) => value.as_slice()))),
        Type::Interval => primitive::<IntervalMonthDayNanoType>(
            options!(Cell::Interval(months, days, nanos) => IntervalMonthDayNano::new(*months, *days, *nanos)),
            arrow,
        ),
        Type::List(slot) => {
            let items = |cell: &Cell| if let Cell::List(items) = cell { items.clone() } else { Vec::new() };
            let offsets = OffsetBuffer::from_lengths(cells.iter().map(|cell| items(cell).len()));
            let values = array(&slot.data, &cells.iter().flat_map(items).collect::<Vec<_>>());
            let DataType::List(field) = arrow else { unreachable!() };
            Arc::new(ListArray::new(field, offsets, values, Some(valid)))
        }
        Type::Struct(columns) => {
            let column = |place: usize| -> Vec<Cell> {
                cells
                    .iter()
                    .map(|cell| if let Cell::Struct(all) = cell { all[place].clone() } else { Cell::Null })
                    .collect()
            };
            let arrays = columns.iter().enumerate().map(|(place, inner)| array(&inner.data, &column(place))).collect();
            let DataType::Struct(fields) = arrow else { unreachable!() };
            Arc::new(StructArray::try_new_with_length(fields, arrays, Some(valid), cells.len()).unwrap())
        }
    }
}

fn comes_back(
    schema: &Arc<Schema>,
    rows: &[Vec<Cell>],
    mut encoder: Encoder,
    mut decoder: Decoder,
) -> Result<(), TestCaseError> {
    let column = |place: usize| -> Vec<Cell> { rows.iter().map(|row| row[place].clone()).collect() };
    let columns = schema.columns.iter().enumerate().map(|(place, inner)| array(&inner.data, &column(place)));
    let batch = batch_of(schema, columns.collect(), rows.len());
    // A slice has offsets of its own.
    for (start, length) in [(0, rows.len()), (rows.len() / 2, rows.len() - rows.len() / 2)] {
        let part = batch.slice(start, length);
        let encoded = encoder.encode(&part);
        prop_assert_eq!(encoded.failures, []);
        for row in 0..length {
            let document = serde_json::from_slice::<Value>(encoded.payload.value(row));
            prop_assert!(document.is_ok_and(|document| document.is_object()));
        }
        let decoded = decoder.decode(&encoded.payload);
        prop_assert_eq!(decoded.failures, []);
        for (read, written) in decoded.columns.iter().zip(&part.columns) {
            prop_assert_eq!(read, written);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn what_is_written_is_read_back((schema, rows) in table(false), nulls in prop::sample::select(vec![Nulls::Write, Nulls::Omit])) {
        let format = ValueFormat::Json(JsonOptions { nulls });
        comes_back(&schema, &rows, Encoder::new(&format, schema.clone()), Decoder::new(&format, schema.clone()))?;
    }

    #[test]
    fn the_exact_form_loses_nothing((schema, rows) in table(true)) {
        comes_back(&schema, &rows, exact_encoder(schema.clone()), exact_decoder(schema.clone()))?;
    }
}
