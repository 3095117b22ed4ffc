//! What a Kafka client can rely on, tried through librdkafka. The same checks run against the embedded broker in memory
//! and on disk, and, with `--include-ignored`, against the Kafka that `TIDEGATE_TEST_KAFKA=host:port` names (`tests/kafka/up` starts one).

mod groups;
mod records;
mod support;
mod topics;

use support::Bench;

/// A test of each check for each broker.
macro_rules! checks {
    ($($module:ident: $($check:ident)+;)+) => {
        mod memory { $($(#[test] fn $check() { super::$module::$check(&super::Bench::memory()); })+)+ }
        mod disk { $($(#[test] fn $check() { super::$module::$check(&super::Bench::disk()); })+)+ }
        mod kafka {
            $($(#[test] #[ignore = "needs TIDEGATE_TEST_KAFKA, the address of a Kafka"] fn $check() {
                super::$module::$check(&super::Bench::kafka());
            })+)+
        }
    };
}

checks! {
    topics:
        a_topic_is_made_once
        more_replicas_than_nodes_are_refused
        bad_names_and_settings_are_refused
        a_trial_makes_nothing
        producing_makes_a_topic
        consuming_makes_no_topic
        partitions_are_added
        a_topic_made_again_is_empty
        records_are_deleted
        settings_are_described_and_altered
        settings_are_altered_one_by_one
        the_brokers_settings_are_described;
    records:
        all_codecs_keep_all_parts
        nulls_and_empties_stay_apart
        acknowledgements_of_all_kinds
        large_records
        a_record_above_the_limit_is_refused
        watermarks_from_another_client
        offsets_by_time
        offsets_by_time_in_compressed_batches
        seek_tail_and_pause
        a_position_past_the_end_is_reset
        an_idempotent_producer_keeps_order
        small_fetches_read_everything
        a_hundred_partitions
        a_waiting_consumer_is_woken;
    groups:
        a_group_resumes_where_it_committed
        offsets_are_committed_by_themselves
        a_member_joins_and_leaves_range
        a_member_joins_and_leaves_cooperative
        eight_members
        a_static_member_keeps_its_place
        a_dead_member_is_replaced
        a_pattern_is_subscribed
        groups_are_listed_described_and_deleted
        offsets_are_committed_without_membership
        a_stranger_may_not_commit;
}

#[test]
fn transactions_are_refused_clearly() {
    records::transactions_are_refused(&Bench::memory());
}
