//! Text and bytes. Positions and lengths count characters; `encode`, `decode` and their kin are in `coding`.

mod coding;
mod edit;

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::cast::AsArray;

use super::{Category, Function, build, example, rows, sure, total};
use crate::expr::kernels::rows::{Bool, Bytes, Int, Text, each, map1, map2, map3, map4};
use crate::expr::kernels::{Inputs, Reason};
use crate::expr::node::Node;
use crate::types::Type;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "length",
        category: Category::String,
        doc: "The number of characters of a text, of bytes their number.",
        examples: &[example("length('größe')", "5"), example("length('')", "0")],
        forms: &[
            sure("length(text text) → int64", |inputs| map1::<Text, i64>(inputs, |text| Ok(edit::length(text)))),
            sure("length(bytes bytes) → int64", |inputs| map1::<Bytes, i64>(inputs, |bytes| Ok(bytes.len() as i64))),
        ],
    },
    Function {
        name: "char_length",
        category: Category::String,
        doc: "The number of characters of a text.",
        examples: &[example("char_length('größe')", "5")],
        forms: &[sure("char_length(text text) → int64", |inputs| {
            map1::<Text, i64>(inputs, |text| Ok(edit::length(text)))
        })],
    },
    Function {
        name: "octet_length",
        category: Category::String,
        doc: "The number of bytes.",
        examples: &[example("octet_length('größe')", "7")],
        forms: &[
            sure("octet_length(text text) → int64", |inputs| map1::<Text, i64>(inputs, |text| Ok(text.len() as i64))),
            sure("octet_length(bytes bytes) → int64", |inputs| {
                map1::<Bytes, i64>(inputs, |bytes| Ok(bytes.len() as i64))
            }),
        ],
    },
    Function {
        name: "lower",
        category: Category::String,
        doc: "The text in lower case.",
        examples: &[example("lower('TOM')", "tom")],
        forms: &[sure("lower(text text) → text", |inputs| {
            map1::<Text, String>(inputs, |text| Ok(edit::lower(text)))
        })],
    },
    Function {
        name: "upper",
        category: Category::String,
        doc: "The text in upper case, letter by letter.",
        examples: &[example("upper('tom')", "TOM"), example("upper('é')", "É")],
        forms: &[sure("upper(text text) → text", |inputs| {
            map1::<Text, String>(inputs, |text| Ok(edit::upper(text)))
        })],
    },
    Function {
        name: "initcap",
        category: Category::String,
        doc: "The first letter of each word in upper case, the others in lower case.",
        examples: &[example("initcap('hi THOMAS')", "Hi Thomas")],
        forms: &[sure("initcap(text text) → text", |inputs| {
            map1::<Text, String>(inputs, |text| Ok(edit::initcap(text)))
        })],
    },
    Function {
        name: "btrim",
        category: Category::String,
        doc: "The text without spaces (or the given characters) at both ends; also written trim(…).",
        examples: &[example("btrim('  x ')", "x"), example("btrim('xyxtrimyyx', 'xyz')", "trim")],
        forms: &[
            sure("btrim(text text) → text", |inputs| map1::<Text, &str>(inputs, |text| Ok(text.trim_matches(' ')))),
            sure("btrim(text text, characters text) → text", |inputs| {
                map2::<Text, Text, &str>(inputs, |text, set| Ok(text.trim_matches(|c| set.contains(c))))
            }),
        ],
    },
    Function {
        name: "ltrim",
        category: Category::String,
        doc: "The text without spaces (or the given characters) at its start.",
        examples: &[example("ltrim('zzzytest', 'xyz')", "test")],
        forms: &[
            sure("ltrim(text text) → text", |inputs| {
                map1::<Text, &str>(inputs, |text| Ok(text.trim_start_matches(' ')))
            }),
            sure("ltrim(text text, characters text) → text", |inputs| {
                map2::<Text, Text, &str>(inputs, |text, set| Ok(text.trim_start_matches(|c| set.contains(c))))
            }),
        ],
    },
    Function {
        name: "rtrim",
        category: Category::String,
        doc: "The text without spaces (or the given characters) at its end.",
        examples: &[example("rtrim('testxxzx', 'xyz')", "test")],
        forms: &[
            sure("rtrim(text text) → text", |inputs| {
                map1::<Text, &str>(inputs, |text| Ok(text.trim_end_matches(' ')))
            }),
            sure("rtrim(text text, characters text) → text", |inputs| {
                map2::<Text, Text, &str>(inputs, |text, set| Ok(text.trim_end_matches(|c| set.contains(c))))
            }),
        ],
    },
    Function {
        name: "lpad",
        category: Category::String,
        doc: "The text brought to a length by spaces (or a text) before it; a longer text is cut.",
        examples: &[example("lpad('hi', 5, 'xy')", "xyxhi"), example("lpad('hello', 2)", "he")],
        forms: &[
            rows("lpad(text text, length int64) → text", |inputs| {
                map2::<Text, Int, String>(inputs, |text, length| edit::pad(text, length, " ", true))
            }),
            rows("lpad(text text, length int64, fill text) → text", |inputs| {
                map3::<Text, Int, Text, String>(inputs, |text, length, fill| edit::pad(text, length, fill, true))
            }),
        ],
    },
    Function {
        name: "rpad",
        category: Category::String,
        doc: "The text brought to a length by spaces (or a text) behind it; a longer text is cut.",
        examples: &[example("rpad('hi', 5, 'xy')", "hixyx")],
        forms: &[
            rows("rpad(text text, length int64) → text", |inputs| {
                map2::<Text, Int, String>(inputs, |text, length| edit::pad(text, length, " ", false))
            }),
            rows("rpad(text text, length int64, fill text) → text", |inputs| {
                map3::<Text, Int, Text, String>(inputs, |text, length, fill| edit::pad(text, length, fill, false))
            }),
        ],
    },
    Function {
        name: "left",
        category: Category::String,
        doc: "The first n characters; for negative n all but the last |n|.",
        examples: &[example("left('abcde', 2)", "ab"), example("left('abcde', -2)", "abc")],
        forms: &[sure("left(text text, n int64) → text", |inputs| {
            map2::<Text, Int, &str>(inputs, |text, n| Ok(edit::left(text, n)))
        })],
    },
    Function {
        name: "right",
        category: Category::String,
        doc: "The last n characters; for negative n all but the first |n|.",
        examples: &[example("right('abcde', 2)", "de"), example("right('abcde', -2)", "cde")],
        forms: &[sure("right(text text, n int64) → text", |inputs| {
            map2::<Text, Int, &str>(inputs, |text, n| Ok(edit::right(text, n)))
        })],
    },
    Function {
        name: "substring",
        category: Category::String,
        doc: "The part from a place (counted from 1) on, of a length; also written substring(text FROM 2 FOR 3).",
        examples: &[example("substring('Thomas', 2, 3)", "hom"), example("substring('Thomas' FROM 3)", "omas")],
        forms: SUBSTRING,
    },
    Function {
        name: "substr",
        category: Category::String,
        doc: "As substring.",
        examples: &[example("substr('alphabet', 3, 2)", "ph")],
        forms: SUBSTRING,
    },
    Function {
        name: "strpos",
        category: Category::String,
        doc: "The place of a part in a text, from 1; 0 where it is not there. Also written position(part IN text).",
        examples: &[example("strpos('high', 'ig')", "2"), example("position('x' IN 'high')", "0")],
        forms: &[sure("strpos(text text, part text) → int64", |inputs| {
            map2::<Text, Text, i64>(inputs, |text, part| Ok(edit::position(text, part)))
        })],
    },
    Function {
        name: "replace",
        category: Category::String,
        doc: "Replaces every occurrence of a part.",
        examples: &[example("replace('abcdefabcdef', 'cd', 'XX')", "abXXefabXXef")],
        forms: &[sure("replace(text text, from text, to text) → text", |inputs| {
            map3::<Text, Text, Text, String>(inputs, |text, from, to| {
                Ok(if from.is_empty() { text.to_string() } else { text.replace(from, to) })
            })
        })],
    },
    Function {
        name: "translate",
        category: Category::String,
        doc: "Replaces each character that is in one set by that at the same place of another, or drops it.",
        examples: &[example("translate('12345', '143', 'ax')", "a2x5")],
        forms: &[sure("translate(text text, from text, to text) → text", |inputs| {
            map3::<Text, Text, Text, String>(inputs, |text, from, to| Ok(edit::translate(text, from, to)))
        })],
    },
    Function {
        name: "overlay",
        category: Category::String,
        doc: "Puts a text over the part from a place on (as long as the new text, or of a length); also written \
              overlay(text PLACING new FROM 2 FOR 4).",
        examples: &[example("overlay('Txxxxas' PLACING 'hom' FROM 2 FOR 4)", "Thomas")],
        forms: &[
            rows("overlay(text text, new text, start int64) → text", |inputs| {
                map3::<Text, Text, Int, String>(inputs, |text, new, start| {
                    edit::overlay(text, new, start, edit::length(new))
                })
            }),
            rows("overlay(text text, new text, start int64, count int64) → text", |inputs| {
                map4::<Text, Text, Int, Int, String>(inputs, edit::overlay)
            }),
        ],
    },
    Function {
        name: "split_part",
        category: Category::String,
        doc: "The n-th part between delimiters, from 1; negative n counts from the end. Empty where there is none.",
        examples: &[example("split_part('a,b,c', ',', 2)", "b"), example("split_part('a,b,c', ',', -1)", "c")],
        forms: &[rows("split_part(text text, delimiter text, n int64) → text", |inputs| {
            map3::<Text, Text, Int, &str>(inputs, edit::split_part)
        })],
    },
    Function {
        name: "repeat",
        category: Category::String,
        doc: "The text so many times.",
        examples: &[example("repeat('ab', 3)", "ababab"), example("repeat('ab', -1)", "")],
        forms: &[rows("repeat(text text, times int64) → text", |inputs| {
            map2::<Text, Int, String>(inputs, edit::repeat)
        })],
    },
    Function {
        name: "reverse",
        category: Category::String,
        doc: "The characters in reverse order.",
        examples: &[example("reverse('abcde')", "edcba")],
        forms: &[sure("reverse(text text) → text", |inputs| {
            map1::<Text, String>(inputs, |text| Ok(text.chars().rev().collect::<String>()))
        })],
    },
    Function {
        name: "starts_with",
        category: Category::String,
        doc: "Whether a text starts with another.",
        examples: &[example("starts_with('alphabet', 'alph')", "true")],
        forms: &[sure("starts_with(text text, start text) → bool", |inputs| {
            map2::<Text, Text, bool>(inputs, |text, start| Ok(text.starts_with(start)))
        })],
    },
    Function {
        name: "ascii",
        category: Category::String,
        doc: "The code point of the first character; 0 for no character.",
        examples: &[example("ascii('x')", "120")],
        forms: &[sure("ascii(text text) → int64", |inputs| {
            map1::<Text, i64>(inputs, |text| Ok(text.chars().next().map_or(0, |first| i64::from(u32::from(first)))))
        })],
    },
    Function {
        name: "chr",
        category: Category::String,
        doc: "The character of a code point.",
        examples: &[example("chr(65)", "A"), example("chr(8364)", "€")],
        forms: &[rows("chr(code int64) → text", |inputs| map1::<Int, String>(inputs, edit::chr))],
    },
    Function {
        name: "to_hex",
        category: Category::String,
        doc: "An integer in hexadecimal digits; negative ones as two's complement.",
        examples: &[example("to_hex(255)", "ff")],
        forms: &[sure("to_hex(value int64) → text", |inputs| {
            map1::<Int, String>(inputs, |value| Ok(format!("{value:x}")))
        })],
    },
    Function {
        name: "concat",
        category: Category::String,
        doc: "All values as one text; nulls are left out.",
        examples: &[example("concat('a', NULL, 2)", "a2")],
        forms: &[build("concat(values any...) → text", |checker, nodes, span| {
            let nodes = nodes.into_iter().map(|node| as_output(checker, node)).collect::<Option<Vec<_>>>()?;
            let node = checker.strict(|inputs| joined(inputs, false), nodes, Type::Text, false, span)?;
            Some(Node { required: true, ..node })
        })],
    },
    Function {
        name: "concat_ws",
        category: Category::String,
        doc: "All values but the first as one text, with the first between them; nulls are left out.",
        examples: &[example("concat_ws(',', 'a', NULL, 2)", "a,2")],
        forms: &[build("concat_ws(separator text, values any...) → text", |checker, nodes, span| {
            let required = nodes.first().is_some_and(|separator| separator.required);
            let nodes = nodes.into_iter().map(|node| as_output(checker, node)).collect::<Option<Vec<_>>>()?;
            let node = checker.strict(|inputs| joined(inputs, true), nodes, Type::Text, false, span)?;
            Some(Node { required, ..node })
        })],
    },
    Function {
        name: "quote_literal",
        category: Category::String,
        doc: "The text as a literal of SQL.",
        examples: &[example("quote_literal('O''Reilly')", "'O''Reilly'")],
        forms: &[sure("quote_literal(text text) → text", |inputs| {
            map1::<Text, String>(inputs, |text| Ok(edit::quote_literal(text)))
        })],
    },
    Function {
        name: "quote_nullable",
        category: Category::String,
        doc: "The text as a literal of SQL, null as NULL.",
        examples: &[example("quote_nullable(NULL)", "NULL")],
        forms: &[total("quote_nullable(text text) → text", |inputs| {
            let values = &inputs.values[0];
            let text = |row| (!values.is_null(row)).then(|| values.array.as_string_view().value(values.at(row)));
            each::<String>(inputs, |row| Some(Ok::<_, Reason>(text(row).map_or("NULL".into(), edit::quote_literal))))
        })],
    },
    Function {
        name: "encode",
        category: Category::String,
        doc: "Bytes as text: 'hex', 'base64' (a line ends after 76 characters) or 'escape'.",
        examples: &[example("encode(convert_to('abc', 'UTF8'), 'base64')", "YWJj")],
        forms: &[rows("encode(bytes bytes, format text) → text", |inputs| {
            map2::<Bytes, Text, String>(inputs, coding::encode)
        })],
    },
    Function {
        name: "decode",
        category: Category::String,
        doc: "Text as bytes: the reverse of encode.",
        examples: &[example("convert_from(decode('YWJj', 'base64'), 'UTF8')", "abc")],
        forms: &[rows("decode(text text, format text) → bytes", |inputs| {
            map2::<Text, Text, Vec<u8>>(inputs, coding::decode)
        })],
    },
    Function {
        name: "convert_from",
        category: Category::String,
        doc: "The text that UTF-8 bytes are.",
        examples: &[example("convert_from(decode('616263', 'hex'), 'UTF8')", "abc")],
        forms: &[rows("convert_from(bytes bytes, encoding text) → text", |inputs| {
            map2::<Bytes, Text, String>(inputs, coding::convert_from)
        })],
    },
    Function {
        name: "convert_to",
        category: Category::String,
        doc: "The UTF-8 bytes of a text.",
        examples: &[example("encode(convert_to('é', 'UTF8'), 'hex')", "c3a9")],
        forms: &[rows("convert_to(text text, encoding text) → bytes", |inputs| {
            map2::<Text, Text, Vec<u8>>(inputs, coding::convert_to)
        })],
    },
];

