//! How members come and go, and how a new generation comes about.

use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::protocol::StrBytes;
use tokio::sync::oneshot;

use super::{FIRST_JOIN_DELAY, Group, JoinAnswer, Joined, Member, Phase, reply};

/// A member's wish to join.
#[derive(Debug)]
pub(crate) struct Join {
    /// empty at the first time
    pub(crate) member: String,
    /// the name it gets where it has none
    pub(crate) new_name: String,
    pub(crate) instance: Option<StrBytes>,
    pub(crate) client: String,
    pub(crate) host: String,
    pub(crate) session: Duration,
    pub(crate) rebalance: Duration,
    pub(crate) protocol_type: StrBytes,
    pub(crate) protocols: Vec<(StrBytes, Bytes)>,
    /// it has to come back with the name that it is given, so that names are not lost with answers
    pub(crate) must_return: bool,
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Joining {
    /// refused; the name is the one given or the one to come back with
    Refused(ResponseError, String),
    /// the answer comes when all have joined, or is there
    Waiting(oneshot::Receiver<JoinAnswer>),
}

impl Group {
    /// Takes a member in, or again.
    pub(crate) fn join(&mut self, now: Instant, join: Join) -> Joining {
        let refuse = |error| Joining::Refused(error, join.member.clone());
        if !self.can_agree_with(&join) {
            return refuse(ResponseError::InconsistentGroupProtocol);
        }
        let static_name = join.instance.as_ref().and_then(|instance| self.member_of(instance)).map(str::to_string);
        if join.member.is_empty() {
            return match static_name {
                Some(old) => self.replace(now, &old, join),
                None if join.must_return && join.instance.is_none() => {
                    self.named.insert(join.new_name.clone(), now + join.session);
                    Joining::Refused(ResponseError::MemberIdRequired, join.new_name)
                }
                None => {
                    let name = join.new_name.clone();
                    self.enter(now, name, join)
                }
            };
        }
        if static_name.is_some_and(|name| name != join.member) {
            return refuse(ResponseError::FencedInstanceId);
        }
        if self.named.remove(&join.member).is_some() {
            let name = join.member.clone();
            return self.enter(now, name, join);
        }
        let Some(member) = self.members.get(&join.member) else { return refuse(ResponseError::UnknownMemberId) };
        let is_same = member.protocols == join.protocols;
        let is_leader = self.leader == join.member;
        match self.phase {
            // its answer was lost, most likely
            Phase::Completing if is_same => self.answer_now(now, &join.member),
            // a leader that joins again wants to share out anew
            Phase::Stable if is_same && !is_leader => self.answer_now(now, &join.member),
            _ => {
                let name = join.member.clone();
                self.enter(now, name, join)
            }
        }
    }

    /// Whether all members could still agree on a way of sharing out.
    fn can_agree_with(&self, join: &Join) -> bool {
        let is_other = |name: &String, other: &Member| {
            *name != join.member && (join.instance.is_none() || other.instance != join.instance)
        };
        let others = self.members.iter().filter(|(name, other)| is_other(name, other));
        let others: Vec<&Member> = others.map(|(_, other)| other).collect();
        let all_know = |name: &StrBytes| others.iter().all(|other| other.knows(name));
        !join.protocol_type.is_empty()
            && (others.is_empty() || self.protocol_type == join.protocol_type)
            && join.protocols.iter().any(|(name, _)| all_know(name))
    }

    /// A new member, or one that takes part in the next generation.
    fn enter(&mut self, now: Instant, name: String, join: Join) -> Joining {
        let (answer, receiver) = oneshot::channel();
        self.protocol_type = join.protocol_type;
        let previous = self.members.remove(&name);
        let member = Member {
            instance: join.instance,
            client: join.client,
            host: join.host,
            protocols: join.protocols,
            assignment: previous.map(|previous| previous.assignment).unwrap_or_default(),
            session: join.session,
            rebalance: join.rebalance,
            heard_until: now + join.session,
            has_synced: false,
            join: Some(answer),
            sync: None,
        };
        self.members.insert(name.clone(), member);
        if self.leader.is_empty() {
            self.leader = name;
        }
        self.prepare(now);
        Joining::Waiting(receiver)
    }

    /// A static member that comes back under a new name: it keeps its share where nothing about it has changed.
    fn replace(&mut self, now: Instant, old: &str, join: Join) -> Joining {
        let name = join.new_name.clone();
        let Some(mut member) = self.members.remove(old) else { return self.enter(now, name, join) };
        reply(member.join.take(), Err(ResponseError::FencedInstanceId));
        reply(member.sync.take(), Err(ResponseError::FencedInstanceId));
        let was_leader = self.leader == old;
        if was_leader {
            self.leader.clone_from(&name);
        }
        let is_same = member.protocols == join.protocols;
        self.members.insert(name.clone(), member);
        if self.phase != Phase::Stable || !is_same {
            return self.enter(now, name, join);
        }
        let (answer, receiver) = oneshot::channel();
        if let Some(member) = self.members.get_mut(&name) {
            (member.session, member.rebalance) = (join.session, join.rebalance);
            (member.client, member.host) = (join.client, join.host);
            member.heard_until = now + member.session;
        }
        // told the old name of the leader, it takes its share as everybody else does
        let mut joined = self.joined(&name);
        joined.members.clear();
        if was_leader {
            joined.leader = old.to_string();
        }
        reply(Some(answer), Ok(joined));
        Joining::Waiting(receiver)
    }

