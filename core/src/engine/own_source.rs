//! A source that makes or reads its records itself. Where it starts again alone, a failed one is built anew and goes on
//! behind the last record that it gave; one that cannot fails the run, which starts again as a whole.

use super::alone::{Alone, caught};
use crate::operators::{Pulled, Source};
use crate::problem::Fault;

/// A source that makes or reads its records itself.
pub(crate) struct OwnSource {
    /// absent: it has failed
    source: Option<Box<dyn Source>>,
    /// absent: its failure is the run's
    alone: Option<Alone>,
    /// what it has failed of
    fault: Option<Fault>,
}

impl OwnSource {
    pub(crate) fn new(source: Box<dyn Source>, alone: Option<Alone>) -> OwnSource {
        OwnSource { source: Some(source), alone, fault: None }
    }

    pub(crate) fn is_down(&self) -> bool {
        self.source.is_none()
    }

    /// Up to `max` rows that are there now; where it has failed, from `position` on, in a while.
    ///
    /// # Errors
    /// What it cannot recover from by itself.
    pub(crate) fn pull(&mut self, position: i64, max: usize, now_ms: i64) -> Result<Pulled, Fault> {
        match (&mut self.source, &mut self.alone) {
            (Some(source), None) => source.pull(max, now_ms),
            (Some(source), Some(alone)) => {
                let pulled = caught(|| source.pull(max, now_ms));
                if let Ok(Pulled::Rows(_) | Pulled::Failed(_)) = &pulled {
                    alone.get_on();
                }
                pulled.or_else(|fault| self.fail(fault, now_ms))
            }
            (None, Some(alone)) => {
                let due_ms = alone.due_ms(now_ms);
                if now_ms < due_ms {
                    return Ok(Pulled::NotBefore(due_ms));
                }
                self.source = match alone.build_source(position) {
                    Ok(source @ Some(_)) => source,
                    Ok(None) => return Err(self.fault.take().unwrap_or_else(gone)),
                    Err(fault) => return self.fail(fault, now_ms),
                };
                Ok(Pulled::NotBefore(now_ms))
            }
            (None, None) => Err(gone()),
        }
    }

    fn fail(&mut self, fault: Fault, now_ms: i64) -> Result<Pulled, Fault> {
        let Some(alone) = &mut self.alone else { return Err(fault) };
        self.source = None;
        self.fault = Some(fault.clone());
        alone.fail(fault)?;
        Ok(Pulled::NotBefore(alone.due_ms(now_ms)))
    }
}

fn gone() -> Fault {
    Fault::ours("a source was asked for records after it had failed")
}
