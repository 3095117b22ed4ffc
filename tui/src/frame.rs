//! What stands on every screen: the title that answers first, the tabs, one sentence of status, the keys that work here.

use tidegate_core::snapshot::Verdict;

use crate::commands::{Act, Context, View, command_of};
use crate::model::Model;
use crate::model::place::{Page, PromptKind, Sheet, TextSheet};
use crate::model::run::{Link, Watched, verdict, verdict_tone};
use crate::numbers::{self, UNKNOWN};
use crate::pen::{Pen, cut, cut_middle, sentence, width};
use crate::theme::Tone;

/// From so many columns on, the title has its labels.
pub(crate) const WIDE: usize = 78;
/// From so many columns on, names have more room.
const VERY_WIDE: usize = 110;

/// The first line: the run, its verdict, lag, trend, age, and what holds it back.
pub(crate) fn title(model: &Model, pen: &mut Pen<'_>) {
    if model.outlook.is_alone {
        return title_of_cluster(model, pen);
    }
    let run = model.shown();
    let cells = pen.width();
    let is_wide = cells >= WIDE;
    let shift = if cells >= VERY_WIDE { 8 } else { 0 };
    let name = if is_wide { 19 + shift } else { 14 };
    pen.text(1, 0, Tone::Bold, &cut_middle(&run.name, name));
    let (tone, verdict) = verdict(run);
    let tone = if tone == Tone::Text { Tone::Bold } else { tone };
    let columns = if is_wide { [21, 31, 42, 52, 63].map(|x| x + shift) } else { [17, 27, 34, 43, 50] };
    pen.text(columns[0], 0, tone, &verdict);
    if matches!(run.link, Link::Nothing | Link::Starting) || !run.has_figures() {
        return;
    }
    if !run.now.partitions.is_empty() {
        let label = if is_wide { "lag " } else { "" };
        pen.text(columns[1], 0, Tone::Text, &format!("{label}{}", numbers::count_or_unknown(run.lag())));
        let trend = run.trend().map_or(UNKNOWN.into(), |(trend, rate)| with_unit(numbers::trend(trend, rate)));
        pen.text(columns[2], 0, Tone::Text, &trend);
        pen.text(columns[3], 0, Tone::Text, &age(run, is_wide));
    }
    let (tone, cause) = cause(run, is_wide);
    pen.text(columns[4], 0, tone, &cut(&cause, cells.saturating_sub(columns[4] + 1)));
}

/// The first line where a cluster is looked at alone: how its groups are, the worst of them.
fn title_of_cluster(model: &Model, pen: &mut Pen<'_>) {
    let (outlook, cells) = (&model.outlook, pen.width());
    let is_wide = cells >= WIDE;
    let shift = if cells >= VERY_WIDE { 8 } else { 0 };
    pen.text(1, 0, Tone::Bold, &cut_middle(&model.run.name, if is_wide { 19 + shift } else { 14 }));
    let columns = if is_wide { [21, 31, 42, 52].map(|x| x + shift) } else { [17, 27, 34, 43] };
    let worst = outlook.worst().and_then(|group| Some((group, group.figures.as_ref()?)));
    let (tone, verdict) = match (&outlook.link, worst) {
        (Link::Silent { .. }, _) => (Tone::Bad, "NO ANSWER".into()),
        (Link::Live, Some((_, figures))) => (verdict_tone(figures.verdict), figures.verdict.word().to_uppercase()),
        (Link::Live, None) if outlook.now.groups.is_empty() => (Tone::Dim, "NO GROUPS".into()),
        _ => (Tone::Dim, "ASKING".into()),
    };
    pen.text(columns[0], 0, if tone == Tone::Text { Tone::Bold } else { tone }, &verdict);
    let Some((group, figures)) = worst else { return };
    let label = if is_wide { "lag " } else { "" };
    pen.text(columns[1], 0, Tone::Text, &format!("{label}{}", numbers::count_or_unknown(figures.lag)));
    let trend = figures.trend.map(|trend| with_unit(numbers::trend(trend, figures.written.unwrap_or(0.0))));
    pen.text(columns[2], 0, Tone::Text, &trend.unwrap_or(UNKNOWN.into()));
    let is_good = figures.verdict <= Verdict::Unknown;
    let cause = if is_good { String::new() } else { format!("worst {}", group.name) };
    let room = cells.saturating_sub(columns[3] + 1);
    pen.text(columns[3], 0, if is_good { Tone::Text } else { Tone::Bad }, &cut_middle(&cause, room));
}

