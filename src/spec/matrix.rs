//! Reads `[matrix]`: keys with lists of which each case has one value.
//! It must not know what the values are for.

use toml::de::DeValue;

use super::cell::in_cell_name;
use super::model::{Axis, Text};
use super::walk::{Fields, Value, Walk};
use crate::diagnostic::Code;

/// The keys, in file order.
pub(super) fn matrix(walk: &Walk, root: &Fields<'_, '_>) -> Vec<Axis> {
    root.entries("matrix").into_iter().filter_map(|(name, value)| axis(walk, name, value)).collect()
}

/// Keys that have no value that can be read: what asks for them is no mistake of its own.
pub(super) fn without_values(root: &Fields<'_, '_>, axes: &[Axis]) -> Vec<String> {
    let names = root.entries("matrix").into_iter().map(|(name, _)| name.value);
    names.filter(|name| axes.iter().all(|axis| axis.name.value != *name)).collect()
}

fn axis(walk: &Walk, name: Text, value: &Value<'_>) -> Option<Axis> {
    let key = &name.value;
    if key.is_empty() || !key.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c)) {
        let help = Some("take letters, digits, `_`, `-` and `.`: ids and names of files are made of it".to_owned());
        let message = format!("a key of `[matrix]` cannot be `{key}`");
        walk.report(Code::BAD_NAME, name.span, message, "`${matrix.NAME}` could not name it", help);
        return None;
    }
    let Some(list) = value.get_ref().as_array() else {
        return walk.wrong_type(value, key, "a list of texts or numbers", "[\"btree\", \"lsm\"]");
    };
    if list.is_empty() {
        let help = Some(format!("name the values: `{key} = [\"btree\", \"lsm\"]` makes a case of each"));
        let message = format!("`{key}` is an empty list");
        walk.report(Code::EMPTY_VALUE, value.span().into(), message, "no case would be left", help);
        return None;
    }
    let item = format!("an item of `{key}`");
    let values: Vec<Text> = list.iter().filter_map(|value| text(walk, value, &item)).collect();
    for (at, value) in values.iter().enumerate() {
        let shown = in_cell_name(&value.value);
        if values[..at].iter().any(|before| in_cell_name(&before.value) == shown) {
            let help = Some("each value makes a case of its own, whose id has it in it".to_owned());
            walk.report(Code::DUPLICATE_NAME, value.span, format!("`{shown}` is listed twice"), "listed again", help);
        }
    }
    (!values.is_empty()).then_some(Axis { name, values })
}

/// A value as `${matrix.NAME}` puts it into texts.
fn text(walk: &Walk, value: &Value<'_>, item: &str) -> Option<Text> {
    let span = value.span().into();
    match value.get_ref() {
        DeValue::String(_) => walk.text(value, item, ""),
        DeValue::Integer(_) => {
            walk.integer(value, item, "").map(|number| Text { value: number.value.to_string(), span })
        }
        DeValue::Boolean(flag) => Some(Text { value: flag.to_string(), span }),
        DeValue::Float(_) | DeValue::Datetime(_) => Some(Text { value: walk.source.slice(span).to_owned(), span }),
        DeValue::Array(_) | DeValue::Table(_) => walk.wrong_type(value, item, "a text or a number", ""),
    }
}
