//! Waits that grow with each failure, and are lengthened at random, so that not all who failed together come back at
//! once. What is waited for is the owner's business.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use crate::check::RestartPolicy;

/// How often in a row something was tried in vain.
#[derive(Debug, Default)]
pub(crate) struct Waits {
    tried: u32,
}

impl Waits {
    /// How long to wait before another try; `None` where there is to be none.
    pub(crate) fn grow(&mut self, policy: &RestartPolicy) -> Option<Duration> {
        if policy.max_restarts.is_some_and(|most| self.tried >= most) {
            return None;
        }
        let grown = policy.min_backoff_ms.saturating_mul(1 << self.tried.min(20));
        self.tried += 1;
        let wait = grown.min(policy.max_backoff_ms) as f64 * (1.0 + policy.jitter * dice());
        Some(Duration::from_millis(wait as u64))
    }

    /// It worked: waits begin anew. Says whether there were any.
    pub(crate) fn end(&mut self) -> bool {
        std::mem::take(&mut self.tried) > 0
    }
}

/// From 0 to 1. The standard library seeds each hasher of its tables in another way.
fn dice() -> f64 {
    RandomState::new().hash_one(0_u8) as f64 / u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(jitter: f64, max_restarts: Option<u32>) -> RestartPolicy {
        RestartPolicy { min_backoff_ms: 100, max_backoff_ms: 1000, jitter, max_restarts }
    }

    #[test]
    fn waits_double_up_to_the_longest_and_begin_anew() {
        let mut waits = Waits::default();
        let mut grow = |times: usize| -> Vec<u128> {
            (0..times).filter_map(|_| waits.grow(&policy(0.0, Some(6)))).map(|wait| wait.as_millis()).collect()
        };
        assert_eq!(grow(9), [100, 200, 400, 800, 1000, 1000]);
        assert!(waits.end() && !waits.end());
        assert_eq!(waits.grow(&policy(0.0, Some(6))), Some(Duration::from_millis(100)));
        assert_eq!(Waits::default().grow(&policy(0.0, Some(0))), None);
    }

    #[test]
    fn waits_are_lengthened_by_up_to_the_jitter_and_differ() {
        let waits: Vec<_> = (0..100).filter_map(|_| Waits::default().grow(&policy(0.5, None))).collect();
        assert!(waits.iter().all(|wait| (100..=150).contains(&wait.as_millis())), "{waits:?}");
        assert!(waits.iter().any(|wait| *wait != waits[0]));
    }
}
