//! Why nothing has come out of a window, for people: sentences, wrapped, each with what helps.

use tidegate_core::explain::{Explanation, Reason};

use super::style::{Paint, wrap};

/// An explanation as lines of at most so many columns.
pub(crate) fn lines(explanation: &Explanation, paint: Paint, columns: usize) -> Vec<String> {
    let Explanation { node, is_silent, lanes, reasons } = explanation;
    let head = match is_silent {
        true => format!("{}: nothing has come out", paint.bold(node)),
        false => format!("{}: not silent", paint.bold(node)),
    };
    let reasons = reasons.iter().flat_map(|reason| of_reason(reason, *lanes, paint, columns));
    [head].into_iter().chain(reasons).collect()
}

fn of_reason(reason: &Reason, lanes: usize, paint: Paint, columns: usize) -> Vec<String> {
    // Where there is only one, it goes without saying.
    let lane = reason.lane.filter(|_| lanes > 1).map(|lane| format!("lane {lane}: ")).unwrap_or_default();
    let mut lines = indented(&format!("{lane}{}", reason.message), columns);
    if let Some(remedy) = &reason.remedy {
        let mut remedy = indented(&format!("remedy: {remedy}"), columns);
        if let Some(first) = remedy.first_mut() {
            *first = first.replacen("remedy", &paint.cyan("remedy"), 1);
        }
        lines.append(&mut remedy);
    }
    lines
}

fn indented(text: &str, columns: usize) -> Vec<String> {
    let lines = wrap(text, columns.saturating_sub(4)).into_iter().enumerate();
    lines.map(|(number, line)| format!("{}{line}", if number == 0 { "  " } else { "    " })).collect()
}

#[cfg(test)]
mod tests {
    use tidegate_core::explain::Silence;

    use super::*;

    #[test]
    fn lanes_are_named_where_there_are_several() {
        let reason = |lane, remedy: Option<&str>| Reason {
            kind: Silence::Grace,
            lane: Some(lane),
            closes_at: Some(12),
            message: "the grace is not over".into(),
            remedy: remedy.map(str::to_string),
        };
        let of = |lanes| Explanation {
            node: "w".into(),
            is_silent: true,
            lanes,
            reasons: vec![reason(0, Some("wait, or send a record")), reason(1, None)],
        };
        let text = |lanes, columns| lines(&of(lanes), Paint::plain(), columns).join("\n");
        assert_eq!(
            text(2, 80),
            "w: nothing has come out\n  lane 0: the grace is not over\n  remedy: wait, or send a record\n  lane 1: the grace is \
             not over"
        );
        assert_eq!(
            text(1, 24),
            "w: nothing has come out\n  the grace is not\n    over\n  remedy: wait, or\n    send a record\n  the grace is not\n    over"
        );
    }
}
