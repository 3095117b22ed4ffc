//! Writes records to a file, one line each.
//!
//! A line is the value in `format`, or with `"lines": "record"` a JSON object of `ts`, key, value and headers, which
//! `file-source` reads back; a windowed key has its `window` beside it, which `file-source` leaves out. The file is appended
//! to, or emptied at the start of the run with `"mode": "truncate"`. All lanes write to the same file, whole lines at a
//! time; their order among lanes is not fixed.
//!
//! A tombstone is the line `null`. A value that cannot be written (NaN in JSON, several lines of text) leaves by `errors`.
//! Where the sink starts again after a failure, lines that are not safe come once more, and a line that was torn is ended.
//!
//! With `"sync": true` lines count as written once the disk has them, and only then are offsets committed; without it a
//! crash of the machine, not of the program, may lose the last lines.
//!
//! - **Back-pressure**: as slow as the disk.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Mutex, PoisonError};

use schemars::JsonSchema;
use serde::Deserialize;

use super::file_lines::LinesOf;
use super::lines::LineWriter;
use super::page::page;
use super::*;
use crate::fields::PathText;

/// Config of `file-sink`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FileSink {
    /// The file; made where it does not exist.
    path: PathText,
    /// Whether what is there already stays.
    #[serde(default)]
    mode: Mode,
    /// What a line holds.
    #[serde(default)]
    lines: LinesOf,
    /// How values are written.
    #[serde(default)]
    format: ValueFormat,
    /// Whether lines count as written only once the disk has them.
    #[serde(default)]
    sync: bool,
}

/// What becomes of the lines that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, serde::Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Mode {
    /// they stay
    #[default]
    Append,
    /// they go when the run starts; what it writes stays when it starts again
    Truncate,
}

/// `file-sink`
pub(super) static OPERATOR: Operator = Operator {
    name: "file-sink",
    summary: "Writes records to a file, one line each",
    help: page!("file_sink.rs"),
    role: Role::Sink,
    family: Family::Sinks,
    icon: "file-arrow-down",
    scope: Scope::Record,
    value: ValueRole::Kept,
    form: Form::of::<FileSink>,
    configure: configure::<FileSink>,
    examples: EXAMPLES,
};

impl Shape for FileSink {
    fn ports(&self) -> Ports {
        Ports::sink().failing()
    }

    fn output(&self, inputs: &[Option<Stream>], report: &mut Report) -> Vec<Option<Stream>> {
        report.check_path("path", &self.path);
        if let [Some(input)] = inputs {
            report.check_writable("format", &self.format, input);
        }
        Vec::new()
    }

    fn needs(&self, _: usize, _: &[Stream], _: &[Wanted]) -> Wanted {
        Wanted::all()
    }

    fn format(&self) -> Option<&ValueFormat> {
        Some(&self.format)
    }

    fn touches(&self) -> Touches {
        Touches::WritesFile(self.path.as_str().into())
    }

    fn build(&self, site: &Site<'_>) -> Result<Body, Fault> {
        let file = site.lasting.get("file", || Mutex::new(Opened::default()));
        let lines = LineWriter::new(self.lines.style(), &self.format, true, site)?;
        let FileSink { path, mode, sync, .. } = self;
        let (path, buffer) = (path.0.clone(), Vec::new());
        Ok(Body::Sink(Box::new(Running { lines, buffer, file, path, mode: *mode, syncs: *sync })))
    }
}

/// A file whose next byte begins a line: a crash may have left the last one without its end.
fn open(path: &str, mode: Mode) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).read(true);
    if mode == Mode::Truncate {
        return options.write(true).truncate(true).open(path);
    }
    let mut file = options.append(true).open(path)?;
    let mut last = [b'\n'];
    if file.metadata()?.is_file() && file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    if last != [b'\n'] {
        file.write_all(b"\n")?;
    }
    Ok(file)
}

/// The file as the lanes share it.
#[derive(Default)]
struct Opened {
    /// opened by the first write, so that a body that never runs leaves no trace; gone once it has failed
    file: Option<File>,
    /// lines were written: from now on they stay
    has_begun: bool,
}

struct Running {
    lines: LineWriter,
    buffer: Vec<u8>,
    /// of all lanes
    file: Arc<Mutex<Opened>>,
    path: String,
    mode: Mode,
    syncs: bool,
}

