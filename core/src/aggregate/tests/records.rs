//! Random records with a column of every type, and all aggregates that can be made of them.

use std::sync::{Arc, LazyLock};

use arrow_array::builder::{ListBuilder, StringViewBuilder};
use arrow_array::{
    ArrayRef, BinaryViewArray, BooleanArray, Decimal128Array, Float64Array, Int64Array, IntervalMonthDayNanoArray,
    StringViewArray, StructArray, TimestampMillisecondArray,
};
use arrow_buffer::IntervalMonthDayNano;
use arrow_schema::DataType;
use proptest::prelude::*;
use serde_json::json;

use super::scope_of;
use crate::aggregate::Aggregates;
use crate::batch::{Batch, Origin, bytes_column};
use crate::fields::ExprMap;
use crate::types::{Column, Schema, Type};

/// A record of every type; `ok` is for filters.
#[derive(Debug, Clone)]
pub(super) struct Record {
    i: Option<i64>,
    f: Option<f64>,
    d: Option<i64>,
    w: Option<i64>,
    t: Option<String>,
    b: Option<bool>,
    s: Option<i64>,
    v: Option<(i32, i32, i64)>,
    l: Option<Vec<Option<String>>>,
    ok: Option<bool>,
}

/// Few different values, so that they meet again; texts that fit beside the state and that do not.
pub(super) fn record() -> impl Strategy<Value = Record> {
    let ints = prop_oneof![8 => -3i64..4, 1 => Just(i64::MAX), 1 => Just(i64::MIN)];
    let floats = prop_oneof![
        8 => (-4i32..5).prop_map(|n| f64::from(n) / 4.0),
        4 => -1e9..1e9,
        1 => Just(-0.0),
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
    ];
    let texts = || prop_oneof![4 => "[ab]{0,2}", 1 => "[ab]{22,24}", 1 => Just("é".repeat(20))];
    let intervals = prop_oneof![Just((1, 0, 0)), Just((0, 30, 0)), (-1i32..2, -31i32..32, -2i64..3)];
    let lists = prop::collection::vec(prop::option::of(texts()), 0..3);
    let numbers = (prop::option::of(ints), prop::option::of(floats), prop::option::of(-300i64..300), any_wide());
    let others = (prop::option::of(texts()), prop::option::of(any::<bool>()), prop::option::of(-2i64..3));
    let rest = (prop::option::of(intervals), prop::option::of(lists), prop::option::of(any::<bool>()));
    (numbers, others, rest).prop_map(|((i, f, d, w), (t, b, s), (v, l, ok))| Record { i, f, d, w, t, b, s, v, l, ok })
}

fn any_wide() -> impl Strategy<Value = Option<i64>> {
    prop::option::of(any::<i64>())
}

/// Records as a batch.
pub(super) fn batch_of(records: &[Record]) -> Batch {
    fn all<A: FromIterator<Option<V>> + arrow_array::Array + 'static, V>(
        records: &[Record],
        get: impl Fn(&Record) -> Option<V>,
    ) -> ArrayRef {
        Arc::new(records.iter().map(get).collect::<A>())
    }
    let decimals = |get: fn(&Record) -> Option<i64>, precision, scale| {
        let digits: Decimal128Array = records.iter().map(|record| get(record).map(i128::from)).collect();
        Arc::new(digits.with_precision_and_scale(precision, scale).unwrap()) as ArrayRef
    };
    let interval = |(months, days, nanos)| IntervalMonthDayNano::new(months, days, nanos);
    let ints = all::<Int64Array, _>(records, |record| record.i);
    let DataType::Struct(fields) = SCHEMA.find("r").unwrap().1.data.to_arrow() else { panic!("a struct") };
    let structs: Vec<bool> = records.iter().map(|record| record.b.is_some()).collect();
    let structs = StructArray::new(fields, vec![ints.clone()], Some(structs.into()));
    let columns: Vec<ArrayRef> = vec![
        ints,
        all::<Float64Array, _>(records, |record| record.f),
        decimals(|record| record.d, 10, 2),
        decimals(|record| record.w, 20, 3),
        all::<StringViewArray, _>(records, |record| record.t.clone()),
        all::<BooleanArray, _>(records, |record| record.b),
        all::<BinaryViewArray, _>(records, |record| record.t.clone().map(String::into_bytes)),
        all::<TimestampMillisecondArray, _>(records, |record| record.s),
        all::<IntervalMonthDayNanoArray, _>(records, |record| record.v.map(interval)),
        lists(records),
        Arc::new(structs),
        all::<BooleanArray, _>(records, |record| record.ok),
    ];
    let rows = records.len();
    Batch::bare(bytes_column(vec![None; rows]), vec![0; rows].into(), Origin::made_here(0, rows))
        .with_columns(SCHEMA.clone(), columns)
}

