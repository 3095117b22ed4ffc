//! The word that `file-source` and `file-sink` share: what a line of a file holds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lines::LineStyle;

/// What a line holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum LinesOf {
    /// the value
    #[default]
    Value,
    /// a JSON object of `ts`, `key`, `value` and `headers`, as `consume` prints
    Record,
}

impl LinesOf {
    /// The style to write them in.
    pub(super) fn style(self) -> LineStyle {
        match self {
            LinesOf::Value => LineStyle::Value,
            LinesOf::Record => LineStyle::Record,
        }
    }
}
