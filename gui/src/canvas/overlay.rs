//! What stands above the canvas: the run in one sentence, zoom and fit, the minimap, what an empty canvas says.

use egui::{Align2, Mesh, Painter, Rect, Sense, Shape, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, pos2, vec2};
use tidegate_core::faces::numbers;
use tidegate_core::faces::watched::Link;
use tidegate_core::snapshot::HeldBy;

use super::geometry::View;
use super::{CanvasSeen, glyphs};
use crate::acts::{Act, Chosen, Cx};
use crate::commands::Command;
use crate::fonts;
use crate::live::{NodeState, spaced};
use crate::scene::Card;
use crate::text;
use crate::widgets;

/// How far overlays stand from the edges.
const EDGE: f32 = 12.0;

/// Shows what there is to show.
pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, seen: &mut CanvasSeen) {
    if cx.scene.nodes.is_empty() {
        empty(ui, cx, seen);
    }
    insight(ui, cx, seen);
    zoom_bar(ui, cx, seen);
    if seen.has_minimap && seen.has_room && !cx.scene.nodes.is_empty() {
        minimap(ui, cx, seen);
    }
}

/// Three ghosts, and what to do.
fn empty(ui: &Ui, cx: &Cx<'_>, seen: &CanvasSeen) {
    let painter = ui.painter_at(seen.area);
    let (size, gap) = (vec2(136.0, 64.0), 64.0);
    let all = size.x * 3.0 + gap * 2.0;
    let start = seen.area.center() - vec2(all / 2.0, size.y);
    let stroke = Stroke::new(1.0, cx.theme.line2);
    for (place, name) in ["source", "flow", "sink"].into_iter().enumerate() {
        let rect = Rect::from_min_size(start + vec2((size.x + gap) * place as f32, 0.0), size);
        let [a, b, c, d] = [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom()];
        painter.extend(Shape::dashed_line(&[a, b, c, d, a], stroke, 4.0, 4.0));
        painter.text(rect.center(), Align2::CENTER_CENTER, name, fonts::text(12.5), cx.theme.faint);
        if place < 2 {
            let from = rect.right_center();
            painter.extend(Shape::dashed_line(&[from, from + vec2(gap, 0.0)], stroke, 4.0, 4.0));
        }
    }
    let at = seen.area.center() + vec2(0.0, 32.0);
    let words = "Drag an operator here, or press /";
    painter.text(at, Align2::CENTER_CENTER, words, fonts::text(13.0), cx.theme.text2);
}

/// Words, and whether they are bold.
type Piece = (String, bool);

/// The run in one sentence, where something is not well, and the node that it leads to, if one.
fn insight_of(cx: &Cx<'_>) -> Option<(Vec<Piece>, Option<String>)> {
    if let Link::Silent { why, .. } = &cx.run.link {
        let then = numbers::clock(cx.run.now.at_ms, crate::offset_s());
        let was = if cx.run.has_figures() { format!(" What is shown is as it was at {then}.") } else { String::new() };
        return Some((
            vec![("No answer".into(), true), (format!(": {}.{was}", why.trim_end_matches('.')), false)],
            None,
        ));
    }
    if !cx.run.is_running() {
        return None;
    }
    let bottleneck = cx.run.now.bottleneck.as_ref()?;
    let title = |id: &str| cx.scene.card(id).map_or_else(|| id.to_string(), |card| card.title.clone());
    let busy = cx.run.worst(&bottleneck.node).map_or(0.0, |pressure| pressure.busy / 1000.0);
    let mut pieces = vec![(title(&bottleneck.node), true)];
    let how = match bottleneck.by {
        HeldBy::Work => format!(" is {} busy", spaced(&numbers::percent(busy))),
        HeldBy::Throttle => " lets no more through, as it was drawn".to_string(),
        HeldBy::Outside => " waits for what it writes to".to_string(),
    };
    pieces.push((how, false));
    let pressed = cx.scene.nodes.iter().filter_map(|card| {
        let live = card.live.as_ref().filter(|live| live.state == NodeState::Pressed && card.id != bottleneck.node)?;
        Some((card, live.pressed))
    });
    if let Some((card, share)) = pressed.max_by(|a, b| a.1.total_cmp(&b.1)) {
        pieces.push((", so ".into(), false));
        pieces.push((card.title.clone(), true));
        pieces.push((format!(" is back-pressured {} of the time", spaced(&numbers::percent(share))), false));
    }
    pieces.push((".".into(), false));
    Some((pieces, Some(bottleneck.node.clone())))
}

