//! What stands on the canvas beside nodes and edges: groups and notes.

use std::collections::HashMap;

use super::Check;
use crate::problem::{Place, Problem, meant_or};

impl Check<'_> {
    pub(super) fn marks(&mut self) {
        let mut group_of: HashMap<&str, &str> = HashMap::new();
        for (number, group) in self.pipeline.groups.iter().enumerate() {
            for (member, id) in group.nodes.iter().enumerate() {
                let place = Place::field(format!("groups[{number}].nodes[{member}]"));
                if self.is_missing(id) {
                    let known = self.pipeline.nodes.iter().map(|node| node.id.as_str());
                    let remedy = meant_or(id, known, "take it out of the group");
                    self.problems.push(Problem::error(place, format!("there is no node `{id}`")).remedy(remedy));
                } else if let Some(other) = group_of.insert(id, &group.id) {
                    let message = match other == group.id {
                        true => format!("`{id}` is in this group twice"),
                        false => format!("`{id}` is in the group `{other}` already"),
                    };
                    self.problems.push(Problem::error(place, message).remedy("leave it in one place"));
                }
            }
        }
        for (number, note) in self.pipeline.notes.iter().enumerate() {
            if note.size.is_some_and(|size| size.x <= 0 || size.y <= 0) {
                let place = Place::field(format!("notes[{number}].size"));
                let problem = Problem::warning(place, "a note of this size cannot be seen");
                self.problems.push(problem.remedy("give it a width and a height above 0, or leave the size away"));
            }
        }
    }
}
