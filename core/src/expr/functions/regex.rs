//! Regular expressions, of the `regex` crate. A constant pattern is compiled once, before running.

use std::sync::Arc;

use ::regex::{Regex, RegexBuilder};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};

use super::{Category, Function, build, example};
use crate::expr::check::Checker;
use crate::expr::kernels::rows::{Text, each, map2};
use crate::expr::kernels::{Inputs, Reason};
use crate::expr::node::Node;
use crate::types::{Slot, Type};

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "regexp_like",
        category: Category::Regex,
        doc: "Whether a regular expression matches somewhere in a text. Flags: i ignores case, n lets . stop at line \
              ends, x allows white space and comments.",
        examples: &[example("regexp_like('Hello', '^h', 'i')", "true")],
        forms: &[
            build("regexp_like(text text, pattern text) → bool", |checker, nodes, span| {
                bound(checker, nodes, 2, Type::Bool, false, span, |found| {
                    each::<bool>(found.inputs, |row| found.row(row, |regex, text, _| Ok(regex.is_match(text))))
                })
            }),
            build("regexp_like(text text, pattern text, flags text) → bool", |checker, nodes, span| {
                bound(checker, nodes, 2, Type::Bool, false, span, |found| {
                    each::<bool>(found.inputs, |row| found.row(row, |regex, text, _| Ok(regex.is_match(text))))
                })
            }),
        ],
    },
    Function {
        name: "regexp_count",
        category: Category::Regex,
        doc: "How often a regular expression matches in a text.",
        examples: &[example("regexp_count('a1b22c', '[0-9]+')", "2")],
        forms: &[build("regexp_count(text text, pattern text) → int64", |checker, nodes, span| {
            bound(checker, nodes, 2, Type::Int64, false, span, |found| {
                each::<i64>(found.inputs, |row| {
                    found.row(row, |regex, text, _| Ok(regex.find_iter(text).count() as i64))
                })
            })
        })],
    },
    Function {
        name: "regexp_substr",
        category: Category::Regex,
        doc: "The first match of a regular expression in a text; null where there is none.",
        examples: &[
            example("regexp_substr('abc123', '[0-9]+')", "123"),
            example("regexp_substr('abc', '[0-9]+')", "NULL"),
        ],
        forms: &[build("regexp_substr(text text, pattern text) → text", |checker, nodes, span| {
            bound(checker, nodes, 2, Type::Text, true, span, |found| {
                each::<Option<&str>>(found.inputs, |row| {
                    found.row(row, |regex, text, _| Ok(regex.find(text).map(|hit| hit.as_str())))
                })
            })
        })],
    },
    Function {
        name: "regexp_instr",
        category: Category::Regex,
        doc: "The place, in characters from 1, of the first match of a regular expression; 0 where there is none.",
        examples: &[example("regexp_instr('abc123', '[0-9]')", "4")],
        forms: &[build("regexp_instr(text text, pattern text) → int64", |checker, nodes, span| {
            bound(checker, nodes, 2, Type::Int64, false, span, |found| {
                each::<i64>(found.inputs, |row| {
                    found.row(row, |regex, text, _| {
                        Ok(regex.find(text).map_or(0, |hit| text[..hit.start()].chars().count() as i64 + 1))
                    })
                })
            })
        })],
    },
    Function {
        name: "regexp_match",
        category: Category::Regex,
        doc: "The groups of the first match as a list (the whole match where the pattern has no groups); null where \
              nothing matches.",
        examples: &[
            example("(regexp_match('k=v', '(.*)=(.*)'))[2]", "v"),
            example("regexp_match('k', '(.*)=(.*)') IS NULL", "true"),
        ],
        forms: &[
            build("regexp_match(text text, pattern text) → list of text", |checker, nodes, span| {
                bound(checker, nodes, 2, texts(), true, span, groups)
            }),
            build("regexp_match(text text, pattern text, flags text) → list of text", |checker, nodes, span| {
                bound(checker, nodes, 2, texts(), true, span, groups)
            }),
        ],
    },
    Function {
        name: "regexp_replace",
        category: Category::Regex,
        doc: "Replaces the first match of a regular expression (all with the flag g). In the replacement \\1 to \\9 are \
              the groups, \\& the whole match.",
        examples: &[
            example("regexp_replace('a1b2', '[0-9]', '#')", "a#b2"),
            example("regexp_replace('John Smith', '(\\w+) (\\w+)', '\\2 \\1')", "Smith John"),
            example("regexp_replace('a1b2', '[0-9]', '#', 'g')", "a#b#"),
        ],
        forms: &[
            build("regexp_replace(text text, pattern text, replacement text) → text", |checker, nodes, span| {
                bound(checker, nodes, 3, Type::Text, false, span, replaced)
            }),
            build(
                "regexp_replace(text text, pattern text, replacement text, flags text) → text",
                |checker, nodes, span| bound(checker, nodes, 3, Type::Text, false, span, replaced),
            ),
        ],
    },
    Function {
        name: "regexp_split_to_array",
        category: Category::Regex,
        doc: "The parts of a text between the matches of a regular expression, as a list.",
        examples: &[example("to_json(regexp_split_to_array('a1b22c', '[0-9]+'))", "[\"a\",\"b\",\"c\"]")],
        forms: &[build("regexp_split_to_array(text text, pattern text) → list of text", |checker, nodes, span| {
            bound(checker, nodes, 2, texts(), false, span, |found| {
                each::<Vec<Option<String>>>(found.inputs, |row| found.row(row, |regex, text, _| Ok(split(regex, text))))
            })
        })],
    },
];

