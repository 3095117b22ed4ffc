//! One value out of a column, to be kept beyond its batch, and values put back into a column.

use std::sync::Arc;

use arrow_array::builder::{BinaryViewBuilder, StringViewBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Float64Type, Int64Type, IntervalMonthDayNanoType, TimestampMillisecondType};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int64Array, IntervalMonthDayNanoArray,
    TimestampMillisecondArray,
};
use arrow_buffer::IntervalMonthDayNano;
use arrow_schema::DataType;

use serde_json::Value;

use super::StateValue;
use crate::codec::column_value;
use crate::problem::Fault;
use crate::types::{Column, Type};

/// A value of a column that is neither a list nor a struct.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// none
    Null,
    /// true or false
    Bool(bool),
    /// an int64, or a timestamp in milliseconds
    Int64(i64),
    /// a float64
    Float64(f64),
    /// the digits of a decimal, whose scale is its column's
    Decimal(i128),
    /// UTF-8
    Text(Box<str>),
    /// any bytes
    Bytes(Box<[u8]>),
    /// months, days, nanoseconds
    Interval(i32, i32, i64),
}

impl Scalar {
    /// The value of a row; `None` where the column is one of lists or structs.
    pub fn of(column: &ArrayRef, row: usize) -> Option<Scalar> {
        if column.is_null(row) {
            return Some(Scalar::Null);
        }
        Some(match column.data_type() {
            DataType::Boolean => Scalar::Bool(column.as_boolean().value(row)),
            DataType::Int64 => Scalar::Int64(column.as_primitive::<Int64Type>().value(row)),
            DataType::Timestamp(..) => Scalar::Int64(column.as_primitive_opt::<TimestampMillisecondType>()?.value(row)),
            DataType::Float64 => Scalar::Float64(column.as_primitive::<Float64Type>().value(row)),
            DataType::Decimal128(..) => Scalar::Decimal(column.as_primitive::<Decimal128Type>().value(row)),
            DataType::Utf8View => Scalar::Text(column.as_string_view().value(row).into()),
            DataType::BinaryView => Scalar::Bytes(column.as_binary_view().value(row).into()),
            DataType::Interval(_) => {
                let interval = column.as_primitive_opt::<IntervalMonthDayNanoType>()?.value(row);
                Scalar::Interval(interval.months, interval.days, interval.nanoseconds)
            }
            _ => return None,
        })
    }
}

/// Values as a column of a type.
///
/// # Errors
/// A defect of ours: a value of another type, or a type of lists or structs.
pub fn scalar_column<'a>(data: &Type, values: impl Iterator<Item = &'a Scalar>) -> Result<ArrayRef, Fault> {
    let mut mismatch = None;
    macro_rules! pick {
        ($pattern:pat => $value:expr) => {
            values.map(|value| match value {
                Scalar::Null => None,
                $pattern => Some($value),
                other => {
                    mismatch.get_or_insert_with(|| format!("{other:?}"));
                    None
                }
            })
        };
    }
    let column: ArrayRef = match data {
        Type::Bool => Arc::new(pick!(Scalar::Bool(value) => *value).collect::<BooleanArray>()),
        Type::Int64 => Arc::new(pick!(Scalar::Int64(value) => *value).collect::<Int64Array>()),
        Type::Timestamp => Arc::new(pick!(Scalar::Int64(value) => *value).collect::<TimestampMillisecondArray>()),
        Type::Float64 => Arc::new(pick!(Scalar::Float64(value) => *value).collect::<Float64Array>()),
        Type::Decimal { precision, scale } => {
            let digits = pick!(Scalar::Decimal(value) => *value).collect::<Decimal128Array>();
            let typed = digits.with_precision_and_scale(*precision, *scale as i8);
            Arc::new(typed.map_err(|why| Fault::ours(why.to_string()))?)
        }
        Type::Text => {
            let mut builder = StringViewBuilder::new();
            pick!(Scalar::Text(value) => &**value).for_each(|value| builder.append_option(value));
            Arc::new(builder.finish())
        }
        Type::Bytes => {
            let mut builder = BinaryViewBuilder::new();
            pick!(Scalar::Bytes(value) => &**value).for_each(|value| builder.append_option(value));
            Arc::new(builder.finish())
        }
        Type::Interval => Arc::new(
            pick!(Scalar::Interval(months, days, nanos) => IntervalMonthDayNano::new(*months, *days, *nanos))
                .collect::<IntervalMonthDayNanoArray>(),
        ),
        Type::List(_) | Type::Struct(_) => return Err(Fault::ours(format!("{data} is not kept as a single value"))),
    };
    match mismatch {
        Some(value) => Err(Fault::ours(format!("a column of {data} was given {value}"))),
        None => Ok(column),
    }
}

/// One tag a value, then its bytes; lengths are 4 bytes. All numbers are big-endian.
impl StateValue for Vec<Scalar> {
    fn tell(&self, columns: &[Column]) -> Value {
        let value = |(scalar, column): (&Scalar, &Column)| {
            let array = scalar_column(&column.data, [scalar].into_iter());
            (column.name.clone(), array.map_or(Value::Null, |array| column_value(&array, 0)))
        };
        Value::Object(self.iter().zip(columns).map(value).collect())
    }

