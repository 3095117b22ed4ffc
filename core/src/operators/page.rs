//! The help page of an operator is the `//!` head of its file, taken out at compile time: written once, read as
//! documentation of the code and as help by users.

/// The page of the file that calls this, by the file's own name.
macro_rules! page {
    ($file:literal) => {
        const {
            const SOURCE: &str = include_str!($file);
            const PAGE: &[u8] = &$crate::operators::page::copy::<{ $crate::operators::page::length(SOURCE) }>(SOURCE);
            match std::str::from_utf8(PAGE) {
                Ok(page) => page,
                Err(_) => panic!("cut within a character"),
            }
        }
    };
}
pub(super) use page;

/// Bytes of the page.
pub(super) const fn length(source: &str) -> usize {
    walk(source.as_bytes(), &mut [])
}

/// The page itself, where `N` is its [`length`].
pub(super) const fn copy<const N: usize>(source: &str) -> [u8; N] {
    let mut page = [0; N];
    walk(source.as_bytes(), &mut page);
    page
}

/// Copies the text of leading `//!` lines as far as there is room, and counts its bytes.
const fn walk(source: &[u8], into: &mut [u8]) -> usize {
    let (mut at, mut length) = (0, 0);
    while at + 2 < source.len() && source[at] == b'/' && source[at + 1] == b'/' && source[at + 2] == b'!' {
        at += 3;
        if at < source.len() && source[at] == b' ' {
            at += 1;
        }
        loop {
            let byte = if at < source.len() { source[at] } else { b'\n' };
            if length < into.len() {
                into[length] = byte;
            }
            length += 1;
            at += 1;
            if byte == b'\n' {
                break;
            }
        }
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_the_head_of_the_file() {
        const SOURCE: &str = "//! One.\n//!\n//!   - ü\n\nuse x;\n//! not this\n";
        const PAGE: [u8; length(SOURCE)] = copy(SOURCE);
        assert_eq!(std::str::from_utf8(&PAGE), Ok("One.\n\n  - ü\n"));
        assert_eq!(length("fn x() {}"), 0);
        assert_eq!(length("//!"), 1);
    }
}
