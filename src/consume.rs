//! `tidegate consume`: the records of a topic, one a line.

use std::io::{self, Write};

use clap::builder::NonEmptyStringValueParser;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tidegate_core::batch::Batch;
use tidegate_core::codec::{header_value, key_value};
use tidegate_core::kafka::{Admin, Start, TopicPartition};
use tidegate_core::problem::Fault;
use tidegate_core::types::KeyFormat;

use crate::common::clusters::BrokerArgs;
use crate::common::exit::{Exit, Failure};
use crate::common::formats::{Format, KeyWord};
use crate::common::reading::{Reader, partitions_of};
use crate::common::{signals, start};

/// Print the records of a topic, one a line.
///
/// A line is a JSON object {"topic", "partition", "offset", "ts", "key", "value", "headers"}, which `produce --records`
/// reads back. It ends where the partitions ended when it began, unless told otherwise. No group is joined and nothing is
/// committed. Records of a partition come in order; the partitions take turns.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The topic
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    topic: String,
    /// Where to start, in every partition
    #[arg(long, value_name = start::WORDS, value_parser = start::parse, default_value = "earliest", allow_negative_numbers = true)]
    from: start::From,
    /// Only this partition
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    partition: Option<i32>,
    /// End where the partitions end now; this is what happens anyway
    #[arg(long, conflicts_with = "follow")]
    until_end: bool,
    /// End after so many records, waiting for them
    #[arg(long, value_name = "N")]
    records: Option<u64>,
    /// Go on for ever with what comes
    #[arg(long)]
    follow: bool,
    /// How keys are written
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    key_format: KeyWord,
    /// How values are written; what is not of that format is shown as text, or as {"base64": …}
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "json")]
    format: Format,
    /// What a line holds: all of a record, or its value
    #[arg(long, value_enum, default_value = "full")]
    show: Show,
    #[command(flatten)]
    brokers: BrokerArgs,
}

/// What a line holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Show {
    /// a JSON object
    Full,
    /// key, a tab, value
    KeyValue,
    /// the value
    Value,
}

/// Prints the records.
pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let is_stopped = signals::stop_flag()?;
    let (cluster, admin) = args.brokers.open_admin()?;
    let partitions = chosen(args, partitions_of(&admin, &args.topic)?)?;
    let is_endless = args.follow || (args.records.is_some() && !args.until_end);
    let (starts, until) = starts(&admin, partitions, args.from.to_client(), is_endless)?;
    let mut left = args.records.unwrap_or(u64::MAX);
    if starts.is_empty() || left == 0 {
        return Ok(Exit::Good);
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    let reader = Reader::open(&cluster.settings, &starts, &until)?;
    reader.read(&is_stopped, |batch| -> Result<bool, Failure> {
        left -= print(args, batch, left, &mut out)?;
        out.flush()?;
        Ok(left > 0)
    })?;
    Ok(Exit::Good)
}

fn chosen(args: &Args, partitions: Vec<TopicPartition>) -> Result<Vec<TopicPartition>, Failure> {
    let Some(partition) = args.partition else { return Ok(partitions) };
    let count = partitions.len();
    let chosen: Vec<TopicPartition> = partitions.into_iter().filter(|at| at.partition == partition).collect();
    match chosen.is_empty() {
        true => {
            let message = format!("topic `{}` has no partition {partition}", args.topic);
            Err(Failure::argument("--partition", message, format!("it has {count}, counted from 0")))
        }
        false => Ok(chosen),
    }
}

type Starts = (Vec<(TopicPartition, Start)>, Vec<Option<i64>>);

/// Where each partition is read from, and up to where; of those that end, only the ones that have something.
fn starts(admin: &Admin, partitions: Vec<TopicPartition>, from: Start, is_endless: bool) -> Result<Starts, Fault> {
    if is_endless {
        let until = vec![None; partitions.len()];
        return Ok((partitions.into_iter().map(|at| (at, from)).collect(), until));
    }
    let mut starts = Starts::default();
    for at in partitions {
        let marks = admin.watermarks(&at)?;
        let first = match from {
            Start::Offset(offset) => offset,
            Start::End => marks.high,
            Start::Beginning | Start::Timestamp(_) => marks.low,
        };
        if first.max(marks.low) < marks.high {
            starts.0.push((at, from));
            starts.1.push(Some(marks.high));
        }
    }
    Ok(starts)
}

