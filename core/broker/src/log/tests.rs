use std::collections::VecDeque;
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::batch::samples;

const EVERYTHING: usize = usize::MAX / 2;

fn batch(bytes: bytes::Bytes) -> Batch {
    Batch::check(bytes, usize::MAX).unwrap()
}

fn fill(log: &Log, batches: usize) {
    for number in 0..batches {
        log.append(&batch(samples::batch(&[number as i64; 3], 20))).unwrap();
    }
}

/// Base offsets and counts of all batches from an offset on, read in bites of about `max_bytes`.
fn read(log: &Log, mut from: i64, max_bytes: usize) -> Vec<(i64, i64)> {
    let mut batches = Vec::new();
    while let (_, Ok(Some(slice))) = log.slice(from, max_bytes) {
        let mut bytes = BytesMut::new();
        slice.read_into(&mut bytes, EVERYTHING).unwrap();
        let mut rest = &bytes[..];
        assert!(!rest.is_empty(), "nothing at {from}");
        while !rest.is_empty() {
            let header = Header::read(rest).unwrap();
            assert!(batch::is_intact(&header, rest));
            batches.push((header.base, header.offsets()));
            from = header.last() + 1;
            rest = &rest[header.bytes..];
        }
    }
    batches
}

fn contiguous(batches: &[(i64, i64)]) -> bool {
    batches.windows(2).all(|pair| pair[0].0 + pair[0].1 == pair[1].0)
}

#[test]
fn the_same_in_memory_on_disk_and_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    for place in [None, Some(folder.path())] {
        let log = Log::open_with(place, 0, 2000).unwrap();
        fill(&log, 100);
        assert_eq!(log.ends(), Ends { start: 0, next: 300 });
        assert!(log.view().pieces.len() > 5, "several segments");
        for (from, max_bytes) in [(0, 1), (0, 300), (0, EVERYTHING), (7, 500), (299, 1)] {
            let batches = read(&log, from, max_bytes);
            assert_eq!(batches[0].0, from / 3 * 3, "{from} {max_bytes}");
            assert_eq!(batches.last(), Some(&(297, 3)));
            assert!(contiguous(&batches));
        }
        assert!(matches!(log.slice(301, 1).1, Err(ResponseError::OffsetOutOfRange)));
        assert!(matches!(log.slice(-1, 1).1, Err(ResponseError::OffsetOutOfRange)));
        assert!(matches!(log.slice(300, 1).1, Ok(None)));
        assert_eq!(log.first_at(50).unwrap(), Some((150, 50)));
        assert_eq!(log.first_at(100).unwrap(), None);
    }
    let log = Log::open_with(Some(folder.path()), 0, 2000).unwrap();
    assert_eq!(log.ends(), Ends { start: 0, next: 300 });
    assert_eq!(read(&log, 0, EVERYTHING).len(), 100);
    assert_eq!(log.first_at(50).unwrap(), Some((150, 50)));
    assert_eq!(log.append(&batch(samples::batch(&[5], 20))), Ok(300));
}

#[test]
fn limits_of_a_read() {
    let log = Log::open(None, 0).unwrap();
    log.append(&batch(samples::batch(&[1], 5000))).unwrap();
    fill(&log, 10);
    let bytes = |from, max_bytes, room| {
        let mut out = BytesMut::from(&b"before"[..]);
        log.slice(from, max_bytes).1.unwrap().unwrap().read_into(&mut out, room).unwrap();
        assert_eq!(&out[..6], b"before");
        out.len() - 6
    };
    let small = samples::batch(&[1; 3], 20).len();
    assert!(bytes(0, 100, EVERYTHING) > 5000, "the first batch comes whole");
    assert_eq!(bytes(0, 100, 4999), 0, "but not where there is no room");
    assert_eq!(bytes(1, 3 * small + 1, EVERYTHING), 3 * small);
    assert_eq!(bytes(1, EVERYTHING, 2 * small), 2 * small);
}

#[test]
fn deleting() {
    let folder = tempfile::tempdir().unwrap();
    let files = || fs::read_dir(folder.path()).unwrap().count();
    let log = Log::open_with(Some(folder.path()), 0, 2000).unwrap();
    fill(&log, 100);
    let before = files();
    assert_eq!(log.delete_before(100).unwrap(), 100);
    assert!(files() < before, "whole segments are gone");
    assert_eq!(log.delete_before(50).unwrap(), 100);
    assert!(log.slice(99, 1).1.is_err());
    assert_eq!(log.first_at(0).unwrap(), Some((100, 33)));
    let reopened = Log::open_with(Some(folder.path()), 100, 2000).unwrap();
    assert_eq!(reopened.ends(), Ends { start: 100, next: 300 });
    drop(reopened);
    assert_eq!(log.delete_before(300).unwrap(), 300);
    assert_eq!(files(), 1);
    let log = Log::open_with(Some(folder.path()), 300, 2000).unwrap();
    assert_eq!(log.ends(), Ends { start: 300, next: 300 });
    assert_eq!(log.append(&batch(samples::batch(&[5], 20))), Ok(300));
    drop(log);
    // the start is beyond what a torn end left
    let log = Log::open_with(Some(folder.path()), 500, 2000).unwrap();
    assert_eq!(log.ends(), Ends { start: 500, next: 500 });
    assert_eq!(files(), 1);
}

