//! What a face asks of the world: a run to look at, someone who starts one. Whoever opens it brings both; a face does not
//! know whether a run is in its process or behind a URL.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::drawing::{Checker, Drawing};
use crate::check::{CheckOptions, check};
use crate::fields::Secret;
use crate::operators::Operator;
use crate::pipeline::Pipeline;
use crate::problem::Fault;
use crate::snapshot::{ClusterSnapshot, ClusterWanted, Snapshot, StateSnapshot, TapSnapshot};

/// A run, as far as a face asks of it. All is asked from one thread, and may take its time; where an answer is a text, it is
/// a sentence without a stop at its end. Dropping it lets go of the run; one of this process stops.
pub trait Running: Send {
    /// What the meters say now; the first of them with samples of the past.
    ///
    /// # Errors
    /// Why it does not answer.
    fn snapshot(&mut self) -> Result<Snapshot, String>;

    /// How it ended, where it has.
    fn ended(&mut self) -> Option<String>;

    /// Records that passed these edges lately; they are looked at until others are asked for, or none.
    ///
    /// # Errors
    /// Why there are none.
    fn tap(&mut self, edges: &[String]) -> Result<Vec<TapSnapshot>, String>;

    /// What a node keeps, key by key; of windows, those that are open.
    ///
    /// # Errors
    /// Why that is not known.
    fn state(&mut self, node: &str) -> Result<StateSnapshot, String>;

    /// Pauses, resumes or stops it.
    ///
    /// # Errors
    /// Why it cannot.
    fn control(&mut self, control: Control) -> Result<(), String>;

    /// What is to be opened instead, where something else runs there now that it answers again.
    fn replaced(&mut self) -> Option<Opening> {
        None
    }

    /// The cluster that it reads and writes, where it does.
    fn cluster(&self) -> Option<Box<dyn Cluster>> {
        None
    }
}

/// A cluster, whoever uses it. It is asked from a thread of its own, and may take its time; an answer that is a text is a
/// sentence without a stop at its end.
pub trait Cluster: Send {
    /// What is wanted of it, as it is now. The first look may bring less than is wanted, so that it comes soon.
    ///
    /// # Errors
    /// Why it does not answer.
    fn look(&mut self, wanted: &ClusterWanted) -> Result<ClusterSnapshot, String>;
}

/// What can be done to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// sources rest
    Pause,
    /// sources go on
    Resume,
    /// it ends
    Stop,
}

/// Someone who starts runs.
pub trait Host: Send {
    /// Starts a run of a pipeline, with these values of its parameters before all that others say.
    ///
    /// # Errors
    /// What keeps it from starting.
    fn start(&self, pipeline: &Pipeline, values: &RunValues) -> Result<Box<dyn Running>, Fault>;

    /// A cluster of a pipeline by its name, whether or not it runs; what keeps it from being asked, its look says. This
    /// itself waits for nobody.
    fn cluster(&self, pipeline: &Pipeline, name: &str) -> Option<Box<dyn Cluster>> {
        let _ = (pipeline, name);
        None
    }
}

/// Values of parameters for a run. They are written nowhere.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunValues {
    /// names and values
    pub set: Vec<(String, String)>,
    /// of those that are secret
    pub secrets: Vec<(String, Secret)>,
}

/// What may be done here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rights {
    /// the pipeline may be changed
    pub may_build: bool,
    /// the run may be paused and stopped
    pub may_control: bool,
    /// the run is this process's own: leaving stops it
    pub owns_run: bool,
}

/// What is looked at.
pub struct Source {
    /// what it is called: the run, and where it runs
    pub name: String,
    /// as it is drawn
    pub pipeline: Pipeline,
    /// its file, where one is open
    pub path: Option<PathBuf>,
    /// what nodes can be
    pub operators: &'static [&'static Operator],
    /// checks what is drawn
    pub check: Checker,
    /// a run to look at, of this pipeline
    pub running: Option<Box<dyn Running>>,
    /// who starts runs, where that may be done
    pub host: Option<Box<dyn Host>>,
    /// a cluster to look at alone, without a run and a drawing
    pub cluster: Option<Box<dyn Cluster>>,
    /// start a run of the pipeline at once
    pub starts: bool,
    /// what may be done
    pub rights: Rights,
}

impl Source {
    /// Nothing: what is shown while something is being opened. It can neither be built nor run.
    pub fn nothing() -> Source {
        Source {
            name: String::new(),
            pipeline: Pipeline::new("untitled"),
            path: None,
            operators: &[],
            check: Arc::new(|pipeline, _| check(pipeline, &CheckOptions::new(&[]))),
            running: None,
            host: None,
            cluster: None,
            starts: false,
            rights: Rights::default(),
        }
    }
}

/// Someone who opens other pipelines and runs.
pub trait Opener: Send {
    /// What can be opened here.
    fn found(&self) -> Vec<Found>;

    /// Pipelines to begin from, those that show most first.
    fn gallery(&self) -> Vec<Sample>;

    /// Opens something; nothing of it runs yet.
    ///
    /// # Errors
    /// Why it cannot be opened.
    fn open(&self, opening: &Opening) -> Result<Source, String>;
}

impl<T: Opener + Sync + ?Sized> Opener for Arc<T> {
    fn found(&self) -> Vec<Found> {
        (**self).found()
    }

    fn gallery(&self) -> Vec<Sample> {
        (**self).gallery()
    }

    fn open(&self, opening: &Opening) -> Result<Source, String> {
        (**self).open(opening)
    }
}

/// A pipeline to begin from.
#[derive(Clone)]
pub struct Sample {
    /// it
    pub opening: Opening,
    /// what it shows, in a sentence
    pub sentence: String,
    /// as it is drawn
    pub drawing: Drawing,
}

/// What is opened in place of what is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening {
    /// a file that is there
    File(PathBuf),
    /// an empty drawing, to be saved there
    New(Option<PathBuf>),
    /// a run, by its address
    Run(String),
    /// a cluster alone, by its brokers
    Cluster(String),
    /// a pipeline of the gallery, by its name, as a drawing without a file
    Sample(String),
}

/// Something that can be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// it
    pub opening: Opening,
    /// what it is called
    pub name: String,
    /// what it is, in a sentence
    pub sentence: String,
}

/// What has been opened in place of what was shown, but for who runs it.
#[derive(Clone)]
pub struct Opened {
    /// what it is called
    pub name: String,
    /// as it is drawn
    pub pipeline: Pipeline,
    /// its file, where one is open
    pub path: Option<PathBuf>,
    /// what nodes can be
    pub operators: &'static [&'static Operator],
    /// checks what is drawn
    pub check: Checker,
    /// what may be done
    pub rights: Rights,
    /// start a run of it at once
    pub starts: bool,
    /// it is a cluster alone
    pub is_of_cluster: bool,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("name", &self.name).finish_non_exhaustive()
    }
}
