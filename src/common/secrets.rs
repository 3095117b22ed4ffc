//! Secrets that neither environment nor files give: a person at a terminal is asked, and sees nothing of the answer.

use std::io::{self, BufRead, IsTerminal, Write};

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use tidegate_core::check::Checked;
use tidegate_core::fields::Secret;
use tidegate_core::problem::Fault;

/// Asks for the secrets without a value that `is_needed`, where there is a terminal. Without one, whoever needs a secret
/// says that it is missing.
///
/// # Errors
/// The terminal fails.
pub(crate) fn ask(checked: &mut Checked, is_needed: impl Fn(&str) -> bool) -> Result<(), Fault> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(());
    }
    let missing: Vec<String> =
        checked.values.missing_secrets().filter(|name| is_needed(name)).map(str::to_string).collect();
    for name in missing {
        let secret = prompt(&name).map_err(|why| Fault::outside(format!("cannot ask for `{name}`: {why}")))?;
        checked.values.give_secret(&name, secret);
    }
    Ok(())
}

fn prompt(name: &str) -> io::Result<Secret> {
    let mut screen = io::stderr().lock();
    write!(screen, "{name} (secret, not shown): ")?;
    screen.flush()?;
    let keyboard = io::stdin().lock();
    let before = tcgetattr(&keyboard)?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&keyboard, OptionalActions::Flush, &silent)?;
    let mut answer = String::new();
    let mut keyboard = keyboard;
    let read = keyboard.read_line(&mut answer);
    tcsetattr(&keyboard, OptionalActions::Flush, &before)?;
    writeln!(screen)?;
    read?;
    Ok(Secret::new(answer.trim_end_matches(['\r', '\n'])))
}
