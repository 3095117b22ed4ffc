//! Functions over single values as kernels over columns: [`map1`] to [`map4`] read typed arguments row by row, give
//! null where one is null, and note the rows that failed.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::builder::{
    BinaryViewBuilder, BooleanBuilder, Float64Builder, Int64Builder, IntervalMonthDayNanoBuilder, ListBuilder,
    StringViewBuilder, TimestampMillisecondBuilder,
};
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Float64Type, Int64Type, IntervalMonthDayNanoType, TimestampMillisecondType};
use arrow_array::{
    Array, ArrayAccessor, ArrayRef, BinaryViewArray, BooleanArray, Decimal128Array, Float64Array, Int64Array,
    IntervalMonthDayNanoArray, ListArray, StringViewArray, TimestampMillisecondArray,
};
use arrow_buffer::IntervalMonthDayNano;
use arrow_schema::{DataType, Field};

use super::{Inputs, Reason, Value};

/// A type of argument: how its values are read from a column.
pub(in crate::expr) trait Read {
    /// a value
    type Item<'a>;
    /// the column
    type Column<'a>: ArrayAccessor<Item = Self::Item<'a>>;
    /// The argument as its own kind of column; the checker made sure that it is one.
    fn column(value: &Value) -> Self::Column<'_>;
}

