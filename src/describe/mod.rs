//! `tidegate describe`: help pages of operators, of the functions of expressions, and of aggregates.

mod functions;
mod operator;

use std::io::{self, Write};

use serde_json::Value;
use tidegate_core::expr::{self, Aggregate};
use tidegate_core::operators::{self, Operator, Role};
use tidegate_core::problem::did_you_mean;

use crate::common::exit::{Exit, Failure};
use crate::common::style::Paint;
use crate::common::table::{Head, Table};
use crate::common::voice::Voice;

/// Show help on operators, on functions of expressions and on aggregates.
///
/// Without a name: all operators, by what they are for. With the name of an operator: its page, the fields of its config and
/// its examples. `functions` lists the functions that expressions can call, `aggregates` what windows fill their columns with; the name of one
/// shows its page.
///
/// With --json one JSON document.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// An operator, `functions`, `aggregates`, or the name of one
    #[arg(value_name = "OPERATOR")]
    name: Option<String>,
}

/// The word for all functions, aggregates among them.
const FUNCTIONS: &str = "functions";

/// The word for all aggregates.
const AGGREGATES: &str = "aggregates";

/// Prints the help.
pub(crate) fn run(args: &Args, voice: Voice) -> Result<Exit, Failure> {
    let is_json = voice.is_json();
    let Some(name) = args.name.as_deref() else {
        match is_json {
            true => print_json(&operators::ALL.iter().map(|operator| operator::to_json(operator)).collect())?,
            false => list()?,
        }
        return Ok(Exit::Good);
    };
    let function = || expr::catalogue().iter().find(|function| function.name.eq_ignore_ascii_case(name));
    if let Some(operator) = operators::find(name) {
        match is_json {
            true => print_json(&operator::to_json(operator))?,
            false => operator::print(operator)?,
        }
    } else if name == FUNCTIONS {
        match is_json {
            true => print_json(&expr::catalogue().iter().map(functions::to_json).chain(aggregates()).collect())?,
            false => functions::list()?,
        }
    } else if name == AGGREGATES {
        match is_json {
            true => print_json(&aggregates().collect())?,
            false => functions::list_aggregates()?,
        }
    } else if let Some(function) = function() {
        match is_json {
            true => print_json(&functions::to_json(function))?,
            false => functions::print(function)?,
        }
    } else if let Some(aggregate) = Aggregate::find(name) {
        match is_json {
            true => print_json(&functions::aggregate_to_json(aggregate))?,
            false => functions::print_aggregate(aggregate)?,
        }
    } else if operators::PLANNED.contains(&name) {
        let remedy = "`tidegate describe` lists what is there";
        return Err(Failure::argument("OPERATOR", format!("`{name}` is not built yet"), remedy));
    } else {
        let functions = expr::names().chain(expr::aggregate_names()).chain([FUNCTIONS, AGGREGATES]);
        let known = operators::ALL.iter().map(|operator| operator.name).chain(functions);
        let remedy = match did_you_mean(name, known) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => {
                "`tidegate describe` lists operators, `tidegate describe functions` functions and aggregates".into()
            }
        };
        return Err(Failure::argument("OPERATOR", format!("there is no operator or function `{name}`"), remedy));
    }
    Ok(Exit::Good)
}

fn aggregates() -> impl Iterator<Item = Value> {
    expr::aggregates().iter().map(functions::aggregate_to_json)
}

fn print_json(value: &Value) -> io::Result<()> {
    writeln!(io::stdout(), "{}", serde_json::to_string_pretty(value).unwrap_or_default())
}

fn list() -> io::Result<()> {
    let paint = Paint::stdout();
    for (role, title) in [(Role::Source, "Sources"), (Role::Flow, "Flows"), (Role::Sink, "Sinks")] {
        let of_role: Vec<&&Operator> = operators::ALL.iter().filter(|operator| operator.role == role).collect();
        let mut table = Table::new([Head::Left(""), Head::Left("")]);
        of_role.iter().for_each(|operator| table.row([operator.name.to_string(), operator.summary.to_string()]));
        writeln!(io::stdout(), "{}", paint.bold(title))?;
        table.print(2)?;
        writeln!(io::stdout())?;
    }
    let hint = "`tidegate describe NAME` shows the page of one.\n\
                `tidegate describe functions` and `tidegate describe aggregates` list what SQL can call.";
    writeln!(io::stdout(), "{}", paint.dim(hint))
}
