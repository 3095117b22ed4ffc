//! What is asked of consumer groups without being in them: which there are, who is in them, what they have committed.

use std::sync::Arc;

use super::admin::{Admin, is_silence};
use super::commits::Offset;
use super::consumer::TopicPartition;
use super::ffi::{self, Client, Code, Failure, Partition, Partitions, Role};
use super::queue::lock;
use crate::problem::Fault;

/// A consumer group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupInfo {
    /// its name
    pub name: String,
    /// Kafka's word for it: `Stable`, `Empty`, `Dead`…
    pub state: String,
    /// who is in it can be asked for: not of groups of Kafka's newer protocol (KIP-848)
    pub is_classic: bool,
    /// who is in it, by member id; empty in a list of groups
    pub members: Vec<Member>,
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// as the group knows it
    pub id: String,
    /// as it calls itself
    pub client_id: String,
    /// where it connects from
    pub host: String,
    /// what it has been given, in order
    pub partitions: Vec<TopicPartition>,
}

impl Admin {
    /// All groups, by name, without their members.
    ///
    /// # Errors
    /// No answer.
    pub fn groups(&self) -> Result<Vec<GroupInfo>, Fault> {
        let mut groups: Vec<GroupInfo> = self
            .ask("listing groups", |left| self.client.groups(left))?
            .into_iter()
            .map(|ffi::GroupListing { name, state, is_classic }| GroupInfo {
                name,
                state,
                is_classic,
                members: Vec::new(),
            })
            .collect();
        groups.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(groups)
    }

    /// Who is in a group. One that nobody knows is `Dead` and empty.
    ///
    /// # Errors
    /// No right to look, or no answer.
    pub fn group(&self, group: &str) -> Result<GroupInfo, Fault> {
        let found = self.ask(&about(group), |left| match self.client.group(group, left) {
            Err(failure) if failure.code == Code::GROUP_NOT_FOUND => {
                Ok(ffi::GroupState { name: group.into(), state: "Dead".into(), members: Vec::new() })
            }
            result => result,
        })?;
        let mut members: Vec<Member> = found.members.into_iter().map(Member::from).collect();
        members.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(GroupInfo { name: found.name, state: found.state, is_classic: true, members })
    }

    /// All that a group has committed of the topics that there are, by topic and partition; nothing where there is no such
    /// group.
    ///
    /// # Errors
    /// No right to look, or no answer: of no broker, or of the one that coordinates the group.
    pub fn group_offsets(&self, group: &str) -> Result<Vec<Offset>, Fault> {
        let topics = self.topics()?;
        let all = topics.iter().flat_map(|topic| (0..topic.partitions).map(|partition| (&*topic.name, partition)));
        let all: Vec<(&str, i32)> = all.collect();
        let list = || Partitions::new(all.iter().map(|&(topic, partition)| (topic, partition, Partitions::NONE)));
        let client = self.of_group(group)?;
        // A client's own question to the coordinator: what an administrator would ask aborts the process, in librdkafka
        // 2.12, where the coordinator is found after the question was given up.
        let answered = self.try_ask(|left| client.committed(&list(), left));
        answered.and_then(|entries| offsets(Ok(entries))).map_err(|failure| self.fault_of_group(group, &failure))
    }

    fn fault_of_group(&self, group: &str, failure: &Failure) -> Fault {
        let about = about(group);
        if !is_silence(failure.code) {
            return self.fault(&about, failure);
        }
        let (why, within) = (self.settings.redact(&failure.text), self.within.as_secs());
        let message = format!("{about}: the broker that coordinates it does not answer within {within} s ({why})");
        Fault::outside(message).remedy("look whether one of the brokers is down or overloaded, and try it again then")
    }

    /// A client that names the group and is no member.
    fn of_group(&self, group: &str) -> Result<Arc<Client>, Fault> {
        let mut askers = lock(&self.askers);
        if let Some(client) = askers.get(group) {
            return Ok(client.clone());
        }
        let client = self.client_of(group).map_err(|why| self.fault(&about(group), &why))?;
        askers.insert(group.to_string(), client.clone());
        Ok(client)
    }

    /// The same of many groups, asked at once of one client; a fault for those that may not be looked at, or have not
    /// answered.
    ///
    /// # Errors
    /// The client cannot be opened.
    pub fn offsets_of_groups(&self, groups: &[&str]) -> Result<Vec<Result<Vec<Offset>, Fault>>, Fault> {
        let Some(first) = groups.first() else { return Ok(Vec::new()) };
        let client = self.asker(first).map_err(|why| self.fault("asking for offsets", &why))?;
        let answers = client.offsets_of_groups(groups, self.within);
        let is_lost = |answer: &Result<_, Failure>| {
            answer.as_ref().is_err_and(|why| is_silence(why.code) || why.code == Code::NOT_COORDINATOR)
        };
        // What was not answered must not come later; and librdkafka goes on asking who was the coordinator once.
        if answers.iter().any(is_lost) {
            lock(&self.asker).take_if(|known| Arc::ptr_eq(known, &client));
        }
        let of_group = |(group, answer): (&&str, Result<_, Failure>)| {
            offsets(answer).map_err(|why| self.fault_of_group(group, &why))
        };
        Ok(groups.iter().zip(answers).map(of_group).collect())
    }

