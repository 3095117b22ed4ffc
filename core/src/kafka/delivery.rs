//! Who is owed which acknowledgements. A send puts one chunk of records on each partition it touches; the brokers report
//! records, the ledger of the partition turns them back into chunks, and the writer learns which of its sends are whole.
//! Plain bookkeeping: no Kafka, no threads of its own.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::queue::{Wake, lock};
use super::room::Room;
use crate::problem::Fault;

/// The sends of one writer that are not acknowledged yet.
pub(super) struct Sends {
    /// of its sink
    pub(super) room: Arc<Room>,
    open: Mutex<Open>,
    sent: AtomicU64,
    acknowledged: AtomicU64,
    wake: Mutex<Option<Wake>>,
}

#[derive(Default)]
struct Open {
    /// chunks of each send that are owed, oldest send first
    owed: VecDeque<usize>,
    fault: Option<Fault>,
}

impl Sends {
    pub(super) fn new(room: Arc<Room>) -> Sends {
        let (sent, acknowledged) = (AtomicU64::new(0), AtomicU64::new(0));
        Sends { room, open: Mutex::default(), sent, acknowledged, wake: Mutex::default() }
    }

    /// Begins a send, whose number this gives. It stays open until [`Sends::settle`] has been called for it once more
    /// than [`Sends::owe`].
    pub(super) fn begin(&self) -> u64 {
        let mut open = lock(&self.open);
        open.owed.push_back(1);
        self.sent.fetch_add(1, Ordering::AcqRel)
    }

    /// A chunk more to wait for.
    pub(super) fn owe(&self, send: u64) {
        let mut open = lock(&self.open);
        if let Some(owed) = self.place(&mut open, send) {
            *owed += 1;
        }
    }

    /// A chunk less to wait for; gives whether that has made further sends whole.
    pub(super) fn settle(&self, send: u64) -> bool {
        let mut open = lock(&self.open);
        if let Some(owed) = self.place(&mut open, send) {
            *owed -= 1;
        }
        let whole = open.owed.iter().take_while(|&&owed| owed == 0).count();
        open.owed.drain(..whole);
        self.acknowledged.fetch_add(whole as u64, Ordering::AcqRel);
        whole > 0
    }

    fn place<'a>(&self, open: &'a mut Open, send: u64) -> Option<&'a mut usize> {
        let first = self.acknowledged.load(Ordering::Acquire);
        open.owed.get_mut(usize::try_from(send.checked_sub(first)?).ok()?)
    }

    /// The first failure stays: nothing after it is acknowledged in order.
    pub(super) fn fail(&self, fault: Fault) {
        lock(&self.open).fault.get_or_insert(fault);
    }

    pub(super) fn fault(&self) -> Option<Fault> {
        lock(&self.open).fault.clone()
    }

    /// Sends begun.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Acquire)
    }

    /// Sends that are whole, and all before them.
    pub(super) fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Acquire)
    }

    pub(super) fn on_progress(&self, wake: Wake) {
        *lock(&self.wake) = Some(wake);
    }

    pub(super) fn wake(&self) {
        let wake = lock(&self.wake).clone();
        if let Some(wake) = wake {
            wake();
        }
    }
}

/// Records of one send on one partition.
struct Chunk {
    sends: Arc<Sends>,
    send: u64,
    records: usize,
    bytes: usize,
    has_failed: bool,
}

/// What reports have set free.
#[derive(Debug, Default, PartialEq, Eq, Clone, Copy)]
pub(super) struct Freed {
    pub(super) records: usize,
    pub(super) bytes: usize,
}

impl Freed {
    pub(super) fn add(&mut self, other: Freed) {
        self.records += other.records;
        self.bytes += other.bytes;
    }
}

/// The chunks of one partition in the order in which they were sent.
#[derive(Default)]
pub(super) struct Ledger {
    chunks: VecDeque<Chunk>,
    /// the number of the first of `chunks`
    first: usize,
}

impl Ledger {
    /// The number that the next chunk will have: the tag of its records.
    pub(super) fn next_tag(&self) -> usize {
        self.first.wrapping_add(self.chunks.len())
    }

