//! Runs a checked expression on a batch. A branch that only some rows reach (CASE, COALESCE, and the later parts of AND
//! and OR where they can fail) is evaluated on those rows alone, packed together, and its values are put back in place.

use std::cell::RefCell;
use std::sync::Arc;

use arrow_arith::boolean::{and_kleene, or_kleene};
use arrow_array::builder::StringViewBuilder;
use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, BooleanArray, Int64Array, StringViewArray, TimestampMillisecondArray, UInt32Array, new_null_array,
};
use arrow_buffer::{BooleanBuffer, NullBuffer, ScalarBuffer};
use arrow_select::filter::prep_null_mask_filter;

use super::kernels::{Inputs, Reason, Value};
use super::node::{Kernel, Meta, Node, Op};
use super::{Evaluated, Failure};
use crate::batch::{Batch, PerRow, Windows};
use crate::types::Type;

/// The rows that are looked at: all of a batch, or some.
struct Frame<'a> {
    batch: &'a Batch,
    /// rows of the batch; none means all
    rows: Option<Vec<u32>>,
    failures: &'a RefCell<Vec<Failure>>,
}

/// The values of a whole batch.
pub(super) fn evaluate(root: &Node, batch: &Batch) -> Evaluated {
    let failures = RefCell::default();
    let value = Frame { batch, rows: None, failures: &failures }.value(root);
    finished(spread(value, batch.rows), failures.into_inner())
}

/// The values of some rows of a batch; null for the others.
pub(super) fn evaluate_on(root: &Node, batch: &Batch, rows: &BooleanBuffer) -> Evaluated {
    let failures = RefCell::default();
    let rows: Vec<u32> = rows.set_indices().map(|row| row as u32).collect();
    let values = Frame { batch, rows: None, failures: &failures }.value_on(root, &rows);
    finished(values, failures.into_inner())
}

fn finished(mut values: ArrayRef, mut failures: Vec<Failure>) -> Evaluated {
    failures.sort_by_key(|failure| failure.row);
    failures.dedup_by_key(|failure| failure.row);
    if !failures.is_empty() {
        values = without(&values, &failures);
    }
    Evaluated { values, failures }
}

/// True where a bool is true; null is false, and so is all that is not a bool.
pub(super) fn to_predicate(values: &ArrayRef) -> BooleanArray {
    match values.as_boolean_opt() {
        Some(values) if values.null_count() == 0 => values.clone(),
        Some(values) => prep_null_mask_filter(values),
        None => BooleanArray::new(BooleanBuffer::new_unset(values.len()), None),
    }
}

/// The value of a node that depends on no record.
///
/// # Errors
/// The first failure.
pub(super) fn evaluate_constant(node: &Node) -> Result<ArrayRef, Failure> {
    let batch = Batch::bare(
        crate::batch::bytes_column([None]),
        ScalarBuffer::from(vec![0]),
        crate::batch::Origin::made_here(0, 1),
    );
    let Evaluated { values, mut failures } = evaluate(node, &batch);
    if failures.is_empty() { Ok(values) } else { Err(failures.swap_remove(0)) }
}