#[test]
fn producers_are_remembered_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let numbered = |sequence| batch(samples::numbered(&[1, 1], 5, (4, 0, sequence)));
    let log = Log::open(Some(folder.path()), 0).unwrap();
    assert_eq!(log.append(&numbered(0)), Ok(0));
    assert_eq!(log.append(&numbered(2)), Ok(2));
    drop(log);
    let log = Log::open(Some(folder.path()), 0).unwrap();
    assert_eq!(log.append(&numbered(2)), Ok(2), "sent again: not written again");
    assert_eq!(log.append(&numbered(6)), Err(ResponseError::OutOfOrderSequenceNumber));
    assert_eq!(log.append(&numbered(4)), Ok(4));
    assert_eq!(log.ends().next, 6);
    log.retire();
    assert_eq!(log.append(&numbered(6)), Err(ResponseError::UnknownTopicOrPartition));
}

#[test]
fn damage_before_the_last_segment_sets_the_rest_aside() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open_with(Some(folder.path()), 0, 2000).unwrap();
    fill(&log, 100);
    let second = log.view().pieces[1].segment.base;
    drop(log);
    let file = folder.path().join(format!("{second:020}.log"));
    // the format of the first batch in the second segment
    OpenOptions::new().write(true).open(&file).unwrap().write_all_at(&[9], 16).unwrap();
    let log = Log::open_with(Some(folder.path()), 0, 2000).unwrap();
    assert_eq!(log.ends().next, second);
    let aside = fs::read_dir(folder.path()).unwrap();
    let aside = aside.filter(|entry| entry.as_ref().unwrap().path().extension().unwrap() == "damaged").count();
    assert!(aside > 3, "{aside}");
    assert_eq!(log.append(&batch(samples::batch(&[5], 20))), Ok(second));
}

#[test]
fn who_waits_is_woken_once() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let log = Log::open(None, 0).unwrap();
    let (me, gone) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let is_woken =
        || runtime.block_on(async { tokio::time::timeout(Duration::from_millis(5), me.notified()).await.is_ok() });
    log.watch(&gone);
    drop(gone);
    for _ in 0..3 {
        log.watch(&me);
    }
    assert_eq!(lock(&log.waiting).len(), 1, "no watcher twice, none that is gone");
    assert!(!is_woken());
    fill(&log, 2);
    assert!(is_woken());
    fill(&log, 1);
    assert!(!is_woken());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is cut off or changed in the last segment: what is left is a beginning of what was written, nothing
    /// damaged is served, and writing goes on without a gap.
    #[test]
    fn a_damaged_end_is_cut_off(
        sizes in proptest::collection::vec(1..400_usize, 1..40),
        at in any::<u32>(),
        damage in proptest::option::of(1..=255_u8),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::open_with(Some(folder.path()), 0, 3000).unwrap();
        for size in &sizes {
            log.append(&batch(samples::batch(&[7, 8], *size))).unwrap();
        }
        let written = read(&log, 0, EVERYTHING);
        let (base, bytes) = {
            let view = log.view();
            (view.last().segment.base, view.last().index.bytes)
        };
        drop(log);
        let path = folder.path().join(format!("{base:020}.log"));
        let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
        let at = u64::from(at) % bytes;
        match damage {
            None => file.set_len(at).unwrap(),
            Some(change) => {
                let mut byte = [0];
                file.read_exact_at(&mut byte, at).unwrap();
                file.write_all_at(&[byte[0] ^ change], at).unwrap();
            }
        }
        let log = Log::open_with(Some(folder.path()), 0, 3000).unwrap();
        let left = read(&log, 0, EVERYTHING);
        // the leader epoch of a batch stands outside of its checksum and means nothing here
        prop_assert!(left.len() < written.len() || damage.is_some());
        prop_assert_eq!(&left[..], &written[..left.len()]);
        let next = left.last().map_or(base, |(base, count)| base + count);
        prop_assert_eq!(log.append(&batch(samples::batch(&[9], 1))), Ok(next));
        prop_assert!(contiguous(&read(&log, 0, 500)));
    }

    /// Reads of any sizes from any offsets give the same batches.
    #[test]
    fn reads_agree(
        sizes in proptest::collection::vec(1..30_000_usize, 1..30),
        from in any::<u16>(),
        bites in proptest::collection::vec(1..100_000_usize, 1..20),
    ) {
        let log = Log::open_with(None, 0, 60_000).unwrap();
        let mut expected: VecDeque<(i64, i64)> = VecDeque::new();
        for size in &sizes {
            let base = log.append(&batch(samples::batch(&[7, 8, 9], *size))).unwrap();
            expected.push_back((base, 3));
        }
        let mut from = i64::from(from) % log.ends().next;
        expected.retain(|(base, count)| base + count > from);
        for bite in bites.iter().cycle() {
            let (_, Ok(Some(slice))) = log.slice(from, *bite) else { break };
            let mut bytes = BytesMut::new();
            slice.read_into(&mut bytes, EVERYTHING).unwrap();
            let mut rest = &bytes[..];
            prop_assert!(!rest.is_empty());
            while let Some(header) = Header::read(rest) {
                prop_assert_eq!(Some((header.base, header.offsets())), expected.pop_front());
                from = header.last() + 1;
                rest = &rest[header.bytes..];
            }
            prop_assert!(rest.is_empty());
        }
        prop_assert!(expected.is_empty());
    }
}
