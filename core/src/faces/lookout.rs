//! The thread that looks at the cluster, and only while somebody looks at the screen that shows it. It is beside that which
//! asks the run: a cluster that is slow to answer must not make the run's figures old.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::host::Cluster;
use super::watcher::{News, pause_after};
use crate::engine::wall_ms;
use crate::snapshot::ClusterWanted;

/// The thread, from outside. It ends when nobody holds one of these any more, and is not waited for: a broker that does not
/// answer would keep the terminal.
#[derive(Debug, Clone)]
pub struct Lookout(Sender<Ask>);

enum Ask {
    Of(Option<Box<dyn Cluster>>),
    Look(Option<ClusterWanted>),
    Topics(String, Box<dyn Cluster>),
    Now,
}

impl Lookout {
    /// Starts it, on a cluster or on none yet; it tells what it sees.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(
        cluster: Option<Box<dyn Cluster>>,
        is_thrifty: bool,
        tell: impl Fn(News) + Send + 'static,
    ) -> io::Result<Lookout> {
        let (asks, hear) = channel();
        let tell: Box<dyn Fn(News) + Send> = Box::new(tell);
        let every = if is_thrifty { 3 * EVERY } else { EVERY };
        let now = Instant::now();
        let looking = Looking {
            cluster,
            wanted: None,
            opened: None,
            every,
            due: now,
            last: now,
            failed: 0,
            is_first: true,
            tell,
        };
        thread::Builder::new().name("lookout".into()).spawn(move || looking.run(&hear))?;
        Ok(Lookout(asks))
    }

    /// From now on it is this cluster, or none.
    pub fn is_of(&self, cluster: Option<Box<dyn Cluster>>) {
        // A thread that has ended hears nothing any more; so below.
        let _ = self.0.send(Ask::Of(cluster));
    }

    /// From now on this is on the screen, or nothing.
    pub fn look(&self, wanted: Option<ClusterWanted>) {
        let _ = self.0.send(Ask::Look(wanted));
    }

    /// Asks a cluster, known by this name, for its topics, once.
    pub(super) fn ask_for_topics(&self, name: String, cluster: Box<dyn Cluster>) {
        let _ = self.0.send(Ask::Topics(name, cluster));
    }

    /// At once, whatever the next time would be.
    pub fn look_now(&self) {
        let _ = self.0.send(Ask::Now);
    }
}

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(2);
/// Whoever scrolls changes what is wanted with every key.
const AT_MOST_EVERY: Duration = Duration::from_millis(250);
/// How long it waits where there is nothing to look at.
const LONG: Duration = Duration::from_secs(3600);

struct Looking {
    cluster: Option<Box<dyn Cluster>>,
    wanted: Option<ClusterWanted>,
    /// the group whose past has been told
    opened: Option<String>,
    every: Duration,
    due: Instant,
    last: Instant,
    /// how often it has not answered since it last did
    failed: u32,
    /// the first look brings little
    is_first: bool,
    tell: Box<dyn Fn(News) + Send>,
}

