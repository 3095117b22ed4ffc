//! A sink in a call that does not come back, to a pipe that nobody reads: the others go on, and the run can be watched and
//! stopped.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat, open};

use super::*;
use crate::problem::Severity;
use crate::snapshot::Snapshot;

fn pipe(folder: &Path) -> PathBuf {
    let path = folder.join("pipe");
    mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    path
}

/// One source into the pipe, another to a sink that keeps; one thread for both.
fn half_blocked(path: &Path, name: &str) -> Run {
    let nodes = [
        rows("s", 1_000_000),
        node("p", "file-sink", json!({ "path": path })),
        node("t", "generate", json!({ "shape": "numbers", "rate": "2000/s" })),
        keep("o", name),
    ];
    start(&file(nodes, &["s->p", "t->o"]), |options| {
        options.threads = 1;
        options.commit_interval = Duration::from_millis(50);
    })
}

/// A snapshot that came in no time.
fn prompt(run: &Run) -> Snapshot {
    let began = Instant::now();
    let snapshot = run.snapshot();
    assert!(began.elapsed() < Duration::from_millis(900), "it waited for {:?}", began.elapsed());
    snapshot
}

fn in_call_ms(snapshot: &Snapshot) -> u64 {
    let lanes = snapshot.tasks.iter().flat_map(|task| &task.lanes);
    lanes.filter_map(|lane| lane.in_call_ms).max().unwrap_or(0)
}

fn wait_for(run: &Run, is_so: impl Fn(&Snapshot) -> bool) -> Snapshot {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let snapshot = prompt(run);
        if is_so(&snapshot) {
            return snapshot;
        }
        assert!(Instant::now() < end && !run.is_over(), "{snapshot:#?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn whoever_is_not_in_a_call_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let run = half_blocked(&pipe(folder.path()), "beside a pipe");
    let stuck = wait_for(&run, |snapshot| in_call_ms(snapshot) > 300);
    let written = stuck.nodes[1].records_out;
    let inner = inner(&run);
    let safe = |slot| lock(&inner.workshop).survey().unwrap().get(slot).unwrap();
    let before = (safe(0), safe(1), kept("beside a pipe").len());
    let told = wait_for(&run, |snapshot| snapshot.log.iter().any(|entry| entry.severity == Severity::Warning));
    let entry = told.log.iter().find(|entry| entry.message.contains("in one call")).expect("it is told");
    assert_eq!(entry.node.as_deref(), Some("p"));
    assert!(in_call_ms(&told) >= 5_000);
    let (of_pipe, of_other, len) = (safe(0), safe(1), kept("beside a pipe").len());
    assert_eq!(of_pipe, before.0, "nothing more is safe of what goes to the pipe");
    assert!(of_pipe <= written as i64, "{of_pipe} is safe, and {written} are written");
    assert!(of_other >= before.1 + 5_000 && len >= before.2 + 5_000, "the other lane stands still: {of_other} {len}");
    run.handle().pause();
    let rested = kept("beside a pipe").len();
    std::thread::sleep(Duration::from_millis(200));
    assert!(kept("beside a pipe").len() <= rested + 512, "it does not rest");

    // Told to stop it waits for the pipe, told twice it does not; and it says what it leaves.
    run.stop();
    std::thread::sleep(Duration::from_millis(500));
    assert!(!run.is_over());
    prompt(&run);
    run.abort();
    let began = Instant::now();
    let outcome = end_of(run);
    assert!(began.elapsed() < Duration::from_secs(4), "it waited for {:?}", began.elapsed());
    assert_eq!((outcome.ended_by, outcome.is_lossy, outcome.faults.len()), (EndedBy::Stop, true, 0), "{outcome:?}");
    let left = outcome.snapshot.log.last().unwrap();
    assert!(left.message.contains("is left in a call") && left.message.contains("records that it has"), "{left:?}");
    let rows = &outcome.snapshot.nodes;
    assert!(outcome.undone as u64 >= rows[0].records_out - rows[1].records_out, "{outcome:?}");
    assert_eq!(kept("beside a pipe").len() as u64, rows[3].records_in, "what was not in a call is done");
}

#[test]
fn a_call_that_comes_back_was_only_slow() {
    let folder = tempfile::tempdir().unwrap();
    let path = pipe(folder.path());
    let run = half_blocked(&path, "before a reader");
    wait_for(&run, |snapshot| in_call_ms(snapshot) > 300);
    // Somebody reads after all.
    let reader = open(&path, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty()).unwrap();
    let (mut reader, mut text) = (File::from(reader), Vec::new());
    let end = Instant::now() + Duration::from_secs(20);
    let mut is_stopped = false;
    while !run.is_over() {
        assert!(Instant::now() < end, "{:#?}", run.snapshot());
        let mut chunk = [0; 1 << 16];
        match reader.read(&mut chunk) {
            Ok(count) => text.extend_from_slice(&chunk[..count]),
            Err(why) if why.kind() == ErrorKind::WouldBlock => std::thread::sleep(Duration::from_millis(1)),
            Err(why) => panic!("{why}"),
        }
        if text.len() > 1 << 20 && !is_stopped {
            is_stopped = true;
            run.stop();
        }
    }
    let outcome = run.wait();
    assert_eq!((outcome.ended_by, outcome.undone), (EndedBy::Stop, 0), "{outcome:?}");
    while let Ok(count @ 1..) = reader.read(&mut [0; 1 << 16]) {
        text.extend(std::iter::repeat_n(b'\n', count));
    }
    let written = outcome.snapshot.nodes[1].records_out;
    let lines = String::from_utf8(text).unwrap();
    let first: Vec<i64> = lines
        .lines()
        .take(1000)
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["n"].as_i64().unwrap())
        .collect();
    assert_eq!(first, (0..1000).collect::<Vec<_>>());
    assert_eq!(written, outcome.snapshot.nodes[0].records_out, "all that was read is written");
}
