//! Problems (found before running) and faults (while running): where, what, and what to do. Plain values.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The known word that `word` was most likely meant to be, where one is near enough.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let nearness = |known: &str| strsim::jaro_winkler(known, word);
    let nearest = known.into_iter().max_by(|a, b| nearness(a).total_cmp(&nearness(b)))?;
    let is_near = nearness(nearest) > 0.75 || strsim::damerau_levenshtein(nearest, word) <= nearest.len() / 4;
    is_near.then_some(nearest)
}

/// What to do about a problem, and the change that does it, where that is just one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// as a sentence
    pub text: String,
    /// as a change
    pub fix: Option<Fix>,
}

/// A remedy that is one change, at the place of its problem; [`fix`](crate::pipeline::edit::fix) makes an edit of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fix {
    /// this text in place of the one there: of the span, where there is one
    Write(String),
    /// this value of the field
    Set(Box<Value>),
    /// this name for the field
    Name(String),
    /// this id for the node
    Id(String),
    /// an edge to the port, from this output as `node.port`
    Connect(String),
    /// the edge, or the field, goes
    Remove,
    /// this word for a setting of the pipeline, wherever the problem stands
    Setting {
        /// its name
        name: String,
        /// the word
        word: String,
    },
}

/// A remedy for a name that is none: the one that was likely meant, or else where to look.
pub fn meant_or<'a>(word: &str, known: impl IntoIterator<Item = &'a str>, other: impl Into<String>) -> Remedy {
    match did_you_mean(word, known) {
        Some(nearest) => Remedy::meant(nearest, Fix::Write(nearest.into())),
        None => Remedy::from(other.into()),
    }
}

impl Remedy {
    /// Something else was likely meant.
    pub fn meant(nearest: &str, fix: Fix) -> Remedy {
        Remedy::from(format!("did you mean `{nearest}`?")).by(fix)
    }

    /// The same, as a change too.
    pub fn by(self, fix: Fix) -> Remedy {
        Remedy { fix: Some(fix), ..self }
    }
}

impl From<String> for Remedy {
    fn from(text: String) -> Remedy {
        Remedy { text, fix: None }
    }
}

impl From<&str> for Remedy {
    fn from(text: &str) -> Remedy {
        Remedy::from(text.to_string())
    }
}

impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fix::Write(text) => write!(f, "write {text}"),
            Fix::Set(value) => write!(f, "write {value}"),
            Fix::Name(name) => write!(f, "call the field {name}"),
            Fix::Id(id) => write!(f, "call it {id}"),
            Fix::Connect(from) => write!(f, "connect {from}"),
            Fix::Remove => f.write_str("take it away"),
            Fix::Setting { name, word } => write!(f, "set {name} to {word}"),
        }
    }
}

/// How bad a problem is. Only errors keep a pipeline from running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// worth knowing
    Note,
    /// will run, and likely not as meant
    Warning,
    /// will not run
    Error,
}

/// Where a problem is; each part narrows the one before.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash, Serialize)]
pub struct Place {
    /// line and column in the file, from 1, where the text itself is broken
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<(usize, usize)>,
    /// the node's id
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// which of the nodes or edges that have the same id, from 0
    #[serde(skip_serializing_if = "is_first")]
    pub nth: usize,
    /// the edge, as `from->to`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edge: Option<String>,
    /// the port of the node
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    /// the field, as a path: `columns.total`, or from the top of the file `settings.commit_interval`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// bytes of the field's text that are meant, where it is an expression
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span: Option<Range<usize>>,
}

fn is_first(nth: &usize) -> bool {
    *nth == 0
}

/// Something found before running.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Problem {
    /// how bad
    pub severity: Severity,
    /// where
    pub place: Place,
    /// what
    pub message: String,
    /// what to do
    pub remedy: String,
    /// the same as a change, where it is just one
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
}

/// What was found, and not yet what to do about it: a [`Problem`] in the making.
#[derive(Debug)]
#[must_use = "it becomes a problem by its remedy"]
pub struct Finding {
    severity: Severity,
    place: Place,
    message: String,
}

impl Place {
    /// A place at a node.
    pub fn node(id: impl Into<String>) -> Place {
        Place { node: Some(id.into()), ..Place::default() }
    }

    /// A place at an edge.
    pub fn edge(id: impl Into<String>) -> Place {
        Place { edge: Some(id.into()), ..Place::default() }
    }

    /// A place at a field of the file.
    pub fn field(path: impl Into<String>) -> Place {
        Place { field: Some(path.into()), ..Place::default() }
    }

    /// The same place, at the one of this number among those that have the same id.
    pub fn nth(self, nth: usize) -> Place {
        Place { nth, ..self }
    }

    /// The same place, at a port.
    pub fn at_port(mut self, port: impl Into<String>) -> Place {
        self.port = Some(port.into());
        self
    }

