//! `extends`: the tables of a spec and of the files that it adds to become one.
//! It must not read files, and must not know what keys mean but for how they go together.

use std::path::{Component, Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::model::{At, Text};
use crate::diagnostic::Piece;

/// Tables whose keys go together one by one. Any other value takes the place of what an earlier file has there.
const TOGETHER: [&str; 12] = [
    "vars",
    "matrix",
    "target",
    "target.env",
    "target.files",
    "target.limits",
    "determinism",
    "trace",
    "expect",
    "expect.stdout",
    "expect.stderr",
    "snapshot",
];

/// The files that one file says it adds to. What is no list of strings is left to whoever reads the keys.
pub fn extends(piece: Piece<'_>) -> Vec<Text> {
    // Most files add to none, and are not parsed for that. A key may be written with escapes.
    if !piece.text.contains("extends") && !piece.text.contains('\\') {
        return Vec::new();
    }
    let text = padded(piece);
    let (tree, _) = DeTable::parse_recoverable(&text);
    named(tree.get_ref())
}

/// The name of a file that another one speaks of: paths are relative to the file they are written in. `..` takes back the
/// folder before it, so that a file has one name whichever way leads to it.
pub fn beside(name: &str, path: &str) -> String {
    let folder = Path::new(name).parent().unwrap_or(Path::new(""));
    let mut whole = PathBuf::new();
    for part in folder.components().chain(Path::new(path).components()) {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(whole.components().next_back(), Some(Component::Normal(_))) => {
                whole.pop();
            }
            // An absolute path begins anew.
            Component::RootDir | Component::Prefix(_) | Component::ParentDir | Component::Normal(_) => {
                whole.push(part)
            }
        }
    }
    whole.to_string_lossy().into_owned()
}

/// The text of a file behind as many line ends as bytes stand before it, so that its parts are found where the whole has them.
pub(super) fn padded(piece: Piece<'_>) -> String {
    let mut text = "\n".repeat(piece.start);
    text.push_str(piece.text);
    text
}

/// What `extends` of a file says.
pub(super) fn named(tree: &DeTable<'_>) -> Vec<Text> {
    let list = tree.get("extends").and_then(|value| value.get_ref().as_array());
    let text = |value: &toml::Spanned<DeValue<'_>>| {
        Some(At { value: value.get_ref().as_str()?.to_owned(), span: value.span().into() })
    };
    list.into_iter().flatten().filter_map(text).collect()
}

/// In which order files are laid over each other: those that a file adds to before itself, each once.
/// `added` names for each file those that it adds to; the first file comes last.
pub(super) fn order(added: &[Vec<usize>]) -> Vec<usize> {
    fn visit(at: usize, added: &[Vec<usize>], open: &mut Vec<usize>, order: &mut Vec<usize>) {
        if open.contains(&at) || order.contains(&at) {
            return;
        }
        open.push(at);
        for next in &added[at] {
            visit(*next, added, open, order);
        }
        open.pop();
        order.push(at);
    }
    let mut all = Vec::new();
    visit(0, added, &mut Vec::new(), &mut all);
    all
}

/// Lays a file over those before it: tables of [`TOGETHER`] merge, lists of tables append, anything else wins.
pub(super) fn lay_over<'t>(below: &mut DeTable<'t>, above: DeTable<'t>) {
    merge(below, above, "");
}

