//! What a node's body on one lane is built from, so that it can be built again while the run goes on.

use std::sync::Arc;

use crate::operators::{Body, Shared, Site};
use crate::plan::Plan;
use crate::problem::Fault;
use crate::state::Stores;

/// What a node's body on one lane is built from.
pub(crate) struct Blueprint {
    pub(crate) plan: Arc<Plan>,
    /// number of the node in the plan
    pub(crate) node: usize,
    pub(crate) lane: u32,
    /// what the lanes of the node share
    pub(crate) shared: Arc<Shared>,
    /// the same, through restarts of the run
    pub(crate) lasting: Arc<Shared>,
    /// the lane's
    pub(crate) stores: Arc<Stores>,
    /// per declared output port
    pub(crate) connected: Vec<bool>,
}

impl Blueprint {
    /// A new body, which knows nothing of the one before.
    ///
    /// # Errors
    /// What cannot be opened, or a config that the checker would have refused.
    pub(crate) fn build(&self) -> Result<Body, Fault> {
        let (plan, node) = (&self.plan, self.node);
        let drawn = &plan.nodes[node];
        drawn.shape.build(&Site {
            node: &drawn.id,
            lane: self.lane,
            inputs: &plan.inputs[node],
            outputs: &plan.outputs[node][..drawn.ports.outputs.len()],
            intact: plan.intact[node].as_ref(),
            shared: &self.shared,
            lasting: &self.lasting,
            stores: &self.stores,
            connected: &self.connected,
        })
    }
}
