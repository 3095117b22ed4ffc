//! Text to syntax tree, by sqlparser with PostgreSQL's dialect; its errors become problems with a span.

use sqlparser::ast;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token};

use super::ExprProblem;
use super::source::{Source, plain, remedy_for};

const MAX_NESTING: usize = 200;

/// The syntax tree of a whole text.
pub(super) fn parse(source: &Source) -> Result<ast::Expr, ExprProblem> {
    let end = source.tokens.last().map_or(source.text.len(), |(_, place)| place.end);
    if source.tokens.is_empty() {
        let message = "an expression is missing".to_string();
        let remedy = "write one, such as price > 10".into();
        return Err(ExprProblem { span: 0..source.text.len(), message, remedy });
    }
    let dialect = PostgreSqlDialect {};
    let mut parser =
        Parser::new(&dialect).with_recursion_limit(MAX_NESTING).with_tokens_with_locations(source.raw.clone());
    let parsed = parser.parse_expr().map_err(|error| problem(source, end, &error))?;
    let rest = parser.peek_token();
    if rest.token == Token::EOF {
        return Ok(parsed);
    }
    let span = source.range(rest.span).unwrap_or(end..end);
    let remedy = match rest.token {
        Token::SemiColon => "an expression ends without `;`",
        _ => "put an operator between, such as AND, or take it away",
    };
    let message = format!("expected the end of the expression, found {}", rest.token);
    Err(ExprProblem { span, message, remedy: remedy.into() })
}

fn problem(source: &Source, end: usize, error: &ParserError) -> ExprProblem {
    let text = match error {
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => text,
        ParserError::RecursionLimitExceeded => {
            let message = "the expression is nested too deeply".to_string();
            return ExprProblem { span: 0..source.text.len(), message, remedy: "split it into several".into() };
        }
    };
    let span = match location(text).map(|location| source.byte(location)) {
        Some(start) if start < source.text.len() => {
            let token = source.tokens.iter().find(|(_, place)| place.start <= start && start < place.end);
            token.map_or(start..source.text.len(), |(_, place)| place.clone())
        }
        _ => end..source.text.len().max(end),
    };
    ExprProblem { span, message: plain(text), remedy: remedy_for(text).into() }
}

/// The parser writes places into its sentences: "… at Line: 1, Column: 9".
fn location(text: &str) -> Option<Location> {
    let (_, place) = text.rsplit_once(" at Line: ")?;
    let (line, column) = place.split_once(", Column: ")?;
    let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    Some(Location { line: digits(line)?, column: digits(column)? })
}
