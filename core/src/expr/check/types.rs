//! Which types meet in one, how a value becomes another type, and the names of types in casts.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;

use super::Checker;
use crate::expr::kernels::cast;
use crate::expr::kernels::decimal::MAX_DIGITS;
use crate::expr::node::{Node, Op};
use crate::types::Type;

/// Whether a type is int64, decimal or float64.
pub(in crate::expr) fn is_number(data: &Type) -> bool {
    matches!(data, Type::Int64 | Type::Float64 | Type::Decimal { .. })
}

/// Digits and scale of an exact number: of a constant as many as it has, of an int64 column 19.
pub(super) fn decimal_size(node: &Node) -> Option<(u8, u8)> {
    match node.data {
        Type::Decimal { precision, scale } => Some((precision, scale)),
        Type::Int64 => Some((node.as_constant().map_or(19, constant_digits), 0)),
        _ => None,
    }
}

fn constant_digits(value: &arrow_array::ArrayRef) -> u8 {
    let value = value.as_primitive::<Int64Type>().value(0).unsigned_abs();
    value.checked_ilog10().map_or(1, |log| log as u8 + 1)
}

/// The decimal that holds both, as far as 38 digits go.
fn wider_decimal((a, s): (u8, u8), (b, t): (u8, u8)) -> (u8, u8) {
    let scale = s.max(t);
    (((a - s).max(b - t) + scale).min(MAX_DIGITS), scale)
}

/// The one type of all these values, as in CASE, COALESCE and IN; none where they do not meet. All `NULL` is text.
pub(in crate::expr) fn unify<'a>(nodes: impl IntoIterator<Item = &'a Node>) -> Result<Type, (Type, Type)> {
    let mut common: Option<(Type, Option<(u8, u8)>)> = None;
    for node in nodes.into_iter().filter(|node| !node.is_untyped()) {
        let size = decimal_size(node);
        common = Some(match common {
            None => (node.data.clone(), size),
            Some((data, so_far)) if data == node.data => (data, so_far.max(size)),
            Some((data, so_far)) if is_number(&data) && is_number(&node.data) => match so_far.zip(size) {
                Some((left, right)) => {
                    let (precision, scale) = wider_decimal(left, right);
                    (Type::Decimal { precision, scale }, Some((precision, scale)))
                }
                None => (Type::Float64, None),
            },
            Some((data, _)) => return Err((data, node.data.clone())),
        });
    }
    Ok(common.map_or(Type::Text, |(data, _)| data))
}

