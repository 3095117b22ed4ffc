//! Records out. The answer is written by hand, so that records go straight from a log's file into it; and it waits
//! until there is enough or the client's patience ends, without looking again and again.

use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, BytesMut};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::FetchRequest;
use kafka_protocol::messages::fetch_request::FetchPartition;
use tokio::time::Instant;

use super::Call;
use crate::log::{Ends, Log, Slice};

/// The most bytes of records in one answer, whatever the client allows, so that memory is bounded per connection; one
/// batch that is larger goes alone.
const MAX_ANSWER_BYTES: usize = 8 * 1024 * 1024;
/// Clients that ask for less are answered at the latest after this.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// What one partition has to give.
struct Found {
    partition: i32,
    ends: Ends,
    result: Result<Option<Slice>, ResponseError>,
}

/// Appends the body of the answer.
pub(super) async fn fetch(call: &Call<'_>, request: FetchRequest, out: &mut BytesMut) {
    let wait = Duration::from_millis(request.max_wait_ms.max(0) as u64).min(MAX_WAIT);
    let until = Instant::now() + wait;
    let mut may_wait = !wait.is_zero() && request.min_bytes > 0;
    let found = loop {
        if may_wait {
            logs(call, &request).for_each(|(_, log)| {
                if let Ok(log) = log {
                    log.watch(&call.connection.arrival);
                }
            });
        }
        let found: Vec<Found> = logs(call, &request).map(|(partition, log)| look(partition, log)).collect();
        let available = found.iter().map(|found| match &found.result {
            Ok(slice) => slice.as_ref().map_or(0, Slice::available),
            // an error is news enough
            Err(_) => usize::MAX,
        });
        let enough = usize::try_from(request.min_bytes).unwrap_or(0).min(MAX_ANSWER_BYTES);
        if !may_wait || available.fold(0, usize::saturating_add) >= enough {
            break found;
        }
        may_wait = tokio::time::timeout_at(until, call.connection.arrival.notified()).await.is_ok();
    };
    write(call.version, &request, &found, out);
}

/// The partitions asked for, in order.
fn logs<'a>(
    call: &'a Call<'_>,
    request: &'a FetchRequest,
) -> impl Iterator<Item = (&'a FetchPartition, Result<Arc<Log>, ResponseError>)> {
    request.topics.iter().flat_map(|topic| {
        let found = call.cluster.topics.get(&topic.topic);
        topic.partitions.iter().map(move |partition| {
            let log = found.as_ref().and_then(|topic| topic.log(partition.partition));
            (partition, log.ok_or(ResponseError::UnknownTopicOrPartition))
        })
    })
}

fn look(partition: &FetchPartition, log: Result<Arc<Log>, ResponseError>) -> Found {
    let max_bytes = usize::try_from(partition.partition_max_bytes).unwrap_or(0).min(MAX_ANSWER_BYTES);
    let (ends, result) = match log {
        Ok(log) => log.slice(partition.fetch_offset, max_bytes),
        Err(error) => (Ends { start: -1, next: -1 }, Err(error)),
    };
    Found { partition: partition.partition, ends, result }
}

/// Versions 4 to 11.
fn write(version: i16, request: &FetchRequest, found: &[Found], out: &mut BytesMut) {
    let room = usize::try_from(request.max_bytes).unwrap_or(0).min(MAX_ANSWER_BYTES);
    let mut records = 0;
    out.put_i32(0); // throttle time
    if version >= 7 {
        out.put_i16(0); // error
        out.put_i32(0); // no session: each request names all partitions
    }
    out.put_i32(request.topics.len() as i32);
    let mut found = found.iter();
    for topic in &request.topics {
        out.put_i16(topic.topic.len() as i16);
        out.put_slice(topic.topic.as_bytes());
        out.put_i32(topic.partitions.len() as i32);
        for found in found.by_ref().take(topic.partitions.len()) {
            // the first batch of an answer comes even if it is larger than all that is allowed
            let room = if records == 0 { usize::MAX } else { room.saturating_sub(records) };
            records += write_partition(version, found, room, out);
        }
    }
}

fn write_partition(version: i16, found: &Found, room: usize, out: &mut BytesMut) -> usize {
    out.put_i32(found.partition);
    let error_at = out.len();
    out.put_i16(found.result.as_ref().err().map_or(0, |error| error.code()));
    out.put_i64(found.ends.next);
    out.put_i64(found.ends.next); // last stable offset
    if version >= 5 {
        out.put_i64(found.ends.start);
    }
    out.put_i32(-1); // aborted transactions
    if version >= 11 {
        out.put_i32(-1); // preferred replica
    }
    let length_at = out.len();
    out.put_i32(0);
    if let Ok(Some(slice)) = &found.result
        && let Err(error) = slice.read_into(out, room)
    {
        tracing::error!(%error, "the embedded broker cannot read a log");
        out.truncate(length_at + 4);
        let code = ResponseError::KafkaStorageError.code();
        out[error_at..error_at + 2].copy_from_slice(&code.to_be_bytes());
    }
    let records = out.len() - length_at - 4;
    out[length_at..length_at + 4].copy_from_slice(&(records as i32).to_be_bytes());
    records
}
