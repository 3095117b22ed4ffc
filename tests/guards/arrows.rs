//! Arrows between modules that may not be drawn. Each is a line of [`ARROWS`]; operators, which may not see each other,
//! have a test of their own.

use super::source::Source;
use super::{none, sources};

/// An arrow that may not be drawn: from the program's code in some folders to some paths.
struct Arrow {
    rule: &'static str,
    from: &'static [&'static str],
    except: &'static [&'static str],
    to: &'static [&'static str],
}

/// Rooms of plain values.
const VALUE_ROOMS: &[&str] = &[
    "core/src/aggregate/",
    "core/src/batch/",
    "core/src/check/",
    "core/src/codec/",
    "core/src/explain/",
    "core/src/expr/",
    "core/src/fields/",
    "core/src/file_schema.rs",
    "core/src/form/",
    "core/src/lag/",
    "core/src/partition.rs",
    "core/src/pipeline/",
    "core/src/plan/",
    "core/src/problem.rs",
    "core/src/snapshot/",
    "core/src/state/",
    "core/src/types.rs",
    "core/src/window/",
];

/// What the program is made of. Benchmarks and the broker are programs beside it.
const PROGRAM: &[&str] = &["src/", "core/src/", "tui/src/", "gui/src/"];

const ARROWS: &[Arrow] = &[
    Arrow {
        rule: "only the client layer sees rdkafka",
        from: PROGRAM,
        except: &["core/src/kafka/"],
        to: &["rdkafka", "rdkafka_sys"],
    },
    Arrow {
        rule: "only the room of expressions sees sqlparser",
        from: PROGRAM,
        except: &["core/src/expr/"],
        to: &["sqlparser"],
    },
    Arrow {
        rule: "only the program's start sees the embedded broker",
        from: PROGRAM,
        except: &["src/broker.rs", "src/common/clusters.rs"],
        to: &["tidegate_broker"],
    },
    Arrow {
        rule: "rooms of values see no running room, no runtime, no file, no clock",
        from: VALUE_ROOMS,
        except: &[],
        to: &[
            "crate::engine",
            "crate::drive",
            "crate::kafka",
            "tokio",
            "std::fs",
            "std::net",
            "std::thread",
            "std::process",
            "std::time::Instant",
            "std::time::SystemTime",
        ],
    },
    Arrow {
        rule: "operators see neither the engine nor the rooms that plan and check them",
        from: &["core/src/operators/"],
        except: &[],
        to: &["crate::engine", "crate::drive", "crate::kafka", "crate::plan", "crate::check", "tokio", "std::thread"],
    },
    Arrow {
        rule: "the faces know neither the engine nor Kafka",
        from: &["tui/src/", "gui/src/"],
        except: &[],
        to: &["tidegate_core::engine", "tidegate_core::drive", "tidegate_core::kafka"],
    },
    Arrow {
        rule: "only the dashboard's theme names colours",
        from: &["tui/src/"],
        except: &["tui/src/theme.rs"],
        to: &["ratatui::style::Color"],
    },
    Arrow {
        rule: "only the dashboard's shell and its keys see the terminal",
        from: &["tui/src/"],
        except: &["tui/src/shell/", "tui/src/keys.rs"],
        to: &["ratatui::crossterm", "ratatui::backend", "std::fs", "std::thread", "signal_hook", "rustix"],
    },
    Arrow {
        rule: "only the editor's theme names colours",
        from: &["gui/src/"],
        except: &["gui/src/theme.rs"],
        to: &[
            "Color32::BLACK",
            "Color32::WHITE",
            "Color32::from_additive_luminance",
            "Color32::from_black_alpha",
            "Color32::from_gray",
            "Color32::from_rgb",
            "Color32::from_rgba_premultiplied",
            "Color32::from_rgba_unmultiplied",
            "Color32::from_white_alpha",
            "Rgba",
        ],
    },
    Arrow {
        rule: "only the editor's disk sees files, and no frame of it waits for a thread",
        from: &["gui/src/"],
        except: &["gui/src/disk.rs"],
        to: &["std::fs", "std::thread", "std::net", "std::process"],
    },
    Arrow {
        rule: "screens do not see each other",
        from: &["tui/src/", "gui/src/", "core/src/"],
        except: &[],
        to: &["tidegate_tui", "tidegate_gui"],
    },
];

