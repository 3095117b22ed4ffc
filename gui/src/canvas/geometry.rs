//! Where things are: the view onto the canvas, boxes of nodes, places of ports, the lines of wires. Plain functions of
//! plain numbers; they draw nothing.

use egui::{Pos2, Rect, Vec2, pos2, vec2};

/// The grid that nodes stand on, in points of the canvas.
pub(crate) const GRID: f32 = 8.0;
/// The smallest and largest zoom.
pub(crate) const ZOOMS: (f32, f32) = (0.12, 3.0);
/// The most width of a node, and how wide its settings alone make it: more would leave no room for wires.
pub(crate) const WIDEST: f32 = 208.0;
const GLANCE: f32 = 168.0;
/// Height of a node without its live line, and of that line.
const BODY: f32 = 64.0;
const FOOT: f32 = 26.0;
/// Where the first port is, and how far the next.
const PORT_TOP: f32 = 22.0;
const PORT_STEP: f32 = 20.0;

/// What part of the canvas is seen: where its origin is on the screen, seen from the corner of the area, and how large a
/// point of it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct View {
    pub(crate) origin: Vec2,
    pub(crate) zoom: f32,
}

impl Default for View {
    fn default() -> View {
        View { origin: vec2(40.0, 40.0), zoom: 1.0 }
    }
}

impl View {
    /// From the canvas to the screen.
    pub(crate) fn to_screen(self, area: Rect, at: Pos2) -> Pos2 {
        area.min + self.origin + at.to_vec2() * self.zoom
    }

    /// And back.
    pub(crate) fn to_canvas(self, area: Rect, at: Pos2) -> Pos2 {
        ((at - area.min - self.origin) / self.zoom).to_pos2()
    }

    /// A box on the screen.
    pub(crate) fn rect(self, area: Rect, at: Rect) -> Rect {
        Rect::from_min_max(self.to_screen(area, at.min), self.to_screen(area, at.max))
    }

    /// The same view larger or smaller; what is under the pointer stays there.
    pub(crate) fn zoomed_at(self, area: Rect, pointer: Pos2, factor: f32) -> View {
        let below = self.to_canvas(area, pointer);
        let zoom = (self.zoom * factor).clamp(ZOOMS.0, ZOOMS.1);
        View { zoom, origin: pointer - area.min - below.to_vec2() * zoom }
    }

    /// The view that shows all of a box, no larger than life; `margins` are kept free at left and top, right and bottom.
    pub(crate) fn fit(bounds: Rect, size: Vec2, margins: (Vec2, Vec2)) -> View {
        View::map(bounds, size, margins, ZOOMS.0)
    }

    /// The same, as small as it takes, but for `least`.
    pub(crate) fn map(bounds: Rect, size: Vec2, margins: (Vec2, Vec2), least: f32) -> View {
        let room = (size - margins.0 - margins.1).max(vec2(40.0, 40.0));
        let wanted = bounds.size().max(vec2(1.0, 1.0));
        let zoom = (room.x / wanted.x).min(room.y / wanted.y).clamp(least, 1.0);
        // A small drawing stands where one begins to read.
        let free = (room - wanted * zoom).max(Vec2::ZERO) / 2.0;
        View { zoom, origin: margins.0 + free - bounds.min.to_vec2() * zoom }
    }

    /// How much is drawn.
    pub(crate) fn detail(self, before: Detail) -> Detail {
        // What is shown changes a little later on the way back, so that it does not flicker.
        let level = |zoom: f32| match zoom {
            all if all >= 0.80 => Detail::All,
            some if some >= 0.50 => Detail::Some,
            little if little >= 0.35 => Detail::Little,
            _ => Detail::Block,
        };
        let (down, up) = (level(self.zoom * 1.03), level(self.zoom * 0.97));
        if down == up || before < up || before > down { level(self.zoom) } else { before }
    }
}

/// How much of a node is drawn, from nothing but a block to all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Detail {
    Block,
    Little,
    Some,
    #[default]
    All,
}

