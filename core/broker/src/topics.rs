//! The topics that are served: their logs and what of their settings matters while serving. What they are is the
//! journal's; here they come to life. Knows no request.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use kafka_protocol::ResponseError;

use crate::BrokerError;
use crate::config::{self, Settings};
use crate::journal::{Entry, Journal, State, TopicState};
use crate::log::Log;

/// Partitions that a topic may have; each takes a file handle.
pub(crate) const MAX_PARTITIONS: i32 = 1000;
const MAX_NAME_BYTES: usize = 249;

/// All topics, by name.
#[derive(Debug)]
pub(crate) struct Topics {
    /// of the logs; none: in memory
    folder: Option<PathBuf>,
    by_name: RwLock<BTreeMap<String, Arc<Topic>>>,
}

/// A topic that is served.
#[derive(Debug)]
pub(crate) struct Topic {
    number: u64,
    partitions: RwLock<Vec<Arc<Log>>>,
    max_message_bytes: AtomicUsize,
}

/// Why a topic cannot be as asked for: the code for programs and the words for people.
pub(crate) type Refused = (ResponseError, String);

impl Topics {
    /// Opens the logs of all topics that the journal knows.
    pub(crate) fn open(data: Option<&Path>, journal: &mut Journal) -> Result<Topics, BrokerError> {
        let folder = data.map(|data| data.join("topics"));
        if let Some(folder) = &folder {
            fs::create_dir_all(folder).map_err(BrokerError::file(folder))?;
            skip_numbers(folder, journal)?;
        }
        let topics = Topics { folder, by_name: RwLock::default() };
        let mut by_name = BTreeMap::new();
        for (name, state) in &journal.state().topics {
            let topic = topics.bring_up(state).map_err(|source| {
                let path = topics.topic_folder(state.number).unwrap_or_default();
                BrokerError::File { path, source }
            })?;
            by_name.insert(name.clone(), Arc::new(topic));
        }
        *topics.by_name.write().unwrap_or_else(PoisonError::into_inner) = by_name;
        Ok(topics)
    }

    /// One of them.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<Topic>> {
        self.all().get(name).cloned()
    }

    /// All of them.
    pub(crate) fn all(&self) -> RwLockReadGuard<'_, BTreeMap<String, Arc<Topic>>> {
        self.by_name.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The log of one partition.
    pub(crate) fn log(&self, name: &str, partition: i32) -> Result<Arc<Log>, ResponseError> {
        let log = self.get(name).and_then(|topic| topic.log(partition));
        log.ok_or(ResponseError::UnknownTopicOrPartition)
    }

    /// Makes a topic that passed [`check_new`].
    pub(crate) fn create(
        &self,
        journal: &mut Journal,
        name: &str,
        partitions: i32,
        settings: Settings,
    ) -> Result<(), ResponseError> {
        let number = journal.state().next_topic;
        let entry = Entry::Topic { name: name.into(), number, partitions, settings };
        journal.record(vec![entry]).map_err(storage_error)?;
        let state = journal.state().topics.get(name).cloned().unwrap_or_default();
        match self.bring_up(&state) {
            Ok(topic) => {
                self.by_name.write().unwrap_or_else(PoisonError::into_inner).insert(name.into(), Arc::new(topic));
                Ok(())
            }
            Err(error) => {
                journal.record(vec![Entry::TopicDeleted { name: name.into() }]).map_err(storage_error)?;
                self.remove_files(number);
                Err(storage_error(error))
            }
        }
    }

    /// Deletes a topic with its records and all offsets committed for it.
    pub(crate) fn delete(&self, journal: &mut Journal, name: &str) -> Result<(), ResponseError> {
        let topic = self.get(name).ok_or(ResponseError::UnknownTopicOrPartition)?;
        journal.record(vec![Entry::TopicDeleted { name: name.into() }]).map_err(storage_error)?;
        self.by_name.write().unwrap_or_else(PoisonError::into_inner).remove(name);
        topic.logs().iter().for_each(|log| log.retire());
        self.remove_files(topic.number);
        Ok(())
    }

    /// Adds partitions up to a count.
    pub(crate) fn grow(&self, journal: &mut Journal, name: &str, partitions: i32) -> Result<(), ResponseError> {
        let topic = self.get(name).ok_or(ResponseError::UnknownTopicOrPartition)?;
        let mut state = journal.state().topics.get(name).cloned().unwrap_or_default();
        let existing = state.partitions;
        state.partitions = partitions;
        let logs = (existing..partitions).map(|partition| self.open_log(&state, partition));
        let logs: Vec<Arc<Log>> = logs.collect::<io::Result<_>>().map_err(storage_error)?;
        let TopicState { number, settings, .. } = state;
        let entry = Entry::Topic { name: name.into(), number, partitions, settings };
        journal.record(vec![entry]).map_err(storage_error)?;
        topic.partitions.write().unwrap_or_else(PoisonError::into_inner).extend(logs);
        Ok(())
    }

    /// Replaces the settings of a topic by ones that were checked.
    pub(crate) fn set(&self, journal: &mut Journal, name: &str, settings: Settings) -> Result<(), ResponseError> {
        let topic = self.get(name).ok_or(ResponseError::UnknownTopicOrPartition)?;
        let TopicState { number, partitions, .. } = journal.state().topics.get(name).cloned().unwrap_or_default();
        topic.max_message_bytes.store(config::max_message_bytes(&settings), Ordering::Relaxed);
        let entry = Entry::Topic { name: name.into(), number, partitions, settings };
        journal.record(vec![entry]).map_err(storage_error)
    }

    /// Deletes the records of a partition before an offset; −1 is its end. Gives the new start.
    pub(crate) fn delete_records(
        &self,
        journal: &mut Journal,
        (name, partition): (&str, i32),
        offset: i64,
    ) -> Result<i64, ResponseError> {
        let log = self.log(name, partition)?;
        let ends = log.ends();
        let offset = if offset == -1 { ends.next } else { offset };
        if !(0..=ends.next).contains(&offset) {
            return Err(ResponseError::OffsetOutOfRange);
        }
        if offset > ends.start {
            let entry = Entry::Start { topic: name.into(), partition, offset };
            journal.record(vec![entry]).map_err(storage_error)?;
        }
        log.delete_before(offset).map_err(storage_error)
    }

    fn bring_up(&self, state: &TopicState) -> io::Result<Topic> {
        let logs = (0..state.partitions).map(|partition| self.open_log(state, partition));
        Ok(Topic {
            number: state.number,
            partitions: RwLock::new(logs.collect::<io::Result<_>>()?),
            max_message_bytes: AtomicUsize::new(config::max_message_bytes(&state.settings)),
        })
    }

    fn open_log(&self, state: &TopicState, partition: i32) -> io::Result<Arc<Log>> {
        let folder = self.topic_folder(state.number).map(|folder| folder.join(partition.to_string()));
        let start = state.starts.get(&partition).copied().unwrap_or(0);
        Log::open(folder.as_deref(), start).map(Arc::new)
    }

    fn topic_folder(&self, number: u64) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.join(number.to_string()))
    }

    fn remove_files(&self, number: u64) {
        if let Some(folder) = self.topic_folder(number)
            && let Err(error) = fs::remove_dir_all(&folder)
        {
            tracing::warn!(folder = %folder.display(), %error, "cannot remove the files of a deleted topic");
        }
    }
}

