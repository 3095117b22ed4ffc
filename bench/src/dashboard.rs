//! The real dashboard on a terminal of its own, looking at a run over HTTP: the program beside this one.

use std::env;
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::process::{Child, Command};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, ensure};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// How each frame begins.
const FRAME: &str = "\x1b[?2026h";

/// A dashboard that runs.
pub(crate) struct Dashboard {
    child: Child,
    reader: JoinHandle<String>,
}

impl Dashboard {
    /// Starts it on a terminal of 24 rows and 80 columns.
    ///
    /// # Errors
    /// The program is not beside this one, or there is no terminal for it.
    pub(crate) fn start(address: &str) -> Result<Dashboard> {
        let program = env::current_exe().context("this program's own path")?.with_file_name("tidegate");
        ensure!(program.exists(), "{} is not there: build the whole workspace first", program.display());
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        tcsetwinsize(&master, Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 })?;
        let name = ptsname(&master, Vec::new())?;
        let slave = OpenOptions::new().read(true).write(true).open(name.to_str().context("a terminal's name")?)?;
        let mut command = Command::new(program);
        command.args(["top", "--theme", "dark", &format!("http://{address}")]).env("TERM", "xterm-256color");
        command.stdin(slave.try_clone()?).stdout(slave.try_clone()?).stderr(slave);
        let child = command.spawn().context("the dashboard")?;
        let mut terminal = File::from(master);
        let reader = thread::spawn(move || {
            let mut shown = Vec::new();
            // Reading fails when nobody has the terminal open any more.
            let _ = terminal.read_to_end(&mut shown);
            String::from_utf8_lossy(&shown).into_owned()
        });
        Ok(Dashboard { child, reader })
    }

    /// Ends it; gives how many frames it has drawn.
    ///
    /// # Errors
    /// It had ended by itself, or shown no figures.
    pub(crate) fn end(mut self) -> Result<usize> {
        let is_over = self.child.try_wait()?;
        self.child.kill()?;
        self.child.wait()?;
        let shown = self.reader.join().ok().context("the reader of the terminal")?;
        ensure!(is_over.is_none() && shown.contains("RUNNING"), "the dashboard shows nothing: {shown}");
        Ok(shown.matches(FRAME).count())
    }
}
