//! Lets records pass for which a condition is true.
//!
//! A record for which it is false or null is left out; one for which it fails (a division by zero) leaves by `errors`.
//! Order, keys and bytes stay as they are, so that a sink of the same format passes the bytes on untouched.
//!
//! - **Tombstones among records**: all columns are null to the condition, as Kafka Streams' `KStream.filter` has it.
//!   `side = 'buy'` drops a tombstone, `side IS NULL` lets it pass.
//! - **Changes**: as a `KTable.filter`. A key whose new value does not match gets a tombstone, so that what follows
//!   forgets it; tombstones pass.
//! - **Back-pressure**: takes nothing while what follows is full.

use arrow_array::BooleanArray;
use schemars::JsonSchema;
use serde::Deserialize;

use super::page::page;
use super::rows::{Selection, arrow_fault, entomb};
use super::*;
use crate::fields::ExprText;

/// Config of `filter`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Filter {
    /// Which records pass: an expression that is true or false.
    condition: ExprText,
}

/// `filter`
pub(super) static OPERATOR: Operator = Operator {
    name: "filter",
    summary: "Lets records pass for which a condition is true",
    help: page!("filter.rs"),
    role: Role::Flow,
    family: Family::Flows,
    icon: "funnel",
    scope: Scope::Record,
    value: ValueRole::Kept,
    form: Form::of::<Filter>,
    configure: configure::<Filter>,
    examples: EXAMPLES,
};

impl Shape for Filter {
    fn ports(&self) -> Ports {
        Ports::flow(["out"]).failing()
    }

    fn output(&self, inputs: &[Option<Stream>], report: &mut Report) -> Vec<Option<Stream>> {
        if let [Some(stream)] = inputs {
            report.compile_as("condition", self.condition.as_str(), stream, &Type::Bool);
        }
        inputs.to_vec()
    }

    fn needs(&self, _: usize, inputs: &[Stream], wanted: &[Wanted]) -> Wanted {
        Wanted::union(wanted).reading(&[self.condition.as_str()], inputs)
    }

    fn build(&self, site: &Site<'_>) -> Result<Body, Fault> {
        let (input, output) = (site.input(0)?, site.output(0)?);
        Ok(Body::Flow(Box::new(Running {
            condition: compile_checked("condition", self.condition.as_str(), input)?,
            selection: Selection::new(input, output)?,
            carries: input.carries,
        })))
    }
}

struct Running {
    condition: Expr,
    selection: Selection,
    carries: Carries,
}

impl Flow for Running {
    fn process(&mut self, _: usize, batch: Batch, out: &mut Outbox) -> Result<(), Fault> {
        let (keep, mut failures) = self.condition.evaluate_predicate(&batch);
        let passing = match self.carries {
            Carries::Records => self.selection.apply(batch.clone()).filter(&keep).map_err(arrow_fault)?,
            Carries::Changes => {
                failures.retain(|failure| !batch.is_tombstone(failure.row));
                let changed = entomb(self.selection.apply(batch.clone()), &!keep.values())?;
                let mut valid = vec![true; batch.rows];
                failures.iter().for_each(|failure| valid[failure.row] = false);
                changed.filter(&BooleanArray::from(valid)).map_err(arrow_fault)?
            }
        };
        out.fail(&batch, "condition", failures)?;
        out.emit(0, passing);
        Ok(())
    }
}

