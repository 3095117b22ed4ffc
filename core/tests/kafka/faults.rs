use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tidegate_core::kafka::*;
use tidegate_core::problem::{Blame, Fault};

use crate::support::*;

/// Nobody listens at the discard port.
fn nobody() -> ClientSettings {
    ClientSettings::new("127.0.0.1:9")
}

fn is_unreachable(fault: &Fault) -> bool {
    fault.blame == Blame::Outside
        && fault.may_retry
        && fault.message.contains("no broker answers at 127.0.0.1:9 (Connection refused)")
        && fault.remedy.as_ref().is_some_and(|remedy| remedy.contains("is it running?"))
}

#[test]
fn an_administrator_says_that_nobody_answers_and_soon() {
    let start = Instant::now();
    let admin = Admin::open(&nobody(), Duration::from_secs(8)).unwrap();
    let fault = admin.topics().unwrap_err();
    assert!(is_unreachable(&fault), "{fault}");
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
}

#[test]
fn a_consumer_says_that_nobody_answers() {
    let engine = Engine::join(&nobody(), &ConsumerOptions::new("g"), "t", Start::Beginning);
    engine.wait("a fault", |state| state.faults.iter().any(is_unreachable));
    let start = Instant::now();
    engine.leave();
    assert!(start.elapsed() < Duration::from_secs(5), "leaving took {:?}", start.elapsed());
}

#[test]
fn a_producer_says_that_nobody_answers() {
    let faults = Arc::new(Mutex::new(Vec::new()));
    let told = faults.clone();
    let producer =
        Producer::open(&nobody(), &ProducerOptions::default(), Arc::new(move |fault| told.lock().unwrap().push(fault)))
            .unwrap();
    let fault = producer.topic(&TopicOptions::new("t")).err().unwrap();
    assert!(fault.message.contains("topic `t`: no broker answers at 127.0.0.1:9"), "{fault}");
    assert!(faults.lock().unwrap().iter().any(is_unreachable), "{:?}", faults.lock().unwrap());
}

#[test]
fn a_topic_that_does_not_exist_is_named_and_not_created() {
    let settings = broker();
    let name = unique("missing");
    let fault = producer(&settings).topic(&TopicOptions::new(&name)).err().unwrap();
    assert!(fault.message.contains(&format!("topic `{name}` does not exist")), "{fault}");
    assert!(fault.remedy.is_some() && fault.blame == Blame::User);
    let engine = Engine::join(&settings, &ConsumerOptions::new(unique("group")), &name, Start::Beginning);
    engine.wait("a fault", |state| {
        state.faults.iter().any(|fault| fault.message.contains(&format!("topic `{name}` does not exist")))
    });
    assert_eq!(admin(&settings).partitions(&name).unwrap(), None);
}

#[test]
fn a_record_that_the_client_refuses_is_a_fault_at_its_place() {
    let settings = broker();
    let topic = topic(&settings, 1);
    let producer = producer(&settings);
    let mut writer = producer.topic(&TopicOptions::new(&topic)).unwrap();
    assert_eq!(writer.send(&batch(&numbered(3)), 0).unwrap(), 3);
    let rows = [row(None, Some("a")), row(None, Some(&"x".repeat(2_000_000))), row(None, Some("b"))];
    let fault = writer.send(&batch(&rows), 0).unwrap_err();
    assert!(fault.message.contains(&topic) && fault.message.contains("too large"), "{fault}");
    assert!(fault.remedy.as_ref().unwrap().contains("message.max.bytes"), "{fault}");
    assert_eq!(fault.record.as_ref().unwrap().offset, 1);
    assert!(producer.flush(PATIENCE));
    assert_eq!((writer.acknowledged(), writer.sent()), (1, 2), "the send with the fault is never acknowledged");
    assert_eq!(writer.send(&batch(&numbered(1)), 0).unwrap_err(), fault, "the writer has ended");
    let mut next = producer.topic(&TopicOptions::new(&topic)).unwrap();
    assert_eq!(next.send(&batch(&numbered(2)), 0).unwrap(), 2);
    assert!(producer.flush(PATIENCE));
    assert_eq!(next.acknowledged(), 1);
}

#[test]
fn a_record_that_the_broker_refuses_is_a_fault_and_never_acknowledged() {
    let settings = broker();
    let topic = unique("small");
    let limit = [("max.message.bytes".to_string(), "1000".to_string())];
    admin(&settings).create_topic(&topic, 1, 1, &limit).unwrap();
    let producer = producer(&settings);
    let mut writer = producer.topic(&TopicOptions::new(&topic)).unwrap();
    assert_eq!(writer.send(&batch(&numbered(2)), 0).unwrap(), 2);
    assert!(producer.flush(PATIENCE));
    let large = [row(Some("the key"), Some(&"x".repeat(5000)))];
    assert_eq!(writer.send(&batch(&large), 0).unwrap(), 1);
    assert!(producer.flush(PATIENCE), "what failed is not in flight any more");
    let Some(fault) = writer.fault() else { panic!("a record of 5,000 bytes was taken by a topic for 1,000") };
    let says = [topic.as_str(), "partition 0", "too large", "the key"];
    assert!(says.iter().all(|part| fault.message.contains(part)), "{fault}");
    assert_eq!((writer.acknowledged(), writer.sent()), (1, 2));
}

#[test]
fn acknowledgements_of_fewer_replicas_need_a_producer_without_idempotence() {
    let settings = broker();
    let topic = topic(&settings, 1);
    let options = TopicOptions { acks: Some(Acks::Leader), ..TopicOptions::new(&topic) };
    let fault = producer(&settings).topic(&options).err().unwrap();
    assert!(fault.remedy.as_ref().unwrap().contains("acks: all"), "{fault}");
    let without = ProducerOptions { idempotence: false, ..ProducerOptions::default() };
    for acks in [Acks::Leader, Acks::None, Acks::All] {
        let producer = Producer::open(&settings, &without, Arc::new(|_| {})).unwrap();
        let mut writer = producer.topic(&TopicOptions { acks: Some(acks), ..options.clone() }).unwrap();
        assert_eq!(writer.send(&batch(&numbered(10)), 0).unwrap(), 10);
        assert!(producer.flush(PATIENCE));
        assert_eq!(writer.acknowledged(), 1, "{acks:?}");
    }
}