impl Arrow {
    /// Places in a source where the arrow is drawn.
    fn drawn_in(&self, source: &Source) -> Vec<String> {
        let is_in = |folders: &[&str]| folders.iter().any(|folder| source.file.starts_with(folder));
        if !is_in(self.from) || is_in(self.except) {
            return Vec::new();
        }
        let program = source.paths.iter().filter(|found| !found.is_test);
        let drawn = program.filter(|found| self.to.iter().any(|to| leads_to(&found.what, to)));
        drawn.map(|found| format!("{}:{}: {}", source.file, found.line, found.what)).collect()
    }
}

/// Whether a path is this one or goes on from it.
fn leads_to(path: &str, to: &str) -> bool {
    path.strip_prefix(to).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[test]
fn no_forbidden_arrow_is_drawn() {
    let all = sources(PROGRAM);
    for arrow in ARROWS {
        none(arrow.rule, all.iter().flat_map(|source| arrow.drawn_in(source)).collect());
    }
}

#[test]
fn every_arrow_goes_red() {
    for arrow in ARROWS {
        for (from, to) in arrow.from.iter().flat_map(|from| arrow.to.iter().map(move |to| (from, to))) {
            let file = if from.ends_with(".rs") { from.to_string() } else { format!("{from}some/file.rs") };
            if arrow.except.iter().any(|except| file.starts_with(except)) {
                continue;
            }
            for text in
                [format!("use {to}::Thing;"), format!("fn f() {{ {to}::thing() }}"), format!("use {to}::{{A, B}};")]
            {
                assert!(!arrow.drawn_in(&Source::parse(&file, &text)).is_empty(), "{}: {file}: {text}", arrow.rule);
            }
            let in_test = format!("#[cfg(test)] mod tests {{ use {to}::Thing; }}");
            assert!(arrow.drawn_in(&Source::parse(&file, &in_test)).is_empty(), "{}: {file}: {in_test}", arrow.rule);
        }
        for except in arrow.except {
            let text = format!("use {}::Thing;", arrow.to[0]);
            let file = if except.ends_with(".rs") { except.to_string() } else { format!("{except}file.rs") };
            assert!(arrow.drawn_in(&Source::parse(&file, &text)).is_empty(), "{}: {file}", arrow.rule);
        }
    }
}

/// Modules of the operators.
fn operator_modules() -> Vec<String> {
    tidegate_core::operators::ALL.iter().map(|operator| operator.name.replace('-', "_")).collect()
}

/// Places where an operator's file names another operator's.
fn others_seen_by(source: &Source, modules: &[String]) -> Vec<String> {
    let Some(inside) = source.file.strip_prefix("core/src/operators/") else { return Vec::new() };
    let own = inside.split(['/', '.']).next().unwrap_or_default();
    if !modules.iter().any(|module| module == own) {
        return Vec::new();
    }
    let is_other = |path: &str| {
        let first = path.strip_prefix("crate::operators::").unwrap_or(path).split("::").next().unwrap_or_default();
        first != own && modules.iter().any(|module| module == first)
    };
    let seen = source.paths.iter().filter(|found| is_other(&found.what));
    seen.map(|found| format!("{}:{}: {}", source.file, found.line, found.what)).collect()
}

#[test]
fn no_operator_sees_another() {
    let modules = operator_modules();
    let all = sources(&["core/src/operators"]);
    for module in &modules {
        let is_there = |source: &Source| {
            source.file == format!("core/src/operators/{module}.rs")
                || source.file == format!("core/src/operators/{module}/mod.rs")
        };
        assert!(all.iter().any(is_there), "the operator of {module} has no file of its name");
    }
    none("an operator sees another", all.iter().flat_map(|source| others_seen_by(source, &modules)).collect());
}

#[test]
fn an_operator_that_sees_another_is_found() {
    let modules = operator_modules();
    for (file, text, is_found) in [
        ("filter.rs", "use super::map::Map;", true),
        ("filter.rs", "use super::{page, map};", true),
        ("filter.rs", "use super::*; fn f() { map::OPERATOR; }", true),
        ("filter.rs", "fn f() { crate::operators::key_by::f() }", true),
        ("generate/trades.rs", "use super::super::scan::Scan;", true),
        ("generate/trades.rs", "use super::super::generate::Shape; use super::super::rows::arrow_fault;", false),
        ("filter.rs", "use super::rows::Selection; fn f() { x.map::<u8>(); filter::g(); hash_map::h() }", false),
        ("mod.rs", "pub static ALL: &[&Operator] = &[&filter::OPERATOR];", false),
    ] {
        let source = Source::parse(&format!("core/src/operators/{file}"), text);
        assert_eq!(!others_seen_by(&source, &modules).is_empty(), is_found, "{file}: {text}");
    }
}