/// The box of a node on the canvas.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shape {
    pub(crate) rect: Rect,
}

/// How long the texts of a node are, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Texts {
    pub(crate) title: usize,
    pub(crate) operator: usize,
    pub(crate) glance: usize,
}

/// Where a port is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Slot {
    /// at the left edge
    Input(usize),
    /// at the right edge
    Output(usize),
    /// at the bottom edge, from the right
    Side(usize),
}

impl Shape {
    /// A node as wide as its texts need, counted in characters, as high as its ports need.
    pub(crate) fn new(at: Pos2, texts: Texts, ports: usize, is_end: bool, is_live: bool) -> Shape {
        // Inter's letters are 7.4 wide at 13, JetBrains Mono's 6.6 at 11, and the operator's 7.9, seen at 80 %.
        let wide = |start: f32, letters: usize, each: f32| start + letters as f32 * each;
        let glance = wide(28.0, texts.glance, 6.6).min(GLANCE);
        let needed = wide(78.0, texts.title, 7.4).max(wide(56.0, texts.operator, 7.9)).max(glance);
        let least = if is_end { 140.0 } else { 136.0 };
        let width = (needed / 4.0).ceil() * 4.0;
        let rows = ports.saturating_sub(2) as f32 * PORT_STEP;
        let height = BODY + rows + if is_live { FOOT } else { 0.0 };
        Shape { rect: Rect::from_min_size(at, vec2(width.clamp(least, WIDEST), height)) }
    }

    /// The centre of a port.
    pub(crate) fn port(&self, slot: Slot) -> Pos2 {
        let row = |number: usize| self.rect.top() + PORT_TOP + PORT_STEP * number as f32;
        match slot {
            Slot::Input(number) => pos2(self.rect.left(), row(number)),
            Slot::Output(number) => pos2(self.rect.right(), row(number)),
            Slot::Side(number) => pos2(self.rect.right() - 24.0 - 46.0 * number as f32, self.rect.bottom()),
        }
    }
}

/// The line of a wire: points of a cubic that leaves and enters level, or leaves a bottom edge downwards.
pub(crate) fn curve(from: Pos2, to: Pos2, leaves_down: bool, zoom: f32) -> [Pos2; 4] {
    let across = to - from;
    let reach = (across.x / 2.0 + 0.12 * across.y.abs()).abs().clamp(24.0 * zoom, 90.0 * zoom);
    let leave = if leaves_down { vec2(0.0, reach) } else { vec2(reach, 0.0) };
    [from, from + leave, to - vec2(reach, 0.0), to]
}

/// Points along a curve, closer where it is longer.
pub(crate) fn points(curve: &[Pos2; 4]) -> Vec<Pos2> {
    let [a, b, c, d] = *curve;
    if (a.y - d.y).abs() < 0.5 && (b.y - a.y).abs() < 0.5 && d.x > a.x {
        return vec![a, d];
    }
    let reach = a.distance(b) + b.distance(c) + c.distance(d);
    let steps = ((reach / 10.0) as usize).clamp(8, 32);
    let at = |step: usize| {
        let t = step as f32 / steps as f32;
        let s = 1.0 - t;
        let sum = a.to_vec2() * (s * s * s)
            + b.to_vec2() * (3.0 * s * s * t)
            + c.to_vec2() * (3.0 * s * t * t)
            + d.to_vec2() * (t * t * t);
        sum.to_pos2()
    };
    (0..=steps).map(at).collect()
}

