//! The few controls of the editor, drawn as its visual language has them. Each has an accessible name and a focus ring.

use egui::text::{CCursor, CCursorRange};
use egui::text_edit::TextEditState;
use egui::{
    Align2, Color32, FontId, Id, Painter, Rect, Response, Role, Sense, Stroke, StrokeKind, SurrenderFocusOn, TextEdit,
    Ui, Vec2, WidgetInfo, pos2, vec2,
};

use crate::icons::icon;
use crate::theme::Theme;
use crate::{fonts, text};

/// The ground of something that floats over the canvas.
pub(crate) fn card(painter: &Painter, theme: &Theme, rect: Rect) {
    painter.rect(rect, 6.0, theme.panel, Stroke::new(1.0, theme.line2), StrokeKind::Inside);
}

/// A ring around what has the keyboard.
pub(crate) fn focus_ring(ui: &Ui, theme: &Theme, response: &Response) {
    if response.has_focus() {
        ui.painter().rect_stroke(response.rect.expand(2.0), 7.0, Stroke::new(2.0, theme.accent), StrokeKind::Outside);
    }
}

fn named(response: &Response, name: &str) {
    let is_enabled = response.enabled();
    let name = name.lines().next().unwrap_or_default();
    response.widget_info(|| WidgetInfo::labeled(Role::Button, is_enabled, name));
}

/// Words that can be pressed, at a place.
pub(crate) fn link_at(ui: &mut Ui, theme: &Theme, rect: Rect, words: &str, name: &str) -> bool {
    let response = ui.interact(rect, ui.scope_id().with(("link", name)), Sense::click());
    named(&response, name);
    let colour = if response.hovered() { theme.text } else { theme.accent };
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, words, fonts::strong(12.5), colour);
    focus_ring(ui, theme, &response);
    response.clicked()
}

/// An icon that can be pressed, at a place.
pub(crate) fn icon_at(ui: &mut Ui, theme: &Theme, rect: Rect, name: &str, hint: &str) -> bool {
    let response = ui.interact(rect, ui.scope_id().with(("icon", name, hint)), Sense::click());
    paint_icon(ui, theme, &response, name, hint, true).clicked()
}

/// An icon that can be pressed, in the flow.
pub(crate) fn icon_button(ui: &mut Ui, theme: &Theme, name: &str, hint: &str, is_enabled: bool) -> Response {
    let sense = if is_enabled { Sense::click() } else { Sense::hover() };
    let (_, response) = ui.allocate_exact_size(Vec2::splat(28.0), sense);
    paint_icon(ui, theme, &response, name, hint, is_enabled)
}

fn paint_icon(ui: &Ui, theme: &Theme, response: &Response, name: &str, hint: &str, is_enabled: bool) -> Response {
    let title = hint.lines().next().unwrap_or_default().to_string();
    response.widget_info(|| WidgetInfo::labeled(Role::Button, is_enabled, &title));
    let colour = match (is_enabled, response.hovered()) {
        (false, _) => theme.line2,
        (true, true) => theme.text,
        (true, false) => theme.text2,
    };
    if response.hovered() && is_enabled {
        ui.painter().rect_filled(response.rect, 6.0, theme.over);
    }
    ui.painter().text(response.rect.center(), Align2::CENTER_CENTER, icon(name), fonts::icon(17.0), colour);
    focus_ring(ui, theme, response);
    response.clone().on_hover_text(hint)
}

/// How a button looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ButtonLook {
    /// the one that matters
    Filled,
    Plain,
    /// no frame before it is hovered
    Quiet,
}

