//! The catalogue describes itself truly.

use std::collections::HashSet;

use super::{batch, nothing, outcome};
use crate::expr::{catalogue, names};

#[test]
fn every_example_gives_what_it_says() {
    let one = batch(1, Vec::new());
    let mut wrong = Vec::new();
    for example in catalogue().iter().flat_map(|function| function.examples) {
        let gives = outcome(example.expression, &nothing(), &one).map(|value| value.unwrap_or("NULL".into()));
        if gives.as_deref() != Ok(example.gives) {
            wrong.push(format!("{} gives {gives:?}, not {}", example.expression, example.gives));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_function_has_a_name_a_doc_and_an_example_of_its_own() {
    let mut seen = HashSet::new();
    for function in catalogue() {
        let name = function.name;
        assert!(seen.insert(name), "{name} is there twice");
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'), "{name}");
        assert!(function.doc.ends_with('.') && !function.examples.is_empty(), "{name}");
        assert!(function.signatures().next().is_some_and(|signature| signature.contains('(')), "{name}");
    }
    assert!(names().count() >= 40);
}
