//! The records that are measured, and P1: what is done with them. Trade n is a function of n alone.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How many keys there are.
const SYMBOLS: u64 = 1000;
/// The timestamp of trade 0; each one's is a millisecond later.
pub(crate) const FIRST_MS: i64 = 1_700_000_000_000;

/// The fields of a trade that P1 uses: six of nine leaves.
#[derive(Debug, Deserialize)]
pub(crate) struct Trade<'a> {
    id: i64,
    ts: i64,
    #[serde(borrow)]
    symbol: &'a str,
    #[serde(borrow)]
    side: &'a str,
    pub(crate) price: f64,
    qty: i64,
}

/// What P1 writes.
#[derive(Debug, Serialize, Deserialize, PartialEq)]
pub(crate) struct Notional<'a> {
    pub(crate) id: i64,
    #[serde(borrow)]
    pub(crate) symbol: &'a str,
    pub(crate) ts: i64,
    pub(crate) notional: f64,
}

impl<'a> Trade<'a> {
    /// P1 by hand.
    pub(crate) fn p1(&self) -> Option<Notional<'a>> {
        let is_kept = self.price > 100.0 && self.qty >= 50 && self.side == "buy";
        is_kept.then_some(Notional {
            id: self.id,
            symbol: self.symbol,
            ts: self.ts,
            notional: self.price * self.qty as f64,
        })
    }
}

/// A trade's key, timestamp and value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) key: String,
    pub(crate) ts: i64,
    pub(crate) value: String,
}

/// Trade n. `is_broken`: with a price that is no number.
pub(crate) fn trade(n: u64, is_broken: bool) -> Record {
    const TIERS: [&str; 4] = ["standard", "silver", "gold", "platinum"];
    let mut state = n;
    let mut draw = |below: u64| {
        state = splitmix(state);
        state % below
    };
    let (key, ts) = (format!("SYM{:04}", draw(SYMBOLS)), FIRST_MS + n as i64);
    let side = if draw(2) == 0 { "buy" } else { "sell" };
    let cents = 7_000 + draw(50_000);
    let price = if is_broken { "\"much\"".to_string() } else { format!("{}.{:02}", cents / 100, cents % 100) };
    let value = format!(
        "{{\"id\":{n},\"ts\":{ts},\"symbol\":\"{key}\",\"side\":\"{side}\",\"price\":{price},\"qty\":{},\"account\":{{\"id\":\"acc-{:06}\",\
         \"tier\":\"{}\"}},\"note\":\"via desk {:02}, no remarks\"}}",
        1 + draw(100),
        draw(1_000_000),
        TIERS[draw(4) as usize],
        draw(100),
    );
    Record { key, ts, value }
}

pub(crate) fn splitmix(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The columns of a trade, all of them.
pub(crate) fn schema() -> Value {
    json!({ "id": "int64!", "ts": "int64!", "symbol": "text!", "side": "text!", "price": "float64!", "qty": "int64!",
            "account": { "struct": { "id": "text", "tier": "text" } }, "note": "text" })
}

/// P1 as a pipeline: `source` → filter → map → `sink`, which are operators and their configs.
pub(crate) fn p1(name: &str, source: (&str, Value), sink: (&str, Value)) -> Value {
    pipeline(name, source, "price > 100 AND qty >= 50 AND side = 'buy'", sink)
}

/// The same with a filter that keeps everything.
pub(crate) fn keep_all(name: &str, source: (&str, Value), sink: (&str, Value)) -> Value {
    pipeline(name, source, "price > 0", sink)
}

fn pipeline(name: &str, source: (&str, Value), condition: &str, sink: (&str, Value)) -> Value {
    let columns = json!({ "id": "id", "symbol": "symbol", "ts": "ts", "notional": "price * qty" });
    json!({ "tidegate": 1, "name": name, "settings": { "application_id": name },
        "nodes": [
            { "id": "trades", "operator": source.0, "config": source.1, "on_error": "count" },
            { "id": "large", "operator": "filter", "config": { "condition": condition } },
            { "id": "notional", "operator": "map", "config": { "columns": columns } },
            { "id": "out", "operator": sink.0, "config": sink.1 } ],
        "edges": [
            { "from": "trades.out", "to": "large.in" },
            { "from": "large.out", "to": "notional.in" },
            { "from": "notional.out", "to": "out.in" } ] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trades_have_the_size_and_the_share_that_are_promised() {
        let records: Vec<Record> = (1_000_000..1_100_000).map(|n| trade(n, false)).collect();
        let bytes: usize = records.iter().map(|record| record.value.len()).sum();
        let kept = records
            .iter()
            .filter(|record| serde_json::from_str::<Trade<'_>>(&record.value).unwrap().p1().is_some())
            .count();
        assert!((167..=171).contains(&(bytes / records.len())), "{}", bytes / records.len());
        assert!((23_000..=25_000).contains(&kept), "{kept}");
        assert!(serde_json::from_str::<Trade<'_>>(&trade(7, true).value).is_err());
    }
}
