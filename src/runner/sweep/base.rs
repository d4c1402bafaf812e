//! The spec that the runs of a sweep have in common: what is run, and where. What is expected of it is left out, since runs
//! with a fault are held against runs without one. It must not run anything.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use toml::{Table, Value};

use crate::cases::{Case, SpecFile};
use crate::diagnostic::{Diagnostics, Source};
use crate::spec::{self, Spec};

/// What a sweep does not look at.
const LEFT_OUT: [&str; 6] = ["expect", "snapshot", "name", "tags", "xfail", "extends"];
/// What of `[trace]` says which events are written.
const WRITTEN: [&str; 7] = ["syscalls", "signals", "drop", "paths", "strings", "results", "backtrace"];
/// A time and random bytes of the run's own, for programs that are not the same in two runs.
const FIXED: [(&str, &str); 4] =
    [("time", "virtual"), ("file-times", "virtual"), ("random", "seeded"), ("dir-order", "sorted")];

/// What the checks of a spec are to do in one that is made from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checks {
    /// They are left out.
    No,
    /// They are run, and need not hold: what is left is what they leave. Those that always hold do.
    Run,
    /// They hold.
    Hold,
}

/// The spec that the runs of a sweep have in common.
#[derive(Clone, Debug)]
pub struct Base {
    case: Case,
    table: Table,
    /// `[sweep]` as it is written.
    sweep: Table,
    /// All of it but rules, as text: it is read again for each run.
    text: String,
}

impl Base {
    /// What runs of `case` have in common.
    ///
    /// # Errors
    /// What is wrong with the spec.
    pub fn of(case: &Case) -> Result<Base, Diagnostics> {
        let spec = case.spec.as_ref().map_err(Clone::clone)?;
        let text = spec::merged(&case.source, spec, &case.cell)?;
        let mut table: Table = text.parse().unwrap_or_else(|error| panic!("a merged spec is TOML: {error}\n{text}"));
        let sweep = match table.remove("sweep") {
            Some(Value::Table(sweep)) => sweep,
            _ => Table::new(),
        };
        LEFT_OUT.iter().for_each(|key| drop(table.remove(*key)));
        if let Some(Value::Table(trace)) = table.get_mut("trace") {
            WRITTEN.iter().for_each(|key| drop(trace.remove(*key)));
        }
        let text = written(&table);
        Ok(Base { case: case.clone(), table, sweep, text })
    }

    /// The case that it comes from.
    pub fn case(&self) -> &Case {
        &self.case
    }

    /// A case that says of sweeps what the spec says, with `instead` in place of what it says of the same.
    pub(super) fn asking(&self, instead: &Table) -> Case {
        let mut table = self.table.clone();
        let mut sweep = self.sweep.clone();
        sweep.extend(instead.clone());
        table.insert("sweep".to_owned(), Value::Table(sweep));
        self.case_of(written(&table))
    }

    /// The same with a time and random bytes of the run's own, where it does not say what they are.
    pub fn fixed(&self) -> Base {
        let mut fixed = self.clone();
        let determinism = fixed.table.entry("determinism").or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(determinism) = determinism {
            for (key, word) in FIXED {
                determinism.entry(key).or_insert_with(|| Value::from(word));
            }
        }
        fixed.text = written(&fixed.table);
        fixed
    }

    /// The arguments of the program, as they are written.
    pub fn args(&self) -> Vec<String> {
        let args = self.table.get("target").and_then(|target| target.get("args")).and_then(Value::as_array);
        args.into_iter().flatten().filter_map(|arg| arg.as_str().map(str::to_owned)).collect()
    }

    /// The text of it, without rules of a sweep.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A case with more rules, however it ends.
    pub(super) fn with(&self, rules: &str) -> Case {
        self.case_of(self.text_with(rules))
    }

    /// The text of that.
    pub(super) fn text_with(&self, rules: &str) -> String {
        format!("{}\n[expect]\nexit = \"any\"\n\n[snapshot]\ntranscript = false\n\n{rules}", self.text())
    }

    /// The spec that a text of this one is.
    pub(super) fn read(&self, text: &str) -> Result<Spec, Diagnostics> {
        spec::parse(&Arc::new(Source::new(self.case.source.name.clone(), text)))
    }

