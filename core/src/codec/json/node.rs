//! A column while it is filled from JSON: typed values in a row of memory, so that a record that turns out bad is taken
//! back by shortening them, and the whole becomes an Arrow array without a copy.

use std::sync::Arc;

use arrow_array::types::{Decimal128Type, Float64Type, Int64Type, IntervalMonthDayNanoType, TimestampMillisecondType};
use arrow_array::{
    ArrayRef, ArrowPrimitiveType, BooleanArray, ListArray, PrimitiveArray, StringViewArray, StructArray,
};
use arrow_buffer::{BooleanBuffer, Buffer, IntervalMonthDayNano, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field as ArrowField, FieldRef, Fields};

use super::Dialect;
use super::object::{Field, Object};
use crate::codec::views::{NullRows, binary_array};
use crate::types::{Column, Type};

/// A column, or what is in one.
#[derive(Debug)]
pub(super) struct Node {
    /// nodes are numbered from the root on, each before what it holds
    pub(super) id: u32,
    /// the number behind the last one of what it holds
    end: u32,
    pub(super) is_required: bool,
    pub(super) data: Type,
    nulls: NullRows,
    pub(super) values: Values,
}

/// The values, a row each; where one is null, anything.
#[derive(Debug)]
pub(super) enum Values {
    Bool(Vec<bool>),
    Int(Vec<i64>),
    Float(Vec<f64>),
    Decimal { values: Vec<i128>, precision: u8, scale: u8 },
    Text(Vec<u128>),
    Bytes(Vec<u128>),
    Timestamp(Vec<i64>),
    Interval(Vec<IntervalMonthDayNano>),
    List { offsets: Vec<i32>, item: Box<Node>, field: FieldRef },
    Struct { object: Object, fields: Fields },
}

/// Columns, numbered on from `paths`, which gets the path of each node.
pub(super) fn fields_of(columns: &[Column], prefix: &str, dialect: Dialect, paths: &mut Vec<String>) -> Vec<Field> {
    let field = |column: &Column| {
        let path = format!("{prefix}{}", column.name);
        let node = Node::new(&column.data, column.required && dialect == Dialect::Plain, path, dialect, paths);
        Field { name: column.name.clone(), node }
    };
    columns.iter().map(field).collect()
}

impl Node {
    fn new(data: &Type, is_required: bool, path: String, dialect: Dialect, paths: &mut Vec<String>) -> Node {
        let id = paths.len() as u32;
        paths.push(path.clone());
        let values = match data {
            Type::Bool => Values::Bool(Vec::new()),
            Type::Int64 => Values::Int(Vec::new()),
            Type::Float64 => Values::Float(Vec::new()),
            &Type::Decimal { precision, scale } => Values::Decimal { values: Vec::new(), precision, scale },
            Type::Text => Values::Text(Vec::new()),
            Type::Bytes => Values::Bytes(Vec::new()),
            Type::Timestamp => Values::Timestamp(Vec::new()),
            Type::Interval => Values::Interval(Vec::new()),
            Type::List(slot) => {
                let is_required = slot.required && dialect == Dialect::Plain;
                let item = Box::new(Node::new(&slot.data, is_required, format!("{path}[]"), dialect, paths));
                let field = Arc::new(ArrowField::new("item", slot.data.to_arrow(), true));
                Values::List { offsets: vec![0], item, field }
            }
            Type::Struct(columns) => {
                let object = Object::new(fields_of(columns, &format!("{path}."), dialect, paths));
                let fields = columns.iter().map(|column| ArrowField::new(&column.name, column.data.to_arrow(), true));
                Values::Struct { object, fields: fields.collect() }
            }
        };
        Node { id, end: paths.len() as u32, is_required, data: data.clone(), nulls: NullRows::default(), values }
    }

    /// Rows so far.
    #[inline(always)]
    pub(super) fn rows(&self) -> usize {
        match &self.values {
            Values::Bool(values) => values.len(),
            Values::Int(values) | Values::Timestamp(values) => values.len(),
            Values::Float(values) => values.len(),
            Values::Decimal { values, .. } => values.len(),
            Values::Text(views) | Values::Bytes(views) => views.len(),
            Values::Interval(values) => values.len(),
            Values::List { offsets, .. } => offsets.len() - 1,
            Values::Struct { object, .. } => object.rows,
        }
    }

