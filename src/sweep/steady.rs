//! Runs without a fault: what they have in common is what runs with one are held against.
//! It must not know faults.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Checked, Difference, Facts};
use super::left::{Left, Part, Shape};
use super::printed::Varying;
use crate::plan::Compare;

/// What runs without a fault have in common.
#[derive(Clone, Debug)]
pub struct Golden {
    /// What the first of them came to.
    pub facts: Facts,
    /// What is compared.
    pub compare: Compare,
    /// What of standard output is not the same in all of them.
    stdout: Varying,
    /// Parts of files that are not.
    files: BTreeSet<(String, Part)>,
    /// Checks, from 0, that do not print the same.
    checks: BTreeSet<usize>,
}

/// Compares runs without a fault.
///
/// # Errors
/// What they do not have in common and cannot be left out: one sentence each.
pub fn settle(runs: &[Facts], compare: Compare) -> Result<Golden, Vec<String>> {
    let Some((first, others)) = runs.split_first() else { return Err(vec!["there was no run".to_owned()]) };
    let mut golden = Golden {
        facts: first.clone(),
        compare,
        stdout: Varying::default(),
        files: BTreeSet::new(),
        checks: BTreeSet::new(),
    };
    let mut unstable = Vec::new();
    for other in others {
        if compare.exit && other.ended != first.ended {
            unstable.push("the program does not end in the same way each time".to_owned());
        }
        if compare.stdout && !golden.stdout.add(&first.stdout, &other.stdout) {
            unstable.push("it prints more lines to standard output in one run than in another".to_owned());
        }
        if compare.files {
            let names = |facts: &Facts| facts.files.keys().cloned().collect::<BTreeSet<String>>();
            let (ours, theirs) = (names(first), names(other));
            let odd = ours.symmetric_difference(&theirs);
            unstable.extend(odd.map(|name| format!("`{name}` is left behind in one run, and not in another")));
            golden.note_files(&other.files);
        }
        golden.note_checks(&other.checks);
    }
    unstable.extend(runs.iter().flat_map(|run| run.broken(false)).map(|why| format!("without a fault, {why}")));
    unstable.sort();
    unstable.dedup();
    if unstable.is_empty() { Ok(golden) } else { Err(unstable) }
}

impl Golden {
    /// Leaves out what is not the same in a run with other random bytes and a clock that is ahead: who draws one byte less, or
    /// takes a moment longer, has other ones as well. A run that goes another way then tells nothing more.
    pub fn note_chance(&mut self, other: &Facts) {
        if self.compare.stdout {
            let golden = self.facts.stdout.clone();
            let _ = self.stdout.add(&golden, &other.stdout);
        }
        if self.compare.files {
            self.note_files(&other.files);
        }
        self.note_checks(&other.checks);
    }

    fn note_files(&mut self, others: &BTreeMap<String, Left>) {
        for (name, ours) in &self.facts.files {
            let parts = others.get(name).map(|theirs| ours.unlike(theirs)).unwrap_or_default();
            self.files.extend(parts.into_iter().map(|part| (name.clone(), part)));
        }
    }

    fn note_checks(&mut self, others: &[Checked]) {
        let checks = self.facts.checks.iter().zip(others).enumerate();
        self.checks.extend(checks.filter(|(_, (one, other))| one.printed != other.printed).map(|(at, _)| at));
    }

    /// What is left out of comparing, in words; empty where nothing is.
    pub fn left_out(&self) -> String {
        let mut parts = self.stdout.told();
        let told = |(name, part): &(String, Part)| match part {
            Part::Kind => format!("what `{name}` is"),
            Part::Mode => format!("the mode of `{name}`"),
            Part::Size => format!("the size of `{name}`"),
            Part::Content => format!("what is in `{name}`"),
        };
        parts.extend(self.files.iter().map(told));
        let checks = self.facts.checks.iter().enumerate().filter(|(at, _)| self.checks.contains(at));
        parts.extend(checks.map(|(_, check)| format!("what check \"{}\" prints", check.name)));
        parts.join(", ")
    }

    /// Whether what is in a file is the same in all of them.
    pub fn is_compared(&self, name: &str) -> bool {
        ![Part::Kind, Part::Content].iter().any(|part| self.files.contains(&(name.to_owned(), *part)))
    }

