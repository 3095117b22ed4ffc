//! The test driver: runs any plan with no broker, no threads and a clock moved by hand, bit for bit repeatable. It uses
//! the engine's own tasks; only their ends are different.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::batch::MAX_ROWS;
use crate::engine::{Clock, Pace, Reading, Script, SlotOf, Step, TaskCell, Workshop};
use crate::operators::Scope;
use crate::plan::Plan;
use crate::problem::Fault;
use crate::snapshot::Snapshot;

mod ends;
mod feed;
mod rows;
mod script;
mod tests_of;

use ends::{DriveEnds, Log, MemoryTopic};
use feed::{batch_of, partitions_in};
pub use rows::Shown;
pub use script::{Line, OutRow, ScriptRecord, Window, read_line, read_lines};
pub use tests_of::{Mismatch, TestOutcome, run_test};

/// How many steps without the clock moving are taken for a source without an end.
const MAX_STEPS: usize = 4_000_000;

/// What a script did.
#[derive(Debug)]
pub struct Driven {
    /// rows at the ports that were asked for, in the order in which they came
    pub rows: Vec<OutRow>,
    /// what stopped it
    pub fault: Option<Fault>,
    /// what the meters say then, by the clock that was moved by hand
    pub snapshot: Snapshot,
}

/// Runs a script. `shown` says which ports' rows come back, `pack` how many consecutive rows of one node may make a batch:
/// as many as change nothing. Where a node behind may stand still, or the run stops, what came before it is what came of
/// the rows before, one by one; there a batch is one row.
pub fn drive(plan: Plan, script: &[Line], shown: &Shown, pack: usize) -> Driven {
    if pack > 1 && !may_stand_still(&plan, script) {
        let driven = drive_in(plan.clone(), script, shown, pack);
        if driven.fault.is_none() {
            return driven;
        }
    }
    drive_in(plan, script, shown, 1)
}

/// Whether something takes no rows for a time: what the script holds, a throttle, what a queue node is in front of.
fn may_stand_still(plan: &Plan, script: &[Line]) -> bool {
    let is_held = script.iter().any(|line| matches!(line, Line::Hold(_) | Line::Release(_)));
    is_held || plan.nodes.iter().any(|node| node.is_queue || node.scope == Scope::Node)
}

/// Runs a script in batches of up to `pack` rows, whatever stands behind.
fn drive_in(plan: Plan, script: &[Line], shown: &Shown, pack: usize) -> Driven {
    let mut driver = match Driver::new(plan, script, shown, pack) {
        Ok(driver) => driver,
        Err(fault) => return Driven { rows: Vec::new(), fault: Some(fault), snapshot: Snapshot::default() },
    };
    let fault = driver.run(script).err();
    Driven { rows: driver.shown(shown), fault, snapshot: driver.workshop.snapshot() }
}

struct Driver {
    workshop: Workshop,
    tasks: Vec<Arc<TaskCell>>,
    clock: Arc<AtomicI64>,
    log: Log,
    topics: BTreeMap<usize, MemoryTopic>,
    scripts: BTreeMap<(usize, i32), Fed>,
    pack: usize,
}

/// A scripted source's partition.
struct Fed {
    script: Script,
    next: i64,
    /// rows of the script that are not delivered yet
    waiting: Vec<usize>,
}

impl Driver {
    fn new(plan: Plan, script: &[Line], shown: &Shown, pack: usize) -> Result<Driver, Fault> {
        let millis = Arc::new(AtomicI64::new(0));
        let mut workshop = Workshop::new(Arc::new(plan), Clock::Hand(millis.clone()))?;
        let partitions = partitions_in(&workshop.plan, script)?;
        let lanes_of = |node: usize| partitions.get(&node).map(|last| *last as u32 + 1);
        let through: BTreeMap<usize, (usize, Option<u32>)> = workshop
            .plan
            .through
            .iter()
            .map(|through| (through.reader, (through.writer, through.topic.partitions)))
            .collect();
        let task_of: BTreeMap<usize, usize> =
            through.values().filter_map(|&(writer, _)| Some((writer, workshop.task_of(writer)?))).collect();
        let count = |node: usize, lanes: &[u32]| match through.get(&node) {
            Some(&(writer, asked)) => asked.or_else(|| task_of.get(&writer).map(|&task| lanes[task].max(1))),
            None => lanes_of(node),
        };
        workshop.count_lanes(&count);
        let log = Log::default();
        let mut topics = BTreeMap::new();
        for (&reader, &(writer, _)) in &through {
            let lanes = count(reader, &workshop.lanes).unwrap_or(1) as usize;
            let partitions = (0..lanes).map(|_| Script::default()).collect();
            topics.insert(writer, MemoryTopic { partitions, ends: Arc::new(Mutex::new(vec![0; lanes])) });
        }
        let scripted = partitions.keys().copied().collect();
        shown.watch(&mut workshop, &log);
        let mut ends = DriveEnds { log: log.clone(), topics: topics.clone(), scripted };
        let tasks = workshop.make_all(&mut ends, None)?;
        let pack = pack.clamp(1, MAX_ROWS);
        for task in &tasks {
            let mut task = task.lock();
            (task.pack, task.pace) = (pack, Pace::Waits);
        }
        let mut driver = Driver { workshop, tasks, clock: millis, log, topics, scripts: BTreeMap::new(), pack };
        driver.connect(&partitions);
        Ok(driver)
    }

