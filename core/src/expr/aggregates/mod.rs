//! The catalogue of aggregates: one entry each, with its forms, help, examples that run, and the rules of its types;
//! and the reading of calls such as `sum(price) FILTER (WHERE side = 'buy')`. Completion, help pages, checks and tests
//! read it. What an aggregate keeps and computes is not known here.
//!
//! Where PostgreSQL cannot be followed to the letter, the rules are:
//! - A sum of decimals has at most 38 digits; the record that would exceed them fails.
//! - `avg` of int64 and all of `stddev` and `variance` give float64, where PostgreSQL gives numeric of these and of
//!   decimals.
//! - `min` and `max` take bool and bytes too.
//! - Records are aggregated in the order in which they come: there is no ORDER BY within an aggregate.

mod compile;

use crate::expr::kernels::decimal::MAX_DIGITS;
use crate::types::{Slot, Type};

pub(crate) use compile::AggregateCall;

/// What an aggregate gives for the values of many records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AggregateKind {
    /// how many there are
    Count,
    /// their total
    Sum,
    /// their mean
    Avg,
    /// the smallest
    Min,
    /// the largest
    Max,
    /// the one that came first
    First,
    /// the one that came last
    Last,
    /// how far they are apart
    Spread(Spread),
    /// all of them
    List,
    /// each that differs from those before it
    Set,
}

/// A measure of how far values are apart: of a sample, or of all there are; squared (variance) or not (deviation).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Spread {
    /// divides by one less than the count
    pub is_sample: bool,
    /// the root of the variance
    pub is_root: bool,
}

/// An aggregate that a node can keep.
#[derive(Debug, Clone, Copy)]
pub struct Aggregate {
    /// in lower case; calls may write it in any case
    pub name: &'static str,
    /// other names of the same
    pub aliases: &'static [&'static str],
    /// one sentence or more
    pub doc: &'static str,
    /// its forms, as `sum(x int64) → decimal(38,0)`
    pub signatures: &'static [&'static str],
    /// run as tests
    pub examples: &'static [AggregateExample],
    /// what it gives
    pub kind: AggregateKind,
    distinct: Distinct,
    gives: fn(&Type) -> Option<Type>,
}

/// Values of a column `x`, an aggregate of them, and what it gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AggregateExample {
    /// the call
    pub expression: &'static str,
    /// constants, record by record; with commas between them
    pub of: &'static str,
    /// the value as text; `NULL` for null
    pub gives: &'static str,
}

/// What DISTINCT before the argument does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Distinct {
    /// equal values are taken once
    Counts,
    /// nothing: the result is the same with and without
    Same,
    /// it is refused, with this remedy
    Refused(&'static str),
}

const fn example(expression: &'static str, of: &'static str, gives: &'static str) -> AggregateExample {
    AggregateExample { expression, of, gives }
}

const fn spread(is_sample: bool, is_root: bool) -> AggregateKind {
    AggregateKind::Spread(Spread { is_sample, is_root })
}

