//! The text of an expression and its tokens, with byte ranges. sqlparser keeps lines and columns for most of what it
//! parses, and drops closing parentheses and keywords; the tokens give them back.

use std::ops::Range;

use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer};

use super::ExprProblem;

const MAX_BYTES: usize = 64 << 10;
const MAX_TOKENS: usize = 10_000;

/// A text and its tokens.
pub(super) struct Source<'a> {
    pub(super) text: &'a str,
    /// all tokens, as the parser takes them
    pub(super) raw: Vec<TokenWithSpan>,
    /// tokens other than white space and comments, by place
    pub(super) tokens: Vec<(Token, Range<usize>)>,
    lines: Vec<usize>,
}

impl<'a> Source<'a> {
    /// Splits a text into tokens.
    pub(super) fn read(text: &'a str) -> Result<Source<'a>, ExprProblem> {
        let whole = |message| Err(ExprProblem { span: 0..text.len(), message, remedy: "split it into several".into() });
        if text.len() > MAX_BYTES {
            return whole(format!("an expression has at most {MAX_BYTES} bytes, this one has {}", text.len()));
        }
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let mut source = Source { text, raw: Vec::new(), tokens: Vec::new(), lines };
        match Tokenizer::new(&PostgreSqlDialect {}, text).tokenize_with_location() {
            Ok(raw) => source.raw = raw,
            Err(error) => {
                let start = source.byte(error.location).min(text.len());
                let (message, remedy) = (plain(&error.message), remedy_for(&error.message).into());
                return Err(ExprProblem { span: start..text.len(), message, remedy });
            }
        }
        if source.raw.len() > MAX_TOKENS {
            return whole(format!("an expression has at most {MAX_TOKENS} words and signs"));
        }
        source.tokens = source
            .raw
            .iter()
            .filter(|token| !matches!(token.token, Token::Whitespace(_) | Token::EOF))
            .map(|token| (token.token.clone(), source.range(token.span).unwrap_or(0..0)))
            .collect();
        Ok(source)
    }

    /// Line and column as a byte offset.
    pub(super) fn byte(&self, location: Location) -> usize {
        let Some(&start) = self.lines.get((location.line as usize).saturating_sub(1)) else { return self.text.len() };
        let columns = (location.column as usize).saturating_sub(1);
        self.text[start..].char_indices().nth(columns).map_or(self.text.len(), |(at, _)| start + at)
    }

    /// A span as bytes; the parser's empty span is none.
    pub(super) fn range(&self, span: Span) -> Option<Range<usize>> {
        (span.start.line > 0 && span.end.line > 0).then(|| {
            let start = self.byte(span.start);
            start..self.byte(span.end).max(start)
        })
    }

    /// The first token at or behind a byte.
    fn token_from(&self, byte: usize) -> usize {
        self.tokens.partition_point(|(_, range)| range.start < byte)
    }

    /// The same range, with a closing bracket or parenthesis for each that is open in it.
    pub(super) fn closed(&self, range: Range<usize>) -> Range<usize> {
        let mut open = 0usize;
        for (token, place) in &self.tokens[self.token_from(range.start)..] {
            if place.start >= range.end && open == 0 {
                break;
            }
            match token {
                Token::LParen | Token::LBracket => open += 1,
                Token::RParen | Token::RBracket => {
                    open = open.saturating_sub(1);
                    if open == 0 && place.start >= range.end {
                        return range.start..place.end;
                    }
                }
                _ => {}
            }
        }
        range
    }

    /// From a byte (the start of a function's name) to the parenthesis that closes its arguments.
    pub(super) fn call_from(&self, start: usize) -> Range<usize> {
        match self.tokens[self.token_from(start)..].iter().find(|(token, _)| *token == Token::LParen) {
            Some((_, paren)) => self.closed(start..paren.end),
            None => start..self.text.len(),
        }
    }

    /// The call, `CAST(…)` or `TRIM(… FROM …)`, that stands around its first argument.
    pub(super) fn call_around(&self, inner: &Range<usize>) -> Range<usize> {
        let mut closed = 0usize;
        let before = &self.tokens[..self.token_from(inner.start)];
        for (at, (token, _)) in before.iter().enumerate().rev() {
            match token {
                Token::RParen | Token::RBracket => closed += 1,
                Token::LParen | Token::LBracket if closed == 0 => {
                    return before[at.saturating_sub(1)..]
                        .first()
                        .map_or(inner.clone(), |(_, word)| self.call_from(word.start));
                }
                Token::LParen | Token::LBracket => closed -= 1,
                _ => {}
            }
        }
        inner.clone()
    }

    /// The same range with the parentheses around it.
    pub(super) fn with_parens(&self, inner: Range<usize>) -> Range<usize> {
        match self.before(inner.start) {
            Some((Token::LParen, paren)) => self.closed(paren.start..inner.end),
            _ => inner,
        }
    }

    /// The same range from the sign or word before it.
    pub(super) fn with_token_before(&self, inner: Range<usize>) -> Range<usize> {
        self.before(inner.start).map_or(inner.clone(), |(_, place)| place.start..inner.end)
    }

    /// The same range with the words behind it that `is_part` accepts.
    pub(super) fn with_words_behind(&self, inner: Range<usize>, is_part: impl Fn(&str) -> bool) -> Range<usize> {
        let mut end = inner.end;
        for (token, place) in &self.tokens[self.token_from(inner.end)..] {
            match token {
                Token::Word(word) if is_part(&word.value.to_ascii_uppercase()) => end = place.end,
                _ => break,
            }
        }
        inner.start..end
    }

    /// The same range with `::` and the type behind it.
    pub(super) fn with_type_behind(&self, inner: Range<usize>) -> Range<usize> {
        let mut rest =
            self.tokens[self.token_from(inner.end)..].iter().skip_while(|(token, _)| *token != Token::DoubleColon);
        rest.next();
        let Some((_, word)) = rest.next() else { return inner };
        let range = self.with_words_behind(inner.start..word.end, |word| {
            matches!(word, "PRECISION" | "VARYING" | "WITHOUT" | "WITH" | "TIME" | "ZONE")
        });
        match self.tokens.get(self.token_from(range.end)) {
            Some((Token::LParen, paren)) => self.closed(range.start..paren.end),
            _ => range,
        }
    }

    fn before(&self, byte: usize) -> Option<&(Token, Range<usize>)> {
        self.token_from(byte).checked_sub(1).and_then(|at| self.tokens.get(at))
    }
}

/// The parser's sentence without its place and its own name.
pub(super) fn plain(message: &str) -> String {
    let message = message.trim_start_matches("sql parser error: ");
    let message = message.split(" at Line: ").next().unwrap_or(message);
    let message = message.replace(", found: EOF", ", but the text ends here").replace(", found: ", ", found ");
    message.replace("Expected: ", "expected ").replace("Unterminated", "unterminated")
}

/// What to do about a text that is no SQL.
pub(super) fn remedy_for(message: &str) -> &'static str {
    match message {
        _ if message.contains("Unterminated") => "close it: texts end with ', names with \", comments with */",
        _ if message.contains("found: EOF") => "write the rest, or close what is open",
        _ => "expressions are SQL, as PostgreSQL reads them: price * qty > 100 AND symbol = 'ABC'",
    }
}
