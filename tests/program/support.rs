//! Running the program: to its end, or in the background until a condition holds. Nothing waits for a time, all waits for
//! conditions; what does not come within [`PATIENCE`] fails the test.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use serde_json::Value;
use tempfile::TempDir;

/// How long anything may take. Machines that test are slow and busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A place to run the program in: a folder, a broker, names of topics that nobody else uses.
pub(crate) struct Bench {
    folder: TempDir,
    /// `embedded`, or the address of a real Kafka
    pub(crate) brokers: String,
    suffix: String,
}

/// What the program gave.
#[derive(Debug)]
pub(crate) struct Ran {
    /// its exit code; −1 where a signal ended it
    pub(crate) code: i32,
    /// standard output
    pub(crate) out: String,
    /// standard error
    pub(crate) err: String,
}

/// The program in the background.
pub(crate) struct Process {
    child: Child,
    out: Stream,
    err: Stream,
}

/// What has come out so far, read by a thread.
struct Stream {
    text: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

/// Runs a test on the Kafka that `TIDEGATE_TEST_KAFKA` names, or else on an embedded broker.
pub(crate) fn on_kafka(test: impl Fn(&Bench)) {
    match std::env::var("TIDEGATE_TEST_KAFKA") {
        Ok(address) => test(&Bench::on(&address)),
        Err(_) => test(&Bench::new()),
    }
}

/// The folder of the checkout.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The pipelines of the gallery, by name.
pub(crate) fn gallery() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(root().join("pipelines")).unwrap();
    let mut files: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files
}

impl Bench {
    /// With an embedded broker.
    pub(crate) fn new() -> Bench {
        Bench { folder: tempfile::tempdir().unwrap(), brokers: "embedded".into(), suffix: String::new() }
    }

    /// On a real Kafka.
    pub(crate) fn on(address: &str) -> Bench {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let suffix = format!("-{}-{count}", std::process::id());
        Bench { folder: tempfile::tempdir().unwrap(), brokers: address.into(), suffix }
    }

    /// A topic or group of this bench alone.
    pub(crate) fn name(&self, name: &str) -> String {
        format!("{name}{}", self.suffix)
    }

    /// Writes a file; gives its path.
    pub(crate) fn file(&self, name: &str, text: impl AsRef<str>) -> String {
        let path = self.path(name);
        std::fs::write(&path, text.as_ref()).unwrap();
        path
    }

    /// A path in the bench's folder.
    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_string()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TIDEGATE_")) {
            command.env_remove(name);
        }
        command.env("TIDEGATE_BROKER_DATA", self.folder.path().join("broker")).env("TIDEGATE_BROKERS", &self.brokers);
        command.env("XDG_STATE_HOME", self.folder.path().join("state"));
        command.args(args).current_dir(root());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the program to its end, with nothing on standard input.
    pub(crate) fn tidegate(&self, args: &[&str]) -> Ran {
        self.tidegate_with(args, "", &[])
    }

    /// The same, with something on standard input.
    pub(crate) fn tidegate_in(&self, args: &[&str], input: &str) -> Ran {
        self.tidegate_with(args, input, &[])
    }

    /// The same, with variables of the environment.
    pub(crate) fn tidegate_with(&self, args: &[&str], input: &str, variables: &[(&str, &str)]) -> Ran {
        let mut command = self.command(args);
        command.envs(variables.iter().copied());
        let mut process = Process::start(command);
        let mut stdin = process.child.stdin.take().unwrap();
        let input = input.to_string();
        // A program that has ended early does not read to the end.
        let writer = thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
        let ran = process.wait();
        writer.join().unwrap();
        ran
    }

    /// Starts the program in the background.
    pub(crate) fn start(&self, args: &[&str]) -> Process {
        Process::start(self.command(args))
    }

    /// Starts the program on a terminal of its own; what is typed there is written to the file.
    pub(crate) fn start_on_terminal(&self, args: &[&str]) -> (Process, File) {
        on_terminal(self.command(args))
    }
}