macro_rules! readers {
    ($($(#[$doc:meta])* $name:ident: $array:ty, $item:ty, $read:expr;)*) => {$(
        $(#[$doc])*
        pub(in crate::expr) struct $name;

        impl Read for $name {
            type Item<'a> = $item;
            type Column<'a> = &'a $array;
            fn column(value: &Value) -> &$array {
                let read: fn(&dyn Array) -> &$array = $read;
                read(value.array.as_ref())
            }
        }
    )*};
}

readers! {
    /// bool
    Bool: BooleanArray, bool, |array| array.as_boolean();
    /// int64
    Int: Int64Array, i64, |array| array.as_primitive::<Int64Type>();
    /// float64
    Float: Float64Array, f64, |array| array.as_primitive::<Float64Type>();
    /// decimal, as its digits without the point
    Decimal: Decimal128Array, i128, |array| array.as_primitive::<Decimal128Type>();
    /// text
    Text: StringViewArray, &'a str, |array| array.as_string_view();
    /// bytes
    Bytes: BinaryViewArray, &'a [u8], |array| array.as_binary_view();
    /// timestamp, in milliseconds
    Time: TimestampMillisecondArray, i64, |array| array.as_primitive::<TimestampMillisecondType>();
    /// interval
    Interval: IntervalMonthDayNanoArray, IntervalMonthDayNano, |array| array.as_primitive::<IntervalMonthDayNanoType>();
    /// list
    List: ListArray, ArrayRef, |array| array.as_list::<i32>();
}

/// A type of result: how its values become a column.
pub(in crate::expr) trait Give {
    /// builds the column
    type Builder: Default;
    /// Adds a value.
    fn append(self, builder: &mut Self::Builder);
    /// Adds a null.
    fn append_null(builder: &mut Self::Builder);
    /// The column.
    fn finish(builder: Self::Builder) -> ArrayRef;
}

/// A timestamp as a result, in milliseconds.
pub(in crate::expr) struct Millis(pub(in crate::expr) i64);

macro_rules! givers {
    ($($type:ty, $builder:ty, $value:ident => $append:expr;)*) => {$(
        impl Give for $type {
            type Builder = $builder;
            fn append(self, builder: &mut $builder) {
                let $value = self;
                builder.append_value($append);
            }
            fn append_null(builder: &mut $builder) {
                builder.append_null();
            }
            fn finish(mut builder: $builder) -> ArrayRef {
                Arc::new(builder.finish())
            }
        }
    )*};
}

givers! {
    bool, BooleanBuilder, value => value;
    i64, Int64Builder, value => value;
    f64, Float64Builder, value => value;
    &str, StringViewBuilder, value => value;
    String, StringViewBuilder, value => value;
    Cow<'_, str>, StringViewBuilder, value => value;
    &[u8], BinaryViewBuilder, value => value;
    Vec<u8>, BinaryViewBuilder, value => value;
    Millis, TimestampMillisecondBuilder, value => value.0;
    IntervalMonthDayNano, IntervalMonthDayNanoBuilder, value => value;
}

/// A list of texts or nulls as a result.
pub(in crate::expr) struct TextList(pub(in crate::expr) ListBuilder<StringViewBuilder>);

impl Default for TextList {
    fn default() -> TextList {
        let field = Field::new("item", DataType::Utf8View, true);
        TextList(ListBuilder::new(StringViewBuilder::new()).with_field(field))
    }
}

impl Give for Vec<Option<String>> {
    type Builder = TextList;
    fn append(self, builder: &mut TextList) {
        builder.0.append_value(self);
    }
    fn append_null(builder: &mut TextList) {
        builder.0.append_null();
    }
    fn finish(mut builder: TextList) -> ArrayRef {
        Arc::new(builder.0.finish())
    }
}

impl<G: Give> Give for Option<G> {
    type Builder = G::Builder;
    fn append(self, builder: &mut G::Builder) {
        match self {
            Some(value) => value.append(builder),
            None => G::append_null(builder),
        }
    }
    fn append_null(builder: &mut G::Builder) {
        G::append_null(builder);
    }
    fn finish(builder: G::Builder) -> ArrayRef {
        G::finish(builder)
    }
}

/// A typed argument.
struct Argument<'a, A: Read + 'a> {
    value: &'a Value,
    column: A::Column<'a>,
}

impl<'a, A: Read> Argument<'a, A> {
    fn of(inputs: &'a Inputs, place: usize) -> Argument<'a, A> {
        let value = &inputs.values[place];
        Argument { value, column: A::column(value) }
    }

    fn get(&self, row: usize) -> Option<A::Item<'a>> {
        let at = self.value.at(row);
        (!self.value.array.is_null(at)).then(|| self.column.value(at))
    }
}

/// The rows of a function that decides itself what null means; `None` is null.
pub(in crate::expr) fn each<G: Give>(
    inputs: &Inputs,
    mut function: impl FnMut(usize) -> Option<Result<G, Reason>>,
) -> ArrayRef {
    let mut builder = G::Builder::default();
    for row in 0..inputs.rows {
        match function(row) {
            Some(Ok(value)) => value.append(&mut builder),
            Some(Err(reason)) => {
                inputs.fail(row, reason);
                G::append_null(&mut builder);
            }
            None => G::append_null(&mut builder),
        }
    }
    G::finish(builder)
}

/// A strict function of one argument.
pub(in crate::expr) fn map1<'a, A: Read + 'a, G: Give>(
    inputs: &'a Inputs,
    function: impl Fn(A::Item<'a>) -> Result<G, Reason>,
) -> ArrayRef {
    let a = Argument::<A>::of(inputs, 0);
    each(inputs, |row| Some(function(a.get(row)?)))
}

/// A strict function of two arguments.
pub(in crate::expr) fn map2<'a, A: Read + 'a, B: Read + 'a, G: Give>(
    inputs: &'a Inputs,
    function: impl Fn(A::Item<'a>, B::Item<'a>) -> Result<G, Reason>,
) -> ArrayRef {
    let (a, b) = (Argument::<A>::of(inputs, 0), Argument::<B>::of(inputs, 1));
    each(inputs, |row| Some(function(a.get(row)?, b.get(row)?)))
}

/// A strict function of three arguments.
pub(in crate::expr) fn map3<'a, A: Read + 'a, B: Read + 'a, C: Read + 'a, G: Give>(
    inputs: &'a Inputs,
    function: impl Fn(A::Item<'a>, B::Item<'a>, C::Item<'a>) -> Result<G, Reason>,
) -> ArrayRef {
    let (a, b, c) = (Argument::<A>::of(inputs, 0), Argument::<B>::of(inputs, 1), Argument::<C>::of(inputs, 2));
    each(inputs, |row| Some(function(a.get(row)?, b.get(row)?, c.get(row)?)))
}

/// A strict function of four arguments.
pub(in crate::expr) fn map4<'a, A: Read + 'a, B: Read + 'a, C: Read + 'a, D: Read + 'a, G: Give>(
    inputs: &'a Inputs,
    function: impl Fn(A::Item<'a>, B::Item<'a>, C::Item<'a>, D::Item<'a>) -> Result<G, Reason>,
) -> ArrayRef {
    let (a, b) = (Argument::<A>::of(inputs, 0), Argument::<B>::of(inputs, 1));
    let (c, d) = (Argument::<C>::of(inputs, 2), Argument::<D>::of(inputs, 3));
    each(inputs, |row| Some(function(a.get(row)?, b.get(row)?, c.get(row)?, d.get(row)?)))
}
