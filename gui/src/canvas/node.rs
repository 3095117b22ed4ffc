//! Draws a node: its body and silhouette, its header, its settings at a glance, its live line, its ports.

use egui::epaint::{CornerRadius, Shadow};
use egui::{Align2, Color32, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, Vec2, pos2, vec2};

use super::geometry::{Detail, Slot};
use super::glyphs;
use crate::fonts;
use crate::icons::icon;
use crate::live::{NodeLive, NodeState};
use crate::scene::{Card, Port, PortKind};
use crate::text;
use crate::theme::Theme;
use tidegate_core::operators::Family;

/// How a node is looked at.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Look {
    pub(crate) is_hovered: bool,
    pub(crate) is_selected: bool,
    pub(crate) is_focused: bool,
}

/// What a node is drawn with.
#[derive(Clone, Copy)]
pub(crate) struct Pen<'a> {
    pub(crate) painter: &'a Painter,
    pub(crate) theme: &'a Theme,
    pub(crate) zoom: f32,
    pub(crate) detail: Detail,
}

impl Pen<'_> {
    /// A size of type at this zoom, no smaller than can be read.
    pub(crate) fn size(&self, size: f32) -> f32 {
        ((size * self.zoom * 2.0).round() / 2.0).max(10.5)
    }

    fn radius(&self, radius: f32) -> u8 {
        (radius * self.zoom).round().clamp(0.0, 255.0) as u8
    }

    /// The corners of a node: a source's left ones and a sink's right ones are round.
    fn corners(&self, family: Family) -> CornerRadius {
        let (plain, round) = (self.radius(9.0), self.radius(22.0));
        let left = if family == Family::Sources { round } else { plain };
        let right = if family == Family::Sinks { round } else { plain };
        CornerRadius { nw: left, sw: left, ne: right, se: right }
    }
}

/// Draws a node in a box of the screen.
pub(crate) fn draw(pen: Pen<'_>, card: &Card, rect: Rect, look: Look) {
    let corners = pen.corners(card.family);
    if look.is_selected || look.is_focused {
        ring(pen, rect, corners, look);
    }
    match pen.detail {
        Detail::Block => block(pen, card, rect, corners),
        _ => {
            body(pen, card, rect, corners, look);
            header(pen, card, rect);
            if pen.detail == Detail::All {
                glance(pen, card, rect);
            }
            if let Some(live) = &card.live {
                live_line(pen, card, live, rect);
            }
        }
    }
    badge(pen, card, rect);
}

fn ring(pen: Pen<'_>, rect: Rect, corners: CornerRadius, look: Look) {
    let stroke = Stroke::new(2.0, pen.theme.accent);
    let around = rect.expand(4.0);
    if look.is_focused && !look.is_selected {
        let [a, b, c, d] = [around.left_top(), around.right_top(), around.right_bottom(), around.left_bottom()];
        pen.painter.extend(Shape::dashed_line(&[a, b, c, d, a], stroke, 4.0, 3.0));
    } else {
        let wider = |corner: u8| corner.saturating_add(4);
        let corners =
            CornerRadius { nw: wider(corners.nw), ne: wider(corners.ne), sw: wider(corners.sw), se: wider(corners.se) };
        pen.painter.rect_stroke(around, corners, stroke, StrokeKind::Middle);
    }
}

fn is_faulted(card: &Card) -> bool {
    card.live.as_ref().is_some_and(|live| live.state == NodeState::Faulted)
}

fn block(pen: Pen<'_>, card: &Card, rect: Rect, corners: CornerRadius) {
    let theme = pen.theme;
    let border = match (is_faulted(card), card.problems.0 > 0) {
        (true, _) | (_, true) => Stroke::new(1.5, theme.err.graphic),
        _ => Stroke::new(1.0, theme.line2),
    };
    pen.painter.rect(rect, corners, theme.block(card.family), border, StrokeKind::Inside);
    let size = (30.0 * pen.zoom).max(9.0).min(rect.height() - 2.0);
    let font = fonts::icon(size);
    pen.painter.text(rect.center(), Align2::CENTER_CENTER, icon(card.icon), font, theme.role(card.family));
}