    /// Whether a node is this one or inside of it.
    pub(super) fn holds(&self, node: u32) -> bool {
        (self.id..self.end).contains(&node)
    }

    /// One more row, null.
    pub(super) fn push_null(&mut self) {
        self.nulls.push(self.rows());
        match &mut self.values {
            Values::Bool(values) => values.push(false),
            Values::Int(values) | Values::Timestamp(values) => values.push(0),
            Values::Float(values) => values.push(0.0),
            Values::Decimal { values, .. } => values.push(0),
            Values::Text(views) | Values::Bytes(views) => views.push(0),
            Values::Interval(values) => values.push(IntervalMonthDayNano::ZERO),
            Values::List { offsets, .. } => offsets.extend(offsets.last().copied()),
            Values::Struct { object, .. } => object.push_null(),
        }
    }

    /// Forgets the rows from `rows` on, and any part of one.
    pub(super) fn truncate(&mut self, rows: usize) {
        self.nulls.truncate(rows);
        match &mut self.values {
            Values::Bool(values) => values.truncate(rows),
            Values::Int(values) | Values::Timestamp(values) => values.truncate(rows),
            Values::Float(values) => values.truncate(rows),
            Values::Decimal { values, .. } => values.truncate(rows),
            Values::Text(views) | Values::Bytes(views) => views.truncate(rows),
            Values::Interval(values) => values.truncate(rows),
            Values::List { offsets, item, .. } => {
                offsets.truncate(rows + 1);
                item.truncate(offsets.last().map_or(0, |&end| end as usize));
            }
            Values::Struct { object, .. } => object.truncate(rows),
        }
    }

    /// The rows as an array; the node is empty again. Texts and bytes are views into `buffers`.
    pub(super) fn finish(&mut self, buffers: &Arc<[Buffer]>) -> ArrayRef {
        let rows = self.rows();
        let nulls = self.nulls.take(rows);
        match &mut self.values {
            Values::Bool(values) => Arc::new(BooleanArray::new(BooleanBuffer::from(take(values)), nulls)),
            Values::Int(values) => Arc::new(primitive::<Int64Type>(values, nulls)),
            Values::Float(values) => Arc::new(primitive::<Float64Type>(values, nulls)),
            Values::Decimal { values, precision, scale } => {
                let data = DataType::Decimal128(*precision, *scale as i8);
                Arc::new(primitive::<Decimal128Type>(values, nulls).with_data_type(data))
            }
            Values::Timestamp(values) => Arc::new(primitive::<TimestampMillisecondType>(values, nulls)),
            Values::Interval(values) => Arc::new(primitive::<IntervalMonthDayNanoType>(values, nulls)),
            Values::Bytes(views) => Arc::new(binary_array(take(views), buffers.clone(), nulls)),
            Values::Text(views) => {
                let views = ScalarBuffer::from(take(views));
                // SAFETY: each view is of a text of a payload that was checked to be UTF-8 as a whole, from quote to
                // quote, or of one that was unescaped, or 0; all were made by `views` for these buffers.
                Arc::new(unsafe { StringViewArray::new_unchecked(views, buffers.clone(), nulls) })
            }
            Values::List { offsets, item, field } => {
                let offsets = OffsetBuffer::new(ScalarBuffer::from(std::mem::replace(offsets, vec![0])));
                Arc::new(ListArray::new(field.clone(), offsets, item.finish(buffers), nulls))
            }
            Values::Struct { object, fields } => {
                let columns: Vec<ArrayRef> = object.fields.iter_mut().map(|field| field.node.finish(buffers)).collect();
                object.rows = 0;
                match columns.is_empty() {
                    true => Arc::new(StructArray::new_empty_fields(rows, nulls)),
                    false => Arc::new(StructArray::new(fields.clone(), columns, nulls)),
                }
            }
        }
    }
}

/// The values, with room left for as many.
fn take<T>(values: &mut Vec<T>) -> Vec<T> {
    let room = Vec::with_capacity(values.len());
    std::mem::replace(values, room)
}

fn primitive<T: ArrowPrimitiveType>(values: &mut Vec<T::Native>, nulls: Option<NullBuffer>) -> PrimitiveArray<T> {
    PrimitiveArray::new(ScalarBuffer::from(take(values)), nulls)
}
