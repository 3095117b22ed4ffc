//! Reading topics outside of any group: all partitions at once, to their ends or for ever.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use tidegate_core::batch::Batch;
use tidegate_core::fields::topic_name_fault;
use tidegate_core::kafka::{
    Admin, Assigned, ClientSettings, Committed, Consumer, ConsumerEvents, ConsumerOptions, PartitionQueue, Start,
    TopicPartition,
};
use tidegate_core::problem::Fault;

/// Records that are taken of a partition at once.
const AT_ONCE: usize = 512;

/// A reader of partitions.
pub(crate) struct Reader {
    queues: Vec<Ahead>,
    bell: Arc<Bell>,
    // Last, so that its queues go first.
    _consumer: Arc<Consumer>,
}

/// A partition and what lies ahead of its reader.
struct Ahead {
    queue: PartitionQueue,
    /// where reading stops: the end as it was at the start; none goes on for ever
    until: Option<i64>,
    is_done: bool,
}

/// Rung when there may be records, or something is wrong.
#[derive(Default)]
struct Bell {
    state: Mutex<Rung>,
    rung: Condvar,
}

#[derive(Default)]
struct Rung {
    is_rung: bool,
    fault: Option<Fault>,
}

impl Bell {
    fn ring(&self, fault: Option<Fault>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.is_rung = true;
        state.fault = state.fault.take().or(fault);
        self.rung.notify_all();
    }

    /// Waits until it is rung or the time is over.
    fn wait(&self, time: Duration) -> Result<(), Fault> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.rung.wait_timeout_while(state, time, |state| !state.is_rung);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.is_rung = false;
        state.fault.take().map_or(Ok(()), Err)
    }
}

impl ConsumerEvents for Bell {
    fn assigned(&self, partitions: Vec<Assigned>) -> Vec<Start> {
        partitions.iter().map(|_| Start::Beginning).collect()
    }

    fn revoked(&self, _: &[TopicPartition]) {}

    fn lost(&self, _: &[TopicPartition]) {}

    fn committed(&self, _: &[Committed]) {}

    fn fault(&self, fault: Fault) {
        match fault.may_retry {
            true => tracing::warn!("{fault}"),
            false => self.ring(Some(fault)),
        }
    }
}

/// The partitions of a topic.
///
/// # Errors
/// No broker answers, or there is no such topic.
pub(crate) fn partitions_of(admin: &Admin, topic: &str) -> Result<Vec<TopicPartition>, Fault> {
    let Some(count) = admin.partitions(topic)? else {
        let names: Vec<String> = admin.topics()?.into_iter().map(|topic| topic.name).collect();
        let nearest = tidegate_core::problem::did_you_mean(topic, names.iter().map(String::as_str));
        let remedy = match nearest {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None if topic_name_fault(topic).is_some() => "names have letters, digits, `.`, `_` and `-`".into(),
            None => format!("`tidegate topics` lists what there is; `tidegate topics create {topic}` makes it"),
        };
        return Err(Fault::user(format!("there is no topic `{topic}`")).remedy(remedy));
    };
    Ok((0..count).map(|partition| TopicPartition::new(topic, partition)).collect())
}

impl Reader {
    /// Reads partitions from their starts, each up to the offset beside it, or for ever where there is none.
    ///
    /// # Errors
    /// A property that the client refuses, or no broker that looks up a timestamp.
    pub(crate) fn open(
        settings: &ClientSettings,
        starts: &[(TopicPartition, Start)],
        until: &[Option<i64>],
    ) -> Result<Reader, Fault> {
        let bell = Arc::new(Bell::default());
        let options = ConsumerOptions { partitions: starts.len(), ..ConsumerOptions::new("tidegate-reader") };
        let (consumer, queues) = Consumer::open_assigned(settings, &options, starts, bell.clone())?;
        let ahead = |(mut queue, until): (PartitionQueue, &Option<i64>)| {
            let bell = bell.clone();
            queue.on_ready(Arc::new(move || bell.ring(None)));
            Ahead { queue, until: *until, is_done: until.is_some_and(|until| until <= 0) }
        };
        let queues = queues.into_iter().zip(until).map(ahead).collect();
        Ok(Reader { queues, bell, _consumer: consumer })
    }

    /// Gives batches to `take` until every partition is at its end, `take` says that it is enough (false), or a signal
    /// says stop.
    ///
    /// # Errors
    /// What `take` gives; a partition that cannot be read.
    pub(crate) fn read<E: From<Fault>>(
        mut self,
        stop: &AtomicBool,
        mut take: impl FnMut(&Batch) -> Result<bool, E>,
    ) -> Result<(), E> {
        while !stop.load(Ordering::Acquire) && self.queues.iter().any(|ahead| !ahead.is_done) {
            let mut is_quiet = true;
            for ahead in self.queues.iter_mut().filter(|ahead| !ahead.is_done) {
                if let Some(batch) = ahead.take()? {
                    is_quiet = false;
                    if !take(&batch)? {
                        return Ok(());
                    }
                }
            }
            if is_quiet {
                self.bell.wait(Duration::from_millis(200))?;
            }
        }
        Ok(())
    }
}

impl Ahead {
    fn take(&mut self) -> Result<Option<Batch>, Fault> {
        let taken = self.queue.take(AT_ONCE);
        if let Some(fault) = taken.fault.filter(|fault| !fault.may_retry) {
            return Err(fault);
        }
        if taken.end.is_some() && self.until.is_some() {
            self.is_done = true;
        }
        let Some(batch) = taken.batch else { return Ok(None) };
        let Some(until) = self.until else { return Ok(Some(batch)) };
        let within: Vec<u32> =
            (0..batch.rows as u32).filter(|&row| batch.origin.offset[row as usize] < until).collect();
        self.is_done |= batch.origin.offset.last().is_some_and(|last| *last + 1 >= until);
        let batch = batch.take(&within).map_err(|why| Fault::ours(why.to_string()))?;
        Ok((batch.rows > 0).then_some(batch))
    }
}
