//! The words of the command line for how keys and values are written: those of pipeline files.

use tidegate_core::codec::ValueFormat;
use tidegate_core::types::KeyFormat;

/// How keys are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum KeyWord {
    /// UTF-8
    Text,
    /// any bytes
    Bytes,
    /// a JSON document
    Json,
    /// 4 bytes, big-endian
    Int32,
    /// 8 bytes, big-endian
    Int64,
}

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// a JSON document
    Json,
    /// UTF-8
    Text,
    /// any bytes
    Bytes,
}

impl From<KeyWord> for KeyFormat {
    fn from(word: KeyWord) -> KeyFormat {
        match word {
            KeyWord::Text => KeyFormat::Text,
            KeyWord::Bytes => KeyFormat::Bytes,
            KeyWord::Json => KeyFormat::Json,
            KeyWord::Int32 => KeyFormat::Int32,
            KeyWord::Int64 => KeyFormat::Int64,
        }
    }
}

impl From<Format> for ValueFormat {
    fn from(word: Format) -> ValueFormat {
        match word {
            Format::Json => ValueFormat::default(),
            Format::Text => ValueFormat::Text,
            Format::Bytes => ValueFormat::Bytes,
        }
    }
}
