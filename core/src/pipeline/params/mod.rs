//! Parameters: what `${NAME}` in a text stands for. Environment and files are the caller's, given as closures. A plain
//! value is filled in before checking; a secret only when a client is built, by [`Values::reveal`].

mod config;
mod gather;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Settable;
use crate::fields::Secret;
use crate::problem::{Fault, Place, Problem, meant_or};

pub use config::FilledConfig;
pub use gather::variable;

/// Where values come from; earlier ones win: `set`, environment, default.
pub struct Sources<'a> {
    /// `--set name=value`
    pub set: &'a [(String, String)],
    /// a variable of the environment
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// the text of a file, or why there is none
    pub file: &'a dyn Fn(&str) -> Result<String, String>,
}

impl Sources<'_> {
    /// Nothing but defaults.
    pub fn none() -> Sources<'static> {
        Sources { set: &[], environment: &|_| None, file: &|path| Err(format!("{path} is not read here")) }
    }
}

/// The values of a pipeline's parameters. `Debug` shows no secret.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Values {
    known: BTreeMap<String, Given>,
    origins: BTreeMap<String, Origin>,
}

/// Where the value of a parameter comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `--set`
    Set,
    /// a variable of the environment, by its name
    Variable(String),
    /// a file, by the variable that names it
    File(String),
    /// the file of the pipeline
    Default,
    /// nowhere: a secret is asked for, anything else is a problem
    Nowhere,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Origin::Set => f.write_str("--set"),
            Origin::Variable(name) => f.write_str(name),
            Origin::File(name) => write!(f, "the file of {name}"),
            Origin::Default => f.write_str("the default"),
            Origin::Nowhere => f.write_str("nowhere"),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Given {
    Plain(String),
    /// told of already; stands for itself, so that no more problems follow from it
    Missing,
    Secret(Option<Secret>),
}

/// A text taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Name(&'a str),
}

impl Values {
    /// Secrets without a value, which a person may be asked for.
    pub fn missing_secrets(&self) -> impl Iterator<Item = &str> {
        self.known.iter().filter(|(_, given)| **given == Given::Secret(None)).map(|(name, _)| name.as_str())
    }

    /// Where the value of a parameter comes from.
    pub fn origin(&self, name: &str) -> Option<&Origin> {
        self.origins.get(name)
    }

    /// Gives a secret its value.
    pub fn give_secret(&mut self, name: &str, secret: Secret) {
        if let Some(given @ Given::Secret(_)) = self.known.get_mut(name) {
            *given = Given::Secret(Some(secret));
        }
    }

