//! Cells: a spec with lists in it stands for several cases, one for each choice of values.
//! It must not know where cases come from, nor what the values mean.

use std::fmt;

use sha2::{Digest, Sha256};

use super::model::{At, Axis, Inject, Scalar, Spec, Text};
use crate::abi::Errno;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};

/// More cases than this are a slip: nobody reads so many snapshots, and with a few more lists no machine holds their names.
const MOST: usize = 10_000;
/// Bytes of a value that stands in names as it is: names of files end at 255.
const LONGEST: usize = 80;

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

/// Something to choose, in the words of ids: the key, and the name of each value with its place.
struct Choosable {
    key: String,
    values: Vec<At<String>>,
}

impl Spec {
    /// Every cell: all combinations, the last list changing fastest. One cell without values where there is no list.
    pub fn cells(&self) -> Vec<Cell> {
        let mut cells = vec![Cell::default()];
        for Choosable { key, values } in self.choices() {
            let with = |cell: &Cell, value: &At<String>| {
                let mut cell = cell.clone();
                cell.values.push((key.clone(), value.value.clone()));
                cell
            };
            cells = cells.iter().flat_map(|cell| values.iter().map(move |value| with(cell, value))).collect();
        }
        cells
    }

    /// Says if cells could not be told apart by their names, and if there are more than can be meant; they are not made then.
    pub(super) fn check_cells(&mut self) {
        let mut found = Diagnostics::new();
        let mut number = 1_usize;
        let choices = self.choices();
        for (at, Choosable { key, values }) in choices.iter().enumerate() {
            let (Some(first), Some(last)) = (values.first(), values.last()) else { continue };
            let span = Span { start: first.span.start, end: last.span.end };
            if choices[..at].iter().any(|before| before.key == *key) {
                let message = format!("two lists have the key `{key}`");
                let error = Diagnostic::error(&self.source, Code::DUPLICATE_NAME, message)
                    .at(span, format!("`{key}` is a key of `[matrix]`, too"))
                    .help(Some("give the key of `[matrix]` another name".to_owned()));
                found.push(error);
            }
            number = number.saturating_mul(values.len());
            if number > MOST {
                let error = Diagnostic::error(&self.source, Code::TOO_MANY_CASES, "the lists make too many cases")
                    .at(span, format!("with these there are {number} combinations or more"))
                    .help(Some(format!("at most {MOST} are run: shorten the lists, or write two specs")));
                found.push(error);
                break;
            }
        }
        self.problems.extend(found);
    }

    /// The spec with the values of a cell in place of its lists. A list that the cell says nothing of stands for its
    /// first value.
    #[must_use]
    pub fn in_cell(&self, cell: &Cell) -> Spec {
        let mut spec = self.clone();
        let wanted = |key: &str| cell.values.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str());
        let choices = self.choices();
        let (axes, lists) = choices.split_at(self.matrix.len());
        for (axis, choosable) in spec.matrix.iter_mut().zip(axes) {
            axis.values.swap(0, choosable.position(wanted(&choosable.key)));
            axis.values.truncate(1);
        }
        let mut lists = lists.iter();
        for rule in &mut spec.inject {
            for choice in rule.choices.clone() {
                let Some(choosable) = lists.next() else { return spec };
                rule.choose(choice.key, choice.values.get(choosable.position(wanted(&choosable.key))));
            }
        }
        spec
    }

    /// The keys of `[matrix]`, then the lists of rules: `error`, or `rule.error` where more than one rule has a list.
    fn choices(&self) -> Vec<Choosable> {
        let axis = |axis: &Axis| {
            let value = |text: &Text| At { value: in_cell_name(&text.value), span: text.span };
            Choosable { key: axis.name.value.clone(), values: axis.values.iter().map(value).collect() }
        };
        let mut choices: Vec<Choosable> = self.matrix.iter().map(axis).collect();
        let rules = self.inject.iter().filter(|rule| !rule.choices.is_empty()).count();
        for (at, rule) in self.inject.iter().enumerate() {
            let name = rule.name.as_ref().map_or_else(|| format!("r{}", at + 1), |name| name.value.clone());
            for Choice { key, values } in &rule.choices {
                let key = if rules > 1 { format!("{name}.{key}") } else { (*key).to_owned() };
                let value = |value: &At<Scalar>| At { value: shown(&value.value), span: value.span };
                choices.push(Choosable { key, values: values.iter().map(value).collect() });
            }
        }
        choices
    }
}

impl Choosable {
    /// Which of the values has this name; the first where none is asked for.
    fn position(&self, wanted: Option<&str>) -> usize {
        self.values.iter().position(|value| Some(value.value.as_str()) == wanted).unwrap_or(0)
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
        Scalar::Text(text) => in_file_name(text),
    };
    let name = Errno::parse(&text).and_then(Errno::name);
    name.map_or(text, str::to_owned)
}

/// A text as a part of the name of a file. Of a long one the beginning is there, and what tells it from others.
pub(super) fn in_file_name(text: &str) -> String {
    let name = text.chars().map(|c| if c == '/' || c.is_control() { '_' } else { c });
    if text.len() <= LONGEST {
        return name.collect();
    }
    let digest = Sha256::digest(text.as_bytes());
    let mark: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{}~{mark}", name.take(LONGEST / 4).collect::<String>())
}

/// A value of the matrix in the name of a cell, where commas and equals signs part values.
pub(super) fn in_cell_name(text: &str) -> String {
    in_file_name(text).replace([',', '='], "_")
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
    fn keys_of_the_matrix_come_first() {
        let text = "spec = 1\nmatrix = { b = ['x/y', 'z'], a = [1] }\ninject = [{ on = 'write', error = ['EIO'] }]";
        let spec = parse(&Arc::new(Source::new("x.toml", text))).expect("it is TOML");
        let cells = spec.cells();
        let names: Vec<String> = cells.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["b=x_y,a=1,error=EIO", "b=z,a=1,error=EIO"]);
        let values = |cell| {
            let spec = spec.in_cell(cell);
            spec.matrix.iter().map(|axis| axis.values[0].value.clone()).collect::<Vec<_>>()
        };
        assert_eq!(values(&cells[0]), ["x/y", "1"]);
        assert_eq!(values(&cells[1]), ["z", "1"]);
    }

    #[test]
    fn a_long_value_has_a_short_name_of_its_own() {
        let long = "x".repeat(300);
        let text = format!("spec = 1\nmatrix = {{ a = ['{long}y', '{long}z'] }}");
        let spec = parse(&Arc::new(Source::new("x.toml", text))).expect("it is TOML");
        let cells = spec.cells();
        let names: Vec<String> = cells.iter().map(ToString::to_string).collect();
        assert!(names[0] != names[1] && names.iter().all(|name| name.len() < 40), "{names:?}");
        assert_eq!(spec.in_cell(&cells[1]).matrix[0].values[0].value, format!("{long}z"));
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
