//! The thread of a consumer: polls, and passes on rebalances, commits and errors. It waits for nothing but the engine's
//! answers and the group's committed offsets.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::commits::{Committed, Offset, refusal, will_pass};
use super::consumer::{Assigned, ConsumerEvents, Inner, Start, TopicPartition};
use super::faults::is_passing;
use super::ffi::{Code, Event, EventKind, Failure, Partition, Partitions};
use super::outage::Outage;

/// How long one look takes; closing interrupts it.
const LOOK: Duration = Duration::from_millis(250);
/// How long one question to the group may take before it is asked again.
const QUESTION: Duration = Duration::from_secs(5);
/// How long leaving a group may take before it is given up; the group then waits for the session to end.
const LEAVE: Duration = Duration::from_secs(10);

pub(super) struct Polling {
    inner: Arc<Inner>,
    events: Arc<dyn ConsumerEvents>,
    outage: Outage,
}

impl Polling {
    pub(super) fn new(inner: Arc<Inner>, events: Arc<dyn ConsumerEvents>) -> Polling {
        Polling { inner, events, outage: Outage::default() }
    }

    /// Until the consumer is closed.
    pub(super) fn run(mut self) {
        while !self.is_closing() {
            if let Some(event) = self.inner.queue.poll(LOOK) {
                self.handle(&event);
            }
        }
        if let Err(why) = self.inner.client.close(&self.inner.queue) {
            tracing::debug!("leaving the group: {}", why.text);
            return;
        }
        let end = Instant::now() + LEAVE;
        while !self.inner.client.is_closed() && Instant::now() < end {
            if let Some(event) = self.inner.queue.poll(Duration::from_millis(50)) {
                self.handle(&event);
            }
        }
    }

    fn is_closing(&self) -> bool {
        self.inner.is_closing.load(Ordering::Acquire)
    }

    fn handle(&mut self, event: &Event) {
        match event.kind() {
            EventKind::Rebalance => self.rebalance(event),
            EventKind::Commit => self.committed(event),
            EventKind::Error => self.error(&event.failure()),
            EventKind::Delivery | EventKind::Answer => {}
        }
    }

    fn rebalance(&mut self, event: &Event) {
        let partitions = event.partitions();
        let result = match event.code() {
            Code::ASSIGN_PARTITIONS => self.assign(&partitions),
            Code::REVOKE_PARTITIONS => self.revoke(&partitions),
            _ => {
                self.events.fault(self.inner.fault("joining the group", &event.failure()));
                self.inner.client.unassign()
            }
        };
        if let Err(why) = result {
            self.events.fault(self.inner.fault("taking part in the group", &why));
        }
    }

    fn assign(&mut self, partitions: &[Partition]) -> Result<(), Failure> {
        let starts = match partitions.is_empty() {
            true => Ok(Partitions::new([])),
            false => self.ask_for_starts(partitions),
        };
        let (starts, result) = match starts {
            Ok(starts) => (starts, Ok(())),
            // The group waits for an answer all the same, or leaving it would take until the session ends.
            Err(why) => (Partitions::new([]), Err(why)),
        };
        let client = &self.inner.client;
        if client.is_incremental() {
            self.inner.places.keep_positions(|| client.assign_more(&starts))?;
        } else {
            client.assign(&starts)?;
        }
        result
    }

    fn ask_for_starts(&mut self, partitions: &[Partition]) -> Result<Partitions, Failure> {
        let of = || partitions.iter().map(|entry| (entry.topic.as_str(), entry.partition, Partitions::NONE));
        let committed = self.insist(|inner| {
            let answer = inner.client.committed(&Partitions::new(of()), QUESTION)?;
            answer.iter().try_for_each(|entry| entry.code.check())?;
            Ok(answer)
        })?;
        let at: Vec<_> = self.known(&committed);
        let assigned = at
            .iter()
            .zip(&committed)
            .map(|(at, entry)| {
                let queue = self
                    .inner
                    .places
                    .open(at)
                    .map_err(|why| Failure { code: Code::UNKNOWN_PARTITION, text: why.message })?;
                Ok(Assigned { queue, committed: (entry.offset >= 0).then_some(entry.offset) })
            })
            .collect::<Result<Vec<_>, Failure>>()?;
        let mut starts = self.events.assigned(assigned);
        starts.resize(at.len(), Start::Beginning);
        let starts: Vec<(TopicPartition, Start)> = at.into_iter().zip(starts).collect();
        let list = self.insist(|inner| inner.resolve(&starts, QUESTION))?;
        self.inner.announce(&list)?;
        Ok(list)
    }

