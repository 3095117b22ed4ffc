//! Windowed keys: a key and the bounds of its window, as one key of a topic and back. Kafka Streams' own forms are those
//! of its `TimeWindowedSerializer` (key, start) and `SessionWindowedSerializer` (key, end, start), 8 bytes a bound,
//! big-endian. What a partition is chosen by is the key alone, and no business of this module.

use arrow_array::{Array, BinaryViewArray};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::key::{KeyFailure, decode_keys, encode_keys};
use super::scalar::base64_of;
use super::views::{BytesBuilder, value};
use crate::batch::Windows;
use crate::types::KeyFormat;

/// How windowed keys are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowKeyWriting {
    /// `{"key": …, "start": …, "end": …}`, the bounds in milliseconds
    Json,
    /// Kafka Streams' own form of time windows: key, start
    Time,
    /// Kafka Streams' own form of sessions: key, end, start
    Session,
}

/// How windowed keys are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowKeyReading {
    /// as [`WindowKeyWriting::Json`] writes them
    Json,
    /// as [`WindowKeyWriting::Time`] writes them, of windows that are so long
    Time {
        /// from start to end, in milliseconds
        size_ms: i64,
    },
    /// as [`WindowKeyWriting::Session`] writes them
    Session,
}

/// Windowed keys taken apart.
#[derive(Debug)]
pub struct WindowKeys {
    /// the keys alone; null in the rows of failures
    pub keys: BinaryViewArray,
    /// their windows
    pub windows: Windows,
    /// the rows that have no windowed key, in order
    pub failures: Vec<KeyFailure>,
}

impl WindowKeyWriting {
    /// What the written bytes are.
    pub fn format(self) -> KeyFormat {
        match self {
            WindowKeyWriting::Json => KeyFormat::Json,
            WindowKeyWriting::Time | WindowKeyWriting::Session => KeyFormat::Bytes,
        }
    }
}

impl WindowKeyReading {
    /// What writes keys that are so read.
    pub fn writing(self) -> WindowKeyWriting {
        match self {
            WindowKeyReading::Json => WindowKeyWriting::Json,
            WindowKeyReading::Time { .. } => WindowKeyWriting::Time,
            WindowKeyReading::Session => WindowKeyWriting::Session,
        }
    }
}

/// Writes keys of a format together with their windows. A null stays null. In JSON a key is what its format says: text,
/// an integer, a document as it stands, bytes as base64.
pub fn encode_window_keys(
    keys: &BinaryViewArray,
    format: KeyFormat,
    windows: &Windows,
    writing: WindowKeyWriting,
) -> (BinaryViewArray, Vec<KeyFailure>) {
    let (json, failures) = match writing {
        WindowKeyWriting::Json => json_keys(keys, format),
        WindowKeyWriting::Time | WindowKeyWriting::Session => (keys.clone(), Vec::new()),
    };
    let (mut written, mut bytes) = (BytesBuilder::new(), Vec::new());
    for row in 0..keys.len() {
        let Some(key) = value(&json, row) else {
            written.push(None);
            continue;
        };
        let (start, end) = (windows.start[row], windows.end[row]);
        bytes.clear();
        match writing {
            WindowKeyWriting::Json => {
                bytes.extend_from_slice(b"{\"key\":");
                bytes.extend_from_slice(key);
                bytes.extend_from_slice(format!(",\"start\":{start},\"end\":{end}}}").as_bytes());
            }
            WindowKeyWriting::Time => {
                bytes.extend_from_slice(key);
                bytes.extend_from_slice(&start.to_be_bytes());
            }
            WindowKeyWriting::Session => {
                bytes.extend_from_slice(key);
                bytes.extend_from_slice(&end.to_be_bytes());
                bytes.extend_from_slice(&start.to_be_bytes());
            }
        }
        written.push(Some(&bytes));
    }
    (written.finish(), failures)
}

