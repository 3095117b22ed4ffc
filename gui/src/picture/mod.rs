//! A picture of a whole drawing, as a PNG file: what the canvas shows of it, painted without a window and without a GPU, by
//! the canvas' own painter. It is as large as the drawing, not as the screen. Values of secrets are in no drawing, and what a
//! secret field holds is on no card.

mod raster;

use egui::{Context, RawInput, Rect, Ui, UiBuilder, Vec2, vec2};
use tidegate_core::faces::drawing::Drawing;
use tidegate_core::faces::watched::Watched;

use crate::canvas::geometry::{Detail, View};
use crate::canvas::still;
use crate::fonts;
use crate::scene::Scene;
use crate::theme::Theme;

/// Pixels of a point.
const SCALE: f32 = 2.0;
/// What is kept free around a drawing, in points.
const MARGIN: f32 = 40.0;
/// The most pixels: a larger drawing has fewer of them a point.
const MOST_PIXELS: f32 = 24_000_000.0;
/// The longest side, in pixels.
const LONGEST: f32 = 16_000.0;

/// The PNG of a drawing.
///
/// # Errors
/// Nothing is drawn, as words without a stop at their end.
pub(crate) fn png(drawing: &Drawing, theme: &Theme) -> Result<Vec<u8>, String> {
    let scene = Scene::new(drawing, &Watched::default());
    let bounds = still::bounds(drawing, &scene).ok_or("nothing is drawn yet")?;
    let size = (bounds.size() + Vec2::splat(2.0 * MARGIN)).ceil();
    let scale = SCALE.min((MOST_PIXELS / size.x / size.y).sqrt()).min(LONGEST / size.max_elem());
    let area = Rect::from_min_size(egui::Pos2::ZERO, size);
    let view = View { origin: vec2(MARGIN, MARGIN) - bounds.min.to_vec2(), zoom: 1.0 };
    encode(&painted(size, scale, theme, |ui| {
        still::paint(ui, theme, still::Still { drawing, scene: &scene, area, view, detail: Detail::All });
    }))
}

/// What is painted on an area of this size, in points.
fn painted(size: Vec2, scale: f32, theme: &Theme, mut paint: impl FnMut(&mut Ui)) -> raster::Image {
    let context = Context::default();
    context.set_fonts(fonts::definitions());
    context.all_styles_mut(|style| *style = theme.style(style));
    let area = Rect::from_min_size(egui::Pos2::ZERO, size);
    let mut input = RawInput { screen_rect: Some(area), ..RawInput::default() };
    if let Some(window) = input.viewports.get_mut(&input.viewport_id) {
        window.native_pixels_per_point = Some(scale);
    }
    let mut output = context.run_ui(input, |ui| {
        ui.scope_builder(UiBuilder::new().max_rect(area), |ui| {
            ui.set_clip_rect(area);
            paint(ui);
        });
    });
    let meshes = context.tessellate(std::mem::take(&mut output.shapes), scale);
    output.drop_without_applying_deltas();
    let letters = context.fonts(|fonts| fonts.image());
    raster::paint((size * scale).round(), theme.canvas, &meshes, &letters, scale)
}

fn encode(image: &raster::Image) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, image.width as u32, image.height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&image.rgb()));
    written.map_err(|why| why.to_string())?;
    Ok(bytes)
}

/// What a test's window shows.
#[cfg(test)]
pub(crate) fn png_of_window(context: &Context, output: &egui::FullOutput, theme: &Theme) -> Vec<u8> {
    let (size, scale) = (context.content_rect().size(), output.pixels_per_point);
    let meshes = context.tessellate(output.shapes.clone(), scale);
    let letters = context.fonts(|fonts| fonts.image());
    encode(&raster::paint((size * scale).round(), theme.canvas, &meshes, &letters, scale)).unwrap()
}
