//! A run of this process: started as `tidegate run` does, with parameters and clusters of the command line. Its clusters
//! can be asked before it runs.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tidegate_core::check::{CheckOptions, Checked, check};
use tidegate_core::cluster::ClusterWatch;
use tidegate_core::engine::{EndedBy, KeysAsked, Outcome, Run, RunHandle, RunOptions, StateQuery, Tap, TapOptions};
use tidegate_core::faces::drawing::Checker;
use tidegate_core::faces::host::{Cluster, Control, Host, RunValues, Running};
use tidegate_core::fields::Secret;
use tidegate_core::kafka::OWNED_PROPERTIES;
use tidegate_core::pipeline::Pipeline;
use tidegate_core::pipeline::params::variable;
use tidegate_core::plan::Drawn;
use tidegate_core::problem::{Blame, Fault};
use tidegate_core::snapshot::{ClusterSnapshot, ClusterWanted, Snapshot, StateSnapshot, TapSnapshot};

use super::RunArgs;
use super::cluster::OfRun;
use crate::common::clusters::{self, Clusters};
use crate::common::exit::Failure;
use crate::common::files::Parameters;
use crate::common::{secrets, start};

/// Checks with the parameters of the command line.
pub(crate) fn checker(parameters: Parameters) -> Checker {
    Arc::new(move |pipeline, given| {
        parameters
            .and(given)
            .with_sources(|sources| check(pipeline, &CheckOptions { sources, ..CheckOptions::new(OWNED_PROPERTIES) }))
    })
}

/// Starts runs in this process.
pub(crate) struct Local {
    shop: Arc<Shop>,
    faults: Faults,
}

/// What runs and their clusters are opened with.
struct Shop {
    args: RunArgs,
    check: Checker,
    /// has the secrets that were asked for
    known: Checked,
    /// those of the last run, while it lasts
    of_run: Mutex<Weak<Clusters>>,
}

/// What the last run failed of.
pub(crate) type Faults = Arc<Mutex<Vec<Fault>>>;

impl Local {
    /// Asks for secrets, where there still is a terminal to ask at.
    pub(crate) fn new(
        args: RunArgs,
        check: Checker,
        pipeline: &Pipeline,
        faults: Faults,
        may_ask: bool,
    ) -> Result<Local, Failure> {
        let mut known = check(pipeline, &[]);
        if may_ask {
            secrets::ask(&mut known, |_| true)?;
        }
        let shop = Shop { args, check, known, of_run: Mutex::default() };
        Ok(Local { shop: Arc::new(shop), faults })
    }

    fn try_start(&self, pipeline: &Pipeline, values: &RunValues) -> Result<LocalRun, Failure> {
        let Shop { args, of_run, .. } = &*self.shop;
        let mut checked = self.shop.checked(pipeline, values)?;
        let plan = Drawn::new(pipeline, &checked).plan(&[]);
        let clusters = Arc::new(self.shop.open(&mut checked, &clusters::used_by(&plan))?);
        *of_run.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&clusters);
        let options = RunOptions {
            from: args.from.map(start::From::to_engine),
            drain: Duration::from_millis(args.drain.to_ms()),
            ..RunOptions::new(pipeline, &checked, clusters.settings.clone())
        };
        let run = Run::start(plan, options)?;
        let handle = run.handle().clone();
        handle.watch()?;
        Ok(LocalRun {
            run: Some(run),
            handle,
            _clusters: clusters,
            is_new: true,
            taps: Vec::new(),
            faults: self.faults.clone(),
        })
    }
}

impl Host for Local {
    fn start(&self, pipeline: &Pipeline, values: &RunValues) -> Result<Box<dyn Running>, Fault> {
        match self.try_start(pipeline, values) {
            Ok(run) => Ok(Box::new(run)),
            Err(failure) => Err(failure.into_fault()),
        }
    }

    fn cluster(&self, pipeline: &Pipeline, name: &str) -> Option<Box<dyn Cluster>> {
        let checked = self.shop.checked(pipeline, &RunValues::default()).map_err(|failure| failure.message());
        Some(Box::new(OfDrawing { shop: self.shop.clone(), checked, name: name.to_string() }))
    }
}

impl Shop {
    /// A pipeline with the values that are given, and the secrets that are known.
    fn checked(&self, pipeline: &Pipeline, values: &RunValues) -> Result<Checked, Failure> {
        let mut checked = (self.check)(pipeline, &values.set);
        for (name, secret) in &values.secrets {
            checked.values.give_secret(name, secret.clone());
        }
        let missing: Vec<String> = checked.values.missing_secrets().map(str::to_string).collect();
        for name in missing {
            let asked = self.known.values.reveal(&Secret::new(format!("${{{name}}}")));
            let variable = variable(&name);
            let remedy = format!("set {variable}, or {variable}_FILE to a file that holds it");
            let without = |fault| Fault { message: format!("the secret `{name}` has no value: {remedy}"), ..fault };
            checked.values.give_secret(&name, asked.map_err(without)?);
        }
        Ok(checked)
    }

