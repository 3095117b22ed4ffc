//! Which error events are worth a fault. Librdkafka tells of every broken connection and mends it by itself; what a
//! person must know is that no broker is left, and why.

use super::faults::is_passing;
use super::ffi::{Code, Failure};

/// Remembers why the last connection failed: the event that all are down does not say.
#[derive(Default)]
pub(super) struct Outage {
    cause: Option<Failure>,
    /// how often all were down without a reason
    silently: u32,
}

/// A busy broker was seen to close connections too, which librdkafka tells without a reason: so often it means nothing.
const BY_ITSELF: u32 = 2;

/// What an event says that comes without a reason: a broker that is asked in the wrong way hangs up, and says nothing.
const HUNG_UP: &str = "the connection is closed without a word: does it want TLS or a login?";

impl Outage {
    /// The failure to tell of, if this event calls for one.
    pub(super) fn hear(&mut self, failure: &Failure) -> Option<Failure> {
        match failure.code {
            Code::TRANSPORT | Code::RESOLVE | Code::TIMED_OUT => {
                tracing::debug!("a broker is out of reach: {}", failure.text);
                self.cause = Some(Failure { code: Code::ALL_BROKERS_DOWN, text: reason(&failure.text).to_string() });
                None
            }
            Code::ALL_BROKERS_DOWN if self.cause.is_some() => self.cause.clone(),
            Code::ALL_BROKERS_DOWN => {
                self.silently = self.silently.saturating_add(1);
                (self.silently > BY_ITSELF).then(|| Failure { code: failure.code, text: HUNG_UP.into() })
            }
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

/// Whether somebody has taken the connection and closed it: who is starting, overloaded or about to end does so, and who
/// wants TLS or a login.
pub(super) fn is_hang_up(why: &str) -> bool {
    let words = ["Broken pipe", "Connection reset", "Disconnected", "TLS", "SSL", "security.protocol"];
    words.iter().any(|words| why.contains(words))
}

/// The part of a sentence that tells why: "localhost:9/bootstrap: Connect to ipv4#127.0.0.1:9 failed: Connection
/// refused (after 0ms in state CONNECT)" says "Connection refused".
fn reason(text: &str) -> &str {
    let text = text.split(" (after ").next().unwrap_or(text);
    let text = text.split_once("/bootstrap: ").map_or(text, |(_, text)| text);
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
        let mut silent = Outage::default();
        let mut nameless = || silent.hear(&failure(Code::ALL_BROKERS_DOWN, "1/1 brokers are down"));
        assert_eq!((nameless(), nameless()), (None, None), "a busy broker does that too");
        let nameless = nameless();
        assert_eq!(nameless.as_ref(), Some(&failure(Code::ALL_BROKERS_DOWN, HUNG_UP)));
        assert!(!is_stall(told.as_ref().unwrap()) && !is_hang_up(&told.unwrap().text));
        assert!(is_hang_up(&nameless.unwrap().text));
        // A login that is refused leaves all brokers down too, and is what is told.
        let login = failure(Code::AUTHENTICATION, "SASL authentication error: Invalid username or password");
        let refused = failure(
            Code::AUTHENTICATION,
            &format!("127.0.0.1:9/bootstrap: {} (after 0ms in state AUTH_REQ)", login.text),
        );
        assert_eq!(outage.hear(&refused).as_ref(), Some(&login));
        assert_eq!(outage.hear(&failure(Code::ALL_BROKERS_DOWN, "1/1 brokers are down")).as_ref(), Some(&login));
        let silent = "127.0.0.1:9/bootstrap: ApiVersionRequest failed: Local: Timed out (after 10001ms in state APIVERSION_QUERY)";
        assert_eq!(outage.hear(&failure(Code::TRANSPORT, silent)), None);
        assert!(
            outage.hear(&failure(Code::ALL_BROKERS_DOWN, "1/1 brokers are down")).is_some_and(|told| is_stall(&told))
        );
    }
}
