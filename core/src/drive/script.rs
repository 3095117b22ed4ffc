//! Scripts of the test driver: rows of JSON, one after the other. What they do is the driver's business.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fields::DurationText;
use crate::problem::{Place, Problem};

/// One line of a script.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Line {
    /// a record for a source node
    Record(ScriptRecord),
    /// the wall clock moves on
    Advance(Advance),
    /// a source node has no more
    End(End),
    /// a node takes nothing any more
    Hold(Hold),
    /// a node that is held takes so many records
    Release(Release),
}

/// A record for a source node.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptRecord {
    /// the source node
    pub node: String,
    /// timestamp in milliseconds; absent: the wall clock's
    pub ts: Option<i64>,
    /// as the source's `key_format` has it; null: none
    #[serde(default)]
    pub key: Value,
    /// the window of the key, for a source that reads windowed keys; absent: `key` has it in its bytes
    #[serde(default)]
    pub window: Option<Window>,
    /// as the source's format has it; null: a tombstone
    #[serde(default)]
    pub value: Value,
    /// names, and text, null or `{"base64": …}`
    #[serde(default)]
    pub headers: Vec<(String, Value)>,
    /// each partition is a lane of its own
    #[serde(default)]
    pub partition: i32,
}

/// The wall clock moves on.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Advance {
    /// by so much
    pub advance: DurationText,
}

/// A source node has no more.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// the node
    pub end: String,
}

/// A node takes nothing any more.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// the node
    pub hold: String,
}

/// A node that is held takes so many records; without a number it is held no longer.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// the node
    pub release: String,
    /// so many
    pub records: Option<usize>,
}

/// A record that came out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutRow {
    /// the node
    pub node: String,
    /// its port
    pub port: String,
    /// timestamp in milliseconds
    pub ts: i64,
    /// the key
    pub key: Value,
    /// the value; null: a tombstone
    pub value: Value,
    /// headers, where it has some
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, Value)>,
    /// the window of the key
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
}

/// The window of a key, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// inclusive
    pub start: i64,
    /// as the kind of window means it
    pub end: i64,
}

const SHAPES: &str = "a line is {\"node\", \"ts\", \"key\", \"window\", \"value\", \"headers\", \"partition\"}, \
                      {\"advance\": \"10s\"}, {\"end\": NODE}, {\"hold\": NODE} or {\"release\": NODE, \"records\": N}";

/// Reads one line.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn read_line(value: &Value) -> Result<Line, String> {
    let fields = value.as_object().ok_or_else(|| SHAPES.to_string())?;
    // By its telling field, so that the message is about that shape and not about all of them.
    let read = |name: &str| match name {
        "advance" => Advance::deserialize(value).map(Line::Advance),
        "end" => End::deserialize(value).map(Line::End),
        "hold" => Hold::deserialize(value).map(Line::Hold),
        "release" => Release::deserialize(value).map(Line::Release),
        _ => ScriptRecord::deserialize(value).map(Line::Record),
    };
    let telling = ["node", "advance", "end", "hold", "release"].into_iter().find(|name| fields.contains_key(*name));
    let telling = telling.ok_or_else(|| SHAPES.to_string())?;
    read(telling).map_err(|why| match why.to_string() {
        // All that is said of a number that is negative, too large or broken where none such may be.
        text if text == "invalid number" => {
            "a number does not fit here: it is negative, too large, or no whole one".into()
        }
        text => text,
    })
}

/// Reads lines of JSON; empty ones are left out.
///
/// # Errors
/// A problem at each line that is wrong.
pub fn read_lines(text: &str) -> Result<Vec<Line>, Vec<Problem>> {
    let (mut lines, mut problems) = (Vec::new(), Vec::new());
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let read = match serde_json::from_str::<Value>(line) {
            Ok(value) => read_line(&value).map_err(|why| (1, why)),
            Err(why) => Err((why.column().max(1), why.to_string())),
        };
        match read {
            Ok(line) => lines.push(line),
            Err((column, why)) => {
                let place = Place { line: Some((number + 1, column)), ..Place::default() };
                problems.push(Problem::error(place, why).remedy(SHAPES));
            }
        }
    }
    if problems.is_empty() { Ok(lines) } else { Err(problems) }
}
