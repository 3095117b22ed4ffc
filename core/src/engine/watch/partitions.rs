//! What a run remembers of the partitions that it reads: the last commits of each, which its verdict comes from, samples
//! of its lag, and what brokers said when they were asked.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Log;
use super::series::Series;
use crate::lag::{Commit, History, Reader};
use crate::problem::Severity;
use crate::snapshot::{Keeps, PartitionPast, PartitionSnapshot, Verdict};

/// A node and the partition that it reads: cluster, topic, number.
pub(crate) type Which = (String, String, String, i32);

/// A partition as the engine sees it now.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) told: PartitionSnapshot,
    /// timestamp of the record at the safe offset, where it was read and is not done
    pub(crate) stamp_ms: Option<i64>,
}

/// What was last seen of the partitions of each task and lane.
pub(crate) type SeenOf = BTreeMap<(usize, u32), Vec<Seen>>;

/// What brokers said of a partition.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Asked {
    pub(crate) low: Option<i64>,
    pub(crate) high: Option<i64>,
    /// how long the topic keeps records
    pub(crate) keeps: Option<Keeps>,
    /// the offset of a record whose timestamp was asked for, and the timestamp
    pub(crate) stamp: Option<(i64, i64)>,
}

/// The partitions of a run.
#[derive(Default)]
pub(crate) struct Partitions {
    known: BTreeMap<Which, Remembered>,
    /// what brokers said, by cluster, topic and number
    asked: BTreeMap<(String, String, i32), Asked>,
    /// what other members of the group read, by cluster
    others: BTreeMap<String, Vec<PartitionSnapshot>>,
    /// records that retention deleted before they were read
    lost: BTreeMap<(String, String, i32), u64>,
}

#[derive(Default)]
struct Remembered {
    history: History,
    judged: Option<(crate::lag::Judgement, Option<i64>)>,
    /// the offset that is safe, and the timestamp of its record, once known
    stamp: Option<(i64, i64)>,
    lags: VecDeque<Option<i64>>,
    told: Option<Verdict>,
}

fn which(told: &PartitionSnapshot) -> Which {
    (told.node.clone(), told.cluster.clone(), told.topic.clone(), told.partition)
}

impl Partitions {
    /// A moment of all partitions: one more commit of each. Those that are not there any more are forgotten.
    pub(crate) fn push(&mut self, at_ms: i64, all: &[Seen], is_paused: bool, log: &mut Log) {
        self.known.retain(|known, _| all.iter().any(|seen| which(&seen.told) == *known));
        for seen in all {
            let commit = self.commit(at_ms, &seen.told);
            let remembered = self.known.entry(which(&seen.told)).or_default();
            remembered.history.push(commit);
            let reader = if is_paused { Reader::Rests } else { Reader::Reads };
            remembered.judged = Some(remembered.history.judge(reader));
        }
        self.tell_changes(at_ms, log);
    }

    fn commit(&self, at_ms: i64, told: &PartitionSnapshot) -> Commit {
        let asked = self.asked_of(told);
        let done = (told.safe >= 0).then_some(told.safe);
        // A queue that is full is not fetched for, and the client hears of no newer end.
        let high = told.high.max(asked.high).max(done);
        Commit { at_ms, done, low: asked.low.or(told.low), high: high.filter(|_| told.high.or(asked.high).is_some()) }
    }

    fn asked_of(&self, told: &PartitionSnapshot) -> Asked {
        let at = (told.cluster.clone(), told.topic.clone(), told.partition);
        self.asked.get(&at).copied().unwrap_or_default()
    }