    fn open(&self, checked: &mut Checked, names: &BTreeSet<String>) -> Result<Clusters, Failure> {
        let folder = (!self.args.memory).then(|| self.args.folder.place());
        clusters::open(checked, names, self.args.brokers.as_deref(), &folder)
    }

    /// A cluster of a pipeline. That of a run whose broker is in its memory is the run's own.
    fn cluster(&self, checked: &mut Checked, name: &str) -> Result<Arc<Clusters>, Failure> {
        let of_run = self.of_run.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
        if let Some(clusters) = of_run.filter(|clusters| self.args.memory && clusters.settings.contains_key(name)) {
            return Ok(clusters);
        }
        if name != "default" && !checked.clusters.iter().any(|cluster| cluster.name == name) {
            return Err(Fault::user(format!("the pipeline has no cluster `{name}`")).into());
        }
        Ok(Arc::new(self.open(checked, &BTreeSet::from([name.to_string()]))?))
    }
}

/// A cluster that a drawing names. It is opened anew for each look: a broker of this machine must not be held for longer
/// than somebody asks.
struct OfDrawing {
    shop: Arc<Shop>,
    /// as it was drawn when it was asked for; or why that is not known
    checked: Result<Checked, String>,
    name: String,
}

impl Cluster for OfDrawing {
    fn look(&mut self, wanted: &ClusterWanted) -> Result<ClusterSnapshot, String> {
        let checked = self.checked.as_mut().map_err(|why| why.clone())?;
        let clusters = self.shop.cluster(checked, &self.name).map_err(|failure| failure.message())?;
        let settings = clusters.settings.get(&self.name).cloned().unwrap_or_default();
        let seen = ClusterWatch::open(&settings).and_then(|mut watch| watch.look(wanted));
        seen.map_err(|fault| fault.message)
    }
}

/// A run of this process.
struct LocalRun {
    run: Option<Run>,
    handle: RunHandle,
    /// held to the end: it may be the embedded broker
    _clusters: Arc<Clusters>,
    /// nobody has looked yet
    is_new: bool,
    /// looks at edges, by their ids
    taps: Vec<(String, Tap)>,
    faults: Faults,
}

impl LocalRun {
    /// Takes note of how it ended, and says so.
    fn end(&mut self, outcome: Outcome) -> String {
        let Outcome { ended_by, faults, .. } = outcome;
        let how = match (faults.first(), ended_by) {
            (Some(fault), _) => format!("Failed: {}.", fault.message),
            (None, EndedBy::Stop) => "Stopped.".into(),
            (None, _) => "Ended: its sources have ended.".into(),
        };
        let mut all = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        all.clear();
        all.extend(faults.into_iter().filter(|fault| fault.blame != Blame::Nobody));
        how
    }

    /// Opens looks at edges that are not looked at yet, and closes the others.
    fn look_at(&mut self, edges: &[String]) -> Result<(), Fault> {
        self.taps.retain(|(edge, _)| edges.contains(edge));
        let snapshot = self.handle.snapshot().edges;
        for edge in edges {
            if !self.taps.iter().any(|(known, _)| known == edge) {
                let every = super::every(edge, edges, &snapshot);
                let options = TapOptions { limit: super::TAP_ROWS, every };
                self.taps.push((edge.clone(), self.handle.tap(edge, options)?));
            }
        }
        Ok(())
    }
}

impl Running for LocalRun {
    fn snapshot(&mut self) -> Result<Snapshot, String> {
        let is_new = std::mem::replace(&mut self.is_new, false);
        Ok(if is_new { self.handle.first_snapshot() } else { self.handle.snapshot() })
    }

    fn ended(&mut self) -> Option<String> {
        let run = self.run.take_if(|run| run.is_over())?;
        let outcome = run.wait();
        Some(self.end(outcome))
    }

    fn tap(&mut self, edges: &[String]) -> Result<Vec<TapSnapshot>, String> {
        self.look_at(edges).map_err(|fault| fault.message)?;
        Ok(self.taps.iter().map(|(_, tap)| tap.take()).collect())
    }

    fn state(&mut self, node: &str) -> Result<StateSnapshot, String> {
        let query = StateQuery { keys: KeysAsked::All, windows: None, limit: super::STATE_ROWS };
        self.handle.state(node, &query).map_err(|fault| fault.message)
    }

    fn control(&mut self, control: Control) -> Result<(), String> {
        if self.handle.is_over() {
            return Err("The run is over".into());
        }
        match control {
            Control::Pause => self.handle.pause(),
            Control::Resume => self.handle.resume(),
            Control::Stop => self.handle.stop(),
        }
        Ok(())
    }

    fn cluster(&self) -> Option<Box<dyn Cluster>> {
        (!self.handle.clusters().is_empty()).then(|| Box::new(OfRun(self.handle.clone())) as Box<dyn Cluster>)
    }
}

impl Drop for LocalRun {
    fn drop(&mut self) {
        self.taps.clear();
        if let Some(run) = self.run.take() {
            run.stop();
            let outcome = run.wait();
            self.end(outcome);
        }
    }
}
