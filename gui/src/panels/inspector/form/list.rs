//! What fits in a field, in a list below it: arrows choose, Enter and Tab take, Esc closes. The field keeps the keyboard.

use egui::{Align2, Area, Frame, Id, InputState, Key, Margin, Modifiers, Order, Rect, RichText, ScrollArea, Ui, vec2};
use tidegate_core::faces::complete::{Fitting, Suggestion};

use crate::acts::Cx;
use crate::{fonts, text, widgets};

/// A list that is open.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct List {
    /// the field below which it stands
    pub(super) field: Id,
    chosen: usize,
    /// it was asked for: all is shown, whatever is typed already
    pub(super) shows_all: bool,
    /// it was opened with this frame
    pub(super) is_new: bool,
    /// where it was drawn last
    pub(super) rect: Rect,
}

impl List {
    pub(super) fn new(field: Id, shows_all: bool) -> List {
        List { field, chosen: 0, shows_all, is_new: true, rect: Rect::NOTHING }
    }
}

/// Keys that were its own.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Keys {
    down: usize,
    up: usize,
    takes: bool,
    closes: bool,
}

/// Takes the keys of a list that is open, before the field sees them.
pub(super) fn keys(ui: &Ui) -> Keys {
    let count = |input: &mut InputState, key: Key| input.count_and_consume_key(Modifiers::NONE, key);
    ui.input_mut(|input| Keys {
        down: count(input, Key::ArrowDown),
        up: count(input, Key::ArrowUp),
        takes: count(input, Key::Enter) + count(input, Key::Tab) > 0,
        closes: count(input, Key::Escape) > 0,
    })
}

/// What became of it.
pub(super) enum Taken {
    /// nothing was taken; it is still open, or not
    Nothing(Option<List>),
    /// this text
    One(String),
}

/// Rows that are seen at once, and their height.
const ROWS: usize = 8;
const ROW: f32 = 24.0;
/// The least width.
const WIDTH: f32 = 340.0;

/// Shows what fits, below a field; `typed` is what it would take the place of. `silence` tells why something may be missing.
pub(super) fn show(
    ui: &Ui,
    cx: &Cx<'_>,
    (mut list, keys): (List, Keys),
    fitting: &Fitting,
    (field, typed): (Rect, &str),
    silence: Option<&str>,
) -> Taken {
    let all = &fitting.all;
    // Nothing is offered before a name is begun, nor what stands there already.
    let is_useful = list.shows_all || !typed.is_empty() && all.first().is_some_and(|first| first.text != typed);
    if keys.closes || all.is_empty() && silence.is_none() || !is_useful {
        return Taken::Nothing(None);
    }
    list.chosen = (list.chosen + keys.down).saturating_sub(keys.up).min(all.len().saturating_sub(1));
    if let Some(chosen) = all.get(list.chosen).filter(|_| keys.takes && !list.is_new) {
        return Taken::One(chosen.text.clone());
    }
    let window = ui.ctx().content_rect();
    let width = field.width().max(WIDTH).min(window.width() - 16.0);
    let height = ROW * all.len().min(ROWS) as f32 + 84.0;
    let is_above = field.bottom() + height > window.bottom() && field.top() > height;
    let (at, pivot) = match is_above {
        true => (field.right_top() - vec2(0.0, 4.0), Align2::RIGHT_BOTTOM),
        false => (field.right_bottom() + vec2(0.0, 4.0), Align2::RIGHT_TOP),
    };
    let mut taken = None;
    let area = Area::new(list.field.with("list")).order(Order::Foreground).pivot(pivot).fixed_pos(at);
    let shown = area.show(ui.ctx(), |ui| {
        let stroke = egui::Stroke::new(1.0, cx.theme.line2);
        let frame = Frame::NONE.fill(cx.theme.raised).stroke(stroke).corner_radius(6).shadow(egui::Shadow {
            offset: [0, 3],
            blur: 9,
            spread: 0,
            color: cx.theme.shadow,
        });
        frame.inner_margin(Margin::same(4)).show(ui, |ui| {
            ui.set_width(width - 8.0);
            ui.spacing_mut().item_spacing.y = 0.0;
            let scroll = ScrollArea::vertical().max_height(ROW * ROWS as f32).auto_shrink([false, true]);
            scroll.show(ui, |ui| {
                for (number, suggestion) in all.iter().enumerate() {
                    let is_chosen = number == list.chosen;
                    if row(ui, cx, suggestion, is_chosen, is_chosen && keys.down + keys.up > 0) {
                        taken = Some(suggestion.text.clone());
                    }
                }
            });
            if let Some(chosen) = all.get(list.chosen) {
                about(ui, cx, chosen);
            }
            if let Some(silence) = silence {
                Frame::NONE.inner_margin(Margin::symmetric(8, 6)).show(ui, |ui| {
                    ui.label(RichText::new(silence).font(fonts::text(12.0)).color(cx.theme.text2));
                });
            }
        });
    });
    list.rect = shown.response.rect;
    list.is_new = false;
    match taken {
        Some(text) => Taken::One(text),
        None => Taken::Nothing(Some(list)),
    }
}

fn row(ui: &mut Ui, cx: &Cx<'_>, suggestion: &Suggestion, is_chosen: bool, follows: bool) -> bool {
    let theme = cx.theme;
    let name = format!("{} {} {}", suggestion.text, suggestion.what, suggestion.detail);
    let (rect, response) = widgets::row(ui, theme, ROW, name.trim(), is_chosen);
    if follows {
        response.scroll_to_me(None);
    }
    let middle = rect.center().y;
    let at = egui::pos2(rect.left() + 8.0, middle);
    let font = (fonts::mono(11.5), theme.text);
    let shown = text::write(ui.painter(), at, Align2::LEFT_CENTER, &suggestion.text, font, rect.width() * 0.62);
    let end = egui::pos2(rect.right() - 8.0, middle);
    let aside = match suggestion.what {
        "column" | "of the record" => suggestion.detail.as_str(),
        what => what,
    };
    let room = end.x - shown.right() - 12.0;
    text::write(ui.painter(), end, Align2::RIGHT_CENTER, aside, (fonts::mono(11.0), theme.text2), room);
    response.clicked()
}

/// How the chosen one is called, what it does, an example.
fn about(ui: &mut Ui, cx: &Cx<'_>, suggestion: &Suggestion) {
    let theme = cx.theme;
    let is_call = suggestion.text.ends_with('(');
    if !is_call && suggestion.help.is_empty() {
        return;
    }
    ui.add_space(4.0);
    let line = ui.cursor().top();
    ui.painter().hline(ui.max_rect().x_range(), line, egui::Stroke::new(1.0, theme.line));
    Frame::NONE.inner_margin(Margin { left: 8, right: 8, top: 6, bottom: 4 }).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 3.0;
        if is_call {
            ui.label(RichText::new(&suggestion.detail).font(fonts::mono(11.0)).color(theme.text));
        }
        let first = suggestion.help.split_inclusive(". ").next().unwrap_or_default().trim();
        ui.label(RichText::new(first).font(fonts::text(12.0)).color(theme.text2));
        if let Some((example, gives)) = &suggestion.example {
            let words = format!("{example} → {gives}");
            ui.label(RichText::new(words).font(fonts::mono(11.0)).color(theme.faint));
        }
    });
}