impl Topic {
    /// The log of a partition, if it has that one.
    pub(crate) fn log(&self, partition: i32) -> Option<Arc<Log>> {
        usize::try_from(partition).ok().and_then(|partition| self.logs().get(partition).cloned())
    }

    /// The logs of its partitions.
    pub(crate) fn logs(&self) -> RwLockReadGuard<'_, Vec<Arc<Log>>> {
        self.partitions.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The largest batch that it takes.
    pub(crate) fn max_message_bytes(&self) -> usize {
        self.max_message_bytes.load(Ordering::Relaxed)
    }
}

/// Whether a new topic may be named so and have so many partitions, as Kafka judges it.
pub(crate) fn check_new(state: &State, name: &str, partitions: i32) -> Result<(), Refused> {
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if name.is_empty() || name == "." || name == ".." || name.len() > MAX_NAME_BYTES || !name.bytes().all(is_legal) {
        let reason = "a topic's name has 1 to 249 of the characters a-z A-Z 0-9 . _ - and is not . or ..";
        return Err((ResponseError::InvalidTopicException, reason.into()));
    }
    if state.topics.contains_key(name) {
        return Err((ResponseError::TopicAlreadyExists, format!("topic {name} already exists")));
    }
    let alike = name.replace('.', "_");
    if let Some(other) = state.topics.keys().find(|other| other.replace('.', "_") == alike) {
        let reason = format!("topic {name} differs from {other} only in . and _, which Kafka refuses");
        return Err((ResponseError::InvalidTopicException, reason));
    }
    check_partitions(partitions)
}

/// Whether a topic may have so many partitions.
pub(crate) fn check_partitions(partitions: i32) -> Result<(), Refused> {
    if (1..=MAX_PARTITIONS).contains(&partitions) {
        return Ok(());
    }
    let reason = format!("a topic of the embedded broker has 1 to {MAX_PARTITIONS} partitions, not {partitions}");
    Err((ResponseError::InvalidPartitions, reason))
}

/// Numbers of folders that a lost journal would have known are not used again; those of deleted topics are removed.
fn skip_numbers(folder: &Path, journal: &mut Journal) -> Result<(), BrokerError> {
    let known: Vec<u64> = journal.state().topics.values().map(|topic| topic.number).collect();
    let mut next = journal.state().next_topic;
    for entry in fs::read_dir(folder).map_err(BrokerError::file(folder))? {
        let entry = entry.map_err(BrokerError::file(folder))?;
        let Some(number) = entry.file_name().to_str().and_then(|name| name.parse::<u64>().ok()) else { continue };
        if number < journal.state().next_topic && !known.contains(&number) {
            // a process ended between deleting the topic and removing its files
            fs::remove_dir_all(entry.path()).map_err(BrokerError::file(entry.path()))?;
        }
        next = next.max(number.saturating_add(1));
    }
    if next > journal.state().next_topic {
        journal.record(vec![Entry::NextTopic { number: next }]).map_err(BrokerError::file(folder))?;
    }
    Ok(())
}

fn storage_error(error: io::Error) -> ResponseError {
    tracing::error!(%error, "the embedded broker cannot write its data");
    ResponseError::KafkaStorageError
}
