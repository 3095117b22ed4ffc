//! Choosing between values.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array};

use super::{Category, Function, build, example, total};
use crate::expr::kernels::Inputs;
use crate::expr::kernels::compare::{Comparison, extreme};
use crate::expr::node::{Node, Op};

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "coalesce",
        category: Category::Conditional,
        doc: "The first value that is not null. Later values are evaluated only where they are needed.",
        examples: &[example("coalesce(NULL, 2, 3)", "2"), example("coalesce(NULL, NULL)", "NULL")],
        forms: &[build("coalesce(values any...) → any", |checker, nodes, span| checker.coalesce(nodes, span))],
    },
    Function {
        name: "nullif",
        category: Category::Conditional,
        doc: "Null where both values are equal, else the first.",
        examples: &[example("nullif(3, 3)", "NULL"), example("nullif(3, 4)", "3")],
        forms: &[build("nullif(a any, b any) → any", |checker, mut nodes, span| {
            let (b, a) = (nodes.pop()?, nodes.pop()?);
            let when = checker.compare(Comparison::Equal, a.clone(), b, span.clone())?;
            let can_fail = a.can_fail || when.can_fail;
            let data = a.data.clone();
            let branches = vec![(when, Node::null(data.clone(), span.clone()))];
            checker.finish(Node { op: Op::Case(branches, Box::new(a)), data, required: false, can_fail, span })
        })],
    },
    Function {
        name: "greatest",
        category: Category::Conditional,
        doc: "The largest value, nulls left out.",
        examples: &[example("greatest(1, 5, NULL)", "5"), example("greatest('a', 'b')", "b")],
        forms: &[build("greatest(values any...) → any", |checker, nodes, span| {
            let (nodes, data) = checker.meet(nodes, "greatest", &span)?;
            let required = nodes.iter().any(|node| node.required);
            let node = checker.strict(|inputs| extreme(Ordering::Greater, inputs), nodes, data, false, span)?;
            Some(Node { required, ..node })
        })],
    },
    Function {
        name: "least",
        category: Category::Conditional,
        doc: "The smallest value, nulls left out.",
        examples: &[example("least(1, 5, NULL)", "1"), example("least(1.5, 2)", "1.5")],
        forms: &[build("least(values any...) → any", |checker, nodes, span| {
            let (nodes, data) = checker.meet(nodes, "least", &span)?;
            let required = nodes.iter().any(|node| node.required);
            let node = checker.strict(|inputs| extreme(Ordering::Less, inputs), nodes, data, false, span)?;
            Some(Node { required, ..node })
        })],
    },
    Function {
        name: "num_nulls",
        category: Category::Conditional,
        doc: "How many of the values are null.",
        examples: &[example("num_nulls(1, NULL, 'a')", "1")],
        forms: &[total("num_nulls(values any...) → int64", |inputs| count(inputs, true))],
    },
    Function {
        name: "num_nonnulls",
        category: Category::Conditional,
        doc: "How many of the values are not null.",
        examples: &[example("num_nonnulls(1, NULL, 'a')", "2")],
        forms: &[total("num_nonnulls(values any...) → int64", |inputs| count(inputs, false))],
    },
];

fn count(inputs: &Inputs, nulls: bool) -> ArrayRef {
    let of_row = |row| inputs.values.iter().filter(|value| value.is_null(row) == nulls).count() as i64;
    Arc::new((0..inputs.rows).map(|row| Some(of_row(row))).collect::<Int64Array>())
}
