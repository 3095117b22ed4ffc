//! Verdicts by table, and laws on generated histories.

use proptest::prelude::*;

use super::*;

/// A history a second apart: what is done, and the end, at each moment.
fn history(moments: impl IntoIterator<Item = (i64, i64)>) -> Vec<Commit> {
    let at = |(second, (done, high)): (usize, (i64, i64))| Commit {
        at_ms: second as i64 * 1000,
        done: Some(done),
        low: Some(0),
        high: Some(high),
    };
    moments.into_iter().enumerate().map(at).collect()
}

/// Ten moments of these rates, from these offsets on.
fn steady(done: (i64, i64), high: (i64, i64)) -> Vec<Commit> {
    history((0..10).map(|second| (done.0 + done.1 * second, high.0 + high.1 * second)))
}

#[test]
fn verdicts() {
    let wobbly = [9, 4, 7, 3, 8, 2, 9, 5, 3, 6].map(|lag| (100, 100 + lag));
    let wobbly = history(wobbly.iter().enumerate().map(|(at, (done, high))| (done + at as i64, high + at as i64)));
    let cases = [
        ("no commits", vec![], Reader::Reads, Verdict::Unknown, "nothing is known of it yet"),
        ("one", history([(5, 9)]), Reader::Reads, Verdict::Unknown, "1 of 10 commits seen"),
        ("done at once", history([(9, 9)]), Reader::Reads, Verdict::Ok, "nothing is behind"),
        (
            "quiet",
            steady((9, 0), (9, 0)),
            Reader::Reads,
            Verdict::Ok,
            "no input: nothing was written, and nothing is behind",
        ),
        ("up to date", steady((0, 5), (0, 5)), Reader::Reads, Verdict::Ok, "nothing is behind"),
        (
            "quiet, and nobody",
            steady((9, 0), (9, 0)),
            Reader::Gone,
            Verdict::Ok,
            "no input: nothing was written, and nothing is behind",
        ),
        (
            "nobody",
            steady((5, 0), (9, 1)),
            Reader::Gone,
            Verdict::Stopped,
            "nobody reads it, and 13 records are behind",
        ),
        (
            "paused",
            steady((5, 0), (9, 1)),
            Reader::Rests,
            Verdict::Stopped,
            "its reader is paused, and 13 records are behind",
        ),
        (
            "stuck",
            steady((5, 0), (9, 1)),
            Reader::Reads,
            Verdict::Stalled,
            "nothing was done at any of 10 commits, and 13 records are behind",
        ),
        (
            "stuck, no input",
            steady((5, 0), (9, 0)),
            Reader::Reads,
            Verdict::Stalled,
            "nothing was done at any of 10 commits, and 4 records are behind",
        ),
        (
            "too slow",
            steady((0, 2), (1, 5)),
            Reader::Reads,
            Verdict::Growing,
            "further behind at each of 10 commits; gets 2.5× its pace",
        ),
        (
            "catching up",
            steady((0, 20), (1000, 5)),
            Reader::Reads,
            Verdict::Draining,
            "less far behind at each of 10 commits",
        ),
        ("steady", steady((0, 5), (1000, 5)), Reader::Reads, Verdict::Ok, "keeps pace, 1000 records behind"),
        (
            "less than 1 %",
            steady((0, 1000), (1000, 1005)),
            Reader::Reads,
            Verdict::Ok,
            "keeps pace, 1045 records behind",
        ),
        ("wobbly", wobbly, Reader::Reads, Verdict::Ok, "keeps pace, 6 records behind"),
        (
            "once up to date",
            history((0..10).map(|at| (at, at + i64::from(at > 4)))),
            Reader::Reads,
            Verdict::Ok,
            "nothing was behind 5 commits ago",
        ),
        (
            "reset",
            history((0..10).map(|at| (if at < 6 { 50 } else { 10 + at }, 60))),
            Reader::Reads,
            Verdict::Rewound,
            "what is done went back by 34, from 50 to 16",
        ),
    ];
    for (name, commits, reader, verdict, rule) in cases {
        let judged = judge(&commits, reader);
        assert_eq!((judged.verdict, judged.rule.as_str()), (verdict, rule), "{name}: {judged:?}");
    }
}

#[test]
fn what_is_not_known_is_not_nothing() {
    let known = Commit { at_ms: 0, done: Some(5), low: Some(0), high: Some(9) };
    for (commit, lag) in [
        (known, Some(4)),
        (Commit { done: None, ..known }, None),
        (Commit { high: None, ..known }, None),
        (Commit { low: None, ..known }, Some(4)),
        (Commit { low: Some(7), ..known }, Some(2)),
    ] {
        let judged = judge(&[commit], Reader::Reads);
        assert_eq!((judged.lag, judged.verdict, judged.trend), (lag, Verdict::Unknown, None), "{commit:?}");
    }
    let gone = Commit { low: Some(9), ..known };
    assert_eq!((gone.lag(), gone.lost()), (Some(0), 4), "nothing is behind, and that is not all");
}

