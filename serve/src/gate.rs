//! Who is let in. On loopback without a token, pages of other sites must not reach the run through the user's browser:
//! a Host that is not this machine's name, or an Origin that is not ours, is refused. With a token, every request must
//! carry it. Each address may ask only so often.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, Method, StatusCode};
use subtle::ConstantTimeEq;

use crate::Token;

/// Requests that an address may send at once, and then a second.
const BURST: f64 = 100.0;
const PER_SECOND: f64 = 50.0;
/// Addresses that are remembered.
const REMEMBERED: usize = 1024;

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) message: &'static str,
    pub(crate) remedy: &'static str,
}

const FOREIGN_HOST: Refusal = Refusal {
    status: StatusCode::MISDIRECTED_REQUEST,
    message: "this run is served on loopback, and the request was sent to another host's name",
    remedy: "ask for 127.0.0.1, [::1] or localhost",
};
const FOREIGN_ORIGIN: Refusal = Refusal {
    status: StatusCode::FORBIDDEN,
    message: "the request comes from a page of another site",
    remedy: "ask from a page of this address, or without a browser",
};
const NO_TOKEN: Refusal = Refusal {
    status: StatusCode::UNAUTHORIZED,
    message: "the token is missing, or another one",
    remedy: "send `Authorization: Bearer` and the token",
};
const TOO_OFTEN: Refusal = Refusal {
    status: StatusCode::TOO_MANY_REQUESTS,
    message: "this address asks more than 50 times a second",
    remedy: "follow /api/stream instead of asking again and again",
};
const NO_JSON: Refusal = Refusal {
    status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
    message: "an order is JSON",
    remedy: "send `Content-Type: application/json`",
};

/// Who is let in.
pub(crate) struct Gate {
    is_loopback: bool,
    token: Option<Token>,
    budgets: Mutex<HashMap<IpAddr, (f64, Instant)>>,
}

impl Gate {
    pub(crate) fn new(is_loopback: bool, token: Option<Token>) -> Gate {
        Gate { is_loopback, token, budgets: Mutex::default() }
    }

    /// Whether a request is let in, and if not, why.
    pub(crate) fn pass(&self, from: IpAddr, method: &Method, path: &str, headers: &HeaderMap) -> Result<(), Refusal> {
        self.spend(from, Instant::now())?;
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let host = text(HOST);
        if self.is_loopback && !host.is_some_and(is_own_name) {
            return Err(FOREIGN_HOST);
        }
        if let Some(origin) = text(ORIGIN)
            && origin.split_once("://").map(|(_, authority)| authority) != host
        {
            return Err(FOREIGN_ORIGIN);
        }
        // Whoever asks whether the process lives need not know more.
        if path != "/healthz" && !self.knows(text(AUTHORIZATION)) {
            return Err(NO_TOKEN);
        }
        // A form of another site can send an order, but none of this type.
        let is_json = |kind: &str| kind.split(';').next().is_some_and(|kind| kind.trim() == "application/json");
        if method == Method::POST && !text(CONTENT_TYPE).is_some_and(is_json) {
            return Err(NO_JSON);
        }
        Ok(())
    }

    fn knows(&self, authorization: Option<&str>) -> bool {
        let Some(Token(token)) = &self.token else { return true };
        let given =
            authorization.and_then(|it| it.split_once(' ')).filter(|(kind, _)| kind.eq_ignore_ascii_case("bearer"));
        let given = given.map_or("", |(_, given)| given.trim());
        given.as_bytes().ct_eq(token.as_bytes()).into()
    }

    fn spend(&self, from: IpAddr, now: Instant) -> Result<(), Refusal> {
        let mut budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        if budgets.len() >= REMEMBERED && !budgets.contains_key(&from) {
            budgets.retain(|_, (_, last)| now.duration_since(*last) < Duration::from_secs(2));
            if budgets.len() >= REMEMBERED {
                return Err(TOO_OFTEN);
            }
        }
        let (budget, last) = budgets.entry(from).or_insert((BURST, now));
        *budget = (*budget + now.duration_since(*last).as_secs_f64() * PER_SECOND).min(BURST);
        *last = now;
        if *budget < 1.0 {
            return Err(TOO_OFTEN);
        }
        *budget -= 1.0;
        Ok(())
    }
}

