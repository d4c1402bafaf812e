//! Typed reading of the spanned TOML tree: every key is checked against its table, every problem is kept and reading
//! goes on. It must not know what any particular key means.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{self, Table};
use super::model::{At, Scalar, Text};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Source, Span, listed, nearest};

/// A value of the tree with its place.
pub(super) type Value<'t> = Spanned<DeValue<'t>>;

/// What is being read, and what was wrong so far.
pub(super) struct Walk {
    pub(super) source: Arc<Source>,
    pub(super) problems: RefCell<Diagnostics>,
}

/// One table of the file, and the keys it may have.
pub(super) struct Fields<'w, 't> {
    walk: &'w Walk,
    table: &'t DeTable<'t>,
    known: &'static Table,
    /// Where the table stands: its header, or all of an inline one.
    pub(super) span: Span,
    /// Whether a key was refused.
    pub(super) refused: Cell<bool>,
}

impl Walk {
    pub(super) fn new(source: Arc<Source>) -> Walk {
        Walk { source, problems: RefCell::new(Diagnostics::new()) }
    }

    pub(super) fn into_problems(self) -> Diagnostics {
        self.problems.into_inner()
    }

    /// Records an error at a place.
    pub(super) fn report(&self, code: Code, span: Span, message: String, label: &str, help: Option<String>) {
        let diagnostic = Diagnostic::error(&self.source, code, message).at(span, label).help(help);
        self.problems.borrow_mut().push(diagnostic);
    }

    /// Opens a table, and says which of its keys are unknown.
    pub(super) fn open<'w, 't>(
        &'w self,
        table: &'t DeTable<'t>,
        span: Span,
        known: &'static Table,
    ) -> Fields<'w, 't> {
        let fields = Fields { walk: self, table, known, span, refused: Cell::new(false) };
        for key in table.keys() {
            fields.check_key(key.get_ref(), key.span().into());
        }
        fields
    }

    /// Says that a value is of another type than the one wanted.
    pub(super) fn wrong_type<T>(&self, value: &Value<'_>, name: &str, wanted: &str, example: &str) -> Option<T> {
        let found = kind(value.get_ref());
        let key = if name.contains(' ') { name.to_owned() } else { format!("`{name}`") };
        let message = format!("{key} takes {wanted}, not {found}");
        let help = match value.get_ref() {
            DeValue::Table(_) if wanted == "a list of tables" => {
                Some(format!("write `[[{name}]]`, or `{name} = {example}`"))
            }
            _ if !example.is_empty() => Some(format!("for example `{name} = {example}`")),
            DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) if wanted == "a string" => {
                Some(format!("put it in quotes: `\"{}\"`", self.source.slice(value.span().into())))
            }
            _ => None,
        };
        self.report(Code::WRONG_TYPE, value.span().into(), message, &format!("this is {found}"), help);
        None
    }

    pub(super) fn text(&self, value: &Value<'_>, name: &str, example: &str) -> Option<Text> {
        match value.get_ref().as_str() {
            Some(text) => Some(At { value: text.to_owned(), span: value.span().into() }),
            None => self.wrong_type(value, name, "a string", example),
        }
    }

    pub(super) fn integer(&self, value: &Value<'_>, name: &str, example: &str) -> Option<At<i128>> {
        let span = value.span().into();
        let Some(integer) = value.get_ref().as_integer() else {
            return self.wrong_type(value, name, "an integer", example);
        };
        // The parser has checked the digits: only the size can be wrong.
        match i128::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(number) => Some(At { value: number, span }),
            Err(_) => {
                let message = format!("`{name}` is too large a number");
                self.report(Code::BAD_NUMBER, span, message, "does not fit into 64 bits", None);
                None
            }
        }
    }

    pub(super) fn scalar(&self, value: &Value<'_>, name: &str, wanted: &str, example: &str) -> Option<At<Scalar>> {
        let span = value.span().into();
        match value.get_ref() {
            DeValue::String(text) => Some(At { value: Scalar::Text(text.to_string()), span }),
            DeValue::Integer(_) => {
                let number = self.integer(value, name, example)?;
                Some(At { value: Scalar::Int(number.value), span })
            }
            _ => self.wrong_type(value, name, wanted, example),
        }
    }

    pub(super) fn texts(&self, value: &Value<'_>, name: &str, example: &str) -> Option<At<Vec<Text>>> {
        let Some(array) = value.get_ref().as_array() else {
            return self.wrong_type(value, name, "a list of strings", example);
        };
        let item = format!("an item of `{name}`");
        let texts = array.iter().filter_map(|value| self.text(value, &item, "")).collect();
        Some(At { value: texts, span: value.span().into() })
    }
}

impl<'w, 't> Fields<'w, 't> {
    fn check_key(&self, name: &str, span: Span) {
        match self.known.key(name) {
            Some(_) => {}
            None => {
                self.refused.set(true);
                let names = self.known.keys.iter().map(|key| key.name);
                let help = match (nearest(name, names), keys::home(name)) {
                    (Some(near), _) => format!("did you mean `{near}`?"),
                    (None, Some(home)) => home,
                    (None, None) => format!("its keys are {}", listed(self.known.keys.iter().map(|key| key.name))),
                };
                let message = format!("unknown key `{name}`");
                let label = format!("{} has no such key", self.known.name);
                self.walk.report(Code::UNKNOWN_KEY, span, message, &label, Some(help));
            }
        }
    }

