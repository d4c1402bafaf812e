//! `rinject attach`: the rules of a spec on a process that runs already.

use super::args::{Attach, Global};
use super::exit_status::ExitStatus;
use super::run;
use super::terminal::complain;
use crate::plan::Attached;

pub(super) fn main(words: &Attach, global: &Global) -> ExitStatus {
    if words.run.select.specs.is_empty() {
        complain("no spec is named", Some("write `rinject attach PID SPEC`"));
        return ExitStatus::Usage;
    }
    let attach = Attached { pid: words.pid, lasts: words.lasts };
    run::run(&words.run, global, Some(attach)).unwrap_or_else(|status| status)
}
