//! The catalogue describes itself truly.

use std::collections::HashSet;

use super::{batch, constants, outcome};
use crate::expr::{aggregate_names, aggregates, names};
use crate::types::{Slot, Type};

#[test]
fn every_example_gives_what_it_says() {
    let mut wrong = Vec::new();
    for example in aggregates().iter().flat_map(|aggregate| aggregate.examples) {
        let (data, x) = constants(&example.of.split(", ").collect::<Vec<_>>());
        let gives = outcome(example.expression, &batch(vec![("x", data, x)]));
        if gives.as_deref() != Ok(example.gives) {
            wrong.push(format!("{} of {} gives {gives:?}, not {}", example.expression, example.of, example.gives));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_aggregate_has_names_a_doc_and_examples_of_its_own() {
    let mut seen: HashSet<&str> = names().collect();
    for aggregate in aggregates() {
        let name = aggregate.name;
        assert!(aggregate.names().all(|name| seen.insert(name)), "a name of {name} is there twice");
        assert!(aggregate.doc.ends_with('.') && !aggregate.examples.is_empty(), "{name}");
        assert!(aggregate.signatures.iter().all(|text| text.starts_with(&format!("{name}("))), "{name}");
    }
    assert!(aggregate_names().count() >= 20);
}

/// What a word of a signature stands for.
fn types_of(word: &str) -> Vec<Type> {
    let decimal = |precision, scale| Type::Decimal { precision, scale };
    match word {
        "bool" => vec![Type::Bool],
        "int64" => vec![Type::Int64],
        "float64" => vec![Type::Float64],
        "decimal(p,s)" => vec![decimal(10, 2)],
        "decimal(38,0)" => vec![decimal(38, 0)],
        "decimal(38,s)" => vec![decimal(38, 2)],
        "decimal(38,s+6)" => vec![decimal(38, 8)],
        "number" => vec![Type::Int64, Type::Float64, decimal(10, 2)],
        "any" => {
            let plain = [Type::Bool, Type::Int64, Type::Float64, decimal(10, 2), Type::Text, Type::Bytes];
            plain.into_iter().chain([Type::Timestamp, Type::Interval]).collect()
        }
        other => panic!("{other}"),
    }
}

#[test]
fn signatures_say_what_is_given() {
    let text = Type::Text;
    for aggregate in aggregates() {
        let mut taken = Vec::new();
        for signature in aggregate.signatures.iter().filter(|signature| !signature.contains('*')) {
            let (head, gives) = signature.split_once(" → ").unwrap();
            let word = head.split_once("(x ").unwrap().1.strip_suffix(')').unwrap();
            for data in types_of(word) {
                let wanted = match gives {
                    "any" => data.clone(),
                    "list of any" => Type::List(Box::new(Slot::nullable(data.clone()))),
                    gives => types_of(gives)[0].clone(),
                };
                assert_eq!(aggregate.gives(&data), Some(wanted), "{signature}");
                taken.push(data);
            }
        }
        assert_eq!(aggregate.gives(&text).is_some(), taken.contains(&text), "{}", aggregate.name);
    }
}
