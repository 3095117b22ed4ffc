//! The records of a batch as they were before their producer compressed them, for the few who have to look into them. They
//! are read as a stream: a small batch may stand for very many bytes.

use std::io::{self, BufReader, Cursor, Read};

/// What begins a stream of snappy-java, which Java's clients write; others write one bare block.
const SNAPPY_JAVA: &[u8] = b"\x82SNAPPY\0";
/// The same with the two versions that follow.
const SNAPPY_JAVA_HEADER: usize = 16;
/// No three bytes of snappy stand for more than 64.
const SNAPPY_GROWTH: usize = 64;

/// Reads what was compressed with one of Kafka's codecs, by its number.
///
/// # Errors
/// An unknown codec, or bytes that do not begin as its streams do.
pub(crate) fn unpacked(codec: i16, bytes: &[u8]) -> io::Result<Box<dyn Read + '_>> {
    Ok(match codec {
        0 => Box::new(bytes),
        1 => Box::new(BufReader::new(flate2::bufread::MultiGzDecoder::new(bytes))),
        2 => Box::new(Cursor::new(snappy(bytes)?)),
        3 => Box::new(BufReader::new(lz4_flex::frame::FrameDecoder::new(bytes))),
        4 => Box::new(BufReader::new(zstd::Decoder::with_buffer(bytes)?)),
        _ => return Err(io::ErrorKind::Unsupported.into()),
    })
}

fn snappy(bytes: &[u8]) -> io::Result<Vec<u8>> {
    if !bytes.starts_with(SNAPPY_JAVA) {
        return snappy_block(bytes);
    }
    let mut rest = bytes.get(SNAPPY_JAVA_HEADER..).ok_or(io::ErrorKind::UnexpectedEof)?;
    let mut whole = Vec::new();
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk::<4>().ok_or(io::ErrorKind::UnexpectedEof)?;
        let length = u32::from_be_bytes(*length) as usize;
        let (block, after) = after.split_at_checked(length).ok_or(io::ErrorKind::UnexpectedEof)?;
        whole.extend(snappy_block(block)?);
        rest = after;
    }
    Ok(whole)
}

fn snappy_block(block: &[u8]) -> io::Result<Vec<u8>> {
    // It is made room for before anything is read.
    if snap::raw::decompress_len(block)? > block.len().saturating_mul(SNAPPY_GROWTH) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(snap::raw::Decoder::new().decompress_vec(block)?)
}

#[cfg(test)]
pub(crate) mod samples {
    use std::io::Write;

    /// The same bytes with each of Kafka's codecs, by its number; snappy in both of its forms.
    pub(crate) fn packed(bytes: &[u8]) -> Vec<(i16, Vec<u8>)> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(bytes).unwrap();
        let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
        lz4.write_all(bytes).unwrap();
        let snappy = |bytes: &[u8]| snap::raw::Encoder::new().compress_vec(bytes).unwrap();
        let mut of_java = [super::SNAPPY_JAVA, &[0, 0, 0, 1, 0, 0, 0, 1]].concat();
        for part in bytes.chunks(100).map(snappy) {
            of_java.extend((part.len() as u32).to_be_bytes());
            of_java.extend(part);
        }
        vec![
            (0, bytes.to_vec()),
            (1, gzip.finish().unwrap()),
            (2, snappy(bytes)),
            (2, of_java),
            (3, lz4.finish().unwrap()),
            (4, zstd::encode_all(bytes, 0).unwrap()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_was_packed_is_unpacked() {
        let bytes: Vec<u8> = (0..10_000_u32).flat_map(|number| (number / 7).to_be_bytes()).collect();
        for (codec, packed) in samples::packed(&bytes) {
            let mut found = Vec::new();
            unpacked(codec, &packed).unwrap().read_to_end(&mut found).unwrap();
            assert!(found == bytes, "{codec}");
        }
        assert!(unpacked(5, &bytes).is_err());
        // as if of 4 GiB
        assert!(unpacked(2, &[0xff, 0xff, 0xff, 0xff, 0x0f, 0, b'x']).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), codec in 0_i16..6, cut in 0_usize..200) {
            let damaged = samples::packed(&bytes).into_iter().map(|(codec, mut packed)| {
                packed.truncate(cut);
                (codec, packed)
            });
            for (codec, bytes) in damaged.chain([(codec, bytes.clone())]) {
                if let Ok(mut reader) = unpacked(codec, &bytes) {
                    let _ = io::copy(&mut reader, &mut io::sink());
                }
            }
        }
    }
}
