use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::*;
use super::kinds::assert_all_told_well;
use super::toys::TOYS;
use super::{GOOD, checked};
use crate::fields::Entries;
use crate::pipeline::Parameter;
use crate::pipeline::samples::{any_json, any_pipeline};
use crate::problem::Place;

/// Something of a file changed at random: a value, a name, a node more or less.
fn mutate(value: &mut Value, choices: &mut impl Iterator<Item = (u8, Value)>) {
    let Some((choice, other)) = choices.next() else { return };
    match value {
        Value::Object(map) if !map.is_empty() && choice < 250 => {
            let name = map.keys().nth(usize::from(choice) % map.len()).cloned().unwrap();
            match choice % 7 {
                0 => drop(map.remove(&name)),
                1 => drop(map.insert(format!("{name}x"), other)),
                _ => mutate(&mut map[&name], choices),
            }
        }
        Value::Array(items) if !items.is_empty() && choice < 250 => {
            let place = usize::from(choice) % items.len();
            match choice % 7 {
                0 => drop(items.remove(place)),
                1 => items.push(items[place].clone()),
                _ => mutate(&mut items[place], choices),
            }
        }
        Value::String(text) if choice % 2 == 0 => text.push_str(&other.to_string()),
        value => *value = other,
    }
}

/// The files of the gallery.
fn gallery() -> Vec<Value> {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../pipelines")).unwrap();
    let mut paths: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    assert!(paths.len() > 5, "{paths:?}");
    paths.iter().map(|path| serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()).collect()
}

/// One value of a file in place of another: types, ids, whole nodes where they do not belong.
fn swap(file: &mut Value, from: &[prop::sample::Index], to: &[prop::sample::Index]) {
    let value = walk(file, from).clone();
    *walk(file, to) = value;
}

/// The value that some choices lead to.
fn walk<'a>(value: &'a mut Value, way: &[prop::sample::Index]) -> &'a mut Value {
    let Some((choice, rest)) = way.split_first() else { return value };
    let is_leaf = !matches!(&value, Value::Object(map) if !map.is_empty())
        && !matches!(&value, Value::Array(items) if !items.is_empty());
    if is_leaf {
        return value;
    }
    match value {
        Value::Object(map) => {
            let place = choice.index(map.len());
            walk(map.values_mut().nth(place).unwrap(), rest)
        }
        Value::Array(items) => {
            let place = choice.index(items.len());
            walk(&mut items[place], rest)
        }
        leaf => leaf,
    }
}

proptest! {
    #[test]
    fn any_mutation_of_the_gallery_gives_located_problems_or_none(
        file: prop::sample::Index,
        rounds in prop::collection::vec(prop::collection::vec((any::<u8>(), any_json()), 8), 0..3),
        swaps in prop::collection::vec((prop::collection::vec(any::<prop::sample::Index>(), 1..7), prop::collection::vec(any::<prop::sample::Index>(), 1..7)), 0..3)
    ) {
        let files = gallery();
        let mut file = files[file.index(files.len())].clone();
        for round in rounds {
            mutate(&mut file, &mut round.into_iter());
        }
        for (from, to) in swaps {
            swap(&mut file, &from, &to);
        }
        let (checked, problems) = checked(&file.to_string());
        assert_all_told_well(&problems);
        prop_assert!(checked.is_some() || !problems.is_empty());
    }

    #[test]
    fn any_mutation_gives_problems_or_a_checked_pipeline(
        rounds in prop::collection::vec(prop::collection::vec((any::<u8>(), any_json()), 8), 1..4)
    ) {
        let mut file: Value = serde_json::from_str(GOOD).unwrap();
        for round in rounds {
            mutate(&mut file, &mut round.into_iter());
        }
        let (checked, problems) = checked(&file.to_string());
        assert_all_told_well(&problems);
        match checked {
            None => prop_assert!(!problems.is_empty()),
            Some((pipeline, checked)) => {
                prop_assert_eq!(checked.nodes.len(), pipeline.nodes.len());
                prop_assert_eq!(checked.edges.len(), pipeline.edges.len());
                let runs = problems.iter().all(|problem| problem.severity != Severity::Error);
                prop_assert!(!runs || checked.nodes.iter().all(|node| node.shape.is_some() || !node.is_active));
            }
        }
    }

    #[test]
    fn any_drawn_graph_is_checked(drawn in any_pipeline(), operators in prop::collection::vec(any::<prop::sample::Index>(), 7)) {
        let names: Vec<&str> = operators::ALL.iter().chain(&TOYS).map(|operator| operator.name).collect();
        let mut drawn = drawn;
        for (node, operator) in drawn.nodes.iter_mut().zip(operators) {
            node.operator = (*operator.get(&names)).into();
            node.config.clear();
        }
        drawn.parameters = Entries(vec![("buffer".into(), Parameter { default: Some(json!(5)), ..Parameter::default() })]);
        let known: Vec<&'static Operator> = operators::ALL.iter().chain(&TOYS).copied().collect();
        let checked = check(&drawn, &CheckOptions { operators: &known, ..CheckOptions::new(&[]) });
        for cycle in drawn.cycles() {
            let place = Place::node(&drawn.nodes[cycle[0]].id);
            prop_assert!(checked.problems.iter().any(|problem| problem.place == place && problem.severity == Severity::Error));
        }
    }
}
