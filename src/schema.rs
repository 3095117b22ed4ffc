//! `tidegate schema`: what the values of a topic look like; and the JSON schema of pipeline files.

use std::io::{self, Write};
use std::sync::atomic::AtomicBool;

use serde_json::json;
use tidegate_core::codec::infer_schema;
use tidegate_core::file_schema::file_schema;
use tidegate_core::kafka::{Admin, Start, TopicPartition};
use tidegate_core::pipeline::value_to_text;
use tidegate_core::problem::Fault;

use crate::common::clusters::BrokerArgs;
use crate::common::exit::{Exit, Failure};
use crate::common::reading::{Reader, partitions_of};
use crate::common::voice::Voice;

/// Infer the schema of a topic's values from samples.
///
/// The values are JSON; what is printed can be put into a `kafka-source`. With --file it is the JSON schema of pipeline
/// files, for editors of text.
///
/// With --json one JSON object: schema, notes and the number of samples.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["topic", "file"]))]
pub(crate) struct Args {
    /// The topic whose newest records are looked at
    #[arg(long, value_name = "TOPIC")]
    topic: Option<String>,
    /// Print the JSON schema of pipeline files instead
    #[arg(long)]
    file: bool,
    /// How many records are looked at
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    samples: u32,
    #[command(flatten)]
    brokers: BrokerArgs,
}

/// Prints the schema.
pub(crate) fn run(args: &Args, voice: Voice) -> Result<Exit, Failure> {
    let Some(topic) = &args.topic else {
        let text = serde_json::to_string_pretty(&file_schema()).unwrap_or_default();
        writeln!(io::stdout(), "{text}")?;
        return Ok(Exit::Good);
    };
    let samples = samples(topic, args)?;
    if samples.is_empty() {
        let fault = Fault::user(format!("the topic `{topic}` has no values to look at"));
        return Err(fault.remedy(format!("write some first, with `tidegate produce {topic}` say")).into());
    }
    let inferred = infer_schema(samples.iter().map(Vec::as_slice));
    let mut out = io::stdout();
    if voice.is_json() {
        let schema = inferred.schema.to_notation();
        writeln!(out, "{}", json!({ "schema": schema, "notes": inferred.notes, "samples": samples.len() }))?;
    } else {
        inferred.notes.iter().for_each(|note| eprintln!("note: {note}"));
        writeln!(out, "{}", value_to_text(&inferred.schema.to_notation()))?;
    }
    Ok(Exit::Good)
}

/// Values of the newest records of every partition, at most as many as asked for.
fn samples(topic: &str, args: &Args) -> Result<Vec<Vec<u8>>, Failure> {
    let (cluster, admin) = args.brokers.open_admin()?;
    let partitions = partitions_of(&admin, topic)?;
    let most = args.samples as usize;
    let each = most.div_ceil(partitions.len().max(1)) as i64;
    let (starts, until) = newest(&admin, partitions, each)?;
    let mut samples = Vec::new();
    let reader = Reader::open(&cluster.settings, &starts, &until)?;
    reader.read(&AtomicBool::new(false), |batch| -> Result<bool, Failure> {
        if let Some(payload) = &batch.payload {
            samples.extend(payload.iter().flatten().map(<[u8]>::to_vec));
        }
        Ok(samples.len() < most)
    })?;
    samples.truncate(most);
    Ok(samples)
}

type Starts = (Vec<(TopicPartition, Start)>, Vec<Option<i64>>);

/// The newest records of each partition: where they start, and where they end.
fn newest(admin: &Admin, partitions: Vec<TopicPartition>, each: i64) -> Result<Starts, Fault> {
    let mut starts = Starts::default();
    for at in partitions {
        let marks = admin.watermarks(&at)?;
        if marks.high > marks.low {
            starts.0.push((at, Start::Offset(marks.low.max(marks.high - each))));
            starts.1.push(Some(marks.high));
        }
    }
    Ok(starts)
}
