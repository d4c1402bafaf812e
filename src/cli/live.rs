//! What goes on, in the last line of a terminal: how many cases are over, and which ones run.
//! It must not know how they end.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::args::Global;

/// The line; nothing where standard error is no terminal, or shows events as they happen.
#[derive(Debug)]
pub(super) struct Live {
    bar: ProgressBar,
    /// The cases that run, the first to begin first.
    running: Vec<String>,
}

impl Live {
    pub(super) fn new(cases: usize, global: &Global) -> Live {
        Live::with("{pos}/{len} {elapsed} {wide_msg}", cases, global)
    }

    /// One that says how much time is left, for runs that are much alike.
    pub(super) fn with_time_left(runs: usize, global: &Global) -> Live {
        Live::with("{pos}/{len} {elapsed} ({eta} left) {wide_msg}", runs, global)
    }

    fn with(template: &str, cases: usize, global: &Global) -> Live {
        if !io::stderr().is_terminal() || global.verbose > 0 || global.quiet {
            return Live { bar: ProgressBar::hidden(), running: Vec::new() };
        }
        let bar = ProgressBar::new(cases as u64);
        // The template is fixed: were it wrong, the default one would do.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Live { bar, running: Vec::new() }
    }

    /// The cases are run from the first on.
    pub(super) fn again(&mut self) {
        self.running.clear();
        self.bar.set_position(0);
    }

    pub(super) fn began(&mut self, case: &str) {
        self.running.push(case.to_owned());
        self.show();
    }

    pub(super) fn over(&mut self, case: &str) {
        if let Some(at) = self.running.iter().position(|running| running == case) {
            self.running.remove(at);
        }
        self.bar.inc(1);
        self.show();
    }

    /// One more is over; `message` is what there is to say.
    pub(super) fn one_more(&self, message: String) {
        self.bar.inc(1);
        self.bar.set_message(message);
    }

    /// Does something that writes lines of its own.
    pub(super) fn aside(&self, act: impl FnOnce()) {
        self.bar.suspend(act);
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn show(&self) {
        self.bar.set_message(self.running.join("  "));
    }
}
