//! Digests and checksums.

use md5::{Digest, Md5};
use sha2::{Sha224, Sha256, Sha384, Sha512};

use super::{Category, Function, example, sure};
use crate::expr::kernels::rows::{Bytes, Text, map1};
use crate::expr::kernels::text::hex;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "md5",
        category: Category::Hash,
        doc: "The MD5 digest, as 32 hexadecimal digits. Good for spreading records, not for secrets.",
        examples: &[example("md5('abc')", "900150983cd24fb0d6963f7d28e17f72")],
        forms: &[
            sure("md5(text text) → text", |inputs| map1::<Text, String>(inputs, |text| Ok(hex(&Md5::digest(text))))),
            sure("md5(bytes bytes) → text", |inputs| {
                map1::<Bytes, String>(inputs, |bytes| Ok(hex(&Md5::digest(bytes))))
            }),
        ],
    },
    Function {
        name: "sha224",
        category: Category::Hash,
        doc: "The SHA-224 digest of bytes; of text, its UTF-8 bytes are taken.",
        examples: &[example(
            "encode(sha224('abc'), 'hex')",
            "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
        )],
        forms: &[
            sure("sha224(bytes bytes) → bytes", |inputs| {
                map1::<Bytes, Vec<u8>>(inputs, |bytes| Ok(Sha224::digest(bytes).to_vec()))
            }),
            sure("sha224(text text) → bytes", |inputs| {
                map1::<Text, Vec<u8>>(inputs, |text| Ok(Sha224::digest(text).to_vec()))
            }),
        ],
    },
    Function {
        name: "sha256",
        category: Category::Hash,
        doc: "The SHA-256 digest of bytes; of text, its UTF-8 bytes are taken.",
        examples: &[example(
            "encode(sha256('abc'), 'hex')",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        )],
        forms: &[
            sure("sha256(bytes bytes) → bytes", |inputs| {
                map1::<Bytes, Vec<u8>>(inputs, |bytes| Ok(Sha256::digest(bytes).to_vec()))
            }),
            sure("sha256(text text) → bytes", |inputs| {
                map1::<Text, Vec<u8>>(inputs, |text| Ok(Sha256::digest(text).to_vec()))
            }),
        ],
    },
    Function {
        name: "sha384",
        category: Category::Hash,
        doc: "The SHA-384 digest of bytes; of text, its UTF-8 bytes are taken.",
        examples: &[example("length(sha384('abc'))", "48")],
        forms: &[
            sure("sha384(bytes bytes) → bytes", |inputs| {
                map1::<Bytes, Vec<u8>>(inputs, |bytes| Ok(Sha384::digest(bytes).to_vec()))
            }),
            sure("sha384(text text) → bytes", |inputs| {
                map1::<Text, Vec<u8>>(inputs, |text| Ok(Sha384::digest(text).to_vec()))
            }),
        ],
    },
    Function {
        name: "sha512",
        category: Category::Hash,
        doc: "The SHA-512 digest of bytes; of text, its UTF-8 bytes are taken.",
        examples: &[example("length(sha512('abc'))", "64")],
        forms: &[
            sure("sha512(bytes bytes) → bytes", |inputs| {
                map1::<Bytes, Vec<u8>>(inputs, |bytes| Ok(Sha512::digest(bytes).to_vec()))
            }),
            sure("sha512(text text) → bytes", |inputs| {
                map1::<Text, Vec<u8>>(inputs, |text| Ok(Sha512::digest(text).to_vec()))
            }),
        ],
    },
    Function {
        name: "murmur2",
        category: Category::Hash,
        doc: "The hash by which Kafka's Java clients choose a partition (before its sign is dropped), as int64. Not in \
              PostgreSQL.",
        examples: &[example("murmur2('21')", "-973932308"), example("murmur2('foobar')", "-790332482")],
        forms: &[
            sure("murmur2(text text) → int64", |inputs| {
                map1::<Text, i64>(inputs, |text| Ok(murmur2(text.as_bytes())))
            }),
            sure("murmur2(bytes bytes) → int64", |inputs| map1::<Bytes, i64>(inputs, |bytes| Ok(murmur2(bytes)))),
        ],
    },
    Function {
        name: "crc32",
        category: Category::Hash,
        doc: "The CRC-32 checksum of zip and PNG, as int64. In PostgreSQL since version 18.",
        examples: &[example("crc32('123456789')", "3421780262")],
        forms: &[
            sure("crc32(text text) → int64", |inputs| map1::<Text, i64>(inputs, |text| Ok(crc32(text.as_bytes())))),
            sure("crc32(bytes bytes) → int64", |inputs| map1::<Bytes, i64>(inputs, |bytes| Ok(crc32(bytes)))),
        ],
    },
];

fn murmur2(data: &[u8]) -> i64 {
    i64::from(crate::partition::murmur2(data).cast_signed())
}

const CRC_TABLE: [u32; 256] = {
    let mut table = [0u32; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut value = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { 0xedb8_8320 ^ (value >> 1) } else { value >> 1 };
            bit += 1;
        }
        table[byte] = value;
        byte += 1;
    }
    table
};

fn crc32(data: &[u8]) -> i64 {
    let step = |crc: u32, byte: &u8| CRC_TABLE[((crc ^ u32::from(*byte)) & 0xff) as usize] ^ (crc >> 8);
    i64::from(!data.iter().fold(!0, step))
}
