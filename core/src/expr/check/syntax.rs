//! Forms with a syntax of their own: IS, IN, BETWEEN, LIKE, casts, EXTRACT, SUBSTRING, TRIM and their like.

use std::ops::Range;

use sqlparser::ast;

use super::types::unify;
use super::{Checker, join};
use crate::expr::kernels::compare::{self, Comparison};
use crate::expr::kernels::{like, text};
use crate::expr::node::{Node, Op};
use crate::types::Type;

/// From so many constants on, IN looks into a set.
const SET_FROM: usize = 5;

impl Checker<'_> {
    pub(super) fn syntax(&mut self, expr: &ast::Expr) -> Option<Node> {
        use ast::Expr as E;
        match expr {
            E::IsNull(inner) => self.is_null(inner, false),
            E::IsNotNull(inner) => self.is_null(inner, true),
            E::IsTrue(inner) => self.is(inner, Some(true), false),
            E::IsNotTrue(inner) => self.is(inner, Some(true), true),
            E::IsFalse(inner) => self.is(inner, Some(false), false),
            E::IsNotFalse(inner) => self.is(inner, Some(false), true),
            E::IsUnknown(inner) => self.is(inner, None, false),
            E::IsNotUnknown(inner) => self.is(inner, None, true),
            E::IsDistinctFrom(left, right) => self.distinct(left, right, false),
            E::IsNotDistinctFrom(left, right) => self.distinct(left, right, true),
            E::In { expr, target: ast::InTarget::List(list), negated, global: false } => {
                self.in_list(expr, list, *negated)
            }
            E::Between { expr, negated, low, high } => self.between(expr, low, high, *negated),
            E::Like { negated, any: false, expr, pattern, escape_char } => {
                self.like_form(expr, pattern, escape_char.as_deref(), false, *negated)
            }
            E::ILike { negated, any: false, expr, pattern, escape_char } => {
                self.like_form(expr, pattern, escape_char.as_deref(), true, *negated)
            }
            E::Cast { kind, expr, data_type, format: None } => self.cast_form(kind, expr, data_type),
            _ => self.call_syntax(expr),
        }
    }

    /// Forms that are calls of catalogue functions.
    fn call_syntax(&mut self, expr: &ast::Expr) -> Option<Node> {
        use ast::Expr as E;
        match expr {
            E::Extract { field, expr, .. } => self.extract(&field.to_string(), expr),
            E::Ceil { expr, field } => self.rounded("ceil", expr, field),
            E::Floor { expr, field } => self.rounded("floor", expr, field),
            E::Position { expr, r#in } => {
                let (what, within) = self.check_two(expr, r#in)?;
                let span = self.source.call_around(&what.span);
                self.call_by_name("strpos", vec![within, what], span)
            }
            E::Substring { expr, substring_from, substring_for, .. } => {
                let parts = [Some(expr), substring_from.as_ref(), substring_for.as_ref()];
                let mut nodes = self.check_all(parts.into_iter().flatten().map(|part| &**part))?;
                let span = self.source.call_around(&nodes.first()?.span);
                if substring_from.is_none() {
                    let one = self.literal(&ast::Value::Number("1".into(), false).with_empty_span())?;
                    nodes.insert(1, one);
                }
                self.call_by_name("substring", nodes, span)
            }
            E::Trim { trim_where, trim_what, expr, trim_characters } => {
                let first = trim_characters.as_ref().and_then(|characters| characters.first());
                let parts = [Some(&**expr), trim_what.as_deref().or(first)];
                let nodes = self.check_all(parts.into_iter().flatten())?;
                let span = self.source.call_around(&nodes.first()?.span);
                let name = match trim_where {
                    None | Some(ast::TrimWhereField::Both) => "btrim",
                    Some(ast::TrimWhereField::Leading) => "ltrim",
                    Some(ast::TrimWhereField::Trailing) => "rtrim",
                };
                self.call_by_name(name, nodes, span)
            }
            E::Overlay { expr, overlay_what, overlay_from, overlay_for } => {
                let parts = [Some(expr), Some(overlay_what), Some(overlay_from), overlay_for.as_ref()];
                let nodes = self.check_all(parts.into_iter().flatten().map(|part| &**part))?;
                let span = self.source.call_around(&nodes.first()?.span);
                self.call_by_name("overlay", nodes, span)
            }
            _ => {
                self.refuse(expr);
                None
            }
        }
    }

    fn refuse(&mut self, expr: &ast::Expr) {
        use ast::Expr as E;
        let span = match expr {
            E::Subquery(_) => self.source.with_parens(self.span_of(expr)),
            _ => self.span_of(expr),
        };
        let (message, remedy) = match expr {
            E::Subquery(_) | E::Exists { .. } | E::In { .. } => {
                ("an expression sees one record: no subqueries", "join with a table node")
            }
            E::SimilarTo { .. } => ("SIMILAR TO is not there", "`~` matches a regular expression"),
            E::RLike { .. } => ("RLIKE is not there", "`~` matches a regular expression"),
            E::AtTimeZone { .. } => ("timestamps are UTC: AT TIME ZONE is not there", "add an INTERVAL"),
            E::Collate { .. } => {
                ("text compares by its bytes: COLLATE is not there", "leave it away; lower(…) compares without case")
            }
            E::AnyOp { .. } | E::AllOp { .. } => ("ANY and ALL are not there", "use IN (…), or array_position"),
            E::Wildcard(_) | E::QualifiedWildcard(..) => ("* is not a value", "name a column"),
            E::Tuple(_) => ("a row of several values is not there", "compare the values one by one"),
            E::Array(_) => ("ARRAY[…] is not there", "string_to_array makes a list"),
            _ => ("this form of SQL is not there", "`tidegate describe` lists the functions that are there"),
        };
        self.problem(span, message, remedy);
    }

    fn is_null(&mut self, inner: &ast::Expr, negated: bool) -> Option<Node> {
        let node = self.check(inner)?;
        let span = self
            .source
            .with_words_behind(node.span.clone(), |word| matches!(word, "IS" | "NOT" | "NULL" | "ISNULL" | "NOTNULL"));
        let node = self.convert_untyped(node)?;
        let node = self.strict(move |inputs| text::is_null(negated, inputs), vec![node], Type::Bool, false, span)?;
        Some(Node { required: true, ..node })
    }

    fn convert_untyped(&mut self, node: Node) -> Option<Node> {
        if node.is_untyped() { self.convert(node, &Type::Text) } else { Some(node) }
    }

    fn is(&mut self, inner: &ast::Expr, value: Option<bool>, negated: bool) -> Option<Node> {
        let node = self.check(inner)?;
        let span = self
            .source
            .with_words_behind(node.span.clone(), |word| matches!(word, "IS" | "NOT" | "TRUE" | "FALSE" | "UNKNOWN"));
        let node = self.condition(node)?;
        let node =
            self.strict(move |inputs| text::is_bool(value, negated, inputs), vec![node], Type::Bool, false, span)?;
        Some(Node { required: true, ..node })
    }

    fn distinct(&mut self, left: &ast::Expr, right: &ast::Expr, negated: bool) -> Option<Node> {
        let (left, right) = self.check_two(left, right)?;
        let span = join(&left.span, &right.span);
        let sides = self.comparable(left, right, &span)?;
        let kernel = move |inputs: &crate::expr::kernels::Inputs| {
            let values = compare::distinct(inputs);
            if negated { text::inverted(&values) } else { values }
        };
        let node = self.strict(kernel, sides, Type::Bool, false, span)?;
        Some(Node { required: true, ..node })
    }

    /// `x IN (…)`: a set where it is long and constant, else equalities joined by OR.
    fn in_list(&mut self, expr: &ast::Expr, list: &[ast::Expr], negated: bool) -> Option<Node> {
        let value = self.check(expr);
        let items = self.check_all(list);
        let (value, items) = value.zip(items)?;
        let span =
            self.source.closed(join(&value.span, &items.last().map_or(value.span.clone(), |item| item.span.clone())));
        let all: Vec<Node> = [value.clone()].into_iter().chain(items.iter().cloned()).collect();
        let is_constant = items.iter().all(|item| item.as_constant().is_some());
        let node = match unify(&all) {
            Ok(data @ (Type::Int64 | Type::Text)) if is_constant && items.len() >= SET_FROM => {
                let mut sides = self.convert_all(all, &data)?;
                let value = sides.remove(0);
                let set = text::Set::of(&sides.iter().filter_map(Node::as_constant).cloned().collect::<Vec<_>>());
                let required = value.required && sides.iter().all(|side| side.required);
                let node =
                    self.strict(move |inputs| set.contains(inputs), vec![value], Type::Bool, false, span.clone())?;
                Node { required, ..node }
            }
            _ => {
                let equal = |item: Node| {
                    let span = item.span.clone();
                    self.compare(Comparison::Equal, value.clone(), item, span)
                };
                let parts: Vec<Option<Node>> = items.into_iter().map(equal).collect();
                let parts: Vec<Node> = parts.into_iter().collect::<Option<_>>()?;
                self.logic(parts, false, span.clone())?
            }
        };
        self.maybe_not(node, negated, span)
    }

    fn maybe_not(&mut self, node: Node, negated: bool, span: Range<usize>) -> Option<Node> {
        if negated { self.strict(text::not, vec![node], Type::Bool, false, span) } else { Some(node) }
    }

    /// `x BETWEEN low AND high` is `x >= low AND x <= high`, as in the standard.
    fn between(&mut self, expr: &ast::Expr, low: &ast::Expr, high: &ast::Expr, negated: bool) -> Option<Node> {
        let (value, low, high) = (self.check(expr), self.check(low), self.check_guarded(high));
        let ((value, low), high) = value.zip(low).zip(high)?;
        let span = join(&value.span, &high.span);
        let (low_span, high_span) = (low.span.clone(), high.span.clone());
        let above = self.compare(Comparison::GreaterOrEqual, value.clone(), low, low_span);
        let below = self.compare(Comparison::LessOrEqual, value, high, high_span);
        let (above, below) = above.zip(below)?;
        let node = self.logic(vec![above, below], true, span.clone())?;
        self.maybe_not(node, negated, span)
    }

    fn like_form(
        &mut self,
        expr: &ast::Expr,
        pattern: &ast::Expr,
        escape: Option<&ast::Expr>,
        ignores_case: bool,
        negated: bool,
    ) -> Option<Node> {
        let (value, pattern) = self.check_two(expr, pattern)?;
        let mut span = join(&value.span, &pattern.span);
        let escape = match escape {
            None => like::Escape::Backslash,
            Some(escape) => {
                let escape = self.check(escape)?;
                span = join(&span, &escape.span);
                let given = escape.as_constant().filter(|_| escape.data == Type::Text && escape.required);
                match given.map(like::Escape::of) {
                    Some(Some(escape)) => escape,
                    _ => {
                        self.problem(escape.span, "ESCAPE takes one character, or '' for none", "write ESCAPE '!'");
                        return None;
                    }
                }
            }
        };
        self.like(value, pattern, escape, ignores_case, negated, span)
    }

    /// LIKE and ILIKE; the pattern is read once where it is constant.
    pub(super) fn like(
        &mut self,
        value: Node,
        pattern: Node,
        escape: like::Escape,
        ignores_case: bool,
        negated: bool,
        span: Range<usize>,
    ) -> Option<Node> {
        if !self.both_text("LIKE", &value, &pattern) {
            return None;
        }
        let sides = self.convert_all(vec![value, pattern], &Type::Text)?;
        let matcher = match like::Matcher::new(sides[1].as_constant(), escape, ignores_case, negated) {
            Ok(matcher) => matcher,
            Err(reason) => {
                self.problem(sides[1].span.clone(), reason, "double it, or put a character behind it");
                return None;
            }
        };
        let can_fail = sides[1].as_constant().is_none();
        self.strict(move |inputs| matcher.matches(inputs), sides, Type::Bool, can_fail, span)
    }

    fn cast_form(&mut self, kind: &ast::CastKind, expr: &ast::Expr, data_type: &ast::DataType) -> Option<Node> {
        let node = self.check(expr)?;
        let span = match kind {
            ast::CastKind::DoubleColon => self.source.with_type_behind(node.span.clone()),
            _ => self.source.call_around(&node.span),
        };
        let to = self.cast_target(&data_type.to_string(), &node.data, &span)?;
        let forgives = matches!(kind, ast::CastKind::TryCast | ast::CastKind::SafeCast);
        self.cast(node, &to, forgives, span)
    }

    fn extract(&mut self, field: &str, expr: &ast::Expr) -> Option<Node> {
        let node = self.check(expr)?;
        let span = self.source.call_around(&node.span);
        let field = field.trim_matches(['\'', '"']).to_lowercase();
        crate::expr::functions::datetime::extract(self, &field, node, span)
    }

    fn rounded(&mut self, name: &str, expr: &ast::Expr, field: &ast::CeilFloorKind) -> Option<Node> {
        let node = self.check(expr)?;
        let span = self.source.call_around(&node.span);
        if *field != ast::CeilFloorKind::DateTimeField(ast::DateTimeField::NoDateTime) {
            let remedy = "round(x, n) rounds to n digits, date_trunc cuts a timestamp".to_string();
            self.problem(span, format!("{name} takes one number"), remedy);
            return None;
        }
        self.call_by_name(name, vec![node], span)
    }

    /// The first value that is not null; later ones are evaluated only for the rows that need them.
    pub(in crate::expr) fn coalesce(&mut self, nodes: Vec<Node>, span: Range<usize>) -> Option<Node> {
        let (nodes, data) = self.meet(nodes, "COALESCE", &span)?;
        let required = nodes.iter().any(|node| node.required);
        let can_fail = nodes.iter().any(|node| node.can_fail);
        self.finish(Node { op: Op::Coalesce(nodes), data, required, can_fail, span })
    }
}
