//! What the records of each shape are made of. Everything is drawn by number: a draw is a function of the seed, the field
//! and the number of the record, so any range of records can be made on its own.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, BinaryViewArray, Float64Array, Int64Array, StringViewArray, StructArray,
    TimestampMillisecondArray, UInt32Array,
};
use arrow_buffer::ScalarBuffer;
use arrow_schema::DataType;
use arrow_select::take::take;

use super::super::rows::arrow_fault;
use super::nexmark::{self, Market, Part};
use super::{Generate, Look};
use crate::batch::bytes_column;
use crate::problem::Fault;
use crate::types::{Column, Schema, Type};

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// Random numbers by the number of the record: SplitMix64, counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draw(u64);

impl Draw {
    /// The draw of one field.
    fn new(seed: u64, field: u64) -> Draw {
        Draw(mix(seed ^ mix(field.wrapping_mul(GOLDEN))))
    }

    /// The draws of one record, to be counted on from 1, where how many there are depends on what came before.
    pub(super) fn of_record(seed: u64, number: u64) -> Draw {
        Draw::new(Draw::new(seed, field::RECORD).0, number)
    }

    /// A number below `bound` for record n.
    #[inline]
    pub(super) fn below(self, number: u64, bound: u64) -> u64 {
        let random = mix(self.0.wrapping_add(number.wrapping_mul(GOLDEN)));
        ((u128::from(random) * u128::from(bound)) >> 64) as u64
    }
}

#[inline]
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Numbers of the fields: a field keeps its values when others come and go.
mod field {
    pub(super) const TIME: u64 = 1;
    pub(super) const KEY: u64 = 2;
    pub(super) const RECORD: u64 = 3;
    pub(super) const FIRST: u64 = 16;
}

/// Timestamps.
#[derive(Debug)]
pub(super) struct Moments {
    start_ms: i64,
    spacing_ms: i64,
    disorder_ms: u64,
    draw: Draw,
}

impl Moments {
    pub(super) fn new(config: &Generate) -> Moments {
        Moments {
            start_ms: config.start.to_ms(),
            spacing_ms: i64::try_from(config.spacing.to_ms()).unwrap_or(i64::MAX),
            disorder_ms: config.disorder.to_ms().min(i64::MAX as u64 - 1),
            draw: Draw::new(config.seed, field::TIME),
        }
    }

    pub(super) fn of(&self, numbers: &[u64]) -> ScalarBuffer<i64> {
        let moment = |number: &u64| {
            let early = match self.disorder_ms {
                0 => 0,
                most => self.draw.below(*number, most + 1) as i64,
            };
            let in_order = (*number as i64).saturating_mul(self.spacing_ms).saturating_add(self.start_ms);
            in_order.saturating_sub(early).max(0)
        };
        numbers.iter().map(moment).collect::<Vec<_>>().into()
    }
}

/// Makes keys.
#[derive(Debug)]
pub(super) enum KeyMaker {
    /// one of a table: drawn, or in turn
    Table(BinaryViewArray, Option<Draw>),
    /// what an event is about
    Market(Market),
}

impl KeyMaker {
    pub(super) fn new(config: &Generate) -> KeyMaker {
        let (prefix, usual) = match config.shape {
            Look::Numbers => ("k", 1),
            Look::Sensors => ("sensor-", 100),
            Look::Trades => ("SYM", 1_000),
            Look::Clicks => ("user-", 10_000),
            Look::Nexmark => return KeyMaker::Market(Market::new(config)),
        };
        let names = numbered(prefix, config.keys.unwrap_or(usual).max(1));
        let draw = (config.shape != Look::Numbers).then(|| Draw::new(config.seed, field::KEY));
        KeyMaker::Table(bytes_column(names.iter().map(|name| Some(name.as_bytes()))), draw)
    }

    /// The key of each record.
    pub(super) fn keys(&self, numbers: &[u64]) -> Result<BinaryViewArray, Fault> {
        let (table, draw) = match self {
            KeyMaker::Table(table, draw) => (table, draw),
            KeyMaker::Market(market) => return Ok(market.keys(numbers)),
        };
        let keys = table.len() as u64;
        let pick = |number: &u64| match draw {
            Some(draw) => draw.below(*number, keys) as u32,
            None => (number % keys) as u32,
        };
        let picks: UInt32Array = numbers.iter().map(pick).collect::<Vec<_>>().into();
        Ok(take(table, &picks, None).map_err(arrow_fault)?.as_binary_view().clone())
    }
}

/// Makes one column.
#[derive(Debug)]
pub(super) enum Maker {
    /// the number of the record, from here
    Count(i64),
    /// the record's timestamp
    Time,
    /// the record's key
    Key,
    /// a whole number from the first on, this many of them
    Whole(Draw, i64, u64),
    /// as `Whole`, in hundredths
    Hundredths(Draw, i64, u64),
    /// one of a table
    Pick(Draw, ArrayRef),
    /// a part of an event
    Event(Market, Part),
}

