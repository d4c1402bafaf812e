//! What failing means for one call.
//! It must not know how a failure is carried out.

use super::condition::{Clause, Condition, Facts};
use crate::abi::Errno;

/// What failing means for one call.
#[derive(Debug)]
pub struct Model {
    pub(super) name: &'static str,
    /// What a signal with a handler does to it while it waits.
    pub restart: Restart,
    /// Where its failures are told.
    pub source: &'static str,
    pub(super) rows: &'static [Row],
}

/// Errnos that have condition and effect in common.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) errnos: &'static [u16],
    pub(super) when: Condition,
    pub(super) effect: Effect,
    pub(super) source: &'static str,
}

/// What a signal with a handler does to a call that waits (signal(7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// Nothing: it does not wait, or not so that a signal wakes it.
    Never,
    /// It fails with EINTR, but with SA_RESTART it is started again.
    Restarts,
    /// It fails with EINTR, whatever the handler says.
    Interrupts,
}

/// What happens although the call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    Nothing,
    /// The descriptor is closed.
    Closes,
    /// The old break is the result: there is no errno.
    OldBreak,
    /// What was asked for goes on.
    Background,
    /// It is said once for each open file, and the data stays unwritten.
    OncePerFile,
    /// An earlier part may have got through.
    Partial,
    /// SIGPIPE is sent.
    Sigpipe,
    /// SIGXFSZ is sent.
    Sigxfsz,
}

impl Effect {
    /// In words; empty where nothing happens.
    pub fn told(self) -> &'static str {
        match self {
            Effect::Nothing => "",
            Effect::Closes => "the descriptor is closed all the same",
            Effect::OldBreak => "no errno: the old break is returned",
            Effect::Background => "what was asked for goes on in the background",
            Effect::OncePerFile => "said once for each open file; the data stays unwritten",
            Effect::Partial => "an earlier part may have got through",
            Effect::Sigpipe => "SIGPIPE is sent",
            Effect::Sigxfsz => "SIGXFSZ is sent",
        }
    }
}

/// One way to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What the caller sees.
    pub errno: Errno,
    /// When it can occur.
    pub when: Condition,
    /// What happens all the same.
    pub effect: Effect,
    /// A manual page, `write(2)`, or a file of the kernel and a function in it.
    pub source: &'static str,
}

/// Whether a call can fail so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// Now, in this way.
    Holds(Failure),
    /// Not now: this must hold.
    Lacks(Clause),
    /// No kernel lets it fail so.
    Never,
}

impl Model {
    /// The name of its call.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether no kernel lets it fail.
    pub fn cannot_fail(&self) -> bool {
        self.rows.is_empty()
    }

    /// Every way to fail, in the order of the table. An errno comes again where what happens depends on more.
    pub fn failures(&self) -> impl Iterator<Item = Failure> + use<> {
        self.rows.iter().flat_map(|row| {
            let errnos = row.errnos.iter().filter_map(|number| Errno::new(i64::from(*number)));
            errnos.map(|errno| Failure { errno, when: row.when, effect: row.effect, source: row.source })
        })
    }

    /// What its failures hang on, as often as the table says it.
    pub fn clauses(&self) -> impl Iterator<Item = Clause> + use<> {
        self.rows.iter().flat_map(|row| row.when.clauses().iter().copied())
    }

    /// The same of those with `errno`: what has to be known of a call to say whether it can fail so.
    pub fn clauses_of(&self, errno: Errno) -> impl Iterator<Item = Clause> + use<> {
        self.rows_of(errno).flat_map(|row| row.when.clauses().iter().copied())
    }

    fn rows_of(&self, errno: Errno) -> impl Iterator<Item = &'static Row> + use<> {
        self.rows.iter().filter(move |row| row.errnos.iter().any(|known| i32::from(*known) == errno.number()))
    }

    /// The first way to fail with `errno`; `None` where no kernel lets the call fail so.
    pub fn failure(&self, errno: Errno) -> Option<Failure> {
        self.failures().find(|failure| failure.errno == errno)
    }

    /// Each errno once, in the order of the table.
    pub fn errnos(&self) -> Vec<Errno> {
        let mut errnos: Vec<Errno> = Vec::new();
        for failure in self.failures() {
            if !errnos.contains(&failure.errno) {
                errnos.push(failure.errno);
            }
        }
        errnos
    }

    /// Whether a call of which `facts` are known can fail with `errno`, and what that brings along.
    pub fn fit(&self, errno: Errno, facts: &Facts) -> Fit {
        let mut fit = Fit::Never;
        for row in self.rows_of(errno) {
            match row.when.missing(facts) {
                None => {
                    return Fit::Holds(Failure { errno, when: row.when, effect: row.effect, source: row.source });
                }
                Some(clause) if fit == Fit::Never => fit = Fit::Lacks(clause),
                Some(_) => {}
            }
        }
        fit
    }
}
