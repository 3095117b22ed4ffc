//! P2: count, sum, average and maximum of the price for each symbol in windows of a second, with half a second of grace,
//! when they close. What a program wrote is held to what follows from the trades by a plain loop.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use anyhow::{Context, Result};
use rdkafka::message::Message;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tidegate_core::partition::partition_of;

use crate::cluster::Place;
use crate::trades::{self, Trade};

const SIZE_MS: i64 = 1000;
const GRACE_MS: i64 = 500;

/// The aggregates.
pub(crate) fn aggregates() -> Value {
    json!({ "count": "count(*)", "sum": "sum(price)", "avg": "avg(price)", "max": "max(price)" })
}

/// Its window: an operator and its config.
pub(crate) fn window() -> (String, Value) {
    let config = json!({ "size": format!("{SIZE_MS}ms"), "grace": format!("{GRACE_MS}ms"), "emit": "on-close",
                         "aggregates": aggregates() });
    ("tumbling-window".into(), config)
}

/// A pipeline: `source` → `window`, where there is one → `sink`, which are operators and their configs.
pub(crate) fn pipeline(
    name: &str,
    source: (&str, Value),
    window: Option<(String, Value)>,
    sink: (&str, Value),
) -> Value {
    let trades = json!({ "id": "trades", "operator": source.0, "config": source.1 });
    let out = json!({ "id": "out", "operator": sink.0, "config": sink.1 });
    let (nodes, edges) = match window {
        Some((operator, config)) => (
            json!([trades, { "id": "window", "operator": operator, "config": config }, out]),
            json!([{ "from": "trades.out", "to": "window.in" }, { "from": "window.out", "to": "out.in" }]),
        ),
        None => (json!([trades, out]), json!([{ "from": "trades.out", "to": "out.in" }])),
    };
    json!({ "tidegate": 1, "name": name, "settings": { "application_id": name }, "nodes": nodes, "edges": edges })
}

/// Results of P2: how many, how many records they tell of, and a hash of all, whatever their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) results: u64,
    pub(crate) records: u64,
    hash: u64,
}

/// The result of a key and window.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Summary {
    count: u64,
    sum: f64,
    avg: f64,
    max: f64,
    /// the largest timestamp of the records
    ts: i64,
}

/// A result as it is written. Numbers are read from their text: `serde_json` may be off by the last bit.
#[derive(Deserialize)]
struct Written<'a> {
    /// absent where the key's bytes end with it, as Kafka Streams writes windowed keys
    window_start: Option<i64>,
    count: u64,
    #[serde(borrow)]
    sum: &'a RawValue,
    #[serde(borrow)]
    avg: &'a RawValue,
    #[serde(borrow)]
    max: &'a RawValue,
}

impl Results {
    fn add(&mut self, key: &[u8], start: i64, of: &Summary) {
        let mut hasher = DefaultHasher::new();
        (key, start, of.count, of.sum.to_bits(), of.avg.to_bits(), of.max.to_bits(), of.ts).hash(&mut hasher);
        self.results += 1;
        self.records += of.count;
        self.hash = self.hash.wrapping_add(hasher.finish());
    }
}

/// The results of the first so many trades, from a topic of so many partitions.
pub(crate) fn expected(records: u64, partitions: i32) -> Result<Results> {
    /// by start, then key
    type Open = BTreeMap<i64, HashMap<String, Summary>>;
    let mut lanes: BTreeMap<i32, Open> = BTreeMap::new();
    let mut results = Results::default();
    for record in (0..records).map(|number| trades::trade(number, false)) {
        let price = serde_json::from_str::<Trade<'_>>(&record.value)?.price;
        let open = lanes.entry(partition_of(record.key.as_bytes(), partitions)).or_default();
        let nothing = Summary { count: 0, sum: 0.0, avg: 0.0, max: f64::NEG_INFINITY, ts: 0 };
        let start = record.ts - record.ts % SIZE_MS;
        let summary = open.entry(start).or_default().entry(record.key).or_insert(nothing);
        summary.count += 1;
        summary.sum += price;
        summary.max = summary.max.max(price);
        summary.ts = record.ts;
        // Trades come in the order of their timestamps: none is late, and this one's is stream time.
        while let Some(oldest) = open.first_entry()
            && oldest.key() + SIZE_MS + GRACE_MS <= record.ts
        {
            let (start, keys) = oldest.remove_entry();
            for (key, mut summary) in keys {
                summary.avg = summary.sum / summary.count as f64;
                results.add(key.as_bytes(), start, &summary);
            }
        }
    }
    Ok(results)
}

/// Reads what a program wrote.
pub(crate) fn read(place: &Place) -> Result<Results> {
    let mut results = Results::default();
    place.read(|message| {
        let written: Written<'_> = serde_json::from_slice(message.payload().context("a result without a value")?)?;
        let key = message.key().context("a result without a key")?;
        let (key, start) = match (written.window_start, key.split_last_chunk()) {
            (Some(start), _) => (key, start),
            (None, Some((key, start))) => (key, i64::from_be_bytes(*start)),
            (None, None) => anyhow::bail!("a result that does not tell its window"),
        };
        let number = |text: &RawValue| text.get().parse::<f64>().context("a number");
        let summary = Summary {
            count: written.count,
            sum: number(written.sum)?,
            avg: number(written.avg)?,
            max: number(written.max)?,
            ts: message.timestamp().to_millis().context("a result without a timestamp")?,
        };
        results.add(key, start, &summary);
        Ok(())
    })?;
    Ok(results)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_is_in_one_result_but_those_of_windows_that_are_open() {
        // The windows are those of full seconds, and the first trade is at one.
        for (records, results, in_them) in [(0, 0, 0), (1500, 0, 0), (1501, 1000 * 632 / 1000, 1000)] {
            let found = expected(records, 1).unwrap();
            assert_eq!(found.records, in_them, "{records}");
            assert!(found.results.abs_diff(results) < 20, "{found:?}");
        }
        let more = expected(10_000, 4).unwrap();
        assert!((8000..=9000).contains(&more.records), "{more:?}");
        assert_ne!(more.hash, expected(20_000, 4).unwrap().hash);
    }

    #[test]
    fn results_are_told_apart_and_their_order_does_not_count() {
        let one = Summary { count: 1, sum: 2.0, avg: 2.0, max: 2.0, ts: 5 };
        let of = |all: &[(&str, i64, Summary)]| {
            let mut results = Results::default();
            all.iter().for_each(|(key, start, summary)| results.add(key.as_bytes(), *start, summary));
            results
        };
        let both = of(&[("a", 0, one), ("b", 0, one)]);
        assert_eq!(both, of(&[("b", 0, one), ("a", 0, one)]));
        for other in [
            of(&[("a", 0, one), ("c", 0, one)]),
            of(&[("a", 0, one), ("b", 1000, one)]),
            of(&[("a", 0, one), ("b", 0, Summary { max: 3.0, ..one })]),
            of(&[("a", 0, one), ("b", 0, Summary { ts: 6, ..one })]),
            of(&[("a", 0, one)]),
        ] {
            assert_ne!(both, other);
        }
    }
}
