//! How long records take in a node: a histogram of the last 5 to 10 seconds, with eight buckets for each doubling, so that
//! it tells a time at most an eighth too long.

/// Buckets for each doubling.
const FINE: u32 = 8;
/// The first bucket takes all that is shorter than 16 ns, the last all that is longer than 18 minutes.
const FIRST: u32 = 4;
const BUCKETS: usize = ((40 - FIRST) * FINE) as usize;

/// Times that records took, by bucket: in the period that runs, and in the one before.
pub(crate) struct Latency {
    now: Box<[u32; BUCKETS]>,
    before: Box<[u32; BUCKETS]>,
    /// time spent in the two
    spent_ns: [u64; 2],
}

impl Default for Latency {
    fn default() -> Latency {
        Latency { now: Box::new([0; BUCKETS]), before: Box::new([0; BUCKETS]), spent_ns: [0; 2] }
    }
}

impl Latency {
    /// Rows took so long together.
    pub(crate) fn add(&mut self, nanos: u64, rows: usize) {
        if rows > 0 {
            let bucket = &mut self.now[bucket(nanos / rows as u64)];
            *bucket = bucket.saturating_add(rows as u32);
            self.spent_ns[0] += nanos;
        }
    }

    /// A new period begins.
    pub(crate) fn turn(&mut self) {
        std::mem::swap(&mut self.now, &mut self.before);
        self.now.fill(0);
        self.spent_ns = [0, self.spent_ns[0]];
    }

    fn records(&self, bucket: usize) -> u64 {
        u64::from(self.now[bucket]) + u64::from(self.before[bucket])
    }

    /// The mean of both periods, in microseconds; nothing where there were no records.
    pub(crate) fn mean_us(&self) -> Option<f64> {
        let all: u64 = (0..BUCKETS).map(|bucket| self.records(bucket)).sum();
        (all > 0).then(|| self.spent_ns.iter().sum::<u64>() as f64 / 1000.0 / all as f64)
    }

    /// What these shares of the records do not exceed, in microseconds; nothing where there were none.
    pub(crate) fn quantiles<const N: usize>(&self, shares: [f64; N]) -> Option<[f64; N]> {
        let of = |bucket: usize| self.records(bucket);
        let all: u64 = (0..BUCKETS).map(of).sum();
        (all > 0).then(|| {
            shares.map(|share| {
                let wanted = ((all as f64 * share).ceil() as u64).clamp(1, all);
                let mut sum = 0;
                let reached = (0..BUCKETS).find(|&bucket| {
                    sum += of(bucket);
                    sum >= wanted
                });
                upper_ns(reached.unwrap_or(BUCKETS - 1)) / 1000.0
            })
        })
    }
}

fn bucket(nanos: u64) -> usize {
    let nanos = nanos.max(1 << FIRST);
    let doublings = nanos.ilog2();
    let fine = (nanos >> (doublings - 3)) as u32 - FINE;
    (((doublings - FIRST) * FINE + fine) as usize).min(BUCKETS - 1)
}

/// The end of a bucket.
fn upper_ns(bucket: usize) -> f64 {
    let (doublings, fine) = (bucket as u32 / FINE + FIRST, bucket as u32 % FINE);
    (1_u64 << doublings) as f64 * (1.0 + f64::from(fine + 1) / f64::from(FINE))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn quantiles_are_right_within_a_bucket(times in prop::collection::vec(16_u64..1_000_000_000, 1..200), share in 0.01_f64..1.0) {
            let mut latency = Latency::default();
            times.iter().for_each(|&nanos| latency.add(nanos, 1));
            let mut sorted = times.clone();
            sorted.sort_unstable();
            let place = ((times.len() as f64 * share).ceil() as usize).clamp(1, times.len());
            let (true_us, [told]) = (sorted[place - 1] as f64 / 1000.0, latency.quantiles([share]).unwrap());
            prop_assert!(told >= true_us && told <= true_us * 1.126, "{told} for {true_us}");
        }
    }

    #[test]
    fn extremes_fall_into_the_outer_buckets() {
        for (nanos, expected) in [(0, 0), (15, 0), (16, 0), (18, 1), (u64::MAX >> 4, BUCKETS - 1)] {
            assert_eq!(bucket(nanos), expected, "{nanos}");
        }
    }

    #[test]
    fn a_period_is_forgotten_after_the_next() {
        let mut latency = Latency::default();
        assert_eq!(latency.quantiles([0.5]), None);
        latency.add(5_120_000, 512);
        latency.turn();
        assert!(latency.quantiles([0.5]).is_some());
        assert_eq!(latency.mean_us(), Some(10.0));
        latency.turn();
        assert_eq!((latency.quantiles([0.5]), latency.mean_us()), (None, None));
    }
}
