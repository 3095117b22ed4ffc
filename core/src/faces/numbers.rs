//! Figures as text: three digits and a letter, ages, shares, clocks. Rounding never lies at the ends: `0` is exactly none,
//! `100%` is all, and what is not known is `?`. Widths are those of the screens: a count and a rate take 5 cells, an age 6.

/// Nothing is known of it.
pub const UNKNOWN: &str = "?";
/// There is none of it.
pub const ABSENT: &str = "–";

/// A count: `0`, `812`, `3.11k`, `1.20M`.
pub fn count(count: u64) -> String {
    match count {
        0..=999 => count.to_string(),
        _ => short(count as f64),
    }
}

/// A count that may be unknown.
pub fn count_or_unknown(known: Option<i64>) -> String {
    known.map_or_else(|| UNKNOWN.into(), |known| count(known.max(0).unsigned_abs()))
}

/// A rate per second: `0`, `35.5`, `40.0k`; below a tenth, per minute: `2/min`.
pub fn rate(per_second: f64) -> String {
    match per_second {
        none if none <= 0.0 || none.is_nan() => "0".into(),
        slow if slow * 60.0 < 1.0 => "<1/m".into(),
        slow if slow < 0.1 => format!("{:.0}/min", slow * 60.0),
        _ => short(per_second),
    }
}

/// A rate with its unit: `3.10/s`, `2/min`.
pub fn rate_with_unit(per_second: f64) -> String {
    let rate = rate(per_second);
    if rate.contains('/') { rate } else { rate + "/s" }
}

/// How fast something grows, beside how fast it moves: `+12.0k`, `-411`; `~0` under a hundredth of the movement.
pub fn trend(per_second: f64, of_rate: f64) -> String {
    match per_second {
        none if none == 0.0 && of_rate <= 0.0 => "0".into(),
        little if little.abs() < of_rate * 0.01 || little.abs() < 0.05 => "~0".into(),
        growing if growing > 0.0 => format!("+{}", short(growing)),
        shrinking => format!("-{}", short(-shrinking)),
    }
}

/// Three significant digits and a decimal prefix.
fn short(number: f64) -> String {
    const PREFIXES: [&str; 6] = ["", "k", "M", "G", "T", "P"];
    let mut scaled = number.max(0.0);
    for (place, prefix) in PREFIXES.iter().enumerate() {
        let digits = match scaled {
            // What would round up to four digits has the next prefix, or a decimal fewer.
            units if units < 9.995 => 2,
            tens if tens < 99.95 => 1,
            _ => 0,
        };
        if scaled < 999.5 || place + 1 == PREFIXES.len() {
            return format!("{scaled:.digits$}{prefix}");
        }
        scaled /= 1000.0;
    }
    number.to_string()
}

