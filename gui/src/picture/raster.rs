//! Paints triangles into pixels, as a GPU does for egui: colours of corners are blended across a triangle, multiplied with
//! the texture of letters, and laid over what is there. All colours are premultiplied sRGB, as egui blends them.

use egui::epaint::{Primitive, Vertex};
use egui::{ClippedPrimitive, Color32, ColorImage, Pos2, Rect, Vec2, pos2};

/// Pixels, row by row from the top. They are opaque, since the ground is.
#[derive(Debug, Clone)]
pub(super) struct Image {
    pub(super) width: usize,
    pub(super) height: usize,
    pixels: Vec<Color32>,
}

impl Image {
    /// Three bytes a pixel.
    pub(super) fn rgb(&self) -> Vec<u8> {
        self.pixels.iter().flat_map(|pixel| [pixel.r(), pixel.g(), pixel.b()]).collect()
    }
}

/// Paints meshes on a ground. Their places are in points, of `scale` pixels each; `letters` is their only texture.
pub(super) fn paint(
    size: Vec2,
    ground: Color32,
    meshes: &[ClippedPrimitive],
    letters: &ColorImage,
    scale: f32,
) -> Image {
    let (width, height) = (size.x.max(1.0) as usize, size.y.max(1.0) as usize);
    let mut image = Image { width, height, pixels: vec![ground; width * height] };
    for ClippedPrimitive { clip_rect, primitive } in meshes {
        // Nobody paints by callbacks here.
        let Primitive::Mesh(mesh) = primitive else { continue };
        let clip = (*clip_rect * scale).intersect(Rect::from_min_size(Pos2::ZERO, size));
        for corners in mesh.indices.chunks_exact(3) {
            let corner = |at: usize| mesh.vertices.get(corners[at] as usize).copied();
            if let (Some(a), Some(b), Some(c)) = (corner(0), corner(1), corner(2)) {
                triangle(&mut image, clip, [a, b, c].map(|corner| at_scale(corner, scale)), letters);
            }
        }
    }
    image
}

fn at_scale(corner: Vertex, scale: f32) -> Vertex {
    Vertex { pos: (corner.pos.to_vec2() * scale).to_pos2(), ..corner }
}

