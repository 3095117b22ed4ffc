//! Draws a wire: how wide its rate makes it, what waits on it from the reader's end backwards, the gate where its writer may
//! not write, its label, and the log in the middle of one that goes through a topic.

use egui::{Align2, Color32, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, Vec2, pos2, vec2};
use tidegate_core::faces::numbers;
use tidegate_core::snapshot::Verdict;

use super::geometry::{self, Detail};
use super::glyphs;
use super::node::Pen;
use crate::fonts;
use crate::live::{EdgeLive, ThroughLive, spaced};
use crate::scene::Wire;
use crate::text;

/// A wire on the screen.
pub(crate) struct Track {
    /// its line, from writer to reader
    pub(crate) line: Vec<Pos2>,
    pub(crate) length: f32,
}

/// How a wire is looked at.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Look {
    pub(crate) is_hovered: bool,
    pub(crate) is_selected: bool,
    /// how far dashes have moved, in points; none where they do not move
    pub(crate) phase: Option<f32>,
    /// how far from the writer its gate stands: clear of other wires at the same port
    pub(crate) gate_at: f32,
}

impl Track {
    /// The line between two ports, through some places.
    pub(crate) fn new(from: Pos2, to: Pos2, bends: &[Pos2], leaves_down: bool, zoom: f32) -> Track {
        let line = geometry::line(from, to, bends, leaves_down, zoom);
        Track { length: geometry::length(&line), line }
    }

    /// How far it goes to the side.
    fn across(&self) -> f32 {
        self.line.first().zip(self.line.last()).map_or(0.0, |(from, to)| (to.x - from.x).abs())
    }

    /// The place in the middle.
    pub(crate) fn middle(&self) -> Pos2 {
        geometry::along(&self.line, self.length / 2.0).0
    }

    /// The box around it.
    pub(crate) fn bounds(&self) -> Rect {
        Rect::from_points(&self.line).expand(24.0)
    }
}

/// How far along a wire it is clear of the others, as far as a gate needs.
pub(crate) fn clear_at(track: &Track, others: &[&Track]) -> f32 {
    const CLEAR: f32 = 12.0;
    const STEP: f32 = 4.0;
    let steps = (track.length / STEP) as usize;
    let is_clear = |at: &f32| {
        let place = geometry::along(&track.line, *at).0;
        others.iter().all(|other| geometry::distance(&other.line, place) >= CLEAR)
    };
    (0..steps).map(|step| step as f32 * STEP).find(is_clear).unwrap_or_default()
}

/// How wide a rate makes a wire.
pub(crate) fn width(rate: f64) -> f32 {
    (1.5 + 0.5 * (1.0 + rate.max(0.0) / 10.0).log10() as f32).min(4.0)
}

/// How fast dashes move, in points a second.
pub(crate) fn speed(rate: f64) -> f32 {
    if rate <= 0.0 { 0.0 } else { (8.0 + 7.0 * (1.0 + rate / 10.0).log10() as f32).clamp(8.0, 40.0) }
}

/// From this share of the time on a gate is shut.
const SHUT: f64 = 0.9;
/// How long a dash is, and how far the next.
const DASH: (f32, f32) = (5.0, 11.0);