    /// Gives scripted sources and the readers of topics something to read from.
    fn connect(&mut self, partitions: &BTreeMap<usize, i32>) {
        for (&node, &last) in partitions {
            for partition in 0..=last {
                let script = Script::default();
                self.read(node, partition, script.clone());
                self.scripts.insert((node, partition), Fed { script, next: 0, waiting: Vec::new() });
            }
        }
        let through = self.workshop.plan.through.clone();
        for through in through {
            let topic = self.topics.get(&through.writer).cloned().unwrap_or_default();
            for (partition, script) in topic.partitions.into_iter().enumerate() {
                self.read(through.reader, partition as i32, script);
            }
        }
    }

    fn read(&mut self, node: usize, partition: i32, script: Script) {
        let of = SlotOf::Partition(String::new(), "".into(), partition);
        let slot = self.workshop.slots.number(node, of);
        let Some(cell) = self.cell(node, partition as u32) else { return };
        let mut task = cell.lock();
        let place = task.layout.place(node).unwrap_or_default();
        task.readings.push(Reading::feed(place, slot, Box::new(script), 0));
        task.readings.sort_by_key(|reading| (reading.node, reading.slot));
    }

    fn cell(&self, node: usize, lane: u32) -> Option<Arc<TaskCell>> {
        let task = self.workshop.task_of(node)?;
        self.workshop.tasks.get(&(task, lane)).cloned()
    }

    fn run(&mut self, script: &[Line]) -> Result<(), Fault> {
        self.settle()?;
        let mut previous: Option<(usize, i32)> = None;
        for (row, line) in script.iter().enumerate() {
            let at = match line {
                Line::Record(record) => Some((self.node(&record.node)?, record.partition)),
                _ => None,
            };
            let is_full =
                previous.and_then(|at| self.scripts.get(&at)).is_some_and(|fed| fed.waiting.len() >= self.pack);
            if (previous != at || is_full)
                && let Some(at) = previous.take()
            {
                self.deliver(at, script)?;
            }
            if let Some(fed) = at.and_then(|at| self.scripts.get_mut(&at)) {
                fed.waiting.push(row);
                previous = at;
            }
            let done = match line {
                Line::Record(_) => Ok(()),
                Line::Advance(by) => self.advance(by.advance.to_ms() as i64),
                Line::End(end) => self.end(&end.end),
                Line::Hold(hold) => self.allow(&hold.hold, Some(0)),
                Line::Release(release) => self.allow(&release.release, release.records),
            };
            done?;
        }
        match previous {
            Some(at) => self.deliver(at, script),
            None => Ok(()),
        }
    }

    fn node(&self, id: &str) -> Result<usize, Fault> {
        let found = self.workshop.plan.nodes.iter().position(|node| node.id == id);
        found.ok_or_else(|| Fault::user(format!("the script names a node `{id}`, and there is none")))
    }

    /// Gives the waiting rows to their source, and lets everything run that can.
    fn deliver(&mut self, at: (usize, i32), script: &[Line]) -> Result<(), Fault> {
        let now = self.clock.load(Ordering::Relaxed);
        let Some(fed) = self.scripts.get_mut(&at) else { return Ok(()) };
        let rows = std::mem::take(&mut fed.waiting);
        let records = rows.iter().filter_map(|&row| match &script[row] {
            Line::Record(record) => Some((row, record)),
            _ => None,
        });
        let node = &self.workshop.plan.nodes[at.0];
        let batch = batch_of(records, fed.next, node, &self.workshop.plan.outputs[at.0][0], now)
            .map_err(|why| why.at_node(&node.id))?;
        fed.next += batch.rows as i64;
        fed.script.push(batch);
        self.settle()
    }

    fn end(&mut self, id: &str) -> Result<(), Fault> {
        let node = self.node(id)?;
        for (&(_, partition), fed) in self.scripts.iter().filter(|((other, _), _)| *other == node) {
            let Some(cell) = self.cell(node, partition as u32) else { continue };
            let mut task = cell.lock();
            let place = task.layout.place(node);
            for reading in task.readings.iter_mut().filter(|reading| Some(reading.node) == place) {
                reading.end_at = Some(fed.next);
            }
        }
        self.settle()
    }

