//! Reading what states have written: numbers are big-endian, lengths are 8 bytes.

/// The next `N` bytes.
pub(super) fn array<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = from.split_first_chunk::<N>()?;
    *from = rest;
    Some(*head)
}

/// The next bytes, of a length that stands before them.
pub(super) fn long<'a>(from: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(number(from)?).ok()?;
    let (head, rest) = from.split_at_checked(length)?;
    *from = rest;
    Some(head)
}

/// Adds bytes with their length before them.
pub(super) fn write_long(bytes: &[u8], into: &mut Vec<u8>) {
    into.extend((bytes.len() as u64).to_be_bytes());
    into.extend_from_slice(bytes);
}

/// The next 8 bytes as a number.
pub(super) fn number(from: &mut &[u8]) -> Option<u64> {
    array(from).map(u64::from_be_bytes)
}

/// The next 8 bytes as a float64.
pub(super) fn float(from: &mut &[u8]) -> Option<f64> {
    number(from).map(f64::from_bits)
}

/// The next 16 bytes as an integer.
pub(super) fn integer(from: &mut &[u8]) -> Option<i128> {
    array(from).map(i128::from_be_bytes)
}