/// A name, with or without a port, by which only this machine can be meant.
fn is_own_name(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn ask(gate: &Gate, method: Method, path: &str, headers: &[(&'static str, &str)]) -> Result<(), Refusal> {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        gate.pass(HERE, &method, path, &headers.collect())
    }

    #[test]
    fn on_loopback_only_this_machine_is_let_in() {
        let gate = Gate::new(true, None);
        for (headers, expected) in [
            (vec![("host", "127.0.0.1:7070")], Ok(())),
            (vec![("host", "localhost:7070")], Ok(())),
            (vec![("host", "LOCALHOST")], Ok(())),
            (vec![("host", "[::1]:7070")], Ok(())),
            (vec![("host", "127.0.0.1:7070"), ("origin", "http://127.0.0.1:7070")], Ok(())),
            (vec![], Err(FOREIGN_HOST)),
            (vec![("host", "evil.example")], Err(FOREIGN_HOST)),
            (vec![("host", "evil.example:7070")], Err(FOREIGN_HOST)),
            (vec![("host", "localhost.evil.example")], Err(FOREIGN_HOST)),
            (vec![("host", "127.0.0.1.evil.example")], Err(FOREIGN_HOST)),
            (vec![("host", "10.0.0.1")], Err(FOREIGN_HOST)),
            (vec![("host", "[::2]")], Err(FOREIGN_HOST)),
            (vec![("host", "127.0.0.1:7070"), ("origin", "http://evil.example")], Err(FOREIGN_ORIGIN)),
            (vec![("host", "127.0.0.1:7070"), ("origin", "http://127.0.0.1:9000")], Err(FOREIGN_ORIGIN)),
            (vec![("host", "127.0.0.1:7070"), ("origin", "null")], Err(FOREIGN_ORIGIN)),
        ] {
            assert_eq!(ask(&gate, Method::GET, "/api/snapshot", &headers), expected, "{headers:?}");
        }
    }

    #[test]
    fn who_has_no_token_sees_nothing() {
        let gate = Gate::new(false, Some(Token::new("0123456789abcdef").unwrap()));
        for (path, authorization, expected) in [
            ("/api/snapshot", Some("Bearer 0123456789abcdef"), Ok(())),
            ("/api/snapshot", Some("bearer 0123456789abcdef"), Ok(())),
            ("/api/snapshot", None, Err(NO_TOKEN)),
            ("/api/snapshot", Some("Bearer 0123456789abcdeg"), Err(NO_TOKEN)),
            ("/api/snapshot", Some("Bearer 0123456789abcde"), Err(NO_TOKEN)),
            ("/api/snapshot", Some("Bearer "), Err(NO_TOKEN)),
            ("/api/snapshot", Some("Basic 0123456789abcdef"), Err(NO_TOKEN)),
            ("/metrics", None, Err(NO_TOKEN)),
            ("/", None, Err(NO_TOKEN)),
            ("/healthz", None, Ok(())),
            ("/healthz/", None, Err(NO_TOKEN)),
        ] {
            let headers: Vec<_> = authorization.map(|value| ("authorization", value)).into_iter().collect();
            assert_eq!(ask(&gate, Method::GET, path, &headers), expected, "{path} {authorization:?}");
        }
    }

    #[test]
    fn orders_are_json() {
        let gate = Gate::new(true, None);
        for (kind, expected) in [
            (Some("application/json"), Ok(())),
            (Some("application/json; charset=utf-8"), Ok(())),
            (Some("text/plain"), Err(NO_JSON)),
            (Some("application/x-www-form-urlencoded"), Err(NO_JSON)),
            (None, Err(NO_JSON)),
        ] {
            let kind = kind.map(|kind| ("content-type", kind));
            let headers: Vec<_> = kind.into_iter().chain([("host", "localhost")]).collect();
            assert_eq!(ask(&gate, Method::POST, "/api/control", &headers), expected, "{kind:?}");
        }
    }

    #[test]
    fn nobody_asks_too_often() {
        let gate = Gate::new(false, None);
        let start = Instant::now();
        let at = |seconds: f64| gate.spend(HERE, start + Duration::from_secs_f64(seconds));
        assert!((0..BURST as usize).all(|_| at(0.0).is_ok()));
        assert_eq!(at(0.0), Err(TOO_OFTEN));
        assert!((0..25).all(|_| at(0.5).is_ok()));
        assert_eq!(at(0.5), Err(TOO_OFTEN));
        let other = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
        assert!(gate.spend(other, start).is_ok(), "another address");
        assert!(at(60.0).is_ok());
    }

    #[test]
    fn addresses_do_not_pile_up() {
        let gate = Gate::new(false, None);
        let start = Instant::now();
        for number in 0..10_000_u32 {
            let _ = gate.spend(IpAddr::from(number.to_be_bytes()), start);
        }
        assert!(gate.budgets.lock().unwrap().len() <= REMEMBERED);
        assert!(gate.spend(HERE, start + Duration::from_secs(5)).is_ok());
    }
}
