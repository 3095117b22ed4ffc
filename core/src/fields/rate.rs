//! Rates, and moments in time.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{DurationText, MeasureError};

/// So many records in so long: `"1000/s"`, `"5/m"`, `"1/500ms"`, or a plain number of records a second. Neither is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    records: u64,
    per_ms: u64,
}

/// A moment: RFC 3339 text (`"2024-01-01T00:00:00Z"`), or milliseconds since 1970-01-01 UTC; never before that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

const YEAR_10000_MS: i64 = 253_402_300_800_000;

impl Rate {
    /// So many records a second; none where there are none.
    pub const fn per_second(records: u64) -> Option<Rate> {
        if records == 0 { None } else { Some(Rate { records, per_ms: 1000 }) }
    }

    /// Records in [`Rate::per_ms`].
    pub const fn records(self) -> u64 {
        self.records
    }

    /// How long [`Rate::records`] take, in milliseconds.
    pub const fn per_ms(self) -> u64 {
        self.per_ms
    }
}

impl Moment {
    /// A moment in milliseconds since 1970-01-01 UTC.
    pub const fn from_ms(ms: i64) -> Moment {
        Moment(ms)
    }

    /// Milliseconds since 1970-01-01 UTC.
    pub const fn to_ms(self) -> i64 {
        self.0
    }

    /// RFC 3339 has years of four digits.
    fn to_rfc3339(self) -> Option<String> {
        let moment = chrono::DateTime::from_timestamp_millis(self.0).filter(|_| self.0 < YEAR_10000_MS)?;
        Some(moment.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
    }
}

impl FromStr for Rate {
    type Err = MeasureError;

    fn from_str(text: &str) -> Result<Rate, MeasureError> {
        let read = || {
            let (records, per) = text.trim().split_once('/').unwrap_or((text.trim(), "s"));
            let one = if per.trim_start().starts_with(|c: char| c.is_ascii_digit()) { "" } else { "1" };
            let per_ms = format!("{one}{}", per.trim()).parse::<DurationText>().ok()?.to_ms();
            let records = records.trim().parse().ok()?;
            (records > 0 && per_ms > 0).then_some(Rate { records, per_ms })
        };
        read().ok_or_else(|| {
            MeasureError::new(format!("`{text}` is not a rate; write one as \"1000/s\", \"5/m\" or \"1/500ms\""))
        })
    }
}

impl FromStr for Moment {
    type Err = MeasureError;

    fn from_str(text: &str) -> Result<Moment, MeasureError> {
        let read = || {
            let moment = chrono::DateTime::parse_from_rfc3339(text.trim()).ok()?.timestamp_millis();
            (moment >= 0).then_some(Moment(moment))
        };
        read().ok_or_else(|| {
            MeasureError::new(format!("`{text}` is not a moment since 1970; write one as \"2024-01-01T00:00:00Z\""))
        })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per = DurationText::from_ms(self.per_ms).to_string();
        let unit = per.strip_prefix('1').filter(|unit| unit.starts_with(|c: char| c.is_ascii_lowercase()));
        write!(f, "{}/{}", self.records, unit.unwrap_or(&per))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_rfc3339() {
            Some(text) => f.write_str(&text),
            None => self.0.fmt(f),
        }
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.to_rfc3339() {
            Some(text) => serializer.serialize_str(&text),
            None => serializer.serialize_i64(self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Rate, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected a rate as \"1000/s\", or a number of records a second")]
        enum Written {
            Number(u64),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Number(records) => {
                Rate::per_second(records).ok_or_else(|| D::Error::custom("a rate is at least one record"))
            }
            Written::Text(text) => text.parse().map_err(D::Error::custom),
        }
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Moment, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected a moment as \"2024-01-01T00:00:00Z\", or milliseconds since 1970")]
        enum Written {
            Number(i64),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Number(ms) if ms < 0 => Err(D::Error::custom("a moment is not before 1970")),
            Written::Number(ms) => Ok(Moment(ms)),
            Written::Text(text) => text.parse().map_err(D::Error::custom),
        }
    }
}

impl JsonSchema for Rate {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Rate".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer"], "x-kind": "rate" })
    }
}

impl JsonSchema for Moment {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer"], "x-kind": "moment" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rates_are_read_in_every_spelling() {
        let cases =
            [("1000/s", 1000, 1000), ("5/m", 5, 60_000), ("1 / 500ms", 1, 500), ("7", 7, 1000), ("3/1m30s", 3, 90_000)];
        for (text, records, per_ms) in cases {
            assert_eq!(text.parse(), Ok(Rate { records, per_ms }), "{text}");
        }
        for bad in ["", "0/s", "1/0s", "-1/s", "1.5/s", "1/", "/s", "1/x", "1/s/s"] {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
        assert_eq!(serde_json::from_str::<Rate>("50").unwrap().to_string(), "50/s");
    }

    #[test]
    fn moments_are_text_or_milliseconds() {
        for text in [r#""2024-01-01T00:00:00Z""#, "1704067200000", r#""2024-01-01T01:00:00+01:00""#] {
            assert_eq!(serde_json::from_str::<Moment>(text).unwrap(), Moment(1_704_067_200_000), "{text}");
        }
        assert_eq!(serde_json::to_string(&Moment(1_704_067_200_000)).unwrap(), r#""2024-01-01T00:00:00Z""#);
        for bad in [r#""2024-01-01""#, "-1", r#""1969-12-31T00:00:00Z""#, "1.5", "null"] {
            assert!(serde_json::from_str::<Moment>(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(records in 1u64.., per_ms in 1u64.., ms in 0i64..) {
            let rate = Rate { records, per_ms };
            prop_assert_eq!(rate.to_string().parse(), Ok(rate));
            let moment = serde_json::to_value(Moment(ms)).unwrap();
            prop_assert_eq!(serde_json::from_value::<Moment>(moment).unwrap(), Moment(ms));
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = (text.parse::<Rate>(), text.parse::<Moment>());
        }
    }
}
