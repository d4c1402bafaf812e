//! A spec with all that it adds to, as one text: files laid over each other, one value of each list.
//! It must not know what keys mean but for how they are written.

use std::fmt::Write;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::keys::{self, Table, Takes};
use super::model::{At, Spec};
use super::walk::Value;
use super::{Cell, read_whole};
use crate::diagnostic::{Diagnostics, Source};

/// Longer lists have a line for each item.
const WIDTH: usize = 100;

/// The text of one case of a spec. `Err` where [`super::parse`] has it, too.
pub fn merged(source: &Arc<Source>, spec: &Spec, cell: &Cell) -> Result<String, Diagnostics> {
    let texts = super::padded(source);
    let (tree, _) = read_whole(source, &texts)?;
    let case = spec.in_cell(cell);
    let mut text = String::new();
    Printer { source, case: &case }.table(&keys::ROOT, &tree, "", &mut text);
    Ok(text)
}

struct Printer<'a> {
    source: &'a Source,
    /// With one value in each list.
    case: &'a Spec,
}

impl Printer<'_> {
    /// The keys of a table, then those of the tables in it that have headers of their own.
    fn table(&self, known: &Table, tree: &DeTable<'_>, path: &str, text: &mut String) {
        let mut below = String::new();
        for (name, value) in in_order(known, tree) {
            if path.is_empty() && name == "matrix" {
                continue;
            }
            let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            match (known.key(name).map(|key| key.takes), value.get_ref()) {
                (Some(Takes::Table(known)), DeValue::Table(tree)) if !path.contains('.') => {
                    let _ = writeln!(below, "\n[{path}]");
                    self.table(known, tree, &path, &mut below);
                }
                (Some(Takes::Entries(..)), DeValue::Table(tree)) if !path.contains('.') => {
                    let _ = writeln!(below, "\n[{path}]");
                    for (key, value) in in_file_order(tree) {
                        let _ = writeln!(below, "{} = {}", self.key(key), self.value(value));
                    }
                }
                (Some(Takes::List(Takes::Table(known))), DeValue::Array(items)) if are_tables(items) => {
                    for (at, item) in items.iter().enumerate() {
                        let Some(tree) = item.get_ref().as_table() else { continue };
                        let _ = writeln!(below, "\n[[{path}]]");
                        if path == "inject" {
                            self.rule(at, tree, &mut below)
                        } else {
                            self.table(known, tree, &path, &mut below)
                        }
                    }
                }
                _ => self.entry(name, value, text),
            }
        }
        text.push_str(&below);
    }

    /// A rule has one of the errors that it lists.
    fn rule(&self, at: usize, tree: &DeTable<'_>, text: &mut String) {
        for (name, value) in in_order(&keys::INJECT, tree) {
            let rule = self.case.inject.get(at);
            let chosen = match name {
                "error" => rule.and_then(|rule| rule.error.as_ref()),
                "error-after" => rule.and_then(|rule| rule.error_after.as_ref()),
                _ => None,
            };
            match (chosen, value.get_ref()) {
                (Some(At { span, .. }), DeValue::Array(_)) => {
                    let _ = writeln!(text, "{name} = {}", self.source.slice(*span));
                }
                _ => self.entry(name, value, text),
            }
        }
    }

    fn entry(&self, name: &str, value: &Value<'_>, text: &mut String) {
        let written = self.value(value);
        let items = value.get_ref().as_array();
        match items {
            Some(items) if name.len() + written.len() > WIDTH => {
                let _ = writeln!(text, "{name} = [");
                for item in items.iter() {
                    let _ = writeln!(text, "  {},", self.value(item));
                }
                text.push_str("]\n");
            }
            _ => {
                let _ = writeln!(text, "{name} = {written}");
            }
        }
    }

    /// A value on one line, as its author has written it but for what stands for something of `[matrix]`.
    fn value(&self, value: &Value<'_>) -> String {
        match value.get_ref() {
            DeValue::String(text) => {
                let filled = self.filled(text);
                if filled == **text { self.source.slice(value.span().into()).to_owned() } else { quoted(&filled) }
            }
            DeValue::Array(items) => {
                let items: Vec<String> = items.iter().map(|item| self.value(item)).collect();
                format!("[{}]", items.join(", "))
            }
            DeValue::Table(table) if table.is_empty() => "{}".to_owned(),
            DeValue::Table(table) => {
                let entry = |(key, value): (&str, &Value<'_>)| format!("{} = {}", self.key(key), self.value(value));
                let entries: Vec<String> = in_file_order(table).into_iter().map(entry).collect();
                format!("{{ {} }}", entries.join(", "))
            }
            _ => self.source.slice(value.span().into()).to_owned(),
        }
    }

    /// A key, in quotes where it needs them.
    fn key(&self, key: &str) -> String {
        let is_bare =
            !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        if is_bare { key.to_owned() } else { quoted(&self.filled(key)) }
    }

    /// A text with the values of this case for what stands for them.
    fn filled(&self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            filled.push_str(&rest[..at]);
            rest = &rest[at..];
            let taken = match rest.strip_prefix("$${") {
                Some(_) => 3,
                None => {
                    let name =
                        rest.strip_prefix("${matrix.").and_then(|rest| rest.split_once('}')).map(|(name, _)| name);
                    let axis = name.and_then(|name| self.case.matrix.iter().find(|axis| axis.name.value == name));
                    if let (Some(axis), Some(name)) = (axis, name) {
                        // A value is text: nothing in it stands for anything.
                        filled.push_str(&axis.values[0].value.replace("${", "$${"));
                        rest = &rest["${matrix.}".len() + name.len()..];
                        continue;
                    }
                    1
                }
            };
            filled.push_str(&rest[..taken]);
            rest = &rest[taken..];
        }
        filled + rest
    }
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn are_tables(items: &[Value<'_>]) -> bool {
    !items.is_empty() && items.iter().all(|item| item.get_ref().is_table())
}

/// The keys of a table in the order of the reference; those that it does not know come last.
fn in_order<'t>(known: &Table, tree: &'t DeTable<'t>) -> Vec<(&'t str, &'t Value<'t>)> {
    let mut entries = in_file_order(tree);
    entries.sort_by_key(|(name, _)| known.keys.iter().position(|key| key.name == *name).unwrap_or(usize::MAX));
    entries
}

