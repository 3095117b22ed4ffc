//! The types of values that can be picked: how each is taken from a column, kept, ordered, written and given back.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BinaryViewArray, BooleanArray, Decimal128Array, Float64Array, Int64Array, IntervalMonthDayNanoArray,
    TimestampMillisecondArray,
};
use arrow_buffer::{BooleanBuffer, IntervalMonthDayNano};

use super::{Held, Stored};
use crate::aggregate::arguments::{Input, Values};
use crate::aggregate::short::Short;
use crate::aggregate::wide::Wide;
use crate::aggregate::{bytes, encode};
use crate::expr::{float_order, interval_length};
use crate::problem::Fault;
use crate::types::Type;

/// Values of a fixed size, whose column is a slice of them.
macro_rules! held {
    ($($held:ty: $values:ident as $item:ty, $order:expr;)*) => {$(
        impl Held for $held {
            type Column = [$item];
            type Item<'v> = $item;
            fn column(input: &Input) -> Option<&[$item]> {
                match &input.values {
                    Values::$values(values, ..) => Some(values),
                    _ => None,
                }
            }
            #[inline]
            fn item(column: &[$item], row: usize) -> $item {
                column[row]
            }
            #[inline]
            fn view(&self) -> $item {
                (*self).into()
            }
            #[inline]
            fn hold(item: $item) -> $held {
                item.into()
            }
            #[inline]
            fn order(one: &$item, other: &$item) -> Ordering {
                let order: fn(&$item, &$item) -> Ordering = $order;
                order(one, other)
            }
        }
    )*};
}

held! {
    i64: Ints as i64, i64::cmp;
    f64: Floats as f64, |one, other| float_order(*one, *other);
    Wide: Digits as i128, i128::cmp;
    IntervalMonthDayNano: Intervals as IntervalMonthDayNano, |one, other| {
        interval_length(*one).cmp(&interval_length(*other))
    };
}

impl Stored for i64 {
    const NUMBER: u8 = 0;

    fn write(&self, into: &mut Vec<u8>) {
        into.extend(self.to_be_bytes());
    }

    fn read(from: &mut &[u8], _: &Type) -> Option<i64> {
        bytes::array(from).map(i64::from_be_bytes)
    }

    fn array<'s>(values: impl Iterator<Item = Option<&'s i64>>, data: &Type) -> Result<ArrayRef, Fault> {
        Ok(match data {
            Type::Timestamp => Arc::new(values.map(Option::<&i64>::copied).collect::<TimestampMillisecondArray>()),
            _ => Arc::new(values.map(Option::<&i64>::copied).collect::<Int64Array>()),
        })
    }
}

impl Stored for f64 {
    const NUMBER: u8 = 1;

    fn write(&self, into: &mut Vec<u8>) {
        into.extend(self.to_bits().to_be_bytes());
    }

    fn read(from: &mut &[u8], _: &Type) -> Option<f64> {
        bytes::float(from)
    }

    fn array<'s>(values: impl Iterator<Item = Option<&'s f64>>, _: &Type) -> Result<ArrayRef, Fault> {
        Ok(Arc::new(values.map(Option::<&f64>::copied).collect::<Float64Array>()))
    }
}

impl Stored for Wide {
    const NUMBER: u8 = 2;

    fn write(&self, into: &mut Vec<u8>) {
        into.extend(self.get().to_be_bytes());
    }

    fn read(from: &mut &[u8], data: &Type) -> Option<Wide> {
        let digits = bytes::integer(from)?;
        encode::fits(digits, data).then(|| digits.into())
    }

    fn array<'s>(values: impl Iterator<Item = Option<&'s Wide>>, data: &Type) -> Result<ArrayRef, Fault> {
        let digits = values.map(|value| value.map(|value| value.get())).collect::<Decimal128Array>();
        Ok(Arc::new(digits.with_data_type(data.to_arrow())))
    }
}

impl Stored for IntervalMonthDayNano {
    const NUMBER: u8 = 3;

    fn write(&self, into: &mut Vec<u8>) {
        encode::write_interval(*self, into);
    }

    fn read(from: &mut &[u8], _: &Type) -> Option<IntervalMonthDayNano> {
        encode::read_interval(from)
    }

    fn array<'s>(values: impl Iterator<Item = Option<&'s IntervalMonthDayNano>>, _: &Type) -> Result<ArrayRef, Fault> {
        Ok(Arc::new(values.map(Option::<&IntervalMonthDayNano>::copied).collect::<IntervalMonthDayNanoArray>()))
    }
}

