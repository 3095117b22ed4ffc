//! The terminal, taken and given back: raw mode, the other screen, no cursor, and nobody else writing on it. It is given
//! back at the end, while the program is suspended, and in a panic of the dashboard; one in a run is the run's to tell.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::panic;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread::{self, ThreadId};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::crossterm::{execute, queue};
use rustix::io::dup;
use rustix::stdio::{dup2_stderr, dup2_stdout};
use rustix::termios::tcgetwinsize;

use super::ground;
use crate::keys::Key;

/// The terminal, while it is ours.
pub(super) struct Screen {
    terminal: File,
    has_mouse: bool,
}

/// What has to be put back.
struct Taken {
    terminal: File,
    stdout: Option<OwnedFd>,
    stderr: Option<OwnedFd>,
    /// the thread that draws
    by: ThreadId,
}

/// The other threads without which there is no dashboard.
const HELPERS: [&str; 4] = ["input", "signals", "watcher", "lookout"];

/// Set while the terminal is ours.
static TAKEN: Mutex<Option<Taken>> = Mutex::new(None);

fn taken() -> MutexGuard<'static, Option<Taken>> {
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Screen {
    /// Takes the terminal of this process.
    pub(super) fn take(has_mouse: bool) -> io::Result<Screen> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                if is_of_dashboard() {
                    give_back();
                }
                before(info);
            }));
        });
        let terminal = match io::stdout().is_terminal() {
            true => File::from(dup(io::stdout().as_fd())?),
            // Output goes elsewhere; there may be a terminal all the same.
            false => OpenOptions::new().read(true).write(true).open("/dev/tty")?,
        };
        let mut screen = Screen { terminal, has_mouse };
        screen.take_again()?;
        Ok(screen)
    }

    /// Takes it once more, after it was given back.
    pub(super) fn take_again(&mut self) -> io::Result<()> {
        let mut taken = taken();
        if taken.is_none() {
            // What sinks and libraries print would stand in the middle of the screen.
            let nowhere = File::create("/dev/null")?;
            let stdout = io::stdout().is_terminal().then(|| dup(io::stdout().as_fd())).transpose()?;
            let stderr = io::stderr().is_terminal().then(|| dup(io::stderr().as_fd())).transpose()?;
            if stdout.is_some() {
                dup2_stdout(&nowhere)?;
            }
            if stderr.is_some() {
                dup2_stderr(&nowhere)?;
            }
            *taken = Some(Taken { terminal: self.terminal.try_clone()?, stdout, stderr, by: thread::current().id() });
        }
        drop(taken);
        enable_raw_mode()?;
        queue!(self.terminal, EnterAlternateScreen, Hide, EnableBracketedPaste)?;
        if self.has_mouse {
            queue!(self.terminal, EnableMouseCapture)?;
        }
        self.terminal.flush()
    }

    /// Columns and rows; those of an old terminal where it does not say.
    pub(super) fn size(&self) -> io::Result<(usize, usize)> {
        let size = tcgetwinsize(&self.terminal)?;
        Ok(if size.ws_col == 0 || size.ws_row == 0 { (80, 24) } else { (size.ws_col.into(), size.ws_row.into()) })
    }

    /// Whether its ground is light, as far as it says so, and keys that were pressed meanwhile.
    pub(super) fn ask_for_ground(&mut self) -> io::Result<(bool, Vec<Key>)> {
        ground::is_light(&mut self.terminal)
    }

    /// Puts a text on the terminal's clipboard, where it allows that (OSC 52).
    pub(super) fn copy(&mut self, text: &str) -> io::Result<()> {
        write!(self.terminal, "\x1b]52;c;{}\x07", STANDARD.encode(text))?;
        self.terminal.flush()
    }

    /// It is ours: no part of the dashboard has panicked and given it back.
    pub(super) fn is_taken(&self) -> bool {
        taken().is_some()
    }

    /// Gives it back.
    pub(super) fn restore(&self) {
        give_back();
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.terminal.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.terminal.flush()
    }
}

/// Whether this thread is one of the dashboard's. A panic in another, such as a lane of a run, is caught and told there.
fn is_of_dashboard() -> bool {
    let thread = thread::current();
    let draws = taken().as_ref().is_some_and(|taken| taken.by == thread.id());
    draws || thread.name().is_some_and(|name| HELPERS.contains(&name))
}

/// Puts the terminal as it was, once. Nobody is left to hear of what fails here.
fn give_back() {
    let Some(Taken { mut terminal, stdout, stderr, by: _ }) = taken().take() else { return };
    let _ = execute!(terminal, DisableMouseCapture, DisableBracketedPaste, LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
    if let Some(stdout) = stdout {
        let _ = dup2_stdout(stdout);
    }
    if let Some(stderr) = stderr {
        let _ = dup2_stderr(stderr);
    }
}
