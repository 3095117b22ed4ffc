//! P1 in memory: the engine on one thread beside a loop over serde_json structs.

use anyhow::{Result, ensure};

use super::Settings;
use crate::child::{Work, run};
use crate::engine::InMemory;
use crate::measure::Measured;
use crate::memory::Pace;
use crate::report::{Goal, Spread, figure, title};

/// Records that find the pipeline idle.
const LONE: InMemory =
    InMemory { records: 20_000, broken_of_ten: 0, pace: Pace::OneByOne, look_ms: 0, is_unmetered: false };
const RARE: InMemory =
    InMemory { records: 3000, broken_of_ten: 0, pace: Pace::EachMillisecond, look_ms: 0, is_unmetered: false };
/// Looks at the meters: far more often than anybody does.
const LOOK_MS: u64 = 50;

/// All figures in memory.
pub(crate) fn memory(settings: &Settings) -> Result<()> {
    title("In memory, one thread: decode, filter, project, encode");
    let clean = InMemory { records: settings.records, ..InMemory::default() };
    let dirty = InMemory { broken_of_ten: 1, ..clean };
    let watched = InMemory { look_ms: LOOK_MS, ..clean };
    let unmetered = InMemory { is_unmetered: true, ..clean };
    let (mut by_hand, mut engine, mut failing, mut seen) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut blind = Vec::new();
    for _ in 0..settings.pairs {
        by_hand.push(run::<Measured>(&Work::MemoryHand(clean))?);
        engine.push(run::<Measured>(&Work::MemoryEngine(clean))?);
        failing.push(run::<Measured>(&Work::MemoryEngine(dirty))?);
        seen.push(run::<Measured>(&Work::MemoryEngine(watched))?);
        blind.push(run::<Measured>(&Work::MemoryEngine(unmetered))?);
        same(&by_hand[by_hand.len() - 1], &engine[engine.len() - 1])?;
    }
    let cpu = |all: &[Measured]| all.iter().map(Measured::cpu_ns).collect::<Vec<_>>();
    let rate = |all: &[Measured]| all.iter().map(Measured::rate).collect::<Vec<_>>();
    figure("CPU, of the loop by hand", Spread::of_ratios(&cpu(&engine), &cpu(&by_hand)), "", Goal::AtMost(0.7));
    figure("  by hand", Spread::of(cpu(&by_hand)), "ns a record", Goal::None);
    figure("  engine", Spread::of(cpu(&engine)), "ns a record", Goal::None);
    let failing = Spread::of_ratios(&rate(&failing), &rate(&engine));
    figure("rate with 10 % failing records, of the clean rate", failing, "", Goal::AtLeast(0.5));
    let metering = Spread::of_ratios(&cpu(&engine), &cpu(&blind));
    figure("CPU with meters, of the same without any", metering, "", Goal::AtMost(1.03));
    let seen = Spread::of_ratios(&cpu(&seen), &cpu(&engine));
    figure(&format!("CPU with a look at the meters each {LOOK_MS} ms"), seen, "", Goal::AtMost(1.03));
    let one = |job: InMemory| Ok(run::<Measured>(&Work::MemoryEngine(job))?.cpu_ns() / 1000.0);
    let lone = (0..settings.pairs).map(|_| one(LONE)).collect::<Result<Vec<_>>>()?;
    let rare = (0..settings.pairs).map(|_| one(RARE)).collect::<Result<Vec<_>>>()?;
    figure("a lone record across an idle pipeline", Spread::of(lone), "µs of CPU", Goal::AtMost(10.0));
    figure("  the same after a millisecond of sleep, wake-up included", Spread::of(rare), "µs of CPU", Goal::None);
    Ok(())
}

/// That the programs run and agree.
pub(super) fn agree(settings: &Settings) -> Result<()> {
    for broken_of_ten in [0, 1] {
        let job = InMemory { records: settings.records, broken_of_ten, ..InMemory::default() };
        same(&run(&Work::MemoryHand(job))?, &run(&Work::MemoryEngine(job))?)?;
    }
    for job in [LONE, RARE] {
        let lone: Measured = run(&Work::MemoryEngine(InMemory { records: 100, look_ms: 10, ..job }))?;
        ensure!(lone.outputs == 100, "lone records do not come through: {lone:?}");
    }
    Ok(())
}

fn same(by_hand: &Measured, engine: &Measured) -> Result<()> {
    ensure!(by_hand.outputs > 0, "the loop by hand kept nothing");
    let parts = |all: &Measured| (all.outputs, all.bytes);
    ensure!(parts(by_hand) == parts(engine), "outputs differ: by hand {by_hand:?}, engine {engine:?}");
    Ok(())
}
