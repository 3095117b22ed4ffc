//! How commands end: the program's exit codes, and what is said where a result is missing.

use std::io;
use std::process::ExitCode;

use tidegate_broker::BrokerError;
use tidegate_core::problem::{Blame, Fault};

use super::style::Paint;

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
    /// the file or the arguments are wrong: what, and what to do
    Wrong(String, Option<String>),
    /// something went wrong outside, or while running
    Fault(Fault),
    /// all has been said already
    Told(Exit),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

impl Failure {
    /// Wrong arguments, or a wrong file.
    pub(crate) fn wrong(message: impl Into<String>) -> Failure {
        Failure::Wrong(message.into(), None)
    }

    /// The same, with what to do.
    pub(crate) fn remedy(self, remedy: impl Into<String>) -> Failure {
        match self {
            Failure::Wrong(message, _) => Failure::Wrong(message, Some(remedy.into())),
            Failure::Fault(fault) => Failure::Fault(fault.remedy(remedy)),
            told => told,
        }
    }

    /// A fault that comes from the arguments, and not from what happened.
    pub(crate) fn of_arguments(fault: Fault) -> Failure {
        match fault.blame {
            Blame::User => Failure::Wrong(fault.message, fault.remedy),
            _ => Failure::Fault(fault),
        }
    }

    /// Says it on standard error.
    pub(crate) fn tell(self) -> Exit {
        match self {
            Failure::Wrong(message, remedy) => {
                tell(&message, remedy.as_deref());
                Exit::Wrong
            }
            Failure::Fault(fault) => tell_fault(&fault),
            Failure::Told(exit) => exit,
        }
    }
}

/// Says a fault on standard error, unless it is only that nobody reads the output any more.
pub(crate) fn tell_fault(fault: &Fault) -> Exit {
    if fault.blame == Blame::Nobody {
        return Exit::Good;
    }
    let bare = Fault { remedy: None, ..fault.clone() };
    let message = match fault.blame {
        Blame::Us => format!("{bare} (this is a defect of Tidegate)"),
        _ => bare.to_string(),
    };
    tell(&message, fault.remedy.as_deref());
    Exit::Failed
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
        Failure::Fault(fault)
    }
}

impl From<BrokerError> for Failure {
    fn from(error: BrokerError) -> Failure {
        Failure::Fault(Fault::outside(error.to_string()))
    }
}

/// Standard output cannot be written. Files are read and written with messages of their own.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::Told(Exit::Good),
            _ => Failure::Fault(Fault::outside(format!("cannot write to standard output: {error}"))),
        }
    }
}
