//! Quantities with a unit, written as people write them: durations and sizes.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A duration: `"500ms"`, `"1s"`, `"1m30s"`, `"2h"`, `"1d"`. Whole milliseconds; written with the largest units that fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct DurationText(u64);

/// A size in bytes: `"16 MiB"`, `"64 KiB"`, `"1 MB"`, or a plain number of bytes. Written in the largest binary unit that
/// divides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ByteSize(u64);

/// Why a text is not a quantity: a sentence with an example.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MeasureError(String);

impl MeasureError {
    pub(super) fn new(message: String) -> MeasureError {
        MeasureError(message)
    }
}

const TIME_UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

const BINARY_UNITS: [(&str, u64); 4] = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

const DECIMAL_UNITS: [(&str, u64); 6] =
    [("B", 1), ("kB", 1_000), ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000)];

impl DurationText {
    /// A duration of milliseconds.
    pub const fn from_ms(ms: u64) -> DurationText {
        DurationText(ms)
    }

    /// Milliseconds.
    pub const fn to_ms(self) -> u64 {
        self.0
    }
}

impl ByteSize {
    /// A size of bytes.
    pub const fn from_bytes(bytes: u64) -> ByteSize {
        ByteSize(bytes)
    }

    /// Bytes.
    pub const fn to_bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for DurationText {
    type Err = MeasureError;

    fn from_str(text: &str) -> Result<DurationText, MeasureError> {
        let fail =
            || MeasureError(format!("`{text}` is not a duration; write one as \"500ms\", \"1s\", \"1m30s\" or \"2h\""));
        let (mut rest, mut total, mut unit_before) = (text.trim(), 0u64, u64::MAX);
        if rest.is_empty() {
            return Err(fail());
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let (number, tail) = rest.split_at(digits);
            let letters = tail.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(tail.len());
            let (word, tail) = tail.split_at(letters);
            let unit = TIME_UNITS.iter().find(|(name, _)| *name == word).map(|(_, ms)| *ms);
            let unit = unit.filter(|unit| *unit < unit_before).ok_or_else(fail)?;
            let part = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
            total = part.and_then(|part| total.checked_add(part)).ok_or_else(fail)?;
            (rest, unit_before) = (tail, unit);
        }
        Ok(DurationText(total))
    }
}

impl FromStr for ByteSize {
    type Err = MeasureError;

    fn from_str(text: &str) -> Result<ByteSize, MeasureError> {
        let fail = || {
            MeasureError(format!("`{text}` is not a size; write one as \"64 KiB\", \"16 MiB\" or a number of bytes"))
        };
        let trimmed = text.trim();
        let digits = trimmed.find(|c: char| !c.is_ascii_digit()).unwrap_or(trimmed.len());
        let (number, word) = trimmed.split_at(digits);
        let unit = match word.trim_start() {
            "" => Some(1),
            word => BINARY_UNITS.iter().chain(&DECIMAL_UNITS).find(|(name, _)| *name == word).map(|(_, bytes)| *bytes),
        };
        let bytes = unit.and_then(|unit| number.parse::<u64>().ok()?.checked_mul(unit));
        bytes.map(ByteSize).ok_or_else(fail)
    }
}

impl fmt::Display for DurationText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.0;
        for (name, unit) in TIME_UNITS {
            if rest >= unit {
                write!(f, "{}{name}", rest / unit)?;
                rest %= unit;
            }
        }
        Ok(())
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match BINARY_UNITS.iter().find(|(_, unit)| self.0 >= *unit && self.0.is_multiple_of(*unit)) {
            Some((name, unit)) => write!(f, "{} {name}", self.0 / unit),
            None => write!(f, "{} B", self.0),
        }
    }
}

impl Serialize for DurationText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DurationText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<DurationText, D::Error> {
        Cow::<str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ByteSize, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected a size as \"16 MiB\", or a number of bytes")]
        enum Written {
            Number(u64),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Number(bytes) => Ok(ByteSize(bytes)),
            Written::Text(text) => text.parse().map_err(D::Error::custom),
        }
    }
}

impl JsonSchema for DurationText {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "x-kind": "duration" })
    }
}

impl JsonSchema for ByteSize {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ByteSize".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer"], "x-kind": "bytes" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_are_read_in_every_spelling() {
        let cases = [("0s", 0), ("500ms", 500), ("1s", 1_000), ("90s", 90_000), ("1m30s", 90_000), ("2h", 7_200_000)];
        for (text, ms) in cases.into_iter().chain([("1d", 86_400_000), ("1d1ms", 86_400_001)]) {
            assert_eq!(text.parse::<DurationText>().unwrap().to_ms(), ms, "{text}");
        }
        for bad in ["", "1", "s", "1.5s", "-1s", "1s1m", "1s1s", "1 s", "1S", "99999999999999999999s", "213503982335d"]
        {
            assert!(bad.parse::<DurationText>().is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_are_read_in_every_spelling() {
        let cases =
            [("0", 0), ("512", 512), ("512 B", 512), ("64KiB", 65_536), ("16 MiB", 16 << 20), ("1 MB", 1_000_000)];
        for (text, bytes) in cases {
            assert_eq!(text.parse::<ByteSize>().unwrap().to_bytes(), bytes, "{text}");
        }
        for bad in ["", "MiB", "-1", "1.5 MiB", "1 mib", "99999999 TiB"] {
            assert!(bad.parse::<ByteSize>().is_err(), "{bad}");
        }
        assert_eq!(serde_json::from_str::<ByteSize>("1024").unwrap().to_string(), "1 KiB");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(number: u64) {
            prop_assert_eq!(DurationText(number).to_string().parse(), Ok(DurationText(number)));
            prop_assert_eq!(ByteSize(number).to_string().parse(), Ok(ByteSize(number)));
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = (text.parse::<DurationText>(), text.parse::<ByteSize>());
        }
    }
}