fn with_unit(trend: String) -> String {
    if trend == "0" || trend == "~0" { trend } else { trend + "/s" }
}

fn age(run: &Watched, is_wide: bool) -> String {
    let old = if is_wide { " old" } else { "" };
    match (run.age_ms(), run.lag()) {
        (Some(ms), _) => numbers::age(ms) + old,
        (None, Some(0)) => numbers::ABSENT.into(),
        (None, _) => UNKNOWN.into(),
    }
}

fn cause(run: &Watched, is_wide: bool) -> (Tone, String) {
    if let Some(node) = run.fault().and_then(|fault| fault.node.as_ref()) {
        return (Tone::Bad, format!("fault {node}"));
    }
    let word = if is_wide { "bottleneck" } else { "at" };
    let lost: u64 = run.now.partitions.iter().map(|partition| partition.lost).sum();
    match &run.now.bottleneck {
        Some(bottleneck) => (Tone::Bad, format!("{word} {}", bottleneck.node)),
        None if lost > 0 => (Tone::Bad, format!("LOST {}", numbers::count(lost))),
        None => (Tone::Text, String::new()),
    }
}

/// The second line: the views, and the clock.
pub(crate) fn tabs(model: &Model, pen: &mut Pen<'_>) {
    let (open, others): (Vec<_>, Vec<_>) =
        tab_places(model, pen.width()).into_iter().partition(|(view, ..)| *view == model.place.view);
    for (_, x, text) in &others {
        pen.text(*x, 0, Tone::Dim, text);
    }
    // Last, since neighbours may share a blank.
    for (_, x, text) in &open {
        pen.text(*x, 0, Tone::Bold, &format!("[{}]", text.trim()));
    }
    let end = pen.width() - 1;
    let clock = clock(model);
    if pen.width() >= WIDE || clock.0 != Tone::Dim {
        let (tone, text) = clock;
        pen.right(end, 0, tone, &text);
    }
}

/// Where each tab stands, with a blank at both sides of its name. What matters more than the hour takes the room of names.
pub(crate) fn tab_places(model: &Model, cells: usize) -> Vec<(View, usize, String)> {
    let (gap, views) = (usize::from(cells >= WIDE), model.views());
    let is_tight = cells < WIDE && clock(model).0 != Tone::Dim && views.len() > 2;
    let mut x = 0;
    let mut places = Vec::new();
    for &view in views {
        let name = if cells < WIDE && view == View::Partitions && views.len() > 2 { "parts" } else { view.name() };
        let text = match is_tight && view != model.place.view {
            true => format!(" {} ", view.place() + 1),
            false => format!(" {} {name} ", view.place() + 1),
        };
        let taken = width(&text);
        places.push((view, x, text));
        // Neighbours share a blank where room is short.
        x += taken - 1 + gap;
    }
    places
}

/// The clock; or how old the figures are, that the screen is held, that sparks show another time.
fn clock(model: &Model) -> (Tone, String) {
    if model.held.is_some() {
        return (Tone::Warn, "held".into());
    }
    // A cluster is looked at every two seconds.
    let (patience, link) = match model.is_on_cluster() {
        true => (7_000, &model.outlook.link),
        false => (3_000, &model.shown().link),
    };
    if let Some(age) = model.age_ms().filter(|age| *age > patience && *link != Link::Nothing) {
        return (Tone::Warn, format!("{} ago", numbers::since(age)));
    }
    if model.place.minutes != Default::default() {
        return (Tone::Text, model.place.minutes.words());
    }
    let now = match model.look.is_thrifty {
        true => numbers::clock_minutes(model.now_ms, model.offset_s),
        false => numbers::clock(model.now_ms, model.offset_s),
    };
    (Tone::Dim, now)
}

