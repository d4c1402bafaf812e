//! A pattern as it was read: names are resolved, byte ranges point into its text.
//! It must not know how it was written down or what it is matched against.

use std::ops::Range;

use regex::Regex;

use super::PathGlob;
use crate::abi::{CallSet, Errno, Operation, Sysno};

/// A whole pattern: any of its alternatives.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// The alternatives.
    pub alts: Vec<Alt>,
    /// The text it was read from; every range points into it.
    pub text: String,
}

/// One alternative.
#[derive(Clone, Debug)]
pub struct Alt {
    /// All of it.
    pub range: Range<usize>,
    /// The event.
    pub head: Head,
    /// The event's name.
    pub head_range: Range<usize>,
    /// What must hold of its arguments: all.
    pub preds: Vec<Pred>,
    /// What must hold of its result.
    pub result: Option<ResultPred>,
    /// What must have happened before, or must not.
    pub relation: Option<Relation>,
}

/// Which event.
#[derive(Clone, Debug, PartialEq)]
pub enum Head {
    /// This call.
    Call(Sysno),
    /// Every call of a class, `%file`.
    Class {
        /// Its name, without the percent sign.
        name: &'static str,
        /// Its calls.
        calls: CallSet,
    },
    /// Every call that does a job, `file.read`.
    Operation(Operation),
    /// An event that is no call.
    Noun(Noun),
}

/// An event that is no call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noun {
    /// A signal was delivered.
    Signal,
    /// A new image.
    Exec,
    /// A task ended by itself.
    Exit,
    /// A signal ended a task.
    Killed,
    /// A new task.
    Clone,
    /// A rule fired.
    Inject,
    /// A breakpoint was hit.
    Hit,
    /// A watchpoint was hit.
    Watch,
    /// A single step.
    Step,
}

/// What must hold of one argument.
#[derive(Clone, Debug)]
pub struct Pred {
    /// All of it.
    pub range: Range<usize>,
    /// The argument's name; `None` for the value that stands first and unnamed.
    pub arg: Option<String>,
    /// Its test.
    pub test: Test,
}

/// A test of one argument.
#[derive(Clone, Debug)]
pub enum Test {
    /// Compared with a value.
    Compare(Comparison, Value),
    /// Its path, or its text, matches.
    Glob(PathGlob),
    /// Its text matches.
    Regex(Regex),
    /// It has all these bits.
    Has(Value),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// A value as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Int(i128),
    /// Names of bits or of one value.
    Flags(Vec<String>),
    /// A quoted string, or a name where one is expected.
    Text(String),
    /// `$x`: what `?x` was bound to.
    Use(String),
    /// `?x`: binds.
    Bind(String),
}

/// What must hold of a result.
#[derive(Clone, Debug)]
pub struct ResultPred {
    /// All of it, without the arrow.
    pub range: Range<usize>,
    /// Its test.
    pub test: ResultTest,
}

/// A test of a result.
#[derive(Clone, Debug)]
pub enum ResultTest {
    /// It succeeded.
    Ok,
    /// It failed.
    Error,
    /// It failed so.
    Errno(Errno),
    /// Compared with a value; a failure counts as -1.
    Compare(Comparison, Value),
}

/// What must have happened before, or must not.
#[derive(Clone, Debug)]
pub struct Relation {
    /// Which of the two.
    pub order: Order,
    /// The other event.
    pub other: Box<Alt>,
}

/// Where an event stands to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The other has happened.
    After,
    /// The other has not happened yet.
    Before,
}

/// A variable in a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Where the predicate with it stands.
    pub range: Range<usize>,
    /// Whether it is bound here (`?x`) or used (`$x`).
    pub binds: bool,
    /// The position of its alternative.
    pub alt: usize,
}

impl Noun {
    /// Every noun.
    pub const ALL: [Noun; 9] = [
        Noun::Signal,
        Noun::Exec,
        Noun::Exit,
        Noun::Killed,
        Noun::Clone,
        Noun::Inject,
        Noun::Hit,
        Noun::Watch,
        Noun::Step,
    ];

    /// The word of the grammar.
    pub fn name(self) -> &'static str {
        match self {
            Noun::Signal => "signal",
            Noun::Exec => "exec",
            Noun::Exit => "exit",
            Noun::Killed => "killed",
            Noun::Clone => "clone",
            Noun::Inject => "inject",
            Noun::Hit => "hit",
            Noun::Watch => "watch",
            Noun::Step => "step",
        }
    }

    /// The noun of this name.
    pub fn parse(name: &str) -> Option<Noun> {
        Noun::ALL.into_iter().find(|noun| noun.name() == name)
    }

    /// The named arguments that its events have.
    pub fn args(self) -> &'static [&'static str] {
        match self {
            Noun::Exit => &["code"],
            Noun::Exec => &["path", "argc"],
            Noun::Watch => &["value", "by"],
            Noun::Signal | Noun::Killed | Noun::Clone | Noun::Inject | Noun::Hit | Noun::Step => &[],
        }
    }
}

