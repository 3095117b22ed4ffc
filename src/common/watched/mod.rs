//! Runs that a face shows: started here as `tidegate run` does, or elsewhere, over HTTP. Both faces open files and runs
//! alike.

mod cluster;
mod gallery;
pub(crate) mod local;
pub(crate) mod opener;
pub(crate) mod remote;

use std::path::{Path, PathBuf};

use tidegate_core::faces::host::{Rights, Source};
use tidegate_core::fields::DurationText;
use tidegate_core::operators;
use tidegate_core::pipeline::Pipeline;
use tidegate_core::snapshot::EdgeSnapshot;

use super::clusters::{BrokerArgs, FolderArgs};
use super::exit::Failure;
use super::files::{self, Parameters, WrongFile};
use super::start;
use cluster::Alone;
use local::{Faults, Local};
use remote::{Address, RemoteRun};

/// How runs are started.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct RunArgs {
    /// Addresses of cluster `default`, in place of the file's: `host:port`, with commas between, or `embedded`
    #[arg(long, value_name = "BROKERS")]
    pub(crate) brokers: Option<String>,
    #[command(flatten)]
    pub(crate) parameters: Parameters,
    /// Where to read from, whatever is committed
    #[arg(long, value_name = start::WORDS, value_parser = start::parse, allow_negative_numbers = true)]
    from: Option<start::From>,
    /// How long queues may run empty after a stop
    #[arg(long, value_name = "TIME", default_value = "5s")]
    drain: DurationText,
    #[command(flatten)]
    folder: FolderArgs,
    /// Keep the embedded broker's records in memory, of this run alone
    #[arg(long, conflicts_with = "data")]
    memory: bool,
}

/// How runs elsewhere are watched.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct AttachArgs {
    /// Allow to pause, resume and stop a run elsewhere
    #[arg(long)]
    write: bool,
    /// Certificates to trust at an https address, as a PEM file [default: SSL_CERT_FILE, or the system's]
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
}

/// What a face shows, and what may be done there.
#[derive(Debug, Clone)]
pub(crate) struct How {
    pub(crate) run: RunArgs,
    /// runs are started at once
    pub(crate) starts: bool,
    /// runs elsewhere
    pub(crate) attach: AttachArgs,
}

impl RunArgs {
    /// The cluster that a file says, or the one that is named.
    pub(crate) fn of_file(&self, file: Option<PathBuf>, cluster: &str) -> BrokerArgs {
        BrokerArgs::new(self.brokers.clone(), file, cluster, self.parameters.clone(), self.folder.clone())
    }

    /// The cluster at these addresses.
    pub(crate) fn of_brokers(&self, brokers: &str) -> BrokerArgs {
        RunArgs { brokers: Some(brokers.to_string()), ..self.clone() }.of_file(None, "default")
    }
}

impl How {
    /// A cluster alone.
    ///
    /// # Errors
    /// A wrong file, or a property that the client refuses.
    pub(crate) fn cluster(&self, of: BrokerArgs) -> Result<Source, Failure> {
        let cluster = of.open()?;
        Ok(Source {
            name: cluster.settings.brokers.clone(),
            pipeline: Pipeline::new("cluster"),
            path: None,
            operators: operators::ALL,
            check: local::checker(Parameters::default()),
            running: None,
            host: None,
            cluster: Some(Box::new(Alone::new(cluster)?)),
            starts: false,
            rights: Rights::default(),
        })
    }

    /// A run elsewhere.
    ///
    /// # Errors
    /// Nobody answers there.
    pub(crate) fn elsewhere(&self, address: Address) -> Result<Source, Failure> {
        let pipeline = address.pipeline()?;
        let name = format!("{}@{}", pipeline.name, address.host);
        let running = RemoteRun::new(address, &pipeline);
        Ok(Source {
            name,
            pipeline,
            path: None,
            operators: operators::ALL,
            check: local::checker(Parameters::default()),
            running: Some(Box::new(running)),
            host: None,
            cluster: None,
            starts: false,
            rights: Rights { may_build: false, may_control: self.attach.write, owns_run: false },
        })
    }

