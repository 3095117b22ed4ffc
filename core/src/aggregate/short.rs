//! Bytes that are kept one by one, many of them: short ones without an allocation.

/// Up to so many bytes lie within.
const WITHIN: usize = 22;

/// Some bytes.
#[derive(Debug, Clone)]
pub(super) enum Short {
    /// how many, and the bytes
    Within(u8, [u8; WITHIN]),
    /// longer ones
    Apart(Box<[u8]>),
}

impl Short {
    /// A copy of bytes.
    pub(super) fn new(bytes: &[u8]) -> Short {
        let mut within = [0; WITHIN];
        match within.get_mut(..bytes.len()) {
            Some(place) => {
                place.copy_from_slice(bytes);
                Short::Within(bytes.len() as u8, within)
            }
            None => Short::Apart(bytes.into()),
        }
    }

    /// The bytes.
    pub(super) fn get(&self) -> &[u8] {
        match self {
            Short::Within(length, bytes) => &bytes[..usize::from(*length)],
            Short::Apart(bytes) => bytes,
        }
    }

    /// Other bytes in their place; without an allocation where the length is the same.
    pub(super) fn replace(&mut self, bytes: &[u8]) {
        match self {
            Short::Apart(known) if known.len() == bytes.len() => known.copy_from_slice(bytes),
            _ => *self = Short::new(bytes),
        }
    }

    /// Memory beside the value itself.
    pub(super) fn heap(&self) -> usize {
        match self {
            Short::Within(..) => 0,
            Short::Apart(bytes) => bytes.len(),
        }
    }
}