/// Keys as JSON documents; null where there is none, and in the rows of failures.
fn json_keys(keys: &BinaryViewArray, format: KeyFormat) -> (BinaryViewArray, Vec<KeyFailure>) {
    let (column, mut failures) = decode_keys(keys, format);
    if format != KeyFormat::Json {
        let (json, unwritable) = encode_keys(&[column], KeyFormat::Json);
        failures.extend(unwritable);
        return (json, failures);
    }
    let mut failed = failures.iter().map(|failure| failure.row).peekable();
    let mut documents = BytesBuilder::new();
    for row in 0..keys.len() {
        documents.push(value(keys, row).filter(|_| failed.next_if_eq(&row).is_none()));
    }
    (documents.finish(), failures)
}

/// Takes windowed keys apart. A key that is null, too short or no JSON of the form fails, and so does a window that
/// begins before 0 or ends before it begins, which Kafka Streams refuses too. Whether a key is of its format is left to
/// [`decode_keys`], but in JSON, which has to know it.
pub fn decode_window_keys(written: &BinaryViewArray, format: KeyFormat, reading: WindowKeyReading) -> WindowKeys {
    let (mut keys, mut failures) = (BytesBuilder::new(), Vec::new());
    let (mut starts, mut ends) = (Vec::with_capacity(written.len()), Vec::with_capacity(written.len()));
    for row in 0..written.len() {
        let (start, end) = match take_apart(value(written, row), format, reading) {
            Ok(WindowKey { key, start, end }) => {
                keys.push(Some(&key));
                (start, end)
            }
            Err(reason) => {
                keys.push(None);
                failures.push(KeyFailure { row, reason: format!("windowed key: {reason}") });
                (0, 0)
            }
        };
        starts.push(start);
        ends.push(end);
    }
    WindowKeys { keys: keys.finish(), windows: Windows { start: starts.into(), end: ends.into() }, failures }
}

struct WindowKey<'a> {
    key: std::borrow::Cow<'a, [u8]>,
    start: i64,
    end: i64,
}

fn take_apart(bytes: Option<&[u8]>, format: KeyFormat, reading: WindowKeyReading) -> Result<WindowKey<'_>, String> {
    let bytes = bytes.ok_or("the record has no key, and so no window")?;
    let parted = match reading {
        WindowKeyReading::Json => read_json(bytes, format)?,
        WindowKeyReading::Time { size_ms } => {
            let (key, [start]) = split(bytes)?;
            WindowKey { key: key.into(), start, end: start.saturating_add(size_ms) }
        }
        WindowKeyReading::Session => {
            let (key, [end, start]) = split(bytes)?;
            WindowKey { key: key.into(), start, end }
        }
    };
    match (parted.start, parted.end) {
        (start, _) if start < 0 => {
            Err(format!("a window does not begin at {start}: is this how the keys are written?"))
        }
        (start, end) if end < start => {
            Err(format!("a window does not go from {start} to {end}: is this how the keys are written?"))
        }
        _ => Ok(parted),
    }
}

/// A key, and the bounds behind it.
fn split<const N: usize>(bytes: &[u8]) -> Result<(&[u8], [i64; N]), String> {
    let place = bytes.len().checked_sub(8 * N);
    let place = place.ok_or_else(|| format!("it ends with {} bytes of its window, found {}", 8 * N, bytes.len()))?;
    let (key, bounds) = bytes.split_at(place);
    let mut split = [0; N];
    for (bound, bytes) in split.iter_mut().zip(bounds.as_chunks().0) {
        *bound = i64::from_be_bytes(*bytes);
    }
    Ok((key, split))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<'a> {
    #[serde(borrow)]
    key: &'a RawValue,
    start: i64,
    end: i64,
}

fn read_json(bytes: &[u8], format: KeyFormat) -> Result<WindowKey<'_>, String> {
    let Written { key, start, end } = serde_json::from_slice(bytes).map_err(|why| why.to_string())?;
    let key = match format {
        KeyFormat::Json => key.get().as_bytes().into(),
        KeyFormat::Text => read::<String>(key)?.into_bytes().into(),
        KeyFormat::Bytes => base64_of(read::<String>(key)?.as_bytes()).ok_or("its key is not base64")?.into(),
        KeyFormat::Int32 => read::<i32>(key)?.to_be_bytes().to_vec().into(),
        KeyFormat::Int64 => read::<i64>(key)?.to_be_bytes().to_vec().into(),
    };
    Ok(WindowKey { key, start, end })
}