    /// A file, and who runs it here. Secrets are asked for only while there is a terminal to ask at.
    ///
    /// # Errors
    /// It cannot be read, is no pipeline, or lacks a secret.
    pub(crate) fn here(&self, file: Option<PathBuf>, faults: &Faults, may_ask: bool) -> Result<Source, Failure> {
        let (pipeline, is_good) = open(file.as_deref(), &self.run.parameters)?;
        let starts = is_good && self.starts && !pipeline.nodes.is_empty();
        Ok(Source { path: file, starts, ..self.source(pipeline, faults, may_ask)? })
    }

    /// A drawing without a file, and who runs it here.
    ///
    /// # Errors
    /// It lacks a secret.
    pub(crate) fn drawn(&self, pipeline: Pipeline, faults: &Faults) -> Result<Source, Failure> {
        self.source(pipeline, faults, false)
    }

    fn source(&self, pipeline: Pipeline, faults: &Faults, may_ask: bool) -> Result<Source, Failure> {
        let check = local::checker(self.run.parameters.clone());
        let host = Local::new(self.run.clone(), check.clone(), &pipeline, faults.clone(), may_ask)?;
        Ok(Source {
            name: format!("{}@{}", pipeline.name, host_name()),
            pipeline,
            path: None,
            operators: operators::ALL,
            check,
            running: None,
            host: Some(Box::new(host)),
            cluster: None,
            starts: false,
            rights: Rights { may_build: true, may_control: true, owns_run: true },
        })
    }
}

fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Records of an edge that are shown each time somebody looks.
const TAP_ROWS: usize = 10;
/// Keys that are shown of what a node keeps.
const STATE_ROWS: usize = 1_000;

/// Which records of an edge are shown, one in so many, so that about ten pass in a second: the same on edges between which
/// most records stay, so that they are seen before and after a node; on one with few of them, by its own rate.
fn every(edge: &str, edges: &[String], snapshot: &[EdgeSnapshot]) -> u64 {
    const FEW: f64 = 0.1;
    let rate = |id: &str| snapshot.iter().find(|known| known.id == id).map_or(0.0, |known| known.records);
    let busiest = edges.iter().map(|edge| rate(edge)).fold(0.0, f64::max);
    let rate = if rate(edge) < busiest * FEW { rate(edge) } else { busiest };
    (rate / TAP_ROWS as f64).max(1.0) as u64
}

/// The file as it is drawn, and whether it may run. One with problems is shown with them; one that is not there is new.
fn open(path: Option<&Path>, parameters: &Parameters) -> Result<(Pipeline, bool), Failure> {
    let Some(path) = path else { return Ok((Pipeline::new("untitled"), false)) };
    if !files::is_stdin(path) && !path.exists() {
        return Ok((Pipeline::new(name_of(path)), false));
    }
    let text = files::read(path)?;
    let (found, problems) = parameters.check(&text);
    match found {
        Some((pipeline, _)) => Ok((pipeline, files::is_good(&problems))),
        None => Err(WrongFile { path: path.into(), text, problems }.into()),
    }
}

/// What a new pipeline is called: the name of its file.
fn name_of(path: &Path) -> String {
    path.file_stem().map_or_else(|| "untitled".into(), |stem| stem.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_thinned_alike_before_and_after_a_node() {
        let edge = |id: &str, records: f64| EdgeSnapshot { id: id.into(), records, ..EdgeSnapshot::default() };
        let snapshot = [edge("a", 40_000.0), edge("b", 32_000.0), edge("c", 35.0), edge("d", 0.0)];
        let edges = ["a", "b", "c", "d", "unknown"].map(String::from);
        for (id, expected) in [("a", 4_000), ("b", 4_000), ("c", 3), ("d", 1), ("unknown", 1)] {
            assert_eq!(every(id, &edges, &snapshot), expected, "{id}");
        }
        assert_eq!(every("c", &edges[2..3], &snapshot), 3);
    }
}
