//! A few pictures, held against those in `pictures/` pixel by pixel: colours, lines and places that no accessible name tells.
//! They are painted without a GPU. `TIDEGATE_REGENERATE=1` takes what is shown now; look at it before it is committed.

use std::path::{Path, PathBuf};

use egui::{Rect, pos2, vec2};
use serde_json::json;
use tidegate_core::faces::watcher::News;
use tidegate_core::pipeline::Pipeline;
use tidegate_core::snapshot::{StateRow, StateSnapshot};

use super::fixture::{Happened, Screen, open_source, settle, source, trades};
use super::looking::with_windows;
use super::running::snapshot;
use crate::acts::Chosen;
use crate::canvas::geometry::View;
use crate::panels::bottom::Tab;
use crate::theme::Theme;

/// A pixel differs where one of its colours does by more than this, of 255: other processors may round letters otherwise.
const STEP: u8 = 24;
/// The largest share of pixels that may differ: less than a short word.
const SHARE: f64 = 0.000_2;

/// Three bytes a pixel, row by row.
#[derive(Clone)]
struct Pixels {
    width: usize,
    rgb: Vec<u8>,
}

impl Pixels {
    fn read(png: &[u8]) -> Pixels {
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut rgb).unwrap();
        assert_eq!(info.color_type, png::ColorType::Rgb);
        Pixels { width: info.width as usize, rgb }
    }

    fn write(&self, to: &Path) {
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        let file = std::fs::File::create(to).unwrap();
        let height = self.rgb.len() / 3 / self.width;
        let mut encoder = png::Encoder::new(file, self.width as u32, height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_compression(png::Compression::High);
        encoder.write_header().unwrap().write_image_data(&self.rgb).unwrap();
    }

    fn part(&self, rect: Rect) -> Pixels {
        let [left, right, top, bottom] = [rect.left(), rect.right(), rect.top(), rect.bottom()].map(|at| at as usize);
        let row = |y: usize| &self.rgb[(y * self.width + left) * 3..(y * self.width + right) * 3];
        Pixels { width: right - left, rgb: (top..bottom).flat_map(row).copied().collect() }
    }

    /// How many pixels differ, and a picture of them: bright, on what was expected, which is dimmed.
    fn difference(&self, expected: &Pixels) -> (usize, Pixels) {
        let mut seen = expected.clone();
        let mut count = 0;
        for (pixel, now) in seen.rgb.chunks_exact_mut(3).zip(self.rgb.chunks_exact(3)) {
            let differs = pixel.iter().zip(now).any(|(was, is)| was.abs_diff(*is) > STEP);
            count += usize::from(differs);
            pixel.iter_mut().for_each(|channel| *channel /= 4);
            if differs {
                pixel.copy_from_slice(&[255, 0, 255]);
            }
        }
        (count, seen)
    }
}

/// Holds a part of the window against the picture of this name.
fn check(screen: &Screen, name: &str, part: Rect) {
    let window = crate::picture::png_of_window(&screen.ctx, screen.output(), &screen.state().theme);
    let now = Pixels::read(&window).part(part);
    let known = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/pictures").join(format!("{name}.png"));
    if std::env::var_os("TIDEGATE_REGENERATE").is_some() {
        now.write(&known);
    }
    let failed: PathBuf = std::env::temp_dir().join("tidegate-pictures");
    let (is, differs) = (failed.join(format!("{name}.png")), failed.join(format!("{name}-differs.png")));
    let advice = "TIDEGATE_REGENERATE=1 takes it, once it has been looked at";
    let expected = match std::fs::read(&known) {
        Ok(png) => Pixels::read(&png),
        Err(why) => panic!("{}: {why}; {advice}", known.display()),
    };
    let (all, most) = (expected.rgb.len() / 3, (expected.rgb.len() as f64 / 3.0 * SHARE) as usize);
    if (now.width, now.rgb.len()) != (expected.width, expected.rgb.len()) {
        now.write(&is);
        panic!("{name} has another size; it is {} now; {advice}", is.display());
    }
    let (count, picture) = now.difference(&expected);
    if count > most {
        now.write(&is);
        picture.write(&differs);
        panic!(
            "{name}: {count} of {all} pixels differ, at most {most} may: {}; it is {} now; {advice}",
            differs.display(),
            is.display()
        );
    }
}