    /// Verdicts that have changed, a line for each node and change.
    fn tell_changes(&mut self, at_ms: i64, log: &mut Log) {
        let mut changes: BTreeMap<(&str, Option<Verdict>, Verdict), Vec<i32>> = BTreeMap::new();
        for ((node, _, _, partition), remembered) in &mut self.known {
            let Some((judged, _)) = &remembered.judged else { continue };
            if judged.verdict == Verdict::Unknown || remembered.told == Some(judged.verdict) {
                continue;
            }
            let before = remembered.told.replace(judged.verdict);
            if before.is_some() || judged.verdict > Verdict::Unknown {
                changes.entry((node, before, judged.verdict)).or_default().push(*partition);
            }
        }
        for ((node, before, now), partitions) in changes {
            let before = before.map(|before| format!("{} → ", before.word())).unwrap_or_default();
            let severity = if now > Verdict::Unknown { Severity::Warning } else { Severity::Note };
            let what = if partitions.len() == 1 { "partition" } else { "partitions" };
            let which = ranges(&partitions);
            let message = format!("{} {what} {before}{}: {which}", partitions.len(), now.word());
            log.tell(at_ms, severity, Some(node), message);
        }
    }

    /// The partitions' verdicts, and nothing else of them.
    pub(crate) fn verdicts(&self) -> Vec<PartitionSnapshot> {
        let verdict = |((node, ..), remembered): (&Which, &Remembered)| PartitionSnapshot {
            node: node.clone(),
            verdict: remembered.judged.as_ref().map(|(judged, _)| judged.verdict).unwrap_or_default(),
            ..PartitionSnapshot::default()
        };
        self.known.iter().map(verdict).collect()
    }

    /// Retention has deleted records before they were read.
    pub(crate) fn lose(&mut self, cluster: &str, topic: &str, partition: i32, records: u64) {
        *self.lost.entry((cluster.to_string(), topic.to_string(), partition)).or_default() += records;
    }

    /// A sample of each lag, for those who come later.
    pub(crate) fn sample(&mut self) {
        for remembered in self.known.values_mut() {
            if remembered.lags.len() == Series::KEPT {
                remembered.lags.pop_front();
            }
            remembered.lags.push_back(remembered.history.last().and_then(Commit::lag));
        }
    }

    /// What a snapshot says of a partition.
    pub(crate) fn tell(&mut self, at_ms: i64, seen: Seen) -> PartitionSnapshot {
        let Seen { told, stamp_ms } = seen;
        let (commit, asked) = (self.commit(at_ms, &told), self.asked_of(&told));
        let remembered = self.known.entry(which(&told)).or_default();
        let lag = commit.lag();
        let lost = self.lost.get(&(told.cluster.clone(), told.topic.clone(), told.partition)).copied().unwrap_or(0);
        let stamp = stamp_ms.map(|stamp| (told.safe, stamp)).or(asked.stamp).or(remembered.stamp);
        remembered.stamp = stamp.filter(|(offset, _)| *offset == told.safe);
        let stamp_ms = remembered.stamp.map(|(_, stamp)| stamp).filter(|_| lag != Some(0));
        let mut told = PartitionSnapshot {
            low: commit.low,
            high: commit.high,
            lag,
            age_ms: stamp_ms.map(|stamp| (at_ms - stamp).max(0)),
            retention: Keeps::retention(asked.keeps, stamp_ms, at_ms),
            lost: lost.max(commit.lost()),
            owner: Some("this".into()),
            ..told
        };
        if let Some((judged, since_ms)) = &remembered.judged {
            judged.tell(*since_ms, &mut told);
        }
        told
    }

    /// What brokers say of a partition.
    pub(crate) fn answer(&mut self, cluster: &str, topic: &str, partition: i32, put: impl FnOnce(&mut Asked)) {
        put(self.asked.entry((cluster.to_string(), topic.to_string(), partition)).or_default());
    }

    /// What members of the group read, ourselves among them, and how far they are with it.
    pub(crate) fn others_have(&mut self, cluster: &str, partitions: Vec<PartitionSnapshot>) {
        self.others.insert(cluster.to_string(), partitions);
    }

