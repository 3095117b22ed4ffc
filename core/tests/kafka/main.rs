//! The client layer against a broker: Kafka itself, or the embedded one. `TIDEGATE_TEST_KAFKA=host:port` says where it
//! is; without it all but the tests that need none are skipped, and say so.

mod admin;
mod faults;
mod groups;
mod reading;
mod support;
mod writing;
