//! All partitions that a consumer has ever had: their queues outlive an assignment, and so do their wakes; what is given
//! out is good for one assignment. Also where each stands, since librdkafka's own memory of that is wrong at a rebalance.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use super::consumer::TopicPartition;
use super::ffi::{Client, Code, Failure, Partitions, Queue};
use super::queue::{PartitionQueue, Wake, lock};
use super::settings::ClientSettings;
use crate::problem::Fault;

/// One partition through all its assignments.
pub(super) struct Place {
    pub(super) at: TopicPartition,
    pub(super) queue: Queue,
    pub(super) wake: Arc<Mutex<Option<Wake>>>,
    state: Mutex<State>,
}

/// Held by whoever takes records, or moves the reading.
#[derive(Default)]
pub(super) struct State {
    /// raised at every assignment and revocation
    pub(super) assignment: u64,
    is_assigned: bool,
    /// it was there at the last change of an incremental assignment
    is_settled: bool,
    /// the offset that comes next, where it is known
    pub(super) next: Option<i64>,
}

pub(super) struct Places {
    client: Arc<Client>,
    settings: Arc<ClientSettings>,
    all: Mutex<HashMap<TopicPartition, Arc<Place>>>,
}

impl Places {
    pub(super) fn new(client: Arc<Client>, settings: Arc<ClientSettings>) -> Places {
        Places { client, settings, all: Mutex::default() }
    }

    /// A new assignment's queue, which must be asked for before the partition is assigned: else its first records go to
    /// the consumer's common queue. Older ones of the same partition fall silent.
    pub(super) fn open(&self, at: &TopicPartition) -> Result<PartitionQueue, Fault> {
        let place = {
            let mut all = lock(&self.all);
            match all.get(at) {
                Some(place) => place.clone(),
                None => {
                    let place = self.create(at)?;
                    all.insert(at.clone(), place.clone());
                    place
                }
            }
        };
        let assignment = place.renew(true);
        Ok(PartitionQueue::new(place, assignment, self.settings.clone(), self.client.clone()))
    }

    fn create(&self, at: &TopicPartition) -> Result<Arc<Place>, Fault> {
        let queue = self
            .client
            .partition_queue(&at.topic, at.partition)
            .ok_or_else(|| Fault::ours(format!("no queue for topic `{}`, partition {}", at.topic, at.partition)))?;
        queue.detach();
        let wake: Arc<Mutex<Option<Wake>>> = Arc::default();
        let woken = wake.clone();
        queue.on_filled(move || {
            let wake = lock(&woken).clone();
            if let Some(wake) = wake {
                wake();
            }
        });
        Ok(Arc::new(Place { at: at.clone(), queue, wake, state: Mutex::default() }))
    }

    /// Ends an assignment: its queue gives nothing any more.
    pub(super) fn end(&self, at: &TopicPartition) {
        if let Some(place) = self.find(at) {
            place.renew(false);
        }
    }

    /// Sends reading elsewhere by `send`, while nobody takes; `to` is the offset that comes next, where it is known.
    pub(super) fn move_to(
        &self,
        at: &TopicPartition,
        to: Option<i64>,
        send: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let place = self.find(at).ok_or(Code::UNKNOWN_PARTITION)?;
        let mut state = place.lock();
        send()?;
        state.next = to;
        Ok(())
    }

    /// Lets `change` alter an incremental assignment, and sends the partitions that were there before on from where they
    /// stand. At every such change librdkafka throws away what waits unread and fetches it again from the position that
    /// it keeps; but reading in bulk sets that position one too far where the last thing read was the end of the
    /// partition (`rd_kafka_q_serve_rkmessages` in 2.12), so that a record would be lost, or all read again.
    pub(super) fn keep_positions(&self, change: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
        let places: Vec<Arc<Place>> = lock(&self.all).values().cloned().collect();
        // Held until the positions are right: nobody takes meanwhile.
        let mut states: Vec<MutexGuard<'_, State>> = places.iter().map(|place| place.lock()).collect();
        change()?;
        let kept = places
            .iter()
            .zip(&states)
            .filter(|(_, state)| state.is_assigned && state.is_settled)
            .filter_map(|(place, state)| Some((&*place.at.topic, place.at.partition, state.next?)));
        let result = self.client.seek_soon(&Partitions::new(kept));
        for state in &mut states {
            state.is_settled = state.is_assigned;
        }
        result
    }

    /// The number of a partition's present assignment; none where it never had one.
    pub(super) fn assignment(&self, at: &TopicPartition) -> Option<u64> {
        Some(self.find(at)?.lock().assignment)
    }

    fn find(&self, at: &TopicPartition) -> Option<Arc<Place>> {
        lock(&self.all).get(at).cloned()
    }
}

impl Place {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// A new assignment, or none, whose number this gives.
    fn renew(&self, is_assigned: bool) -> u64 {
        let mut state = self.lock();
        *state = State { assignment: state.assignment + 1, is_assigned, ..State::default() };
        *lock(&self.wake) = None;
        state.assignment
    }
}
