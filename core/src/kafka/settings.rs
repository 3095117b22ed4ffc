//! What a client is opened with: the brokers' addresses and the user's librdkafka properties. Values are never shown:
//! any of them may be a secret.

use std::fmt;
use std::time::Duration;

use super::ffi::{Conf, Setting};
use crate::problem::Fault;

/// Addresses of a cluster, and librdkafka properties of the user. `Debug` hides the values.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ClientSettings {
    /// `host:port`, several with commas
    pub brokers: String,
    /// names and values, in the order given; a later one wins
    pub properties: Vec<(String, String)>,
}

/// Properties that are not the user's to set, as the engine's guarantees rest on them; and who says instead, or why nobody
/// does. (`plugin.library.paths` would let a pipeline file load code.)
pub const OWNED_PROPERTIES: &[(&str, &str)] = &[
    ("acks", SINKS_ACKS),
    ("auto.commit.enable", COMMITS),
    ("auto.commit.interval.ms", COMMITS),
    ("auto.offset.reset", "each source says by `start` where it begins"),
    ("bootstrap.servers", ADDRESS),
    ("compression.codec", SINKS_COMPRESSION),
    ("compression.type", SINKS_COMPRESSION),
    ("delivery.report.only.error", "offsets are committed when records are reported as written"),
    ("enable.auto.commit", COMMITS),
    ("enable.auto.offset.store", COMMITS),
    ("enable.idempotence", "each sink says it by `idempotence`"),
    ("enable.partition.eof", "that a partition is at its end decides which record is next"),
    ("enabled_events", "Tidegate takes the client's events itself"),
    ("group.id", "the consumer group is the pipeline's `application_id`"),
    ("group.instance.id", "a member leaves its group when its run ends, so that others have its partitions at once"),
    ("group.protocol", GROUP),
    ("group.remote.assignor", GROUP),
    ("isolation.level", "only what is committed is read: what a transaction took back never was"),
    ("metadata.broker.list", ADDRESS),
    ("partition.assignment.strategy", GROUP),
    ("partitioner", "each sink says it by `partitioner`"),
    ("plugin.library.paths", "a file must not load code"),
    ("queue.buffering.max.kbytes", IN_FLIGHT),
    ("queue.buffering.max.messages", IN_FLIGHT),
    ("queuing.strategy", "the order within a partition is kept"),
    ("request.required.acks", SINKS_ACKS),
    ("transactional.id", "`guarantee` in the settings says whether outputs are transactions"),
];

const ADDRESS: &str = "the address is the cluster's `brokers`";
const COMMITS: &str = "offsets are committed when sinks have acknowledged, every `commit_interval` of the settings";
const GROUP: &str = "how the group deals its partitions follows from what the pipeline reads";
const IN_FLIGHT: &str = "how much is in flight is bounded for each sink";
const SINKS_ACKS: &str = "each sink says it by `acks`";
const SINKS_COMPRESSION: &str = "each sink says it by `compression`";

/// A value shorter than this is not hidden in texts unless its property's name speaks of a secret: it would hide
/// ordinary words.
const SHORTEST_SECRET: usize = 8;

impl ClientSettings {
    /// Settings without properties.
    pub fn new(brokers: impl Into<String>) -> ClientSettings {
        ClientSettings { brokers: brokers.into(), properties: Vec::new() }
    }

    /// The same settings with one more property.
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> ClientSettings {
        self.properties.push((name.into(), value.into()));
        self
    }

    /// How long a broker that is there may take to answer: as the property `socket.timeout.ms` says, else 60 s.
    pub fn patience(&self) -> Duration {
        self.millis("socket.timeout.ms").unwrap_or(Duration::from_secs(60))
    }

    /// A time that the user has set.
    pub(super) fn millis(&self, name: &str) -> Option<Duration> {
        let (_, value) = self.properties.iter().rev().find(|(known, _)| known == name)?;
        value.parse().ok().map(Duration::from_millis)
    }

    /// What keeps a client from being opened.
    pub(super) fn refused(&self, why: &str) -> Fault {
        Fault::user(format!("the Kafka client refuses its properties: {}", self.redact(why)))
            .remedy("correct the cluster's `properties`; what they mean stands in librdkafka's CONFIGURATION.md")
    }

    /// A text in which the value of every property that could be a secret is `***`.
    pub fn redact(&self, text: &str) -> String {
        let mut secrets: Vec<&str> = self
            .properties
            .iter()
            .filter(|(name, value)| match (sounds_secret(name), may_be_secret(name)) {
                (true, _) => !value.is_empty(),
                (false, may_be) => may_be && value.len() >= SHORTEST_SECRET,
            })
            .map(|(_, value)| value.as_str())
            .collect();
        // The longest first: a secret may contain another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.iter().fold(text.to_string(), |text, secret| text.replace(secret, "***"))
    }

    /// The client's settings: ours that the user may change, the user's, then ours that nobody changes.
    pub(super) fn conf(&self, defaults: &[(&str, String)], fixed: &[(&str, String)]) -> Result<Conf, Fault> {
        let mut conf = Conf::new();
        let ours = |conf: &mut Conf, name: &str, value: &str| {
            conf.set(name, value)
                .map_err(|why| Fault::ours(format!("the Kafka client refuses {name}={value}: {why:?}")))
        };
        ours(&mut conf, "bootstrap.servers", &self.brokers)?;
        if is_loopback(&self.brokers) {
            ours(&mut conf, "broker.address.family", "v4")?;
        }
        for (name, value) in defaults {
            ours(&mut conf, name, value)?;
        }
        for (name, value) in &self.properties {
            self.set(&mut conf, name, value)?;
        }
        for (name, value) in fixed {
            ours(&mut conf, name, value)?;
        }
        Ok(conf)
    }

