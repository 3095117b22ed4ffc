//! The page to begin from: pipelines of the gallery, each with a picture that the canvas itself draws; an empty one; files
//! that were opened lately. Every card can be reached by Tab and arrows, and opened by Enter.

use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{
    Align2, Rect, Response, RichText, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui, UiBuilder, Vec2, WidgetInfo,
    pos2, vec2,
};
use tidegate_core::faces::host::Opening;

use crate::acts::{Act, Cx};
use crate::canvas::geometry::{Detail, View};
use crate::canvas::still::{self, Still};
use crate::commands::Command;
use crate::desk::{GalleryCard, Wanted};
use crate::icons::icon;
use crate::{fonts, text, widgets};

/// A card and its picture.
const CARD: Vec2 = vec2(300.0, 212.0);
const PICTURE: f32 = 122.0;
const GAP: f32 = 24.0;
/// Where the icon of an entry has its middle.
const SIGN: f32 = 20.0;
/// The column beside the cards.
const ASIDE: f32 = 248.0;
/// What is kept free at the sides.
const MARGIN: f32 = 32.0;

/// What the ring around a card needs.
const RING: f32 = 4.0;

/// What was looked at there.
#[derive(Debug, Clone, Default)]
pub(crate) struct StartSeen {
    /// the first card has had the keyboard
    was_focused: bool,
}

/// Draws it.
pub(crate) fn show(ui: &mut Ui, cx: &mut Cx<'_>, seen: &mut StartSeen) {
    let room = ui.max_rect();
    ui.painter().rect_filled(room, 0.0, cx.theme.canvas);
    let for_cards = room.width() - 2.0 * MARGIN - ASIDE - 2.0 * GAP;
    let columns = (((for_cards + GAP) / (CARD.x + GAP)) as usize).clamp(1, 3);
    let width = columns as f32 * (CARD.x + GAP) + GAP + ASIDE;
    let left = (room.center().x - width / 2.0).max(room.left() + 12.0);
    let top = room.top() + 28.0;
    let title = Rect::from_min_size(pos2(left + RING, top), vec2(400.0, 28.0));
    let words = RichText::new("What flows today?").font(fonts::strong(20.0)).color(cx.theme.text);
    ui.scope_builder(UiBuilder::new().max_rect(title), |ui| ui.label(words));
    let body = top + 44.0;
    let cards = Rect::from_min_max(pos2(left, body), pos2(left + columns as f32 * (CARD.x + GAP), room.bottom()));
    ui.scope_builder(UiBuilder::new().max_rect(cards), |ui| gallery(ui, cx, seen, columns));
    let beside = Rect::from_min_max(pos2(cards.right() + GAP, body), pos2(cards.right() + GAP + ASIDE, room.bottom()));
    ui.scope_builder(UiBuilder::new().max_rect(beside), |ui| aside(ui, cx));
}

fn gallery(ui: &mut Ui, cx: &mut Cx<'_>, seen: &mut StartSeen, columns: usize) {
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        // The ring around a card that has the keyboard is not cut.
        ui.spacing_mut().item_spacing = Vec2::ZERO;
        ui.add_space(RING);
        ui.spacing_mut().item_spacing = Vec2::splat(GAP);
        let desk = cx.desk;
        for row in desk.gallery.chunks(columns) {
            ui.horizontal(|ui| {
                ui.add_space(RING);
                ui.spacing_mut().item_spacing.x = GAP;
                for of in row {
                    let response = card(ui, cx, of);
                    if !std::mem::replace(&mut seen.was_focused, true) {
                        response.request_focus();
                    }
                    if response.gained_focus() {
                        response.scroll_to_me(None);
                    }
                    if response.clicked() {
                        cx.ask(Act::Desk(Wanted::Open(of.sample.opening.clone())));
                    }
                }
            });
        }
        ui.add_space(GAP);
    });
}

