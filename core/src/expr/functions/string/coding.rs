//! Bytes as text and back.

use crate::expr::kernels::Reason;
use crate::expr::kernels::text::{from_escaped, from_hex, hex};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const LINE: usize = 76;

pub(super) fn encode(bytes: &[u8], format: &str) -> Result<String, Reason> {
    match format.to_ascii_lowercase().as_str() {
        "hex" => Ok(hex(bytes)),
        "base64" => Ok(to_base64(bytes)),
        "escape" => Ok(escaped(bytes)),
        _ => Err(unknown(format)),
    }
}

pub(super) fn decode(text: &str, format: &str) -> Result<Vec<u8>, Reason> {
    let (bytes, what) = match format.to_ascii_lowercase().as_str() {
        "hex" => (from_hex(text), "hexadecimal digits"),
        "base64" => (from_base64(text), "base64"),
        "escape" => (from_escaped(text), "escaped bytes"),
        _ => return Err(unknown(format)),
    };
    bytes.ok_or_else(|| format!("the text is not {what}").into())
}

fn unknown(format: &str) -> Reason {
    format!("there is no encoding \"{format}\": hex, base64 or escape").into()
}

fn is_utf8(encoding: &str) -> Result<(), Reason> {
    let name = encoding.to_ascii_lowercase();
    if matches!(name.as_str(), "utf8" | "utf-8" | "unicode") { Ok(()) } else { Err("text is UTF8 only".into()) }
}

pub(super) fn convert_from(bytes: &[u8], encoding: &str) -> Result<String, Reason> {
    is_utf8(encoding)?;
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Ok(text.to_string()),
        _ => Err("the bytes are not UTF-8 text".into()),
    }
}

pub(super) fn convert_to(text: &str, encoding: &str) -> Result<Vec<u8>, Reason> {
    is_utf8(encoding).map(|()| text.as_bytes().to_vec())
}

/// Printable and other ASCII as it is; zero and high bytes as `\ooo`.
fn escaped(bytes: &[u8]) -> String {
    let one = |byte: &u8| match byte {
        b'\\' => "\\\\".to_string(),
        0 | 0x80.. => format!("\\{byte:03o}"),
        byte => char::from(*byte).to_string(),
    };
    bytes.iter().map(one).collect()
}

fn to_base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    let mut column = 0;
    for chunk in bytes.chunks(3) {
        if column == LINE {
            text.push('\n');
            column = 0;
        }
        let group =
            chunk.iter().enumerate().fold(0u32, |group, (place, byte)| group | u32::from(*byte) << (16 - 8 * place));
        for place in 0..4 {
            let digit = ALPHABET[(group >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
        column += 4;
    }
    text
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    if !digits.len().is_multiple_of(4) {
        return None;
    }
    let padding = digits.iter().rev().take_while(|digit| **digit == b'=').count();
    let digits = &digits[..digits.len() - padding];
    if padding > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    for chunk in digits.chunks(4) {
        let mut group = 0u32;
        for (place, digit) in chunk.iter().enumerate() {
            let value = ALPHABET.iter().position(|one| one == digit)?;
            group |= (value as u32) << (18 - 6 * place);
        }
        bytes.extend_from_slice(&group.to_be_bytes()[1..chunk.len()]);
    }
    Some(bytes)
}