/// Above the keys: a question, an open prompt, the answer to the last command, or what the selection
/// means. The first lines, so many, are of the body, and cleared where they are needed.
pub(crate) fn status(model: &Model, taken: usize, pen: &mut Pen<'_>) {
    let cells = pen.width().saturating_sub(2);
    if let (None, Some(prompt)) = (&model.place.question, &model.place.prompt) {
        let sign = match prompt.kind {
            PromptKind::GoTo => ":",
            PromptKind::Filter => "/",
        };
        pen.pieces(1, taken, [(Tone::Bold, sign), (Tone::Text, prompt.line.with_cursor().as_str())]);
        return;
    }
    let (tone, text) = match &model.place.question {
        Some(question) => (Tone::Bold, format!("{}  y yes  n no", question.text)),
        None => (Tone::Text, model.said.clone().unwrap_or_else(|| crate::views::sentence(model))),
    };
    let lines = sentence(&text, cells, pen.height());
    let from = pen.height().saturating_sub(lines.len());
    for (y, line) in lines.iter().enumerate().map(|(y, line)| (from + y, line)) {
        if y < taken {
            pen.lines(y, 1).clear();
        }
        pen.text(1, y, tone, line);
    }
}

/// The last line: at most eight keys that work here and now.
pub(crate) fn keys(model: &Model, pen: &mut Pen<'_>) {
    for (x, key, word) in key_places(model, pen.width()) {
        pen.pieces(x, 0, [(Tone::Bold, key.as_str()), (Tone::Dim, " "), (Tone::Dim, word)]);
    }
    pen.right(pen.width().saturating_sub(1), 0, Tone::Dim, &rights(model));
}

/// The keys of the last line that have room: where each stands, and its word.
pub(crate) fn key_places(model: &Model, cells: usize) -> Vec<(usize, String, &'static str)> {
    let room = cells.saturating_sub(width(&rights(model)) + 2);
    let commands = shown_keys(model);
    let last = commands.len().saturating_sub(1);
    let last_width = commands.get(last).map_or(0, |(key, word)| width(key) + 1 + width(word) + 1);
    let (mut x, mut places) = (1, Vec::new());
    for (place, (key, word)) in commands.into_iter().enumerate() {
        let taken = width(&key) + 1 + width(word);
        // The way to all other keys always has its room.
        if place != last && x + taken + 2 + last_width > room || x + taken > room {
            continue;
        }
        places.push((x, key, word));
        x += taken + 2;
    }
    places
}

fn rights(model: &Model) -> String {
    let edits = model.drawing.differences().len();
    match (model.rights.may_build, edits) {
        (false, _) if model.rights.may_control => "control".into(),
        (false, _) => "read-only".into(),
        (true, 0) => "write".into(),
        (true, 1) => "write, 1 edit".into(),
        (true, edits) => format!("write, {edits} edits"),
    }
}

