//! From a request's bytes to its answer's: which requests and versions there are, and one file for each family. The
//! versions are those that the conformance suite has tried; clients choose the highest that both sides know.

mod commits;
mod configs;
mod fetch;
mod groups;
mod metadata;
mod offsets;
mod produce;
mod shape;
mod topics;

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::{
    ApiKey, ApiVersionsResponse, RequestHeader, ResponseHeader, api_versions_response::ApiVersion,
};
use kafka_protocol::protocol::{Decodable, Encodable};
use tokio::sync::Notify;

use crate::cluster::Cluster;

/// Requests that are answered, with the versions understood.
const REQUESTS: &[(ApiKey, i16, i16)] = &[
    (ApiKey::Produce, 3, 9),
    (ApiKey::Fetch, 4, 11),
    (ApiKey::ListOffsets, 1, 5),
    (ApiKey::Metadata, 0, 9),
    (ApiKey::OffsetCommit, 2, 8),
    (ApiKey::OffsetFetch, 1, 7),
    (ApiKey::FindCoordinator, 0, 3),
    (ApiKey::JoinGroup, 0, 7),
    (ApiKey::Heartbeat, 0, 4),
    (ApiKey::LeaveGroup, 0, 4),
    (ApiKey::SyncGroup, 0, 5),
    (ApiKey::DescribeGroups, 0, 5),
    (ApiKey::ListGroups, 0, 4),
    (ApiKey::ApiVersions, 0, 3),
    (ApiKey::CreateTopics, 2, 6),
    (ApiKey::DeleteTopics, 1, 5),
    (ApiKey::DeleteRecords, 0, 2),
    (ApiKey::InitProducerId, 0, 4),
    (ApiKey::DescribeConfigs, 1, 4),
    (ApiKey::AlterConfigs, 0, 2),
    (ApiKey::CreatePartitions, 0, 3),
    (ApiKey::DeleteGroups, 0, 2),
    (ApiKey::IncrementalAlterConfigs, 0, 1),
];

/// The largest request that brings no records, in bytes.
const MAX_ASKING_BYTES: usize = 4 * 1024 * 1024;

/// What a connection is to its requests.
#[derive(Debug)]
pub(crate) struct Connection {
    /// the client's address, without port
    host: String,
    /// told when a log that a fetch waits for has grown
    arrival: Arc<Notify>,
}

/// Why a request gets no answer: the connection is closed, as Kafka does.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("a request that cannot be read: {0}")]
    Unreadable(String),
    #[error("request {key} in version {version}, which is not known")]
    Unknown { key: i16, version: i16 },
    #[error("an answer that cannot be written: {0}")]
    Unwritable(String),
}

/// A request, but for its body.
struct Call<'a> {
    cluster: &'a Cluster,
    connection: &'a Connection,
    client: String,
    version: i16,
}

impl Connection {
    /// A client's, which has asked nothing yet.
    pub(crate) fn new(peer: SocketAddr) -> Connection {
        Connection { host: peer.ip().to_string(), arrival: Arc::default() }
    }
}

