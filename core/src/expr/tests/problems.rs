//! What is said of wrong expressions: where, what, and what to do.

use super::{compile, trades};
use crate::expr::{Expr, Scope};
use crate::types::{Column, KeyFormat, Schema, Type};

/// The problems of a text, one a line: the marked part, the message, the remedy.
fn problems(text: &str) -> String {
    let problems = compile(text).expect_err(text);
    let line = |problem: &crate::expr::ExprProblem| {
        format!("«{}» {} → {}", &text[problem.span.clone()], problem.message, problem.remedy.text)
    };
    problems.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn problems_have_a_place_plain_words_and_a_remedy() {
    let cases = [
        ("prise > 2", "«prise» there is no column `prise` → did you mean `price`?"),
        ("symbol = \"AAPL\"", "«\"AAPL\"» there is no column `AAPL` → text goes in single quotes: 'AAPL'"),
        (
            "price > '100'",
            "«price > '100'» float64 cannot be compared with text → write the number without quotes: 100",
        ),
        (
            "ts > '2024-01-01'",
            "«ts > '2024-01-01'» timestamp cannot be compared with text → write TIMESTAMP '2024-01-01'",
        ),
        ("symbol + 1", "«symbol + 1» + does not go with text and int64 → convert it: CAST(symbol AS int64)"),
        ("symbol + note", "«symbol + note» + does not go with text and text → `||` joins texts"),
        ("price AND ok", "«price» a condition is bool, this is float64 → compare it: price <> 0"),
        ("-symbol", "«-symbol» - does not go with text → it takes a number or an interval"),
        ("uper(symbol)", "«uper» there is no function `uper` → did you mean `upper`?"),
        ("sqrt(symbol)", "«symbol» sqrt does not take (text) → it is sqrt(x float64) → float64"),
        ("upper(qty)", "«qty» upper does not take (int64) → convert it: CAST(qty AS text)"),
        ("left(symbol)", "«left(symbol)» left does not take (text) → it is left(text text, n int64) → text"),
        ("account.teir", "«teir» there is no field `teir` → did you mean `tier`?"),
        ("account['teir']", "«'teir'» there is no field `teir` → did you mean `tier`?"),
        ("symbol.x", "«symbol.x» text has no fields → `->` and `->>` reach into text that holds JSON"),
        (
            "sum(price) > 5",
            "«sum» sum is an aggregate → aggregates belong in a window or aggregate node; greatest and least compare \
             values of one record",
        ),
        (
            "now() - ts",
            "«now» now gives another value each time → use _timestamp, the record's own time: results must be the same \
             when records are read again",
        ),
        ("price LIKE 'A%'", "«price» LIKE takes text, not float64 → convert it: CAST(price AS text)"),
        (
            "symbol ~ '('",
            "«'('» not a regular expression: unclosed group → put \\ before a character that is meant itself: \\( \\[ \\* \\+ \\?",
        ),
        (
            "1 / 0",
            "«1 / 0» fails for every record: division by zero → correct it, or leave it away: what depends on no record is computed beforehand",
        ),
        (
            "CAST('x' AS int64) + 1",
            "«CAST('x' AS int64)» fails for every record: no int64: \"x\" → correct it, or leave it away: what depends on no record is computed beforehand",
        ),
        (
            "CAST(price AS decimal)",
            "«CAST(price AS decimal)» a decimal out of float64 needs a size → say how many digits: decimal(18,4) has 18, \
             4 of them after the point",
        ),
        ("ts::date", "«ts::date» there is no type `date` here → date_trunc('day', …) gives the start of a day"),
        (
            "CASE WHEN ok THEN 1 ELSE 'x' END",
            "«CASE WHEN ok THEN 1 ELSE 'x' END» CASE mixes int64 and text → convert one side: CAST(… AS text), or write numbers without quotes",
        ),
        ("price BETWEEN 1 AND '9'", "«'9'» float64 cannot be compared with text → write the number without quotes: 9"),
        ("_headers", "«_headers» headers are read one by one → name one: _headers['name']"),
        (
            "_window_start",
            "«_window_start» there is no `_window_start` here → keys have a window only behind a window node",
        ),
        (
            "price % 2",
            "«price % 2» % takes int64 or decimal, not float64 → cast to a decimal: CAST(… AS decimal(18,4)) % …",
        ),
        ("(SELECT 1)", "«(SELECT 1)» an expression sees one record: no subqueries → join with a table node"),
        (
            "symbol SIMILAR TO 'A.*'",
            "«symbol SIMILAR TO 'A.*'» SIMILAR TO is not there → `~` matches a regular expression",
        ),
        (
            "upper(prise) = side AND qty > '5' AND nope",
            "«prise» there is no column `prise` → did you mean `price`?\n\
             «qty > '5'» int64 cannot be compared with text → write the number without quotes: 5\n\
             «nope» there is no column `nope` → did you mean `note`?",
        ),
    ];
    let wrong: Vec<String> = cases
        .iter()
        .map(|(text, expected)| (problems(text), *expected))
        .filter(|(found, expected)| found != expected)
        .map(|(found, expected)| format!("{found}\n  instead of\n{expected}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn what_cannot_be_parsed_has_a_place() {
    let cases = [
        ("price * > 100", ">"),
        ("price > 1 symbol", "symbol"),
        ("price * (1.1 > 100", ""),
        ("a AND", ""),
        ("", ""),
        ("  ", "  "),
        ("'abc", "'abc"),
        ("price > 1;", ";"),
        ("größe = 'ü' )", ")"),
        ("price >\n  1 )\n", ")"),
    ];
    for (text, marked) in cases {
        let problems = compile(text).expect_err(text);
        assert_eq!(problems.len(), 1, "{text}: {problems:?}");
        assert_eq!(&text[problems[0].span.clone()], marked, "{text}: {problems:?}");
        assert!(!problems[0].remedy.text.is_empty(), "{text}: {problems:?}");
    }
}

#[test]
fn deep_and_long_texts_are_refused_or_run() {
    let deep = [
        "(".repeat(5000),
        "-".repeat(5000) + "1",
        "NOT ".repeat(5000) + "ok",
        "qty".to_string() + &" + qty".repeat(3000),
        "-qty".to_string() + &" ^ 1".repeat(3000),
        "symbol".to_string() + &"::text".repeat(3000),
        "CASE WHEN ok THEN ".repeat(2000),
        "coalesce(".repeat(2000) + "1",
        "x".repeat(100_000),
    ];
    for text in &deep {
        let problems = compile(text).expect_err(&text[..40]);
        assert!(problems.iter().all(|problem| text.get(problem.span.clone()).is_some()), "{problems:?}");
    }
    let wide = "ok".to_string() + &" AND qty > 1".repeat(1000);
    assert!(compile(&wide).is_ok());
    let list: Vec<String> = (0..2000).map(|n| n.to_string()).collect();
    assert!(compile(&format!("qty IN ({})", list.join(", "))).is_ok());
}

#[test]
fn types_uses_and_nulls_are_known_before_running() {
    let cases = [
        ("price * qty", "float64", false),
        ("qty * 1.1", "decimal(21,1)", false),
        ("fee * fee", "decimal(20,4)", false),
        ("qty / 2", "int64", false),
        ("symbol || '!'", "text", true),
        ("symbol = 'a'", "bool", true),
        ("price IS NULL", "bool", true),
        ("coalesce(qty, 0)", "int64", true),
        ("CASE WHEN ok THEN symbol ELSE 'x' END", "text", true),
        ("CASE WHEN ok THEN symbol END", "text", false),
        ("_timestamp + INTERVAL '1 day'", "timestamp", true),
        ("_key", "text", false),
        ("tags[1]", "text", false),
        ("account.limits.daily", "int64", false),
        ("account", "struct", false),
        ("ts - ts", "interval", false),
        ("TRY_CAST(symbol AS int64)", "int64", false),
        ("NULL", "text", false),
    ];
    for (text, data, required) in cases {
        let expr = compile(text).unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
        assert_eq!((expr.data_type().to_string().as_str(), expr.is_required()), (data, required), "{text}");
        assert_eq!(expr.text(), text);
    }
    let expr = compile("price > 1 AND account.tier = _key AND _offset > 0 AND _headers['x'] = 'y'").unwrap();
    let uses = expr.uses();
    assert_eq!(uses.columns.iter().map(String::as_str).collect::<Vec<_>>(), ["account", "price"]);
    assert!(uses.key && uses.origin && uses.headers && !uses.timestamp && !uses.window);
}

#[test]
fn the_key_has_the_type_of_its_format() {
    let of = |key| Expr::compile("_key", &Scope { key, ..trades() }).unwrap().data_type().to_string();
    let formats = [KeyFormat::Text, KeyFormat::Bytes, KeyFormat::Json, KeyFormat::Int32, KeyFormat::Int64];
    assert_eq!(formats.map(of), ["text", "bytes", "text", "int64", "int64"]);
}

#[test]
fn columns_may_be_named_like_words_of_sql() {
    let words = [
        "user",
        "timestamp",
        "date",
        "time",
        "interval",
        "value",
        "key",
        "type",
        "text",
        "count",
        "first",
        "order",
        "end",
    ];
    let columns = words.iter().map(|word| Column::nullable(*word, Type::Int64)).collect();
    let scope = Scope { schema: std::sync::Arc::new(Schema::new(columns)), ..trades() };
    let parsed = |text: &str| Expr::compile(text, &scope).is_ok();
    let unquoted: Vec<&str> = words.into_iter().filter(|word| !parsed(&format!("{word} + 1 > {word}"))).collect();
    assert_eq!(unquoted, ["interval"]);
    assert!(words.iter().all(|word| parsed(&format!("\"{word}\" IS NULL"))));
}