    /// Partitions that others of the group read, of topics that a node reads here too: by its partitions, else as `reader`
    /// tells.
    pub(crate) fn others(&self, reader: impl Fn(&str, &str) -> Option<String>) -> Vec<PartitionSnapshot> {
        let own: BTreeSet<(&str, &str, i32)> =
            self.known.keys().map(|(_, cluster, topic, number)| (cluster.as_str(), topic.as_str(), *number)).collect();
        let all = self.others.iter().flat_map(|(cluster, all)| all.iter().map(move |it| (cluster, it)));
        let others = all.filter(|(cluster, it)| {
            it.is_of_another() && !own.contains(&(cluster.as_str(), it.topic.as_str(), it.partition))
        });
        let known = |cluster: &str, topic: &str| {
            let mut known = self.known.keys().filter(|(_, of, name, _)| of == cluster && name == topic);
            known.next().map(|(node, ..)| node.clone())
        };
        let told = |(cluster, it): (&String, &PartitionSnapshot)| {
            let node = known(cluster, &it.topic).or_else(|| reader(cluster, &it.topic))?;
            Some(PartitionSnapshot { node, cluster: cluster.clone(), ..it.clone() })
        };
        others.filter_map(told).collect()
    }

    /// A cluster does not answer: what it said of its partitions' ends is not so any more.
    pub(crate) fn answers_no_more(&mut self, cluster: &str) {
        for (_, asked) in self.asked.iter_mut().filter(|((of, ..), _)| of == cluster) {
            (asked.low, asked.high) = (None, None);
        }
        self.others.remove(cluster);
    }

    /// The partitions that there are, by cluster, topic and number, and the offset of the record whose timestamp would
    /// tell how old the lag is, where that is not known.
    pub(crate) fn questions(&self) -> Vec<((String, String, i32), Option<i64>)> {
        let mut questions: BTreeMap<(String, String, i32), Option<i64>> = BTreeMap::new();
        for ((_, cluster, topic, partition), remembered) in &self.known {
            let last = remembered.history.last();
            let is_behind = last.and_then(Commit::lag).is_some_and(|lag| lag > 0);
            let done = last.and_then(|last| last.done);
            let is_known = remembered.stamp.map(|(offset, _)| offset) == done;
            let wanted = done.filter(|_| is_behind && !is_known);
            let question = questions.entry((cluster.clone(), topic.clone(), *partition)).or_default();
            *question = question.or(wanted);
        }
        questions.into_iter().collect()
    }

    /// Samples of the lags, filled up to their length.
    pub(crate) fn past(&self) -> Vec<PartitionPast> {
        let past = |((node, cluster, topic, partition), remembered): (&Which, &Remembered)| PartitionPast {
            node: node.clone(),
            cluster: cluster.clone(),
            topic: topic.clone(),
            partition: *partition,
            lag: std::iter::repeat_n(None, Series::KEPT - remembered.lags.len())
                .chain(remembered.lags.iter().copied())
                .collect(),
        };
        self.known.iter().map(past).collect()
    }
}

