//! A cursor over one payload: white space, texts, numbers, literals, and whole values that nobody wants. It checks all
//! of JSON's grammar and knows nothing of columns.

use super::escape::hex4;
use super::number::{Broken, Number};

/// How many objects and lists may be open at once; serde_json has the same limit.
pub(super) const MAX_DEPTH: u32 = 127;

/// A place in a payload, and the bits of [`super::mask::scan`] over it.
pub(super) struct Cursor<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    mask: &'a [u64],
}

/// What is between the quotes of a text.
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) is_escaped: bool,
}

/// A payload that is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Syntax {
    pub(super) at: usize,
    why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// what should stand there
    Expected(&'static str),
    /// what is wrong with what stands there
    Wrong(&'static str),
    /// the value is not an object
    NoObject,
}

impl Syntax {
    pub(super) fn wrong(at: usize, what: &'static str) -> Syntax {
        Syntax { at, why: Why::Wrong(what) }
    }

    pub(super) fn no_object(at: usize) -> Syntax {
        Syntax { at, why: Why::NoObject }
    }

    /// The reason, in words.
    #[cold]
    pub(super) fn reason(&self, bytes: &[u8]) -> String {
        match self.why {
            Why::Wrong(what) => what.to_string(),
            Why::NoObject => format!("expected an object, found {}", bytes.get(self.at).map_or("", |&b| kind_of(b))),
            Why::Expected(what) => format!("expected {what}, found {}", char_at(bytes, self.at)),
        }
    }
}

/// The character at a place, for people.
fn char_at(bytes: &[u8], at: usize) -> String {
    let rest = bytes.get(at..).unwrap_or_default();
    let whole = String::from_utf8_lossy(&rest[..rest.len().min(4)]);
    match whole.chars().next() {
        None => "the end".into(),
        Some(c) if c.is_control() => format!("{c:?}").replace('\'', "`"),
        Some(c) => format!("`{c}`"),
    }
}

/// What a value is, by its first byte.
pub(super) fn kind_of(first: u8) -> &'static str {
    match first {
        b'"' => "text",
        b'{' => "an object",
        b'[' => "a list",
        b't' => "true",
        b'f' => "false",
        b'n' => "null",
        _ => "a number",
    }
}