fn insight(ui: &mut Ui, cx: &mut Cx<'_>, seen: &CanvasSeen) {
    let Some((pieces, node)) = insight_of(cx) else { return };
    let painter = ui.painter_at(seen.area);
    let galleys: Vec<_> = pieces
        .iter()
        .map(|(words, is_strong)| {
            let font = if *is_strong { fonts::strong(12.5) } else { fonts::text(12.5) };
            let colour = if *is_strong { cx.theme.text } else { cx.theme.text2 };
            (text::line(&painter, words, font, colour, 600.0), colour)
        })
        .collect();
    let words: f32 = galleys.iter().map(|(galley, _)| galley.size().x).sum();
    let aside = if node.is_some() { 72.0 } else { 0.0 };
    let width = (words + 48.0 + aside).min(seen.area.width() - 2.0 * EDGE);
    let rect = Rect::from_min_size(seen.area.min + vec2(EDGE, EDGE), vec2(width, 34.0));
    widgets::card(&painter, cx.theme, rect);
    let told = ui.interact(rect, ui.scope_id().with("insight"), Sense::hover());
    told.widget_info(|| {
        let words: String = pieces.iter().map(|(words, _)| words.as_str()).collect();
        WidgetInfo::labeled(egui::Role::Label, true, words)
    });
    let at = rect.left_center() + vec2(18.0, 0.0);
    match node {
        Some(_) => glyphs::pressed(&painter, at, 5.0, cx.theme.press.graphic),
        None => glyphs::fault(&painter, cx.theme, at, 6.0),
    }
    let clipped = painter.with_clip_rect(Rect::from_min_max(rect.min, rect.max - vec2(aside, 0.0)));
    let mut x = rect.left() + 34.0;
    for (galley, colour) in galleys {
        let size = galley.size();
        clipped.galley(pos2(x, rect.center().y - size.y / 2.0), galley, colour);
        x += size.x;
    }
    let Some(node) = node else { return };
    let button = Rect::from_min_max(pos2(rect.right() - 66.0, rect.top() + 3.0), rect.max - vec2(4.0, 3.0));
    painter.vline(button.left() - 4.0, rect.y_range().shrink(8.0), Stroke::new(1.0, cx.theme.line2));
    if widgets::link_at(ui, cx.theme, button, "Show", "Show the bottleneck") {
        cx.ask(Act::Show(Chosen::node(node)));
    }
}

fn zoom_bar(ui: &mut Ui, cx: &mut Cx<'_>, seen: &mut CanvasSeen) {
    let rect = Rect::from_min_size(seen.area.left_bottom() + vec2(EDGE, -EDGE - 28.0), vec2(148.0, 28.0));
    widgets::card(&ui.painter_at(seen.area), cx.theme, rect);
    let part = |from: f32, to: f32| {
        Rect::from_min_max(pos2(rect.left() + from, rect.top() + 1.0), pos2(rect.left() + to, rect.bottom() - 1.0))
    };
    let painter = ui.painter_at(seen.area);
    for (from, command, name) in [
        (2.0, Command::ZoomOut, "minus"),
        (68.0, Command::ZoomIn, "plus"),
        (98.0, Command::Fit, "corners-out"),
        (122.0, Command::Layout, "tree-structure"),
    ] {
        if widgets::icon_at(ui, cx.theme, part(from, from + 24.0), name, &command.hint()) {
            cx.ask_for(command);
        }
    }
    let percent = format!("{:.0}\u{202F}%", seen.view.zoom * 100.0);
    let middle = part(26.0, 68.0);
    let response = ui.interact(middle, ui.scope_id().with("zoom"), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, format!("zoom {percent}")));
    if response.on_hover_text(Command::ActualSize.hint()).clicked() {
        cx.ask_for(Command::ActualSize);
    }
    painter.text(middle.center(), Align2::CENTER_CENTER, percent, fonts::mono(11.0), cx.theme.text2);
    painter.vline(rect.left() + 94.0, rect.y_range().shrink(7.0), Stroke::new(1.0, cx.theme.line2));
}

/// The most lines of a minimap.
const MOST_LINES: usize = 200;