fn body(pen: Pen<'_>, card: &Card, rect: Rect, corners: CornerRadius, look: Look) {
    let theme = pen.theme;
    let shadow = Shadow { offset: [0, 3], blur: 9, spread: 0, color: theme.shadow };
    pen.painter.add(shadow.as_shape(rect, corners));
    let border = match () {
        () if is_faulted(card) => Stroke::new(1.5, theme.err.graphic),
        () if look.is_hovered => Stroke::new(1.0, theme.control),
        () => Stroke::new(1.0, theme.line2),
    };
    pen.painter.rect_filled(rect, corners, theme.raised);
    if let Some(foot) = foot(pen, card, rect) {
        pen.painter.add(glyphs::polygon(below(foot, corners), theme.foot(), Stroke::NONE));
        pen.painter.hline(foot.x_range(), foot.top(), Stroke::new(1.0, theme.line));
    }
    if card.is_disabled {
        let [a, b, c, d] = [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom()];
        pen.painter.extend(Shape::dashed_line(&[a, b, c, d, a], Stroke::new(1.0, theme.control), 4.0, 4.0));
    } else {
        pen.painter.rect_stroke(rect, corners, border, StrokeKind::Inside);
    }
}

/// The live line: the lowest 26.
fn foot(pen: Pen<'_>, card: &Card, rect: Rect) -> Option<Rect> {
    card.live.as_ref()?;
    Some(Rect::from_min_max(pos2(rect.left(), rect.bottom() - 26.0 * pen.zoom), rect.max))
}

/// A box with round corners at its lower end, which may be larger than half its height.
fn below(rect: Rect, corners: CornerRadius) -> Vec<Pos2> {
    const STEPS: usize = 8;
    let arc = |centre: Pos2, radius: f32, first: f32| {
        (0..=STEPS).map(move |step| {
            let angle = (first + step as f32 / STEPS as f32) * std::f32::consts::FRAC_PI_2;
            centre + vec2(angle.cos(), angle.sin()) * radius
        })
    };
    let most = rect.height();
    let (east, west) = (f32::from(corners.se).min(most), f32::from(corners.sw).min(most));
    let mut points = vec![rect.left_top(), rect.right_top()];
    points.extend(arc(rect.right_bottom() - vec2(east, east), east, 0.0));
    points.extend(arc(rect.left_bottom() + vec2(west, -west), west, 1.0));
    points
}

fn header(pen: Pen<'_>, card: &Card, rect: Rect) {
    let (theme, zoom) = (pen.theme, pen.zoom);
    let is_source = card.family == Family::Sources;
    let left = if is_source { 14.0 } else { 10.0 };
    let tile = Rect::from_min_size(rect.min + vec2(left, 9.0) * zoom, Vec2::splat(26.0 * zoom));
    let role = if card.is_disabled { theme.faint } else { theme.role(card.family) };
    if pen.detail >= Detail::Some {
        pen.painter.rect_filled(tile, pen.radius(7.0), theme.tile(card.family));
    }
    let font = fonts::icon((16.6 * zoom).max(10.5));
    pen.painter.text(tile.center(), Align2::CENTER_CENTER, icon(card.icon), font, role);
    let start = tile.right() + 9.0 * zoom.min(1.0);
    let room = rect.right() - start - 26.0 * zoom;
    let colour = if card.is_disabled { theme.faint } else { theme.text };
    let is_all = pen.detail == Detail::All;
    let at = pos2(start, if is_all { rect.top() + 15.5 * zoom } else { tile.center().y });
    let size = pen.size(13.0);
    text::write(pen.painter, at, Align2::LEFT_CENTER, &card.title, (fonts::strong(size), colour), room);
    if is_all {
        let at = pos2(start, rect.top() + 30.5 * zoom);
        let font = (fonts::mono(pen.size(10.5)), theme.faint);
        text::write(pen.painter, at, Align2::LEFT_CENTER, &card.operator, font, rect.right() - start - 8.0);
    }
    let at = pos2(rect.right() - 15.0 * zoom, rect.top() + 15.0 * zoom);
    let radius = (4.0 * zoom).max(3.0);
    match &card.live {
        _ if card.is_disabled => glyphs::disabled(pen.painter, theme, at, radius),
        Some(live) => glyphs::state(pen.painter, theme, at, radius, live.state),
        None => {}
    }
}

fn glance(pen: Pen<'_>, card: &Card, rect: Rect) {
    let zoom = pen.zoom;
    let left = if card.family == Family::Sources { 16.0 } else { 12.0 };
    let start = rect.min + vec2(left, 51.0) * zoom;
    let room = rect.width() - (left + 12.0) * zoom;
    let colour = if card.is_disabled { pen.theme.faint } else { pen.theme.text2 };
    let font = (fonts::mono(pen.size(11.0)), colour);
    let shown = text::write(pen.painter, start, Align2::LEFT_CENTER, &card.glance, font, room);
    if card.is_glance_wrong {
        wavy(pen.painter, shown.x_range().min, shown.x_range().max, shown.bottom() - 2.0, pen.theme.err.graphic);
    }
}