impl<'a> Cursor<'a> {
    /// At the first byte.
    pub(super) fn new(bytes: &'a [u8], mask: &'a [u64]) -> Cursor<'a> {
        Cursor { bytes, at: 0, mask }
    }

    /// The byte here; 0, which no JSON begins with, at the end.
    #[inline(always)]
    pub(super) fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    /// Goes over white space; gives the byte behind it, or 0.
    #[inline(always)]
    pub(super) fn skip_space(&mut self) -> u8 {
        loop {
            let byte = self.peek();
            if byte > b' ' || !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                return byte;
            }
            self.at += 1;
        }
    }

    pub(super) fn expected(&self, what: &'static str) -> Syntax {
        Syntax { at: self.at, why: Why::Expected(what) }
    }

    /// The text whose opening quote is here.
    #[inline(always)]
    pub(super) fn text(&mut self) -> Result<Span, Syntax> {
        let start = self.at + 1;
        let (mut from, mut is_escaped) = (start, false);
        loop {
            let Some(stop) = self.next_special(from) else {
                return Err(Syntax::wrong(self.bytes.len(), "a text that does not end"));
            };
            match self.bytes[stop] {
                b'"' => {
                    self.at = stop + 1;
                    return Ok(Span { start, end: stop, is_escaped });
                }
                b'\\' => {
                    is_escaped = true;
                    from = self.escape(stop)?;
                }
                _ => return Err(Syntax::wrong(stop, "a control character in a text, which has to be escaped")),
            }
        }
    }

    /// The next quote, backslash or control character at `from` or behind it.
    #[inline(always)]
    fn next_special(&self, from: usize) -> Option<usize> {
        let mut word = from / 64;
        let bits = *self.mask.get(word)? >> (from % 64);
        if bits != 0 {
            return Some(from + bits.trailing_zeros() as usize);
        }
        loop {
            word += 1;
            let bits = *self.mask.get(word)?;
            if bits != 0 {
                return Some(word * 64 + bits.trailing_zeros() as usize);
            }
        }
    }

    /// Checks the escape whose backslash is at `at`; gives the place behind it. Surrogates come in pairs.
    #[cold]
    fn escape(&self, at: usize) -> Result<usize, Syntax> {
        match self.bytes.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
            Some(b'u') => match hex4(self.bytes, at + 2) {
                None => Err(Syntax::wrong(at, "an escape \\u without four hexadecimal digits")),
                Some(0xd800..0xdc00) => {
                    let low = (self.bytes.get(at + 6..at + 8) == Some(b"\\u")).then(|| hex4(self.bytes, at + 8));
                    match low.flatten() {
                        Some(0xdc00..0xe000) => Ok(at + 12),
                        _ => Err(Syntax::wrong(at, "an escape \\u of half a character")),
                    }
                }
                Some(0xdc00..0xe000) => Err(Syntax::wrong(at, "an escape \\u of half a character")),
                Some(_) => Ok(at + 6),
            },
            _ => Err(Syntax::wrong(at, "an unknown escape")),
        }
    }

    /// The number that begins here.
    #[inline(always)]
    pub(super) fn number(&mut self) -> Result<Number, Syntax> {
        let number = Number::parse(self.bytes, self.at).map_err(|broken| match broken {
            Broken::NoDigit(at) => Syntax { at, why: Why::Expected("a digit") },
            Broken::LeadingZero(at) => Syntax::wrong(at, "a number that begins with 0"),
        })?;
        self.at = number.end;
        Ok(number)
    }

    /// `true`, `false` or `null`.
    pub(super) fn literal(&mut self, word: &'static str) -> Result<(), Syntax> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.expected(word));
        }
        self.at += word.len();
        Ok(())
    }

    /// Goes into an object or a list whose bracket is here, at this depth; gives the first byte inside.
    #[inline(always)]
    pub(super) fn enter(&mut self, depth: u32) -> Result<u8, Syntax> {
        if depth >= MAX_DEPTH {
            return Err(Syntax::wrong(self.at, "nested more than 127 deep"));
        }
        self.at += 1;
        Ok(self.skip_space())
    }

    /// Goes over a whole value and checks its grammar; `depth` objects and lists are open around it.
    #[inline(always)]
    pub(super) fn skip_value(&mut self, depth: u32) -> Result<(), Syntax> {
        match self.skip_space() {
            b'"' => self.text().map(drop),
            b'-' | b'0'..=b'9' => self.number().map(drop),
            first => self.skip_rare(first, depth),
        }
    }

    #[inline(never)]
    fn skip_rare(&mut self, first: u8, depth: u32) -> Result<(), Syntax> {
        match first {
            b'{' => self.skip_object(depth),
            b'[' => self.skip_list(depth),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
            _ => Err(self.expected("a value")),
        }
    }

    fn skip_object(&mut self, depth: u32) -> Result<(), Syntax> {
        let mut next = self.enter(depth)?;
        if next == b'}' {
            self.at += 1;
            return Ok(());
        }
        loop {
            if next != b'"' {
                return Err(self.expected("a name in quotes"));
            }
            self.text()?;
            self.colon()?;
            self.skip_value(depth + 1)?;
            if self.is_closed_by(b'}', "`,` or `}`")? {
                return Ok(());
            }
            next = self.skip_space();
        }
    }

    fn skip_list(&mut self, depth: u32) -> Result<(), Syntax> {
        if self.enter(depth)? == b']' {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.skip_value(depth + 1)?;
            if self.is_closed_by(b']', "`,` or `]`")? {
                return Ok(());
            }
        }
    }

    /// Behind the value: nothing but white space may follow.
    #[inline(always)]
    pub(super) fn finish(&mut self) -> Result<(), Syntax> {
        self.skip_space();
        match self.at < self.bytes.len() {
            true => Err(Syntax::wrong(self.at, "something behind the end of the value")),
            false => Ok(()),
        }
    }

    /// The colon behind a name.
    #[inline(always)]
    pub(super) fn colon(&mut self) -> Result<(), Syntax> {
        if self.skip_space() != b':' {
            return Err(self.expected("`:`"));
        }
        self.at += 1;
        Ok(())
    }

    /// Behind an entry: goes over the bracket that closes, or over a comma.
    #[inline(always)]
    pub(super) fn is_closed_by(&mut self, bracket: u8, what: &'static str) -> Result<bool, Syntax> {
        let next = self.skip_space();
        if next != bracket && next != b',' {
            return Err(self.expected(what));
        }
        self.at += 1;
        Ok(next == bracket)
    }
}
