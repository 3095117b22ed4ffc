use tokio::sync::oneshot::Receiver;

use super::*;

const SESSION: Duration = Duration::from_secs(10);
const REBALANCE: Duration = Duration::from_secs(60);

/// A group and its clock.
struct Play {
    group: Group,
    now: Instant,
    names: usize,
}

impl Play {
    fn new() -> Play {
        Play { group: Group::default(), now: Instant::now(), names: 0 }
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.group.advance(self.now);
    }

    fn wish(
        &mut self,
        member: &str,
        instance: Option<&'static str>,
        protocols: &[(&'static str, &'static str)],
    ) -> Join {
        self.names += 1;
        Join {
            member: member.into(),
            new_name: format!("m{}", self.names),
            instance: instance.map(StrBytes::from_static_str),
            client: "client".into(),
            host: "/host".into(),
            session: SESSION,
            rebalance: REBALANCE,
            protocol_type: StrBytes::from_static_str("consumer"),
            protocols: protocols
                .iter()
                .map(|(name, told)| (StrBytes::from_static_str(name), Bytes::from_static(told.as_bytes())))
                .collect(),
            must_return: false,
        }
    }

    fn join(&mut self, member: &str) -> Receiver<JoinAnswer> {
        self.join_as(member, None, &[("range", "told")])
    }

    fn join_as(
        &mut self,
        member: &str,
        instance: Option<&'static str>,
        protocols: &[(&'static str, &'static str)],
    ) -> Receiver<JoinAnswer> {
        let wish = self.wish(member, instance, protocols);
        match self.group.join(self.now, wish) {
            Joining::Waiting(answer) => {
                self.group.advance(self.now);
                answer
            }
            Joining::Refused(error, _) => panic!("refused: {error:?}"),
        }
    }

    fn refused(
        &mut self,
        member: &str,
        instance: Option<&'static str>,
        protocols: &[(&'static str, &'static str)],
    ) -> ResponseError {
        let wish = self.wish(member, instance, protocols);
        match self.group.join(self.now, wish) {
            Joining::Refused(error, _) => error,
            Joining::Waiting(_) => panic!("not refused"),
        }
    }

    fn sync(&mut self, member: &str, generation: i32, shares: &[(&str, &str)]) -> Receiver<SyncAnswer> {
        let (answer, share) = oneshot::channel();
        let share_of = |(name, share): &(&str, &str)| {
            (StrBytes::from_string(name.to_string()), Bytes::copy_from_slice(share.as_bytes()))
        };
        let who = Speaker { member, instance: None, generation };
        self.group.sync(self.now, who, shares.iter().map(share_of).collect(), answer);
        share
    }

    fn heartbeat(&mut self, member: &str, generation: i32) -> Result<(), ResponseError> {
        self.group.heartbeat(self.now, Speaker { member, instance: None, generation })
    }

    /// Two members with their shares, m1 leads.
    fn stable_pair() -> Play {
        let mut play = Play::new();
        let (mut first, mut second) = (play.join(""), play.join(""));
        play.pass(FIRST_JOIN_DELAY);
        assert_eq!(joined(&mut first).members.len(), 2, "the leader sees all");
        assert_eq!(joined(&mut second).members.len(), 0);
        let mut waits = play.sync("m2", 1, &[]);
        assert!(waits.try_recv().is_err());
        let mut leads = play.sync("m1", 1, &[("m1", "one"), ("m2", "two")]);
        assert_eq!((share(&mut leads), share(&mut waits)), ("one".into(), "two".into()));
        assert_eq!(play.group.phase(), Phase::Stable);
        play
    }
}

fn joined(answer: &mut Receiver<JoinAnswer>) -> Joined {
    answer.try_recv().unwrap().unwrap()
}

fn share(answer: &mut Receiver<SyncAnswer>) -> String {
    String::from_utf8(answer.try_recv().unwrap().unwrap().to_vec()).unwrap()
}

