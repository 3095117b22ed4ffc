//! A sink that writes by itself, on one lane, and what it has written that is not safe. Where it starts again alone, the
//! rows themselves are kept until they are safe: a failed sink is built anew, and they are written again, in order.

use std::collections::HashSet;

use super::alone::{Alone, caught};
use super::channel::Needs;
use crate::batch::Batch;
use crate::operators::{Failed, Outbox, Sink};
use crate::problem::Fault;

/// How many rows, or bytes, are kept at most before the sink has to make them safe.
const MAX_KEPT_ROWS: usize = 4096;
const MAX_KEPT_BYTES: usize = 16 << 20;

/// A sink that writes by itself.
pub(crate) enum SinkBody {
    /// its failure is the run's
    Plain(Box<dyn Sink>, Needs),
    /// it starts again alone
    Restarting(Box<Restarting>),
}

/// A sink that starts again alone.
pub(crate) struct Restarting {
    /// absent: it has failed
    sink: Option<Box<dyn Sink>>,
    alone: Alone,
    /// what it was given since all was safe
    kept: Vec<Kept>,
    /// how many of these were written
    written: usize,
    rows: usize,
    bytes: usize,
    needs: Needs,
}

struct Kept {
    /// without the records that cannot be written, once it was tried
    batch: Batch,
    /// it was written once, and what failed of it was told
    is_told: bool,
}

impl SinkBody {
    pub(crate) fn new(sink: Box<dyn Sink>, alone: Option<Alone>) -> SinkBody {
        let Some(alone) = alone else { return SinkBody::Plain(sink, Needs::default()) };
        SinkBody::Restarting(Box::new(Restarting {
            sink: Some(sink),
            alone,
            kept: Vec::new(),
            written: 0,
            rows: 0,
            bytes: 0,
            needs: Needs::default(),
        }))
    }

    /// Takes rows; tells how many were written that were not before.
    ///
    /// # Errors
    /// What it cannot recover from by itself.
    pub(crate) fn write(&mut self, batch: Batch, out: &mut Outbox) -> Result<usize, Fault> {
        match self {
            SinkBody::Plain(sink, needs) => {
                needs.add(&batch);
                let rows = batch.rows;
                sink.write(batch, out)?;
                Ok(rows - count(&out.failed))
            }
            SinkBody::Restarting(sink) => sink.write(batch, out),
        }
    }

    /// Makes safe what was written; says whether that is so now.
    ///
    /// # Errors
    /// As [`SinkBody::write`].
    pub(crate) fn flush(&mut self) -> Result<bool, Fault> {
        match self {
            SinkBody::Plain(sink, needs) => {
                sink.flush()?;
                *needs = Needs::default();
                Ok(true)
            }
            SinkBody::Restarting(sink) => sink.flush(),
        }
    }

    /// What is needed of those who gave it rows.
    pub(crate) fn needs(&self) -> &Needs {
        match self {
            SinkBody::Plain(_, needs) => needs,
            SinkBody::Restarting(sink) => &sink.needs,
        }
    }

    /// The sink itself, while it has failed and waits to start again.
    pub(crate) fn down(&mut self) -> Option<&mut Restarting> {
        match self {
            SinkBody::Restarting(sink) if sink.sink.is_none() => Some(sink),
            _ => None,
        }
    }

    pub(crate) fn is_down(&self) -> bool {
        matches!(self, SinkBody::Restarting(sink) if sink.sink.is_none())
    }

    /// Rows that wait for a sink that has failed.
    pub(crate) fn waiting_rows(&self) -> usize {
        match self {
            SinkBody::Restarting(sink) if sink.sink.is_none() => sink.rows,
            _ => 0,
        }
    }
}

impl Restarting {
    fn write(&mut self, batch: Batch, out: &mut Outbox) -> Result<usize, Fault> {
        self.needs.add(&batch);
        self.rows += batch.rows;
        self.bytes += batch.bytes();
        self.kept.push(Kept { batch, is_told: false });
        let done = self.write_next(out)?;
        if self.rows >= MAX_KEPT_ROWS || self.bytes >= MAX_KEPT_BYTES {
            self.flush()?;
        }
        Ok(done)
    }

    /// Writes the next of what is kept and not written.
    fn write_next(&mut self, out: &mut Outbox) -> Result<usize, Fault> {
        let (Some(sink), Some(kept)) = (&mut self.sink, self.kept.get_mut(self.written)) else { return Ok(0) };
        let mut own = Outbox::default();
        if let Err(fault) = caught(|| sink.write(kept.batch.clone(), &mut own)) {
            self.fail(fault)?;
            return Ok(0);
        }
        self.written += 1;
        match std::mem::replace(&mut kept.is_told, true) {
            true => Ok(0),
            false => kept.tell(own, out),
        }
    }

    fn flush(&mut self) -> Result<bool, Fault> {
        let Some(sink) = &mut self.sink else { return Ok(false) };
        if let Err(fault) = caught(|| sink.flush()) {
            self.fail(fault)?;
            return Ok(false);
        }
        if self.written > 0 {
            self.alone.get_on();
        }
        self.kept.drain(..std::mem::take(&mut self.written));
        (self.rows, self.bytes, self.needs) = (0, 0, Needs::default());
        for Kept { batch, .. } in &self.kept {
            self.rows += batch.rows;
            self.bytes += batch.bytes();
            self.needs.add(batch);
        }
        Ok(true)
    }

    fn fail(&mut self, fault: Fault) -> Result<(), Fault> {
        self.sink = None;
        self.written = 0;
        self.alone.fail(fault)
    }

    /// When it is to start again.
    pub(crate) fn due_ms(&mut self, now_ms: i64) -> i64 {
        self.alone.due_ms(now_ms)
    }

    /// Starts again: writes once more what may be lost, and makes it safe. Tells how many rows were written that were not
    /// before. It may be down again afterwards.
    ///
    /// # Errors
    /// As [`SinkBody::write`].
    pub(crate) fn start_again(&mut self, out: &mut Outbox) -> Result<usize, Fault> {
        match self.alone.build_sink() {
            Ok(sink) => self.sink = Some(sink),
            Err(fault) => self.fail(fault)?,
        }
        let mut done = 0;
        // Batch by batch, so that a sink that fails often gets on, too.
        while self.sink.is_some() && !self.kept.is_empty() {
            done += self.write_next(out)?;
            self.flush()?;
        }
        Ok(done)
    }
}

impl Kept {
    /// Tells what became of the rows, and lets go of those that failed: they leave by `errors`, once. Gives the number of
    /// the others.
    fn tell(&mut self, mut own: Outbox, out: &mut Outbox) -> Result<usize, Fault> {
        own.drops.drain().for_each(|(reason, records)| out.drops.count(reason, records));
        if !own.failed.is_empty() {
            // Rows have come across a queue, which numbers them anew: no number comes twice.
            let failed: HashSet<u64> =
                own.failed.iter().flat_map(|failed| failed.batch.ordinals.iter().copied()).collect();
            let is_good = |row: &u32| !failed.contains(&self.batch.ordinals[*row as usize]);
            let good: Vec<u32> = (0..self.batch.rows as u32).filter(is_good).collect();
            self.batch = self.batch.take(&good).map_err(|why| Fault::ours(why.to_string()))?;
            out.failed.append(&mut own.failed);
        }
        Ok(self.batch.rows)
    }
}

fn count(failed: &[Failed]) -> usize {
    failed.iter().map(|failed| failed.batch.rows).sum()
}
