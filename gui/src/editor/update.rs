//! What is done of what was asked for: edits, selections, commands.

use std::path::PathBuf;

use egui::{Context, OutputCommand, vec2};
use tidegate_core::faces::building::{self, AddTo};
use tidegate_core::faces::document;
use tidegate_core::faces::host::Control;
use tidegate_core::faces::subject::Subject;
use tidegate_core::faces::watcher::Ask;
use tidegate_core::pipeline::edit::{Edit, EditError};
use tidegate_core::pipeline::to_canonical;
use tidegate_core::snapshot::RunState;

use super::Editor;
use crate::acts::{Act, Chosen};
use crate::canvas::geometry::{View, snapped};
use crate::commands::Command;
use crate::desk::{Export, Wanted};
use crate::panels::bottom;
use crate::panels::changes::ChangesSeen;
use crate::panels::finder::{Finder, What};
use crate::panels::inspector::Tab;
use crate::panels::toasts::Toast;
use crate::scene::Card;

impl Editor {
    /// Does what a frame asked for.
    pub(crate) fn act(&mut self, context: &Context, act: Act) {
        match act {
            Act::Edit(edit) => {
                self.edit(&edit);
            }
            Act::Rename { id, to } => {
                self.rename_node(id, to);
            }
            Act::RenamePart { part, to } => self.rename_part(&part, to),
            Act::Choose(chosen) => self.choose(chosen),
            Act::Do(command) => self.command(context, command),
            Act::Desk(wanted) => self.wanted.push(wanted),
            Act::SaveAs(path) => self.write(path),
            Act::Changes(changes) => self.seen.changes = Some(changes),
            Act::Add(operator, to, at) => self.add(operator, &to, at),
            Act::QuickAdd(to, at) => {
                if self.rights.may_build {
                    self.seen.finder = Some(Finder::new(What::Operator(to, Some(snapped(at)))));
                }
            }
            Act::AddNote(at) => self.add_note(at),
            Act::List(what) => self.seen.finder = Some(Finder::new(what)),
            Act::Tab(tab) => self.seen.bottom.show(tab),
            Act::AskTopics(cluster) => {
                if self.topics.is_due(&cluster, chrono::Utc::now().timestamp_millis()) {
                    self.ask(Ask::Topics(Box::new(self.drawing.pipeline.clone()), cluster));
                }
            }
            Act::Settings => {
                self.seen.inspector.tab = Tab::Settings;
                self.seen.inspector.wants_focus = true;
            }
            Act::Field(field) => self.seen.inspector.wants_field = field,
            Act::Show(chosen) => {
                self.choose(chosen);
                self.bring_into_view();
            }
            Act::Give(name, value) => self.drawing.give(&name, value),
            Act::Canvas => self.seen.canvas.wants_focus = true,
            Act::Say(words) => self.say(words),
        }
    }

    fn write(&mut self, path: PathBuf) {
        self.sheet.is_saving = true;
        self.ask(Ask::Save(Box::new(self.drawing.pipeline.clone()), path));
    }

    pub(crate) fn say(&mut self, words: impl Into<String>) {
        self.seen.toast = Some(Toast::new(words, false));
    }

    pub(crate) fn choose(&mut self, chosen: Chosen) {
        self.seen.chosen = chosen.kept(&self.drawing);
        self.seen.is_alone &= self.seen.chosen.part.is_none();
    }

    /// Lets go of what is not there any more.
    pub(crate) fn keep_chosen(&mut self) {
        self.seen.chosen = std::mem::take(&mut self.seen.chosen).kept(&self.drawing);
        let held_on = self.seen.bottom.held_on.take().map(|chosen| chosen.kept(&self.drawing));
        self.seen.bottom.held_on = held_on.filter(|chosen| *chosen != Chosen::default());
    }

    /// Changes the drawing by a step, or says why not.
    pub(crate) fn edit(&mut self, edit: &Edit) -> bool {
        let done = self.rights.may_build.then(|| self.drawing.apply(edit));
        self.has_done(done)
    }

    /// Shows what a step has changed, or says why it has not.
    fn has_done(&mut self, done: Option<Result<(), EditError>>) -> bool {
        let Some(done) = done else {
            self.say("What runs elsewhere is looked at here, and not changed.");
            return false;
        };
        self.is_changed();
        match done {
            Ok(()) => {
                self.keep_chosen();
                true
            }
            Err(why) => {
                self.say(format!("Not done: {why}."));
                false
            }
        }
    }