impl Held for bool {
    type Column = BooleanBuffer;
    type Item<'v> = bool;

    fn column(input: &Input) -> Option<&BooleanBuffer> {
        match &input.values {
            Values::Bools(bools) => Some(bools),
            _ => None,
        }
    }

    fn item(column: &BooleanBuffer, row: usize) -> bool {
        column.value(row)
    }

    fn view(&self) -> bool {
        *self
    }

    fn hold(item: bool) -> bool {
        item
    }

    fn order(one: &bool, other: &bool) -> Ordering {
        one.cmp(other)
    }
}

impl Stored for bool {
    const NUMBER: u8 = 4;

    fn write(&self, into: &mut Vec<u8>) {
        into.push((*self).into());
    }

    fn read(from: &mut &[u8], _: &Type) -> Option<bool> {
        let [byte] = bytes::array(from)?;
        (byte < 2).then_some(byte == 1)
    }

    fn array<'s>(values: impl Iterator<Item = Option<&'s bool>>, _: &Type) -> Result<ArrayRef, Fault> {
        Ok(Arc::new(values.map(Option::<&bool>::copied).collect::<BooleanArray>()))
    }
}

/// Text and bytes.
impl Held for Short {
    type Column = BinaryViewArray;
    type Item<'v> = &'v [u8];

    fn column(input: &Input) -> Option<&BinaryViewArray> {
        match &input.values {
            Values::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    #[inline]
    fn item(column: &BinaryViewArray, row: usize) -> &[u8] {
        column.value(row)
    }

    #[inline]
    fn view(&self) -> &[u8] {
        self.get()
    }

    fn hold(item: &[u8]) -> Short {
        Short::new(item)
    }

    fn replace(&mut self, item: &[u8]) {
        self.replace(item);
    }

    #[inline]
    fn order(one: &&[u8], other: &&[u8]) -> Ordering {
        one.cmp(other)
    }
}

impl Stored for Short {
    const NUMBER: u8 = 5;

    fn write(&self, into: &mut Vec<u8>) {
        bytes::write_long(self.get(), into);
    }

    fn read(from: &mut &[u8], data: &Type) -> Option<Short> {
        let read = bytes::long(from)?;
        (*data != Type::Text || std::str::from_utf8(read).is_ok()).then(|| Short::new(read))
    }

    fn heap(&self) -> usize {
        self.heap()
    }

    fn array<'s>(values: impl Iterator<Item = Option<&'s Short>>, data: &Type) -> Result<ArrayRef, Fault> {
        let views: BinaryViewArray = values.map(|value| value.map(Short::get)).collect();
        match data {
            Type::Text => {
                Ok(Arc::new(views.to_string_view().map_err(|why| Fault::ours(format!("a text was kept: {why}")))?))
            }
            _ => Ok(Arc::new(views)),
        }
    }
}

/// A list or a struct, encoded.
#[derive(Debug, Clone)]
pub(in crate::aggregate) struct Value(Short);

impl Held for Value {
    type Column = ArrayRef;
    type Item<'v> = Cow<'v, [u8]>;

    fn column(input: &Input) -> Option<&ArrayRef> {
        input.array.as_ref()
    }

    fn item(column: &ArrayRef, row: usize) -> Cow<'_, [u8]> {
        let mut bytes = Vec::new();
        encode::write(column, row, &mut bytes);
        Cow::Owned(bytes)
    }

    fn view(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self.0.get())
    }

    fn hold(item: Cow<'_, [u8]>) -> Value {
        Value(Short::new(&item))
    }

    fn replace(&mut self, item: Cow<'_, [u8]>) {
        self.0.replace(&item);
    }

    /// Never asked: lists and structs have a first and a last, but no smallest.
    fn order(_: &Cow<'_, [u8]>, _: &Cow<'_, [u8]>) -> Ordering {
        Ordering::Equal
    }
}

impl Stored for Value {
    const NUMBER: u8 = 6;

    fn write(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(self.0.get());
    }

    fn read(from: &mut &[u8], data: &Type) -> Option<Value> {
        encode::read(from, data).map(|value| Value(Short::new(value)))
    }

    fn heap(&self) -> usize {
        self.0.heap()
    }

    fn array<'s>(values: impl Iterator<Item = Option<&'s Value>>, data: &Type) -> Result<ArrayRef, Fault> {
        let values: Vec<&[u8]> = values.map(|value| value.map_or(encode::NULL, |value| value.0.get())).collect();
        encode::decode(&values, data)
    }
}
