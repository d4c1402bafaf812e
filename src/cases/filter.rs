//! Selecting cases by words: `text`, `/regex/`, `tag:wal`, `status:failed`.

use std::fmt;

use regex::Regex;

use super::Case;

/// What selects a case.
#[derive(Clone, Debug)]
pub enum Filter {
    /// Its id or name contains this.
    Text(String),
    /// Its id or name matches this.
    Regex(Regex),
    /// It has this tag.
    Tag(String),
    /// It ended like this when it was run last.
    Status(Last),
}

/// What became of a case when it was run last, as `status:` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Last {
    /// It did what its spec says.
    Passed,
    /// It did not, or came to no verdict.
    Failed,
    /// It was skipped.
    Skipped,
    /// It is not known to have been run.
    New,
}

impl Last {
    /// The words of `status:`.
    const WORDS: [(&str, Last); 4] =
        [("passed", Last::Passed), ("failed", Last::Failed), ("skipped", Last::Skipped), ("new", Last::New)];
}

/// Why a filter could not be read.
#[derive(Debug)]
pub struct FilterError {
    filter: String,
    why: String,
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot read filter `{}`: {}", self.filter, self.why)
    }
}

impl std::error::Error for FilterError {}

impl Filter {
    /// Reads a filter.
    pub fn parse(text: &str) -> Result<Filter, FilterError> {
        let failed = |why: String| FilterError { filter: text.to_owned(), why };
        if text.is_empty() {
            return Err(failed("it is empty".to_owned()));
        }
        if let Some(tag) = text.strip_prefix("tag:") {
            return if tag.is_empty() {
                Err(failed("`tag:` names no tag".to_owned()))
            } else {
                Ok(Filter::Tag(tag.to_owned()))
            };
        }
        if let Some(word) = text.strip_prefix("status:") {
            let last = Last::WORDS.iter().find(|(known, _)| *known == word).map(|(_, last)| Filter::Status(*last));
            return last.ok_or_else(|| failed("it is status:passed, failed, skipped or new".to_owned()));
        }
        if let Some(regex) = text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
            return Regex::new(regex).map(Filter::Regex).map_err(|error| failed(error.to_string()));
        }
        Ok(Filter::Text(text.to_owned()))
    }

    /// Whether it selects `case`, of which `last` is known.
    pub fn selects(&self, case: &Case, last: Last) -> bool {
        let spec = case.spec.as_ref().ok();
        let name = spec.and_then(|spec| spec.name.as_ref()).map(|name| name.value.as_str());
        let mut texts = std::iter::once(case.id.as_str()).chain(name);
        match self {
            Filter::Text(part) => texts.any(|text| text.contains(part.as_str())),
            Filter::Regex(regex) => texts.any(|text| regex.is_match(text)),
            Filter::Status(wanted) => *wanted == last,
            Filter::Tag(tag) => spec.is_some_and(|spec| spec.tags.iter().any(|known| known.value == *tag)),
        }
    }
}
