//! Reads patterns: recursive descent over the grammar, going on after a mistake to find the next one.
//! It must not know which events a run has; names come from the tables of an architecture.

use std::ops::Range;

use super::ast::{Alt, Comparison, Head, Noun, Order, Pattern, Pred, Relation, ResultPred, ResultTest, Test, Value};
use super::cursor::Cursor;
use super::names::{self, Kinds};
use super::problem::PatternProblem;
use super::value;
use crate::abi::{Arch, CallSet, Sysno};
use crate::diagnostic::Code;

/// Reads a pattern; otherwise everything that is wrong with it, at least one problem.
pub fn parse(text: &str, arch: Arch) -> Result<Pattern, Vec<PatternProblem>> {
    let mut parser = Parser { cursor: Cursor::new(text), arch, problems: Vec::new() };
    let alts = parser.alts();
    if parser.problems.is_empty() { Ok(Pattern { alts, text: text.to_owned() }) } else { Err(parser.problems) }
}

/// Reads `where.args` of a place with a signature: predicates over any of its parameters, which the caller checks.
pub fn parse_free_preds(text: &str) -> Result<Vec<Pred>, Vec<PatternProblem>> {
    let mut parser = Parser { cursor: Cursor::new(text), arch: Arch::X86_64, problems: Vec::new() };
    let preds = parser.preds(None, false);
    if parser.problems.is_empty() { Ok(preds) } else { Err(parser.problems) }
}

/// Reads `where.args`: predicates over the arguments of any of `calls`. Variables are not allowed in it.
pub fn parse_preds(text: &str, calls: &CallSet) -> Result<Vec<Pred>, Vec<PatternProblem>> {
    let mut parser = Parser { cursor: Cursor::new(text), arch: Arch::X86_64, problems: Vec::new() };
    let head = match (calls.iter().next(), calls.iter().nth(1)) {
        (Some(call), None) => Head::Call(call),
        _ => Head::Class { name: "on", calls: calls.clone() },
    };
    let preds = parser.preds(Some(&head), false);
    for pred in &preds {
        if let Test::Compare(_, Value::Use(_) | Value::Bind(_)) = pred.test {
            parser.problems.push(
                PatternProblem::new(Code::BAD_TEST, pred.range.clone(), "`where.args` has no variables")
                    .label("a variable lives in one pattern or sequence")
                    .help(Some("write the test into `on`".to_owned())),
            );
        }
    }
    if parser.problems.is_empty() { Ok(preds) } else { Err(parser.problems) }
}

/// Reads `where.result`: what a pattern has after `->`. Variables are not allowed in it.
pub fn parse_result(text: &str) -> Result<ResultPred, Vec<PatternProblem>> {
    let mut parser = Parser { cursor: Cursor::new(text), arch: Arch::X86_64, problems: Vec::new() };
    parser.cursor.skip_space();
    let start = parser.cursor.at();
    let found = parser.result_test();
    let range = start..parser.cursor.at();
    parser.cursor.skip_space();
    if parser.problems.is_empty() && parser.cursor.peek().is_some() {
        let rest = parser.cursor.word_range();
        let message = format!("`{}` is not expected here", parser.cursor.slice(&rest));
        let problem = parser.syntax(rest, message, "expected the end", None);
        parser.problems.push(problem);
    }
    if let Ok(ResultTest::Compare(_, Value::Use(_) | Value::Bind(_))) = found {
        parser.problems.push(
            PatternProblem::new(Code::BAD_TEST, range.clone(), "`where.result` has no variables")
                .label("a variable lives in one pattern or sequence")
                .help(Some("write the test into `on`, after `->`".to_owned())),
        );
    }
    match found {
        Ok(test) if parser.problems.is_empty() => Ok(ResultPred { range, test }),
        _ => Err(parser.problems),
    }
}

/// The problem was recorded; the caller goes on after it.
pub(super) struct Skip;

