//! Small drawn signs of states: each is a shape of its own, so that none hangs on its colour. Never a font's.

use egui::epaint::PathShape;
use egui::{Color32, Painter, Pos2, Shape, Stroke, Vec2, pos2, vec2};
use tidegate_core::snapshot::Verdict;

use crate::live::NodeState;
use crate::theme::Theme;

/// A filled polygon around a centre.
pub(crate) fn polygon(points: Vec<Pos2>, fill: Color32, stroke: Stroke) -> Shape {
    Shape::Path(PathShape::convex_polygon(points, fill, stroke))
}

/// So many corners at a distance from a centre, the first at an angle in turns.
pub(crate) fn ring(centre: Pos2, radius: f32, corners: usize, turn: f32) -> Vec<Pos2> {
    let at = |corner: usize| {
        let angle = (corner as f32 / corners as f32 + turn) * std::f32::consts::TAU;
        centre + vec2(angle.cos(), angle.sin()) * radius
    };
    (0..corners).map(at).collect()
}

/// A triangle with its tip up, or down.
pub(crate) fn triangle(centre: Pos2, radius: f32, is_up: bool) -> Vec<Pos2> {
    let sign = if is_up { -1.0 } else { 1.0 };
    let tip = centre + vec2(0.0, sign * radius);
    let base = sign * -0.72 * radius;
    vec![tip, centre + vec2(radius, base), centre + vec2(-radius, base)]
}

/// A diamond.
pub(crate) fn diamond(centre: Pos2, radius: f32) -> Vec<Pos2> {
    ring(centre, radius, 4, 0.0)
}

/// The state of a node.
pub(crate) fn state(painter: &Painter, theme: &Theme, at: Pos2, radius: f32, state: NodeState) {
    match state {
        NodeState::Running => {
            painter.circle_filled(at, radius, theme.ok.graphic);
        }
        NodeState::Idle => {
            painter.circle_stroke(at, radius - 0.5, Stroke::new(1.5, theme.idle));
        }
        NodeState::Pressed => pressed(painter, at, radius, theme.press.graphic),
        NodeState::Faulted => fault(painter, theme, at, radius + 1.0),
        NodeState::Over | NodeState::Unknown => {}
    }
}

/// An arrow against a bar: it may not write.
pub(crate) fn pressed(painter: &Painter, at: Pos2, radius: f32, colour: Color32) {
    let stroke = Stroke::new((radius * 0.42).max(1.5), colour);
    let (top, tip) = (radius * 1.1, at.x - radius * 0.9);
    let arrow = [pos2(at.x + radius * 0.4, at.y - top), pos2(tip, at.y), pos2(at.x + radius * 0.4, at.y + top)];
    painter.add(Shape::line(arrow.to_vec(), stroke));
    let bar = at.x + radius * 1.2;
    painter.line_segment([pos2(bar, at.y - top), pos2(bar, at.y + top)], stroke);
}

/// An octagon with an exclamation mark.
pub(crate) fn fault(painter: &Painter, theme: &Theme, at: Pos2, radius: f32) {
    painter.add(polygon(ring(at, radius, 8, 1.0 / 16.0), theme.err.graphic, Stroke::NONE));
    let stroke = Stroke::new((radius * 0.3).max(1.0), theme.raised);
    painter.line_segment([at - vec2(0.0, radius * 0.55), at + vec2(0.0, radius * 0.1)], stroke);
    painter.circle_filled(at + vec2(0.0, radius * 0.52), radius * 0.17, theme.raised);
}

/// A triangle with an exclamation mark.
pub(crate) fn warning(painter: &Painter, theme: &Theme, at: Pos2, radius: f32) {
    painter.add(polygon(triangle(at, radius, true), theme.warn.graphic, Stroke::NONE));
}

/// A circle that is crossed out: switched off.
pub(crate) fn disabled(painter: &Painter, theme: &Theme, at: Pos2, radius: f32) {
    painter.circle_stroke(at, radius, Stroke::new(1.25, theme.idle));
    let reach = vec2(radius, -radius) * 0.7;
    painter.line_segment([at - reach, at + reach], Stroke::new(1.25, theme.idle));
}

/// A verdict.
pub(crate) fn verdict(painter: &Painter, theme: &Theme, at: Pos2, radius: f32, verdict: Verdict) {
    let colour = theme.verdict(verdict).graphic;
    let stroke = Stroke::new(1.5, colour);
    let line = |from: Vec2, to: Vec2| painter.line_segment([at + from * radius, at + to * radius], stroke);
    match verdict {
        Verdict::Ok => {
            painter.circle_filled(at, radius, colour);
        }
        Verdict::Growing => {
            painter.add(polygon(triangle(at, radius * 1.1, true), colour, Stroke::NONE));
        }
        Verdict::Draining => {
            painter.add(polygon(triangle(at, radius * 1.1, false), colour, Stroke::NONE));
        }
        Verdict::Stalled => {
            let square = ring(at, radius * 1.2, 4, 0.125);
            painter.add(polygon(square, colour, Stroke::NONE));
        }
        Verdict::Stopped => {
            line(vec2(-0.8, -0.8), vec2(0.8, 0.8));
            line(vec2(-0.8, 0.8), vec2(0.8, -0.8));
        }
        Verdict::Rewound => {
            for x in [-0.7, 0.3] {
                line(vec2(x + 0.6, -0.8), vec2(x, 0.0));
                line(vec2(x, 0.0), vec2(x + 0.6, 0.8));
            }
        }
        Verdict::Unknown => {
            painter.circle_stroke(at, radius * 0.8, Stroke::new(1.0, colour));
        }
    }
}