    fn set(&self, conf: &mut Conf, name: &str, value: &str) -> Result<(), Fault> {
        if let Some((_, why)) = OWNED_PROPERTIES.iter().find(|(owned, _)| *owned == name) {
            return Err(Fault::user(format!("the property `{name}` is set by Tidegate itself: {why}"))
                .remedy("remove it from the cluster's properties"));
        }
        conf.set(name, value).map_err(|why| match why {
            Setting::Unknown => Fault::user(format!("the Kafka client has no property `{name}`"))
                .remedy("the names are librdkafka's: see its CONFIGURATION.md (Java's names often differ)"),
            Setting::Invalid(why) => Fault::user(format!("the property `{name}` cannot have this value"))
                .remedy(if may_be_secret(name) { "the value is hidden here".to_string() } else { self.redact(&why) }),
        })
    }
}

impl fmt::Debug for ClientSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.properties.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("ClientSettings").field("brokers", &self.brokers).field("properties", &names).finish()
    }
}

fn sounds_secret(name: &str) -> bool {
    ["password", "secret", "token", "pem", "oauthbearer.config"].iter().any(|word| name.contains(word))
}

/// Everything but what is plainly no secret: a user may put one anywhere.
fn may_be_secret(name: &str) -> bool {
    const PLAIN: [&str; 7] = [".ms", ".bytes", ".messages", ".kbytes", "security.protocol", "mechanism", ".family"];
    !PLAIN.iter().any(|end| name.ends_with(end))
}

/// `localhost` may resolve to `::1` first, where local brokers seldom listen.
fn is_loopback(brokers: &str) -> bool {
    brokers.split(',').all(|broker| {
        let broker = broker.trim();
        let host = broker.rsplit_once(':').map_or(broker, |(host, _)| host);
        host == "localhost" || host.starts_with("127.")
    })
}

#[cfg(test)]
mod tests {
    use super::super::consumer::ConsumerOptions;
    use super::super::producer::ProducerOptions;
    use super::super::topics::{Acks, Compression, TopicOptions};
    use super::*;

    fn with(name: &str, value: &str) -> ClientSettings {
        ClientSettings::new("127.0.0.1:9").with(name, value)
    }

    #[test]
    fn values_are_not_shown() {
        let settings = with("sasl.password", "hunter2").with("ssl.key.password", "hunter2-longer");
        assert!(!format!("{settings:?}").contains("hunter2"), "{settings:?}");
        assert_eq!(settings.redact("login hunter2 and hunter2-longer failed"), "login *** and *** failed");
        let fault = with("sasl.mechanism", "hunter2").with("debug", "hunter2").conf(&[], &[]).err().unwrap();
        assert!(!fault.to_string().contains("hunter2"), "{fault}");
    }

    #[test]
    fn a_wrong_property_is_named_with_its_remedy() {
        let cases = [
            (
                with("auto.offset.reset", "latest"),
                "the property `auto.offset.reset` is set by Tidegate itself: each source says by `start` where it begins",
            ),
            (with("linger.msec", "5"), "the Kafka client has no property `linger.msec`"),
            (with("linger.ms", "soon"), "the property `linger.ms` cannot have this value"),
        ];
        for (settings, expected) in cases {
            let fault = settings.conf(&[], &[]).err().unwrap();
            assert_eq!(fault.message, expected);
            assert!(fault.remedy.is_some() && !fault.may_retry, "{fault}");
        }
    }

    /// Whatever the client knows and is not refused is the user's: nothing of ours comes over it.
    #[test]
    fn nothing_that_is_fixed_is_the_users() {
        let names = ConsumerOptions::new("g").fixed().into_iter().chain(ProducerOptions::default().fixed());
        for (name, _) in names {
            assert!(OWNED_PROPERTIES.iter().any(|(owned, _)| *owned == name), "{name}");
        }
        let (acks, compression) = (Some(Acks::All), Some(Compression::Gzip));
        for (name, _) in (TopicOptions { acks, compression, ..TopicOptions::new("t") }).settings() {
            assert!(OWNED_PROPERTIES.iter().any(|(owned, _)| *owned == name), "{name}");
        }
        assert!(OWNED_PROPERTIES.is_sorted_by_key(|(name, _)| *name));
    }

    #[test]
    fn the_user_changes_our_defaults_and_not_what_is_fixed() {
        assert!(with("linger.ms", "1").conf(&[("linger.ms", "5".into())], &[("group.id", "g".into())]).is_ok());
    }

    #[test]
    fn patience_is_the_clients() {
        let cases = [
            (with("linger.ms", "1"), 60),
            (with("socket.timeout.ms", "5000").with("socket.timeout.ms", "7000"), 7),
            (with("socket.timeout.ms", "soon"), 60),
        ];
        for (settings, seconds) in cases {
            assert_eq!(settings.patience(), Duration::from_secs(seconds), "{settings:?}");
        }
    }

    #[test]
    fn only_loopback_is_pinned_to_ipv4() {
        let cases = [
            ("localhost:9092", true),
            ("127.0.0.1", true),
            ("127.0.0.1:1, localhost:2", true),
            ("kafka:9092", false),
            ("localhost:1,kafka:2", false),
            ("[::1]:9092", false),
        ];
        for (brokers, expected) in cases {
            assert_eq!(is_loopback(brokers), expected, "{brokers}");
        }
    }
}
