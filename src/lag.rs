//! `tidegate lag`: how far a group is behind, partition by partition.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;

use clap::builder::NonEmptyStringValueParser;
use serde_json::json;
use tidegate_core::check::CheckedNode;
use tidegate_core::kafka::{Admin, GroupInfo, TopicPartition, Watermarks};
use tidegate_core::operators::{Topics, Touches};
use tidegate_core::problem::Fault;

use crate::common::clusters::BrokerArgs;
use crate::common::exit::{Exit, Failure};
use crate::common::table::{Head, Table};
use crate::common::voice::Voice;

/// Show how far a consumer group is behind.
///
/// For each partition: the oldest and the next offset, what is committed, and the records between. Named by a pipeline file, the group is its application id, on the file's cluster `default`, and partitions of which
/// nothing is committed yet are shown too.
///
/// With --json a JSON object per partition.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A group, or a pipeline file
    #[arg(value_name = "GROUP|FILE", value_parser = NonEmptyStringValueParser::new())]
    group: String,
    #[command(flatten)]
    brokers: BrokerArgs,
}

/// A partition and how far the group is with it.
struct Row {
    at: TopicPartition,
    marks: Watermarks,
    committed: Option<i64>,
    owner: Option<String>,
}

impl Row {
    /// Records behind what is committed; what retention has deleted is not waited for.
    fn lag(&self) -> i64 {
        (self.marks.high - self.committed.unwrap_or(self.marks.low).max(self.marks.low)).max(0)
    }
}

/// Shows the lag.
pub(crate) fn run(args: &Args, voice: Voice) -> Result<Exit, Failure> {
    let is_file = args.group.contains('/') || args.group.ends_with(".json");
    let (group, named, brokers) = match is_file {
        true => of_file(args)?,
        false => (args.group.clone(), Vec::new(), args.brokers.clone()),
    };
    let (_cluster, admin) = brokers.open_admin()?;
    let info = admin.group(&group)?;
    let rows = rows(&admin, &group, &named, &info)?;
    if rows.is_empty() {
        let fault = Fault::user(format!("the group `{group}` has committed nothing"));
        return Err(fault.remedy("`application_id` of a pipeline is its group, its name where there is none").into());
    }
    match voice.is_json() {
        true => print_json(&group, &rows)?,
        false => print_table(&group, &info, &rows)?,
    }
    Ok(Exit::Good)
}

/// Group, topics and cluster of a pipeline file.
fn of_file(args: &Args) -> Result<(String, Vec<String>, BrokerArgs), Failure> {
    let path = Path::new(&args.group);
    let loaded = args.brokers.load(path)?;
    let reads = |node: &CheckedNode| match node.shape.as_ref()?.touches() {
        Touches::Reads(source) if source.cluster == "default" => Some(source.topics),
        _ => None,
    };
    let topics = loaded.checked.nodes.iter().filter(|node| node.is_active).filter_map(reads);
    let named = topics.flat_map(|topics| match topics {
        Topics::Named(names) => names,
        Topics::Matching(_) => Vec::new(),
    });
    let named: BTreeSet<String> = named.collect();
    Ok((loaded.checked.settings.application_id, named.into_iter().collect(), args.brokers.clone().of_file(path)))
}

fn rows(admin: &Admin, group: &str, named: &[String], info: &GroupInfo) -> Result<Vec<Row>, Fault> {
    let mut all: BTreeMap<TopicPartition, Option<i64>> = BTreeMap::new();
    for topic in named {
        for partition in 0..admin.partitions(topic)?.unwrap_or(0) {
            all.insert(TopicPartition::new(topic.as_str(), partition), None);
        }
    }
    all.extend(admin.group_offsets(group)?.into_iter().map(|offset| (offset.at, Some(offset.next))));
    let owner = |at: &TopicPartition| {
        info.members.iter().find(|member| member.partitions.contains(at)).map(|member| member.client_id.clone())
    };
    let mut rows = Vec::with_capacity(all.len());
    for (at, committed) in all {
        // A topic that was deleted leaves its offsets behind.
        if admin.partitions(&at.topic)?.is_some_and(|count| at.partition < count) {
            rows.push(Row { marks: admin.watermarks(&at)?, owner: owner(&at), at, committed });
        }
    }
    Ok(rows)
}

fn print_json(group: &str, rows: &[Row]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for row in rows {
        let line = json!({
            "group": group, "topic": &*row.at.topic, "partition": row.at.partition, "low": row.marks.low,
            "high": row.marks.high, "committed": row.committed, "lag": row.lag(), "owner": row.owner,
        });
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn print_table(group: &str, info: &GroupInfo, rows: &[Row]) -> io::Result<()> {
    let members = match info.members.len() {
        0 => "nobody reads".to_string(),
        1 => "1 member".to_string(),
        count => format!("{count} members"),
    };
    let sum: i64 = rows.iter().map(Row::lag).sum();
    writeln!(io::stdout(), "group {group}: {}, {members}, {sum} behind", info.state.to_lowercase())?;
    let mut table = Table::new([
        Head::Left("topic"),
        Head::Right("partition"),
        Head::Right("oldest"),
        Head::Right("next"),
        Head::Right("committed"),
        Head::Right("lag"),
        Head::Left("owner"),
    ]);
    for row in rows {
        table.row([
            row.at.topic.to_string(),
            row.at.partition.to_string(),
            row.marks.low.to_string(),
            row.marks.high.to_string(),
            row.committed.map_or("-".into(), |offset| offset.to_string()),
            row.lag().to_string(),
            row.owner.clone().unwrap_or_else(|| "-".into()),
        ]);
    }
    table.print(0)
}
