//! `scale: group`: several runs share the partitions of a topic.

use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use crate::broker::{doubling, nothing_is_lost, numbers, owned, serve, settings, shared_doubling, topics};
use crate::support::{Process, node, on_kafka};

/// Longer than a session, which is 6 s.
const FROZEN: Duration = Duration::from_secs(15);

#[test]
fn members_join_leave_die_and_freeze_and_no_record_is_lost() {
    on_kafka(|bench| {
        let broker = serve(bench);
        let [from, to, group] = topics(bench, &broker, "members");
        let pipeline = shared_doubling(&group, &from, &to);
        let file = bench.file("members.json", pipeline.to_string());
        let feeder = bench.start(&["run", &numbers(bench, &from, &json!({ "rate": "1000/s" }))]);
        let join = || bench.start(&["run", &file]);

        let mut first = join();
        first.wait_until("all partitions", |first| owned(first) == 4);
        let mut second = join();
        second.wait_until("a share of two", |second| owned(second) == 2 && owned(&first) == 2);
        let mut third = join();
        third.wait_until("a share of three", |third| all_are_owned(&[&first, &second, third]));

        second.stop().code(0);
        first.wait_until("the share of who left", |first| all_are_owned(&[first, &third]));
        third.signal(Signal::KILL);
        third.wait();
        first.wait_until("the share of who died", |first| owned(first) == 4);

        let mut fourth = join();
        fourth.wait_until("a share of two again", |fourth| owned(fourth) == 2 && owned(&first) == 2);
        let frozen_at = Instant::now();
        first.signal(Signal::STOP);
        fourth.wait_until("the share of who froze", |fourth| owned(fourth) == 4);
        sleep(FROZEN.saturating_sub(frozen_at.elapsed()));
        first.signal(Signal::CONT);
        first.wait_until("a share after the frost", |first| owned(first) == 2 && owned(&fourth) == 2);

        // A source that keeps nothing may have lost what was under way: the topic is the truth.
        feeder.stop();
        let written = broker.written(&from);
        first.wait_until("all to be committed", |_| broker.committed(&group, &from) == written);
        for (member, name) in [(first, "first"), (fourth, "fourth")] {
            let ran = member.stop().code(0);
            assert_eq!(ran.outcome()["faults"], json!([]), "{name}");
        }
        let repeated = nothing_is_lost(bench, &from, &to);
        eprintln!("{repeated} of {written} records were repeated");
    });
}

/// What a frozen member holds is read by the other meanwhile: when it thaws, it takes no offset back.
#[test]
fn a_member_that_thaws_takes_no_offset_back() {
    on_kafka(|bench| {
        let broker = serve(bench);
        let [from, to, group] = topics(bench, &broker, "frozen");
        let mut pipeline = shared_doubling(&group, &from, &to);
        bench.tidegate(&["run", &numbers(bench, &from, &json!({ "count": 20_000 }))]).code(0);
        // Slow, so that queues are full of what was read when the frost comes.
        pipeline["nodes"][1] = json!({ "id": "some", "operator": "throttle", "config": { "rate": "400/s" } });
        pipeline["edges"][0]["via"] = json!({ "direct": { "buffer": 4000 } });
        let file = bench.file("frozen.json", pipeline.to_string());

        let mut frozen = bench.start(&["run", &file]);
        frozen.wait_until("all partitions", |frozen| owned(frozen) == 4);
        let mut other = bench.start(&["run", &file]);
        other.wait_until("a share of two", |other| owned(other) == 2 && owned(&frozen) == 2);
        frozen.wait_until("some to be committed", |_| broker.committed(&group, &from) > 500);
        frozen.signal(Signal::STOP);
        other.wait_until("the share of who froze", |other| owned(other) == 4);
        let taken_over = broker.committed(&group, &from);
        other.wait_until("progress", |_| broker.committed(&group, &from) > taken_over + 2000);
        let mut before = broker.committed_by_partition(&group, &from);
        frozen.signal(Signal::CONT);
        let until = Instant::now() + FROZEN;
        while Instant::now() < until {
            let now = broker.committed_by_partition(&group, &from);
            for (partition, next) in &now {
                assert!(
                    before.get(partition).is_none_or(|before| before <= next),
                    "{partition}: {before:?}, then {now:?}"
                );
            }
            before = now;
            sleep(Duration::from_millis(20));
        }
        assert!(owned(&frozen) > 0, "it never came back");
        for member in [frozen, other] {
            assert_eq!(member.stop().outcome()["faults"], json!([]));
        }
    });
}