/// `1 node`, `2 nodes`.
pub fn several(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// All digits, with commas: `91,440,211`.
pub fn exact(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share: `0%` of exactly none, `<1%`, `97%`, `100%` of all and no less.
pub fn percent(share: f64) -> String {
    match share {
        none if none <= 0.0 || none.is_nan() => "0%".into(),
        little if little < 0.01 => "<1%".into(),
        all if all >= 1.0 => "100%".into(),
        part => format!("{:.0}%", (part * 100.0).clamp(1.0, 99.0).round().min(99.0)),
    }
}

/// How full a buffer is: a percentage, from 60 % on with a letter in front: `h 71%`, `F 97%`.
pub fn fill(share: f64) -> String {
    let percent = percent(share);
    match share {
        full if full >= FULL => format!("F {percent}"),
        half if half >= HALF_FULL => format!("h {percent}"),
        _ => percent,
    }
}

/// From here on a buffer is called half full.
pub const HALF_FULL: f64 = 0.60;
/// From here on a buffer is called full.
pub const FULL: f64 = 0.85;

/// Milliseconds of each second: `0`, `<1`, `840`.
pub fn ms_of_second(ms: f64) -> String {
    match ms {
        none if none <= 0.0 || none.is_nan() => "0".into(),
        little if little < 1.0 => "<1".into(),
        most if most < 1000.0 => format!("{:.0}", most.min(999.0)),
        _ => "1000".into(),
    }
}

/// An age, at most 6 cells: `0.5s`, `20.7s`, `1m00s`, `3h12m`, `6d23h`.
pub fn age(ms: i64) -> String {
    match ms.max(0) {
        // Just under a minute is a minute.
        tenths if tenths < 59_950 => format!("{:.1}s", tenths as f64 / 1000.0),
        longer => two_units((longer + 500) / 1000),
    }
}

/// A time until something is lost, rounded down: `<1s`, `31s`, `4m12s`, `23h58m`.
pub fn span_down(ms: i64) -> String {
    if (0..1000).contains(&ms) { "<1s".into() } else { two_units(ms.max(0) / 1000) }
}

/// A time until something is done, rounded up.
pub fn span_up(ms: i64) -> String {
    if ms < 1000 { "<1s".into() } else { two_units((ms + 999) / 1000) }
}

/// How long something has lasted, in one unit, rounded down: `31s`, `12m`, `3h`, `2d`.
pub fn since(ms: i64) -> String {
    match ms.max(0) / 1000 {
        seconds @ 0..60 => format!("{seconds}s"),
        minutes @ 60..3600 => format!("{}m", minutes / 60),
        hours @ 3600..86_400 => format!("{}h", hours / 3600),
        days => format!("{}d", days / 86_400),
    }
}

fn two_units(seconds: i64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
        86_400..8_640_000 => format!("{}d{:02}h", seconds / 86_400, seconds % 86_400 / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// How long one record took: `309 µs`, `9 ms`, `1.8 s`.
pub fn latency(microseconds: f64) -> String {
    match microseconds {
        little if little > 0.0 && little < 0.5 => "<1 µs".into(),
        short if short < 999.5 => format!("{short:.0} µs"),
        ms if ms < 9_950.0 => format!("{:.1} ms", ms / 1000.0),
        ms if ms < 999_500.0 => format!("{:.0} ms", ms / 1000.0),
        long => format!("{:.1} s", long / 1_000_000.0),
    }
}

const DAY_MS: i64 = 86_400_000;

/// A time of day, `offset_s` seconds east of UTC: `14:32:07`.
pub fn clock(ms: i64, offset_s: i32) -> String {
    let (hours, minutes, seconds, _) = time_of_day(ms, offset_s);
    format!("{hours:02}:{minutes:02}:{seconds:02}")
}

/// The same without seconds.
pub fn clock_minutes(ms: i64, offset_s: i32) -> String {
    let (hours, minutes, ..) = time_of_day(ms, offset_s);
    format!("{hours:02}:{minutes:02}")
}

/// A time of day with tenths, or with milliseconds: `14:31:46.3`.
pub fn clock_tenths(ms: i64, offset_s: i32) -> String {
    let (.., millis) = time_of_day(ms, offset_s);
    format!("{}.{}", clock(ms, offset_s), millis / 100)
}

/// A time of day with milliseconds: `14:31:46.302`.
pub fn clock_millis(ms: i64, offset_s: i32) -> String {
    let (.., millis) = time_of_day(ms, offset_s);
    format!("{}.{millis:03}", clock(ms, offset_s))
}

/// Two times of day, the second without what it shares with most: `14:31:40–:50`, `14:31:50–:00`.
pub fn clock_range(start: i64, end: i64, offset_s: i32) -> String {
    let (first, last) = (clock(start, offset_s), clock(end, offset_s));
    match end.saturating_sub(start) {
        0..60_000 => format!("{first}–{}", last.get(5..).unwrap_or(&last)),
        60_000..3_600_000 => format!("{first}–{}", last.get(3..).unwrap_or(&last)),
        _ => format!("{first}–{last}"),
    }
}

fn time_of_day(ms: i64, offset_s: i32) -> (i64, i64, i64, i64) {
    let ms = ms.saturating_add(i64::from(offset_s) * 1000).rem_euclid(DAY_MS);
    (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check<T: Copy + std::fmt::Debug>(format: fn(T) -> String, cases: &[(T, &str)]) {
        for (number, text) in cases {
            assert_eq!(format(*number), *text, "{number:?}");
        }
    }

    #[test]
    fn one_is_no_plural() {
        check(|count| several(count, "node"), &[(0, "0 nodes"), (1, "1 node"), (2, "2 nodes")]);
    }

    #[test]
    fn counts_have_three_digits() {
        check(
            count,
            &[
                (0, "0"),
                (3, "3"),
                (812, "812"),
                (999, "999"),
                (1000, "1.00k"),
                (3_110, "3.11k"),
                (9_994, "9.99k"),
                (9_995, "10.0k"),
                (9_996, "10.0k"),
                (40_000, "40.0k"),
                (99_960, "100k"),
                (591_000, "591k"),
                (999_600, "1.00M"),
                (1_200_000, "1.20M"),
                (31_400_000, "31.4M"),
            ],
        );
        check(
            exact,
            &[
                (0, "0"),
                (999, "999"),
                (91_440_211, "91,440,211"),
                (-1_000, "-1,000"),
                (i64::MIN, "-9,223,372,036,854,775,808"),
            ],
        );
    }

    #[test]
    fn rates_are_zero_for_none_only() {
        check(
            rate,
            &[
                (0.0, "0"),
                (0.001, "<1/m"),
                (2.0 / 60.0, "2/min"),
                (0.1, "0.10"),
                (0.79, "0.79"),
                (3.1, "3.10"),
                (35.5, "35.5"),
                (411.2, "411"),
                (40_000.0, "40.0k"),
                (f64::NAN, "0"),
            ],
        );
        check(rate_with_unit, &[(3.1, "3.10/s"), (0.0333, "2/min")]);
        for (slope, of_rate, text) in [
            (12_000.0, 52_000.0, "+12.0k"),
            (-88_000.0, 1.0, "-88.0k"),
            (10.0, 3_000.0, "~0"),
            (0.0, 0.0, "0"),
            (0.0, 5.0, "~0"),
        ] {
            assert_eq!(trend(slope, of_rate), text, "{slope} of {of_rate}");
        }
    }

    #[test]
    fn shares_do_not_lie_at_the_ends() {
        check(percent, &[(0.0, "0%"), (0.004, "<1%"), (0.01, "1%"), (0.974, "97%"), (0.9999, "99%"), (1.0, "100%")]);
        check(fill, &[(0.2, "20%"), (0.6, "h 60%"), (0.849, "h 85%"), (0.97, "F 97%"), (1.0, "F 100%")]);
        check(ms_of_second, &[(0.0, "0"), (0.2, "<1"), (4.0, "4"), (999.9, "999"), (1000.0, "1000")]);
    }

    #[test]
    fn ages_and_spans_round_to_the_safe_side() {
        check(
            age,
            &[
                (0, "0.0s"),
                (500, "0.5s"),
                (20_700, "20.7s"),
                (59_960, "1m00s"),
                (60_000, "1m00s"),
                (11_520_000, "3h12m"),
            ],
        );
        check(age, &[(603_000_000, "6d23h"), (-5, "0.0s")]);
        check(span_down, &[(0, "<1s"), (999, "<1s"), (31_900, "31s"), (86_339_000, "23h58m")]);
        check(span_up, &[(1, "<1s"), (1_001, "2s"), (251_001, "4m12s")]);
        check(since, &[(31_999, "31s"), (725_000, "12m"), (10_800_000, "3h"), (200_000_000, "2d")]);
        check(
            latency,
            &[
                (0.0, "0 µs"),
                (0.2, "<1 µs"),
                (309.0, "309 µs"),
                (9_000.0, "9.0 ms"),
                (11_000.0, "11 ms"),
                (1_800_000.0, "1.8 s"),
            ],
        );
    }

    #[test]
    fn clocks_know_their_zone() {
        let ms = 1_700_000_000_123;
        assert_eq!(clock(ms, 0), "22:13:20");
        assert_eq!(clock(ms, 3600), "23:13:20");
        assert_eq!(clock(ms, -23 * 3600), "23:13:20");
        assert_eq!(clock_minutes(ms, 0), "22:13");
        assert_eq!((clock_tenths(ms, 0), clock_millis(ms, 0)), ("22:13:20.1".into(), "22:13:20.123".into()));
        assert_eq!(clock_range(ms, ms + 40_000, 0), "22:13:20–:00");
        assert_eq!(clock_range(ms, ms + 300_000, 0), "22:13:20–18:20");
        assert_eq!(clock_range(ms, ms + 3_600_000, 0), "22:13:20–23:13:20");
        assert_eq!(clock(i64::MAX, 3600).len(), 8);
    }

    proptest! {
        #[test]
        fn widths_hold(number: u64, share in 0.0f64..1.0, ms in 0i64..400 * 86_400_000) {
            prop_assert!(count(number).len() <= 5 || number > 999_000_000_000_000_000, "{}", count(number));
            prop_assert!(rate(number as f64).len() <= 5 || number > 999_000_000_000_000_000);
            prop_assert!(rate(share).len() <= 6);
            prop_assert!(fill(share).len() <= 6);
            prop_assert!(age(ms).len() <= 6, "{}", age(ms));
        }
    }
}
