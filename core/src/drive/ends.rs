//! What stands at the ends of a plan in the test driver: sinks that keep what they are given, topics in memory, and no
//! source but those that run by themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use crate::batch::{Batch, Origin, PerRow};
use crate::engine::{End, Ends, Outlet, Script};
use crate::operators::{Outbox, Sink, Source, TopicSink};
use crate::partition::partition_of;
use crate::problem::Fault;

/// Rows that came to a node or left it, in order.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) node: usize,
    /// an output port; absent: what the sink received
    pub(super) port: Option<usize>,
    pub(super) batch: Batch,
}

pub(super) type Log = Arc<Mutex<Vec<Seen>>>;

/// A topic in the middle of an edge, in memory.
#[derive(Clone, Default)]
pub(super) struct MemoryTopic {
    pub(super) partitions: Vec<Script>,
    /// offset of the next record of each
    pub(super) ends: Arc<Mutex<Vec<i64>>>,
}

pub(super) struct DriveEnds {
    pub(super) log: Log,
    /// by the number of the writing node
    pub(super) topics: BTreeMap<usize, MemoryTopic>,
    /// sources that a script stands for
    pub(super) scripted: BTreeSet<usize>,
}

impl Ends for DriveEnds {
    fn outlet(&mut self, end: End<'_>, _: &TopicSink) -> Result<Box<dyn Outlet>, Fault> {
        Ok(match end.through {
            None => Box::new(Kept { node: end.node, log: self.log.clone(), sent: 0 }),
            Some(through) => {
                let topic = self.topics.get(&through.writer).cloned().unwrap_or_default();
                let is_by_lane = topic.partitions.len() == end.lanes as usize;
                let name = through.topic.topic.as_str().into();
                Box::new(Crossing { topic, name, lane: end.lane as usize, is_by_lane, sent: 0 })
            }
        })
    }

    fn sink(&mut self, end: End<'_>, _: Box<dyn Sink>) -> Result<Box<dyn Sink>, Fault> {
        Ok(Box::new(Kept { node: end.node, log: self.log.clone(), sent: 0 }))
    }

    fn source(&mut self, end: End<'_>, source: Box<dyn Source>) -> Result<Option<Box<dyn Source>>, Fault> {
        Ok((!self.scripted.contains(&end.node)).then_some(source))
    }
}

/// A sink that keeps what it is given.
struct Kept {
    node: usize,
    log: Log,
    sent: u64,
}

impl Kept {
    fn keep(&self, batch: Batch) {
        let seen = Seen { node: self.node, port: None, batch };
        self.log.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
    }
}

impl Outlet for Kept {
    fn send(&mut self, batch: &Batch, from: usize) -> Result<usize, Fault> {
        let rows = batch.rows - from;
        self.keep(batch.slice(from, rows));
        self.sent += 1;
        Ok(rows)
    }

    fn mark(&self) -> u64 {
        self.sent
    }

    fn acknowledged(&mut self) -> Result<u64, Fault> {
        Ok(self.sent)
    }
}

impl Sink for Kept {
    fn write(&mut self, batch: Batch, _: &mut Outbox) -> Result<(), Fault> {
        self.keep(batch);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Fault> {
        Ok(())
    }
}

/// The writing end of a topic in memory.
struct Crossing {
    topic: MemoryTopic,
    name: Arc<str>,
    lane: usize,
    is_by_lane: bool,
    sent: u64,
}

impl Crossing {
    fn partition(&self, batch: &Batch, row: usize) -> usize {
        use arrow_array::Array;
        let count = self.topic.partitions.len().max(1);
        match (self.is_by_lane, batch.keys.is_null(row)) {
            (true, _) | (false, true) => self.lane % count,
            (false, false) => partition_of(batch.keys.value(row), count as i32) as usize,
        }
    }
}

impl Outlet for Crossing {
    fn send(&mut self, batch: &Batch, from: usize) -> Result<usize, Fault> {
        let mut rows: Vec<Vec<u32>> = vec![Vec::new(); self.topic.partitions.len()];
        for row in from..batch.rows {
            rows[self.partition(batch, row)].push(row as u32);
        }
        let mut ends = self.topic.ends.lock().unwrap_or_else(PoisonError::into_inner);
        for (partition, rows) in rows.iter().enumerate().filter(|(_, rows)| !rows.is_empty()) {
            let part = batch.take(rows).map_err(|why| Fault::ours(why.to_string()))?;
            let first = ends[partition];
            ends[partition] += part.rows as i64;
            let origin = Origin {
                topic: PerRow::Same(self.name.clone()),
                partition: PerRow::Same(partition as i32),
                offset: (first..ends[partition]).collect::<Vec<_>>().into(),
            };
            let mut crossed = Batch::bare(part.keys, part.timestamps, origin);
            crossed.headers = part.headers;
            crossed.tombstones = part.tombstones;
            crossed.payload = part.payload;
            self.topic.partitions[partition].push(crossed);
        }
        self.sent += 1;
        Ok(batch.rows - from)
    }

    fn mark(&self) -> u64 {
        self.sent
    }

    fn acknowledged(&mut self) -> Result<u64, Fault> {
        Ok(self.sent)
    }
}
