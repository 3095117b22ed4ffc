//! Encoded values as columns.

use std::sync::Arc;

use arrow_array::builder::{BinaryViewBuilder, StringViewBuilder};
use arrow_array::{
    ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int64Array, IntervalMonthDayNanoArray, ListArray,
    StructArray, TimestampMillisecondArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{ArrowError, DataType};

use super::{NULL, length, next, read_interval, tag};
use crate::aggregate::bytes;
use crate::problem::Fault;
use crate::types::{Column, Type};

/// Values as a column of their type.
///
/// # Errors
/// A defect of ours: values of another type; or lists of more items than a column can hold.
pub(in crate::aggregate) fn decode(values: &[&[u8]], data: &Type) -> Result<ArrayRef, Fault> {
    let broken = || Fault::ours(format!("what is kept of a {data} cannot be read"));
    fn each<T>(values: &[&[u8]], wanted: u8, read: impl Fn(&mut &[u8]) -> Option<T>) -> Option<Vec<Option<T>>> {
        let one = |value: &&[u8]| match value.split_first()? {
            (&tag::NULL, _) => Some(None),
            (tag, mut rest) => (*tag == wanted).then(|| read(&mut rest))?.map(Some),
        };
        values.iter().map(one).collect()
    }
    macro_rules! column {
        ($tag:expr, $read:expr, $array:ty) => {
            Arc::new(each(values, $tag, $read).ok_or_else(broken)?.into_iter().collect::<$array>())
        };
    }
    let int = |from: &mut &[u8]| bytes::array(from).map(i64::from_be_bytes);
    Ok(match data {
        Type::Bool => column!(tag::BOOL, |from| bytes::array(from).map(|[byte]| byte == 1), BooleanArray),
        Type::Int64 => column!(tag::INT, int, Int64Array),
        Type::Timestamp => column!(tag::INT, int, TimestampMillisecondArray),
        Type::Float64 => column!(tag::FLOAT, bytes::float, Float64Array),
        Type::Interval => column!(tag::INTERVAL, read_interval, IntervalMonthDayNanoArray),
        Type::Decimal { .. } => {
            let digits = |from: &mut &[u8]| {
                bytes::array::<1>(from)?;
                bytes::integer(from)
            };
            let digits: Decimal128Array = each(values, tag::DECIMAL, digits).ok_or_else(broken)?.into_iter().collect();
            Arc::new(digits.with_data_type(data.to_arrow()))
        }
        Type::Text | Type::Bytes => views(values, data).ok_or_else(broken)?,
        Type::List(slot) => lists(values, data, &slot.data)?,
        Type::Struct(fields) => structs(values, data, fields)?,
    })
}

fn views(values: &[&[u8]], data: &Type) -> Option<ArrayRef> {
    let bytes = |value: &[u8]| -> Option<Option<std::ops::Range<usize>>> {
        let (tag, mut rest) = value.split_first()?;
        match *tag {
            tag::NULL => Some(None),
            tag::TEXT | tag::BYTES => {
                length(&mut rest)?;
                Some(Some(value.len() - rest.len()..value.len()))
            }
            _ => None,
        }
    };
    if *data == Type::Bytes {
        let mut builder = BinaryViewBuilder::with_capacity(values.len());
        for value in values {
            builder.append_option(bytes(value)?.and_then(|range| value.get(range)));
        }
        return Some(Arc::new(builder.finish()));
    }
    let mut builder = StringViewBuilder::with_capacity(values.len());
    for value in values {
        match bytes(value)? {
            Some(range) => builder.append_value(std::str::from_utf8(value.get(range)?).ok()?),
            None => builder.append_null(),
        }
    }
    Some(Arc::new(builder.finish()))
}

/// The values within each value of lists or structs; none where it is null.
fn within<'v>(values: &[&'v [u8]], data: &Type) -> Result<Vec<Option<Vec<&'v [u8]>>>, Fault> {
    let one = |value: &&'v [u8]| -> Option<Option<Vec<&'v [u8]>>> {
        let (tag, mut rest) = value.split_first()?;
        match *tag {
            tag::NULL => Some(None),
            tag::LIST | tag::STRUCT => {
                let count = length(&mut rest)?;
                (0..count).map(|_| next(&mut rest)).collect::<Option<Vec<_>>>().map(Some)
            }
            _ => None,
        }
    };
    let all: Option<Vec<_>> = values.iter().map(one).collect();
    all.ok_or_else(|| Fault::ours(format!("what is kept of a {data} cannot be read")))
}

fn lists(values: &[&[u8]], data: &Type, item: &Type) -> Result<ArrayRef, Fault> {
    let within = within(values, data)?;
    let items: Vec<&[u8]> = within.iter().flatten().flatten().copied().collect();
    let lengths = within.iter().map(|list| list.as_ref().map(Vec::len));
    list_column(lengths, decode(&items, item)?, data)
}

/// A column of lists: the length of each, none where it is null, and the items of all.
///
/// # Errors
/// More items than a column can hold.
pub(in crate::aggregate) fn list_column(
    lengths: impl Iterator<Item = Option<usize>>,
    items: ArrayRef,
    data: &Type,
) -> Result<ArrayRef, Fault> {
    if i32::try_from(items.len()).is_err() {
        return Err(Fault::user("the lists of a batch have more than 2 billion items")
            .remedy("collect fewer values: filter them, or take shorter windows"));
    }
    let lengths: Vec<Option<usize>> = lengths.collect();
    let nulls: NullBuffer = lengths.iter().map(Option::is_some).collect::<Vec<bool>>().into();
    let offsets = OffsetBuffer::from_lengths(lengths.into_iter().map(Option::unwrap_or_default));
    match data.to_arrow() {
        DataType::List(field) => ListArray::try_new(field, offsets, items, Some(nulls))
            .map(|lists| Arc::new(lists) as ArrayRef)
            .map_err(defect),
        _ => Err(Fault::ours(format!("a list was kept as {data}"))),
    }
}

fn structs(values: &[&[u8]], data: &Type, fields: &[Column]) -> Result<ArrayRef, Fault> {
    let within = within(values, data)?;
    let field = |(place, field): (usize, &Column)| {
        let parts = within.iter().map(|parts| parts.as_ref().and_then(|parts| parts.get(place).copied()));
        let values: Vec<&[u8]> = parts.map(|part| part.unwrap_or(NULL)).collect();
        decode(&values, &field.data)
    };
    let columns = fields.iter().enumerate().map(field).collect::<Result<Vec<_>, _>>()?;
    let nulls: NullBuffer = within.iter().map(Option::is_some).collect::<Vec<bool>>().into();
    match data.to_arrow() {
        DataType::Struct(fields) => StructArray::try_new_with_length(fields, columns, Some(nulls), values.len())
            .map(|structs| Arc::new(structs) as ArrayRef)
            .map_err(defect),
        _ => Err(Fault::ours(format!("a struct was kept as {data}"))),
    }
}

/// What Arrow refuses of columns of our types is a defect of ours.
fn defect(error: ArrowError) -> Fault {
    Fault::ours(error.to_string())
}
