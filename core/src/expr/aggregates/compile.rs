//! A text that calls an aggregate, read and checked: `sum(price * qty) FILTER (WHERE side = 'buy')`. What stands within
//! the call are expressions like all others; around it nothing may stand.

use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use sqlparser::ast;
use sqlparser::ast::visit_expressions;

use super::{Aggregate, AggregateKind, Distinct, aggregate_names};
use crate::expr::check::{self, nearest};
use crate::expr::source::Source;
use crate::expr::{Compiled, Expr, ExprProblem, Scope, functions, parse, with_stack};
use crate::problem::{Fix, Remedy};
use crate::types::Type;

/// A checked call of an aggregate.
#[derive(Debug, Clone)]
pub(crate) struct AggregateCall {
    /// what is called
    pub(crate) aggregate: &'static Aggregate,
    /// equal values are taken once
    pub(crate) is_distinct: bool,
    /// what is aggregated; none of `count(*)`
    pub(crate) argument: Option<AggregateArgument>,
    /// only the records for which this is true are aggregated
    pub(crate) filter: Option<AggregateArgument>,
    /// the type of the result
    pub(crate) data: Type,
    /// the text as it was given; spans of failures are bytes of it
    pub(crate) text: String,
}

/// An expression within a call.
#[derive(Debug, Clone)]
pub(crate) struct AggregateArgument {
    /// ready to run
    pub(crate) expr: Expr,
    /// as SQL, however it was laid out: equal texts mean the same
    pub(crate) canonical: String,
}

impl AggregateCall {
    /// Parses and checks a text.
    ///
    /// # Errors
    /// All problems that can be found at once, by place.
    pub(crate) fn compile(text: &str, scope: &Scope) -> Result<AggregateCall, Vec<ExprProblem>> {
        let source = Source::read(text).map_err(|problem| vec![problem])?;
        with_stack(&source, || {
            let parsed = parse::parse(&source).map_err(|problem| vec![problem])?;
            Reader { source: &source, scope }.call(&parsed)
        })
    }

    /// Whether the result is never null.
    pub(crate) fn is_required(&self) -> bool {
        self.aggregate.kind == AggregateKind::Count
    }
}

struct Reader<'a> {
    source: &'a Source<'a>,
    scope: &'a Scope,
}

fn problem(span: Range<usize>, message: impl Into<String>, remedy: impl Into<Remedy>) -> Vec<ExprProblem> {
    vec![ExprProblem { span, message: message.into(), remedy: remedy.into() }]
}