    /// Enters records that were sent with [`Ledger::next_tag`].
    pub(super) fn enter(&mut self, sends: &Arc<Sends>, send: u64, records: usize, bytes: usize) {
        sends.owe(send);
        self.chunks.push_back(Chunk { sends: sends.clone(), send, records, bytes, has_failed: false });
    }

    /// `count` records are acknowledged, in the order in which they were sent, the first of them with this tag. Says
    /// whether; it does nothing where that cannot be: then each record is to be reported alone.
    pub(super) fn acknowledge(&mut self, tag: usize, count: usize, reports: &mut Reports) -> bool {
        if self.first != tag || !self.owes(count) {
            return false;
        }
        let mut left = count;
        while let Some(chunk) = self.chunks.front_mut()
            && left > 0
        {
            let some = left.min(chunk.records);
            chunk.records -= some;
            left -= some;
            reports.free(&chunk.sends, Freed { records: some, bytes: 0 });
            self.close_front(reports);
        }
        true
    }

    fn owes(&self, count: usize) -> bool {
        let mut owed = 0;
        self.chunks.iter().any(|chunk| {
            owed += chunk.records;
            owed >= count
        })
    }

    /// One record is acknowledged, or has failed.
    pub(super) fn report(&mut self, tag: usize, fault: Option<Fault>, reports: &mut Reports) {
        let Some(chunk) = self.chunks.get_mut(tag.wrapping_sub(self.first)).filter(|chunk| chunk.records > 0) else {
            tracing::error!(tag, "a delivery report for a record that is not owed");
            return;
        };
        chunk.records -= 1;
        reports.free(&chunk.sends, Freed { records: 1, bytes: 0 });
        if let Some(fault) = fault {
            chunk.has_failed = true;
            chunk.sends.fail(fault);
            reports.wake(&chunk.sends);
        }
        self.close_front(reports);
    }

    /// Takes chunks without open records from the front.
    fn close_front(&mut self, reports: &mut Reports) {
        while self.chunks.front().is_some_and(|chunk| chunk.records == 0)
            && let Some(chunk) = self.chunks.pop_front()
        {
            self.first = self.first.wrapping_add(1);
            reports.free(&chunk.sends, Freed { records: 0, bytes: chunk.bytes });
            if !chunk.has_failed && chunk.sends.settle(chunk.send) {
                reports.wake(&chunk.sends);
            }
        }
    }
}

/// What was reported, by writer: passed on once no lock is held.
#[derive(Default)]
pub(super) struct Reports(Vec<Report>);

struct Report {
    sends: Arc<Sends>,
    freed: Freed,
    wakes: bool,
}

impl Reports {
    fn of(&mut self, sends: &Arc<Sends>) -> &mut Report {
        let known = self.0.iter().position(|report| Arc::ptr_eq(&report.sends, sends));
        let place = known.unwrap_or(self.0.len());
        if known.is_none() {
            self.0.push(Report { sends: sends.clone(), freed: Freed::default(), wakes: false });
        }
        &mut self.0[place]
    }

    fn free(&mut self, sends: &Arc<Sends>, freed: Freed) {
        self.of(sends).freed.add(freed);
    }

    fn wake(&mut self, sends: &Arc<Sends>) {
        self.of(sends).wakes = true;
    }