/// Numbers in order, neighbours in one: `0 to 8, 10`.
pub(crate) fn ranges(numbers: &[i32]) -> String {
    let mut runs: Vec<(i32, i32)> = Vec::new();
    for &number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let text = |(first, last): (i32, i32)| match last - first {
        0 => first.to_string(),
        1 => format!("{first}, {last}"),
        _ => format!("{first} to {last}"),
    };
    runs.into_iter().map(text).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Retention;

    fn seen(partition: i32, safe: i64, high: Option<i64>, stamp_ms: Option<i64>) -> Seen {
        let told = PartitionSnapshot {
            node: "in".into(),
            topic: "t".into(),
            partition,
            safe,
            position: safe,
            high,
            ..PartitionSnapshot::default()
        };
        Seen { told, stamp_ms }
    }

    #[test]
    fn an_age_is_that_of_the_record_itself() {
        let mut partitions = Partitions::default();
        let mut age = |seen: Seen| partitions.tell(10_000, seen).age_ms;
        assert_eq!(age(seen(0, 5, Some(9), None)), None, "its time is not known");
        assert_eq!(age(seen(0, 5, Some(9), Some(4_000))), Some(6_000));
        assert_eq!(age(seen(0, 5, Some(9), None)), Some(6_000), "it is still the same record");
        assert_eq!(age(seen(0, 6, Some(9), None)), None, "it is another one");
        assert_eq!(age(seen(0, 9, Some(9), Some(4_000))), None, "nothing is behind");
        partitions.answer("", "t", 0, |asked| asked.stamp = Some((7, 9_000)));
        assert_eq!(partitions.tell(10_000, seen(0, 7, Some(9), None)).age_ms, Some(1_000), "a broker told it");
        assert_eq!(partitions.tell(10_000, seen(0, 8, Some(9), None)).age_ms, None, "of another record");
    }

    #[test]
    fn what_brokers_say_is_newer_than_what_a_full_queue_knows() {
        let mut partitions = Partitions::default();
        partitions.answer("", "t", 0, |asked| {
            *asked = Asked { low: Some(7), high: Some(100), keeps: Some(Keeps::ForMs(60_000)), stamp: None };
        });
        let told = partitions.tell(10_000, seen(0, 5, Some(9), Some(4_000)));
        assert_eq!((told.high, told.lag, told.lost), (Some(100), Some(93), 2));
        assert_eq!(told.retention, Retention::Time { left_ms: 54_000 });
        assert_eq!(partitions.tell(0, seen(1, 5, None, None)).lag, None, "never a clean 0");
    }

    #[test]
    fn what_others_read_is_theirs_until_it_is_ours() {
        let mut partitions = Partitions::default();
        let of = |partition: i32, member: Option<&str>| PartitionSnapshot {
            member: member.map(str::to_string),
            owner: member.map(|member| format!("{member}@host")),
            ..seen(partition, 0, Some(9), None).told
        };
        partitions.others_have("", vec![of(0, Some("us")), of(1, Some("them")), of(2, None)]);
        assert_eq!(partitions.others(|_, _| None), [], "nothing here reads it");
        partitions.push(0, &[seen(0, 5, Some(9), None)], false, &mut Log::default());
        let others = |partitions: &Partitions, topic: &str| {
            let all = partitions.others(|_, of| (of == topic).then(|| "in".to_string()));
            all.into_iter().map(|it| (it.node, it.partition, it.owner)).collect::<Vec<_>>()
        };
        assert_eq!(others(&partitions, "t"), [("in".to_string(), 1, Some("them@host".to_string()))]);
        partitions.push(0, &[seen(1, 5, Some(9), None)], false, &mut Log::default());
        assert_eq!(others(&partitions, "t")[0].1, 0);
        partitions.answers_no_more("");
        assert_eq!(others(&partitions, "t"), []);
    }

    #[test]
    fn changes_of_verdicts_are_told_together() {
        let (mut partitions, mut log) = (Partitions::default(), Log::default());
        for second in 0..25 {
            let behind = |partition: i32| if second < 12 || partition == 3 { 0 } else { second * 10 };
            let all: Vec<Seen> = (0..4)
                .map(|partition| seen(partition, 1000 + second, Some(1000 + second + behind(partition)), None))
                .collect();
            partitions.push(second * 1000, &all, false, &mut log);
        }
        let told: Vec<_> = log.all().into_iter().map(|entry| (entry.node.unwrap(), entry.message)).collect();
        assert_eq!(told, [("in".to_string(), "3 partitions ok → growing: 0 to 2".to_string())]);
        assert_eq!(partitions.questions().iter().filter(|(_, wanted)| wanted.is_some()).count(), 3);
    }

    #[test]
    fn numbers_are_told_in_ranges() {
        for (numbers, text) in [(vec![], ""), (vec![4], "4"), (vec![0, 1], "0, 1"), (vec![0, 1, 2, 5], "0 to 2, 5")] {
            assert_eq!(ranges(&numbers), text);
        }
    }
}
