//! The client layer against a broker: Kafka itself, where `TIDEGATE_TEST_KAFKA=host:port` says where it is, or else the
//! embedded one.

mod admin;
mod clusters;
mod faults;
mod groups;
mod reading;
mod support;
mod writing;
