//! What the desk knows of a document, beside what is drawn.

use std::path::PathBuf;

use tidegate_core::faces::drafts::Left;

/// A document on the desk.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    /// no other document of the session has it
    pub(crate) number: u64,
    /// nothing is drawn yet: the page to begin from is shown
    pub(crate) is_start: bool,
    /// something is being opened
    pub(crate) is_opening: bool,
    /// what is drawn over what is being opened
    pub(crate) restores: Option<Left>,
    /// where files were opened or saved last
    pub(crate) folder: Option<PathBuf>,
    /// it is being written
    pub(crate) is_saving: bool,
    /// it goes when it is saved
    pub(crate) closes_when_saved: bool,
    /// what is kept of it: which revision
    pub(super) kept: Option<u64>,
    /// since when something else is drawn, by the window's clock
    pub(super) changed_s: Option<f64>,
}

impl Sheet {
    /// A new one; with the page to begin from, or without.
    pub(crate) fn new(number: u64, is_start: bool) -> Sheet {
        Sheet { number, is_start, ..Sheet::default() }
    }
}