impl Maker {
    pub(super) fn column(
        &self,
        numbers: &[u64],
        timestamps: &ScalarBuffer<i64>,
        keys: &BinaryViewArray,
    ) -> Result<ArrayRef, Fault> {
        let whole = |draw: Draw, low: i64, span: u64| numbers.iter().map(move |n| low + draw.below(*n, span) as i64);
        Ok(match self {
            Maker::Count(from) => {
                Arc::new(numbers.iter().map(|n| from.wrapping_add(*n as i64)).collect::<Int64Array>())
            }
            Maker::Time => Arc::new(TimestampMillisecondArray::new(timestamps.clone(), None)),
            Maker::Key => Arc::new(keys.clone().to_string_view().map_err(arrow_fault)?),
            Maker::Whole(draw, low, span) => Arc::new(Int64Array::from_iter_values(whole(*draw, *low, *span))),
            Maker::Hundredths(draw, low, span) => {
                Arc::new(Float64Array::from_iter_values(whole(*draw, *low, *span).map(|value| value as f64 / 100.0)))
            }
            Maker::Pick(draw, table) => {
                let picks = numbers.iter().map(|n| draw.below(*n, table.len() as u64) as u32).collect::<Vec<_>>();
                take(table, &UInt32Array::from(picks), None).map_err(arrow_fault)?
            }
            Maker::Event(market, part) => market.column(*part, numbers, timestamps),
        })
    }
}

/// The columns of a shape.
pub(super) fn schema(shape: Look) -> Schema {
    let columns: &[(&str, Type)] = match shape {
        Look::Numbers => &[("n", Type::Int64)],
        Look::Sensors => &[
            ("sensor", Type::Text),
            ("ts", Type::Timestamp),
            ("temperature", Type::Float64),
            ("humidity", Type::Float64),
            ("battery", Type::Int64),
        ],
        Look::Trades => &[
            ("id", Type::Int64),
            ("ts", Type::Timestamp),
            ("symbol", Type::Text),
            ("side", Type::Text),
            ("price", Type::Float64),
            ("qty", Type::Int64),
            ("account", Type::Struct(Vec::new())),
            ("note", Type::Text),
        ],
        Look::Clicks => &[
            ("user", Type::Text),
            ("ts", Type::Timestamp),
            ("page", Type::Text),
            ("action", Type::Text),
            ("device", Type::Text),
            ("dwell", Type::Int64),
        ],
        Look::Nexmark => return nexmark::schema(),
    };
    let account = || Type::Struct(vec![Column::nullable("id", Type::Text), Column::nullable("tier", Type::Text)]);
    let column = |(name, data): &(&str, Type)| match data {
        Type::Struct(_) => Column::required(*name, account()),
        data => Column::required(*name, data.clone()),
    };
    Schema::new(columns.iter().map(column).collect())
}

/// What makes a column of the config's shape; none where the shape has no such column.
pub(super) fn maker(config: &Generate, column: &str) -> Option<Maker> {
    if config.shape == Look::Nexmark {
        return Part::named(column).map(|part| Maker::Event(Market::new(config), part));
    }
    let (place, _) = schema(config.shape).find(column)?;
    let draw = Draw::new(config.seed, field::FIRST + place as u64);
    Some(match column {
        "n" => Maker::Count(config.from),
        "id" => Maker::Count(0),
        "ts" => Maker::Time,
        "sensor" | "symbol" | "user" => Maker::Key,
        "temperature" => Maker::Hundredths(draw, -1_000, 4_501),
        "humidity" => Maker::Hundredths(draw, 2_000, 7_001),
        "battery" => Maker::Whole(draw, 0, 101),
        "price" => Maker::Hundredths(draw, 1_000, 150_001),
        "qty" => Maker::Whole(draw, 1, 100),
        "dwell" => Maker::Whole(draw, 50, 30_000),
        "side" => Maker::Pick(draw, words(&["buy", "sell"])),
        "device" => Maker::Pick(draw, words(&["phone", "phone", "laptop", "tablet"])),
        "action" => Maker::Pick(draw, words(&["view", "view", "view", "view", "view", "view", "add", "add", "buy"])),
        "page" => Maker::Pick(draw, text_table(numbered("/item/", 500))),
        "account" => Maker::Pick(draw, accounts()),
        "note" => Maker::Pick(draw, words(NOTES)),
        _ => return None,
    })
}

/// 21 to 33 letters, so that a trade is about 169 bytes as JSON.
const NOTES: &[&str] = &[
    "limit order, day only",
    "market order, fill or kill",
    "iceberg order, show 100 at a time",
    "stop order, good till cancelled",
    "client called twice about it",
    "rebalancing of the index fund",
    "part of a pair, see other leg",
    "hedge for the open position",
];

const TIERS: [&str; 4] = ["basic", "silver", "gold", "platinum"];

fn accounts() -> ArrayRef {
    let ids = numbered("acc-", 10_000);
    let tiers: StringViewArray = (0..ids.len()).map(|account| Some(TIERS[account % TIERS.len()])).collect();
    let field = |name| Arc::new(arrow_schema::Field::new(name, DataType::Utf8View, true));
    Arc::new(StructArray::from(vec![(field("id"), text_table(ids)), (field("tier"), Arc::new(tiers) as ArrayRef)]))
}

/// `prefix` and a number of equal width, `count` of them.
fn numbered(prefix: &str, count: u32) -> Vec<String> {
    let width = count.saturating_sub(1).checked_ilog10().unwrap_or(0) as usize + 1;
    (0..count).map(|number| format!("{prefix}{number:0width$}")).collect()
}

fn words(words: &[&str]) -> ArrayRef {
    Arc::new(words.iter().map(|word| Some(*word)).collect::<StringViewArray>())
}

fn text_table(texts: Vec<String>) -> ArrayRef {
    Arc::new(texts.into_iter().map(Some).collect::<StringViewArray>())
}
