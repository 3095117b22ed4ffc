//! What a person is asked before something is lost that cannot be brought back. The safe answer has the keyboard, and Esc
//! gives it; everything else acts at once, and can be undone.

use egui::{
    Frame, Id, Key, Label, Margin, Modal, Modifiers, Response, RichText, Role, ScrollArea, Shadow, Stroke, Ui,
    WidgetInfo, vec2,
};
use tidegate_core::faces::numbers;

use crate::desk::{LeftOver, Tab};
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
    /// the same for one of several, by its number
    SaveOne(usize),
    DiscardOne(usize),
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
    ask(ui, theme, Question { title: &title, sentence, answers: &answers }, |_| Listed::default())
}

/// A run elsewhere is to stop: others may count on it, and nobody here can start it again.
pub(crate) fn stop(ui: &Ui, theme: &Theme, name: &str) -> Option<Answer> {
    let answers =
        [(Answer::Discard, "Stop the run", ButtonLook::Filled), (Answer::Cancel, "Let it run", ButtonLook::Plain)];
    let title = format!("Stop {name}?");
    let sentence = "It runs elsewhere: whoever uses it loses it, and it can only be started again there.";
    ask(ui, theme, Question { title: &title, sentence, answers: &answers }, |_| Listed::default())
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
        Listed::default()
    })
}

/// A session before has left what was not saved.
pub(crate) fn left(ui: &Ui, theme: &Theme, left: &[LeftOver]) -> Option<Answer> {
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
    let of = if left.len() == 1 { ["Discard", "Restore"] } else { ["Discard all", "Restore all"] };
    let answers = [
        (Answer::Discard, of[0], ButtonLook::Plain),
        (Answer::Cancel, "Decide later", ButtonLook::Plain),
        (Answer::Save, of[1], ButtonLook::Filled),
    ];
    let now_ms = chrono::Utc::now().timestamp_millis();
    ask(ui, theme, Question { title: &title, sentence, answers: &answers }, |ui| {
        let mut listed = Listed::default();
        ScrollArea::vertical().max_height(240.0).show(ui, |ui| {
            for (number, one) in left.iter().enumerate() {
                ui.add_space(4.0);
                ui.horizontal(|ui| {
                    let at = ui.cursor().min;
                    let buttons = if left.len() > 1 { BUTTONS } else { 0.0 };
                    let room = ui.available_width() - buttons;
                    ui.allocate_ui(vec2(room, LINES), |ui| kept(ui, theme, one, now_ms));
                    if left.len() > 1 {
                        ui.add_space((at.x + room - ui.cursor().left()).max(0.0));
                        listed.take(one_of(ui, theme, one, "Restore", Answer::SaveOne(number)));
                        listed.take(one_of(ui, theme, one, "Discard", Answer::DiscardOne(number)));
                    }
                });
            }
        });
        listed
    })
}

/// Width of the buttons of one of several, and height of what is said of it.
const BUTTONS: f32 = 152.0;
const LINES: f32 = 52.0;

/// What was kept: its name, how long ago and where, what is drawn there.
fn kept(ui: &mut Ui, theme: &Theme, LeftOver { left, changed }: &LeftOver, now_ms: i64) {
    let draft = &left.draft;
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        ui.label(RichText::new(&draft.name).font(fonts::strong(12.5)).color(theme.text));
        let file = draft.path.as_ref().map_or_else(|| "no file yet".to_string(), |path| path.display().to_string());
        let words = format!("{} ago · {file}", numbers::since(now_ms - draft.at_ms));
        let label = Label::new(RichText::new(words).font(fonts::mono(11.0)).color(theme.text2)).truncate();
        ui.add(label).on_hover_text(format!("{}\n{file}", moment(draft.at_ms)));
        let label = Label::new(RichText::new(changed).font(fonts::text(12.0)).color(theme.text2)).truncate();
        ui.add(label).on_hover_text(changed);
    });
}

/// A button of one of several.
fn one_of(ui: &mut Ui, theme: &Theme, of: &LeftOver, words: &str, answer: Answer) -> (Response, Answer) {
    let response = widgets::button(ui, theme, ButtonLook::Quiet, None, words, "");
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("{words} {}", of.left.draft.name)));
    (response, answer)
}

/// What came of a list within a question: an answer, and whether something of it has the keyboard.
#[derive(Default)]
struct Listed {
    answered: Option<Answer>,
    has_focus: bool,
}

impl Listed {
    fn take(&mut self, (response, answer): (Response, Answer)) {
        self.has_focus |= response.has_focus();
        self.answered = self.answered.or(response.clicked().then_some(answer));
    }
}

/// When something was kept, by the clock of this place.
fn moment(at_ms: i64) -> String {
    let local = chrono::DateTime::from_timestamp_millis(at_ms).map(|at| at.with_timezone(&chrono::Local));
    local.map_or_else(String::new, |at| at.format("%Y-%m-%d %H:%M:%S").to_string())
}

fn ask(ui: &Ui, theme: &Theme, question: Question<'_>, list: impl FnOnce(&mut Ui) -> Listed) -> Option<Answer> {
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
        let Listed { mut answered, mut has_focus } = list(ui);
        ui.add_space(8.0);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            // From the right: the last is the safe one.
            let mut safe = None;
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
