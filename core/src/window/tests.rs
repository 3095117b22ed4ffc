//! The rules against brute force: what windows hold in the end, which records are late, that nothing is left.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// Folds the numbers of records into lists.
#[derive(Default)]
struct Lists {
    slots: Vec<Option<Vec<usize>>>,
    record: usize,
    /// by key and window, the newest result
    results: BTreeMap<(Vec<u8>, Span), (Vec<usize>, i64)>,
    closed: Vec<(Vec<u8>, Span, Vec<usize>)>,
    late: Vec<(usize, Span)>,
}

impl Lists {
    fn used(&self) -> usize {
        self.slots.iter().flatten().count()
    }

    fn list(&self, slot: u32) -> Vec<usize> {
        self.slots[slot as usize].clone().expect("a slot in use")
    }
}

impl Fold for Lists {
    fn begin(&mut self) -> u32 {
        self.slots.push(Some(Vec::new()));
        self.slots.len() as u32 - 1
    }

    fn add(&mut self, slot: u32) {
        let record = self.record;
        self.slots[slot as usize].as_mut().expect("a slot in use").push(record);
    }

    fn merge(&mut self, _: &[u8], into: u32, from: u32) {
        let list = self.slots[from as usize].take().expect("a slot in use");
        self.slots[into as usize].as_mut().expect("a slot in use").extend(list);
    }

    fn copy(&mut self, from: u32) -> u32 {
        let list = self.list(from);
        self.slots.push(Some(list));
        self.slots.len() as u32 - 1
    }

    fn free(&mut self, slot: u32) {
        self.slots[slot as usize].take().expect("a slot in use");
    }

    fn update(&mut self, key: &[u8], span: Span, slot: u32, ts: i64) {
        let list = self.list(slot);
        self.results.insert((key.into(), span), (list, ts));
    }

    fn retract(&mut self, key: &[u8], span: Span, _: u32) {
        self.results.remove(&(key.into(), span)).expect("a window that gave a result");
    }

    fn close(&mut self, key: &[u8], span: Span, slot: u32, _: i64) {
        let list = self.slots[slot as usize].take().expect("a slot in use");
        self.closed.push((key.into(), span, list));
    }

    fn late(&mut self, span: Span, closed_at: i64) {
        assert!(closed_at > 0);
        self.late.push((self.record, span));
    }
}

type Records = Vec<(u8, i64)>;

fn records() -> impl Strategy<Value = Records> {
    prop::collection::vec((0..3u8, 0..60i64), 0..60)
}

fn run(kind: Kind, emit: Emit, records: &Records) -> (Windows, Lists) {
    let (mut windows, mut lists) = (Windows::new(kind, emit), Lists::default());
    for (number, &(key, ts)) in records.iter().enumerate() {
        lists.record = number;
        windows.take(&[key], ts, &mut lists);
        assert_eq!(walked(&windows).0.len(), windows.len());
        assert_eq!(lists.used(), windows.len(), "each slot is some window's");
    }
    (windows, lists)
}

/// What a walk meets, key, window and slot, sorted, and in how many slices; it is what is kept.
fn walked(windows: &Windows) -> (Vec<(Vec<u8>, Span, u32)>, usize) {
    let of = |kept: Kept<'_>| (kept.key.to_vec(), kept.span, kept.slot);
    let (mut met, mut slices, mut walk) = (Vec::new(), 0, Some(Walk::default()));
    while let Some(from) = walk {
        walk = windows.walk(from, |kept| met.push(of(kept)));
        slices += 1;
    }
    let mut kept: Vec<_> = windows.kept().map(of).collect();
    met.sort_unstable();
    kept.sort_unstable();
    assert_eq!(met, kept);
    (met, slices)
}

#[test]
fn many_keys_are_walked_in_slices() {
    let sessions = Kind::Session { gap: 5, grace: 0 };
    let fixed = Kind::Fixed { size: 10, advance: 5, grace: 100 };
    for kind in [
        fixed,
        sessions,
        Kind::Sliding { difference: 5, grace: 0 },
        Kind::Count { records: 3, advance: 1 },
        Kind::Running,
    ] {
        let (mut windows, mut lists) = (Windows::new(kind, Emit::OnUpdate), Lists::default());
        for number in 0..20_000u32 {
            windows.take(&number.to_be_bytes(), 20, &mut lists);
        }
        let (met, slices) = walked(&windows);
        assert!(met.len() >= 20_000 && slices >= met.len() / (2 * crate::key_map::SLICE), "{kind:?}: {slices}");
    }
}