pub(super) struct Parser<'t> {
    pub(super) cursor: Cursor<'t>,
    arch: Arch,
    pub(super) problems: Vec<PatternProblem>,
}

impl<'t> Parser<'t> {
    pub(super) fn fail<T>(&mut self, problem: PatternProblem) -> Result<T, Skip> {
        self.problems.push(problem);
        Err(Skip)
    }

    /// Records the problem, if it is one.
    pub(super) fn check<T>(&mut self, result: Result<T, PatternProblem>) -> Result<T, Skip> {
        result.or_else(|problem| self.fail(problem))
    }

    fn alts(&mut self) -> Vec<Alt> {
        let mut alts = Vec::new();
        self.cursor.skip_space();
        if self.cursor.peek().is_none() {
            let at = self.cursor.at();
            self.problems.push(
                PatternProblem::new(Code::EMPTY_PATTERN, 0..at, "the pattern is empty")
                    .label("no event")
                    .help(Some("name a system call, a `%class` or an event such as `signal(SIGTERM)`".to_owned())),
            );
            return alts;
        }
        loop {
            match self.alt().and_then(|alt| self.end_of_alt().map(|()| alt)) {
                Ok(alt) => alts.push(alt),
                Err(Skip) => self.cursor.skip_to_comma(0),
            }
            if !self.cursor.eat(",") {
                return alts;
            }
        }
    }

    fn end_of_alt(&mut self) -> Result<(), Skip> {
        self.cursor.skip_space();
        let problem = match self.cursor.peek() {
            None | Some(',') => return Ok(()),
            Some(')') => self.syntax(self.cursor.word_range(), "`)` closes nothing", "no `(` is open here", None),
            Some('|') => self.syntax(
                self.cursor.word_range(),
                "`|` stands between flags only",
                "not between events",
                Some("separate events with a comma"),
            ),
            Some(_) => {
                let range = self.cursor.word_range();
                let word = self.cursor.slice(&range);
                self.syntax(
                    range,
                    format!("`{word}` is not expected here"),
                    "expected `,`, `->`, `after`, `before` or the end",
                    None,
                )
            }
        };
        self.fail(problem)
    }

    fn alt(&mut self) -> Result<Alt, Skip> {
        self.cursor.skip_space();
        let start = self.cursor.at();
        let class = self.cursor.eat("%");
        let (name, range) = self.cursor.name();
        let head_range = start..range.end;
        if name.is_empty() {
            let problem = self.no_event(start);
            return self.fail(problem);
        }
        let head = if class {
            names::class(name, head_range.clone())
        } else {
            names::event(name, head_range.clone(), self.arch)
        };
        // What follows an unknown name is still read, so that mistakes in it are found: only names go unchecked.
        let known = self.check(head).ok().map(|head| self.as_meant(head));
        self.cursor.skip_space();
        let preds = if self.cursor.eat("(") { self.arguments(known.as_ref(), start)? } else { Vec::new() };
        let result = self.result(known.as_ref())?;
        let relation = self.relation()?;
        let range = start..self.cursor.at();
        let Some(head) = known else { return Err(Skip) };
        Ok(Alt { range, head, head_range, preds, result, relation })
    }

    /// `clone` and `signal` are the events, unless a result or an argument says that the call is meant.
    fn as_meant(&self, head: Head) -> Head {
        let Head::Noun(noun @ (Noun::Clone | Noun::Signal)) = head else { return head };
        let Some(call) = Sysno::parse(noun.name()).filter(|call| call.number(self.arch).is_some()) else {
            return head;
        };
        let mut ahead = self.cursor.clone();
        ahead.skip_space();
        if ahead.eat("(") {
            ahead.skip_space();
            let (name, _) = ahead.name();
            ahead.skip_space();
            let alone = matches!(ahead.peek(), None | Some(',' | ')'));
            if !name.is_empty() && !alone && !noun.args().contains(&name) && call.arg(name).is_some() {
                return Head::Call(call);
            }
            if !name.is_empty() || !ahead.eat(")") {
                return head;
            }
            ahead.skip_space();
        }
        if ahead.eat("->") { Head::Call(call) } else { head }
    }

