//! The thread that writes what a face keeps: drafts of unsaved drawings, settings, files that were opened, exports. It may
//! wait for a disk; the screen does not.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::{fs, io};

use super::drafts::{Draft, Left, Session};
use super::recent::note_recent;
use super::storage::write_whole;

/// Makes the bytes of a file, or says why it cannot.
pub type Make = Box<dyn FnOnce() -> Result<Vec<u8>, String> + Send>;

/// What the thread is asked.
pub enum Wish {
    /// keep a drawing under a number, in the place of what was kept there
    Keep(u64, Box<Draft>),
    /// keep nothing under this number any more
    Forget(u64),
    /// keep under a number what another session left
    Adopt(u64, Box<Left>),
    /// what a session left, nobody wants
    Discard(Box<Left>),
    /// remember that a file was opened
    Note(PathBuf),
    /// write a file of the user's state, by its name there
    State(&'static str, Vec<u8>),
    /// write a new file that somebody has asked for
    Export(PathBuf, Make),
    /// nothing more
    End,
}

/// What the thread tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Kept {
    /// files that were opened lately, newest first
    Recent(Vec<PathBuf>),
    /// a file that was asked for is there
    Exported(PathBuf),
    /// something could not be kept: a sentence
    Failed(String),
}

/// The thread, from outside.
#[derive(Debug)]
pub struct Keeper {
    wishes: Sender<Wish>,
    thread: JoinHandle<()>,
}

impl Keeper {
    /// Starts it. Without a folder for the user's state nothing is kept but what is exported.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(state: Option<PathBuf>, tell: impl Fn(Kept) + Send + 'static) -> io::Result<Keeper> {
        let (wishes, hear) = channel();
        let keeping = Keeping { state, session: None, has_failed: false, tell: Box::new(tell) };
        let thread = thread::Builder::new().name("keeper".into()).spawn(move || keeping.run(&hear))?;
        Ok(Keeper { wishes, thread })
    }

    /// Asks for something; a thread that has ended hears nothing any more.
    pub fn ask(&self, wish: Wish) {
        let _ = self.wishes.send(wish);
    }

    /// Waits until all that was asked for is done. What is kept of unsaved drawings goes: who ends so has asked what is to
    /// become of them.
    pub fn end(self) {
        self.ask(Wish::End);
        // What it had to tell, nobody hears now.
        let _ = self.thread.join();
    }
}

struct Keeping {
    state: Option<PathBuf>,
    /// made with the first draft
    session: Option<Session>,
    /// drafts cannot be kept, which was told
    has_failed: bool,
    tell: Box<dyn Fn(Kept) + Send>,
}

impl Keeping {
    fn run(mut self, hear: &Receiver<Wish>) {
        let mut kept = Vec::new();
        while let Ok(wish) = hear.recv() {
            match wish {
                Wish::End => break,
                Wish::Keep(number, draft) => {
                    self.in_session(|session| session.keep(number, &draft));
                    kept.push(number);
                }
                Wish::Adopt(number, left) => {
                    self.in_session(|session| session.adopt(number, *left));
                    kept.push(number);
                }
                Wish::Forget(number) => {
                    if let Some(session) = &self.session {
                        session.forget(number);
                    }
                }
                Wish::Discard(left) => left.discard(),
                Wish::Note(path) => self.note(&path),
                Wish::State(name, bytes) => self.write_state(name, &bytes),
                Wish::Export(path, make) => {
                    let done = make().and_then(|bytes| write_new(&path, &bytes).map_err(|why| why.to_string()));
                    (self.tell)(match done {
                        Ok(()) => Kept::Exported(path),
                        Err(why) => Kept::Failed(format!("{} is not written: {why}.", path.display())),
                    });
                }
            }
        }
        if let Some(session) = &self.session {
            kept.into_iter().for_each(|number| session.forget(number));
            session.end();
        }
    }

    /// Does something with the folder of drafts; where it cannot be done, that is told once.
    fn in_session(&mut self, act: impl FnOnce(&Session) -> io::Result<()>) {
        let Some(state) = &self.state else { return };
        if self.session.is_none() {
            match Session::new(state) {
                Ok(session) => self.session = Some(session),
                Err(why) => return self.cannot_keep(&why),
            }
        }
        if let Some(Err(why)) = self.session.as_ref().map(act) {
            self.cannot_keep(&why);
        }
    }

    fn cannot_keep(&mut self, why: &io::Error) {
        if !std::mem::replace(&mut self.has_failed, true) {
            (self.tell)(Kept::Failed(format!("What is not saved cannot be kept for the case of a crash: {why}.")));
        }
    }

    fn note(&self, path: &Path) {
        let Some(state) = &self.state else { return };
        (self.tell)(match note_recent(state, path) {
            Ok(files) => Kept::Recent(files),
            Err(why) => Kept::Failed(format!("What was opened is not remembered: {why}.")),
        });
    }

    fn write_state(&self, name: &str, bytes: &[u8]) {
        let Some(state) = &self.state else { return };
        let written = fs::create_dir_all(state).and_then(|()| write_whole(&state.join(name), bytes));
        if let Err(why) = written {
            (self.tell)(Kept::Failed(format!("{name} is not written to {}: {why}.", state.display())));
        }
    }
}

