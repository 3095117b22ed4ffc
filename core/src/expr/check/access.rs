//! Names: columns, struct fields, list items, and what Kafka knows of a record.

use std::ops::Range;

use arrow_array::cast::AsArray;
use sqlparser::ast;

use super::{Checker, join};
use crate::expr::functions::{catalogue, list};
use crate::expr::node::{Meta, Node, Op};
use crate::problem::{Fix, Remedy};
use crate::types::{Column, KeyFormat, Type};

/// What an expression sees of a record beside its columns, and before columns of the same name; bounds of windows only
/// where keys have windows.
pub(crate) const METADATA: [&str; 8] =
    ["_key", "_timestamp", "_headers", "_topic", "_partition", "_offset", "_window_start", "_window_end"];

/// The most alike of some names, if it is alike at all.
pub(in crate::expr) fn nearest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let score = |candidate: &str| {
        let same = candidate.eq_ignore_ascii_case(name);
        if same { 2.0 } else { strsim::jaro_winkler(&candidate.to_lowercase(), &name.to_lowercase()) }
    };
    let best = names.into_iter().max_by(|a, b| score(a).total_cmp(&score(b)))?;
    (score(best) > 0.78).then_some(best)
}

/// "did you mean `x`?", or what there is.
fn suggestion(name: &str, columns: &[Column]) -> Remedy {
    if let Some(nearest) = nearest(name, columns.iter().map(|column| column.name.as_str())) {
        return meant(nearest);
    }
    let names: Vec<String> = columns.iter().take(12).map(|column| format!("`{}`", column.name)).collect();
    match names.is_empty() {
        true => "no columns come here: declare them in the schema of the source".into(),
        false => format!("there are {}{}", names.join(", "), if columns.len() > 12 { ", …" } else { "" }).into(),
    }
}

/// A name that was likely meant, written as expressions take it.
fn meant(name: &str) -> Remedy {
    let is_plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        && !name.starts_with(|first: char| first.is_ascii_digit());
    let written = if is_plain { name.to_string() } else { format!("\"{}\"", name.replace('"', "\"\"")) };
    Remedy::meant(name, Fix::Write(written))
}

