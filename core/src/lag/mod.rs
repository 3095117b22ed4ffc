//! What to think of a lag: verdicts by rules over a sliding window of commits, each with the rule that fired in words.
//! Pure: whoever watches a group, ours or not, tells what was committed and what there is, and is told what that means.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use crate::snapshot::{Drain, PartitionSnapshot, Verdict};

/// Commits of the window. Whoever watches takes them no closer than a second, so that it is ten seconds at least.
pub const WINDOW: usize = 10;
/// Commits at either end of the window that are held against each other.
const END: usize = 3;
/// A trend is one only where it is more than this share of what is written.
const TREND: f64 = 0.01;

/// A partition and its group at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commit {
    /// wall clock, in milliseconds
    pub at_ms: i64,
    /// the offset up to which everything is done; none where nothing was ever
    pub done: Option<i64>,
    /// offset of the oldest record, where it is known
    pub low: Option<i64>,
    /// offset behind the newest record, where it is known
    pub high: Option<i64>,
}

/// Who reads a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// somebody
    Reads,
    /// somebody who rests, as he was told
    Rests,
    /// nobody
    Gone,
}

/// What to think of a partition.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// the word
    pub verdict: Verdict,
    /// the rule that fired
    pub rule: String,
    /// records behind, where that is known
    pub lag: Option<i64>,
    /// records per second by which the lag grows, over the window
    pub trend: Option<f64>,
    /// records per second that are written, over the window
    pub written: Option<f64>,
    /// when it is gone
    pub drain: Drain,
}

/// The last commits of a partition, and since when its verdict holds.
#[derive(Debug, Clone, Default)]
pub struct History {
    commits: VecDeque<Commit>,
    /// the verdict, and since when
    known: Option<(Verdict, i64)>,
    /// when what is done moved last
    moved_ms: Option<i64>,
}

impl Judgement {
    /// Says it of a partition, of which it is true since a moment.
    pub(crate) fn tell(&self, since_ms: Option<i64>, of: &mut PartitionSnapshot) {
        of.since_ms = since_ms;
        of.rule.clone_from(&self.rule);
        (of.verdict, of.trend, of.written, of.drain) = (self.verdict, self.trend, self.written, self.drain);
    }
}

impl Commit {
    /// Records behind that are still there; none where it is not known.
    pub fn lag(&self) -> Option<i64> {
        let from = self.done?.max(self.low.unwrap_or(0));
        Some((self.high? - from).max(0))
    }

    /// Records that retention has deleted before they were done.
    pub fn lost(&self) -> u64 {
        let lost = self.low.zip(self.done).map(|(low, done)| low - done);
        lost.and_then(|lost| u64::try_from(lost).ok()).unwrap_or(0)
    }
}

impl History {
    /// One more moment.
    pub fn push(&mut self, commit: Commit) {
        let has_moved = self.commits.back().is_none_or(|last| last.done != commit.done);
        if has_moved {
            self.moved_ms = Some(commit.at_ms);
        }
        if self.commits.len() == WINDOW {
            self.commits.pop_front();
        }
        self.commits.push_back(commit);
    }

    /// The newest.
    pub fn last(&self) -> Option<&Commit> {
        self.commits.back()
    }

    /// What to think of it, and since when that holds. A stall counts from when something was done last.
    pub fn judge(&mut self, reader: Reader) -> (Judgement, Option<i64>) {
        let judgement = judge(self.commits.make_contiguous(), reader);
        let Some(last) = self.commits.back() else { return (judgement, None) };
        let began = match judgement.verdict {
            Verdict::Stalled => self.moved_ms.unwrap_or(last.at_ms),
            _ => last.at_ms,
        };
        let since = match self.known {
            Some((verdict, since)) if verdict == judgement.verdict => since,
            _ => began,
        };
        self.known = Some((judgement.verdict, since));
        (judgement, Some(since))
    }
}

/// Judges a partition by its last commits, oldest first, of which at most [`WINDOW`] count.
pub fn judge(commits: &[Commit], reader: Reader) -> Judgement {
    let window = &commits[commits.len().saturating_sub(WINDOW)..];
    let lags: Option<Vec<i64>> = window.iter().map(Commit::lag).collect();
    let Some((lags, (first, last))) = lags.zip(window.first().zip(window.last())) else {
        return unknown(window, reader);
    };
    let lag = lags[lags.len() - 1];
    let seconds = (last.at_ms - first.at_ms) as f64 / 1000.0;
    let rate = |records: i64| (seconds > 0.0).then(|| records as f64 / seconds);
    let trend = rate(lag - lags[0]);
    let written = rate(last.high.unwrap_or(0) - first.high.unwrap_or(0)).map(|rate| rate.max(0.0));
    let (verdict, rule) = rule(window, &lags, reader, trend, written);
    let drain = drain(&lags, trend, written);
    Judgement { verdict, rule, lag: Some(lag), trend, written, drain }
}

