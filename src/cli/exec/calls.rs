//! Sets of calls in strace's words: names, numbers, `%classes`, `/regexes`, `all`, `none`, `!` for all others.
//! It must not know what a set is for.

use regex::Regex;

use super::problem::Problem;
use crate::abi::{Arch, CallSet, Class, Sysno};
use crate::diagnostic::{did_you_mean, listed, nearest};

/// Classes that are no single class here, and what they are made of.
const JOINED: [(&str, &[&str]); 2] = [("%stat", &["stat", "lstat", "fstat"]), ("%statfs", &["statfs", "fstatfs"])];
/// Classes that go by another name.
const RENAMED: [(&str, &str); 1] = [("net", "network")];
/// Classes that may stand without their percent sign.
const BARE: [&str; 7] = ["file", "process", "network", "signal", "ipc", "desc", "memory"];

/// A set of calls.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Calls {
    /// The calls.
    pub(super) set: CallSet,
    /// The same in the words of a spec, where every word is a name, a `%class` or `all`.
    words: Vec<String>,
    /// Whether the words are those that are left out.
    others: bool,
}

impl Calls {
    /// Every call.
    pub(super) fn all() -> Calls {
        Calls { set: here(CallSet::all()), words: vec!["all".to_owned()], others: false }
    }

    fn none() -> Calls {
        Calls { set: CallSet::new(), words: Vec::new(), others: false }
    }

    /// Reads a set.
    pub(in crate::cli) fn parse(text: &str) -> Result<Calls, Problem> {
        let (text, others) = text.strip_prefix('!').map_or((text, false), |rest| (rest, true));
        let calls = match text {
            "all" => Calls::all(),
            "none" => Calls::none(),
            _ => Calls::listed(text)?,
        };
        Ok(if others { calls.others() } else { calls })
    }

    fn listed(text: &str) -> Result<Calls, Problem> {
        let mut calls = Calls::none();
        for item in text.split(',') {
            let (set, words) = item_calls(item)?;
            calls.set.union(&set);
            calls.words.extend(words);
        }
        Ok(calls)
    }

    fn others(self) -> Calls {
        let mut set = here(CallSet::all());
        self.set.iter().for_each(|call| set.remove(call));
        Calls { set, others: true, ..self }
    }

    /// The set without these calls.
    pub(super) fn without(mut self, taken: &CallSet) -> Calls {
        let before = self.set.iter().count();
        taken.iter().for_each(|call| self.set.remove(call));
        if self.set.iter().count() == before { self } else { self.spelled_out() }
    }

    /// The calls of the set that such arguments are for.
    pub(super) fn only(mut self, is_meant: impl Fn(Sysno) -> bool) -> Calls {
        self.set = self.set.iter().filter(|call| is_meant(*call)).collect();
        self.spelled_out()
    }

    /// A word for each call.
    fn spelled_out(self) -> Calls {
        let words = self.set.iter().map(|call| call.name().to_owned()).collect();
        Calls { words, others: false, ..self }
    }

    /// A set for each of its calls.
    pub(super) fn one_by_one(&self) -> Vec<Calls> {
        let one = |call: Sysno| Calls {
            set: [call].into_iter().collect(),
            words: vec![call.name().to_owned()],
            others: false,
        };
        self.set.iter().map(one).collect()
    }

    /// The name of its only call.
    pub(super) fn only_name(&self) -> Option<&'static str> {
        let mut calls = self.set.iter();
        calls.next().filter(|_| calls.next().is_none()).map(Sysno::name)
    }

    /// As `[trace] syscalls` has it.
    pub(in crate::cli) fn list(&self) -> Vec<String> {
        match (self.others, self.words.first().map(String::as_str)) {
            (true, Some("all")) => Vec::new(),
            (true, _) => {
                let taken = self.words.iter().map(|word| format!("!{word}"));
                std::iter::once("all".to_owned()).chain(taken).collect()
            }
            (false, _) => self.words.clone(),
        }
    }

    /// As the event of a rule has it, each alternative with `result` behind it.
    pub(super) fn pattern(&self, result: &str) -> String {
        let words = if self.others { self.clone().spelled_out().words } else { self.words.clone() };
        let words = words.iter().map(|word| if word == "all" { "%all" } else { word });
        words.map(|word| format!("{word}{result}")).collect::<Vec<String>>().join(", ")
    }
}

/// Those of a set that this machine has.
fn here(set: CallSet) -> CallSet {
    set.iter().filter(|call| call.number(arch()).is_some()).collect()
}

fn arch() -> Arch {
    Arch::host().unwrap_or(Arch::X86_64)
}

