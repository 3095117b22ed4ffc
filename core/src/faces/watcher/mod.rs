//! The thread that asks the run: snapshots again and again, records where somebody looks, what keys have asked for. It may
//! wait for a run that does not answer; the screen does not.

#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::host::{Control, Found, Host, Opened, Opener, Opening, RunValues, Running, Source};
use super::lookout::Lookout;
use super::storage::write_whole;
use crate::engine::wall_ms;
use crate::pipeline::{Pipeline, to_canonical};
use crate::snapshot::{ClusterSnapshot, Snapshot, StateSnapshot, TapSnapshot};

/// What the thread is asked.
#[derive(Debug)]
pub enum Ask {
    /// start a run of this; the one before stops first
    Run(Box<Pipeline>),
    /// the same, with these values of its parameters
    RunWith(Box<Pipeline>, RunValues),
    /// do this to the run
    Control(Control),
    /// look at records on these edges, and on no others
    Tap(Vec<String>),
    /// write this to a file
    Save(Box<Pipeline>, PathBuf),
    /// what a node keeps, for this lane
    State(String, u32),
    /// watch this in place of what is watched
    Open(Opening),
    /// look for what can be opened
    Find,
    /// which topics this cluster of the pipeline has; answered by who was given with `With`
    Topics(Box<Pipeline>, String),
    /// tell this one, from now on, which cluster the run uses
    With(Lookout),
    /// at once, whatever the next time would be
    Now,
    /// let go of the run
    End,
}

/// What the thread tells.
#[derive(Debug, Clone)]
pub enum News {
    /// what the meters say
    Figures(Box<Snapshot>),
    /// the run does not answer
    Silence {
        /// what was heard instead
        why: String,
        /// wall clock, in milliseconds since 1970
        at_ms: i64,
    },
    /// the run is over
    Over {
        /// how it ended, as a sentence
        how: String,
        /// the field of the file that has to change first, as a path from its top
        field: Option<String>,
        /// what the meters said last
        last: Option<Box<Snapshot>>,
    },
    /// a run is being started from this pipeline
    Started(Box<Pipeline>),
    /// records on edges
    Taps(Vec<TapSnapshot>),
    /// there are none, for this reason
    NoTaps(String),
    /// what was seen of the cluster
    Cluster(Box<ClusterSnapshot>),
    /// the cluster does not answer
    ClusterSilence {
        /// what was heard instead
        why: String,
        /// wall clock, in milliseconds since 1970
        at_ms: i64,
    },
    /// there is no cluster to look at
    NoCluster,
    /// which topics a cluster has, but for Kafka's own
    Topics {
        /// its name in the pipeline
        cluster: String,
        /// their names, in order, or why they are not known
        found: Result<Vec<String>, String>,
    },
    /// what a node keeps
    State {
        /// all of it
        found: Box<StateSnapshot>,
        /// the lane for which it was asked
        lane: u32,
    },
    /// the answer to what was asked
    Said(String),
    /// something else is watched now
    Opened(Box<Opened>),
    /// what can be opened
    Found(Vec<Found>),
    /// the file was written
    Saved {
        /// what it holds now
        pipeline: Box<Pipeline>,
        /// its path
        to: String,
    },
}

/// The thread, from outside.
#[derive(Debug)]
pub struct Watcher {
    asks: Sender<Ask>,
    thread: JoinHandle<()>,
}

/// Who hears what the thread tells.
type Tell = Box<dyn Fn(News) + Send>;

impl Watcher {
    /// Starts it: it asks the run each `period`, and tells what it hears.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(
        running: Option<Box<dyn Running>>,
        host: Option<Box<dyn Host>>,
        opener: Box<dyn Opener>,
        period: Duration,
        tell: impl Fn(News) + Send + 'static,
    ) -> io::Result<Watcher> {
        let (asks, hear) = channel();
        let tell: Tell = Box::new(tell);
        let (taps, last_tap, lookout) = (Vec::new(), Instant::now(), None);
        let watching = Watching { running, host, opener, period, lookout, tell, taps, failed: 0, last_tap };
        let thread = thread::Builder::new().name("watcher".into()).spawn(move || watching.run(&hear))?;
        Ok(Watcher { asks, thread })
    }

    /// Asks for something; a thread that has ended hears nothing any more.
    pub fn ask(&self, ask: Ask) {
        let _ = self.asks.send(ask);
    }

    /// Lets go of the run, and waits for that.
    pub fn end(self) {
        self.ask(Ask::End);
        // What it had to tell, nobody hears now.
        let _ = self.thread.join();
    }
}

/// How often records are looked at.
const TAP: Duration = Duration::from_millis(500);

struct Watching {
    running: Option<Box<dyn Running>>,
    host: Option<Box<dyn Host>>,
    opener: Box<dyn Opener>,
    period: Duration,
    /// who looks at the cluster that the run uses
    lookout: Option<Lookout>,
    tell: Tell,
    taps: Vec<String>,
    /// how often the run has not answered since it last did
    failed: u32,
    last_tap: Instant,
}

