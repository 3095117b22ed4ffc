//! The catalogue of functions: one entry each, with its forms, help, examples that run, and kernels. Completion, help
//! pages and tests read it; a new function is one entry in its category's slice.

mod conditional;
pub(super) mod datetime;
mod hash;
pub(super) mod json;
pub(super) mod list;
mod math;
pub(super) mod regex;
mod string;

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::LazyLock;

use arrow_array::ArrayRef;

use super::check::Checker;
use super::kernels::Inputs;
use super::node::Node;
use crate::types::{Slot, Type, type_from_word};

/// What a function is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// text and bytes
    String,
    /// numbers
    Math,
    /// timestamps and intervals
    DateTime,
    /// regular expressions
    Regex,
    /// choosing between values
    Conditional,
    /// text that holds JSON
    Json,
    /// lists
    List,
    /// digests and checksums
    Hash,
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Category::String => "string",
            Category::Math => "math",
            Category::DateTime => "datetime",
            Category::Regex => "regex",
            Category::Conditional => "conditional",
            Category::Json => "json",
            Category::List => "list",
            Category::Hash => "hash",
        })
    }
}

/// An expression and what it gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// without columns
    pub expression: &'static str,
    /// the value as text; `NULL` for null
    pub gives: &'static str,
}

/// A function that expressions can call.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    /// in lower case; calls may write it in any case
    pub name: &'static str,
    /// what it is about
    pub category: Category,
    /// one or two sentences
    pub doc: &'static str,
    /// run as tests
    pub examples: &'static [Example],
    forms: &'static [Form],
}

impl Function {
    /// Its forms, as `left(text text, n int64) → text`.
    pub fn signatures(&self) -> impl Iterator<Item = &'static str> {
        self.forms.iter().map(|form| form.text)
    }
}

/// One way to call a function. The text is the declaration: `name(parameter type, …) → type`, where `any` takes all
/// types, `number` int64, decimal and float64, and a last `type...` one value or more.
#[derive(Debug, Clone, Copy)]
struct Form {
    text: &'static str,
    run: Run,
}

#[derive(Clone, Copy)]
enum Run {
    /// strict; rows may fail
    Rows(fn(&Inputs) -> ArrayRef),
    /// strict; no row fails
    Sure(fn(&Inputs) -> ArrayRef),
    /// may give null for what is not null; rows may fail
    Nullable(fn(&Inputs) -> ArrayRef),
    /// takes nulls and never gives one; no row fails
    Total(fn(&Inputs) -> ArrayRef),
    /// builds its own node: for types that depend on the arguments, lazy arguments, constants read once
    Build(fn(&mut Checker, Vec<Node>, Range<usize>) -> Option<Node>),
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Run::Rows(_) => "rows",
            Run::Sure(_) => "sure",
            Run::Nullable(_) => "nullable",
            Run::Total(_) => "total",
            Run::Build(_) => "build",
        })
    }
}

const fn rows(text: &'static str, kernel: fn(&Inputs) -> ArrayRef) -> Form {
    Form { text, run: Run::Rows(kernel) }
}

const fn sure(text: &'static str, kernel: fn(&Inputs) -> ArrayRef) -> Form {
    Form { text, run: Run::Sure(kernel) }
}

const fn nullable(text: &'static str, kernel: fn(&Inputs) -> ArrayRef) -> Form {
    Form { text, run: Run::Nullable(kernel) }
}

const fn total(text: &'static str, kernel: fn(&Inputs) -> ArrayRef) -> Form {
    Form { text, run: Run::Total(kernel) }
}

const fn build(text: &'static str, build: fn(&mut Checker, Vec<Node>, Range<usize>) -> Option<Node>) -> Form {
    Form { text, run: Run::Build(build) }
}

const fn example(expression: &'static str, gives: &'static str) -> Example {
    Example { expression, gives }
}

/// What a parameter takes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Takes {
    Any,
    Number,
    AnyDecimal,
    AnyList,
    One(Type),
}

/// A form, read from its text.
struct Declared {
    form: &'static Form,
    parameters: Vec<Takes>,
    is_variadic: bool,
    /// none where the form builds its own node
    gives: Option<Type>,
}

static CATALOGUE: LazyLock<Vec<Function>> = LazyLock::new(|| {
    let mut all: Vec<Function> = [
        string::FUNCTIONS,
        math::FUNCTIONS,
        datetime::FUNCTIONS,
        regex::FUNCTIONS,
        conditional::FUNCTIONS,
        json::FUNCTIONS,
        list::FUNCTIONS,
        hash::FUNCTIONS,
    ]
    .concat();
    all.sort_by_key(|function| (function.category, function.name));
    all
});

static DECLARED: LazyLock<HashMap<&'static str, Vec<Declared>>> = LazyLock::new(|| {
    CATALOGUE.iter().map(|function| (function.name, function.forms.iter().map(Declared::read).collect())).collect()
});

/// All functions, by category and name.
pub fn catalogue() -> &'static [Function] {
    &CATALOGUE
}

/// The names of all functions, for completion.
pub fn names() -> impl Iterator<Item = &'static str> {
    catalogue().iter().map(|function| function.name)
}

impl Declared {
    fn read(form: &'static Form) -> Declared {
        let (head, gives) = form.text.split_once(" → ").unwrap_or((form.text, ""));
        let inside = head.split_once('(').map_or("", |(_, rest)| rest.trim_end_matches(')'));
        let is_variadic = inside.ends_with("...");
        let parameters = inside
            .trim_end_matches("...")
            .split(", ")
            .filter_map(|parameter| parameter.split_once(' '))
            .map(|(_, word)| Takes::read(word))
            .collect();
        Declared { form, parameters, is_variadic, gives: type_of(gives) }
    }

