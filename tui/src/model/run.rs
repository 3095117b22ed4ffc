//! A run as the terminal shows it: words, glyphs and tones of verdicts and loads.

use tidegate_core::snapshot::{RunState, Verdict};

pub(crate) use tidegate_core::faces::watched::{Link, Watched, load, worst, written};

use crate::theme::Tone;

/// The worst verdict of all partitions, or what the run is doing, in capitals.
pub(crate) fn verdict(run: &Watched) -> (Tone, String) {
    match (&run.link, run.now.run.state) {
        (Link::Nothing, _) => return (Tone::Dim, "NOT RUNNING".into()),
        (Link::Starting, _) => return (Tone::Dim, "STARTING".into()),
        (Link::Silent { .. }, _) => return (Tone::Bad, "NO ANSWER".into()),
        (Link::Over { .. }, _) if !run.has_figures() => return (Tone::Bad, "NOT STARTED".into()),
        (Link::Over { .. }, _) | (_, RunState::Over) => {
            let tone = if run.fault().is_some() { Tone::Bad } else { Tone::Bold };
            return (tone, "ENDED".into());
        }
        (_, RunState::Stopping) => return (Tone::Warn, "STOPPING".into()),
        (_, RunState::Paused) => return (Tone::Warn, "PAUSED".into()),
        (Link::Live, RunState::Running) => {}
    }
    match run.now.partitions.iter().map(|partition| partition.verdict).max() {
        Some(verdict) => (verdict_tone(verdict), verdict.word().to_uppercase()),
        None => (Tone::Text, "RUNNING".into()),
    }
}

/// The tone of a load.
pub(crate) fn load_tone(word: &str) -> Tone {
    match word {
        "b-p" => Tone::Warn,
        "idle" => Tone::Dim,
        _ => Tone::Text,
    }
}

pub(crate) fn verdict_glyph(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "=",
        Verdict::Draining => "▼",
        Verdict::Unknown => "?",
        Verdict::Growing => "▲",
        Verdict::Rewound => "«",
        Verdict::Stalled => "!",
        Verdict::Stopped => "×",
    }
}

pub(crate) fn verdict_tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Ok => Tone::Text,
        Verdict::Draining => Tone::Draining,
        Verdict::Unknown => Tone::Dim,
        Verdict::Growing => Tone::Warn,
        Verdict::Rewound => Tone::Rewound,
        Verdict::Stalled | Verdict::Stopped => Tone::Bad,
    }
}