/// The line of a wire that goes through some places on its way.
pub(crate) fn line(from: Pos2, to: Pos2, bends: &[Pos2], leaves_down: bool, zoom: f32) -> Vec<Pos2> {
    if bends.is_empty() {
        return points(&curve(from, to, leaves_down, zoom));
    }
    let stops: Vec<Pos2> = [from].iter().chain(bends).chain([&to]).copied().collect();
    let last = stops.len() - 1;
    // At a place on its way it goes as from the one before to the one behind.
    let way = |stop: usize| match stop {
        0 if leaves_down => vec2(0.0, 1.0),
        0 => vec2(1.0, 0.0),
        end if end == last => vec2(1.0, 0.0),
        inner => (stops[inner + 1] - stops[inner - 1]).normalized(),
    };
    let mut line = vec![from];
    for stop in 0..last {
        let (a, b) = (stops[stop], stops[stop + 1]);
        let reach = a.distance(b) * 0.35;
        line.extend(points(&[a, a + way(stop) * reach, b - way(stop + 1) * reach, b]).into_iter().skip(1));
    }
    line
}

/// Between which of the stops of a wire a place lies: the number of the bend that it would be.
pub(crate) fn bend_at(from: Pos2, to: Pos2, bends: &[Pos2], at: Pos2) -> usize {
    let stops: Vec<Pos2> = [from].iter().chain(bends).chain([&to]).copied().collect();
    let distances = stops.windows(2).map(|pair| distance(pair, at)).enumerate();
    distances.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(number, _)| number)
}

/// How long a line is.
pub(crate) fn length(line: &[Pos2]) -> f32 {
    line.windows(2).map(|pair| pair[0].distance(pair[1])).sum()
}

/// The place so far along a line, and which way it goes there.
pub(crate) fn along(line: &[Pos2], distance: f32) -> (Pos2, Vec2) {
    let mut left = distance.max(0.0);
    for pair in line.windows(2) {
        let step = pair[0].distance(pair[1]);
        if step > 0.0 && left <= step {
            let way = (pair[1] - pair[0]) / step;
            return (pair[0] + way * left, way);
        }
        left -= step;
    }
    let last = line.last().copied().unwrap_or_default();
    let before = line.iter().rev().nth(1).copied().unwrap_or(last);
    (last, (last - before).normalized())
}

/// The part of a line between two distances.
pub(crate) fn part(line: &[Pos2], from: f32, to: f32) -> Vec<Pos2> {
    let mut kept = vec![along(line, from).0];
    let mut passed = 0.0;
    for pair in line.windows(2) {
        passed += pair[0].distance(pair[1]);
        if passed > from && passed < to {
            kept.push(pair[1]);
        }
    }
    kept.push(along(line, to).0);
    kept
}

/// How far a place is from a line.
pub(crate) fn distance(line: &[Pos2], at: Pos2) -> f32 {
    let to_pair = |pair: &[Pos2]| {
        let (start, way) = (pair[0], pair[1] - pair[0]);
        let share = if way == Vec2::ZERO { 0.0 } else { ((at - start).dot(way) / way.length_sq()).clamp(0.0, 1.0) };
        at.distance(start + way * share)
    };
    line.windows(2).map(to_pair).fold(f32::INFINITY, f32::min)
}

/// The nearest place on the grid.
pub(crate) fn snapped(at: Pos2) -> Pos2 {
    pos2((at.x / GRID).round() * GRID, (at.y / GRID).round() * GRID)
}