fn merge<'t>(below: &mut DeTable<'t>, above: DeTable<'t>, path: &str) {
    for (key, value) in above {
        let here = if path.is_empty() { key.get_ref().to_string() } else { format!("{path}.{}", key.get_ref()) };
        let name = key.get_ref().to_string();
        let Some((old_key, mut old)) = below.remove_entry(name.as_str()) else {
            below.insert(key, value);
            continue;
        };
        let span = value.span();
        match (old.get_mut(), value.into_inner()) {
            (DeValue::Table(old), DeValue::Table(mut new)) if TOGETHER.contains(&here.as_str()) => {
                std::mem::swap(old, &mut new);
                // `new` is what lies below now.
                let over = std::mem::take(old);
                merge(&mut new, over, &here);
                below.insert(key, toml::Spanned::new(span, DeValue::Table(new)));
            }
            (DeValue::Array(old_list), DeValue::Array(new)) if are_tables(old_list) && are_tables(&new) => {
                new.into_iter().for_each(|value| old_list.push(value));
                below.insert(old_key, old);
            }
            (_, new) => {
                below.insert(key, toml::Spanned::new(span, new));
            }
        }
    }
}

fn are_tables(list: &[toml::Spanned<DeValue<'_>>]) -> bool {
    !list.is_empty() && list.iter().all(|value| value.get_ref().is_table())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_names_those_it_adds_to_however_the_key_is_written() {
        let named = |text: &str| -> Vec<String> {
            extends(Piece { name: "x.toml", text, start: 0 }).into_iter().map(|text| text.value).collect()
        };
        assert_eq!(named("spec = 1\nextends = ['a.toml', 'b.toml']\n"), ["a.toml", "b.toml"]);
        assert_eq!(named("\"\\u0065xtends\" = ['a.toml']\n"), ["a.toml"]);
        assert_eq!(named("spec = 1\nname = \"a \\\"b\\\"\"\n"), [""; 0]);
        assert_eq!(named("spec = 1\n"), [""; 0]);
    }

    #[track_caller]
    fn check(below: &str, above: &str, expected: &str) {
        let mut tree = DeTable::parse(below).expect("it is TOML").into_inner();
        lay_over(&mut tree, DeTable::parse(above).expect("it is TOML").into_inner());
        let value: toml::Table =
            serde::Deserialize::deserialize(toml::de::Deserializer::from(toml::Spanned::new(0..0, tree)))
                .expect("it is a table");
        assert_eq!(value, expected.parse::<toml::Table>().expect("it is TOML"));
    }

    #[test]
    fn tables_merge_lists_of_tables_append_and_the_rest_wins() {
        check("seed = 1", "seed = 2", "seed = 2");
        check("tags = ['a']", "tags = ['b']", "tags = ['b']");
        check("[vars]\na = '1'\nb = '1'", "[vars]\nb = '2'", "[vars]\na = '1'\nb = '2'");
        check(
            "target.env.A = '1'",
            "[target]\nprogram = 'x'\nenv = { B = '2' }",
            "target = { program = 'x', env = { A = '1', B = '2' } }",
        );
        check("[[inject]]\non = 'a'", "inject = [{ on = 'b' }]", "inject = [{ on = 'a' }, { on = 'b' }]");
        check(
            "expect.exit = { signal = 'SIGKILL' }",
            "expect.exit = { any-of = [1] }",
            "expect.exit = { any-of = [1] }",
        );
        check(
            "expect.never = ['a']",
            "expect.stdout = { equals = 'b' }",
            "expect = { never = ['a'], stdout = { equals = 'b' } }",
        );
    }

    #[test]
    fn what_is_added_to_lies_below_and_once() {
        assert_eq!(order(&[vec![]]), [0]);
        assert_eq!(order(&[vec![1, 2], vec![3], vec![3], vec![]]), [3, 1, 2, 0]);
        assert_eq!(order(&[vec![1], vec![0]]), [1, 0]);
    }

    #[test]
    fn paths_are_relative_to_the_file_that_has_them() {
        assert_eq!(beside("specs/x.toml", "../common.toml"), "common.toml");
        assert_eq!(beside("x.toml", "../common.toml"), "../common.toml");
        assert_eq!(beside("x.toml", ".//y.toml"), "y.toml");
        assert_eq!(beside("x.toml", "./y.toml"), "y.toml");
        assert_eq!(beside("a/x.toml", "/b/y.toml"), "/b/y.toml");
    }
}
