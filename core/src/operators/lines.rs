//! Records as lines of text: what `file-sink` and `console-sink` write and `file-source` reads. Knows nothing of files.

use std::borrow::Cow;

use arrow_array::{Array, BinaryViewArray};
use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

use super::rows::{Failures, key_of};
use super::{Reason, Site};
use crate::batch::{Batch, Headers};
use crate::codec::{Encoder, ValueFormat, header_value, key_value, parse_header, parse_row_key};
use crate::problem::Fault;
use crate::types::KeyFormat;

/// What stands in a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineStyle {
    /// the value
    Value,
    /// key, a tab, the value; a windowed key is `[key@start/end]`, as Kafka Streams prints it
    KeyValue,
    /// a JSON object: where the record comes from, `ts`, `key`, `window`, `value`, `headers`
    Record,
}

/// Writes records as lines.
pub(super) struct LineWriter {
    style: LineStyle,
    format: ValueFormat,
    key: KeyFormat,
    /// none where payloads pass as they were read
    encoder: Option<Encoder>,
    /// whether a value of several lines is refused, since a reader would take it for several
    refuses_breaks: bool,
}

impl LineWriter {
    /// A writer of the records that come to a sink.
    ///
    /// # Errors
    /// A defect of ours: the sink has no input.
    pub(super) fn new(
        style: LineStyle,
        format: &ValueFormat,
        refuses_breaks: bool,
        site: &Site<'_>,
    ) -> Result<LineWriter, Fault> {
        let input = site.input(0)?;
        let encoder = (site.intact != Some(format)).then(|| Encoder::new(format, input.schema.clone()));
        Ok(LineWriter { style, format: *format, key: input.key, encoder, refuses_breaks })
    }

    /// Adds a line per record, and gives the records that cannot be written.
    ///
    /// # Errors
    /// A defect of ours: bytes that should have come do not.
    pub(super) fn write(&mut self, batch: &Batch, into: &mut Vec<u8>) -> Result<Failures, Fault> {
        let mut failures = Failures::new();
        let payload = match (&mut self.encoder, &batch.payload) {
            (Some(encoder), _) => {
                let encoded = encoder.encode(batch);
                failures.extend(encoded.failures.into_iter().map(|failure| (failure.row, Reason::new(failure.reason))));
                encoded.payload
            }
            (None, Some(payload)) => payload.clone(),
            (None, None) => return Err(Fault::ours("payloads were planned and do not come")),
        };
        let mut failed = failures.iter().map(|(row, _)| *row).collect::<Vec<_>>().into_iter().peekable();
        for row in 0..batch.rows {
            if failed.next_if_eq(&row).is_none() && !self.line(batch, row, &payload, into) {
                failures.push((row, Reason::new("the value has several lines; write it as json")));
            }
        }
        Ok(failures)
    }

    /// False where the value does not fit in one line.
    fn line(&self, batch: &Batch, row: usize, payload: &BinaryViewArray, into: &mut Vec<u8>) -> bool {
        let value = payload.is_valid(row).then(|| payload.value(row));
        let start = into.len();
        match self.style {
            LineStyle::Value => {}
            LineStyle::KeyValue => {
                let key = match key_value(key_of(batch, row), self.key) {
                    Value::String(key) => key,
                    key => key.to_string(),
                };
                let line = match window_of(batch, row) {
                    Some((start, end)) => format!("[{key}@{start}/{end}]\t"),
                    None => format!("{key}\t"),
                };
                into.extend_from_slice(line.as_bytes());
            }
            LineStyle::Record => {
                self.record(batch, row, value, into);
                into.push(b'\n');
                return true;
            }
        }
        let value = value.unwrap_or(b"null");
        if matches!(self.format, ValueFormat::Json(_)) {
            into.extend_from_slice(&one_line(value));
        } else if self.refuses_breaks && value.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
            into.truncate(start);
            return false;
        } else {
            into.extend_from_slice(value);
        }
        into.push(b'\n');
        true
    }

    fn record(&self, batch: &Batch, row: usize, value: Option<&[u8]>, into: &mut Vec<u8>) {
        let mut text = String::from("{");
        let topic = batch.origin.topic.get(row);
        if !topic.is_empty() {
            let (partition, offset) = (batch.origin.partition.get(row), batch.origin.offset[row]);
            text += &format!("\"topic\":{},\"partition\":{partition},\"offset\":{offset},", Value::from(&**topic));
        }
        let key = key_value(key_of(batch, row), self.key);
        text += &format!("\"ts\":{},\"key\":{key},", batch.timestamps[row]);
        if let Some((start, end)) = window_of(batch, row) {
            text += &format!("\"window\":{{\"start\":{start},\"end\":{end}}},");
        }
        text += "\"value\":";
        into.extend_from_slice(text.as_bytes());
        match (value, &self.format) {
            (None, _) => into.extend_from_slice(b"null"),
            (Some(value), ValueFormat::Json(_)) => into.extend_from_slice(&one_line(value)),
            (Some(value), ValueFormat::Text) => {
                into.extend_from_slice(header_value(Some(value)).to_string().as_bytes())
            }
            (Some(value), ValueFormat::Bytes) => {
                into.extend_from_slice(key_value(Some(value), KeyFormat::Bytes).to_string().as_bytes());
            }
        }
        let headers = batch.headers_of(row);
        if !headers.is_empty() {
            let pairs = headers
                .iter()
                .map(|(name, value)| Value::from(vec![Value::from(name.as_str()), header_value(value.as_deref())]));
            into.extend_from_slice(b",\"headers\":");
            into.extend_from_slice(Value::from_iter(pairs).to_string().as_bytes());
        }
        into.push(b'}');
    }
}