/// A button with an icon and words.
pub(crate) fn button(
    ui: &mut Ui,
    theme: &Theme,
    look: ButtonLook,
    name: Option<&str>,
    words: &str,
    hint: &str,
) -> Response {
    let font = if look == ButtonLook::Filled { fonts::strong(13.0) } else { fonts::strong(12.5) };
    let colour = |is_on: bool| match look {
        ButtonLook::Filled => theme.on_accent,
        ButtonLook::Quiet if !is_on => theme.text2,
        _ => theme.text,
    };
    let galley = text::line(ui.painter(), words, font, Color32::PLACEHOLDER, 240.0);
    let icon_width = if name.is_some() { 22.0 } else { 0.0 };
    let padding = if look == ButtonLook::Quiet { 8.0 } else { 14.0 };
    let size = vec2(galley.size().x + icon_width + 2.0 * padding, 28.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    named(&response, if words.is_empty() { hint } else { words });
    let is_on = response.hovered() || response.has_focus();
    let (ground, border) = match look {
        ButtonLook::Filled if is_on => (crate::theme::blend(theme.accent, theme.text, 0.12), theme.accent),
        ButtonLook::Filled => (theme.accent, theme.accent),
        ButtonLook::Plain if is_on => (theme.over, theme.control),
        ButtonLook::Plain => (theme.raised, theme.control),
        ButtonLook::Quiet if is_on => (theme.over, theme.over),
        ButtonLook::Quiet => (Color32::TRANSPARENT, Color32::TRANSPARENT),
    };
    ui.painter().rect(rect, 6.0, ground, Stroke::new(1.0, border), StrokeKind::Inside);
    let mut x = rect.left() + padding;
    if let Some(name) = name {
        let is_solid = matches!(name, "play" | "stop" | "pause");
        let font = if is_solid { fonts::icon_filled(14.0) } else { fonts::icon(16.0) };
        ui.painter().text(pos2(x + 7.0, rect.center().y), Align2::CENTER_CENTER, icon(name), font, colour(is_on));
        x += icon_width;
    }
    ui.painter().galley(pos2(x, rect.center().y - galley.size().y / 2.0), galley, colour(is_on));
    focus_ring(ui, theme, &response);
    if hint.is_empty() { response } else { response.on_hover_text(hint) }
}

/// What is kept free at both sides of a tab's words; the first begins where everything else does.
const TAB_SIDE: f32 = 8.0;

/// A tab: what it stands for, its word, and a count with whether it is bad.
pub(crate) type TabOf<'a, T> = (T, &'a str, Option<(usize, bool)>);

/// Tabs in a row: each a word, the chosen one underlined. Tells which is pressed.
pub(crate) fn tabs<T: Copy + PartialEq>(ui: &mut Ui, theme: &Theme, tabs: &[TabOf<'_, T>], chosen: T) -> Option<T> {
    let mut pressed = None;
    for (number, (tab, words, badge)) in tabs.iter().enumerate() {
        let side = if number == 0 { 0.0 } else { TAB_SIDE };
        let is_chosen = *tab == chosen;
        let galley = text::line(ui.painter(), words, fonts::text(12.5), Color32::PLACEHOLDER, 200.0);
        let badge_width = if badge.is_some() { 24.0 } else { 0.0 };
        let size = vec2(galley.size().x + badge_width + side + TAB_SIDE, ui.available_height().min(34.0));
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        response.widget_info(|| WidgetInfo::selected(Role::Tab, true, is_chosen, *words));
        let colour = if is_chosen || response.hovered() { theme.text } else { theme.text2 };
        let at = pos2(rect.left() + side, rect.center().y - galley.size().y / 2.0);
        let end = at.x + galley.size().x;
        ui.painter().galley(at, galley, colour);
        if let Some((count, is_bad)) = badge {
            let state = if *is_bad { theme.err } else { theme.warn };
            let pill = Rect::from_center_size(pos2(end + 15.0, rect.center().y), vec2(18.0, 16.0));
            ui.painter().rect_filled(pill, 8.0, state.ground);
            let font = fonts::figure(10.5);
            ui.painter().text(pill.center(), Align2::CENTER_CENTER, count.to_string(), font, state.text);
        }
        if is_chosen {
            let across = rect.left() + side..=rect.right() - TAB_SIDE;
            let line = Rect::from_x_y_ranges(across, rect.bottom() - 2.0..=rect.bottom());
            ui.painter().rect_filled(line, 0.0, theme.accent);
        }
        focus_ring(ui, theme, &response);
        if response.clicked() {
            pressed = Some(*tab);
        }
    }
    pressed
}

/// The word of this number among those side by side.
pub(crate) fn segment_id(ui: &Ui, label: &str, number: usize) -> Id {
    ui.scope_id().with((label, number))
}

/// Words of a choice side by side. Tells which is pressed.
pub(crate) fn segments(
    ui: &mut Ui,
    theme: &Theme,
    label: &str,
    words: &[String],
    chosen: Option<usize>,
) -> Option<usize> {
    let width = ui.available_width();
    let (rect, _) = ui.allocate_exact_size(vec2(width, 28.0), Sense::hover());
    ui.painter().rect(rect, 6.0, theme.inset, Stroke::new(1.0, theme.control), StrokeKind::Inside);
    let step = width / words.len().max(1) as f32;
    let mut pressed = None;
    for (number, word) in words.iter().enumerate() {
        let part = Rect::from_min_size(rect.min + vec2(step * number as f32, 0.0), vec2(step, rect.height()));
        let response = ui.interact(part, segment_id(ui, label, number), Sense::click());
        let is_chosen = chosen == Some(number);
        response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, is_chosen, format!("{label}: {word}")));
        if is_chosen || response.hovered() {
            let ground = if is_chosen { theme.accent_bg } else { theme.over };
            ui.painter().rect_filled(part.shrink(1.0), 5.0, ground);
        }
        let (font, colour) =
            if is_chosen { (fonts::strong(12.5), theme.accent) } else { (fonts::text(12.5), theme.text2) };
        text::write(ui.painter(), part.center(), Align2::CENTER_CENTER, word, (font, colour), step - 8.0);
        focus_ring(ui, theme, &response);
        if response.clicked() {
            pressed = Some(number);
        }
    }
    pressed
}