    /// Whether a file is another than without a fault, in a part that is the same in all runs without one; what is in it is
    /// for the checks to say, where they accept it.
    fn is_other(&self, name: &str, golden: &Left, now: &Left, is_accepted: bool) -> bool {
        let is_file = matches!(golden.shape, Shape::File { .. });
        let is_compared = |part: &Part| match part {
            Part::Size | Part::Content if is_accepted && is_file => false,
            part => !self.files.contains(&(name.to_owned(), *part)),
        };
        golden.unlike(now).iter().any(is_compared)
    }

    /// Whether all checks pass, and print what they print without a fault: they have looked at what is in the files. Checks
    /// that print nothing need not have.
    fn is_accepted(&self, facts: &Facts) -> bool {
        let is_same = |(at, (golden, now)): (usize, (&Checked, &Checked))| {
            now.failed.is_empty() && (golden.printed == now.printed || self.checks.contains(&at))
        };
        let golden = &self.facts.checks;
        golden.iter().any(|check| !check.printed.is_empty())
            && golden.len() == facts.checks.len()
            && golden.iter().zip(&facts.checks).enumerate().all(is_same)
    }

    /// Whether a run leaves something behind that runs without a fault do not.
    pub fn leaves_more(&self, facts: &Facts) -> bool {
        self.differences(facts).iter().any(|difference| matches!(difference, Difference::Extra { .. }))
    }

