//! Memory while a sink is far slower than its source: what is bounded stays flat.

use anyhow::Result;

use super::{Embedded, Settings, unique};
use crate::child::{Work, run};
use crate::cluster::{Job, Place};
use crate::engine::Slow;
use crate::report::{Goal, Spread, figure, note, title};

/// What the sink takes for a record: with two threads some 15,000 records/s, where the source gives 1.5 M.
const PAUSE_US: u64 = 133;
const RECORDS: u64 = 1_000_000;

/// Memory over a million records.
pub(crate) fn flat(settings: &Settings) -> Result<()> {
    title("Memory with a sink 100 times slower than its source");
    let embedded = Embedded::start()?;
    let brokers = &settings.kafka().unwrap_or_else(|| embedded.brokers.clone());
    let records = RECORDS.min(settings.records);
    let from = Place::new(brokers, format!("bench-trades-{records}"));
    from.fill(4, records)?;
    let job = Job { from, to: String::new(), group: unique("slow"), records };
    let resident: Vec<f64> = run(&Work::Slow(Slow { job, pause_us: PAUSE_US }))?;
    let series = resident.iter().map(|mb| format!("{mb:.0}")).collect::<Vec<_>>().join(" ");
    note(&format!("  each tenth of the way: {series} MB"));
    // Queues and the allocator's pools fill over the first tenth.
    let steady = &resident[1..];
    let middle = Spread::of(steady.iter().copied()).median;
    let furthest = steady.iter().map(|mb| 100.0 * (mb - middle).abs() / middle).fold(0.0, f64::max);
    figure("resident over the run", Spread::of(resident.iter().copied()), "MB", Goal::AtMost(60.0));
    figure("furthest from the middle, after the first tenth", Spread::of([furthest]), "%", Goal::AtMost(10.0));
    embedded.stop()
}