    fn case_of(&self, text: String) -> Case {
        let source = Arc::new(Source::new(self.case.source.name.clone(), text));
        let spec = spec::parse(&source);
        Case { id: self.case.id.clone(), file: self.case.file.clone(), cell: spec::Cell::default(), source, spec }
    }

    /// The text as a spec has it that lies in `folder`, with its checks as they are asked for; `timeout` is how long the
    /// program may take instead of what the spec says.
    pub fn text_in(&self, folder: &Path, checks: Checks, timeout: Option<&str>) -> String {
        let mut table = self.table.clone();
        if let (Some(limit), Some(Value::Table(target))) = (timeout, table.get_mut("target")) {
            target.insert("timeout".to_owned(), Value::from(limit));
        }
        match checks {
            Checks::No => drop(table.remove("check")),
            Checks::Run => make_lenient(&mut table),
            Checks::Hold => {}
        }
        let own = match &self.case.file {
            SpecFile::Path(path) => path.parent().unwrap_or(Path::new("")).to_owned(),
            SpecFile::Stdin => PathBuf::new(),
        };
        let way = way(folder, &own);
        relocate(&mut table, &way);
        written(&table)
    }
}

/// Has checks that do not always hold end in any way.
fn make_lenient(table: &mut Table) {
    let Some(Value::Array(checks)) = table.get_mut("check") else { return };
    let is_always = |check: &Table| check.get("always").and_then(Value::as_bool) == Some(true);
    for check in checks.iter_mut().filter_map(Value::as_table_mut).filter(|check| !is_always(check)) {
        let expect = Table::from_iter([("exit".to_owned(), Value::from("any"))]);
        check.insert("expect".to_owned(), Value::Table(expect));
    }
}

impl Base {
    /// A spec that lies in `folder` and runs the checks on files that are known: those of the folder `state` beside it, as if
    /// a program had left them that has printed what is in the file `printed`.
    pub fn text_of_state(&self, folder: &Path, state: &str, printed: &str) -> String {
        let text = self.text_in(folder, Checks::Hold, None);
        let mut table: Table = text.parse().unwrap_or_else(|error| panic!("it was written here: {error}\n{text}"));
        for key in ["inject", "sequence", "trace", "setup", "schedule"] {
            table.remove(key);
        }
        if let Some(Value::Table(target)) = table.get_mut("target") {
            for key in ["args", "files", "stdout", "stderr", "ready", "limits"] {
                target.remove(key);
            }
            target.insert("program".to_owned(), Value::from("cat"));
            let mut stdin = Table::new();
            stdin.insert("file".to_owned(), Value::from(format!("./{printed}")));
            target.insert("stdin".to_owned(), Value::Table(stdin));
        }
        table.insert("setup".to_owned(), Value::Array(vec![copied(state)]));
        written(&table)
    }

    /// A spec that lies in `folder` and has one of the checks, by its position, for its program: on files that are known, as
    /// above. The checks before it are run first, and all of them are behind it. `None` where that is another thing than it
    /// was: checks that look at what the program has printed find there what the one check has.
    pub fn text_of_recovery(&self, folder: &Path, at: usize, state: &str, printed: &str) -> Option<String> {
        let text = self.text_in(folder, Checks::Hold, None);
        if text.contains("RINJECT_STDOUT") {
            return None;
        }
        let mut table: Table = text.parse().unwrap_or_else(|error| panic!("it was written here: {error}\n{text}"));
        for key in ["inject", "sequence", "trace", "setup"] {
            table.remove(key);
        }
        let checks = table.get("check").and_then(Value::as_array)?.clone();
        let check = checks.get(at)?.as_table()?;
        let (program, args) = check.get("run")?.as_array()?.split_first()?;
        let Some(Value::Table(target)) = table.get_mut("target") else { return None };
        for key in ["files", "stdin", "stdout", "stderr", "ready", "limits", "timeout"] {
            target.remove(key);
        }
        target.insert("program".to_owned(), program.clone());
        target.insert("args".to_owned(), Value::Array(args.to_vec()));
        target.extend(check.get("timeout").map(|limit| ("timeout".to_owned(), limit.clone())));
        if let Value::Table(env) = target.entry("env").or_insert_with(|| Value::Table(Table::new())) {
            env.insert("RINJECT_STDOUT".to_owned(), Value::from(format!("${{spec-dir}}/{printed}")));
        }
        let before = checks[..at].iter().filter_map(|check| Some(Value::Table(first(check.as_table()?)?)));
        table.insert("setup".to_owned(), Value::Array([copied(state)].into_iter().chain(before).collect()));
        Some(written(&table))
    }
}

