//! Which error events are worth a fault. Librdkafka tells of every broken connection and mends it by itself; what a
//! person must know is that no broker is left, and why.

use super::faults::is_passing;
use super::ffi::{Code, Failure};

/// Remembers why the last connection failed: the event that all are down does not say.
#[derive(Default)]
pub(super) struct Outage {
    reason: Option<String>,
}

impl Outage {
    /// The failure to tell of, if this event calls for one.
    pub(super) fn hear(&mut self, failure: &Failure) -> Option<Failure> {
        match failure.code {
            Code::TRANSPORT | Code::RESOLVE | Code::TIMED_OUT => {
                tracing::debug!("a broker is out of reach: {}", failure.text);
                self.reason = Some(reason(&failure.text).to_string());
                None
            }
            Code::ALL_BROKERS_DOWN => {
                let text = self.reason.clone().unwrap_or_else(|| failure.text.clone());
                Some(Failure { code: failure.code, text })
            }
            code if is_passing(code) => {
                tracing::debug!("passing: {}", failure.text);
                None
            }
            _ => Some(failure.clone()),
        }
    }
}

/// Whether a broker may be there and has not answered yet, rather than refuse or be nowhere.
pub(super) fn is_stall(failure: &Failure) -> bool {
    failure.text.to_lowercase().contains("timed out")
}

/// The part of a sentence that tells why: "localhost:9/bootstrap: Connect to ipv4#127.0.0.1:9 failed: Connection
/// refused (after 0ms in state CONNECT)" says "Connection refused".
fn reason(text: &str) -> &str {
    let text = text.split(" (after ").next().unwrap_or(text);
    text.rsplit_once("failed: ").map_or(text, |(_, reason)| reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: Code, text: &str) -> Failure {
        Failure { code, text: text.into() }
    }

    #[test]
    fn only_the_end_of_the_last_connection_is_told_with_its_reason() {
        let mut outage = Outage::default();
        let refused = "127.0.0.1:9/bootstrap: Connect to ipv4#127.0.0.1:9 failed: Connection refused (after 0ms in state CONNECT)";
        assert_eq!(outage.hear(&failure(Code::TRANSPORT, refused)), None);
        let told = outage.hear(&failure(Code::ALL_BROKERS_DOWN, "1/1 brokers are down"));
        assert_eq!(told, Some(failure(Code::ALL_BROKERS_DOWN, "Connection refused")));
        assert_eq!(outage.hear(&failure(Code::LEADER_NOT_AVAILABLE, "")), None);
        assert!(outage.hear(&failure(Code::TLS, "certificate expired")).is_some());
        assert!(!is_stall(&told.unwrap()));
        let silent = "127.0.0.1:9/bootstrap: ApiVersionRequest failed: Local: Timed out (after 10001ms in state APIVERSION_QUERY)";
        assert_eq!(outage.hear(&failure(Code::TRANSPORT, silent)), None);
        assert!(
            outage.hear(&failure(Code::ALL_BROKERS_DOWN, "1/1 brokers are down")).is_some_and(|told| is_stall(&told))
        );
    }
}
