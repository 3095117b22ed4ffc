//! Many lanes on few threads, and no wake-up that gets lost on the way.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::*;
use crate::batch::PerRow;
use crate::engine::budget::Budget;
use crate::engine::pool::Pool;
use crate::engine::workshop::{End, Ends, SlotOf, Workshop};
use crate::operators::TopicSink;
use crate::testkit::{numbers, out};

/// Rows that came to sinks on topics: the sink's number, the lane, and the rows' numbers.
type Log = Arc<Mutex<Vec<(usize, u32, Vec<i64>)>>>;

struct Memory(Log);

struct Topic {
    node: usize,
    lane: u32,
    log: Log,
}

impl Ends for Memory {
    fn outlet(&mut self, end: End<'_>, _: &TopicSink) -> Result<Box<dyn Outlet>, Fault> {
        Ok(Box::new(Topic { node: end.node, lane: end.lane, log: self.0.clone() }))
    }

    fn sink(&mut self, _: End<'_>, sink: Box<dyn Sink>) -> Result<Box<dyn Sink>, Fault> {
        Ok(sink)
    }

    fn source(&mut self, _: End<'_>, source: Box<dyn Source>) -> Result<Option<Box<dyn Source>>, Fault> {
        Ok(Some(source))
    }
}

impl Outlet for Topic {
    fn send(&mut self, batch: &Batch, from: usize) -> Result<usize, Fault> {
        lock(&self.log).push((self.node, self.lane, batch.timestamps[from..].to_vec()));
        Ok(batch.rows - from)
    }

    fn mark(&self) -> u64 {
        0
    }

    fn acknowledged(&mut self) -> Result<u64, Fault> {
        Ok(0)
    }
}

/// Runs a file on a pool, with `rows` records in each of `lanes` partitions of each source; timestamps are their numbers.
fn run_lanes(file: &Value, lanes: u32, rows: i64, pool: &Pool, is_broken: &AtomicBool) -> Vec<(usize, u32, Vec<i64>)> {
    let (pipeline, checked) = checked(file, &[]);
    let plan = Arc::new(crate::plan::Drawn::new(&pipeline, &checked).plan(&[]));
    let mut workshop = Workshop::new(plan.clone(), Clock::machine()).unwrap();
    workshop.count_lanes(&|node, _| (plan.nodes[node].role == Role::Source).then_some(lanes));
    let log = Log::default();
    let tasks = workshop.make_all(&mut Memory(log.clone()), Some(pool)).unwrap();
    for node in (0..plan.nodes.len()).filter(|&node| plan.nodes[node].role == Role::Source) {
        for lane in 0..lanes {
            let task = workshop.tasks[&(workshop.task_of(node).unwrap(), lane)].clone();
            let script = Script::default();
            (0..rows).step_by(7).for_each(|first| script.push(payloads(lane, first, rows.min(first + 7))));
            let slot = workshop.slots.number(node, SlotOf::Partition(String::new(), "".into(), lane as i32));
            let mut task = task.lock();
            let mut reading = Reading::feed(task.layout.place(node).unwrap(), slot, Box::new(script), 0);
            reading.end_at = Some(rows);
            task.readings.push(reading);
        }
    }
    tasks.iter().for_each(|task| task.wake());
    let until = Instant::now() + Duration::from_secs(30);
    while !tasks.iter().all(|task| task.is_done()) {
        assert!(Instant::now() < until && !is_broken.load(Relaxed), "it stands still");
        std::thread::yield_now();
    }
    std::mem::take(&mut lock(&log))
}

fn payloads(lane: u32, first: i64, end: i64) -> Batch {
    let texts: Vec<String> = (first..end).map(|n| format!("{{\"n\":{n}}}")).collect();
    let bytes = bytes_column(texts.iter().map(|text| Some(text.as_bytes())));
    let origin = Origin { partition: PerRow::Same(lane as i32), ..Origin::made_here(first, texts.len()) };
    Batch { payload: Some(bytes.clone()), ..Batch::bare(bytes, (first..end).collect::<Vec<_>>().into(), origin) }
}

fn pool(threads: usize) -> (Pool, Arc<AtomicBool>) {
    let is_broken = Arc::new(AtomicBool::new(false));
    let told = is_broken.clone();
    let pool =
        Pool::start(threads, Clock::machine(), Box::new(move |fault| told.store(!fault.message.is_empty(), Relaxed)));
    (pool.unwrap(), is_broken)
}

#[test]
fn many_lanes_share_few_threads() {
    let total = node("t", "scan", json!({ "columns": { "total": { "start": "n", "next": "total + n" } } }));
    let nodes = [
        numbers("s"),
        node("k", "key-by", json!({ "key": "n % 10", "key_format": "int64" })),
        total,
        out("o"),
        numbers("r"),
        out("p"),
    ];
    let pipeline = file(nodes, &["s->k", "k->t", "t->o", "r->p buffer 64"]);
    let (pool, is_broken) = pool(2);
    let log = run_lanes(&pipeline, 64, 50, &pool, &is_broken);
    let rows_of = |node: usize| log.iter().filter(move |(other, ..)| *other == node).flat_map(|(_, _, rows)| rows);
    for node in [3, 5] {
        for n in 0..50 {
            assert_eq!(rows_of(node).filter(|&&row| row == n).count(), 64, "row {n} at {node}");
        }
    }
    for lane in 0..64 {
        let of_lane = log.iter().filter(|(node, other, _)| (*node, *other) == (5, lane));
        let rows: Vec<i64> = of_lane.flat_map(|(_, _, rows)| rows.iter().copied()).collect();
        assert_eq!(rows, (0..50).collect::<Vec<_>>(), "a lane keeps its order");
    }
}

