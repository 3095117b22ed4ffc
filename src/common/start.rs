//! Where reading starts, as the command line says it.

use tidegate_core::fields::Moment;
use tidegate_core::kafka;
use tidegate_core::operators;

/// A place in every partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    /// the oldest record
    Earliest,
    /// behind the newest record
    Latest,
    /// an offset
    Offset(i64),
    /// the first record at or after this time, in milliseconds
    Timestamp(i64),
}

/// What the help says of it.
pub(crate) const WORDS: &str = "earliest|latest|OFFSET|TIME";

/// Reads `earliest`, `latest`, an offset, or a time as `2024-01-01T00:00:00Z`.
pub(crate) fn parse(text: &str) -> Result<From, String> {
    match text {
        "earliest" => return Ok(From::Earliest),
        "latest" => return Ok(From::Latest),
        _ => {}
    }
    if let Ok(offset) = text.parse::<i64>().map(|offset| offset.max(-1)) {
        return match offset {
            0.. => Ok(From::Offset(offset)),
            _ => Err("offsets begin at 0".into()),
        };
    }
    let moment = text.parse::<Moment>().map_err(|_| {
        "write `earliest`, `latest`, an offset as `42`, or a time as `2024-01-01T00:00:00Z`".to_string()
    })?;
    Ok(From::Timestamp(moment.to_ms()))
}

impl From {
    /// As the client takes it.
    pub(crate) fn to_client(self) -> kafka::Start {
        match self {
            From::Earliest => kafka::Start::Beginning,
            From::Latest => kafka::Start::End,
            From::Offset(offset) => kafka::Start::Offset(offset),
            From::Timestamp(ms) => kafka::Start::Timestamp(ms),
        }
    }

    /// As the engine takes it.
    pub(crate) fn to_engine(self) -> operators::Start {
        match self {
            From::Earliest => operators::Start::Earliest,
            From::Latest => operators::Start::Latest,
            From::Offset(offset) => operators::Start::Offset(offset),
            From::Timestamp(ms) => operators::Start::Timestamp(ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_offsets_and_times_are_read() {
        for (text, from) in [
            ("earliest", Some(From::Earliest)),
            ("latest", Some(From::Latest)),
            ("42", Some(From::Offset(42))),
            ("-3", None),
            ("1970-01-01T00:00:01Z", Some(From::Timestamp(1_000))),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(parse(text).ok(), from, "{text}");
        }
    }
}