/// The command that puts the files of a folder beside the spec into that of the run.
fn copied(state: &str) -> Value {
    let copy = ["cp", "-a", &format!("${{spec-dir}}/{state}/."), "${tmp}"].map(Value::from).to_vec();
    Value::Table(Table::from_iter([("run".to_owned(), Value::Array(copy))]))
}

/// A check as a command that comes before the program, which must end with 0.
fn first(check: &Table) -> Option<Table> {
    let run = check.get("run")?.as_array()?.clone();
    let exit = check.get("expect").and_then(|expect| expect.get("exit"));
    let is_plain = exit.is_none_or(|exit| exit.as_integer() == Some(0));
    let around = ["sh", "-c", "\"$@\"; true", "sh"].map(Value::from).into_iter();
    let run = if is_plain { run } else { around.chain(run).collect() };
    let limit = check.get("timeout").map(|limit| ("timeout".to_owned(), limit.clone()));
    Some([("run".to_owned(), Value::Array(run))].into_iter().chain(limit).collect())
}

/// A table as TOML, the version of the format first.
fn written(table: &Table) -> String {
    let mut rest = table.clone();
    rest.remove("spec");
    let rest = toml::to_string(&rest).unwrap_or_else(|error| panic!("a table is TOML: {error}"));
    format!("spec = 1\n{rest}")
}

/// The way from one folder to another: relative, where both are known from the current folder.
fn way(from: &Path, to: &Path) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    let whole = |path: &Path| {
        let path = here.join(path);
        path.canonicalize().unwrap_or(path)
    };
    let (from, to) = (whole(from), whole(to));
    let shared = from.components().zip(to.components()).take_while(|(one, other)| one == other).count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(to.components().skip(shared)).collect()
}

/// Has paths that are relative to the spec's old folder be so to the new one.
fn relocate(table: &mut Table, way: &Path) {
    let moved = |text: &mut String| {
        let is_elsewhere = text.starts_with('/') || text.starts_with("${");
        if !is_elsewhere {
            *text = way.join(text.strip_prefix("./").unwrap_or(text)).to_string_lossy().into_owned();
            if !text.contains('/') {
                *text = format!("./{text}");
            }
        }
    };
    let folder = format!("${{spec-dir}}/{}", way.display());
    table.iter_mut().for_each(|(_, value)| replace(value, &folder));
    for key in ["setup", "check"] {
        let Some(Value::Array(commands)) = table.get_mut(key) else { continue };
        for command in commands {
            let program = command.get_mut("run").and_then(Value::as_array_mut).and_then(|run| run.first_mut());
            if let Some(Value::String(program)) = program
                && program.contains('/')
            {
                moved(program);
            }
        }
    }
    let Some(Value::Table(target)) = table.get_mut("target") else { return };
    if let Some(Value::String(program)) = target.get_mut("program")
        && program.contains('/')
    {
        moved(program);
    }
    let files = match target.get_mut("files") {
        Some(Value::Table(files)) => files.iter_mut().filter_map(|(_, file)| file.get_mut("path")).collect(),
        _ => Vec::new(),
    };
    for file in files {
        if let Value::String(path) = file {
            moved(path);
        }
    }
    if let Some(Value::String(path)) = target.get_mut("stdin").and_then(|stdin| stdin.get_mut("file")) {
        moved(path);
    }
}