impl Frame<'_> {
    fn len(&self) -> usize {
        self.rows.as_ref().map_or(self.batch.rows, Vec::len)
    }

    fn value(&self, node: &Node) -> Value {
        match &node.op {
            Op::Constant(value) => Value::same(value.clone()),
            Op::Null => Value::same(new_null_array(&node.data.to_arrow(), 1)),
            Op::Column(place) => Value::each(self.pick(&self.batch.columns[*place])),
            Op::Meta(meta) => self.meta(meta, node),
            Op::Field(of, place) => field(&self.value(of), *place),
            Op::All(parts) => self.logic(parts, true),
            Op::Any(parts) => self.logic(parts, false),
            Op::Case(branches, last) => self.case(branches, last),
            Op::Coalesce(parts) => self.coalesce(parts, &node.data),
            Op::Call(kernel, arguments) => self.call(kernel, arguments, node),
        }
    }

    fn call(&self, kernel: &Kernel, arguments: &[Node], node: &Node) -> Value {
        let inputs = Inputs::new(self.len(), arguments.iter().map(|argument| self.value(argument)).collect());
        let values = kernel(&inputs);
        for (row, reason) in inputs.into_failures() {
            self.fail(row, reason, node);
        }
        Value::each(values)
    }

    fn fail(&self, row: usize, reason: Reason, node: &Node) {
        let row = self.rows.as_ref().map_or(row, |rows| rows[row] as usize);
        self.failures.borrow_mut().push(Failure { row, reason: reason.into_owned(), span: node.span.clone() });
    }

    /// The rows of a column of the batch that are looked at.
    fn pick(&self, column: &ArrayRef) -> ArrayRef {
        match &self.rows {
            None => column.clone(),
            Some(rows) => take(column, rows),
        }
    }

    /// A frame of some of this frame's rows.
    fn narrow(&self, kept: &[u32]) -> Frame<'_> {
        let rows = match &self.rows {
            None => kept.to_vec(),
            Some(rows) => kept.iter().map(|&row| rows[row as usize]).collect(),
        };
        Frame { batch: self.batch, rows: Some(rows), failures: self.failures }
    }

    /// AND (`all`) and OR: the parts after the first are evaluated for all rows if they cannot fail, else only for the
    /// rows that are not decided yet.
    fn logic(&self, parts: &[Node], all: bool) -> Value {
        let mut result: Option<BooleanArray> = None;
        for part in parts {
            let next = match &result {
                Some(so_far) if part.can_fail => {
                    let open: Vec<u32> = (0..self.len())
                        .filter(|&row| so_far.is_null(row) || so_far.value(row) == all)
                        .map(|row| row as u32)
                        .collect();
                    self.value_on(part, &open)
                }
                _ => spread(self.value(part), self.len()),
            };
            let next = next.as_boolean();
            result = Some(match &result {
                None => next.clone(),
                Some(so_far) if all => same_length(and_kleene(so_far, next), so_far),
                Some(so_far) => same_length(or_kleene(so_far, next), so_far),
            });
        }
        let result = result.unwrap_or_else(|| BooleanArray::from(vec![all; self.len()]));
        Value::each(Arc::new(result))
    }

    /// A node's values for some rows, null for the others.
    fn value_on(&self, node: &Node, rows: &[u32]) -> ArrayRef {
        if rows.len() == self.len() {
            return spread(self.value(node), rows.len());
        }
        self.assemble(node, vec![(rows.to_vec(), node)])
    }

    /// A node's values for some rows alone, in their order.
    fn value_of(&self, node: &Node, rows: &[u32]) -> Value {
        if rows.len() == self.len() { self.value(node) } else { self.narrow(rows).value(node) }
    }

    fn case(&self, branches: &[(Node, Node)], last: &Node) -> Value {
        let mut open: Vec<u32> = (0..self.len() as u32).collect();
        let mut parts = Vec::new();
        for (when, then) in branches {
            if open.is_empty() {
                break;
            }
            let hits = spread(self.value_of(when, &open), open.len());
            let hits = to_predicate(&hits);
            let mut at = 0..;
            let is_hit = |_: &u32| at.next().is_some_and(|at: usize| hits.value(at));
            let (hit, rest) = open.into_iter().partition(is_hit);
            open = rest;
            parts.push((hit, then));
        }
        parts.push((open, last));
        Value::each(self.assemble(last, parts))
    }

    fn coalesce(&self, candidates: &[Node], data: &Type) -> Value {
        let mut values = new_null_array(&data.to_arrow(), self.len());
        for candidate in candidates {
            let open: Vec<u32> = (0..self.len() as u32).filter(|&row| values.is_null(row as usize)).collect();
            if open.is_empty() {
                break;
            }
            let found = spread(self.value_of(candidate, &open), open.len());
            let mut picks: Vec<(usize, usize)> = (0..self.len()).map(|row| (0, row)).collect();
            for (at, &row) in open.iter().enumerate() {
                picks[row as usize] = (1, at);
            }
            values = if open.len() == self.len() { found } else { interleave(&[&values, &found], &picks) };
        }
        Value::each(values)
    }

    /// The row of the batch that a row of this frame is.
    fn origin(&self, row: u32) -> usize {
        self.rows.as_ref().map_or(row, |rows| rows[row as usize]) as usize
    }

    /// Evaluates each node on its rows and puts the values in the order of the rows; rows in no part are null.
    fn assemble(&self, like: &Node, parts: Vec<(Vec<u32>, &Node)>) -> ArrayRef {
        let parts: Vec<_> = parts.into_iter().filter(|(rows, _)| !rows.is_empty()).collect();
        let mut arrays = vec![new_null_array(&like.data.to_arrow(), 1)];
        let mut picks = vec![(0, 0); self.len()];
        for (rows, node) in &parts {
            let value = self.value_of(node, rows);
            for (at, &row) in rows.iter().enumerate() {
                picks[row as usize] = (arrays.len(), value.at(at));
            }
            arrays.push(value.array);
        }
        interleave(&arrays.iter().collect::<Vec<_>>(), &picks)
    }

    fn meta(&self, meta: &Meta, node: &Node) -> Value {
        let batch = self.batch;
        let pick = |array: ArrayRef| Value::each(self.pick(&array));
        let longs = |values: &ScalarBuffer<i64>| pick(Arc::new(Int64Array::new(values.clone(), None)));
        let times = |values: ScalarBuffer<i64>| pick(Arc::new(TimestampMillisecondArray::new(values, None)));
        let window = |bound: fn(&Windows) -> &ScalarBuffer<i64>| match &batch.windows {
            Some(windows) => times(bound(windows).clone()),
            None => Value::same(new_null_array(&node.data.to_arrow(), 1)),
        };
        match meta {
            Meta::KeyBytes => pick(Arc::new(batch.keys.clone())),
            Meta::KeyText => self.each_text(node, "the key is not UTF-8 text", |row| {
                (!batch.keys.is_null(row)).then(|| batch.keys.value(row))
            }),
            Meta::KeyInt32 => {
                self.key_integer(node, |bytes| bytes.try_into().ok().map(i32::from_be_bytes).map(i64::from))
            }
            Meta::KeyInt64 => self.key_integer(node, |bytes| bytes.try_into().ok().map(i64::from_be_bytes)),
            Meta::Header(name) => self.each_text(node, "the header is not UTF-8 text", |row| {
                let found = batch.headers_of(row).iter().rev().find(|(given, _)| given == name);
                found.and_then(|(_, value)| value.as_deref())
            }),
            Meta::Timestamp => times(batch.timestamps.clone()),
            Meta::WindowStart => window(|all| &all.start),
            Meta::WindowEnd => window(|all| &all.end),
            Meta::Offset => longs(&batch.origin.offset),
            Meta::Partition => match &batch.origin.partition {
                PerRow::Same(partition) => Value::same(Arc::new(Int64Array::from(vec![i64::from(*partition)]))),
                PerRow::Each(all) => {
                    pick(Arc::new(all.iter().map(|&one| Some(i64::from(one))).collect::<Int64Array>()))
                }
            },
            Meta::Topic => match &batch.origin.topic {
                PerRow::Same(topic) => Value::same(Arc::new(StringViewArray::from_iter_values([topic]))),
                PerRow::Each(all) => pick(Arc::new(StringViewArray::from_iter_values(all.iter()))),
            },
        }
    }

    /// Bytes of the batch's rows as text; rows whose bytes are not UTF-8 fail.
    fn each_text<'b>(&self, node: &Node, reason: &'static str, get: impl Fn(usize) -> Option<&'b [u8]>) -> Value {
        let mut builder = StringViewBuilder::with_capacity(self.len());
        for row in 0..self.len() {
            match get(self.origin(row as u32)).map(std::str::from_utf8).transpose() {
                Ok(text) => builder.append_option(text),
                Err(_) => {
                    self.fail(row, reason.into(), node);
                    builder.append_null();
                }
            }
        }
        Value::each(Arc::new(builder.finish()))
    }

    fn key_integer(&self, node: &Node, read: impl Fn(&[u8]) -> Option<i64>) -> Value {
        let keys = &self.batch.keys;
        let integer = |row: usize| {
            let at = self.origin(row as u32);
            let bytes = (!keys.is_null(at)).then(|| keys.value(at))?;
            let integer = read(bytes);
            if integer.is_none() {
                self.fail(row, format!("the key has {} bytes, not those of an integer", bytes.len()).into(), node);
            }
            integer
        };
        Value::each(Arc::new((0..self.len()).map(integer).collect::<Int64Array>()))
    }
}

