//! Which error events are worth a fault. Librdkafka tells of every broken connection and mends it by itself; what a
//! person must know is that no broker is left, and why. It also says that all are down where nothing has failed: once a
//! broker has answered, its handle of the address that was asked first is given up for one of the broker's own name,
//! and counts as down, though the other may not have connected yet.

use super::faults::is_passing;
use super::ffi::{Code, Failure};

/// Remembers why the last connection failed: the event that all are down does not say.
#[derive(Default)]
pub(super) struct Outage {
    cause: Option<Failure>,
}

impl Outage {
    /// The failure to tell of, if this event calls for one. `hung_up` is the client's line on a connection that its peer
    /// has closed since the event before.
    pub(super) fn hear(&mut self, failure: &Failure, hung_up: Option<String>) -> Option<Failure> {
        if let Some(line) = hung_up {
            self.cause = Some(Failure { code: Code::ALL_BROKERS_DOWN, text: reason(&line).to_string() });
        }
        match failure.code {
            Code::TRANSPORT | Code::RESOLVE | Code::TIMED_OUT => {
                tracing::debug!("a broker is out of reach: {}", failure.text);
                self.cause = Some(Failure { code: Code::ALL_BROKERS_DOWN, text: reason(&failure.text).to_string() });
                None
            }
            Code::ALL_BROKERS_DOWN => self.cause.clone(),
            code if is_passing(code) => {
                tracing::debug!("passing: {}", failure.text);
                None
            }
            Code::AUTHENTICATION | Code::SASL_AUTHENTICATION_FAILED | Code::TLS => {
                let told = Failure { text: reason(&failure.text).to_string(), ..failure.clone() };
                self.cause = Some(told.clone());
                Some(told)
            }
            _ => Some(failure.clone()),
        }
    }
}

/// Whether a broker may be there and has not answered yet, rather than refuse or be nowhere.
pub(super) fn is_stall(failure: &Failure) -> bool {
    failure.text.to_lowercase().contains("timed out")
}

/// Whether somebody has taken the connection and closed it: who wants TLS or a login does so, or is about to end.
pub(super) fn is_hang_up(why: &str) -> bool {
    let words = ["Broken pipe", "Connection reset", "Disconnected", "TLS", "SSL", "security.protocol"];
    words.iter().any(|words| why.contains(words))
}

/// The part of a sentence that tells why: "localhost:9/bootstrap: Connect to ipv4#127.0.0.1:9 failed: Connection
/// refused (after 0ms in state CONNECT)" says "Connection refused".
fn reason(text: &str) -> &str {
    let mut text = text.split(" (after ").next().unwrap_or(text);
    // Who says it: a thread, a broker by address and number, a group's coordinator.
    while let Some((_, rest)) = text.split_once(": ").filter(|(who, _)| is_name(who)) {
        text = rest;
    }
    text.rsplit_once("failed: ").map_or(text, |(_, reason)| reason)
}

fn is_name(who: &str) -> bool {
    !who.contains(' ') && (who.contains([':', '/']) || who == "GroupCoordinator")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: Code, text: &str) -> Failure {
        Failure { code, text: text.into() }
    }

    const ALL_DOWN: &str = "1/1 brokers are down";

    #[test]
    fn only_the_end_of_the_last_connection_is_told_with_its_reason() {
        let mut outage = Outage::default();
        let refused = "127.0.0.1:9/bootstrap: Connect to ipv4#127.0.0.1:9 failed: Connection refused (after 0ms in state CONNECT)";
        assert_eq!(outage.hear(&failure(Code::TRANSPORT, refused), None), None);
        let told = outage.hear(&failure(Code::ALL_BROKERS_DOWN, ALL_DOWN), None);
        assert_eq!(told, Some(failure(Code::ALL_BROKERS_DOWN, "Connection refused")));
        assert_eq!(outage.hear(&failure(Code::LEADER_NOT_AVAILABLE, ""), None), None);
        assert!(told.is_some_and(|told| !is_stall(&told) && !is_hang_up(&told.text)));
        // A login that is refused leaves all brokers down too, and is what is told.
        let login = failure(Code::AUTHENTICATION, "SASL authentication error: Invalid username or password");
        let refused = failure(
            Code::AUTHENTICATION,
            &format!("127.0.0.1:9/bootstrap: {} (after 0ms in state AUTH_REQ)", login.text),
        );
        assert_eq!(outage.hear(&refused, None).as_ref(), Some(&login));
        assert_eq!(outage.hear(&failure(Code::ALL_BROKERS_DOWN, ALL_DOWN), None).as_ref(), Some(&login));
        let silent = "127.0.0.1:9/bootstrap: ApiVersionRequest failed: Local: Timed out (after 10001ms in state APIVERSION_QUERY)";
        assert_eq!(outage.hear(&failure(Code::TRANSPORT, silent), None), None);
        let told = outage.hear(&failure(Code::ALL_BROKERS_DOWN, ALL_DOWN), None);
        assert!(told.is_some_and(|told| is_stall(&told)));
    }

    #[test]
    fn all_are_down_means_nothing_where_no_connection_has_failed() {
        let mut outage = Outage::default();
        for _ in 0..5 {
            assert_eq!(outage.hear(&failure(Code::ALL_BROKERS_DOWN, ALL_DOWN), None), None);
        }
        let line = "[thrd:127.0.0.1:9/bootstrap]: 127.0.0.1:9/bootstrap: Disconnected: verify that security.protocol is correctly configured, broker might require SASL authentication (after 1ms in state UP)";
        let told = outage.hear(&failure(Code::ALL_BROKERS_DOWN, ALL_DOWN), Some(line.into()));
        let why = "Disconnected: verify that security.protocol is correctly configured, broker might require SASL authentication";
        assert_eq!(told, Some(failure(Code::ALL_BROKERS_DOWN, why)));
        assert!(is_hang_up(why));
    }

    #[test]
    fn a_reason_names_nobody() {
        let cases = [
            (
                "[thrd:a:9/2]: a:9/2: Disconnected (after 5ms in state UP, 2 identical error(s) suppressed)",
                "Disconnected",
            ),
            ("[thrd:GroupCoordinator]: GroupCoordinator: a:9: Disconnected (after 5ms in state UP)", "Disconnected"),
            (
                "sasl_ssl://a:9/bootstrap: Failed to resolve 'a:9': no such host",
                "Failed to resolve 'a:9': no such host",
            ),
            ("[::1]:9/1: Receive failed: Connection reset by peer", "Connection reset by peer"),
            ("plain words", "plain words"),
        ];
        for (line, why) in cases {
            assert_eq!(reason(line), why);
        }
    }
}
