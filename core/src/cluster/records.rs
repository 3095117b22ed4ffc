//! Records of a topic, for whoever looks into it: the newest of all partitions, or those of one from an offset on, read
//! outside of any group and told as what they look like. It knows no pipeline, and so no format but the look of the bytes.

use std::time::Duration;

use serde_json::Value;

use crate::batch::Batch;
use crate::codec::key_value;
use crate::engine::wall_ms;
use crate::kafka::{ClientSettings, Few, TopicPartition, Watermarks, few_records};
use crate::snapshot::{RecordsWanted, TapRow, TopicRecords};
use crate::types::KeyFormat;

/// Records that are told at a time, of all partitions together.
const MOST: usize = 100;
/// Bytes of a key or a value that are told.
const MOST_BYTES: usize = 8 << 10;
/// How long they are waited for.
const WITHIN: Duration = Duration::from_secs(3);

/// What was told of a topic, and the ends that its partitions had then.
pub(super) struct Looked {
    marks: Vec<(TopicPartition, Watermarks)>,
    pub(super) told: TopicRecords,
}

impl Looked {
    /// Reads what is wanted before these ends; what was told is told again where nothing has come since.
    pub(super) fn look(
        before: Option<Looked>,
        settings: &ClientSettings,
        wanted: &RecordsWanted,
        marks: Vec<(TopicPartition, Watermarks)>,
    ) -> Looked {
        match before {
            Some(before) if before.told.of == *wanted && before.marks == marks && before.told.fault.is_none() => before,
            _ => Looked { told: read(settings, wanted, &marks), marks },
        }
    }
}

fn read(settings: &ClientSettings, wanted: &RecordsWanted, marks: &[(TopicPartition, Watermarks)]) -> TopicRecords {
    let mut told = TopicRecords { of: wanted.clone(), ..TopicRecords::default() };
    let filled: Vec<_> = marks.iter().filter(|(_, marks)| marks.high > marks.low).collect();
    let few = match wanted.from {
        Some(from) => from_offset(&filled, from),
        None => {
            told.partitions_left_out = filled.len().saturating_sub(MOST);
            newest(&filled[..filled.len().min(MOST)])
        }
    };
    if few.is_empty() {
        return told;
    }
    match few_records(settings, &few, WITHIN) {
        Ok(found) => told.rows = found.iter().flatten().flat_map(rows).collect(),
        Err(fault) => told.fault = Some(fault.message),
    }
    if wanted.from.is_none() {
        // Within a partition those of one time stay in their order.
        told.rows.sort_by_key(|row| row.ts);
    }
    told
}

/// Those of a partition from an offset on, or from the oldest that is left.
fn from_offset(filled: &[&(TopicPartition, Watermarks)], (partition, offset): (i32, i64)) -> Vec<Few> {
    let here = filled.iter().filter(|(at, marks)| at.partition == partition && offset < marks.high);
    here.map(|(at, marks)| Few { at: at.clone(), from: offset.max(marks.low), count: MOST }).collect()
}

/// The newest of each partition.
fn newest(filled: &[&(TopicPartition, Watermarks)]) -> Vec<Few> {
    let there = |marks: &Watermarks| usize::try_from(marks.high - marks.low).unwrap_or_default();
    let counts = shares(&filled.iter().map(|(_, marks)| there(marks)).collect::<Vec<_>>(), MOST);
    let few = |((at, marks), count): (&&(TopicPartition, Watermarks), usize)| {
        let from = marks.high - i64::try_from(count).unwrap_or_default();
        Few { at: at.clone(), from, count }
    };
    filled.iter().zip(counts).map(few).collect()
}

/// How many of each are shown where so many are there, so that together they are at most so many: those that have few leave
/// their room to the others.
fn shares(there: &[usize], most: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..there.len()).collect();
    order.sort_by_key(|place| there[*place]);
    let (mut shares, mut left) = (vec![0; there.len()], most);
    for (done, place) in order.into_iter().enumerate() {
        shares[place] = there[place].min(left / (there.len() - done));
        left -= shares[place];
    }
    shares
}

