//! Signals that ask the program to stop, or to tell something.

use std::io;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use signal_hook::consts::{SIGINT, SIGQUIT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use tidegate_core::problem::Fault;

/// Calls `stop` at each signal to stop, on a thread of its own; the third ends the program at once.
///
/// # Errors
/// The system gives no signals, or no thread.
pub(crate) fn on_stop(stop: impl Fn() + Send + 'static) -> Result<(), Fault> {
    let failed = |why| Fault::outside(format!("cannot listen to signals: {why}"));
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(failed)?;
    let listen = move || {
        for (number, signal) in signals.forever().enumerate() {
            if number >= 2 {
                // As a shell reports a program that a signal has ended.
                process::exit(128 + signal);
            }
            stop();
        }
    };
    thread::Builder::new().name("signals".into()).spawn(listen).map_err(failed)?;
    Ok(())
}

/// Does `work`, during which a signal to stop ends the program, after `tidy`.
///
/// # Errors
/// As [`on_stop`].
pub(crate) fn or_exit<T>(tidy: impl Fn() + Send + 'static, work: impl FnOnce() -> T) -> io::Result<T> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let handle = signals.handle();
    let listen = move || {
        if let Some(signal) = signals.forever().next() {
            tidy();
            process::exit(128 + signal);
        }
    };
    let listener = thread::Builder::new().name("signals".into()).spawn(listen)?;
    let result = work();
    handle.close();
    // It has nothing to tell.
    drop(listener.join());
    Ok(result)
}

/// A flag that a signal to stop sets.
///
/// # Errors
/// As [`on_stop`].
pub(crate) fn stop_flag() -> Result<Arc<AtomicBool>, Fault> {
    let flag = Arc::new(AtomicBool::new(false));
    let set = flag.clone();
    on_stop(move || set.store(true, Ordering::Release))?;
    Ok(flag)
}

/// A flag that `SIGQUIT` (Ctrl-\ on a terminal) sets, by which other programs too are asked what they are doing.
///
/// # Errors
/// The system gives no signals.
pub(crate) fn ask_flag() -> Result<Arc<AtomicBool>, Fault> {
    let asked = Arc::new(AtomicBool::new(false));
    let failed = |why| Fault::outside(format!("cannot listen to signals: {why}"));
    flag::register(SIGQUIT, asked.clone()).map_err(failed)?;
    Ok(asked)
}
