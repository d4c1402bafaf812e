//! The JSON Schema of a spec, for editors: draft 7, made of the table of keys.
//! It must not know any key: what is not in that table is not in the schema.

use serde_json::{Map, Value, json};

use super::keys::{self, Key, Table, Takes, Words};
use super::ready::READY;
use crate::abi::{Arch, Class, Errno, Operation, Register, Signal, Sysno};
use crate::pattern::Noun;

/// The schema.
///
/// What a text may be is as exact as an editor has use for: the names of calls, errnos, signals, registers, ready rules and
/// the words of keys that have a few are checked; patterns, globs and places are only checked by `rinject check`.
pub fn schema() -> Value {
    let mut definitions = Map::new();
    for table in keys::ALL.into_iter().filter(|table| table.name != keys::ROOT.name) {
        definitions.insert(table.anchor(), of_table(table));
    }
    for (name, words) in WORDS {
        definitions.insert(name.to_owned(), of_words(words));
    }
    let mut root = of_table(&keys::ROOT);
    root["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    root["title"] = json!("A spec of rinject");
    root["definitions"] = Value::Object(definitions);
    root
}

/// Vocabularies that stand in the schema once, with their names there.
const WORDS: [(&str, Words); 11] = [
    ("word.errno", Words::Errno),
    ("word.signal", Words::Signal),
    ("word.signals", Words::Signals),
    ("word.call", Words::Call),
    ("word.calls", Words::Calls),
    ("word.event", Words::Event),
    ("word.start", Words::Start),
    ("word.register", Words::Register),
    ("word.ready-rule", Words::Ready),
    ("word.duration", Words::Duration),
    ("word.requirement", Words::Requirement),
];

fn of_table(table: &Table) -> Value {
    let properties: Map<String, Value> = table.keys.iter().map(|key| (key.name.to_owned(), of_key(key))).collect();
    let needed: Vec<&str> = table.keys.iter().filter(|key| key.needed).map(|key| key.name).collect();
    let mut schema = json!({ "type": "object", "additionalProperties": false, "properties": properties });
    if !needed.is_empty() {
        schema["required"] = json!(needed);
    }
    schema
}

fn of_key(key: &Key) -> Value {
    let mut schema = of_value(&key.takes);
    // Beside a `$ref` other words are not looked at.
    if schema.get("$ref").is_some() {
        schema = json!({ "allOf": [schema] });
    }
    schema["description"] = json!(key.about);
    schema["examples"] = json!([example(key)]);
    schema
}

/// The example of a key as JSON.
fn example(key: &Key) -> Value {
    let parsed: Option<toml::Table> = format!("value = {}", key.example).parse().ok();
    parsed.and_then(|table| serde_json::to_value(table.get("value")?).ok()).unwrap_or(Value::Null)
}

fn of_value(takes: &Takes) -> Value {
    match takes {
        Takes::Version => json!({ "const": 1 }),
        Takes::Integer => json!({ "type": "integer" }),
        Takes::Number => json!({ "type": "number" }),
        Takes::Flag => json!({ "type": "boolean" }),
        Takes::Text(words) => named(*words),
        Takes::Scalar(Words::Free) => json!({ "type": ["integer", "string"] }),
        Takes::Scalar(words) => json!({ "anyOf": [{ "type": "integer" }, named(*words)] }),
        Takes::Single => json!({ "type": ["string", "number", "boolean"] }),
        Takes::Table(table) => json!({ "$ref": format!("#/definitions/{}", table.anchor()) }),
        Takes::Entries(Words::Free, item) => json!({ "type": "object", "additionalProperties": of_value(item) }),
        Takes::Entries(words, item) => {
            json!({ "type": "object", "propertyNames": named(*words), "additionalProperties": of_value(item) })
        }
        Takes::List(item) => json!({ "type": "array", "items": of_value(item) }),
        Takes::Any(kinds) => json!({ "anyOf": kinds.iter().map(of_value).collect::<Vec<_>>() }),
    }
}

/// A text of such words, by its name where it has one.
fn named(words: Words) -> Value {
    let same = |known: &Words| std::mem::discriminant(known) == std::mem::discriminant(&words);
    match WORDS.iter().find(|(_, known)| same(known)) {
        Some((name, _)) => json!({ "$ref": format!("#/definitions/{name}") }),
        None => of_words(words),
    }
}

fn of_words(words: Words) -> Value {
    let upper =
        |names: Vec<String>| format!("^({})$", names.iter().map(|name| any_case(name)).collect::<Vec<_>>().join("|"));
    match words {
        Words::Free => json!({ "type": "string" }),
        Words::Of(words) => one_of(words.iter().copied(), None),
        Words::Errno => {
            let names = || Errno::names().chain(["EWOULDBLOCK", "EDEADLOCK", "ENOTSUP"]);
            let others = names().map(str::to_owned).chain(["[0-9]+".to_owned()]).collect();
            one_of(names(), Some(&upper(others)))
        }
        Words::Signal => {
            let names = signal_names();
            one_of(names.iter().map(String::as_str), Some(&upper(signals())))
        }
        Words::Signals => {
            let names = signal_names();
            let pattern = format!("^!?({}|all)$", upper(signals()).trim_matches(['^', '$']));
            one_of(names.iter().map(String::as_str).chain(["all"]), Some(&pattern))
        }
        Words::Call => one_of(Sysno::all().map(Sysno::name), None),
        // Whatever is more than one word is an expression, and left to `rinject check`.
        Words::Calls => more(groups(), &[Words::Call]),
        Words::Event => more(Noun::ALL.into_iter().map(|noun| noun.name().to_owned()), &[Words::Calls]),
        Words::Start => more(["main", "exec", "entry"].map(str::to_owned), &[Words::Event]),
        Words::Register => {
            let mut names: Vec<&str> = Arch::ALL.into_iter().flat_map(Register::names).collect();
            names.sort_unstable();
            names.dedup();
            one_of(names.into_iter(), None)
        }
        Words::Ready => one_of(READY.iter().map(|ready| ready.name), None),
        Words::Duration => json!({ "type": "string", "pattern": "[a-z]|\\$\\{" }),
        Words::Requirement => one_of(
            ["arch:x86_64", "arch:aarch64", "namespace:pid"].into_iter(),
            Some("^(arch:.|kernel>=[0-9]+([.][0-9]+)*$|program:.)"),
        ),
    }
}

/// One of these words, a text that the pattern matches, or one that is only known once its placeholders are.
fn one_of<'w>(words: impl Iterator<Item = &'w str>, pattern: Option<&str>) -> Value {
    let words: Vec<&str> = words.collect();
    let others = pattern.map(|pattern| format!("{pattern}|")).unwrap_or_default();
    json!({ "anyOf": [{ "enum": words }, { "type": "string", "pattern": format!("{others}\\$\\{{") }] })
}

