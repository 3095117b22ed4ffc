//! What subcommands share: files and their problems, clusters and the embedded broker, reading topics, tables and
//! colours, explanations, signals, the log, exit codes, who reads what is said. Nothing here knows a subcommand.

pub(crate) mod clusters;
pub(crate) mod exit;
pub(crate) mod explanation;
pub(crate) mod files;
pub(crate) mod formats;
pub(crate) mod log;
pub(crate) mod problems;
pub(crate) mod reading;
pub(crate) mod secrets;
pub(crate) mod signals;
pub(crate) mod start;
pub(crate) mod style;
pub(crate) mod table;
pub(crate) mod voice;
#[cfg(any(feature = "gui", feature = "tui"))]
pub(crate) mod watched;
