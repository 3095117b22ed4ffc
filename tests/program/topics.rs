//! `topics`, `produce`, `consume`, `schema --topic`, `lag`, `broker`: Kafka from the command line.

use std::time::Instant;

use serde_json::{Value, json};

use crate::support::{Bench, on_kafka};

fn values(rows: &[Value]) -> Vec<&Value> {
    rows.iter().map(|row| &row["value"]).collect()
}

#[test]
fn topics_are_made_listed_and_deleted() {
    on_kafka(|kafka| {
        let name = &kafka.name("made");
        assert_eq!(
            kafka.tidegate(&["topics", "create", name, "--partitions", "3"]).code(0).out,
            format!("created {name}\n")
        );
        let ran = kafka.tidegate(&["topics", "create", name]).code(1);
        assert!(ran.err.contains("already"), "{}", ran.err);
        let list = kafka.tidegate(&["topics", "--json"]).code(0).rows();
        assert!(list.contains(&json!({ "topic": name, "partitions": 3, "is_internal": false })), "{list:?}");
        assert!(kafka.tidegate(&["topics"]).code(0).out.contains(name));
        kafka.tidegate(&["produce", name]).code(0);
        kafka.tidegate_in(&["produce", name], "1\n2\n").code(0);
        let listed =
            kafka.tidegate(&["topics", "--brokers", &kafka.brokers, "list", "--internal", "--json"]).code(0).rows();
        assert!(listed.len() >= list.len());
        let shown = kafka.tidegate(&["topics", "show", name, "--json"]).code(0).rows();
        assert_eq!(shown.iter().map(|row| row["records"].as_i64().unwrap()).sum::<i64>(), 2);
        assert_eq!(kafka.tidegate(&["topics", "delete", name]).code(0).out, format!("deleted {name}\n"));
        kafka.tidegate(&["topics", "delete", name]).code(1);
        kafka.tidegate(&["topics", "show", name]).code(1);
    });
}

#[test]
fn what_is_produced_is_consumed() {
    on_kafka(|kafka| {
        let name = &kafka.name("rows");
        let rows = [
            json!({ "ts": 1000, "key": "a", "value": { "n": 1.5, "deep": [1, { "x": null }] }, "headers": [["h", "x"], ["n", null]] }),
            json!({ "ts": 2000, "key": null, "value": { "text": "äöü \u{1F30A}" } }),
            json!({ "ts": 3000, "key": "a", "value": null }),
            json!({ "ts": 4000, "key": { "base64": "/wA=" }, "value": { "base64": "/wA=" } }),
            json!({ "ts": 5000, "key": "", "value": "plain" }),
        ];
        let lines: String = rows.iter().map(|row| format!("{row}\n")).collect();
        let file = kafka.file("rows.jsonl", &lines);
        let ran = kafka.tidegate(&["produce", name, &file, "--records", "--create", "1", "--json"]).code(0);
        assert_eq!(ran.rows(), [json!({ "topic": name, "records": 5 })]);
        let consumed = kafka.tidegate(&["consume", name]).code(0).rows();
        for (offset, (row, consumed)) in rows.iter().zip(&consumed).enumerate() {
            let mut expected = json!({ "topic": name, "partition": 0, "offset": offset });
            expected.as_object_mut().unwrap().extend(row.as_object().unwrap().clone());
            assert_eq!(*consumed, expected);
        }
        assert_eq!(consumed.len(), rows.len());
        // What one prints the other reads.
        let again = kafka.tidegate(&["consume", name]).out;
        kafka.tidegate_in(&["produce", name, "--records"], &again).code(0);
        let all = kafka.tidegate(&["consume", name]).rows();
        assert_eq!(values(&all[5..]), values(&all[..5]));
        let only = kafka.tidegate(&["consume", name, "--show", "key-value", "--records", "2"]).code(0).out;
        assert_eq!(only, "a\t{\"n\":1.5,\"deep\":[1,{\"x\":null}]}\nnull\t{\"text\":\"äöü \u{1F30A}\"}\n");
    });
}

