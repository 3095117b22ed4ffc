//! Sends each record to the first branch whose condition is true.
//!
//! Every branch is an output port of its own name. Conditions are tried in the order of the config, each only on the
//! records that no branch before took; what none takes leaves by the port `rest` (or the name given as `otherwise`). Where
//! that port is not connected, such records are left out and counted as drops (`no branch`).
//!
//! A record for which the condition being tried fails leaves by `errors`. Order within a port, keys and bytes stay as
//! they are.
//!
//! - **Tombstones among records**: all columns are null to the conditions, as in `filter`.
//! - **Changes**: each port carries the rows of its branch as a table: the port that takes a row gets it, every other
//!   port gets a tombstone of its key, so that a key that moves from one branch to another disappears from the first.
//!   Tombstones go to every port.
//! - **Back-pressure**: takes nothing while anything behind any port is full.

use arrow_array::BooleanArray;
use arrow_buffer::BooleanBuffer;
use schemars::JsonSchema;
use serde::Deserialize;

use super::page::page;
use super::rows::{Selection, arrow_fault, entomb};
use super::*;
use crate::fields::{ExprMap, ExprText};

/// Config of `branch`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Branch {
    /// Names of the branches, which are the output ports, and the condition of each, in the order they are tried.
    branches: ExprMap,
    /// Name of the port for records that no branch takes.
    #[serde(default = "rest")]
    otherwise: String,
}

fn rest() -> String {
    "rest".into()
}

/// `branch`
pub(super) static OPERATOR: Operator = Operator {
    name: "branch",
    summary: "Sends each record to the first branch whose condition is true",
    help: page!("branch.rs"),
    role: Role::Flow,
    family: Family::Flows,
    icon: "arrows-split",
    scope: Scope::Record,
    value: ValueRole::Kept,
    form: Form::of::<Branch>,
    configure: configure::<Branch>,
    examples: EXAMPLES,
};

impl Shape for Branch {
    fn ports(&self) -> Ports {
        Ports::flow(self.branches.names().chain([self.otherwise.as_str()])).failing()
    }

    fn output(&self, inputs: &[Option<Stream>], report: &mut Report) -> Vec<Option<Stream>> {
        self.check_names(report);
        let input = inputs.first().cloned().flatten();
        if let Some(stream) = &input {
            for (name, condition) in self.branches.iter() {
                report.compile_as(&format!("branches.{name}"), condition.as_str(), stream, &Type::Bool);
            }
        }
        vec![input; self.branches.0.len() + 1]
    }

    fn needs(&self, _: usize, inputs: &[Stream], wanted: &[Wanted]) -> Wanted {
        let conditions: Vec<&str> = self.branches.iter().map(|(_, condition)| condition.as_str()).collect();
        Wanted::union(wanted).reading(&conditions, inputs)
    }

    fn build(&self, site: &Site<'_>) -> Result<Body, Fault> {
        let input = site.input(0)?;
        let condition = |(name, text): (&str, &ExprText)| {
            let field = format!("branches.{name}");
            compile_checked(&field, text.as_str(), input).map(|condition| (field, condition))
        };
        let ports = 0..self.branches.0.len() + 1;
        Ok(Body::Flow(Box::new(Running {
            conditions: self.branches.iter().map(condition).collect::<Result<_, _>>()?,
            selections: ports.map(|port| Selection::new(input, site.output(port)?)).collect::<Result<_, _>>()?,
            drops_rest: site.connected.last() == Some(&false),
            carries: input.carries,
        })))
    }
}

impl Branch {
    fn check_names(&self, report: &mut Report) {
        if self.branches.is_empty() {
            report.error("branches", "no branches", "name at least one branch and its condition");
        }
        let names = self.branches.names().map(|name| (format!("branches.{name}"), name));
        for (field, name) in names.chain([("otherwise".to_string(), self.otherwise.as_str())]) {
            if !is_port_name(name) {
                let remedy = "port names are 1 to 20 lower-case letters, digits and `-`, and begin with a letter";
                report.error(&field, format!("`{name}` is not the name of a port"), remedy);
            } else if name == "errors" || name == "in" {
                report.error(&field, format!("`{name}` is a port already"), "choose another name");
            }
        }
        if self.branches.get(&self.otherwise).is_some() {
            let remedy = "give `otherwise` another name";
            report.error("otherwise", format!("`{}` is a branch already", self.otherwise), remedy);
        }
    }
}

struct Running {
    /// fields of the config, and their conditions
    conditions: Vec<(String, Expr)>,
    /// per port; the last is that of the rest
    selections: Vec<Selection>,
    drops_rest: bool,
    carries: Carries,
}

impl Flow for Running {
    fn process(&mut self, _: usize, batch: Batch, out: &mut Outbox) -> Result<(), Fault> {
        let mut open = BooleanBuffer::new_set(batch.rows);
        if let (Carries::Changes, Some(tombstones)) = (self.carries, &batch.tombstones) {
            open = !tombstones;
        }
        let mut taken = Vec::with_capacity(self.selections.len());
        let mut failures = Vec::new();
        let mut failed = vec![false; batch.rows];
        for (field, condition) in &self.conditions {
            if open.count_set_bits() == 0 {
                taken.push(BooleanBuffer::new_unset(batch.rows));
                continue;
            }
            let (matches, tried) = condition.evaluate_predicate(&batch);
            let matches = matches.values() & &open;
            let mut left = &open & &!&matches;
            let tried: Vec<_> = tried.into_iter().filter(|failure| open.value(failure.row)).collect();
            if !tried.is_empty() {
                tried.iter().for_each(|failure| failed[failure.row] = true);
                left = &left & &!&BooleanBuffer::from(failed.as_slice());
            }
            failures.extend(tried.into_iter().map(|failure| (failure.row, Reason::of(field, failure))));
            taken.push(matches);
            open = left;
        }
        taken.push(open);
        out.fail_rows(&batch, failures)?;
        match self.carries {
            Carries::Records => self.send_records(&batch, taken, out),
            Carries::Changes => self.send_changes(&batch, taken, &failed, out),
        }
    }
}

