//! The thin part that touches a terminal: reads keys, draws what has changed, lets another thread ask the run. All that it
//! hears becomes a message; all that it does is a wish.

mod ground;
mod painter;
mod screen;

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use ratatui::crossterm::event::{self, Event, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use tidegate_core::faces::lookout::Lookout;
use tidegate_core::faces::watcher::{Ask, Watcher};

use crate::commands::View;
use crate::host::{Opener, Options, Source};
use crate::keys::Key;
use crate::model::drawing::Drawing;
use crate::model::{Message, Model, Wish};
use crate::theme::Palette;
use crate::update::{Pointer, opening, update};
use painter::Painter;
use screen::Screen;

/// What the loop hears.
enum Heard {
    Message(Message),
    /// a key that only the terminal's part knows
    Suspend,
    /// it runs again
    Resumed,
    /// the end, told by a signal
    End,
}

impl From<Key> for Heard {
    fn from(key: Key) -> Heard {
        match key {
            Key::Ctrl('z') => Heard::Suspend,
            key => Heard::Message(Message::Key(key)),
        }
    }
}

/// Two clicks at one cell within this time are one double click.
const DOUBLE_CLICK: Duration = Duration::from_millis(400);

/// Shows a dashboard on this process's terminal until it is left.
///
/// # Errors
/// There is no terminal, or it cannot be drawn on.
pub fn run(source: Source, opener: Box<dyn Opener>, options: Options) -> anyhow::Result<()> {
    let drawing = Drawing::new(source.pipeline.clone(), source.path, source.operators, source.check);
    let mut model = Model::new(source.name, drawing, source.rights, options.look);
    if source.cluster.is_some() {
        model.is_of_cluster();
    }
    model.offset_s = offset_s();
    model.now_ms = now_ms();
    let (tell, hear) = channel();
    // First: who is ended gives the terminal back.
    listen_to_signals(tell.clone())?;
    let mut screen = Screen::take(!options.is_without_mouse).context("the terminal cannot be drawn on")?;
    let size = screen.size()?;
    let wishes = update(&mut model, Message::Size(size.0, size.1));
    let mut painter = Painter::default();
    let is_blank = opening::begin(&mut model);
    painter.paint(&model, &mut screen)?;
    if options.asks_for_ground {
        let (is_light, keys) = screen.ask_for_ground()?;
        if is_light {
            model.look.palette = Palette::Light;
        }
        // The one who hears them is here.
        keys.into_iter().for_each(|key| drop(tell.send(Heard::from(key))));
    }
    listen_to_input(tell.clone())?;
    let period = options.look.period(true);
    let tell_seen = tell.clone();
    let lookout = Lookout::start(source.cluster, options.look.is_thrifty, move |news| {
        let _ = tell_seen.send(Heard::Message(news.into()));
    })?;
    let watcher = Watcher::start(source.running, source.host, opener, period, move |news| {
        // Whoever heard it has left where this fails; the thread is then told to end.
        let _ = tell.send(Heard::Message(news.into()));
    })?;
    watcher.ask(Ask::With(lookout.clone()));
    for wish in wishes {
        if let Wish::Look(wanted) = wish {
            lookout.look(wanted);
        }
    }
    if source.starts {
        watcher.ask(Ask::Run(Box::new(source.pipeline)));
    }
    if is_blank {
        watcher.ask(Ask::Find);
    }
    let now = Instant::now();
    let ended = Loop { model, painter, screen, watcher, lookout, hear, pending: None, drawn: now, tick: now }.run();
    ended.context("the dashboard has ended")
}

/// Messages that are taken in before the screen is drawn again: a key that is held down must not queue for frames.
const AT_ONCE: usize = 64;

/// The loop, and what it holds.
struct Loop {
    model: Model,
    painter: Painter,
    screen: Screen,
    watcher: Watcher,
    lookout: Lookout,
    hear: Receiver<Heard>,
    /// news that the next frame shows
    pending: Option<Message>,
    /// when figures were drawn last
    drawn: Instant,
    /// when the clock shows another second
    tick: Instant,
}

impl Loop {
    fn run(mut self) -> anyhow::Result<()> {
        loop {
            let is_answer = match self.hear.recv_timeout(self.due().saturating_duration_since(Instant::now())) {
                Ok(heard) => match self.hear_all(heard)? {
                    Some(is_answer) => is_answer,
                    None => break,
                },
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            if !self.screen.is_taken() {
                bail!("a part of the dashboard has panicked");
            }
            let is_due = self.due() <= Instant::now();
            if is_due {
                self.frame()?;
            }
            if is_due || is_answer {
                self.painter.paint(&self.model, &mut self.screen)?;
            }
        }
        self.screen.restore();
        self.watcher.end();
        Ok(())
    }

    /// When figures that have come are drawn; where none have, the clock.
    fn due(&self) -> Instant {
        let next = self.drawn + self.model.look.period(self.model.place.view == View::Graph);
        if self.pending.is_some() { next } else { next.max(self.tick) }
    }

    /// Takes in what the next frame shows.
    fn frame(&mut self) -> anyhow::Result<()> {
        let now_ms = now_ms();
        self.drawn = Instant::now();
        self.tick = self.drawn + Duration::from_millis(1_000 - now_ms.rem_euclid(1_000).unsigned_abs());
        if let Some(news) = self.pending.take() {
            self.take(news)?;
        }
        self.take(Message::Tick(now_ms))?;
        Ok(())
    }

    /// Takes in what is heard, and what has come behind it; whether the screen is to answer at once, none at the end.
    fn hear_all(&mut self, first: Heard) -> anyhow::Result<Option<bool>> {
        let mut is_answer = false;
        for heard in std::iter::once(first).chain(self.hear.try_iter().take(AT_ONCE).collect::<Vec<_>>()) {
            match heard {
                Heard::End => return Ok(None),
                Heard::Suspend => self.suspend()?,
                Heard::Resumed => self.resume()?,
                // Figures wait for the frame; the last ones count.
                Heard::Message(news @ (Message::News(_) | Message::Taps(_))) => {
                    self.hold_back(news)?;
                    continue;
                }
                Heard::Message(message) => {
                    if self.take(message)? {
                        return Ok(None);
                    }
                }
            }
            is_answer = true;
        }
        Ok(Some(is_answer))
    }

    fn hold_back(&mut self, news: Message) -> anyhow::Result<()> {
        match (&news, &self.pending) {
            // A snapshot that brings the past must not be lost, nor records be lost for a snapshot.
            (Message::News(_), Some(Message::News(held))) if held.past.is_none() => self.pending = Some(news),
            (_, None) => self.pending = Some(news),
            _ => {
                if let Some(held) = self.pending.replace(news) {
                    self.take(held)?;
                }
            }
        }
        Ok(())
    }

    /// Takes in a message and does what is wished; true where that is the end.
    fn take(&mut self, message: Message) -> anyhow::Result<bool> {
        if matches!(message, Message::Size(..)) {
            self.painter.forget();
        }
        let wishes = update(&mut self.model, message);
        for wish in wishes {
            match wish {
                Wish::Quit => return Ok(true),
                Wish::DrawAgain => {
                    self.painter.forget();
                    self.watcher.ask(Ask::Now);
                    self.lookout.look_now();
                }
                Wish::Copy(text) => self.screen.copy(&text)?,
                Wish::State { node, lane } => self.watcher.ask(Ask::State(node, lane)),
                Wish::Open(opening) => self.watcher.ask(Ask::Open(opening)),
                Wish::Find => self.watcher.ask(Ask::Find),
                Wish::Run(pipeline) => self.watcher.ask(Ask::Run(pipeline)),
                Wish::Pause => self.watcher.ask(Ask::Control(crate::host::Control::Pause)),
                Wish::Resume => self.watcher.ask(Ask::Control(crate::host::Control::Resume)),
                Wish::Stop => self.watcher.ask(Ask::Control(crate::host::Control::Stop)),
                Wish::Topics { pipeline, cluster } => self.watcher.ask(Ask::Topics(pipeline, cluster)),
                Wish::Look(wanted) => self.lookout.look(wanted),
                Wish::Tap(edges) => self.watcher.ask(Ask::Tap(edges)),
                Wish::Save { pipeline, path } => {
                    let path = path.map(Into::into).or_else(|| self.model.drawing.path.clone());
                    if let Some(path) = path {
                        self.watcher.ask(Ask::Save(pipeline, path));
                    }
                }
            }
        }
        Ok(false)
    }

    /// Gives the terminal back while the program stands still.
    fn suspend(&mut self) -> anyhow::Result<()> {
        self.screen.restore();
        // Returns when the program runs again.
        emulate_default_handler(SIGTSTP)?;
        self.resume()
    }

    fn resume(&mut self) -> anyhow::Result<()> {
        self.screen.take_again()?;
        self.painter.forget();
        let (columns, rows) = self.screen.size()?;
        update(&mut self.model, Message::Size(columns, rows));
        Ok(())
    }
}

fn listen_to_signals(tell: Sender<Heard>) -> anyhow::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT])?;
    let listen = move || {
        for signal in signals.forever() {
            let heard = match signal {
                SIGTSTP => Heard::Suspend,
                SIGCONT => Heard::Resumed,
                _ => Heard::End,
            };
            if tell.send(heard).is_err() {
                break;
            }
        }
    };
    thread::Builder::new().name("signals".into()).spawn(listen)?;
    Ok(())
}

