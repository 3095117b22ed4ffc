//! Events: snapshots as they come, four a second. One is taken for all who listen, and none while nobody does. Each client
//! gets those entries of the log that are new to it; one that falls behind is dropped.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_core::Stream;
use serde::Deserialize;
use tidegate_core::snapshot::{RunState, Snapshot};
use tokio::sync::{broadcast, mpsc};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::routes::{Asked, Served, parsed};

/// How often snapshots are taken.
const TICK: Duration = Duration::from_millis(250);
/// How long the end is waited for until it is heard.
const GOODBYE: Duration = Duration::from_millis(300);
/// Snapshots that a client may be behind.
pub(crate) const BEHIND: usize = 16;
/// Events that wait for a client which does not take them.
const WAITING: usize = 8;

/// Takes snapshots while somebody listens, until the run is over and that has been told.
pub(crate) async fn tick(served: Arc<Served>) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if served.events.receiver_count() == 0 {
            continue;
        }
        if let Ok(snapshot) = served.ask(|run| run.snapshot()).await {
            // Who listened may have gone meanwhile.
            let _ = served.events.send(Arc::new(snapshot));
        }
    }
}

/// Tells those who listen how it has ended. They are not waited for longer than a moment.
pub(crate) async fn end(served: &Arc<Served>) {
    let end = Instant::now() + GOODBYE;
    if served.events.receiver_count() > 0
        && let Ok(snapshot) = served.ask(|run| run.snapshot()).await
    {
        // Who listened may have gone meanwhile.
        let _ = served.events.send(Arc::new(snapshot));
        while served.events.receiver_count() > 0 && Instant::now() < end {
            sleep(Duration::from_millis(5)).await;
        }
        // What has been told is on its way out.
        sleep(Duration::from_millis(20)).await;
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StreamAsked {
    /// at most one event in so many milliseconds
    #[serde(default)]
    every_ms: i64,
}

pub(crate) async fn events(State(served): State<Arc<Served>>, query: Asked<StreamAsked>) -> Response {
    let every_ms = match parsed(query) {
        Ok(StreamAsked { every_ms }) => every_ms,
        Err(response) => return *response,
    };
    let (sender, events) = mpsc::channel(WAITING);
    tokio::spawn(follow(served, sender, every_ms));
    ([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(Events(events))).into_response()
}

async fn follow(served: Arc<Served>, client: mpsc::Sender<Bytes>, every_ms: i64) {
    let mut snapshots = served.events.subscribe();
    let Ok(first) = served.ask(|run| run.first_snapshot()).await else { return };
    let mut told = Told::default();
    let (mut last_ms, mut is_over) = (first.at_ms, first.run.state == RunState::Over);
    // A queue that is full belongs to a client that does not read: it is let go.
    if client.try_send(told.event(first)).is_err() {
        return;
    }
    while !is_over {
        let snapshot = match next(&mut snapshots, &client).await {
            Some(snapshot) => snapshot,
            None => return,
        };
        is_over = snapshot.run.state == RunState::Over;
        // A tick comes a little early as often as late.
        if !is_over && snapshot.at_ms - last_ms < every_ms - 100 {
            continue;
        }
        last_ms = snapshot.at_ms;
        if client.try_send(told.event(Snapshot::clone(&snapshot))).is_err() {
            return;
        }
    }
}

/// The next snapshot; none where the client has gone, or is too far behind.
async fn next(
    snapshots: &mut broadcast::Receiver<Arc<Snapshot>>,
    client: &mpsc::Sender<Bytes>,
) -> Option<Arc<Snapshot>> {
    tokio::select! {
        snapshot = snapshots.recv() => snapshot.ok(),
        () = client.closed() => None,
    }
}

/// What a client has been told of the log: by number how often an entry had happened.
#[derive(Default)]
struct Told(HashMap<u64, u64>);

impl Told {
    /// The event of a snapshot, with what is new of its log.
    fn event(&mut self, mut snapshot: Snapshot) -> Bytes {
        let known = std::mem::take(&mut self.0);
        self.0 = snapshot.log.iter().map(|entry| (entry.number, entry.count)).collect();
        snapshot.log.retain(|entry| known.get(&entry.number) != Some(&entry.count));
        // A snapshot is numbers, texts and lists of them: it is always JSON.
        let data = serde_json::to_string(&snapshot).unwrap_or_default();
        format!("event: snapshot\nid: {}\ndata: {data}\n\n", snapshot.at_ms).into()
    }
}

/// The events of one client, as a body.
struct Events(mpsc::Receiver<Bytes>);

impl Stream for Events {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|event| event.map(Ok))
    }
}

#[cfg(test)]
mod tests {
    use tidegate_core::problem::Severity;
    use tidegate_core::snapshot::LogEntry;

    use super::*;

    #[test]
    fn an_entry_of_the_log_is_told_once_until_it_changes() {
        let entry = |number, count| LogEntry {
            number,
            count,
            at_ms: 0,
            last_ms: 0,
            severity: Severity::Note,
            node: None,
            message: format!("news-{number}"),
        };
        let mut told = Told::default();
        let mut text = |log: Vec<LogEntry>| {
            let event = told.event(Snapshot { at_ms: 7, log, ..Snapshot::default() });
            String::from_utf8(event.to_vec()).unwrap()
        };
        let first = text(vec![entry(0, 1), entry(1, 1)]);
        assert!(first.starts_with("event: snapshot\nid: 7\ndata: {") && first.ends_with("}\n\n"), "{first}");
        assert!(first.contains("news-0") && first.contains("news-1"));
        let second = text(vec![entry(0, 1), entry(1, 2), entry(2, 1)]);
        assert!(!second.contains("news-0") && second.contains("news-1") && second.contains("news-2"), "{second}");
        assert!(!text(vec![entry(1, 2), entry(2, 1)]).contains("news"));
    }
}