impl Running {
    fn with_file(&self, verb: &str, work: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), Fault> {
        let mut opened = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let Opened { file, has_begun } = &mut *opened;
        let mode = if *has_begun { Mode::Append } else { self.mode };
        let mut writable = match file.take() {
            Some(file) => file,
            None => open(&self.path, mode).map_err(|error| {
                Fault::user(format!("cannot open {}: {error}", self.path)).remedy("check the path and its permissions")
            })?,
        };
        *has_begun = true;
        // One that has failed is not put back: whoever tries again finds what is at the path by then.
        work(&mut writable).map_err(|error| {
            Fault::outside(format!("cannot {verb} {}: {error}", self.path)).remedy("check the disk and its space")
        })?;
        *file = Some(writable);
        Ok(())
    }
}

impl Sink for Running {
    fn write(&mut self, batch: Batch, out: &mut Outbox) -> Result<(), Fault> {
        self.buffer.clear();
        let failures = self.lines.write(&batch, &mut self.buffer)?;
        out.fail_rows(&batch, failures)?;
        self.with_file("write to", |file| file.write_all(&self.buffer))
    }

    fn flush(&mut self) -> Result<(), Fault> {
        self.with_file("sync", |file| if self.syncs { file.sync_data() } else { Ok(()) })
    }
}

const EXAMPLES: &[Example] = &[Example {
    title: "Values, one line each",
    config: r#"{ "path": "out.jsonl" }"#,
    inputs: r#"{ "in": { "schema": { "n": "int64" } } }"#,
    script: r#"{"node":"in","ts":1,"key":"a","value":{"n":1}}"#,
    expect: r#"{"port":"in","ts":1,"key":"a","value":{"n":1}}"#,
}];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{Bench, records};
    use super::*;

    #[test]
    fn appends_whole_lines_or_empties_the_file_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.jsonl");
        std::fs::write(&path, "torn").unwrap();
        let input = records(r#"{ "n": "int64" }"#);
        for (mode, text) in [("append", "torn\n{\"n\":1}\nnull\n"), ("truncate", "{\"n\":1}\nnull\n")] {
            let config = json!({ "path": path, "mode": mode, "sync": true });
            let mut bench = Bench::new(&OPERATOR, config, std::slice::from_ref(&input));
            bench.send(&[("a", r#"{"n":1}"#), ("b", "null")]);
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
            bench.start_again();
            bench.send(&[("c", r#"{"n":2}"#)]);
            assert!(std::fs::read_to_string(&path).unwrap().starts_with(text));
        }
    }

    #[test]
    fn text_of_several_lines_is_no_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.txt");
        let config = json!({ "path": path, "format": "text" });
        let mut bench = Bench::new(&OPERATOR, config, &[records(r#"{ "value": "text" }"#)]);
        bench.send(&[("a", r#"{"value":"one"}"#), ("b", r#"{"value":"two\nlines"}"#), ("c", r#"{"value":"three"}"#)]);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\nthree\n");
        assert_eq!(bench.failed()[0].0, "b");
    }

    /// Lines that are there by then stay, and a torn one is ended.
    #[test]
    fn a_file_that_failed_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.jsonl");
        std::os::unix::fs::symlink("/dev/full", &path).unwrap();
        let input = records(r#"{ "n": "int64" }"#);
        let config = json!({ "path": path, "mode": "truncate" });
        let mut bench = Bench::new(&OPERATOR, config, std::slice::from_ref(&input));
        let batch = bench.batch(&[("a", r#"{"n":1}"#)]);
        let mut write = || {
            let Some(Body::Sink(sink)) = &mut bench.body else { panic!("no sink") };
            sink.write(batch.clone(), &mut Outbox::default())
        };
        assert!(write().unwrap_err().message.starts_with("cannot write to"));
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "{\"n\":0}\n{\"n").unwrap();
        write().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"n\":0}\n{\"n\n{\"n\":1}\n");
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let config = json!({ "path": "/no/such/folder/out.jsonl" });
        let Some(Body::Sink(mut sink)) = Bench::new(&OPERATOR, config, &[records("{}")]).body else {
            panic!("no sink")
        };
        let fault = sink.flush().unwrap_err();
        assert!(fault.message.starts_with("cannot open /no/such/folder/out.jsonl"), "{fault}");
    }
}