/// `scale: single`: whoever comes second reads nothing, names the first and goes; the first goes on with all.
#[test]
fn who_comes_second_where_one_is_to_be_alone_goes() {
    on_kafka(|bench| {
        let broker = serve(bench);
        let [from, to, group] = topics(bench, &broker, "single");
        let file = bench.file("single.json", doubling(&group, &from, &to).to_string());
        let feeder = bench.start(&["run", &numbers(bench, &from, &json!({ "rate": "500/s" }))]);
        let mut first = bench.start(&["run", &file]);
        first.wait_until("all partitions", |first| owned(first) == 4);
        let second = bench.tidegate(&["run", &file]).code(1);
        let outcome = second.outcome();
        let fault = outcome["faults"][0]["message"].as_str().unwrap_or_default();
        assert!(
            fault.contains("are read by others in the group") && fault.contains(&format!("{group} at ")),
            "{outcome}"
        );
        assert_eq!(node(&outcome["snapshot"], "in")["records_in"], 0, "{outcome}");
        first.wait_until("all partitions again", |first| owned(first) == 4);
        feeder.stop();
        let written = broker.written(&from);
        first.wait_until("all to be committed", |_| broker.committed(&group, &from) == written);
        assert_eq!(first.stop().code(0).outcome()["faults"], json!([]));
        assert_eq!(nothing_is_lost(bench, &from, &to), 0, "nothing was read twice");
    });
}

#[test]
fn whatever_becomes_of_members_no_record_is_lost() {
    on_kafka(|bench| {
        let (steps, mut random) = settings(3, 0);
        let broker = serve(bench);
        let [from, to, group] = topics(bench, &broker, "troubled");
        let pipeline = shared_doubling(&group, &from, &to);
        let file = bench.file("troubled.json", pipeline.to_string());
        let feeder = bench.start(&["run", &numbers(bench, &from, &json!({ "rate": "1000/s" }))]);
        let mut members: [Option<Process>; 3] = [Some(bench.start(&["run", &file])), None, None];
        for _ in 0..2 * steps {
            sleep(Duration::from_millis(random.below(3000)));
            let member = &mut members[random.below(3) as usize];
            match (member.take(), random.below(3)) {
                (None, _) => *member = Some(bench.start(&["run", &file])),
                (Some(leaving), 0) => {
                    leaving.stop().code(0);
                }
                (Some(dying), 1) => dying.signal(Signal::KILL),
                (Some(freezing), _) => {
                    freezing.signal(Signal::STOP);
                    sleep(Duration::from_millis(random.below(9000)));
                    freezing.signal(Signal::CONT);
                    *member = Some(freezing);
                }
            }
        }
        feeder.stop();
        let written = broker.written(&from);
        let mut last = bench.start(&["run", &file]);
        last.wait_until("all to be committed", |_| broker.committed(&group, &from) == written);
        for member in members.into_iter().flatten().chain([last]) {
            assert_eq!(member.stop().code(0).outcome()["faults"], json!([]));
        }
        let repeated = nothing_is_lost(bench, &from, &to);
        eprintln!("{repeated} of {written} records were repeated");
    });
}

/// Each has a share, and together they have all.
fn all_are_owned(members: &[&Process]) -> bool {
    let shares: Vec<usize> = members.iter().map(|member| owned(member)).collect();
    shares.iter().all(|share| *share > 0) && shares.iter().sum::<usize>() == 4
}
