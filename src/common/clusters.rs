//! Clusters of Kafka that a command talks to: addresses from the command line or a pipeline file, `embedded` among them,
//! which is served for as long as the command lasts.

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tidegate_broker::{BrokerError, Embedded, default_folder};
use tidegate_core::check::{Checked, CheckedCluster};
use tidegate_core::engine::ClusterSettings;
use tidegate_core::kafka::{Admin, ClientSettings};
use tidegate_core::operators::Touches;
use tidegate_core::plan::Plan;
use tidegate_core::problem::{Fault, did_you_mean};

use super::exit::Failure;
use super::files::{Loaded, Parameters, WrongFile};
use super::secrets;

/// The address of the broker that needs no installing.
const EMBEDDED: &str = "embedded";

/// How long a question to a broker may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

/// The one cluster that a command talks to.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct BrokerArgs {
    /// Addresses of the cluster (`host:port`, with commas between), or `embedded` [default: TIDEGATE_BROKERS, or embedded]
    #[arg(long, global = true, value_name = "BROKERS", conflicts_with = "pipeline")]
    brokers: Option<String>,
    /// Take the cluster's address and client properties from this pipeline file
    #[arg(long, global = true, value_name = "FILE")]
    pipeline: Option<PathBuf>,
    /// Which of the file's clusters
    #[arg(long, global = true, value_name = "NAME", default_value = "default", requires = "pipeline")]
    cluster: String,
    #[command(flatten)]
    parameters: Parameters,
    #[command(flatten)]
    folder: FolderArgs,
}

/// Where the embedded broker keeps its records.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct FolderArgs {
    /// Data folder of the embedded broker [default: TIDEGATE_BROKER_DATA, or a folder of the user's]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// One cluster, reached.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// what clients are opened with
    pub(crate) settings: ClientSettings,
    _embedded: Option<Embedded>,
}

/// The clusters of a run.
#[derive(Debug)]
pub(crate) struct Clusters {
    /// what clients are opened with, by name
    pub(crate) settings: ClusterSettings,
    _embedded: Option<Embedded>,
}