#[test]
fn the_first_member_waits_a_little_for_others() {
    let mut play = Play::new();
    let mut first = play.join("");
    assert_eq!(play.group.due(), Some(play.now + FIRST_JOIN_DELAY));
    play.pass(FIRST_JOIN_DELAY - Duration::from_millis(1));
    assert!(first.try_recv().is_err());
    play.pass(Duration::from_millis(1));
    let joined = joined(&mut first);
    assert_eq!((joined.generation, joined.leader.as_str(), joined.member.as_str()), (1, "m1", "m1"));
}

#[test]
fn a_new_member_waits_until_the_others_are_back() {
    let mut play = Play::stable_pair();
    let mut third = play.join("");
    assert_eq!(play.heartbeat("m1", 1), Err(ResponseError::RebalanceInProgress));
    let _first = play.join("m1");
    assert!(third.try_recv().is_err());
    let _second = play.join("m2");
    assert_eq!(joined(&mut third).generation, 2);
    assert_eq!(play.heartbeat("m1", 1), Err(ResponseError::IllegalGeneration));
    assert_eq!(play.heartbeat("m1", 2), Ok(()));
}

#[test]
fn who_does_not_come_back_in_time_is_left_out() {
    let mut play = Play::stable_pair();
    let mut third = play.join("");
    let _first = play.join("m1");
    // m2 lives, and does not join
    for _ in 0..13 {
        play.pass(Duration::from_secs(5));
        let _ = play.heartbeat("m2", 1);
    }
    assert_eq!(joined(&mut third).generation, 2);
    assert_eq!(play.heartbeat("m2", 2), Err(ResponseError::UnknownMemberId));
}

#[test]
fn a_silent_member_is_dropped() {
    let mut play = Play::stable_pair();
    play.pass(SESSION / 2);
    assert_eq!(play.heartbeat("m1", 1), Ok(()));
    play.pass(SESSION / 2);
    assert_eq!(play.group.members().keys().collect::<Vec<_>>(), ["m1"]);
    assert_eq!(play.heartbeat("m1", 1), Err(ResponseError::RebalanceInProgress));
    let mut first = play.join("m1");
    assert_eq!(joined(&mut first).members.len(), 1);
}

#[test]
fn a_leader_that_never_shares_out_is_dropped() {
    let mut play = Play::new();
    let (_first, _second) = (play.join(""), play.join(""));
    play.pass(FIRST_JOIN_DELAY);
    let mut waits = play.sync("m2", 1, &[]);
    for _ in 0..13 {
        play.pass(Duration::from_secs(5));
        let _ = (play.heartbeat("m1", 1), play.heartbeat("m2", 1));
    }
    assert_eq!(waits.try_recv().unwrap(), Err(ResponseError::RebalanceInProgress));
    let mut second = play.join("m2");
    let joined = joined(&mut second);
    assert_eq!((joined.leader.as_str(), joined.members.len()), ("m2", 1));
}

#[test]
fn leaving() {
    let mut play = Play::stable_pair();
    let who = [(StrBytes::from_static_str("m2"), None), (StrBytes::from_static_str("nobody"), None)];
    assert_eq!(play.group.leave(play.now, &who), [None, Some(ResponseError::UnknownMemberId)]);
    let mut first = play.join("m1");
    assert_eq!(joined(&mut first).generation, 2, "at once");
    assert_eq!(play.group.leave(play.now, &[(StrBytes::from_static_str("m1"), None)]), [None]);
    play.pass(Duration::ZERO);
    assert_eq!(play.group.phase(), Phase::Empty);
    assert_eq!(play.group.due(), None);
}

#[test]
fn a_lost_answer_is_given_again() {
    let mut play = Play::stable_pair();
    let mut again = play.join("m2");
    assert_eq!(joined(&mut again).generation, 1, "a follower that has not changed");
    assert_eq!(play.group.phase(), Phase::Stable);
    assert_eq!(share(&mut play.sync("m2", 1, &[])), "two");
    let _leader = play.join("m1");
    assert_eq!(play.group.phase(), Phase::Preparing, "a leader wants to share out anew");
}