fn listen_to_input(tell: Sender<Heard>) -> anyhow::Result<()> {
    let listen = move || {
        let mut mouse = Mouse::default();
        while let Ok(event) = event::read() {
            let heard = match event {
                Event::Key(event) => Key::of(event).map(Heard::from),
                Event::Mouse(event) => mouse.pointer(event).map(|pointer| Heard::Message(Message::Mouse(pointer))),
                Event::Paste(text) => Some(Heard::Message(Message::Pasted(text))),
                Event::Resize(columns, rows) => Some(Heard::Message(Message::Size(columns.into(), rows.into()))),
                Event::FocusGained | Event::FocusLost => None,
            };
            if heard.is_some_and(|heard| tell.send(heard).is_err()) {
                return;
            }
        }
        // A terminal that cannot be read has gone.
        let _ = tell.send(Heard::End);
    };
    thread::Builder::new().name("input".into()).spawn(listen)?;
    Ok(())
}

/// What the mouse did before.
#[derive(Default)]
struct Mouse {
    last_click: Option<(Instant, (u16, u16))>,
    dragged_from: Option<(u16, u16)>,
}

impl Mouse {
    fn pointer(&mut self, event: MouseEvent) -> Option<Pointer> {
        let at = (event.column, event.row);
        let has_control = event.modifiers.contains(KeyModifiers::CONTROL);
        Some(match event.kind {
            MouseEventKind::Down(MouseButton::Left) => {
                self.dragged_from = Some(at);
                let before = self.last_click.replace((Instant::now(), at));
                let is_double = before.is_some_and(|(when, place)| place == at && when.elapsed() < DOUBLE_CLICK);
                match is_double {
                    true => Pointer::DoubleClick(at.0.into(), at.1.into()),
                    false => Pointer::Click(at.0.into(), at.1.into()),
                }
            }
            MouseEventKind::Down(MouseButton::Right) => Pointer::Menu(at.0.into(), at.1.into()),
            MouseEventKind::Drag(MouseButton::Left) => {
                let from = self.dragged_from.replace(at)?;
                let by = |to: u16, from: u16| to as isize - from as isize;
                Pointer::Drag(by(at.0, from.0), by(at.1, from.1))
            }
            MouseEventKind::ScrollUp if has_control => Pointer::ZoomIn,
            MouseEventKind::ScrollDown if has_control => Pointer::ZoomOut,
            MouseEventKind::ScrollUp => Pointer::WheelUp,
            MouseEventKind::ScrollDown => Pointer::WheelDown,
            _ => return None,
        })
    }
}

fn now_ms() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

/// Seconds by which the clock here is ahead of UTC.
fn offset_s() -> i32 {
    chrono::Local::now().offset().local_minus_utc()
}
