//! A source or a sink that starts again alone, on one lane: what it failed of is told, its waits grow, its body is built
//! anew. Where it goes on, and what it repeats, is known to those who hold the body: `own_source` and `sinking`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::backoff::Waits;
use super::blueprint::Blueprint;
use super::meter::NodeMeter;
use crate::check::RestartPolicy;
use crate::operators::{Body, Sink, Source};
use crate::problem::{Blame, Fault};

/// How a node starts again alone.
pub(crate) struct Alone {
    blueprint: Blueprint,
    policy: RestartPolicy,
    meter: Arc<NodeMeter>,
    waits: Waits,
    wait_ms: i64,
    /// when its body is to be built anew; known once somebody has asked after it failed
    due_ms: Option<i64>,
}

impl Alone {
    pub(crate) fn new(blueprint: Blueprint, policy: RestartPolicy, meter: Arc<NodeMeter>) -> Alone {
        Alone { blueprint, policy, meter, waits: Waits::default(), wait_ms: 0, due_ms: None }
    }

    fn node(&self) -> &str {
        &self.blueprint.plan.nodes[self.blueprint.node].id
    }

    /// It has failed, and its body is not to be used again.
    ///
    /// # Errors
    /// The fault, where it is not to start again: it has been tried often enough, or nobody wants its output.
    pub(crate) fn fail(&mut self, fault: Fault) -> Result<(), Fault> {
        let fault = fault.at_node(self.node());
        let is_wanted = fault.blame != Blame::Nobody;
        let Some(wait) = self.waits.grow(&self.policy).filter(|_| is_wanted) else {
            self.meter.give_up();
            self.due_ms = Some(i64::MAX);
            return Err(fault);
        };
        tracing::warn!("starting `{}` again in {} ms, after: {fault}", self.node(), wait.as_millis());
        self.meter.count_restart(&fault);
        self.wait_ms = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
        self.due_ms = None;
        Ok(())
    }

    /// When its body is to be built anew.
    pub(crate) fn due_ms(&mut self, now_ms: i64) -> i64 {
        *self.due_ms.get_or_insert(now_ms.saturating_add(self.wait_ms))
    }

    /// Something got through.
    pub(crate) fn get_on(&mut self) {
        if self.waits.end() {
            tracing::info!("`{}` works again", self.node());
        }
    }

    /// A new sink, opened.
    pub(crate) fn build_sink(&self) -> Result<Box<dyn Sink>, Fault> {
        caught(|| match self.blueprint.build()? {
            Body::Sink(mut sink) => {
                sink.flush()?;
                Ok(sink)
            }
            _ => Err(Fault::ours("a sink became something else")),
        })
    }

    /// A new source that goes on at a position; `None` where it cannot.
    pub(crate) fn build_source(&self, position: i64) -> Result<Option<Box<dyn Source>>, Fault> {
        caught(|| match self.blueprint.build()? {
            Body::Source(mut source, _) => Ok((position == 0 || source.seek(position)?).then_some(source)),
            _ => Err(Fault::ours("a source became something else")),
        })
    }
}

/// Does something of a node's. A panic is a fault of ours; what was at work must not be used again.
pub(crate) fn caught<T>(work: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let what = panic.downcast_ref::<String>().map(String::as_str);
        let what = what.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("unknown");
        Err(Fault::ours(format!("a task failed in a way that it never should: {what}")))
    })
}