    /// How far the arguments are from the parameters; none where they do not go. Widening is cheaper than truth in the
    /// order that PostgreSQL prefers: int64 to float64, then to decimal.
    fn distance(&self, arguments: &[Node]) -> Option<u32> {
        let count = self.parameters.len();
        if arguments.len() < count || (!self.is_variadic && arguments.len() > count) {
            return None;
        }
        arguments.iter().enumerate().map(|(place, argument)| self.parameter(place)?.distance(argument)).sum()
    }

    fn parameter(&self, place: usize) -> Option<&Takes> {
        self.parameters.get(place).or(self.parameters.last().filter(|_| self.is_variadic))
    }
}

fn type_of(word: &str) -> Option<Type> {
    match word {
        "list of text" => Some(Type::List(Box::new(Slot::nullable(Type::Text)))),
        word => type_from_word(word),
    }
}

impl Takes {
    fn read(word: &str) -> Takes {
        match word {
            "number" => Takes::Number,
            "decimal" => Takes::AnyDecimal,
            "list" => Takes::AnyList,
            word => type_of(word).map_or(Takes::Any, Takes::One),
        }
    }

    fn distance(&self, argument: &Node) -> Option<u32> {
        if argument.is_untyped() {
            return Some(0);
        }
        match (self, &argument.data) {
            (Takes::Any, _) => Some(0),
            (Takes::Number, data) => super::check::is_number(data).then_some(0),
            (Takes::AnyDecimal, Type::Decimal { .. }) => Some(0),
            (Takes::AnyDecimal, Type::Int64) => Some(2),
            (Takes::AnyList, Type::List(_)) => Some(0),
            (Takes::One(wanted), data) if wanted == data => Some(0),
            (Takes::One(Type::Float64), Type::Int64) => Some(1),
            (Takes::One(Type::Float64), Type::Decimal { .. }) => Some(3),
            (Takes::One(Type::List(wanted)), Type::List(given)) => (wanted.data == given.data).then_some(0),
            _ => None,
        }
    }

    /// The type that an argument is converted to; none leaves it.
    fn target(&self, argument: &Node) -> Option<Type> {
        match (self, &argument.data) {
            (Takes::One(Type::List(_)), Type::List(_)) => None,
            (Takes::One(wanted), _) => Some(wanted.clone()),
            (Takes::AnyDecimal, Type::Int64) => Some(Type::Decimal { precision: 19, scale: 0 }),
            (Takes::Any, _) if argument.is_untyped() => Some(Type::Text),
            (Takes::Number, _) if argument.is_untyped() => Some(Type::Int64),
            (Takes::AnyDecimal, _) if argument.is_untyped() => Some(Type::Decimal { precision: 38, scale: 0 }),
            (Takes::AnyList, _) if argument.is_untyped() => Some(Type::List(Box::new(Slot::nullable(Type::Text)))),
            _ => None,
        }
    }
}

/// Finds the nearest form of a function for these arguments and makes the call. The name is in the catalogue.
pub(super) fn call(checker: &mut Checker, name: &str, arguments: Vec<Node>, span: Range<usize>) -> Option<Node> {
    let forms = DECLARED.get(name)?;
    let nearest = forms
        .iter()
        .filter_map(|declared| declared.distance(&arguments).map(|distance| (distance, declared)))
        .min_by_key(|(distance, _)| *distance);
    let Some((_, declared)) = nearest else {
        refuse(checker, name, forms, &arguments, span);
        return None;
    };
    if let Run::Build(build) = declared.form.run {
        return build(checker, arguments, span);
    }
    let converted = arguments.into_iter().enumerate().map(|(place, argument)| {
        match declared.parameter(place).and_then(|takes| takes.target(&argument)) {
            Some(target) => checker.convert(argument, &target),
            None => Some(argument),
        }
    });
    let arguments: Vec<Node> = converted.collect::<Option<_>>()?;
    let data = declared.gives.clone()?;
    match declared.form.run {
        Run::Rows(kernel) => checker.strict(kernel, arguments, data, true, span),
        Run::Sure(kernel) => checker.strict(kernel, arguments, data, false, span),
        Run::Nullable(kernel) => {
            let node = checker.strict(kernel, arguments, data, true, span)?;
            Some(Node { required: node.as_constant().is_some_and(|_| node.required), ..node })
        }
        Run::Total(kernel) => {
            let node = checker.strict(kernel, arguments, data, false, span)?;
            Some(Node { required: true, ..node })
        }
        Run::Build(_) => None,
    }
}

fn refuse(checker: &mut Checker, name: &str, forms: &[Declared], arguments: &[Node], span: Range<usize>) {
    let signatures: Vec<&str> = forms.iter().map(|declared| declared.form.text).collect();
    // Where one argument alone is of the wrong type, it is the place to look at.
    let odd = match forms {
        [only] if only.parameters.len() == arguments.len() => {
            arguments.iter().zip(&only.parameters).find(|(argument, takes)| takes.distance(argument).is_none())
        }
        _ => None,
    };
    let given: Vec<String> = arguments.iter().map(|argument| argument.data.to_string()).collect();
    let signature = format!("it is {}", signatures.join(" or "));
    let (place, remedy) = match odd {
        Some((argument, Takes::One(wanted))) if *wanted == Type::Text => {
            (argument.span.clone(), format!("convert it: CAST({} AS text)", checker.quote(&argument.span)))
        }
        Some((argument, _)) => (argument.span.clone(), signature),
        None => (span, signature),
    };
    checker.problem(place, format!("{name} does not take ({})", given.join(", ")), remedy);
}