/// Draws a wire below its label.
pub(crate) fn draw(pen: Pen<'_>, wire: &Wire, track: &Track, look: Look) {
    let theme = pen.theme;
    let live = wire.live.as_ref();
    let scale = pen.zoom.clamp(0.6, 1.4);
    let width = if pen.detail == Detail::Block { 1.5 } else { width(live.map_or(0.0, |live| live.rate)) * scale };
    let whole = |width: f32, colour: Color32| Shape::line(track.line.clone(), Stroke::new(width, colour));
    if look.is_selected || look.is_hovered {
        let share = if look.is_selected { 0.5 } else { 0.25 };
        pen.painter.add(whole(width + 8.0, theme.accent.gamma_multiply(share)));
    }
    pen.painter.add(whole(width + 4.0, theme.canvas));
    let colour = match () {
        () if !wire.is_active => theme.line2,
        () if look.is_hovered => theme.text2,
        () => theme.wire,
    };
    pen.painter.add(whole(width, colour));
    let Some(live) = live else { return };
    let waiting = track.length * live.fill.clamp(0.0, 1.0) as f32;
    let free = track.length - waiting;
    if pen.detail >= Detail::Some && live.rate > 0.0 {
        dashes(pen, track, free, width, look.phase.unwrap_or(0.0));
    }
    if waiting >= 1.0 && live.capacity > 0 {
        let band = theme.fill(live.fill).graphic;
        let stretch = geometry::part(&track.line, free, track.length);
        pen.painter.add(Shape::line(stretch, Stroke::new(width + 3.0 * scale, band)));
        if live.shut > 0.0 && pen.detail >= Detail::Some {
            arrows(pen, track, free, width + 3.0 * scale);
        }
    }
    if live.shut > 0.0 && pen.detail >= Detail::Some {
        gate(pen, track, live.shut, look.gate_at);
    }
}

/// Dashes on the stretch where nothing waits.
fn dashes(pen: Pen<'_>, track: &Track, free: f32, width: f32, phase: f32) {
    let stroke = Stroke::new((width * 0.7).max(1.25), pen.theme.dash);
    let (dash, gap) = (DASH.0 * pen.zoom, DASH.1 * pen.zoom);
    let period = dash + gap;
    let mut at = phase.rem_euclid(period) - dash;
    while at < free {
        let (from, to) = (at.max(0.0), (at + dash).min(free));
        if to > from {
            pen.painter.add(Shape::line(geometry::part(&track.line, from, to), stroke));
        }
        at += period;
    }
}

/// Arrows on the waiting stretch, that point upstream.
fn arrows(pen: Pen<'_>, track: &Track, free: f32, width: f32) {
    let reach = width * 0.55;
    let mut at = track.length - 14.0;
    while at > free + 6.0 {
        let (place, way) = geometry::along(&track.line, at);
        let across = vec2(-way.y, way.x);
        let tip = place - way * reach;
        let head = vec![place + way * reach * 0.6 + across * reach, tip, place + way * reach * 0.6 - across * reach];
        pen.painter.add(Shape::line(head, Stroke::new(1.75, pen.theme.canvas)));
        at -= 18.0;
    }
}

/// Two half bars that close over a wire: the opening is the share of the time in which its writer may write.
fn gate(pen: Pen<'_>, track: &Track, shut: f64, at: f32) {
    let scale = pen.zoom.clamp(0.7, 1.4);
    let (place, way) = geometry::along(&track.line, at.max(14.0 * scale).min(track.length / 2.5));
    let across = vec2(-way.y, way.x);
    let opening = if shut >= SHUT { 0.0 } else { 9.0 * (1.0 - shut as f32) * scale };
    let stroke = Stroke::new(4.0 * scale, pen.theme.press.graphic);
    for side in [-1.0, 1.0] {
        let from = place + across * side * opening / 2.0;
        pen.painter.line_segment([from, from + across * side * 8.0 * scale], stroke);
    }
}

/// Draws what stands beside a wire: rates, fill, or the log in its middle.
pub(crate) fn label(pen: Pen<'_>, wire: &Wire, track: &Track, look: Look) {
    if pen.detail == Detail::Block {
        return;
    }
    if wire.topic.is_some() {
        return strip(pen, &wire.topic_label, wire.live.as_ref().and_then(|live| live.through.as_ref()), track);
    }
    let is_full = wire.live.as_ref().is_some_and(|live| live.fill >= numbers::HALF_FULL);
    if pen.detail < Detail::Some && !is_full {
        return;
    }
    match &wire.live {
        Some(live) => running(pen, live, track, look),
        None => {
            if let Some(columns) = wire.columns.filter(|columns| *columns > 0 && (look.is_hovered || look.is_selected))
            {
                above(pen, track, &numbers::several(columns, "column"), pen.theme.text2);
            }
        }
    }
}