fn texts() -> Type {
    Type::List(Box::new(Slot::nullable(Type::Text)))
}

/// A pattern: compiled before running where it is constant.
#[derive(Debug, Clone)]
pub(in crate::expr) struct Pattern {
    fixed: Option<Regex>,
    flags: String,
}

/// The pattern that a node gives, with flags.
///
/// # Errors
/// Where a constant pattern or its flags are wrong.
/// What to do about a pattern that is none.
pub(in crate::expr) const PATTERN: &str = "put \\ before a character that is meant itself: \\( \\[ \\* \\+ \\?";

pub(in crate::expr) fn pattern_of(node: &Node, flags: &str) -> Result<Pattern, Reason> {
    let fixed = match node.as_constant() {
        Some(pattern) if !pattern.is_null(0) => Some(compiled(pattern.as_string_view().value(0), flags)?),
        _ => None,
    };
    Ok(Pattern { fixed, flags: flags.to_string() })
}

fn compiled(pattern: &str, flags: &str) -> Result<Regex, Reason> {
    let mut builder = RegexBuilder::new(pattern);
    builder.dot_matches_new_line(true);
    for flag in flags.chars() {
        match flag {
            'i' => builder.case_insensitive(true),
            'c' => builder.case_insensitive(false),
            'n' | 'm' => builder.multi_line(true).dot_matches_new_line(false),
            'x' => builder.ignore_whitespace(true),
            's' | 'g' => &mut builder,
            other => return Err(format!("there is no flag \"{other}\" of regular expressions").into()),
        };
    }
    builder.build().map_err(|error| {
        let text = error.to_string();
        let last = text.lines().last().unwrap_or_default();
        format!("not a regular expression: {}", last.trim_start_matches("error: ")).into()
    })
}

impl Pattern {
    /// Whether the pattern is the same for all rows.
    pub(in crate::expr) fn is_fixed(&self) -> bool {
        self.fixed.is_some()
    }

    /// `~` and its kin.
    pub(in crate::expr) fn matches(&self, negated: bool, inputs: &Inputs) -> ArrayRef {
        map2::<Text, Text, bool>(inputs, |text, pattern| Ok(self.regex(pattern)?.is_match(text) != negated))
    }

    fn regex(&self, pattern: &str) -> Result<Regex, Reason> {
        match &self.fixed {
            Some(regex) => Ok(regex.clone()),
            None => compiled(pattern, &self.flags),
        }
    }
}

/// A call that runs: its pattern and its arguments, of which the second is the pattern's text.
struct Found<'a> {
    inputs: &'a Inputs,
    pattern: &'a Pattern,
}

