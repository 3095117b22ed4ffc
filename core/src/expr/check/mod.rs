//! Syntax tree to typed tree: names are resolved against the scope, types are found and converted, constants folded.
//! Checking goes on behind a problem, so that all of an expression's problems come at once.

mod access;
mod call;
mod literal;
mod operator;
mod syntax;
mod types;

use std::ops::Range;
use std::sync::Arc;

use arrow_array::ArrayRef;
use sqlparser::ast;
use sqlparser::ast::Spanned;

use super::evaluate::evaluate_constant;
use super::kernels::Inputs;
use super::node::{Kernel, Node, Op};
use super::source::Source;
use super::{ExprProblem, Scope, Uses};
use crate::problem::Remedy;
use crate::types::Type;

pub(crate) use access::METADATA;
pub(super) use access::nearest;
pub(super) use types::is_number;

const MAX_DEPTH: usize = 200;

/// A typed tree and what it reads, or all that is wrong.
pub(super) type Checked = Result<(Node, Uses), Vec<ExprProblem>>;

/// Checks a syntax tree.
pub(super) fn check(expr: &ast::Expr, source: &Source, scope: &Scope) -> Checked {
    Checker::new(source, scope).run(|checker| checker.check(expr))
}

/// Checks what an aggregate is of.
pub(super) fn check_argument(expr: &ast::Expr, source: &Source, scope: &Scope) -> Checked {
    Checker { within_aggregate: true, ..Checker::new(source, scope) }.run(|checker| checker.check(expr))
}

/// Checks the condition under which an aggregate takes a record.
pub(super) fn check_filter(expr: &ast::Expr, source: &Source, scope: &Scope) -> Checked {
    Checker { within_aggregate: true, ..Checker::new(source, scope) }.run(|checker| {
        let condition = checker.check(expr)?;
        checker.condition(condition)
    })
}

/// The state of one check. A method that gives none has noted a problem, or met a gap of the
/// scope.
pub(super) struct Checker<'a> {
    source: &'a Source<'a>,
    scope: &'a Scope,
    uses: Uses,
    problems: Vec<ExprProblem>,
    depth: usize,
    /// branches around the current place that not every row reaches
    guards: usize,
    /// what is checked stands in the call of an aggregate
    within_aggregate: bool,
}

impl<'a> Checker<'a> {
    fn new(source: &'a Source<'a>, scope: &'a Scope) -> Checker<'a> {
        let (uses, problems) = (Uses::default(), Vec::new());
        Checker { source, scope, uses, problems, depth: 0, guards: 0, within_aggregate: false }
    }

    fn run(mut self, check: impl FnOnce(&mut Self) -> Option<Node>) -> Checked {
        match check(&mut self) {
            Some(root) if self.problems.is_empty() => Ok((root, self.uses)),
            _ => {
                self.problems.sort_by_key(|problem| (problem.span.start, problem.span.end));
                self.problems.dedup();
                Err(self.problems)
            }
        }
    }
}

impl Checker<'_> {
    /// Notes a problem.
    pub(super) fn problem(&mut self, span: Range<usize>, message: impl Into<String>, remedy: impl Into<Remedy>) {
        self.problems.push(ExprProblem { span, message: message.into(), remedy: remedy.into() });
    }

    /// The text of a place, to quote it in a remedy.
    pub(super) fn quote(&self, span: &Range<usize>) -> &str {
        self.source.text.get(span.clone()).unwrap_or("…")
    }

    /// Checks one node of the syntax tree.
    fn check(&mut self, expr: &ast::Expr) -> Option<Node> {
        self.nested(|checker| checker.dispatch(expr))
    }

    /// Goes one level deeper, down to where evaluation still has stack enough.
    fn nested(&mut self, check: impl FnOnce(&mut Self) -> Option<Node>) -> Option<Node> {
        if self.depth >= MAX_DEPTH {
            let whole = 0..self.source.text.len();
            if !self.problems.iter().any(|problem| problem.span == whole) {
                self.problem(whole, "the expression is nested too deeply", "split it into several");
            }
            return None;
        }
        self.depth += 1;
        let node = check(self);
        self.depth -= 1;
        node
    }

