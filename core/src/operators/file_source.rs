//! Reads records from a file, one a line (JSONL).
//!
//! A line is a value in `format`, or with `"lines": "record"` a JSON object of `ts`, `key`, `value` and `headers`, as
//! `consume` prints and `file-sink` writes. `_topic` is the path, `_offset` the number of the line, from 1. Empty lines are
//! passed over; in JSON a line `null` is a tombstone. A line that cannot be read leaves by `errors`.
//!
//! Lines without a `ts` have the wall clock at which they are read as timestamp; `"time": {"column": …}` takes a column
//! instead. Only `"lines": "record"` has keys; `key-by` makes others.
//!
//! Where the source starts again after a failure, it goes on behind the last line that it gave.
//!
//! The file is read once, on one lane, as fast as what follows takes it. Its end is an end: windows close and the run
//! finishes.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};

use arrow_array::Array;
use arrow_buffer::BooleanBuffer;
use schemars::JsonSchema;
use serde::Deserialize;

use super::file_lines::LinesOf;
use super::lines::{LineRecord, read_record};
use super::page::page;
use super::*;
use crate::batch::{MAX_ROWS, Origin, PerRow};
use crate::codec::{BytesBuilder, value_schema};
use crate::fields::PathText;

/// The longest line, in bytes: a file without line breaks must not fill the memory.
const MAX_LINE: u64 = 64 << 20;

/// Config of `file-source`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FileSource {
    /// The file.
    path: PathText,
    /// What a line holds.
    #[serde(default)]
    lines: LinesOf,
    /// How values are read.
    #[serde(default)]
    format: ValueFormat,
    /// Columns of the value and their types; only for JSON.
    schema: Option<Schema>,
    /// How keys are written in lines that hold records.
    #[serde(default)]
    key_format: KeyFormat,
    /// What `_timestamp` is.
    #[serde(default)]
    time: Time,
}

/// `file-source`
pub(super) static OPERATOR: Operator = Operator {
    name: "file-source",
    summary: "Reads records from a file, one a line",
    help: page!("file_source.rs"),
    role: Role::Source,
    family: Family::Sources,
    icon: "file-text",
    scope: Scope::Record,
    value: ValueRole::Kept,
    form: Form::of::<FileSource>,
    configure: configure::<FileSource>,
    examples: EXAMPLES,
};

impl Shape for FileSource {
    fn ports(&self) -> Ports {
        Ports::source().failing()
    }

    fn output(&self, _: &[Option<Stream>], report: &mut Report) -> Vec<Option<Stream>> {
        report.check_path("path", &self.path);
        let schema = value_schema(&self.format, self.schema.as_ref());
        report.check_readable(&self.format, self.schema.as_ref());
        report.check_time(&self.time, &schema);
        vec![Some(Stream::records(Arc::new(schema), self.key_format))]
    }

    fn needs(&self, _: usize, _: &[Stream], wanted: &[Wanted]) -> Wanted {
        Wanted::with_time(wanted, &self.time)
    }

    fn format(&self) -> Option<&ValueFormat> {
        Some(&self.format)
    }

    fn touches(&self) -> Touches {
        Touches::ReadsFile(self.path.as_str().into())
    }

    fn build(&self, _: &Site<'_>) -> Result<Body, Fault> {
        let source = Running {
            reader: None,
            path: self.path.as_str().into(),
            lines: self.lines,
            format: self.format,
            key_format: self.key_format,
            line: Vec::new(),
            lines_read: 0,
            failed: None,
        };
        Ok(Body::Source(Box::new(source), Ingest { format: Some(self.format), time: self.time.clone() }))
    }
}

struct Running {
    /// opened by the first call, since a script may stand for the file
    reader: Option<BufReader<File>>,
    path: Arc<str>,
    lines: LinesOf,
    format: ValueFormat,
    key_format: KeyFormat,
    /// the line being read
    line: Vec<u8>,
    lines_read: i64,
    /// lines that could not be read, given with the next call
    failed: Option<Failed>,
}

