//! Files of the command line: pipelines, read and checked with the parameters that the command line and the environment
//! give; `-` is standard input.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::{env, fs};

use tidegate_core::check::{CheckOptions, Checked, check_text};
use tidegate_core::kafka::OWNED_PROPERTIES;
use tidegate_core::operators;
use tidegate_core::pipeline::Pipeline;
use tidegate_core::pipeline::params::Sources;
use tidegate_core::problem::{Place, Problem, Severity, did_you_mean};

use super::problems;
use super::voice::Voice;

/// Values of a file's parameters. Others come from the environment as `TIDEGATE_<NAME>`, secrets also from the file that
/// `TIDEGATE_<NAME>_FILE` names.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Parameters {
    /// Value of a parameter of the file. Secrets come from TIDEGATE_<NAME>, TIDEGATE_<NAME>_FILE or a prompt
    #[arg(long = "set", global = true, value_name = "NAME=VALUE", value_parser = name_and_value)]
    set: Vec<(String, String)>,
}

/// A pipeline that may run.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// the drawn graph
    pub(crate) pipeline: Pipeline,
    /// all that is known of it
    pub(crate) checked: Checked,
    /// warnings and notes
    pub(crate) problems: Vec<Problem>,
    /// the file's text
    pub(crate) text: String,
}

/// A file that cannot be used.
#[derive(Debug)]
pub(crate) struct WrongFile {
    /// as the command line names it
    pub(crate) path: PathBuf,
    /// as much of its text as could be read
    pub(crate) text: String,
    /// what is wrong
    pub(crate) problems: Vec<Problem>,
}

/// What a check of a file gives.
pub(crate) type Found = (Option<(Pipeline, Checked)>, Vec<Problem>);

impl Parameters {
    /// Checks the text of a file.
    pub(crate) fn check(&self, text: &str) -> Found {
        self.with_sources(|sources| {
            let options = CheckOptions { sources, operators: operators::ALL, owned_properties: OWNED_PROPERTIES };
            check_text(text, &options)
        })
    }

    /// With more values, which come before those of the command line.
    #[cfg(any(feature = "gui", feature = "tui"))]
    pub(crate) fn and(&self, more: &[(String, String)]) -> Parameters {
        Parameters { set: self.set.iter().chain(more).cloned().collect() }
    }

    /// Does something with where values come from.
    pub(crate) fn with_sources<T>(&self, work: impl FnOnce(Sources<'_>) -> T) -> T {
        let file = |path: &str| fs::read_to_string(path).map_err(|why| why.to_string());
        work(Sources { set: &self.set, environment: &|name| env::var(name).ok(), file: &file })
    }

    /// Reads a file and checks it.
    ///
    /// # Errors
    /// It cannot be read, or must not run.
    pub(crate) fn load(&self, path: &Path) -> Result<Loaded, WrongFile> {
        let text = read(path)?;
        let (found, mut problems) = self.check(&text);
        match found.filter(|_| is_good(&problems)) {
            Some((pipeline, checked)) => Ok(Loaded { pipeline, checked, problems, text }),
            None => {
                problems.retain(|problem| problem.severity == Severity::Error);
                Err(WrongFile { path: path.into(), text, problems })
            }
        }
    }
}

impl WrongFile {
    /// With one problem.
    pub(crate) fn new(path: &Path, problem: Problem) -> WrongFile {
        WrongFile { path: path.into(), text: String::new(), problems: vec![problem] }
    }

    /// A file that the system does not let us read.
    pub(crate) fn unread(path: &Path, why: &io::Error) -> WrongFile {
        let problem = Problem::error(Place::default(), format!("cannot be read: {why}"));
        WrongFile::new(path, problem.remedy(remedy_of_unread(path, why)))
    }

    /// Says what is wrong on standard error.
    pub(crate) fn tell(&self, voice: Voice) {
        problems::tell(&self.path, &self.text, self.problems.iter(), voice);
    }
}

fn remedy_of_unread(path: &Path, why: &io::Error) -> String {
    match why.kind() {
        io::ErrorKind::NotFound => near(path).map_or_else(
            || "name a file that is there; `-` is standard input".to_string(),
            |near| format!("did you mean `{}`?", near.display()),
        ),
        io::ErrorKind::IsADirectory => "name a file inside it".into(),
        _ => "see whether it may be read".into(),
    }
}

/// A file beside it with a name like its own.
fn near(path: &Path) -> Option<PathBuf> {
    let stem = |path: &Path| path.file_stem().and_then(|stem| stem.to_str()).map(str::to_string);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut others: Vec<PathBuf> = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
    others.retain(|other| other.extension() == path.extension() && other.is_file());
    others.sort_unstable();
    let stems: Vec<String> = others.iter().filter_map(|other| stem(other)).collect();
    let near = did_you_mean(&stem(path)?, stems.iter().map(String::as_str))?.to_string();
    let found = others.iter().find(|other| stem(other).as_ref() == Some(&near))?;
    Some(path.with_file_name(found.file_name()?))
}

/// No error among the problems.
pub(crate) fn is_good(problems: &[Problem]) -> bool {
    problems.iter().all(|problem| problem.severity != Severity::Error)
}

/// The text of a file, or of standard input.
///
/// # Errors
/// It cannot be read, or is not UTF-8.
pub(crate) fn read(path: &Path) -> Result<String, WrongFile> {
    let bytes = match is_stdin(path) {
        true => {
            let mut bytes = Vec::new();
            io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
        }
        false => fs::read(path),
    };
    let bytes = bytes.map_err(|why| WrongFile::unread(path, &why))?;
    String::from_utf8(bytes).map_err(|why| {
        let at = why.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(why.as_bytes()).into_owned();
        // Up to there the bytes are text, so that it is cut where a character ends.
        let before = text.get(..at).unwrap_or_default();
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let place = Place { line: Some((before.matches('\n').count() + 1, column)), ..Place::default() };
        let problem = Problem::error(place, format!("is not text in UTF-8: see byte {}", at + 1));
        WrongFile { path: path.into(), text, problems: vec![problem.remedy("save it as UTF-8")] }
    })
}

/// `-` stands for standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// A file as messages name it.
pub(crate) fn shown(path: &Path) -> String {
    if is_stdin(path) { "<stdin>".into() } else { path.display().to_string() }
}

/// Files, each of them read once: a file that is named twice is one.
pub(crate) fn distinct(paths: &[PathBuf]) -> Vec<&Path> {
    let mut distinct: Vec<&Path> = Vec::new();
    for path in paths {
        if !distinct.contains(&path.as_path()) {
            distinct.push(path);
        }
    }
    distinct
}

/// Reads `name=value`.
pub(crate) fn name_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_string(), value.to_string())),
        _ => Err("write it as NAME=VALUE".into()),
    }
}
