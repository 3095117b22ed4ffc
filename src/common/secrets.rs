//! Secrets that neither environment nor files give: a person at a terminal is asked, and sees nothing of the answer.

use std::io::{self, BufRead, IsTerminal};

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use tidegate_core::check::Checked;
use tidegate_core::fields::Secret;
use tidegate_core::problem::Fault;

use super::signals;

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
    let before = tcgetattr(io::stdin())?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    tcsetattr(io::stdin(), OptionalActions::Flush, &silent)?;
    // Only now: what is typed at the prompt is neither shown nor thrown away.
    eprint!("{name} (secret, not shown): ");
    let restore = {
        let before = before.clone();
        move || {
            // A terminal that has gone needs no restoring.
            let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &before);
        }
    };
    let mut answer = String::new();
    let read = signals::or_exit(restore, || io::stdin().lock().read_line(&mut answer));
    tcsetattr(io::stdin(), OptionalActions::Flush, &before)?;
    eprintln!();
    read??;
    Ok(Secret::new(answer.trim_end_matches(['\r', '\n'])))
}