/// These words, all that these vocabularies have, or an expression.
fn more(words: impl IntoIterator<Item = String>, known: &[Words]) -> Value {
    let words: Vec<String> = words.into_iter().collect();
    let own = json!({ "enum": words });
    let others = json!({ "type": "string", "pattern": "[^A-Za-z0-9_.%]" });
    let kinds: Vec<Value> = [own].into_iter().chain(known.iter().copied().map(named)).chain([others]).collect();
    json!({ "anyOf": kinds })
}

/// What stands for several calls.
fn groups() -> impl Iterator<Item = String> {
    let classes = Class::NAMES.iter().map(|class| format!("%{class}"));
    let operations = Operation::all().map(|operation| operation.name().to_owned());
    classes.chain(["%all", "all"].map(str::to_owned)).chain(operations)
}

fn signal_names() -> Vec<String> {
    Signal::all().map(|signal| signal.to_string()).collect()
}

/// Expressions for every way to write a signal, in capitals.
fn signals() -> Vec<String> {
    let known = Signal::all().map(|signal| signal.to_string());
    let named: Vec<String> =
        known.filter(|name| !name.starts_with("SIGRT")).map(|name| name[3..].to_owned()).collect();
    let others = ["IOT", "POLL", "CLD", "RTMIN([+][0-9]+)?", "RTMAX(-[0-9]+)?"].map(str::to_owned);
    let names = named.into_iter().chain(others).flat_map(|name| [format!("SIG{name}"), name]);
    names.chain(["[0-9]+".to_owned()]).collect()
}

/// An expression for a word in capitals, in any case.
fn any_case(word: &str) -> String {
    word.chars()
        .map(|c| if c.is_ascii_uppercase() { format!("[{c}{}]", c.to_ascii_lowercase()) } else { c.to_string() })
        .collect()
}