impl Source for Running {
    fn pull(&mut self, max: usize, now_ms: i64) -> Result<Pulled, Fault> {
        if let Some(failed) = self.failed.take() {
            return Ok(Pulled::Failed(failed));
        }
        let (mut good, mut bad, mut reasons) = (Rows::default(), Rows::default(), Vec::new());
        while good.len() + bad.len() < max.min(MAX_ROWS) && self.next_line()? {
            match self.record() {
                Ok(record) => good.push(record, self.lines_read, now_ms),
                Err(reason) => {
                    let line = LineRecord {
                        timestamp: None,
                        key: None,
                        payload: Some(self.line.clone()),
                        headers: Vec::new(),
                    };
                    bad.push(line, self.lines_read, now_ms);
                    reasons.push(Reason::new(reason));
                }
            }
        }
        let failed = (!reasons.is_empty()).then(|| Failed { batch: bad.finish(&self.path), reasons });
        match (good.len(), failed) {
            (0, None) => Ok(Pulled::End),
            (0, Some(failed)) => Ok(Pulled::Failed(failed)),
            (_, failed) => {
                self.failed = failed;
                Ok(Pulled::Rows(good.finish(&self.path)))
            }
        }
    }

    fn seek(&mut self, offset: i64) -> Result<bool, Fault> {
        while self.lines_read + 1 < offset {
            if !self.next_line()? {
                let message = format!("{} has fewer lines than were read: {}", self.path, self.lines_read);
                return Err(Fault::user(message).remedy("put back the lines that are gone"));
            }
        }
        Ok(true)
    }
}

impl Running {
    /// Reads the next line that is not empty; false at the end.
    fn next_line(&mut self) -> Result<bool, Fault> {
        loop {
            self.line.clear();
            let reader = match &mut self.reader {
                Some(reader) => reader,
                none => none.insert(open(&self.path)?),
            };
            let read = reader.take(MAX_LINE).read_until(b'\n', &mut self.line);
            match read {
                Ok(0) => return Ok(false),
                Ok(_) => self.lines_read += 1,
                Err(error) => return Err(Fault::outside(format!("cannot read {}: {error}", self.path))),
            }
            if self.line.len() as u64 == MAX_LINE && self.line.last() != Some(&b'\n') {
                let message = format!("{}: line {} is longer than 64 MiB", self.path, self.lines_read);
                return Err(Fault::user(message).remedy("put each record on a line of its own"));
            }
            let end = self.line.trim_ascii_end().len();
            if !matches!(self.format, ValueFormat::Json(_)) && self.lines == LinesOf::Value {
                let text = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
                let text = text.strip_suffix(b"\r").unwrap_or(text).len();
                self.line.truncate(text);
            } else {
                self.line.truncate(end);
            }
            if !self.line.is_empty() {
                return Ok(true);
            }
        }
    }

    fn record(&self) -> Result<LineRecord, String> {
        match self.lines {
            LinesOf::Record => read_record(&self.line, &self.format, self.key_format),
            LinesOf::Value => {
                let is_tombstone = matches!(self.format, ValueFormat::Json(_)) && self.line == b"null";
                let payload = (!is_tombstone).then(|| self.line.clone());
                Ok(LineRecord { timestamp: None, key: None, payload, headers: Vec::new() })
            }
        }
    }
}

fn open(path: &str) -> Result<BufReader<File>, Fault> {
    let file = File::open(path).map_err(|error| {
        Fault::user(format!("cannot open {path}: {error}")).remedy("check the path and its permissions")
    })?;
    Ok(BufReader::with_capacity(1 << 16, file))
}

/// Lines on their way into a batch.
#[derive(Default)]
struct Rows {
    payload: BytesBuilder,
    keys: BytesBuilder,
    timestamps: Vec<i64>,
    headers: Vec<crate::batch::Headers>,
    lines: Vec<i64>,
}

impl Rows {
    fn len(&self) -> usize {
        self.lines.len()
    }

    fn push(&mut self, record: LineRecord, line: i64, now_ms: i64) {
        self.payload.push(record.payload.as_deref());
        self.keys.push(record.key.as_deref());
        self.timestamps.push(record.timestamp.unwrap_or(now_ms));
        self.headers.push(record.headers);
        self.lines.push(line);
    }

