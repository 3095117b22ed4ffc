//! One group of the classic protocol, as Kafka's GroupCoordinator runs it: members join, one of them is told to share
//! the partitions out, all fetch their share. A state machine over the instants it is given; who waits for an answer
//! has left the other end of a channel.

mod membership;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::protocol::StrBytes;
use tokio::sync::oneshot;

pub(crate) use membership::{Join, Joining};

/// How long the first member of a group waits for others, as Kafka's `group.initial.rebalance.delay.ms` (3 s there).
const FIRST_JOIN_DELAY: Duration = Duration::from_millis(200);

/// What a group is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Phase {
    /// no members
    #[default]
    Empty,
    /// waiting for all members to join again
    Preparing,
    /// waiting for the leader to share out
    Completing,
    /// everybody has a share
    Stable,
}

impl Phase {
    /// Kafka's name for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Phase::Empty => "Empty",
            Phase::Preparing => "PreparingRebalance",
            Phase::Completing => "CompletingRebalance",
            Phase::Stable => "Stable",
        }
    }
}

/// A group and its members.
#[derive(Debug, Default)]
pub(crate) struct Group {
    phase: Phase,
    generation: i32,
    protocol_type: StrBytes,
    /// how partitions are shared out, from the first completed join on
    protocol: StrBytes,
    leader: String,
    members: BTreeMap<String, Member>,
    /// members that were given a name and have not come back with it, with when to forget them
    named: BTreeMap<String, Instant>,
    /// in [`Phase::Preparing`]: not done before, and done at the latest; in [`Phase::Completing`]: synced at the latest
    earliest: Option<Instant>,
    latest: Option<Instant>,
}

/// A member.
#[derive(Debug)]
pub(crate) struct Member {
    /// the name of a static member
    pub(crate) instance: Option<StrBytes>,
    pub(crate) client: String,
    pub(crate) host: String,
    /// ways of sharing out that it knows, the preferred one first, each with what it tells the leader
    pub(crate) protocols: Vec<(StrBytes, Bytes)>,
    pub(crate) assignment: Bytes,
    session: Duration,
    rebalance: Duration,
    /// taken for dead after this, unless it waits for us
    heard_until: Instant,
    /// has fetched, or waits for, the share of this generation
    has_synced: bool,
    join: Option<oneshot::Sender<JoinAnswer>>,
    sync: Option<oneshot::Sender<SyncAnswer>>,
}

/// The answer to a join.
pub(crate) type JoinAnswer = Result<Joined, ResponseError>;

/// The answer to a sync: the member's share.
pub(crate) type SyncAnswer = Result<Bytes, ResponseError>;

/// What a member learns when all have joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Joined {
    pub(crate) member: String,
    pub(crate) generation: i32,
    pub(crate) protocol_type: StrBytes,
    pub(crate) protocol: StrBytes,
    pub(crate) leader: String,
    /// for the leader: all members, by name, with instance and what they told
    pub(crate) members: Vec<(String, Option<StrBytes>, Bytes)>,
}

/// Who speaks, of which generation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Speaker<'a> {
    pub(crate) member: &'a str,
    pub(crate) instance: Option<&'a StrBytes>,
    pub(crate) generation: i32,
}

impl Group {
    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    pub(crate) fn protocol_type(&self) -> &StrBytes {
        &self.protocol_type
    }

    pub(crate) fn protocol(&self) -> &StrBytes {
        &self.protocol
    }

    /// The members, by name.
    pub(crate) fn members(&self) -> &BTreeMap<String, Member> {
        &self.members
    }

    /// Takes the leader's assignments, or waits for them; the share comes through the channel.
    pub(crate) fn sync(
        &mut self,
        now: Instant,
        who: Speaker<'_>,
        assignments: Vec<(StrBytes, Bytes)>,
        answer: oneshot::Sender<SyncAnswer>,
    ) {
        if let Err(error) = self.hear(now, who) {
            reply(Some(answer), Err(error));
            return;
        }
        let phase = self.phase;
        let Some(member) = self.members.get_mut(who.member) else { return };
        match phase {
            Phase::Empty => reply(Some(answer), Err(ResponseError::UnknownMemberId)),
            Phase::Preparing => reply(Some(answer), Err(ResponseError::RebalanceInProgress)),
            Phase::Stable => {
                member.has_synced = true;
                reply(Some(answer), Ok(member.assignment.clone()));
            }
            Phase::Completing => {
                member.has_synced = true;
                member.sync = Some(answer);
                if self.leader == who.member {
                    self.share_out(now, assignments);
                }
            }
        }
    }

