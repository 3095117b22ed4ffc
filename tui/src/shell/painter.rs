//! Draws what has changed since the last frame, in one piece that the terminal shows at once; nothing where nothing has.

use std::io::{self, Write};

use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::crossterm::queue;
use ratatui::crossterm::terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate};
use ratatui::layout::Rect;

use crate::model::Model;
use crate::views;

/// Remembers what the terminal shows.
#[derive(Default)]
pub(super) struct Painter {
    shown: Option<Buffer>,
}

impl Painter {
    /// The next frame draws all cells.
    pub(super) fn forget(&mut self) {
        self.shown = None;
    }

    /// Draws a frame.
    pub(super) fn paint(&mut self, model: &Model, to: &mut impl Write) -> io::Result<()> {
        let area = Rect::new(0, 0, views::side(model.size.0), views::side(model.size.1));
        let mut next = Buffer::empty(area);
        views::draw(model, &mut next);
        let before = self.shown.take().filter(|shown| shown.area == area);
        let is_new = before.is_none();
        let before = before.unwrap_or_else(|| Buffer::empty(area));
        let changed = before.diff(&next);
        if is_new || !changed.is_empty() {
            // Collected first: a frame is one write.
            let mut bytes = Vec::new();
            queue!(bytes, BeginSynchronizedUpdate)?;
            if is_new {
                queue!(bytes, Clear(ClearType::All))?;
            }
            CrosstermBackend::new(&mut bytes).draw(changed.into_iter())?;
            queue!(bytes, EndSynchronizedUpdate)?;
            to.write_all(&bytes)?;
            to.flush()?;
        }
        self.shown = Some(next);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::View;
    use crate::model::Message;
    use crate::tests::fixture::{NOW, in_view, snapshot};
    use crate::update::update;

    /// Bytes of a second of frames, in which every figure changes, as the loop draws them.
    fn bytes_a_second(view: View, is_thrifty: bool) -> usize {
        const SECONDS: i64 = 30;
        let mut model = in_view(view, 80, 24);
        model.look.is_thrifty = is_thrifty;
        let mut painter = Painter::default();
        painter.paint(&model, &mut Vec::new()).unwrap();
        let mut bytes = Vec::new();
        let period = model.look.period(view == View::Graph).as_millis() as i64;
        for at in (0..SECONDS * 1_000).step_by(period as usize) {
            let mut news = snapshot();
            news.past = None;
            news.at_ms = NOW + at;
            let wave = 1.0 + 0.05 * ((at / period) as f64).sin();
            for node in &mut news.nodes {
                node.rates.records_in *= wave;
                node.rates.records_out *= wave;
                node.rates.drops *= wave;
            }
            for edge in &mut news.edges {
                edge.records *= wave;
                edge.fill = (edge.fill * wave).min(1.0);
            }
            for partition in &mut news.partitions {
                partition.lag = partition.lag.map(|lag| (lag as f64 * wave) as i64 + at / 10);
                partition.age_ms = partition.age_ms.map(|age| age + at);
                partition.written = partition.written.map(|rate| rate * wave);
                partition.trend = partition.trend.map(|trend| trend * wave);
            }
            for lane in news.tasks.iter_mut().flat_map(|task| &mut task.lanes) {
                lane.pressure.busy *= wave.min(1.0);
                lane.records_out *= wave;
            }
            update(&mut model, Message::News(Box::new(news)));
            update(&mut model, Message::Tick(NOW + at));
            painter.paint(&model, &mut bytes).unwrap();
        }
        bytes.len() / SECONDS as usize
    }

    #[test]
    fn a_busy_second_is_few_bytes() {
        for view in View::ALL {
            let (full, thrifty) = (bytes_a_second(view, false), bytes_a_second(view, true));
            assert!(full <= 7_000, "{view:?}: {full} bytes a second");
            assert!(thrifty <= 1_500, "{view:?}: {thrifty} bytes a second in low bandwidth");
        }
    }

    #[test]
    fn where_nothing_changes_nothing_is_sent() {
        let model = in_view(View::Graph, 80, 24);
        let mut painter = Painter::default();
        let mut bytes = Vec::new();
        painter.paint(&model, &mut bytes).unwrap();
        assert!(bytes.len() > 1_000);
        bytes.clear();
        painter.paint(&model, &mut bytes).unwrap();
        assert_eq!(bytes, b"");
        painter.forget();
        painter.paint(&model, &mut bytes).unwrap();
        assert!(bytes.len() > 1_000);
    }
}
