//! Prints records on standard output, one line each.
//!
//! `show` says what a line holds: the `value`; `key-value` (key, a tab, value); or `full`, a JSON object of topic,
//! partition, offset, `ts`, key, value and headers, as `consume` prints. A windowed key is `[key@start/end]`, or has `window`
//! beside it. `format` is how values are written; a value that came in the same format and was not changed is printed as it
//! was read.
//!
//! Lines never mix, also from several lanes. A tombstone prints `null`. A record that cannot be written (NaN has no JSON
//! form) leaves by `errors`. Where the reader of the output goes away (`tidegate run … | head`), the run stops cleanly.
//!
//! - **Back-pressure**: as slow as the reader of the output.

use std::io::{self, ErrorKind, Write};

use schemars::JsonSchema;
use serde::Deserialize;

use super::lines::{LineStyle, LineWriter};
use super::page::page;
use super::*;

/// Config of `console-sink`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ConsoleSink {
    /// What a line holds.
    #[serde(default)]
    show: Show,
    /// How values are written.
    #[serde(default)]
    format: ValueFormat,
}

/// What a line holds.
#[derive(Debug, Clone, Copy, Default, Deserialize, serde::Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Show {
    /// the value
    #[default]
    Value,
    /// key, a tab, value
    KeyValue,
    /// a JSON object of topic, partition, offset, ts, key, value and headers
    Full,
}

/// `console-sink`
pub(super) static OPERATOR: Operator = Operator {
    name: "console-sink",
    summary: "Prints records on standard output, one line each",
    help: page!("console_sink.rs"),
    role: Role::Sink,
    family: Family::Sinks,
    icon: "terminal-window",
    scope: Scope::Record,
    value: ValueRole::Kept,
    form: Form::of::<ConsoleSink>,
    configure: configure::<ConsoleSink>,
    examples: EXAMPLES,
};

impl Shape for ConsoleSink {
    fn ports(&self) -> Ports {
        Ports::sink().failing()
    }

    fn output(&self, inputs: &[Option<Stream>], report: &mut Report) -> Vec<Option<Stream>> {
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

    fn build(&self, site: &Site<'_>) -> Result<Body, Fault> {
        let style = match self.show {
            Show::Value => LineStyle::Value,
            Show::KeyValue => LineStyle::KeyValue,
            Show::Full => LineStyle::Record,
        };
        let lines = LineWriter::new(style, &self.format, false, site)?;
        Ok(Body::Sink(Box::new(Running { lines, buffer: Vec::new(), console: io::stdout() })))
    }
}

struct Running<W> {
    lines: LineWriter,
    buffer: Vec<u8>,
    console: W,
}

impl<W: Write + Send> Sink for Running<W> {
    fn write(&mut self, batch: Batch, out: &mut Outbox) -> Result<(), Fault> {
        self.buffer.clear();
        let failures = self.lines.write(&batch, &mut self.buffer)?;
        out.fail_rows(&batch, failures)?;
        // One write of whole lines: the lock that standard output takes for it keeps lanes apart.
        self.console.write_all(&self.buffer).map_err(console_fault)
    }

    /// Whole lines have left already. The lock of standard output would be waited for here by who commits, while another
    /// lane writes to a reader that takes nothing.
    fn flush(&mut self) -> Result<(), Fault> {
        Ok(())
    }
}

fn console_fault(error: io::Error) -> Fault {
    match error.kind() {
        ErrorKind::BrokenPipe => Fault::unread("nobody reads standard output any more"),
        _ => Fault::outside(format!("cannot write to standard output: {error}")),
    }
}

const EXAMPLES: &[Example] = &[Example {
    title: "Values, one line each",
    config: "{}",
    inputs: r#"{ "in": { "schema": { "n": "int64" } } }"#,
    script: r#"{"node":"in","ts":1,"key":"a","value":{"n":1}}"#,
    expect: r#"{"port":"in","ts":1,"key":"a","value":{"n":1}}"#,
}];

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, records};
    use super::*;
    use crate::batch::Windows;

    fn printed(style: LineStyle, rows: &[(&str, &str)], windows: Option<Windows>) -> String {
        let input = Stream { windowed: windows.is_some(), ..records(r#"{ "n": "float64" }"#) };
        let mut bench = Bench::new(&OPERATOR, serde_json::json!({}), std::slice::from_ref(&input));
        let batch = Batch { windows, ..bench.batch(rows) };
        let lines = bench.at_site(|site| LineWriter::new(style, &ValueFormat::default(), false, site)).unwrap();
        let mut sink = Running { lines, buffer: Vec::new(), console: Vec::new() };
        sink.write(batch, &mut Outbox::default()).unwrap();
        String::from_utf8(sink.console).unwrap()
    }

    #[test]
    fn a_line_holds_what_is_shown() {
        let rows = [("a", r#"{"n":1.5}"#), ("b", "null")];
        for (style, text) in [
            (LineStyle::Value, "{\"n\":1.5}\nnull\n"),
            (LineStyle::KeyValue, "a\t{\"n\":1.5}\nb\tnull\n"),
            (
                LineStyle::Record,
                "{\"ts\":0,\"key\":\"a\",\"value\":{\"n\":1.5}}\n{\"ts\":1,\"key\":\"b\",\"value\":null}\n",
            ),
        ] {
            assert_eq!(printed(style, &rows, None), text);
        }
    }

    #[test]
    fn a_windowed_key_is_shown_with_its_window() {
        for (style, text) in [
            (LineStyle::Value, "{\"n\":1.5}\n"),
            (LineStyle::KeyValue, "[a@10/20]\t{\"n\":1.5}\n"),
            (
                LineStyle::Record,
                "{\"ts\":0,\"key\":\"a\",\"window\":{\"start\":10,\"end\":20},\"value\":{\"n\":1.5}}\n",
            ),
        ] {
            let windows = Windows { start: vec![10].into(), end: vec![20].into() };
            assert_eq!(printed(style, &[("a", r#"{"n":1.5}"#)], Some(windows)), text);
        }
    }

    #[test]
    fn a_reader_that_has_gone_is_no_error() {
        let fault = console_fault(io::Error::from(ErrorKind::BrokenPipe));
        assert_eq!(fault.blame, crate::problem::Blame::Nobody);
        assert!(console_fault(io::Error::from(ErrorKind::StorageFull)).may_retry);
    }
}
