//! What was done, said for a while at the bottom of the canvas. Faults that have a place are not said here.

use egui::{Align2, Area, Frame, Id, Margin, Order, Rect, Stroke, Ui, vec2};

use crate::acts::{Act, Cx};
use crate::commands::Command;
use crate::widgets::{self, ButtonLook};

/// How long it stays, in seconds.
const STAYS: f64 = 5.0;

/// Something that is said.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Toast {
    pub(crate) words: String,
    /// it can be taken back
    pub(crate) can_undo: bool,
    /// seconds of the window's clock; none before it was shown
    pub(crate) until: Option<f64>,
}

impl Toast {
    pub(crate) fn new(words: impl Into<String>, can_undo: bool) -> Toast {
        Toast { words: words.into(), can_undo, until: None }
    }
}

/// Shows the last one, and lets it go when its time is over.
pub(crate) fn show(ui: &Ui, cx: &mut Cx<'_>, canvas: Rect, toast: &mut Option<Toast>) {
    let Some(shown) = toast else { return };
    let now = ui.input(|input| input.time);
    let until = *shown.until.get_or_insert(now + STAYS);
    let theme = cx.theme;
    let at = canvas.center_bottom() - vec2(0.0, 16.0);
    let area = Area::new(Id::unique("toast")).order(Order::Foreground).pivot(Align2::CENTER_BOTTOM).fixed_pos(at);
    let response = area.show(ui.ctx(), |ui| {
        let frame = Frame::NONE.fill(theme.raised).stroke(Stroke::new(1.0, theme.line2)).corner_radius(6);
        frame.inner_margin(Margin::symmetric(12, 4)).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.label(&shown.words);
                if shown.can_undo && widgets::button(ui, theme, ButtonLook::Quiet, None, "Undo", "").clicked() {
                    cx.ask(Act::Do(Command::Undo));
                }
            });
        });
    });
    if response.response.contains_pointer() {
        shown.until = Some(now + STAYS);
    } else if now >= until {
        *toast = None;
    }
    let left = (until - now).max(0.05);
    ui.ctx().request_repaint_after(std::time::Duration::from_secs_f64(left));
}