/// The box around boxes; none around none.
pub(crate) fn bounds(rects: impl IntoIterator<Item = Rect>) -> Option<Rect> {
    rects.into_iter().reduce(|all, rect| all.union(rect))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn area() -> Rect {
        Rect::from_min_size(pos2(184.0, 44.0), vec2(944.0, 576.0))
    }

    proptest! {
        #[test]
        fn what_is_under_the_pointer_stays(x in 200f32..1000.0, y in 60f32..600.0, factors in proptest::collection::vec(0.5f32..2.0, 1..8)) {
            let pointer = pos2(x, y);
            let mut view = View::default();
            let below = view.to_canvas(area(), pointer);
            for factor in factors {
                view = view.zoomed_at(area(), pointer, factor);
            }
            prop_assert!(view.to_canvas(area(), pointer).distance(below) < 0.5 / view.zoom.min(1.0));
            prop_assert!((ZOOMS.0..=ZOOMS.1).contains(&view.zoom));
        }

        #[test]
        fn screen_and_canvas_are_inverse(x in -900f32..900.0, y in -900f32..900.0, zoom in 0.2f32..3.0) {
            let view = View { origin: vec2(13.0, -7.0), zoom };
            let there = view.to_screen(area(), pos2(x, y));
            prop_assert!(view.to_canvas(area(), there).distance(pos2(x, y)) < 0.01);
        }

        #[test]
        fn a_part_is_as_long_as_it_should_be(dx in 20f32..500.0, dy in -300f32..300.0, share in 0.0f32..1.0) {
            let line = points(&curve(pos2(0.0, 0.0), pos2(dx, dy), false, 1.0));
            let all = length(&line);
            let tail = length(&part(&line, all * (1.0 - share), all));
            prop_assert!((tail - all * share).abs() < 0.5, "{tail} of {all}");
        }

        #[test]
        fn what_fits_is_seen_whole(x in -900f32..900.0, y in -900f32..900.0, width in 10f32..4000.0, height in 10f32..3000.0) {
            let bounds = Rect::from_min_size(pos2(x, y), vec2(width, height));
            let view = View::fit(bounds, area().size(), (vec2(24.0, 24.0), vec2(24.0, 24.0)));
            let shown = view.rect(area(), bounds);
            prop_assert!(view.zoom <= ZOOMS.0 || area().expand(0.5).contains_rect(shown), "{shown:?}");
        }
    }

    #[test]
    fn a_bent_wire_goes_through_its_bends() {
        let (from, to) = (pos2(0.0, 0.0), pos2(300.0, 0.0));
        let bends = [pos2(100.0, 80.0), pos2(200.0, -60.0)];
        let bent = line(from, to, &bends, false, 1.0);
        assert!(bends.iter().chain([&from, &to]).all(|stop| distance(&bent, *stop) < 0.01), "{bent:?}");
        let number = |x: f32, y: f32| bend_at(from, to, &bends, pos2(x, y));
        assert_eq!((number(40.0, 30.0), number(150.0, 10.0), number(260.0, -30.0)), (0, 1, 2));
        assert_eq!(line(from, to, &[], false, 1.0).len(), 2);
    }

    #[test]
    fn ports_are_where_the_design_has_them() {
        let shape = Shape::new(pos2(40.0, 160.0), Texts { title: 6, operator: 6, glance: 10 }, 3, false, true);
        assert_eq!(shape.rect.height(), 110.0);
        assert_eq!(shape.port(Slot::Input(0)), pos2(40.0, 182.0));
        assert_eq!(shape.port(Slot::Output(2)), pos2(shape.rect.right(), 222.0));
        assert_eq!(shape.port(Slot::Side(0)), pos2(shape.rect.right() - 24.0, 270.0));
        assert_eq!(
            Shape::new(Pos2::ZERO, Texts { title: 60, ..Texts::default() }, 1, true, false).rect.size(),
            vec2(208.0, 64.0)
        );
    }

    #[test]
    fn details_change_late_on_the_way_back() {
        let at = |zoom: f32, before: Detail| View { zoom, ..View::default() }.detail(before);
        for (zoom, before, expected) in [
            (1.0, Detail::All, Detail::All),
            (0.79, Detail::All, Detail::All),
            (0.77, Detail::All, Detail::Some),
            (0.81, Detail::Some, Detail::Some),
            (0.83, Detail::Some, Detail::All),
            (0.2, Detail::All, Detail::Block),
            (2.0, Detail::Block, Detail::All),
        ] {
            assert_eq!(at(zoom, before), expected, "{zoom} after {before:?}");
        }
    }

    #[test]
    fn lines_are_hit_where_they_run() {
        let line = points(&curve(pos2(0.0, 0.0), pos2(200.0, 100.0), false, 1.0));
        assert!(distance(&line, along(&line, 70.0).0) < 0.1);
        assert!(distance(&line, pos2(0.0, 100.0)) > 30.0);
        assert_eq!(points(&curve(pos2(0.0, 5.0), pos2(200.0, 5.0), false, 1.0)).len(), 2);
    }
}