fn running(pen: Pen<'_>, live: &EdgeLive, track: &Track, look: Look) {
    let theme = pen.theme;
    let rate = numbers::rate_with_unit(live.rate);
    let fill = match live.fill {
        full if full >= 0.995 => Some("full".to_string()),
        part if part >= numbers::HALF_FULL || look.is_selected || look.is_hovered => {
            (live.capacity > 0).then(|| spaced(&numbers::percent(part)))
        }
        _ => None,
    };
    let middle = track.middle();
    let (_, way) = geometry::along(&track.line, track.length / 2.0);
    let is_level = way.y.abs() < 0.35;
    if is_level {
        above(pen, track, &rate, theme.text);
        if let Some(fill) = fill {
            let font = (fonts::mono(pen.size(11.0)), theme.fill(live.fill).text);
            let at = middle + vec2(0.0, 14.0 * pen.zoom.max(0.8));
            text::write(pen.painter, at, Align2::CENTER_CENTER, &fill, font, track.length);
        }
    } else if let Some(fill) = fill {
        pill(pen, middle, &[(&rate, theme.text), (&fill, theme.fill(live.fill).text)], theme.fill(live.fill).graphic);
    } else if look.is_hovered || look.is_selected {
        pill(pen, middle, &[(&rate, theme.text)], theme.line2);
    } else if let Some(at) = beside(pen, track, &rate) {
        let font = (fonts::mono(pen.size(11.0)), theme.text);
        text::write(pen.painter, at, Align2::LEFT_CENTER, &rate, font, 120.0);
    }
}

/// Words above the middle of a level wire, where it is long enough.
fn above(pen: Pen<'_>, track: &Track, words: &str, colour: Color32) {
    let galley = text::line(pen.painter, words, fonts::mono(pen.size(11.0)), colour, 300.0);
    if track.length < galley.size().x + 24.0 {
        return;
    }
    let at = track.middle() - vec2(galley.size().x / 2.0, 14.0 * pen.zoom.max(0.8) + galley.size().y / 2.0);
    pen.painter.galley(at, galley, colour);
}

/// Where words stand at the right of a steep wire.
fn beside(pen: Pen<'_>, track: &Track, words: &str) -> Option<Pos2> {
    let needed = words.len() as f32 * 6.6 * pen.zoom + 24.0;
    (track.length > needed).then(|| track.middle() + vec2(8.0, -8.0))
}

/// Words in a rounded box over a wire.
fn pill(pen: Pen<'_>, centre: Pos2, pieces: &[(&str, Color32)], border: Color32) {
    let font = fonts::mono(pen.size(11.0));
    let galleys: Vec<_> = pieces
        .iter()
        .map(|(words, colour)| (text::line(pen.painter, words, font.clone(), *colour, 200.0), *colour))
        .collect();
    let words: f32 = galleys.iter().map(|(galley, _)| galley.size().x).sum();
    // It grows with its words.
    let scale = (font.size / 11.0).max(1.0);
    let (gap, edge) = (8.0 * scale, 9.0 * scale);
    let width = words + gap * (galleys.len() - 1) as f32 + 2.0 * edge;
    let rect = Rect::from_center_size(centre, vec2(width, 20.0 * scale));
    pen.painter.rect(rect, 10.0 * scale, pen.theme.raised, Stroke::new(1.0, border), StrokeKind::Inside);
    let mut x = rect.left() + edge;
    for (galley, colour) in galleys {
        let size = galley.size();
        pen.painter.galley(pos2(x, rect.center().y - size.y / 2.0), galley, colour);
        x += size.x + gap;
    }
}

