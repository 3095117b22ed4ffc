//! What librdkafka and the brokers complain of, in words that say what it is about, who has to act and what helps.

use super::ffi::{Code, Failure};
use super::outage::is_hang_up;
use super::settings::ClientSettings;
use crate::problem::Fault;

/// A failure as a fault. `about` names what was tried or what it concerns: "topic `trades`", "committing"…
pub(super) fn fault(settings: &ClientSettings, about: &str, failure: &Failure) -> Fault {
    let why = settings.redact(failure.text.trim());
    let brokers = &settings.brokers;
    match failure.code {
        Code::TRANSPORT | Code::ALL_BROKERS_DOWN | Code::RESOLVE | Code::TIMED_OUT | Code::TIMED_OUT_QUEUE => {
            let remedy = match is_hang_up(&why) {
                true => {
                    "check `security.protocol` in the cluster's properties, and that the port is that of its listener"
                }
                false => "is it running? check the address; the name that the broker advertises must resolve here too",
            };
            Fault::outside(format!("{about}: no broker answers at {brokers} ({why})")).remedy(remedy)
        }
        Code::AUTHENTICATION | Code::SASL_AUTHENTICATION_FAILED => {
            Fault::user(format!("{about}: the broker at {brokers} refuses the login ({why})"))
                .remedy("check `sasl.mechanism`, `sasl.username` and `sasl.password` in the cluster's properties")
        }
        Code::TLS => Fault::user(format!("{about}: no TLS with the broker at {brokers} ({why})"))
            .remedy("check `security.protocol` and `ssl.ca.location` in the cluster's properties"),
        Code::UNKNOWN_TOPIC | Code::UNKNOWN_TOPIC_OR_PARTITION => {
            Fault::user(format!("{about} does not exist at {brokers}"))
                .remedy("create it first, or let the sink do it with `create`")
        }
        Code::UNKNOWN_PARTITION => Fault::user(format!("{about} has no such partition ({why})"))
            .remedy("check the number of partitions; a topic that was deleted and created anew needs a new run"),
        Code::INVALID_TOPIC => Fault::user(format!("{about}: no valid name of a topic ({why})"))
            .remedy("names have letters, digits, `.`, `_` and `-`, at most 249"),
        Code::TOPIC_AUTHORIZATION | Code::GROUP_AUTHORIZATION | Code::CLUSTER_AUTHORIZATION => {
            Fault::user(format!("{about}: not allowed ({why})"))
                .remedy("give this user the right (Kafka's ACLs) to read, write or describe it")
        }
        Code::MESSAGE_TOO_LARGE | Code::BATCH_TOO_LARGE => {
            Fault::user(format!("{about}: a record is too large ({why})"))
                .remedy("raise `message.max.bytes` in the cluster's properties and in the topic's or broker's settings")
        }
        Code::MESSAGE_TIMED_OUT => {
            Fault::outside(format!("{about}: records were not acknowledged within `message.timeout.ms` ({why})"))
                .remedy("check the brokers and the in-sync replicas of the topic")
        }
        Code::NON_EMPTY_GROUP => {
            Fault::user(format!("{about}: the group has members ({why})")).remedy("stop them first")
        }
        Code::INVALID_REPLICATION => Fault::user(format!("{about}: {why}"))
            .remedy("choose a replication factor of at most the number of brokers"),
        Code::UNSUPPORTED_VERSION => {
            Fault::user(format!("{about}: the broker at {brokers} is too old for this ({why})")).remedy("upgrade it")
        }
        Code::INVALID_PARTITIONS => Fault::user(format!("{about}: {why}"))
            .remedy("give a topic at least one partition, and no more than the broker allows"),
        Code::INVALID_CONFIG => Fault::user(format!("{about}: {why}"))
            .remedy("correct the setting; a topic's settings are those of Kafka's topic configuration"),
        Code::INVALID_ARGUMENT => Fault::user(format!("{about}: {why}")).remedy("correct the value that is named"),
        _ => {
            Fault::outside(format!("{about}: {why}")).remedy("try it again; if it stays so, the broker's log says more")
        }
    }
}

/// Whether trying the same again soon is likely to work, and nobody needs to be told yet.
pub(super) fn is_passing(code: Code) -> bool {
    matches!(
        code,
        Code::LEADER_NOT_AVAILABLE
            | Code::NOT_LEADER
            | Code::COORDINATOR_LOADING
            | Code::COORDINATOR_NOT_AVAILABLE
            | Code::NOT_COORDINATOR
    )
}

/// Whether a group refuses because it is dealing its partitions anew.
pub(super) fn is_rebalance(code: Code) -> bool {
    matches!(code, Code::REBALANCE_IN_PROGRESS | Code::ILLEGAL_GENERATION | Code::UNKNOWN_MEMBER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Blame;

    #[test]
    fn a_connection_that_is_closed_points_to_the_protocol() {
        let settings = ClientSettings::new("broker:9092");
        let cases = [
            (
                "Connect to ipv4#127.0.0.1:9092 failed: Connection refused (after 0ms in state CONNECT)",
                "is it running?",
            ),
            ("Send failed: Broken pipe (after 0ms in state APIVERSION_QUERY)", "`security.protocol`"),
            ("Receive failed: Connection reset by peer", "`security.protocol`"),
            (
                "Disconnected while requesting ApiVersion: might be caused by incorrect security.protocol",
                "`security.protocol`",
            ),
        ];
        for (text, helps) in cases {
            let fault = fault(&settings, "topic `t`", &Failure { code: Code::TRANSPORT, text: text.into() });
            assert!(fault.remedy.as_deref().is_some_and(|remedy| remedy.contains(helps)), "{text}: {fault:?}");
        }
    }

    #[test]
    fn failures_say_who_has_to_act() {
        let settings = ClientSettings::new("broker:9092").with("sasl.password", "hunter2");
        let cases = [
            (Code::ALL_BROKERS_DOWN, Blame::Outside, true, "no broker answers at broker:9092"),
            (Code::SASL_AUTHENTICATION_FAILED, Blame::User, false, "refuses the login"),
            (Code::TLS, Blame::User, false, "no TLS"),
            (Code::UNKNOWN_TOPIC_OR_PARTITION, Blame::User, false, "topic `t` does not exist"),
            (Code::MESSAGE_TOO_LARGE, Blame::User, false, "too large"),
            (Code::REBALANCE_IN_PROGRESS, Blame::Outside, true, "topic `t`: "),
        ];
        for (code, blame, may_retry, says) in cases {
            let fault = fault(&settings, "topic `t`", &Failure { code, text: "why hunter2".into() });
            assert_eq!((fault.blame, fault.may_retry), (blame, may_retry), "{fault}");
            assert!(fault.message.contains(says) && !fault.message.contains("hunter2"), "{fault}");
        }
    }
}