/// Keys and their words, the most useful first, `? keys` last.
fn shown_keys(model: &Model) -> Vec<(String, &'static str)> {
    let contexts = crate::update::contexts(model);
    let acts: &[Act] = match (contexts.first(), model.place.sheets.last()) {
        (Some(Context::Confirm), _) => &[Act::Yes, Act::No],
        (Some(Context::Form), Some(Sheet::Notes(_))) => &[Act::Edit, Act::AddRow, Act::RemoveRow, Act::LeaveForm],
        (Some(Context::Form), _) => &[Act::Complete, Act::Edit, Act::Apply, Act::LeaveForm, Act::AddRow, Act::Help],
        (Some(Context::Choose), Some(Sheet::Add(_))) if model.place.prompt.is_none() => {
            &[Act::Accept, Act::ChooseUp, Act::OntoWire, Act::Cancel]
        }
        (Some(Context::Choose), Some(Sheet::Connect(_))) if model.place.prompt.is_none() => {
            &[Act::Accept, Act::ChooseUp, Act::Via, Act::Cancel]
        }
        (Some(Context::Choose), Some(Sheet::Help { .. })) if model.place.prompt.is_none() => {
            &[Act::ChooseUp, Act::Cancel]
        }
        (Some(Context::Choose), Some(Sheet::Gallery { .. } | Sheet::Menu { .. })) if model.place.prompt.is_none() => {
            &[Act::Accept, Act::ChooseUp, Act::Cancel]
        }
        (Some(Context::Choose), _) => &[Act::Accept, Act::ChooseUp, Act::Complete, Act::Cancel],
        (Some(Context::Problems), _) => &[Act::Open, Act::Remedy, Act::MatchNext, Act::Back, Act::Help],
        (_, Some(Sheet::Text(TextSheet { partition: Some(_), .. }))) => &[Act::Open, Act::Back, Act::Down, Act::Help],
        (_, Some(_)) => &[Act::Back, Act::Down, Act::Help],
        _ => acts_of_view(model),
    };
    let named = |act: &Act| {
        let command = command_of(*act, &contexts)?;
        let key = match act {
            Act::ChooseUp => "up down".to_string(),
            Act::No => "n".to_string(),
            Act::SubjectBefore => "< >".to_string(),
            Act::Down => "j k".to_string(),
            _ => command.key().to_string(),
        };
        let word = match (act, model.place.view) {
            (Act::ChooseUp, _) if matches!(model.place.sheets.last(), Some(Sheet::Help { .. })) => "page",
            (Act::Next, View::Cluster) if model.place.page == Page::Topics => "groups",
            (Act::Open, View::Partitions) if crate::views::partitions::is_on_topic(model) => "fold",
            (_, view) => command.words(view).0,
        };
        Some((key, word))
    };
    acts.iter().filter_map(named).collect()
}

fn acts_of_view(model: &Model) -> &'static [Act] {
    match model.place.view {
        View::Graph if model.drawing.pipeline.nodes.is_empty() && model.rights.may_build => {
            &[Act::Add, Act::Undo, Act::GoTo, Act::Quit, Act::Help]
        }
        View::Graph if model.rights.may_build && !model.drawing.differences().is_empty() => {
            &[Act::Add, Act::Connect, Act::Configure, Act::Delete, Act::Undo, Act::Run, Act::Help]
        }
        View::Graph if model.rights.may_build => {
            &[Act::Open, Act::Tap, Act::Why, Act::Bottleneck, Act::Add, Act::Configure, Act::GoTo, Act::Help]
        }
        View::Graph => &[Act::Open, Act::Tap, Act::Why, Act::Bottleneck, Act::Filter, Act::GoTo, Act::Help],
        View::Partitions if model.outlook.opened.is_some() => {
            &[Act::Back, Act::Open, Act::Sort, Act::OnlyBad, Act::Columns, Act::Filter, Act::GoTo, Act::Help]
        }
        View::Partitions => &[Act::Open, Act::Tap, Act::Why, Act::Sort, Act::Filter, Act::GoTo, Act::Help],
        View::Tasks => &[Act::Open, Act::Tap, Act::Why, Act::Bottleneck, Act::Sort, Act::GoTo, Act::Help],
        View::Windows => &[Act::Open, Act::Why, Act::SubjectBefore, Act::Filter, Act::GoTo, Act::Help],
        View::Tap => &[Act::Open, Act::SubjectBefore, Act::Filter, Act::Hold, Act::Help],
        View::Log => &[Act::Open, Act::OnlyBad, Act::Last, Act::Filter, Act::GoTo, Act::Help],
        View::Cluster if matches!(model.place.page, Page::Records(_)) => {
            &[Act::Open, Act::Back, Act::Last, Act::Sort, Act::Filter, Act::Hold, Act::Help]
        }
        View::Cluster if model.outlook.now.clusters.len() > 1 => {
            &[Act::Open, Act::Next, Act::SubjectBefore, Act::OnlyBad, Act::Sort, Act::Filter, Act::Help]
        }
        View::Cluster => &[Act::Open, Act::Next, Act::OnlyBad, Act::Sort, Act::Filter, Act::GoTo, Act::Help],
    }
}
