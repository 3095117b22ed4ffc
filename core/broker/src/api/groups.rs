//! Members of groups as they speak over the wire, and groups as administrators see them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::delete_groups_response::DeletableGroupResult;
use kafka_protocol::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use kafka_protocol::messages::join_group_response::JoinGroupResponseMember;
use kafka_protocol::messages::leave_group_response::MemberResponse;
use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::{
    DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest, DescribeGroupsResponse, GroupId,
    HeartbeatRequest, HeartbeatResponse, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, LeaveGroupResponse,
    ListGroupsRequest, ListGroupsResponse, SyncGroupRequest, SyncGroupResponse,
};
use kafka_protocol::protocol::StrBytes;
use tokio::sync::oneshot;

use super::{Call, code};
use crate::groups::{Group, Join, Joining, Phase, Speaker};
use crate::journal::Entry;

/// Kafka's `group.min.session.timeout.ms` and `group.max.session.timeout.ms`.
const SESSION_MS: std::ops::RangeInclusive<i32> = 6_000..=1_800_000;

pub(super) async fn join(call: &Call<'_>, request: JoinGroupRequest) -> JoinGroupResponse {
    let refused = |error: ResponseError, member: String| {
        JoinGroupResponse::default()
            .with_error_code(error.code())
            .with_generation_id(-1)
            .with_protocol_type((call.version >= 7).then(StrBytes::new))
            .with_protocol_name(Some(StrBytes::new()))
            .with_member_id(StrBytes::from_string(member))
    };
    let (group, member) = (request.group_id.to_string(), request.member_id.to_string());
    if group.is_empty() {
        return refused(ResponseError::InvalidGroupId, member);
    }
    if !SESSION_MS.contains(&request.session_timeout_ms) {
        return refused(ResponseError::InvalidSessionTimeout, member);
    }
    let session = Duration::from_millis(request.session_timeout_ms as u64);
    let rebalance = Duration::from_millis(request.rebalance_timeout_ms.max(0) as u64);
    let join = Join {
        member: member.clone(),
        new_name: call.cluster.groups.new_member_id(&call.client),
        instance: request.group_instance_id,
        client: call.client.clone(),
        host: format!("/{}", call.connection.host),
        session,
        rebalance: if call.version >= 1 { rebalance } else { session },
        protocol_type: request.protocol_type,
        protocols: request.protocols.into_iter().map(|protocol| (protocol.name, protocol.metadata)).collect(),
        must_return: call.version >= 4,
    };
    let answer = match call.cluster.groups.act(&group, |group, now| group.join(now, join)) {
        Joining::Refused(error, member) => return refused(error, member),
        Joining::Waiting(answer) => answer.await,
    };
    let joined = match answer.unwrap_or(Err(ResponseError::RebalanceInProgress)) {
        Ok(joined) => joined,
        Err(error) => return refused(error, member),
    };
    let members = joined.members.into_iter().map(|(name, instance, told)| {
        JoinGroupResponseMember::default()
            .with_member_id(StrBytes::from_string(name))
            .with_group_instance_id(instance)
            .with_metadata(told)
    });
    JoinGroupResponse::default()
        .with_generation_id(joined.generation)
        .with_protocol_type((call.version >= 7).then_some(joined.protocol_type))
        .with_protocol_name(Some(joined.protocol))
        .with_leader(StrBytes::from_string(joined.leader))
        .with_member_id(StrBytes::from_string(joined.member))
        .with_members(members.collect())
}

pub(super) async fn sync(call: &Call<'_>, request: SyncGroupRequest) -> SyncGroupResponse {
    let (answer, share) = oneshot::channel();
    let assignments = request.assignments.into_iter().map(|share| (share.member_id, share.assignment)).collect();
    let who = Speaker {
        member: &request.member_id,
        instance: request.group_instance_id.as_ref(),
        generation: request.generation_id,
    };
    let kind = call.cluster.groups.act_known(&request.group_id, |group, now| {
        group.sync(now, who, assignments, answer);
        (group.protocol_type().clone(), group.protocol().clone())
    });
    let Some((protocol_type, protocol)) = kind else {
        return SyncGroupResponse::default().with_error_code(ResponseError::UnknownMemberId.code());
    };
    match share.await.unwrap_or(Err(ResponseError::RebalanceInProgress)) {
        Err(error) => SyncGroupResponse::default().with_error_code(error.code()),
        Ok(share) => {
            let response = SyncGroupResponse::default().with_assignment(share);
            if call.version < 5 {
                return response;
            }
            response.with_protocol_type(Some(protocol_type)).with_protocol_name(Some(protocol))
        }
    }
}

pub(super) fn heartbeat(call: &Call<'_>, request: &HeartbeatRequest) -> HeartbeatResponse {
    let who = Speaker {
        member: &request.member_id,
        instance: request.group_instance_id.as_ref(),
        generation: request.generation_id,
    };
    let alive = call.cluster.groups.act_known(&request.group_id, |group, now| group.heartbeat(now, who));
    let error = alive.unwrap_or(Err(ResponseError::UnknownMemberId)).err();
    HeartbeatResponse::default().with_error_code(code(error))
}

