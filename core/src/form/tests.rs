use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{FieldKind, Form};
use crate::fields::{ByteSize, ColumnName, DurationText, Entries, ExprMap, ExprText, Properties, RegexText, Secret};
use crate::fields::{Moment, PathText, Rate, Time, Topic, Topics};
use crate::problem::Place;
use crate::types::{KeyFormat, Schema};

/// Every kind once.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Everything {
    /// a name
    /// on two lines
    text: String,
    #[serde(default = "three")]
    #[schemars(range(min = 1, max = 10))]
    count: u32,
    bare: Option<i32>,
    ratio: Option<f64>,
    flag: Option<bool>,
    every: Option<DurationText>,
    bytes: Option<ByteSize>,
    rate: Option<Rate>,
    since: Option<Moment>,
    overflow: Option<Overflow>,
    format: Option<Format>,
    #[serde(default)]
    key_format: KeyFormat,
    topic: Option<Topic>,
    topics: Option<Topics>,
    pattern: Option<RegexText>,
    column: Option<ColumnName>,
    columns: Option<Vec<ColumnName>>,
    expr: Option<ExprText>,
    exprs: Option<ExprMap>,
    schema: Option<Schema>,
    time: Option<Time>,
    secret: Option<Secret>,
    path: Option<PathText>,
    properties: Option<Properties>,
    list: Option<Vec<u8>>,
    map: Option<Entries<bool>>,
    group: Option<Inner>,
    json: Option<Value>,
}

