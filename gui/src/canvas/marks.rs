//! What is done to notes and groups on the canvas: a note is moved, made larger, written; a group is folded, named, moved by
//! its name.

use egui::{
    Align, Align2, CursorIcon, Key, Painter, PointerButton, Pos2, Rect, Role, Sense, Stroke, StrokeKind, TextEdit, Ui,
    Vec2, WidgetInfo, vec2,
};
use tidegate_core::faces::drawing::Drawing;
use tidegate_core::faces::marks;
use tidegate_core::pipeline::edit::Edit;
use tidegate_core::pipeline::{Group, Note, Point};

use super::geometry::{Shape, snapped};
use super::gesture::{Gesture, point};
use super::{CanvasSeen, menus, notes};
use crate::acts::{Act, Chosen, Cx};
use crate::fonts;
use crate::icons::icon;
use crate::scene::Card;
use crate::widgets;

/// A note or a group of which the text is being written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Writing {
    of: Mark,
    text: String,
    is_new: bool,
    /// the field was drawn with this frame
    is_drawn: bool,
}

/// A note or a group, by its id.
#[derive(Debug, Clone, PartialEq)]
enum Mark {
    Note(String),
    Group(String),
}

impl Writing {
    /// Of a note.
    pub(crate) fn note(drawing: &Drawing, id: &str) -> Option<Writing> {
        let note = drawing.pipeline.notes.iter().find(|note| note.id == id)?;
        Some(Writing { of: Mark::Note(id.into()), text: note.text.clone(), is_new: true, is_drawn: true })
    }

    /// Of the name of a group.
    pub(crate) fn group(drawing: &Drawing, id: &str) -> Option<Writing> {
        let group = drawing.pipeline.groups.iter().find(|group| group.id == id)?;
        Some(Writing { of: Mark::Group(id.into()), text: marks::title(group).into(), is_new: true, is_drawn: true })
    }

    /// Tells whether its field was drawn with the last frame, and begins another frame. What cannot be seen is not written.
    pub(super) fn was_drawn(&mut self) -> bool {
        std::mem::take(&mut self.is_drawn)
    }

    /// The step that makes it so; none where nothing has changed.
    fn edit(&self, drawing: &Drawing) -> Option<Edit> {
        let (pipeline, text) = (&drawing.pipeline, self.text.trim());
        match &self.of {
            Mark::Note(id) => {
                let before = pipeline.notes.iter().find(|note| note.id == *id)?;
                match text {
                    "" => Some(marks::without_note(pipeline, id)),
                    same if same == before.text => None,
                    text => Some(marks::note_changed(pipeline, id, |note| note.text = text.into())),
                }
            }
            Mark::Group(id) => {
                let before = pipeline.groups.iter().find(|group| group.id == *id)?;
                (text != marks::title(before)).then(|| marks::named(pipeline, id, text))
            }
        }
    }
}

/// Takes what is done to groups that are open, by their names.
pub(super) fn groups(ui: &mut Ui, painter: &Painter, cx: &mut Cx<'_>, seen: &mut CanvasSeen, bodies: &[Shape]) {
    let drawing = cx.drawing;
    for group in drawing.pipeline.groups.iter().filter(|group| !group.collapsed) {
        if let Some(outline) = notes::outline(cx, seen, bodies, group) {
            name(ui, painter, cx, seen, group, outline);
        }
    }
}

/// A note while it is written.
pub(super) fn written_note(ui: &mut Ui, cx: &mut Cx<'_>, seen: &mut CanvasSeen) {
    let Some(Writing { of: Mark::Note(id), .. }) = &seen.writing else { return };
    let Some(note) = cx.drawing.pipeline.notes.iter().find(|note| note.id == *id) else { return };
    let shown = seen.view.rect(seen.area, notes::place(note, seen));
    if shown.intersects(seen.area) {
        write(ui, cx, seen, shown, true);
    }
}