pub(super) fn leave(call: &Call<'_>, request: LeaveGroupRequest) -> LeaveGroupResponse {
    let who: Vec<(StrBytes, Option<StrBytes>)> = if call.version >= 3 {
        request.members.into_iter().map(|member| (member.member_id, member.group_instance_id)).collect()
    } else {
        vec![(request.member_id, None)]
    };
    let results = call.cluster.groups.act_known(&request.group_id, |group, now| group.leave(now, &who));
    let results = results.unwrap_or_else(|| vec![Some(ResponseError::UnknownMemberId); who.len()]);
    if call.version < 3 {
        let error = results.into_iter().flatten().next();
        return LeaveGroupResponse::default().with_error_code(code(error));
    }
    let members = who.into_iter().zip(results).map(|((name, instance), error)| {
        MemberResponse::default().with_member_id(name).with_group_instance_id(instance).with_error_code(code(error))
    });
    LeaveGroupResponse::default().with_members(members.collect())
}

pub(super) fn describe(call: &Call<'_>, request: &DescribeGroupsRequest) -> DescribeGroupsResponse {
    let journal = call.cluster.journal();
    let groups = call.cluster.groups.all();
    let described = request.groups.iter().map(|id| {
        let description = DescribedGroup::default().with_group_id(id.clone());
        let has_offsets = journal.state().offsets.get(id.as_str()).is_some_and(|offsets| !offsets.is_empty());
        match groups.get(id.as_str()) {
            Some(group) => describe_members(group, description),
            None if has_offsets => description.with_group_state(StrBytes::from_static_str(Phase::Empty.name())),
            None => description.with_group_state(StrBytes::from_static_str("Dead")),
        }
    });
    DescribeGroupsResponse::default().with_groups(described.collect())
}

fn describe_members(group: &Group, description: DescribedGroup) -> DescribedGroup {
    let is_stable = group.phase() == Phase::Stable;
    let members = group.members().iter().map(|(name, member)| {
        let described = DescribedGroupMember::default()
            .with_member_id(StrBytes::from_string(name.clone()))
            .with_group_instance_id(member.instance.clone())
            .with_client_id(StrBytes::from_string(member.client.clone()))
            .with_client_host(StrBytes::from_string(member.host.clone()));
        if !is_stable {
            return described;
        }
        described.with_member_metadata(member.told(group.protocol())).with_member_assignment(member.assignment.clone())
    });
    description
        .with_group_state(StrBytes::from_static_str(group.phase().name()))
        .with_protocol_type(group.protocol_type().clone())
        .with_protocol_data(if is_stable { group.protocol().clone() } else { StrBytes::new() })
        .with_members(members.collect())
}

pub(super) fn list(call: &Call<'_>, request: &ListGroupsRequest) -> ListGroupsResponse {
    let journal = call.cluster.journal();
    let groups = call.cluster.groups.all();
    let with_offsets = journal.state().offsets.iter().filter(|(_, offsets)| !offsets.is_empty());
    let mut listed: BTreeMap<&str, (StrBytes, Phase)> = BTreeMap::new();
    listed.extend(with_offsets.map(|(id, _)| (id.as_str(), (StrBytes::new(), Phase::Empty))));
    listed.extend(groups.iter().map(|(id, group)| (id.as_str(), (group.protocol_type().clone(), group.phase()))));
    let states: BTreeSet<String> = request.states_filter.iter().map(|state| state.to_ascii_lowercase()).collect();
    let is_wanted = |phase: Phase| states.is_empty() || states.contains(&phase.name().to_ascii_lowercase());
    let listed = listed.into_iter().filter(|(_, (_, phase))| is_wanted(*phase)).map(|(id, (kind, phase))| {
        ListedGroup::default()
            .with_group_id(GroupId(StrBytes::from_string(id.into())))
            .with_protocol_type(kind)
            .with_group_state(StrBytes::from_static_str(phase.name()))
    });
    ListGroupsResponse::default().with_groups(listed.collect())
}

pub(super) fn delete(call: &Call<'_>, request: &DeleteGroupsRequest) -> DeleteGroupsResponse {
    let mut journal = call.cluster.journal();
    let results = request.groups_names.iter().map(|id| {
        let mut groups = call.cluster.groups.all();
        let known = groups.get(id.as_str());
        let error = if known.is_some_and(|group| !group.members().is_empty()) {
            Some(ResponseError::NonEmptyGroup)
        } else if known.is_none() && !journal.state().offsets.contains_key(id.as_str()) {
            Some(ResponseError::GroupIdNotFound)
        } else {
            groups.remove(id.as_str());
            journal.record(vec![Entry::GroupDeleted { group: id.to_string() }]).err().map(|error| {
                tracing::error!(%error, "cannot write the journal");
                ResponseError::CoordinatorNotAvailable
            })
        };
        DeletableGroupResult::default().with_group_id(id.clone()).with_error_code(code(error))
    });
    DeleteGroupsResponse::default().with_results(results.collect())
}