/// Writes a file that is not there yet.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if path.exists() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is such a file already"));
    }
    write_whole(path, bytes)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::RecvTimeoutError;
    use std::time::Duration;

    use super::super::drafts::left;
    use super::*;
    use crate::pipeline::Pipeline;

    fn keeper(state: Option<&Path>) -> (Keeper, Receiver<Kept>) {
        let (tell, heard) = channel();
        let keeper = Keeper::start(state.map(Path::to_path_buf), move |kept| drop(tell.send(kept))).unwrap();
        (keeper, heard)
    }

    fn draft(name: &str) -> Box<Draft> {
        Box::new(Draft { name: name.into(), path: None, stamp: None, at_ms: 1, pipeline: Pipeline::new(name) })
    }

    fn hear(heard: &Receiver<Kept>) -> Result<Kept, RecvTimeoutError> {
        heard.recv_timeout(Duration::from_secs(10))
    }

    #[test]
    fn what_is_asked_for_is_written_and_drafts_go_at_the_end() {
        let state = tempfile::tempdir().unwrap();
        let (keeper, heard) = keeper(Some(state.path()));
        keeper.ask(Wish::Keep(1, draft("a")));
        keeper.ask(Wish::State("editor.json", b"{}".to_vec()));
        keeper.ask(Wish::Note("/a/b.json".into()));
        assert_eq!(hear(&heard), Ok(Kept::Recent(vec!["/a/b.json".into()])));
        let drafts = state.path().join("drafts");
        let count = || fs::read_dir(&drafts).unwrap().flatten().flat_map(|of| fs::read_dir(of.path()).unwrap()).count();
        assert_eq!(count(), 2, "a draft and a lock");
        keeper.end();
        assert_eq!((count(), left(state.path()).0.len()), (0, 0));
        assert_eq!(fs::read_to_string(state.path().join("editor.json")).unwrap(), "{}");
    }

    const STATE: &str = "TIDEGATE_KILLED_STATE";

    /// The other side of the next test: keeps a drawing, and waits for the end.
    #[test]
    #[ignore = "the next test starts it, and kills it"]
    fn keeps_until_it_is_killed() {
        let state = PathBuf::from(std::env::var_os(STATE).unwrap());
        let (keeper, _heard) = keeper(Some(&state));
        keeper.ask(Wish::Keep(7, draft("unsaved")));
        thread::sleep(Duration::from_secs(600));
        keeper.end();
    }

    #[test]
    fn what_is_kept_outlives_a_kill() {
        let state = tempfile::tempdir().unwrap();
        let other = "faces::keeper::tests::keeps_until_it_is_killed";
        let mut killed = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", other])
            .env(STATE, state.path())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let drafts = state.path().join("drafts");
        let is_kept = || {
            let folders = fs::read_dir(&drafts).into_iter().flatten().flatten();
            folders.into_iter().any(|folder| folder.path().join("7.json").exists())
        };
        for _ in 0..1_000 {
            if is_kept() {
                break;
            }
            thread::sleep(Duration::from_millis(20));
        }
        assert!(is_kept() && left(state.path()).0.is_empty(), "kept, and of a session that lives");
        // The signal that nobody can catch.
        killed.kill().unwrap();
        killed.wait().unwrap();
        let (found, complaints) = left(state.path());
        assert_eq!((found.len(), complaints.len()), (1, 0));
        assert_eq!(found[0].draft, *draft("unsaved"));
        found.into_iter().for_each(Left::discard);
        assert_eq!(fs::read_dir(&drafts).unwrap().count(), 0);
    }

    #[test]
    fn exports_write_over_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (keeper, heard) = keeper(None);
        let path = folder.path().join("a.png");
        keeper.ask(Wish::Export(path.clone(), Box::new(|| Ok(b"first".to_vec()))));
        assert_eq!(hear(&heard), Ok(Kept::Exported(path.clone())));
        keeper.ask(Wish::Export(path.clone(), Box::new(|| Ok(b"second".to_vec()))));
        assert!(matches!(hear(&heard), Ok(Kept::Failed(why)) if why.contains("already")));
        keeper.ask(Wish::Export(folder.path().join("b.png"), Box::new(|| Err("there is nothing to draw".into()))));
        assert!(matches!(hear(&heard), Ok(Kept::Failed(why)) if why.contains("nothing to draw")));
        keeper.end();
        assert_eq!(fs::read(&path).unwrap(), b"first");
    }

    #[test]
    fn a_folder_that_cannot_be_used_is_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("a-file");
        fs::write(&state, "").unwrap();
        let (keeper, heard) = keeper(Some(&state));
        keeper.ask(Wish::Keep(1, draft("a")));
        keeper.ask(Wish::Keep(1, draft("b")));
        keeper.end();
        let told: Vec<Kept> = heard.try_iter().collect();
        assert!(matches!(told.as_slice(), [Kept::Failed(why)] if why.contains("cannot be kept")), "{told:?}");
    }
}
