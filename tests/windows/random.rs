//! Random cases: few keys, times in and out of order and often exactly at a bound, nulls.

use crate::case::{Case, Emit, Row, Window};

/// A kind of window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Tumbling,
    Hopping,
    Sliding,
    Session,
    Running,
}

pub(crate) const KINDS: [Kind; 5] = [Kind::Tumbling, Kind::Hopping, Kind::Sliding, Kind::Session, Kind::Running];

/// The same numbers for the same seed, on every machine: SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From `low` to `high`, both possible.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.next() % (high - low + 1) as u64) as i64
    }

    fn percent(&mut self, of: i64) -> bool {
        self.between(1, 100) <= of
    }
}

/// A case of at least 100 rows.
pub(crate) fn case(id: u64, kind: Kind, random: &mut Random) -> Case {
    let grace_ms = if random.percent(25) { 0 } else { random.between(1, 25) };
    let window = match kind {
        Kind::Tumbling => Some(Window::Tumbling { size_ms: random.between(1, 30), grace_ms }),
        Kind::Hopping => {
            let size_ms = random.between(2, 30);
            Some(Window::Hopping { size_ms, advance_ms: random.between(1, size_ms), grace_ms })
        }
        Kind::Sliding => Some(Window::Sliding { difference_ms: random.between(1, 30), grace_ms }),
        Kind::Session => Some(Window::Session { gap_ms: random.between(1, 20), grace_ms }),
        Kind::Running => None,
    };
    let emit = if window.is_some() && random.percent(50) { Emit::OnClose } else { Emit::OnUpdate };
    let rows = random.between(100, 140);
    // A session that reaches far back takes records that are late for any other window.
    let most = if kind == Kind::Session { 150 } else { 60 };
    let (disorder, jump) = (random.between(0, most), random.between(0, 12));
    let mut now = if random.percent(50) { 0 } else { random.between(0, 100_000) };
    let mut made: Vec<Row> = Vec::new();
    while made.len() < rows as usize {
        now += random.between(0, jump.max(1));
        if random.percent(2) {
            now += random.between(0, 200);
        }
        let back = if random.percent(45) { random.between(0, disorder) } else { 0 };
        let key = (!random.percent(6)).then(|| ["a", "b", "c"][random.between(0, 2) as usize].to_string());
        // Two sessions, and what comes between them.
        let times = match window {
            Some(Window::Session { gap_ms, .. }) if random.percent(20) => {
                let far = gap_ms + random.between(1, gap_ms);
                vec![now, now + far, now + random.between(far - gap_ms, gap_ms)]
            }
            _ => vec![(now - back).max(0)],
        };
        for ts in times {
            now = now.max(ts);
            let value = (!random.percent(9)).then(|| random.between(0, 9));
            made.push(Row { key: key.clone(), value, ts });
        }
    }
    Case { id, name: String::new(), window, emit, rows: made }
}