#[test]
fn reading_starts_where_it_is_told() {
    on_kafka(|kafka| {
        let name = &kafka.name("places");
        let lines: String = (0..5).map(|n| format!("{{\"ts\":{},\"value\":{n}}}\n", 1_000 * (n + 1))).collect();
        kafka.tidegate_in(&["produce", name, "--records", "--create", "1"], &lines).code(0);
        for (from, expected) in [
            ("earliest", &[0, 1, 2, 3, 4][..]),
            ("latest", &[]),
            ("3", &[3, 4]),
            ("9", &[]),
            ("1970-01-01T00:00:03Z", &[2, 3, 4]),
        ] {
            let rows = kafka.tidegate(&["consume", name, "--from", from]).code(0).rows();
            assert_eq!(
                values(&rows),
                expected.iter().map(|n| json!(n)).collect::<Vec<_>>().iter().collect::<Vec<_>>(),
                "{from}"
            );
        }
        let rows = kafka.tidegate(&["consume", name, "--from", "1", "--records", "2"]).code(0).rows();
        assert_eq!(values(&rows), [&json!(1), &json!(2)]);
        kafka.tidegate(&["consume", name, "--partition", "1"]).code(2);
    });
}

#[test]
fn keys_and_values_are_written_as_their_formats_say() {
    on_kafka(|kafka| {
        let name = &kafka.name("formats");
        kafka
            .tidegate_in(
                &["produce", name, "--records", "--create", "1", "--key-format", "int64", "--format", "text"],
                "{\"key\":7,\"value\":\"seven\"}\n{\"key\":-1,\"value\":\"{}\"}\n",
            )
            .code(0);
        let rows = kafka.tidegate(&["consume", name, "--key-format", "int64", "--format", "text"]).code(0).rows();
        assert_eq!(rows.iter().map(|row| &row["key"]).collect::<Vec<_>>(), [&json!(7), &json!(-1)]);
        assert_eq!(values(&rows), [&json!("seven"), &json!("{}")]);
        let raw = kafka.tidegate(&["consume", name, "--key-format", "bytes", "--format", "bytes"]).code(0).rows();
        assert_eq!(raw[0]["key"], json!({ "base64": "AAAAAAAAAAc=" }));
        assert_eq!(raw[1]["value"], json!({ "base64": "e30=" }));
    });
}

#[test]
fn wrong_rows_are_told_with_their_line() {
    let bench = Bench::new();
    bench.tidegate(&["topics", "create", "t"]).code(0);
    for (line, why) in [
        ("nothing", "<stdin>:2:1: error: expected ident"),
        ("{\"key\": 3, \"value\": 1}", "<stdin>:2:1: error: a key of format text is text"),
        ("{\"ts\": -5, \"value\": 1}", "<stdin>:2:1: error: `ts` is milliseconds"),
    ] {
        let ran = bench.tidegate_in(&["produce", "t", "--records"], &format!("{{\"value\": 1}}\n{line}\n")).code(2);
        assert!(ran.err.contains(why), "{line}: {}", ran.err);
    }
    let ran = bench.tidegate_in(&["produce", "tt"], "1\n").code(1);
    assert_eq!(ran.err, "error: there is no topic `tt`\n  remedy: did you mean `t`?\n");
    let ran = bench.tidegate(&["consume", "other"]).code(1);
    assert!(ran.err.contains("`tidegate topics create other`"), "{}", ran.err);
    bench.tidegate(&["produce", "t", &bench.path("absent")]).code(2);
}