    /// In what a run is not as those without a fault.
    pub fn differences(&self, facts: &Facts) -> Vec<Difference> {
        let mut found = Vec::new();
        if self.compare.exit && facts.ended != self.facts.ended {
            found.push(Difference::Exit);
        }
        if self.compare.stdout && !self.stdout.is_same(&self.facts.stdout, &facts.stdout) {
            found.push(Difference::Stdout);
        }
        if self.compare.files {
            let is_accepted = self.is_accepted(facts);
            for (name, golden) in &self.facts.files {
                let now = facts.files.get(name);
                if now.is_none_or(|now| self.is_other(name, golden, now, is_accepted)) {
                    let (name, golden, now) = (name.clone(), golden.clone(), now.cloned());
                    found.push(Difference::File { name, golden, now });
                }
            }
            let is_known = |name: &String| self.facts.files.contains_key(name) || self.facts.made.contains(name);
            let extra = facts.files.keys().filter(|name| !is_known(name));
            found.extend(
                extra.map(|name| Difference::Extra {
                    name: name.clone(),
                    was_there: self.facts.before.contains(name),
                }),
            );
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::left::tests::file;
    use super::*;
    use crate::abi::Ending;

    const ALL: Compare = Compare { exit: true, stdout: true, files: true };

    fn facts(stdout: &str, files: &[(&str, &str)]) -> Facts {
        Facts {
            ended: Some(Ending::Exited(0)),
            stdout: stdout.into(),
            files: files.iter().map(|(name, text)| ((*name).to_owned(), file(text))).collect(),
            ..Facts::default()
        }
    }

    fn checked(facts: Facts, printed: &str, failed: &[&str]) -> Facts {
        let failed = failed.iter().map(|why| (*why).to_owned()).collect();
        let check = Checked { name: "whole".into(), is_always: false, failed, printed: printed.into() };
        Facts { checks: vec![check], ..facts }
    }

    #[test]
    fn what_is_in_a_file_is_for_the_checks_to_say() {
        let run = |text: &str, printed: &str| checked(facts("", &[("x", text)]), printed, &[]);
        let golden = settle(&[run("a", "2 rows"), run("a", "2 rows")], ALL).unwrap();
        let check = |now: Facts, is_other: bool| assert_eq!(!golden.differences(&now).is_empty(), is_other);
        check(run("bb", "2 rows"), false);
        check(run("bb", "1 row"), true);
        check(checked(facts("", &[("x", "bb")]), "2 rows", &["check \"whole\" exited 1"]), true);
        check(checked(facts("", &[]), "2 rows", &[]), true);
        check(facts("", &[("x", "bb")]), true);
        let mute = || run("a", "");
        let blind = settle(&[mute(), mute()], ALL).unwrap();
        assert!(!blind.differences(&run("bb", "")).is_empty());
        let mut mode = run("a", "2 rows");
        mode.files.insert("x".to_owned(), Left { mode: 0o600, ..file("a") });
        check(mode, true);
        // What it prints may show the time.
        let golden = settle(&[run("a", "1:00"), run("a", "1:01")], ALL).unwrap();
        assert_eq!(golden.left_out(), "what check \"whole\" prints");
        assert_eq!(golden.differences(&run("bb", "1:02")), []);
    }

    #[test]
    fn what_differs_in_a_place_is_left_out() {
        let runs = [facts("a\n1\n", &[("x", "1")]), facts("a\n2\n", &[("x", "22")])];
        let golden = settle(&runs, ALL).unwrap();
        assert_eq!(golden.left_out(), "words in 1 line of standard output, the size of `x`, what is in `x`");
        assert_eq!(golden.differences(&facts("a\n3\n", &[("x", "333")])), []);
        assert_eq!(golden.differences(&facts("b\n3\n", &[("x", "333")])), [Difference::Stdout]);
        assert_eq!(golden.differences(&facts("a\n", &[("x", "333")])), [Difference::Stdout]);
        let missing = Difference::File { name: "x".into(), golden: file("1"), now: None };
        assert_eq!(golden.differences(&facts("a\n1\n", &[])), [missing]);
        let extra = Difference::Extra { name: "y".into(), was_there: false };
        assert_eq!(golden.differences(&facts("a\n1\n", &[("x", "1"), ("y", "1")])), [extra]);
    }

    #[test]
    fn what_is_the_same_of_a_file_is_compared() {
        let golden = settle(&[facts("", &[("x", "a1")]), facts("", &[("x", "a2")])], ALL).unwrap();
        assert_eq!(golden.left_out(), "what is in `x`");
        let check = |now: Left, is_other: bool| {
            let mut facts = facts("", &[]);
            facts.files.insert("x".to_owned(), now);
            assert_eq!(!golden.differences(&facts).is_empty(), is_other, "{:?}", facts.files);
        };
        check(file("a3"), false);
        check(file("a"), true);
        check(Left { mode: 0o600, ..file("a3") }, true);
        check(Left { mode: 0o644, shape: Shape::Folder }, true);
    }

    #[test]
    fn what_hangs_on_chance_is_left_out_and_what_goes_another_way_is_not() {
        let run = || facts("id 17\n", &[("x", "ab"), ("y", "ab")]);
        let mut golden = settle(&[run(), run()], ALL).unwrap();
        golden.note_chance(&facts("id 23\n", &[("x", "cd"), ("y", "ab"), ("z", "")]));
        assert_eq!(golden.left_out(), "words in 1 line of standard output, what is in `x`");
        let check = |now: Facts, is_other: bool| assert_eq!(!golden.differences(&now).is_empty(), is_other);
        check(facts("id 31\n", &[("x", "ef"), ("y", "ab")]), false);
        check(facts("id 31\n", &[("x", "e"), ("y", "ab")]), true);
        check(facts("id 31\n", &[("x", "ef"), ("y", "cd")]), true);
        check(facts("no id\n", &[("x", "ef"), ("y", "ab")]), true);
        golden.note_chance(&facts("", &[]));
        assert_eq!(golden.differences(&facts("", &[("x", "ab"), ("y", "ab")])), [Difference::Stdout]);
    }

    #[test]
    fn what_comes_and_goes_cannot_be_left_out() {
        let check = |one: Facts, other: Facts, expected: &str| {
            assert_eq!(settle(&[one, other], ALL).unwrap_err(), [expected]);
        };
        let same = || facts("a\n", &[]);
        check(same(), facts("a\nb\n", &[]), "it prints more lines to standard output in one run than in another");
        check(same(), facts("a\n", &[("x", "")]), "`x` is left behind in one run, and not in another");
        let failed = Facts { ended: Some(Ending::Exited(1)), ..same() };
        check(same(), failed, "the program does not end in the same way each time");
        let broken = checked(same(), "", &["check \"x\" exited 1, expected 0"]);
        check(broken, same(), "without a fault, check \"x\" exited 1, expected 0");
        let nothing = Compare { exit: false, stdout: false, files: false };
        assert!(settle(&[same(), facts("b\nc\n", &[("x", "")])], nothing).is_ok());
    }
}
