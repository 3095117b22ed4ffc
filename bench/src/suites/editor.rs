//! What the editor costs: a large pipeline that runs, drawn without a GPU; its start, its memory, its checks. Each figure is
//! a median of processes of their own.

use anyhow::Result;

use super::Settings;
use crate::child::{Work, run};
use crate::editor::{Costs, Drawn};
use crate::report::{Goal, Spread, figure, note, title};

/// All figures of the editor.
pub(crate) fn editor(settings: &Settings) -> Result<()> {
    title("The editor: 500 nodes, 600 edges, all with figures of a run; interface and triangles, no rasterising");
    let all = (0..settings.pairs).map(|_| run::<Costs>(&Work::Editor)).collect::<Result<Vec<_>>>()?;
    let Some(first) = all.first() else { return Ok(()) };
    let of = |of: fn(&Costs) -> f64| Spread::of(all.iter().map(of));
    let drawn = |Drawn { nodes, wires, vertices }: Drawn| {
        note(&format!("  {nodes} nodes, {wires} wires, {vertices} vertices"));
    };
    figure("CPU of a frame that shows all of it", of(|costs| costs.all_ms), "ms", Goal::AtMost(8.0));
    drawn(first.all);
    figure("CPU of a frame that shows few of them", of(|costs| costs.few_ms), "ms", Goal::AtMost(8.0));
    drawn(first.few);
    figure("live, 10 snapshots a second", of(|costs| costs.live_percent), "% of a core", Goal::AtMost(15.0));
    figure("  frames", of(|costs| costs.live_frames), "a second", Goal::None);
    figure("an edit, until it is checked", of(|costs| costs.checked_ms), "ms", Goal::AtMost(50.0));
    title("The editor: the trades, nothing runs");
    figure("from nothing to a frame that can be used", of(|costs| costs.start_ms), "ms", Goal::AtMost(1000.0));
    figure("frames while nothing happens", of(|costs| costs.idle_frames), "a second", Goal::AtMost(0.0));
    figure("memory", of(|costs| costs.resident_mb), "MB", Goal::AtMost(200.0));
    figure("  with the large pipeline", of(|costs| costs.large_mb), "MB", Goal::AtMost(200.0));
    Ok(())
}
