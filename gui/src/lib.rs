//! The desktop editor. It draws a pipeline and changes it through edits, and shows a run through its snapshots; it knows
//! neither Kafka nor Arrow.
//!
//! - `editor`: what is known, a frame, and what is done of what it asked for
//! - `acts`: what can be asked for; `commands`: those of them that have a name and a key
//! - `scene`: the pipeline as cards and wires; `live`: what the meters say of them; `layout`: places for nodes without one
//! - `canvas`: draws the scene, and takes gestures; `panels`: what stands around it
//! - `theme`: every colour; `fonts`, `icons`, `text`, `prose`, `widgets`, `highlight`: what things are made of
//! - `disk`: the file, watched
//! - `desk`: documents in tabs, and what is kept of them; `settings`: how a person likes it; `picture`: a drawing as a PNG
//! - [`perf`]: the same without a window, to be measured

mod acts;
mod canvas;
mod commands;
mod desk;
mod disk;
mod editor;
mod fonts;
mod highlight;
mod icons;
mod layout;
mod live;
mod panels;
pub mod perf;
mod picture;
mod prose;
mod scene;
mod settings;
mod text;
mod theme;
mod widgets;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::OnceLock;

use anyhow::Context;
use egui::{Ui, ViewportBuilder};
use tidegate_core::faces::host::Source;

use desk::Desk;
pub use desk::SharedOpener;

/// How the editor looks at first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options {
    /// a dark ground, a light one, or as the system has it
    pub is_dark: Option<bool>,
    /// width and height of the window, in points
    pub size: Option<(f32, f32)>,
    /// the folder of the user's state, where settings and unsaved work are kept; without one nothing is
    pub state: Option<PathBuf>,
}

/// The window that the design is made for.
const SIZE: (f32, f32) = (1400.0, 900.0);

/// Opens the editor, until its window is closed: on a document, or without one on what was open last, or the page to begin
/// from. By `opener` it opens
/// others.
///
/// # Errors
/// There is no display, or it cannot be drawn on.
pub fn edit(source: Option<Source>, opener: SharedOpener, options: Options) -> anyhow::Result<()> {
    anyhow::ensure!(has_display(), "there is no display to open a window on");
    let Options { is_dark, size, state } = options;
    let memory = desk::Memory::of(state.as_deref());
    let size = size.or(memory.settings.window).unwrap_or(SIZE);
    let viewport = ViewportBuilder::default()
        .with_title(source.as_ref().map_or_else(|| "Tidegate".into(), |source| format!("{} – Tidegate", source.name)))
        .with_app_id("tidegate")
        .with_inner_size([size.0, size.1])
        .with_min_inner_size([640.0, 480.0]);
    let native = eframe::NativeOptions { viewport, ..eframe::NativeOptions::default() };
    let opened = eframe::run_native(
        "tidegate",
        native,
        Box::new(move |creation| {
            let context = creation.egui_ctx.clone();
            let is_system_dark = context.system_theme() != Some(egui::Theme::Light);
            let wake = creation.egui_ctx.clone();
            let options = desk::Options { state, memory, is_dark, is_system_dark };
            let desk = Desk::new(source, opener, options, move || wake.request_repaint())?;
            desk.dress(&context);
            Ok(Box::new(Window { desk: Some(desk) }))
        }),
    );
    opened.map_err(|why| anyhow::anyhow!("{why}")).context("the window cannot be opened")
}

/// A window system is there: where it is one of several, its variables say so.
fn has_display() -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || ["WAYLAND_DISPLAY", "WAYLAND_SOCKET", "DISPLAY"].into_iter().any(is_set)
}

/// The desk in its window.
struct Window {
    /// none after its end
    desk: Option<Desk>,
}

impl eframe::App for Window {
    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        if let Some(desk) = &mut self.desk {
            desk.ui(ui);
        }
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        let ground = self.desk.as_ref().map_or(visuals.extreme_bg_color, |desk| desk.shown().theme.canvas);
        ground.to_normalized_gamma_f32()
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        if let Some(desk) = self.desk.take() {
            desk.end();
        }
    }
}

/// Seconds east of UTC, where the clocks of this machine stand; tests show the same everywhere.
fn offset_s() -> i32 {
    if cfg!(test) {
        return 0;
    }
    static OFFSET: OnceLock<i32> = OnceLock::new();
    *OFFSET.get_or_init(|| chrono::Local::now().offset().local_minus_utc())
}
