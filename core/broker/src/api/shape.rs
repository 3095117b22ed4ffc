//! The outline of each request: which fields, in which versions. The codec believes the lengths of lists and sets
//! memory aside for them, so a body is walked along its outline before it is decoded.

use bytes::Buf;
use kafka_protocol::messages::ApiKey;

/// A field of a request, in some of its versions.
struct Field {
    kind: Kind,
    since: i16,
    until: i16,
}

enum Kind {
    /// a number or a flag of so many bytes
    Fixed(usize),
    Text,
    Bytes,
    /// a list of plain values
    Plain(&'static Field),
    /// a list of structures
    List {
        fields: &'static [Field],
    },
}

/// A list of structures with these fields.
macro_rules! list {
    ($($field:expr),+) => { Field { kind: Kind::List { fields: &[$($field),+] }, since: 0, until: i16::MAX } };
}

const I8: Field = field(Kind::Fixed(1));
const I16: Field = field(Kind::Fixed(2));
const I32: Field = field(Kind::Fixed(4));
const I64: Field = field(Kind::Fixed(8));
const TEXT: Field = field(Kind::Text);
const BYTES: Field = field(Kind::Bytes);
const TEXTS: Field = field(Kind::Plain(&TEXT));
const PAIRS: Field = list![TEXT, TEXT];
const I32S: Field = field(Kind::Plain(&I32));

const fn field(kind: Kind) -> Field {
    Field { kind, since: 0, until: i16::MAX }
}

const fn since(since: i16, field: Field) -> Field {
    Field { since, ..field }
}

const fn until(until: i16, field: Field) -> Field {
    Field { until, ..field }
}

/// The body of a request that this broker answers; of others nothing is known.
const fn outline(api: ApiKey) -> &'static [Field] {
    match api {
        ApiKey::Produce => const { &[TEXT, I16, I32, list![TEXT, list![I32, BYTES]]] },
        ApiKey::Fetch => {
            const PARTITIONS: Field = list![I32, since(9, I32), I64, since(5, I64), I32];
            const FORGOTTEN: Field = list![TEXT, I32S];
            const {
                &[
                    I32,
                    I32,
                    I32,
                    I32,
                    I8,
                    since(7, I32),
                    since(7, I32),
                    list![TEXT, PARTITIONS],
                    since(7, FORGOTTEN),
                    since(11, TEXT),
                ]
            }
        }
        ApiKey::ListOffsets => const { &[I32, since(2, I8), list![TEXT, list![I32, since(4, I32), I64]]] },
        ApiKey::Metadata => const { &[list![TEXT], since(4, I8), since(8, I8), since(8, I8)] },
        ApiKey::OffsetCommit => {
            const PARTITIONS: Field = list![I32, I64, since(6, I32), TEXT];
            const { &[TEXT, I32, TEXT, since(7, TEXT), until(4, I64), list![TEXT, PARTITIONS]] }
        }
        ApiKey::OffsetFetch => const { &[TEXT, list![TEXT, I32S], since(7, I8)] },
        ApiKey::FindCoordinator => const { &[TEXT, since(1, I8)] },
        ApiKey::JoinGroup => const { &[TEXT, I32, since(1, I32), TEXT, since(5, TEXT), TEXT, list![TEXT, BYTES]] },
        ApiKey::Heartbeat => const { &[TEXT, I32, TEXT, since(3, TEXT)] },
        ApiKey::LeaveGroup => const { &[TEXT, until(2, TEXT), since(3, PAIRS)] },
        ApiKey::SyncGroup => {
            const { &[TEXT, I32, TEXT, since(3, TEXT), since(5, TEXT), since(5, TEXT), list![TEXT, BYTES]] }
        }
        ApiKey::DescribeGroups => const { &[TEXTS, since(3, I8)] },
        ApiKey::ListGroups => const { &[since(4, TEXTS)] },
        ApiKey::ApiVersions => const { &[since(3, TEXT), since(3, TEXT)] },
        ApiKey::CreateTopics => const { &[list![TEXT, I32, I16, list![I32, I32S], list![TEXT, TEXT]], I32, I8] },
        ApiKey::DeleteTopics => const { &[TEXTS, I32] },
        ApiKey::DeleteRecords => const { &[list![TEXT, list![I32, I64]], I32] },
        ApiKey::InitProducerId => const { &[TEXT, I32, since(3, I64), since(3, I16)] },
        ApiKey::DescribeConfigs => const { &[list![I8, TEXT, TEXTS], I8, since(3, I8)] },
        ApiKey::AlterConfigs => const { &[list![I8, TEXT, list![TEXT, TEXT]], I8] },
        ApiKey::CreatePartitions => const { &[list![TEXT, I32, list![I32S]], I32, I8] },
        ApiKey::DeleteGroups => const { &[TEXTS] },
        ApiKey::IncrementalAlterConfigs => const { &[list![I8, TEXT, list![TEXT, I8, TEXT]], I8] },
        _ => &[],
    }
}

/// The body holds all that its outline says.
pub(super) fn is_whole(api: ApiKey, version: i16, body: &[u8]) -> bool {
    let is_compact = api.request_header_version(version) >= 2;
    Walk { rest: body, version, is_compact }.fields(outline(api)).is_some()
}

struct Walk<'a> {
    rest: &'a [u8],
    version: i16,
    /// lengths are varints, and structures end with tagged fields
    is_compact: bool,
}

impl Walk<'_> {
    fn fields(&mut self, fields: &[Field]) -> Option<()> {
        let version = self.version;
        for field in fields.iter().filter(|field| (field.since..=field.until).contains(&version)) {
            self.field(field)?;
        }
        if self.is_compact {
            for _ in 0..self.varint()? {
                self.varint()?;
                let bytes = self.varint()?;
                self.skip(bytes as usize)?;
            }
        }
        Some(())
    }

    fn field(&mut self, field: &Field) -> Option<()> {
        match &field.kind {
            Kind::Fixed(bytes) => self.skip(*bytes),
            Kind::Text if !self.is_compact => {
                let bytes = self.rest.try_get_i16().ok()?;
                self.skip(usize::try_from(bytes).unwrap_or(0))
            }
            Kind::Text | Kind::Bytes => {
                let bytes = self.length()?;
                self.skip(bytes)
            }
            Kind::Plain(element) => (0..self.length()?).try_for_each(|_| self.field(element)),
            Kind::List { fields } => (0..self.length()?).try_for_each(|_| self.fields(fields)),
        }
    }

    /// Of bytes or a list; 0 where there are none.
    fn length(&mut self) -> Option<usize> {
        if self.is_compact {
            return Some(self.varint()?.saturating_sub(1) as usize);
        }
        Some(usize::try_from(self.rest.try_get_i32().ok()?).unwrap_or(0))
    }

    fn varint(&mut self) -> Option<u32> {
        let mut value = 0_u32;
        for shift in (0..35).step_by(7) {
            let byte = self.rest.try_get_u8().ok()?;
            value |= u32::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn skip(&mut self, bytes: usize) -> Option<()> {
        (_, self.rest) = self.rest.split_at_checked(bytes)?;
        Some(())
    }
}

#[cfg(test)]
mod tests;
