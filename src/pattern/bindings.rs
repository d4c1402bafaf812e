//! Variables of patterns: what `?x` bound and `$x` compares with.
//! They must not know which pattern bound them.

use super::subject::{Operand, Subject};

/// The variables of one sequence or rule.
#[derive(Clone, Debug, Default)]
pub struct Bindings {
    bound: Vec<(String, Bound)>,
}

/// What a variable holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// As a number.
    pub number: Option<i128>,
    /// As a canonical identity.
    pub identity: Option<String>,
    /// As text.
    pub text: Option<String>,
}

impl Bindings {
    /// No variable.
    pub fn new() -> Bindings {
        Bindings::default()
    }

    /// What `name` holds.
    pub fn get(&self, name: &str) -> Option<&Bound> {
        self.bound.iter().rev().find(|(known, _)| known == name).map(|(_, bound)| bound)
    }

    /// Binds `name`, instead of what it held.
    pub fn bind(&mut self, name: &str, operand: &Operand<'_>) {
        self.bound.retain(|(known, _)| known != name);
        self.bound.push((name.to_owned(), Bound::of(operand)));
    }

    /// Binds the values that rules captured at `subject`, for the events after it.
    pub fn capture(&mut self, subject: &dyn Subject) {
        subject.captures(&mut |name, operand| self.bind(name, operand));
    }

    /// The variables and what they hold, in the order in which they were bound.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Bound)> {
        self.bound.iter().map(|(name, bound)| (name.as_str(), bound))
    }

    /// Takes over everything `other` holds.
    pub(super) fn extend(&mut self, other: Bindings) {
        for (name, bound) in other.bound {
            self.bound.retain(|(known, _)| *known != name);
            self.bound.push((name, bound));
        }
    }
}

impl Bound {
    fn of(operand: &Operand<'_>) -> Bound {
        Bound {
            number: operand.number,
            identity: operand.identity.as_deref().map(str::to_owned),
            text: operand.text.as_deref().map(str::to_owned),
        }
    }

    /// Whether `operand` is the same: by identity when both have one, else by number, else by text.
    pub fn is(&self, operand: &Operand<'_>) -> bool {
        if let (Some(mine), Some(theirs)) = (&self.identity, &operand.identity) {
            return mine == theirs;
        }
        if let (Some(mine), Some(theirs)) = (self.number, operand.number) {
            return mine == theirs;
        }
        matches!((&self.text, &operand.text), (Some(mine), Some(theirs)) if mine == theirs)
    }
}
