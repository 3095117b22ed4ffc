//! Windows, held to Kafka Streams: scenarios that read as sentences, and random cases that the reference itself answers.

mod case;
mod differential;
mod ours;
mod random;
mod reference;
mod scenarios;