    /// The value of a key. Every key that is asked for stands in the table of keys.
    pub(super) fn get(&self, name: &'static str) -> Option<&'t Value<'t>> {
        debug_assert!(self.known.key(name).is_some(), "{name} is not in the table of keys");
        self.table.get(name)
    }

    fn example(&self, name: &str) -> &'static str {
        self.known.key(name).map_or("", |key| key.example)
    }

    /// Says that a key is missing, unless another was refused, which may be the same one misspelt.
    pub(super) fn missing<T>(&self, name: &'static str) -> Option<T> {
        if !self.refused.get() {
            let (message, label, help) = self.known.lacks(name);
            self.walk.report(Code::MISSING_KEY, self.span, message, &label, Some(help));
        }
        None
    }

    /// Whether a key is missing, as [`Fields::missing`] has it: for keys that may come from elsewhere.
    pub(super) fn lacks(&self, name: &'static str) -> bool {
        self.get(name).is_none() && !self.refused.get()
    }

    pub(super) fn text(&self, name: &'static str) -> Option<Text> {
        self.get(name).and_then(|value| self.walk.text(value, name, self.example(name)))
    }

    pub(super) fn integer(&self, name: &'static str) -> Option<At<i128>> {
        self.get(name).and_then(|value| self.walk.integer(value, name, self.example(name)))
    }

    /// A number that may have a fraction.
    pub(super) fn number(&self, name: &'static str) -> Option<At<f64>> {
        let value = self.get(name)?;
        let span = value.span().into();
        let text = match value.get_ref() {
            DeValue::Float(float) => float.as_str().replace('_', ""),
            DeValue::Integer(integer) => integer.as_str().replace('_', ""),
            _ => return self.walk.wrong_type(value, name, "a number", self.example(name)),
        };
        match text.parse() {
            Ok(value) => Some(At { value, span }),
            Err(_) => self.walk.wrong_type(value, name, "a number", self.example(name)),
        }
    }

    pub(super) fn flag(&self, name: &'static str) -> Option<At<bool>> {
        let value = self.get(name)?;
        match value.get_ref().as_bool() {
            Some(flag) => Some(At { value: flag, span: value.span().into() }),
            None => self.walk.wrong_type(value, name, "true or false", self.example(name)),
        }
    }

    pub(super) fn scalar(&self, name: &'static str, wanted: &str) -> Option<At<Scalar>> {
        self.get(name).and_then(|value| self.walk.scalar(value, name, wanted, self.example(name)))
    }

    pub(super) fn texts(&self, name: &'static str) -> Option<At<Vec<Text>>> {
        self.get(name).and_then(|value| self.walk.texts(value, name, self.example(name)))
    }

    /// A list of strings, or one string alone.
    pub(super) fn text_or_texts(&self, name: &'static str) -> Vec<Text> {
        let Some(value) = self.get(name) else { return Vec::new() };
        match value.get_ref() {
            DeValue::String(_) => self.text(name).into_iter().collect(),
            DeValue::Array(texts) if texts.is_empty() => {
                let help = Some(format!("write `{name} = {}`, or take the key out", self.example(name)));
                let message = format!("`{name}` is an empty list");
                self.walk.report(Code::EMPTY_VALUE, value.span().into(), message, "names nothing", help);
                Vec::new()
            }
            DeValue::Array(_) => self.texts(name).map(|texts| texts.value).unwrap_or_default(),
            _ => self
                .walk
                .wrong_type(value, name, "a string or a list of strings", self.example(name))
                .unwrap_or_default(),
        }
    }

    pub(super) fn table(&self, name: &'static str, known: &'static Table) -> Option<Fields<'w, 't>> {
        let value = self.get(name)?;
        match value.get_ref().as_table() {
            Some(table) => Some(self.walk.open(table, value.span().into(), known)),
            None => self.walk.wrong_type(value, name, "a table", self.example(name)),
        }
    }

    /// The tables of a list: `[[name]]`, or inline ones.
    pub(super) fn tables(&self, name: &'static str, known: &'static Table) -> Vec<Fields<'w, 't>> {
        let Some(value) = self.get(name) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            return self.walk.wrong_type(value, name, "a list of tables", self.example(name)).unwrap_or_default();
        };
        let open = |value: &'t Value<'t>| match value.get_ref().as_table() {
            Some(table) => Some(self.walk.open(table, value.span().into(), known)),
            None => self.walk.wrong_type(value, &format!("an item of `{name}`"), "a table", ""),
        };
        array.iter().filter_map(open).collect()
    }

    /// The entries of a table whose keys are the author's own, in file order.
    pub(super) fn entries(&self, name: &'static str) -> Vec<(Text, &'t Value<'t>)> {
        let Some(value) = self.get(name) else { return Vec::new() };
        let Some(table) = value.get_ref().as_table() else {
            return self.walk.wrong_type(value, name, "a table", self.example(name)).unwrap_or_default();
        };
        let entry = |(key, value): (&'t Spanned<toml::de::DeString<'t>>, &'t Value<'t>)| {
            (At { value: key.get_ref().to_string(), span: key.span().into() }, value)
        };
        let mut entries: Vec<_> = table.iter().map(entry).collect();
        entries.sort_by_key(|(key, _)| key.span);
        entries
    }
}

/// What a value is, with its article.
fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a fractional number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
