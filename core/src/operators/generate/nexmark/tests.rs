//! Events are held to the parameters of the suite, over 50,000 of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::super::testing::source;
use super::super::*;
use crate::codec::row_value;

const EVENTS: i64 = 50_000;

/// The events of one kind, with their number and key.
fn events(kind: &str) -> Vec<(i64, String, Value)> {
    let mut source = source(&OPERATOR, json!({ "shape": "nexmark", "count": EVENTS, "start": 0 }));
    let (mut events, mut number) = (Vec::new(), 0);
    while let Pulled::Rows(batch) = source.pull(MAX_ROWS, 0).unwrap() {
        for row in 0..batch.rows {
            let mut value = row_value(&batch, row);
            let names = ["person", "auction", "bid"];
            let present: Vec<&str> = names.into_iter().filter(|name| !value[name].is_null()).collect();
            assert_eq!(present, [names[value["event_type"].as_u64().unwrap() as usize]], "event {number}");
            let event = value[kind].take();
            if !event.is_null() {
                assert_eq!(event["dateTime"], batch.timestamps[row], "event {number}");
                events.push((number, String::from_utf8(batch.keys.value(row).to_vec()).unwrap(), event));
            }
            number += 1;
        }
    }
    assert_eq!(number, EVENTS);
    events
}

fn int(event: &Value, field: &str) -> i64 {
    event[field].as_i64().unwrap_or_else(|| panic!("{field} of {event}"))
}

/// The share of events of which something is true.
fn share(events: &[(i64, String, Value)], is_true: impl Fn(i64, &Value) -> bool) -> f64 {
    let count = events.iter().filter(|(number, _, event)| is_true(*number, event)).count();
    count as f64 / events.len() as f64
}

/// The size of an event as the suite counts it: 8 bytes a number, and the letters.
fn mean_size(events: &[(i64, String, Value)], left_out: &[&str]) -> f64 {
    let size = |value: &Value| value.as_str().map_or(8, str::len);
    let event_size = |event: &Value| {
        let fields = event.as_object().unwrap().iter();
        fields.filter(|(name, _)| !left_out.contains(&name.as_str())).map(|(_, value)| size(value)).sum::<usize>()
    };
    events.iter().map(|(_, _, event)| event_size(event)).sum::<usize>() as f64 / events.len() as f64
}

fn assert_near(found: f64, expected: f64, by: f64) {
    assert!((found - expected).abs() <= by, "{found}, not {expected} ± {by}");
}

#[test]
fn people_are_one_in_fifty_and_counted() {
    let people = events("person");
    assert_eq!(people.len() as i64, EVENTS / 50);
    for (at, (number, key, person)) in people.iter().enumerate() {
        assert_eq!((*number, int(person, "id")), (at as i64 * 50, 1_000 + at as i64));
        assert_eq!(*key, int(person, "id").to_string());
    }
    // As in the suite, without the date.
    assert_near(mean_size(&people, &["dateTime"]), 200.0, 2.0);
}

#[test]
fn auctions_are_three_in_fifty_by_hot_sellers() {
    let auctions = events("auction");
    assert_eq!(auctions.len() as i64, 3 * EVENTS / 50);
    for (at, (number, key, auction)) in auctions.iter().enumerate() {
        assert_eq!(int(auction, "id"), 1_000 + at as i64);
        assert_eq!(*key, int(auction, "id").to_string());
        let (people, seller) = (number / 50 + 1, int(auction, "seller") - 1_000);
        assert!((people - 1_000).max(0) <= seller && seller < people + 10, "{seller} of {people} people");
        assert!((10..15).contains(&int(auction, "category")));
        assert!(int(auction, "reserve") > int(auction, "initialBid"));
    }
    // Of those that are drawn some are the hot one too.
    assert_near(
        share(&auctions, |number, auction| int(auction, "seller") == 1_000 + number / 50 / 100 * 100),
        0.75,
        0.03,
    );
    let lasting = |auction: &Value| (int(auction, "expires") - int(auction, "dateTime")) as f64;
    let mean = auctions.iter().map(|(_, _, auction)| lasting(auction)).sum::<f64>() / auctions.len() as f64;
    assert_near(mean, 1_666.0, 50.0);
    assert_near(mean_size(&auctions, &["dateTime"]), 500.0, 5.0);
}

#[test]
fn bids_are_for_hot_auctions_by_hot_bidders() {
    let bids = events("bid");
    assert_eq!(bids.len() as i64, 46 * EVENTS / 50);
    for (number, key, bid) in &bids {
        let (auctions, auction) = (number / 50 * 3 + 3, int(bid, "auction") - 1_000);
        // The hot one may be older than those in flight, by less than a hundred.
        let is_hot = auction == (auctions - 1) / 100 * 100;
        assert!(is_hot || (auctions - 101).max(0) <= auction, "{auction} of {auctions} auctions");
        assert!(auction < auctions + 10, "{auction} of {auctions} auctions");
        let (people, bidder) = (number / 50 + 1, int(bid, "bidder") - 1_000);
        assert!((people - 1_000).max(0) <= bidder && bidder < people + 10, "{bidder} of {people} people");
        assert!((100..=100_000_000).contains(&int(bid, "price")));
        assert_eq!(*key, int(bid, "auction").to_string());
    }
    let hot_auction = |number: i64| 1_000 + (number / 50 * 3 + 2) / 100 * 100;
    assert_near(share(&bids, |number, bid| int(bid, "auction") == hot_auction(number)), 0.5, 0.01);
    assert_near(share(&bids, |number, bid| int(bid, "bidder") == 1_001 + number / 50 / 100 * 100), 0.75, 0.01);
    // All magnitudes are alike: half of the prices are below 1,000.00.
    assert_near(share(&bids, |_, bid| int(bid, "price") < 100_000), 0.5, 0.01);
    assert_near(mean_size(&bids, &["channel", "url"]), 100.0, 1.0);
}

#[test]
fn a_channel_keeps_its_address() {
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let bids = events("bid");
    for (_, _, bid) in &bids {
        let (channel, url) = (bid["channel"].as_str().unwrap(), bid["url"].as_str().unwrap());
        assert_eq!(known.entry(channel.into()).or_insert_with(|| url.into()), url, "{channel}");
    }
    assert_near(share(&bids, |_, bid| !bid["channel"].as_str().unwrap().starts_with("channel-")), 0.5, 0.01);
    let numbered = known.values().filter(|url| url.contains("&channel_id=")).count();
    assert_near(numbered as f64 / known.len() as f64, 0.9, 0.01);
}
