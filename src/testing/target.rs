//! A program with faults, without a file: the text of a spec is made of it.

use toml::{Table, Value};

use super::error::{Error, Result};
use super::outcome::Outcome;
use super::rule::Rule;
use super::spec::Spec;

/// A program to run, the faults, and what must happen. There is no snapshot.
#[derive(Clone, Debug)]
pub struct Target {
    target: Table,
    trace: Table,
    determinism: Table,
    expect: Table,
    rules: Vec<Value>,
    setup: Vec<Value>,
    checks: Vec<Value>,
    unread: Vec<String>,
}

impl Target {
    /// A program: a name in PATH, or a path, such as `env!("CARGO_BIN_EXE_kv")`.
    pub fn new(program: &str) -> Target {
        let mut target = Table::new();
        target.insert("program".to_owned(), literal(program));
        let empty = Table::new;
        Target {
            target,
            trace: empty(),
            determinism: empty(),
            expect: empty(),
            rules: Vec::new(),
            setup: Vec::new(),
            checks: Vec::new(),
            unread: Vec::new(),
        }
    }

    /// One more argument.
    #[must_use]
    pub fn arg(self, arg: &str) -> Target {
        self.args([arg])
    }

    /// More arguments.
    #[must_use]
    pub fn args<'a>(mut self, args: impl IntoIterator<Item = &'a str>) -> Target {
        let list = self.target.entry("args").or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(list) = list {
            list.extend(args.into_iter().map(literal));
        }
        self
    }

    /// A variable of its environment, which is a clean one.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Target {
        within(&mut self.target, "env").insert(name.to_owned(), literal(value));
        self
    }

    /// A file in its working directory, which is a fresh one.
    #[must_use]
    pub fn file(mut self, name: &str, text: &str) -> Target {
        within(&mut self.target, "files").insert(name.to_owned(), literal(text));
        self
    }

    /// What it reads on its standard input; default nothing.
    #[must_use]
    pub fn stdin(mut self, text: &str) -> Target {
        within(&mut self.target, "stdin").insert("text".to_owned(), literal(text));
        self
    }

    /// After so long the whole tree is killed, and the run has failed; such as `"10s"`.
    #[must_use]
    pub fn timeout(mut self, time: &str) -> Target {
        self.target.insert("timeout".to_owned(), time.into());
        self
    }

    /// Calls that are written to the transcript besides those that rules name: names, `%classes`, `!name`.
    #[must_use]
    pub fn trace<'a>(mut self, calls: impl IntoIterator<Item = &'a str>) -> Target {
        self.trace.insert("syscalls".to_owned(), calls.into_iter().map(Value::from).collect::<Vec<_>>().into());
        self
    }

    /// A time of its own, in which sleeping costs nothing.
    #[must_use]
    pub fn virtual_time(mut self) -> Target {
        self.determinism.insert("time".to_owned(), "virtual".into());
        self
    }

    /// One more fault.
    #[must_use]
    pub fn inject(mut self, rule: Rule) -> Target {
        self.rules.push(Value::Table(rule.table));
        self.unread.extend(rule.unread);
        self
    }

    /// One more command before the run, in the same directory and untraced: program and arguments.
    #[must_use]
    pub fn setup<'a>(mut self, command: impl IntoIterator<Item = &'a str>) -> Target {
        self.setup.push(Value::Table(run(command)));
        self
    }

    /// One more command after the run, in the same directory and without faults, that has to exit with 0.
    #[must_use]
    pub fn check<'a>(mut self, command: impl IntoIterator<Item = &'a str>) -> Target {
        self.checks.push(Value::Table(run(command)));
        self
    }

    /// One more command after the run, that has to exit with 0 and print exactly this.
    #[must_use]
    pub fn check_prints<'a>(mut self, command: impl IntoIterator<Item = &'a str>, stdout: &str) -> Target {
        let mut check = run(command);
        let stdout = Table::from_iter([("equals".to_owned(), literal(stdout))]);
        check.insert("expect".to_owned(), Table::from_iter([("stdout".to_owned(), stdout.into())]).into());
        self.checks.push(Value::Table(check));
        self
    }

    /// The status that it has to exit with; default 0.
    #[must_use]
    pub fn exit(mut self, status: u8) -> Target {
        self.expect.insert("exit".to_owned(), i64::from(status).into());
        self
    }

    /// It has to be ended by this signal.
    #[must_use]
    pub fn killed_by(mut self, signal: &str) -> Target {
        let mut exit = Table::new();
        exit.insert("signal".to_owned(), signal.into());
        self.expect.insert("exit".to_owned(), exit.into());
        self
    }

    /// Events that may not happen, as patterns.
    #[must_use]
    pub fn never<'a>(mut self, events: impl IntoIterator<Item = &'a str>) -> Target {
        self.expect.insert("never".to_owned(), events.into_iter().map(Value::from).collect::<Vec<_>>().into());
        self
    }

    /// The text of the spec: what a file of it would hold.
    pub fn spec(&self) -> String {
        let mut spec = Table::new();
        spec.insert("target".to_owned(), self.target.clone().into());
        let tables = [("determinism", &self.determinism), ("trace", &self.trace), ("expect", &self.expect)];
        for (name, table) in tables.into_iter().filter(|(_, table)| !table.is_empty()) {
            spec.insert(name.to_owned(), table.clone().into());
        }
        let lists = [("setup", &self.setup), ("inject", &self.rules), ("check", &self.checks)];
        for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            spec.insert(name.to_owned(), list.clone().into());
        }
        // Tables of strings and numbers are TOML.
        format!("spec = 1\n\n{}", toml::to_string(&spec).unwrap_or_default())
    }

    /// Runs it.
    ///
    /// # Errors
    ///
    /// As of [`Spec::run`]; and a rule has keys that are no TOML.
    pub fn run(&self) -> Result<Outcome> {
        if let Some(unread) = self.unread.first() {
            return Err(Error::new(format!("the keys of a rule are no TOML: {unread}")));
        }
        Spec::of_text("<target>", self.spec()).run()
    }
}

