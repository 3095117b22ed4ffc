//! `tidegate produce`: lines into a topic.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use clap::builder::NonEmptyStringValueParser;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tidegate_core::batch::{Batch, Headers, MAX_ROWS, Origin};
use tidegate_core::codec::{BytesBuilder, ValueFormat, parse_header, parse_row_key, parse_row_value};
use tidegate_core::kafka::{Producer, ProducerOptions, TopicOptions, TopicWriter};
use tidegate_core::problem::{Fault, Place, Problem};
use tidegate_core::types::{KeyFormat, Schema};

use crate::common::clusters::BrokerArgs;
use crate::common::exit::{Exit, Failure};
use crate::common::files::{WrongFile, is_stdin};
use crate::common::formats::{Format, KeyWord};
use crate::common::reading::partitions_of;
use crate::common::voice::Voice;

/// Write records to a topic, one a line.
///
/// A line is a value, without a key. With --records it is a JSON object {"ts", "key", "value", "headers"}, as `consume`
/// prints: `ts` in milliseconds (now where absent), a null value is a tombstone, bytes are {"base64": …}. Lines are written
/// as they come; it ends when all of them are acknowledged.
///
/// With --json one JSON object: the number of records.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The topic
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    topic: String,
    /// File of lines; `-` is standard input
    #[arg(default_value = "-")]
    file: PathBuf,
    /// Lines are JSON objects of ts, key, value and headers
    #[arg(long)]
    records: bool,
    /// How keys are written
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text", requires = "records")]
    key_format: KeyWord,
    /// How values stand in records; lines that are values are written as they are
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "json", requires = "records")]
    format: Format,
    /// Create the topic with so many partitions, where it does not exist
    #[arg(long, value_name = "PARTITIONS", value_parser = clap::value_parser!(i32).range(1..))]
    create: Option<i32>,
    #[command(flatten)]
    brokers: BrokerArgs,
}

/// How long acknowledgements are waited for, once all is sent.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(60);

/// Writes the lines.
pub(crate) fn run(args: &Args, voice: Voice) -> Result<Exit, Failure> {
    let mut lines = open(&args.file)?;
    let (cluster, admin) = args.brokers.open_admin()?;
    if let Some(partitions) = args.create {
        admin.create_topic(&args.topic, partitions, -1, &[])?;
    }
    partitions_of(&admin, &args.topic)?;
    let trouble: Arc<Mutex<Option<Fault>>> = Arc::default();
    let heard = trouble.clone();
    let on_fault = move |fault: Fault| match fault.may_retry {
        true => tracing::warn!("{fault}"),
        false => *heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault),
    };
    let producer = Producer::open(&cluster.settings, &ProducerOptions::default(), Arc::new(on_fault))?;
    let mut writer = Sender { writer: producer.topic(&TopicOptions::new(&args.topic))?, producer, sent: 0 };
    let mut pack = Pack::new(args);
    while pack.fill(&mut lines)? {
        writer.send(&pack.take())?;
    }
    let sent = writer.finish()?;
    if let Some(fault) = trouble.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return Err(fault.into());
    }
    if voice.is_json() {
        writeln!(io::stdout(), "{}", json!({ "topic": args.topic, "records": sent }))?;
    } else {
        eprintln!("{sent} {} written to {}", if sent == 1 { "record" } else { "records" }, args.topic);
    }
    Ok(Exit::Good)
}

type Lines = BufReader<Box<dyn Read>>;

fn open(path: &Path) -> Result<Lines, WrongFile> {
    let input: Box<dyn Read> = match is_stdin(path) {
        true => Box::new(io::stdin().lock()),
        false => Box::new(File::open(path).map_err(|why| WrongFile::unread(path, &why))?),
    };
    Ok(BufReader::with_capacity(64 << 10, input))
}

/// A writer, and what it has sent.
struct Sender {
    writer: TopicWriter,
    producer: Arc<Producer>,
    sent: u64,
}

impl Sender {
    fn send(&mut self, batch: &Batch) -> Result<(), Fault> {
        let mut from = 0;
        while from < batch.rows {
            let taken = self.writer.send(batch, from)?;
            from += taken;
            if taken == 0 {
                thread::sleep(Duration::from_millis(2));
            }
        }
        self.sent += batch.rows as u64;
        Ok(())
    }

    /// Waits until all is acknowledged; gives how many records there were.
    fn finish(self) -> Result<u64, Fault> {
        let end = Instant::now() + ACKNOWLEDGED_WITHIN;
        while self.writer.acknowledged() < self.writer.sent() && self.writer.fault().is_none() {
            if Instant::now() >= end {
                let left = self.producer.in_flight();
                return Err(Fault::outside(format!("{left} records were not acknowledged within 60 s")));
            }
            self.producer.flush(Duration::from_millis(100));
        }
        self.writer.fault().map_or(Ok(self.sent), Err)
    }
}

