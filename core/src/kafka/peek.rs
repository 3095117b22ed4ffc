//! Looks at a few records: what they are, or only what time they carry, without a group and without leaving a trace.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::commits::Committed;
use super::consumer::{Assigned, Consumer, ConsumerEvents, ConsumerOptions, Start, TopicPartition};
use super::settings::ClientSettings;
use crate::batch::Batch;
use crate::problem::Fault;

/// How often queues are looked at.
const LOOK: Duration = Duration::from_millis(5);

/// Nobody listens: what fails is not answered.
struct Nobody;

impl ConsumerEvents for Nobody {
    fn assigned(&self, partitions: Vec<Assigned>) -> Vec<Start> {
        vec![Start::End; partitions.len()]
    }

    fn revoked(&self, _: &[TopicPartition]) {}

    fn lost(&self, _: &[TopicPartition]) {}

    fn committed(&self, _: &[Committed]) {}

    fn fault(&self, _: Fault) {}
}

/// A few records of a partition that somebody wants to see.
#[derive(Debug, Clone)]
pub struct Few {
    /// the partition
    pub at: TopicPartition,
    /// offset from which on they are wanted
    pub from: i64,
    /// the most of them
    pub count: usize,
}

/// Bytes that a look may hold unread, of all partitions together.
const LOOK_BYTES: usize = 4 << 20;

/// Records from an offset on, for each place: fewer where the partition ends, or where the time does.
///
/// # Errors
/// A property that the client refuses; what a broker says of a partition, where nothing at all has come.
pub fn few_records(settings: &ClientSettings, wanted: &[Few], within: Duration) -> Result<Vec<Vec<Batch>>, Fault> {
    let (found, fault) = read(settings, wanted, LOOK_BYTES, within)?;
    match fault {
        Some(fault) if found.iter().all(Vec::is_empty) => Err(fault),
        _ => Ok(found),
    }
}

/// Timestamps of the first records at or behind these offsets, in milliseconds; none where there is none, or none came
/// in time.
///
/// # Errors
/// A property that the client refuses.
pub fn timestamps(
    settings: &ClientSettings,
    at: &[(TopicPartition, i64)],
    within: Duration,
) -> Result<Vec<Option<i64>>, Fault> {
    let one = |(at, from): &(TopicPartition, i64)| Few { at: at.clone(), from: *from, count: 1 };
    // A small queue: one record of each is wanted.
    let (found, _) = read(settings, &at.iter().map(one).collect::<Vec<_>>(), 1, within)?;
    let first = |batches: Vec<Batch>| batches.first()?.timestamps.first().copied();
    Ok(found.into_iter().map(first).collect())
}

/// Reads what is wanted; what has come, and the first fault of a partition.
fn read(
    settings: &ClientSettings,
    wanted: &[Few],
    queue_bytes: usize,
    within: Duration,
) -> Result<(Vec<Vec<Batch>>, Option<Fault>), Fault> {
    let options = ConsumerOptions { queue_bytes, partitions: wanted.len(), ..ConsumerOptions::new("tidegate-look") };
    let starts: Vec<_> = wanted.iter().map(|few| (few.at.clone(), Start::Offset(few.from))).collect();
    let (_consumer, mut queues) = Consumer::open_assigned(settings, &options, &starts, Arc::new(Nobody))?;
    let mut found: Vec<Vec<Batch>> = vec![Vec::new(); wanted.len()];
    let mut left: Vec<usize> = wanted.iter().map(|few| few.count).collect();
    let mut first_fault = None;
    let end = Instant::now() + within;
    while left.iter().any(|left| *left > 0) && Instant::now() < end {
        for ((queue, found), left) in queues.iter_mut().zip(&mut found).zip(&mut left) {
            if *left == 0 {
                continue;
            }
            let taken = queue.take(*left);
            let rows = taken.batch.as_ref().map_or(0, |batch| batch.rows);
            let is_at_end = taken.end.is_some() || taken.fault.is_some();
            *left = if is_at_end { 0 } else { left.saturating_sub(rows) };
            found.extend(taken.batch);
            first_fault = first_fault.or(taken.fault);
        }
        std::thread::sleep(LOOK);
    }
    Ok((found, first_fault))
}
