//! From rows of a script to what sources read: which partitions there are, and batches of records.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::script::{Line, ScriptRecord, Window};
use crate::batch::{Batch, Headers, Origin, PerRow, Windows, bytes_column};
use crate::codec::{
    BytesBuilder, WindowKeyReading, decode_window_keys, encode_window_keys, parse_header, parse_row_key,
    parse_row_value,
};
use crate::operators::{Role, Touches};
use crate::plan::{Plan, PlanNode};
use crate::problem::{Fault, did_you_mean};
use crate::types::Stream;

/// The most partitions that a script may name.
const MAX_PARTITIONS: i32 = 1024;

/// Per source node that a script stands for, the last of its partitions.
///
/// # Errors
/// The first row that names no source, or a partition that cannot be.
pub(super) fn partitions_in(plan: &Plan, script: &[Line]) -> Result<BTreeMap<usize, i32>, Fault> {
    let mut last = BTreeMap::new();
    for (number, node) in plan.nodes.iter().enumerate() {
        let is_end = plan.through.iter().any(|through| through.reader == number);
        if node.role == Role::Source && !is_end && matches!(node.shape.touches(), Touches::Reads(_)) {
            last.insert(number, 0);
        }
    }
    for (row, line) in script.iter().enumerate() {
        let (verb, id) = match line {
            Line::Advance(_) => continue,
            Line::Record(record) => ("gives a record to", &record.node),
            Line::End(end) => ("ends", &end.end),
            Line::Hold(hold) => ("holds", &hold.hold),
            Line::Release(release) => ("releases", &release.release),
        };
        let wrong = |why: String| Fault::user(format!("row {} of the script {why}", row + 1));
        let Some(number) = plan.nodes.iter().position(|node| node.id == *id) else {
            let near = did_you_mean(id, plan.nodes.iter().map(|node| node.id.as_str()));
            let remedy = near.map_or("name a node of the pipeline".into(), |near| format!("did you mean `{near}`?"));
            return Err(wrong(format!("names a node `{id}`, and there is none")).remedy(remedy));
        };
        if matches!(line, Line::Record(_) | Line::End(_)) && plan.nodes[number].role != Role::Source {
            let fault = wrong(format!("{verb} `{id}`, which is no source")).at_node(id);
            return Err(fault.remedy("rows come from sources: name one"));
        }
        let Line::Record(ScriptRecord { partition, .. }) = line else { continue };
        if !(0..MAX_PARTITIONS).contains(partition) {
            let most = MAX_PARTITIONS - 1;
            let fault = wrong(format!("names partition {partition}, which is not from 0 to {most}")).at_node(id);
            return Err(fault.remedy("each partition is a lane of its own: count them from 0"));
        }
        let known = last.entry(number).or_insert(0);
        *known = (*partition).max(*known);
    }
    Ok(last)
}

/// Rows of a script, with their places in it, as a source reads them. `first` is the offset of the first.
///
/// # Errors
/// The first row whose key, value or headers cannot be read.
pub(super) fn batch_of<'a>(
    records: impl Iterator<Item = (usize, &'a ScriptRecord)>,
    first: i64,
    node: &PlanNode,
    stream: &Stream,
    now_ms: i64,
) -> Result<Batch, Fault> {
    let format = node.reads.unwrap_or_default();
    let reading = match node.shape.touches() {
        Touches::Reads(source) => source.window_key,
        _ => None,
    };
    let (mut keys, mut payload) = (BytesBuilder::new(), BytesBuilder::new());
    let (mut headers, mut times): (Vec<Headers>, Vec<i64>) = (Vec::new(), Vec::new());
    let mut partition = 0;
    for (row, record) in records {
        let wrong = |what: &str, why: String| Fault::user(format!("row {} of the script, `{what}`: {why}", row + 1));
        let key = parse_row_key(&record.key, stream.key).map_err(|why| wrong("key", why))?;
        let key = with_window(key, record.window, stream, reading).map_err(|why| wrong("window", why))?;
        let value = parse_row_value(&record.value, &format, &stream.schema).map_err(|why| wrong("value", why))?;
        keys.push(key.as_deref());
        payload.push(value.as_deref());
        let header = |(name, value): &(String, serde_json::Value)| {
            let bytes = parse_header(value).map_err(|why| wrong("headers", why))?;
            Ok((name.clone(), bytes.map(Bytes::from)))
        };
        headers.push(record.headers.iter().map(header).collect::<Result<_, Fault>>()?);
        times.push(record.ts.unwrap_or(now_ms));
        partition = record.partition;
    }
    let origin = Origin {
        topic: PerRow::Same(node.id.as_str().into()),
        partition: PerRow::Same(partition),
        offset: (first..first + times.len() as i64).collect::<Vec<_>>().into(),
    };
    let mut batch = Batch::bare(keys.finish(), times.into(), origin);
    batch.headers = headers.iter().any(|headers| !headers.is_empty()).then(|| headers.into());
    batch.payload = Some(payload.finish());
    Ok(batch)
}

/// The key as the source reads it, together with its window where the row names one.
fn with_window(
    key: Option<Vec<u8>>,
    window: Option<Window>,
    stream: &Stream,
    reading: Option<WindowKeyReading>,
) -> Result<Option<Vec<u8>>, String> {
    let (Some(Window { start, end }), true) = (window, key.is_some()) else { return Ok(key) };
    let reading = reading.ok_or("the source reads keys without windows")?;
    let windows = Windows { start: vec![start].into(), end: vec![end].into() };
    let (written, failures) =
        encode_window_keys(&bytes_column([key.as_deref()]), stream.key, &windows, reading.writing());
    match failures.into_iter().next() {
        Some(failure) => Err(failure.reason),
        None if decode_window_keys(&written, stream.key, reading).windows != windows => {
            Err(format!("the source reads no window from {start} to {end} out of keys"))
        }
        None => Ok(written.iter().next().flatten().map(<[u8]>::to_vec)),
    }
}
