//! The colour of the terminal's ground, asked of the terminal itself (OSC 11).

use std::fs::File;
use std::io::{self, Read, Write};

use rustix::termios::{OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};

/// Whether the ground is light; false where the terminal does not say so soon. The question behind it every terminal
/// answers, so that those that know the first one not are not waited for.
pub(super) fn is_light(terminal: &mut File) -> io::Result<bool> {
    let raw = tcgetattr(&terminal)?;
    let mut patient = raw.clone();
    // A read waits for a tenth of a second, and no longer.
    patient.special_codes[SpecialCodeIndex::VMIN] = 0;
    patient.special_codes[SpecialCodeIndex::VTIME] = 1;
    tcsetattr(&terminal, OptionalActions::Now, &patient)?;
    let answer = ask(terminal);
    tcsetattr(&terminal, OptionalActions::Now, &raw)?;
    Ok(says_light(&String::from_utf8_lossy(&answer?)))
}

fn ask(terminal: &mut File) -> io::Result<Vec<u8>> {
    terminal.write_all(b"\x1b]11;?\x07\x1b[c")?;
    let mut answer = Vec::new();
    let mut chunk = [0; 64];
    // Nothing that is longer is an answer.
    while answer.len() < 256 && !answer.ends_with(b"c") {
        match terminal.read(&mut chunk)? {
            0 => break,
            count => answer.extend_from_slice(&chunk[..count]),
        }
    }
    Ok(answer)
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
