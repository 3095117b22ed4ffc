//! What a dashboard is opened on: a pipeline, who checks it, a run of it or who starts one.

use std::fmt;
use std::path::PathBuf;

use tidegate_core::operators::Operator;
use tidegate_core::pipeline::Pipeline;

use super::Rights;
use super::drawing::Checker;
use crate::host::{Host, Running};

/// What has been opened in place of what was shown, but for who runs it.
#[derive(Clone)]
pub(crate) struct Opened {
    pub(crate) name: String,
    pub(crate) pipeline: Pipeline,
    pub(crate) path: Option<PathBuf>,
    pub(crate) operators: &'static [&'static Operator],
    pub(crate) check: Checker,
    pub(crate) rights: Rights,
    pub(crate) starts: bool,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("name", &self.name).finish_non_exhaustive()
    }
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
    /// start a run of the pipeline at once
    pub starts: bool,
    /// what may be done
    pub rights: Rights,
}
