//! What shapes report to the checker, and what they check alike: expressions, keys, formats, times, names.

use super::Names;
use crate::aggregate::Aggregates;
use crate::codec::ValueFormat;
use crate::expr::{Expr, ExprProblem, METADATA};
use crate::fields::{ExprMap, PathText, Time};
use crate::problem::{Fault, Fix, Place, Problem, Remedy, Severity};
use crate::types::{Gaps, KeyFormat, Schema, Stream, Type};

/// Collects the problems of one node.
#[derive(Debug, Default)]
pub struct Report {
    node: String,
    problems: Vec<Problem>,
    /// fields that were told of already
    told: Vec<String>,
    /// what may hang on them
    gaps: Gaps,
}

impl Report {
    /// A report on a node.
    pub fn new(node: impl Into<String>) -> Report {
        Report { node: node.into(), ..Report::default() }
    }

    /// The same report, where something else stands in the config for fields that were told of: nothing more is said of
    /// them, nor of what may hang on them, and their expressions have no value.
    pub fn told(self, fields: &[String], gaps: Gaps) -> Report {
        Report { told: fields.to_vec(), gaps, ..self }
    }

    /// Whether a field, or something within it or around it, was told of.
    fn was_told(&self, field: &str) -> bool {
        let is_within = |one: &str, other: &str| {
            one.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.told.iter().any(|told| is_within(field, told) || is_within(told, field))
    }

    /// A problem with a field of the config.
    pub fn error(&mut self, field: &str, message: impl Into<String>, remedy: impl Into<Remedy>) {
        if !self.was_told(field) {
            let place = Place::node(&self.node).at_field(field);
            self.problems.push(Problem::error(place, message).remedy(remedy));
        }
    }

    /// Something else that is wrong with the node.
    pub fn push(&mut self, severity: Severity, port: Option<&str>, message: impl Into<String>, remedy: &str) {
        let place = Place { node: Some(self.node.clone()), port: port.map(Into::into), ..Place::default() };
        self.problems.push(Problem { severity, place, message: message.into(), remedy: remedy.into(), fix: None });
    }

    /// Compiles an expression of a field, reporting what is wrong with it. None where it is wrong, or hangs on something that
    /// is broken.
    pub fn compile(&mut self, field: &str, text: &str, stream: &Stream) -> Option<Expr> {
        if self.was_told(field) {
            return None;
        }
        match Expr::compile(text, &Names::from(stream)) {
            Ok(expr) => Some(expr),
            Err(problems) => {
                problems.into_iter().for_each(|problem| self.expression(field, problem));
                None
            }
        }
    }

    fn expression(&mut self, field: &str, problem: ExprProblem) {
        if self.was_told(field) {
            return;
        }
        self.problems.push(Problem {
            severity: Severity::Error,
            place: Place::node(&self.node).at_field(field).at_span(problem.span),
            message: problem.message,
            remedy: problem.remedy.text,
            fix: problem.remedy.fix,
        });
    }

    /// Compiles an expression that must give a type.
    pub fn compile_as(&mut self, field: &str, text: &str, stream: &Stream, data_type: &Type) -> Option<Expr> {
        let expr = self.compile(field, text, stream)?;
        if expr.data_type() == data_type {
            return Some(expr);
        }
        let place = Place::node(&self.node).at_field(field).at_span(0..text.len());
        let remedy = match data_type {
            Type::Bool => Remedy::from("compare it with something, such as … > 0"),
            other => {
                let cast = format!("CAST({text} AS {other})");
                Remedy::from(cast.clone()).by(Fix::Write(cast))
            }
        };
        let message = format!("this must be {data_type}, and it is {}", expr.data_type());
        self.problems.push(Problem::error(place, message).remedy(remedy));
        None
    }

    /// Compiles the aggregates of a field; those that are wrong are reported and left out.
    pub(super) fn compile_aggregates(
        &mut self,
        field: &str,
        aggregates: &ExprMap,
        stream: &Stream,
    ) -> Option<Aggregates> {
        let names = Names::from(stream);
        let told: Vec<&str> = aggregates.names().filter(|name| self.was_told(&format!("{field}.{name}"))).collect();
        let known = without(aggregates, &told);
        let wrong = match Aggregates::compile(&known, &names) {
            Ok(compiled) => return Some(compiled),
            Err(wrong) => wrong,
        };
        let lost: Vec<&str> = wrong.iter().map(|(name, _)| name.as_str()).collect();
        let right = Aggregates::compile(&without(&known, &lost), &names).ok();
        for (name, problems) in wrong {
            problems.into_iter().for_each(|problem| self.expression(&format!("{field}.{name}"), problem));
        }
        right
    }

    /// A key of this type can be written in this format.
    pub(super) fn check_key(&mut self, field: &str, found: &Type, format: KeyFormat) {
        if self.was_told("key_format") {
            return;
        }
        let (word, takes, remedy) = match (format, found) {
            (KeyFormat::Json, _)
            | (KeyFormat::Text, Type::Text)
            | (KeyFormat::Bytes, Type::Bytes | Type::Text)
            | (KeyFormat::Int32 | KeyFormat::Int64, Type::Int64) => return,
            (KeyFormat::Text, Type::Int64) => ("text", "text", "set key_format to `int64`, or CAST it AS text"),
            (KeyFormat::Text, _) => ("text", "text", "set key_format to `json`, or CAST it AS text"),
            (KeyFormat::Bytes, _) => ("bytes", "bytes or text", "set key_format to `json`"),
            (KeyFormat::Int32, _) => ("int32", "int64", "CAST it AS int64, or set key_format to `json`"),
            (KeyFormat::Int64, _) => ("int64", "int64", "CAST it AS int64, or set key_format to `json`"),
        };
        self.error(field, format!("a key of format {word} is written from {takes}, and this is {found}"), remedy);
    }

    /// Values of this stream can be written in this format.
    pub(super) fn check_writable(&mut self, field: &str, format: &ValueFormat, stream: &Stream) {
        let data = match format {
            ValueFormat::Json(_) => return,
            ValueFormat::Text => Type::Text,
            ValueFormat::Bytes => Type::Bytes,
        };
        let is_right = match stream.schema.find("value") {
            Some((_, column)) => column.data == data,
            None => stream.gaps.columns,
        };
        if !is_right {
            let remedy = format!("make it with a map: {{\"value\": …}}, or write {}", ValueFormat::default());
            self.error(field, format!("{format} is written from a column `value` of type {data}"), remedy);
        }
    }

    /// A schema stands only where values have one, and names no metadata.
    pub(super) fn check_readable(&mut self, format: &ValueFormat, schema: Option<&Schema>) {
        let Some(schema) = schema else { return };
        if !matches!(format, ValueFormat::Json(_)) {
            let remedy = format!("take the schema away: {format} is one column, `value`");
            self.error("schema", "only JSON has a schema", remedy);
        }
        schema.columns.iter().for_each(|column| self.check_column(&format!("schema.{}", column.name), &column.name));
    }

    /// A column does not hide behind metadata of its name.
    pub(super) fn check_column(&mut self, field: &str, name: &str) {
        if METADATA.contains(&name) {
            let remedy = "give it another name: expressions take this one for the metadata";
            self.error(field, format!("`{name}` is the name of metadata"), remedy);
        }
    }

    /// A time that is a column is one that says when.
    pub(super) fn check_time(&mut self, time: &Time, schema: &Schema) {
        let Time::Column(name) = time else { return };
        match schema.find(name.as_str()).map(|(_, column)| &column.data) {
            Some(Type::Timestamp | Type::Int64) => {}
            Some(other) => self.error(
                "time.column",
                format!("`{name}` is {other}, and a time is a timestamp or an int64 in milliseconds"),
                "declare it as timestamp: text is read as RFC 3339",
            ),
            None if self.gaps.columns => {}
            None => self.error("time.column", format!("there is no column `{name}`"), "declare it in the schema"),
        }
    }

    /// A path is not empty.
    pub(super) fn check_path(&mut self, field: &str, path: &PathText) {
        if path.as_str().is_empty() {
            self.error(field, "the path is empty", "name a file");
        }
    }

    /// What was found.
    pub fn finish(self) -> Vec<Problem> {
        self.problems
    }
}

/// Compiles an expression that the checker has accepted.
///
/// # Errors
/// A defect of ours: the checker should have refused it.
pub fn compile_checked(field: &str, text: &str, stream: &Stream) -> Result<Expr, Fault> {
    Expr::compile(text, &Names::from(stream)).map_err(|problems| {
        let why = problems.first().map(|problem| problem.message.clone()).unwrap_or_default();
        Fault::ours(format!("{field} was checked and does not compile: {why}"))
    })
}

fn without(aggregates: &ExprMap, names: &[&str]) -> ExprMap {
    let kept = aggregates.iter().filter(|(name, _)| !names.contains(name));
    ExprMap::from_iter(kept.map(|(name, text)| (name.to_string(), text.clone())))
}

/// A column's name as an expression.
pub(super) fn quoted(column: &str) -> String {
    format!("\"{}\"", column.replace('"', "\"\""))
}

/// The cluster of nodes that name none.
pub(super) fn default_cluster() -> String {
    "default".into()
}

/// Whether a text may be the name of a port.
pub(super) fn is_port_name(name: &str) -> bool {
    let is_tail = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    name.len() <= 20 && name.starts_with(|first: char| first.is_ascii_lowercase()) && name.bytes().all(is_tail)
}
