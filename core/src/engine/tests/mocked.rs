//! A topic on a mock of Kafka, for tests of what the engine does where it meets Kafka.

use super::*;
use crate::kafka::{ClientSettings, Mock, Producer, ProducerOptions, TopicOptions};

/// The topic `t`, of one partition.
pub(super) struct Mocked {
    pub(super) mock: Mock,
    pub(super) settings: ClientSettings,
}

impl Mocked {
    pub(super) fn start() -> Mocked {
        let mock = Mock::start();
        mock.create_topic("t", 1);
        // The mock waits for a member that has gone without a word until its session ends.
        let settings =
            ClientSettings::new(mock.address()).with("session.timeout.ms", "3000").with("heartbeat.interval.ms", "500");
        Mocked { mock, settings }
    }

    /// Writes so many records. Their timestamps are counted from 1: the client takes 0 for the time of now.
    pub(super) fn write(&self, records: i64) {
        let producer = Producer::open(&self.settings, &ProducerOptions::default(), Arc::new(|_| ())).unwrap();
        let times: Vec<i64> = (1..=records).collect();
        let keys = bytes_column(times.iter().map(|_| None));
        let payload = bytes_column(times.iter().map(|_| Some(b"x".as_slice())));
        let batch = Batch::bare(keys, times.into(), Origin::made_here(0, records as usize));
        let batch = Batch { payload: Some(payload), ..batch };
        assert_eq!(producer.topic(&TopicOptions::new("t")).unwrap().send(&batch, 0).unwrap(), records as usize);
        assert!(producer.flush(Duration::from_secs(30)));
    }

    /// Starts what reads the topic by the source `s`, as a member of a group.
    pub(super) fn read(&self, group: &str, nodes: impl IntoIterator<Item = Value>, edges: &[&str]) -> Run {
        let source = node("s", "kafka-source", json!({ "topic": "t", "format": "bytes" }));
        start(&file(std::iter::once(source).chain(nodes), edges), |options| {
            options.application_id = group.to_string();
            options.is_group = true;
            options.commit_interval = Duration::from_millis(20);
            options.clusters.insert("default".to_string(), self.settings.clone());
        })
    }

    /// What a group has committed.
    pub(super) fn committed(&self, group: &str) -> Option<i64> {
        self.mock.committed(group, "t", 0)
    }
}
