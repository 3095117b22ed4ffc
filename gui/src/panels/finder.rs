//! A list that is searched by typing: commands and nodes, an operator to add, a port to connect to.

use std::path::{Path, PathBuf};

use egui::{
    Align2, Area, Frame, Id, Key, Margin, Modifiers, Order, Pos2, Rect, ScrollArea, Shadow, Stroke, Ui, pos2, vec2,
};
use tidegate_core::faces::building::{self, AddTo, Target};
use tidegate_core::faces::host::Opening;
use tidegate_core::operators::{Operator, Role};
use tidegate_core::pipeline::PortRef;
use tidegate_core::pipeline::edit::Edit;

use super::palette::found;
use crate::acts::{Act, Chosen, Cx};
use crate::commands::Command;
use crate::desk::{Export, Wanted};
use crate::icons::icon;
use crate::widgets;
use crate::{fonts, text};

/// A list that is open.
#[derive(Debug, Clone)]
pub(crate) struct Finder {
    pub(crate) what: What,
    pub(crate) search: String,
    pub(crate) chosen: usize,
    /// it was opened with this frame
    pub(crate) is_new: bool,
    /// ports that were found: by the drawing's revision and what was searched
    ports: Option<(u64, String, Vec<Target>)>,
}

/// What is searched.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum What {
    /// commands, nodes, operators, settings
    Everything,
    /// an operator, where it goes, and its place on the canvas
    Operator(AddTo, Option<Pos2>),
    /// a port that an output leads to
    Target(PortRef),
    /// files, and runs of this machine
    Document,
    /// the name of a new file
    SaveAs,
    /// the name of a file that holds this
    Export(Export),
    /// some commands
    Menu(&'static [Command]),
    /// what each key does
    Keys,
}

impl What {
    /// The name of a new file that nobody has yet, after that of the document.
    pub(crate) fn proposed(&self, stem: &str) -> String {
        let ending = match self {
            What::Export(export) => export.ending(),
            _ => ".json",
        };
        let numbered = |number: usize| format!("{stem}-{number}{ending}");
        let first = format!("{stem}{ending}");
        let taken = |name: &String| Path::new(name).exists();
        std::iter::once(first).chain((2..100).map(numbered)).find(|name| !taken(name)).unwrap_or_default()
    }
}

impl Finder {
    pub(crate) fn new(what: What) -> Finder {
        Finder { what, search: String::new(), chosen: 0, is_new: true, ports: None }
    }

    fn title(&self) -> String {
        match &self.what {
            What::Everything => "Find or run a command".into(),
            What::Operator(AddTo::After(port), _) => format!("Add an operator after {port}"),
            What::Operator(AddTo::Wire(_), _) => "Insert an operator on this wire".into(),
            What::Operator(AddTo::Swap(id), _) => format!("Another operator in the place of {id}"),
            What::Operator(AddTo::Nothing, _) => "Add an operator".into(),
            What::Target(port) => format!("Connect {port} to"),
            What::Document => "Open a file, or the address of a run".into(),
            What::SaveAs => "Save as".into(),
            What::Export(Export::Picture { .. }) => "Name of the picture".into(),
            What::Export(_) => "Name of the copy".into(),
            What::Menu(_) => Command::Menu.title().into(),
            What::Keys => Command::Keys.title().into(),
        }
    }
}

/// A line of the list.
struct Item {
    icon: &'static str,
    title: String,
    detail: String,
    /// what is asked for; none where it cannot be, and the detail says why
    act: Option<Act>,
}

/// The most lines.
const MOST: usize = 80;

