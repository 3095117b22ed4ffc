//! Operators of one and two sides, and CASE.

use std::ops::Range;

use sqlparser::ast::{self, BinaryOperator as B, UnaryOperator as U};

use super::types::{decimal_size, is_number, unify};
use super::{Checker, join};
use crate::expr::functions::{json, regex};
use crate::expr::kernels::arithmetic::{self, Arithmetic};
use crate::expr::kernels::compare::{self, Comparison};
use crate::expr::kernels::decimal::{self, MAX_DIGITS, QUOTIENT_SCALE};
use crate::expr::kernels::{like, temporal, text};
use crate::expr::node::{Node, Op};
use crate::types::Type;

impl Checker<'_> {
    pub(super) fn binary(&mut self, left: &ast::Expr, op: &B, right: &ast::Expr) -> Option<Node> {
        if matches!(op, B::And | B::Or) {
            return self.chain(left, op, right);
        }
        let (left, right) = self.check_two(left, right)?;
        let span = join(&left.span, &right.span);
        match op {
            B::Plus => self.arithmetic(Arithmetic::Add, left, right, span),
            B::Minus => self.arithmetic(Arithmetic::Subtract, left, right, span),
            B::Multiply => self.arithmetic(Arithmetic::Multiply, left, right, span),
            B::Divide => self.arithmetic(Arithmetic::Divide, left, right, span),
            B::Modulo => self.arithmetic(Arithmetic::Remainder, left, right, span),
            B::PGExp => self.call_by_name("power", vec![left, right], span),
            B::StringConcat => self.concat(left, right, span),
            B::Eq => self.compare(Comparison::Equal, left, right, span),
            B::NotEq => self.compare(Comparison::Unequal, left, right, span),
            B::Lt => self.compare(Comparison::Less, left, right, span),
            B::LtEq => self.compare(Comparison::LessOrEqual, left, right, span),
            B::Gt => self.compare(Comparison::Greater, left, right, span),
            B::GtEq => self.compare(Comparison::GreaterOrEqual, left, right, span),
            B::PGRegexMatch => self.regex(left, right, "", false, span),
            B::PGRegexIMatch => self.regex(left, right, "i", false, span),
            B::PGRegexNotMatch => self.regex(left, right, "", true, span),
            B::PGRegexNotIMatch => self.regex(left, right, "i", true, span),
            B::PGLikeMatch => self.like(left, right, like::Escape::Backslash, false, false, span),
            B::PGILikeMatch => self.like(left, right, like::Escape::Backslash, true, false, span),
            B::PGNotLikeMatch => self.like(left, right, like::Escape::Backslash, false, true, span),
            B::PGNotILikeMatch => self.like(left, right, like::Escape::Backslash, true, true, span),
            B::Arrow => self.json_step(json::Form::Json, left, right, span),
            B::LongArrow => self.json_step(json::Form::Text, left, right, span),
            _ => {
                let remedy = match op {
                    B::Spaceship => "use IS NOT DISTINCT FROM",
                    _ => "`tidegate describe` lists the functions that are there",
                };
                self.problem(span, format!("the operator {op} is not there"), remedy);
                None
            }
        }
    }

    /// `a AND b AND c` as one node, however long: the parser nests to the left.
    fn chain(&mut self, left: &ast::Expr, op: &B, right: &ast::Expr) -> Option<Node> {
        let mut parts = vec![right];
        let mut rest = left;
        while let ast::Expr::BinaryOp { left, op: same, right } = rest
            && same == op
        {
            parts.push(right);
            rest = left;
        }
        let first = self.check(rest);
        let mut nodes = vec![first];
        nodes.extend(parts.into_iter().rev().map(|part| self.check_guarded(part)).collect::<Vec<_>>());
        let nodes: Option<Vec<Node>> = nodes.into_iter().collect();
        let nodes: Vec<Option<Node>> = nodes?.into_iter().map(|node| self.condition(node)).collect();
        let nodes: Vec<Node> = nodes.into_iter().collect::<Option<_>>()?;
        let span = join(&nodes.first()?.span, &nodes.last()?.span);
        self.logic(nodes, *op == B::And, span)
    }

    pub(super) fn unary(&mut self, op: U, expr: &ast::Expr) -> Option<Node> {
        if let (U::Minus, ast::Expr::Value(value)) = (op, expr)
            && let ast::Value::Number(digits, _) = &value.value
        {
            // -9223372036854775808 is an int64 although its digits alone are not.
            let number = ast::Value::Number(format!("-{digits}"), false).with_span(value.span);
            let node = self.literal(&number)?;
            let span = self.source.with_token_before(node.span.clone());
            return Some(Node { span, ..node });
        }
        if let (U::Minus, ast::Expr::BinaryOp { left, op: B::PGExp, right }) = (op, expr) {
            // In PostgreSQL - binds closer than ^, to the parser it does not.
            let base = self.nested(|checker| checker.unary(op, left));
            let exponent = self.check(right);
            let (base, exponent) = base.zip(exponent)?;
            let span = join(&base.span, &exponent.span);
            return self.call_by_name("power", vec![base, exponent], span);
        }
        let node = self.check(expr)?;
        let span = self.source.with_token_before(node.span.clone());
        match op {
            U::Not => {
                let node = self.condition(node)?;
                self.strict(text::not, vec![node], Type::Bool, false, span)
            }
            U::Plus if is_number(&node.data) => Some(Node { span, ..node }),
            U::Minus => self.negate(node, span),
            _ => {
                self.problem(
                    span,
                    format!("{op} does not go with {}", node.data),
                    "it takes a number, or a text that is CAST",
                );
                None
            }
        }
    }

    fn negate(&mut self, node: Node, span: Range<usize>) -> Option<Node> {
        let node = if node.is_untyped() { self.convert(node, &Type::Int64)? } else { node };
        let data = node.data.clone();
        match data {
            Type::Int64 => self.strict(arithmetic::negate_integer, vec![node], data, true, span),
            Type::Float64 => self.strict(arithmetic::negate_float, vec![node], data, false, span),
            Type::Decimal { .. } => self.strict(decimal::negate, vec![node], data, false, span),
            Type::Interval => self.strict(temporal::negate, vec![node], data, true, span),
            _ => {
                self.problem(span, format!("- does not go with {data}"), "it takes a number or an interval");
                None
            }
        }
    }

    /// `+ - * / %` by the types of both sides.
    pub(in crate::expr) fn arithmetic(
        &mut self,
        op: Arithmetic,
        left: Node,
        right: Node,
        span: Range<usize>,
    ) -> Option<Node> {
        let (left, right) = match (left.is_untyped(), right.is_untyped()) {
            (true, true) => (self.convert(left, &Type::Int64)?, self.convert(right, &Type::Int64)?),
            (true, false) => (self.convert(left, &untyped_partner(&right.data))?, right),
            (false, true) => {
                let partner = untyped_partner(&left.data);
                (left, self.convert(right, &partner)?)
            }
            (false, false) => (left, right),
        };
        if is_number(&left.data) && is_number(&right.data) {
            return self.numbers(op, left, right, span);
        }
        use Arithmetic as A;
        let (kernel, data): (fn(&crate::expr::kernels::Inputs) -> arrow_array::ArrayRef, Type) =
            match (&left.data, op, &right.data) {
                (Type::Timestamp, A::Add, Type::Interval) => (temporal::later, Type::Timestamp),
                (Type::Timestamp, A::Subtract, Type::Interval) => (temporal::earlier, Type::Timestamp),
                (Type::Interval, A::Add, Type::Timestamp) => return self.arithmetic(op, right, left, span),
                (Type::Timestamp, A::Subtract, Type::Timestamp) => (temporal::between, Type::Interval),
                (Type::Interval, A::Add, Type::Interval) => (temporal::sum, Type::Interval),
                (Type::Interval, A::Subtract, Type::Interval) => (temporal::difference, Type::Interval),
                (number, A::Multiply, Type::Interval) if is_number(number) => {
                    return self.arithmetic(op, right, left, span);
                }
                (Type::Interval, A::Multiply | A::Divide, number) if is_number(number) => {
                    let right = self.convert(right, &Type::Float64)?;
                    let kernel = if op == A::Multiply { temporal::times } else { temporal::over };
                    return self.strict(kernel, vec![left, right], Type::Interval, true, span);
                }
                _ => {
                    self.no_arithmetic(op, &left, &right, span);
                    return None;
                }
            };
        self.strict(kernel, vec![left, right], data, true, span)
    }

    fn numbers(&mut self, op: Arithmetic, left: Node, right: Node, span: Range<usize>) -> Option<Node> {
        if left.data == Type::Int64 && right.data == Type::Int64 {
            return self.strict(
                move |inputs| arithmetic::integers(op, inputs),
                vec![left, right],
                Type::Int64,
                true,
                span,
            );
        }
        let (Some((p, s)), Some((q, t))) = (decimal_size(&left), decimal_size(&right)) else {
            if op == Arithmetic::Remainder {
                let remedy = "cast to a decimal: CAST(… AS decimal(18,4)) % …".to_string();
                self.problem(span, "% takes int64 or decimal, not float64", remedy);
                return None;
            }
            let sides = self.convert_all(vec![left, right], &Type::Float64)?;
            return self.strict(move |inputs| arithmetic::floats(op, inputs), sides, Type::Float64, true, span);
        };
        let Some((precision, scale)) = decimal_result(op, (p, s), (q, t)) else {
            let remedy = "round one side first: round(…, 4)".to_string();
            let message = format!("{} digits after the point are more than a decimal has", s + t);
            self.problem(span, message, remedy);
            return None;
        };
        let as_decimal = |precision, scale| Type::Decimal { precision, scale };
        let left = self.convert(left, &as_decimal(p, s))?;
        let right = self.convert(right, &as_decimal(q, t))?;
        let operation = decimal::Operation { operation: op, left: s, right: t, precision, scale };
        self.strict(move |inputs| operation.run(inputs), vec![left, right], as_decimal(precision, scale), true, span)
    }

    fn no_arithmetic(&mut self, op: Arithmetic, left: &Node, right: &Node, span: Range<usize>) {
        let sign = match op {
            Arithmetic::Add => "+",
            Arithmetic::Subtract => "-",
            Arithmetic::Multiply => "*",
            Arithmetic::Divide => "/",
            Arithmetic::Remainder => "%",
        };
        let remedy = match (&left.data, &right.data) {
            (Type::Text, Type::Text) if op == Arithmetic::Add => "`||` joins texts".to_string(),
            (Type::Text, other) if is_number(other) => self.text_remedy(left, other),
            (other, Type::Text) if is_number(other) => self.text_remedy(right, other),
            (Type::Timestamp, number) if is_number(number) => "say of what: INTERVAL '1 day'".to_string(),
            _ => "numbers go with numbers, timestamps and intervals with intervals: CAST one side".to_string(),
        };
        self.problem(span, format!("{sign} does not go with {} and {}", left.data, right.data), remedy);
    }

    /// What to write in place of a text that meets another type.
    pub(super) fn text_remedy(&self, text: &Node, other: &Type) -> String {
        let quoted = self.quote(&text.span);
        let inside = quoted.trim_matches('\'');
        match other {
            Type::Timestamp if quoted.starts_with('\'') => format!("write TIMESTAMP {quoted}"),
            Type::Interval if quoted.starts_with('\'') => format!("write INTERVAL {quoted}"),
            _ if is_number(other) && quoted.starts_with('\'') && inside.parse::<f64>().is_ok() => {
                format!("write the number without quotes: {inside}")
            }
            _ => format!("convert it: CAST({quoted} AS {other})"),
        }
    }

    fn concat(&mut self, left: Node, right: Node, span: Range<usize>) -> Option<Node> {
        if left.data == Type::Bytes && right.data == Type::Bytes {
            return self.strict(text::concat_bytes, vec![left, right], Type::Bytes, false, span);
        }
        if left.data != Type::Text && right.data != Type::Text {
            let message = format!("|| joins texts, not {} and {}", left.data, right.data);
            self.problem(span, message, "convert one side: CAST(… AS text)");
            return None;
        }
        let sides = self.convert_all(vec![left, right], &Type::Text)?;
        self.strict(text::concat, sides, Type::Text, false, span)
    }

    /// A comparison of values whose types meet.
    pub(in crate::expr) fn compare(
        &mut self,
        comparison: Comparison,
        left: Node,
        right: Node,
        span: Range<usize>,
    ) -> Option<Node> {
        let sides = self.comparable(left, right, &span)?;
        self.strict(move |inputs| compare::compare(comparison, inputs), sides, Type::Bool, false, span)
    }

    /// Both sides in one type; exact numbers of other scales stay as they are.
    pub(super) fn comparable(&mut self, left: Node, right: Node, span: &Range<usize>) -> Option<Vec<Node>> {
        let exact = decimal_size(&left).zip(decimal_size(&right));
        if let Some(((p, s), (q, t))) = exact
            && left.data != right.data
        {
            let left = self.convert(left, &Type::Decimal { precision: p, scale: s })?;
            let right = self.convert(right, &Type::Decimal { precision: q, scale: t })?;
            return Some(vec![left, right]);
        }
        match unify([&left, &right]) {
            Ok(data) => self.convert_all(vec![left, right], &data),
            Err((one, other)) => {
                let remedy = match (&left.data, &right.data) {
                    (Type::Text, other) => self.text_remedy(&left, other),
                    (other, Type::Text) => self.text_remedy(&right, other),
                    _ => format!("convert one side: CAST(… AS {one}), where that can be"),
                };
                self.problem(span.clone(), format!("{one} cannot be compared with {other}"), remedy);
                None
            }
        }
    }

    fn regex(
        &mut self,
        left: Node,
        right: Node,
        flags: &'static str,
        negated: bool,
        span: Range<usize>,
    ) -> Option<Node> {
        if !self.both_text("a regular expression", &left, &right) {
            return None;
        }
        let sides = self.convert_all(vec![left, right], &Type::Text)?;
        let pattern = match regex::pattern_of(&sides[1], flags) {
            Ok(pattern) => pattern,
            Err(reason) => {
                self.problem(sides[1].span.clone(), reason, regex::PATTERN);
                return None;
            }
        };
        let can_fail = !pattern.is_fixed();
        self.strict(move |inputs| pattern.matches(negated, inputs), sides, Type::Bool, can_fail, span)
    }

    /// Whether both are text; notes a problem otherwise.
    pub(super) fn both_text(&mut self, what: &str, left: &Node, right: &Node) -> bool {
        for node in [left, right].into_iter().filter(|node| node.data != Type::Text) {
            let remedy = format!("convert it: CAST({} AS text)", self.quote(&node.span));
            self.problem(node.span.clone(), format!("{what} takes text, not {}", node.data), remedy);
        }
        left.data == Type::Text && right.data == Type::Text
    }

    fn json_step(&mut self, form: json::Form, left: Node, right: Node, span: Range<usize>) -> Option<Node> {
        let by_index = right.data == Type::Int64;
        if left.data != Type::Text || !(by_index || right.data == Type::Text) {
            let remedy = match left.data {
                Type::Struct(_) => "a struct's field is read by .field",
                _ => "such as document -> 'name', or list -> 0",
            };
            let message = format!(
                "-> and ->> take text that holds JSON, and a name or a place, not {} and {}",
                left.data, right.data
            );
            self.problem(span, message, remedy);
            return None;
        }
        let left = self.convert(left, &Type::Text)?;
        let right = if by_index { right } else { self.convert(right, &Type::Text)? };
        let kernel = move |inputs: &crate::expr::kernels::Inputs| json::step(form, by_index, inputs);
        let node = self.strict(kernel, vec![left, right], Type::Text, true, span)?;
        Some(Node { required: false, ..node })
    }

    /// Both forms of CASE; the simple one compares its operand with each WHEN.
    pub(super) fn case(&mut self, expr: &ast::Expr) -> Option<Node> {
        let ast::Expr::Case { case_token, end_token, operand, conditions, else_result } = expr else { return None };
        let place = |span| self.source.range(span);
        let span = match (place(case_token.0.span), place(end_token.0.span)) {
            (Some(start), Some(end)) => join(&start, &end),
            _ => self.span_of(expr),
        };
        let operand = operand.as_ref().map(|operand| self.check(operand));
        let mut whens = Vec::new();
        let mut thens = Vec::new();
        for (place, branch) in conditions.iter().enumerate() {
            let when = if place == 0 { self.check(&branch.condition) } else { self.check_guarded(&branch.condition) };
            whens.push(self.when(operand.as_ref(), when));
            thens.push(self.check_guarded(&branch.result));
        }
        let last = match else_result {
            Some(last) => self.check_guarded(last),
            None => Some(Node { op: Op::Null, data: Type::Text, required: false, can_fail: false, span: span.clone() }),
        };
        let whens: Vec<Node> = whens.into_iter().collect::<Option<_>>()?;
        let results: Vec<Node> = thens.into_iter().chain([last]).collect::<Option<_>>()?;
        self.guards += 1;
        let met = self.meet(results, "CASE", &span);
        self.guards -= 1;
        let (mut results, data) = met?;
        let last = results.pop()?;
        let required = last.required && results.iter().all(|result| result.required);
        let can_fail = last.can_fail || whens.iter().chain(&results).any(|node| node.can_fail);
        let branches = whens.into_iter().zip(results).collect();
        self.finish(Node { op: Op::Case(branches, Box::new(last)), data, required, can_fail, span })
    }

    fn when(&mut self, operand: Option<&Option<Node>>, when: Option<Node>) -> Option<Node> {
        match operand {
            None => self.condition(when?),
            Some(operand) => {
                let (operand, when) = operand.clone().zip(when)?;
                let span = when.span.clone();
                self.compare(Comparison::Equal, operand, when, span)
            }
        }
    }
}

/// What NULL is beside `+ - * /`.
fn untyped_partner(other: &Type) -> Type {
    match other {
        Type::Timestamp => Type::Interval,
        other => other.clone(),
    }
}

/// Precision and scale of an operation on decimals; none where the scale has no room.
fn decimal_result(op: Arithmetic, (p, s): (u8, u8), (q, t): (u8, u8)) -> Option<(u8, u8)> {
    let scale = s.max(t);
    let (whole, scale) = match op {
        Arithmetic::Add | Arithmetic::Subtract => ((p - s).max(q - t) + 1, scale),
        Arithmetic::Multiply => (p - s + q - t, s + t),
        Arithmetic::Divide => (p - s + t, scale.max(QUOTIENT_SCALE)),
        Arithmetic::Remainder => ((p - s).min(q - t), scale),
    };
    (scale <= MAX_DIGITS).then_some(((whole + scale).clamp(1, MAX_DIGITS), scale))
}
