//! What must outlive the process besides records: topics and their settings, where logs begin, committed offsets, the
//! next producer id. A [`State`] in memory and a file of changes to it; the file is written anew when it has grown to a
//! multiple of the state. Knows nothing of logs and of group members.
//!
//! A change is `length: u32, checksum: u32 (crc32c of the body), body`; a torn last one is cut off.

mod entry;

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::BrokerError;
pub(crate) use entry::Entry;

/// Below this length the file is never written anew.
const MIN_REWRITE_BYTES: u64 = 1024 * 1024;

/// The durable state, and the file that it lives in.
#[derive(Debug)]
pub(crate) struct Journal {
    state: State,
    file: Option<Changes>,
}

#[derive(Debug)]
struct Changes {
    path: PathBuf,
    file: File,
    bytes: u64,
    rewrite_at: u64,
}

/// All that the journal remembers.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct State {
    pub(crate) topics: BTreeMap<String, TopicState>,
    /// per group
    pub(crate) offsets: BTreeMap<String, GroupOffsets>,
    pub(crate) next_producer: i64,
    /// topics are numbered, so that a topic made again never meets the files of the one before
    pub(crate) next_topic: u64,
}

/// Committed offsets of one group, by topic and partition.
pub(crate) type GroupOffsets = BTreeMap<(String, i32), Committed>;

/// A topic.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct TopicState {
    pub(crate) number: u64,
    pub(crate) partitions: i32,
    /// only what was set
    pub(crate) settings: BTreeMap<String, String>,
    /// offsets before which records were deleted, by partition
    pub(crate) starts: BTreeMap<i32, i64>,
}

/// A committed offset.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Committed {
    pub(crate) offset: i64,
    pub(crate) leader_epoch: i32,
    pub(crate) metadata: String,
}

impl Journal {
    /// Reads the folder's journal, or begins one; without a folder it is kept in memory only.
    pub(crate) fn open(folder: Option<&Path>) -> Result<Journal, BrokerError> {
        let Some(folder) = folder else { return Ok(Journal { state: State::default(), file: None }) };
        let path = folder.join("journal");
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(source) => return Err(BrokerError::File { path, source }),
        };
        let mut state = State::default();
        let good = entry::read_all(&bytes, |entry| state.apply(entry));
        if good < bytes.len() {
            // what is cut off may matter to somebody who can read it
            let aside = path.with_extension("damaged");
            tracing::warn!(lost = bytes.len() - good, aside = %aside.display(), "the journal's end is torn: cut off");
            fs::write(&aside, &bytes).map_err(BrokerError::file(&aside))?;
        }
        let file = Changes::write_anew(&path, &state).map_err(BrokerError::file(&path))?;
        Ok(Journal { state, file: Some(file) })
    }

    /// What is remembered.
    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// Remembers changes: on file first, so that what is answered is never lost to a killed process.
    pub(crate) fn record(&mut self, entries: Vec<Entry>) -> io::Result<()> {
        if let Some(changes) = &mut self.file {
            let mut bytes = Vec::new();
            entries.iter().for_each(|entry| entry.write(&mut bytes));
            changes.file.write_all_at(&bytes, changes.bytes)?;
            changes.bytes += bytes.len() as u64;
        }
        entries.into_iter().for_each(|entry| self.state.apply(entry));
        if let Some(changes) = &mut self.file
            && changes.bytes > changes.rewrite_at
        {
            match Changes::write_anew(&changes.path, &self.state) {
                Ok(anew) => *changes = anew,
                Err(error) => {
                    tracing::warn!(%error, file = %changes.path.display(), "cannot write the journal anew");
                    changes.rewrite_at *= 2;
                }
            }
        }
        Ok(())
    }
}

impl Changes {
    fn write_anew(path: &Path, state: &State) -> io::Result<Changes> {
        let mut bytes = Vec::new();
        state.entries().iter().for_each(|entry| entry.write(&mut bytes));
        let new = path.with_extension("new");
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).open(&new)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        let bytes = bytes.len() as u64;
        Ok(Changes { path: path.into(), file, bytes, rewrite_at: MIN_REWRITE_BYTES.max(bytes * 4) })
    }
}

