//! Gives each record a new key.
//!
//! The key is one expression (`key`), or one or several columns (`columns`). `key_format` says how it is written as bytes:
//! one text as `text`, one int64 as `int64` or `int32` (as Java's serializers write them), bytes as `bytes`, anything as
//! `json`. Several columns make a JSON array, whose format is `json`. A key that is null gives a record without a key.
//!
//! What follows that groups by key (a window, a join, `scan`) has the records exchanged between lanes by the new key. A
//! record whose key cannot be computed or written (out of range for `int32`) leaves by `errors`. Value, timestamp, headers
//! and order stay as they are.
//!
//! - **Tombstones**: all columns are null to the expression; `_key` is the key that came.
//! - **Changes** become records: the new key of a change is not that of the row it replaces.
//! - **Back-pressure**: takes nothing while what follows is full.

use schemars::JsonSchema;
use serde::Deserialize;

use super::page::page;
use super::rows::{Selection, without};
use super::*;
use crate::codec::encode_keys;
use crate::fields::{ColumnName, ExprText};

/// Config of `key-by`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct KeyBy {
    /// The new key: an expression. Either this or `columns`.
    key: Option<ExprText>,
    /// Columns that make the new key. Either these or `key`.
    columns: Option<Vec<ColumnName>>,
    /// How the key is written as bytes. Absent: `text`, or `json` where there are several columns.
    key_format: Option<KeyFormat>,
}

/// `key-by`
pub(super) static OPERATOR: Operator = Operator {
    name: "key-by",
    summary: "Gives each record a new key",
    help: page!("key_by.rs"),
    role: Role::Flow,
    family: Family::Flows,
    icon: "key",
    scope: Scope::Record,
    value: ValueRole::Kept,
    form: Form::of::<KeyBy>,
    configure: configure::<KeyBy>,
    examples: EXAMPLES,
};

impl Shape for KeyBy {
    fn ports(&self) -> Ports {
        Ports { inputs: vec![InputPort::any("in").only(Carries::Records)], ..Ports::flow(["out"]).failing().keying() }
    }

    fn output(&self, inputs: &[Option<Stream>], report: &mut Report) -> Vec<Option<Stream>> {
        let parts = self.parts();
        match (&self.key, &self.columns) {
            (Some(_), Some(_)) => {
                report.error("columns", "`key` and `columns` are both given", "take one of them away")
            }
            _ if parts.is_empty() => report.error("key", "there is no key", "give `key` or `columns`"),
            _ => {}
        }
        let format = self.format(parts.len());
        if parts.len() > 1 && format != KeyFormat::Json {
            report.error(
                "key_format",
                "several columns make a JSON array",
                "set key_format to `json`, or leave it out",
            );
        }
        let [Some(input)] = inputs else { return vec![None] };
        for (field, text) in &parts {
            if let Some(expr) = report.compile(field, text, input) {
                report.check_key(field, expr.data_type(), format);
            }
        }
        let gaps = Gaps { key: false, ..input.gaps };
        vec![Some(Stream { key: format, carries: Carries::Records, windowed: false, gaps, ..input.clone() })]
    }

    fn needs(&self, _: usize, inputs: &[Stream], wanted: &[Wanted]) -> Wanted {
        let parts = self.parts();
        let texts: Vec<&str> = parts.iter().map(|(_, text)| text.as_str()).collect();
        Wanted::union(wanted).reading(&texts, inputs)
    }

    fn build(&self, site: &Site<'_>) -> Result<Body, Fault> {
        let (input, output) = (site.input(0)?, site.output(0)?);
        let compile = |(field, text): (String, String)| Ok((compile_checked(&field, &text, input)?, field));
        Ok(Body::Flow(Box::new(Running {
            parts: self.parts().into_iter().map(compile).collect::<Result<_, Fault>>()?,
            format: output.key,
            selection: Selection::new(input, output)?,
        })))
    }
}

impl KeyBy {
    /// Fields of the config and the expressions that make the key.
    fn parts(&self) -> Vec<(String, String)> {
        match (&self.key, &self.columns) {
            (Some(key), _) => vec![("key".into(), key.0.clone())],
            (None, Some(columns)) => columns
                .iter()
                .enumerate()
                .map(|(place, column)| (format!("columns[{place}]"), quoted(column.as_str())))
                .collect(),
            (None, None) => Vec::new(),
        }
    }

