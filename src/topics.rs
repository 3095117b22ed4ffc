//! `tidegate topics`: what topics there are, and making and deleting them.

use std::io::{self, Write};

use serde_json::json;
use tidegate_core::kafka::TopicInfo;
use tidegate_core::problem::Fault;

use crate::common::clusters::BrokerArgs;
use crate::common::exit::{Exit, Failure};
use crate::common::files::name_and_value;
use crate::common::reading::partitions_of;
use crate::common::table::{Head, Table};

/// List, create, show and delete topics.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    order: Option<Order>,
    /// List Kafka's own topics too
    #[arg(long)]
    internal: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
struct Common {
    #[command(flatten)]
    brokers: BrokerArgs,
    /// A JSON object per line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Order {
    /// Create a topic
    Create {
        /// Its name
        name: String,
        /// Number of partitions
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(i32).range(1..))]
        partitions: i32,
        /// Number of replicas of each [default: the broker's]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
        replication: Option<i32>,
        /// A setting of the topic, as `retention.ms=3600000`
        #[arg(long, value_name = "NAME=VALUE", value_parser = name_and_value)]
        config: Vec<(String, String)>,
        #[command(flatten)]
        common: Common,
    },
    /// Show the partitions of a topic: oldest and next offset
    Show {
        /// Its name
        name: String,
        #[command(flatten)]
        common: Common,
    },
    /// Delete a topic, with all its records
    Delete {
        /// Its name
        name: String,
        #[command(flatten)]
        common: Common,
    },
}

/// Does what is asked.
pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    match &args.order {
        None => list(args),
        Some(Order::Create { name, partitions, replication, config, common }) => {
            let (_cluster, admin) = common.brokers.open_admin()?;
            let is_new = admin.create_topic(name, *partitions, replication.unwrap_or(-1), config)?;
            if !is_new {
                return Err(Fault::user(format!("there is a topic `{name}` already")).into());
            }
            tell(common, "created", name)
        }
        Some(Order::Show { name, common }) => show(name, common),
        Some(Order::Delete { name, common }) => {
            let (_cluster, admin) = common.brokers.open_admin()?;
            partitions_of(&admin, name)?;
            admin.delete_topic(name)?;
            tell(common, "deleted", name)
        }
    }
}

fn tell(common: &Common, what: &str, name: &str) -> Result<Exit, Failure> {
    match common.json {
        true => writeln!(io::stdout(), "{}", json!({ "topic": name, "done": what }))?,
        false => writeln!(io::stdout(), "{what} {name}")?,
    }
    Ok(Exit::Good)
}

fn list(args: &Args) -> Result<Exit, Failure> {
    let (_cluster, admin) = args.common.brokers.open_admin()?;
    let topics: Vec<TopicInfo> =
        admin.topics()?.into_iter().filter(|topic| args.internal || !topic.is_internal).collect();
    if args.common.json {
        for topic in &topics {
            let line = json!({ "topic": topic.name, "partitions": topic.partitions, "is_internal": topic.is_internal });
            writeln!(io::stdout(), "{line}")?;
        }
        return Ok(Exit::Good);
    }
    if topics.is_empty() {
        eprintln!("no topics");
    } else {
        let mut table = Table::new([Head::Left("topic"), Head::Right("partitions")]);
        topics.into_iter().for_each(|topic| table.row([topic.name, topic.partitions.to_string()]));
        table.print(0)?;
    }
    Ok(Exit::Good)
}

fn show(name: &str, common: &Common) -> Result<Exit, Failure> {
    let (_cluster, admin) = common.brokers.open_admin()?;
    let heads = [Head::Right("partition"), Head::Right("oldest"), Head::Right("next"), Head::Right("records")];
    let mut table = Table::new(heads);
    for at in partitions_of(&admin, name)? {
        let marks = admin.watermarks(&at)?;
        let records = marks.high - marks.low;
        if common.json {
            let line = json!({
                "topic": name, "partition": at.partition, "low": marks.low, "high": marks.high, "records": records,
            });
            writeln!(io::stdout(), "{line}")?;
        }
        table.row([at.partition.to_string(), marks.low.to_string(), marks.high.to_string(), records.to_string()]);
    }
    if !common.json {
        table.print(0)?;
    }
    Ok(Exit::Good)
}
