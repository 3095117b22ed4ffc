//! The desktop editor. It draws a pipeline and changes it through edits; it knows neither Kafka nor Arrow.
//! Its screens are not built yet.

use std::path::Path;

/// Opens the editor on a pipeline file, or on a new one, until its window is closed.
///
/// # Errors
/// Always: there is no window yet.
pub fn edit(file: Option<&Path>) -> anyhow::Result<()> {
    match file {
        Some(file) => anyhow::bail!("the editor is not built yet, so that {} cannot be drawn", file.display()),
        None => anyhow::bail!("the editor is not built yet"),
    }
}