/// The first rule that fits.
fn rule(
    window: &[Commit],
    lags: &[i64],
    reader: Reader,
    trend: Option<f64>,
    written: Option<f64>,
) -> (Verdict, String) {
    let (count, lag) = (window.len(), lags[lags.len() - 1]);
    let dones: Vec<i64> = window.iter().filter_map(|commit| commit.done).collect();
    if let Some(step) = dones.windows(2).rev().find(|step| step[1] < step[0]) {
        let (back, from, to) = (step[0] - step[1], step[0], step[1]);
        return (Verdict::Rewound, format!("what is done went back by {back}, from {from} to {to}"));
    }
    let is_still = |of: fn(&Commit) -> Option<i64>| window.iter().all(|commit| of(commit) == of(&window[0]));
    if lag == 0 {
        let is_quiet = count == WINDOW && is_still(|commit| commit.high);
        let rule = if is_quiet { "no input: nothing was written, and nothing is behind" } else { "nothing is behind" };
        return (Verdict::Ok, rule.into());
    }
    match reader {
        Reader::Gone => return (Verdict::Stopped, format!("nobody reads it, and {lag} records are behind")),
        Reader::Rests => return (Verdict::Stopped, format!("its reader is paused, and {lag} records are behind")),
        Reader::Reads => {}
    }
    if let Some(place) = lags.iter().rposition(|&lag| lag == 0) {
        return (Verdict::Ok, format!("nothing was behind {} commits ago", count - 1 - place));
    }
    if count < WINDOW {
        return (Verdict::Unknown, format!("{count} of {WINDOW} commits seen"));
    }
    if is_still(|commit| commit.done) {
        return (
            Verdict::Stalled,
            format!("nothing was done at any of {WINDOW} commits, and {lag} records are behind"),
        );
    }
    match direction(lags, trend, written) {
        1 => (Verdict::Growing, grows(lags, dones, written, window)),
        -1 => (Verdict::Draining, sinks(lags)),
        _ => (Verdict::Ok, format!("keeps pace, {lag} records behind")),
    }
}

/// Whether the lag goes up (1), down (−1) or neither: its last values lie beyond its first ones, by more than is nothing.
fn direction(lags: &[i64], trend: Option<f64>, written: Option<f64>) -> i8 {
    let (first, last) = (&lags[..END], &lags[lags.len() - END..]);
    let (trend, least) = (trend.unwrap_or(0.0), written.unwrap_or(0.0) * TREND);
    if last.iter().min() > first.iter().max() && trend > least {
        1
    } else if last.iter().max() < first.iter().min() && trend < -least {
        -1
    } else {
        0
    }
}

fn rises_always(lags: &[i64]) -> bool {
    lags.len() == WINDOW && lags.windows(2).all(|step| step[1] > step[0])
}

fn grows(lags: &[i64], dones: Vec<i64>, written: Option<f64>, window: &[Commit]) -> String {
    let mut rule = match rises_always(lags) {
        true => format!("further behind at each of {WINDOW} commits"),
        false => format!("further behind at the last {END} of {WINDOW} commits than at any of the first {END}"),
    };
    let seconds = (window[window.len() - 1].at_ms - window[0].at_ms) as f64 / 1000.0;
    let done = dones.last().zip(dones.first()).map_or(0.0, |(last, first)| (last - first) as f64 / seconds.max(1e-3));
    if let Some(written) = written.filter(|_| done > 0.0) {
        rule.push_str(&format!("; gets {:.1}× its pace", written / done));
    }
    rule
}

fn sinks(lags: &[i64]) -> String {
    match lags.windows(2).all(|step| step[1] < step[0]) {
        true => format!("less far behind at each of {WINDOW} commits"),
        false => format!("less far behind at the last {END} of {WINDOW} commits than at any of the first {END}"),
    }
}

fn drain(lags: &[i64], trend: Option<f64>, written: Option<f64>) -> Drain {
    match (lags[lags.len() - 1], trend) {
        (0, _) => Drain::Done,
        (lag, Some(trend)) if lags.len() == WINDOW && direction(lags, Some(trend), written) == -1 => {
            Drain::In { ms: (lag as f64 / -trend).ceil() as i64 * 1000 }
        }
        _ if rises_always(lags) => Drain::Never,
        _ => Drain::Unknown,
    }
}

/// A partition of which something is not known.
fn unknown(window: &[Commit], reader: Reader) -> Judgement {
    let last = window.last();
    let rule = match (last, reader) {
        (None, _) => "nothing is known of it yet",
        (Some(Commit { done: None, .. }), Reader::Gone) => "nobody reads it, and nothing was ever committed",
        (Some(Commit { done: None, .. }), _) => "nothing has been done yet",
        (Some(Commit { high: None, .. }), _) => "its end is not known",
        _ => "its end was not known at some of the last commits",
    };
    Judgement {
        verdict: Verdict::Unknown,
        rule: rule.into(),
        lag: last.and_then(Commit::lag),
        trend: None,
        written: None,
        drain: Drain::Unknown,
    }
}
