//! The table of faithful failures: `faults.txt` read, its groups and arguments looked up, and written as Rust.
//! It must not know what is done with a failure.

use std::collections::{BTreeMap, BTreeSet};

use super::calls::Call;
use super::flags::FlagSet;
use super::lines;

/// What descriptors refer to, in the order of their bits; the same list as `Kind::ALL`.
const KINDS: [&str; 7] = ["file", "dir", "device", "terminal", "pipe", "socket", "event"];

/// The effects, and the variant of `Effect` that each is.
const EFFECTS: [(&str, &str); 7] = [
    ("closes", "Closes"),
    ("old-break", "OldBreak"),
    ("background", "Background"),
    ("once-per-file", "OncePerFile"),
    ("partial", "Partial"),
    ("sigpipe", "Sigpipe"),
    ("sigxfsz", "Sigxfsz"),
];

/// What fails how, by the name of the call; in each the Rust text of its model.
pub type Models = BTreeMap<String, String>;

/// One line of the table, split into its parts.
#[derive(Clone)]
struct Line<'t> {
    at: usize,
    words: Vec<&'t str>,
    on: Vec<&'t str>,
    tests: Vec<Vec<&'t str>>,
    effect: &'static str,
    source: Option<&'t str>,
}

struct Head<'t> {
    at: usize,
    calls: Vec<&'t str>,
    restart: &'static str,
    never_fails: bool,
    source: &'t str,
    lines: Vec<Line<'t>>,
}

/// What the words of the table are looked up in.
struct Names<'a> {
    sets: &'a [FlagSet],
    errnos: &'a [(u16, &'a str)],
    groups: BTreeMap<&'a str, Vec<Line<'a>>>,
}

/// Reads `faults.txt`. Every call must be in it, every errno known, and every row have a source.
pub fn parse<'a>(
    text: &'a str,
    calls: &'a BTreeMap<String, Call>,
    sets: &'a [FlagSet],
    errnos: &'a [(u16, &'a str)],
) -> Result<Models, String> {
    let mut heads: Vec<Head> = Vec::new();
    let mut names = Names { sets, errnos, groups: BTreeMap::new() };
    let mut group = None;
    for (at, line) in lines(text) {
        let fail = |what: String| format!("faults.txt:{at}: {what}");
        if line.starts_with(' ') {
            let row = row(at, line).map_err(fail)?;
            match (group, heads.last_mut()) {
                (Some(name), _) => names.groups.entry(name).or_default().push(row),
                (None, Some(head)) => head.lines.push(row),
                (None, None) => return Err(fail("a row before the first head".to_owned())),
            }
            continue;
        }
        group = line.strip_prefix("group ").and_then(|rest| rest.strip_suffix(':'));
        if group.is_none() {
            heads.push(head(at, line).map_err(fail)?);
        }
    }
    let mut models = Models::new();
    for head in &heads {
        let fail = |what: String| format!("faults.txt:{}: {what}", head.at);
        let mut found = BTreeSet::new();
        for call in &head.calls {
            let Some(known) = calls.get(*call) else { return Err(fail(format!("there is no call `{call}`"))) };
            let model = names.model(call, known, head, &mut found)?;
            if models.insert((*call).to_owned(), model).is_some() {
                return Err(fail(format!("`{call}` is there twice")));
            }
        }
        names.check_tests(head, &found)?;
    }
    let missing: Vec<&str> = calls.keys().filter(|call| !models.contains_key(*call)).map(String::as_str).collect();
    if missing.is_empty() { Ok(models) } else { Err(format!("faults.txt: no rows for {}", missing.join(", "))) }
}

fn head(at: usize, line: &str) -> Result<Head<'_>, String> {
    let (line, source) = with_source(line)?;
    let source = source.ok_or("the head names no source")?;
    let (calls, word) = line.split_once(':').ok_or("a head ends its calls with a colon")?;
    let (restart, never_fails) = match word.trim() {
        "" => ("Never", false),
        "restarts" => ("Restarts", false),
        "interrupts" => ("Interrupts", false),
        "never-fails" => ("Never", true),
        other => return Err(format!("`{other}` is not `restarts`, `interrupts` or `never-fails`")),
    };
    Ok(Head { at, calls: calls.split_whitespace().collect(), restart, never_fails, source, lines: Vec::new() })
}