/// Shows the list; it closes when something is chosen, or by Esc.
pub(crate) fn show(ui: &Ui, cx: &mut Cx<'_>, window: Rect, finder: &mut Option<Finder>) {
    let Some(open) = finder else { return };
    let items = items(cx, open);
    let last = items.len().saturating_sub(1);
    let (down, up, enter, escape) = ui.ctx().input_mut(|input| {
        let mut key = |key| input.consume_key(Modifiers::NONE, key);
        (key(Key::ArrowDown), key(Key::ArrowUp), key(Key::Enter), key(Key::Escape))
    });
    open.chosen = (open.chosen + usize::from(down)).saturating_sub(usize::from(up)).min(last);
    let theme = cx.theme;
    let size = vec2(520.0, 380.0).min(window.size() - vec2(40.0, 80.0));
    let at = pos2(window.center().x - size.x / 2.0, window.top() + 64.0);
    let mut done = escape;
    let mut pressed = enter.then_some(open.chosen);
    let area = Area::new(Id::unique("finder")).order(Order::Foreground).fixed_pos(at).show(ui.ctx(), |ui| {
        let shadow = Shadow { offset: [0, 12], blur: 32, spread: 0, color: theme.shadow };
        let frame =
            Frame::NONE.fill(theme.raised).stroke(Stroke::new(1.0, theme.line2)).corner_radius(12).shadow(shadow);
        frame.inner_margin(Margin::same(12)).show(ui, |ui| {
            ui.set_width(size.x - 24.0);
            let title = open.title();
            let field = widgets::field(ui, &title, &mut open.search, &title, fonts::text(13.0));
            if std::mem::take(&mut open.is_new) || !field.has_focus() {
                field.request_focus();
            }
            if field.changed() {
                open.chosen = 0;
            }
            ui.add_space(6.0);
            ScrollArea::vertical().max_height(size.y - 60.0).auto_shrink([false, true]).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                for (number, item) in items.iter().enumerate() {
                    if row(ui, cx, item, number == open.chosen, down || up) {
                        pressed = Some(number);
                    }
                }
                if items.is_empty() && open.what != What::SaveAs {
                    ui.label(egui::RichText::new("Nothing is called so.").color(theme.text2));
                }
            });
        });
    });
    let is_left = ui.input(|input| {
        input.pointer.any_pressed() && input.pointer.interact_pos().is_some_and(|at| !area.response.rect.contains(at))
    });
    if let Some(act) = pressed.and_then(|number| items.into_iter().nth(number)?.act) {
        cx.ask(act);
        done = true;
    }
    if done || is_left {
        *finder = None;
        cx.ask(Act::Canvas);
    }
}

fn row(ui: &mut Ui, cx: &Cx<'_>, item: &Item, is_chosen: bool, follows: bool) -> bool {
    let theme = cx.theme;
    let name = if item.act.is_some() { item.title.clone() } else { format!("{}: {}", item.title, item.detail) };
    let (rect, response) = widgets::row(ui, theme, 28.0, &name, is_chosen);
    if is_chosen && follows {
        response.scroll_to_me(None);
    }
    let middle = rect.center().y;
    let colour = if item.act.is_some() { theme.text } else { theme.faint };
    ui.painter().text(
        pos2(rect.left() + 16.0, middle),
        Align2::CENTER_CENTER,
        icon(item.icon),
        fonts::icon(16.0),
        theme.text2,
    );
    let at = pos2(rect.left() + 34.0, middle);
    let shown = text::write(
        ui.painter(),
        at,
        Align2::LEFT_CENTER,
        &item.title,
        (fonts::text(13.0), colour),
        rect.width() * 0.6,
    );
    let font = (fonts::text(12.0), theme.text2);
    let room = rect.right() - shown.right() - 24.0;
    text::write(ui.painter(), pos2(rect.right() - 8.0, middle), Align2::RIGHT_CENTER, &item.detail, font, room);
    response.clicked()
}

