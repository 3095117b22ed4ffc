//! The pipeline is kept in few places, and changes through `Edit` alone: a second copy is a second truth.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::source::{Source, is_punct};
use super::{none, sources};

/// Who keeps a pipeline: where it is defined, the file that a command was given, the drawing of the faces.
const KEEPERS: &[&str] = &["core/src/pipeline/", "core/src/faces/", "src/common/files.rs", "tui/src/model/"];

/// Who may change one without an `Edit`.
const EDITORS: &[&str] = &["core/src/pipeline/"];

/// Methods that change a list.
const CHANGES: &[&str] = &[
    "append", "clear", "drain", "extend", "insert", "iter_mut", "pop", "push", "remove", "retain", "sort", "swap",
    "truncate",
];

fn stands_in(file: &str, folders: &[&str]) -> bool {
    folders.iter().any(|folder| file.starts_with(folder))
}

/// Lines of structs that own a pipeline.
fn owners(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    each_level(&source.tokens, &mut |tokens| {
        for (i, token) in tokens.iter().enumerate() {
            let is_struct = matches!(token, TokenTree::Ident(word) if word == "struct");
            let body =
                tokens[i..].iter().take_while(|token| !is_punct(Some(token), ';')).find_map(|token| match token {
                    TokenTree::Group(group) if group.delimiter() != Delimiter::Bracket => Some(group),
                    _ => None,
                });
            if let Some(body) = body.filter(|_| is_struct) {
                let fields: Vec<TokenTree> = body.stream().into_iter().collect();
                found.extend(owned(&fields).map(|line| format!("{}:{line}: a struct owns a `Pipeline`", source.file)));
            }
        }
    });
    found
}

/// Lines of `Pipeline`, unless it is borrowed: `&Pipeline`, `&'a Pipeline`.
fn owned(fields: &[TokenTree]) -> impl Iterator<Item = usize> {
    let is_borrowed = |i: usize| {
        let before = |back: usize| i.checked_sub(back).and_then(|at| fields.get(at));
        is_punct(before(1), '&') || (is_punct(before(2), '\'') && is_punct(before(3), '&'))
    };
    fields.iter().enumerate().filter_map(move |(i, token)| match token {
        TokenTree::Ident(word) if word == "Pipeline" && !is_borrowed(i) => Some(word.span().start().line),
        _ => None,
    })
}

/// Lines where a part of a pipeline is set, or one of its lists is changed.
fn changes(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    each_level(&source.tokens, &mut |tokens| {
        for window in tokens.windows(6) {
            let [TokenTree::Ident(whole), dot, TokenTree::Ident(part), then, next, last] = window else { continue };
            let is_set = is_punct(Some(then), '=') && !is_punct(Some(next), '=');
            let is_changed = is_punct(Some(then), '.')
                && CHANGES.contains(&next.to_string().as_str())
                && matches!(last, TokenTree::Group(_));
            if whole == "pipeline" && is_punct(Some(dot), '.') && (is_set || is_changed) {
                let line = part.span().start().line;
                found.push(format!("{}:{line}: `pipeline.{part}` is changed", source.file));
            }
        }
    });
    found
}

/// Shows the tokens of each level of brackets.
fn each_level(tokens: &TokenStream, show: &mut impl FnMut(&[TokenTree])) {
    let level: Vec<TokenTree> = tokens.clone().into_iter().collect();
    show(&level);
    for token in &level {
        if let TokenTree::Group(group) = token {
            each_level(&group.stream(), show);
        }
    }
}

fn program() -> Vec<Source> {
    let mut all = sources(&["src", "core/src", "tui/src", "gui/src"]);
    all.retain(|source| !source.is_test);
    all
}

#[test]
fn the_pipeline_is_kept_where_it_belongs() {
    let all = program();
    assert!(all.iter().any(|source| !owners(source).is_empty()), "owners are not found any more");
    let strangers = all.iter().filter(|source| !stands_in(&source.file, KEEPERS));
    none("a second copy of the pipeline", strangers.flat_map(owners).collect());
}

#[test]
fn the_pipeline_changes_through_edits_alone() {
    let all = program();
    let strangers = all.iter().filter(|source| !stands_in(&source.file, EDITORS));
    none("the pipeline is changed without an `Edit`", strangers.flat_map(changes).collect());
}

#[test]
fn copies_and_changes_are_found() {
    let count = |text: &str| {
        let source = Source::parse("tui/src/a.rs", text);
        (owners(&source).len(), changes(&source).len())
    };
    for (text, expected) in [
        ("struct A { pipeline: Pipeline }", (1, 0)),
        ("mod m { pub(crate) struct A<T>(Vec<Arc<Pipeline>>, T); }", (1, 0)),
        ("struct A<'a> { a: &'a Pipeline, b: &Pipeline, c: fn(&Pipeline) }", (0, 0)),
        ("struct A; fn f(pipeline: Pipeline) -> Pipeline { pipeline }", (0, 0)),
        ("fn f() { self.pipeline.nodes.push(node); }", (0, 1)),
        ("fn f() { pipeline.name = text; }", (0, 1)),
        ("fn f() { pipeline.nodes.iter().all(g); pipeline.name == text }", (0, 0)),
    ] {
        assert_eq!(count(text), expected, "{text}");
    }
}
