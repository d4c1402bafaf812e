//! The JSON Schema of specs says what the reader does: no key, no type and no name in one that the other does not have.
//! `RINJECT_BLESS=1` writes docs/rinject.schema.json.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jsonschema::Validator;
use rinject::diagnostic::{Code, Diagnostics, Source};
use rinject::spec::{self, keys};
use serde_json::Value;

mod common;
#[path = "schema/editors.rs"]
mod editors;

const PUBLISHED: &str = "docs/rinject.schema.json";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn validator() -> Validator {
    jsonschema::validator_for(&spec::schema()).expect("it is a schema")
}

/// The schema without its words: every text is as good as another.
fn loose() -> Validator {
    fn loosen(schema: &mut Value) {
        if let Value::Object(map) = schema {
            map.remove("pattern");
            map.remove("propertyNames");
            if map.remove("enum").is_some() {
                map.insert("type".to_owned(), "string".into());
            }
            map.values_mut().for_each(loosen);
        } else if let Value::Array(items) = schema {
            items.iter_mut().for_each(loosen);
        }
    }
    let mut schema = spec::schema();
    loosen(&mut schema);
    jsonschema::validator_for(&schema).expect("it is a schema")
}

/// A spec as JSON, dates as null; `None` where it is not TOML.
fn as_json(text: &str) -> Option<Value> {
    fn undated(value: &mut Value) {
        match value {
            Value::Object(map) if map.keys().any(|key| key.starts_with("$__toml")) => *value = Value::Null,
            Value::Object(map) => map.values_mut().for_each(undated),
            Value::Array(items) => items.iter_mut().for_each(undated),
            _ => {}
        }
    }
    let mut json = serde_json::to_value(text.parse::<toml::Table>().ok()?).ok()?;
    undated(&mut json);
    Some(json)
}

/// What the reader has to say of a text.
fn problems(text: &str) -> Diagnostics {
    match spec::parse(&Arc::new(Source::new("x.toml", text))) {
        Ok(spec) => spec.problems,
        Err(problems) => problems,
    }
}

/// Whether there is a problem of one of these kinds.
fn has(problems: &Diagnostics, codes: &[Code]) -> bool {
    problems.errors().any(|problem| codes.contains(&problem.code))
}