    fn format(&self, parts: usize) -> KeyFormat {
        self.key_format.unwrap_or(if parts > 1 { KeyFormat::Json } else { KeyFormat::Text })
    }
}

struct Running {
    parts: Vec<(Expr, String)>,
    format: KeyFormat,
    selection: Selection,
}

impl Flow for Running {
    fn process(&mut self, _: usize, batch: Batch, out: &mut Outbox) -> Result<(), Fault> {
        let mut failures = Vec::new();
        let mut columns = Vec::with_capacity(self.parts.len());
        for (expr, field) in &self.parts {
            let evaluated = expr.evaluate(&batch);
            failures.extend(evaluated.failures.into_iter().map(|failure| (failure.row, Reason::of(field, failure))));
            columns.push(evaluated.values);
        }
        let (keys, refused) = encode_keys(&columns, self.format);
        failures.extend(refused.into_iter().map(|failure| (failure.row, Reason::new(failure.reason))));
        let keyed = self.selection.apply(Batch { keys, windows: None, ..batch.clone() });
        out.emit(0, without(keyed, &failures)?);
        out.fail_rows(&batch, failures)
    }
}

const EXAMPLES: &[Example] = &[
    Example {
        title: "The key is an expression",
        config: r#"{ "key": "lower(symbol)" }"#,
        inputs: r#"{ "in": { "schema": { "symbol": "text", "n": "int64" } } }"#,
        script: r#"
            {"node":"in","ts":1,"key":"x","value":{"symbol":"ABC","n":1}}
            {"node":"in","ts":2,"key":"y","value":{"symbol":null,"n":2}}"#,
        expect: r#"
            {"port":"out","ts":1,"key":"abc","value":{"symbol":"ABC","n":1}}
            {"port":"out","ts":2,"key":null,"value":{"symbol":null,"n":2}}"#,
    },
    Example {
        title: "Several columns make a JSON array",
        config: r#"{ "columns": ["country", "year"] }"#,
        inputs: r#"{ "in": { "schema": { "country": "text", "year": "int64" } } }"#,
        script: r#"{"node":"in","ts":1,"key":null,"value":{"country":"PT","year":2024}}"#,
        expect: r#"{"port":"out","ts":1,"key":["PT",2024],"value":{"country":"PT","year":2024}}"#,
    },
    Example {
        title: "A number as Java's IntegerSerializer writes it; one that is too large leaves by `errors`",
        config: r#"{ "key": "n", "key_format": "int32" }"#,
        inputs: r#"{ "in": { "schema": { "n": "int64" } } }"#,
        script: r#"{"node":"in","ts":1,"key":"a","value":{"n":7}}"#,
        expect: r#"{"port":"out","ts":1,"key":7,"value":{"n":7}}"#,
    },
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{Bench, records};
    use super::*;

    #[test]
    fn a_key_that_does_not_fit_fails_alone() {
        let input = records(r#"{ "n": "int64" }"#);
        let mut bench = Bench::new(&OPERATOR, json!({ "key": "n", "key_format": "int32" }), &[input]);
        bench.send(&[("a", r#"{"n":1}"#), ("b", r#"{"n":3000000000}"#), ("c", r#"{"n":null}"#)]);
        let batch = &bench.emitted(0)[0];
        assert_eq!((batch.keys.value(0), batch.rows), (&[0, 0, 0, 1][..], 2));
        assert!(arrow_array::Array::is_null(&batch.keys, 1));
        assert_eq!(bench.failed()[0].0, "b");
    }

    #[test]
    fn a_wrong_config_is_told() {
        let input = records(r#"{ "n": "int64", "Big Name": "text" }"#);
        for (config, message) in [
            (json!({}), "there is no key"),
            (json!({ "key": "n", "columns": ["n"] }), "`key` and `columns` are both given"),
            (json!({ "columns": ["n", "n"], "key_format": "text" }), "several columns make a JSON array"),
            (json!({ "key": "n" }), "a key of format text is written from text, and this is int64"),
        ] {
            let mut report = Report::new("n");
            (OPERATOR.configure)(config).unwrap().output(&[Some(input.clone())], &mut report);
            assert_eq!(report.finish()[0].message, message);
        }
        let mut report = Report::new("n");
        (OPERATOR.configure)(json!({ "columns": ["Big Name"] })).unwrap().output(&[Some(input)], &mut report);
        assert_eq!(report.finish(), []);
    }
}
