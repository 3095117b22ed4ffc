//! Computes new columns from each record.
//!
//! `columns` names the columns that leave, in this order, and the expression of each. With `"keep": true` the columns of
//! the input go on too: a new column replaces one of the same name in its place, and the others follow behind.
//!
//! All expressions read the record as it came: a column that is replaced is seen with its old value by the others. A
//! record for which an expression fails leaves by `errors`, whole. Columns that nothing behind uses are not computed,
//! and so cannot fail. Key, timestamp, headers and order stay as they are.
//!
//! - **Tombstones** stay tombstones, whatever the expressions say; nothing fails for them.
//! - **Changes** stay changes, as Kafka Streams' `KTable.mapValues` has it.
//! - **Back-pressure**: takes nothing while what follows is full.

use schemars::JsonSchema;
use serde::Deserialize;

use super::page::page;
use super::rows::{nulled, place_of, without};
use super::*;
use crate::fields::ExprMap;

/// Config of `map`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Map {
    /// Names of the columns that leave, and the expression of each.
    columns: ExprMap,
    /// Whether the other columns of the input go on too.
    #[serde(default)]
    keep: bool,
}

/// `map`
pub(super) static OPERATOR: Operator = Operator {
    name: "map",
    summary: "Computes new columns from each record",
    help: page!("map.rs"),
    role: Role::Flow,
    family: Family::Flows,
    icon: "function",
    scope: Scope::Record,
    value: ValueRole::Made,
    form: Form::of::<Map>,
    configure: configure::<Map>,
    examples: EXAMPLES,
};

impl Shape for Map {
    fn ports(&self) -> Ports {
        Ports::flow(["out"]).failing()
    }

    fn output(&self, inputs: &[Option<Stream>], report: &mut Report) -> Vec<Option<Stream>> {
        if self.columns.is_empty() {
            report.error("columns", "no columns: nothing would leave", "name at least one column and its expression");
        }
        let [Some(input)] = inputs else { return vec![None] };
        let mut gaps = Gaps::default();
        let mut columns = if self.keep { input.schema.columns.clone() } else { Vec::new() };
        for (name, text) in self.columns.iter() {
            let field = format!("columns.{name}");
            report.check_column(&field, name);
            let Some(expr) = report.compile(&field, text.as_str(), input) else {
                columns.retain(|known| known.name != name);
                gaps.columns = true;
                continue;
            };
            let column = Column { name: name.into(), data: expr.data_type().clone(), required: expr.is_required() };
            match columns.iter_mut().find(|known| known.name == name) {
                Some(known) => *known = column,
                None => columns.push(column),
            }
        }
        // What does not go on is not missed.
        let known = Stream { gaps: Gaps { columns: input.gaps.columns && self.keep, ..input.gaps }, ..input.clone() };
        vec![Some(known.with_schema(Arc::new(Schema::new(columns))).with_gaps(gaps))]
    }

    fn needs(&self, _: usize, inputs: &[Stream], wanted: &[Wanted]) -> Wanted {
        let wanted = Wanted::union(wanted);
        let used: Vec<&str> =
            self.columns.iter().filter(|(name, _)| wanted.has(name)).map(|(_, text)| text.as_str()).collect();
        let kept = Wanted {
            all: wanted.all && self.keep,
            columns: wanted.columns.into_iter().filter(|name| self.keep && self.columns.get(name).is_none()).collect(),
            payload: wanted.payload,
        };
        kept.reading(&used, inputs)
    }

    fn build(&self, site: &Site<'_>) -> Result<Body, Fault> {
        let (input, output) = (site.input(0)?, site.output(0)?);
        let maker = |column: &Column| match self.columns.get(&column.name) {
            None => place_of(&input.schema, &column.name).map(Maker::Kept),
            Some(text) => {
                let field = format!("columns.{}", column.name);
                compile_checked(&field, text.as_str(), input).map(|expr| Maker::Made(field, expr))
            }
        };
        let makers = output.schema.columns.iter().map(maker).collect::<Result<_, _>>()?;
        Ok(Body::Flow(Box::new(Running { makers, schema: output.schema.clone() })))
    }
}

struct Running {
    makers: Vec<Maker>,
    schema: Arc<Schema>,
}

/// Where a column comes from.
enum Maker {
    /// it is the input's, at this place
    Kept(usize),
    /// the field of the config, and its expression
    Made(String, Expr),
}