/// The name of a folded group while it is written, in the place of its title.
pub(super) fn folded(ui: &mut Ui, cx: &mut Cx<'_>, seen: &mut CanvasSeen) {
    let Some(Writing { of: Mark::Group(id), .. }) = &seen.writing else { return };
    let is_this = |card: &&Card| card.fold.as_ref().is_some_and(|fold| fold.group == *id);
    let Some(card) = cx.scene.nodes.iter().find(is_this) else { return };
    let shown = seen.view.rect(seen.area, card.shape.rect);
    if shown.intersects(seen.area) {
        let field = Rect::from_min_size(shown.min, vec2(shown.width().max(140.0), 28.0));
        write(ui, cx, seen, field, false);
    }
}

/// The name of a group on its outline: its handle.
fn name(ui: &mut Ui, painter: &Painter, cx: &mut Cx<'_>, seen: &mut CanvasSeen, group: &Group, outline: Rect) {
    let theme = cx.theme;
    let room = notes::room(outline);
    let galley = crate::text::line(painter, marks::title(group), fonts::text(12.0), theme.text2, room);
    let size = vec2(galley.size().x + notes::NAME - 4.0, 20.0);
    let rect = Rect::from_min_size(outline.left_top() + vec2(8.0, -10.0), size);
    let is_this = |writing: &Writing| writing.of == Mark::Group(group.id.clone());
    if seen.writing.as_ref().is_some_and(is_this) {
        return write(ui, cx, seen, Rect::from_min_size(rect.min, vec2(room.clamp(120.0, 240.0), 24.0)), false);
    }
    let id = ui.scope_id().with(("group", &group.id));
    let response = ui.interact(rect.intersect(seen.area), id, Sense::click_and_drag());
    let words = format!("group {}, {} nodes", marks::title(group), group.nodes.len());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &words));
    let colour = if response.hovered() { theme.text } else { theme.text2 };
    let caret = Rect::from_center_size(rect.left_center() + vec2(8.0, 0.0), Vec2::splat(16.0));
    painter.rect_filled(caret, 0.0, theme.canvas);
    painter.text(caret.center(), Align2::CENTER_CENTER, icon("caret-down"), fonts::icon(11.0), colour);
    let members = || Chosen::nodes(group.nodes.iter().map(String::as_str));
    let is_caret = response.interact_pointer_pos().is_some_and(|at| caret.contains(at));
    if response.double_clicked() && cx.rights.may_build {
        seen.writing = Writing::group(cx.drawing, &group.id);
    } else if response.clicked() && is_caret {
        cx.ask(Act::Edit(marks::folded(&cx.drawing.pipeline, &group.id, true)));
    } else if response.clicked() || response.secondary_clicked() || response.drag_started() {
        cx.ask(Act::Choose(members()));
        cx.ask(Act::Canvas);
    }
    if let Some(held) = group.nodes.first().filter(|_| response.drag_started_by(PointerButton::Primary)) {
        seen.gesture = Gesture::Move { by: Vec2::ZERO, held: held.clone() };
    }
    super::gesture::drag(&response, cx, &members(), seen);
    menus::group(&response, cx);
}

/// Takes what is done to notes.
pub(super) fn notes(ui: &mut Ui, painter: &Painter, cx: &mut Cx<'_>, chosen: &Chosen, seen: &mut CanvasSeen) {
    let drawing = cx.drawing;
    for note in &drawing.pipeline.notes {
        let shown = seen.view.rect(seen.area, notes::place(note, seen));
        if !shown.intersects(seen.area) {
            continue;
        }
        if chosen.note.as_ref() == Some(&note.id) {
            let ring = Stroke::new(2.0, cx.theme.accent);
            painter.rect_stroke(shown.expand(3.0), 8.0, ring, StrokeKind::Middle);
        }
        let is_this = |writing: &Writing| writing.of == Mark::Note(note.id.clone());
        // One that is written is drawn above all else.
        if !seen.writing.as_ref().is_some_and(is_this) {
            handle(ui, painter, cx, seen, note, shown);
        }
    }
}