fn in_file_order<'t>(tree: &'t DeTable<'t>) -> Vec<(&'t str, &'t Value<'t>)> {
    let mut entries: Vec<_> = tree.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries.into_iter().map(|(key, value)| (key.get_ref().as_ref(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::parse;

    /// What a case of some files is as one text.
    #[track_caller]
    fn check(files: &[(&str, &str)], cell: usize, expected: &str) {
        let mut source = Source::new(files[0].0, files[0].1);
        for (name, text) in &files[1..] {
            source.add(*name, text);
        }
        let source = Arc::new(source);
        let spec = parse(&source).expect("it is TOML");
        let cells = spec.cells();
        assert_eq!(merged(&source, &spec, &cells[cell]).expect("it is TOML"), expected);
    }

    #[test]
    fn the_keys_stand_in_the_order_of_the_reference_and_as_they_were_written() {
        check(
            &[(
                "x.toml",
                "expect = { exit = 0x10 }\ntarget.args = ['a', \"b\\n\"]\ntarget.program = 'cat'\nspec = 1\n\
                 [vars]\nz = '1'\na = '${tmp}'\n",
            )],
            0,
            "spec = 1\n\n[vars]\nz = '1'\na = '${tmp}'\n\n[target]\nprogram = 'cat'\nargs = ['a', \"b\\n\"]\n\n\
             [expect]\nexit = 0x10\n",
        );
    }

    #[test]
    fn files_are_laid_over_each_other() {
        check(
            &[
                ("x.toml", "spec = 1\nextends = ['y.toml']\n[[inject]]\non = 'read'\nerror = 'EIO'\n"),
                ("y.toml", "seed = 1\n[[inject]]\non = 'write'\nerror = 'EIO'\n"),
            ],
            0,
            "spec = 1\nseed = 1\n\n[[inject]]\non = 'write'\nerror = 'EIO'\n\n[[inject]]\non = 'read'\nerror = 'EIO'\n",
        );
    }

    #[test]
    fn a_case_has_one_value_of_each_list() {
        check(
            &[(
                "x.toml",
                "spec = 1\n[matrix]\np = ['cat', 'a${b}']\n[target]\nprogram = \"${matrix.p}\"\n\
                 args = ['$${matrix.p}', '-${matrix.p}', '${tmp}']\n[[inject]]\non = 'read'\nerror = ['EIO', 28]\n",
            )],
            3,
            "spec = 1\n\n[target]\nprogram = \"a$${b}\"\nargs = ['$${matrix.p}', \"-a$${b}\", '${tmp}']\n\n\
             [[inject]]\non = 'read'\nerror = 28\n",
        );
    }
}