/// Lines on their way to a batch.
struct Pack<'a> {
    args: &'a Args,
    line: usize,
    keys: BytesBuilder,
    values: BytesBuilder,
    timestamps: Vec<i64>,
    headers: Vec<Headers>,
    text: Vec<u8>,
}

/// A line that is a record. The value stays as it is written.
#[derive(Deserialize)]
struct Row<'a> {
    ts: Option<i64>,
    #[serde(default)]
    key: Value,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
    #[serde(default)]
    headers: Vec<(String, Value)>,
}

impl<'a> Pack<'a> {
    fn new(args: &'a Args) -> Pack<'a> {
        Pack {
            args,
            line: 0,
            keys: BytesBuilder::new(),
            values: BytesBuilder::new(),
            timestamps: Vec::new(),
            headers: Vec::new(),
            text: Vec::new(),
        }
    }

    /// Takes lines until a batch is full, or the next one is not there yet; whether there are any.
    fn fill(&mut self, lines: &mut Lines) -> Result<bool, WrongFile> {
        let path = &self.args.file;
        while self.values.len() < MAX_ROWS {
            self.text.clear();
            let read = lines.read_until(b'\n', &mut self.text);
            if read.map_err(|why| WrongFile::unread(path, &why))? == 0 {
                break;
            }
            self.line += 1;
            while matches!(self.text.last(), Some(b'\n' | b'\r')) {
                self.text.pop();
            }
            if !self.text.is_empty() {
                self.push().map_err(|why| self.wrong_line(why))?;
            }
            // Another line would be waited for: what a person or a slow program has written goes at once.
            if !self.values.is_empty() && !lines.buffer().contains(&b'\n') {
                break;
            }
        }
        Ok(!self.values.is_empty())
    }

    fn wrong_line(&self, why: String) -> WrongFile {
        let place = Place { line: Some((self.line, 1)), ..Place::default() };
        let remedy =
            "a line is {\"ts\", \"key\", \"value\", \"headers\"}, as `consume` prints; what is before it is written";
        WrongFile::new(&self.args.file, Problem::error(place, why).remedy(remedy))
    }

    fn push(&mut self) -> Result<(), String> {
        let now = || {
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        };
        if !self.args.records {
            self.keys.push(None);
            self.values.push(Some(&self.text));
            self.timestamps.push(now());
            self.headers.push(Headers::new());
            return Ok(());
        }
        let row: Row<'_> = serde_json::from_slice(&self.text).map_err(|why| why.to_string())?;
        let key = parse_row_key(&row.key, KeyFormat::from(self.args.key_format))?;
        let value = row.value.map(|raw| payload(raw, self.args.format.into())).transpose()?.flatten();
        let header = |(name, value): (String, Value)| Ok((name, parse_header(&value)?.map(Into::into)));
        let headers: Headers = row.headers.into_iter().map(header).collect::<Result<_, String>>()?;
        let ts = row.ts.unwrap_or_else(now);
        if ts < 0 {
            return Err(format!("`ts` is milliseconds since 1970, and not {ts}"));
        }
        self.keys.push(key.as_deref());
        self.values.push(value.as_deref());
        self.timestamps.push(ts);
        self.headers.push(headers);
        Ok(())
    }

    /// What is there, as a batch.
    fn take(&mut self) -> Batch {
        let (keys, values) = (self.keys.finish(), self.values.finish());
        let timestamps = std::mem::take(&mut self.timestamps);
        let origin = Origin::made_here(0, timestamps.len());
        let headers = std::mem::take(&mut self.headers);
        let mut batch = Batch::bare(keys, timestamps.into(), origin);
        batch.headers = headers.iter().any(|headers| !headers.is_empty()).then(|| headers.into());
        batch.payload = Some(values);
        batch
    }
}

/// The bytes of a value; JSON as it is written, if it is not `{"base64": …}`.
fn payload(raw: &RawValue, format: ValueFormat) -> Result<Option<Vec<u8>>, String> {
    let text = raw.get();
    if matches!(format, ValueFormat::Json(_)) && text != "null" && !text.contains("\"base64\"") {
        return Ok(Some(text.as_bytes().to_vec()));
    }
    let value: Value = serde_json::from_str(text).map_err(|why| why.to_string())?;
    parse_row_value(&value, &format, &Schema::default())
}
