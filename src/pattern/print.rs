//! A pattern as text: what it prints reads back as the same pattern.

use std::fmt::{Display, Formatter, Result};

use super::ast::{Alt, Comparison, Head, Order, Pattern, Pred, ResultPred, ResultTest, Test, Value};

impl Display for Pattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        separated(f, &self.alts, ", ")
    }
}

/// Patterns are the same when they print the same: places do not count.
impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Display for Alt {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.head.fmt(f)?;
        if !self.preds.is_empty() {
            f.write_str("(")?;
            separated(f, &self.preds, ", ")?;
            f.write_str(")")?;
        }
        if let Some(result) = &self.result {
            write!(f, " -> {result}")?;
        }
        if let Some(relation) = &self.relation {
            let word = match relation.order {
                Order::After => "after",
                Order::Before => "before",
            };
            write!(f, " {word} {}", relation.other)?;
        }
        Ok(())
    }
}

impl Display for Head {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Head::Call(call) => call.fmt(f),
            Head::Class { name, .. } => write!(f, "%{name}"),
            Head::Operation(operation) => operation.fmt(f),
            Head::Noun(noun) => f.write_str(noun.name()),
        }
    }
}

impl Display for Pred {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match (&self.arg, &self.test) {
            (None, Test::Compare(_, value)) => value.fmt(f),
            (None, test) => test.fmt(f),
            (Some(arg), test) => write!(f, "{arg} {test}"),
        }
    }
}

impl Display for Test {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Test::Compare(comparison, value) => write!(f, "{comparison} {value}"),
            Test::Glob(glob) => {
                f.write_str("~ ")?;
                quoted(f, glob.text())
            }
            Test::Regex(regex) => write!(f, "matches /{}/", regex.as_str().replace('/', "\\/")),
            Test::Has(value) => write!(f, "has {value}"),
        }
    }
}

impl Display for ResultPred {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.test {
            ResultTest::Ok => f.write_str("ok"),
            ResultTest::Error => f.write_str("error"),
            ResultTest::Errno(errno) => errno.fmt(f),
            ResultTest::Compare(Comparison::Equal, value) => value.fmt(f),
            ResultTest::Compare(comparison, value) => write!(f, "{comparison} {value}"),
        }
    }
}

impl Display for Comparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Comparison::Equal => "=",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        })
    }
}

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Value::Int(number) => number.fmt(f),
            Value::Flags(names) => f.write_str(&names.join("|")),
            Value::Text(text) => quoted(f, text),
            Value::Use(name) => write!(f, "${name}"),
            Value::Bind(name) => write!(f, "?{name}"),
        }
    }
}

/// Strings have no escapes, so a string holds one kind of quote at most.
fn quoted(f: &mut Formatter<'_>, text: &str) -> Result {
    let quote = if text.contains('\'') { '"' } else { '\'' };
    write!(f, "{quote}{text}{quote}")
}

fn separated(f: &mut Formatter<'_>, items: &[impl Display], separator: &str) -> Result {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            f.write_str(separator)?;
        }
        item.fmt(f)?;
    }
    Ok(())
}