/// Appends the framed answer to a request; nothing where the client wants none.
pub(crate) async fn answer(
    cluster: &Cluster,
    connection: &Connection,
    frame: Bytes,
    out: &mut BytesMut,
) -> Result<(), Refusal> {
    let mut start = &frame[..];
    let unreadable = |_| Refusal::Unreadable("it is too short".into());
    let key = start.try_get_i16().map_err(unreadable)?;
    let version = start.try_get_i16().map_err(unreadable)?;
    let correlation = start.try_get_i32().map_err(unreadable)?;
    let unknown = Refusal::Unknown { key, version };
    let request = REQUESTS.iter().find(|(api, _, _)| *api as i16 == key);
    let Some(&(api, least, most)) = request else { return Err(unknown) };

    out.put_i32(0);
    if (least..=most).contains(&version) {
        let header = ResponseHeader::default().with_correlation_id(correlation);
        write(&header, api.response_header_version(version), out)?;
        let mut body = frame;
        let header: RequestHeader = read(&mut body, api.request_header_version(version))?;
        if api != ApiKey::Produce && body.len() > MAX_ASKING_BYTES {
            return Err(Refusal::Unreadable(format!("{} bytes", body.len())));
        }
        if !shape::is_whole(api, version, &body) {
            return Err(Refusal::Unreadable("it ends before all is said".into()));
        }
        let client = header.client_id.map(|client| client.to_string()).unwrap_or_default();
        let call = Call { cluster, connection, client, version };
        if dispatch(api, &call, &mut body, out).await? == Answered::Silently {
            out.clear();
            return Ok(());
        }
    } else if api == ApiKey::ApiVersions {
        // the client is newer: told in the oldest form, it asks again
        out.put_i32(correlation);
        let refused = versions().with_error_code(ResponseError::UnsupportedVersion.code());
        write(&refused, 0, out)?;
    } else {
        return Err(unknown);
    }
    let length = i32::try_from(out.len() - 4).map_err(|error| Refusal::Unwritable(error.to_string()))?;
    out[..4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

#[derive(PartialEq, Eq)]
enum Answered {
    Aloud,
    Silently,
}

async fn dispatch(api: ApiKey, call: &Call<'_>, body: &mut Bytes, out: &mut BytesMut) -> Result<Answered, Refusal> {
    let v = call.version;
    match api {
        ApiKey::Produce => {
            let (response, acks) = produce::produce(call, read(body, v)?);
            if acks == 0 {
                return Ok(Answered::Silently);
            }
            write(&response, v, out)?;
        }
        ApiKey::Fetch => fetch::fetch(call, read(body, v)?, out).await,
        ApiKey::ListOffsets => write(&offsets::list(call, read(body, v)?), v, out)?,
        ApiKey::Metadata => write(&metadata::metadata(call, read(body, v)?), v, out)?,
        ApiKey::OffsetCommit => write(&commits::commit(call, read(body, v)?), v, out)?,
        ApiKey::OffsetFetch => write(&commits::fetch(call, read(body, v)?), v, out)?,
        ApiKey::FindCoordinator => write(&metadata::coordinator(call, &read(body, v)?), v, out)?,
        ApiKey::JoinGroup => write(&groups::join(call, read(body, v)?).await, v, out)?,
        ApiKey::Heartbeat => write(&groups::heartbeat(call, &read(body, v)?), v, out)?,
        ApiKey::LeaveGroup => write(&groups::leave(call, read(body, v)?), v, out)?,
        ApiKey::SyncGroup => write(&groups::sync(call, read(body, v)?).await, v, out)?,
        ApiKey::DescribeGroups => write(&groups::describe(call, &read(body, v)?), v, out)?,
        ApiKey::ListGroups => write(&groups::list(call, &read(body, v)?), v, out)?,
        ApiKey::DeleteGroups => write(&groups::delete(call, &read(body, v)?), v, out)?,
        ApiKey::ApiVersions => write(&versions(), v, out)?,
        ApiKey::CreateTopics => write(&topics::create(call, read(body, v)?), v, out)?,
        ApiKey::DeleteTopics => write(&topics::delete(call, read(body, v)?), v, out)?,
        ApiKey::CreatePartitions => write(&topics::create_partitions(call, read(body, v)?), v, out)?,
        ApiKey::DeleteRecords => write(&topics::delete_records(call, read(body, v)?), v, out)?,
        ApiKey::InitProducerId => write(&produce::init_producer(call, &read(body, v)?), v, out)?,
        ApiKey::DescribeConfigs => write(&configs::describe(call, &read(body, v)?), v, out)?,
        ApiKey::AlterConfigs => write(&configs::alter(call, read(body, v)?), v, out)?,
        ApiKey::IncrementalAlterConfigs => write(&configs::alter_some(call, read(body, v)?), v, out)?,
        _ => return Err(Refusal::Unknown { key: api as i16, version: v }),
    }
    Ok(Answered::Aloud)
}

fn versions() -> ApiVersionsResponse {
    let version = |(api, least, most): &(ApiKey, i16, i16)| {
        ApiVersion::default().with_api_key(*api as i16).with_min_version(*least).with_max_version(*most)
    };
    ApiVersionsResponse::default().with_api_keys(REQUESTS.iter().map(version).collect())
}

fn read<T: Decodable>(body: &mut Bytes, version: i16) -> Result<T, Refusal> {
    T::decode(body, version).map_err(|error| Refusal::Unreadable(error.to_string()))
}

fn write<T: Encodable>(message: &T, version: i16, out: &mut BytesMut) -> Result<(), Refusal> {
    message.encode(out, version).map_err(|error| Refusal::Unwritable(error.to_string()))
}

/// The code of an error, 0 where there is none.
fn code(error: Option<ResponseError>) -> i16 {
    error.map_or(0, |error| error.code())
}

#[cfg(test)]
mod tests;
