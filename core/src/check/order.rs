//! Where the order of records is not fixed: asked of the planner, which puts the queues.

use super::Checked;
use crate::pipeline::Pipeline;
use crate::plan::Drawn;
use crate::problem::{Place, Problem};

impl Checked {
    /// Says where records that come in on several ways have no fixed order among each other. What does not run has no
    /// plan, and no order.
    pub(super) fn note_orders(&mut self, pipeline: &Pipeline) {
        if !self.is_runnable() {
            return;
        }
        let plan = Drawn::new(pipeline, self).plan(&[]);
        let message = "records of different edges come in here in no fixed order: queues or topics lie on their ways";
        let note = |node: usize| Problem::note(Place::node(&plan.nodes[node].id), message);
        self.problems.extend(plan.meetings().into_iter().map(note));
    }
}
