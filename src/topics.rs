//! `tidegate topics`: what topics there are, and making and deleting them.

use std::io::{self, Write};

use serde_json::json;
use tidegate_core::kafka::Admin;
use tidegate_core::problem::Fault;

use crate::common::clusters::BrokerArgs;
use crate::common::exit::{Exit, Failure};
use crate::common::files::name_and_value;
use crate::common::reading::partitions_of;
use crate::common::table::{Head, Table};
use crate::common::voice::Voice;

/// List, create, grow, show and delete topics.
///
/// With --json a JSON object a line.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    order: Option<Order>,
    #[command(flatten)]
    brokers: BrokerArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Order {
    /// List the topics; this is what happens anyway
    List {
        /// Kafka's own topics too
        #[arg(long)]
        internal: bool,
    },
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
    },
    /// Give a topic more partitions: records of a key may then come to another one than those before
    Grow {
        /// Its name
        name: String,
        /// Number of partitions in all
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
        partitions: i32,
    },
    /// Show the partitions of a topic: oldest and next offset
    Show {
        /// Its name
        name: String,
    },
    /// Delete a topic, with all its records
    Delete {
        /// Its name
        name: String,
    },
}

/// Does what is asked.
pub(crate) fn run(args: &Args, voice: Voice) -> Result<Exit, Failure> {
    let (_cluster, admin) = args.brokers.open_admin()?;
    let is_json = voice.is_json();
    match &args.order {
        None => list(&admin, false, is_json)?,
        Some(Order::List { internal }) => list(&admin, *internal, is_json)?,
        Some(Order::Create { name, partitions, replication, config }) => {
            if !admin.create_topic(name, *partitions, replication.unwrap_or(-1), config)? {
                let fault = Fault::user(format!("there is a topic `{name}` already"));
                return Err(fault
                    .remedy(format!("take another name, or `tidegate topics delete {name}` first"))
                    .into());
            }
            tell("created", name, is_json)?;
        }
        Some(Order::Grow { name, partitions }) => {
            let before = partitions_of(&admin, name)?.len();
            if before >= usize::try_from(*partitions).unwrap_or(0) {
                let fault = Fault::user(format!("topic `{name}` has {before} partitions already"));
                return Err(fault.remedy("a topic never loses any: ask for more").into());
            }
            admin.add_partitions(name, *partitions)?;
            tell("grown", name, is_json)?;
        }
        Some(Order::Show { name }) => show(&admin, name, is_json)?,
        Some(Order::Delete { name }) => {
            partitions_of(&admin, name)?;
            admin.delete_topic(name)?;
            tell("deleted", name, is_json)?;
        }
    }
    Ok(Exit::Good)
}

fn tell(what: &str, name: &str, is_json: bool) -> Result<(), Failure> {
    match is_json {
        true => writeln!(io::stdout(), "{}", json!({ "topic": name, "done": what }))?,
        false => writeln!(io::stdout(), "{what} {name}")?,
    }
    Ok(())
}

fn list(admin: &Admin, internal: bool, is_json: bool) -> Result<(), Failure> {
    let topics = admin.topics()?.into_iter().filter(|topic| internal || !topic.is_internal);
    let mut table = Table::new([Head::Left("topic"), Head::Right("partitions")]);
    let mut count = 0;
    for topic in topics {
        count += 1;
        if is_json {
            let line = json!({ "topic": topic.name, "partitions": topic.partitions, "is_internal": topic.is_internal });
            writeln!(io::stdout(), "{line}")?;
        }
        table.row([topic.name, topic.partitions.to_string()]);
    }
    match count {
        _ if is_json => {}
        0 => eprintln!("no topics"),
        _ => table.print(0)?,
    }
    Ok(())
}

fn show(admin: &Admin, name: &str, is_json: bool) -> Result<(), Failure> {
    let heads = [Head::Right("partition"), Head::Right("oldest"), Head::Right("next"), Head::Right("records")];
    let mut table = Table::new(heads);
    for at in partitions_of(admin, name)? {
        let marks = admin.watermarks(&at)?;
        let records = marks.high - marks.low;
        if is_json {
            let line = json!({
                "topic": name, "partition": at.partition, "low": marks.low, "high": marks.high, "records": records,
            });
            writeln!(io::stdout(), "{line}")?;
        }
        table.row([at.partition.to_string(), marks.low.to_string(), marks.high.to_string(), records.to_string()]);
    }
    if !is_json {
        table.print(0)?;
    }
    Ok(())
}
