//! The desktop editor. It draws a pipeline and changes it through edits, and shows a run through its snapshots; it knows
//! neither Kafka nor Arrow.
//!
//! - `editor`: what is known, and a frame; `update`: what is done of what a frame asked for
//! - `acts`: what can be asked for; `commands`: those of them that have a name and a key
//! - `scene`: the pipeline as cards and wires; `live`: what the meters say of them; `layout`: places for nodes without one
//! - `canvas`: draws the scene, and takes gestures; `panels`: what stands around it
//! - `theme`: every colour; `fonts`, `icons`, `text`, `widgets`, `highlight`: what things are made of
//! - `disk`: the file, watched

mod acts;
mod canvas;
mod commands;
mod disk;
mod editor;
mod fonts;
mod highlight;
mod icons;
mod layout;
mod live;
mod panels;
mod scene;
mod text;
mod theme;
mod update;
mod widgets;

#[cfg(test)]
mod tests;

use std::sync::OnceLock;

use anyhow::Context;
use egui::{Ui, ViewportBuilder};
use tidegate_core::faces::host::{Opener, Source};

use editor::Editor;

/// How the editor looks at first.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Options {
    /// a dark ground, a light one, or as the system has it
    pub is_dark: Option<bool>,
    /// width and height of the window, in points
    pub size: Option<(f32, f32)>,
}

/// The window that the design is made for.
const SIZE: (f32, f32) = (1400.0, 900.0);

/// Opens the editor, until its window is closed. By `opener` it opens other documents.
///
/// # Errors
/// There is no display, or it cannot be drawn on.
pub fn edit(source: Source, opener: Box<dyn Opener>, options: Options) -> anyhow::Result<()> {
    anyhow::ensure!(has_display(), "there is no display to open a window on");
    let size = options.size.unwrap_or(SIZE);
    let viewport = ViewportBuilder::default()
        .with_title(format!("{} – Tidegate", source.name))
        .with_app_id("tidegate")
        .with_inner_size([size.0, size.1])
        .with_min_inner_size([640.0, 480.0]);
    let native = eframe::NativeOptions { viewport, ..eframe::NativeOptions::default() };
    let opened = eframe::run_native(
        "tidegate",
        native,
        Box::new(move |creation| {
            let context = creation.egui_ctx.clone();
            let is_dark = options.is_dark.unwrap_or_else(|| context.system_theme() != Some(egui::Theme::Light));
            let wake = creation.egui_ctx.clone();
            let editor = Editor::new(source, opener, is_dark, move || wake.request_repaint())?;
            editor.dress(&context);
            Ok(Box::new(Window { editor }))
        }),
    );
    opened.map_err(|why| anyhow::anyhow!("{why}")).context("the window cannot be opened")
}

/// A window system is there: where it is one of several, its variables say so.
fn has_display() -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || ["WAYLAND_DISPLAY", "WAYLAND_SOCKET", "DISPLAY"].into_iter().any(is_set)
}

/// The editor in its window.
struct Window {
    editor: Editor,
}

impl eframe::App for Window {
    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        self.editor.ui(ui);
    }

    fn clear_color(&self, _visuals: &egui::Visuals) -> [f32; 4] {
        self.editor.theme.canvas.to_normalized_gamma_f32()
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.editor.close();
    }
}

/// Seconds east of UTC, where the clocks of this machine stand.
fn offset_s() -> i32 {
    static OFFSET: OnceLock<i32> = OnceLock::new();
    *OFFSET.get_or_init(|| chrono::Local::now().offset().local_minus_utc())
}