impl<'a> Found<'a> {
    fn text(&self, place: usize, row: usize) -> Option<&'a str> {
        let value = self.inputs.values.get(place)?;
        (!value.is_null(row)).then(|| value.array.as_string_view().value(value.at(row)))
    }

    /// One row: the regular expression, the text, and the third argument where there is one.
    fn row<G>(
        &self,
        row: usize,
        function: impl FnOnce(&Regex, &'a str, &'a str) -> Result<G, Reason>,
    ) -> Option<Result<G, Reason>> {
        let (text, pattern) = (self.text(0, row)?, self.text(1, row)?);
        let third = if self.inputs.values.len() > 2 { self.text(2, row)? } else { "" };
        Some(match &self.pattern.fixed {
            Some(regex) => function(regex, text, third),
            None => compiled(pattern, &self.pattern.flags).and_then(|regex| function(&regex, text, third)),
        })
    }

    fn is_global(&self) -> bool {
        self.pattern.flags.contains('g')
    }
}

/// Binds the pattern; the argument at `flags` holds the flags, which must be constant.
fn bound(
    checker: &mut Checker,
    mut nodes: Vec<Node>,
    flags: usize,
    data: Type,
    is_nullable: bool,
    span: std::ops::Range<usize>,
    run: fn(&Found) -> ArrayRef,
) -> Option<Node> {
    let given = if nodes.len() > flags { nodes.pop() } else { None };
    let letters = match &given {
        None => String::new(),
        Some(node) => match node.as_constant().filter(|_| node.data == Type::Text && node.required) {
            Some(letters) => letters.as_string_view().value(0).to_string(),
            None => {
                checker.problem(node.span.clone(), "flags are a literal", "write them out, such as 'i'");
                return None;
            }
        },
    };
    let nodes = checker.convert_all(nodes, &Type::Text)?;
    let pattern = match pattern_of(&nodes[1], &letters) {
        Ok(pattern) => Arc::new(pattern),
        Err(reason) => {
            checker.problem(nodes[1].span.clone(), reason, PATTERN);
            return None;
        }
    };
    let can_fail = !pattern.is_fixed();
    let kernel = move |inputs: &Inputs| run(&Found { inputs, pattern: &pattern });
    let node = checker.strict(kernel, nodes, data, can_fail, span)?;
    Some(Node { required: node.required && (!is_nullable || node.as_constant().is_some()), ..node })
}

fn groups(found: &Found) -> ArrayRef {
    each::<Option<Vec<Option<String>>>>(found.inputs, |row| {
        found.row(row, |regex, text, _| {
            let first = usize::from(regex.captures_len() > 1);
            let group = |hit: Option<::regex::Match>| hit.map(|hit| hit.as_str().to_string());
            Ok(regex.captures(text).map(|captures| captures.iter().skip(first).map(group).collect()))
        })
    })
}

fn replaced(found: &Found) -> ArrayRef {
    let is_global = found.is_global();
    each::<String>(found.inputs, |row| {
        found.row(row, |regex, text, replacement| {
            let with = |captures: &::regex::Captures| filled(replacement, captures);
            Ok(if is_global { regex.replace_all(text, with) } else { regex.replace(text, with) }.into_owned())
        })
    })
}

/// The replacement with its groups put in.
fn filled(replacement: &str, captures: &::regex::Captures) -> String {
    let mut text = String::new();
    let mut rest = replacement.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            text.push(character);
            continue;
        }
        match rest.next() {
            Some('&') => text.push_str(&captures[0]),
            Some(digit @ '1'..='9') => {
                let group = digit.to_digit(10).and_then(|digit| captures.get(digit as usize));
                text.push_str(group.map_or("", |hit| hit.as_str()));
            }
            Some('\\') | None => text.push('\\'),
            Some(other) => text.extend(['\\', other]),
        }
    }
    text
}

/// As PostgreSQL: an empty match at the start or right behind another match is not a place to split.
fn split(regex: &Regex, text: &str) -> Vec<Option<String>> {
    let (mut parts, mut start) = (Vec::new(), 0);
    for hit in regex.find_iter(text).filter(|hit| !hit.is_empty() || (hit.start() > 0 && hit.start() < text.len())) {
        parts.push(Some(text[start..hit.start()].to_string()));
        start = hit.end();
    }
    parts.push(Some(text[start..].to_string()));
    parts
}
