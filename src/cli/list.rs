//! `rinject list`.

use super::args::{Global, Select};
use super::exit_status::ExitStatus;
use super::select::select;
use super::terminal::print;
use crate::diagnostic::visible;

pub(super) fn main(words: &Select, _global: &Global) -> ExitStatus {
    let selected = match select(words) {
        Ok(selected) => selected,
        Err(status) => return status,
    };
    let text: String = selected.cases.iter().map(|case| format!("{}\n", visible(&case.id))).collect();
    match print(text) {
        Ok(()) => selected.status,
        Err(status) => status,
    }
}
