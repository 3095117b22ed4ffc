//! What is asked and answered. Every answer is JSON, but the text for Prometheus; a refusal is `{"error", "remedy"}`.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, Query, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tidegate_core::engine::{KeysAsked, RunHandle, StateQuery, TapOptions};
use tidegate_core::problem::{Blame, Fault};
use tidegate_core::snapshot::{ClusterWanted, Snapshot};
use tokio::sync::{Semaphore, broadcast};
use tokio::time::{Instant, sleep};

use crate::gate::{Gate, Refusal};
use crate::listener::Peer;
use crate::{metrics, stream};

/// The longest order.
const BODY: usize = 4096;
/// The longest question about a cluster: names of what is on a screen.
const QUESTION: usize = 64 << 10;
/// Taps at a time.
const TAPS: usize = 8;
/// How often a tap is looked into.
const TAP_LOOK: Duration = Duration::from_millis(25);

/// What is served.
pub(crate) struct Served {
    pub(crate) run: RunHandle,
    pipeline: Bytes,
    gate: Gate,
    taps: Arc<Semaphore>,
    /// snapshots, as long as somebody listens
    pub(crate) events: broadcast::Sender<Arc<Snapshot>>,
}

type Service = IntoMakeServiceWithConnectInfo<Router, Peer>;

impl Served {
    pub(crate) fn new(run: RunHandle, pipeline: String, gate: Gate) -> Served {
        let events = broadcast::channel(stream::BEHIND).0;
        Served { run, pipeline: pipeline.into(), gate, taps: Arc::new(Semaphore::new(TAPS)), events }
    }

    /// Something that may wait for a lock, away from the thread that answers.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&RunHandle) -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let run = self.run.clone();
        tokio::task::spawn_blocking(move || question(&run)).await.map_err(|why| Fault::ours(why.to_string()))
    }
}

pub(crate) fn service(served: Arc<Served>) -> Service {
    Router::new()
        .route("/api/pipeline", get(pipeline))
        .route("/api/snapshot", get(snapshot))
        .route("/api/stream", get(stream::events))
        .route("/api/tap/{edge}", get(tap))
        .route("/api/state/{node}", get(state))
        .route("/api/cluster", post(cluster).layer(DefaultBodyLimit::max(QUESTION)))
        .route("/api/control", post(control))
        .route("/metrics", get(prometheus))
        .route("/healthz", get(health))
        .fallback(|| async {
            failure(StatusCode::NOT_FOUND, "there is nothing here", Some("the README lists the paths"))
        })
        .method_not_allowed_fallback(|| async {
            failure(
                StatusCode::METHOD_NOT_ALLOWED,
                "this path is asked in another way",
                Some("GET, and POST for /api/cluster and /api/control"),
            )
        })
        .layer(DefaultBodyLimit::max(BODY))
        .layer(from_fn_with_state(served.clone(), pass))
        .with_state(served)
        .into_make_service_with_connect_info::<Peer>()
}

async fn pass(
    State(served): State<Arc<Served>>,
    ConnectInfo(Peer(from)): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let passed = served.gate.pass(from, request.method(), request.uri().path(), request.headers());
    let mut response = match passed {
        Ok(()) => next.run(request).await,
        Err(Refusal { status, message, remedy }) => failure(status, message, Some(remedy)),
    };
    if response.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    response
}

fn failure(status: StatusCode, message: &str, remedy: Option<&str>) -> Response {
    let body = match remedy {
        Some(remedy) => json!({ "error": message, "remedy": remedy }),
        None => json!({ "error": message }),
    };
    (status, axum::Json(body)).into_response()
}