#[test]
fn who_changes_what_it_tells_is_heard() {
    let mut play = Play::stable_pair();
    let _second = play.join_as("m2", None, &[("range", "other")]);
    assert_eq!(play.group.phase(), Phase::Preparing);
}

#[test]
fn static_members_come_back_to_their_share() {
    let mut play = Play::new();
    let told = [("range", "told")];
    let (_a, _b) = (play.join_as("", Some("a"), &told), play.join_as("", Some("b"), &told));
    play.pass(FIRST_JOIN_DELAY);
    drop(play.sync("m1", 1, &[("m1", "one"), ("m2", "two")]));
    let mut back = play.join_as("", Some("a"), &told);
    let joined = joined(&mut back);
    assert_eq!((joined.member.as_str(), joined.leader.as_str(), joined.generation), ("m3", "m1", 1));
    assert_eq!(share(&mut play.sync("m3", 1, &[])), "one");
    assert_eq!(play.refused("m1", Some("a"), &told), ResponseError::FencedInstanceId);
    let instance = StrBytes::from_static_str("a");
    let old = Speaker { member: "m1", instance: Some(&instance), generation: 1 };
    assert_eq!(play.group.heartbeat(play.now, old), Err(ResponseError::FencedInstanceId));
    // one that is not back when a third comes keeps its place until its session ends
    let mut third = play.join_as("", Some("c"), &told);
    let _back = play.join_as("m3", Some("a"), &told);
    play.group.members.get_mut("m2").unwrap().session = 2 * REBALANCE;
    play.group.members.get_mut("m2").unwrap().heard_until = play.now + 2 * REBALANCE;
    play.pass(REBALANCE);
    assert!(third.try_recv().unwrap().is_ok());
    assert_eq!(play.group.members().len(), 3);
    play.pass(REBALANCE);
    assert!(!play.group.members().contains_key("m2"));
}

#[test]
fn a_name_is_given_before_joining() {
    let mut play = Play::new();
    let mut wish = play.wish("", None, &[("range", "")]);
    wish.must_return = true;
    let Joining::Refused(error, name) = play.group.join(play.now, wish) else { panic!("joined without a name") };
    assert_eq!((error, name.as_str()), (ResponseError::MemberIdRequired, "m1"));
    let mut first = play.join("m1");
    play.pass(FIRST_JOIN_DELAY);
    assert_eq!(joined(&mut first).member, "m1");
    assert_eq!(play.refused("m9", None, &[("range", "")]), ResponseError::UnknownMemberId);
}

#[test]
fn a_protocol_that_all_know_is_chosen() {
    let mut play = Play::new();
    let mut first = play.join_as("", None, &[("sticky", ""), ("range", "")]);
    let _second = play.join_as("", None, &[("range", ""), ("robin", "")]);
    assert_eq!(play.refused("", None, &[("robin", "")]), ResponseError::InconsistentGroupProtocol);
    assert_eq!(play.refused("", None, &[]), ResponseError::InconsistentGroupProtocol);
    play.pass(FIRST_JOIN_DELAY);
    assert_eq!(joined(&mut first).protocol.as_str(), "range");
}

#[test]
fn committing() {
    let mut play = Play::new();
    let nobody = Speaker { member: "", instance: None, generation: -1 };
    assert_eq!(play.group.may_commit(play.now, nobody), Ok(()));
    let mut play = Play::stable_pair();
    for (member, generation, expected) in [
        ("", -1, Err(ResponseError::UnknownMemberId)),
        ("m1", 1, Ok(())),
        ("m1", 0, Err(ResponseError::IllegalGeneration)),
        ("m9", 1, Err(ResponseError::UnknownMemberId)),
    ] {
        let who = Speaker { member, instance: None, generation };
        assert_eq!(play.group.may_commit(play.now, who), expected, "{member} {generation}");
    }
    let _third = play.join("");
    let who = Speaker { member: "m1", instance: None, generation: 1 };
    assert_eq!(play.group.may_commit(play.now, who), Ok(()), "before it joins again");
}
