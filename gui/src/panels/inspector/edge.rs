//! The inspector of an edge: its ends, how it travels, what waits on it, what it carries, records that pass.

use egui::{Align2, RichText, Sense, Ui, WidgetInfo, pos2, vec2};
use tidegate_core::check::Travel;
use tidegate_core::faces::history::Of;
use tidegate_core::faces::rows::to_text;
use tidegate_core::faces::subject::Subject;
use tidegate_core::faces::{building, numbers};
use tidegate_core::pipeline::Via;
use tidegate_core::snapshot::TapSnapshot;

use super::{InspectorSeen, changing, columns, form, heading, line, part};
use crate::acts::{Act, Chosen, Cx};
use crate::commands::Command;
use crate::live::{EdgeLive, spaced};
use crate::widgets::{self, ButtonLook};
use crate::{fonts, text};

/// Draws it.
pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, id: &str, seen: &mut InspectorSeen, taps: &[TapSnapshot]) {
    let drawing = cx.drawing;
    let Some(place) = drawing.pipeline.edges.iter().position(|edge| edge.id() == id) else { return };
    let edge = &drawing.pipeline.edges[place];
    heading(ui, cx, "Edge");
    ui.spacing_mut().item_spacing.y = 0.0;
    for (word, end) in [("from", &edge.from), ("to", &edge.to)] {
        let (rect, response) = widgets::row(ui, cx.theme, 26.0, &format!("{word} {end}"), false);
        let at = rect.left_center();
        ui.painter().text(at, Align2::LEFT_CENTER, word, fonts::text(12.0), cx.theme.text2);
        let font = (fonts::mono(11.5), cx.theme.text);
        text::write(
            ui.painter(),
            pos2(rect.left() + 40.0, at.y),
            Align2::LEFT_CENTER,
            &end.to_string(),
            font,
            rect.width() - 44.0,
        );
        if response.clicked() {
            cx.ask(Act::Show(Chosen::node(&end.node)));
        }
    }
    ui.spacing_mut().item_spacing.y = 8.0;
    line(ui, cx);
    part(ui, cx, "Travels", "");
    let is_topic = matches!(edge.via, Some(Via::Topic(_)));
    let words = ["direct".to_string(), "through Kafka".to_string()];
    changing(ui, cx, |ui, cx| {
        let pressed = widgets::segments(ui, cx.theme, "Travels", &words, Some(usize::from(is_topic)));
        if pressed.is_some_and(|pressed| (pressed == 1) != is_topic) {
            cx.ask(Act::Edit(building::flipped(&drawing.pipeline, id)));
        }
    });
    let checked = drawing.checked.edges.get(place);
    let how = checked.map(|edge| explained(&edge.travel)).unwrap_or_default();
    ui.label(RichText::new(how).font(fonts::text(12.0)).color(cx.theme.text2));
    // The way itself is chosen above; here are its settings.
    form::show(ui, cx, &Subject::Edge(id.to_string()), seen, |row| row.path.len() > 1);
    let scene = cx.scene;
    if let Some(live) = scene.wires.iter().find(|wire| wire.id == id).and_then(|wire| wire.live.as_ref()) {
        line(ui, cx);
        figures(ui, cx, live);
        fill(ui, cx, id, live);
    }
    if cx.run.is_running() {
        records(ui, cx, taps.iter().find(|tap| tap.edge == id));
    }
    if let Some(stream) = checked.and_then(|edge| edge.stream.as_ref()) {
        line(ui, cx);
        let count = numbers::several(stream.schema.columns.len(), "column");
        part(ui, cx, "Carries", &format!("{} key · {count}", stream.key.data_type()));
        columns(ui, cx, &stream.schema);
    }
}

/// How full it was over the last minutes.
fn fill(ui: &mut Ui, cx: &Cx<'_>, id: &str, live: &EdgeLive) {
    const POINTS: usize = 60;
    let values = cx.run.history.values(&Of::Fill(id.to_string()), cx.run.now.at_ms, 300_000, POINTS);
    if live.capacity == 0 || values.iter().flatten().count() < 2 {
        return;
    }
    ui.label(RichText::new("full over 5 minutes").font(fonts::text(12.0)).color(cx.theme.text2));
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 36.0), Sense::hover());
    widgets::spark(ui, rect, &values, 1.0, cx.theme.fill(live.fill).graphic);
    ui.painter().hline(rect.x_range(), rect.bottom(), egui::Stroke::new(1.0, cx.theme.line2));
}

/// The most records that are shown here; the tab shows all.
const RECORDS: usize = 5;

/// Some of the records that pass.
fn records(ui: &mut Ui, cx: &mut Cx<'_>, tap: Option<&TapSnapshot>) {
    line(ui, cx);
    part(ui, cx, "Records", "the last ones");
    let rows = tap.map_or(&[][..], |tap| &tap.rows);
    if rows.is_empty() {
        ui.label(RichText::new("None has passed since this was opened.").font(fonts::text(12.0)).color(cx.theme.text2));
    }
    for row in rows.iter().rev().take(RECORDS) {
        let words = format!("{} {}", to_text(&row.key), row.value);
        let response = ui.add(egui::Label::new(RichText::new(&words).font(fonts::mono(11.0))).truncate());
        response.on_hover_text(words);
    }
    let hint = Command::Look.hint();
    if widgets::button(ui, cx.theme, ButtonLook::Quiet, Some("eye"), "All records", &hint).clicked() {
        cx.ask_for(Command::Look);
    }
}

fn explained(travel: &Travel) -> String {
    match travel {
        Travel::Direct { .. } => "In memory: lowest latency, and back-pressure.".into(),
        Travel::Topic { topic, is_own: true, .. } => {
            format!("By a topic of its own, {topic}: a deep buffer and replay, for latency.")
        }
        Travel::Topic { topic, .. } => format!("By the topic {topic}, which is left as it is."),
    }
}

fn figures(ui: &mut Ui, cx: &Cx<'_>, live: &EdgeLive) {
    let mut rows = vec![("rate", numbers::rate_with_unit(live.rate))];
    match &live.through {
        Some(through) => {
            rows.push(("unread", numbers::count_or_unknown(through.lag)));
            rows.extend(through.age_ms.map(|age| ("behind", numbers::age(age))));
            rows.push(("verdict", through.verdict.word().to_string()));
        }
        None if live.is_fused => rows.push(("waits", "nothing: its ends are one task".into())),
        None => {
            let exact = |count: usize| numbers::exact(i64::try_from(count).unwrap_or(i64::MAX));
            rows.push(("waiting", format!("{} of {}", exact(live.depth), exact(live.capacity))));
            rows.push(("full", spaced(&numbers::percent(live.fill))));
            if live.shut > 0.0 {
                rows.push(("writer blocked", format!("{} of the time", spaced(&numbers::percent(live.shut)))));
            }
        }
    }
    for (label, figure) in rows {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, format!("{label} {figure}")));
        ui.painter().text(rect.left_center(), Align2::LEFT_CENTER, label, fonts::text(12.0), cx.theme.text2);
        let font = (fonts::mono(11.5), cx.theme.text);
        text::write(ui.painter(), rect.right_center(), Align2::RIGHT_CENTER, &figure, font, rect.width() - 90.0);
    }
}
