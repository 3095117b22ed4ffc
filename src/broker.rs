//! `tidegate broker`: the embedded broker alone, for as long as it is wanted.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use serde_json::json;
use tidegate_broker::{Broker, BrokerOptions};

use crate::common::clusters::FolderArgs;
use crate::common::exit::{Exit, Failure};
use crate::common::signals;
use crate::common::voice::Voice;

/// Serve the embedded broker alone.
///
/// A signal ends it. It speaks Kafka's protocol to this machine only. While it serves the default folder, every command that says `embedded`
/// uses it. Production is Kafka itself.
///
/// With --json one JSON object: the address.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Loopback address to listen on; port 0 takes any free port
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9092")]
    listen: SocketAddr,
    #[command(flatten)]
    folder: FolderArgs,
    /// Keep everything in memory
    #[arg(long, conflicts_with = "data")]
    memory: bool,
}

/// Serves.
pub(crate) fn run(args: &Args, voice: Voice) -> Result<Exit, Failure> {
    let is_stopped = signals::stop_flag()?;
    let data = (!args.memory).then(|| args.folder.place());
    let broker = Broker::start(BrokerOptions { listen: args.listen, data: data.clone() })?;
    let address = broker.address();
    if voice.is_json() {
        writeln!(io::stdout(), "{}", json!({ "address": address, "data": data }))?;
    } else {
        let place = data.map_or("in memory".into(), |data| format!("data in {}", data.display()));
        writeln!(io::stdout(), "serving {address}, {place}; Ctrl-C ends it")?;
    }
    while !is_stopped.load(Ordering::Acquire) {
        thread::sleep(Duration::from_millis(50));
    }
    broker.stop();
    Ok(Exit::Good)
}
