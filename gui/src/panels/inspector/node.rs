//! The inspector of a node: its head, its figures while it runs, its form, what its port carries, how its edges travel.

use egui::{Align2, RichText, Sense, Ui, Vec2, WidgetInfo, pos2, vec2};
use tidegate_core::faces::numbers;
use tidegate_core::faces::subject::Subject;
use tidegate_core::pipeline::Via;
use tidegate_core::pipeline::edit::{Edit, NodeChange};
use tidegate_core::problem::Severity;
use tidegate_core::snapshot::NodeSnapshot;

use super::form;
use super::{InspectorSeen, Tab, columns, line, part, parts};
use crate::acts::{Act, Chosen, Cx};
use crate::canvas::node::time_bar;
use crate::icons::icon;
use crate::live::spaced;
use crate::prose::{self, Setting};
use crate::scene::Card;
use crate::widgets;
use crate::{fonts, text};

/// Draws it.
pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, id: &str, seen: &mut InspectorSeen) {
    let scene = cx.scene;
    let Some(card) = scene.card(id) else { return };
    head(ui, cx, card, seen);
    let tabs = [(Tab::Settings, "Settings", None), (Tab::Schema, "Schema", None), (Tab::Help, "Help", None)];
    let pressed = ui.horizontal(|ui| {
        ui.set_height(34.0);
        ui.spacing_mut().item_spacing.x = 4.0;
        widgets::tabs(ui, cx.theme, &tabs, seen.tab)
    });
    if let Some(tab) = pressed.inner {
        seen.tab = tab;
    }
    line(ui, cx);
    if let Some(node) = cx.run.node(id) {
        figures(ui, cx, node, card);
        line(ui, cx);
    }
    match seen.tab {
        Tab::Settings => settings(ui, cx, id, seen),
        Tab::Schema => schema(ui, cx, id),
        Tab::Help => help(ui, cx, id),
    }
}

fn head(ui: &mut Ui, cx: &mut Cx<'_>, card: &Card, seen: &mut InspectorSeen) {
    let theme = cx.theme;
    ui.horizontal(|ui| {
        let (tile, _) = ui.allocate_exact_size(Vec2::splat(34.0), Sense::hover());
        ui.painter().rect_filled(tile, 8.0, theme.tile(card.family));
        let colour = theme.role(card.family);
        ui.painter().text(tile.center(), Align2::CENTER_CENTER, icon(card.icon), fonts::icon(21.0), colour);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            // Both lines beside the tile.
            ui.spacing_mut().interact_size.y = 0.0;
            let mut title = match &seen.draft {
                Some(draft) if draft.field == TITLE => draft.text.clone(),
                _ => card.title.clone(),
            };
            let edit = egui::TextEdit::singleline(&mut title)
                .font(fonts::strong(15.0))
                .frame(egui::Frame::NONE)
                .margin(vec2(0.0, 0.0))
                .desired_width(ui.available_width());
            let response = ui.add(edit.interactive(cx.rights.may_build));
            response.clone().accessible_name("Name");
            if std::mem::take(&mut seen.wants_title) {
                widgets::write_over(ui, &response, &title);
            }
            if response.changed() {
                let label = Some(title.trim().to_string()).filter(|label| !label.is_empty() && *label != card.id);
                let is_same = cx.drawing.pipeline.node(&card.id).is_some_and(|node| node.label == label);
                let mut draft = form::Draft::plain(Subject::Node(card.id.clone()), TITLE, title);
                let edit = Edit::ChangeNode { id: card.id.clone(), change: NodeChange::Label(label) };
                draft.edit = (!is_same).then_some(edit);
                seen.draft = Some(draft);
            }
            if response.lost_focus()
                && let Some(draft) = seen.draft.take_if(|draft| draft.field == TITLE)
            {
                cx.acts.extend(draft.edit.map(Act::Edit));
            }
            let words = match card.title == card.id {
                true => card.operator.clone(),
                false => format!("{} · {}", card.operator, card.id),
            };
            ui.label(RichText::new(words).font(fonts::mono(11.0)).color(theme.faint));
        });
    });
}

/// The name of the field that holds a node's title.
const TITLE: &str = "(title)";

fn figures(ui: &mut Ui, cx: &Cx<'_>, node: &NodeSnapshot, card: &Card) {
    let theme = cx.theme;
    let is_over = cx.run.is_over();
    let told = |count: u64, rate: f64| if is_over { numbers::count(count) } else { numbers::rate_with_unit(rate) };
    let mut shown = vec![
        ("in", told(node.records_in, node.rates.records_in)),
        ("out", told(node.records_out, node.rates.records_out)),
    ];
    if let Some(latency) = node.latency.filter(|_| !is_over) {
        shown.push(("p99", numbers::latency(latency.p99_us)));
    }
    let dropped: u64 = node.drops.values().sum();
    for (label, count) in [("errors", node.errors), ("late", node.late), ("left out", dropped)] {
        if count > 0 && shown.len() < 4 {
            shown.push((label, numbers::count(count)));
        }
    }
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 34.0), Sense::hover());
    let words: Vec<String> = shown.iter().map(|(label, figure)| format!("{label} {figure}")).collect();
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, words.join(", ")));
    let step = rect.width() / shown.len() as f32;
    for (number, (label, figure)) in shown.iter().enumerate() {
        let x = rect.left() + step * number as f32;
        let painter = ui.painter();
        text::write(
            painter,
            pos2(x, rect.top() + 8.0),
            Align2::LEFT_CENTER,
            label,
            (fonts::text(11.5), theme.text2),
            step,
        );
        let font = (fonts::figure(12.0), theme.text);
        text::write(painter, pos2(x, rect.top() + 25.0), Align2::LEFT_CENTER, figure, font, step - 4.0);
    }
    let Some(live) = card.live.as_ref().filter(|_| !is_over) else { return };
    let (bar, _) = ui.allocate_exact_size(vec2(ui.available_width(), 8.0), Sense::hover());
    time_bar(ui.painter(), theme, bar, live.busy, live.pressed);
    let idle = (1.0 - live.busy - live.pressed).max(0.0);
    let share = |share: f64| spaced(&numbers::percent(share));
    let mut words = format!("busy {}  back-pressured {}", share(live.busy), share(live.pressed));
    // In a narrow inspector the bar says the rest.
    if ui.available_width() >= ROOM {
        words += &format!("  idle {}", share(idle));
    }
    ui.label(RichText::new(words).font(fonts::text(11.5)).color(theme.text2));
}

