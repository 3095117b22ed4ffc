//! Librdkafka's mock of a cluster, for tests: brokers in this process, which can be told to refuse a request.

use std::ffi::CStr;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use rdkafka_sys::*;

use super::{Client, Code, Conf, Partitions, Role, c_name, millis};

/// A cluster of one broker, for as long as it lives.
pub(crate) struct Mock {
    raw: NonNull<rd_kafka_mock_cluster_t>,
    // Dropped after the cluster: it is part of the client.
    _client: Arc<Client>,
}

/// Kafka's number for the request that commits offsets.
const OFFSET_COMMIT: i16 = 8;

impl Mock {
    pub(crate) fn start() -> Mock {
        let client = Conf::new().build(Role::Producer).expect("the defaults are taken");
        // SAFETY: a live client.
        let raw = unsafe { rd_kafka_mock_cluster_new(client.raw(), 1) };
        let raw = NonNull::new(raw).expect("there is a port for the mock");
        // SAFETY: a live cluster.
        unsafe { rd_kafka_mock_group_initial_rebalance_delay_ms(raw.as_ptr(), 0) };
        Mock { raw, _client: client }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> String {
        // SAFETY: a live cluster, whose text lives as long.
        let text = unsafe { CStr::from_ptr(rd_kafka_mock_cluster_bootstraps(self.raw.as_ptr())) };
        text.to_string_lossy().into_owned()
    }

    pub(crate) fn create_topic(&self, name: &str, partitions: i32) {
        let name = c_name(name);
        // SAFETY: a live cluster and a terminated name, which is copied.
        let code = unsafe { rd_kafka_mock_topic_create(self.raw.as_ptr(), name.as_ptr(), partitions, 1) };
        assert_eq!(Code::of(code), Code::NONE);
    }

    /// Takes so long for each answer.
    pub(crate) fn answer_after(&self, time: Duration) {
        // SAFETY: a live cluster; its brokers are counted from 1.
        let code = unsafe { rd_kafka_mock_broker_set_rtt(self.raw.as_ptr(), 1, millis(time)) };
        assert_eq!(Code::of(code), Code::NONE);
    }

    /// Takes so long for one more answer to requests of a kind, by Kafka's number.
    pub(crate) fn answer_one_after(&self, request: i16, time: Duration) {
        let no_error = rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR as i32;
        // SAFETY: a live cluster; its brokers are counted from 1; one pair of error and milliseconds follows, as said.
        let code = unsafe {
            rd_kafka_mock_broker_push_request_error_rtts(self.raw.as_ptr(), 1, request, 1, no_error, millis(time))
        };
        assert_eq!(Code::of(code), Code::NONE);
    }

    /// What a group has committed of a partition.
    pub(crate) fn committed(&self, group: &str, topic: &str, partition: i32) -> Option<i64> {
        let mut conf = Conf::new();
        conf.set("bootstrap.servers", &self.address()).expect("a known property");
        conf.set("group.id", group).expect("a known property");
        let client = conf.build(Role::Consumer).expect("the settings are taken");
        let of = Partitions::new([(topic, partition, Partitions::NONE)]);
        let entries = client.committed(&of, Duration::from_secs(10)).expect("the mock answers");
        entries.first().map(|entry| entry.offset).filter(|&offset| offset >= 0)
    }

    /// Refuses the next commits of offsets, for these reasons.
    pub(crate) fn refuse_commits(&self, why: &[Code]) {
        let codes: Vec<rd_kafka_resp_err_t> =
            why.iter().map(|code| rd_kafka_resp_err_t::try_from(code.0).expect("a code of librdkafka")).collect();
        // SAFETY: a live cluster and as many codes as said, which are copied.
        unsafe {
            rd_kafka_mock_push_request_errors_array(self.raw.as_ptr(), OFFSET_COMMIT, codes.len(), codes.as_ptr());
        }
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        // SAFETY: ours, destroyed once.
        unsafe { rd_kafka_mock_cluster_destroy(self.raw.as_ptr()) }
    }
}
