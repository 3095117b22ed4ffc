//! Runs are asked, started and let go by a thread that nobody waits for.

use std::sync::{Arc, Mutex};

use super::*;
use crate::faces::host::{Cluster, Sample};
use crate::problem::Fault;
use crate::snapshot::ClusterWanted;

/// A run that answers so often, and writes down what happens to it.
struct Fake {
    answers: u32,
    happened: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    fn note(&self, what: impl Into<String>) {
        self.happened.lock().unwrap().push(what.into());
    }
}

impl Running for Fake {
    fn snapshot(&mut self) -> Result<Snapshot, String> {
        self.answers = self.answers.checked_sub(1).ok_or("gone")?;
        Ok(Snapshot { at_ms: 1, ..Snapshot::default() })
    }

    fn ended(&mut self) -> Option<String> {
        None
    }

    fn tap(&mut self, edges: &[String]) -> Result<Vec<TapSnapshot>, String> {
        self.note(format!("tapped {}", edges.len()));
        Ok(edges.iter().map(|edge| TapSnapshot { edge: edge.clone(), ..TapSnapshot::default() }).collect())
    }

    fn state(&mut self, node: &str) -> Result<StateSnapshot, String> {
        Ok(StateSnapshot { node: node.into(), ..StateSnapshot::default() })
    }

    fn control(&mut self, control: Control) -> Result<(), String> {
        self.note(format!("{control:?}"));
        Ok(())
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.note("let go");
    }
}

struct Starter(Arc<Mutex<Vec<String>>>);

impl Host for Starter {
    fn start(&self, pipeline: &Pipeline, _: &RunValues) -> Result<Box<dyn Running>, Fault> {
        if pipeline.name == "bad" {
            return Err(Fault::outside("no broker").at_field("clusters.default"));
        }
        Ok(Box::new(Fake { answers: 2, happened: self.0.clone() }))
    }

    fn cluster(&self, pipeline: &Pipeline, name: &str) -> Option<Box<dyn Cluster>> {
        Some(Box::new(Refusing(format!("{name} of {} is away", pipeline.name))))
    }
}

struct Refusing(String);

impl Cluster for Refusing {
    fn look(&mut self, _: &ClusterWanted) -> Result<ClusterSnapshot, String> {
        Err(self.0.clone())
    }
}

/// Opens what is called so, and finds one.
struct Shelf;

impl Opener for Shelf {
    fn found(&self) -> Vec<Found> {
        let name = "a.json".to_string();
        vec![Found { opening: Opening::File("a.json".into()), name, sentence: "An example.".into() }]
    }

    fn gallery(&self) -> Vec<Sample> {
        Vec::new()
    }

    fn open(&self, opening: &Opening) -> Result<Source, String> {
        let Opening::File(path) = opening else { return Err("there is none".into()) };
        let (name, pipeline) = ("a".into(), Pipeline::new("a"));
        Ok(Source { name, pipeline, path: Some(path.clone()), ..Source::nothing() })
    }
}

/// Waits for a message for which something is so.
fn hear(heard: &Receiver<News>, is_it: impl Fn(&News) -> bool) {
    loop {
        match heard.recv_timeout(Duration::from_secs(10)) {
            Ok(news) if is_it(&news) => return,
            Ok(_) => {}
            Err(why) => panic!("{why}"),
        }
    }
}

#[test]
fn a_run_is_started_asked_and_let_go() {
    let happened = Arc::new(Mutex::new(Vec::new()));
    let (tell, heard) = channel();
    let host: Box<dyn Host> = Box::new(Starter(happened.clone()));
    let watcher = Watcher::start(None, Some(host), Box::new(Shelf), Duration::from_millis(20), move |news| {
        drop(tell.send(news));
    })
    .unwrap();
    watcher.ask(Ask::Control(Control::Stop));
    hear(&heard, |news| matches!(news, News::Said(text) if text == "Nothing runs."));
    watcher.ask(Ask::Run(Box::new(Pipeline::new("bad"))));
    hear(
        &heard,
        |news| matches!(news, News::Over { how, field: Some(field), .. } if how.contains("no broker") && field == "clusters.default"),
    );
    watcher.ask(Ask::Run(Box::new(Pipeline::new("good"))));
    hear(&heard, |news| matches!(news, News::Started(pipeline) if pipeline.name == "good"));
    watcher.ask(Ask::Tap(vec!["a.out->b.in".into()]));
    hear(&heard, |news| matches!(news, News::Taps(taps) if taps[0].edge == "a.out->b.in"));
    hear(&heard, |news| matches!(news, News::Figures(_)));
    // It answers twice; then it is asked later and later.
    hear(&heard, |news| matches!(news, News::Silence { why, .. } if why == "gone"));
    watcher.ask(Ask::Control(Control::Pause));
    hear(&heard, |news| matches!(news, News::Said(text) if text.starts_with("Pausing")));
    watcher.ask(Ask::State("w".into(), 3));
    hear(&heard, |news| matches!(news, News::State { found, lane: 3 } if found.node == "w"));
    watcher.ask(Ask::Find);
    hear(&heard, |news| matches!(news, News::Found(found) if found.len() == 1));
    watcher.ask(Ask::Open(Opening::New(None)));
    hear(&heard, |news| matches!(news, News::Said(text) if text == "there is none."));
    assert!(!happened.lock().unwrap().contains(&"let go".to_string()), "what cannot be opened takes nothing away");
    watcher.ask(Ask::Open(Opening::File("a.json".into())));
    hear(&heard, |news| matches!(news, News::Opened(opened) if opened.pipeline.name == "a"));
    watcher.end();
    let happened = happened.lock().unwrap();
    assert_eq!((happened.first(), happened.last()), (Some(&"tapped 1".to_string()), Some(&"let go".to_string())));
    assert!(happened.contains(&"Pause".to_string()), "{happened:?}");
}

#[test]
fn who_starts_runs_knows_their_clusters() {
    let (tell, heard) = channel();
    let tell_seen = tell.clone();
    let lookout = Lookout::start(None, false, move |news| drop(tell_seen.send(news))).unwrap();
    let host: Box<dyn Host> = Box::new(Starter(Arc::default()));
    let period = Duration::from_millis(20);
    let watcher = Watcher::start(None, Some(host), Box::new(Shelf), period, move |news| drop(tell.send(news)));
    let watcher = watcher.unwrap();
    let ask = || Ask::Topics(Box::new(Pipeline::new("a")), "b".into());
    let is_told = |news: &News, expected: &str| matches!(news, News::Topics { cluster, found: Err(why) } if cluster == "b" && why == expected);
    watcher.ask(ask());
    hear(&heard, |news| is_told(news, "nobody here can ask it"));
    watcher.ask(Ask::With(lookout));
    watcher.ask(ask());
    hear(&heard, |news| is_told(news, "b of a is away"));
    watcher.end();
}
