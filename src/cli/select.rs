//! Which cases the words of the command line select.

use std::cell::LazyCell;
use std::collections::BTreeMap;

use super::args::Select;
use super::exit_status::ExitStatus;
use super::remembered::Remembered;
use super::terminal::{complain, talk};
use crate::cases::{self, Case, Filter, Last, SpecFile};
use crate::report::Share;

/// The cases that were selected, and whether files could not be read at all.
pub(super) struct Selected {
    pub(super) cases: Vec<Case>,
    pub(super) status: ExitStatus,
    /// Which share they are, where they are not all.
    pub(super) share: Option<Share>,
}

/// Finds, reads and filters. `Err` is for words that make no sense and selections that are empty.
pub(super) fn select(words: &Select) -> Result<Selected, ExitStatus> {
    let mut filters = Vec::new();
    for text in &words.filter {
        filters.push(Filter::parse(text).map_err(|error| {
            complain(error, Some("a filter is TEXT, /REGEX/, tag:NAME or status:failed"));
            ExitStatus::Usage
        })?);
    }
    filters.extend(words.last_failed.then_some(Filter::Status(Last::Failed)));
    // Only a filter asks, and of a folder in which much was run there is much to read.
    let remembered = LazyCell::new(Remembered::read);
    let default = ["specs".to_owned()];
    let specs = if words.specs.is_empty() { &default[..] } else { &words.specs };
    // A word for one case of a file stands for the file first.
    let ids: Vec<(&str, &str)> = specs.iter().filter_map(|word| cases::cell_word(word)).collect();
    let whole = |word: &String| cases::cell_word(word).map_or_else(|| word.clone(), |(path, _)| path.to_owned());
    let words_of_files: Vec<String> = specs.iter().map(whole).collect();
    let others: Vec<String> = specs.iter().filter(|word| cases::cell_word(word).is_none()).cloned().collect();
    let wholly = cases::find(&others).unwrap_or_default();
    let files = cases::find(&words_of_files).map_err(|error| {
        complain(error, words.specs.is_empty().then_some("without SPECS, `specs/` is run; name a file or a folder"));
        ExitStatus::NotSetUp
    })?;
    let mut selected = Selected { cases: Vec::new(), status: ExitStatus::Passed, share: None };
    let mut loaded = Vec::new();
    for file in &files {
        match cases::load(file) {
            Ok(case) => loaded.push(case),
            Err(error) => {
                complain(error, None);
                selected.status = selected.status.and(ExitStatus::NotSetUp);
            }
        }
    }
    let is_a_word = |file: &SpecFile| words_of_files.iter().any(|word| *word == file.name());
    let mut known = Vec::new();
    for case in cases::without_parts(loaded, is_a_word) {
        let is_named = |cell: &Case| wholly.contains(&case.file) || ids.iter().any(|(_, id)| *id == cell.id);
        let passes = |cell: &Case| filters.iter().all(|filter| filter.selects(cell, remembered.last(&cell.id)));
        let cells = case.clone().cells();
        known.extend(cells.iter().map(|cell| cell.id.clone()));
        selected.cases.extend(cells.into_iter().filter(|cell| is_named(cell) && passes(cell)));
    }
    for (_, id) in &ids {
        if !known.iter().any(|known| known == id) {
            complain(format!("there is no case `{id}`"), Some("`rinject list FILE` names the cases of a spec"));
            return Err(ExitStatus::NothingSelected);
        }
    }
    let all = selected.cases.len();
    if let Some(shard) = words.shard {
        selected.cases.retain(|case| shard.has(&case.id));
        selected.share = Some(Share { shard, of: all });
        if selected.cases.is_empty() && all > 0 {
            // With few cases some shares are empty, which is no mistake of anybody.
            talk(format!("share {shard} has none of {all} cases\n"));
        }
    }
    if all == 0 && selected.status == ExitStatus::Passed {
        let why = match () {
            () if files.is_empty() => "there is no spec there",
            () if words.last_failed => "no case failed when it was run last in this folder",
            () => "no case passes the filters",
        };
        complain(format!("nothing selected: {why}"), None);
        return Err(ExitStatus::NothingSelected);
    }
    Ok(selected)
}

/// Reads `NAME=PATH` words.
pub(super) fn binaries(words: &[String]) -> Result<BTreeMap<String, String>, ExitStatus> {
    let here = std::env::current_dir().unwrap_or_default();
    let pair = |word: &String| {
        let (name, path) = word.split_once('=').filter(|(name, path)| !name.is_empty() && !path.is_empty())?;
        Some((name.to_owned(), here.join(path).to_string_lossy().into_owned()))
    };
    words
        .iter()
        .map(|word| {
            pair(word).ok_or_else(|| {
                complain(format!("cannot read `--bin {word}`"), Some("write --bin NAME=PATH"));
                ExitStatus::Usage
            })
        })
        .collect()
}