impl BrokerArgs {
    /// Finds the cluster; serves the embedded broker, or connects to whoever does.
    ///
    /// # Errors
    /// A wrong file, a secret without a value, or a data folder that cannot be used.
    pub(crate) fn open(&self) -> Result<Cluster, Failure> {
        let Some(path) = &self.pipeline else {
            let mut embedded = None;
            let given =
                self.brokers.clone().or_else(|| env::var("TIDEGATE_BROKERS").ok().filter(|text| !text.is_empty()));
            let brokers = resolve(given.as_deref().unwrap_or(EMBEDDED), &Some(self.folder.place()), &mut embedded)?;
            return Ok(Cluster { settings: ClientSettings::new(brokers), _embedded: embedded });
        };
        let mut loaded = self.parameters.load(path)?;
        let names = || loaded.checked.clusters.iter().map(|cluster| cluster.name.as_str()).chain(["default"]);
        if !names().any(|name| name == self.cluster) {
            let remedy = match did_you_mean(&self.cluster, names()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("it has {}", names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
            };
            return Err(Failure::argument("--cluster", format!("the file has no cluster `{}`", self.cluster), remedy));
        }
        let mut clusters =
            open(&mut loaded.checked, &BTreeSet::from([self.cluster.clone()]), None, &Some(self.folder.place()))?;
        let settings = clusters.settings.remove(&self.cluster).unwrap_or_default();
        Ok(Cluster { settings, _embedded: clusters._embedded })
    }

    /// The same, told in parts.
    #[cfg(any(feature = "gui", feature = "tui"))]
    pub(crate) fn new(
        brokers: Option<String>,
        pipeline: Option<PathBuf>,
        cluster: &str,
        parameters: Parameters,
        folder: FolderArgs,
    ) -> BrokerArgs {
        BrokerArgs { brokers, pipeline, cluster: cluster.to_string(), parameters, folder }
    }

    /// A file, with the parameters given.
    ///
    /// # Errors
    /// It cannot be read, or must not run.
    pub(crate) fn load(&self, path: &Path) -> Result<Loaded, WrongFile> {
        self.parameters.load(path)
    }

    /// The same, with the cluster that a file says, unless the command line names another.
    pub(crate) fn of_file(self, path: &Path) -> BrokerArgs {
        match (&self.pipeline, self.brokers.is_some()) {
            (None, false) => BrokerArgs { pipeline: Some(path.into()), ..self },
            _ => self,
        }
    }

    /// The cluster with someone to ask.
    ///
    /// # Errors
    /// As [`BrokerArgs::open`]; a property that the client refuses.
    pub(crate) fn open_admin(&self) -> Result<(Cluster, Admin), Failure> {
        let cluster = self.open()?;
        let admin = cluster.admin()?;
        Ok((cluster, admin))
    }
}

impl Cluster {
    /// Someone to ask.
    ///
    /// # Errors
    /// A property that the client refuses.
    pub(crate) fn admin(&self) -> Result<Admin, Fault> {
        Admin::open(&self.settings, ANSWER_WITHIN)
    }
}

impl FolderArgs {
    /// The folder; where none is named, one of the user's.
    pub(crate) fn place(&self) -> PathBuf {
        self.data.clone().unwrap_or_else(default_folder)
    }
}

impl From<BrokerError> for Failure {
    fn from(error: BrokerError) -> Failure {
        Fault::outside(error.to_string()).remedy(error.remedy()).into()
    }
}

/// Opens the clusters of these names; `brokers` replaces the address of `default`, no folder keeps the embedded broker in
/// memory. A cluster without an address is `embedded`.
///
/// # Errors
/// A secret without a value, or a data folder that cannot be used.
pub(crate) fn open(
    checked: &mut Checked,
    names: &BTreeSet<String>,
    brokers: Option<&str>,
    folder: &Option<PathBuf>,
) -> Result<Clusters, Failure> {
    let declared = |name: &str| checked.clusters.iter().find(|cluster| cluster.name == name).cloned();
    let used: Vec<(String, Option<CheckedCluster>)> = names.iter().map(|name| (name.clone(), declared(name))).collect();
    let templates: Vec<String> = used
        .iter()
        .filter_map(|(_, cluster)| cluster.as_ref())
        .flat_map(|cluster| cluster.properties.0.iter().map(|(_, template)| template.expose().to_string()))
        .collect();
    secrets::ask(checked, |name| templates.iter().any(|template| template.contains(&format!("${{{name}}}"))))?;
    let mut clusters = Clusters { settings: ClusterSettings::new(), _embedded: None };
    for (name, cluster) in used {
        let given = brokers.filter(|_| name == "default").map(str::to_string);
        let address = given.or(cluster.as_ref().and_then(|cluster| cluster.brokers.clone()));
        let address = resolve(address.as_deref().unwrap_or(EMBEDDED), folder, &mut clusters._embedded)?;
        let mut settings = ClientSettings::new(address);
        for (property, template) in cluster.iter().flat_map(|cluster| cluster.properties.0.iter()) {
            let value = checked.values.reveal(template).map_err(|fault| Failure::of_argument(None, fault))?;
            settings = settings.with(property, value.expose());
        }
        clusters.settings.insert(name, settings);
    }
    Ok(clusters)
}

/// The clusters that a plan reads or writes.
pub(crate) fn used_by(plan: &Plan) -> BTreeSet<String> {
    let nodes = plan.nodes.iter().filter_map(|node| match node.shape.touches() {
        Touches::Reads(source) => Some(source.cluster),
        Touches::Writes(sink) => Some(sink.cluster),
        _ => None,
    });
    nodes.chain(plan.through.iter().map(|through| through.topic.cluster.clone())).collect()
}

fn resolve(brokers: &str, folder: &Option<PathBuf>, embedded: &mut Option<Embedded>) -> Result<String, Failure> {
    match brokers.trim() {
        EMBEDDED => {}
        "" => {
            let remedy = "write `host:port`, with commas between several, or `embedded`";
            return Err(Failure::argument("--brokers", "the address of the cluster is empty", remedy));
        }
        address => return Ok(address.to_string()),
    }
    let served = match embedded.take() {
        Some(served) => served,
        None => Embedded::open(folder.as_deref())?,
    };
    let address = served.bootstrap();
    *embedded = Some(served);
    Ok(address)
}