/// A wavy underline.
pub(crate) fn wavy(painter: &Painter, from: f32, to: f32, y: f32, colour: Color32) {
    let count = ((to - from) / 2.5).max(1.0) as usize;
    let point = |step: usize| pos2(from + step as f32 * 2.5, y + if step.is_multiple_of(2) { 0.0 } else { 2.0 });
    painter.add(Shape::line((0..=count).map(point).collect(), Stroke::new(1.0, colour)));
}

fn live_line(pen: Pen<'_>, card: &Card, live: &NodeLive, rect: Rect) {
    let (theme, zoom) = (pen.theme, pen.zoom);
    let y = rect.bottom() - 13.0 * zoom;
    let left = rect.left() + if card.family == Family::Sources { 16.0 } else { 12.0 } * zoom;
    let right = rect.right() - if card.family == Family::Sinks { 16.0 } else { 12.0 } * zoom;
    let room = right - left;
    let font = (fonts::figure(pen.size(11.0)), theme.text);
    let is_wide = pen.detail == Detail::All;
    let figure = text::write(
        pen.painter,
        pos2(left, y),
        Align2::LEFT_CENTER,
        &live.figure,
        font,
        if is_wide { room } else { room - 12.0 },
    );
    match &live.lag {
        Some((lag, verdict)) if is_wide => {
            glyphs::verdict(pen.painter, theme, pos2(right - 4.0 * zoom, y), 3.6 * zoom.max(0.8), *verdict);
            let state = theme.verdict(*verdict);
            let colour = if state == theme.ok { theme.text2 } else { state.text };
            let font = (fonts::mono(pen.size(11.0)), colour);
            let end = pos2(right - 12.0 * zoom, y);
            text::write(pen.painter, end, Align2::RIGHT_CENTER, lag, font, (end.x - figure.right() - 8.0).max(1.0));
        }
        Some(_) => {}
        None if live.state == NodeState::Over => {}
        None => {
            let bar = Rect::from_min_size(pos2(right - 38.0 * zoom, y - 2.5 * zoom), vec2(38.0, 5.0) * zoom);
            if bar.left() > figure.right() + 6.0 {
                time_bar(pen.painter, theme, bar, live.busy, live.pressed);
            }
        }
    }
}

/// Where time goes: busy solid, back-pressured hatched, the rest idle.
pub(crate) fn time_bar(painter: &Painter, theme: &Theme, rect: Rect, busy: f64, pressed: f64) {
    let radius = rect.height() / 2.0;
    painter.rect_filled(rect, radius, theme.line2);
    let share = |part: f64| rect.width() * part.clamp(0.0, 1.0) as f32;
    let busy_to = rect.left() + share(busy);
    let pressed_to = (busy_to + share(pressed)).min(rect.right());
    if busy_to > rect.left() + 0.5 {
        painter.rect_filled(Rect::from_min_max(rect.min, pos2(busy_to, rect.bottom())), radius, theme.text2);
    }
    if pressed_to > busy_to + 0.5 {
        let part = Rect::from_min_max(pos2(busy_to, rect.top()), pos2(pressed_to, rect.bottom()));
        painter.rect_filled(part, radius, theme.press.graphic);
        let clipped = painter.with_clip_rect(part);
        let mut x = part.left();
        while x < part.right() + rect.height() {
            let stripe = [pos2(x - rect.height(), part.bottom()), pos2(x, part.top())];
            clipped.line_segment(stripe, Stroke::new(1.2, theme.raised));
            x += 5.0;
        }
    }
}