    fn no_event(&self, start: usize) -> PatternProblem {
        let range = start..self.cursor.word_range().end;
        let word = self.cursor.slice(&range);
        let help = match self.cursor.peek() {
            Some('*') => Some("patterns name events; `%file`, `%desc` and other classes name many at once"),
            Some('!') => Some("only the lists in `[trace]` take `!name`"),
            _ => None,
        };
        match self.cursor.peek() {
            None | Some(',') => {
                self.syntax(range, "an event is missing", "expected a name or a `%class`", Some("take out the comma"))
            }
            _ => self.syntax(range, format!("`{word}` begins no event"), "expected a name or a `%class`", help),
        }
    }

    fn result(&mut self, head: Option<&Head>) -> Result<Option<ResultPred>, Skip> {
        self.cursor.skip_space();
        let arrow = self.cursor.at();
        if !self.cursor.eat("->") {
            return Ok(None);
        }
        if let Some(Head::Noun(noun)) = head
            && *noun != Noun::Inject
        {
            let message = format!("`{}` has no result", noun.name());
            let problem = self.syntax(arrow..arrow + 2, message, "only system calls have results", None);
            return self.fail(problem);
        }
        self.cursor.skip_space();
        let start = self.cursor.at();
        let test = self.result_test()?;
        Ok(Some(ResultPred { range: start..self.cursor.at(), test }))
    }

    fn result_test(&mut self) -> Result<ResultTest, Skip> {
        let start = self.cursor.at();
        if let Some(comparison) = self.comparison()? {
            self.cursor.skip_space();
            let value = self.value(&Kinds::default(), "the result")?;
            let range = start..self.cursor.at();
            let check = value::check_comparison(comparison, &value, range);
            return self.check(check).map(|()| ResultTest::Compare(comparison, value));
        }
        let name = self.cursor.peek_name();
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
            if !self.cursor.rest().starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '$' | '?')) {
                let range = self.cursor.word_range();
                let help = Some("write `ok`, `error`, an errno such as `EIO`, a number, `> 0` or `?name`");
                let problem = self.syntax(range, "a result is missing after `->`", "expected a result", help);
                return self.fail(problem);
            }
            let value = self.value(&Kinds::default(), "the result")?;
            return Ok(ResultTest::Compare(Comparison::Equal, value));
        }
        let (name, range) = self.cursor.name();
        match name {
            "ok" => Ok(ResultTest::Ok),
            "error" => Ok(ResultTest::Error),
            name => {
                let errno = names::errno_name(name, range);
                self.check(errno).map(ResultTest::Errno)
            }
        }
    }

    fn relation(&mut self) -> Result<Option<Relation>, Skip> {
        self.cursor.skip_space();
        let order = if self.cursor.eat_word("after") {
            Order::After
        } else if self.cursor.eat_word("before") {
            Order::Before
        } else {
            return Ok(None);
        };
        let other = self.alt()?;
        if let Some(variable) = (Pattern { alts: vec![other.clone()], text: String::new() }).variables().first() {
            let problem =
                PatternProblem::new(Code::BAD_TEST, variable.range.clone(), "no variables after `after` or `before`")
                    .label(format!("`{}` cannot be known here", variable.name))
                    .help(Some("write the events as a sequence".to_owned()));
            return self.fail(problem);
        }
        Ok(Some(Relation { order, other: Box::new(other) }))
    }

    pub(super) fn syntax(
        &self,
        range: Range<usize>,
        message: impl Into<String>,
        label: &str,
        help: Option<&str>,
    ) -> PatternProblem {
        PatternProblem::new(Code::PATTERN_SYNTAX, range, message).label(label).help(help.map(str::to_owned))
    }
}
