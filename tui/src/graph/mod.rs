//! A graph of boxes and orthogonal wires on a grid of cells: where everything stands, how wires run, what it looks like.
//! It knows no pipeline and no run: a [`Scene`] says what stands in boxes and beside wires.

mod draw;
mod layers;
mod layout;
mod routes;
#[cfg(test)]
mod tests;

use crate::pen;
use crate::theme::Tone;

pub(crate) use draw::draw;
pub(crate) use layout::{Layout, Spot, layout};

/// What is drawn.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scene {
    /// the boxes
    pub(crate) cards: Vec<Card>,
    /// the wires between them
    pub(crate) wires: Vec<Wire>,
    /// how much room it takes
    pub(crate) detail: Detail,
}

/// How much a box says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Detail {
    /// a line for each node, no boxes
    Outline,
    /// its name, its load, its rate
    Small,
    /// its operator and its figures
    #[default]
    Normal,
    /// its configuration and quantiles too
    Large,
}

/// A box.
#[derive(Debug, Clone, Default)]
pub(crate) struct Card {
    /// in its upper border
    pub(crate) title: String,
    /// `+` or `~` in front of the title: not in the run, or changed since; `*` where it is marked
    pub(crate) mark: Option<char>,
    /// the lines in it; ports have the first and the last ones
    pub(crate) lines: Vec<Line>,
    /// names of the input ports that have wires, at least one of each side's where there are any
    pub(crate) inputs: Vec<String>,
    /// names of the output ports that have wires
    pub(crate) outputs: Vec<String>,
    /// heavy borders
    pub(crate) is_bottleneck: bool,
    /// it is gone from the drawing, and still in the run
    pub(crate) is_leaving: bool,
    /// it is selected
    pub(crate) is_chosen: bool,
    /// what orders boxes of one layer: its height on the canvas
    pub(crate) rank: i32,
}

/// A line in a box.
#[derive(Debug, Clone)]
pub(crate) enum Line {
    /// a text; blank ones leave room for names of ports
    Text(Tone, String),
    /// shares of time, as long as the box is wide: busy, and back-pressured
    Bar(f64, f64),
}

/// A wire.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wire {
    /// number of its box, and of its output among those with wires
    pub(crate) from: (usize, usize),
    /// number of its box, and of its input among those with wires
    pub(crate) to: (usize, usize),
    /// above it
    pub(crate) rate: String,
    /// below it: how full it is, `fused`, a lag
    pub(crate) below: (Tone, String),
    /// how full it is, from 0 to 1
    pub(crate) fill: f64,
    /// it goes through a topic
    pub(crate) is_topic: bool,
    /// it is selected
    pub(crate) is_chosen: bool,
}

impl Line {
    /// Cells that it needs.
    fn width(&self) -> usize {
        match self {
            Line::Text(_, text) => pen::width(text),
            Line::Bar(..) => 0,
        }
    }

    fn is_blank(&self) -> bool {
        matches!(self, Line::Text(_, text) if text.is_empty())
    }
}

impl Card {
    /// Rows of text in it: its lines, and one more for each further port.
    fn rows(&self) -> usize {
        self.lines.len().max(1)
    }

    /// The row of an input below the upper border's, counted from the box's top.
    fn input_row(&self, port: usize) -> usize {
        port_row(port, self.inputs.len(), self.rows())
    }

    /// The row of an output.
    fn output_row(&self, port: usize) -> usize {
        port_row(port, self.outputs.len(), self.rows())
    }

    /// Upper border, rows, lower border.
    fn height(&self) -> usize {
        self.rows().max(self.inputs.len()).max(self.outputs.len()) + 2
    }
}

/// The first port is at the first row, the others at the last ones.
fn port_row(port: usize, ports: usize, rows: usize) -> usize {
    if port == 0 { 1 } else { (rows.max(ports) + 1 + port).saturating_sub(ports).max(1 + port) }
}

impl Detail {
    /// Cells between two layers, where no more are needed for wires.
    fn gap(self) -> usize {
        match self {
            Detail::Outline | Detail::Small => 4,
            Detail::Normal => 7,
            Detail::Large => 9,
        }
    }

    /// Cells of the narrowest box, so that figures that come and go move nothing.
    fn narrowest(self) -> usize {
        match self {
            Detail::Outline | Detail::Small => 12,
            Detail::Normal => 14,
            Detail::Large => 16,
        }
    }

    /// The first cell of a gap in which a wire may turn.
    fn first_track(self) -> usize {
        if self <= Detail::Small { 0 } else { 2 }
    }

    /// The next one with more on it.
    pub(crate) fn more(self) -> Detail {
        match self {
            Detail::Outline => Detail::Small,
            Detail::Small => Detail::Normal,
            Detail::Normal | Detail::Large => Detail::Large,
        }
    }

    /// The next one with less on it.
    pub(crate) fn less(self) -> Detail {
        match self {
            Detail::Large => Detail::Normal,
            Detail::Normal => Detail::Small,
            Detail::Small | Detail::Outline => Detail::Outline,
        }
    }
}