/// A topic: a log that lies on its side, one lane a partition, filled as far as it is unread.
fn strip(pen: Pen<'_>, topic: &str, live: Option<&ThroughLive>, track: &Track) {
    let (theme, zoom) = (pen.theme, pen.zoom);
    let centre = track.middle();
    let size = vec2(96.0, 32.0) * zoom;
    if track.across() < size.x + 28.0 * zoom {
        // No room: a small log.
        let small = Rect::from_center_size(centre, vec2(26.0, 18.0) * zoom.max(0.6));
        return log(pen.painter, pen, small, live);
    }
    let rect = Rect::from_center_size(centre, size);
    log(pen.painter, pen, rect, live);
    if pen.detail < Detail::All {
        return;
    }
    let font = (fonts::mono(pen.size(11.0)), theme.text2);
    let at = rect.center_top() - vec2(0.0, 10.0);
    text::write(pen.painter, at, Align2::CENTER_CENTER, topic, font, (track.length - 8.0).max(40.0));
    let Some(live) = live else { return };
    let state = theme.verdict(live.verdict);
    let age = live.age_ms.map(|age| format!(" · {}", numbers::age(age))).unwrap_or_default();
    let words = format!("{}{age}", numbers::count_or_unknown(live.lag));
    let font = (fonts::mono(pen.size(11.0)), state.text);
    let at = rect.right_bottom() + vec2(0.0, 12.0);
    let shown = text::write(pen.painter, at, Align2::RIGHT_CENTER, &words, font, track.length);
    glyphs::verdict(pen.painter, theme, shown.left_center() - vec2(9.0, 0.0), 4.0, live.verdict);
}

fn log(painter: &Painter, pen: Pen<'_>, rect: Rect, live: Option<&ThroughLive>) {
    let theme = pen.theme;
    let mouth = (9.0 * pen.zoom).min(rect.width() / 3.0);
    let radius = (rect.height() / 2.0).min(mouth);
    let outline = Stroke::new(1.25, theme.wire);
    painter.rect(rect, radius, theme.raised, outline, StrokeKind::Middle);
    let lid = Rect::from_min_size(rect.min, vec2(mouth * 1.3, rect.height()));
    painter.add(Shape::ellipse_stroke(lid.center(), lid.size() / 2.0, outline));
    let lanes = lanes(live.map_or(&[][..], |live| &live.lanes));
    let count = lanes.len();
    let inside = Rect::from_min_max(
        pos2(lid.right() + 4.0 * pen.zoom, rect.top() + 4.0 * pen.zoom),
        rect.max - vec2(8.0, 4.0) * pen.zoom,
    );
    let step = inside.height() / count as f32;
    let height = (4.0 * pen.zoom).min(step * 0.7);
    for (number, (age_ms, verdict)) in lanes.into_iter().enumerate() {
        let y = inside.top() + step * (number as f32 + 0.5);
        let lane = Rect::from_center_size(pos2(inside.center().x, y), vec2(inside.width(), height));
        painter.rect_filled(lane, height / 2.0, theme.line2);
        let share = unread(age_ms);
        if share > 0.0 {
            let full = Rect::from_min_max(pos2(lane.right() - lane.width() * share, lane.top()), lane.max);
            painter.rect_filled(full, height / 2.0, theme.verdict(verdict).graphic);
        }
    }
}

/// How much of a lane is filled: from 10 ms to an hour, each tenfold as far as the one before.
fn unread(age_ms: Option<i64>) -> f32 {
    let age = age_ms.unwrap_or_default() as f32;
    if age < 10.0 { 0.0 } else { ((age / 10.0).log10() / 360_000f32.log10()).clamp(0.04, 1.0) }
}

/// The most lanes of a log.
const LANES: usize = 6;