fn row(at: usize, line: &str) -> Result<Line<'_>, String> {
    let (line, source) = with_source(line)?;
    let (line, effect) = match line.split_once(" then ") {
        Some((line, word)) => {
            let known = EFFECTS.iter().find(|(name, _)| *name == word.trim());
            (line, known.ok_or(format!("`{}` is no effect", word.trim()))?.1)
        }
        None => (line, "Nothing"),
    };
    let (line, tests) = line.split_once(" if ").unwrap_or((line, ""));
    let tests = tests.split(" and ").map(|test| test.split_whitespace().collect());
    let mut words = line.split_whitespace();
    let names = words.by_ref().take_while(|word| *word != "on").collect();
    let on = words.filter(|word| *word != "on").collect();
    Ok(Line { at, words: names, on, tests: tests.filter(|test: &Vec<_>| !test.is_empty()).collect(), effect, source })
}

/// A line without the source at its end. A source is `page(section)` or `file function`.
fn with_source(line: &str) -> Result<(&str, Option<&str>), String> {
    let Some((line, source)) = line.split_once('[') else { return Ok((line, None)) };
    let source = source.trim_end().strip_suffix(']').ok_or("`]` is missing")?;
    let page = source
        .strip_suffix(')')
        .and_then(|page| page.split_once('('))
        .is_some_and(|(_, section)| matches!(section, "2" | "3" | "7"));
    let function =
        source.split_once(' ').is_some_and(|(file, function)| file.ends_with(".c") && !function.is_empty());
    if page || function { Ok((line, Some(source))) } else { Err(format!("`{source}` is no source")) }
}

