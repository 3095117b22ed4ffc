//! What a face can open in place of what it shows: files of the folder and of the gallery, those that were opened lately,
//! runs of this machine.

use std::path::{Path, PathBuf};
use std::{env, fs};

use tidegate_core::faces::host::{Found, Opener, Opening, Sample, Source};
use tidegate_core::faces::recent::{note_recent, recent};
use tidegate_core::pipeline::Pipeline;
use tidegate_core::problem::Fault;

use super::How;
use super::gallery;
use super::local::{self, Faults};
use super::remote::Address;
use crate::common::exit::Failure;

/// Where pipelines are looked for.
const FOLDERS: [&str; 2] = [".", "pipelines"];
/// Where a run of this machine is looked for, as the help of `run --listen` has it.
const LOCAL_RUN: &str = "http://127.0.0.1:7070";

/// Opens as the command line does, with its arguments.
pub(crate) struct Door {
    pub(crate) how: How,
    pub(crate) faults: Faults,
    /// files that are opened are remembered in this folder, and found again; for a face that does not do that by itself
    pub(crate) state: Option<PathBuf>,
}

impl Opener for Door {
    fn found(&self) -> Vec<Found> {
        let running = self.address(LOCAL_RUN).ok().and_then(|address| address.pipeline().ok()).map(|pipeline| Found {
            opening: Opening::Run(LOCAL_RUN.into()),
            name: LOCAL_RUN.into(),
            sentence: format!("A run of {}.", pipeline.name),
        });
        let here: Vec<Found> = FOLDERS.iter().flat_map(|folder| files(Path::new(folder))).collect();
        let lately = self.lately().into_iter().filter(|it| here.iter().all(|known| known.opening != it.opening));
        running.into_iter().chain(lately).chain(here.iter().cloned()).collect()
    }

    fn gallery(&self) -> Vec<Sample> {
        gallery::samples(&local::checker(self.how.run.parameters.clone()))
    }

    fn open(&self, opening: &Opening) -> Result<Source, String> {
        let opened = match opening {
            Opening::Cluster(brokers) => self.how.cluster(self.how.run.of_brokers(brokers)),
            Opening::Run(url) => self.address(url).and_then(|address| self.how.elsewhere(address)),
            Opening::New(Some(path)) if path.exists() => return Err(format!("{} is there already", path.display())),
            Opening::New(path) => self.how.here(path.clone(), &self.faults, false),
            Opening::Sample(name) => match gallery::pipeline(name) {
                Some(pipeline) => self.how.drawn(pipeline, &self.faults),
                None => return Err(format!("the gallery has no pipeline `{name}`")),
            },
            Opening::File(path) if !path.exists() => {
                return Err(format!("there is no file {}; :new makes one", path.display()));
            }
            Opening::File(path) => {
                self.note(path);
                self.how.here(Some(path.clone()), &self.faults, false)
            }
        };
        opened.map_err(|failure| failure.message())
    }
}

impl Door {
    /// Remembers a file that is opened.
    pub(crate) fn note(&self, file: &Path) {
        if let Some(Err(why)) = self.state.as_ref().map(|state| note_recent(state, file)) {
            tracing::warn!("what was opened is not remembered: {why}");
        }
    }

    /// Files that were opened lately and are still there, those below the current folder by their names in it.
    fn lately(&self) -> Vec<Found> {
        let Some(state) = &self.state else { return Vec::new() };
        let files = recent(state).unwrap_or_else(|why| {
            tracing::warn!("{why}");
            Vec::new()
        });
        let here = env::current_dir().unwrap_or_default();
        files.iter().filter_map(|path| found(path.strip_prefix(&here).unwrap_or(path))).collect()
    }

    fn address(&self, url: &str) -> Result<Address, Failure> {
        let none = || Err(Fault::user(format!("`{url}` is no address of a run")));
        Ok(Address::of_url(url, self.how.attach.ca.as_deref()).unwrap_or_else(none)?)
    }
}

/// Pipelines of a folder, by name.
fn files(folder: &Path) -> Vec<Found> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    paths.iter().filter_map(|path| found(path)).collect()
}

/// A file, where it is a pipeline.
fn found(path: &Path) -> Option<Found> {
    let pipeline = Pipeline::parse(&fs::read_to_string(path).ok()?).0?;
    let path = path.strip_prefix(".").unwrap_or(path).to_path_buf();
    Some(Found {
        name: path.display().to_string(),
        sentence: first_sentence(&pipeline.description),
        opening: Opening::File(path),
    })
}

pub(super) fn first_sentence(text: &str) -> String {
    text.split_once(". ").map_or(text, |(first, _)| first).trim_end_matches('.').to_string() + "."
}