    /// Fills a text that may hold secrets: a field of type `Secret`, or a client's property.
    ///
    /// # Errors
    /// A secret has no value, or the text names what is no parameter.
    pub fn reveal(&self, template: &Secret) -> Result<Secret, Fault> {
        let mut text = String::new();
        for piece in pieces(template.expose()).map_err(Fault::user)? {
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Name(name) => match self.known.get(name) {
                    Some(Given::Plain(value)) => text.push_str(value),
                    Some(Given::Secret(Some(secret))) => text.push_str(secret.expose()),
                    Some(_) => {
                        let variable = variable(name);
                        return Err(Fault::user(format!("the secret `{name}` has no value"))
                            .at_field(format!("parameters.{name}"))
                            .remedy(format!("set {variable}, or {variable}_FILE to a file that holds it")));
                    }
                    None => return Err(Fault::user(format!("unknown parameter `{name}`"))),
                },
            }
        }
        Ok(Secret::new(text))
    }

    /// Fills a text in which no secret may stand. What cannot be filled is reported and left as it is.
    pub fn fill(&self, text: &str, place: &Place, problems: &mut Vec<Problem>) -> String {
        let found = self.names_problems(text, place, false);
        if !found.is_empty() || self.names_missing(text) {
            problems.extend(found);
            return text.to_string();
        }
        let value = |piece| match piece {
            Piece::Text(part) => part,
            Piece::Name(name) => match self.known.get(name) {
                Some(Given::Plain(value)) => value.as_str(),
                _ => "",
            },
        };
        pieces(text).unwrap_or_default().into_iter().map(value).collect()
    }

    /// The value of a settable part of the document; none where it is not set, or cannot be filled or read.
    pub fn settle<T: Clone + DeserializeOwned>(
        &self,
        settable: Option<&Settable<T>>,
        place: &Place,
        problems: &mut Vec<Problem>,
    ) -> Option<T> {
        let template = match settable? {
            Settable::Given(value) => return Some(value.clone()),
            Settable::Template(template) => template,
        };
        let before = problems.len();
        let text = self.fill(template, place, problems);
        if problems.len() > before || self.names_missing(template) {
            return None;
        }
        read_settable(&text).map_err(|why| problems.push(unreadable(template, &why, place.clone()))).ok()
    }

    /// What is wrong with the names in a text: unknown ones, secrets where none may stand, `${` without an end.
    pub fn names_problems(&self, text: &str, place: &Place, secrets_allowed: bool) -> Vec<Problem> {
        let pieces = match pieces(text) {
            Ok(pieces) => pieces,
            Err(why) => return vec![Problem::error(place.clone(), why).remedy("write $${ for the two characters ${")],
        };
        let problem = |piece: &Piece<'_>| match piece {
            Piece::Name(name) => match self.known.get(*name) {
                None => Some(unknown(name, self.known.keys().map(String::as_str), place)),
                Some(Given::Secret(_)) if !secrets_allowed => Some(
                    Problem::error(place.clone(), format!("the secret `{name}` may not stand here"))
                        .remedy("a secret may stand only in fields that are secret and in a cluster's properties"),
                ),
                Some(_) => None,
            },
            Piece::Text(_) => None,
        };
        pieces.iter().filter_map(problem).collect()
    }

    /// A text names a parameter that has no value, which was told of already.
    fn names_missing(&self, text: &str) -> bool {
        let is_missing =
            |piece: &Piece<'_>| matches!(piece, Piece::Name(name) if self.known.get(*name) == Some(&Given::Missing));
        pieces(text).unwrap_or_default().iter().any(is_missing)
    }
}

/// Reads a text as what it is, or as the number or word that it spells.
fn read_settable<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let as_text = match serde_json::from_value(Value::from(text)) {
        Ok(value) => return Ok(value),
        Err(error) => error.to_string(),
    };
    let scalar = serde_json::from_str(text).map(serde_json::from_value).unwrap_or_else(Err);
    // A type that is written as text tells best what is wrong with the text.
    scalar.map_err(|error| match error.to_string() {
        _ if !as_text.starts_with("invalid type") => as_text,
        why if why == "invalid number" => format!("`{text}` is no number that fits here"),
        why => why,
    })
}

fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str>, place: &Place) -> Problem {
    // The text around it stays: only its name is another.
    let remedy = meant_or(name, known, "declare it under `parameters`").text;
    Problem::error(place.clone(), format!("unknown parameter `{name}`")).remedy(remedy)
}

fn unreadable(template: &str, why: &str, place: Place) -> Problem {
    let remedy = "give the parameter such a value: by --set, in the environment, or as its default";
    Problem::error(place, format!("{template}: {why}")).remedy(remedy)
}

/// A text that takes another parameter in the place of this one; what is escaped, or has no end, stays.
pub fn renamed_in(text: &str, name: &str, to: &str) -> String {
    let (mut renamed, mut rest) = (String::new(), text);
    while let Some(at) = rest.find("${") {
        let (before, behind) = (&rest[..at], &rest[at + 2..]);
        renamed += before;
        renamed += "${";
        rest = match behind.split_once('}') {
            Some((known, tail)) if known == name && !before.ends_with('$') => {
                renamed += to;
                renamed.push('}');
                tail
            }
            _ => behind,
        };
    }
    renamed + rest
}

/// Takes `${NAME}` apart; `$${` is the text `${`.
fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            pieces.extend([Piece::Text(&rest[..at - 1]), Piece::Text("${")]);
            rest = &rest[at + 2..];
            continue;
        }
        let (name, tail) = rest[at + 2..].split_once('}').ok_or_else(|| "`${` has no end `}`".to_string())?;
        pieces.extend([Piece::Text(&rest[..at]), Piece::Name(name)]);
        rest = tail;
    }
    pieces.push(Piece::Text(rest));
    pieces.retain(|piece| *piece != Piece::Text(""));
    Ok(pieces)
}