impl Flow for Running {
    fn process(&mut self, _: usize, batch: Batch, out: &mut Outbox) -> Result<(), Fault> {
        let mut failures = Vec::new();
        let mut columns = Vec::with_capacity(self.makers.len());
        for maker in &self.makers {
            columns.push(match maker {
                Maker::Kept(place) => batch.columns[*place].clone(),
                Maker::Made(field, expr) => {
                    let evaluated = expr.evaluate(&batch);
                    let reasons = evaluated.failures.into_iter().filter(|failure| !batch.is_tombstone(failure.row));
                    failures.extend(reasons.map(|failure| (failure.row, Reason::of(field, failure))));
                    evaluated.values
                }
            });
        }
        if let Some(tombstones) = &batch.tombstones {
            columns = nulled(&columns, tombstones)?;
        }
        let mapped = without(batch.clone().with_columns(self.schema.clone(), columns), &failures)?;
        out.fail_rows(&batch, failures)?;
        out.emit(0, mapped);
        Ok(())
    }
}

const EXAMPLES: &[Example] = &[
    Example {
        title: "New columns in place of the old",
        config: r#"{ "columns": { "symbol": "upper(symbol)", "notional": "price * qty" } }"#,
        inputs: r#"{ "in": { "schema": { "symbol": "text", "price": "float64", "qty": "int64" } } }"#,
        script: r#"{"node":"in","ts":1,"key":"k","value":{"symbol":"abc","price":2.5,"qty":4}}"#,
        expect: r#"{"port":"out","ts":1,"key":"k","value":{"symbol":"ABC","notional":10.0}}"#,
    },
    Example {
        title: "With `keep`, a new column replaces its namesake and the others go on",
        config: r#"{ "columns": { "b": "a + b", "c": "a" }, "keep": true }"#,
        inputs: r#"{ "in": { "schema": { "a": "int64", "b": "int64" } } }"#,
        script: r#"
            {"node":"in","ts":1,"key":"k","value":{"a":1,"b":2}}
            {"node":"in","ts":2,"key":"k","value":null}"#,
        expect: r#"
            {"port":"out","ts":1,"key":"k","value":{"a":1,"b":3,"c":1}}
            {"port":"out","ts":2,"key":"k","value":null}"#,
    },
    Example {
        title: "A record that fails leaves by `errors`",
        config: r#"{ "columns": { "share": "100 / n" } }"#,
        inputs: r#"{ "in": { "schema": { "n": "int64" } } }"#,
        script: r#"
            {"node":"in","ts":1,"key":"a","value":{"n":0}}
            {"node":"in","ts":2,"key":"b","value":{"n":4}}"#,
        expect: r#"
            {"port":"errors","ts":1,"key":"a","value":{"node":"self","reason":"division by zero","field":"columns.share","span_start":0,"span_end":7}}
            {"port":"out","ts":2,"key":"b","value":{"share":25}}"#,
    },
];

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, records};
    use super::*;

    #[test]
    fn a_plain_column_is_shared_not_copied() {
        let input = records(r#"{ "a": "int64" }"#);
        let mut bench = Bench::new(&OPERATOR, serde_json::json!({ "columns": { "b": "a" } }), &[input]);
        let batch = bench.batch(&[("k", r#"{"a":1}"#)]);
        let column = batch.columns[0].clone();
        bench.process(batch);
        assert!(Arc::ptr_eq(&bench.emitted(0)[0].columns[0], &column));
    }

    #[test]
    fn a_tombstone_stays_one_and_never_fails() {
        let input = records(r#"{ "a": "int64!" }"#);
        let config = serde_json::json!({ "columns": { "one": "1", "b": "CASE WHEN a IS NULL THEN 1 / 0 ELSE a END" } });
        let mut bench = Bench::new(&OPERATOR, config, &[input]);
        bench.send(&[("k", "null"), ("l", r#"{"a":5}"#)]);
        assert_eq!(bench.values(0), ["null", r#"{"one":1,"b":5}"#]);
        assert!(bench.failed().is_empty());
    }

    #[test]
    fn asks_only_for_what_its_wanted_columns_read() {
        let input = records(r#"{ "a": "int64", "b": "int64", "c": "int64" }"#);
        let config = serde_json::json!({ "columns": { "x": "a", "y": "b" }, "keep": true });
        let shape = (OPERATOR.configure)(config).unwrap();
        for (wanted, all, columns) in [
            (Wanted { columns: ["x".to_string()].into(), ..Wanted::default() }, false, vec!["a"]),
            (Wanted { columns: ["c".to_string()].into(), ..Wanted::default() }, false, vec!["c"]),
            (Wanted::all(), true, vec!["a", "b"]),
        ] {
            let needs = shape.needs(0, std::slice::from_ref(&input), &[wanted, Wanted::default()]);
            assert_eq!((needs.all, needs.columns.iter().map(String::as_str).collect::<Vec<_>>()), (all, columns));
        }
    }
}