/// The numbers of a key's records with a timestamp in these bounds, sorted.
fn within(records: &Records, key: u8, from: i64, to: i64) -> Vec<usize> {
    let numbered = records.iter().enumerate();
    numbered
        .filter(|(_, record)| record.0 == key && (from..=to).contains(&record.1))
        .map(|(number, _)| number)
        .collect()
}

fn sorted(list: &[usize]) -> Vec<usize> {
    let mut list = list.to_vec();
    list.sort_unstable();
    list
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![
        (1..20i64, 1..20i64, 0..20i64).prop_map(|(size, advance, grace)| Kind::Fixed {
            size: size.max(advance),
            advance,
            grace
        }),
        (0..20i64, 0..20i64).prop_map(|(difference, grace)| Kind::Sliding { difference, grace }),
        (1..20i64, 0..20i64).prop_map(|(gap, grace)| Kind::Session { gap, grace }),
        (1..6u64, 1..6u64).prop_map(|(records, advance)| Kind::Count { records: records.max(advance), advance }),
    ]
}

/// Longer than any test.
const LONG: i64 = 1_000;

proptest! {
    #[test]
    fn fixed_windows_hold_their_records(records in records(), size in 1..20i64, advance in 1..20i64) {
        let advance = advance.min(size);
        let (_, lists) = run(Kind::Fixed { size, advance, grace: LONG }, Emit::OnUpdate, &records);
        let mut expected = BTreeMap::new();
        for &(key, ts) in &records {
            for start in (0..=ts).step_by(advance as usize).filter(|start| ts < start + size) {
                let held = within(&records, key, start, start + size - 1);
                let newest = held.iter().map(|&number| records[number].1).max().unwrap();
                expected.insert((vec![key], Span { start, end: start + size }), (held, newest));
            }
        }
        prop_assert_eq!(lists.results, expected);
        prop_assert_eq!(lists.late, []);
    }

    #[test]
    fn a_record_is_late_for_fixed_windows_that_closed(records in records(), size in 1..20i64, advance in 1..20i64, grace in 0..20i64) {
        let advance = advance.min(size);
        let (_, lists) = run(Kind::Fixed { size, advance, grace }, Emit::OnClose, &records);
        let (mut time, mut late) = (0, Vec::new());
        for (number, &(_, ts)) in records.iter().enumerate() {
            time = time.max(ts);
            for start in (0..=ts).step_by(advance as usize).filter(|start| ts < start + size) {
                if time >= start + size + grace {
                    late.push((number, Span { start, end: start + size }));
                }
            }
        }
        prop_assert_eq!(&lists.late, &late);
        // One result each, with all that was in time.
        let in_closed: usize = lists.closed.iter().map(|(_, _, list)| list.len()).sum();
        let in_open: usize = lists.slots.iter().flatten().map(Vec::len).sum();
        let memberships: usize = records.iter().map(|&(_, ts)| (0..=ts).step_by(advance as usize).filter(|start| ts < start + size).count()).sum();
        prop_assert_eq!(in_closed + in_open + late.len(), memberships);
    }

    #[test]
    fn sliding_windows_hold_their_records(records in records(), difference in 0..20i64) {
        let (_, lists) = run(Kind::Sliding { difference, grace: LONG }, Emit::OnUpdate, &records);
        let mut expected = BTreeMap::new();
        for &(key, ts) in &records {
            for start in [(ts - difference).max(0), ts + 1] {
                let held = within(&records, key, start, start + difference);
                if !held.is_empty() {
                    let newest = held.iter().map(|&number| records[number].1).max().unwrap();
                    expected.insert((vec![key], Span { start, end: start + difference }), (held, newest));
                }
            }
        }
        let found: BTreeMap<_, _> = lists.results.into_iter().map(|(at, (list, newest))| (at, (sorted(&list), newest))).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn sessions_are_what_no_gap_parts(records in records(), gap in 1..20i64) {
        let (_, lists) = run(Kind::Session { gap, grace: LONG }, Emit::OnUpdate, &records);
        let mut expected = BTreeMap::new();
        for key in 0..3 {
            let mut times: Vec<i64> = records.iter().filter(|record| record.0 == key).map(|record| record.1).collect();
            times.sort_unstable();
            for session in times.chunk_by(|one, next| next - one <= gap) {
                let (start, end) = (session[0], session[session.len() - 1]);
                expected.insert((vec![key], Span { start, end }), (within(&records, key, start, end), end));
            }
        }
        let found: BTreeMap<_, _> = lists.results.into_iter().map(|(at, (list, end))| (at, (sorted(&list), end))).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn count_windows_hold_so_many_records(records in records(), size in 1..6u64, advance in 1..6u64) {
        let advance = advance.min(size);
        let (mut windows, mut lists) = run(Kind::Count { records: size, advance }, Emit::OnClose, &records);
        let mut full: Vec<Vec<usize>> = lists.closed.iter().map(|(_, _, list)| list.clone()).collect();
        windows.close_all(&mut lists);
        let mut all: Vec<Vec<usize>> = lists.closed.iter().map(|(_, _, list)| list.clone()).collect();
        let (mut expected_full, mut expected_all) = (Vec::new(), Vec::new());
        for key in 0..3 {
            let numbers = within(&records, key, 0, i64::MAX);
            for first in (0..numbers.len()).step_by(advance as usize) {
                let window = numbers[first..numbers.len().min(first + size as usize)].to_vec();
                if window.len() == size as usize {
                    expected_full.push(window.clone());
                }
                expected_all.push(window);
            }
        }
        [&mut full, &mut all, &mut expected_full, &mut expected_all].into_iter().for_each(|lists| lists.sort_unstable());
        prop_assert_eq!(full, expected_full);
        prop_assert_eq!(all, expected_all);
    }

    #[test]
    fn nothing_is_left_when_all_have_closed(kind in kinds(), on_close: bool, records in records()) {
        let emit = if on_close { Emit::OnClose } else { Emit::OnUpdate };
        let (mut windows, mut lists) = run(kind, emit, &records);
        windows.close_all(&mut lists);
        prop_assert_eq!((windows.len(), lists.used(), windows.next()), (0, 0, None));
        prop_assert!(windows.kept().next().is_none());
        prop_assert!(windows.bytes() < 1000, "room for a few keys is kept, not {}", windows.bytes());
    }

    #[test]
    fn keys_that_were_looked_up_before_others_came_and_went_are_found(
        gap in 1..20i64,
        grace in 0..20i64,
        records in records(),
        pack in 1..20usize,
    ) {
        let kind = Kind::Session { gap, grace };
        let (_, expected) = run(kind, Emit::OnUpdate, &records);
        let (mut windows, mut lists) = (Windows::new(kind, Emit::OnUpdate), Lists::default());
        for (pack_number, pack_of) in records.chunks(pack).enumerate() {
            let places = windows.look_up(pack_of.iter().map(|(key, _)| std::slice::from_ref(key)));
            for (number, (&(key, ts), place)) in pack_of.iter().zip(places).enumerate() {
                lists.record = pack_number * pack + number;
                windows.take_at(place, &[key], ts, &mut lists);
            }
        }
        prop_assert_eq!(lists.results, expected.results);
        prop_assert_eq!(lists.late, expected.late);
    }

    #[test]
    fn the_next_to_close_closes_then(kind in kinds(), records in records()) {
        let (mut windows, mut lists) = run(kind, Emit::OnClose, &records);
        while let Some(next) = windows.next() {
            let before = lists.closed.len();
            windows.advance(next.closes_at - 1, &mut lists);
            prop_assert_eq!(lists.closed.len(), before);
            windows.advance(next.closes_at, &mut lists);
            let closed = &lists.closed[before..];
            // A session may have grown since it was listed: then it is only listed anew.
            let is_session = matches!(kind, Kind::Session { .. });
            prop_assert!(is_session || closed.iter().any(|(_, span, _)| *span == next.span));
        }
    }

    #[test]
    fn what_is_put_back_goes_on_as_before(kind in kinds(), records in records(), cut in any::<prop::sample::Index>()) {
        // Else a key may have no window from which to know its number.
        prop_assume!(!matches!(kind, Kind::Count { records, advance } if records == advance));
        let cut = cut.index(records.len() + 1);
        let (first, rest) = (records[..cut].to_vec(), &records[cut..]);
        let (mut windows, mut lists) = run(kind, Emit::OnUpdate, &first);
        let mut twin = Windows::new(kind, Emit::OnUpdate);
        let mut copies = Lists { slots: lists.slots.clone(), ..Lists::default() };
        if let Some(time) = windows.stream_time() {
            twin.put_time_back(time);
        }
        for kept in windows.kept() {
            prop_assert_eq!(twin.put_back(kept), None);
        }
        for kept in windows.kept() {
            prop_assert!(windows.of(kept.key).any(|other| other == kept));
            prop_assert!(twin.of(kept.key).any(|other| (other.span, other.slot, other.ts) == (kept.span, kept.slot, kept.ts)));
        }
        (lists.results, copies.results) = Default::default();
        for (number, &(key, ts)) in rest.iter().enumerate() {
            (lists.record, copies.record) = (cut + number, cut + number);
            // Results that were there before are not repeated, so that a window may be taken back that gave none here.
            for of in [&mut lists, &mut copies] {
                let known: Vec<_> = windows.of(&[key]).map(|kept| (kept.span, kept.ts)).collect();
                known.into_iter().for_each(|(span, ts)| {
                    of.results.entry((vec![key], span)).or_insert((Vec::new(), ts));
                });
            }
            windows.take(&[key], ts, &mut lists);
            twin.take(&[key], ts, &mut copies);
        }
        prop_assert_eq!(lists.results, copies.results);
    }
}

#[test]
fn what_lies_at_the_end_of_time_closes() {
    let kinds = [
        Kind::Fixed { size: 5, advance: 5, grace: 0 },
        Kind::Fixed { size: i64::MAX, advance: i64::MAX, grace: i64::MAX },
        Kind::Sliding { difference: 5, grace: 0 },
        Kind::Session { gap: 5, grace: 3 },
        Kind::Session { gap: i64::MAX, grace: i64::MAX },
    ];
    for kind in kinds {
        let records = vec![(0, 0), (0, i64::MAX), (1, i64::MAX - 1)];
        let (mut windows, mut lists) = run(kind, Emit::OnClose, &records);
        windows.close_all(&mut lists);
        let closed: usize = lists.closed.iter().map(|(_, _, list)| list.len()).sum();
        assert!(closed + lists.late.len() >= records.len(), "{kind:?}: {:?}", lists.closed);
        assert_eq!((windows.len(), lists.used()), (0, 0), "{kind:?}");
    }
}

#[test]
fn a_session_that_nothing_can_be_met_with_is_kept_for_its_last_result_only() {
    for (ts, emit, kept) in [(5, Emit::OnUpdate, 1), (6, Emit::OnUpdate, 2), (5, Emit::OnClose, 2)] {
        let mut windows = Windows::new(Kind::Session { gap: 10, grace: 5 }, emit);
        let mut lists = Lists::default();
        windows.take(b"a", 20, &mut lists);
        windows.take(b"b", ts, &mut lists);
        assert_eq!((windows.len(), lists.used(), lists.late.len()), (kept, kept, 0), "{ts}");
    }
}

#[test]
fn a_session_that_grew_when_its_end_was_near_closes_after_the_end_that_it_has_now() {
    let mut windows = Windows::new(Kind::Session { gap: 60, grace: 20 }, Emit::OnClose);
    let mut lists = Lists::default();
    for (key, ts) in [(b"a", 1), (b"b", 80), (b"a", 50), (b"b", 130)] {
        windows.take(key, ts, &mut lists);
    }
    assert_eq!(lists.closed, []);
    windows.take(b"b", 131, &mut lists);
    let closed: Vec<_> = lists.closed.iter().map(|(key, span, _)| (key.as_slice(), *span)).collect();
    assert_eq!(closed, [(&b"a"[..], Span { start: 1, end: 50 })]);
}
