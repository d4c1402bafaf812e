//! Colour and the two streams: standard output is the result, standard error the talk.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use super::args::{Color, Global};
use super::exit_status::ExitStatus;
use crate::diagnostic::Style;

/// Whether standard output is coloured.
pub(super) fn colour(global: &Global) -> bool {
    wants_colour(global, io::stdout().is_terminal())
}

fn wants_colour(global: &Global, is_terminal: bool) -> bool {
    // no-color.org: set and not empty.
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    match global.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => is_terminal && !refused,
    }
}

/// How diagnostics on standard error are rendered.
pub(super) fn error_style(global: &Global) -> Style {
    if wants_colour(global, io::stderr().is_terminal()) { Style::Colour } else { Style::Plain }
}

/// Says what is wrong with the command line or the machine.
pub(super) fn complain(message: impl Display, help: Option<&str>) {
    let mut err = io::stderr().lock();
    // Where standard error is gone there is nobody to tell.
    let _ = writeln!(err, "error: {message}");
    if let Some(help) = help {
        let _ = writeln!(err, "help: {help}");
    }
}

/// Tells something beside the result.
pub(super) fn talk(text: impl Display) {
    let _ = write!(io::stderr().lock(), "{text}");
}

/// Writes the result; a reader that has gone away (`| head`) is no failure of ours.
pub(super) fn print(text: impl Display) -> Result<(), ExitStatus> {
    written(write!(io::stdout().lock(), "{text}"))
}

/// The status that an error of writing the result comes to.
pub(super) fn written(result: io::Result<()>) -> Result<(), ExitStatus> {
    match result {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => {
            complain(format!("cannot write the result: {error}"), None);
            Err(ExitStatus::NotSetUp)
        }
    }
}
