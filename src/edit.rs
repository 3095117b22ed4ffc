//! `tidegate edit`: the editor, on a file or a run elsewhere. It brings together what the editor may not know: files,
//! clusters, the engine, HTTP.

use std::path::PathBuf;
use std::sync::Arc;

use tidegate_core::faces::host::Source;
use tidegate_core::faces::storage::state_folder;
use tidegate_core::problem::Fault;
use tidegate_gui::Options;

use crate::common::exit::{Exit, Failure};
use crate::common::watched::local::Faults;
use crate::common::watched::opener::Door;
use crate::common::watched::remote::Address;
use crate::common::watched::{AttachArgs, How, RunArgs};

/// Draw a pipeline in a window, run it there and watch it.
///
/// Without a file it shows what was open last, or the gallery, and files that were opened lately. What is drawn and not saved
/// is kept in the user's state (`$XDG_STATE_HOME/tidegate`, or ~/.local/state/tidegate) and offered again after a crash.
///
/// A file that does not exist yet is an empty drawing. An address as `http://127.0.0.1:7070` shows a run that is served there
/// by `tidegate run --listen`, and leaves it alone; the token that it may ask for comes from TIDEGATE_LISTEN_TOKEN.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// Pipeline file, or address of a run; without one what was open last, or the gallery
    #[arg(value_name = "FILE|URL")]
    file: Option<PathBuf>,
    #[command(flatten)]
    run: RunArgs,
    /// Start a run at once
    #[arg(long)]
    start: bool,
    #[command(flatten)]
    attach: AttachArgs,
    /// Colours for this ground [default: as the system has it]
    #[arg(long, value_name = "NAME")]
    theme: Option<Theme>,
    /// Size of the window, in points, as 1400x900
    #[arg(long, value_name = "SIZE", value_parser = size)]
    size: Option<(f32, f32)>,
}

/// Sets of colours.
#[derive(Debug, Clone, Copy, PartialEq, clap::ValueEnum)]
enum Theme {
    /// A dark ground
    Dark,
    /// A light ground
    Light,
}

fn size(text: &str) -> Result<(f32, f32), String> {
    let read = |text: &str| text.parse().ok().filter(|points| (200.0..20_000.0).contains(points));
    let sizes = text.split_once('x').and_then(|(width, height)| read(width).zip(read(height)));
    sizes.ok_or_else(|| "write it as 1400x900".into())
}

/// Opens it until its window is closed.
pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
    let is_dark = args.theme.map(|theme| theme == Theme::Dark);
    let options = Options { is_dark, size: args.size, state: state_folder() };
    let (source, door) = open(args)?;
    let remedy = "start it where there is a display, or use `tidegate top`";
    tidegate_gui::edit(source, Arc::new(door), options)
        .map_err(|why| Fault::outside(format!("{why:#}")).remedy(remedy))?;
    Ok(Exit::Good)
}

/// What is named, and who opens what is asked for later.
fn open(args: Args) -> Result<(Option<Source>, Door), Failure> {
    let url = args.file.as_ref().and_then(|file| Address::of_url(file.to_str()?, args.attach.ca.as_deref()));
    let faults = Faults::default();
    let how = How { run: args.run, starts: args.start, attach: args.attach };
    let source = match (url, args.file) {
        (Some(address), _) => Some(how.elsewhere(address?)?),
        (None, Some(file)) => Some(how.here(Some(file), &faults, true)?),
        (None, None) => None,
    };
    Ok((source, Door { how, faults, state: None }))
}

#[cfg(all(test, feature = "http"))]
mod tests;