fn items(cx: &Cx<'_>, finder: &mut Finder) -> Vec<Item> {
    let mut items = match &finder.what {
        What::Everything => everything(cx, &finder.search),
        What::Operator(to, at) => operators(cx, &finder.search, to, *at),
        What::Target(from) => targets(cx, &finder.search, from, &mut finder.ports),
        What::Document => documents(cx, &finder.search),
        What::SaveAs => named(&finder.search, ".json", "Save as", Act::SaveAs),
        What::Export(export) => {
            named(&finder.search, export.ending(), "Write", |path| Act::Desk(Wanted::Export(path, *export)))
        }
        What::Menu(commands) => self::commands(commands.iter().copied(), &finder.search).collect(),
        What::Keys => keys(&finder.search),
    };
    items.truncate(MOST);
    items
}

fn operators(cx: &Cx<'_>, search: &str, to: &AddTo, at: Option<Pos2>) -> Vec<Item> {
    let fits = |operator: &&Operator| match to {
        AddTo::After(_) => operator.role != Role::Source,
        AddTo::Wire(_) => operator.role == Role::Flow,
        AddTo::Nothing | AddTo::Swap(_) => true,
    };
    let item = |operator: &'static Operator| Item {
        icon: operator.icon,
        title: operator.name.to_string(),
        detail: operator.summary.to_string(),
        act: Some(Act::Add(operator, to.clone(), at)),
    };
    found(cx.drawing.operators, search).filter(|operator| fits(operator)).map(item).collect()
}

fn targets(cx: &Cx<'_>, search: &str, from: &PortRef, known: &mut Option<(u64, String, Vec<Target>)>) -> Vec<Item> {
    let (revision, search) = (cx.drawing.revision(), search.trim());
    // What fits is found by checks: not in every frame.
    let is_known = known.as_ref().is_some_and(|(at, words, _)| *at == revision && words == search);
    if !is_known {
        *known = Some((revision, search.to_string(), building::targets(cx.drawing, from, search)));
    }
    let item = |target: &Target| {
        let joins = match target.joins.as_slice() {
            [] => target.operator.clone(),
            joins => format!("joins {} there", joins.join(", ")),
        };
        let act = Act::Edit(Edit::Connect(building::wire(from.clone(), target.port.clone())));
        let icon = cx.scene.card(&target.port.node).map_or("cube", |card| card.icon);
        let title = target.port.to_string();
        match &target.why {
            None => Item { icon, title, detail: joins, act: Some(act) },
            Some(why) => Item { icon, title, detail: why.clone(), act: None },
        }
    };
    known.iter().flat_map(|(_, _, ports)| ports).take(MOST).map(item).collect()
}

/// The file that was named; one that is there is not written over.
fn named(search: &str, ending: &str, verb: &str, act: impl FnOnce(PathBuf) -> Act) -> Vec<Item> {
    let name = search.trim();
    if name.is_empty() {
        return Vec::new();
    }
    let path = PathBuf::from(if name.ends_with(ending) { name.to_string() } else { format!("{name}{ending}") });
    let title = format!("{verb} {}", path.display());
    let is_taken = path.exists();
    let detail = if is_taken { "there is such a file already" } else { "" };
    vec![Item { icon: "floppy-disk", title, detail: detail.into(), act: (!is_taken).then(|| act(path)) }]
}

/// What was found, then what was typed itself: a file that is there, an address, or the name of a new file.
fn documents(cx: &Cx<'_>, search: &str) -> Vec<Item> {
    let search = search.trim();
    let has = |words: &str| words.to_lowercase().contains(&search.to_lowercase());
    let found = cx.found.iter().filter(|found| has(&found.name) || has(&found.sentence)).map(|found| Item {
        icon: "file-text",
        title: found.name.clone(),
        detail: found.sentence.clone(),
        act: Some(Act::Desk(Wanted::Open(found.opening.clone()))),
    });
    let lately = cx.desk.recent.iter().filter(|path| has(&path.to_string_lossy())).map(|path| Item {
        icon: "file-text",
        title: path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
        detail: path.parent().map(|folder| folder.display().to_string()).unwrap_or_default(),
        act: Some(Act::Desk(Wanted::Open(Opening::File(path.clone())))),
    });
    let typed = |title: String, opening| Item {
        icon: "folder-open",
        title,
        detail: String::new(),
        act: Some(Act::Desk(Wanted::Open(opening))),
    };
    let mut items: Vec<Item> = lately.chain(found).collect();
    if search.starts_with("http") {
        items.push(typed(format!("Watch the run at {search}"), Opening::Run(search.into())));
    } else if !search.is_empty() {
        items.push(typed(format!("Open the file {search}"), Opening::File(search.into())));
        items.push(typed(format!("New file {search}"), Opening::New(Some(search.into()))));
    } else {
        items.push(typed("New, without a file".into(), Opening::New(None)));
    }
    items
}