/// Twice the area of a triangle; its sign is the way round.
fn turn(a: Pos2, b: Pos2, c: Pos2) -> f32 {
    (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
}

/// A pixel on the edge of two triangles belongs to one of them: that to whose right or below the edge lies.
fn owns_edge(from: Pos2, to: Pos2) -> bool {
    to.y < from.y || (to.y == from.y && to.x > from.x)
}

fn triangle(image: &mut Image, clip: Rect, corners: [Vertex; 3], letters: &ColorImage) {
    let [a, mut b, mut c] = corners;
    let mut area = turn(a.pos, b.pos, c.pos);
    if area < 0.0 {
        (b, c, area) = (c, b, -area);
    }
    if area.is_nan() || area <= 0.0 {
        return;
    }
    let bounds = Rect::from_points(&[a.pos, b.pos, c.pos]).intersect(clip);
    if !bounds.is_positive() {
        return;
    }
    // Pixels whose centres lie within.
    let first = |from: f32| (from - 0.5).ceil().max(0.0) as usize;
    let last = |to: f32, most: usize| ((to - 0.5).floor() + 1.0).clamp(0.0, most as f32) as usize;
    let edges = [(b.pos, c.pos), (c.pos, a.pos), (a.pos, b.pos)];
    let owned = edges.map(|(from, to)| owns_edge(from, to));
    let plain = (a.color == b.color && b.color == c.color).then_some(a.color);
    let texel = (a.uv == b.uv && b.uv == c.uv).then(|| sample(letters, a.uv));
    for y in first(bounds.top())..last(bounds.bottom(), image.height) {
        for x in first(bounds.left())..last(bounds.right(), image.width) {
            let at = pos2(x as f32 + 0.5, y as f32 + 0.5);
            let weights = edges.map(|(from, to)| turn(from, to, at));
            let is_inside =
                weights.iter().zip(owned).all(|(weight, is_owned)| *weight > 0.0 || (*weight == 0.0 && is_owned));
            if !is_inside {
                continue;
            }
            let shares = weights.map(|weight| weight / area);
            let colour = plain.map_or_else(|| mixed([a.color, b.color, c.color], shares), channels);
            let texel = texel.unwrap_or_else(|| {
                let uv = a.uv.to_vec2() * shares[0] + b.uv.to_vec2() * shares[1] + c.uv.to_vec2() * shares[2];
                sample(letters, uv.to_pos2())
            });
            let pixel = &mut image.pixels[y * image.width + x];
            *pixel = over(*pixel, std::array::from_fn(|channel| colour[channel] * texel[channel] / 255.0));
        }
    }
}

fn channels(colour: Color32) -> [f32; 4] {
    colour.to_array().map(f32::from)
}

fn mixed(colours: [Color32; 3], shares: [f32; 3]) -> [f32; 4] {
    let [a, b, c] = colours.map(channels);
    std::array::from_fn(|channel| a[channel] * shares[0] + b[channel] * shares[1] + c[channel] * shares[2])
}

/// The texture at a place of 0 to 1, from the four texels around it.
fn sample(texture: &ColorImage, uv: Pos2) -> [f32; 4] {
    let [width, height] = texture.size;
    if width == 0 || height == 0 {
        return [255.0; 4];
    }
    let (x, y) = (uv.x * width as f32 - 0.5, uv.y * height as f32 - 0.5);
    let within = |at: f32, most: usize| at.clamp(0.0, (most - 1) as f32) as usize;
    let (left, top) = (x.floor(), y.floor());
    let texel = |x: f32, y: f32| channels(texture.pixels[within(y, height) * width + within(x, width)]);
    let (dx, dy) = (x - left, y - top);
    let [a, b, c, d] = [texel(left, top), texel(left + 1.0, top), texel(left, top + 1.0), texel(left + 1.0, top + 1.0)];
    std::array::from_fn(|channel| {
        let upper = a[channel] + (b[channel] - a[channel]) * dx;
        let lower = c[channel] + (d[channel] - c[channel]) * dx;
        upper + (lower - upper) * dy
    })
}

/// A premultiplied colour over a pixel.
fn over(below: Color32, [r, g, b, a]: [f32; 4]) -> Color32 {
    let shows = 1.0 - a / 255.0;
    let channel = |above: f32, below: u8| (above + f32::from(below) * shows).round().clamp(0.0, 255.0) as u8;
    crate::theme::opaque(channel(r, below.r()), channel(g, below.g()), channel(b, below.b()))
}

#[cfg(test)]
mod tests {
    use egui::{Mesh, vec2};
    use proptest::prelude::*;

    use super::*;

    fn paint_mesh(mesh: Mesh, size: Vec2) -> Image {
        let white = ColorImage::filled([2, 2], Color32::WHITE);
        let clip_rect = Rect::from_min_size(Pos2::ZERO, size);
        paint(size, Color32::BLACK, &[ClippedPrimitive { clip_rect, primitive: Primitive::Mesh(mesh) }], &white, 1.0)
    }

    proptest! {
        /// Two triangles that share an edge cover each pixel once: half of white over black is grey, never lighter.
        #[test]
        fn no_pixel_is_painted_twice_or_left_out(left in 0f32..8.0, top in 0f32..8.0, width in 1f32..20.0, height in 1f32..20.0) {
            let mut mesh = Mesh::default();
            let rect = Rect::from_min_size(pos2(left, top), vec2(width, height));
            mesh.add_colored_rect(rect, Color32::from_rgba_premultiplied(128, 128, 128, 128));
            let image = paint_mesh(mesh, vec2(30.0, 30.0));
            for (at, pixel) in image.pixels.iter().enumerate() {
                let centre = pos2((at % 30) as f32 + 0.5, (at / 30) as f32 + 0.5);
                let away = |from: f32, to: f32| (from - to).abs() < 1e-3;
                let is_on_edge = away(centre.x, rect.left()) || away(centre.x, rect.right())
                    || away(centre.y, rect.top()) || away(centre.y, rect.bottom());
                if !is_on_edge {
                    let expected = if rect.contains(centre) { 128 } else { 0 };
                    prop_assert_eq!(pixel.r(), expected, "{:?} {:?}", centre, rect);
                }
            }
        }

        #[test]
        fn any_triangle_is_painted_without_a_panic(corners in prop::collection::vec(-50f32..50.0, 6)) {
            let mut mesh = Mesh::default();
            for corner in corners.chunks_exact(2) {
                mesh.colored_vertex(pos2(corner[0], corner[1]), Color32::WHITE);
            }
            mesh.add_triangle(0, 1, 2);
            prop_assert_eq!(paint_mesh(mesh, vec2(16.0, 16.0)).rgb().len(), 16 * 16 * 3);
        }
    }

    #[test]
    fn a_corner_that_is_no_number_paints_nothing() {
        let mut mesh = Mesh::default();
        for x in [f32::NAN, f32::INFINITY, 4.0] {
            mesh.colored_vertex(pos2(x, 1.0), Color32::WHITE);
        }
        mesh.add_triangle(0, 1, 2);
        assert!(paint_mesh(mesh, vec2(8.0, 8.0)).rgb().iter().all(|byte| *byte == 0));
    }

    #[test]
    fn colours_run_from_corner_to_corner() {
        let mut mesh = Mesh::default();
        for (at, colour) in
            [(pos2(0.0, 0.0), Color32::BLACK), (pos2(64.0, 0.0), Color32::WHITE), (pos2(0.0, 64.0), Color32::BLACK)]
        {
            mesh.colored_vertex(at, colour);
        }
        mesh.add_triangle(0, 1, 2);
        let image = paint_mesh(mesh, vec2(64.0, 64.0));
        let row: Vec<u8> = image.pixels[..62].iter().map(|pixel| pixel.r()).collect();
        assert!(row.is_sorted() && row[0] < 4 && row[61] > 240, "{row:?}");
    }
}
