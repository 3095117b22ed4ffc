use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use super::super::{Guarantee, Pipeline, Settable};
use super::*;
use crate::fields::{ByteSize, DurationText, Entries, ExprText, Properties, Topics};
use crate::form::Form;

fn pipeline(parameters: Value) -> Pipeline {
    Pipeline { parameters: serde_json::from_value(parameters).unwrap(), ..Pipeline::new("p") }
}

fn environment(name: &str) -> Option<String> {
    let known = [
        ("TIDEGATE_FROM_ENV", "env"),
        ("TIDEGATE_BOTH", "env"),
        ("TIDEGATE_PASSWORD", "hunter2"),
        ("TIDEGATE_TOKEN_FILE", "/run/token"),
        ("TIDEGATE_LOST_FILE", "/run/lost"),
    ];
    known.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string())
}

fn gather(parameters: Value, set: &[(&str, &str)]) -> (Values, String) {
    let set: Vec<(String, String)> = set.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let file = |path: &str| if path == "/run/token" { Ok("abc\n".into()) } else { Err("no such file".into()) };
    let sources = Sources { set: &set, environment: &environment, file: &file };
    let (values, problems) = Values::gather(&pipeline(parameters), &sources);
    (values, problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

fn filled(values: &Values, text: &str) -> String {
    let mut problems = Vec::new();
    let filled = values.fill(text, &Place::default(), &mut problems);
    assert_eq!(problems, []);
    filled
}

#[test]
fn set_wins_over_environment_over_default() {
    let parameters =
        json!({ "from-env": { "default": "d" }, "both": {}, "n": { "default": 5 }, "l": { "default": [1] } });
    let (values, problems) = gather(parameters, &[("both", "first"), ("both", "last")]);
    assert_eq!(problems, "");
    assert_eq!(filled(&values, "<${from-env}|${both}|${n}|${l}>"), "<env|last|5|[1]>");
    assert_eq!(filled(&values, "$${n} is ${n}, $$${n}, $5 {n}"), "${n} is 5, $${n}, $5 {n}");
}

#[test]
fn where_a_value_comes_from_is_known() {
    let parameters = json!({
        "from-env": { "default": "d" }, "both": {}, "n": { "default": 5 }, "none": {},
        "password": { "secret": true }, "token": { "secret": true }, "lost": { "secret": true }, "unset": { "secret": true }
    });
    let (values, _) = gather(parameters, &[("both", "set")]);
    for (name, expected) in [
        ("from-env", "TIDEGATE_FROM_ENV"),
        ("both", "--set"),
        ("n", "the default"),
        ("none", "nowhere"),
        ("password", "TIDEGATE_PASSWORD"),
        ("token", "the file of TIDEGATE_TOKEN_FILE"),
        ("lost", "the file of TIDEGATE_LOST_FILE"),
        ("unset", "nowhere"),
    ] {
        assert_eq!(values.origin(name).map(ToString::to_string).as_deref(), Some(expected), "{name}");
    }
    assert_eq!(values.origin("unknown"), None);
}

#[test]
fn what_is_wrong_with_parameters_is_told() {
    let parameters = json!({
        "none": {}, "secret": { "secret": true, "default": "x" }, "password": { "secret": true }, "lost": { "secret": true },
        "a-b": { "default": 1 }, "A_B": { "default": 2 }
    });
    let (_, problems) = gather(parameters, &[("nonee", "1"), ("password", "2")]);
    insta::assert_snapshot!(problems, @"
    error: parameters: unknown parameter `nonee`
      remedy: did you mean `none`?
    error: parameters.password: the secret `password` may not be set on the command line, where others see it
      remedy: set TIDEGATE_PASSWORD, or TIDEGATE_PASSWORD_FILE to a file that holds it
    error: parameters.none: the parameter `none` has no value
      remedy: give it with --set none=…, as TIDEGATE_NONE, or as a default
    error: parameters.secret.default: the secret `secret` may not stand in the file
      remedy: take the default away and set TIDEGATE_SECRET
    error: parameters.lost: the secret `lost` cannot be read from /run/lost: no such file
      remedy: see TIDEGATE_LOST_FILE
    error: parameters.A_B: `a-b` and `A_B` are both set by TIDEGATE_A_B
      remedy: rename one of them
    ");
}

#[test]
fn secrets_are_filled_only_at_the_end_and_never_shown() {
    let parameters = json!({
        "user": { "default": "me" }, "password": { "secret": true }, "token": { "secret": true }, "later": { "secret": true }
    });
    let (mut values, problems) = gather(parameters, &[]);
    assert_eq!(problems, "");
    let reveal =
        |values: &Values, text: &str| values.reveal(&Secret::new(text)).map(|secret| secret.expose().to_string());
    assert_eq!(reveal(&values, "${user}:${password}@${token}").unwrap(), "me:hunter2@abc");
    let fault = reveal(&values, "${later}").unwrap_err();
    insta::assert_snapshot!(fault, @"
    the secret `later` has no value
      remedy: set TIDEGATE_LATER, or TIDEGATE_LATER_FILE to a file that holds it
    ");
    assert_eq!(values.missing_secrets().collect::<Vec<_>>(), ["later"]);
    values.give_secret("later", Secret::new("typed"));
    assert_eq!(reveal(&values, "${later}").unwrap(), "typed");
    let shown = format!("{values:?}");
    assert!(!["hunter2", "abc", "typed"].iter().any(|secret| shown.contains(secret)), "{shown}");
}

#[derive(JsonSchema)]
#[allow(dead_code, reason = "only its form is asked for")]
struct Config {
    topics: Option<Topics>,
    count: Option<u32>,
    size: Option<ByteSize>,
    expr: Option<ExprText>,
    secret: Option<Secret>,
    list: Option<Vec<u32>>,
    properties: Option<Properties>,
    map: Option<Entries<bool>>,
    free: Option<Value>,
}

fn fill(values: &Values, config: Value) -> (Value, String) {
    let config: Map<String, Value> = serde_json::from_value(config).unwrap();
    let filled = values.fill_config(Some(&Form::of::<Config>()), &config, &Place::node("n"));
    (Value::Object(filled.config), filled.problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

fn some_values() -> Values {
    let parameters = json!({
        "n": { "default": 5 }, "t": { "default": "a, b" }, "yes": { "default": true }, "l": { "default": [1, 2] },
        "word": { "default": "x" }, "password": { "secret": true }
    });
    gather(parameters, &[]).0
}

#[test]
fn a_whole_value_is_read_as_the_type_of_its_field() {
    let config = json!({
        "topics": "${t}", "count": "${n}", "size": "${n} MiB", "expr": "price > ${n}", "secret": "${password}",
        "list": "${l}", "properties": { "sasl.username": "${word}", "sasl.password": "${password}" },
        "map": { "a": "${yes}" }, "free": { "deep": ["${n}", 1] }
    });
    let (filled, problems) = fill(&some_values(), config);
    assert_eq!(problems, "");
    let expected = json!({
        "topics": ["a", "b"], "count": 5, "size": "5 MiB", "expr": "price > 5", "secret": "${password}",
        "list": [1, 2], "properties": { "sasl.username": "${word}", "sasl.password": "${password}" },
        "map": { "a": true }, "free": { "deep": ["5", 1] }
    });
    assert_eq!(filled, expected);
}

#[test]
fn wrong_places_and_names_are_told_with_their_fields() {
    let config = json!({
        "topics": "${password}", "count": "${word}", "size": "${nn}", "expr": "a > ${n", "secret": "hunter2",
        "properties": { "a": "${wrod}" }, "map": { "a": "${n}" }
    });
    insta::assert_snapshot!(fill(&some_values(), config).1, @"
    error: n, topics: the secret `password` may not stand here
      remedy: a secret may stand only in fields that are secret and in a cluster's properties
    error: n, count: ${word}: expected a whole number from 0 to 4294967295, found `x`
      remedy: give the parameter such a value: by --set, in the environment, or as its default
    error: n, size: unknown parameter `nn`
      remedy: did you mean `n`?
    error: n, expr: `${` has no end `}`
      remedy: write $${ for the two characters ${
    error: n, secret: a secret may not stand in the file
      remedy: declare a secret parameter and write ${NAME}
    error: n, properties.a: unknown parameter `wrod`
      remedy: did you mean `word`?
    error: n, map.a: ${n}: expected true or false, found `5`
      remedy: give the parameter such a value: by --set, in the environment, or as its default
    ");
}

#[test]
fn settings_are_settled() {
    let values = some_values();
    let settle = |text: &str| {
        let mut problems = Vec::new();
        let template = Settable::Template(text.to_string());
        let seconds = values.settle::<DurationText>(Some(&template), &Place::field("f"), &mut problems);
        (seconds, problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    };
    assert_eq!(settle("${n}s"), (Some(DurationText::from_ms(5000)), String::new()));
    insta::assert_snapshot!(settle("${n}").1, @r#"
    error: f: ${n}: `5` is not a duration; write one as "500ms", "1s", "1m30s" or "2h"
      remedy: give the parameter such a value: by --set, in the environment, or as its default
    "#);
    insta::assert_snapshot!(settle("${word}").1, @r#"
    error: f: ${word}: `x` is not a duration; write one as "500ms", "1s", "1m30s" or "2h"
      remedy: give the parameter such a value: by --set, in the environment, or as its default
    "#);
    let mut problems = Vec::new();
    let place = Place::field("f");
    assert_eq!(values.settle::<u32>(Some(&Settable::Template("${n}0".into())), &place, &mut problems), Some(50));
    assert_eq!(
        values.settle(Some(&Settable::Given(Guarantee::ExactlyOnce)), &place, &mut problems),
        Some(Guarantee::ExactlyOnce)
    );
    assert_eq!(values.settle::<u32>(None, &place, &mut problems), None);
    assert_eq!(problems, []);
}
