//! How commands end: the program's exit codes, and what is said where a result is missing. A failure is a value until the
//! program's last line tells it, to people or to programs.

use std::io;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue};
use serde_json::{Value, json};
use tidegate_core::problem::{Blame, Fault};

use super::files::WrongFile;
use super::style::Paint;
use super::voice::{Voice, tell_line};

/// What the program ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// all as asked
    Good = 0,
    /// what was asked failed: a run, a test, a comparison
    Failed = 1,
    /// the file or the arguments are wrong
    Wrong = 2,
}

/// What keeps a command from its result.
#[derive(Debug)]
pub(crate) enum Failure {
    /// the arguments are wrong
    Argument(WrongArgument),
    /// a file is wrong
    File(WrongFile),
    /// something went wrong outside, or while running
    Fault(Box<Fault>),
    /// nobody reads the output any more, which is no error
    Unread,
}

/// An argument, what is wrong with it, and what to do.
#[derive(Debug)]
pub(crate) struct WrongArgument {
    argument: Option<String>,
    message: String,
    remedy: Option<String>,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

impl Failure {
    /// A wrong argument: its name as the help writes it, and what is wrong.
    pub(crate) fn argument(name: &str, message: impl Into<String>, remedy: impl Into<String>) -> Failure {
        let (message, remedy) = (message.into(), Some(remedy.into()));
        Failure::Argument(WrongArgument { argument: Some(name.into()), message, remedy })
    }

    /// A fault that comes from an argument, or a value of the environment, and not from what happened.
    pub(crate) fn of_argument(name: Option<&str>, fault: Fault) -> Failure {
        let Fault { blame: Blame::User, message, remedy, .. } = fault else { return fault.into() };
        Failure::Argument(WrongArgument { argument: name.map(str::to_string), message, remedy })
    }

    /// Arguments that could not be understood.
    pub(crate) fn of_usage(error: &clap::Error) -> Failure {
        let text = error.render().to_string();
        let message: Vec<&str> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
        let message = message.join(" ");
        let tip = text.lines().find_map(|line| line.trim().strip_prefix("tip: "));
        let argument = match error.get(ContextKind::InvalidArg).or(error.get(ContextKind::InvalidSubcommand)) {
            Some(ContextValue::String(argument)) => Some(argument.clone()),
            Some(ContextValue::Strings(arguments)) => Some(arguments.join(" ")),
            _ => None,
        };
        Failure::Argument(WrongArgument {
            argument,
            message: message.strip_prefix("error: ").unwrap_or(&message).to_string(),
            remedy: Some(tip.unwrap_or("`--help` behind the command shows what there is").to_string()),
        })
    }

    /// What it says, for a screen that has its own place for it.
    #[cfg(feature = "tui")]
    pub(crate) fn message(&self) -> String {
        match self {
            Failure::Argument(wrong) => wrong.message.clone(),
            Failure::File(wrong) => wrong.problems.first().map_or_else(String::new, |problem| problem.message.clone()),
            Failure::Fault(fault) => fault.message.clone(),
            Failure::Unread => String::new(),
        }
    }

    /// The same as a fault, for a screen that has its own place for it.
    #[cfg(feature = "tui")]
    pub(crate) fn into_fault(self) -> Fault {
        match self {
            Failure::Fault(fault) => *fault,
            other => Fault::user(other.message()),
        }
    }

    /// Says it on standard error.
    pub(crate) fn tell(self, voice: Voice) -> Exit {
        match self {
            Failure::Argument(wrong) => {
                wrong.tell(voice);
                Exit::Wrong
            }
            Failure::File(wrong) => {
                wrong.tell(voice);
                Exit::Wrong
            }
            Failure::Fault(fault) => tell_fault(&fault, voice),
            Failure::Unread => Exit::Good,
        }
    }
}

impl WrongArgument {
    fn tell(&self, voice: Voice) {
        let WrongArgument { argument, message, remedy } = self;
        match voice {
            Voice::People => tell(message, remedy.as_deref()),
            Voice::Programs => {
                let place = argument.as_ref().map_or(json!({}), |argument| json!({ "argument": argument }));
                tell_failure(Exit::Wrong, json!({ "place": place, "message": message, "remedy": remedy }));
            }
        }
    }
}

/// Says a fault on standard error, unless it is only that nobody reads the output any more.
pub(crate) fn tell_fault(fault: &Fault, voice: Voice) -> Exit {
    if fault.blame == Blame::Nobody {
        return Exit::Good;
    }
    match voice {
        Voice::People => {
            let bare = Fault { remedy: None, ..fault.clone() };
            let message = match fault.blame {
                Blame::Us => format!("{bare} (this is a defect of Tidegate)"),
                _ => bare.to_string(),
            };
            tell(&message, fault.remedy.as_deref());
        }
        Voice::Programs => tell_failure(Exit::Failed, fault_to_json(fault)),
    }
    Exit::Failed
}

fn fault_to_json(fault: &Fault) -> Value {
    let Fault { blame, may_retry, node, field, record, message, remedy } = fault;
    let mut place = record.as_ref().map_or(json!({}), |record| json!(record));
    for (name, part) in [("node", node), ("field", field)] {
        if let Some(part) = part {
            place[name] = json!(part);
        }
    }
    json!({ "place": place, "message": message, "remedy": remedy, "blame": blame, "may_retry": may_retry })
}

fn tell_failure(exit: Exit, mut fields: Value) {
    fields["exit_code"] = json!(exit as u8);
    tell_line("failure", fields);
}

fn tell(message: &str, remedy: Option<&str>) {
    let paint = Paint::stderr();
    eprintln!("{}: {message}", paint.red("error"));
    if let Some(remedy) = remedy {
        eprintln!("  {}: {remedy}", paint.cyan("remedy"));
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Failure {
        Failure::Fault(Box::new(fault))
    }
}

impl From<WrongFile> for Failure {
    fn from(wrong: WrongFile) -> Failure {
        Failure::File(wrong)
    }
}

/// Standard output cannot be written. Files are read and written with messages of their own.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::Unread,
            _ => {
                let fault = Fault::outside(format!("cannot write to standard output: {error}"));
                fault.remedy("see where it leads: a full disk, or a terminal that has gone").into()
            }
        }
    }
}