/// What the lanes of a log show: all of a few partitions; of many the worst, and one for the rest. Never none.
fn lanes(partitions: &[(Option<i64>, Verdict)]) -> Vec<(Option<i64>, Verdict)> {
    if partitions.is_empty() {
        return vec![(None, Verdict::Unknown); 3];
    }
    if partitions.len() <= LANES {
        return partitions.to_vec();
    }
    let mut sorted = partitions.to_vec();
    sorted.sort_by_key(|(age_ms, verdict)| std::cmp::Reverse((*verdict, *age_ms)));
    sorted.truncate(LANES);
    sorted
}

/// The wire that is being drawn.
pub(crate) fn drawn(painter: &Painter, from: Pos2, to: Pos2, leaves_down: bool, zoom: f32, colour: Color32) {
    let track = Track::new(from, to, &[], leaves_down, zoom);
    painter.extend(Shape::dashed_line(&track.line, Stroke::new(2.0, colour), 6.0, 4.0));
}

/// Words at the pointer, while a wire is being drawn.
pub(crate) fn reason(pen: Pen<'_>, at: Pos2, words: &str, is_good: bool) {
    let theme = pen.theme;
    let (text_colour, border) =
        if is_good { (theme.accent, theme.accent) } else { (theme.err.text, theme.err.graphic) };
    let galley = text::line(pen.painter, words, fonts::text(12.0), text_colour, 320.0);
    // Wires come from above or the side; what is below the pointer hides none.
    let rect = Rect::from_min_size(at + vec2(14.0, 12.0), galley.size() + vec2(16.0, 8.0));
    pen.painter.rect(rect, 6.0, theme.raised, Stroke::new(1.0, border), StrokeKind::Inside);
    pen.painter.galley(rect.min + vec2(8.0, 4.0), galley, text_colour);
    if !is_good {
        pen.painter.circle(at, 9.0, theme.raised, Stroke::new(1.5, border));
        let arm = Vec2::splat(3.0);
        pen.painter.line_segment([at - arm, at + arm], Stroke::new(1.5, border));
        let arm = vec2(3.0, -3.0);
        pen.painter.line_segment([at - arm, at + arm], Stroke::new(1.5, border));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_show_in_width_and_speed_within_bounds() {
        let widths: Vec<f32> = [0.0, 10.0, 1_000.0, 1e6, 1e12].into_iter().map(width).collect();
        assert!(widths.windows(2).all(|pair| pair[0] <= pair[1]) && widths[0] == 1.5 && widths[4] == 4.0, "{widths:?}");
        assert_eq!(speed(0.0), 0.0);
        assert!((8.0..=40.0).contains(&speed(1.0)) && speed(1e9) == 40.0);
        // At ten frames a second no dash moves more than a quarter of its period.
        assert!(speed(f64::MAX) / 10.0 <= (DASH.0 + DASH.1) / 4.0);
    }

    #[test]
    fn gates_stand_clear_of_other_wires() {
        let track = |y: f32| Track::new(Pos2::ZERO, pos2(300.0, y), &[], false, 1.0);
        let (level, steep) = (track(0.0), track(200.0));
        assert_eq!(clear_at(&steep, &[]), 0.0);
        let at = clear_at(&steep, &[&level]);
        assert!(at > 12.0 && geometry::distance(&level.line, geometry::along(&steep.line, at).0) >= 12.0, "{at}");
        assert_eq!(clear_at(&level, &[&track(0.0)]), 0.0, "where it never is, it stands at its port");
    }

    #[test]
    fn logs_show_the_worst_of_many_partitions() {
        let partitions: Vec<(Option<i64>, Verdict)> = (0..9).map(|age| (Some(age * 100), Verdict::Ok)).collect();
        assert_eq!(lanes(&partitions).len(), LANES);
        assert_eq!(lanes(&partitions)[0].0, Some(800));
        assert_eq!(lanes(&[]).len(), 3);
        assert_eq!((unread(None), unread(Some(3_600_000)), unread(Some(i64::MAX))), (0.0, 1.0, 1.0));
    }
}
