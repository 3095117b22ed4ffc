//! The end of a lane at a topic: rows are encoded, sent as far as the client has room, and needed until acknowledged.

use std::collections::VecDeque;

use super::channel::Needs;
use crate::batch::Batch;
use crate::operators::{Flow, Outbox};
use crate::problem::Fault;

/// Where encoded rows go: a topic, or what stands for one.
pub(crate) trait Outlet: Send {
    /// Sends rows from row `from` on, and says how many were taken before there was no room. None is not a fault: the
    /// task asks again.
    ///
    /// # Errors
    /// What cannot be sent at all.
    fn send(&mut self, batch: &Batch, from: usize) -> Result<usize, Fault>;

    /// A mark behind everything sent so far.
    fn mark(&self) -> u64;

    /// The mark up to which everything is safe.
    ///
    /// # Errors
    /// A record that could not be delivered.
    fn acknowledged(&mut self) -> Result<u64, Fault>;
}

pub(crate) struct TopicBody {
    encode: Box<dyn Flow>,
    outlet: Box<dyn Outlet>,
    /// rows to send, from which row on
    unsent: VecDeque<(Batch, usize)>,
    /// what was sent and is not acknowledged: up to which mark, and what it needs
    in_flight: VecDeque<(u64, Needs)>,
}

impl TopicBody {
    pub(crate) fn new(encode: Box<dyn Flow>, outlet: Box<dyn Outlet>) -> TopicBody {
        TopicBody { encode, outlet, unsent: VecDeque::new(), in_flight: VecDeque::new() }
    }

    pub(crate) fn encode(&mut self, port: usize, batch: Batch, out: &mut Outbox) -> Result<(), Fault> {
        self.encode.process(port, batch, out)
    }

    pub(crate) fn send(&mut self, batch: Batch) -> Result<(), Fault> {
        self.unsent.push_back((batch, 0));
        self.send_on().map(|_| ())
    }

    /// Sends what waits; says whether all is sent.
    pub(crate) fn send_on(&mut self) -> Result<bool, Fault> {
        while let Some((batch, from)) = self.unsent.front_mut() {
            let taken = self.outlet.send(batch, *from)?;
            *from += taken;
            if *from < batch.rows {
                return Ok(false);
            }
            let mut needs = Needs::default();
            needs.add(batch);
            self.in_flight.push_back((self.outlet.mark(), needs));
            self.unsent.pop_front();
        }
        self.settle()?;
        Ok(true)
    }

    fn settle(&mut self) -> Result<(), Fault> {
        let acknowledged = self.outlet.acknowledged()?;
        while self.in_flight.front().is_some_and(|(upto, _)| *upto <= acknowledged) {
            self.in_flight.pop_front();
        }
        Ok(())
    }

    pub(crate) fn has_unsent(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// Everything was sent and acknowledged.
    pub(crate) fn is_safe(&mut self) -> Result<bool, Fault> {
        self.settle()?;
        Ok(self.unsent.is_empty() && self.in_flight.is_empty())
    }

    /// Adds what is not acknowledged yet.
    pub(crate) fn add_needs(&mut self, needs: &mut Needs) -> Result<(), Fault> {
        self.settle()?;
        self.unsent.iter().for_each(|(batch, _)| needs.add(batch));
        self.in_flight.iter().for_each(|(_, waiting)| needs.merge(waiting.iter()));
        Ok(())
    }
}