/// Puts another folder in place of the spec's own.
fn replace(value: &mut Value, folder: &str) {
    match value {
        Value::String(text) if text.contains("${spec-dir}") => *text = text.replace("${spec-dir}", folder),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, folder)),
        Value::Table(table) => table.iter_mut().for_each(|(_, value)| replace(value, folder)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_expected_is_left_out_and_paths_follow_the_spec() {
        let text = "spec = 1\nname = 'x'\n[target]\nprogram = './kv'\nargs = ['${spec-dir}/a', 'b/c']\n\
            files = { a = 'text', b = { path = 'data/b' } }\nstdin = { file = 'in' }\n[expect]\nexit = 1\n\
            [trace]\nsyscalls = ['write']\nresults = false\nstart = 'entry'\n[sweep]\nfaults = ['short']\n[[check]]\nrun = ['true']\n";
        let mut case = Case::of_text("specs/x.toml", text.to_owned());
        case.file = SpecFile::Path(PathBuf::from("specs/x.toml"));
        let base = Base::of(&case).expect("it is a spec");
        let table: Table = base.text_in(Path::new("found/deep"), Checks::No, Some("2s")).parse().expect("it is TOML");
        let keys: Vec<&str> = table.keys().map(String::as_str).collect();
        assert_eq!(keys, ["spec", "target", "trace"]);
        assert_eq!(table["trace"].as_table().map(Table::len), Some(1));
        let target = &table["target"];
        assert_eq!(target["program"].as_str(), Some("../../specs/kv"));
        assert_eq!(target["timeout"].as_str(), Some("2s"));
        assert_eq!(target["args"][0].as_str(), Some("${spec-dir}/../../specs/a"));
        assert_eq!(target["args"][1].as_str(), Some("b/c"));
        assert_eq!(target["files"]["a"].as_str(), Some("text"));
        assert_eq!(target["files"]["b"]["path"].as_str(), Some("../../specs/data/b"));
        assert_eq!(target["stdin"]["file"].as_str(), Some("../../specs/in"));
        let text = base.text_in(Path::new("specs"), Checks::Hold, None);
        assert!(text.contains("program = \"./kv\"") && text.contains("[[check]]"), "{text}");
    }

    #[test]
    fn a_check_becomes_the_program_of_what_was_left() {
        let check = |run: &str, more: &str| format!("[[check]]\nrun = [{run}]\n{more}\n");
        let text = |last: &str| {
            "spec = 1\n[target]\nprogram = 'kv'\nargs = ['put']\nfiles = { a = 'text' }\n[[inject]]\non = 'write'\nerror = 'EIO'\n"
                .to_owned()
                + &check("'./repair', '-v'", "expect = { exit = 1 }")
                + &check("'./mend', 'b'", "timeout = '3s'")
                + &check(last, "")
        };
        let saved = |text: String| {
            let mut case = Case::of_text("specs/x.toml", text);
            case.file = SpecFile::Path(PathBuf::from("specs/x.toml"));
            let base = Base::of(&case).expect("it is a spec");
            base.text_of_recovery(Path::new("found"), 1, "x.state", "x.stdout")
        };
        let table: Table = saved(text("'look'")).expect("it can be said").parse().expect("it is TOML");
        let target = &table["target"];
        assert_eq!((target["program"].as_str(), target["args"][0].as_str()), (Some("../specs/mend"), Some("b")));
        assert_eq!(target["timeout"].as_str(), Some("3s"));
        assert_eq!(target["env"]["RINJECT_STDOUT"].as_str(), Some("${spec-dir}/x.stdout"));
        assert!(table.get("inject").is_none() && target.get("files").is_none());
        let words = |at: usize| -> Vec<&str> {
            table["setup"][at]["run"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
        };
        assert_eq!(words(0), ["cp", "-a", "${spec-dir}/x.state/.", "${tmp}"]);
        assert_eq!(words(1), ["sh", "-c", "\"$@\"; true", "sh", "../specs/repair", "-v"]);
        assert_eq!(table["check"].as_array().map(Vec::len), Some(3));
        assert_eq!(saved(text("'sh', '-c', 'grep x $RINJECT_STDOUT'")), None);
    }

    #[test]
    fn checks_that_need_not_hold_end_in_any_way() {
        let text = "spec = 1\ntarget = { program = 'kv' }\n[[check]]\nrun = ['a']\nexpect = { exit = 1 }\n\
            [[check]]\nrun = ['b']\nalways = true\nexpect = { exit = 2 }\n";
        let base = Base::of(&Case::of_text("x.toml", text.to_owned())).expect("it is a spec");
        let ends = |checks: Checks| -> Vec<Value> {
            let table: Table = base.text_in(Path::new("."), checks, None).parse().expect("it is TOML");
            let checks = table.get("check").and_then(Value::as_array).cloned().unwrap_or_default();
            checks.iter().map(|check| check["expect"]["exit"].clone()).collect()
        };
        assert_eq!(ends(Checks::No), []);
        assert_eq!(ends(Checks::Run), [Value::from("any"), Value::from(2)]);
        assert_eq!(ends(Checks::Hold), [Value::from(1), Value::from(2)]);
    }
}