fn card(ui: &mut Ui, cx: &Cx<'_>, of: &GalleryCard) -> Response {
    let theme = cx.theme;
    let (rect, response) = ui.allocate_exact_size(CARD, Sense::click());
    let name = &of.sample.drawing.pipeline.name;
    response
        .widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("new from {name}: {}", of.sample.sentence)));
    if !ui.is_rect_visible(rect) {
        return response;
    }
    let (ground, border) = if response.hovered() { (theme.raised, theme.control) } else { (theme.panel, theme.line2) };
    ui.painter().rect(rect, 9.0, ground, Stroke::new(1.0, border), StrokeKind::Inside);
    let picture = Rect::from_min_size(rect.min, vec2(CARD.x, PICTURE)).shrink(1.0);
    ui.painter().rect_filled(picture, egui::CornerRadius { nw: 8, ne: 8, sw: 0, se: 0 }, theme.canvas);
    ui.painter().hline(picture.x_range(), picture.bottom(), Stroke::new(1.0, theme.line));
    if let Some(bounds) = still::bounds(&of.sample.drawing, &of.scene) {
        let view = View::map(bounds, picture.size(), (Vec2::splat(12.0), Vec2::splat(12.0)), 0.0);
        let view = View { zoom: view.zoom.min(0.55), ..view };
        let free = (picture.size() - bounds.size() * view.zoom) / 2.0;
        let view = View { origin: free - bounds.min.to_vec2() * view.zoom, ..view };
        let still = Still { drawing: &of.sample.drawing, scene: &of.scene, area: picture, view, detail: Detail::Block };
        still::paint(ui, theme, still);
    }
    let at = pos2(rect.left() + 16.0, picture.bottom() + 18.0);
    text::write(ui.painter(), at, Align2::LEFT_CENTER, name, (fonts::strong(13.0), theme.text), CARD.x - 32.0);
    let format = TextFormat::simple(fonts::text(12.0), theme.text2);
    let mut job = LayoutJob::single_section(of.sample.sentence.clone(), format);
    job.wrap = TextWrapping { max_width: CARD.x - 32.0, max_rows: 3, ..TextWrapping::default() };
    let galley = ui.painter().layout_job(job);
    let is_cut = galley.elided;
    ui.painter().galley(pos2(at.x, at.y + 12.0), galley, theme.text2);
    widgets::focus_ring(ui, theme, &response);
    if is_cut { response.on_hover_text(&of.sample.sentence) } else { response }
}

/// What there is beside the gallery: nothing drawn yet, files.
fn aside(ui: &mut Ui, cx: &mut Cx<'_>) {
    ui.spacing_mut().item_spacing.y = 2.0;
    if entry(ui, cx, "plus", "Empty pipeline", "Draw from nothing").clicked() {
        cx.ask(Act::Desk(Wanted::Open(Opening::New(None))));
    }
    if entry(ui, cx, "folder-open", "Open a file or a run", &Command::Open.key().unwrap_or_default()).clicked() {
        cx.ask_for(Command::Open);
    }
    let desk = cx.desk;
    if desk.recent.is_empty() {
        return;
    }
    ui.add_space(16.0);
    let margin = egui::Margin { left: (SIGN - 9.0) as i8, ..egui::Margin::ZERO };
    egui::Frame::NONE.inner_margin(margin).show(ui, |ui| widgets::title(ui, cx.theme, "Opened lately", ""));
    ui.add_space(4.0);
    ScrollArea::vertical().id_salt("recent").auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for path in &desk.recent {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
            let folder = path.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
            if entry(ui, cx, "file-text", &name, &folder).clicked() {
                cx.ask(Act::Desk(Wanted::Open(Opening::File(path.clone()))));
            }
        }
    });
}

/// A line with an icon, words, and what they mean below.
fn entry(ui: &mut Ui, cx: &Cx<'_>, sign: &str, words: &str, below: &str) -> Response {
    let theme = cx.theme;
    let (rect, response) = widgets::row(ui, theme, 44.0, words, false);
    let painter = ui.painter();
    let at = pos2(rect.left() + SIGN, rect.center().y);
    painter.text(at, Align2::CENTER_CENTER, icon(sign), fonts::icon(18.0), theme.text2);
    let (left, room) = (rect.left() + 40.0, rect.width() - 48.0);
    let at = pos2(left, rect.center().y - 9.0);
    text::write(painter, at, Align2::LEFT_CENTER, words, (fonts::text(13.0), theme.text), room);
    let at = pos2(left, rect.center().y + 9.0);
    text::write(painter, at, Align2::LEFT_CENTER, below, (fonts::text(11.5), theme.faint), room);
    if below.is_empty() { response } else { response.on_hover_text(below) }
}
