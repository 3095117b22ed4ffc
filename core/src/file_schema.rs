//! The JSON schema of a pipeline file, for editors of text: the document's own types, with the config of each operator.
//! It is generated; `assets/tidegate.schema.json` is what came out.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::operators::{self, Operator};
use crate::pipeline::Pipeline;

/// The schema, in draft 2020-12.
pub fn file_schema() -> Value {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Pipeline>();
    let mut schema = schema.to_value();
    schema["title"] = json!("Tidegate pipeline");
    schema["properties"]["tidegate"]["const"] = json!(crate::pipeline::VERSION);
    schema["$defs"]["Node"]["oneOf"] = operators::ALL.iter().copied().map(node_of).collect();
    without_own_words(&mut schema);
    schema
}

/// What a node of one operator may say.
fn node_of(operator: &Operator) -> Value {
    let form = (operator.form)();
    let mut schema = json!({ "properties": {
        "operator": { "const": operator.name, "description": operator.summary },
        "config": form.to_json_schema(),
    } });
    if form.fields.iter().any(|field| field.required) {
        schema["required"] = json!(["config"]);
    }
    schema
}

/// `x-kind` and the like are for our own forms; and what may be absent may not be null instead.
fn without_own_words(value: &mut Value) {
    let is_null = |schema: &Value| *schema == json!({ "type": "null" });
    match value {
        Value::Object(map) => {
            map.retain(|name, _| !name.starts_with("x-"));
            if let Some(Value::Array(words)) = map.get_mut("type") {
                words.retain(|word| word != "null");
            }
            if let Some(Value::Array(alternatives)) = map.get_mut("anyOf") {
                alternatives.retain(|schema| !is_null(schema));
            }
            if map.get("default").is_some_and(Value::is_null) {
                map.shift_remove("default");
            }
            map.values_mut().for_each(without_own_words);
        }
        Value::Array(items) => items.iter_mut().for_each(without_own_words),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_in_assets_is_fresh() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/tidegate.schema.json");
        let text = serde_json::to_string_pretty(&file_schema()).unwrap() + "\n";
        if std::env::var_os("TIDEGATE_REGENERATE").is_some() {
            std::fs::write(path, &text).unwrap();
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            kept == text,
            "assets/tidegate.schema.json is stale: run `TIDEGATE_REGENERATE=1 cargo test -p tidegate-core file_schema` and commit it"
        );
    }

    #[test]
    fn every_operator_has_its_config_described() {
        let schema = file_schema();
        let nodes = schema["$defs"]["Node"]["oneOf"].as_array().unwrap();
        let names: Vec<&str> =
            nodes.iter().filter_map(|node| node["properties"]["operator"]["const"].as_str()).collect();
        let expected: Vec<&str> = operators::ALL.iter().map(|operator| operator.name).collect();
        assert_eq!(names, expected);
        assert!(nodes.iter().all(|node| node["properties"]["config"]["additionalProperties"] == false));
        assert!(!schema.to_string().contains("\"x-"));
    }
}