impl Running {
    fn send_records(&self, batch: &Batch, taken: Vec<BooleanBuffer>, out: &mut Outbox) -> Result<(), Fault> {
        let rest = self.conditions.len();
        for (port, taken) in taken.into_iter().enumerate() {
            if port == rest && self.drops_rest {
                out.drops.count("no branch", taken.count_set_bits() as u64);
            } else if taken.count_set_bits() > 0 {
                let chosen = self.selections[port].apply(batch.clone());
                out.emit(port, chosen.filter(&BooleanArray::new(taken, None)).map_err(arrow_fault)?);
            }
        }
        Ok(())
    }

    fn send_changes(
        &self,
        batch: &Batch,
        taken: Vec<BooleanBuffer>,
        failed: &[bool],
        out: &mut Outbox,
    ) -> Result<(), Fault> {
        let valid = BooleanArray::new(!&BooleanBuffer::from(failed), None);
        for (port, taken) in taken.into_iter().enumerate() {
            let changed = entomb(self.selections[port].apply(batch.clone()), &!&taken)?;
            out.emit(port, changed.filter(&valid).map_err(arrow_fault)?);
        }
        Ok(())
    }
}

const EXAMPLES: &[Example] = &[
    Example {
        title: "Sizes of orders; the first branch that matches takes a record",
        config: r#"{ "branches": { "large": "qty >= 100", "medium": "qty >= 10" }, "otherwise": "small" }"#,
        inputs: r#"{ "in": { "schema": { "qty": "int64" } } }"#,
        script: r#"
            {"node":"in","ts":1,"key":"a","value":{"qty":500}}
            {"node":"in","ts":2,"key":"b","value":{"qty":50}}
            {"node":"in","ts":3,"key":"c","value":{"qty":5}}
            {"node":"in","ts":4,"key":"d","value":{"qty":null}}"#,
        expect: r#"
            {"port":"large","ts":1,"key":"a","value":{"qty":500}}
            {"port":"medium","ts":2,"key":"b","value":{"qty":50}}
            {"port":"small","ts":3,"key":"c","value":{"qty":5}}
            {"port":"small","ts":4,"key":"d","value":{"qty":null}}"#,
    },
    Example {
        title: "A key of a table that moves from one branch to another leaves a tombstone behind",
        config: r#"{ "branches": { "open": "state = 'open'" }, "otherwise": "closed" }"#,
        inputs: r#"{ "in": { "schema": { "state": "text" }, "carries": "changes" } }"#,
        script: r#"
            {"node":"in","ts":1,"key":"a","value":{"state":"open"}}
            {"node":"in","ts":2,"key":"a","value":{"state":"paid"}}"#,
        expect: r#"
            {"port":"open","ts":1,"key":"a","value":{"state":"open"}}
            {"port":"closed","ts":1,"key":"a","value":null}
            {"port":"open","ts":2,"key":"a","value":null}
            {"port":"closed","ts":2,"key":"a","value":{"state":"paid"}}"#,
    },
];

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, records};
    use super::*;

    #[test]
    fn a_condition_is_tried_only_on_what_is_left() {
        let input = records(r#"{ "n": "int64" }"#);
        let config = serde_json::json!({ "branches": { "zero": "n = 0", "big": "10 / n > 3" } });
        let mut bench = Bench::new(&OPERATOR, config, &[input]);
        bench.send(&[("a", r#"{"n":0}"#), ("b", r#"{"n":2}"#), ("c", r#"{"n":9}"#), ("d", "null")]);
        for (port, keys) in [vec!["a"], vec!["b"], vec!["c", "d"]].into_iter().enumerate() {
            assert_eq!(bench.keys(port), keys);
        }
        assert!(bench.failed().is_empty());
    }

    #[test]
    fn a_rest_that_leads_nowhere_is_counted() {
        let input = records(r#"{ "n": "int64" }"#);
        let config = serde_json::json!({ "branches": { "one": "1 / n = 1" } });
        let mut bench = Bench::disconnected(&OPERATOR, config, &[input], "rest");
        bench.send(&[("a", r#"{"n":1}"#), ("b", r#"{"n":2}"#), ("c", r#"{"n":3}"#), ("d", r#"{"n":0}"#)]);
        assert_eq!(bench.keys(0), ["a"]);
        assert_eq!(bench.drops(), [("no branch", 2)]);
        assert_eq!(bench.failed(), [("d".to_string(), "division by zero".to_string())]);
    }

    #[test]
    fn names_of_branches_are_names_of_ports() {
        let cases = [
            (serde_json::json!({ "branches": {} }), "no branches"),
            (serde_json::json!({ "branches": { "Big": "true" } }), "`Big` is not the name of a port"),
            (serde_json::json!({ "branches": { "errors": "true" } }), "`errors` is a port already"),
            (serde_json::json!({ "branches": { "rest": "true" } }), "`rest` is a branch already"),
        ];
        for (config, message) in cases {
            let mut report = Report::new("n");
            (OPERATOR.configure)(config).unwrap().output(&[None], &mut report);
            assert_eq!(report.finish()[0].message, message);
        }
    }
}