static CATALOGUE: &[Aggregate] = &[
    Aggregate {
        name: "count",
        aliases: &[],
        doc: "The number of records (`*`), or of values that are not null. With DISTINCT, of different values: exact, \
              so that all of them are kept.",
        signatures: &["count(*) → int64", "count(x any) → int64"],
        examples: &[
            example("count(*)", "1, NULL, 1", "3"),
            example("count(x)", "1, NULL, 1", "2"),
            example("count(DISTINCT x)", "1, NULL, 1", "1"),
            example("count(*) FILTER (WHERE x > 1)", "1, 2, 3", "2"),
        ],
        kind: AggregateKind::Count,
        distinct: Distinct::Counts,
        gives: |_| Some(Type::Int64),
    },
    Aggregate {
        name: "sum",
        aliases: &[],
        doc: "The total of the values that are not null. Null where there are none. Exact for int64 and decimals: a \
              record that takes the total beyond 38 digits fails, as one that takes a float64 beyond its range.",
        signatures: &[
            "sum(x int64) → decimal(38,0)",
            "sum(x decimal(p,s)) → decimal(38,s)",
            "sum(x float64) → float64",
        ],
        examples: &[
            example("sum(x)", "1, NULL, 2", "3"),
            example("sum(x)", "0.5, 1.25", "1.75"),
            example("sum(DISTINCT x)", "2, 3, 2", "5"),
            example("sum(x)", "NULL", "NULL"),
        ],
        kind: AggregateKind::Sum,
        distinct: Distinct::Counts,
        gives: |data| match data {
            Type::Int64 => Some(Type::Decimal { precision: MAX_DIGITS, scale: 0 }),
            Type::Decimal { scale, .. } => Some(Type::Decimal { precision: MAX_DIGITS, scale: *scale }),
            Type::Float64 => Some(Type::Float64),
            _ => None,
        },
    },
    Aggregate {
        name: "avg",
        aliases: &[],
        doc: "The mean of the values that are not null. It is their total, divided once by their count, or null where \
              there are none. Of decimals it is a decimal with six more digits after the point, as far as 38 digits \
              go; halves are rounded away from zero.",
        signatures: &["avg(x int64) → float64", "avg(x decimal(p,s)) → decimal(38,s+6)", "avg(x float64) → float64"],
        examples: &[
            example("avg(x)", "1, NULL, 2", "1.5"),
            example("avg(x)", "0.1, 0.1, 0.2", "0.1333333"),
            example("avg(DISTINCT x)", "1, 3, 3", "2"),
        ],
        kind: AggregateKind::Avg,
        distinct: Distinct::Counts,
        gives: |data| match data {
            Type::Int64 | Type::Float64 => Some(Type::Float64),
            Type::Decimal { precision, scale } => {
                // No mean is larger than the largest value, so the digits before the point stay enough.
                let scale = (scale + 6).min(MAX_DIGITS - (precision - scale));
                Some(Type::Decimal { precision: MAX_DIGITS, scale })
            }
            _ => None,
        },
    },
    Aggregate {
        name: "min",
        aliases: &[],
        doc: "The smallest value that is not null. Texts compare by their bytes; NaN is larger than every other \
              number; false is smaller than true.",
        signatures: &["min(x any) → any"],
        examples: &[example("min(x)", "3, NULL, 2", "2"), example("min(x)", "'b', 'a'", "a")],
        kind: AggregateKind::Min,
        distinct: Distinct::Same,
        gives: ordered,
    },
    Aggregate {
        name: "max",
        aliases: &[],
        doc: "The largest value that is not null. Its order is that of `min`.",
        signatures: &["max(x any) → any"],
        examples: &[example("max(x)", "3, NULL, 2", "3"), example("max(x)", "CAST('NaN' AS float64), 1", "NaN")],
        kind: AggregateKind::Max,
        distinct: Distinct::Same,
        gives: ordered,
    },
    Aggregate {
        name: "bool_and",
        aliases: &["every"],
        doc: "Whether every value is true. Nulls are left out; null where there is nothing else.",
        signatures: &["bool_and(x bool) → bool"],
        examples: &[example("bool_and(x)", "true, NULL, false", "false"), example("bool_and(x > 1)", "2, 3", "true")],
        kind: AggregateKind::Min,
        distinct: Distinct::Same,
        gives: |data| (*data == Type::Bool).then_some(Type::Bool),
    },
    Aggregate {
        name: "bool_or",
        aliases: &[],
        doc: "Whether any value is true. Nulls are left out; null where there is nothing else.",
        signatures: &["bool_or(x bool) → bool"],
        examples: &[example("bool_or(x)", "false, NULL, true", "true"), example("bool_or(x > 3)", "2, 3", "false")],
        kind: AggregateKind::Max,
        distinct: Distinct::Same,
        gives: |data| (*data == Type::Bool).then_some(Type::Bool),
    },
    Aggregate {
        name: "first",
        aliases: &["first_value"],
        doc: "The first value that is not null. Records are taken in the order in which they come.",
        signatures: &["first(x any) → any"],
        examples: &[example("first(x)", "NULL, 2, 1", "2")],
        kind: AggregateKind::First,
        distinct: Distinct::Refused("leave DISTINCT away: the first value is the same without"),
        gives: |data| Some(data.clone()),
    },
    Aggregate {
        name: "last",
        aliases: &["last_value"],
        doc: "The last value that is not null. Records are taken in the order in which they come.",
        signatures: &["last(x any) → any"],
        examples: &[example("last(x)", "1, 2, NULL", "2")],
        kind: AggregateKind::Last,
        distinct: Distinct::Refused("leave DISTINCT away: the last value is the same without"),
        gives: |data| Some(data.clone()),
    },
    Aggregate {
        name: "stddev",
        aliases: &["stddev_samp"],
        doc: "The standard deviation of a sample. It is the root of `variance`.",
        signatures: &["stddev(x number) → float64"],
        examples: &[example("stddev(x)", "2, 4, NULL, 6", "2"), example("stddev(x)", "2", "NULL")],
        kind: spread(true, true),
        distinct: Distinct::Counts,
        gives: measured,
    },
    Aggregate {
        name: "stddev_pop",
        aliases: &[],
        doc: "The standard deviation of all values there are. It is the root of `var_pop`.",
        signatures: &["stddev_pop(x number) → float64"],
        examples: &[example("stddev_pop(x)", "2, 4, 4, 4, 5, 5, 7, 9", "2")],
        kind: spread(false, true),
        distinct: Distinct::Counts,
        gives: measured,
    },
    Aggregate {
        name: "variance",
        aliases: &["var_samp"],
        doc: "The variance of a sample. The squares of the distances from the mean, divided by one less than their \
              count; null for less than two values. Exact up to its last division for int64 and for decimals of up to \
              18 digits; decimals with more are taken as float64.",
        signatures: &["variance(x number) → float64"],
        examples: &[example("variance(x)", "2, 4, 6", "4")],
        kind: spread(true, false),
        distinct: Distinct::Counts,
        gives: measured,
    },
    Aggregate {
        name: "var_pop",
        aliases: &[],
        doc: "The variance of all values there are. The squares of the distances from the mean, divided by their \
              count; as exact as `variance`.",
        signatures: &["var_pop(x number) → float64"],
        examples: &[example("var_pop(x)", "2, 4, 4, 4, 5, 5, 7, 9", "4"), example("var_pop(x)", "5", "0")],
        kind: spread(false, false),
        distinct: Distinct::Counts,
        gives: measured,
    },
    Aggregate {
        name: "collect_list",
        aliases: &["array_agg"],
        doc: "All values as a list, nulls too. They stand in the order in which the records came; null where there are \
              no records. What is kept grows with every record.",
        signatures: &["collect_list(x any) → list of any"],
        examples: &[
            example("collect_list(x)", "2, NULL, 2", "[2,null,2]"),
            example("collect_list(x) FILTER (WHERE x IS NOT NULL)", "2, NULL, 2", "[2,2]"),
        ],
        kind: AggregateKind::List,
        distinct: Distinct::Refused("collect_set(…) takes equal values once"),
        gives: listed,
    },
    Aggregate {
        name: "collect_set",
        aliases: &[],
        doc: "The different values as a list, null among them. They stand in the order in which they first came; null \
              where there are no records.",
        signatures: &["collect_set(x any) → list of any"],
        examples: &[example("collect_set(x)", "2, NULL, 2, 1, NULL", "[2,null,1]")],
        kind: AggregateKind::Set,
        distinct: Distinct::Same,
        gives: listed,
    },
];

fn ordered(data: &Type) -> Option<Type> {
    (!matches!(data, Type::List(_) | Type::Struct(_))).then(|| data.clone())
}

fn measured(data: &Type) -> Option<Type> {
    super::check::is_number(data).then_some(Type::Float64)
}

fn listed(data: &Type) -> Option<Type> {
    Some(Type::List(Box::new(Slot::nullable(data.clone()))))
}

impl Aggregate {
    /// All its names, its own first.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        [self.name].into_iter().chain(self.aliases.iter().copied())
    }

    /// The aggregate of a name, in any case.
    pub fn find(name: &str) -> Option<&'static Aggregate> {
        CATALOGUE.iter().find(|aggregate| aggregate.names().any(|known| known.eq_ignore_ascii_case(name)))
    }

    /// The type of the result for an argument of a type; none where it takes no such argument.
    pub fn gives(&self, argument: &Type) -> Option<Type> {
        (self.gives)(argument)
    }
}

/// All aggregates.
pub fn aggregates() -> &'static [Aggregate] {
    CATALOGUE
}

/// The names of all aggregates, for completion.
pub fn aggregate_names() -> impl Iterator<Item = &'static str> {
    CATALOGUE.iter().flat_map(Aggregate::names)
}
