//! Problems of a file: for people where, what, the text itself with a mark, and what to do; for programs a JSON line each.

use std::fmt::Write;
use std::path::Path;

use serde_json::json;
use tidegate_core::problem::{Place, Problem, Severity};

use super::files::shown;
use super::style::{self, Paint};
use super::voice::{Voice, tell_line};

/// Says problems on standard error, in the order of the file.
pub(crate) fn tell<'a>(path: &Path, text: &str, problems: impl Iterator<Item = &'a Problem>, voice: Voice) {
    match voice {
        Voice::People => eprint!("{}", render(path, text, problems, Paint::stderr(), style::columns())),
        Voice::Programs => in_order(problems).into_iter().for_each(|problem| {
            let mut fields = json!({ "file": shown(path) });
            fields
                .as_object_mut()
                .zip(json!(problem).as_object_mut())
                .into_iter()
                .for_each(|(all, own)| all.append(own));
            tell_line("problem", fields);
        }),
    }
}

fn in_order<'a>(problems: impl Iterator<Item = &'a Problem>) -> Vec<&'a Problem> {
    let mut problems: Vec<&Problem> = problems.collect();
    problems.sort_by_key(|problem| problem.place.line.unwrap_or((usize::MAX, 0)));
    problems
}

/// Problems as text, a block for each.
pub(crate) fn render<'a>(
    path: &Path,
    text: &str,
    problems: impl Iterator<Item = &'a Problem>,
    paint: Paint,
    columns: usize,
) -> String {
    in_order(problems).into_iter().map(|problem| block(path, text, problem, paint, columns)).collect()
}

fn block(path: &Path, text: &str, problem: &Problem, paint: Paint, columns: usize) -> String {
    let severity = match problem.severity {
        Severity::Error => paint.red("error"),
        Severity::Warning => paint.yellow("warning"),
        Severity::Note => paint.cyan("note"),
    };
    let at = problem.place.line.map_or_else(String::new, |(line, column)| format!(":{line}:{column}"));
    // The span is shown by the mark, the line stands in front.
    let place = Place { line: None, span: None, ..problem.place.clone() }.to_string();
    let mut block = format!("{}{at}: {severity}: ", shown(path));
    if !place.is_empty() {
        block.push_str(&paint.bold(&place));
        block.push_str(": ");
    }
    block.push_str(&problem.message);
    block.push('\n');
    if let Some(excerpt) = excerpt(text, &problem.place, columns) {
        for line in excerpt {
            block.push_str(&paint.dim("  | "));
            block.push_str(&line);
            block.push('\n');
        }
    }
    // Writing to a text does not fail.
    let _ = writeln!(block, "  {}: {}", paint.cyan("remedy"), problem.remedy);
    block
}

/// The line that is meant, as much of it as fits, and a mark under the place.
fn excerpt(text: &str, place: &Place, columns: usize) -> Option<[String; 2]> {
    let (line, column) = place.line?;
    let line: Vec<char> = text.lines().nth(line - 1)?.trim_end().chars().map(printable).collect();
    let start = (column - 1).min(line.len());
    let marked = match &place.span {
        Some(span) => span.len().max(1),
        None => token_length(&line[start..]),
    };
    let room = columns.saturating_sub(6).max(20);
    let blank = line.iter().take_while(|letter| **letter == ' ').count().min(start);
    let first = match line.len() - blank <= room {
        true => blank,
        false => start.saturating_sub(room / 3).min(line.len() - (room - 1)).max(blank),
    };
    let is_cut = first > blank;
    let shown: String = line[first..].iter().take(room).collect();
    let has_more = line.len() > first + room;
    let excerpt = format!("{}{}{}", if is_cut { "…" } else { "" }, shown.trim_end(), if has_more { "…" } else { "" });
    let before = start - first + usize::from(is_cut);
    let marked = marked.min((first + room).saturating_sub(start)).max(1);
    Some([excerpt, format!("{:before$}{}", "", "^".repeat(marked))])
}

fn printable(letter: char) -> char {
    if letter.is_control() { ' ' } else { letter }
}

/// Length of the JSON text or word that begins here; 1 for anything that has an inside.
fn token_length(rest: &[char]) -> usize {
    match rest.first() {
        Some('"') => {
            let mut is_escaped = false;
            let end = rest[1..].iter().position(|&letter| {
                let is_end = letter == '"' && !is_escaped;
                is_escaped = letter == '\\' && !is_escaped;
                is_end
            });
            end.map_or(rest.len(), |end| end + 2)
        }
        Some(letter) if letter.is_alphanumeric() || *letter == '-' => {
            rest.iter().take_while(|letter| letter.is_alphanumeric() || "+-._".contains(**letter)).count()
        }
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: usize, column: usize) -> Place {
        Place { line: Some((line, column)), ..Place::default() }
    }

    #[test]
    fn the_place_is_marked() {
        let text = "{\n  \"name\": \"a\",\n  \"n\": 12.5, \"x\": {} }\n";
        for (place, expected) in [
            (at(2, 3), ["\"name\": \"a\",", "^^^^^^"]),
            (at(2, 11), ["\"name\": \"a\",", "        ^^^"]),
            (at(3, 8), ["\"n\": 12.5, \"x\": {} }", "     ^^^^"]),
            (at(3, 19), ["\"n\": 12.5, \"x\": {} }", "                ^"]),
            (Place { span: Some(0..4), ..at(2, 12) }, ["\"name\": \"a\",", "         ^^^^"]),
        ] {
            assert_eq!(excerpt(text, &place, 80).unwrap(), expected);
        }
        assert_eq!(excerpt(text, &at(9, 1), 80), None);
        assert_eq!(excerpt(text, &Place::default(), 80), None);
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let text = format!("{}\"here\"{}", "a".repeat(100), "b".repeat(100));
        let [line, mark] = excerpt(&text, &at(1, 101), 46).unwrap();
        assert!(line.starts_with('…') && line.ends_with('…') && line.chars().count() == 42, "{line}");
        let column = mark.find('^').unwrap();
        assert_eq!(line.chars().skip(column).take(6).collect::<String>(), "\"here\"");
        assert_eq!(mark.trim(), "^^^^^^");
    }

    #[test]
    fn problems_come_in_the_order_of_the_file() {
        let problems = [
            Problem::note(Place::default(), "on the whole").remedy("look"),
            Problem::error(Place { field: Some("b".into()), ..at(2, 1) }, "second").remedy("do this"),
            Problem::warning(at(1, 1), "first").remedy("wait"),
        ];
        let paint = Paint::plain();
        assert_eq!(
            render(Path::new("f.json"), "a\nb\n", problems.iter(), paint, 80),
            "f.json:1:1: warning: first\n  | a\n  | ^\n  remedy: wait\nf.json:2:1: error: b: second\n  | b\n  | ^\n  remedy: do this\n\
             f.json: note: on the whole\n  remedy: look\n"
        );
    }
}