/// Starts a command on a terminal of 24 rows and 80 columns; what is typed there is written to the file.
pub(crate) fn on_terminal(mut command: Command) -> (Process, File) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    tcsetwinsize(&master, Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let slave = OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    command.env("TERM", "xterm").env_remove("NO_COLOR");
    command.stdin(slave.try_clone().unwrap()).stdout(slave.try_clone().unwrap()).stderr(slave);
    let child = command.spawn().unwrap();
    let master = File::from(master);
    let out = Stream::read(Some(master.try_clone().unwrap()));
    (Process { child, out, err: Stream { text: Arc::default(), reader: None } }, master)
}

impl Drop for Bench {
    /// Leaves nothing behind on a Kafka that others use too.
    fn drop(&mut self) {
        if self.suffix.is_empty() {
            return;
        }
        let topics = self.tidegate(&["topics", "--json"]).out;
        let topics = topics.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        for topic in topics.filter_map(|topic| topic["topic"].as_str().map(str::to_string)) {
            if topic.ends_with(&self.suffix) {
                self.tidegate(&["topics", "delete", &topic]);
            }
        }
    }
}

impl Process {
    fn start(mut command: Command) -> Process {
        let mut child = command.spawn().unwrap();
        let (out, err) = (Stream::read(child.stdout.take()), Stream::read(child.stderr.take()));
        Process { child, out, err }
    }

    /// What it has written to standard output so far.
    pub(crate) fn out(&self) -> String {
        self.out.text()
    }

    /// What it has written to standard error so far.
    pub(crate) fn err(&self) -> String {
        self.err.text()
    }

    /// Waits until a condition holds.
    pub(crate) fn wait_until(&mut self, what: &str, mut holds: impl FnMut(&Process) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !holds(self) {
            let is_over = self.child.try_wait().unwrap().is_some();
            if (is_over && !holds(self)) || Instant::now() > end {
                panic!("waited for {what} in vain (over: {is_over})\n{}", self.last_words());
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The end of what it has written.
    fn last_words(&self) -> String {
        let end =
            |text: String| text.chars().rev().take(4_000).collect::<Vec<_>>().into_iter().rev().collect::<String>();
        format!("--- out\n{}\n--- err\n{}", end(self.out()), end(self.err()))
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Asks it to stop, and waits for its end.
    pub(crate) fn stop(self) -> Ran {
        self.signal(Signal::INT);
        self.wait()
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Ran {
        let end = Instant::now() + PATIENCE;
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if Instant::now() > end => {
                    panic!("it does not end\n{}", self.last_words());
                }
                None => thread::sleep(Duration::from_millis(5)),
            }
        };
        Ran { code: status.code().unwrap_or(-1), out: self.out.finish(), err: self.err.finish() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Gone already, where the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Stream {
    fn read(from: Option<impl Read + Send + 'static>) -> Stream {
        let text: Arc<Mutex<Vec<u8>>> = Arc::default();
        let into = text.clone();
        let read = move |mut from: Box<dyn Read + Send>| {
            let mut chunk = [0; 4096];
            while let Ok(count @ 1..) = from.read(&mut chunk) {
                into.lock().unwrap().extend_from_slice(&chunk[..count]);
            }
        };
        let from = Box::new(from.unwrap());
        Stream { text, reader: Some(thread::spawn(move || read(from))) }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().unwrap()).into_owned()
    }

    fn finish(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        self.text()
    }
}

impl Ran {
    /// The same, if it ended with this code.
    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Ran {
        assert_eq!(self.code, code, "\n--- out\n{}\n--- err\n{}", self.out, self.err);
        self
    }

    /// Standard output, line by line, as JSON.
    #[track_caller]
    pub(crate) fn rows(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"))).collect()
    }

    /// Lines of JSON on standard error that are of a type.
    pub(crate) fn told(&self, what: &str) -> Vec<Value> {
        let lines = self.err.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["type"] == what).collect()
    }

    /// How a run ended.
    #[track_caller]
    pub(crate) fn outcome(&self) -> Value {
        let mut all = self.told("outcome");
        assert_eq!(all.len(), 1, "{}", self.err);
        all.remove(0)
    }
}

/// The node of a snapshot.
#[track_caller]
pub(crate) fn node<'a>(snapshot: &'a Value, id: &str) -> &'a Value {
    let nodes = snapshot["nodes"].as_array().unwrap();
    nodes.iter().find(|node| node["id"] == id).unwrap_or_else(|| panic!("no node {id} in {snapshot}"))
}
