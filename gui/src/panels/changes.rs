//! What differs between a drawing and its file, line by line, by meaning; a line that is pressed shows its place. The file is
//! as it was saved, or as somebody else has written it since.

use egui::{Align2, Area, Frame, Id, Margin, Order, Rect, ScrollArea, Shadow, Stroke, Ui, pos2, vec2};
use tidegate_core::faces::changes::{Change, Sign, Spot};

use crate::acts::{Act, Chosen, Cx};
use crate::commands::Command;
use crate::theme::Theme;
use crate::widgets::{self, ButtonLook};
use crate::{fonts, text};

/// A list that is open.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ChangesSeen {
    /// what somebody else has written; else what has changed since it was saved
    pub(crate) is_theirs: bool,
    /// of which revision the lines are
    revision: Option<u64>,
    lines: Vec<Change>,
}

impl ChangesSeen {
    /// What has changed since it was saved.
    pub(crate) fn since_saved() -> ChangesSeen {
        ChangesSeen { is_theirs: false, revision: None, lines: Vec::new() }
    }

    /// What somebody else has written.
    pub(crate) fn theirs(lines: Vec<Change>) -> ChangesSeen {
        ChangesSeen { is_theirs: true, revision: None, lines }
    }

    fn refresh(&mut self, cx: &Cx<'_>) {
        let now = cx.drawing.revision();
        if !self.is_theirs && self.revision != Some(now) {
            self.lines = cx.drawing.changes(None);
            self.revision = Some(now);
        }
    }
}

const WIDTH: f32 = 440.0;
const ROW: f32 = 26.0;
const DETAIL: f32 = 18.0;

/// Shows the list, until it is closed; Esc closes it too.
pub(crate) fn show(ui: &Ui, cx: &mut Cx<'_>, canvas: Rect, seen: &mut Option<ChangesSeen>) {
    let Some(open) = seen else { return };
    open.refresh(cx);
    let theme = cx.theme;
    let width = WIDTH.min(canvas.width() - 24.0);
    let area = Area::new(Id::unique("changes")).order(Order::Foreground);
    let mut is_closed = false;
    area.fixed_pos(canvas.min + vec2(12.0, 12.0)).show(ui.ctx(), |ui| {
        let shadow = Shadow { offset: [0, 3], blur: 9, spread: 0, color: theme.shadow };
        let frame =
            Frame::NONE.fill(theme.raised).stroke(Stroke::new(1.0, theme.line2)).corner_radius(6).shadow(shadow);
        frame.inner_margin(Margin::same(12)).show(ui, |ui| {
            ui.set_width(width - 24.0);
            is_closed = head(ui, cx, open);
            ScrollArea::vertical().max_height((canvas.height() - 120.0).clamp(60.0, 360.0)).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                for change in &open.lines {
                    row(ui, cx, change, open.is_theirs);
                }
            });
        });
    });
    if is_closed {
        *seen = None;
        cx.ask(Act::Canvas);
    }
}

/// The title, and what can be done; tells whether it is closed.
fn head(ui: &mut Ui, cx: &mut Cx<'_>, open: &ChangesSeen) -> bool {
    let theme = cx.theme;
    let title = match (open.is_theirs, open.lines.len()) {
        (true, _) => "In the file, unlike here",
        (false, 0) => "Nothing has changed since it was saved",
        (false, _) => "Changed since it was saved",
    };
    ui.horizontal(|ui| {
        ui.label(egui::RichText::new(title).font(fonts::strong(13.0)).color(theme.text));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let is_closed = widgets::icon_button(ui, theme, "x", "Close the list", true).clicked();
            if !open.is_theirs && !open.lines.is_empty() {
                let hint = Command::Save.hint();
                if widgets::button(ui, theme, ButtonLook::Quiet, None, "Save them", &hint).clicked() {
                    cx.ask_for(Command::Save);
                }
            }
            is_closed
        })
        .inner
    })
    .inner
}

fn colour(theme: &Theme, sign: Sign) -> egui::Color32 {
    match sign {
        Sign::Added => theme.ok.text,
        Sign::Removed => theme.err.text,
        Sign::Changed => theme.warn.text,
        Sign::Durable => theme.late.text,
    }
}

fn row(ui: &mut Ui, cx: &mut Cx<'_>, change: &Change, is_theirs: bool) {
    let theme = cx.theme;
    let height = ROW + DETAIL * change.details.len() as f32;
    let name = format!("{} {}", change.sign.word(), change.words);
    let (rect, response) = widgets::row(ui, theme, height, &name, false);
    let painter = ui.painter();
    let at = pos2(rect.left() + 12.0, rect.top() + ROW / 2.0);
    let sign = change.sign.letter().to_string();
    painter.text(at, Align2::CENTER_CENTER, sign, fonts::figure(12.0), colour(theme, change.sign));
    let (left, room) = (rect.left() + 26.0, rect.width() - 34.0);
    let at = pos2(left, at.y);
    text::write(painter, at, Align2::LEFT_CENTER, &change.words, (fonts::text(12.5), theme.text), room);
    for (number, detail) in change.details.iter().enumerate() {
        let at = pos2(left, rect.top() + ROW + DETAIL * number as f32 + DETAIL / 2.0 - 2.0);
        text::write(painter, at, Align2::LEFT_CENTER, detail, (fonts::mono(11.0), theme.text2), room);
    }
    let place = change.spot.as_ref().map(|spot| match spot {
        Spot::Node(id) => Chosen::node(id),
        Spot::Edge(id) => Chosen::edge(id),
    });
    // What only the file has cannot be shown here.
    let place = place.filter(|place| !is_theirs || *place == place.clone().kept(cx.drawing));
    if let Some(place) = place.filter(|_| response.clicked()) {
        cx.ask(Act::Show(place));
    }
    if !change.details.is_empty() {
        response.on_hover_text(change.details.join("\n"));
    }
}