#[test]
fn drains() {
    for (commits, expected) in [
        (steady((0, 5), (0, 5)), Drain::Done),
        (steady((0, 20), (1000, 5)), Drain::In { ms: 58_000 }),
        (steady((0, 2), (1, 5)), Drain::Never),
        (steady((0, 5), (1000, 5)), Drain::Unknown),
        (steady((0, 2), (1, 5))[..9].to_vec(), Drain::Unknown),
    ] {
        assert_eq!(judge(&commits, Reader::Reads).drain, expected, "{commits:?}");
    }
}

#[test]
fn a_verdict_says_since_when() {
    let mut history = History::default();
    let mut told = Vec::new();
    for second in 0..30 {
        let done = if second < 10 { second } else { 10 };
        history.push(Commit { at_ms: second * 1000, done: Some(done), low: Some(0), high: Some(second + 1) });
        let (judged, since) = history.judge(Reader::Reads);
        told.push((judged.verdict, since));
    }
    assert_eq!(told[9], (Verdict::Ok, Some(9000)));
    assert_eq!(told[29], (Verdict::Stalled, Some(10_000)), "from when something was done last");
}

/// Histories of any kind: offsets go on by steps, or back.
fn any_history() -> impl Strategy<Value = Vec<Commit>> {
    let step = (500_i64..5000, -3_i64..40, 0_i64..40, 0_i64..3);
    (0_i64..1000, prop::collection::vec(step, 0..16)).prop_map(|(start, steps)| {
        let (mut at_ms, mut done, mut high, mut low) = (0, start, start, 0);
        let mut commits = Vec::new();
        for (passed, more_done, written, deleted) in steps {
            (at_ms, high, low) = (at_ms + passed, high + written, low + deleted);
            done = (done + more_done).clamp(0, high);
            commits.push(Commit { at_ms, done: Some(done), low: Some(low.min(high)), high: Some(high) });
        }
        commits
    })
}

fn reader() -> impl Strategy<Value = Reader> {
    prop_oneof![Just(Reader::Reads), Just(Reader::Rests), Just(Reader::Gone)]
}

proptest! {
    #[test]
    fn a_verdict_means_what_it_says(commits in any_history(), reader in reader()) {
        let judged = judge(&commits, reader);
        let window = &commits[commits.len().saturating_sub(WINDOW)..];
        let lags: Vec<i64> = window.iter().filter_map(Commit::lag).collect();
        let goes_back = window.windows(2).any(|step| step[1].done < step[0].done);
        prop_assert!(!judged.rule.is_empty());
        prop_assert_eq!(judged.verdict == Verdict::Rewound, goes_back);
        prop_assert_eq!(judged.lag, lags.last().copied());
        match judged.verdict {
            Verdict::Growing => prop_assert!(lags.last() > lags.first() && judged.trend > Some(0.0)),
            Verdict::Draining => {
                let is_told = matches!(judged.drain, Drain::In { .. });
                prop_assert!(lags.last() < lags.first() && is_told);
            }
            Verdict::Stalled => prop_assert!(window.iter().all(|it| it.done == window[0].done) && reader == Reader::Reads),
            Verdict::Stopped => prop_assert!(reader != Reader::Reads && lags.last() > Some(&0)),
            Verdict::Unknown => prop_assert!(window.len() < WINDOW),
            Verdict::Ok => prop_assert!(reader == Reader::Reads || lags.last() == Some(&0)),
            Verdict::Rewound => {}
        }
        if let Drain::In { ms } = judged.drain {
            prop_assert!(ms >= 1000 && judged.trend < Some(0.0));
        }
    }

    #[test]
    fn where_offsets_begin_does_not_matter(commits in any_history(), reader in reader(), shift in 1_i64..1 << 40) {
        let moved: Vec<Commit> = commits
            .iter()
            .map(|it| Commit {
                done: it.done.map(|at| at + shift),
                low: it.low.map(|at| at + shift),
                high: it.high.map(|at| at + shift),
                ..*it
            })
            .collect();
        let (one, other) = (judge(&commits, reader), judge(&moved, reader));
        prop_assert_eq!((one.verdict, one.lag, one.trend, one.drain), (other.verdict, other.lag, other.trend, other.drain));
    }

    #[test]
    fn what_was_before_the_window_does_not_matter(before in any_history(), commits in any_history()) {
        prop_assume!(commits.len() >= WINDOW);
        let all: Vec<Commit> = before.iter().chain(&commits).copied().collect();
        prop_assert_eq!(judge(&all, Reader::Reads), judge(&commits, Reader::Reads));
    }
}