    fn write(&self, into: &mut Vec<u8>) {
        for scalar in self {
            match scalar {
                Scalar::Null => into.push(0),
                Scalar::Bool(value) => into.extend([1, u8::from(*value)]),
                Scalar::Int64(value) => tagged(into, 2, &value.to_be_bytes()),
                Scalar::Float64(value) => tagged(into, 3, &value.to_bits().to_be_bytes()),
                Scalar::Decimal(value) => tagged(into, 4, &value.to_be_bytes()),
                Scalar::Text(value) => long(into, 5, value.as_bytes()),
                Scalar::Bytes(value) => long(into, 6, value),
                Scalar::Interval(months, days, nanos) => {
                    tagged(into, 7, &months.to_be_bytes());
                    into.extend(days.to_be_bytes());
                    into.extend(nanos.to_be_bytes());
                }
            }
        }
    }

    fn read(mut bytes: &[u8]) -> Option<Vec<Scalar>> {
        let mut scalars = Vec::new();
        while let Some((tag, rest)) = bytes.split_first() {
            bytes = rest;
            scalars.push(match tag {
                0 => Scalar::Null,
                1 => Scalar::Bool(array::<1>(&mut bytes)? != [0]),
                2 => Scalar::Int64(i64::from_be_bytes(array(&mut bytes)?)),
                3 => Scalar::Float64(f64::from_bits(u64::from_be_bytes(array(&mut bytes)?))),
                4 => Scalar::Decimal(i128::from_be_bytes(array(&mut bytes)?)),
                5 => Scalar::Text(std::str::from_utf8(slice(&mut bytes)?).ok()?.into()),
                6 => Scalar::Bytes(slice(&mut bytes)?.into()),
                7 => Scalar::Interval(
                    i32::from_be_bytes(array(&mut bytes)?),
                    i32::from_be_bytes(array(&mut bytes)?),
                    i64::from_be_bytes(array(&mut bytes)?),
                ),
                _ => return None,
            });
        }
        Some(scalars)
    }

    fn size(&self) -> usize {
        let beside = |scalar: &Scalar| match scalar {
            Scalar::Text(value) => value.len(),
            Scalar::Bytes(value) => value.len(),
            _ => 0,
        };
        size_of::<Self>() + self.iter().map(|scalar| size_of::<Scalar>() + beside(scalar)).sum::<usize>()
    }
}

fn tagged(into: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    into.push(tag);
    into.extend_from_slice(bytes);
}

/// A value of a column is shorter than 4 GiB: Arrow's views count its bytes in 32 bits.
fn long(into: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    tagged(into, tag, &(bytes.len() as u32).to_be_bytes());
    into.extend_from_slice(bytes);
}

fn array<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*head)
}

fn slice<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = u32::from_be_bytes(array(bytes)?) as usize;
    let (head, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(head)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scalar() -> impl Strategy<Value = Scalar> {
        prop_oneof![
            Just(Scalar::Null),
            any::<bool>().prop_map(Scalar::Bool),
            any::<i64>().prop_map(Scalar::Int64),
            (-1e300..1e300).prop_map(Scalar::Float64),
            any::<i128>().prop_map(Scalar::Decimal),
            ".{0,20}".prop_map(|text| Scalar::Text(text.into())),
            prop::collection::vec(any::<u8>(), 0..20).prop_map(|bytes| Scalar::Bytes(bytes.into())),
            any::<(i32, i32, i64)>().prop_map(|(months, days, nanos)| Scalar::Interval(months, days, nanos)),
        ]
    }

    fn type_of(scalar: &Scalar) -> Type {
        match scalar {
            Scalar::Null | Scalar::Int64(_) => Type::Int64,
            Scalar::Bool(_) => Type::Bool,
            Scalar::Float64(_) => Type::Float64,
            Scalar::Decimal(_) => Type::Decimal { precision: 38, scale: 2 },
            Scalar::Text(_) => Type::Text,
            Scalar::Bytes(_) => Type::Bytes,
            Scalar::Interval(..) => Type::Interval,
        }
    }

    proptest! {
        #[test]
        fn bytes_and_columns_give_the_same_values_back(scalars in prop::collection::vec(scalar(), 0..8)) {
            let mut bytes = Vec::new();
            scalars.write(&mut bytes);
            prop_assert_eq!(Vec::<Scalar>::read(&bytes), Some(scalars.clone()));
            for scalar in &scalars {
                let column = scalar_column(&type_of(scalar), [&Scalar::Null, scalar].into_iter()).unwrap();
                prop_assert_eq!(Scalar::of(&column, 0), Some(Scalar::Null));
                prop_assert_eq!(Scalar::of(&column, 1), Some(scalar.clone()));
            }
        }

        #[test]
        fn any_bytes_give_values_or_none(bytes: Vec<u8>) {
            let _ = Vec::<Scalar>::read(&bytes);
        }
    }

    #[test]
    fn a_value_of_another_type_is_refused() {
        assert!(scalar_column(&Type::Text, [&Scalar::Int64(1)].into_iter()).is_err());
        assert!(scalar_column(&Type::Struct(Vec::new()), [].into_iter()).is_err());
    }
}