const SUBSTRING: &[super::Form] = &[
    sure("substring(text text, start int64) → text", |inputs| {
        map2::<Text, Int, &str>(inputs, |text, start| Ok(edit::part(text, start, None)))
    }),
    rows("substring(text text, start int64, count int64) → text", |inputs| {
        map3::<Text, Int, Int, &str>(inputs, edit::substring)
    }),
];

/// A value as concat writes it: a bool as one letter.
fn as_output(checker: &mut super::Checker, node: Node) -> Option<Node> {
    let span = node.span.clone();
    if node.data != Type::Bool {
        return checker.cast(node, &Type::Text, false, span);
    }
    let letter = |inputs: &Inputs| map1::<Bool, &str>(inputs, |value| Ok(if value { "t" } else { "f" }));
    checker.strict(letter, vec![node], Type::Text, false, span)
}

/// All texts of a row, nulls left out; the first may be a separator, without which the row is null.
fn joined(inputs: &Inputs, has_separator: bool) -> ArrayRef {
    let text = |place: usize, row: usize| {
        let value = &inputs.values[place];
        (!value.is_null(row)).then(|| value.array.as_string_view().value(value.at(row)))
    };
    let mut builder = arrow_array::builder::StringViewBuilder::with_capacity(inputs.rows);
    for row in 0..inputs.rows {
        let first = usize::from(has_separator);
        let parts: Vec<&str> = (first..inputs.values.len()).filter_map(|place| text(place, row)).collect();
        let separator = if has_separator { text(0, row) } else { Some("") };
        builder.append_option(separator.map(|separator| parts.join(separator)));
    }
    Arc::new(builder.finish())
}
