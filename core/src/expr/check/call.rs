//! Function calls: names, what stands between the parentheses, and the functions that expressions must not have.

use std::ops::Range;

use sqlparser::ast;

use super::Checker;
use super::access::nearest;
use crate::expr::aggregates::Aggregate;
use crate::expr::functions;
use crate::expr::node::Node;
use crate::problem::{Fix, Remedy};

/// Aggregates of others, which are not in the catalogue.
const OTHER_AGGREGATES: [&str; 6] =
    ["string_agg", "median", "mode", "approx_distinct", "percentile_cont", "percentile_disc"];

/// Functions that give another value each time, which expressions must not: a record read again gives the same result.
const CLOCKS: [&str; 9] = [
    "now",
    "current_timestamp",
    "current_date",
    "current_time",
    "localtimestamp",
    "localtime",
    "clock_timestamp",
    "transaction_timestamp",
    "statement_timestamp",
];
const CHANCE: [&str; 4] = ["random", "gen_random_uuid", "uuid_generate_v4", "uuid"];

impl Checker<'_> {
    pub(super) fn function(&mut self, function: &ast::Function) -> Option<Node> {
        if let (ast::FunctionArguments::None, [ast::ObjectNamePart::Identifier(ident)]) =
            (&function.args, &function.name.0[..])
            && self.refused(&ident.value.to_lowercase()).is_none()
        {
            // `user` and a few more are functions to the parser, and good names of columns.
            return self.name(ident);
        }
        let (name, name_span) = self.function_name(&function.name)?;
        let span = match &function.args {
            ast::FunctionArguments::None => name_span.clone(),
            _ => self.source.call_from(name_span.start),
        };
        if let Some(remedy) = self.refused(&name) {
            let what = if is_aggregate(&name) { "is an aggregate" } else { "gives another value each time" };
            self.problem(name_span, format!("{name} {what}"), remedy);
            return None;
        }
        let is_known = functions::names().any(|known| known == name);
        let is_lazy = matches!(name.as_str(), "coalesce");
        let arguments = self.arguments(function, &span, is_lazy);
        if !is_known {
            let remedy = match nearest(&name, functions::names()) {
                Some(nearest) => Remedy::meant(nearest, Fix::Write(nearest.into())),
                None => "`tidegate describe` lists the functions".into(),
            };
            self.problem(name_span, format!("there is no function `{name}`"), remedy);
            return None;
        }
        self.call_by_name(&name, arguments?, span)
    }

    fn function_name(&mut self, name: &ast::ObjectName) -> Option<(String, Range<usize>)> {
        match name.0.as_slice() {
            [ast::ObjectNamePart::Identifier(ident)] => {
                let span = self.source.range(ident.span).unwrap_or(0..self.source.text.len());
                Some((ident.value.to_lowercase(), span))
            }
            _ => {
                let whole = 0..self.source.text.len();
                self.problem(whole, format!("there is no function `{name}`"), "functions have plain names");
                None
            }
        }
    }

    fn arguments(&mut self, function: &ast::Function, span: &Range<usize>, is_lazy: bool) -> Option<Vec<Node>> {
        let is_plain = function.filter.is_none()
            && function.over.is_none()
            && function.null_treatment.is_none()
            && function.within_group.is_empty()
            && matches!(function.parameters, ast::FunctionArguments::None);
        let list = match &function.args {
            ast::FunctionArguments::None => &[][..],
            ast::FunctionArguments::List(list) if list.duplicate_treatment.is_none() && list.clauses.is_empty() => {
                &list.args
            }
            _ => return self.not_an_argument(span),
        };
        if !is_plain {
            return self.not_an_argument(span);
        }
        let nodes: Vec<Option<Node>> = list
            .iter()
            .enumerate()
            .map(|(place, argument)| match argument {
                ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) if is_lazy && place > 0 => {
                    self.check_guarded(expr)
                }
                ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) => self.check(expr),
                _ => {
                    self.not_an_argument(span);
                    None
                }
            })
            .collect();
        nodes.into_iter().collect()
    }

    fn not_an_argument(&mut self, span: &Range<usize>) -> Option<Vec<Node>> {
        let remedy = "a function takes values, one after the other".to_string();
        self.problem(span.clone(), "DISTINCT, OVER, FILTER, names and * do not go with a function here", remedy);
        None
    }

    /// A call of a function that is in the catalogue.
    pub(super) fn call_by_name(&mut self, name: &str, arguments: Vec<Node>, span: Range<usize>) -> Option<Node> {
        functions::call(self, name, arguments, span)
    }

    /// Why a function is not there, as what to do instead.
    fn refused(&self, name: &str) -> Option<String> {
        let remedy = match name {
            name if is_aggregate(name) && self.within_aggregate => {
                "an aggregate takes values of records: aggregate its results in a second node"
            }
            name if is_aggregate(name) => {
                "aggregates belong in a window or aggregate node; greatest and least compare values of one record"
            }
            name if CLOCKS.contains(&name) => {
                "use _timestamp, the record's own time: results must be the same when records are read again"
            }
            name if CHANCE.contains(&name) => {
                "results must be the same when records are read again: md5(_key) spreads records evenly"
            }
            _ => return None,
        };
        Some(remedy.to_string())
    }
}

fn is_aggregate(name: &str) -> bool {
    Aggregate::find(name).is_some() || OTHER_AGGREGATES.contains(&name)
}
