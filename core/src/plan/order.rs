//! Where records that come on several edges have no fixed order among each other: where they come from different inputs
//! of a task. Within one pass of a task ordinals keep the order; which input is next, only time tells.

use std::collections::BTreeSet;

use super::{LinkTo, Plan, QueueTo, TaskInput};

/// What hands rows to a task, one batch after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Feed {
    /// the sources of this task: the next of their records is chosen by time
    Sources(usize),
    /// the reading end of a topic in the middle of an edge: when its records are there depends on who writes it
    Topic(usize),
    /// a queue
    Queue(usize),
}

impl Plan {
    /// Nodes at which records of different edges meet in no fixed order, in the order of the file.
    pub fn meetings(&self) -> Vec<usize> {
        let feeds = self.feeds();
        (0..self.nodes.len()).filter(|&node| self.is_meeting(node, &feeds)).collect()
    }

    fn is_meeting(&self, node: usize, feeds: &[BTreeSet<Feed>]) -> bool {
        let ways = self.edges.iter().filter(|edge| edge.to.0 == node).count();
        if ways < 2 {
            return false;
        }
        let Some(queue) = self.queues.iter().position(|queue| queue.node == Some(node)) else {
            return feeds[node].len() > 1;
        };
        // What one pass of one task puts into a queue is put in order before.
        let writers = self.tasks.iter().flat_map(|task| &task.links).filter(|link| link.to == LinkTo::Queue(queue));
        let fed: BTreeSet<Feed> = writers.flat_map(|link| feeds[link.from.0].iter().copied()).collect();
        fed.len() > 1
    }

    /// Per node, the inputs of its task from which rows come to it; of a queue node, on its way out.
    fn feeds(&self) -> Vec<BTreeSet<Feed>> {
        let mut feeds = vec![BTreeSet::new(); self.nodes.len()];
        for (number, task) in self.tasks.iter().enumerate() {
            for input in &task.inputs {
                let (node, feed) = match *input {
                    TaskInput::Source(node) if self.through.iter().any(|through| through.reader == node) => {
                        (node, Feed::Topic(node))
                    }
                    TaskInput::Source(node) => (node, Feed::Sources(number)),
                    TaskInput::Queue(queue) => match self.queues[queue].to {
                        QueueTo::Port(node, _) | QueueTo::Exit(node) => (node, Feed::Queue(queue)),
                    },
                };
                feeds[node].insert(feed);
            }
            for &node in &task.nodes {
                let known = feeds[node].clone();
                for link in task.links.iter().filter(|link| link.from.0 == node) {
                    if let LinkTo::Port(to, _) = link.to {
                        feeds[to].extend(&known);
                    }
                }
            }
        }
        feeds
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testkit::{drawn, file, node, numbers, out};

    #[test]
    fn rows_meet_where_they_come_from_different_inputs_of_a_task() {
        for (edges, meetings) in [
            // Within a task the order is fixed, that of sources too.
            ("s->f, s->m, f->m, r->m, m->o", ""),
            // Each of the two edges into a sink is a queue.
            ("s->f, s->o, f->o", "o"),
            ("s->f buffer 5, f->m, s->m, m->o", "m"),
            ("s->f topic, f->m, s->m, m->o", "m"),
            ("s->f topic, r->g topic, f->m, g->m, m->o", "m"),
            // Two queues feed one task, and what they fed meets further on.
            ("s->f buffer 5, r->g buffer 5, f->m, g->m, m->o", "m"),
            // One queue, and a fork behind it.
            ("s->m buffer 5, m->f, m->g, f->n, g->n, n->o", ""),
            // One pass puts into a buffer what it has in order; two tasks do not.
            ("s->f, s->g, f->b, g->b, b->o", ""),
            ("s->f, r->g, f->b, g->b, b->o", "b"),
            ("s->f buffer 5, f->b, s->b, b->o", "b"),
            // What comes out of a buffer meets what does not go through it.
            ("s->b, b->m, s->m, m->o", "m"),
            ("s->b, b->f, b->g, f->m, g->m, m->o", ""),
            // Records that get new keys are exchanged; others that come to the same place are too, each on its way.
            ("s->k, k->t, s->t, t->o", "t"),
            ("s->k, k->m, s->m, m->t, t->o", ""),
        ] {
            let edges: Vec<&str> = edges.split(", ").collect();
            let known = [
                numbers("s"),
                numbers("r"),
                node("f", "filter", json!({ "condition": "n > 1" })),
                node("g", "filter", json!({ "condition": "n > 2" })),
                node("k", "key-by", json!({ "key": "CAST(n AS text)" })),
                node("m", "merge", json!({})),
                node("n", "merge", json!({})),
                node("t", "scan", json!({ "columns": { "c": { "start": "0", "next": "c + 1" } } })),
                node("b", "buffer", json!({ "size": 3 })),
                out("o"),
            ];
            let is_drawn = |id: &str| edges.iter().any(|edge| edge.split([' ', '-', '>']).any(|end| end == id));
            let nodes = known.into_iter().filter(|node| is_drawn(node["id"].as_str().unwrap()));
            let plan = drawn(&file(nodes, &edges), &[]).plan(&[]);
            let ids: Vec<&str> = plan.meetings().into_iter().map(|node| plan.nodes[node].id.as_str()).collect();
            assert_eq!(ids.join(" "), meetings, "{edges:?}");
        }
    }
}