impl Checker<'_> {
    /// The value as another type, which [`unify`] or a signature found to be reachable without loss of meaning.
    pub(in crate::expr) fn convert(&mut self, node: Node, to: &Type) -> Option<Node> {
        if node.is_untyped() {
            return Some(Node::null(to.clone(), node.span));
        }
        if node.data == *to {
            return Some(node);
        }
        let span = node.span.clone();
        self.cast(node, to, false, span)
    }

    /// All values as one type.
    pub(in crate::expr) fn convert_all(&mut self, nodes: Vec<Node>, to: &Type) -> Option<Vec<Node>> {
        nodes.into_iter().map(|node| self.convert(node, to)).collect()
    }

    /// All values as the one type in which they meet; what they are for is said in the problem.
    pub(in crate::expr) fn meet(
        &mut self,
        nodes: Vec<Node>,
        what: &str,
        span: &Range<usize>,
    ) -> Option<(Vec<Node>, Type)> {
        match unify(&nodes) {
            Ok(data) => Some((self.convert_all(nodes, &data)?, data)),
            Err((one, other)) => {
                let remedy = remedy_for_mix(&one, &other);
                self.problem(span.clone(), format!("{what} mixes {one} and {other}"), remedy);
                None
            }
        }
    }

    /// A cast, as written or implied.
    pub(in crate::expr) fn cast(&mut self, node: Node, to: &Type, forgives: bool, span: Range<usize>) -> Option<Node> {
        if node.is_untyped() {
            return Some(Node::null(to.clone(), span));
        }
        if node.data == *to {
            return Some(Node { span, ..node });
        }
        let Some(cast) = cast::find(&node.data, to) else {
            let message = format!("{} cannot be cast to {to}", node.data);
            let remedy = cast_remedy(&node.data, to, self.quote(&node.span));
            self.problem(span, message, remedy);
            return None;
        };
        let can_fail = cast.can_fail && !forgives;
        let (is_required, fails_anyway) = (node.required, node.can_fail);
        let kernel = move |inputs: &crate::expr::kernels::Inputs| {
            let values = (cast.kernel)(inputs);
            if forgives {
                inputs.forgive();
            }
            values
        };
        let op = Op::Call(std::sync::Arc::new(kernel), vec![node]);
        let required = is_required && (can_fail || !cast.can_fail);
        self.finish(Node { op, data: to.clone(), required, can_fail: can_fail || fails_anyway, span })
    }

    /// A condition: bool or NULL.
    pub(super) fn condition(&mut self, node: Node) -> Option<Node> {
        if node.data == Type::Bool || node.is_untyped() {
            return self.convert(node, &Type::Bool);
        }
        let remedy = match node.data {
            Type::Int64 | Type::Float64 | Type::Decimal { .. } => {
                format!("compare it: {} <> 0", self.quote(&node.span))
            }
            Type::Text => format!("compare it: {} = '…'", self.quote(&node.span)),
            _ => format!("compare it, or ask for {} IS NOT NULL", self.quote(&node.span)),
        };
        self.problem(node.span.clone(), format!("a condition is bool, this is {}", node.data), remedy);
        None
    }

    /// The type that a cast names.
    pub(super) fn cast_target(&mut self, name: &str, from: &Type, span: &Range<usize>) -> Option<Type> {
        let word = name.to_ascii_lowercase();
        let word = word.split_once('(').map_or(word.as_str(), |(word, _)| word.trim());
        let arguments: Vec<i64> = name
            .split_once('(')
            .and_then(|(_, rest)| rest.split_once(')'))
            .map_or(Vec::new(), |(inside, _)| inside.split(',').filter_map(|part| part.trim().parse().ok()).collect());
        let plain = match word {
            "bool" | "boolean" => Type::Bool,
            "int64" | "bigint" | "int8" | "int" | "integer" | "int4" => Type::Int64,
            "float64" | "float8" | "double precision" | "double" | "float" => Type::Float64,
            "text" | "varchar" | "character varying" | "string" => Type::Text,
            "bytes" | "bytea" => Type::Bytes,
            "timestamp" | "timestamp without time zone" | "datetime" => Type::Timestamp,
            "interval" => Type::Interval,
            "decimal" | "numeric" | "dec" => return self.decimal_target(&arguments, from, span),
            _ => return self.unknown_target(name, word, span),
        };
        let is_plain = arguments.is_empty() || (plain == Type::Timestamp && arguments == [3]);
        if !is_plain {
            let remedy = match plain {
                Type::Text => "leave it away; left(text, n) cuts a text",
                _ => "leave it away",
            };
            self.problem(span.clone(), format!("{word} takes no size here"), remedy);
            return None;
        }
        Some(plain)
    }

    fn decimal_target(&mut self, arguments: &[i64], from: &Type, span: &Range<usize>) -> Option<Type> {
        let (precision, scale) = match (arguments, from) {
            (&[precision, scale], _) => (precision, scale),
            (&[precision], _) => (precision, 0),
            (_, Type::Decimal { precision, scale }) => (i64::from(*precision), i64::from(*scale)),
            (_, Type::Int64) => (19, 0),
            _ => {
                let remedy = "say how many digits: decimal(18,4) has 18, 4 of them after the point".to_string();
                self.problem(span.clone(), format!("a decimal out of {from} needs a size"), remedy);
                return None;
            }
        };
        match (u8::try_from(precision), u8::try_from(scale)) {
            (Ok(precision @ 1..=MAX_DIGITS), Ok(scale)) if scale <= precision => {
                Some(Type::Decimal { precision, scale })
            }
            _ => {
                let message = format!(
                    "decimal({precision},{scale}) does not exist: 1 to 38 digits, of which the scale is a part"
                );
                self.problem(span.clone(), message, "such as decimal(18,4)");
                None
            }
        }
    }

    fn unknown_target(&mut self, name: &str, word: &str, span: &Range<usize>) -> Option<Type> {
        let remedy = match word {
            "date" => "date_trunc('day', …) gives the start of a day",
            "json" | "jsonb" => "`->` and `->>` work on text that holds JSON",
            "smallint" | "int2" => "use int64",
            "real" | "float4" | "float32" => "use float64",
            "timestamptz" | "timestamp with time zone" => "use timestamp: it is UTC",
            _ => "types are bool, int64, float64, decimal(p,s), text, bytes, timestamp and interval",
        };
        self.problem(span.clone(), format!("there is no type `{}` here", name.to_ascii_lowercase()), remedy);
        None
    }
}

fn remedy_for_mix(one: &Type, other: &Type) -> String {
    match (one, other) {
        (Type::Text, _) | (_, Type::Text) => {
            "convert one side: CAST(… AS text), or write numbers without quotes".into()
        }
        _ => format!("convert one of them: CAST(… AS {one}), where that can be"),
    }
}

fn cast_remedy(from: &Type, to: &Type, text: &str) -> String {
    match (from, to) {
        (Type::List(_) | Type::Struct(_), Type::Text) => format!("to_json({text}) gives JSON as text"),
        (Type::Int64 | Type::Float64 | Type::Decimal { .. }, Type::Timestamp) => {
            format!("to_timestamp({text}) takes seconds since 1970, to_timestamp_millis({text}) milliseconds")
        }
        (Type::Timestamp, Type::Int64 | Type::Float64 | Type::Decimal { .. }) => format!("extract(epoch from {text})"),
        (Type::Float64 | Type::Decimal { .. }, Type::Bool) => format!("compare it: {text} <> 0"),
        (Type::List(_), _) => format!("take one item of it: {text}[1]"),
        (Type::Struct(_), _) => format!("take one field of it: {text}.field"),
        _ => "leave the cast away, or cast something else".into(),
    }
}