    /// Asks again until there is an answer, or the consumer is closed: without it nothing can be read. Each failure is
    /// told of.
    fn insist<T>(&self, ask: impl Fn(&Inner) -> Result<T, Failure>) -> Result<T, Failure> {
        loop {
            match ask(&self.inner) {
                Err(why) if !self.is_closing() => {
                    if !is_passing(why.code) {
                        self.events.fault(self.inner.fault("asking for the group's offsets", &why));
                    }
                    std::thread::sleep(Duration::from_millis(200));
                }
                answer => return answer,
            }
        }
    }

    fn revoke(&mut self, partitions: &[Partition]) -> Result<(), Failure> {
        let is_incremental = self.inner.client.is_incremental();
        let at = self.known(partitions);
        if self.inner.client.is_assignment_lost() {
            self.end(&at);
            self.events.lost(&at);
        } else {
            self.events.revoked(&at);
            self.end(&at);
        }
        if is_incremental {
            let list = Partitions::new(at.iter().map(|at| (&*at.topic, at.partition, Partitions::NONE)));
            self.inner.places.keep_positions(|| self.inner.client.unassign_some(&list))
        } else {
            self.inner.client.unassign()
        }
    }

    fn end(&self, partitions: &[TopicPartition]) {
        for at in partitions {
            self.inner.places.end(at);
        }
    }

    /// The same partitions, with the names of topics shared.
    fn known(&self, partitions: &[Partition]) -> Vec<TopicPartition> {
        let topics = super::queue::lock(&self.inner.topics);
        partitions
            .iter()
            .map(|entry| {
                let shared = topics.iter().find(|topic| ***topic == *entry.topic);
                let topic = shared.cloned().unwrap_or_else(|| entry.topic.as_str().into());
                TopicPartition { topic, partition: entry.partition }
            })
            .collect()
    }

    fn committed(&self, event: &Event) {
        let refusal = refusal(event);
        let partitions = event.partitions();
        let answers: Vec<Committed> = self
            .known(&partitions)
            .into_iter()
            .zip(&partitions)
            .map(|(at, entry)| Committed {
                offset: Offset { at, next: entry.offset },
                is_taken: refusal.is_none() && entry.code == Code::NONE,
            })
            .collect();
        // Before the fault: whoever hears of that may look at what is committed.
        self.events.committed(&answers);
        match refusal {
            None => {}
            Some((about, why)) if will_pass(why.code) => {
                tracing::debug!("{about}: {}; it is tried again", why.text);
            }
            Some((about, why)) => self.events.fault(self.inner.fault(&about, &why)),
        }
    }

    fn error(&mut self, failure: &Failure) {
        if let Some(failure) = self.outage.hear(failure, self.inner.client.hung_up()) {
            let about = match failure.code {
                Code::UNKNOWN_TOPIC | Code::UNKNOWN_TOPIC_OR_PARTITION => self.topic_of(&failure),
                _ => "reading".to_string(),
            };
            self.events.fault(self.inner.fault(&about, &failure));
        }
    }

    /// The topic that librdkafka's sentence ("Subscribed topic not available: NAME: …") is about.
    fn topic_of(&self, failure: &Failure) -> String {
        let topics = super::queue::lock(&self.inner.topics);
        let named = topics.iter().find(|topic| failure.text.contains(&format!(": {topic}: ")));
        named.map_or_else(|| "a subscribed topic".to_string(), |topic| format!("topic `{topic}`"))
    }
}
