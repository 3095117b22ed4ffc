//! What it costs to be watched: P1 in memory on one thread, alone, and served over HTTP to a client that follows its events
//! and to a dashboard.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;

use anyhow::{Context, Result, ensure};

use super::Settings;
use crate::child::{Running, Work, run};
use crate::dashboard::Dashboard;
use crate::engine::InMemory;
use crate::measure::Measured;
use crate::report::{Goal, Spread, figure, note, title};

/// All figures of watching.
pub(crate) fn watch(settings: &Settings) -> Result<()> {
    title("Watched over HTTP: P1 in memory, one thread, a client on its events and a dashboard");
    let job = InMemory { records: settings.records, ..InMemory::default() };
    let (mut alone, mut watched, mut seen) = (Vec::new(), Vec::new(), Seen::default());
    for pair in 0..settings.pairs {
        // Which of the two is first changes, so that a machine that warms up favours neither.
        if pair % 2 == 0 {
            alone.push(run::<Measured>(&Work::MemoryEngine(job))?);
        }
        let (measured, more) = followed(job, true)?;
        watched.push(measured);
        seen = Seen { events: seen.events + more.events, frames: seen.frames + more.frames };
        if pair % 2 == 1 {
            alone.push(run::<Measured>(&Work::MemoryEngine(job))?);
        }
    }
    let cpu = |all: &[Measured]| all.iter().map(Measured::cpu_ns).collect::<Vec<_>>();
    let rate = |all: &[Measured]| all.iter().map(Measured::rate).collect::<Vec<_>>();
    let slower = Spread::of_ratios(&rate(&watched), &rate(&alone));
    figure("rate, of the same run alone", slower, "", Goal::AtLeast(0.97));
    let dearer = Spread::of_ratios(&cpu(&watched), &cpu(&alone));
    figure("CPU of the whole program, of the same run alone", dearer, "", Goal::AtMost(1.03));
    figure("  alone", Spread::of(cpu(&alone)), "ns a record", Goal::None);
    let Seen { events, frames } = seen;
    let seconds: f64 = watched.iter().map(|it| it.wall_s).sum();
    note(&format!(
        "  {events} events were read and {frames} frames drawn in {seconds:.0} s of {} runs",
        settings.pairs
    ));
    Ok(())
}

/// That it runs, and events come; it is over before a dashboard has begun.
pub(super) fn agree(settings: &Settings) -> Result<()> {
    let job = InMemory { records: settings.records, ..InMemory::default() };
    let (measured, Seen { events, .. }) = followed(job, false)?;
    let alone: Measured = run(&Work::MemoryEngine(job))?;
    ensure!(measured.outputs == alone.outputs && events > 0, "{events} events of {measured:?}, alone {alone:?}");
    Ok(())
}

/// What those who looked saw.
#[derive(Default)]
struct Seen {
    events: usize,
    frames: usize,
}

/// A run that is looked at to its end.
fn followed(job: InMemory, by_dashboard: bool) -> Result<(Measured, Seen)> {
    let mut running = Running::start(&Work::MemoryWatched(job))?;
    let address: String = running.line()?;
    let mut stream = TcpStream::connect(&address).context("the run's address")?;
    write!(stream, "GET /api/stream HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let reader = thread::spawn(move || {
        let mut text = Vec::new();
        // The run's end may cut the last event off.
        let _ = stream.read_to_end(&mut text);
        String::from_utf8_lossy(&text).matches("event: snapshot").count()
    });
    let dashboard = by_dashboard.then(|| Dashboard::start(&address)).transpose()?;
    let measured = running.line()?;
    let frames = dashboard.map_or(Ok(0), Dashboard::end)?;
    running.wait()?;
    let events = reader.join().ok().context("the reader of events")?;
    Ok((measured, Seen { events, frames }))
}