    /// The same place, at a field.
    pub fn at_field(mut self, path: impl Into<String>) -> Place {
        self.field = Some(path.into());
        self
    }

    /// The same place, at bytes of an expression.
    pub fn at_span(mut self, span: Range<usize>) -> Place {
        self.span = Some(span);
        self
    }
}

impl Problem {
    /// A problem that keeps the pipeline from running.
    pub fn error(place: Place, message: impl Into<String>) -> Finding {
        Finding { severity: Severity::Error, place, message: message.into() }
    }

    /// A problem that does not.
    pub fn warning(place: Place, message: impl Into<String>) -> Finding {
        Finding { severity: Severity::Warning, place, message: message.into() }
    }

    /// Something worth knowing.
    pub fn note(place: Place, message: impl Into<String>) -> Finding {
        Finding { severity: Severity::Note, place, message: message.into() }
    }
}

impl Finding {
    /// The problem, with what to do.
    pub fn remedy(self, remedy: impl Into<Remedy>) -> Problem {
        let Finding { severity, place, message } = self;
        let Remedy { text, fix } = remedy.into();
        Problem { severity, place, message, remedy: text, fix }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if let Some((line, column)) = self.line {
            parts.push(format!("line {line}, column {column}"));
        }
        match (&self.node, &self.port) {
            (Some(node), Some(port)) => parts.push(format!("{node}.{port}")),
            (Some(node), None) => parts.push(node.clone()),
            (None, Some(port)) => parts.push(format!("port {port}")),
            (None, None) => {}
        }
        parts.extend(self.edge.clone());
        parts.extend(self.field.clone());
        if let Some(span) = &self.span {
            parts.push(format!("characters {} to {}", span.start + 1, span.end.max(span.start + 1)));
        }
        f.write_str(&parts.join(", "))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        let place = self.place.to_string();
        let colon = if place.is_empty() { "" } else { ": " };
        write!(f, "{severity}{colon}{place}: {}\n  remedy: {}", self.message, self.remedy)
    }
}

/// Who has to act on a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Blame {
    /// the pipeline, its parameters, its data
    User,
    /// the broker, the network, the disk
    Outside,
    /// a defect of this program
    Us,
    /// nobody: whoever read the output has gone, which is a way to stop
    Nobody,
}

/// The record at which something happened.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RecordPlace {
    /// topic, or file
    pub topic: String,
    /// partition, or 0
    pub partition: i32,
    /// offset, or line
    pub offset: i64,
}

/// Something that happened while running.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
pub struct Fault {
    /// who has to act
    pub blame: Blame,
    /// trying again may help
    pub may_retry: bool,
    /// the node at which it happened
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// the field of the file that has to change, as a path from its top: `parameters.password`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// the record, where one is to blame
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<Box<RecordPlace>>,
    /// what
    pub message: String,
    /// what to do
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Fault {
    /// A fault that the user has to act on.
    pub fn user(message: impl Into<String>) -> Fault {
        Fault::new(Blame::User, message)
    }

    /// A fault of something outside, worth trying again.
    pub fn outside(message: impl Into<String>) -> Fault {
        Fault { may_retry: true, ..Fault::new(Blame::Outside, message) }
    }

    /// A defect of ours.
    pub fn ours(message: impl Into<String>) -> Fault {
        Fault::new(Blame::Us, message)
    }

    /// The reader of the output has gone: the run stops, and nothing is wrong.
    pub fn unread(message: impl Into<String>) -> Fault {
        Fault::new(Blame::Nobody, message)
    }

    fn new(blame: Blame, message: impl Into<String>) -> Fault {
        Fault { blame, may_retry: false, node: None, field: None, record: None, message: message.into(), remedy: None }
    }

    /// The same fault, at a node (unless it already names one).
    pub fn at_node(mut self, node: &str) -> Fault {
        self.node.get_or_insert_with(|| node.to_string());
        self
    }

    /// The same fault, at a field of the file.
    pub fn at_field(self, path: impl Into<String>) -> Fault {
        Fault { field: Some(path.into()), ..self }
    }

    /// The same fault, at a record (unless it already names one).
    pub fn at_record(mut self, record: RecordPlace) -> Fault {
        self.record.get_or_insert_with(|| Box::new(record));
        self
    }

    /// The same fault, with what to do.
    pub fn remedy(mut self, remedy: impl Into<String>) -> Fault {
        self.remedy = Some(remedy.into());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(node) = &self.node {
            write!(f, "{node}: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(RecordPlace { topic, partition, offset }) = self.record.as_deref() {
            write!(f, " (topic {topic}, partition {partition}, offset {offset})")?;
        }
        match &self.remedy {
            Some(remedy) => write!(f, "\n  remedy: {remedy}"),
            None => Ok(()),
        }
    }
}
