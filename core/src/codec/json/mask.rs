//! Where a payload needs a second look: one pass over all bytes finds quotes, backslashes and control characters,
//! 64 bytes to a word of bits, and whether all is ASCII. SSE2 where it is, plain Rust elsewhere, the same bits from both.

/// Sets `mask` to one bit per byte of `bytes`, set for `"`, `\` and bytes under 0x20; there is always a word behind the
/// last byte. Says whether all bytes are ASCII.
pub(super) fn scan(bytes: &[u8], mask: &mut Vec<u64>) -> bool {
    scan_by(bytes, mask, block)
}

#[inline(always)]
fn scan_by(bytes: &[u8], mask: &mut Vec<u64>, block: impl Fn(&[u8; 64]) -> (u64, bool)) -> bool {
    let (blocks, rest) = bytes.as_chunks::<64>();
    let mut is_ascii = true;
    mask.clear();
    mask.extend(blocks.iter().map(|chunk| {
        let (bits, ascii) = block(chunk);
        is_ascii &= ascii;
        bits
    }));
    let mut last = [b' '; 64];
    last[..rest.len()].copy_from_slice(rest);
    let (bits, ascii) = block(&last);
    mask.push(bits);
    is_ascii & ascii
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn block(bytes: &[u8; 64]) -> (u64, bool) {
    use std::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_max_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_set1_epi8,
    };
    let (mut bits, mut high) = (0, 0);
    for (place, sixteen) in bytes.as_chunks::<16>().0.iter().enumerate() {
        // SAFETY: SSE2 is part of x86_64; the load reads the 16 bytes that `sixteen` borrows, of any alignment.
        let (special, over) = unsafe {
            let value = _mm_loadu_si128(sixteen.as_ptr().cast::<__m128i>());
            let last_control = _mm_set1_epi8(0x1f);
            let control = _mm_cmpeq_epi8(_mm_max_epu8(value, last_control), last_control);
            let quote = _mm_cmpeq_epi8(value, _mm_set1_epi8(b'"' as i8));
            let backslash = _mm_cmpeq_epi8(value, _mm_set1_epi8(b'\\' as i8));
            (_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), control)), _mm_movemask_epi8(value))
        };
        bits |= u64::from(special as u32) << (16 * place);
        high |= over;
    }
    (bits, high == 0)
}

#[cfg(not(target_arch = "x86_64"))]
use portable_block as block;

#[cfg(any(test, not(target_arch = "x86_64")))]
fn portable_block(bytes: &[u8; 64]) -> (u64, bool) {
    let special = |byte: u8| byte == b'"' || byte == b'\\' || byte < 0x20;
    let bits = bytes.iter().enumerate().fold(0, |bits, (place, &byte)| bits | u64::from(special(byte)) << place);
    (bits, bytes.is_ascii())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_fast_scan_equals_the_portable_one(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let (mut fast, mut portable) = (Vec::new(), Vec::new());
            let ascii = scan(&bytes, &mut fast);
            prop_assert_eq!(ascii, scan_by(&bytes, &mut portable, portable_block));
            prop_assert_eq!(ascii, bytes.is_ascii());
            prop_assert_eq!(&fast, &portable);
            for (place, byte) in bytes.iter().enumerate() {
                let special = matches!(byte, b'"' | b'\\' | 0..0x20);
                prop_assert_eq!(fast[place / 64] >> (place % 64) & 1 == 1, special);
            }
        }
    }
}