fn three() -> u32 {
    3
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Overflow {
    /// stop the writer
    Wait,
    /// the oldest goes
    DropHead,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Format {
    /// raw
    Bytes,
    /// documents
    Json(JsonOptions),
    /// with columns
    Csv { separator: String },
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct JsonOptions {
    /// how null is written
    nulls: Option<bool>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Inner {
    /// deep
    depth: u64,
}

fn form() -> Form {
    Form::of::<Everything>()
}

#[test]
fn the_type_of_a_field_picks_its_kind() {
    let form = form();
    let kinds: Vec<String> = form
        .fields
        .iter()
        .map(|field| format!("{}: {}", field.name, serde_json::to_string(&field.kind).unwrap()))
        .collect();
    insta::assert_snapshot!(kinds.join("\n"), @r#"
    text: "text"
    count: {"integer":{"min":1,"max":10}}
    bare: {"integer":{"min":-2147483648,"max":2147483647}}
    ratio: {"number":{"min":null,"max":null}}
    flag: "bool"
    every: "duration"
    bytes: "bytes"
    rate: "rate"
    since: "moment"
    overflow: {"choice":[{"word":"wait","help":"stop the writer"},{"word":"drop-head","help":"the oldest goes"}]}
    format: {"choice":[{"word":"bytes","help":"raw"},{"word":"json","help":"documents","content":{"group":[{"name":"nulls","path":"format.json.nulls","kind":"bool","required":false,"help":"how null is written"}]}},{"word":"csv","help":"with columns","content":{"group":[{"name":"separator","path":"format.csv.separator","kind":"text","required":true,"help":""}]}}]}
    key_format: {"choice":[{"word":"text","help":"UTF-8 text"},{"word":"bytes","help":"raw bytes"},{"word":"json","help":"a JSON document; several key columns make an array"},{"word":"int32","help":"4 bytes, big-endian, as Java's IntegerSerializer writes"},{"word":"int64","help":"8 bytes, big-endian, as Java's LongSerializer writes"}]}
    topic: "topic"
    topics: "topics"
    pattern: "regex"
    column: "column"
    columns: "columns"
    expr: "expr"
    exprs: "expr-map"
    schema: "schema"
    time: {"choice":[{"word":"record","help":"the timestamp that the record carries"},{"word":"processing","help":"the wall clock at the moment the record is read"},{"word":"column","help":"a column of the value","content":"column"}]}
    secret: "secret"
    path: "path"
    properties: "properties"
    list: {"list":{"integer":{"min":0,"max":255}}}
    map: {"map":"bool"}
    group: {"group":[{"name":"depth","path":"group.depth","kind":{"integer":{"min":0,"max":null}},"required":true,"help":"deep"}]}
    json: "json"
    "#);
}

#[test]
fn help_default_and_required_come_from_the_type() {
    let form = form();
    let text = form.field("text").unwrap();
    assert_eq!((text.help.as_str(), text.required, &text.default), ("a name on two lines", true, &None));
    let count = form.field("count").unwrap();
    assert_eq!((count.required, &count.default), (false, &Some(json!(3))));
    assert_eq!(form.field("key_format").unwrap().default, Some(json!("text")));
    let depth = form.field("group.depth").unwrap();
    assert_eq!((depth.path.as_str(), depth.help.as_str()), ("group.depth", "deep"));
    assert!(form.field("text.depth").is_none() && form.field("nothing").is_none());
}

fn problems(config: Value) -> Vec<String> {
    let Value::Object(config) = config else { panic!("a config is an object") };
    form().validate(&config, &Place::node("n")).iter().map(ToString::to_string).collect()
}

#[test]
fn a_right_config_has_no_problems() {
    let right = json!({
        "text": "a", "count": 10, "bare": -3, "ratio": 1, "flag": true, "every": "1s", "bytes": "16 MiB",
        "overflow": "drop-head", "format": "json", "key_format": "int64", "topic": "a", "topics": ["a", "b"],
        "pattern": "a.*", "column": "a", "columns": ["a"], "expr": "a > 1", "exprs": { "b": "a + 1" },
        "schema": { "a": "int64!" }, "time": { "column": "ts" }, "secret": "${p}", "path": "x/y",
        "properties": { "a.b": "c" }, "list": [1, 2], "map": { "a": true }, "group": { "depth": 1 }, "json": [null]
    });
    assert_eq!(problems(right), Vec::<String>::new());
    assert_eq!(problems(json!({ "text": "", "format": { "json": { "nulls": true } } })), Vec::<String>::new());
    assert_eq!(problems(json!({ "text": "", "format": { "bytes": {} }, "bytes": 5 })), Vec::<String>::new());
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let wrong = json!({
        "count": 11, "bare": 1.5, "flag": "true", "every": 5, "bytes": "16 mib", "overflow": "drophead",
        "format": { "jsn": {} }, "topic": "a b", "topics": [], "pattern": "(", "columns": "a", "expr": 1,
        "exprs": { "b": 1 }, "schema": { "a": "int" }, "list": [1, 300], "map": { "a": 1 }, "group": { "dept": 1 },
        "key_formt": "text", "zzz": 1, "properties": { "a": 1 }
    });
    insta::assert_snapshot!(problems(wrong).join("\n"), @r#"
    error: n, count: expected a whole number from 1 to 10, found 11
      remedy: such as 1
    error: n, bare: expected a whole number from -2147483648 to 2147483647, found 1.5
      remedy: such as 1
    error: n, flag: expected true or false, found "true"
      remedy: take the quotes away
    error: n, every: expected a duration as "500ms", "1s" or "1m30s", found 5
      remedy: write a unit, as in "500ms" or "1s"
    error: n, bytes: `16 mib` is not a size; write one as "64 KiB", "16 MiB" or a number of bytes
      remedy: such as "1 MiB"
    error: n, overflow: expected `wait` or `drop-head`, found "drophead"
      remedy: did you mean `drop-head`?
    error: n, format: expected `bytes`, `json` or `csv`, found `jsn`
      remedy: did you mean `json`?
    error: n, topic: the name of a topic is made of letters, digits, `.`, `_` and `-`; `a b` has ` `
      remedy: such as `a-b`
    error: n, topics: expected the name of a topic, or a list of names, found a list
      remedy: such as "orders"
    error: n, pattern: `(` is not a regular expression: unclosed group
      remedy: put \\ before a character that is meant itself
    error: n, columns: expected a list of columns, found "a"
      remedy: put it in [ ]
    error: n, expr: expected an expression in quotes, found 1
      remedy: put it in quotes
    error: n, exprs.b: expected an expression in quotes, found 1
      remedy: put it in quotes
    error: n, schema.a: unknown type `int`
      remedy: did you mean `int64`? types are bool, int64, float64, text, bytes, timestamp, interval, decimal(p,s), {"list": T} and {"struct": {…}}
    error: n, list[1]: expected a whole number from 0 to 255, found 300
      remedy: such as 1
    error: n, map.a: expected true or false, found 1
      remedy: write true or false
    error: n, group.dept: unknown field `dept`
      remedy: did you mean `depth`?
    error: n, key_formt: unknown field `key_formt`
      remedy: did you mean `key_format`?
    error: n, zzz: unknown field `zzz`
      remedy: fields here: text, count, bare, ratio, flag, every, bytes, rate, since, overflow, format, key_format, topic, topics, pattern, column, columns, expr, exprs, schema, time, secret, path, properties, list, map, group, json
    error: n, properties.a: expected text, found 1
      remedy: put it in quotes
    error: n, text: `text` is missing: expected text
      remedy: add "text": "…"
    "#);
    insta::assert_snapshot!(problems(json!({ "text": "", "format": "csv" })).join("\n"), @r#"
    error: n, format: `csv` does not stand alone: write {"csv": …}
      remedy: give its options, as in {"csv": {"separator": "…"}}
    "#);
    insta::assert_snapshot!(problems(json!({ "text": "", "format": { "csv": {}, "json": {} } })).join("\n"), @r#"
    error: n, format: expected `bytes`, `json` or `csv`, or an object with one of these words and its options
      remedy: write "bytes" or {"bytes": …}, say
    "#);
    insta::assert_snapshot!(problems(json!({ "text": "", "format": { "bytes": 1 } })).join("\n"), @r#"
    error: n, format: `bytes` takes no options
      remedy: write "bytes"
    "#);
}

#[test]
fn a_template_stands_for_any_single_value() {
    let config: Map<String, Value> =
        serde_json::from_value(json!({ "text": "${a}", "count": "${b}", "group": { "depth": "${c}" } })).unwrap();
    assert_eq!(form().validate_template(&config, &Place::default()), []);
    assert_eq!(form().validate(&config, &Place::default()).len(), 2);
}

#[test]
fn text_is_read_by_kind() {
    let cases = [
        ("count", "7", Ok(json!(7))),
        ("count", "11", Err("expected a whole number from 1 to 10, found 11")),
        ("count", "x", Err("expected a whole number from 1 to 10, found `x`")),
        ("ratio", "1.5", Ok(json!(1.5))),
        ("ratio", "inf", Err("expected a number, found `inf`")),
        ("flag", "true", Ok(json!(true))),
        ("text", "7", Ok(json!("7"))),
        ("every", "1m", Ok(json!("1m"))),
        ("every", "1", Err("`1` is not a duration; write one as \"500ms\", \"1s\", \"1m30s\" or \"2h\"")),
        ("topics", "a, b", Ok(json!(["a", "b"]))),
        ("topics", "[\"a\"]", Ok(json!(["a"]))),
        ("columns", "a,b", Ok(json!(["a", "b"]))),
        ("format", "json", Ok(json!("json"))),
        ("format", r#"{"json": {}}"#, Ok(json!({ "json": {} }))),
        ("schema", r#"{"a": "text"}"#, Ok(json!({ "a": "text" }))),
        ("list", "1", Err("expected a list, found `1`")),
        ("json", "5", Ok(json!("5"))),
    ];
    let form = form();
    for (field, text, expected) in cases {
        let read = form.field(field).unwrap().kind.read(text);
        assert_eq!(read, expected.map_err(str::to_string), "{field} from {text}");
    }
}

#[test]
fn no_kind_falls_through() {
    let form = form();
    let json: Vec<&str> =
        form.fields.iter().filter(|field| field.kind == FieldKind::Json).map(|field| field.name.as_str()).collect();
    assert_eq!(json, ["json"]);
}
