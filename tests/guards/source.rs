//! A Rust source taken apart as far as the guards need it: paths, resolved to the crate's root; texts; macros and methods
//! that are called. What stands behind `#[cfg(test)]` is marked, for most rules are about the program only.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// A source.
#[derive(Debug)]
pub(crate) struct Source {
    /// from the workspace's root, with `/`
    pub(crate) file: String,
    /// how many
    pub(crate) lines: usize,
    /// the whole file is about tests
    pub(crate) is_test: bool,
    /// all there is
    pub(crate) tokens: TokenStream,
    /// `use`s and paths in the code, as `crate::batch::Batch`; a glob ends in `*`
    pub(crate) paths: Vec<Found>,
    /// texts, without quotes
    pub(crate) texts: Vec<Found>,
    /// names of macros that are called
    pub(crate) macros: Vec<Found>,
    /// names of methods that are called
    pub(crate) methods: Vec<Found>,
}

/// Something at a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) what: String,
    pub(crate) line: usize,
    pub(crate) is_test: bool,
}

/// Where the walk is.
#[derive(Clone)]
struct At {
    module: Vec<String>,
    is_test: bool,
}

impl Source {
    /// Takes a source apart. `file` says which module it is.
    pub(crate) fn parse(file: &str, text: &str) -> Source {
        let tokens: TokenStream = text.parse().unwrap_or_else(|why| panic!("{file}: {why}"));
        let module = module_of(file);
        let is_test = !file.contains("src/")
            || module
                .iter()
                .any(|part| ["tests", "testing", "testkit", "samples", "laws", "mock"].contains(&part.as_str()));
        let mut source = Source {
            file: file.into(),
            lines: text.lines().count(),
            is_test,
            tokens: tokens.clone(),
            paths: vec![],
            texts: vec![],
            macros: vec![],
            methods: vec![],
        };
        source.walk(tokens, &At { module, is_test });
        source
    }

    fn walk(&mut self, tokens: TokenStream, at: &At) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut i = 0;
        while i < tokens.len() {
            let item = if is_test_attribute(&tokens[i..]) { item_end(&tokens, i) } else { i };
            if item > i {
                let inner: TokenStream = tokens[i + 2..item].iter().cloned().collect();
                self.walk(inner, &At { is_test: true, ..at.clone() });
                i = item;
                continue;
            }
            i += self.token(&tokens, i, at);
        }
    }

    /// Takes what begins at a token; tells how many tokens it took.
    fn token(&mut self, tokens: &[TokenTree], i: usize, at: &At) -> usize {
        let found = |what: String, line: usize| Found { what, line, is_test: at.is_test };
        match &tokens[i] {
            TokenTree::Ident(name) if name == "mod" => match (tokens.get(i + 1), tokens.get(i + 2)) {
                (Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) => {
                    let mut inner = at.clone();
                    inner.module.push(name.to_string());
                    self.walk(body.stream(), &inner);
                    3
                }
                _ => 1,
            },
            TokenTree::Ident(name) => {
                let line = name.span().start().line;
                let is_method = i > 0 && is_punct(tokens.get(i - 1), '.');
                let mut paths = Vec::new();
                let taken = path(&tokens[i..], &mut Vec::new(), &mut paths);
                if is_punct(tokens.get(i + taken), '!') && !is_punct(tokens.get(i + taken + 1), '=') {
                    self.macros.extend(paths.pop().and_then(|mut parts| parts.pop()).map(|name| found(name, line)));
                }
                if is_method && matches!(tokens.get(i + taken), Some(TokenTree::Group(_))) {
                    self.methods.push(found(name.to_string(), line));
                }
                for parts in paths.into_iter().filter(|parts| parts.len() > 1 && !is_method) {
                    self.paths.push(found(resolve(&at.module, &parts), line));
                }
                taken
            }
            TokenTree::Literal(literal) => {
                let line = literal.span().start().line;
                self.texts.extend(unquoted(&literal.to_string()).map(|text| found(text, line)));
                1
            }
            TokenTree::Group(group) => {
                self.walk(group.stream(), at);
                1
            }
            TokenTree::Punct(_) => 1,
        }
    }
}

/// The module that a file is, from its crate's root.
fn module_of(file: &str) -> Vec<String> {
    let inside = file.split_once("src/").map_or(file, |(_, inside)| inside);
    let mut parts: Vec<String> = inside.trim_end_matches(".rs").split('/').map(str::to_string).collect();
    if parts.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        parts.pop();
    }
    parts
}

/// `self`, `super` and `crate` as a path from the crate's root; other paths stay as they are.
fn resolve(module: &[String], parts: &[String]) -> String {
    let ups = parts.iter().take_while(|part| *part == "super").count();
    let base = match parts[0].as_str() {
        "super" => &module[..module.len().saturating_sub(ups)],
        "self" => module,
        _ => return parts.join("::"),
    };
    let rest = &parts[ups.max(1)..];
    ["crate"].into_iter().chain(base.iter().chain(rest).map(String::as_str)).collect::<Vec<_>>().join("::")
}