impl Reader<'_> {
    fn call(&self, parsed: &ast::Expr) -> Result<AggregateCall, Vec<ExprProblem>> {
        let function = match parsed {
            ast::Expr::Nested(inner) => return self.call(inner),
            ast::Expr::Function(function) if !matches!(function.args, ast::FunctionArguments::None) => function,
            other => return Err(self.not_a_call(other)),
        };
        let (aggregate, name_span) = self.aggregate(function)?;
        self.check_plain(function, aggregate, &name_span)?;
        let (is_distinct, argument) = self.argument_of(function, aggregate, &name_span)?;
        let argument = argument.map(|argument| self.expression(argument, check::check_argument)).transpose();
        let filter = function.filter.as_deref().map(|filter| self.expression(filter, check::check_filter)).transpose();
        let (argument, filter) = both(argument, filter)?;
        let data = match &argument {
            None => Type::Int64,
            Some(argument) => self.result_of(aggregate, argument, &name_span)?,
        };
        let text = self.source.text.to_string();
        Ok(AggregateCall { aggregate, is_distinct, argument, filter, data, text })
    }

    fn aggregate(&self, function: &ast::Function) -> Result<(&'static Aggregate, Range<usize>), Vec<ExprProblem>> {
        let whole = 0..self.source.text.len();
        let [ast::ObjectNamePart::Identifier(ident)] = function.name.0.as_slice() else {
            let message = format!("there is no aggregate `{}`", function.name);
            return Err(problem(whole, message, "aggregates have plain names"));
        };
        let span = self.source.range(ident.span).unwrap_or(whole.clone());
        let name = ident.value.to_lowercase();
        if let Some(aggregate) = Aggregate::find(&name) {
            return Ok((aggregate, span));
        }
        if functions::names().any(|known| known == name) {
            return Err(self.around(&ast::Expr::Function(function.clone()), span, &format!("`{name}`")));
        }
        let remedy = match nearest(&name, aggregate_names()) {
            Some(nearest) => Remedy::meant(nearest, Fix::Write(nearest.into())),
            None => format!("there are {}", aggregate_names().collect::<Vec<_>>().join(", ")).into(),
        };
        Err(problem(span, format!("there is no aggregate `{name}`"), remedy))
    }

    /// What is no call of a function.
    fn not_a_call(&self, expr: &ast::Expr) -> Vec<ExprProblem> {
        let whole = 0..self.source.text.len();
        match expr {
            ast::Expr::Identifier(ident) if Aggregate::find(&ident.value).is_some() => {
                let name = ident.value.to_lowercase();
                let call = if name == "count" { "count(*)".to_string() } else { format!("{name}(…)") };
                problem(whole, format!("`{name}` lacks its parentheses"), format!("write {call}"))
            }
            _ => self.around(expr, whole, "this expression"),
        }
    }

    /// What is not an aggregate: it may have one within.
    fn around(&self, expr: &ast::Expr, span: Range<usize>, what: &str) -> Vec<ExprProblem> {
        let within = visit_expressions(expr, |inner| match inner {
            ast::Expr::Function(function) if Aggregate::find(&function.name.to_string()).is_some() => {
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        });
        if within.is_break() {
            let remedy = "keep each aggregate in a column of its own, and compute with them in a `map` behind";
            return problem(span, format!("{what} stands around an aggregate"), remedy);
        }
        let text = self.source.text.trim();
        let remedy = match text.len() <= 60 {
            true => format!("say which value is meant: last({text}), max({text}), …"),
            false => "say which value is meant: last(…), max(…), …".to_string(),
        };
        problem(span, format!("{what} gives a value for each record, an aggregate one for many"), remedy)
    }

    /// Refuses what other SQL writes around the arguments.
    fn check_plain(
        &self,
        function: &ast::Function,
        aggregate: &Aggregate,
        name_span: &Range<usize>,
    ) -> Result<(), Vec<ExprProblem>> {
        let (name, whole) = (aggregate.name, name_span.start..self.source.text.len());
        if function.over.is_some() {
            let remedy = "leave OVER away: the window is the node's own";
            return Err(problem(whole, format!("{name} has no window of its own"), remedy));
        }
        if function.null_treatment.is_some() {
            let remedy = "leave it away, or use FILTER (WHERE … IS NOT NULL)";
            return Err(problem(whole, "IGNORE NULLS and RESPECT NULLS are not there", remedy));
        }
        if !function.within_group.is_empty() {
            return Err(self.ordered(whole));
        }
        if !matches!(function.parameters, ast::FunctionArguments::None) || function.uses_odbc_syntax {
            return Err(problem(whole, format!("{name} has one pair of parentheses"), signatures(aggregate)));
        }
        let ast::FunctionArguments::List(list) = &function.args else { return Ok(()) };
        match list.clauses.first() {
            None => Ok(()),
            Some(ast::FunctionArgumentClause::OrderBy(_)) => Err(self.ordered(whole)),
            Some(ast::FunctionArgumentClause::Where(_)) => {
                let remedy = format!("write {name}(…) FILTER (WHERE …)");
                Err(problem(whole, "the condition stands behind the parentheses", remedy))
            }
            Some(clause) => Err(problem(whole, format!("`{clause}` is not there"), signatures(aggregate))),
        }
    }

    fn ordered(&self, span: Range<usize>) -> Vec<ExprProblem> {
        let remedy = "leave ORDER BY away; `first`, `last`, `min` and `max` take one of many";
        problem(span, "records are aggregated in the order in which they come", remedy)
    }

    /// The one argument, or none where it is `*`; and whether DISTINCT matters.
    fn argument_of<'e>(
        &self,
        function: &'e ast::Function,
        aggregate: &Aggregate,
        name_span: &Range<usize>,
    ) -> Result<(bool, Option<&'e ast::Expr>), Vec<ExprProblem>> {
        let (name, call) = (aggregate.name, self.source.call_from(name_span.start));
        let ast::FunctionArguments::List(list) = &function.args else {
            return Err(problem(
                call,
                "an aggregate sees one record after the other: no subqueries",
                signatures(aggregate),
            ));
        };
        let is_distinct = list.duplicate_treatment == Some(ast::DuplicateTreatment::Distinct);
        let is_distinct = match aggregate.distinct {
            Distinct::Refused(remedy) if is_distinct => {
                return Err(problem(call, format!("{name} does not go with DISTINCT"), remedy));
            }
            distinct => is_distinct && distinct == Distinct::Counts,
        };
        match list.args.as_slice() {
            [ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(argument))] => Ok((is_distinct, Some(argument))),
            [ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Wildcard)] if aggregate.kind == AggregateKind::Count => {
                match is_distinct {
                    false => Ok((false, None)),
                    true => {
                        Err(problem(call, "count(DISTINCT *) is not there", "name what differs: count(DISTINCT x)"))
                    }
                }
            }
            [] if aggregate.kind == AggregateKind::Count => {
                Err(problem(call, "count() counts nothing", "count(*) counts records, count(x) values"))
            }
            given => {
                let found = match given {
                    [ast::FunctionArg::Unnamed(_)] => "`*` is none".to_string(),
                    [_] => "not by a name".to_string(),
                    _ => format!("{} are given", given.len()),
                };
                Err(problem(call, format!("{name} takes one value, and {found}"), signatures(aggregate)))
            }
        }
    }

    fn expression(
        &self,
        expr: &ast::Expr,
        check: fn(&ast::Expr, &Source, &Scope) -> check::Checked,
    ) -> Result<AggregateArgument, Vec<ExprProblem>> {
        let (root, uses) = check(expr, self.source, self.scope)?;
        let compiled = Compiled { text: self.source.text.to_string(), root, uses };
        Ok(AggregateArgument { expr: Expr(Arc::new(compiled)), canonical: expr.to_string() })
    }

    fn result_of(
        &self,
        aggregate: &Aggregate,
        argument: &AggregateArgument,
        name_span: &Range<usize>,
    ) -> Result<Type, Vec<ExprProblem>> {
        let data = argument.expr.data_type();
        aggregate.gives(data).ok_or_else(|| {
            let text = &argument.canonical;
            let remedy = match (aggregate.kind, data) {
                (AggregateKind::Min | AggregateKind::Max, _) if aggregate.name.starts_with("bool") => {
                    format!("{}({text} = …) takes a condition", aggregate.name)
                }
                (AggregateKind::Min | AggregateKind::Max, _) => "take one of its parts".to_string(),
                (_, Type::Text) => format!("{}(CAST({text} AS float64)) takes texts that hold numbers", aggregate.name),
                (_, Type::Bool) => format!("count(*) FILTER (WHERE {text}) counts"),
                (_, Type::Timestamp | Type::Interval) => {
                    format!("{}(extract(epoch FROM {text})) takes seconds", aggregate.name)
                }
                _ => signatures(aggregate),
            };
            let call = self.source.call_from(name_span.start);
            problem(call, format!("{} does not take {data}", aggregate.name), remedy)
        })
    }
}

fn signatures(aggregate: &Aggregate) -> String {
    format!("it is {}", aggregate.signatures.join(" or "))
}

/// Both, or the problems of both.
fn both<A, B>(a: Result<A, Vec<ExprProblem>>, b: Result<B, Vec<ExprProblem>>) -> Result<(A, B), Vec<ExprProblem>> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (Err(mut a), Err(b)) => {
            a.extend(b);
            Err(a)
        }
        (Err(problems), Ok(_)) | (Ok(_), Err(problems)) => Err(problems),
    }
}
