//! Parameters and clusters of a pipeline: a line each, which opens to its form. A parameter tells where its value comes from,
//! and takes one for runs of this window: that one is written nowhere, and a secret one is never shown.

use egui::{Align2, Key, RichText, TextEdit, Ui, pos2, vec2};
use tidegate_core::faces::document;
use tidegate_core::faces::rows::to_text;
use tidegate_core::faces::subject::Subject;
use tidegate_core::pipeline::params::{Origin, variable};
use tidegate_core::pipeline::{Parameter, is_parameter_name};

use super::{InspectorSeen, form, part as title};
use crate::acts::{Act, Chosen, Cx};
use crate::icons::icon;
use crate::widgets::{self, ButtonLook};
use crate::{fonts, prose, text};

/// Draws the parameters.
pub(super) fn parameters(ui: &mut Ui, cx: &mut Cx<'_>, open: Option<&Subject>, seen: &mut InspectorSeen) {
    title(ui, cx, "Parameters and secrets", "");
    let drawing = cx.drawing;
    let wrong = |name: &str| match (is_parameter_name(name), drawing.pipeline.parameters.get(name).is_some()) {
        (false, _) => Some("it cannot be called so".to_string()),
        (true, true) => Some(format!("there is a parameter `{name}` already")),
        (true, false) => None,
    };
    for (name, parameter) in drawing.pipeline.parameters.iter() {
        let part = Subject::Parameter(name.to_string());
        let sign = if parameter.secret { Some("lock-simple") } else { None };
        if !head(ui, cx, open, &part, sign, &format!("parameter {name}"), (name, &told(cx, name, parameter))) {
            continue;
        }
        if cx.rights.may_build {
            value(ui, cx, seen, name, parameter);
            ui.add_space(4.0);
            renaming(ui, cx, seen, (&part, name), wrong);
        }
        form::show(ui, cx, &part, seen, |row| !parameter.secret || row.label != "default");
        if away(ui, cx, name) {
            cx.ask(Act::Edit(document::without_parameter(&drawing.pipeline, name)));
        }
    }
    if let Some(name) = new(ui, cx, seen, "New parameter", wrong) {
        cx.ask(Act::Edit(document::with_parameter(&drawing.pipeline, &name)));
        cx.ask(Act::Choose(Chosen::part(Subject::Parameter(name))));
    }
}

/// Draws the clusters.
pub(super) fn clusters(ui: &mut Ui, cx: &mut Cx<'_>, open: Option<&Subject>, seen: &mut InspectorSeen) {
    title(ui, cx, "Clusters", "");
    let drawing = cx.drawing;
    for (name, cluster) in drawing.pipeline.clusters.iter() {
        let part = Subject::Cluster(name.to_string());
        let brokers = cluster.brokers.as_deref().unwrap_or("embedded");
        if !head(ui, cx, open, &part, Some("plugs-connected"), &format!("cluster {name}"), (name, brokers)) {
            continue;
        }
        if cx.rights.may_build {
            let wrong = |to: &str| document::wrong_cluster_name(drawing, Some(name), to);
            renaming(ui, cx, seen, (&part, name), wrong);
        }
        form::show(ui, cx, &part, seen, |_| true);
        if away(ui, cx, name) {
            cx.ask(Act::Edit(document::without_cluster(&drawing.pipeline, name)));
        }
    }
    if drawing.pipeline.clusters.is_empty() {
        let words =
            "None: topics are on the embedded broker. Nodes use the cluster `default` unless they say otherwise.";
        ui.label(prose::line(cx.theme, words, 12.0));
    }
    let wrong = |name: &str| document::wrong_cluster_name(drawing, None, name);
    if let Some(name) = new(ui, cx, seen, "New cluster", wrong) {
        cx.ask(Act::Edit(document::with_cluster(&drawing.pipeline, &name)));
        cx.ask(Act::Choose(Chosen::part(Subject::Cluster(name))));
    }
}