    pub(super) fn pass_on(self) {
        self.0.iter().for_each(|report| report.sends.room.free(report.freed));
        for report in self.0.iter().filter(|report| report.wakes) {
            report.sends.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A writer that has so many records of 10 bytes in flight.
    fn sends(records: usize) -> Arc<Sends> {
        let room = Room::new(1000, 10_000);
        assert_eq!(room.take(std::iter::repeat_n(10, records)).records, records);
        Arc::new(Sends::new(Arc::new(room)))
    }

    #[test]
    fn a_send_is_acknowledged_when_all_its_partitions_are_and_all_before_it() {
        let (sends, mut a, mut b) = (sends(6), Ledger::default(), Ledger::default());
        let mut reports = Reports::default();
        for _ in 0..2 {
            let send = sends.begin();
            a.enter(&sends, send, 2, 20);
            b.enter(&sends, send, 1, 10);
            sends.settle(send);
        }
        assert!(a.acknowledge(0, 3, &mut reports));
        assert_eq!(sends.acknowledged(), 0);
        assert!(b.acknowledge(0, 2, &mut reports));
        assert_eq!(sends.acknowledged(), 1);
        std::mem::take(&mut reports).pass_on();
        assert_eq!(sends.room.taken(), Freed { records: 1, bytes: 20 }, "bytes are freed with the last of their send");
        assert!(!a.acknowledge(0, 1, &mut reports), "the front is chunk 1 by now");
        assert!(!a.acknowledge(1, 2, &mut reports), "only one is owed");
        assert!(a.acknowledge(1, 1, &mut reports));
        assert_eq!((sends.acknowledged(), sends.sent()), (2, 2));
        reports.pass_on();
        assert_eq!(sends.room.taken(), Freed::default());
    }

    #[test]
    fn a_failed_record_keeps_its_send_and_all_later_ones_open() {
        let (sends, mut ledger, mut reports) = (sends(3), Ledger::default(), Reports::default());
        for _ in 0..3 {
            let send = sends.begin();
            ledger.enter(&sends, send, 1, 10);
            sends.settle(send);
        }
        ledger.report(0, None, &mut reports);
        ledger.report(1, Some(Fault::user("too large")), &mut reports);
        ledger.report(1, None, &mut reports);
        ledger.report(2, None, &mut reports);
        assert_eq!((sends.acknowledged(), sends.fault()), (1, Some(Fault::user("too large"))));
        assert!(ledger.chunks.is_empty());
        reports.pass_on();
        assert_eq!(sends.room.taken(), Freed::default());
    }

    /// What one sink has in flight is nobody else's.
    #[test]
    fn each_writer_is_given_back_what_it_took() {
        let (slow, fast, mut ledger) = (sends(2), sends(1), Ledger::default());
        for (sends, records) in [(&slow, 2), (&fast, 1)] {
            let send = sends.begin();
            ledger.enter(sends, send, records, 10 * records);
            sends.settle(send);
        }
        let mut reports = Reports::default();
        ledger.report(1, None, &mut reports);
        reports.pass_on();
        assert_eq!((slow.room.taken().records, fast.room.taken().records), (2, 0));
    }

    proptest! {
        /// Reported in bulk or one by one, in order or not: the same sends are whole, and all is freed in the end.
        #[test]
        fn every_report_counts_once(
            sizes in prop::collection::vec(1..6_usize, 1..30),
            cuts in prop::collection::vec(1..12_usize, 1..60),
            in_order: bool,
        ) {
            let (sends, mut ledger) = (sends(sizes.iter().sum()), Ledger::default());
            let mut tags = Vec::new();
            for &size in &sizes {
                let send = sends.begin();
                tags.extend(std::iter::repeat_n(ledger.next_tag(), size));
                ledger.enter(&sends, send, size, size * 10);
                sends.settle(send);
            }
            if !in_order {
                tags.reverse();
            }
            let (mut rest, mut cuts) = (&tags[..], cuts.iter().cycle());
            while !rest.is_empty() {
                let mut reports = Reports::default();
                let (now, later) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
                if in_order {
                    prop_assert!(ledger.acknowledge(now[0], now.len(), &mut reports));
                } else {
                    now.iter().for_each(|&tag| ledger.report(tag, None, &mut reports));
                }
                reports.pass_on();
                rest = later;
                let reported = tags.len() - rest.len();
                prop_assert_eq!(sends.room.taken().records, rest.len());
                if in_order {
                    let whole = sizes.iter().scan(0, |sum, size| { *sum += size; Some(*sum) }).filter(|&end| end <= reported);
                    prop_assert_eq!(sends.acknowledged() as usize, whole.count());
                }
            }
            prop_assert_eq!(sends.room.taken(), Freed::default());
            prop_assert_eq!(sends.acknowledged(), sizes.len() as u64);
        }
    }
}