impl Looking {
    fn run(mut self, hear: &Receiver<Ask>) {
        loop {
            let is_looking = self.cluster.is_some() && self.wanted.is_some();
            let pause = if is_looking { self.due.saturating_duration_since(Instant::now()) } else { LONG };
            match hear.recv_timeout(pause) {
                Ok(ask) => self.take(ask),
                Err(RecvTimeoutError::Timeout) => self.look(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    }

    fn take(&mut self, ask: Ask) {
        match ask {
            Ask::Of(cluster) => {
                self.cluster = cluster;
                (self.opened, self.failed, self.is_first) = (None, 0, true);
                self.due = Instant::now();
            }
            Ask::Look(wanted) => {
                let name = |wanted: &Option<ClusterWanted>| wanted.as_ref().and_then(|wanted| wanted.cluster.clone());
                self.is_first |= name(&wanted) != name(&self.wanted);
                self.wanted = wanted;
                // What does not answer is not asked more often for it.
                if self.failed == 0 {
                    self.due = self.due.min(self.last + AT_MOST_EVERY);
                }
            }
            Ask::Topics(name, mut cluster) => {
                // The first look, which comes soon, names all there are.
                let seen = cluster.look(&ClusterWanted::default());
                let found = seen.map(|seen| {
                    let topics = seen.topics.into_iter().filter(|topic| !topic.is_internal);
                    topics.map(|topic| topic.name).collect()
                });
                return self.tell(News::Topics { cluster: name, found });
            }
            Ask::Now => self.due = Instant::now(),
        }
        if self.cluster.is_none() && self.wanted.is_some() {
            self.tell(News::NoCluster);
        }
    }

    fn look(&mut self) {
        let (Some(cluster), Some(wanted)) = (&mut self.cluster, &self.wanted) else { return };
        let opened = wanted.opened.clone();
        let past = opened.is_some() && opened != self.opened;
        let seen = cluster.look(&ClusterWanted { past, ..wanted.clone() });
        self.last = Instant::now();
        match seen {
            Ok(seen) => {
                let is_told = seen.opened.is_some();
                self.tell(News::Cluster(Box::new(seen)));
                if is_told {
                    self.opened = opened;
                }
                self.failed = 0;
                let is_first = std::mem::replace(&mut self.is_first, false);
                self.due = self.last + if is_first { Duration::ZERO } else { self.every };
            }
            Err(why) => {
                self.tell(News::ClusterSilence { why, at_ms: wall_ms() });
                self.failed += 1;
                self.due = self.last + pause_after(self.failed);
            }
        }
    }

    fn tell(&self, news: News) {
        (self.tell)(news);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::{ClusterSnapshot, OpenedGroup, TopicSnapshot};

    /// Tells what it was asked by what it answers.
    struct Fake {
        asked: Sender<ClusterWanted>,
        answers: u32,
    }

    impl Cluster for Fake {
        fn look(&mut self, wanted: &ClusterWanted) -> Result<ClusterSnapshot, String> {
            self.asked.send(wanted.clone()).unwrap();
            self.answers = self.answers.checked_sub(1).ok_or("gone")?;
            let opened = wanted.opened.clone().map(|name| OpenedGroup { name, ..OpenedGroup::default() });
            let topic = |name: &str| TopicSnapshot {
                name: name.into(),
                is_internal: name.starts_with('_'),
                ..TopicSnapshot::default()
            };
            let topics = ["__offsets", "orders", "trades"].map(topic).to_vec();
            Ok(ClusterSnapshot { at_ms: 1, opened, topics, ..ClusterSnapshot::default() })
        }
    }

    fn opened(name: &str) -> Option<ClusterWanted> {
        Some(ClusterWanted { opened: Some(name.into()), ..ClusterWanted::default() })
    }

    #[test]
    fn topics_are_asked_of_any_cluster_while_nobody_looks() {
        let ((tell, heard), (asked, _looks)) = (channel(), channel());
        let lookout = Lookout::start(None, false, move |news| drop(tell.send(news))).unwrap();
        for (answers, expected) in [(1, Ok(vec!["orders".to_string(), "trades".to_string()])), (0, Err("gone".into()))]
        {
            let fake = Fake { asked: asked.clone(), answers };
            lookout.ask_for_topics("other".into(), Box::new(fake));
            let News::Topics { cluster, found } = heard.recv().unwrap() else { panic!("something else is told") };
            assert_eq!((cluster.as_str(), found), ("other", expected));
        }
    }

    #[test]
    fn it_looks_only_where_somebody_looks_and_tells_the_past_once() {
        let ((tell, heard), (asked, looks)) = (channel(), channel());
        let lookout = Lookout::start(None, false, move |news| drop(tell.send(news))).unwrap();
        let next = || looks.recv_timeout(Duration::from_secs(10)).unwrap();
        lookout.look(opened("a"));
        assert!(matches!(heard.recv().unwrap(), News::NoCluster));
        lookout.is_of(Some(Box::new(Fake { asked, answers: 4 })));
        // The first brings little, so that the second comes at once.
        assert_eq!([next(), next()].map(|wanted| wanted.past), [true, false]);
        lookout.look(None);
        assert!(looks.recv_timeout(EVERY + AT_MOST_EVERY).is_err(), "nobody looks");
        lookout.look(opened("b"));
        assert_eq!(next(), ClusterWanted { past: true, ..opened("b").unwrap() });
        lookout.look_now();
        assert!(!next().past);
        lookout.look_now();
        next();
        let is_silence = |news: News| matches!(news, News::ClusterSilence { why, .. } if why == "gone");
        assert!(heard.into_iter().any(is_silence));
    }
}
