//! Literals: numbers (int64, else an exact decimal, else float64), text, typed text, intervals.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int64Array, IntervalMonthDayNanoArray, StringViewArray,
};
use arrow_schema::DataType;
use sqlparser::ast;

use super::Checker;
use crate::expr::kernels::{decimal, temporal};
use crate::expr::node::{Node, Op};
use crate::types::Type;

impl Checker<'_> {
    pub(super) fn literal(&mut self, value: &ast::ValueWithSpan) -> Option<Node> {
        let span = self.source.range(value.span).unwrap_or(0..self.source.text.len());
        let (array, data): (ArrayRef, Type) = match &value.value {
            ast::Value::Number(text, _) => return self.number(text, span),
            ast::Value::Boolean(value) => (Arc::new(BooleanArray::from(vec![*value])), Type::Bool),
            ast::Value::Null => {
                return Some(Node { op: Op::Null, data: Type::Text, required: false, can_fail: false, span });
            }
            ast::Value::SingleQuotedString(text)
            | ast::Value::EscapedStringLiteral(text)
            | ast::Value::UnicodeStringLiteral(text) => (text_array(text), Type::Text),
            ast::Value::DollarQuotedString(text) => (text_array(&text.value), Type::Text),
            ast::Value::Placeholder(name) => {
                let remedy = "a pipeline's parameter is written ${NAME}".to_string();
                self.problem(span, format!("there is no parameter `{name}` in expressions"), remedy);
                return None;
            }
            other => {
                let remedy = "literals are numbers, 'texts', TRUE, FALSE, NULL, TIMESTAMP '…' and INTERVAL '…'";
                self.problem(span, format!("the literal {other} is not there"), remedy);
                return None;
            }
        };
        Some(Node::constant(array, data, span))
    }

    fn number(&mut self, text: &str, span: Range<usize>) -> Option<Node> {
        if let Ok(value) = text.parse::<i64>() {
            return Some(Node::constant(Arc::new(Int64Array::from(vec![value])), Type::Int64, span));
        }
        if let Some((digits, precision, scale)) = decimal::literal(text) {
            let array = decimal::typed(
                Arc::new(Decimal128Array::from(vec![digits])),
                DataType::Decimal128(precision, scale as i8),
            );
            return Some(Node::constant(array, Type::Decimal { precision, scale }, span));
        }
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => {
                Some(Node::constant(Arc::new(Float64Array::from(vec![value])), Type::Float64, span))
            }
            _ => {
                self.problem(span, format!("{text} is no number within float64"), "write one of at most 1.8e308");
                None
            }
        }
    }

    /// `TIMESTAMP '…'` and other types before a text.
    pub(super) fn typed_string(&mut self, typed: &ast::TypedString) -> Option<Node> {
        let text = self.literal(&typed.value)?;
        let span = self.source.with_token_before(text.span.clone());
        let name = typed.data_type.to_string();
        let to = self.cast_target(&name, &text.data, &span)?;
        self.cast(text, &to, false, span)
    }

    /// `INTERVAL '1 day 02:00'`, `INTERVAL '5' MINUTE`.
    pub(super) fn interval(&mut self, interval: &ast::Interval) -> Option<Node> {
        let value = self.check(&interval.value)?;
        let span = self.source.with_token_before(value.span.clone());
        let span = self.source.with_words_behind(span, |word| {
            interval.leading_field.as_ref().is_some_and(|field| field.to_string() == word)
        });
        let literal = match &*interval.value {
            ast::Expr::Value(value) => match &value.value {
                ast::Value::Number(text, _) => Some(text.clone()),
                other => other.clone().into_string(),
            },
            _ => None,
        };
        let Some(text) = literal else {
            let remedy = "multiply instead: n * INTERVAL '1 day'".to_string();
            self.problem(span, "an INTERVAL is a literal", remedy);
            return None;
        };
        let text = match (&interval.leading_field, &interval.last_field) {
            (None, _) => text,
            (Some(unit), None) if text.trim().parse::<f64>().is_ok() => format!("{text} {unit}"),
            _ => {
                let remedy = "write the units into the text: INTERVAL '1 day 2 hours'".to_string();
                self.problem(span, "this form of INTERVAL is not there", remedy);
                return None;
            }
        };
        match temporal::parse_interval(&text) {
            Ok(value) => {
                let array = Arc::new(IntervalMonthDayNanoArray::from(vec![value]));
                Some(Node::constant(array, Type::Interval, span))
            }
            Err(reason) => {
                let remedy = "such as INTERVAL '5 minutes' or '1 day 02:30:00'".to_string();
                self.problem(span, reason, remedy);
                None
            }
        }
    }
}

fn text_array(text: &str) -> ArrayRef {
    Arc::new(StringViewArray::from_iter_values([text]))
}