/// Takes what is done to a note: all of it moves it, its lower right corner makes it larger.
fn handle(ui: &Ui, painter: &Painter, cx: &mut Cx<'_>, seen: &mut CanvasSeen, note: &Note, shown: Rect) {
    let id = ui.scope_id().with(("note", &note.id));
    let body = ui.interact(shown.intersect(seen.area), id, Sense::click_and_drag());
    body.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("note: {}", note.text)));
    let corner = Rect::from_min_max(shown.max - Vec2::splat(16.0), shown.max);
    let corner = ui.interact(corner.intersect(seen.area), id.with("corner"), Sense::drag());
    corner.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("corner of the note {}", note.text)));
    if body.hovered() || corner.hovered() || corner.dragged() {
        for step in [5.0, 9.0] {
            let line = [shown.max - vec2(step, 3.0), shown.max - vec2(3.0, step)];
            painter.line_segment(line, Stroke::new(1.0, cx.theme.control));
        }
    }
    let corner = corner.on_hover_cursor(CursorIcon::ResizeNwSe);
    if body.clicked() || body.secondary_clicked() {
        cx.ask(Act::Choose(Chosen::note(&note.id)));
        cx.ask(Act::Canvas);
    }
    menus::note(&body, cx);
    if !cx.rights.may_build {
        return;
    }
    if body.double_clicked() {
        seen.writing = Writing::note(cx.drawing, &note.id);
    }
    for (response, is_corner) in [(&body, false), (&corner, true)] {
        if response.drag_started_by(PointerButton::Primary) {
            cx.ask(Act::Choose(Chosen::note(&note.id)));
            seen.gesture = Gesture::Note { id: note.id.clone(), by: Vec2::ZERO, is_corner };
        }
        if response.dragged_by(PointerButton::Primary)
            && let Gesture::Note { by, .. } = &mut seen.gesture
        {
            *by = super::gesture::pulled(response, *by != Vec2::ZERO) / seen.view.zoom;
        }
        if response.drag_stopped() && matches!(&seen.gesture, Gesture::Note { id, .. } if *id == note.id) {
            let rect = notes::place(note, seen);
            seen.gesture = Gesture::None;
            let (at, size) = (point(rect.min), Point { x: rect.width() as i32, y: rect.height() as i32 });
            let is_same = note.at == at && (!is_corner || note.size == Some(size));
            if !is_same {
                cx.ask(Act::Edit(marks::note_changed(&cx.drawing.pipeline, &note.id, |note| {
                    note.at = at;
                    note.size = if is_corner { Some(size) } else { note.size };
                })));
            }
        }
    }
}

/// The field in which a text is written; it is taken when the field is left, and given up by Esc.
fn write(ui: &mut Ui, cx: &mut Cx<'_>, seen: &mut CanvasSeen, rect: Rect, is_long: bool) {
    let Some(writing) = &mut seen.writing else { return };
    writing.is_drawn = true;
    let edit = if is_long { TextEdit::multiline(&mut writing.text) } else { TextEdit::singleline(&mut writing.text) };
    let margin = if is_long { vec2(12.0, 10.0) } else { vec2(8.0, 3.0) };
    let align = if is_long { Align::Min } else { Align::Center };
    let edit = edit.font(fonts::text(12.0)).margin(margin).desired_width(rect.width()).min_size(rect.size());
    let response = ui.put(rect, edit.align(Align2([Align::Min, align])));
    response.clone().accessible_name(if is_long { "Text of the note" } else { "Name of the group" });
    if std::mem::take(&mut writing.is_new) {
        widgets::write_over(ui, &response, &writing.text);
    } else if response.lost_focus() || !response.has_focus() {
        let is_given_up = ui.input(|input| input.key_pressed(Key::Escape));
        let edit = writing.edit(cx.drawing).filter(|_| !is_given_up);
        seen.writing = None;
        if let Some(edit) = edit {
            cx.ask(Act::Edit(edit));
        }
        cx.ask(Act::Canvas);
    }
}

/// How large a new note is.
pub(crate) const NOTE: Vec2 = notes::SIZE;

/// Where a new note stands, so that its middle is at a place.
pub(crate) fn corner(middle: Pos2) -> Pos2 {
    snapped(middle - NOTE / 2.0)
}
