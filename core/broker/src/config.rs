//! The settings of topics and of the broker: names, defaults and what values are taken, as Kafka has them. Only those
//! that this broker obeys or that change nothing here are taken; others are refused rather than ignored.

use std::collections::BTreeMap;

/// The settings of a topic that were set; the rest have their defaults.
pub(crate) type Settings = BTreeMap<String, String>;

/// The largest batch of a producer, in bytes.
pub(crate) const MAX_MESSAGE_BYTES: &str = "max.message.bytes";

/// A setting.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) default: &'static str,
    pub(crate) values: Values,
}

/// What values a setting takes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Values {
    Flag,
    /// a whole number from a smallest one on
    Number(i64),
    /// a share between 0 and 1
    Share,
    /// one of these
    OneOf(&'static [&'static str]),
    /// any number of these
    ListOf(&'static [&'static str]),
}

/// Of topics. Compaction and retention are taken and not yet done; what would change the stored bytes is refused.
pub(crate) const TOPIC: &[Setting] = &[
    setting("cleanup.policy", "delete", Values::ListOf(&["compact", "delete"])),
    setting("compression.type", "producer", Values::OneOf(&["producer"])),
    setting("delete.retention.ms", "86400000", Values::Number(0)),
    setting("file.delete.delay.ms", "60000", Values::Number(0)),
    setting("flush.messages", "9223372036854775807", Values::Number(1)),
    setting("flush.ms", "9223372036854775807", Values::Number(0)),
    setting("index.interval.bytes", "4096", Values::Number(0)),
    setting("max.compaction.lag.ms", "9223372036854775807", Values::Number(1)),
    setting(MAX_MESSAGE_BYTES, "1048588", Values::Number(0)),
    setting("message.timestamp.after.max.ms", "9223372036854775807", Values::Number(0)),
    setting("message.timestamp.before.max.ms", "9223372036854775807", Values::Number(0)),
    setting("message.timestamp.type", "CreateTime", Values::OneOf(&["CreateTime"])),
    setting("min.cleanable.dirty.ratio", "0.5", Values::Share),
    setting("min.compaction.lag.ms", "0", Values::Number(0)),
    setting("min.insync.replicas", "1", Values::Number(1)),
    setting("preallocate", "false", Values::Flag),
    setting("retention.bytes", "-1", Values::Number(-2)),
    setting("retention.ms", "-1", Values::Number(-1)),
    setting("segment.bytes", "1073741824", Values::Number(14)),
    setting("segment.index.bytes", "10485760", Values::Number(4)),
    setting("segment.jitter.ms", "0", Values::Number(0)),
    setting("segment.ms", "604800000", Values::Number(1)),
    setting("unclean.leader.election.enable", "false", Values::Flag),
];

/// Of the broker, all fixed.
pub(crate) const BROKER: &[Setting] = &[
    setting("auto.create.topics.enable", "true", Values::Flag),
    setting("default.replication.factor", "1", Values::Number(1)),
    setting("group.initial.rebalance.delay.ms", "200", Values::Number(0)),
    setting("group.max.session.timeout.ms", "1800000", Values::Number(0)),
    setting("group.min.session.timeout.ms", "6000", Values::Number(0)),
    setting("log.retention.ms", "-1", Values::Number(-1)),
    setting("message.max.bytes", "1048588", Values::Number(0)),
    setting("num.partitions", "1", Values::Number(1)),
    setting("socket.request.max.bytes", "104857600", Values::Number(1)),
];

const fn setting(name: &'static str, default: &'static str, values: Values) -> Setting {
    Setting { name, default, values }
}

/// Checks one setting of a topic; the reason where it is refused.
pub(crate) fn check_topic(name: &str, value: &str) -> Result<(), String> {
    let setting = TOPIC.iter().find(|setting| setting.name == name);
    let Some(setting) = setting else { return Err(format!("unknown topic setting {name}")) };
    let is_good = match setting.values {
        Values::Flag => matches!(value, "true" | "false"),
        Values::Number(least) => value.parse::<i64>().is_ok_and(|number| number >= least),
        Values::Share => value.parse::<f64>().is_ok_and(|share| (0.0..=1.0).contains(&share)),
        Values::OneOf(words) => words.contains(&value),
        Values::ListOf(words) => value.split(',').all(|word| words.contains(&word.trim())),
    };
    if is_good { Ok(()) } else { Err(format!("the embedded broker does not take {name}={value}")) }
}

/// The largest batch that a topic takes, in bytes.
pub(crate) fn max_message_bytes(settings: &Settings) -> usize {
    let default = TOPIC.iter().find(|setting| setting.name == MAX_MESSAGE_BYTES).map(|setting| setting.default);
    let value = settings.get(MAX_MESSAGE_BYTES).map(String::as_str).or(default);
    value.and_then(|value| value.parse().ok()).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        for (name, value, is_taken) in [
            ("retention.ms", "-1", true),
            ("retention.ms", "-2", false),
            ("retention.ms", "soon", false),
            ("cleanup.policy", "compact,delete", true),
            ("cleanup.policy", "compact,keep", false),
            ("compression.type", "zstd", false),
            ("min.cleanable.dirty.ratio", "NaN", false),
            ("preallocate", "yes", false),
            ("no.such.setting", "1", false),
        ] {
            assert_eq!(check_topic(name, value).is_ok(), is_taken, "{name}={value}");
        }
    }

    #[test]
    fn defaults_are_taken_and_names_sorted() {
        for setting in TOPIC {
            assert_eq!(check_topic(setting.name, setting.default), Ok(()));
        }
        assert!(TOPIC.is_sorted_by_key(|setting| setting.name) && BROKER.is_sorted_by_key(|setting| setting.name));
        assert_eq!(max_message_bytes(&Settings::new()), 1_048_588);
    }
}
