//! Reads what stands between the parentheses of a pattern: the tests of arguments.
//! It must not know what follows the closing parenthesis.

use super::ast::{Comparison, Head, Noun, Pred, Test, Value};
use super::names::{self, Kinds};
use super::parse::{Parser, Skip};
use super::problem::PatternProblem;
use super::value;
use crate::abi::CallSet;
use crate::diagnostic::Code;

impl Parser<'_> {
    /// The predicates after an opening parenthesis, and the closing one.
    pub(super) fn arguments(&mut self, head: Option<&Head>, start: usize) -> Result<Vec<Pred>, Skip> {
        self.cursor.skip_space();
        if self.cursor.eat(")") {
            return Ok(Vec::new());
        }
        let before = self.problems.len();
        let preds = self.preds(head, true);
        if self.cursor.eat(")") {
            return Ok(preds);
        }
        if self.problems.len() > before {
            // What is wrong inside has most likely taken the parenthesis with it.
            return Err(Skip);
        }
        let end = self.cursor.at();
        let problem = self.syntax(start..end, "a `(` is not closed", "no `)` follows", Some("add `)`"));
        self.fail(problem)
    }

    /// Predicates up to the closing parenthesis, or to the end of the text.
    pub(super) fn preds(&mut self, head: Option<&Head>, inside: bool) -> Vec<Pred> {
        let mut preds: Vec<Pred> = Vec::new();
        loop {
            self.cursor.skip_space();
            match self.pred(head, preds.is_empty()) {
                Ok(pred) => preds.push(pred),
                Err(Skip) => self.cursor.skip_to_comma(usize::from(inside)),
            }
            self.cursor.skip_space();
            if self.cursor.eat(",") {
                continue;
            }
            if self.cursor.peek().is_none() || inside && self.cursor.peek() == Some(')') {
                return preds;
            }
            let range = self.cursor.word_range();
            let word = self.cursor.slice(&range);
            let help = match word {
                "and" | "&" => Some("separate tests with a comma: all must hold"),
                "or" | "|" => Some("write two patterns with a comma between them"),
                _ => None,
            };
            let problem = self.syntax(range, format!("`{word}` is not expected here"), "expected `,` or `)`", help);
            self.problems.push(problem);
            self.cursor.skip_to_comma(usize::from(inside));
            if !self.cursor.eat(",") {
                return preds;
            }
        }
    }

    fn pred(&mut self, head: Option<&Head>, first: bool) -> Result<Pred, Skip> {
        let start = self.cursor.at();
        if let Some(Head::Noun(noun)) = head
            && first
            && let Some(value) = self.first_value(*noun)?
        {
            let range = start..self.cursor.at();
            return Ok(Pred { range, arg: None, test: Test::Compare(Comparison::Equal, value) });
        }
        let (arg, arg_range) = self.cursor.name();
        if arg.is_empty() || arg.starts_with(|c: char| c.is_ascii_digit()) {
            let problem = self.no_argument(head, start);
            return self.fail(problem);
        }
        let kinds = match head {
            Some(head @ Head::Call(call)) => names::call_argument(&CallSet::from_iter([*call]), head, arg, arg_range),
            Some(head @ Head::Class { calls, .. }) => names::call_argument(calls, head, arg, arg_range),
            Some(head @ Head::Operation(operation)) => names::call_argument(&operation.calls(), head, arg, arg_range),
            Some(Head::Noun(noun)) => names::noun_argument(*noun, arg, arg_range),
            None => Ok(Kinds::anything()),
        };
        let known = self.check(kinds).ok();
        let anything = Kinds::anything();
        let test = self.test(arg, known.as_ref().unwrap_or(&anything))?;
        Ok(Pred { range: start..self.cursor.at(), arg: Some(arg.to_owned()), test })
    }

    fn no_argument(&mut self, head: Option<&Head>, start: usize) -> PatternProblem {
        let (raw, range) = self.cursor.raw_until(&[',', ')']);
        let range = start..range.end.max(start);
        if raw.is_empty() && range.is_empty() {
            return self.syntax(
                self.cursor.word_range(),
                "a test is missing",
                "expected an argument's name",
                Some("take out the comma"),
            );
        }
        let raw = self.cursor.slice(&range);
        let help = match head {
            Some(Head::Call(call)) => format!("arguments are named: `{}`", names::signature(*call)),
            _ => "arguments are named: `fd = 3`, `path ~ '*.txt'`".to_owned(),
        };
        self.syntax(range, format!("`{raw}` is not a test"), "expected an argument's name", Some(&help))
    }

    /// The value that stands first in an event that is no call; `None` where a named argument stands there.
    fn first_value(&mut self, noun: Noun) -> Result<Option<Value>, Skip> {
        match noun {
            Noun::Hit | Noun::Watch | Noun::Step if !matches!(self.cursor.peek(), Some('\'' | '"')) => {
                let (raw, _) = self.cursor.raw_until(&[',', ')']);
                return Ok(Some(Value::Text(raw.to_owned())));
            }
            _ => {}
        }
        let mut ahead = self.cursor.clone();
        let (word, range) = value::word(&mut ahead);
        ahead.skip_space();
        let alone = matches!(ahead.peek(), None | Some(',' | ')'));
        if !alone || word.is_empty() {
            return match self.cursor.peek() {
                Some('\'' | '"' | '-' | '$' | '?') => {
                    value::read(&mut self.cursor, &Kinds::anything(), "").map(Some).map_err(|problem| {
                        self.problems.push(problem);
                        Skip
                    })
                }
                _ => Ok(None),
            };
        }
        let value = match noun {
            Noun::Signal | Noun::Killed => {
                names::signal_name(word, range).map(|signal| Some(Value::Flags(vec![signal.to_string()])))
            }
            Noun::Inject => Ok(Some(Value::Text(word.to_owned()))),
            Noun::Exit => match value::integer(word) {
                Some(code) => Ok(Some(Value::Int(code))),
                None => Err(PatternProblem::new(Code::BAD_TEST, range, format!("`{word}` is not an exit status"))
                    .label("expected a number")
                    .help(Some("write `exit(1)` or `exit(code != 0)`".to_owned()))),
            },
            Noun::Exec => Err(PatternProblem::new(Code::BAD_TEST, range, format!("`{word}` is not a test"))
                .label("expected a quoted string")
                .help(Some(format!("write `exec('{word}')` or `exec(path ~ '{word}')`")))),
            Noun::Clone | Noun::Hit | Noun::Watch | Noun::Step => {
                Err(PatternProblem::new(Code::BAD_TEST, range, "`clone` takes no value").label("not expected here"))
            }
        };
        let value = self.check(value)?;
        self.cursor = ahead;
        Ok(value)
    }

    fn test(&mut self, arg: &str, kinds: &Kinds) -> Result<Test, Skip> {
        self.cursor.skip_space();
        if self.cursor.eat("~") {
            return self.glob(arg, kinds);
        }
        if self.cursor.eat_word("matches") {
            self.cursor.skip_space();
            let regex = value::regex(&mut self.cursor);
            return self.check(regex).map(Test::Regex);
        }
        if self.cursor.eat_word("has") {
            self.cursor.skip_space();
            let value = self.value(kinds, arg)?;
            return Ok(Test::Has(value));
        }
        let start = self.cursor.at();
        let Some(comparison) = self.comparison()? else {
            let range = self.cursor.word_range();
            let problem = self.syntax(
                range,
                format!("`{arg}` is not tested"),
                "expected `=`, `!=`, `<`, `<=`, `>`, `>=`, `~`, `matches` or `has`",
                None,
            );
            return self.fail(problem);
        };
        self.cursor.skip_space();
        let value = self.value(kinds, arg)?;
        let range = start..self.cursor.at();
        let check = value::check_comparison(comparison, &value, range);
        self.check(check)?;
        Ok(Test::Compare(comparison, value))
    }

    pub(super) fn value(&mut self, kinds: &Kinds, arg: &str) -> Result<Value, Skip> {
        let value = value::read(&mut self.cursor, kinds, arg);
        self.check(value)
    }

    fn glob(&mut self, arg: &str, kinds: &Kinds) -> Result<Test, Skip> {
        self.cursor.skip_space();
        let glob = value::glob(&mut self.cursor, arg, kinds.is_path());
        self.check(glob).map(Test::Glob)
    }

    pub(super) fn comparison(&mut self) -> Result<Option<Comparison>, Skip> {
        let start = self.cursor.at();
        for (word, comparison) in [
            ("==", None),
            ("!=", Some(Comparison::NotEqual)),
            ("<=", Some(Comparison::LessOrEqual)),
            (">=", Some(Comparison::GreaterOrEqual)),
            ("=", Some(Comparison::Equal)),
            ("<", Some(Comparison::Less)),
            (">", Some(Comparison::Greater)),
        ] {
            if self.cursor.eat(word) {
                if comparison.is_none() {
                    let problem = self.syntax(
                        start..start + 2,
                        "`==` is not an operator",
                        "two equals signs",
                        Some("write `=`"),
                    );
                    return self.fail(problem);
                }
                return Ok(comparison);
            }
        }
        Ok(None)
    }
}