    /// Checks a part that not every row reaches.
    fn check_guarded(&mut self, expr: &ast::Expr) -> Option<Node> {
        self.guards += 1;
        let node = self.check(expr);
        self.guards -= 1;
        node
    }

    /// Checks all before giving up on any, so that no problem is missed.
    fn check_all<'e>(&mut self, exprs: impl IntoIterator<Item = &'e ast::Expr>) -> Option<Vec<Node>> {
        let nodes: Vec<Option<Node>> = exprs.into_iter().map(|expr| self.check(expr)).collect();
        nodes.into_iter().collect()
    }

    fn check_two(&mut self, left: &ast::Expr, right: &ast::Expr) -> Option<(Node, Node)> {
        let (left, right) = (self.check(left), self.check(right));
        left.zip(right)
    }

    fn dispatch(&mut self, expr: &ast::Expr) -> Option<Node> {
        use ast::Expr as E;
        match expr {
            E::Identifier(ident) => self.name(ident),
            E::CompoundIdentifier(idents) => self.path(idents),
            E::CompoundFieldAccess { root, access_chain } => self.access(root, access_chain),
            E::Value(value) => self.literal(value),
            E::TypedString(typed) => self.typed_string(typed),
            E::Interval(interval) => self.interval(interval),
            E::Nested(inner) => {
                let node = self.check(inner)?;
                let span = self.source.with_parens(node.span.clone());
                Some(Node { span, ..node })
            }
            E::BinaryOp { left, op, right } => self.binary(left, op, right),
            E::UnaryOp { op, expr } => self.unary(*op, expr),
            E::Case { .. } => self.case(expr),
            E::Function(function) => self.function(function),
            _ => self.syntax(expr),
        }
    }

    /// The last step for every node: what depends on no record is computed now. What then fails would fail for every
    /// record that reaches it: a problem, unless a CASE or the like stands before it.
    pub(super) fn finish(&mut self, node: Node) -> Option<Node> {
        if !node.is_foldable() {
            return Some(node);
        }
        match evaluate_constant(&node) {
            Ok(value) => Some(Node::constant(value, node.data, node.span)),
            Err(_) if self.guards > 0 => Some(node),
            Err(failure) => {
                let remedy = "correct it, or leave it away: what depends on no record is computed beforehand";
                self.problem(failure.span, format!("fails for every record: {}", failure.reason), remedy);
                None
            }
        }
    }

    /// A strict call of a kernel.
    pub(super) fn strict(
        &mut self,
        kernel: impl Fn(&Inputs) -> ArrayRef + Send + Sync + 'static,
        arguments: Vec<Node>,
        data: Type,
        can_fail: bool,
        span: Range<usize>,
    ) -> Option<Node> {
        let kernel: Kernel = Arc::new(kernel);
        self.finish(Node::strict(kernel, arguments, data, can_fail, span))
    }

    /// AND (`all`) or OR of conditions.
    fn logic(&mut self, parts: Vec<Node>, all: bool, span: Range<usize>) -> Option<Node> {
        let required = parts.iter().all(|part| part.required);
        let can_fail = parts.iter().any(|part| part.can_fail);
        let op = if all { Op::All(parts) } else { Op::Any(parts) };
        self.finish(Node { op, data: Type::Bool, required, can_fail, span })
    }

    /// The span of a node that the parser knows, or the whole text.
    fn span_of(&self, expr: &ast::Expr) -> Range<usize> {
        self.source.range(expr.span()).map_or(0..self.source.text.len(), |range| self.source.closed(range))
    }
}

/// From the first to the last of two places.
fn join(left: &Range<usize>, right: &Range<usize>) -> Range<usize> {
    left.start.min(right.start)..left.end.max(right.end)
}