fn lists(records: &[Record]) -> ArrayRef {
    let field = arrow_schema::Field::new("item", DataType::Utf8View, true);
    let mut builder = ListBuilder::new(StringViewBuilder::new()).with_field(field);
    records.iter().for_each(|record| builder.append_option(record.l.clone()));
    Arc::new(builder.finish())
}

/// Lists null, [a, null], [], [a, null], [b] in `l`; structs null, {1}, {null}, {1}, {2} in `r`.
pub(super) fn batch_of_lists() -> Batch {
    let nothing = Record { i: None, f: None, d: None, w: None, t: None, b: None, s: None, v: None, l: None, ok: None };
    let list = |items: &[Option<&str>]| Some(items.iter().map(|item| item.map(str::to_string)).collect());
    let with = |l, b, i| Record { l, b, i, ..nothing.clone() };
    batch_of(&[
        nothing.clone(),
        with(list(&[Some("a"), None]), Some(true), Some(1)),
        with(list(&[]), Some(true), None),
        with(list(&[Some("a"), None]), Some(true), Some(1)),
        with(list(&[Some("b")]), Some(true), Some(2)),
    ])
}

static SCHEMA: LazyLock<Arc<Schema>> = LazyLock::new(|| {
    let schema = json!({
        "i": "int64", "f": "float64", "d": "decimal(10,2)", "w": "decimal(20,3)", "t": "text", "b": "bool",
        "y": "bytes", "s": "timestamp", "v": "interval", "l": { "list": "text" }, "r": { "struct": { "a": "int64" } },
        "ok": "bool"
    });
    Arc::new(Schema::from_notation(&schema).unwrap())
});

/// All aggregates of all columns that they take, with and without DISTINCT and a filter. Columns are named by their
/// texts.
pub(super) static ALL: LazyLock<Aggregates> = LazyLock::new(|| {
    let mut texts = vec!["count(*)".to_string(), "count(*) FILTER (WHERE ok)".to_string()];
    let scope = scope_of(&batch_of(&[]));
    let compiles = |text: &str| {
        let columns = ExprMap::from_iter([("it".to_string(), text.into())]);
        Aggregates::compile(&columns, &scope).is_ok()
    };
    for aggregate in crate::expr::aggregates() {
        for Column { name, .. } in SCHEMA.columns.iter().filter(|column| column.name != "ok") {
            let call = |distinct| format!("{}({distinct}{name})", aggregate.name);
            let with_filter = format!("{} FILTER (WHERE ok)", call(""));
            texts.extend([call(""), call("DISTINCT "), with_filter].into_iter().filter(|text| compiles(text)));
        }
    }
    texts.push("sum(10 / i) FILTER (WHERE i <> 0)".into());
    let columns = texts.into_iter().map(|text| (text.clone(), text.as_str().into())).collect();
    Aggregates::compile(&columns, &scope).unwrap()
});

/// The type of a column of [`batch_of`].
pub(super) fn type_of(column: &str) -> Type {
    SCHEMA.find(column).unwrap().1.data.clone()
}