    fn finish(mut self, path: &Arc<str>) -> Batch {
        let topic = PerRow::Same(path.clone());
        let origin = Origin { topic, partition: PerRow::Same(0), offset: self.lines.into() };
        let payload = self.payload.finish();
        let tombstones = payload.nulls().map(|valid| !valid.inner());
        Batch {
            headers: self.headers.iter().any(|headers| !headers.is_empty()).then(|| self.headers.into()),
            tombstones: tombstones.filter(|bits: &BooleanBuffer| bits.count_set_bits() > 0),
            payload: Some(payload),
            ..Batch::bare(self.keys.finish(), self.timestamps.into(), origin)
        }
    }
}

const EXAMPLES: &[Example] = &[Example {
    title: "Lines of a script stand for those of the file",
    config: r#"{ "path": "in.jsonl", "schema": { "n": "int64!" } }"#,
    inputs: "{}",
    script: r#"{"node":"self","ts":1,"key":null,"value":{"n":1}}"#,
    expect: r#"{"port":"out","ts":1,"key":null,"value":{"n":1}}"#,
}];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::source;
    use super::*;

    fn write(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("in.jsonl");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn values_are_lines_with_their_numbers() {
        let (_folder, path) = write("{\"n\":1}\r\n\n  \nnull\n{\"n\":2}");
        let mut source = source(&OPERATOR, json!({ "path": path, "schema": { "n": "int64" } }));
        let Pulled::Rows(batch) = source.pull(10, 77).unwrap() else { panic!("no rows") };
        let payload = batch.payload.clone().unwrap();
        assert_eq!(payload.iter().collect::<Vec<_>>(), [Some(&b"{\"n\":1}"[..]), None, Some(b"{\"n\":2}")]);
        assert_eq!((&batch.origin.offset[..], batch.is_tombstone(1)), (&[1, 4, 5][..], true));
        assert_eq!(&batch.timestamps[..], [77, 77, 77]);
        assert!(matches!(source.pull(10, 78).unwrap(), Pulled::End));
    }

    #[test]
    fn a_line_that_is_no_record_fails_alone() {
        let (_folder, path) =
            write("{\"ts\":5,\"key\":\"a\",\"value\":{\"n\":1}}\nnonsense\n{\"key\":\"b\",\"value\":null}\n");
        let mut source = source(&OPERATOR, json!({ "path": path, "lines": "record" }));
        let Pulled::Rows(batch) = source.pull(10, 77).unwrap() else { panic!("no rows") };
        assert_eq!((&batch.timestamps[..], &batch.origin.offset[..]), (&[5, 77][..], &[1, 3][..]));
        let Pulled::Failed(failed) = source.pull(10, 77).unwrap() else { panic!("no failure") };
        assert_eq!((failed.batch.rows, failed.batch.origin.offset[0]), (1, 2));
        assert!(failed.reasons[0].reason.starts_with("not a record"), "{:?}", failed.reasons);
        assert!(matches!(source.pull(10, 77).unwrap(), Pulled::End));
    }

    #[test]
    fn spaces_of_text_are_kept() {
        let (_folder, path) = write(" a \r\n\nb");
        let mut source = source(&OPERATOR, json!({ "path": path, "format": "text" }));
        let Pulled::Rows(batch) = source.pull(10, 0).unwrap() else { panic!("no rows") };
        assert_eq!(batch.payload.unwrap().iter().flatten().collect::<Vec<_>>(), [&b" a "[..], b"b"]);
    }

    #[test]
    fn what_follows_a_line_is_found_again() {
        let (_folder, path) = write("1\n\n2\n\n\n3\n");
        let made = || source(&OPERATOR, json!({ "path": path, "schema": { "n": "int64" } }));
        for (offset, lines) in [(1, &[1, 3, 6][..]), (2, &[3, 6]), (4, &[6])] {
            let mut source = made();
            assert!(source.seek(offset).unwrap());
            let Pulled::Rows(batch) = source.pull(10, 0).unwrap() else { panic!("no rows") };
            assert_eq!(&batch.origin.offset[..], lines, "{offset}");
        }
        let mut source = made();
        assert!(source.seek(7).unwrap() && matches!(source.pull(10, 0).unwrap(), Pulled::End));
        assert!(made().seek(8).unwrap_err().message.ends_with("has fewer lines than were read: 6"));
    }
}
