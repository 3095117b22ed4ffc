//! Kafka's record batch, format 2, as far as a broker looks into it: the header, the checksum, and the timestamps of its
//! records. Batches stay the producers' own bytes; only their base offset is written by us.

use std::io::{self, Read};

use bytes::Bytes;
use kafka_protocol::ResponseError;

use crate::compression::unpacked;

/// Bytes of a batch before its records.
pub(crate) const HEADER_BYTES: usize = 61;
/// Bytes of a batch before those that its length counts.
const LENGTH_END: usize = 12;
/// Where the bytes begin that the checksum covers.
const CHECKED_FROM: usize = 21;
/// Compression codecs: none, gzip, snappy, lz4, zstd.
const CODECS: i16 = 4;

/// What the header of a batch says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// offset of the first record
    pub(crate) base: i64,
    /// the whole batch, header included
    pub(crate) bytes: usize,
    /// the format; only 2 is understood
    magic: i8,
    crc: u32,
    attributes: i16,
    last_delta: i32,
    base_timestamp: i64,
    /// the largest timestamp, in milliseconds
    pub(crate) max_timestamp: i64,
    /// the idempotent producer, −1 where there is none
    pub(crate) producer: i64,
    pub(crate) epoch: i16,
    /// the sequence number of the first record
    pub(crate) sequence: i32,
    count: i32,
}

impl Header {
    /// Reads the header at the front of the bytes; none where they are too few or cannot be a batch of format 2.
    pub(crate) fn read(bytes: &[u8]) -> Option<Header> {
        let bytes = bytes.first_chunk::<HEADER_BYTES>()?;
        let length = usize::try_from(i32::from_be_bytes(part(bytes, 8))).ok()?;
        let header = Header {
            base: i64::from_be_bytes(part(bytes, 0)),
            bytes: length + LENGTH_END,
            magic: i8::from_be_bytes(part(bytes, 16)),
            crc: u32::from_be_bytes(part(bytes, 17)),
            attributes: i16::from_be_bytes(part(bytes, 21)),
            last_delta: i32::from_be_bytes(part(bytes, 23)),
            base_timestamp: i64::from_be_bytes(part(bytes, 27)),
            max_timestamp: i64::from_be_bytes(part(bytes, 35)),
            producer: i64::from_be_bytes(part(bytes, 43)),
            epoch: i16::from_be_bytes(part(bytes, 51)),
            sequence: i32::from_be_bytes(part(bytes, 53)),
            count: i32::from_be_bytes(part(bytes, 57)),
        };
        let is_batch = header.magic == 2 && header.bytes > HEADER_BYTES && header.last_delta >= 0;
        is_batch.then_some(header)
    }

    /// Offset of the last record.
    pub(crate) fn last(&self) -> i64 {
        self.base.saturating_add(i64::from(self.last_delta))
    }

    /// Sequence number of the last record; they wrap around to 0.
    pub(crate) fn last_sequence(&self) -> i32 {
        ((i64::from(self.sequence) + i64::from(self.last_delta)) & i64::from(i32::MAX)) as i32
    }

    /// How many offsets the batch takes.
    pub(crate) fn offsets(&self) -> i64 {
        i64::from(self.last_delta) + 1
    }

    /// The producer numbers its batches.
    pub(crate) fn is_idempotent(&self) -> bool {
        self.producer >= 0
    }

    /// How the records are compressed; 0: not at all.
    fn codec(&self) -> i16 {
        self.attributes & 0x7
    }
}

/// A batch whose checksum was right when it was made.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    pub(crate) header: Header,
    pub(crate) bytes: Bytes,
}

impl Batch {
    /// Takes what a producer sent to one partition: exactly one batch, as Kafka requires since format 2.
    pub(crate) fn check(bytes: Bytes, max_bytes: usize) -> Result<Batch, ResponseError> {
        if bytes.len() > max_bytes {
            return Err(ResponseError::MessageTooLarge);
        }
        match bytes.get(16) {
            Some(2) => {}
            Some(0 | 1) => return Err(ResponseError::UnsupportedForMessageFormat),
            _ => return Err(ResponseError::CorruptMessage),
        }
        let header = Header::read(&bytes).ok_or(ResponseError::CorruptMessage)?;
        if header.bytes < bytes.len() {
            return Err(ResponseError::InvalidRecord);
        }
        if header.bytes > bytes.len() || !is_intact(&header, &bytes) {
            return Err(ResponseError::CorruptMessage);
        }
        let (is_transactional, is_control) = (header.attributes & 0x10 != 0, header.attributes & 0x20 != 0);
        if is_control || i64::from(header.count) != header.offsets() || header.codec() > CODECS {
            return Err(ResponseError::InvalidRecord);
        }
        if is_transactional {
            return Err(ResponseError::InvalidTxnState);
        }
        if header.is_idempotent() && (header.epoch < 0 || header.sequence < 0) {
            return Err(ResponseError::InvalidRecord);
        }
        Ok(Batch { header, bytes })
    }
}

