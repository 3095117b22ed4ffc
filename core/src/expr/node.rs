//! The checked form of an expression: a tree of typed nodes. Only what must be lazy has a node of its own; everything
//! whose arguments are always evaluated is a call of a kernel.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, new_null_array};

use super::kernels::Inputs;
use crate::types::Type;

/// Computes a column from columns. The result has as many rows as the inputs; failed rows are null.
pub(super) type Kernel = Arc<dyn Fn(&Inputs) -> ArrayRef + Send + Sync>;

/// A checked sub-expression.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) op: Op,
    pub(super) data: Type,
    /// never null in a row that did not fail
    pub(super) required: bool,
    /// some row may fail
    pub(super) can_fail: bool,
    /// bytes of the text
    pub(super) span: Range<usize>,
}

/// What a node does.
#[derive(Clone)]
pub(super) enum Op {
    /// one row
    Constant(ArrayRef),
    /// `NULL`, of no type yet
    Null,
    /// place among the batch's columns
    Column(usize),
    Meta(Meta),
    /// a struct's field, by place
    Field(Box<Node>, usize),
    All(Vec<Node>),
    Any(Vec<Node>),
    /// the first branch whose condition is true, else the last
    Case(Vec<(Node, Node)>, Box<Node>),
    /// the first that is not null
    Coalesce(Vec<Node>),
    Call(Kernel, Vec<Node>),
}

/// What Kafka knows of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meta {
    KeyText,
    KeyBytes,
    KeyInt32,
    KeyInt64,
    Timestamp,
    Header(String),
    Topic,
    Partition,
    Offset,
    WindowStart,
    WindowEnd,
}

impl fmt::Debug for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Op::Constant(value) => write!(f, "constant of {}", value.data_type()),
            Op::Null => f.write_str("null"),
            Op::Column(place) => write!(f, "column {place}"),
            Op::Meta(meta) => write!(f, "{meta:?}"),
            Op::Field(of, place) => write!(f, "field {place} of {of:?}"),
            Op::All(parts) => write!(f, "all of {parts:?}"),
            Op::Any(parts) => write!(f, "any of {parts:?}"),
            Op::Case(branches, last) => write!(f, "case {branches:?} else {last:?}"),
            Op::Coalesce(parts) => write!(f, "first of {parts:?}"),
            Op::Call(_, arguments) => write!(f, "call of {arguments:?}"),
        }
    }
}

impl Node {
    /// One value for all rows.
    pub(super) fn constant(value: ArrayRef, data: Type, span: Range<usize>) -> Node {
        Node { required: !value.is_null(0), op: Op::Constant(value), data, can_fail: false, span }
    }

    /// Null of a type.
    pub(super) fn null(data: Type, span: Range<usize>) -> Node {
        Node::constant(new_null_array(&data.to_arrow(), 1), data, span)
    }

    /// A call that is null exactly where an argument is null.
    pub(super) fn strict(kernel: Kernel, arguments: Vec<Node>, data: Type, can_fail: bool, span: Range<usize>) -> Node {
        let required = arguments.iter().all(|argument| argument.required);
        let can_fail = can_fail || arguments.iter().any(|argument| argument.can_fail);
        Node { op: Op::Call(kernel, arguments), data, required, can_fail, span }
    }

    /// The value, where it is the same for all rows.
    pub(super) fn as_constant(&self) -> Option<&ArrayRef> {
        match &self.op {
            Op::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// Whether this is a `NULL` that takes any type.
    pub(super) fn is_untyped(&self) -> bool {
        matches!(self.op, Op::Null)
    }

    /// Whether the value depends on no record; children are folded already.
    pub(super) fn is_foldable(&self) -> bool {
        let constant = |node: &Node| node.as_constant().is_some();
        match &self.op {
            Op::Constant(_) | Op::Null | Op::Column(_) | Op::Meta(_) => false,
            Op::Field(of, _) => constant(of),
            Op::All(parts) | Op::Any(parts) | Op::Coalesce(parts) | Op::Call(_, parts) => parts.iter().all(constant),
            Op::Case(branches, last) => {
                constant(last) && branches.iter().all(|(when, then)| constant(when) && constant(then))
            }
        }
    }
}