/// What is given for runs of this window: the text of a plain value, and whether there is one.
fn given(cx: &Cx<'_>, name: &str) -> (Option<String>, bool) {
    let values = cx.drawing.values();
    let plain = values.set.into_iter().find(|(known, _)| known == name).map(|(_, value)| value);
    let is_given = plain.is_some() || values.secrets.iter().any(|(known, _)| known == name);
    (plain, is_given)
}

/// What a parameter is now, in a word or two: its value, but of a secret only whether there is one.
fn told(cx: &Cx<'_>, name: &str, parameter: &Parameter) -> String {
    let origin = cx.drawing.checked.values.origin(name);
    match (given(cx, name), parameter.secret, origin) {
        ((_, true), true, _) => "given here".into(),
        ((plain, true), false, _) => plain.unwrap_or_default(),
        (_, true, Some(Origin::Nowhere) | None) => "not given".into(),
        (_, true, Some(_)) => "given".into(),
        (_, false, Some(Origin::Default) | None) => parameter.default.as_ref().map(to_text).unwrap_or_default(),
        (_, false, Some(Origin::Nowhere)) => "no value".into(),
        (_, false, Some(origin)) => origin.to_string(),
    }
}

/// Where the value of a run comes from, as a sentence.
fn whence(cx: &Cx<'_>, name: &str, parameter: &Parameter) -> String {
    if given(cx, name).1 {
        return "Runs of this window take the value given here. It is written nowhere.".into();
    }
    let variable = variable(name);
    match (cx.drawing.checked.values.origin(name), parameter.secret) {
        (Some(Origin::Nowhere) | None, true) => format!(
            "Not known in this window: give it here, or set {variable}, or {variable}_FILE to a file that holds it. At a \
             terminal `tidegate run` asks for it."
        ),
        (Some(Origin::Nowhere) | None, false) => {
            format!("A run has no value: give one here, as the default, as {variable}, or with --set {name}=…")
        }
        (Some(Origin::Default), _) => {
            format!("Runs take the default, unless {variable} or --set {name}=… says otherwise.")
        }
        (Some(origin), _) => format!("Runs take it from {origin}."),
    }
}

/// The field of a value for runs of this window.
fn value(ui: &mut Ui, cx: &mut Cx<'_>, seen: &mut InspectorSeen, name: &str, parameter: &Parameter) {
    ui.add_space(2.0);
    widgets::label(ui, cx.theme, "Value for runs of this window", "");
    let (plain, is_given) = given(cx, name);
    let field = format!("value of {name}");
    let mut words = seen.words(&field, plain.unwrap_or_default());
    let hint = match (parameter.secret, is_given) {
        (true, true) => "given; type to give another",
        (true, false) => "not shown, not written",
        (false, _) => "as below",
    };
    let edit = TextEdit::singleline(&mut words).password(parameter.secret).hint_text(hint).font(fonts::mono(11.5));
    let response = ui.add(edit.desired_width(f32::INFINITY).margin(vec2(8.0, 6.0)));
    response.clone().accessible_name(field.as_str());
    let act = |words: &str| {
        // Without a text a plain value is taken back; a secret is by its button.
        let value = Some(words.to_string()).filter(|words| !words.is_empty());
        (value.is_some() || !parameter.secret).then(|| Act::Give(name.to_string(), value))
    };
    if let Some((_, Some(act))) = seen.typed(ui, &response, &field, words, act) {
        cx.ask(act);
    }
    let words = whence(cx, name, parameter);
    ui.label(prose::line(cx.theme, &words, 12.0));
    if is_given && widgets::button(ui, cx.theme, ButtonLook::Quiet, None, "Forget this value", "").clicked() {
        seen.typing = None;
        cx.ask(Act::Give(name.to_string(), None));
    }
}

