//! Lists.

use arrow_array::builder::Int64Builder;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, UInt32Array, new_null_array};

use super::{Category, Function, build, example, nullable, rows};
use crate::expr::kernels::rows::{Give, List, Text, each, map1, map2, map3};
use crate::expr::kernels::{Inputs, Reason, Value, compare};
use crate::types::Type;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "cardinality",
        category: Category::List,
        doc: "The number of items of a list.",
        examples: &[example("cardinality(string_to_array('a,b,c', ','))", "3")],
        forms: &[rows("cardinality(list list) → int64", |inputs| {
            map1::<List, i64>(inputs, |list| Ok(list.len() as i64))
        })],
    },
    Function {
        name: "array_position",
        category: Category::List,
        doc: "The place, from 1, of the first item that equals a value; null where there is none.",
        examples: &[
            example("array_position(string_to_array('a,b,c', ','), 'b')", "2"),
            example("array_position(string_to_array('a,b,c', ','), 'x')", "NULL"),
        ],
        forms: &[build("array_position(list list, value any) → int64", |checker, mut nodes, span| {
            let (value, list) = (nodes.pop()?, nodes.pop()?);
            let Type::List(slot) = &list.data else { return None };
            let wanted = slot.data.clone();
            if value.data != wanted && !value.is_untyped() {
                let message = format!("the list holds {wanted}, not {}", value.data);
                let remedy = format!("convert it: CAST({} AS {wanted})", checker.quote(&value.span));
                checker.problem(value.span, message, remedy);
                return None;
            }
            let value = checker.convert(value, &wanted)?;
            let node = checker.strict(position, vec![list, value], Type::Int64, false, span)?;
            Some(crate::expr::node::Node { required: false, ..node })
        })],
    },
    Function {
        name: "array_to_string",
        category: Category::List,
        doc: "The items of a list of texts, joined by a delimiter; nulls are left out, or written as a text of their own.",
        examples: &[
            example("array_to_string(string_to_array('a b', ' '), '-')", "a-b"),
            example("array_to_string(string_to_array('a,,b', ',', ''), ',', '*')", "a,*,b"),
        ],
        forms: &[
            rows("array_to_string(list list of text, delimiter text) → text", |inputs| {
                map2::<List, Text, String>(inputs, |list, delimiter| Ok(joined(&list, delimiter, None)))
            }),
            rows("array_to_string(list list of text, delimiter text, null text) → text", |inputs| {
                map3::<List, Text, Text, String>(inputs, |list, delimiter, null| {
                    Ok(joined(&list, delimiter, Some(null)))
                })
            }),
        ],
    },
    Function {
        name: "string_to_array",
        category: Category::List,
        doc: "The parts of a text between delimiters, as a list; parts that equal a third text become null. With a null \
              delimiter every character is a part.",
        examples: &[example("to_json(string_to_array('a,b', ','))", "[\"a\",\"b\"]")],
        forms: &[
            nullable("string_to_array(text text, delimiter text) → list of text", |inputs| split(inputs, false)),
            nullable("string_to_array(text text, delimiter text, null text) → list of text", |inputs| {
                split(inputs, true)
            }),
        ],
    },
];

/// `list[n]`, from 1; null outside.
pub(in crate::expr) fn item(inputs: &Inputs) -> ArrayRef {
    let (list, index) = (&inputs.values[0], &inputs.values[1]);
    let (lists, indices) = (list.array.as_list::<i32>(), index.array.as_primitive::<Int64Type>());
    let pick = |row: usize| -> Option<u32> {
        if list.is_null(row) || index.is_null(row) {
            return None;
        }
        let at = list.at(row);
        let place = usize::try_from(indices.value(index.at(row))).ok()?.checked_sub(1)?;
        let start = usize::try_from(lists.value_offsets()[at]).ok()?;
        (place < lists.value_length(at) as usize).then_some((start + place) as u32)
    };
    let picks: UInt32Array = (0..inputs.rows).map(pick).collect();
    // All picks lie within the values.
    arrow_select::take::take(lists.values(), &picks, None)
        .unwrap_or_else(|_| new_null_array(lists.values().data_type(), inputs.rows))
}

fn position(inputs: &Inputs) -> ArrayRef {
    let (list, wanted) = (&inputs.values[0], &inputs.values[1]);
    let lists = list.array.as_list::<i32>();
    let find = |row: usize| -> Option<i64> {
        if list.is_null(row) {
            return None;
        }
        let items = Value::each(lists.value(list.at(row)));
        let one = Value::same(wanted.array.slice(wanted.at(row), 1));
        let order = compare::order(&items, &one);
        let equal = |at: &usize| match (items.is_null(*at), one.is_null(0)) {
            (false, false) => order(*at).is_eq(),
            (one, other) => one && other,
        };
        (0..items.array.len()).find(equal).map(|at| at as i64 + 1)
    };
    let mut builder = Int64Builder::with_capacity(inputs.rows);
    for row in 0..inputs.rows {
        builder.append_option(find(row));
    }
    <i64 as Give>::finish(builder)
}

fn joined(list: &ArrayRef, delimiter: &str, null: Option<&str>) -> String {
    let items = list.as_string_view();
    let parts: Vec<&str> = items.iter().filter_map(|item| item.or(null)).collect();
    parts.join(delimiter)
}

fn split(inputs: &Inputs, has_null: bool) -> ArrayRef {
    let text = |place: usize, row: usize| -> Option<&str> {
        let value = &inputs.values[place];
        (!value.is_null(row)).then(|| value.array.as_string_view().value(value.at(row)))
    };
    each::<Vec<Option<String>>>(inputs, |row| {
        let (whole, delimiter) = (text(0, row)?, text(1, row));
        let null = if has_null { text(2, row) } else { None };
        let keep = |part: &str| (Some(part) != null).then(|| part.to_string());
        let parts = match delimiter {
            _ if whole.is_empty() => Vec::new(),
            None => whole.chars().map(|one| keep(one.encode_utf8(&mut [0; 4]))).collect(),
            Some("") => vec![keep(whole)],
            Some(delimiter) => whole.split(delimiter).map(keep).collect(),
        };
        Some(Ok::<_, Reason>(parts))
    })
}
