//! What only the planner knows, who puts the queues: where the order of records is not fixed, and where they are exchanged
//! by key. What does not run has no plan, and nothing is said of it.

use super::Checked;
use crate::pipeline::Pipeline;
use crate::plan::{Drawn, Plan};
use crate::problem::{Place, Problem};

impl Checked {
    /// Adds the notes that a plan gives.
    pub(super) fn note_plan(&mut self, pipeline: &Pipeline) {
        if !self.is_runnable() {
            return;
        }
        let plan = Drawn::new(pipeline, self).plan(&[]);
        self.problems.extend(exchanges(&plan));
        self.problems.extend(meetings(&plan));
    }
}

/// Says where records of different edges have no fixed order among each other.
fn meetings(plan: &Plan) -> impl Iterator<Item = Problem> + '_ {
    let message = "records of different edges come in here in no fixed order: queues or topics lie on their ways";
    let remedy = "where the order matters, bring them together before a queue, or sort by time in a window";
    let note = move |node: usize| Problem::note(Place::node(&plan.nodes[node].id), message).remedy(remedy);
    plan.meetings().into_iter().map(note)
}

/// Says where records change their lane, so that those of a key come together, and how that can be spared.
fn exchanges(plan: &Plan) -> impl Iterator<Item = Problem> + '_ {
    plan.exchanges().into_iter().map(|exchange| {
        let edge = &plan.edges[exchange.edge];
        let to = &plan.nodes[edge.to.0].id;
        let makers: Vec<String> = exchange.makers.iter().map(|&node| format!("`{}`", plan.nodes[node].id)).collect();
        let (why, who) = match makers.as_slice() {
            [] => ("the ways that meet here place keys differently".to_string(), "each of them".to_string()),
            [one] => (format!("{one} makes new keys"), one.clone()),
            many => (format!("{} make new keys", many.join(", ")), many.join(", ")),
        };
        let message = format!(
            "records are exchanged by key here: {why}, and `{to}` keeps state per key. They wait in queues of their \
             lanes, and keep their order per key and lane before it"
        );
        let remedy = format!(
            "key upstream, where the topic is written; or let a topic lie between: write what leaves {who} to one by key, \
             and read that"
        );
        Problem::note(Place::edge(&edge.id), message).remedy(remedy)
    })
}