/// A field's values; null where the struct is.
fn field(of: &Value, place: usize) -> Value {
    let of_struct = of.array.as_struct();
    let column = of_struct.column(place);
    let array = match of_struct.nulls() {
        Some(nulls) => with_nulls(column, NullBuffer::union(Some(nulls), column.nulls())),
        None => column.clone(),
    };
    Value { array, is_scalar: of.is_scalar }
}

/// A value as a column of its own.
fn spread(value: Value, rows: usize) -> ArrayRef {
    if value.is_scalar { take(&value.array, &vec![0; rows]) } else { value.array }
}

/// The same values, null in the rows that failed.
fn without(values: &ArrayRef, failures: &[Failure]) -> ArrayRef {
    let mut valid = vec![true; values.len()];
    for failure in failures {
        valid[failure.row] = false;
    }
    with_nulls(values, NullBuffer::union(values.nulls(), Some(&NullBuffer::from(valid))))
}

fn with_nulls(values: &ArrayRef, nulls: Option<NullBuffer>) -> ArrayRef {
    // The buffers of `values` and a mask of its length: always a valid array.
    match values.to_data().into_builder().nulls(nulls).build() {
        Ok(data) => arrow_array::make_array(data),
        Err(_) => new_null_array(values.data_type(), values.len()),
    }
}

fn take(values: &ArrayRef, rows: &[u32]) -> ArrayRef {
    let indices = UInt32Array::from(rows.to_vec());
    // Arrow can take every type that we have, and all indices are within bounds.
    arrow_select::take::take(values, &indices, None).unwrap_or_else(|_| new_null_array(values.data_type(), rows.len()))
}

fn interleave(arrays: &[&ArrayRef], picks: &[(usize, usize)]) -> ArrayRef {
    let parts: Vec<&dyn Array> = arrays.iter().map(|array| array.as_ref()).collect();
    // Branches have one type, since the checker converted them, and all picks are within bounds.
    arrow_select::interleave::interleave(&parts, picks)
        .unwrap_or_else(|_| new_null_array(parts[0].data_type(), picks.len()))
}

/// Arrow refuses to combine arrays of different lengths only, which a frame never has.
fn same_length(result: Result<BooleanArray, arrow_schema::ArrowError>, like: &BooleanArray) -> BooleanArray {
    result.unwrap_or_else(|_| BooleanArray::new_null(like.len()))
}