    /// Moves the view so that what is selected is seen.
    pub(super) fn bring_into_view(&mut self) {
        let canvas = &mut self.seen.canvas;
        let chosen = &self.seen.chosen;
        let of_edge = chosen.edge.as_ref().and_then(|edge| self.scene.wires.iter().find(|wire| wire.id == *edge));
        let rect = match of_edge {
            Some(wire) => Some(self.scene.nodes[wire.from.0].shape.rect.union(self.scene.nodes[wire.to.0].shape.rect)),
            None => {
                let is_shown = |card: &&Card| card.ids().iter().any(|id| chosen.nodes.contains(id));
                let selected = self.scene.nodes.iter().filter(is_shown);
                selected.map(|card| card.shape.rect).reduce(|all, rect| all.union(rect))
            }
        };
        let Some(rect) = rect else { return };
        let (shown, free) = (canvas.view.rect(canvas.area, rect), canvas.area.shrink(24.0));
        if !free.intersects(shown) {
            canvas.view.origin = canvas.area.size() / 2.0 - rect.center().to_vec2() * canvas.view.zoom;
            return;
        }
        // No further than it must, so that nobody loses sight of the rest.
        let shift = |from: f32, to: f32, low: f32, high: f32| (low - from).max(0.0) - (to - high).max(0.0);
        let across = shift(shown.left(), shown.right(), free.left(), free.right());
        canvas.view.origin += vec2(across, shift(shown.top(), shown.bottom(), free.top(), free.bottom()));
    }

    /// Does a command.
    pub(crate) fn command(&mut self, context: &Context, command: Command) {
        if command != Command::Complete {
            self.take_typed(context);
        }
        match command {
            // Nothing is drawn yet that anything could be done to.
            command if self.sheet.is_start && !command.works_at_start() => {}
            Command::Run | Command::Pause | Command::Stop => self.control(command),
            Command::Undo | Command::Redo => self.turn(command),
            Command::Save => self.save(false),
            Command::SaveOver => self.save(true),
            Command::SaveAs => self.name_file(What::SaveAs),
            Command::Reload => self.reload(),
            Command::KeepMine => self.keep_mine(),
            Command::Changes => self.seen.changes = Some(ChangesSeen::since_saved()),
            Command::ExportPicture => {
                self.name_file(What::Export(Export::Picture { is_dark: self.theme.is_dark }));
            }
            Command::ExportDark => self.name_file(What::Export(Export::Picture { is_dark: true })),
            Command::ExportLight => self.name_file(What::Export(Export::Picture { is_dark: false })),
            Command::ExportWhole => self.name_file(What::Export(Export::Whole)),
            Command::ExportSelection if self.seen.chosen.nodes.is_empty() => {
                self.say("Select the nodes that are to be exported.");
            }
            Command::ExportSelection => self.name_file(What::Export(Export::Selection)),
            Command::CopyWhole => {
                let text = to_canonical(&self.drawing.pipeline);
                context.output_mut(|output| output.commands.push(OutputCommand::CopyText(text)));
                self.say("The whole pipeline is copied, as its file would be.");
            }
            Command::Delete => self.delete(),
            Command::SelectAll => {
                self.choose(Chosen::nodes(self.drawing.pipeline.nodes.iter().map(|node| node.id.as_str())));
            }
            Command::Copy | Command::Cut => self.copy(context, command == Command::Cut),
            Command::Paste => context.send_viewport_cmd(egui::ViewportCommand::RequestPaste),
            Command::Duplicate => self.duplicate(),
            Command::QuickAdd | Command::Connect | Command::Find | Command::Keys | Command::Open => self.list(command),
            Command::Travel => self.travel(),
            Command::Fit | Command::ZoomIn | Command::ZoomOut | Command::ActualSize => self.zoom(command),
            Command::Layout => self.lay_out(),
            Command::Pipeline => {
                self.choose(Chosen::part(Subject::Settings));
            }
            Command::NextProblem => self.next_problem(),
            Command::New
            | Command::CloseTab
            | Command::NextTab
            | Command::PreviousTab
            | Command::Restore
            | Command::Theme
            | Command::Minimap
            | Command::Snap
            | Command::Dashes
            | Command::Still
            | Command::Contrast
            | Command::Quit => self.wanted.push(Wanted::Do(command)),
            Command::Complete => self.seen.inspector.wants_list = true,
            Command::CanvasAlone => self.seen.is_alone = !self.seen.is_alone,
            Command::NextRegion | Command::PreviousRegion => self.go_round(context, command),
            picture => self.arrange(picture),
        }
    }

    /// What is being typed into a field counts, as if it had been left: it is saved, it runs. What is no value stays there.
    pub(crate) fn take_typed(&mut self, context: &Context) {
        if let Some(act) = self.seen.inspector.take_typing() {
            self.act(context, act);
        }
        let draft = self.seen.inspector.draft.as_ref();
        let is_taken = match draft.and_then(|draft| draft.edit.clone()) {
            Some(Edit::RenameNode { id, to }) => self.rename_node(id, to),
            Some(edit) => self.edit(&edit),
            None => false,
        };
        if is_taken || !self.rights.may_build {
            self.seen.inspector.draft = None;
        }
    }

    fn rename_part(&mut self, part: &Subject, to: String) {
        let drawing = &mut self.drawing;
        let (done, renamed) = match part {
            _ if !self.rights.may_build => {
                self.has_done(None);
                return;
            }
            Subject::Parameter(name) => (drawing.rename_parameter(name, &to), Subject::Parameter(to)),
            Subject::Cluster(name) => {
                let edit = document::with_cluster_renamed(drawing, name, &to);
                (drawing.apply(&edit), Subject::Cluster(to))
            }
            // All else has no name of its own.
            _ => return,
        };
        if self.has_done(Some(done)) {
            self.choose(Chosen::part(renamed));
        }
    }

