//! Words that belong to one place: the name of an operator to its own file, what is printed to the program, what panics
//! to tests.

use super::source::Source;
use super::{none, sources};

/// Places outside of an operator's file that know it by its name.
fn names_in(source: &Source, names: &[&str]) -> Vec<String> {
    let is_own = |name: &str| {
        let module = name.replace('-', "_");
        let file = source.file.strip_prefix("core/src/operators/").unwrap_or_default();
        file == format!("{module}.rs") || file.starts_with(&format!("{module}/"))
    };
    let program = source.texts.iter().filter(|found| !found.is_test);
    let named = program.filter(|found| names.contains(&found.what.as_str()) && !is_own(&found.what));
    named.map(|found| format!("{}:{}: \"{}\"", source.file, found.line, found.what)).collect()
}

fn operator_names() -> Vec<&'static str> {
    tidegate_core::operators::ALL.iter().map(|operator| operator.name).collect()
}

#[test]
fn nobody_knows_an_operator_by_its_name() {
    let names = operator_names();
    let all = sources(&["src", "core/src", "tui/src", "gui/src"]);
    none(
        "an operator is known by its name outside of its file",
        all.iter().flat_map(|it| names_in(it, &names)).collect(),
    );
}

#[test]
fn an_operator_that_is_known_by_its_name_is_found() {
    let names = operator_names();
    for (file, text, is_found) in [
        ("core/src/plan/fuse.rs", r#"fn f(n: &str) -> bool { n == "kafka-sink" }"#, true),
        ("src/run.rs", r#"fn f(n: &str) -> bool { matches!(n, "scan" | "other") }"#, true),
        ("core/src/operators/filter.rs", r#"const N: &str = "map";"#, true),
        ("core/src/operators/filter.rs", r#"const N: &str = "filter";"#, false),
        ("core/src/operators/generate/mod.rs", r#"const N: &str = "generate";"#, false),
        (
            "core/src/plan/fuse.rs",
            r#"/// as `filter` does
            #[cfg(test)] mod tests { const N: &str = "filter"; }"#,
            false,
        ),
        ("core/src/check/tests/mod.rs", r#"const N: &str = "filter";"#, false),
    ] {
        assert_eq!(!names_in(&Source::parse(file, text), &names).is_empty(), is_found, "{file}: {text}");
    }
}

/// Places that print past the program's own output.
fn prints_in(source: &Source) -> Vec<String> {
    let printing = ["print", "println", "eprint", "eprintln", "dbg"];
    let found = source.macros.iter().filter(|found| !found.is_test && printing.contains(&found.what.as_str()));
    found.map(|found| format!("{}:{}: {}!", source.file, found.line, found.what)).collect()
}

#[test]
fn libraries_print_nothing() {
    let all = sources(&["core/src", "core/broker/src", "tui/src", "gui/src"]);
    none("a library prints", all.iter().flat_map(prints_in).collect());
}

#[test]
fn printing_is_found() {
    for (text, is_found) in [
        (r#"fn f() { println!("x"); }"#, true),
        (r#"fn f() { if true { std::eprint!("x") } }"#, true),
        (r#"fn f() { writeln!(out, "x"); tracing::info!("println!"); }"#, false),
        (r#"#[cfg(test)] mod tests { fn f() { println!("x"); } }"#, false),
    ] {
        assert_eq!(!prints_in(&Source::parse("core/src/a.rs", text)).is_empty(), is_found, "{text}");
    }
}

/// Places that would rather panic than say what is wrong.
fn panics_in(source: &Source) -> Vec<String> {
    let macros = ["panic", "unreachable", "todo", "unimplemented"];
    let is_one = |words: &[&str], word: &str| words.contains(&word);
    let called = source.macros.iter().filter(|found| is_one(&macros, &found.what));
    let unwrapped = source.methods.iter().filter(|found| is_one(&["unwrap", "expect"], &found.what));
    let found = called.chain(unwrapped).filter(|found| !found.is_test);
    found.map(|found| format!("{}:{}: {}", source.file, found.line, found.what)).collect()
}

#[test]
fn nothing_panics_but_tests() {
    let mut all = sources(&["src", "core/src", "core/broker/src", "tui/src", "gui/src"]);
    // A constant: it panics while it is compiled.
    all.retain(|source| source.file != "core/src/operators/page.rs");
    none("a panic, where a result could say what is wrong", all.iter().flat_map(panics_in).collect());
}

#[test]
fn a_panic_is_found() {
    for (text, is_found) in [
        ("fn f() { a.unwrap(); }", true),
        (r#"fn f() { a.b().expect("c") }"#, true),
        ("fn f() { match a { _ => unreachable!() } }", true),
        ("fn f() { a.unwrap_or_default(); a.unwrap_or_else(|_| b) }", false),
        ("#[cfg(test)] mod tests { fn f() { a.unwrap() } }", false),
    ] {
        assert_eq!(!panics_in(&Source::parse("core/src/a.rs", text)).is_empty(), is_found, "{text}");
    }
}