    /// Who asks for offsets of many: a client that has a group, and is not in it. For one without, librdkafka 2.12 uses a null
    /// pointer (`rd_kafka_handle_OffsetFetch`) where the broker that it asks is not the group's coordinator any more. Which
    /// group it is does not matter; it is one that this user may look at.
    fn asker(&self, group: &str) -> Result<Arc<Client>, Failure> {
        let mut asker = lock(&self.asker);
        if let Some(client) = &*asker {
            return Ok(client.clone());
        }
        let client = self.client_of(group)?;
        *asker = Some(client.clone());
        Ok(client)
    }

    fn client_of(&self, group: &str) -> Result<Arc<Client>, Failure> {
        let failed = |text: String| Failure { code: Code::INVALID_ARGUMENT, text };
        let conf = self
            .settings
            .conf(&[("client.id", "tidegate".into())], &[("group.id", group.to_string())])
            .map_err(|why| failed(why.message))?;
        conf.build(Role::Consumer).map_err(failed)
    }
}

fn about(group: &str) -> String {
    format!("group `{group}`")
}

/// Offsets by topic and partition; nothing of a group that nobody knows.
fn offsets(answer: Result<Vec<Partition>, Failure>) -> Result<Vec<Offset>, Failure> {
    let entries = match answer {
        Err(failure) if failure.code == Code::GROUP_NOT_FOUND => Vec::new(),
        answer => answer?,
    };
    let mut offsets: Vec<Offset> = entries
        .into_iter()
        .filter(|entry| entry.offset >= 0)
        .map(|entry| Offset { at: TopicPartition::new(entry.topic, entry.partition), next: entry.offset })
        .collect();
    offsets.sort_by(|a, b| a.at.cmp(&b.at));
    Ok(offsets)
}

impl From<ffi::MemberState> for Member {
    fn from(member: ffi::MemberState) -> Member {
        let mut partitions: Vec<TopicPartition> =
            member.partitions.into_iter().map(|(topic, partition)| TopicPartition::new(topic, partition)).collect();
        partitions.sort();
        Member { id: member.id, client_id: member.client_id, host: member.host, partitions }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::super::ffi::Mock;
    use super::*;
    use crate::kafka::ClientSettings;

    /// Kafka's numbers for requests to, and about, a group's coordinator.
    const OFFSET_FETCH: i16 = 9;
    const FIND_COORDINATOR: i16 = 10;

    /// An answer that comes after it was given up harms nobody, and the next question is answered.
    #[test]
    fn a_coordinator_that_is_silent_is_told() {
        for (number, request) in [OFFSET_FETCH, FIND_COORDINATOR].into_iter().enumerate() {
            let mock = Mock::start();
            mock.create_topic("t", 3);
            let within = Duration::from_secs(2);
            let admin = Admin::open(&ClientSettings::new(mock.address()), within).unwrap();
            assert_eq!(admin.topics().unwrap().len(), 1);
            let group = format!("silent-{number}");
            mock.answer_one_after(request, Duration::from_secs(3));
            mock.answer_one_after(request, Duration::from_secs(3));
            mock.answer_one_after(request, Duration::from_secs(3));
            let begun = Instant::now();
            let fault = admin.group_offsets(&group).unwrap_err();
            assert!(begun.elapsed() < Duration::from_secs(4), "told after {:?}", begun.elapsed());
            let says = format!("group `{group}`: the broker that coordinates it does not answer within 2 s");
            assert!(fault.message.starts_with(&says) && fault.remedy.is_some(), "{fault}");
            let until = Instant::now() + Duration::from_secs(20);
            while admin.group_offsets(&group).is_err() {
                assert!(Instant::now() < until, "it is never answered again");
            }
            assert_eq!(admin.group_offsets(&group).unwrap(), []);
        }
    }

    /// The same of many: whoever was silent is left behind with the client that asked.
    #[test]
    fn a_coordinator_that_is_silent_keeps_nobody_from_asking_again() {
        for (number, request) in [OFFSET_FETCH, FIND_COORDINATOR].into_iter().enumerate() {
            let mock = Mock::start();
            mock.create_topic("t", 3);
            let admin = Admin::open(&ClientSettings::new(mock.address()), Duration::from_secs(1)).unwrap();
            let groups = [format!("a-{number}"), format!("b-{number}")];
            let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
            let good = |admin: &Admin| admin.offsets_of_groups(&groups).unwrap().iter().all(Result::is_ok);
            assert!(good(&admin));
            lock(&admin.asker).take();
            (0..4).for_each(|_| mock.answer_one_after(request, Duration::from_secs(3)));
            let begun = Instant::now();
            let faults = admin.offsets_of_groups(&groups).unwrap();
            assert!(faults.iter().any(Result::is_err), "{faults:?}");
            assert!(begun.elapsed() < Duration::from_secs(3), "told after {:?}", begun.elapsed());
            let until = Instant::now() + Duration::from_secs(20);
            while !good(&admin) {
                assert!(Instant::now() < until, "it is never answered again");
            }
            // What was asked before may come now, and harms nobody.
            std::thread::sleep(Duration::from_secs(3));
            assert!(good(&admin));
        }
    }
}
