//! The program as its users see it: arguments and standard input in; standard output, standard error and exit code out.
//! What needs a Kafka runs on the embedded broker in a folder of the test's own, or on a real one where
//! `TIDEGATE_TEST_KAFKA` gives its address.

mod explain;
mod files;
mod gallery;
#[cfg(feature = "tui")]
mod glass;
mod help;
#[cfg(feature = "http")]
mod http;
#[cfg(all(feature = "http", feature = "tls"))]
mod https;
mod json;
#[cfg(all(feature = "tui", feature = "http"))]
mod remote;
mod run;
#[cfg(feature = "tui")]
mod screen;
mod secrets;
mod support;
mod terminal;
mod tests_of_files;
#[cfg(feature = "tui")]
mod top;
mod topics;