    fn rename_node(&mut self, id: String, to: String) -> bool {
        let is_done = self.edit(&Edit::RenameNode { id, to: to.clone() });
        if is_done {
            self.choose(Chosen::node(to));
        }
        is_done
    }

    fn control(&mut self, command: Command) {
        if !self.rights.may_control {
            return;
        }
        let is_paused = self.run.now.run.state == RunState::Paused;
        match command {
            Command::Run if self.run.is_running() && !self.runs_otherwise() => {}
            Command::Run => self.start(),
            Command::Pause if is_paused => self.ask(Ask::Control(Control::Resume)),
            Command::Pause => self.ask(Ask::Control(Control::Pause)),
            _ if self.rights.owns_run => self.ask(Ask::Control(Control::Stop)),
            _ => self.wanted.push(Wanted::Stop(self.sheet.number)),
        }
    }

    fn start(&mut self) {
        if self.drawing.errors().next().is_some() {
            self.seen.bottom.show(bottom::Tab::Problems);
            self.say("It cannot run before its problems are solved.");
        } else if self.drawing.pipeline.nodes.is_empty() {
            self.say("Nothing is drawn yet.");
        } else {
            self.ask(Ask::RunWith(Box::new(self.drawing.pipeline.clone()), self.drawing.values()));
        }
    }

    fn turn(&mut self, command: Command) {
        let (label, word) = match command {
            Command::Undo => (self.drawing.undo(), "Undone"),
            _ => (self.drawing.redo(), "Done again"),
        };
        self.is_changed();
        self.keep_chosen();
        self.seen.inspector.draft = None;
        if let Some(label) = label {
            self.say(format!("{word}: {label}."));
        }
    }

    fn save(&mut self, is_meant: bool) {
        if self.disk.is_other() && !is_meant {
            self.disk.has_changed = true;
            return self.say("Not saved: take what the file says, or keep yours, first.");
        }
        match self.drawing.path.clone() {
            Some(path) => self.write(path),
            None if self.rights.may_build => self.name_file(What::SaveAs),
            None => self.say("It has no file here."),
        }
    }

    /// Asks for the name of a new file, and proposes one.
    fn name_file(&mut self, what: What) {
        let stem = match (&self.drawing.path, &self.sheet.folder) {
            (Some(path), _) => path.with_extension(""),
            (None, Some(folder)) => folder.join(&self.drawing.pipeline.name),
            (None, None) => PathBuf::from(&self.drawing.pipeline.name),
        };
        let stem = stem.display().to_string();
        let mut finder = Finder::new(what);
        finder.search = finder.what.proposed(&stem);
        self.seen.finder = Some(finder);
    }

    /// Opens a list.
    fn list(&mut self, command: Command) {
        let chosen = &self.seen.chosen;
        let what = match command {
            Command::Find => Some(What::Everything),
            Command::Keys => Some(What::Keys),
            Command::Open => {
                self.ask(Ask::Find);
                Some(What::Document)
            }
            _ if !self.rights.may_build => None,
            Command::QuickAdd => {
                let after = chosen.only_node().and_then(|id| building::main_output(&self.drawing, id));
                let to = match (&chosen.edge, after) {
                    (Some(edge), _) => AddTo::Wire(edge.clone()),
                    (None, Some(port)) => AddTo::After(port),
                    (None, None) => AddTo::Nothing,
                };
                Some(What::Operator(to, None))
            }
            _ => match chosen.only_node().map(|id| building::free_output(&self.drawing, id)) {
                Some(Some(port)) => Some(What::Target(port)),
                Some(None) => {
                    self.say("It has no output to connect.");
                    None
                }
                None => {
                    self.say("Select the node that is to be connected.");
                    None
                }
            },
        };
        if let Some(what) = what {
            self.seen.finder = Some(Finder::new(what));
        }
    }

    fn zoom(&mut self, command: Command) {
        let canvas = &mut self.seen.canvas;
        let middle = canvas.area.center();
        canvas.view = match command {
            Command::ZoomIn => canvas.view.zoomed_at(canvas.area, middle, 1.25),
            Command::ZoomOut => canvas.view.zoomed_at(canvas.area, middle, 0.8),
            Command::ActualSize => canvas.view.zoomed_at(canvas.area, middle, 1.0 / canvas.view.zoom),
            _ => {
                canvas.wants_fit = true;
                View { ..canvas.view }
            }
        };
    }

    fn next_problem(&mut self) {
        let problems = bottom::sorted(&self.drawing.checked.problems);
        let all: Vec<Chosen> =
            problems.into_iter().filter_map(|problem| bottom::chosen_of(&self.drawing.pipeline, problem)).collect();
        let here = all.iter().position(|chosen| *chosen == self.seen.chosen);
        let next = here.map_or(0, |here| (here + 1) % all.len());
        if let Some(chosen) = all.into_iter().nth(next) {
            self.choose(chosen);
            self.bring_into_view();
        }
    }
}