    /// Stops or grants the demand of the task that has a node.
    fn allow(&mut self, id: &str, records: Option<usize>) -> Result<(), Fault> {
        let node = self.node(id)?;
        let task = self.workshop.task_of(node);
        if task.is_none() {
            let message = format!("the script holds `{id}`, which is a queue itself");
            return Err(Fault::user(message).remedy("hold the node behind it"));
        }
        for (_, cell) in self.workshop.tasks.iter().filter(|((other, _), _)| Some(*other) == task) {
            cell.lock().allowance = records;
        }
        self.settle()
    }

    fn advance(&mut self, by_ms: i64) -> Result<(), Fault> {
        let target = self.clock.load(Ordering::Relaxed).saturating_add(by_ms);
        while let Some(due) = self.settle_until()?.filter(|due| *due <= target) {
            let now = self.clock.load(Ordering::Relaxed);
            self.clock.store(due.max(now + 1).min(target), Ordering::Relaxed);
            if now == target {
                break;
            }
        }
        self.clock.store(target, Ordering::Relaxed);
        self.settle()
    }

    fn settle(&mut self) -> Result<(), Fault> {
        self.settle_until().map(|_| ())
    }

    /// Lets everything run that can; tells when something will be due. A task that fails stops; the others finish what
    /// they have, so that what was before the failure is seen.
    fn settle_until(&mut self) -> Result<Option<i64>, Fault> {
        let now = self.clock.load(Ordering::Relaxed);
        let (mut steps, mut fault) = (0, None);
        loop {
            let (mut has_moved, mut due) = (false, None::<i64>);
            for cell in self.tasks.iter().filter(|cell| !cell.is_done()) {
                let before = steps;
                let timer = match run_task(cell, now, &mut steps) {
                    Ok(Step::Ended) => {
                        has_moved |= cell.finish();
                        None
                    }
                    Ok(Step::Idle(timer) | Step::Blocked(timer)) => timer,
                    Ok(Step::Limited(at)) => Some(at),
                    Ok(Step::Worked) => return Err(endless(cell.lock().name())),
                    Err(why) => {
                        has_moved = true;
                        fault.get_or_insert(why);
                        None
                    }
                };
                has_moved |= steps > before;
                due = [due, timer.filter(|at| *at > now)].into_iter().flatten().min();
            }
            has_moved |= self.end_topics();
            // What lies behind comes first: a record goes all its way before the next one sets out.
            has_moved = has_moved || self.tasks.iter().rev().any(|cell| cell.lock().give_turn());
            if !has_moved {
                return fault.map_or(Ok(due), Err);
            }
        }
    }

    /// A topic whose writers have all ended ends where it is.
    fn end_topics(&mut self) -> bool {
        let mut has_moved = false;
        for through in self.workshop.plan.through.clone() {
            let Some(writer) = self.workshop.task_of(through.writer) else { continue };
            let writers = self.workshop.tasks.range((writer, 0)..=(writer, u32::MAX));
            if !writers.map(|(_, cell)| cell).all(|cell| cell.is_done()) {
                continue;
            }
            let Some(topic) = self.topics.remove(&through.writer) else { continue };
            let ends = topic.ends.lock().unwrap_or_else(PoisonError::into_inner).clone();
            for (partition, end) in ends.into_iter().enumerate() {
                let Some(cell) = self.cell(through.reader, partition as u32) else { continue };
                let mut task = cell.lock();
                let place = task.layout.place(through.reader);
                for reading in task.readings.iter_mut().filter(|reading| Some(reading.node) == place) {
                    reading.end_at = Some(end);
                }
                has_moved = true;
            }
        }
        has_moved
    }

    fn shown(&self, shown: &Shown) -> Vec<OutRow> {
        let log = std::mem::take(&mut *self.log.lock().unwrap_or_else(PoisonError::into_inner));
        shown.rows(&self.workshop.plan, log)
    }
}

/// Runs a task until it has nothing more to do; `Worked` says that too many steps were taken.
fn run_task(cell: &TaskCell, now_ms: i64, steps: &mut usize) -> Result<Step, Fault> {
    let mut task = cell.lock();
    while *steps < MAX_STEPS {
        match task.step(now_ms) {
            Ok(Step::Worked) => *steps += 1,
            Ok(step) => return Ok(step),
            Err(fault) => {
                task.halt();
                return Err(fault);
            }
        }
    }
    Ok(Step::Worked)
}

fn endless(node: &str) -> Fault {
    Fault::user("the source gives records without end")
        .at_node(node)
        .remedy("give it a `count`, or a `rate` and advance the clock")
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
