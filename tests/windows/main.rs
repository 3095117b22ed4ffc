//! Windows, held to Kafka Streams: scenarios that read as sentences, random cases that the reference itself answers,
//! and the same topics of a Kafka read by both.

mod case;
mod differential;
mod kafka;
mod ours;
mod random;
mod reference;
mod scenarios;
#[allow(dead_code, reason = "the tests of the commands use the rest")]
#[path = "../program/support.rs"]
mod support;