/// Problems, straddling the top right corner.
fn badge(pen: Pen<'_>, card: &Card, rect: Rect) {
    let theme = pen.theme;
    let (errors, warnings) = card.problems;
    if errors + warnings == 0 {
        return;
    }
    if pen.detail == Detail::Block {
        let at = rect.right_top();
        return match errors {
            0 => glyphs::warning(pen.painter, theme, at, 5.0),
            _ => glyphs::fault(pen.painter, theme, at, 5.0),
        };
    }
    let state = if errors > 0 { theme.err } else { theme.warn };
    let count = (if errors > 0 { errors } else { warnings }).to_string();
    let galley = text::line(pen.painter, &count, fonts::figure(10.5), state.text, 60.0);
    let size = vec2(24.0 + galley.size().x, 18.0);
    let pill = Rect::from_center_size(rect.right_top() + vec2(-10.0, 0.0), size);
    pen.painter.rect(pill, 9.0, state.ground, Stroke::new(1.0, state.graphic), StrokeKind::Inside);
    let at = pill.left_center() + vec2(11.0, 0.0);
    match errors {
        0 => glyphs::warning(pen.painter, theme, at + vec2(0.0, 1.0), 4.5),
        _ => glyphs::fault(pen.painter, theme, at, 5.0),
    }
    pen.painter.galley(pill.right_center() - vec2(galley.size().x + 6.0, galley.size().y / 2.0), galley, state.text);
}

/// The one tag of the canvas: who holds everything back.
pub(crate) fn tag(pen: Pen<'_>, rect: Rect, words: &str) {
    let state = pen.theme.warn;
    let galley = text::line(pen.painter, words, fonts::strong(10.5), state.text, 400.0);
    let pill = Rect::from_min_size(rect.left_top() - vec2(0.0, 26.0), galley.size() + vec2(18.0, 4.0));
    pen.painter.rect(pill, pill.height() / 2.0, state.ground, Stroke::new(1.0, state.graphic), StrokeKind::Inside);
    pen.painter.galley(pill.min + vec2(9.0, 2.0), galley, state.text);
}

/// How a port is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PortLook {
    Plain,
    Hovered,
    /// a wire that is being drawn fits here
    Fits,
    /// it does not
    Unfit,
}

/// Draws a port.
pub(crate) fn port(pen: Pen<'_>, port: &Port, at: Pos2, look: PortLook) {
    let theme = pen.theme;
    let base = (5.0 * pen.zoom).max(3.0);
    let radius = if look == PortLook::Hovered { base * 1.3 } else { base };
    let colour = match look {
        PortLook::Unfit => theme.line2,
        _ => port_colour(theme, port.kind),
    };
    if look == PortLook::Fits {
        pen.painter.circle_stroke(at, radius + 6.0, Stroke::new(2.0, theme.accent));
    }
    let ring = Stroke::new(1.5, theme.canvas);
    let is_hollow = port.is_missing || port.kind == PortKind::Any && !port.is_connected;
    let (fill, line) = if is_hollow { (theme.canvas, Stroke::new(1.75, colour)) } else { (colour, ring) };
    let polygon = |points: Vec<Pos2>| glyphs::polygon(points, fill, line);
    match port.kind {
        PortKind::Records | PortKind::Any => {
            pen.painter.circle(at, radius, fill, line);
        }
        PortKind::Changes => {
            let square = Rect::from_center_size(at, Vec2::splat(radius * 1.9));
            pen.painter.rect(square, radius * 0.5, fill, line, StrokeKind::Middle);
        }
        PortKind::Model => {
            pen.painter.add(polygon(glyphs::ring(at, radius * 1.15, 6, 0.0)));
        }
        PortKind::Errors => {
            pen.painter.add(polygon(glyphs::triangle(at, radius * 1.25, false)));
        }
        PortKind::Late => {
            pen.painter.add(polygon(glyphs::diamond(at, radius * 1.25)));
        }
    }
}

/// The colour of a kind of port.
pub(crate) fn port_colour(theme: &Theme, kind: PortKind) -> Color32 {
    match kind {
        PortKind::Records => theme.records,
        PortKind::Changes => theme.changes,
        PortKind::Model => theme.model,
        PortKind::Errors => theme.err.graphic,
        PortKind::Late => theme.late.graphic,
        PortKind::Any => theme.faint,
    }
}

/// Writes a port's name beside it, outside of the node.
pub(crate) fn port_name(pen: Pen<'_>, port: &Port, slot: Slot, at: Pos2) {
    let font = (fonts::mono(pen.size(10.5)), pen.theme.faint);
    let (at, anchor) = match slot {
        // Above the line stands its rate.
        Slot::Input(_) => (at + vec2(-9.0, 2.0), Align2::RIGHT_TOP),
        Slot::Output(_) => (at + vec2(9.0, 2.0), Align2::LEFT_TOP),
        Slot::Side(_) => (at + vec2(9.0, 3.0), Align2::LEFT_TOP),
    };
    text::write(pen.painter, at, anchor, &port.name, font, 120.0);
}