/// Keys and types.
const SHAPE: [Code; 3] = [Code::UNKNOWN_KEY, Code::WRONG_TYPE, Code::VERSION];

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn specs_below(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").flatten() {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path if path.extension().is_some_and(|it| it == "toml") => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

#[test]
fn the_published_schema_is_that_of_this_version() {
    let path = root().join(PUBLISHED);
    let text = format!("{:#}\n", spec::schema());
    if std::env::var_os("RINJECT_BLESS").is_some_and(|value| value == "1") {
        fs::write(&path, text).expect("it can be written");
        return;
    }
    assert!(read(&path) == text, "{PUBLISHED} is old; RINJECT_BLESS=1 cargo test --test schema writes it");
}

#[test]
fn rinject_prints_it() {
    let (status, printed, _) = common::rinject(&root(), &["schema"]);
    assert_eq!((status, printed), (0, read(&root().join(PUBLISHED))));
}

#[test]
fn every_good_spec_is_good_to_the_schema() {
    let validator = validator();
    let mut found = String::new();
    let mut seen = 0;
    for path in specs_below("specs").into_iter().chain(specs_below("src/spec/ready")) {
        let mut json = as_json(&read(&path)).unwrap_or_else(|| panic!("{}: as JSON", path.display()));
        // The ready rules, and files that others add to, have no version of their own.
        json.as_object_mut().expect("a table").entry("spec").or_insert(1.into());
        seen += 1;
        for error in validator.iter_errors(&json) {
            let _ = writeln!(found, "{}: {}: {error}", path.display(), error.instance_path());
        }
    }
    assert!(found.is_empty() && seen > 400, "{seen} specs\n{found}");
}

#[test]
fn specs_with_wrong_keys_and_types_are_bad_to_the_schema() {
    let validator = validator();
    let mut found = String::new();
    let mut seen = 0;
    for path in specs_below("tests/invalid") {
        let text = read(&path);
        let Some(json) = as_json(&text) else { continue };
        if has(&problems(&text), &SHAPE) {
            seen += 1;
            if validator.is_valid(&json) {
                let _ = writeln!(found, "{}: the schema has nothing against it", path.display());
            }
        }
    }
    assert!(found.is_empty() && seen > 30, "{seen} specs\n{found}");
}

/// A value of each kind that TOML has.
const KINDS: [&str; 12] = [
    "\"text\"",
    "7",
    "0.5",
    "true",
    "2026-01-01T00:00:00Z",
    "[]",
    "[\"text\"]",
    "[7]",
    "[true]",
    "[{ unknown = 1 }]",
    "{ unknown = 1 }",
    "[[\"text\"]]",
];

/// Tables and how a spec leads to them, `@` standing for what is in them.
const WAYS: [(&str, &str); 34] = [
    ("the spec", "@"),
    ("`[target]`", "[target]\n@"),
    ("a file of `target.files`", "[target.files.a]\n@"),
    ("`stdin`", "[target.stdin]\n@"),
    ("the output", "[target.stdout]\n@"),
    ("`limits`", "[target.limits]\n@"),
    ("`target.attach`", "[target.attach]\n@"),
    ("`[[setup]]`", "[[setup]]\n@"),
    ("`[determinism]`", "[determinism]\n@"),
    ("`determinism.random`", "[determinism.random]\n@"),
    ("`determinism.time`", "[determinism.time]\n@"),
    ("`determinism.schedule`", "[determinism.schedule]\n@"),
    ("`[trace]`", "[trace]\n@"),
    ("`[[inject]]`", "[[inject]]\n@"),
    ("`where`", "[[inject]]\n[inject.where]\n@"),
    ("`signal`", "[[inject]]\n[inject.signal]\n@"),
    ("`step`", "[[inject]]\n[inject.step]\n@"),
    ("`budget`", "[[inject]]\n[inject.budget]\n@"),
    ("`clock`", "[[inject]]\n[inject.clock]\n@"),
    ("`corrupt`", "[[inject]]\n[inject.corrupt]\n@"),
    ("`random`", "[[inject]]\n[inject.corrupt]\narg = \"buf\"\n[inject.corrupt.random]\n@"),
    ("an entry of `memory`", "[[inject]]\n[[inject.memory]]\n@"),
    ("`[expect]`", "[expect]\n@"),
    ("`exit`", "[expect.exit]\n@"),
    ("an expected output", "[expect.stdout]\n@"),
    ("an entry of `count`", "[[expect.count]]\n@"),
    ("`[[expect.sequence]]`", "[[expect.sequence]]\n@"),
    ("`of`", "[[expect.sequence]]\nevents = [\"fsync\"]\n[expect.sequence.of]\n@"),
    ("an item of `events`", "[[expect.sequence]]\n[[expect.sequence.events]]\n@"),
    ("`[[check]]`", "[[check]]\n@"),
    ("`expect` of a check", "[[check]]\nrun = [\"true\"]\n[check.expect]\n@"),
    ("`[snapshot]`", "[snapshot]\n@"),
    ("an entry of `redact`", "[[snapshot.redact]]\n@"),
    ("`[sweep]`", "[sweep]\n@"),
];

/// A spec with these lines in a table, and what the table cannot do without but for `without`.
fn in_table(table: &keys::Table, lines: &str, without: &str) -> String {
    let (_, way) = WAYS.iter().find(|(name, _)| *name == table.name).expect("a way to each table");
    let needed = table.keys.iter().filter(|key| key.needed && key.name != without);
    let needed: String = needed.map(|key| format!("{} = {}\n", key.name, key.example)).collect();
    let version = if table.name == "the spec" { "" } else { "spec = 1\n" };
    format!("{version}{}", way.replace('@', &format!("{needed}{lines}\n")))
}

#[test]
fn each_key_takes_what_the_schema_says_and_nothing_else() {
    let validator = loose();
    let mut found = String::new();
    for table in keys::ALL {
        for key in table.keys {
            // These two are looked at beside an event.
            let beside = if ["count", "injected"].contains(&key.name) { "event = \"x\"\n" } else { "" };
            let beside = if table.name == keys::EVENT.name { beside } else { "" };
            for value in KINDS.into_iter().chain([key.example]) {
                let text = in_table(table, &format!("{beside}{} = {value}", key.name), key.name);
                let refused = has(&problems(&text), &SHAPE);
                let json = as_json(&text).unwrap_or_else(|| panic!("as JSON: {text}"));
                let said: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
                if refused == said.is_empty() {
                    let reader = if refused { "refuses" } else { "takes" };
                    let _ =
                        writeln!(found, "{}: {} = {value}: the reader {reader} it; {said:?}", table.name, key.name);
                }
            }
        }
    }
    assert!(found.is_empty(), "{found}");
}

#[test]
fn what_a_table_needs_is_needed_by_the_reader_too() {
    let validator = validator();
    for table in keys::ALL {
        for key in table.keys.iter().filter(|key| key.needed) {
            let whole = in_table(table, "", "");
            assert!(!has(&problems(&whole), &SHAPE), "{whole}");
            // A spec without any key is another mistake.
            let other = if table.name == keys::ROOT.name { "name = \"x\"" } else { "" };
            let lacking = in_table(table, other, key.name);
            assert!(has(&problems(&lacking), &[Code::MISSING_KEY, Code::VERSION]), "{lacking}");
            assert!(!validator.is_valid(&as_json(&lacking).expect("as JSON")), "{lacking}");
        }
    }
}

#[test]
fn names_are_checked_and_expressions_are_left_alone() {
    let validator = validator();
    let rule =
        |rule: &str| validator.is_valid(&as_json(&format!("spec = 1\ninject = [{{ {rule} }}]")).expect("as JSON"));
    for good in [
        r#"error = "EIO""#,
        r#"error = "enospc""#,
        r#"error = 28"#,
        r#"error = ["EIO", "EWOULDBLOCK"]"#,
        r#"error = "${matrix.error}""#,
        r#"signal = "TERM""#,
        r#"signal = "SIGRTMIN+3""#,
        r#"on = "fsync""#,
        r#"on = "%file, !x""#,
        r#"on = "file.read(fd ~ '*.wal')""#,
        r#"on = "write after inject(r1)""#,
        r#"registers = { rdi = "+1" }"#,
        r#"scope = "callsite""#,
        r#"use = "malloc-fails""#,
        r#"delay-exit = "50ms""#,
        r#"replace = "getpid""#,
        r#"on = "newfstatat""#,
    ] {
        assert!(rule(good), "{good}");
    }
    for bad in [
        r#"error = "EIOO""#,
        r#"error = ["EIO", "ENOSPACE"]"#,
        r#"signal = "SIGTREM""#,
        r#"on = "opnat""#,
        r#"on = "file.raed""#,
        r#"on = "%fiel""#,
        r#"registers = { rdx1 = "+1" }"#,
        r#"scope = "runs""#,
        r#"use = "maloc-fails""#,
        r#"delay-exit = "50""#,
        r#"replace = "getpdi""#,
        r#"eror = "EIO""#,
    ] {
        assert!(!rule(bad), "{bad}");
    }
}