fn read<'a, T: Deserialize<'a>>(key: &'a RawValue) -> Result<T, String> {
    serde_json::from_str(key.get()).map_err(|why| format!("its key: {why}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::batch::bytes_column;

    fn windows(bounds: &[(i64, i64)]) -> Windows {
        let (start, end): (Vec<i64>, Vec<i64>) = bounds.iter().copied().unzip();
        Windows { start: start.into(), end: end.into() }
    }

    /// The bytes that Kafka Streams 4.1's serializers gave for these keys and windows.
    #[test]
    fn bytes_are_those_of_kafka_streams() {
        for (key, bounds, writing, expected) in [
            (&b"a"[..], (0, 10), WindowKeyWriting::Time, "610000000000000000"),
            (b"key", (1_700_000_000_000, 1_700_000_060_000), WindowKeyWriting::Time, "6b65790000018bcfe56800"),
            (b"\0\0\0\x07", (258, 300), WindowKeyWriting::Time, "000000070000000000000102"),
            (b"", (5, 6), WindowKeyWriting::Time, "0000000000000005"),
            (b"a", (3, 9), WindowKeyWriting::Session, "6100000000000000090000000000000003"),
            (
                b"key",
                (1_700_000_000_000, 1_700_000_060_000),
                WindowKeyWriting::Session,
                "6b65790000018bcfe652600000018bcfe56800",
            ),
        ] {
            let (written, failures) =
                encode_window_keys(&bytes_column([Some(key)]), KeyFormat::Bytes, &windows(&[bounds]), writing);
            assert_eq!(failures, []);
            let hex: String = written.value(0).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hex, expected, "{key:?} {bounds:?} {writing:?}");
        }
    }

    #[test]
    fn json_holds_a_key_as_its_format_says() {
        for (key, format, expected) in [
            (&b"a\"b"[..], KeyFormat::Text, Some(r#"{"key":"a\"b","start":1,"end":2}"#)),
            (b"[1, \"x\"]", KeyFormat::Json, Some(r#"{"key":[1, "x"],"start":1,"end":2}"#)),
            (b"\xff", KeyFormat::Bytes, Some(r#"{"key":"/w==","start":1,"end":2}"#)),
            (b"\xff\xff\xff\xfe", KeyFormat::Int32, Some(r#"{"key":-2,"start":1,"end":2}"#)),
            (b"\0\0\0\0\0\0\0\x07", KeyFormat::Int64, Some(r#"{"key":7,"start":1,"end":2}"#)),
            (b"\xff", KeyFormat::Text, None),
            (b"{", KeyFormat::Json, None),
            (b"1", KeyFormat::Int64, None),
        ] {
            let keys = bytes_column([None, Some(key)]);
            let (written, failures) =
                encode_window_keys(&keys, format, &windows(&[(0, 0), (1, 2)]), WindowKeyWriting::Json);
            assert_eq!(written, bytes_column([None, expected.map(str::as_bytes)]), "{format:?}");
            let failed: Vec<usize> = failures.iter().map(|failure| failure.row).collect();
            assert_eq!(failed, if expected.is_some() { vec![] } else { vec![1] }, "{format:?}");
        }
    }

    #[test]
    fn what_is_no_windowed_key_says_why() {
        let [json, session] = [WindowKeyReading::Json, WindowKeyReading::Session];
        let time = WindowKeyReading::Time { size_ms: 10 };
        for (key, format, reading, why) in [
            (None, KeyFormat::Text, time, "the record has no key, and so no window"),
            (Some(&b"abc"[..]), KeyFormat::Text, time, "it ends with 8 bytes of its window, found 3"),
            (Some(&[0; 15]), KeyFormat::Text, session, "it ends with 16 bytes of its window, found 15"),
            (
                Some(b"\xff\xff\xff\xff\xff\xff\xff\xff"),
                KeyFormat::Text,
                time,
                "a window does not begin at -1: is this how the keys are written?",
            ),
            (
                Some(b"\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x02"),
                KeyFormat::Text,
                session,
                "a window does not go from 2 to 1: is this how the keys are written?",
            ),
            (Some(b"{}"), KeyFormat::Text, json, "missing field `key` at line 1 column 2"),
            (Some(b"a"), KeyFormat::Text, json, "expected value at line 1 column 1"),
            (
                Some(br#"{"key":1,"start":0,"end":1}"#),
                KeyFormat::Text,
                json,
                "its key: invalid type: integer `1`, expected a string at line 1 column 1",
            ),
            (Some(br#"{"key":"?","start":0,"end":1}"#), KeyFormat::Bytes, json, "its key is not base64"),
        ] {
            let read = decode_window_keys(&bytes_column([key]), format, reading);
            assert!(read.keys.is_null(0));
            assert_eq!(read.failures, [KeyFailure { row: 0, reason: format!("windowed key: {why}") }]);
        }
    }

    #[test]
    fn a_window_that_ends_behind_all_time_ends_with_it() {
        let written = bytes_column([Some(&i64::MAX.to_be_bytes()[..])]);
        let read = decode_window_keys(&written, KeyFormat::Bytes, WindowKeyReading::Time { size_ms: 60_000 });
        assert_eq!((read.windows, read.failures), (windows(&[(i64::MAX, i64::MAX)]), vec![]));
    }

    proptest! {
        #[test]
        fn windowed_keys_come_back_as_they_were_written(
            rows in prop::collection::vec((".{0,20}", any::<[u8; 8]>(), 0..1_i64 << 50, 0..1_i64 << 50), 1..20),
        ) {
            let size_ms = 60_000;
            let texts = bytes_column(rows.iter().map(|row| Some(row.0.as_bytes())));
            let any = bytes_column(rows.iter().map(|row| Some(&row.1[..])));
            let short = bytes_column(rows.iter().map(|row| Some(&row.1[..4])));
            let documents: Vec<String> =
                rows.iter().map(|row| serde_json::json!([row.0, row.2, { "a": null }]).to_string()).collect();
            let documents = bytes_column(documents.iter().map(|document| Some(document.as_bytes())));
            let sized = windows(&rows.iter().map(|row| (row.2, row.2 + size_ms)).collect::<Vec<_>>());
            let free = windows(&rows.iter().map(|row| (row.2, row.2 + row.3)).collect::<Vec<_>>());
            for (keys, format) in [
                (&texts, KeyFormat::Text),
                (&any, KeyFormat::Bytes),
                (&documents, KeyFormat::Json),
                (&short, KeyFormat::Int32),
                (&any, KeyFormat::Int64),
            ] {
                for (windows, writing, reading) in [
                    (&free, WindowKeyWriting::Json, WindowKeyReading::Json),
                    (&sized, WindowKeyWriting::Time, WindowKeyReading::Time { size_ms }),
                    (&free, WindowKeyWriting::Session, WindowKeyReading::Session),
                ] {
                    let (written, failures) = encode_window_keys(keys, format, windows, writing);
                    prop_assert_eq!(&failures, &[]);
                    let read = decode_window_keys(&written, format, reading);
                    prop_assert_eq!(&read.failures, &[]);
                    prop_assert_eq!((&read.keys, &read.windows), (keys, windows), "{:?} {:?}", format, writing);
                }
            }
        }

        #[test]
        fn any_bytes_are_a_windowed_key_or_fail(key: Vec<u8>) {
            for format in [KeyFormat::Text, KeyFormat::Bytes, KeyFormat::Json, KeyFormat::Int32, KeyFormat::Int64] {
                for reading in
                    [WindowKeyReading::Json, WindowKeyReading::Time { size_ms: 1 }, WindowKeyReading::Session]
                {
                    let read = decode_window_keys(&bytes_column([Some(&key[..])]), format, reading);
                    prop_assert_eq!(read.keys.is_null(0), !read.failures.is_empty());
                }
            }
        }
    }
}
