//! The colour of the terminal's ground, asked of the terminal itself (OSC 11).

use std::fs::File;
use std::io::{self, Read, Write};

use rustix::termios::{OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};

use crate::keys::Key;

/// Whether the ground is light, false where the terminal does not say so soon, and keys that were pressed meanwhile. The
/// question behind it every terminal answers, so that those that know the first one not are not waited for.
pub(super) fn is_light(terminal: &mut File) -> io::Result<(bool, Vec<Key>)> {
    let raw = tcgetattr(&terminal)?;
    let mut patient = raw.clone();
    // A read waits for a tenth of a second, and no longer.
    patient.special_codes[SpecialCodeIndex::VMIN] = 0;
    patient.special_codes[SpecialCodeIndex::VTIME] = 1;
    tcsetattr(&terminal, OptionalActions::Now, &patient)?;
    let answer = ask(terminal);
    tcsetattr(&terminal, OptionalActions::Now, &raw)?;
    let answer = answer?;
    let answer = String::from_utf8_lossy(&answer);
    Ok((says_light(&answer), typed(&answer)))
}

fn ask(terminal: &mut File) -> io::Result<Vec<u8>> {
    terminal.write_all(b"\x1b]11;?\x07\x1b[c")?;
    let mut answer = Vec::new();
    let mut chunk = [0; 64];
    // Nothing that is longer is an answer.
    while answer.len() < 4096 && !has_attributes(&answer) {
        match terminal.read(&mut chunk)? {
            0 => break,
            count => answer.extend_from_slice(&chunk[..count]),
        }
    }
    Ok(answer)
}

/// The terminal's attributes, `ESC [ ? … c`, are there: the answer to the last question.
fn has_attributes(answer: &[u8]) -> bool {
    let mut rest = answer;
    while let Some(at) = rest.windows(3).position(|three| three == b"\x1b[?") {
        rest = &rest[at + 3..];
        let end = rest.iter().position(|byte| !byte.is_ascii_digit() && *byte != b';');
        if end.is_some_and(|end| rest[end] == b'c') {
            return true;
        }
    }
    false
}

/// Keys among answers: whatever stands in no sequence.
fn typed(answer: &str) -> Vec<Key> {
    let mut keys = Vec::new();
    let mut rest = answer;
    while let Some(letter) = rest.chars().next() {
        let behind = &rest[letter.len_utf8()..];
        let (key, taken) = match letter {
            '\x1b' if behind.starts_with(']') => {
                (None, behind.find(['\x07', '\x1b']).map_or(behind.len(), |end| end + 1))
            }
            '\x1b' if behind.starts_with(['[', 'O']) => {
                let is_last = |letter: char| ('@'..='~').contains(&letter);
                (None, behind[1..].find(is_last).map_or(behind.len(), |end| end + 2))
            }
            // The end of the answer before.
            '\\' if answer[..answer.len() - rest.len()].ends_with('\x1b') => (None, 0),
            '\x1b' => (Some(Key::Esc), 0),
            '\r' => (Some(Key::Enter), 0),
            '\t' => (Some(Key::Tab), 0),
            '\x7f' => (Some(Key::Backspace), 0),
            '\x01'..='\x1a' => (Some(Key::Ctrl(char::from(b'a' - 1 + letter as u8))), 0),
            letter if letter.is_control() => (None, 0),
            letter => (Some(Key::Char(letter)), 0),
        };
        keys.extend(key);
        rest = &behind[taken.min(behind.len())..];
    }
    keys
}

/// Whether an answer to OSC 11 names a light colour: `…rgb:RRRR/GGGG/BBBB…`, with one to four digits each.
fn says_light(answer: &str) -> bool {
    let Some((_, colour)) = answer.split_once("rgb:") else { return false };
    let colour = colour.split(['\x07', '\x1b']).next().unwrap_or_default();
    let parts = colour.split('/').map(|part| {
        let all = 16_f64.powi(i32::try_from(part.len()).unwrap_or(i32::MAX)) - 1.0;
        u32::from_str_radix(part, 16).map(|value| f64::from(value) / all)
    });
    match parts.collect::<Result<Vec<_>, _>>().as_deref() {
        Ok([red, green, blue]) => 0.299 * red + 0.587 * green + 0.114 * blue > 0.5,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_meanwhile_is_kept() {
        let keys = [Key::Char('a'), Key::Enter, Key::Ctrl('s'), Key::Char('ä'), Key::Esc];
        for answer in [
            "a\x1b]11;rgb:ff/ff/ff\x07\r\x1b[?62;4c\x13ä\x1b",
            "a\r\x1b]11;rgb:ff/ff/ff\x1b\\\x13ä\x1b[?1;2c\x1b",
            "\x1b[Aa\r\x13ä\x1b",
        ] {
            assert_eq!(typed(answer), keys, "{answer:?}");
        }
        for (answer, expected) in
            [("\x1b[?62;4c", true), ("c\x1b[?6", false), ("\x1b[?2026h", false), ("\x1b[?1u\x1b[?6cq", true)]
        {
            assert_eq!(has_attributes(answer.as_bytes()), expected, "{answer:?}");
        }
    }

    #[test]
    fn a_ground_is_light_or_dark() {
        for (answer, expected) in [
            ("\x1b]11;rgb:ffff/ffff/ffff\x07\x1b[?62c", true),
            ("\x1b]11;rgb:fd/f6/e3\x1b\\\x1b[?1;2c", true),
            ("\x1b]11;rgb:0000/2b2b/3636\x1b\\", false),
            ("\x1b]11;rgb:ff/ff\x07", false),
            ("\x1b]11;rgb:/g/\x07", false),
            ("\x1b[?62c", false),
            ("", false),
        ] {
            assert_eq!(says_light(answer), expected, "{answer:?}");
        }
    }
}