/// The checksum over the whole batch is right. `bytes` begin with the batch and may go on after it.
pub(crate) fn is_intact(header: &Header, bytes: &[u8]) -> bool {
    bytes.get(CHECKED_FROM..header.bytes).is_some_and(|checked| crc32c::crc32c(checked) == header.crc)
}

/// The first record of a batch that is at or after both an offset and a time: its offset and its timestamp.
/// In a batch that cannot be decompressed the first one stands for it: whoever reads from there finds out.
pub(crate) fn first_record_at(header: &Header, bytes: &[u8], from: i64, timestamp: i64) -> Option<(i64, i64)> {
    if header.max_timestamp < timestamp || header.last() < from {
        return None;
    }
    let records = bytes.get(HEADER_BYTES..header.bytes)?;
    let found =
        unpacked(header.codec(), records).and_then(|mut records| search(header, &mut *records, from, timestamp));
    match header.codec() {
        0 => found.ok().flatten(),
        _ => found.unwrap_or(Some((header.base.max(from), header.base_timestamp.max(timestamp)))),
    }
}

fn search(header: &Header, records: &mut dyn Read, from: i64, timestamp: i64) -> io::Result<Option<(i64, i64)>> {
    for _ in 0..header.count {
        let length = u64::try_from(varint(records)?).map_err(|_| io::ErrorKind::InvalidData)?;
        let mut record = Read::take(&mut *records, length);
        let mut attributes = [0];
        record.read_exact(&mut attributes)?;
        let at = header.base_timestamp.saturating_add(varint(&mut record)?);
        let offset = header.base.saturating_add(varint(&mut record)?);
        if at >= timestamp && offset >= from {
            return Ok(Some((offset, at)));
        }
        io::copy(&mut record, &mut io::sink())?;
    }
    Ok(None)
}