/// Reads a path, or all paths of a tree of `use`; tells how many tokens it took.
fn path(tokens: &[TokenTree], before: &mut Vec<String>, into: &mut Vec<Vec<String>>) -> usize {
    let depth = before.len();
    let mut i = 0;
    let mut is_whole = true;
    loop {
        match tokens.get(i) {
            Some(TokenTree::Ident(name)) => before.push(name.to_string()),
            Some(TokenTree::Punct(star)) if star.as_char() == '*' && i > 0 => before.push("*".into()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace && i > 0 => {
                branches(group, before, into);
                is_whole = false;
            }
            _ => break,
        }
        i += 1;
        let goes_on = is_whole && is_punct(tokens.get(i), ':') && is_punct(tokens.get(i + 1), ':');
        if !goes_on {
            break;
        }
        i += 2;
    }
    if is_whole {
        into.push(before.clone());
    }
    before.truncate(depth);
    i.max(1)
}

fn branches(group: &Group, before: &mut Vec<String>, into: &mut Vec<Vec<String>>) {
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    for branch in tokens.split(|token| is_punct(Some(token), ',')).filter(|branch| !branch.is_empty()) {
        path(branch, before, into);
    }
}

/// The text between a literal's quotes, escapes as they are written.
fn unquoted(literal: &str) -> Option<String> {
    let bare = literal.trim_start_matches(['b', 'c', 'r']).trim_matches('#');
    Some(bare.strip_prefix('"')?.strip_suffix('"')?.to_string())
}

pub(crate) fn is_punct(token: Option<&TokenTree>, char: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == char)
}

/// `#[cfg(test)]`
fn is_test_attribute(tokens: &[TokenTree]) -> bool {
    match tokens {
        [hash, TokenTree::Group(group), ..] => {
            is_punct(Some(hash), '#') && group.stream().to_string().replace(' ', "") == "cfg(test)"
        }
        _ => false,
    }
}

/// Where the item ends that follows an attribute: behind its body, or its semicolon.
fn item_end(tokens: &[TokenTree], from: usize) -> usize {
    let is_end = |token: &TokenTree| {
        is_punct(Some(token), ';') || matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
    };
    let body = tokens.iter().enumerate().skip(from + 2).find(|(_, token)| is_end(token));
    body.map_or(tokens.len(), |(i, _)| i + 1)
}

#[test]
fn paths_are_resolved_and_trees_of_use_unfolded() {
    let text = "use super::{map, filter::{self, Kind}};
        use crate::batch::*;
        fn f() { let x = a.map::<u8>(); self::g(); super::super::engine::run(std::time::Instant::now()) }
        mod inner { use super::super::body::Body; }
        #[cfg(test)] mod tests { use super::super::testing::Bench; }
        // use crate::kafka::Hidden;
        /* rdkafka::Hidden */";
    let source = Source::parse("core/src/operators/merge.rs", text);
    let paths: Vec<(&str, usize)> = source.paths.iter().map(|found| (found.what.as_str(), found.line)).collect();
    assert_eq!(
        paths,
        [
            ("crate::operators::map", 1),
            ("crate::operators::filter::self", 1),
            ("crate::operators::filter::Kind", 1),
            ("crate::batch::*", 2),
            ("crate::operators::merge::g", 3),
            ("crate::engine::run", 3),
            ("std::time::Instant::now", 3),
            ("crate::operators::body::Body", 4),
            ("crate::operators::testing::Bench", 5),
        ]
    );
    let tests: Vec<bool> = source.paths.iter().map(|found| found.is_test).collect();
    assert_eq!(tests, [false, false, false, false, false, false, false, false, true]);
}

#[test]
fn texts_and_macros_are_found_wherever_they_stand() {
    let text = "fn f(a: &str) -> bool { println!(\"{}\", a != \"b\"); matches!(a, \"merge\" | r#\"raw\"#) }
        #[cfg(test)]
        fn g() { dbg!(\"test\"); }
        fn h<'a>(c: char) -> &'a str { \"after\" }";
    let source = Source::parse("core/src/a.rs", text);
    let texts: Vec<(&str, bool)> = source.texts.iter().map(|found| (found.what.as_str(), found.is_test)).collect();
    assert_eq!(
        texts,
        [("{}", false), ("b", false), ("merge", false), ("raw", false), ("test", true), ("after", false)]
    );
    let macros: Vec<&str> = source.macros.iter().map(|found| found.what.as_str()).collect();
    assert_eq!(macros, ["println", "matches", "dbg"]);
}

#[test]
fn methods_are_found_where_they_are_called() {
    let text = "fn unwrap() { a.unwrap(); b.c.map(Option::unwrap).expect(\"d\"); e.field; unwrap() }";
    let source = Source::parse("core/src/a.rs", text);
    let methods: Vec<&str> = source.methods.iter().map(|found| found.what.as_str()).collect();
    assert_eq!(methods, ["unwrap", "map", "expect"]);
}