fn of_fault(fault: &Fault) -> Response {
    let status = match fault.blame {
        Blame::User => StatusCode::BAD_REQUEST,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    failure(status, &fault.message, fault.remedy.as_deref())
}

/// JSON of what was found, or why it was not.
fn answer<T: Serialize>(found: Result<T, Fault>) -> Response {
    found.map_or_else(|fault| of_fault(&fault), |found| axum::Json(found).into_response())
}

async fn pipeline(State(served): State<Arc<Served>>) -> Response {
    ([(CONTENT_TYPE, "application/json")], served.pipeline.clone()).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SnapshotAsked {
    /// with samples of the last minutes
    #[serde(default)]
    past: bool,
}

async fn snapshot(State(served): State<Arc<Served>>, query: Asked<SnapshotAsked>) -> Response {
    let asked = match parsed(query) {
        Ok(asked) => asked,
        Err(response) => return *response,
    };
    answer(served.ask(move |run| if asked.past { run.first_snapshot() } else { run.snapshot() }).await)
}

async fn prometheus(State(served): State<Arc<Served>>) -> Response {
    match served.ask(|run| metrics::text(&run.snapshot())).await {
        Ok(text) => ([(CONTENT_TYPE, metrics::CONTENT)], text).into_response(),
        Err(fault) => of_fault(&fault),
    }
}

async fn health(State(served): State<Arc<Served>>) -> Response {
    let is_over = served.run.is_over();
    let status = if is_over { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (status, axum::Json(json!({ "is_running": !is_over }))).into_response()
}

async fn cluster(State(served): State<Arc<Served>>, body: Bytes) -> Response {
    let wanted: ClusterWanted = match serde_json::from_slice(&body) {
        Ok(wanted) => wanted,
        Err(why) => {
            let remedy = r#"send {}, or what is looked at: {"groups": [...], "topics": [...], "opened": "...", "records": {"topic": "..."}}"#;
            return failure(StatusCode::BAD_REQUEST, &format!("this is no question: {why}"), Some(remedy));
        }
    };
    match served.ask(move |run| run.look_at_cluster(&wanted)).await {
        Ok(found) => answer(found),
        Err(fault) => of_fault(&fault),
    }
}

/// What an order says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    command: Command,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Command {
    Pause,
    Resume,
    Stop,
}

async fn control(State(served): State<Arc<Served>>, body: Bytes) -> Response {
    let Order { command } = match serde_json::from_slice(&body) {
        Ok(order) => order,
        Err(why) => {
            let remedy = r#"send {"command": "pause"}, "resume" or "stop""#;
            return failure(StatusCode::BAD_REQUEST, &format!("this is no order: {why}"), Some(remedy));
        }
    };
    if served.run.is_over() {
        return failure(StatusCode::CONFLICT, "the run is over", None);
    }
    let obeyed = served.ask(move |run| {
        match command {
            Command::Pause => run.pause(),
            Command::Resume => run.resume(),
            Command::Stop => run.stop(),
        }
        // What is so now: who is stopping already is not paused.
        run.snapshot().run.state
    });
    answer(obeyed.await.map(|state| json!({ "state": state })))
}

/// What stands behind the question mark.
pub(crate) type Asked<T> = Result<Query<T>, axum::extract::rejection::QueryRejection>;

/// What stands behind the question mark, or what is wrong with it.
pub(crate) fn parsed<T>(query: Asked<T>) -> Result<T, Box<Response>> {
    match query {
        Ok(Query(asked)) => Ok(asked),
        Err(why) => Err(Box::new(failure(StatusCode::BAD_REQUEST, &why.body_text(), None))),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TapAsked {
    /// records at most
    limit: usize,
    /// one in so many
    every: u64,
    /// how long to wait for them, in milliseconds
    within_ms: u64,
}

impl Default for TapAsked {
    fn default() -> TapAsked {
        TapAsked { limit: 20, every: 1, within_ms: 1000 }
    }
}

/// The longest that a tap is waited for.
const TAP_WITHIN_MS: u64 = 30_000;

async fn tap(State(served): State<Arc<Served>>, Path(edge): Path<String>, query: Asked<TapAsked>) -> Response {
    let TapAsked { limit, every, within_ms } = match parsed(query) {
        Ok(asked) => asked,
        Err(response) => return *response,
    };
    let Ok(_place) = served.taps.clone().try_acquire_owned() else {
        return failure(StatusCode::TOO_MANY_REQUESTS, "8 taps are open already", Some("wait for one to end"));
    };
    let tap = match served.ask(move |run| run.tap(&edge, TapOptions { limit, every })).await {
        Ok(Ok(tap)) => tap,
        Ok(Err(fault)) | Err(fault) => return of_fault(&fault),
    };
    let end = Instant::now() + Duration::from_millis(within_ms.min(TAP_WITHIN_MS));
    while !tap.is_full() && Instant::now() < end && !served.run.is_over() {
        sleep(TAP_LOOK).await;
    }
    // Records become JSON here, away from the thread that answers others.
    answer(served.ask(move |_| tap.take()).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StateAsked {
    key: Option<String>,
    prefix: Option<String>,
    from: Option<String>,
    to: Option<String>,
    /// first and last millisecond that a window reaches into
    window_from: Option<i64>,
    window_to: Option<i64>,
    #[serde(default = "some_rows")]
    limit: usize,
}

fn some_rows() -> usize {
    100
}

async fn state(State(served): State<Arc<Served>>, Path(node): Path<String>, query: Asked<StateAsked>) -> Response {
    let asked = match parsed(query) {
        Ok(asked) => asked,
        Err(response) => return *response,
    };
    let keys = match (asked.key, asked.prefix, asked.from, asked.to) {
        (None, None, None, None) => KeysAsked::All,
        (Some(key), None, None, None) => KeysAsked::One(key),
        (None, Some(prefix), None, None) => KeysAsked::Prefix(prefix),
        (None, None, Some(from), to) => KeysAsked::Range(from, to),
        _ => {
            let message = "`key`, `prefix` and `from` with `to` are asked for one at a time";
            return failure(StatusCode::BAD_REQUEST, message, None);
        }
    };
    let windows = match (asked.window_from, asked.window_to) {
        (None, None) => None,
        (from, to) => Some((from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX))),
    };
    let query = StateQuery { keys, windows, limit: asked.limit };
    match served.ask(move |run| run.state(&node, &query)).await {
        Ok(found) => answer(found),
        Err(fault) => of_fault(&fault),
    }
}