impl Watching {
    fn run(mut self, hear: &Receiver<Ask>) {
        let mut last = Instant::now();
        loop {
            match hear.recv_timeout(self.pause().saturating_sub(last.elapsed())) {
                Ok(Ask::End) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(ask) => {
                    let is_now = matches!(ask, Ask::Now);
                    self.done(ask);
                    if !is_now && last.elapsed() < self.pause() {
                        continue;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            last = Instant::now();
            self.look();
        }
    }

    /// Until the run is asked again: longer, the longer it does not answer.
    fn pause(&self) -> Duration {
        match self.failed {
            // Nothing is asked of nobody.
            _ if self.running.is_none() => Duration::from_secs(3600),
            0 => self.period,
            failed => pause_after(failed),
        }
    }

    fn tell(&self, news: News) {
        (self.tell)(news);
    }

    fn look(&mut self) {
        let Some(running) = &mut self.running else { return };
        if let Some(how) = running.ended() {
            let last = running.snapshot().ok().map(Box::new);
            self.let_go();
            return self.tell(News::Over { how, field: None, last });
        }
        match running.snapshot() {
            Ok(snapshot) => {
                let was_silent = std::mem::take(&mut self.failed) > 0;
                if was_silent && let Some(opening) = running.replaced() {
                    return self.done(Ask::Open(opening));
                }
                self.tell(News::Figures(Box::new(snapshot)));
            }
            Err(why) => {
                self.failed += 1;
                let at_ms = wall_ms();
                return self.tell(News::Silence { why, at_ms });
            }
        }
        if !self.taps.is_empty() && self.last_tap.elapsed() >= TAP {
            self.tap();
        }
    }

    fn tap(&mut self) {
        self.last_tap = Instant::now();
        let news = match &mut self.running {
            None => News::NoTaps("Nothing runs, so no records pass.".into()),
            Some(running) => match running.tap(&self.taps) {
                Ok(taps) => News::Taps(taps),
                Err(why) => News::NoTaps(format!("{why}.")),
            },
        };
        self.tell(news);
    }

    fn done(&mut self, ask: Ask) {
        match ask {
            Ask::Run(pipeline) => self.start(pipeline, &RunValues::default()),
            Ask::RunWith(pipeline, values) => self.start(pipeline, &values),
            Ask::Control(control) => {
                let said = match self.running.as_mut().map(|running| running.control(control)) {
                    None => "Nothing runs.".into(),
                    Some(Ok(())) => match control {
                        Control::Pause => "Pausing: sources rest, what was read goes on.".into(),
                        Control::Resume => "Going on.".into(),
                        Control::Stop => "Stopping: sources stop, queues run empty.".into(),
                    },
                    Some(Err(why)) => format!("{why}."),
                };
                self.tell(News::Said(said));
            }
            Ask::Tap(edges) => {
                self.taps = edges;
                if let Some(running) = self.running.as_mut().filter(|_| self.taps.is_empty()) {
                    // Nobody looks any more.
                    let _ = running.tap(&[]);
                } else if !self.taps.is_empty() {
                    self.tap();
                }
            }
            Ask::Save(pipeline, path) => {
                let news = match write_whole(&path, to_canonical(&pipeline).as_bytes()) {
                    Ok(()) => News::Saved { pipeline, to: path.display().to_string() },
                    Err(why) => News::Said(format!("{} is not saved: {why}.", path.display())),
                };
                self.tell(news);
            }
            Ask::Open(opening) => match self.opener.open(&opening) {
                Ok(source) => self.open(source),
                Err(why) => self.tell(News::Said(format!("{why}."))),
            },
            Ask::With(lookout) => {
                if let Some(running) = &self.running {
                    lookout.is_of(running.cluster());
                }
                self.lookout = Some(lookout);
            }
            Ask::Topics(pipeline, name) => {
                let cluster = self.host.as_ref().and_then(|host| host.cluster(&pipeline, &name));
                match (cluster, &self.lookout) {
                    (Some(cluster), Some(lookout)) => lookout.ask_for_topics(name, cluster),
                    _ => {
                        let found = Err("nobody here can ask it".into());
                        self.tell(News::Topics { cluster: name, found });
                    }
                }
            }
            Ask::State(node, lane) => {
                let news = match self.running.as_mut().map(|running| running.state(&node)) {
                    None => News::Said("Nothing runs.".into()),
                    Some(Ok(found)) => News::State { found: Box::new(found), lane },
                    Some(Err(why)) => News::Said(format!("{why}.")),
                };
                self.tell(news);
            }
            Ask::Find => self.tell(News::Found(self.opener.found())),
            Ask::Now | Ask::End => {}
        }
    }

    fn open(&mut self, source: Source) {
        let Source { name, pipeline, path, operators, check, running, host, cluster, starts, rights } = source;
        let is_of_cluster = cluster.is_some();
        if let Some(lookout) = &self.lookout {
            lookout.is_of(cluster.or_else(|| running.as_ref()?.cluster()));
        }
        // The one before stops here, if it is ours.
        (self.running, self.host) = (running, host);
        self.taps.clear();
        self.failed = 0;
        let opened = Opened { name, pipeline, path, operators, check, rights, starts, is_of_cluster };
        self.tell(News::Opened(Box::new(opened)));
    }

    /// A broker of its own goes with it.
    fn let_go(&mut self) {
        if self.running.take().is_some()
            && let Some(lookout) = &self.lookout
        {
            lookout.is_of(None);
        }
    }

    fn start(&mut self, pipeline: Box<Pipeline>, values: &RunValues) {
        // The one before stops first: they would share its group.
        self.let_go();
        let Some(host) = &self.host else {
            return self.tell(News::Said("Nobody here can start a run.".into()));
        };
        self.tell(News::Started(pipeline.clone()));
        match host.start(&pipeline, values) {
            Ok(running) => {
                if let Some(lookout) = &self.lookout {
                    lookout.is_of(running.cluster());
                }
                self.running = Some(running);
            }
            Err(fault) => {
                let how = format!("It did not start: {}.", fault.message);
                self.tell(News::Over { how, field: fault.field, last: None });
            }
        }
    }
}

/// How long one who has not answered so often in a row is left alone.
pub(super) fn pause_after(failed: u32) -> Duration {
    Duration::from_secs(match failed {
        0 | 1 => 1,
        2 => 2,
        3 => 4,
        _ => 5,
    })
}