/// Start and end of a row's window, where its key has one.
fn window_of(batch: &Batch, row: usize) -> Option<(i64, i64)> {
    batch.windows.as_ref().map(|windows| (windows.start[row], windows.end[row]))
}

/// A JSON document in one line: outside of its texts a line break is white space, inside there is none.
fn one_line(json: &[u8]) -> Cow<'_, [u8]> {
    match json.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
        false => Cow::Borrowed(json),
        true => json.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }).collect(),
    }
}

/// A record as a line tells it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LineRecord {
    /// milliseconds; none where the line has none
    pub(super) timestamp: Option<i64>,
    /// key bytes
    pub(super) key: Option<Vec<u8>>,
    /// the value's bytes; none is a tombstone
    pub(super) payload: Option<Vec<u8>>,
    /// headers
    pub(super) headers: Headers,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<'a> {
    ts: Option<i64>,
    #[serde(default)]
    key: Value,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
    #[serde(default)]
    headers: Vec<(String, Value)>,
    /// Where the record once came from, and below the window of its key: `consume` and the sinks tell it, a reader has no
    /// use for it.
    #[serde(rename = "topic")]
    _topic: Option<String>,
    #[serde(rename = "partition")]
    _partition: Option<i32>,
    #[serde(rename = "offset")]
    _offset: Option<i64>,
    #[serde(rename = "window")]
    _window: Option<IgnoredAny>,
}

/// Reads a line of the style [`LineStyle::Record`].
///
/// # Errors
/// A sentence that says what is wrong with the line.
pub(super) fn read_record(line: &[u8], format: &ValueFormat, key: KeyFormat) -> Result<LineRecord, String> {
    let written: Written<'_> = serde_json::from_slice(line).map_err(|why| format!("not a record: {why}"))?;
    let payload = match (written.value, format) {
        (None, _) => None,
        (Some(value), ValueFormat::Json(_)) => Some(value.get().as_bytes().to_vec()),
        (Some(value), ValueFormat::Text | ValueFormat::Bytes) => {
            let value = serde_json::from_str(value.get()).map_err(|why| format!("value: {why}"))?;
            parse_header(&value)
                .map_err(|_| format!("value: {format} is written as text, {{\"base64\": …}} or null"))?
        }
    };
    let header = |(name, value): (String, Value)| {
        let value = parse_header(&value).map_err(|why| format!("header `{name}`: {why}"))?;
        Ok((name, value.map(Bytes::from)))
    };
    if written.ts.is_some_and(|ts| ts < 0) {
        return Err("ts: a timestamp is not negative".into());
    }
    Ok(LineRecord {
        timestamp: written.ts,
        key: parse_row_key(&written.key, key).map_err(|why| format!("key: {why}"))?,
        payload,
        headers: written.headers.into_iter().map(header).collect::<Result<_, String>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_a_line() {
        let json = ValueFormat::default();
        let line = br#"{"topic":"t","partition":0,"offset":7,"ts":5,"key":"k","value":{"a": 1},"headers":[["h","x"],["n",null]]}"#;
        let record = read_record(line, &json, KeyFormat::Text).unwrap();
        assert_eq!((record.timestamp, record.key.as_deref()), (Some(5), Some(&b"k"[..])));
        assert_eq!(record.payload.as_deref(), Some(&br#"{"a": 1}"#[..]));
        assert_eq!(record.headers, [("h".to_string(), Some(Bytes::from("x"))), ("n".to_string(), None)]);
        let bare = read_record(br#"{"value":null}"#, &json, KeyFormat::Text).unwrap();
        assert_eq!((bare.timestamp, bare.key, bare.payload), (None, None, None));
        let windowed = read_record(br#"{"key":"k","window":{"start":0,"end":9},"value":1}"#, &json, KeyFormat::Text);
        assert_eq!(windowed.unwrap().key.as_deref(), Some(&b"k"[..]));
        let text = read_record(br#"{"value":"x"}"#, &ValueFormat::Text, KeyFormat::Text).unwrap();
        assert_eq!(text.payload.as_deref(), Some(&b"x"[..]));
    }

    #[test]
    fn a_wrong_line_says_why() {
        for (line, why) in [
            (&b"{"[..], "not a record: EOF"),
            (br#"{"valeu":1}"#, "not a record: unknown field `valeu`"),
            (br#"{"ts":-1}"#, "ts: a timestamp is not negative"),
            (br#"{"headers":[["h",{}]]}"#, "header `h`: "),
            (b"[]x", "not a record: "),
        ] {
            let found = read_record(line, &ValueFormat::default(), KeyFormat::Text).unwrap_err();
            assert!(found.starts_with(why), "{found}");
        }
    }

    #[test]
    fn a_document_of_several_lines_becomes_one() {
        assert_eq!(&*one_line(b"{\r\n \"a\": 1\n}"), b"{   \"a\": 1 }");
    }
}