/// Prints rows of a batch, at most so many; gives how many there were.
fn print(args: &Args, batch: &Batch, most: u64, out: &mut impl Write) -> io::Result<u64> {
    let mut payloads = batch.payload.as_ref().map(|payload| payload.iter());
    let mut printed = 0;
    for (row, key) in batch.keys.iter().enumerate() {
        let payload = payloads.as_mut().and_then(|payloads| payloads.next().flatten());
        if printed == most {
            break;
        }
        printed += 1;
        let key = key_value(key, KeyFormat::from(args.key_format));
        match args.show {
            Show::Full => writeln!(out, "{}", record(args, batch, row, &key, payload))?,
            Show::Value => line(&[], payload, args.format, out)?,
            Show::KeyValue => {
                let key = key.as_str().map_or_else(|| key.to_string(), str::to_string);
                line(format!("{key}\t").as_bytes(), payload, args.format, out)?;
            }
        }
    }
    Ok(printed)
}

/// A value alone: JSON in one line, anything else as it is.
fn line(lead: &[u8], payload: Option<&[u8]>, format: Format, out: &mut impl Write) -> io::Result<()> {
    out.write_all(lead)?;
    match (payload, format) {
        (Some(bytes), Format::Text | Format::Bytes) => out.write_all(bytes)?,
        (payload, _) => out.write_all(value_json(payload, format).as_bytes())?,
    }
    out.write_all(b"\n")
}

fn record(args: &Args, batch: &Batch, row: usize, key: &Value, payload: Option<&[u8]>) -> String {
    let mut text = format!(
        "{{\"topic\":{},\"partition\":{},\"offset\":{},\"ts\":{},\"key\":{key},\"value\":{}",
        Value::from(&**batch.origin.topic.get(row)),
        batch.origin.partition.get(row),
        batch.origin.offset[row],
        batch.timestamps[row],
        value_json(payload, args.format),
    );
    let headers = batch.headers_of(row).iter();
    let headers: Vec<Value> = headers.map(|(name, value)| json!([name, header_value(value.as_deref())])).collect();
    if !headers.is_empty() {
        text.push_str(&format!(",\"headers\":{}", Value::Array(headers)));
    }
    text + "}"
}

/// A value in JSON on one line: a document as it was written, if it is one.
fn value_json(payload: Option<&[u8]>, format: Format) -> String {
    let Some(bytes) = payload else { return "null".into() };
    match format {
        Format::Bytes => key_value(payload, KeyFormat::Bytes).to_string(),
        Format::Text => header_value(payload).to_string(),
        Format::Json => match serde_json::from_slice::<&RawValue>(bytes) {
            Ok(raw) if !raw.get().contains(['\n', '\r']) => raw.get().to_string(),
            // Line breaks can only stand between the parts of a document, so nothing is lost but them.
            Ok(raw) => raw.get().replace(['\n', '\r'], " "),
            Err(_) => header_value(payload).to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_in_one_line_as_they_were_written() {
        for (bytes, format, expected) in [
            (Some(&b"{\"a\":1.50}"[..]), Format::Json, r#"{"a":1.50}"#),
            (Some(b"[1,\n2]"), Format::Json, "[1, 2]"),
            (Some(b"not json"), Format::Json, r#""not json""#),
            (Some(b"\xff"), Format::Json, r#"{"base64":"/w=="}"#),
            (Some(b"{}"), Format::Text, r#""{}""#),
            (Some(b"ab"), Format::Bytes, r#"{"base64":"YWI="}"#),
            (None, Format::Json, "null"),
        ] {
            assert_eq!(value_json(bytes, format), expected);
        }
    }
}