/// A text in which nothing stands for anything else: a spec has placeholders.
fn literal(text: &str) -> Value {
    text.replace("${", "$${").into()
}

/// A table that runs this command.
fn run<'a>(command: impl IntoIterator<Item = &'a str>) -> Table {
    let words: Vec<Value> = command.into_iter().map(literal).collect();
    Table::from_iter([("run".to_owned(), words.into())])
}

fn within<'t>(table: &'t mut Table, key: &str) -> &'t mut Table {
    let inner = table.entry(key).or_insert_with(|| Value::Table(Table::new()));
    match inner {
        Value::Table(inner) => inner,
        _ => unreachable!("`{key}` is set in one place, to a table"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, on};

    #[test]
    fn a_target_is_a_spec() {
        let target = Target::new("./kv")
            .args(["put", "${x}"])
            .env("A", "1")
            .file("in", "text\n")
            .trace(["%file"])
            .inject(on("fsync").nth(2).error("EIO").with("where = { path = '*.wal' }"))
            .inject(at("malloc").returns(0))
            .exit(3);
        let expected = "spec = 1\n\n[target]\nprogram = \"./kv\"\nargs = [\"put\", \"$${x}\"]\n";
        let spec = target.spec();
        let written: Table = spec.parse().unwrap();
        assert_eq!(written["target"]["args"][1].as_str(), Some("$${x}"), "{expected}{spec}");
        assert_eq!(written["inject"][0]["where"]["path"].as_str(), Some("*.wal"));
        assert_eq!(written["inject"][0]["when"].as_integer(), Some(2));
        assert_eq!(written["inject"][1]["return"].as_integer(), Some(0));
        assert_eq!(written["expect"]["exit"].as_integer(), Some(3));
    }

    #[test]
    fn keys_that_are_no_toml_are_an_error() {
        let error = Target::new("true").inject(on("read").with("error = ")).run().unwrap_err();
        assert!(error.to_string().starts_with("the keys of a rule are no TOML: `error = `: "), "{error}");
    }
}