/// The line of an entry; tells whether it is open.
fn head(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    open: Option<&Subject>,
    part: &Subject,
    sign: Option<&str>,
    name: &str,
    (words, told): (&str, &str),
) -> bool {
    let theme = cx.theme;
    let is_open = open == Some(part);
    let (rect, response) = widgets::row(ui, theme, 28.0, &format!("{name}, {told}"), is_open);
    let painter = ui.painter();
    let middle = rect.center().y;
    // What is written as `${name}` has that sign.
    let (sign, sign_font) = sign.map_or(("$", fonts::mono(13.0)), |sign| (icon(sign), fonts::icon(15.0)));
    painter.text(pos2(rect.left() + 12.0, middle), Align2::CENTER_CENTER, sign, sign_font, theme.text2);
    let font = fonts::mono(11.5);
    let at = pos2(rect.left() + 26.0, middle);
    let half = rect.width() * 0.55;
    let shown = text::write(painter, at, Align2::LEFT_CENTER, words, (font.clone(), theme.text), half);
    let (end, room) = (pos2(rect.right() - 8.0, middle), rect.right() - shown.right() - 20.0);
    text::write(painter, end, Align2::RIGHT_CENTER, told, (font, theme.text2), room);
    if response.clicked() {
        cx.ask(Act::Choose(Chosen::part(if is_open { Subject::Settings } else { part.clone() })));
    }
    is_open
}

fn away(ui: &mut Ui, cx: &Cx<'_>, name: &str) -> bool {
    let words = format!("Take {name} away");
    cx.rights.may_build && widgets::button(ui, cx.theme, ButtonLook::Quiet, Some("trash-simple"), &words, "").clicked()
}

/// The field of an entry's name, which is another when it is left.
fn renaming(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    seen: &mut InspectorSeen,
    (part, known): (&Subject, &str),
    wrong: impl Fn(&str) -> Option<String>,
) {
    widgets::label(ui, cx.theme, "Name", "renamed wherever it is used");
    let act = |to: &str| Some(Act::RenamePart { part: part.clone(), to: to.to_string() });
    if let Some((_, Some(act))) = naming(ui, cx, seen, (&format!("name of {known}"), known), wrong, act) {
        cx.ask(act);
    }
}

/// The field of the name of an entry more; it, when Enter is pressed there.
fn new(
    ui: &mut Ui,
    cx: &Cx<'_>,
    seen: &mut InspectorSeen,
    field: &str,
    wrong: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    if !cx.rights.may_build {
        return None;
    }
    // What is begun is no entry yet, whatever else is done.
    let (words, _) = naming(ui, cx, seen, (field, ""), &wrong, |_| None)?;
    let name = words.trim();
    let is_meant = ui.input(|input| input.key_pressed(Key::Enter));
    (is_meant && !name.is_empty() && wrong(name).is_none()).then(|| name.to_string())
}

/// A field, by its name, for the name of an entry, and what is wrong with that below it. Gives what was typed, and what a right
/// name other than the known one asks for, when the field is left.
fn naming(
    ui: &mut Ui,
    cx: &Cx<'_>,
    seen: &mut InspectorSeen,
    (field, known): (&str, &str),
    wrong: impl Fn(&str) -> Option<String>,
    act: impl FnOnce(&str) -> Option<Act>,
) -> Option<(String, Option<Act>)> {
    let mut words = seen.words(field, known.to_string());
    let response = widgets::field(ui, field, &mut words, field, fonts::mono(11.5));
    let name = words.trim().to_string();
    let is_same = name.is_empty() || name == known;
    let complaint = if is_same { None } else { wrong(&name) };
    if let Some(complaint) = &complaint {
        ui.label(RichText::new(complaint).font(fonts::text(12.0)).color(cx.theme.err.text));
    }
    let act = |_: &str| if is_same || complaint.is_some() { None } else { act(&name) };
    seen.typed(ui, &response, field, words, act)
}