const EXAMPLES: &[Example] = &[
    Example {
        title: "Large purchases only; a price that is not known does not pass",
        config: r#"{ "condition": "price > 100 AND side = 'buy'" }"#,
        inputs: r#"{ "in": { "schema": { "price": "float64", "side": "text" } } }"#,
        script: r#"
            {"node":"in","ts":1,"key":"a","value":{"price":150.5,"side":"buy"}}
            {"node":"in","ts":2,"key":"b","value":{"price":150.5,"side":"sell"}}
            {"node":"in","ts":3,"key":"c","value":{"price":null,"side":"buy"}}
            {"node":"in","ts":4,"key":"d","value":{"price":100.5,"side":"buy"}}"#,
        expect: r#"
            {"port":"out","ts":1,"key":"a","value":{"price":150.5,"side":"buy"}}
            {"port":"out","ts":4,"key":"d","value":{"price":100.5,"side":"buy"}}"#,
    },
    Example {
        title: "A record for which the condition fails leaves by `errors`, and no other with it",
        config: r#"{ "condition": "100 / qty > 10" }"#,
        inputs: r#"{ "in": { "schema": { "qty": "int64" } } }"#,
        script: r#"
            {"node":"in","ts":1,"key":"a","value":{"qty":5}}
            {"node":"in","ts":2,"key":"b","value":{"qty":0}}
            {"node":"in","ts":3,"key":"c","value":{"qty":4}}"#,
        expect: r#"
            {"port":"out","ts":1,"key":"a","value":{"qty":5}}
            {"port":"errors","ts":2,"key":"b","value":{"node":"self","reason":"division by zero","field":"condition","span_start":0,"span_end":9}}
            {"port":"out","ts":3,"key":"c","value":{"qty":4}}"#,
    },
    Example {
        title: "Of changes, a row that stops matching becomes a tombstone",
        config: r#"{ "condition": "total > 10" }"#,
        inputs: r#"{ "in": { "schema": { "total": "int64" }, "carries": "changes" } }"#,
        script: r#"
            {"node":"in","ts":1,"key":"a","value":{"total":11}}
            {"node":"in","ts":2,"key":"a","value":{"total":9}}
            {"node":"in","ts":3,"key":"a","value":null}"#,
        expect: r#"
            {"port":"out","ts":1,"key":"a","value":{"total":11}}
            {"port":"out","ts":2,"key":"a","value":null}
            {"port":"out","ts":3,"key":"a","value":null}"#,
    },
];

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, changes, records};
    use super::*;

    #[test]
    fn a_tombstone_among_records_is_a_row_of_nulls_to_the_condition() {
        let input = records(r#"{ "side": "text" }"#);
        let rows = [("a", r#"{"side":"buy"}"#), ("b", "null"), ("c", r#"{"side":null}"#)];
        for (condition, passing) in [("side = 'buy'", vec!["a"]), ("side IS NULL", vec!["b", "c"])] {
            let mut bench =
                Bench::new(&OPERATOR, serde_json::json!({ "condition": condition }), std::slice::from_ref(&input));
            bench.send(&rows);
            assert_eq!(bench.keys(0), passing, "{condition}");
        }
    }

    #[test]
    fn a_change_that_fails_is_no_tombstone() {
        let input = changes(r#"{ "n": "int64" }"#);
        let mut bench = Bench::new(&OPERATOR, serde_json::json!({ "condition": "1 / n > 0" }), &[input]);
        bench.send(&[("a", r#"{"n":0}"#), ("b", r#"{"n":2}"#), ("c", r#"{"n":1}"#), ("d", "null")]);
        assert_eq!(bench.values(0), ["null", r#"{"n":1}"#, "null"]);
        assert_eq!(bench.keys(0), ["b", "c", "d"]);
        assert_eq!(bench.failed(), [("a".to_string(), "division by zero".to_string())]);
    }

    #[test]
    fn only_columns_that_are_wanted_go_on() {
        let input = records(r#"{ "a": "int64", "b": "int64", "c": "int64" }"#);
        let shape = (OPERATOR.configure)(serde_json::json!({ "condition": "b > 1" })).unwrap();
        let wanted = Wanted { columns: ["a".to_string()].into(), ..Wanted::default() };
        let needs = shape.needs(0, &[input], &[wanted, Wanted::default()]);
        assert_eq!(needs.columns, ["a".to_string(), "b".to_string()].into());
    }
}
