//! Every case of `tests/postgres/cases.txt` against what a real PostgreSQL gave for it (`core/tests/data`).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::{batch, nothing, outcome};
use crate::expr::{Expr, Scope, catalogue};
use crate::testkit::same_number;
use crate::types::{Column, Schema};

/// Functions that PostgreSQL has not, so that no case is written for them; their examples run all the same.
const OUR_OWN: [&str; 5] = ["to_timestamp_millis", "epoch_millis", "murmur2", "crc32", "json_valid"];

#[derive(Deserialize)]
struct Case {
    section: String,
    expr: String,
    #[serde(default)]
    with: BTreeMap<String, (String, Option<String>)>,
    result: Option<String>,
    r#type: Option<String>,
    error: Option<String>,
    differs: Option<String>,
}

fn cases() -> Vec<Case> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/postgres.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn ours(case: &Case) -> Result<Option<String>, String> {
    let one = batch(1, Vec::new());
    let columns = case.with.iter().map(|(name, (kind, value))| {
        let literal = value.as_ref().map_or("NULL".to_string(), |value| format!("'{}'", value.replace('\'', "''")));
        let given = Expr::compile(&format!("CAST({literal} AS {kind})"), &nothing()).unwrap();
        (Column::nullable(name, given.data_type().clone()), given.evaluate(&one).values)
    });
    let columns: Vec<_> = columns.collect();
    let schema = Schema::new(columns.iter().map(|(column, _)| column.clone()).collect());
    let scope = Scope { schema: Arc::new(schema), ..nothing() };
    outcome(&case.expr, &scope, &batch(1, columns))
}

/// Equal as text; numbers by value, of which ours may have fewer digits than PostgreSQL's numeric.
fn agrees(case: &Case, ours: &Result<Option<String>, String>) -> bool {
    match (&case.error, &case.result, ours) {
        (Some(_), _, ours) => ours.is_err(),
        (None, None, Ok(None)) => true,
        (None, Some(theirs), Ok(Some(ours))) => {
            let is_number =
                matches!(case.r#type.as_deref(), Some("numeric" | "bigint" | "integer" | "double precision"));
            ours == theirs || (is_number && same_number(ours, theirs, case.r#type.as_deref() == Some("numeric")))
        }
        _ => false,
    }
}

#[test]
fn results_are_those_of_postgresql() {
    let mut wrong = Vec::new();
    let mut differing = 0;
    for case in cases() {
        let ours = ours(&case);
        let agrees = agrees(&case, &ours);
        differing += usize::from(case.differs.is_some());
        if agrees == case.differs.is_some() {
            let theirs = case.error.as_ref().map_or(format!("{:?}", case.result), |error| format!("error {error}"));
            let about = case.differs.as_ref().map_or("differs", |_| "is said to differ, but does not");
            wrong.push(format!(
                "[{}] {} {:?} {about}: {ours:?}, PostgreSQL {theirs}",
                case.section, case.expr, case.with
            ));
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
    assert!(differing <= 6, "{differing} cases differ on purpose: more than are worth having");
}

#[test]
fn every_function_and_operator_has_five_cases_with_a_null_and_an_error() {
    let mut sections: BTreeMap<String, Vec<Case>> = BTreeMap::new();
    for case in cases() {
        sections.entry(case.section.clone()).or_default().push(case);
    }
    for (name, cases) in &sections {
        assert!(cases.len() >= 5, "{name} has {} cases", cases.len());
        let has_null = |case: &Case| case.expr.contains("NULL") || case.with.values().any(|(_, value)| value.is_none());
        assert!(cases.iter().any(has_null), "{name} has no case with a null");
        assert!(cases.iter().any(|case| case.error.is_some()), "{name} has no case with an error");
    }
    for function in catalogue().iter().filter(|function| !OUR_OWN.contains(&function.name)) {
        assert!(sections.contains_key(function.name), "{} has no cases", function.name);
    }
}