#[test]
fn no_wake_up_is_lost() {
    let filter = |id: &str| node(id, "filter", json!({ "condition": "n >= 0" }));
    let nodes = [numbers("s"), filter("f"), filter("g"), node("m", "merge", json!({})), out("o")];
    let pipeline = file(nodes, &["s->f buffer 1", "s->g buffer 2", "f->m buffer 1", "g->m", "m->o buffer 1"]);
    for threads in [1, 2, 4] {
        let (pool, is_broken) = pool(threads);
        for round in 0..700 {
            let rows = 5 + round % 20;
            let log = run_lanes(&pipeline, 1, rows, &pool, &is_broken);
            let kept: usize = log.iter().map(|(_, _, rows)| rows.len()).sum();
            assert_eq!(kept as i64, 2 * rows, "round {round} on {threads} threads");
        }
    }
}

/// A topic that acknowledges when it is told to.
struct Late {
    sent: u64,
    acknowledged: Arc<Mutex<u64>>,
}

impl Outlet for Late {
    fn send(&mut self, batch: &Batch, from: usize) -> Result<usize, Fault> {
        // Room for three rows at a time.
        let rows = (batch.rows - from).min(3);
        self.sent += rows as u64;
        Ok(rows)
    }

    fn mark(&self) -> u64 {
        self.sent
    }

    fn acknowledged(&mut self) -> Result<u64, Fault> {
        Ok(*lock(&self.acknowledged))
    }
}

struct LateEnds(Arc<Mutex<u64>>);

impl Ends for LateEnds {
    fn outlet(&mut self, _: End<'_>, _: &TopicSink) -> Result<Box<dyn Outlet>, Fault> {
        Ok(Box::new(Late { sent: 0, acknowledged: self.0.clone() }))
    }

    fn sink(&mut self, _: End<'_>, sink: Box<dyn Sink>) -> Result<Box<dyn Sink>, Fault> {
        Ok(sink)
    }

    fn source(&mut self, _: End<'_>, source: Box<dyn Source>) -> Result<Option<Box<dyn Source>>, Fault> {
        Ok(Some(source))
    }
}

/// The tasks of a source and a topic, with one lane each, and a reading of some rows; they are stepped by hand.
fn steps(acknowledged: &Arc<Mutex<u64>>) -> (Workshop, Vec<Arc<TaskCell>>) {
    let (pipeline, checked) = checked(&file([numbers("s"), out("o")], &["s->o"]), &[]);
    let plan = Arc::new(crate::plan::Drawn::new(&pipeline, &checked).plan(&[]));
    let mut workshop = Workshop::new(plan, Clock::machine()).unwrap();
    workshop.count_lanes(&|_, _| None);
    let tasks = workshop.make_all(&mut LateEnds(acknowledged.clone()), None).unwrap();
    let script = Script::default();
    script.push(payloads(0, 0, 10));
    script.push(payloads(0, 10, 20));
    tasks[0].lock().readings.push(Reading::feed(0, 0, Box::new(script), 0));
    (workshop, tasks)
}

#[test]
fn what_is_not_acknowledged_is_not_safe() {
    let acknowledged = Arc::new(Mutex::new(0));
    let (workshop, tasks) = steps(&acknowledged);
    let safe = || {
        workshop.make_safe().unwrap();
        workshop.survey().unwrap().get(0)
    };
    for step in 0..40 {
        for task in &tasks {
            task.lock().step(step).unwrap();
        }
        assert_eq!(safe(), Some(0), "nothing is acknowledged");
    }
    for (upto, expected) in [(3, 0), (9, 0), (10, 10), (19, 10), (20, 20)] {
        *lock(&acknowledged) = upto;
        assert_eq!(safe(), Some(expected), "{upto} are acknowledged");
    }
}

/// Or it would never be idle, and the end of the run would wait for it.
#[test]
fn a_task_that_closes_does_not_try_to_read_again() {
    let (_workshop, tasks) = steps(&Arc::default());
    let mut task = tasks[0].lock();
    let budget = Budget::new(5);
    task.budget = Some(budget.clone());
    assert_eq!(budget.reserve(), 5, "by another lane");
    assert_eq!(task.step(100), Ok(Step::Idle(Some(101))));
    task.is_closing = true;
    assert_eq!(task.step(102), Ok(Step::Idle(None)));
}

/// Two tasks that wake each other for every row leave the thread to others.
#[test]
fn no_pair_of_tasks_keeps_a_thread_for_itself() {
    let nodes = [rows("s", i64::MAX), node("o", "discard", json!({})), rows("r", 5000), keep("p", "modest")];
    let run = start(&file(nodes, &["s->o buffer 1", "r->p buffer 1"]), |options| options.threads = 1);
    let until = Instant::now() + Duration::from_secs(20);
    while kept("modest").len() < 5000 {
        assert!(Instant::now() < until, "only {} rows came", kept("modest").len());
        std::thread::sleep(Duration::from_millis(1));
    }
    run.abort();
    assert_eq!(end_of(run).ended_by, EndedBy::Stop);
}
