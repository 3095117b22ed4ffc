//! Looks at single records: what time they carry, without a group and without leaving a trace.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::commits::Committed;
use super::consumer::{Assigned, Consumer, ConsumerEvents, ConsumerOptions, Start, TopicPartition};
use super::settings::ClientSettings;
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
    let options = ConsumerOptions {
        // A small queue: one record of each is wanted.
        queue_bytes: 1,
        partitions: at.len(),
        ..ConsumerOptions::new("tidegate-look")
    };
    let starts: Vec<_> = at.iter().map(|(at, offset)| (at.clone(), Start::Offset(*offset))).collect();
    let (_consumer, mut queues) = Consumer::open_assigned(settings, &options, &starts, Arc::new(Nobody))?;
    let mut found: Vec<Option<i64>> = vec![None; at.len()];
    let mut is_open = vec![true; at.len()];
    let end = Instant::now() + within;
    while is_open.contains(&true) && Instant::now() < end {
        for (place, queue) in queues.iter_mut().enumerate() {
            if !is_open[place] {
                continue;
            }
            let taken = queue.take(1);
            found[place] = taken.batch.and_then(|batch| batch.timestamps.first().copied());
            is_open[place] = found[place].is_none() && taken.end.is_none() && taken.fault.is_none();
        }
        std::thread::sleep(LOOK);
    }
    Ok(found)
}
