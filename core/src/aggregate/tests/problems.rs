//! What is said of a text that is no aggregate: where, what, and what to do.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, StringViewArray};

use super::{batch, compile};
use crate::batch::Batch;
use crate::types::Type;

fn trades() -> Batch {
    let number = || Arc::new(Int64Array::from(vec![1])) as ArrayRef;
    let text = || Arc::new(StringViewArray::from(vec!["a"])) as ArrayRef;
    batch(vec![("price", Type::Int64, number()), ("side", Type::Text, text()), ("count", Type::Int64, number())])
}

#[test]
fn problems_have_a_place_and_a_remedy() {
    let cases = [
        ("summ(price)", "summ", "there is no aggregate `summ`", "did you mean `sum`?"),
        ("frobnicate(price)", "frobnicate", "there is no aggregate `frobnicate`", "there are count, sum,"),
        ("price + 1", "price + 1", "this expression gives a value for each record", "last(price + 1)"),
        ("upper(side)", "upper", "`upper` gives a value for each record", "last(upper(side))"),
        ("sum(price) / count(*)", "sum(price) / count(*)", "stands around an aggregate", "in a `map` behind"),
        ("round(avg(price))", "round", "`round` stands around an aggregate", "in a `map` behind"),
        ("sum(max(price))", "max", "max is an aggregate", "aggregate its results in a second node"),
        ("count(*) FILTER (WHERE sum(price) > 1)", "sum", "sum is an aggregate", "in a second node"),
        ("count", "count", "`count` lacks its parentheses", "write count(*)"),
        ("sum", "sum", "`sum` lacks its parentheses", "write sum(…)"),
        ("sum(*)", "sum(*)", "sum takes one value, and `*` is none", "it is sum(x int64)"),
        ("sum()", "sum()", "sum takes one value, and 0 are given", "it is sum(x int64)"),
        ("sum(price, 1)", "sum(price, 1)", "sum takes one value, and 2 are given", "it is sum(x int64)"),
        ("sum(x => 1)", "sum(x => 1)", "and not by a name", "it is sum(x int64)"),
        ("count()", "count()", "count() counts nothing", "count(*) counts records"),
        ("count(DISTINCT *)", "count(DISTINCT *)", "is not there", "count(DISTINCT x)"),
        ("sum(side)", "sum(side)", "sum does not take text", "sum(CAST(side AS float64))"),
        ("avg(price > 1)", "avg(price > 1)", "avg does not take bool", "count(*) FILTER (WHERE price > 1)"),
        ("bool_or(side)", "bool_or(side)", "bool_or does not take text", "takes a condition"),
        ("sum(prize)", "prize", "there is no column `prize`", "did you mean `price`?"),
        ("sum(price) FILTER (WHERE sied = 'a')", "sied", "there is no column `sied`", "did you mean `side`?"),
        ("sum(price) FILTER (WHERE price)", "price", "a condition is bool", "compare it"),
        ("sum(price) OVER (PARTITION BY side)", "sum(price) OVER (PARTITION BY side)", "no window", "leave OVER away"),
        ("first(price ORDER BY price)", "first(price ORDER BY price)", "in the order in which they come", "ORDER BY"),
        ("collect_list(DISTINCT price)", "collect_list(DISTINCT price)", "does not go", "collect_set(…)"),
        ("last(DISTINCT price)", "last(DISTINCT price)", "does not go with DISTINCT", "leave DISTINCT away"),
        ("a.b(price)", "a.b(price)", "there is no aggregate `a.b`", "plain names"),
        ("min(string_to_array(side, ','))", "min(string_to_array(side, ','))", "min does not take list", "parts"),
    ];
    for (text, place, message, remedy) in cases {
        let problems = compile(text, &trades()).map(|_| ()).expect_err(text);
        let (column, found) = &problems[0];
        assert_eq!((column.as_str(), problems.len()), ("it", 1), "{text}: {problems:?}");
        assert!(found.message.contains(message), "{text}: {found:?}");
        assert!(found.remedy.text.contains(remedy), "{text}: {found:?}");
        assert_eq!(&text[found.span.clone()], place, "{text}: {found:?}");
    }
    let both = compile("sum(prize) FILTER (WHERE sied = 'a')", &trades()).map(|_| ()).expect_err("two");
    assert_eq!(both.len(), 2, "{both:?}");
}

#[test]
fn aggregates_are_written_in_many_ways() {
    for text in
        ["COUNT(*)", "(sum(price))", "Sum( price )", "sum(ALL price)", "array_agg(side)", "max(count)", "every(true)"]
    {
        assert!(compile(text, &trades()).is_ok(), "{text}: {:?}", compile(text, &trades()));
    }
}