/// The calls of one item, and the words that a spec has for them.
fn item_calls(item: &str) -> Result<(CallSet, Vec<String>), Problem> {
    if let Some(name) = item.strip_prefix('?') {
        // Whoever writes `?` knows that the call may not be there.
        return match item_calls(name) {
            Err(_) if !name.is_empty() => Ok((CallSet::new(), Vec::new())),
            found => found,
        };
    }
    if item.is_empty() {
        return Err(Problem::new(
            "the name of a call is missing",
            "write names with a comma between them: read,write",
        ));
    }
    if let Some(text) = item.strip_prefix('/') {
        return matching(text);
    }
    if let Some(name) = item.strip_prefix('%') {
        return class(name);
    }
    let named = match item.parse::<u64>() {
        Ok(number) => Sysno::from_number(arch(), number),
        Err(_) => Sysno::parse(item),
    };
    match named.filter(|call| call.number(arch()).is_some()) {
        Some(call) => Ok(([call].into_iter().collect(), vec![call.name().to_owned()])),
        None if BARE.contains(&item) => class(item),
        None => {
            let names = Sysno::all().filter(|call| call.number(arch()).is_some()).map(Sysno::name);
            let help = did_you_mean(item, names.chain(["all", "none"]));
            let help = help.unwrap_or_else(|| format!("?{item} leaves it out where there is none"));
            Err(Problem::new(format!("there is no call `{item}`"), help))
        }
    }
}

fn class(name: &str) -> Result<(CallSet, Vec<String>), Problem> {
    let name = RENAMED.iter().find(|(other, _)| *other == name).map_or(name, |(_, name)| name);
    let alone = [name];
    let names = JOINED.iter().find(|(joined, _)| *joined == name).map_or(&alone[..], |(_, names)| names);
    let classes: Option<Vec<Class>> = names.iter().map(|name| Class::parse(name)).collect();
    let Some(classes) = classes else {
        let help = match nearest(name, Class::NAMES) {
            Some(near) => format!("did you mean `%{near}`?"),
            None => format!("classes are {}", listed(Class::NAMES)),
        };
        return Err(Problem::new(format!("there is no class `%{name}`"), help));
    };
    let mut set = CallSet::new();
    classes.iter().for_each(|class| set.union(&class.calls()));
    Ok((here(set), names.iter().map(|name| format!("%{name}")).collect()))
}

fn matching(text: &str) -> Result<(CallSet, Vec<String>), Problem> {
    let regex = Regex::new(text).map_err(|error| {
        let reason = error.to_string().lines().last().unwrap_or_default().replacen("error: ", "", 1);
        Problem::new(format!("`{text}` is no regular expression: {reason}"), "write /^f?sync or another expression")
    })?;
    let set: CallSet = here(CallSet::all()).iter().filter(|call| regex.is_match(call.name())).collect();
    if set.is_empty() {
        return Err(Problem::new(
            format!("`/{text}` is in the name of no call"),
            format!("?/{text} leaves it out where there is none"),
        ));
    }
    let words = set.iter().map(|call| call.name().to_owned()).collect();
    Ok((set, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words for `[trace] syscalls`, or what is said.
    fn check(text: &str, expected: &[&str]) {
        match Calls::parse(text) {
            Ok(calls) => assert_eq!(calls.list(), expected, "{text}"),
            Err(problem) => assert_eq!([problem.why.as_str()], expected, "{text}"),
        }
    }

    #[test]
    fn sets_are_said_in_the_words_of_a_spec() {
        check("read,write", &["read", "write"]);
        check("all", &["all"]);
        check("none", &[]);
        check("!none", &["all"]);
        check("!all", &[]);
        check("!read", &["all", "!read"]);
        check("!%file,read", &["all", "!%file", "!read"]);
        check("%net", &["%network"]);
        check("%%stat", &["%stat", "%lstat", "%fstat"]);
        check("file", &["%file"]);
        check("0,1", &["read", "write"]);
        check("/^f(data)?sync$", &["fdatasync", "fsync"]);
        check("?nonsense,read", &["read"]);
        check("?/nonsense", &[]);
    }

    #[test]
    fn what_is_no_set_says_so() {
        check("", &["the name of a call is missing"]);
        check("read,", &["the name of a call is missing"]);
        check("?", &["the name of a call is missing"]);
        check("raed", &["there is no call `raed`"]);
        check("99999", &["there is no call `99999`"]);
        check("%fiel", &["there is no class `%fiel`"]);
        check("/nonsense", &["`/nonsense` is in the name of no call"]);
        check("/(", &["`(` is no regular expression: unclosed group"]);
    }

    #[test]
    fn an_event_names_the_same_calls() {
        let pattern = |text: &str| Calls::parse(text).unwrap().pattern("");
        assert_eq!(pattern("read,%file"), "read, %file");
        assert_eq!(pattern("all"), "%all");
        assert!(pattern("!read").starts_with("_llseek") || !pattern("!read").split(", ").any(|name| name == "read"));
        let left = Calls::parse("read,write").unwrap().without(&Calls::parse("read").unwrap().set);
        assert_eq!(left.pattern(" -> ok"), "write -> ok");
    }
}