fn minimap(ui: &mut Ui, cx: &mut Cx<'_>, seen: &mut CanvasSeen) {
    let rect = Rect::from_min_size(seen.area.max - vec2(EDGE + 128.0, EDGE + 92.0), vec2(128.0, 92.0));
    let painter = ui.painter_at(seen.area);
    widgets::card(&painter, cx.theme, rect);
    let Some(bounds) = cx.scene.bounds() else { return };
    let window = Rect::from_min_max(
        seen.view.to_canvas(seen.area, seen.area.min),
        seen.view.to_canvas(seen.area, seen.area.max),
    );
    let all = bounds.union(window.intersect(bounds.expand(400.0))).expand(24.0);
    let map = View::map(all, rect.size(), (Vec2::splat(6.0), Vec2::splat(6.0)), 0.0);
    let small = |on: Rect| map.rect(rect, on);
    let inside = painter.with_clip_rect(rect.shrink(1.0));
    // Of many, lines would be one grey.
    let wires = if cx.scene.wires.len() <= MOST_LINES { &cx.scene.wires[..] } else { &[] };
    for wire in wires {
        let from = cx.scene.nodes[wire.from.0].shape.port(wire.from.1);
        let to = cx.scene.nodes[wire.to.0].shape.port(wire.to.1);
        let line = [map.to_screen(rect, from), map.to_screen(rect, to)];
        inside.line_segment(line, Stroke::new(1.0, cx.theme.line2));
    }
    let signs: Vec<Option<MapSign>> = cx.scene.nodes.iter().map(sign_of).collect();
    let mut blocks = Mesh::default();
    for (card, sign) in cx.scene.nodes.iter().zip(&signs) {
        let colour = match sign {
            Some(MapSign::Pressed) => cx.theme.press.graphic,
            Some(MapSign::Failed) => cx.theme.err.graphic,
            Some(MapSign::Bottleneck) => cx.theme.warn.graphic,
            None => crate::theme::blend(cx.theme.raised, cx.theme.role(card.family), 0.6),
        };
        let shown = small(card.shape.rect);
        blocks.add_colored_rect(Rect::from_min_size(shown.min, shown.size().max(Vec2::splat(2.0))), colour);
    }
    inside.add(Shape::mesh(blocks));
    for (card, sign) in signed(&cx.scene.nodes, &signs) {
        minimap_sign(&inside, cx, sign, small(card.shape.rect));
    }
    inside.rect_stroke(small(window), 2.0, Stroke::new(1.0, cx.theme.accent), StrokeKind::Inside);
    let response = ui.interact(rect, ui.scope_id().with("minimap"), Sense::click_and_drag());
    response.widget_info(|| {
        let words = signed(&cx.scene.nodes, &signs).map(|(card, sign)| format!(", {} {}", card.title, sign.words()));
        WidgetInfo::labeled(egui::Role::Button, true, format!("minimap{}", words.collect::<String>()))
    });
    if let Some(at) = response.interact_pointer_pos().filter(|_| response.clicked() || response.dragged()) {
        let centre = map.to_canvas(rect, at);
        seen.view.origin = seen.area.size() / 2.0 - centre.to_vec2() * seen.view.zoom;
    }
}

/// What a node is marked with on the minimap, for whoever does not tell its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MapSign {
    Pressed,
    Failed,
    Bottleneck,
}

impl MapSign {
    fn words(self) -> &'static str {
        match self {
            MapSign::Pressed => "is back-pressured",
            MapSign::Failed => "has failed",
            MapSign::Bottleneck => "is the bottleneck",
        }
    }
}

fn sign_of(card: &Card) -> Option<MapSign> {
    let live = card.live.as_ref()?;
    match live.state {
        NodeState::Faulted => Some(MapSign::Failed),
        _ if live.bottleneck.is_some() => Some(MapSign::Bottleneck),
        NodeState::Pressed => Some(MapSign::Pressed),
        NodeState::Idle | NodeState::Running | NodeState::Over | NodeState::Unknown => None,
    }
}

/// Nodes that have a sign.
fn signed<'a>(cards: &'a [Card], signs: &'a [Option<MapSign>]) -> impl Iterator<Item = (&'a Card, MapSign)> {
    cards.iter().zip(signs).filter_map(|(card, sign)| Some((card, (*sign)?)))
}

/// The shape that says the same as the colour of a block: cut out of it, as large as it can be.
fn minimap_sign(painter: &Painter, cx: &Cx<'_>, sign: MapSign, block: Rect) {
    let (at, ground) = (block.center(), cx.theme.panel);
    let radius = (block.height().min(block.width()) * 0.34).min(3.5);
    match sign {
        MapSign::Pressed => glyphs::pressed(painter, at, radius, ground),
        MapSign::Failed => {
            painter.add(glyphs::polygon(glyphs::ring(at, radius, 8, 1.0 / 16.0), ground, Stroke::NONE));
        }
        MapSign::Bottleneck => {
            painter.add(glyphs::polygon(glyphs::triangle(at, radius, true), ground, Stroke::NONE));
        }
    }
}