impl Checker<'_> {
    fn ident_span(&self, ident: &ast::Ident) -> Range<usize> {
        self.source.range(ident.span).unwrap_or(0..self.source.text.len())
    }

    /// A column or metadata.
    pub(super) fn name(&mut self, ident: &ast::Ident) -> Option<Node> {
        let span = self.ident_span(ident);
        if ident.value.starts_with('_')
            && let Some(node) = self.metadata(&ident.value, &span)
        {
            return node;
        }
        if let Some((place, column)) = self.scope.schema.find(&ident.value) {
            self.uses.columns.insert(column.name.clone());
            let (data, required) = (column.data.clone(), column.required);
            return Some(Node { op: Op::Column(place), data, required, can_fail: false, span });
        }
        if !self.scope.gaps.columns {
            self.unknown_name(ident, span);
        }
        None
    }

    fn unknown_name(&mut self, ident: &ast::Ident, span: Range<usize>) {
        let name = ident.value.as_str();
        let columns = &self.scope.schema.columns;
        let close = nearest(name, columns.iter().map(|column| column.name.as_str()).chain(METADATA));
        let remedy = match close {
            Some(close) if ident.quote_style.is_none() || strsim::levenshtein(close, name) <= 2 => meant(close),
            _ if ident.quote_style.is_some() => {
                let text = format!("'{}'", name.replace('\'', "''"));
                Remedy::from(format!("text goes in single quotes: {text}")).by(Fix::Write(text))
            }
            _ if catalogue().iter().any(|function| function.name.eq_ignore_ascii_case(name)) => {
                format!("functions take parentheses: {}(…)", name.to_lowercase()).into()
            }
            _ => suggestion(name, columns),
        };
        self.problem(span, format!("there is no column `{name}`"), remedy);
    }

    /// None where the name is not one of ours; `Some(None)` where a problem was noted, or nothing is known.
    fn metadata(&mut self, name: &str, span: &Range<usize>) -> Option<Option<Node>> {
        let (meta, data, required, can_fail) = match name {
            "_key" | "_window_start" | "_window_end" if self.scope.gaps.key => return Some(None),
            "_key" => {
                let meta = match self.scope.key {
                    KeyFormat::Text | KeyFormat::Json => Meta::KeyText,
                    KeyFormat::Bytes => Meta::KeyBytes,
                    KeyFormat::Int32 => Meta::KeyInt32,
                    KeyFormat::Int64 => Meta::KeyInt64,
                };
                self.uses.key = true;
                let can_fail = meta != Meta::KeyBytes;
                (meta, self.scope.key.data_type(), false, can_fail)
            }
            "_timestamp" => {
                self.uses.timestamp = true;
                (Meta::Timestamp, Type::Timestamp, true, false)
            }
            "_topic" => (Meta::Topic, Type::Text, true, false),
            "_partition" => (Meta::Partition, Type::Int64, true, false),
            "_offset" => (Meta::Offset, Type::Int64, true, false),
            // A late record, whose key has no window, has those that it missed as columns.
            "_window_start" | "_window_end" if !self.scope.windowed && self.scope.schema.find(name).is_some() => {
                return None;
            }
            "_window_start" => (Meta::WindowStart, Type::Timestamp, true, false),
            "_window_end" => (Meta::WindowEnd, Type::Timestamp, true, false),
            "_headers" => {
                self.problem(span.clone(), "headers are read one by one", "name one: _headers['name']");
                return Some(None);
            }
            _ => return None,
        };
        self.uses.origin |= matches!(meta, Meta::Topic | Meta::Partition | Meta::Offset);
        if matches!(meta, Meta::WindowStart | Meta::WindowEnd) {
            if !self.scope.windowed {
                let remedy = "keys have a window only behind a window node".to_string();
                self.problem(span.clone(), format!("there is no `{name}` here"), remedy);
                return Some(None);
            }
            self.uses.window = true;
        }
        Some(Some(Node { op: Op::Meta(meta), data, required, can_fail, span: span.clone() }))
    }

    /// `account.tier`, any number of fields deep.
    pub(super) fn path(&mut self, idents: &[ast::Ident]) -> Option<Node> {
        let (first, fields) = idents.split_first()?;
        let mut node = self.name(first)?;
        for field in fields {
            let span = self.ident_span(field);
            node = self.field(node, &field.value, span)?;
        }
        Some(node)
    }

    /// `account['tier']`, `list[1]`, `_headers['name']`, `(…).field`, in any chain.
    pub(super) fn access(&mut self, root: &ast::Expr, chain: &[ast::AccessExpr]) -> Option<Node> {
        if let (ast::Expr::Identifier(ident), Some((first, rest))) = (root, chain.split_first())
            && ident.value == "_headers"
        {
            let mut node = self.header(ident, first)?;
            for access in rest {
                node = self.step(node, access)?;
            }
            return Some(node);
        }
        let mut node = self.check(root)?;
        for access in chain {
            node = self.step(node, access)?;
        }
        Some(node)
    }

    fn header(&mut self, ident: &ast::Ident, access: &ast::AccessExpr) -> Option<Node> {
        let span = self.source.closed(join(&self.ident_span(ident), &self.access_span(access)));
        let name = match access {
            ast::AccessExpr::Dot(ast::Expr::Identifier(name)) => name.value.clone(),
            ast::AccessExpr::Subscript(ast::Subscript::Index { index: ast::Expr::Value(value) }) => {
                value.value.clone().into_string().unwrap_or_default()
            }
            _ => String::new(),
        };
        if name.is_empty() {
            self.problem(span, "a header is read by its name", "write _headers['name']");
            return None;
        }
        self.uses.headers = true;
        Some(Node { op: Op::Meta(Meta::Header(name)), data: Type::Text, required: false, can_fail: true, span })
    }

    fn access_span(&self, access: &ast::AccessExpr) -> Range<usize> {
        match access {
            ast::AccessExpr::Dot(expr) | ast::AccessExpr::Subscript(ast::Subscript::Index { index: expr }) => {
                self.span_of(expr)
            }
            ast::AccessExpr::Subscript(_) => 0..self.source.text.len(),
        }
    }

    fn step(&mut self, of: Node, access: &ast::AccessExpr) -> Option<Node> {
        match access {
            ast::AccessExpr::Dot(ast::Expr::Identifier(name)) => {
                let span = self.ident_span(name);
                self.field(of, &name.value, span)
            }
            ast::AccessExpr::Subscript(ast::Subscript::Index { index }) => {
                let index = self.check(index)?;
                let span = self.source.closed(join(&of.span, &index.span));
                match &of.data {
                    Type::Struct(_) => {
                        let inner = index.span.clone();
                        self.field_by_text(of, &index, inner)
                    }
                    Type::List(_) => self.item(of, index, span),
                    other => {
                        let message = format!("{other} has no parts");
                        let remedy = no_parts(other);
                        self.problem(span, message, remedy);
                        None
                    }
                }
            }
            other => {
                let span = join(&of.span, &self.access_span(other));
                self.problem(span, "this way of access is not there", "use .field, ['field'] or [1]");
                None
            }
        }
    }

    fn field_by_text(&mut self, of: Node, index: &Node, span: Range<usize>) -> Option<Node> {
        match index.as_constant() {
            Some(name) if index.data == Type::Text && index.required => {
                let name = name.as_string_view().value(0).to_string();
                let node = self.field(of, &name, span)?;
                let closed = self.source.closed(node.span.clone());
                Some(Node { span: closed, ..node })
            }
            _ => {
                self.problem(span, "a struct's field is named by a text", "write ['field'] or .field");
                None
            }
        }
    }

    fn field(&mut self, of: Node, name: &str, span: Range<usize>) -> Option<Node> {
        let Type::Struct(columns) = &of.data else {
            let remedy = no_parts(&of.data);
            self.problem(join(&of.span, &span), format!("{} has no fields", of.data), remedy);
            return None;
        };
        let Some((place, column)) = columns.iter().enumerate().find(|(_, column)| column.name == name) else {
            let remedy = suggestion(name, columns);
            self.problem(span, format!("there is no field `{name}`"), remedy);
            return None;
        };
        let (data, required) = (column.data.clone(), column.required && of.required);
        let (can_fail, span) = (of.can_fail, join(&of.span, &span));
        self.finish(Node { op: Op::Field(Box::new(of), place), data, required, can_fail, span })
    }

    fn item(&mut self, of: Node, index: Node, span: Range<usize>) -> Option<Node> {
        let Type::List(slot) = &of.data else { return None };
        let data = slot.data.clone();
        if index.data != Type::Int64 && !index.is_untyped() {
            self.problem(
                index.span.clone(),
                format!("an item is counted by int64, not {}", index.data),
                "write [1] for the first",
            );
            return None;
        }
        let index = self.convert(index, &Type::Int64)?;
        let node = self.strict(list::item, vec![of, index], data, false, span)?;
        Some(Node { required: false, ..node })
    }
}

fn no_parts(data: &Type) -> &'static str {
    match data {
        Type::Text => "`->` and `->>` reach into text that holds JSON",
        _ => "use the value as a whole",
    }
}
