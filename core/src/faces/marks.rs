//! Groups and notes of the canvas, as edits: made, named, folded, written, taken away.

use crate::pipeline::edit::{Edit, Section};
use crate::pipeline::{Group, Note, NoteColour, Pipeline, Point};

fn groups(label: String, groups: Vec<Group>) -> Edit {
    Edit::Batch { label, edits: vec![Edit::Replace(Section::Groups(groups))] }
}

fn notes(label: &str, notes: Vec<Note>) -> Edit {
    Edit::Batch { label: label.into(), edits: vec![Edit::Replace(Section::Notes(notes))] }
}

/// What a group is called on the canvas.
pub fn title(group: &Group) -> &str {
    group.label.as_deref().unwrap_or(&group.id)
}

/// The group that has all of these nodes; none of no nodes.
pub fn group_of<'a>(pipeline: &'a Pipeline, mut ids: impl Iterator<Item = &'a str>) -> Option<&'a Group> {
    let first = ids.next()?;
    let group = pipeline.groups.iter().find(|group| group.nodes.iter().any(|id| id == first))?;
    ids.all(|id| group.nodes.iter().any(|known| known == id)).then_some(group)
}

/// Nodes become a group, and leave those that they are in; those that are empty then go. Gives its id too.
pub fn grouped(pipeline: &Pipeline, ids: &[&str]) -> (Edit, String) {
    let id = pipeline.fresh_id("group");
    let mut all = pipeline.groups.clone();
    for group in &mut all {
        group.nodes.retain(|node| !ids.contains(&node.as_str()));
    }
    all.retain(|group| !group.nodes.is_empty());
    // In the order of the file, whatever order they were selected in.
    let members = pipeline.nodes.iter().filter(|node| ids.contains(&node.id.as_str()));
    let nodes = members.map(|node| node.id.clone()).collect();
    all.push(Group { id: id.clone(), label: None, nodes, collapsed: false });
    (groups(format!("group {} nodes", ids.len()), all), id)
}

/// A group goes; its nodes stay.
pub fn dissolved(pipeline: &Pipeline, id: &str) -> Edit {
    let mut all = pipeline.groups.clone();
    all.retain(|group| group.id != id);
    groups(format!("dissolve {id}"), all)
}

/// A group becomes one box, or opens again.
pub fn folded(pipeline: &Pipeline, id: &str, is_folded: bool) -> Edit {
    let word = if is_folded { "fold" } else { "open" };
    change_group(pipeline, id, format!("{word} {id}"), |group| group.collapsed = is_folded)
}

/// A group is called something else; without a name, by its id.
pub fn named(pipeline: &Pipeline, id: &str, name: &str) -> Edit {
    let label = Some(name.trim().to_string()).filter(|name| !name.is_empty() && *name != id);
    change_group(pipeline, id, format!("name {id}"), |group| group.label = label)
}

fn change_group(pipeline: &Pipeline, id: &str, label: String, change: impl FnOnce(&mut Group)) -> Edit {
    let mut all = pipeline.groups.clone();
    if let Some(group) = all.iter_mut().find(|group| group.id == id) {
        change(group);
    }
    groups(label, all)
}

/// A note more, and its id.
pub fn noted(pipeline: &Pipeline, text: &str, at: Point) -> (Edit, String) {
    let id = pipeline.fresh_id("note");
    let mut all = pipeline.notes.clone();
    all.push(Note { id: id.clone(), text: text.into(), at, size: None, colour: None });
    (notes("add a note", all), id)
}

/// Something else of a note.
pub fn note_changed(pipeline: &Pipeline, id: &str, change: impl FnOnce(&mut Note)) -> Edit {
    let mut all = pipeline.notes.clone();
    if let Some(note) = all.iter_mut().find(|note| note.id == id) {
        change(note);
    }
    notes("change a note", all)
}

/// A note on the next paper; sand comes after the last.
pub fn recoloured(pipeline: &Pipeline, id: &str) -> Edit {
    note_changed(pipeline, id, |note| {
        note.colour = match note.colour.unwrap_or_default() {
            NoteColour::Sand => Some(NoteColour::Blue),
            NoteColour::Blue => Some(NoteColour::Green),
            NoteColour::Green => Some(NoteColour::Rose),
            NoteColour::Rose => None,
        };
    })
}

/// A note less.
pub fn without_note(pipeline: &Pipeline, id: &str) -> Edit {
    let mut all = pipeline.notes.clone();
    all.retain(|note| note.id != id);
    notes("delete a note", all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::Node;

    fn pipeline() -> Pipeline {
        let nodes = ["a", "b", "c", "d"].map(|id| Node::new(id, "filter")).into();
        Pipeline { nodes, ..Pipeline::new("p") }
    }

    fn members(pipeline: &Pipeline) -> Vec<String> {
        pipeline.groups.iter().map(|group| format!("{}: {}", title(group), group.nodes.join(" "))).collect()
    }

    #[test]
    fn a_node_is_in_one_group_at_most() {
        let mut pipeline = pipeline();
        let start = pipeline.clone();
        let mut undo = Vec::new();
        for (ids, expected) in [
            (&["b", "a"][..], &["group: a b"][..]),
            (&["b", "c"], &["group: a", "group-2: b c"]),
            (&["a", "d"], &["group-2: b c", "group-3: a d"]),
        ] {
            let (edit, _) = grouped(&pipeline, ids);
            undo.push(edit.apply(&mut pipeline).unwrap());
            assert_eq!(members(&pipeline), expected);
        }
        let found = group_of(&pipeline, ["c", "b"].into_iter()).map(|group| group.id.as_str());
        assert_eq!(found, Some("group-2"));
        assert_eq!(group_of(&pipeline, ["a", "b"].into_iter()), None);
        undo.push(named(&pipeline, "group-2", " early ").apply(&mut pipeline).unwrap());
        undo.push(dissolved(&pipeline, "group-3").apply(&mut pipeline).unwrap());
        undo.push(folded(&pipeline, "group-2", true).apply(&mut pipeline).unwrap());
        assert_eq!(members(&pipeline), ["early: b c"]);
        assert!(pipeline.groups[0].collapsed);
        while let Some(inverse) = undo.pop() {
            inverse.apply(&mut pipeline).unwrap();
        }
        assert_eq!(pipeline, start);
    }

    #[test]
    fn notes_come_change_and_go() {
        let mut pipeline = pipeline();
        let (edit, id) = noted(&pipeline, "why", Point { x: 8, y: 16 });
        edit.apply(&mut pipeline).unwrap();
        note_changed(&pipeline, &id, |note| note.text = "because".into()).apply(&mut pipeline).unwrap();
        assert_eq!((pipeline.notes[0].text.as_str(), pipeline.notes[0].at), ("because", Point { x: 8, y: 16 }));
        let colours: Vec<Option<NoteColour>> = (0..4)
            .map(|_| {
                recoloured(&pipeline, &id).apply(&mut pipeline).unwrap();
                pipeline.notes[0].colour
            })
            .collect();
        assert_eq!(colours[3], None, "and round again");
        assert!(colours[..3].iter().all(Option::is_some));
        without_note(&pipeline, &id).apply(&mut pipeline).unwrap();
        assert!(pipeline.notes.is_empty());
    }
}