impl Pattern {
    /// The calls that can be its main event.
    pub fn calls(&self) -> CallSet {
        let mut calls = CallSet::new();
        for alt in &self.alts {
            alt.head.add_calls(&mut calls);
        }
        calls
    }

    /// The calls it names anywhere, those after `after` and `before` among them.
    pub fn all_calls(&self) -> CallSet {
        let mut calls = CallSet::new();
        for alt in self.alts.iter().flat_map(Alt::chain) {
            alt.head.add_calls(&mut calls);
        }
        calls
    }

    /// The nouns that can be its main event.
    pub fn nouns(&self) -> impl Iterator<Item = Noun> + '_ {
        self.alts.iter().filter_map(|alt| match alt.head {
            Head::Noun(noun) => Some(noun),
            Head::Call(_) | Head::Class { .. } | Head::Operation(_) => None,
        })
    }

    /// Whether no call can be its main event.
    pub fn is_nouns_only(&self) -> bool {
        self.nouns().count() == self.alts.len()
    }

    /// Whether any alternative names a result.
    pub fn has_result(&self) -> bool {
        self.alts.iter().any(|alt| alt.result.is_some())
    }

    /// Whether any alternative says `after` or `before`.
    pub fn has_relation(&self) -> bool {
        self.alts.iter().any(|alt| alt.relation.is_some())
    }

    /// The rules that `inject(name)` names anywhere, with their places.
    pub fn rule_names(&self) -> Vec<(String, Range<usize>)> {
        let mut names = Vec::new();
        for alt in self.alts.iter().flat_map(Alt::chain).filter(|alt| alt.head == Head::Noun(Noun::Inject)) {
            for pred in &alt.preds {
                if let Test::Compare(_, Value::Text(name)) = &pred.test {
                    names.push((name.clone(), pred.range.clone()));
                }
            }
        }
        names
    }

    /// Its variables in the order in which they are compared.
    pub fn variables(&self) -> Vec<Variable> {
        let mut variables = Vec::new();
        for (at, alt) in self.alts.iter().enumerate() {
            for (value, range) in alt.values() {
                let (name, binds) = match value {
                    Value::Bind(name) => (name, true),
                    Value::Use(name) => (name, false),
                    Value::Int(_) | Value::Flags(_) | Value::Text(_) => continue,
                };
                variables.push(Variable { name: name.clone(), range: range.clone(), binds, alt: at });
            }
        }
        variables
    }

    /// The variables it binds, with their places.
    pub fn binds(&self) -> Vec<(String, Range<usize>)> {
        self.variables().into_iter().filter(|var| var.binds).map(|var| (var.name, var.range)).collect()
    }

    /// The variables it uses, with their places.
    pub fn uses(&self) -> Vec<(String, Range<usize>)> {
        self.variables().into_iter().filter(|var| !var.binds).map(|var| (var.name, var.range)).collect()
    }

    /// The same pattern where `clone`, `exit` and `signal`, standing alone, mean the calls of that name.
    /// A rule that makes its event fail can only mean the call.
    #[must_use]
    pub fn with_nouns_as_calls(mut self) -> Pattern {
        for alt in &mut self.alts {
            if let Head::Noun(noun) = alt.head
                && alt.preds.is_empty()
                && let Some(call) = Sysno::parse(noun.name())
            {
                alt.head = Head::Call(call);
            }
        }
        self
    }
}

impl Alt {
    /// Itself, and what it says it comes after or before.
    pub fn chain(&self) -> impl Iterator<Item = &Alt> {
        std::iter::successors(Some(self), |alt| alt.relation.as_ref().map(|relation| &*relation.other))
    }

    fn values(&self) -> impl Iterator<Item = (&Value, &Range<usize>)> {
        let args = self.preds.iter().filter_map(|pred| match &pred.test {
            Test::Compare(_, value) | Test::Has(value) => Some((value, &pred.range)),
            Test::Glob(_) | Test::Regex(_) => None,
        });
        let result = self.result.iter().filter_map(|result| match &result.test {
            ResultTest::Compare(_, value) => Some((value, &result.range)),
            ResultTest::Ok | ResultTest::Error | ResultTest::Errno(_) => None,
        });
        args.chain(result)
    }
}

impl Head {
    /// The calls that can be its event.
    pub fn calls(&self) -> CallSet {
        let mut calls = CallSet::new();
        self.add_calls(&mut calls);
        calls
    }

    fn add_calls(&self, set: &mut CallSet) {
        match self {
            Head::Call(call) => {
                set.insert(*call);
            }
            Head::Class { calls, .. } => set.union(calls),
            Head::Operation(operation) => set.union(&operation.calls()),
            Head::Noun(_) => {}
        }
    }
}