impl Names<'_> {
    /// The model of one call; `found` gets the places of the rows that hold for it.
    fn model(
        &self,
        name: &str,
        call: &Call,
        head: &Head,
        found: &mut BTreeSet<(usize, usize)>,
    ) -> Result<String, String> {
        let mut rows = Vec::new();
        self.rows(&head.lines, 0, call, head.source, found, &mut rows)?;
        let fail = |what: &str| Err(format!("faults.txt:{}: {what}", head.at));
        if rows.is_empty() != head.never_fails {
            return fail("a head has rows or `never-fails`, not both");
        }
        if rows.iter().any(|row| row.contains("CAUGHT")) != (head.restart != "Never") {
            return fail("`EINTR if caught` goes with `restarts` or `interrupts`");
        }
        Ok(format!("m({name:?}, R::{}, {:?}, &[{}])", head.restart, head.source, rows.join(", ")))
    }

    fn rows(
        &self,
        lines: &[Line],
        depth: usize,
        call: &Call,
        source: &str,
        found: &mut BTreeSet<(usize, usize)>,
        rows: &mut Vec<String>,
    ) -> Result<(), String> {
        for line in lines {
            let fail = |what: String| format!("faults.txt:{}: {what}", line.at);
            let source = line.source.unwrap_or(source);
            let mut errnos = Vec::new();
            for word in &line.words {
                if let Some((number, _)) = self.errnos.iter().find(|(_, known)| known == word) {
                    errnos.push(*number);
                    continue;
                }
                let group = self.groups.get(word).filter(|_| depth < 4);
                let group = group.ok_or(fail(format!("`{word}` is neither an errno nor a group")))?;
                if !line.tests.is_empty() || !line.on.is_empty() || line.effect != "Nothing" {
                    return Err(fail(format!("the group `{word}` has tests and effects of its own")));
                }
                self.rows(group, depth + 1, call, source, found, rows)?;
            }
            let clauses = self.clauses(line, call, found).map_err(fail)?;
            if let Some(clauses) = clauses.filter(|_| !errnos.is_empty()) {
                let clauses = clauses.join(", ");
                rows.push(format!("r(&{errnos:?}, &[{clauses}], E::{}, {source:?})", line.effect));
            }
        }
        Ok(())
    }

    /// The tests of a row for one call; `None` where the call lacks an argument that they need.
    fn clauses(
        &self,
        line: &Line,
        call: &Call,
        found: &mut BTreeSet<(usize, usize)>,
    ) -> Result<Option<Vec<String>>, String> {
        let position = |name: &str| call.written.iter().position(|(known, _)| known == name);
        let first = call.written.iter().position(|(_, kind)| kind == "fd");
        let mut subject = first;
        let mut clauses = Vec::new();
        let mut holds = true;
        for (at, on) in line.on.iter().enumerate() {
            let (arg, kinds) = match on.split_once('=') {
                Some((arg, kinds)) => (position(arg), kinds),
                None => (first, on as &str),
            };
            let bits = kinds.split('|').try_fold(0, |bits, kind| {
                let at = KINDS.iter().position(|known| *known == kind).ok_or(format!("`{kind}` is no kind"))?;
                Ok::<u8, String>(bits | 1 << at)
            })?;
            match arg {
                Some(arg) => {
                    found.insert((line.at, at));
                    clauses.push(format!("on({arg}, {bits:#x})"));
                }
                None => holds = false,
            }
            subject = arg;
        }
        for (at, test) in line.tests.iter().enumerate() {
            let clause = match test[..] {
                ["caught"] => Some("CAUGHT".to_owned()),
                ["timed"] => Some("TIMED".to_owned()),
                ["limited"] => Some("LIMITED".to_owned()),
                ["nonblocking"] => subject.map(|arg| format!("nonblocking({arg})")),
                ["unread"] => subject.map(|arg| format!("unread({arg})")),
                [arg, "unread"] => position(arg).map(|arg| format!("unread({arg})")),
                [arg, "nonblocking"] => position(arg).map(|arg| format!("nonblocking({arg})")),
                [arg, "given"] => position(arg).map(|arg| format!("given({arg})")),
                [arg, "locks"] => position(arg).map(|arg| format!("locks({arg})")),
                [arg, "differs"] => position(arg).map(|arg| format!("differs({arg})")),
                [arg, word @ ("has" | "lacks" | "is"), names] => match position(arg) {
                    Some(arg) => Some(self.values(&call.written[arg].1, arg, word, names)?),
                    // A call without the argument lacks its flags.
                    None if word == "lacks" => continue,
                    None => None,
                },
                _ => return Err(format!("`{}` is no test", test.join(" "))),
            };
            match clause {
                Some(clause) => {
                    found.insert((line.at, line.on.len() + at));
                    clauses.push(clause);
                }
                None => holds = false,
            }
        }
        Ok(holds.then_some(clauses))
    }

    fn values(&self, kind: &str, arg: usize, word: &str, names: &str) -> Result<String, String> {
        let set = kind.strip_prefix("flags ").and_then(|name| self.sets.iter().find(|set| set.name == name));
        let set = set.ok_or(format!("an argument of kind `{kind}` has no names"))?;
        let value = |name: &str| set.value(name).ok_or(format!("`{}` has no `{name}`", set.name));
        let values: Vec<u64> = names.split('|').map(value).collect::<Result<_, _>>()?;
        let bits = values.iter().fold(0, |bits, value| bits | value);
        Ok(match word {
            "is" => format!("is({arg}, {:#x}, &{values:?})", set.mask),
            word => format!("{word}({arg}, {bits:#x})"),
        })
    }

    /// A test that holds for no call of its head has most likely the wrong name.
    fn check_tests(&self, head: &Head, found: &BTreeSet<(usize, usize)>) -> Result<(), String> {
        for line in &head.lines {
            for at in 0..line.on.len() + line.tests.len() {
                let lacks =
                    line.tests.get(at.wrapping_sub(line.on.len())).is_some_and(|test| test.contains(&"lacks"));
                if !found.contains(&(line.at, at)) && !lacks {
                    return Err(format!("faults.txt:{}: no call here has the argument of a test", line.at));
                }
            }
        }
        Ok(())
    }
}

/// `MODELS`, one line for each call, in the order of their names.
pub fn render(models: &Models) -> String {
    let lines: String = models.values().map(|model| format!("    {model},\n")).collect();
    format!(
        "//! Which call fails how; written by `cargo xtask codegen` from `xtask/tables/faults.txt`, not by hand.\n\
         //! It must not know what anything is used for.\n\n\
         use super::build::{{CAUGHT, LIMITED, TIMED, differs, given, has, is, lacks, locks, m, nonblocking, on, r, unread}};\n\
         use super::model::{{Effect as E, Model, Restart as R}};\n\n\
         #[rustfmt::skip]\n\
         pub(super) static MODELS: &[Model] = &[\n{lines}];\n"
    )
}
