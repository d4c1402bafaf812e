//! Event patterns: parse, print, match. One grammar for rules, expectations and filters.
//! It must not know how events are made: whatever is matched implements [`Subject`].
//!
//! ```text
//! pattern = alt { "," alt }
//! alt     = class | name [ "(" [ pred { "," pred } ] ")" ] [ "->" result ] [ ("after" | "before") alt ]
//! pred    = arg ("=" | "!=" | "<" | "<=" | ">" | ">=") value | arg "~" glob | arg "matches" /re/ | arg "has" flags
//! result  = "ok" | "error" | ERRNO | [cmp] value | "?"var
//! value   = ["-"] integer | FLAG {"|" FLAG} | 'string' | "$"var | "?"var
//! ```

mod ast;
mod audience;
mod bindings;
mod cursor;
mod glob;
mod matcher;
mod names;
mod parse;
mod preds;
mod print;
mod problem;
mod ranges;
mod streams;
mod subject;
mod value;

#[cfg(test)]
mod tests;

pub use ast::{
    Alt, Comparison, Head, Noun, Order, Pattern, Pred, Relation, ResultPred, ResultTest, Test, Value, Variable,
};
pub use audience::Audience;
pub use bindings::{Bindings, Bound};
pub use glob::PathGlob;
pub(crate) use glob::fits;
pub use matcher::Matcher;
pub use names::signal_name;
pub use parse::{parse, parse_free_preds, parse_preds, parse_result};
pub use problem::PatternProblem;
pub use ranges::{RangeProblem, Ranges};
pub use streams::NamedStream;
pub use subject::{Operand, ResultView, Subject, SubjectKind};
