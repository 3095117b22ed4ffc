//! Makes records out of nothing, the same ones in every run.
//!
//! Record n, with its key and its timestamp, depends on `seed` and n alone: not on the rate, the machine, or which columns
//! are used. n counts from 0 and is the record's `_offset`. The shapes:
//!
//! - `numbers`: `n` (int64), counting up from `from`. One key (`k0`), or `keys` of them in turn.
//! - `sensors`: `sensor`, `ts`, `temperature`, `humidity`, `battery`; the key is the sensor (100 of them).
//! - `trades`: `id`, `ts`, `symbol`, `side`, `price`, `qty`, `account` (a struct of `id` and `tier`), `note`; the key is
//!   the symbol (1,000 of them). About 169 bytes as JSON.
//! - `clicks`: `user`, `ts`, `page`, `action`, `device`, `dwell` (milliseconds); the key is the user (10,000 of them).
//! - `nexmark`: the online auction of the Nexmark suite. `event_type` is 0, 1 or 2, and one of the structs `person`,
//!   `auction` and `bid` is there, the others are null: of 50 events 1 is a person, 3 are auctions, 46 are bids. Half of the
//!   bids are for one hot auction; three in four sellers, and bidders, are one hot person; now and then somebody is named
//!   who comes only a little later. The key is the number of the person or auction; a bid has that of its auction.
//!
//! Timestamps begin at `start` (2024-01-01T00:00:00Z) and are `spacing` apart (1 ms). With `disorder` a record is early by
//! up to that much, so that late records can be shown; it is never before 1970. `"time": "processing"` takes the wall clock
//! instead.
//!
//! Records come as fast as what follows takes them, or at `rate`: record n is due n times the rate's interval after the
//! first was asked for, and what back-pressure held up is made good afterwards. With `count` the source ends after so many
//! records: windows close and the run finishes.
//!
//! - **Back-pressure**: makes nothing while what follows is full.

mod nexmark;
mod shapes;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::shapes::{KeyMaker, Maker, Moments};
use super::page::page;
use super::*;
use crate::batch::{MAX_ROWS, Origin};
use crate::fields::{DurationText, Moment, Rate, Time};

/// Config of `generate`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Generate {
    /// What the records look like.
    shape: Look,
    /// Another seed makes other records.
    #[serde(default)]
    seed: u64,
    /// How many records; absent: without end.
    count: Option<u64>,
    /// How fast; absent: as fast as they are taken.
    rate: Option<Rate>,
    /// The first number; only for `numbers`.
    #[serde(default = "one")]
    from: i64,
    /// How many keys there are; absent: what the shape says. Not for `nexmark`.
    #[schemars(range(min = 1, max = 1_000_000))]
    keys: Option<u32>,
    /// Timestamp of the first record.
    #[serde(default = "start_of_2024")]
    start: Moment,
    /// From one timestamp to the next.
    #[serde(default = "one_ms")]
    spacing: DurationText,
    /// How early a record may be, at most.
    #[serde(default)]
    disorder: DurationText,
    /// What `_timestamp` is.
    #[serde(default)]
    time: Time,
}

/// What records look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Look {
    /// numbers, counting up
    Numbers,
    /// measurements of sensors
    Sensors,
    /// trades of stocks
    Trades,
    /// what users do on pages
    Clicks,
    /// people, auctions and bids of the Nexmark suite
    Nexmark,
}

fn one() -> i64 {
    1
}

fn one_ms() -> DurationText {
    DurationText::from_ms(1)
}

fn start_of_2024() -> Moment {
    Moment::from_ms(1_704_067_200_000)
}

/// `generate`
pub(super) static OPERATOR: Operator = Operator {
    name: "generate",
    summary: "Makes records out of nothing, the same ones in every run",
    help: page!("mod.rs"),
    role: Role::Source,
    family: Family::Sources,
    icon: "dice-five",
    scope: Scope::Record,
    value: ValueRole::Made,
    form: Form::of::<Generate>,
    configure: configure::<Generate>,
    examples: EXAMPLES,
};

/// The most keys: their bytes are kept.
const MAX_KEYS: u32 = 1_000_000;

impl Shape for Generate {
    fn ports(&self) -> Ports {
        Ports::source()
    }

    fn output(&self, _: &[Option<Stream>], report: &mut Report) -> Vec<Option<Stream>> {
        if self.keys.is_some_and(|keys| keys == 0 || keys > MAX_KEYS) {
            report.error("keys", "there are 1 to 1000000 keys", "give a number in between");
        }
        if self.keys.is_some() && self.shape == Look::Nexmark {
            report.error("keys", "people and auctions of `nexmark` come as they come", "take `keys` away");
        }
        if self.from != 1 && self.shape != Look::Numbers {
            report.error("from", "only `numbers` count from somewhere", "take `from` away");
        }
        let schema = shapes::schema(self.shape);
        report.check_time(&self.time, &schema);
        vec![Some(Stream::records(Arc::new(schema), KeyFormat::Text))]
    }