    /// Members leave, by name or by instance. Gives an error for each that is none.
    pub(crate) fn leave(&mut self, now: Instant, who: &[(StrBytes, Option<StrBytes>)]) -> Vec<Option<ResponseError>> {
        let mut leaving = Vec::new();
        let mut results = Vec::with_capacity(who.len());
        for (name, instance) in who {
            let of_instance = instance.as_ref().map(|instance| self.member_of(instance).map(str::to_string));
            let result = match of_instance {
                Some(None) => Err(ResponseError::UnknownMemberId),
                Some(Some(member)) if !name.is_empty() && member != name.as_str() => {
                    Err(ResponseError::FencedInstanceId)
                }
                Some(Some(member)) => Ok(member),
                None if self.members.contains_key(name.as_str()) => Ok(name.to_string()),
                None if self.named.remove(name.as_str()).is_some() => Ok(String::new()),
                None => Err(ResponseError::UnknownMemberId),
            };
            results.push(result.as_ref().err().copied());
            leaving.extend(result.ok().filter(|member| !member.is_empty()));
        }
        self.remove(now, &leaving);
        results
    }

    /// Removes members; the others share out anew.
    pub(super) fn remove(&mut self, now: Instant, names: &[String]) {
        let mut is_fewer = false;
        for name in names {
            let Some(mut member) = self.members.remove(name) else { continue };
            reply(member.join.take(), Err(ResponseError::UnknownMemberId));
            reply(member.sync.take(), Err(ResponseError::UnknownMemberId));
            if self.leader == *name {
                self.leader.clear();
            }
            is_fewer = true;
        }
        if is_fewer {
            self.prepare(now);
        }
    }

    /// Begins to gather the members for the next generation, unless that is under way.
    pub(super) fn prepare(&mut self, now: Instant) {
        let longest = self.members.values().map(|member| member.rebalance).max().unwrap_or_default();
        match self.phase {
            Phase::Preparing => return,
            Phase::Empty => self.earliest = Some(now + FIRST_JOIN_DELAY),
            Phase::Completing | Phase::Stable => self.earliest = Some(now),
        }
        self.latest = Some(now + longest);
        self.phase = Phase::Preparing;
        for member in self.members.values_mut() {
            reply(member.sync.take(), Err(ResponseError::RebalanceInProgress));
        }
    }

    /// The next generation begins with those that have come. Static members that have not keep their place.
    pub(super) fn complete_join(&mut self, now: Instant) {
        self.members.retain(|_, member| member.join.is_some() || member.instance.is_some());
        let has_come = |member: &Member| member.join.is_some();
        if !self.members.is_empty() && !self.members.values().any(has_come) {
            let longest = self.members.values().map(|member| member.rebalance).max().unwrap_or_default();
            self.latest = Some(now + longest.max(FIRST_JOIN_DELAY));
            return;
        }
        self.generation = self.generation.checked_add(1).unwrap_or(1);
        (self.earliest, self.latest) = (None, None);
        if !self.members.get(&self.leader).is_some_and(has_come) {
            let first = self.members.iter().find(|(_, member)| has_come(member));
            self.leader = first.map(|(name, _)| name.clone()).unwrap_or_default();
        }
        self.protocol = self.elect_protocol();
        if self.members.is_empty() {
            self.phase = Phase::Empty;
            return;
        }
        self.phase = Phase::Completing;
        self.latest = self.members.values().map(|member| now + member.rebalance).max();
        let names: Vec<String> = self.members.keys().cloned().collect();
        for name in names {
            let joined = self.joined(&name);
            if let Some(member) = self.members.get_mut(&name) {
                let has_come = member.join.is_some();
                if has_come {
                    member.heard_until = now + member.session;
                }
                member.has_synced = !has_come;
                reply(member.join.take(), Ok(joined));
            }
        }
    }

    /// Each member votes for the first of its protocols that all know; the most votes win, then the first voted for.
    fn elect_protocol(&self) -> StrBytes {
        let is_common = |name: &StrBytes| self.members.values().all(|member| member.knows(name));
        let mut votes: Vec<(&StrBytes, usize)> = Vec::new();
        for member in self.members.values() {
            let Some((choice, _)) = member.protocols.iter().find(|(name, _)| is_common(name)) else { continue };
            match votes.iter_mut().find(|(name, _)| *name == choice) {
                Some((_, count)) => *count += 1,
                None => votes.push((choice, 1)),
            }
        }
        let most = votes.iter().map(|(_, count)| *count).max();
        votes.into_iter().find(|(_, count)| Some(*count) == most).map(|(name, _)| name.clone()).unwrap_or_default()
    }

    fn answer_now(&mut self, now: Instant, name: &str) -> Joining {
        let (answer, receiver) = oneshot::channel();
        if let Some(member) = self.members.get_mut(name) {
            member.heard_until = now + member.session;
        }
        reply(Some(answer), Ok(self.joined(name)));
        Joining::Waiting(receiver)
    }

    fn joined(&self, name: &str) -> Joined {
        let members = self.members.iter().filter(|_| self.leader == name);
        Joined {
            member: name.to_string(),
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            members: members
                .map(|(name, member)| (name.clone(), member.instance.clone(), member.told(&self.protocol)))
                .collect(),
        }
    }
}

impl Member {
    fn knows(&self, protocol: &StrBytes) -> bool {
        self.protocols.iter().any(|(known, _)| known == protocol)
    }

    /// What the member tells the leader under a protocol.
    pub(crate) fn told(&self, protocol: &StrBytes) -> Bytes {
        let told = self.protocols.iter().find(|(known, _)| known == protocol);
        told.map(|(_, told)| told.clone()).unwrap_or_default()
    }
}
