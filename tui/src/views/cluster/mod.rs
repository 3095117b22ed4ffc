//! Cluster: is it us or Kafka? Groups, whoever they belong to, with how far behind they are; on other pages all topics, and
//! records of one; below what the selection reads, and the brokers. Only what is on the screen is asked for.

mod groups;
mod records;
mod topics;

use tidegate_core::snapshot::{ClusterWanted, Keeps, TopicSnapshot};

use super::table::{Cell, Table};
use crate::commands::View;
use crate::frame::WIDE;
use crate::model::Model;
use crate::model::place::{Page, TextSheet};
use crate::model::run::Link;
use crate::numbers::{self, UNKNOWN};
use crate::pen::{Pen, parts_that_fit, width};
use crate::theme::Tone;

/// Lines below the table: what the selection reads, a blank, the brokers.
pub(super) const FOOT: usize = 7;

/// The table.
pub(crate) fn table(model: &Model) -> Table {
    match &model.place.page {
        Page::Groups => groups::table(model),
        Page::Topics => topics::table(model),
        Page::Records(_) => records::table(model),
    }
}

/// What is asked for: what is on the screen; nothing where no cluster is.
pub(crate) fn wanted(model: &Model) -> Option<ClusterWanted> {
    let nothing = || ClusterWanted { cluster: model.subject(View::Cluster), ..ClusterWanted::default() };
    match (model.place.view, &model.place.page) {
        (View::Partitions, _) => {
            let opened = model.outlook.opened.as_ref()?;
            Some(ClusterWanted { opened: Some(opened.name.clone()), ..nothing() })
        }
        (View::Cluster, Page::Groups) => {
            let (_, groups) = super::rows_on_screen(model);
            let of_chosen = groups::chosen(model).map(|group| group.topics.iter().take(FOOT - 3));
            let topics = of_chosen.into_iter().flatten().cloned().collect();
            Some(ClusterWanted { groups, topics, ..nothing() })
        }
        (View::Cluster, Page::Topics) => Some(ClusterWanted { topics: super::rows_on_screen(model).1, ..nothing() }),
        (View::Cluster, Page::Records(of)) => {
            Some(ClusterWanted { topics: vec![of.topic.clone()], records: Some(of.clone()), ..nothing() })
        }
        _ => None,
    }
}

/// The clusters that it can be of, where there are several.
pub(crate) fn clusters(model: &Model) -> Vec<String> {
    let all = &model.outlook.now.clusters;
    if all.len() > 1 { all.clone() } else { Vec::new() }
}

/// The selected record, whole; none on other pages.
pub(crate) fn opened_record(model: &Model) -> Option<TextSheet> {
    records::opened(model)
}

/// The line above: which cluster, and how much of it is shown.
pub(crate) fn head(model: &Model, pen: &mut Pen<'_>) -> usize {
    let outlook = &model.outlook;
    let cells = pen.width().saturating_sub(2);
    let parts = match (outlook.has_figures(), &outlook.link) {
        (true, _) => records::of(model).map_or_else(|| summary(model, cells), |of| records::summary(model, of)),
        (false, Link::Silent { why, .. }) => vec![why.clone()],
        (false, Link::Nothing) => vec!["Nothing runs here that uses Kafka, so no cluster is asked.".into()],
        (false, _) => vec!["asking".into()],
    };
    let filter = model.place.list().filter.as_ref().map_or_else(String::new, |filter| {
        let table = table(model);
        format!("/{} {} of {}", filter.text, table.shown(model.place.list()).len(), table.rows.len())
    });
    let taken = if filter.is_empty() { 0 } else { width(&filter) + 3 };
    let x = pen.text(1, 0, Tone::Text, &parts_that_fit(parts, cells.saturating_sub(taken)));
    pen.text(x + 3, 0, Tone::Bold, &filter);
    2
}

/// `kafka-1:9092   3 brokers   44 topics   60 groups, 7 with members or lag shown`; of several clusters the name in front.
fn summary(model: &Model, cells: usize) -> Vec<String> {
    let now = &model.outlook.now;
    let first = now.brokers.first().map_or("no broker", |broker| broker.address.as_str());
    let topics = now.topics.iter().filter(|topic| !topic.is_internal).count();
    let is_of_several = now.clusters.len() > 1;
    let which = match now.clusters.iter().position(|name| *name == now.name) {
        Some(place) if is_of_several => format!("{} {}/{}", now.name, place + 1, now.clusters.len()),
        _ => String::new(),
    };
    let all = numbers::several(now.groups.len(), "group");
    let groups = match (model.place.list().shows_all, groups::shown(model).count()) {
        _ if model.place.page != Page::Groups => all,
        (true, _) => format!("{all}, all shown"),
        (false, shown) if shown == now.groups.len() => all,
        (false, shown) if is_of_several || cells < WIDE - 2 => format!("{all}, {shown} shown"),
        (false, shown) => format!("{all}, {shown} with members or lag shown"),
    };
    let (brokers, topics) = (numbers::several(now.brokers.len(), "broker"), numbers::several(topics, "topic"));
    vec![which, first.into(), brokers, topics, groups]
}

/// Below the table: topics of the selected group, and the brokers.
pub(super) fn foot(model: &Model, pen: &mut Pen<'_>) {
    if records::of(model).is_some() {
        return records::foot(model, pen);
    }
    let brokers = pen.height().saturating_sub(1);
    if pen.height() == FOOT && model.place.page == Page::Groups {
        groups::topics(model, &mut pen.lines(0, FOOT - 2));
    }
    let broker = |broker: &tidegate_core::snapshot::BrokerSnapshot| {
        let role = if broker.is_controller { ", controller" } else { "" };
        format!("{} {}{role}", broker.id, broker.address)
    };
    let all: Vec<String> = model.outlook.now.brokers.iter().map(broker).collect();
    if !all.is_empty() {
        let answered = numbers::latency(model.outlook.now.answered_ms * 1000.0);
        let x = pen.text(1, brokers, Tone::Dim, "brokers") + 2;
        let end = pen.width().saturating_sub(1);
        let room = end.saturating_sub(x + width(&answered) + 1);
        pen.text(x, brokers, Tone::Text, &parts_that_fit(all, room));
        pen.right(end, brokers, Tone::Dim, &answered);
    }
}

/// One sentence: what is so with the selection.
pub(crate) fn sentence(model: &Model) -> String {
    match model.place.page {
        Page::Groups => groups::sentence(model),
        Page::Topics => topics::sentence(model),
        Page::Records(_) => records::sentence(model),
    }
}

/// How long a topic keeps records.
fn kept_cell(topic: &TopicSnapshot) -> Cell {
    match topic.keeps {
        None => Cell::new(UNKNOWN).value(f64::NAN),
        Some(Keeps::Always) => Cell::new("for ever").value(f64::INFINITY),
        Some(Keeps::NewestOfKey) => Cell::new("compact").value(f64::INFINITY),
        Some(Keeps::ForMs(ms)) => Cell::new(numbers::span_down(ms)).value(ms as f64),
    }
}

fn rate_cell(rate: Option<f64>) -> Cell {
    Cell::new(rate.map_or(UNKNOWN.into(), numbers::rate)).value(rate.unwrap_or(f64::NAN))
}
