//! Random gestures, while a run says this and that: never a panic, and undo to the start gives the exact document.

use egui::{Event, Key, Modifiers, PointerButton, Pos2, pos2};
use proptest::prelude::*;
use tidegate_core::faces::watcher::News;
use tidegate_core::pipeline::to_canonical;

use super::fixture::{Screen, click_twice, open, trades};
use super::looking::with_windows;
use super::running::snapshot;

#[derive(Debug, Clone)]
enum Gesture {
    Drag(Pos2, Pos2),
    Click(Pos2, bool),
    /// twice: bends wires, opens groups, writes notes
    Twice(Pos2),
    /// asks for a menu
    Menu(Pos2),
    Key(Key, Modifiers),
    Type(String),
    Wheel(Pos2, f32),
    /// a run says something, whatever is drawn by then
    Told(Told),
}

#[derive(Debug, Clone, Copy)]
enum Told {
    Figures,
    Windows,
    Silence,
    Over,
}

fn place() -> impl Strategy<Value = Pos2> {
    (0f32..1400.0, 0f32..900.0).prop_map(|(x, y)| pos2(x, y))
}

/// A place where nodes, ports and wires are likely.
fn on_canvas() -> impl Strategy<Value = Pos2> {
    (190f32..1120.0, 150f32..420.0).prop_map(|(x, y)| pos2(x, y))
}

fn gesture() -> impl Strategy<Value = Gesture> {
    let keys = prop::sample::select(vec![
        (Key::Delete, Modifiers::NONE),
        (Key::Slash, Modifiers::NONE),
        (Key::Enter, Modifiers::NONE),
        (Key::Escape, Modifiers::NONE),
        (Key::C, Modifiers::NONE),
        (Key::T, Modifiers::NONE),
        (Key::F, Modifiers::NONE),
        (Key::F8, Modifiers::NONE),
        (Key::F6, Modifiers::NONE),
        (Key::F6, Modifiers::SHIFT),
        (Key::Comma, Modifiers::COMMAND),
        (Key::Tab, Modifiers::NONE),
        (Key::ArrowRight, Modifiers::NONE),
        (Key::ArrowDown, Modifiers::COMMAND),
        (Key::Z, Modifiers::COMMAND),
        (Key::Z, Modifiers::COMMAND.plus(Modifiers::SHIFT)),
        (Key::A, Modifiers::COMMAND),
        (Key::D, Modifiers::COMMAND),
        (Key::L, Modifiers::COMMAND),
        (Key::K, Modifiers::COMMAND),
        (Key::G, Modifiers::COMMAND),
        (Key::G, Modifiers::COMMAND.plus(Modifiers::SHIFT)),
        (Key::G, Modifiers::NONE),
        (Key::N, Modifiers::NONE),
        (Key::B, Modifiers::NONE),
        (Key::B, Modifiers::SHIFT),
        (Key::D, Modifiers::NONE),
        (Key::R, Modifiers::NONE),
        (Key::F2, Modifiers::NONE),
        (Key::F10, Modifiers::SHIFT),
        (Key::Space, Modifiers::COMMAND),
        (Key::ArrowLeft, Modifiers::COMMAND.plus(Modifiers::SHIFT)),
        (Key::ArrowDown, Modifiers::COMMAND.plus(Modifiers::SHIFT)),
    ]);
    prop_oneof![
        4 => (on_canvas(), on_canvas()).prop_map(|(from, to)| Gesture::Drag(from, to)),
        1 => (place(), place()).prop_map(|(from, to)| Gesture::Drag(from, to)),
        3 => (on_canvas(), any::<bool>()).prop_map(|(at, shift)| Gesture::Click(at, shift)),
        1 => (place(), any::<bool>()).prop_map(|(at, shift)| Gesture::Click(at, shift)),
        2 => on_canvas().prop_map(Gesture::Twice),
        1 => on_canvas().prop_map(Gesture::Menu),
        5 => keys.prop_map(|(key, modifiers)| Gesture::Key(key, modifiers)),
        1 => "[a-z0-9 >'(]{1,6}".prop_map(Gesture::Type),
        1 => (on_canvas(), -400f32..400.0).prop_map(|(at, by)| Gesture::Wheel(at, by)),
        1 => prop::sample::select(vec![Told::Figures, Told::Windows, Told::Silence, Told::Over]).prop_map(Gesture::Told),
    ]
}

fn press(screen: &mut Screen, pos: Pos2, pressed: bool, modifiers: Modifiers) {
    press_by(screen, pos, PointerButton::Primary, pressed, modifiers);
}

fn press_by(screen: &mut Screen, pos: Pos2, button: PointerButton, pressed: bool, modifiers: Modifiers) {
    screen.event(Event::ModifiersChanged(modifiers));
    screen.event(Event::PointerButton { pos, button, pressed, modifiers });
    screen.event(Event::ModifiersChanged(Modifiers::NONE));
    screen.step();
}

fn play(screen: &mut Screen, gesture: &Gesture) {
    match gesture {
        Gesture::Drag(from, to) => {
            screen.hover_at(*from);
            screen.step();
            press(screen, *from, true, Modifiers::NONE);
            for step in 1..=3 {
                screen.hover_at(*from + (*to - *from) * (step as f32 / 3.0));
                screen.step();
            }
            press(screen, *to, false, Modifiers::NONE);
        }
        Gesture::Click(at, shift) => {
            let modifiers = if *shift { Modifiers::SHIFT } else { Modifiers::NONE };
            screen.hover_at(*at);
            screen.step();
            press(screen, *at, true, modifiers);
            press(screen, *at, false, modifiers);
        }
        Gesture::Twice(at) => click_twice(screen, *at),
        Gesture::Menu(at) => {
            screen.hover_at(*at);
            screen.step();
            for pressed in [true, false] {
                press_by(screen, *at, PointerButton::Secondary, pressed, Modifiers::NONE);
            }
        }
        Gesture::Key(key, modifiers) => screen.key_press_modifiers(*modifiers, *key),
        Gesture::Told(told) => screen.state_mut().take(match told {
            Told::Figures => News::Figures(Box::new(snapshot())),
            Told::Windows => News::Figures(Box::new(with_windows())),
            Told::Silence => News::Silence { why: "gone".into(), at_ms: 1 },
            Told::Over => News::Over { how: "Stopped.".into(), field: None, last: Some(Box::new(snapshot())) },
        }),
        Gesture::Type(text) => screen.event(Event::Text(text.clone())),
        Gesture::Wheel(at, by) => {
            screen.hover_at(*at);
            screen.step();
            screen.event(Event::MouseWheel {
                unit: egui::MouseWheelUnit::Point,
                delta: egui::vec2(0.0, *by),
                modifiers: Modifiers::NONE,
                phase: egui::TouchPhase::Move,
                source: egui::MouseWheelSource::Unknown,
            });
        }
    }
    screen.run_steps(2);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn gestures_never_panic_and_all_are_undone(gestures in prop::collection::vec(gesture(), 1..24)) {
        let mut screen = open(trades());
        for gesture in &gestures {
            play(&mut screen, gesture);
        }
        let editor = screen.state_mut();
        while editor.drawing.undo().is_some() {}
        prop_assert_eq!(to_canonical(&editor.drawing.pipeline), to_canonical(&trades()));
    }
}