    fn build(&self, site: &Site<'_>) -> Result<Body, Fault> {
        let output = site.output(0)?;
        let make = |column: &Column| {
            shapes::maker(self, &column.name)
                .ok_or_else(|| Fault::ours(format!("column `{}` was planned and is not made", column.name)))
        };
        let source = Running {
            makers: output.schema.columns.iter().map(make).collect::<Result<_, _>>()?,
            schema: output.schema.clone(),
            moments: Moments::new(self),
            keys: KeyMaker::new(self),
            count: self.count.unwrap_or(u64::MAX).min(i64::MAX as u64),
            rate: self.rate,
            next: 0,
            began_ms: None,
        };
        Ok(Body::Source(Box::new(source), Ingest { format: None, time: self.time.clone() }))
    }
}

struct Running {
    makers: Vec<Maker>,
    schema: Arc<Schema>,
    moments: Moments,
    keys: KeyMaker,
    count: u64,
    rate: Option<Rate>,
    /// number of the next record
    next: u64,
    /// wall clock when the first was asked for
    began_ms: Option<i64>,
}

impl Source for Running {
    fn pull(&mut self, max: usize, now_ms: i64) -> Result<Pulled, Fault> {
        let left = self.count - self.next;
        if left == 0 {
            return Ok(Pulled::End);
        }
        // As if it had made those before `next` in time.
        let before = |rate| due_after(rate, self.next);
        let began_ms = *self.began_ms.get_or_insert_with(|| now_ms.saturating_sub(self.rate.map_or(0, before)));
        let due =
            self.rate.map_or(left, |rate| due_by(rate, now_ms.saturating_sub(began_ms)).saturating_sub(self.next));
        if let (0, Some(rate)) = (due, self.rate) {
            return Ok(Pulled::NotBefore(began_ms.saturating_add(due_after(rate, self.next))));
        }
        let rows = left.min(due).min(max.clamp(1, MAX_ROWS) as u64) as usize;
        Ok(Pulled::Rows(self.make(rows)?))
    }

    fn seek(&mut self, offset: i64) -> Result<bool, Fault> {
        self.next = u64::try_from(offset).unwrap_or(0).min(self.count);
        Ok(true)
    }
}

impl Running {
    fn make(&mut self, rows: usize) -> Result<Batch, Fault> {
        let numbers: Vec<u64> = (self.next..self.next + rows as u64).collect();
        self.next += rows as u64;
        let timestamps = self.moments.of(&numbers);
        let keys = self.keys.keys(&numbers)?;
        let columns =
            self.makers.iter().map(|maker| maker.column(&numbers, &timestamps, &keys)).collect::<Result<_, _>>()?;
        let batch = Batch::bare(keys, timestamps, Origin::made_here(numbers[0] as i64, rows));
        Ok(batch.with_columns(self.schema.clone(), columns))
    }
}

/// Records due after so long: the first at once.
fn due_by(rate: Rate, elapsed_ms: i64) -> u64 {
    let due = elapsed_ms.max(0) as u128 * u128::from(rate.records()) / u128::from(rate.per_ms());
    u64::try_from(due).unwrap_or(u64::MAX).saturating_add(1)
}

/// When record n is due, in milliseconds after the first.
fn due_after(rate: Rate, number: u64) -> i64 {
    let after = (u128::from(number) * u128::from(rate.per_ms())).div_ceil(u128::from(rate.records()));
    i64::try_from(after).unwrap_or(i64::MAX)
}

const EXAMPLES: &[Example] = &[
    Example {
        title: "Three numbers from 1",
        config: r#"{ "shape": "numbers", "count": 3 }"#,
        inputs: "{}",
        script: "",
        expect: r#"
            {"port":"out","ts":1704067200000,"key":"k0","value":{"n":1}}
            {"port":"out","ts":1704067200001,"key":"k0","value":{"n":2}}
            {"port":"out","ts":1704067200002,"key":"k0","value":{"n":3}}"#,
    },
    Example {
        title: "One number every ten seconds",
        config: r#"{ "shape": "numbers", "count": 2, "rate": "1/10s", "from": 0, "start": 0, "spacing": "10s" }"#,
        inputs: "{}",
        script: r#"{"advance":"10s"}"#,
        expect: r#"
            {"port":"out","ts":0,"key":"k0","value":{"n":0}}
            {"port":"out","ts":10000,"key":"k0","value":{"n":1}}"#,
    },
];

#[cfg(test)]
mod tests;