/// A zigzag varint of at most ten bytes.
fn varint(bytes: &mut dyn Read) -> io::Result<i64> {
    let mut value = 0_u64;
    for shift in (0..70).step_by(7) {
        let mut byte = [0];
        bytes.read_exact(&mut byte)?;
        value |= u64::from(byte[0] & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte[0] & 0x80 == 0 {
            return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
        }
    }
    Err(io::ErrorKind::InvalidData.into())
}

fn part<const N: usize>(bytes: &[u8; HEADER_BYTES], at: usize) -> [u8; N] {
    let mut part = [0; N];
    part.copy_from_slice(&bytes[at..at + N]);
    part
}

#[cfg(test)]
pub(crate) mod samples {
    //! Batches as a producer makes them.

    use bytes::{BufMut, Bytes, BytesMut};

    /// An uncompressed batch of records with these timestamps, each with a value of `value_bytes` bytes.
    pub(crate) fn batch(timestamps: &[i64], value_bytes: usize) -> Bytes {
        numbered(timestamps, value_bytes, (-1, -1, -1))
    }

    /// The same by an idempotent producer: (producer, epoch, first sequence number).
    pub(crate) fn numbered(timestamps: &[i64], value_bytes: usize, producer: (i64, i16, i32)) -> Bytes {
        let base = timestamps.first().copied().unwrap_or(0);
        let mut checked = BytesMut::new();
        checked.put_i16(0);
        checked.put_i32(timestamps.len() as i32 - 1);
        checked.put_i64(base);
        checked.put_i64(timestamps.iter().copied().max().unwrap_or(-1));
        checked.put_i64(producer.0);
        checked.put_i16(producer.1);
        checked.put_i32(producer.2);
        checked.put_i32(timestamps.len() as i32);
        for (delta, timestamp) in timestamps.iter().enumerate() {
            let mut record = BytesMut::new();
            record.put_u8(0);
            put_varint(&mut record, timestamp - base);
            put_varint(&mut record, delta as i64);
            put_varint(&mut record, -1);
            put_varint(&mut record, value_bytes as i64);
            record.put_bytes(b'v', value_bytes);
            put_varint(&mut record, 0);
            put_varint(&mut checked, record.len() as i64);
            checked.extend_from_slice(&record);
        }
        let mut batch = BytesMut::new();
        batch.put_i64(0);
        batch.put_i32((checked.len() + 9) as i32);
        batch.put_i32(-1);
        batch.put_i8(2);
        batch.put_u32(crc32c::crc32c(&checked));
        batch.extend_from_slice(&checked);
        batch.freeze()
    }

    /// The same records with each codec.
    pub(crate) fn compressed(batch: &[u8]) -> Vec<Vec<u8>> {
        let packed = crate::compression::samples::packed(&batch[super::HEADER_BYTES..]).into_iter();
        let with = |(codec, records): (i16, Vec<u8>)| {
            let mut whole = [&batch[..super::HEADER_BYTES], &records].concat();
            let length = (whole.len() - super::LENGTH_END) as i32;
            whole[8..12].copy_from_slice(&length.to_be_bytes());
            whole[21..23].copy_from_slice(&codec.to_be_bytes());
            whole
        };
        packed.map(with).collect()
    }

    fn put_varint(into: &mut BytesMut, value: i64) {
        let mut rest = ((value << 1) ^ (value >> 63)) as u64;
        while rest >= 0x80 {
            into.put_u8(rest as u8 | 0x80);
            rest >>= 7;
        }
        into.put_u8(rest as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_refused_of_a_producer() {
        let good = samples::batch(&[5, 6, 7], 10);
        let changed = |at: usize, to: u8| {
            let mut bytes = good.to_vec();
            bytes[at] = to;
            Bytes::from(bytes)
        };
        // with a right checksum over the change
        let signed = |at: usize, to: u8| {
            let mut bytes = changed(at, to).to_vec();
            let crc = crc32c::crc32c(&bytes[CHECKED_FROM..]);
            bytes[17..21].copy_from_slice(&crc.to_be_bytes());
            Bytes::from(bytes)
        };
        let cases = [
            ("two batches", Bytes::from([&good[..], &good[..]].concat()), Some(ResponseError::InvalidRecord)),
            ("cut short", good.slice(..good.len() - 1), Some(ResponseError::CorruptMessage)),
            ("nothing", Bytes::new(), Some(ResponseError::CorruptMessage)),
            ("a changed record", changed(good.len() - 3, b'x'), Some(ResponseError::CorruptMessage)),
            ("an old format", changed(16, 1), Some(ResponseError::UnsupportedForMessageFormat)),
            ("an unknown format", changed(16, 3), Some(ResponseError::CorruptMessage)),
            ("an unknown codec", signed(22, 5), Some(ResponseError::InvalidRecord)),
            ("a control batch", signed(22, 0x20), Some(ResponseError::InvalidRecord)),
            ("a transactional batch", signed(22, 0x10), Some(ResponseError::InvalidTxnState)),
            ("a count that differs", signed(60, 2), Some(ResponseError::InvalidRecord)),
            ("a good one", good.clone(), None),
        ];
        for (name, bytes, expected) in cases {
            assert_eq!(Batch::check(bytes, 1000).err(), expected, "{name}");
        }
        assert_eq!(Batch::check(good.clone(), good.len() - 1).err(), Some(ResponseError::MessageTooLarge));
    }

    #[test]
    fn sequences_wrap_to_zero() {
        let batch = samples::numbered(&[0, 0, 0], 1, (7, 0, i32::MAX - 1));
        assert_eq!(Header::read(&batch).unwrap().last_sequence(), 0);
    }

    #[test]
    fn records_by_time() {
        let bytes = samples::batch(&[10, 30, 20, 40], 3);
        for bytes in samples::compressed(&bytes) {
            let header = Header::read(&bytes).unwrap();
            for (from, timestamp, expected) in [
                (0, 0, Some((0, 10))),
                (0, 11, Some((1, 30))),
                (2, 11, Some((2, 20))),
                (2, 21, Some((3, 40))),
                (0, 41, None),
                (4, 0, None),
            ] {
                let found = first_record_at(&header, &bytes, from, timestamp);
                assert_eq!(found, expected, "codec {}: {from} {timestamp}", header.codec());
            }
        }
    }

    #[test]
    fn the_first_record_stands_for_those_that_cannot_be_read() {
        let mut bytes = samples::batch(&[10, 30, 20, 40], 3).to_vec();
        for (codec, expected) in
            [(0, Some((1, 30))), (1, Some((0, 25))), (2, Some((0, 25))), (3, Some((0, 25))), (4, Some((0, 25)))]
        {
            bytes[22] = codec;
            assert_eq!(first_record_at(&Header::read(&bytes).unwrap(), &bytes, 0, 25), expected, "{codec}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged(bytes in proptest::collection::vec(any::<u8>(), 0..200), count in any::<i32>(), codec in 0_u8..8) {
            let _ = Batch::check(Bytes::from(bytes.clone()), 150);
            let mut framed = samples::batch(&[1, 2], 1).to_vec();
            framed.truncate(HEADER_BYTES);
            framed.extend_from_slice(&bytes);
            let length = (framed.len() - LENGTH_END) as i32;
            framed[8..12].copy_from_slice(&length.to_be_bytes());
            framed[22] = codec;
            framed[57..61].copy_from_slice(&count.to_be_bytes());
            if let Some(header) = Header::read(&framed) {
                let _ = first_record_at(&header, &framed, 0, i64::MIN);
            }
        }
    }
}