#[test]
fn a_follower_sees_what_another_process_writes() {
    on_kafka(|kafka| {
        let name = &kafka.name("followed");
        kafka.tidegate(&["topics", "create", name, "--partitions", "2"]).code(0);
        kafka.tidegate_in(&["produce", name], "1\n").code(0);
        let mut follower = kafka.start(&["consume", name, "--follow", "--show", "value"]);
        follower.wait_until("the first record", |process| process.out() == "1\n");
        kafka.tidegate_in(&["produce", name], "2\n").code(0);
        follower.wait_until("the second record", |process| process.out() == "1\n2\n");
        assert_eq!(follower.stop().code(0).out, "1\n2\n");
        let mut counting = kafka.start(&["consume", name, "--records", "3", "--show", "value"]);
        counting.wait_until("two records", |process| process.out().lines().count() == 2);
        kafka.tidegate_in(&["produce", name], "3\n").code(0);
        assert_eq!(counting.wait().code(0).out.lines().count(), 3);
    });
}

#[test]
fn a_schema_is_inferred_from_the_newest_records() {
    on_kafka(|kafka| {
        let name = &kafka.name("samples");
        let ran = kafka.tidegate(&["schema", "--topic", name]).code(1);
        assert!(ran.err.contains("there is no topic"), "{}", ran.err);
        kafka.tidegate(&["topics", "create", name, "--partitions", "2"]).code(0);
        let ran = kafka.tidegate(&["schema", "--topic", name]).code(1);
        assert!(ran.err.contains("has no values"), "{}", ran.err);
        let lines = "{\"n\":1,\"s\":\"x\"}\n{\"n\":2.5,\"s\":null}\n";
        kafka.tidegate_in(&["produce", name], lines).code(0);
        let ran = kafka.tidegate(&["schema", "--topic", name]).code(0);
        assert_eq!(ran.out, "{ \"n\": \"float64!\", \"s\": \"text\" }\n");
        let rows = kafka.tidegate(&["schema", "--topic", name, "--json"]).code(0).rows();
        assert_eq!((&rows[0]["schema"]["n"], &rows[0]["samples"]), (&json!("float64!"), &json!(2)));
    });
}

#[test]
fn a_broker_that_is_not_there_is_told_soon() {
    let bench = Bench::new();
    for args in [&["topics"][..], &["consume", "t"], &["produce", "t"], &["lag", "g"], &["schema", "--topic", "t"]] {
        let begun = Instant::now();
        let args: Vec<&str> = args.iter().copied().chain(["--brokers", "127.0.0.1:9"]).collect();
        let ran = bench.tidegate(&args).code(1);
        assert!(ran.err.contains("no broker answers at 127.0.0.1:9"), "{}", ran.err);
        assert!(ran.err.contains("remedy: "), "{}", ran.err);
        assert!(begun.elapsed().as_secs() < 30);
    }
    let ran = bench.tidegate(&["lag", "nobody"]).code(1);
    assert!(ran.err.contains("the group `nobody` has committed nothing"), "{}", ran.err);
}

#[test]
fn a_broker_alone_serves_its_folder_and_its_address() {
    let bench = Bench::new();
    let folder = bench.path("broker");
    let mut broker = bench.start(&["broker", "--listen", "127.0.0.1:0", "--data", &folder, "--json"]);
    broker.wait_until("the address", |process| process.out().ends_with('\n'));
    let said: Value = serde_json::from_str(&broker.out()).unwrap();
    let address = said["address"].as_str().unwrap().to_string();
    // By its address, and by its folder, which is where `embedded` looks.
    bench.tidegate(&["topics", "create", "t", "--brokers", &address]).code(0);
    bench.tidegate_in(&["produce", "t"], "1\n").code(0);
    assert_eq!(bench.tidegate(&["consume", "t", "--brokers", &address, "--show", "value"]).code(0).out, "1\n");
    let ran = bench.tidegate(&["broker", "--listen", "127.0.0.1:0", "--data", &folder]).code(1);
    assert!(ran.err.contains(&format!("served by another process at {address}")), "{}", ran.err);
    let ran = bench.tidegate(&["broker", "--listen", "0.0.0.0:0", "--memory"]).code(1);
    assert!(ran.err.contains("this machine only"), "{}", ran.err);
    broker.stop().code(0);
    assert_eq!(bench.tidegate(&["consume", "t", "--show", "value"]).code(0).out, "1\n");
}