/// A window as the smaller one of the design, where nothing moves, on the middle of a drawing at 100 %.
fn small(pipeline: Pipeline) -> Screen {
    let mut screen = open_source(source(pipeline, Happened::default()), vec2(1024.0, 700.0));
    screen.state_mut().0.view.settings.is_still = true;
    let size = canvas(&screen).size();
    let middle = screen.state().scene.card("worth").unwrap().shape.rect.center();
    let origin = size / 2.0 - middle.to_vec2() - vec2(64.0, 0.0);
    screen.state_mut().seen.canvas.view = View { origin, zoom: 1.0 };
    settle(&mut screen);
    screen
}

fn canvas(screen: &Screen) -> Rect {
    screen.state().seen.canvas.area
}

fn tell(screen: &mut Screen, news: News) {
    screen.state_mut().take(news);
    settle(screen);
}

#[test]
fn the_canvas_looks_so_on_each_ground() {
    for (name, is_dark, has_contrast) in
        [("canvas-dark", true, false), ("canvas-light", false, false), ("canvas-contrast", true, true)]
    {
        let mut screen = small(trades());
        screen.state_mut().theme = Theme::of(is_dark, has_contrast);
        let context = screen.ctx.clone();
        screen.state().dress_again(&context);
        screen.state_mut().choose(Chosen::node("worth"));
        settle(&mut screen);
        check(&screen, name, canvas(&screen));
    }
}

#[test]
fn back_pressure_looks_so() {
    let mut screen = small(trades());
    tell(&mut screen, News::Figures(Box::new(snapshot())));
    check(&screen, "pressure", canvas(&screen));
}

#[test]
fn what_is_wrong_in_a_field_looks_so() {
    let mut pipeline = trades();
    pipeline.nodes[1].config.insert("condition".into(), json!("pric > 5 and qty > 0"));
    let mut screen = small(pipeline);
    screen.state_mut().choose(Chosen::node("real"));
    settle(&mut screen);
    let canvas = canvas(&screen);
    check(&screen, "inspector", Rect::from_min_max(canvas.right_top(), pos2(1024.0, canvas.bottom())));
}

#[test]
fn windows_that_fill_and_close_look_so() {
    let mut screen = small(trades());
    tell(&mut screen, News::Figures(Box::new(with_windows())));
    screen.state_mut().seen.bottom.tab = Tab::Windows;
    settle(&mut screen);
    let node = with_windows().nodes[2].id.clone();
    let row = |key: &str, window| StateRow { lane: 0, key: json!(key), window: Some(window), value: json!({}) };
    let rows = vec![row("a", (60_000, 120_000)), row("a", (120_000, 180_000)), row("b", (120_000, 180_000))];
    let found = Box::new(StateSnapshot { node, keys: 3, rows, ..StateSnapshot::default() });
    tell(&mut screen, News::State { found, lane: 0 });
    let canvas = canvas(&screen);
    check(&screen, "windows", Rect::from_min_max(canvas.left_bottom(), pos2(canvas.right(), 676.0)));
}

#[test]
fn another_picture_is_told_apart() {
    let pixels = |changed: usize| {
        let mut rgb = vec![100; 3 * 100 * 100];
        rgb[..3 * changed].fill(100 + STEP + 1);
        Pixels { width: 100, rgb }
    };
    let known = pixels(0);
    for (changed, expected) in [(0, 0), (1, 1), (40, 40)] {
        let (count, picture) = pixels(changed).difference(&known);
        assert_eq!((count, picture.rgb[0] == 255), (expected, expected > 0));
    }
    let almost = Pixels { width: 100, rgb: vec![100 + STEP; 3 * 100 * 100] };
    assert_eq!(almost.difference(&known).0, 0);
}
