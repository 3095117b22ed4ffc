//! What a person is asked before something is lost that cannot be brought back. The safe answer has the keyboard, and Esc
//! gives it; everything else acts at once, and can be undone.

use egui::{Frame, Id, Key, Margin, Modal, Modifiers, RichText, ScrollArea, Shadow, Stroke, Ui};
use tidegate_core::faces::drafts::Left;

use crate::desk::Tab;
use crate::editor::Editor;
use crate::fonts;
use crate::theme::Theme;
use crate::widgets::{self, ButtonLook};

/// What was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// save it; restore it
    Save,
    /// let it go
    Discard,
    /// as if nobody had asked
    Cancel,
}

/// A question: its title, what happens, and what can be answered, the safe answer last.
struct Question<'a> {
    title: &'a str,
    sentence: &'a str,
    answers: &'a [(Answer, &'a str, ButtonLook)],
}

const WIDTH: f32 = 440.0;

/// A document is being closed that is not saved.
pub(crate) fn close(ui: &Ui, theme: &Theme, editor: &Editor) -> Option<Answer> {
    let runs = editor.rights.owns_run && editor.run.is_running();
    let sentence = match runs {
        false => "What was drawn since is lost when it is closed without saving.",
        true => "What was drawn since is lost when it is closed without saving; its run stops.",
    };
    let answers = [
        (Answer::Save, "Save it", ButtonLook::Filled),
        (Answer::Discard, "Close without saving", ButtonLook::Plain),
        (Answer::Cancel, "Keep it open", ButtonLook::Plain),
    ];
    let title = format!("{} is not saved", editor.title());
    ask(ui, theme, Question { title: &title, sentence, answers: &answers }, |_| {})
}

/// The program is being ended, with documents that are not saved.
pub(crate) fn quit(ui: &Ui, theme: &Theme, tabs: &[Tab], can_save_all: bool) -> Option<Answer> {
    let unsaved: Vec<&Tab> = tabs.iter().filter(|tab| tab.is_unsaved).collect();
    let title = match unsaved.as_slice() {
        [one] => format!("{} is not saved", one.name),
        several => format!("{} documents are not saved", several.len()),
    };
    let sentence = match can_save_all {
        true => "What was drawn since is lost when Tidegate ends without saving.",
        false => "What was drawn since is lost when Tidegate ends. Some have no file yet: save those one by one.",
    };
    let all = [
        (Answer::Save, "Save all and quit", ButtonLook::Filled),
        (Answer::Discard, "Quit without saving", ButtonLook::Plain),
        (Answer::Cancel, "Do not quit", ButtonLook::Plain),
    ];
    let answers = if can_save_all { &all[..] } else { &all[1..] };
    ask(ui, theme, Question { title: &title, sentence, answers }, |ui| {
        for tab in unsaved.iter().take(8) {
            ui.label(RichText::new(&tab.name).font(fonts::mono(11.5)).color(theme.text2));
        }
    })
}

/// A session before has left what was not saved.
pub(crate) fn left(ui: &Ui, theme: &Theme, left: &[Left]) -> Option<Answer> {
    let (title, sentence) = match left.len() {
        1 => (
            "Tidegate ended before a drawing was saved".to_string(),
            "It was kept. Opened again it is not saved yet, so no file is changed.",
        ),
        count => (
            format!("Tidegate ended before {count} drawings were saved"),
            "They were kept. Opened again they are not saved yet, so no file is changed.",
        ),
    };
    let answers = [
        (Answer::Discard, "Discard", ButtonLook::Plain),
        (Answer::Cancel, "Decide later", ButtonLook::Plain),
        (Answer::Save, "Restore", ButtonLook::Filled),
    ];
    ask(ui, theme, Question { title: &title, sentence, answers: &answers }, |ui| {
        ScrollArea::vertical().max_height(160.0).show(ui, |ui| {
            for one in left {
                let place = one.draft.path.as_ref().map_or_else(String::new, |path| format!("  {}", path.display()));
                let words = format!("{}  {}{place}", moment(one.draft.at_ms), one.draft.name);
                ui.label(RichText::new(words).font(fonts::mono(11.5)).color(theme.text2));
            }
        });
    })
}

/// When something was kept, by the clock of this place.
fn moment(at_ms: i64) -> String {
    let local = chrono::DateTime::from_timestamp_millis(at_ms).map(|at| at.with_timezone(&chrono::Local));
    local.map_or_else(String::new, |at| at.format("%Y-%m-%d %H:%M:%S").to_string())
}

fn ask(ui: &Ui, theme: &Theme, question: Question<'_>, list: impl FnOnce(&mut Ui)) -> Option<Answer> {
    let shadow = Shadow { offset: [0, 12], blur: 32, spread: 0, color: theme.shadow };
    let frame = Frame::NONE.fill(theme.raised).stroke(Stroke::new(1.0, theme.line2)).corner_radius(12).shadow(shadow);
    let modal =
        Modal::new(Id::unique("dialog")).backdrop_color(theme.shadow).frame(frame.inner_margin(Margin::same(24)));
    let is_given_up = ui.ctx().input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
    let shown = modal.show(ui.ctx(), |ui| {
        ui.set_width(WIDTH - 48.0);
        ui.spacing_mut().item_spacing.y = 8.0;
        ui.label(RichText::new(question.title).font(fonts::strong(20.0)).color(theme.text));
        ui.label(RichText::new(question.sentence).font(fonts::text(13.0)).color(theme.text2));
        list(ui);
        ui.add_space(8.0);
        let mut answered = None;
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            // From the right: the last is the safe one.
            let mut safe = None;
            let mut has_focus = false;
            for (answer, words, look) in question.answers.iter().rev() {
                let response = widgets::button(ui, theme, *look, None, words, "");
                has_focus |= response.has_focus();
                if response.clicked() {
                    answered = Some(*answer);
                }
                safe.get_or_insert(response);
            }
            if let Some(safe) = safe.filter(|_| !has_focus) {
                safe.request_focus();
            }
        });
        answered
    });
    shown.inner.or(is_given_up.then_some(Answer::Cancel))
}
