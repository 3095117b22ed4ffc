//! What the engine says of windows, as it is read beside the axis: times of day as there, seconds instead of many
//! milliseconds, digits in threes, whole sentences.

use tidegate_core::faces::numbers;

/// A message for whoever reads it here; `offset_s` is the clock's, in seconds.
pub(super) fn plain(message: &str, offset_s: i32) -> String {
    let mut shown: Vec<String> = Vec::new();
    let mut words = message.split(' ').peekable();
    while let Some(word) = words.next() {
        let core = word.trim_matches(|sign: char| matches!(sign, '(' | ')' | ',' | '.' | ':' | ';' | '`'));
        let is_ms = words.peek().is_some_and(|next| next.trim_end_matches([',', '.', ';']) == "ms");
        let better = match (stamp(core), core.parse::<i64>()) {
            (Some(ms), _) => numbers::clock(ms, offset_s),
            (None, Ok(ms)) if is_ms && ms >= 1000 => {
                // The unit goes with the figure.
                let unit = words.next().unwrap_or_default();
                format!("{:.1} s{}", ms as f64 / 1000.0, unit.trim_start_matches("ms"))
            }
            (None, Ok(number)) => numbers::exact(number),
            (None, Err(_)) => core.to_string(),
        };
        shown.push(if core.is_empty() { word.to_string() } else { word.replacen(core, &better, 1) });
    }
    let text = shown.join(" ");
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let end = if text.ends_with(['.', '!', '?']) || text.is_empty() { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

/// The time of day of a moment written as `2024-01-01T00:06:36.678Z`, in milliseconds.
fn stamp(word: &str) -> Option<i64> {
    let (date, time) = word.strip_suffix('Z')?.split_once('T')?;
    if date.len() < 10 {
        return None;
    }
    let (whole, millis) = time.split_once('.').unwrap_or((time, "0"));
    let mut parts = whole.split(':').map(str::parse::<i64>);
    let mut next = || parts.next()?.ok();
    let (hours, minutes, seconds) = (next()?, next()?, next()?);
    Some(((hours * 60 + minutes) * 60 + seconds) * 1000 + millis.parse::<i64>().ok()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn messages_are_read_as_the_axis_is() {
        for (message, expected) in [
            (
                "the open window, 2024-01-01T00:06:00.000Z to 2024-01-01T00:07:00.000Z, closes at stream time \
                 2024-01-01T00:07:20.000Z. Stream time is 2024-01-01T00:06:36.678Z (set by record 132226), 43322 ms short",
                "The open window, 01:06:00 to 01:07:00, closes at stream time 01:07:20. Stream time is 01:06:36 (set by \
                 record 132,226), 43.3 s short.",
            ),
            ("5983 results came out of 40142 records", "5,983 results came out of 40,142 records."),
            ("a grace longer by 12 ms would do", "A grace longer by 12 ms would do."),
            ("`idle_after` closes windows", "`idle_after` closes windows."),
            ("of key 2024-x, 7 .", "Of key 2024-x, 7 ."),
            ("", ""),
        ] {
            assert_eq!(plain(message, 3600), expected);
        }
    }

    proptest! {
        #[test]
        fn any_message_is_read(message in "[a-z0-9:.TZ -]{0,60}") {
            plain(&message, 0);
        }
    }
}
