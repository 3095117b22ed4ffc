//! The escapes of JSON's texts, taken out and put in.

/// Writes a text in quotes, with the escapes that JSON demands and no others.
#[inline(always)]
pub(in crate::codec) fn write_text(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    match next_escaped(text) {
        None => out.extend_from_slice(text),
        Some(place) => write_escaped(text, place, out),
    }
    out.push(b'"');
}

#[cold]
fn write_escaped(text: &[u8], first: usize, out: &mut Vec<u8>) {
    let (mut rest, mut next) = (text, Some(first));
    while let Some(place) = next {
        out.extend_from_slice(&rest[..place]);
        match rest[place] {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            8 => out.extend_from_slice(b"\\b"),
            12 => out.extend_from_slice(b"\\f"),
            control => {
                const HEX: [u8; 16] = *b"0123456789abcdef";
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&[HEX[usize::from(control >> 4)], HEX[usize::from(control & 15)]]);
            }
        }
        rest = &rest[place + 1..];
        next = next_escaped(rest);
    }
    out.extend_from_slice(rest);
}

/// The first byte that has to be escaped; eight bytes at once.
#[inline(always)]
fn next_escaped(text: &[u8]) -> Option<usize> {
    let (words, rest) = text.as_chunks::<8>();
    for (place, word) in words.iter().enumerate() {
        let bits = escaped_bits(u64::from_le_bytes(*word));
        if bits != 0 {
            return Some(8 * place + bits.trailing_zeros() as usize / 8);
        }
    }
    let start = text.len() - rest.len();
    rest.iter().position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\').map(|place| start + place)
}

/// The high bit of each byte that is a quote, a backslash or under 0x20; of those above the lowest one some may be wrong.
#[inline(always)]
fn escaped_bits(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word;
    let quote = below(word ^ (ONES * u64::from(b'"')), 1);
    let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
    (below(word, 0x20) | quote | backslash) & HIGH
}

/// Four hexadecimal digits at a place.
pub(super) fn hex4(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 4)?;
    digits.iter().try_fold(0, |value, &digit| Some(value * 16 + char::from(digit).to_digit(16)?))
}

/// Writes what is between the quotes of a text, checked by [`super::cursor::Cursor::text`], without its escapes.
#[cold]
pub(super) fn unescape(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(place) = rest.iter().position(|&byte| byte == b'\\') {
        out.extend_from_slice(&rest[..place]);
        let (character, length) = escaped_char(&rest[place..]);
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        rest = rest.get(place + length..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

/// The character of an escape and the bytes that it takes.
fn escaped_char(escape: &[u8]) -> (char, usize) {
    match escape.get(1) {
        Some(b'b') => ('\u{8}', 2),
        Some(b'f') => ('\u{c}', 2),
        Some(b'n') => ('\n', 2),
        Some(b'r') => ('\r', 2),
        Some(b't') => ('\t', 2),
        Some(b'u') => {
            let high = hex4(escape, 2).unwrap_or(0xfffd);
            let (code, length) = match (high, hex4(escape, 8)) {
                (0xd800..0xdc00, Some(low @ 0xdc00..0xe000)) => (0x10000 + ((high - 0xd800) << 10) + low - 0xdc00, 12),
                _ => (high, 6),
            };
            (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), length)
        }
        Some(&plain) => (char::from(plain), 2),
        None => (char::REPLACEMENT_CHARACTER, 1),
    }
}
