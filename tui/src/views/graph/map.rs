//! The minimap: where on the whole drawing the screen is, where it does not fit.

use crate::graph::{Layout, Scene};
use crate::pen::Pen;
use crate::theme::Tone;

/// Columns and lines of the map, with its border.
const SIZE: (usize, usize) = (16, 6);

/// Draws the map into the lower right corner: nodes as dots, the selected one filled, the bottleneck marked; the part that
/// is on the screen is dashed.
pub(super) fn draw(scene: &Scene, laid_out: &Layout, (left, top): (usize, usize), pen: &mut Pen<'_>) {
    let (width, height) = (pen.width(), pen.height());
    if width < 3 * SIZE.0 || height < 2 * SIZE.1 - 1 {
        return;
    }
    let mut map = pen.part(width - SIZE.0, height - SIZE.1, SIZE.0, SIZE.1);
    map.clear();
    map.frame(Tone::Dim);
    let (columns, lines) = (SIZE.0 - 2, SIZE.1 - 2);
    let cell = |x: usize, y: usize| {
        (
            1 + (x * columns / laid_out.width.max(1)).min(columns - 1),
            1 + (y * lines / laid_out.height.max(1)).min(lines - 1),
        )
    };
    let (from, to) = (cell(left, top), cell(left + width, top + height));
    for y in from.1..=to.1 {
        for x in from.0..=to.0 {
            map.text(x, y, Tone::Dim, "┄");
        }
    }
    // The selected one last, so that it is seen where several share a cell.
    let mut cards: Vec<_> = scene.cards.iter().zip(&laid_out.cards).collect();
    cards.sort_by_key(|(card, _)| (card.is_chosen, card.is_bottleneck));
    for (card, spot) in cards {
        let (x, y) = cell(spot.x + spot.width / 2, spot.y + spot.height / 2);
        let (tone, dot) = match (card.is_chosen, card.is_bottleneck) {
            (true, _) => (Tone::Bold, "■"),
            (_, true) => (Tone::Bad, "!"),
            _ => (Tone::Text, "·"),
        };
        map.text(x, y, tone, dot);
    }
}