    fn share_out(&mut self, now: Instant, assignments: Vec<(StrBytes, Bytes)>) {
        for (member, assignment) in assignments {
            if let Some(member) = self.members.get_mut(member.as_str()) {
                member.assignment = assignment;
            }
        }
        self.phase = Phase::Stable;
        for member in self.members.values_mut().filter(|member| member.sync.is_some()) {
            member.heard_until = now + member.session;
            reply(member.sync.take(), Ok(member.assignment.clone()));
        }
    }

    /// A member says that it lives.
    pub(crate) fn heartbeat(&mut self, now: Instant, who: Speaker<'_>) -> Result<(), ResponseError> {
        self.hear(now, who)?;
        if self.phase == Phase::Preparing { Err(ResponseError::RebalanceInProgress) } else { Ok(()) }
    }

    /// Whether this speaker may commit offsets. One without generation may where nobody is a member.
    pub(crate) fn may_commit(&mut self, now: Instant, who: Speaker<'_>) -> Result<(), ResponseError> {
        if who.generation < 0 && self.phase == Phase::Empty {
            return Ok(());
        }
        self.hear(now, who)?;
        if self.phase == Phase::Completing { Err(ResponseError::RebalanceInProgress) } else { Ok(()) }
    }

    /// The speaker is a member of this generation, and lives.
    fn hear(&mut self, now: Instant, who: Speaker<'_>) -> Result<(), ResponseError> {
        self.know(who.member, who.instance)?;
        let member = self.members.get_mut(who.member).ok_or(ResponseError::UnknownMemberId)?;
        if who.generation != self.generation {
            return Err(ResponseError::IllegalGeneration);
        }
        member.heard_until = now + member.session;
        Ok(())
    }

    /// The name belongs to the instance, where one is given.
    fn know(&self, member: &str, instance: Option<&StrBytes>) -> Result<(), ResponseError> {
        let Some(instance) = instance else { return Ok(()) };
        match self.member_of(instance) {
            None => Err(ResponseError::UnknownMemberId),
            Some(name) if name != member => Err(ResponseError::FencedInstanceId),
            Some(_) => Ok(()),
        }
    }

    fn member_of(&self, instance: &StrBytes) -> Option<&str> {
        let mut members = self.members.iter();
        members.find(|(_, member)| member.instance.as_ref() == Some(instance)).map(|(name, _)| name.as_str())
    }

    /// When [`Group::advance`] has something to do, if nothing else happens.
    pub(crate) fn due(&self) -> Option<Instant> {
        let silent = self.members.values().filter(|member| member.join.is_none()).map(|member| member.heard_until);
        let rebalance = match self.phase {
            Phase::Preparing if self.is_everybody_back() => self.earliest,
            Phase::Preparing | Phase::Completing => self.latest,
            Phase::Empty | Phase::Stable => None,
        };
        silent.chain(self.named.values().copied()).chain(rebalance).min()
    }

    /// Does what has become due.
    pub(crate) fn advance(&mut self, now: Instant) {
        self.named.retain(|_, until| now < *until);
        let is_silent = |member: &Member| member.join.is_none() && now >= member.heard_until;
        let silent = self.names(is_silent);
        if !silent.is_empty() {
            self.remove(now, &silent);
        }
        let is_late = self.latest.is_some_and(|latest| now >= latest);
        match self.phase {
            Phase::Preparing => {
                let may_end = self.earliest.is_none_or(|earliest| now >= earliest);
                if is_late || (may_end && self.is_everybody_back()) {
                    self.complete_join(now);
                }
            }
            Phase::Completing if is_late => {
                let unsynced = self.names(|member| !member.has_synced);
                self.remove(now, &unsynced);
            }
            Phase::Completing | Phase::Empty | Phase::Stable => {}
        }
    }

    fn names(&self, which: impl Fn(&Member) -> bool) -> Vec<String> {
        self.members.iter().filter(|(_, member)| which(member)).map(|(name, _)| name.clone()).collect()
    }

    fn is_everybody_back(&self) -> bool {
        self.named.is_empty() && self.members.values().all(|member| member.join.is_some())
    }
}

fn reply<T>(to: Option<oneshot::Sender<T>>, answer: T) {
    if let Some(to) = to {
        // who does not wait any more has gone
        let _ = to.send(answer);
    }
}

#[cfg(test)]
mod tests;
