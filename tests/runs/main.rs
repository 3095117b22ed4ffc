//! Runs on topics, as processes: the engine as a whole, on the embedded broker, or on a real Kafka where
//! `TIDEGATE_TEST_KAFKA` gives its address. They take their time, so they stand apart from the tests of the commands.

mod broker;
mod failing;
mod foreign;
mod group;
mod growing;
mod kills;
mod operators;
mod pressure;
mod reading;
mod refused;
mod sources;
mod starting;
#[allow(dead_code, reason = "the tests of the commands use the rest")]
#[path = "../program/support.rs"]
mod support;
mod through;
mod tls;
mod windowed;