/// Those of some commands that are called so.
fn commands(all: impl Iterator<Item = Command>, search: &str) -> impl Iterator<Item = Item> {
    let search = search.trim().to_lowercase();
    all.filter(move |command| command.title().to_lowercase().contains(&search)).map(|command| Item {
        icon: "caret-right",
        title: command.title().to_string(),
        detail: command.key().unwrap_or_default(),
        act: Some(Act::Do(command)),
    })
}

/// Keys of the canvas that are no commands.
const OF_CANVAS: [(&str, &str); 6] = [
    ("Go along wires, and up and down", "← → ↑ ↓"),
    ("Move what is selected", "Ctrl ← → ↑ ↓"),
    ("Go into what is selected", "Enter"),
    ("Select nothing; back to the canvas", "Esc"),
    ("Next control, control before", "Tab, Shift Tab"),
    ("Drag the view", "Space and the pointer"),
];

/// What each key does; a command is done when it is chosen.
fn keys(search: &str) -> Vec<Item> {
    let searched = search.trim().to_lowercase();
    let has = |words: &str| words.to_lowercase().contains(&searched);
    let of_canvas = OF_CANVAS.iter().filter(|(title, keys)| has(title) || has(keys)).map(|(title, keys)| Item {
        icon: "caret-right",
        title: title.to_string(),
        detail: keys.to_string(),
        act: Some(Act::Canvas),
    });
    let with_key = Command::all().filter(|command| command.key().is_some_and(|key| has(&key) || has(command.title())));
    of_canvas.chain(commands(with_key, "")).collect()
}

fn everything(cx: &Cx<'_>, search: &str) -> Vec<Item> {
    let search = search.trim().to_lowercase();
    let has = |words: &str| words.to_lowercase().contains(&search);
    let commands = commands(Command::all().filter(|command| *command != Command::Find), &search);
    let nodes = cx.scene.of_nodes().filter_map(|card| {
        let config = cx.drawing.pipeline.node(&card.id).map(|node| &node.config)?;
        let is_named = has(&card.title) || has(&card.id) || has(&card.operator);
        let setting = config.iter().find(|(name, value)| {
            !search.is_empty() && has(&format!("{name} {}", tidegate_core::faces::rows::to_text(value)))
        });
        if !is_named && setting.is_none() {
            return None;
        }
        let detail = match setting.filter(|_| !is_named) {
            Some((name, value)) => format!("{name} {}", tidegate_core::faces::rows::to_text(value)),
            None => card.operator.clone(),
        };
        Some(Item { icon: card.icon, title: card.title.clone(), detail, act: Some(Act::Show(Chosen::node(&card.id))) })
    });
    let adds =
        cx.drawing.operators.iter().filter(|operator| !search.is_empty() && has(operator.name)).map(|operator| Item {
            icon: operator.icon,
            title: format!("Add {}", operator.name),
            detail: operator.summary.to_string(),
            act: Some(Act::Add(operator, AddTo::Nothing, None)),
        });
    let mut all: Vec<Item> = nodes.chain(commands).chain(adds).collect();
    // What begins so is meant first.
    all.sort_by_key(|item| !item.title.to_lowercase().starts_with(&search));
    all
}
