//! Drawings that are not saved, kept in the user's state in case the program ends before they are. Each session has a folder
//! that it holds locked while it lives; what lies in one that nobody holds was left by a session that has ended badly.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::changes::{Change, changes};
use super::storage::{FileStamp, write_whole};
use crate::engine::wall_ms;
use crate::operators::Operator;
use crate::pipeline::Pipeline;

/// A drawing as it is kept. Values of secrets are in no drawing, so they are in no draft.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// what it is called
    pub name: String,
    /// the file that it would be saved to, and as that was when it was read or written last
    pub path: Option<PathBuf>,
    /// see `path`
    pub stamp: Option<FileStamp>,
    /// wall clock, in milliseconds since 1970
    pub at_ms: i64,
    /// as it is drawn
    pub pipeline: Pipeline,
}

/// A draft that a session left. It stays held, and with it out of the sight of other sessions, until this is dropped.
#[derive(Debug, Clone)]
pub struct Left {
    /// it
    pub draft: Draft,
    file: PathBuf,
    session: Arc<Session>,
}

/// A folder of drafts, held.
#[derive(Debug)]
pub(super) struct Session {
    folder: PathBuf,
    /// the lock goes with it
    _lock: File,
}

fn folder_in(state: &Path) -> PathBuf {
    state.join("drafts")
}

impl Session {
    /// A folder of its own in the user's state.
    pub(super) fn new(state: &Path) -> io::Result<Session> {
        let all = folder_in(state);
        make_private(&all)?;
        let (process, mut number) = (std::process::id(), wall_ms());
        loop {
            let folder = all.join(format!("{process}-{number}"));
            match fs::create_dir(&folder) {
                // Somebody who looks for what was left may hold it for a moment.
                Ok(()) => match Session::hold(&folder, true) {
                    Ok(Some(session)) => return Ok(session),
                    Ok(None) => {}
                    Err(why) => return Err(why),
                },
                Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {}
                Err(why) => return Err(why),
            }
            number += 1;
        }
    }

    /// Holds a folder, unless somebody does.
    fn hold(folder: &Path, makes: bool) -> io::Result<Option<Session>> {
        let lock = File::options().create(makes).truncate(false).write(true).open(folder.join("lock"))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Session { folder: folder.to_path_buf(), _lock: lock })),
            Err(why) if why == rustix::io::Errno::WOULDBLOCK => Ok(None),
            Err(why) => Err(why.into()),
        }
    }

    fn file(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number}.json"))
    }

    /// Keeps a draft in the place of what was kept under its number.
    pub(super) fn keep(&self, number: u64, draft: &Draft) -> io::Result<()> {
        write_whole(&self.file(number), &serde_json::to_vec(draft)?)
    }

    /// Keeps under a number what another session left.
    pub(super) fn adopt(&self, number: u64, left: Left) -> io::Result<()> {
        fs::rename(&left.file, self.file(number))?;
        left.session.end();
        Ok(())
    }

    /// Keeps nothing under this number any more.
    pub(super) fn forget(&self, number: u64) {
        // What was not kept cannot be forgotten.
        let _ = fs::remove_file(self.file(number));
    }

    /// Takes the folder away, if no draft lies in it.
    pub(super) fn end(&self) {
        if files(&self.folder).is_empty() {
            // Nothing of it is of use; what cannot go now goes when a session looks for what was left.
            let _ = fs::remove_file(self.folder.join("lock"));
            let _ = fs::remove_dir(&self.folder);
        }
    }
}

impl Left {
    /// What is drawn there, unlike what its file holds now; none where there is no such file, or it is no pipeline.
    pub fn changes(&self, operators: &[&'static Operator]) -> Option<Vec<Change>> {
        let text = fs::read_to_string(self.draft.path.as_ref()?).ok()?;
        let of_file = Pipeline::parse(&text).0?;
        Some(changes(&of_file, &self.draft.pipeline, operators))
    }

    /// Nobody wants it.
    pub fn discard(self) {
        let _ = fs::remove_file(&self.file);
        self.session.end();
    }
}

/// What sessions left that have ended badly, oldest first; and what of it cannot be read, as sentences.
pub fn left(state: &Path) -> (Vec<Left>, Vec<String>) {
    let (mut all, mut complaints) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder_in(state)).into_iter().flatten().flatten() {
        // A folder without a lock is just being made.
        let Ok(Some(session)) = Session::hold(&entry.path(), false) else { continue };
        let session = Arc::new(session);
        for file in files(&session.folder) {
            let read = fs::read(&file).map_err(|why| why.to_string());
            let draft = read.and_then(|bytes| serde_json::from_slice(&bytes).map_err(|why| why.to_string()));
            match draft {
                Ok(draft) => all.push(Left { draft, file, session: session.clone() }),
                Err(why) => complaints.push(format!("A kept drawing cannot be read: {}: {why}.", file.display())),
            }
        }
        session.end();
    }
    all.sort_by_key(|left| left.draft.at_ms);
    (all, complaints)
}

/// Drafts of a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let all = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = all.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    files.sort();
    files
}

/// A folder that nobody else may look into: drawings may name what others should not know.
fn make_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(name: &str, at_ms: i64) -> Draft {
        Draft { name: name.into(), path: None, stamp: None, at_ms, pipeline: Pipeline::new(name) }
    }

    fn names(left: &[Left]) -> Vec<&str> {
        left.iter().map(|left| left.draft.name.as_str()).collect()
    }

    #[test]
    fn drafts_are_left_by_who_ends_badly_and_by_nobody_else() {
        let state = tempfile::tempdir().unwrap();
        let state = state.path();
        let (living, ending) = (Session::new(state).unwrap(), Session::new(state).unwrap());
        living.keep(1, &draft("living", 1)).unwrap();
        ending.keep(1, &draft("late", 30)).unwrap();
        ending.keep(2, &draft("early", 20)).unwrap();
        ending.keep(3, &draft("saved", 25)).unwrap();
        ending.forget(3);
        assert_eq!(names(&left(state).0), [""; 0], "both live");
        // It dies: its lock goes, and nothing is tidied.
        let folder = ending.folder.clone();
        drop(ending);
        let (found, complaints) = left(state);
        assert_eq!((names(&found), complaints.len()), (vec!["early", "late"], 0));
        assert_eq!(names(&left(state).0), [""; 0], "who has found them holds them");
        let mut found = found.into_iter();
        living.adopt(2, found.next().unwrap()).unwrap();
        assert!(living.file(2).exists());
        found.next().unwrap().discard();
        assert!(!folder.exists(), "nothing of it is left");
    }

    #[test]
    fn what_cannot_be_read_is_told_and_stays() {
        let state = tempfile::tempdir().unwrap();
        let session = Session::new(state.path()).unwrap();
        session.keep(1, &draft("a", 1)).unwrap();
        fs::write(session.file(2), "{\"name\": \"half a dra").unwrap();
        let broken = session.file(2);
        drop(session);
        let (found, complaints) = left(state.path());
        assert_eq!(names(&found), ["a"]);
        assert!(complaints[0].contains("2.json"), "{complaints:?}");
        found.into_iter().for_each(Left::discard);
        assert!(broken.exists());
    }

    #[test]
    fn a_session_that_has_ended_well_leaves_nothing() {
        let state = tempfile::tempdir().unwrap();
        let session = Session::new(state.path()).unwrap();
        session.keep(1, &draft("a", 1)).unwrap();
        session.forget(1);
        session.end();
        assert_eq!(fs::read_dir(folder_in(state.path())).unwrap().count(), 0);
    }
}
