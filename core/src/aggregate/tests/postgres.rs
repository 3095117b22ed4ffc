//! Every case of `tests/postgres/aggregates.txt` against what a real PostgreSQL gave for it (`core/tests/data`).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{batch, compile, constants_of, outcome};
use crate::batch::Batch;
use crate::expr::aggregates;
use crate::testkit::{is_type_of, same_number};
use crate::types::{Slot, Type};

#[derive(Deserialize)]
struct Case {
    section: String,
    expr: String,
    with: BTreeMap<String, (String, Vec<Option<String>>)>,
    result: Option<String>,
    r#type: Option<String>,
    error: Option<String>,
    differs: Option<String>,
}

fn cases() -> Vec<Case> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/postgres-aggregates.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn records(case: &Case) -> Batch {
    let columns = case.with.iter().map(|(name, (kind, values))| {
        let word = match kind.as_str() {
            "bigint" => "int64",
            "double precision" => "float64",
            "boolean" => "bool",
            "bytea" => "bytes",
            other => other,
        };
        let word = word.replace("numeric", "decimal");
        let Slot { data, .. } = Slot::from_notation(&word.into()).unwrap();
        let literal = |value: &Option<String>| match value {
            Some(value) => format!("'{}'", value.replace('\'', "''")),
            None => "NULL".to_string(),
        };
        let texts: Vec<String> = values.iter().map(literal).collect();
        (name.as_str(), data.clone(), constants_of(&texts, &data))
    });
    batch(columns.collect::<Vec<(&str, Type, _)>>())
}

/// Equal as text; numbers by value, of which ours may have fewer digits than PostgreSQL's numeric.
fn agrees(case: &Case, ours: &Result<(Type, String), String>) -> bool {
    let (Some(kind), Ok((data, value))) = (case.r#type.as_deref(), ours) else {
        return case.error.is_some() && ours.is_err();
    };
    let is_number = matches!(kind, "numeric" | "bigint" | "integer" | "double precision");
    let is_same = match &case.result {
        None => value == "NULL",
        Some(theirs) => {
            let is_cut = case.expr.starts_with("avg(") && kind == "numeric" && is_rounded(value, theirs);
            value == theirs || is_cut || (is_number && same_number(value, theirs, kind == "numeric"))
        }
    };
    is_same && is_type_of(data, kind)
}

/// What we give: the type and the value, or why there is none.
fn ours(case: &Case) -> Result<(Type, String), String> {
    let records = records(case);
    let value = outcome(&case.expr, &records)?;
    let aggregates = compile(&case.expr, &records).map_err(|problems| problems[0].1.message.clone())?;
    Ok((aggregates.columns()[0].data.clone(), value))
}

/// Whether our decimal is theirs, rounded to the digits that ours has.
fn is_rounded(ours: &str, theirs: &str) -> bool {
    let Some((_, digits)) = ours.split_once('.') else { return false };
    let (ours, theirs): (f64, f64) = (ours.parse().unwrap(), theirs.parse().unwrap());
    (ours - theirs).abs() <= 0.5001 * 10f64.powi(-(digits.len() as i32))
}

#[test]
fn results_are_those_of_postgresql() {
    let (mut wrong, mut differing) = (Vec::new(), 0);
    for case in cases() {
        let ours = ours(&case);
        differing += usize::from(case.differs.is_some());
        if agrees(&case, &ours) == case.differs.is_some() {
            let theirs = case.error.as_ref().map_or(format!("{:?}", case.result), |error| format!("error {error}"));
            let about = case.differs.as_ref().map_or("differs", |_| "is said to differ, but does not");
            wrong.push(format!("{} {:?} {about}: {ours:?}, PostgreSQL {theirs}", case.expr, case.with));
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
    assert!(differing <= 3, "{differing} cases differ on purpose: more than are worth having");
}

#[test]
fn every_aggregate_has_cases_with_nulls_no_records_a_filter_and_an_error() {
    let mut sections: BTreeMap<String, Vec<Case>> = BTreeMap::new();
    for case in cases() {
        sections.entry(case.section.clone()).or_default().push(case);
    }
    for aggregate in aggregates() {
        let name = aggregate.name;
        let cases = sections.get(name).map_or(&[][..], Vec::as_slice);
        let values = |case: &Case| case.with.values().map(|(_, values)| values.clone()).collect::<Vec<_>>();
        assert!(cases.len() >= 6, "{name} has {} cases", cases.len());
        assert!(cases.iter().any(|case| values(case).iter().flatten().any(Option::is_none)), "{name}: no null");
        assert!(cases.iter().any(|case| values(case).iter().any(Vec::is_empty)), "{name}: no case without records");
        assert!(cases.iter().any(|case| case.expr.contains("FILTER")), "{name}: no filter");
        assert!(cases.iter().any(|case| case.error.is_some()), "{name}: no error");
    }
}