impl State {
    fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Topic { name, number, partitions, settings } => {
                self.next_topic = self.next_topic.max(number.saturating_add(1));
                let topic = self.topics.entry(name).or_default();
                if topic.number != number {
                    topic.starts.clear();
                }
                (topic.number, topic.partitions, topic.settings) = (number, partitions, settings);
            }
            Entry::TopicDeleted { name } => {
                self.topics.remove(&name);
                self.offsets.values_mut().for_each(|offsets| offsets.retain(|(topic, _), _| *topic != name));
            }
            Entry::Start { topic, partition, offset } => {
                if let Some(topic) = self.topics.get_mut(&topic) {
                    topic.starts.insert(partition, offset);
                }
            }
            Entry::Commit { group, topic, partition, committed } => {
                self.offsets.entry(group).or_default().insert((topic, partition), committed);
            }
            Entry::GroupDeleted { group } => {
                self.offsets.remove(&group);
            }
            Entry::NextProducer { id } => self.next_producer = id,
            Entry::NextTopic { number } => self.next_topic = number,
        }
    }

    /// The changes that lead from nothing to this state.
    fn entries(&self) -> Vec<Entry> {
        let mut entries =
            vec![Entry::NextProducer { id: self.next_producer }, Entry::NextTopic { number: self.next_topic }];
        for (name, topic) in &self.topics {
            let TopicState { number, partitions, settings, starts } = topic.clone();
            entries.push(Entry::Topic { name: name.clone(), number, partitions, settings });
            for (partition, offset) in starts {
                entries.push(Entry::Start { topic: name.clone(), partition, offset });
            }
        }
        for (group, offsets) in &self.offsets {
            for ((topic, partition), committed) in offsets {
                let (group, topic, committed) = (group.clone(), topic.clone(), committed.clone());
                entries.push(Entry::Commit { group, topic, partition: *partition, committed });
            }
        }
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry() -> impl Strategy<Value = Entry> {
        let name = || "[a-c]{0,3}";
        let settings = proptest::collection::btree_map("[a-z.]{1,8}", ".{0,8}", 0..3);
        prop_oneof![
            (name(), 0..5_u64, 1..9_i32, settings).prop_map(|(name, number, partitions, settings)| Entry::Topic {
                name,
                number,
                partitions,
                settings
            }),
            name().prop_map(|name| Entry::TopicDeleted { name }),
            (name(), 0..9_i32, any::<i64>()).prop_map(|(topic, partition, offset)| Entry::Start {
                topic,
                partition,
                offset
            }),
            (name(), name(), 0..9_i32, any::<i64>(), any::<i32>(), ".{0,9}").prop_map(
                |(group, topic, partition, offset, leader_epoch, metadata)| {
                    let committed = Committed { offset, leader_epoch, metadata };
                    Entry::Commit { group, topic, partition, committed }
                }
            ),
            name().prop_map(|group| Entry::GroupDeleted { group }),
            any::<i64>().prop_map(|id| Entry::NextProducer { id }),
        ]
    }

    /// A group whose offsets are all gone reads as one that never was.
    fn comparable(state: &State) -> State {
        let mut state = state.clone();
        state.offsets.retain(|_, offsets| !offsets.is_empty());
        state
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn reopening_gives_the_same_state(entries in proptest::collection::vec(entry(), 0..40)) {
            let folder = tempfile::tempdir().unwrap();
            let mut journal = Journal::open(Some(folder.path())).unwrap();
            for entry in entries {
                journal.record(vec![entry]).unwrap();
            }
            let expected = comparable(journal.state());
            for _ in 0..2 {
                prop_assert_eq!(comparable(Journal::open(Some(folder.path())).unwrap().state()), expected.clone());
            }
        }

        #[test]
        fn a_torn_end_loses_only_what_is_torn(entries in proptest::collection::vec(entry(), 1..20), cut in any::<u16>()) {
            let folder = tempfile::tempdir().unwrap();
            let mut journal = Journal::open(Some(folder.path())).unwrap();
            let path = folder.path().join("journal");
            let mut states = vec![(fs::metadata(&path).unwrap().len(), comparable(journal.state()))];
            for entry in entries {
                journal.record(vec![entry]).unwrap();
                states.push((fs::metadata(&path).unwrap().len(), comparable(journal.state())));
            }
            let whole = states.last().unwrap().0;
            let length = states[0].0 + u64::from(cut) % (whole - states[0].0 + 1);
            OpenOptions::new().write(true).open(&path).unwrap().set_len(length).unwrap();
            let expected = &states.iter().rev().find(|(bytes, _)| *bytes <= length).unwrap().1;
            prop_assert_eq!(&comparable(Journal::open(Some(folder.path())).unwrap().state()), expected);
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            entry::read_all(&bytes, |_| {});
            entry::read_body(&bytes);
        }
    }

    #[test]
    fn the_file_does_not_grow_with_the_number_of_commits() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(Some(folder.path())).unwrap();
        let commit = |offset| {
            let committed = Committed { offset, leader_epoch: 0, metadata: "m".repeat(100) };
            (0..50).map(move |partition| Entry::Commit {
                group: "g".into(),
                topic: "t".into(),
                partition,
                committed: committed.clone(),
            })
        };
        for offset in 0..1000 {
            journal.record(commit(offset).collect()).unwrap();
        }
        let bytes = fs::metadata(folder.path().join("journal")).unwrap().len();
        assert!(bytes < 2 * MIN_REWRITE_BYTES, "{bytes}");
        let journal = Journal::open(Some(folder.path())).unwrap();
        assert_eq!(journal.state().offsets["g"][&("t".to_string(), 49)].offset, 999);
    }
}