/// The records of a batch, as they are told.
fn rows(batch: &Batch) -> Vec<TapRow> {
    let at_ms = wall_ms();
    let row = |row: usize| {
        let payload = batch.payload.as_ref().filter(|_| !batch.is_tombstone(row)).map(|payload| payload.value(row));
        let key = arrow_array::Array::is_valid(&batch.keys, row).then(|| batch.keys.value(row));
        let headers = batch.headers_of(row).iter();
        let text = |bytes: &bytes::Bytes| match as_it_looks(bytes) {
            Value::String(text) => text,
            other => other.to_string(),
        };
        let place = batch.place(row);
        TapRow {
            at_ms,
            ts: batch.timestamps[row],
            key: key.map_or(Value::Null, as_it_looks),
            value: payload.map_or(Value::Null, as_it_looks),
            headers: headers.map(|(name, value)| (name.clone(), value.as_ref().map(text))).collect(),
            topic: place.topic,
            partition: place.partition,
            offset: place.offset,
            ..TapRow::default()
        }
    };
    (0..batch.rows).map(row).collect()
}

/// Bytes as what they look like: an object or list of JSON, text, or bytes.
fn as_it_looks(bytes: &[u8]) -> Value {
    let head = &bytes[..bytes.len().min(MOST_BYTES)];
    let is_odd = |letter: char| letter.is_control() && !matches!(letter, '\t' | '\n' | '\r');
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // A letter that the cut went through is none the less one.
        Err(why) if head.len() < bytes.len() && why.error_len().is_none() => {
            std::str::from_utf8(&head[..why.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return key_value(Some(head), KeyFormat::Bytes),
    };
    if text.contains(is_odd) {
        return key_value(Some(head), KeyFormat::Bytes);
    }
    if head.len() < bytes.len() {
        return format!("{text}…").into();
    }
    let document = text.trim_start().starts_with(['{', '[']).then(|| serde_json::from_str(text).ok());
    document.flatten().unwrap_or_else(|| text.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn bytes_are_told_as_what_they_look_like() {
        for (bytes, expected) in [
            (&br#"{"a": 1.50}"#[..], json!({"a": 1.5})),
            (b"[1, 2]", json!([1, 2])),
            (b"42", json!("42")),
            (b"{half", json!("{half")),
            ("Grüße\n".as_bytes(), json!("Grüße\n")),
            (b"", json!("")),
            (&[0, 0, 0, 7], json!({"base64": "AAAABw=="})),
            (&[0xff, 0xfe], json!({"base64": "//4="})),
        ] {
            // Numbers keep their digits: 1.50 is written as it came.
            let told = as_it_looks(bytes);
            assert_eq!(told.to_string().replace("1.50", "1.5"), expected.to_string(), "{bytes:?}");
        }
        let long = "ä".repeat(MOST_BYTES);
        let told = as_it_looks(long.as_bytes());
        assert_eq!(told.as_str().map(str::len), Some(MOST_BYTES + "…".len()));
        let told = as_it_looks(format!("x{long}").as_bytes());
        assert_eq!(told.as_str().map(str::len), Some(MOST_BYTES - 1 + "…".len()), "never through a letter");
    }

    #[test]
    fn those_with_few_leave_their_room_to_the_others() {
        for (there, most, expected) in [
            (&[1000, 1000][..], 100, &[50, 50][..]),
            (&[3, 1000], 100, &[3, 97]),
            (&[1000, 0, 3], 100, &[97, 0, 3]),
            (&[1, 2], 100, &[1, 2]),
            (&[], 100, &[]),
        ] {
            assert_eq!(shares(there, most), expected, "{there:?}");
        }
    }

    proptest! {
        /// Nobody is given more than there is, all together not more than allowed, and nothing is withheld for nothing.
        #[test]
        fn shares_are_fair(there in proptest::collection::vec(0usize..300, 1..100), most in 0usize..500) {
            let given = shares(&there, most);
            let sum: usize = given.iter().sum();
            prop_assert!(given.iter().zip(&there).all(|(given, there)| given <= there));
            prop_assert!(sum <= most);
            let all: usize = there.iter().sum();
            // What is left over is less than one for each.
            prop_assert!(sum == all || most - sum < there.len(), "{} of {}", sum, most);
        }

        /// Whatever the bytes, they are told, and in bounds.
        #[test]
        fn any_bytes_are_told(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            as_it_looks(&bytes);
        }
    }
}