/// A field of one line, with its accessible name.
pub(crate) fn field(ui: &mut Ui, name: &str, text: &mut String, hint: &str, font: FontId) -> Response {
    let edit = TextEdit::singleline(text)
        .hint_text(hint.to_string())
        .font(font)
        .desired_width(f32::INFINITY)
        .margin(vec2(8.0, 6.0));
    let response = ui.add(edit);
    response.clone().accessible_name(name);
    response
}

/// Gives the keyboard to a field, with all of its text selected: what is typed takes its place.
pub(crate) fn write_over(ui: &Ui, response: &Response, text: &str) {
    response.request_focus();
    let all = CCursorRange::two(CCursor::new(0), CCursor::new(text.chars().count()));
    let mut state = TextEditState::load(ui.ctx(), response.id).unwrap_or_default();
    state.cursor.set_char_range(Some(all));
    state.store(ui.ctx(), response.id);
}

/// Values over time as a line, with a dot at its end; `most` is at the top.
pub(crate) fn spark(ui: &Ui, rect: Rect, values: &[Option<f64>], most: f64, colour: Color32) {
    let last = values.len().saturating_sub(1).max(1) as f32;
    let point = |(number, value): (usize, f64)| {
        let x = rect.left() + rect.width() * number as f32 / last;
        pos2(x, rect.bottom() - 1.0 - (rect.height() - 3.0) * (value / most) as f32)
    };
    let known = values.iter().enumerate().filter_map(|(number, value)| Some((number, (*value)?)));
    let line: Vec<egui::Pos2> = known.map(point).collect();
    if let Some(last) = line.last() {
        ui.painter().circle_filled(*last, 2.0, colour);
    }
    ui.painter().add(egui::Shape::line(line, Stroke::new(1.5, colour)));
}

/// A row of a list that can be pressed.
pub(crate) fn row(ui: &mut Ui, theme: &Theme, height: f32, name: &str, is_chosen: bool) -> (Rect, Response) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_chosen, name));
    if is_chosen {
        ui.painter().rect_filled(rect, 6.0, theme.accent_bg);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, 6.0, theme.over);
    }
    focus_ring(ui, theme, &response);
    (rect, response)
}

/// Draws a field that does not lose the keyboard while the pointer is over what belongs to it.
pub(crate) fn keeping_focus<R>(ui: &mut Ui, over: Option<Rect>, add: impl FnOnce(&mut Ui) -> R) -> R {
    let context = ui.ctx().clone();
    let is_over = over.zip(context.pointer_interact_pos()).is_some_and(|(rect, at)| rect.contains(at));
    let before = context.options(|options| options.input_options.surrender_focus_on);
    if is_over {
        context.options_mut(|options| options.input_options.surrender_focus_on = SurrenderFocusOn::Never);
    }
    let added = add(ui);
    context.options_mut(|options| options.input_options.surrender_focus_on = before);
    added
}

/// A label of a form.
pub(crate) fn label(ui: &mut Ui, theme: &Theme, words: &str, aside: &str) -> Response {
    labelled(ui, theme, words, aside, fonts::text(12.0))
}

/// A title of some of them.
pub(crate) fn title(ui: &mut Ui, theme: &Theme, words: &str, aside: &str) -> Response {
    labelled(ui, theme, words, aside, fonts::strong(12.0))
}

fn labelled(ui: &mut Ui, theme: &Theme, words: &str, aside: &str, font: FontId) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 16.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{words} {aside}").trim()));
    // The words go first; an aside takes what they leave.
    let shown = text::line(ui.painter(), words, font.clone(), theme.text2, rect.width()).size().x + 8.0;
    let aside_rect = text::write(
        ui.painter(),
        rect.right_center(),
        Align2::RIGHT_CENTER,
        aside,
        (fonts::mono(11.0), theme.faint),
        (rect.width() - shown).max(120.0),
    );
    let room = aside_rect.left() - rect.left() - 8.0;
    text::write(ui.painter(), rect.left_center(), Align2::LEFT_CENTER, words, (font, theme.text2), room);
    response
}
