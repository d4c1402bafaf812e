//! Cells: a spec with lists in it stands for several cases, one for each choice of values.
//! It must not know where cases come from, nor what the values mean.

use std::fmt;

use super::model::{At, Inject, Scalar, Spec};
use crate::abi::Errno;
use crate::diagnostic::{Code, Diagnostic, Span};

/// More cases than this are a slip: nobody reads so many snapshots, and with a few more lists no machine holds their names.
const MOST: usize = 10_000;

/// A choice of values by key, in file order; empty where a spec has nothing to choose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Keys, such as `error` or `wal.error`, and what was chosen.
    pub values: Vec<(String, String)>,
}

/// As in ids and names of files: `error=EIO`.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (key, value)) in self.values.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{key}={value}")?;
        }
        Ok(())
    }
}

/// A key with a list of values, of which each case has one.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// `error` or `error-after`.
    pub key: &'static str,
    /// The values: one at least.
    pub values: Vec<At<Scalar>>,
}

impl Spec {
    /// Every cell: all combinations, the last list changing fastest. One cell without values where there is no list.
    pub fn cells(&self) -> Vec<Cell> {
        let mut cells = vec![Cell::default()];
        for (key, choice) in self.choices() {
            let with = |cell: &Cell, value: &At<Scalar>| {
                let mut cell = cell.clone();
                cell.values.push((key.clone(), shown(&value.value)));
                cell
            };
            cells = cells.iter().flat_map(|cell| choice.values.iter().map(move |value| with(cell, value))).collect();
        }
        cells
    }

    /// Says if there are more cells than can be meant; they are not made then.
    pub(super) fn check_number_of_cells(&mut self) {
        let mut number = 1_usize;
        let mut found = None;
        for (_, choice) in self.choices() {
            number = number.saturating_mul(choice.values.len());
            let (Some(first), Some(last)) = (choice.values.first(), choice.values.last()) else { continue };
            if number > MOST {
                let span = Span { start: first.span.start, end: last.span.end };
                let error = Diagnostic::error(&self.source, Code::TOO_MANY_CASES, "the lists make too many cases")
                    .at(span, format!("with these there are {number} combinations or more"))
                    .help(Some(format!("at most {MOST} are run: shorten the lists, or write two specs")));
                found = Some(error);
                break;
            }
        }
        if let Some(error) = found {
            self.problems.push(error);
        }
    }

    /// The spec with the values of a cell in place of its lists. A list that the cell says nothing of stands for its
    /// first value.
    #[must_use]
    pub fn in_cell(&self, cell: &Cell) -> Spec {
        let mut spec = self.clone();
        let keys: Vec<String> = self.choices().map(|(key, _)| key).collect();
        let mut keys = keys.into_iter();
        for rule in &mut spec.inject {
            for choice in rule.choices.clone() {
                let Some(key) = keys.next() else { return spec };
                let wanted = cell.values.iter().find(|(known, _)| *known == key);
                let is_wanted = |value: &&At<Scalar>| wanted.is_some_and(|(_, text)| shown(&value.value) == *text);
                rule.choose(choice.key, choice.values.iter().find(is_wanted));
            }
        }
        spec
    }

    /// The lists with their keys: `error`, or `rule.error` where more than one rule has a list.
    fn choices(&self) -> impl Iterator<Item = (String, &Choice)> {
        let rules = self.inject.iter().filter(|rule| !rule.choices.is_empty()).count();
        let named = self.inject.iter().enumerate().flat_map(|(at, rule)| {
            let name = rule.name.as_ref().map_or_else(|| format!("r{}", at + 1), |name| name.value.clone());
            rule.choices.iter().map(move |choice| (name.clone(), choice))
        });
        named.map(move |(name, choice)| {
            let key = if rules > 1 { format!("{name}.{}", choice.key) } else { choice.key.to_owned() };
            (key, choice)
        })
    }
}

impl Inject {
    fn choose(&mut self, key: &str, value: Option<&At<Scalar>>) {
        let Some(value) = value.cloned() else { return };
        match key {
            "error" => self.error = Some(value),
            _ => self.error_after = Some(value),
        }
    }
}

/// A value as ids and file names have it: errors by their name, nothing that leads into another folder.
pub(super) fn shown(value: &Scalar) -> String {
    let text = match value {
        Scalar::Int(number) => number.to_string(),
        Scalar::Text(text) => text.replace('/', "_"),
    };
    let name = Errno::parse(&text).and_then(Errno::name);
    name.map_or(text, str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::diagnostic::Source;
    use crate::spec::{Scalar, Spec, parse};

    fn spec(rules: &str) -> Spec {
        parse(&Arc::new(Source::new("x.toml", format!("spec = 1\ninject = [{rules}]")))).expect("it is TOML")
    }

    #[track_caller]
    fn check(rules: &str, expected: &[&str]) {
        let cells: Vec<String> = spec(rules).cells().iter().map(ToString::to_string).collect();
        assert_eq!(cells, expected);
    }

    #[test]
    fn every_combination_is_a_cell() {
        check("{ on = 'write', error = 'EIO' }", &[""]);
        check("{ on = 'write', error = ['EIO'] }", &["error=EIO"]);
        check("{ on = 'write', error = ['EIO', 28] }", &["error=EIO", "error=ENOSPC"]);
        check("{ on = 'close', error-after = ['EIO', 'EINTR'] }", &["error-after=EIO", "error-after=EINTR"]);
        check(
            "{ name = 'w', on = 'write', error = ['EIO', 'EBADF'] }, { on = 'read', error = 'EIO' }, \
             { on = 'close', error-after = ['EIO', 'EINTR'] }",
            &[
                "w.error=EIO,r3.error-after=EIO",
                "w.error=EIO,r3.error-after=EINTR",
                "w.error=EBADF,r3.error-after=EIO",
                "w.error=EBADF,r3.error-after=EINTR",
            ],
        );
    }

    #[test]
    fn a_cell_puts_its_value_in_place_of_the_list() {
        let spec = spec("{ on = 'write', error = ['EIO', 28] }");
        let cells = spec.cells();
        let error = |spec: &Spec| spec.inject[0].error.as_ref().map(|error| error.value.clone());
        assert_eq!(error(&spec.in_cell(&cells[1])), Some(Scalar::Int(28)));
        assert_eq!(error(&spec.in_cell(&cells[0])), Some(Scalar::Text("EIO".to_owned())));
    }
}
