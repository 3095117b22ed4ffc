//! What the editor costs, measured in a process of its own: frames of a large pipeline while it runs, without a GPU; how soon
//! it is there, what it holds in memory, how soon an edit is checked.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};
use tidegate_core::check::{CheckOptions, check};
use tidegate_core::faces::host::{Found, Opener, Opening, Rights, Sample, Source};
use tidegate_core::operators;
use tidegate_core::pipeline::Pipeline;
use tidegate_core::pipeline::edit::{Edit, NodeChange};
use tidegate_gui::perf::{Frame, Unseen, busy, large};

use crate::measure::{Moment, resident_mb};

/// What was measured.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Costs {
    /// from nothing to a frame of the trades that can be used, in milliseconds
    pub(crate) start_ms: f64,
    /// memory that is resident then, in MB
    pub(crate) resident_mb: f64,
    /// frames in a second of which nothing happens
    pub(crate) idle_frames: f64,
    /// CPU of a frame that shows all of the large pipeline with new figures, in milliseconds
    pub(crate) all_ms: f64,
    /// what it draws
    pub(crate) all: Drawn,
    /// CPU of a frame that shows a few nodes of it
    pub(crate) few_ms: f64,
    pub(crate) few: Drawn,
    /// share of a core that it takes at ten snapshots a second, in percent
    pub(crate) live_percent: f64,
    /// frames in a second of that
    pub(crate) live_frames: f64,
    /// from an edit of the large pipeline to what a check says of it, in milliseconds
    pub(crate) checked_ms: f64,
    /// memory that is resident with the large pipeline, in MB
    pub(crate) large_mb: f64,
}

/// Nodes, wires and corners of triangles of a frame.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Drawn {
    pub(crate) nodes: usize,
    pub(crate) wires: usize,
    pub(crate) vertices: usize,
}

impl From<Frame> for Drawn {
    fn from(frame: Frame) -> Drawn {
        Drawn { nodes: frame.nodes, wires: frame.wires, vertices: frame.vertices }
    }
}

/// The window that the editor is designed for.
const WINDOW: (f32, f32) = (1400.0, 900.0);
/// Frames of which the mean is taken, and edits.
const FRAMES: u64 = 100;
const EDITS: u64 = 20;
/// How long it is watched.
const WATCHED: Duration = Duration::from_secs(5);
/// From one snapshot to the next.
const TICK: Duration = Duration::from_millis(100);
/// No screen shows frames faster.
const SCREEN: Duration = Duration::from_millis(16);

/// Measures all of it.
pub(crate) fn costs() -> Result<Costs> {
    let begun = Instant::now();
    let trades = Pipeline::parse(include_str!("../../pipelines/trades.json")).0.context("the trades")?;
    let mut editor = open(trades)?;
    // Things find their size in the first frame, and their place in the second.
    editor.frame();
    editor.frame();
    let start_ms = millis(begun.elapsed());
    settle(&mut editor);
    let idle_frames = watched(&mut editor, None).frames;
    let resident = resident_mb()?;
    editor.end();

    let source = ("generate", json!({ "shape": "trades", "rate": "1000/s" }));
    let pipeline = large((source, ("filter", json!({ "condition": "price > 10" }))));
    let mut editor = open(pipeline.clone())?;
    let (all, all_ms) = frames(&mut editor, &pipeline);
    let live = watched(&mut editor, Some(&pipeline));
    editor.look_closely();
    let (few, few_ms) = frames(&mut editor, &pipeline);
    let checked_ms = checked(&mut editor)?;
    let large_mb = resident_mb()?;
    editor.end();
    Ok(Costs {
        start_ms,
        resident_mb: resident,
        idle_frames,
        all_ms,
        all: all.into(),
        few_ms,
        few: few.into(),
        live_percent: live.percent,
        live_frames: live.frames,
        checked_ms,
        large_mb,
    })
}

/// Opens nothing.
struct Nobody;

impl Opener for Nobody {
    fn found(&self) -> Vec<Found> {
        Vec::new()
    }

    fn gallery(&self) -> Vec<Sample> {
        Vec::new()
    }

    fn open(&self, _: &Opening) -> Result<Source, String> {
        Err("nothing is opened here".into())
    }
}

fn open(pipeline: Pipeline) -> Result<Unseen> {
    let source = Source {
        name: pipeline.name.clone(),
        pipeline,
        operators: operators::ALL,
        check: Arc::new(|pipeline, _| check(pipeline, &CheckOptions::new(&[]))),
        rights: Rights { may_build: true, may_control: true, owns_run: true },
        ..Source::nothing()
    };
    Unseen::open(source, Arc::new(Nobody), WINDOW).context("a thread of the editor")
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Frames with new figures each: the last one, and the CPU of one.
fn frames(editor: &mut Unseen, pipeline: &Pipeline) -> (Frame, f64) {
    editor.tell(busy(pipeline, 0));
    let mut last = editor.frame();
    let mut spent = Duration::ZERO;
    for tick in 1..=FRAMES {
        let snapshot = busy(pipeline, tick);
        let begun = Moment::now();
        editor.tell(snapshot);
        last = editor.frame();
        spent += Moment::now().cpu - begun.cpu;
    }
    (last, millis(spent) / FRAMES as f64)
}

/// Until what came in has been faded in.
fn settle(editor: &mut Unseen) {
    let end = Instant::now() + Duration::from_secs(1);
    while editor.frame().next.is_some() && Instant::now() < end {
        thread::sleep(SCREEN);
    }
}

struct Watched {
    percent: f64,
    frames: f64,
}

/// Frames as a window draws them: when there is a snapshot, and when the editor asks for one.
fn watched(editor: &mut Unseen, run: Option<&Pipeline>) -> Watched {
    let begun = Moment::now();
    let (mut due, mut wanted) = (begun.at, editor.frame().next.map(|delay| begun.at + delay));
    let (mut ticks, mut frames) = (0, 0_u32);
    while begun.at.elapsed() < WATCHED {
        let now = Instant::now();
        let is_told = run.is_some() && now >= due;
        if let Some(pipeline) = run.filter(|_| is_told) {
            ticks += 1;
            due += TICK;
            editor.tell(busy(pipeline, ticks));
        }
        if is_told || wanted.is_some_and(|wanted| now >= wanted) {
            frames += 1;
            wanted = editor.frame().next.map(|delay| now + delay.max(SCREEN));
        }
        let end = begun.at + WATCHED;
        let next = [Some(end), run.map(|_| due), wanted].into_iter().flatten().min().unwrap_or(end);
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    let spent = Moment::now().cpu - begun.cpu;
    let seconds = begun.at.elapsed().as_secs_f64();
    Watched { percent: 100.0 * spent.as_secs_f64() / seconds, frames: f64::from(frames) / seconds }
}

/// Edits of a filter in the first row, before most others: what one takes until it is checked.
fn checked(editor: &mut Unseen) -> Result<f64> {
    let mut spent = Duration::ZERO;
    for number in 0..EDITS {
        let config = Map::from_iter([("condition".to_string(), json!(format!("price > {number} and qty > 1")))]);
        let edit = Edit::ChangeNode { id: "n1".into(), change: NodeChange::Config(config) };
        let begun = Instant::now();
        ensure!(editor.edit(&edit), "the large pipeline cannot be edited");
        spent += begun.elapsed();
    }
    Ok(millis(spent) / EDITS as f64)
}