/// From this width on three shares stand on a line.
const ROOM: f32 = 236.0;

fn settings(ui: &mut Ui, cx: &mut Cx<'_>, id: &str, seen: &mut InspectorSeen) {
    let drawing = cx.drawing;
    let Some(node) = drawing.pipeline.node(id) else { return };
    match drawing.operator(id) {
        Some(_) => form::show(ui, cx, &Subject::Config(id.to_string()), seen, |_| true),
        None => {
            let words = format!("There is no operator {}.", node.operator);
            ui.label(RichText::new(words).color(cx.theme.err.text));
        }
    }
    others(ui, cx, id);
    carries(ui, cx, id);
    travels(ui, cx, id);
    parts::show(ui, cx, id, seen);
}

/// Problems of the node that no field shows.
fn others(ui: &mut Ui, cx: &mut Cx<'_>, id: &str) {
    let drawing = cx.drawing;
    let here = drawing.checked.problems.iter().filter(|problem| {
        problem.place.node.as_deref() == Some(id) && problem.place.field.is_none() && problem.severity > Severity::Note
    });
    for problem in here {
        form::said(ui, cx, &problem.message, problem.severity);
        form::remedy(ui, cx, problem, None);
    }
}

fn carries(ui: &mut Ui, cx: &Cx<'_>, id: &str) {
    let checked = cx.drawing.place(id).and_then(|place| cx.drawing.checked.nodes.get(place));
    let Some(checked) = checked else { return };
    let Some(stream) = checked.outputs.first().and_then(Option::as_ref) else { return };
    let Some(name) = checked.ports.as_ref().and_then(|ports| ports.output_names().next()) else { return };
    // A sink passes on nothing but what fails.
    if matches!(name, "errors" | "late") {
        return;
    }
    line(ui, cx);
    let count = numbers::several(stream.schema.columns.len(), "column");
    part(ui, cx, "Carries", &format!("{name} · {count}"));
    columns(ui, cx, &stream.schema);
}

fn travels(ui: &mut Ui, cx: &mut Cx<'_>, id: &str) {
    let drawing = cx.drawing;
    let mut leaving = drawing.pipeline.edges.iter().filter(|edge| edge.from.node == id).peekable();
    if leaving.peek().is_none() {
        return;
    }
    part(ui, cx, "Travels", "");
    for edge in leaving {
        let (name, how) = match &edge.via {
            Some(Via::Topic(_)) => ("cylinder", "through Kafka"),
            _ => ("lightning", "direct"),
        };
        let edge_id = edge.id();
        let (rect, response) = widgets::row(ui, cx.theme, 26.0, &format!("edge to {}, {how}", edge.to.node), false);
        let painter = ui.painter();
        let at = rect.left_center() + vec2(9.0, 0.0);
        painter.text(at, Align2::CENTER_CENTER, icon(name), fonts::icon(15.0), cx.theme.text2);
        let how = text::write(
            painter,
            rect.right_center(),
            Align2::RIGHT_CENTER,
            how,
            (fonts::mono(11.0), cx.theme.text2),
            110.0,
        );
        let words = format!("to {}", edge.to.node);
        let at = rect.left_center() + vec2(24.0, 0.0);
        text::write(
            painter,
            at,
            Align2::LEFT_CENTER,
            &words,
            (fonts::text(12.5), cx.theme.text),
            how.left() - at.x - 8.0,
        );
        if response.clicked() {
            cx.ask(Act::Choose(Chosen::edge(edge_id)));
        }
    }
}

fn schema(ui: &mut Ui, cx: &Cx<'_>, id: &str) {
    let checked = cx.drawing.place(id).and_then(|place| cx.drawing.checked.nodes.get(place));
    let Some((checked, ports)) = checked.and_then(|node| Some((node, node.ports.as_ref()?))) else { return };
    let inputs = ports.inputs.iter().map(|input| input.name.as_str()).zip(&checked.inputs);
    let outputs = ports.output_names().zip(&checked.outputs);
    for (does, (name, stream)) in inputs.map(|port| ("Takes", port)).chain(outputs.map(|port| ("Gives", port))) {
        let key =
            stream.as_ref().map_or_else(|| "not known".to_string(), |stream| format!("key {}", stream.key.data_type()));
        part(ui, cx, &format!("{does} {name}"), &key);
        if let Some(stream) = stream {
            columns(ui, cx, &stream.schema);
        }
    }
}

fn help(ui: &mut Ui, cx: &Cx<'_>, id: &str) {
    let Some(operator) = cx.drawing.operator(id) else { return };
    prose::show(ui, Setting { theme: cx.theme, size: 12.5, keeps_lines: false }, operator.help);
}
