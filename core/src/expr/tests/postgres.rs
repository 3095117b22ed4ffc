//! Every case of `tests/postgres/cases.txt` against what a real PostgreSQL gave for it (`core/tests/data`).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::{batch, compile, nothing, outcome};
use crate::expr::{Expr, Scope, catalogue};
use crate::testkit::{is_type_of, same_number};
use crate::types::{Column, Schema, Type};

/// Functions that PostgreSQL has not, so that no case is written for them; their examples run all the same.
const OUR_OWN: [&str; 5] = ["to_timestamp_millis", "epoch_millis", "murmur2", "crc32", "json_valid"];

/// Operators that stand between two operands; each is a section of the cases.
const OPERATORS: &str = "+ - * / % ^ = <> < <= > >= AND OR || LIKE ILIKE ~ -> ->>";

/// The same in other words, or turned around: they belong to the section.
const SYNONYMS: [(&str, &str); 9] = [
    ("==", "="),
    ("!=", "<>"),
    ("NOT LIKE", "LIKE"),
    ("~~", "LIKE"),
    ("NOT ILIKE", "ILIKE"),
    ("~~*", "ILIKE"),
    ("~*", "~"),
    ("!~", "~"),
    ("!~*", "~"),
];

/// Operators of SQL or of PostgreSQL that are not taken.
const OTHERS: &str = "<=> XOR && | & # << >> #> #>> @> <@ ? <-> ^@";

/// Forms that are neither operators between operands nor functions; sections too.
const FORMS: [&str; 10] =
    ["NOT", "CASE", "BETWEEN", "IN", "IS", "IS DISTINCT FROM", "CAST", "INTERVAL", "EXTRACT", "list access"];

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

/// What we give: the type and the value, or why there is none.
fn ours(case: &Case) -> Result<(Type, Option<String>), String> {
    let one = batch(1, Vec::new());
    let columns = case.with.iter().map(|(name, (kind, value))| {
        let literal = value.as_ref().map_or("NULL".to_string(), |value| format!("'{}'", value.replace('\'', "''")));
        let given = Expr::compile(&format!("CAST({literal} AS {kind})"), &nothing()).unwrap();
        (Column::nullable(name, given.data_type().clone()), given.evaluate(&one).values)
    });
    let columns: Vec<_> = columns.collect();
    let schema = Schema::new(columns.iter().map(|(column, _)| column.clone()).collect());
    let scope = Scope { schema: Arc::new(schema), ..nothing() };
    let value = outcome(&case.expr, &scope, &batch(1, columns))?;
    let expr = Expr::compile(&case.expr, &scope).map_err(|problems| format!("{problems:?}"))?;
    Ok((expr.data_type().clone(), value))
}

/// Where whole numbers are int64 here, and numeric there.
const WHOLE: [&str; 2] = ["EXTRACT", "div"];

/// Equal as text; numbers by value, of which ours may have fewer digits than PostgreSQL's numeric.
fn agrees(case: &Case, ours: &Result<(Type, Option<String>), String>) -> bool {
    let (Some(kind), Ok((data, value))) = (case.r#type.as_deref(), ours) else {
        return case.error.is_some() && ours.is_err();
    };
    let is_number = matches!(kind, "numeric" | "bigint" | "integer" | "double precision");
    let is_same = match (&case.result, value) {
        (Some(theirs), Some(ours)) => ours == theirs || (is_number && same_number(ours, theirs, kind == "numeric")),
        (theirs, ours) => theirs.is_none() && ours.is_none(),
    };
    let is_whole = WHOLE.contains(&case.section.as_str()) && kind == "numeric" && *data == Type::Int64;
    is_same && (is_whole || is_type_of(data, kind))
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
    for operator in OPERATORS.split(' ').chain(FORMS) {
        assert!(sections.contains_key(operator), "{operator} has no cases");
    }
    for function in catalogue().iter().filter(|function| !OUR_OWN.contains(&function.name)) {
        assert!(sections.contains_key(function.name), "{} has no cases", function.name);
    }
}

#[test]
fn operators_that_are_taken_are_those_with_cases() {
    let columns = ["ok", "qty", "price", "fee", "symbol", "raw", "ts", "wait", "tags", "account"];
    let is_taken = |operator: &str| {
        let mut pairs = columns.iter().flat_map(|left| columns.iter().map(move |right| (left, right)));
        pairs.any(|(left, right)| compile(&format!("{left} {operator} {right}")).is_ok())
    };
    for operator in OPERATORS.split(' ').chain(SYNONYMS.map(|(operator, _)| operator)) {
        assert!(is_taken(operator), "`{operator}` is not taken");
    }
    for (operator, section) in SYNONYMS {
        assert!(OPERATORS.split(' ').any(|known| known == section), "`{operator}` has no section");
    }
    for operator in OTHERS.split(' ').chain(["SIMILAR TO"]) {
        assert!(!is_taken(operator), "`{operator}` is taken: it needs cases, and a place among the others");
    }
}
