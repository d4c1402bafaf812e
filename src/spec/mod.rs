//! The spec as it is written: keys and types, each value with its place; unknown keys are errors.
//! Pure: it must not read files, and must not know what the values mean to a run.

mod cell;
mod determinism;
mod expectations;
mod faults;
pub mod keys;
mod model;
mod read;
mod ready;
mod target;
mod toml_one;
mod walk;

pub use cell::{Cell, Choice};
pub use determinism::{Determinism, RandomBytes, Time};
pub use model::{
    At, Budget, Check, ClockFault, Command, Corrupt, Count, Ending, Entries, Exit, Expect, Inject, Item, ItemKind,
    Memory, OutputTests, Random, Redact, Scalar, Sequence, SignalAction, Snapshot, Spec, Step, Text, Trace, Where,
};
pub use ready::{READY, Ready};
pub use target::{Attach, File, Output, Stdin, Target};

use std::sync::Arc;

use toml::de::DeTable;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Source};
use walk::Walk;

/// Reads a spec. `Err` means that the text is not TOML, or has no key at all. What is wrong with its keys and types
/// is kept in [`Spec::problems`], so that lowering can report everything in one pass.
pub fn parse(source: &Arc<Source>) -> Result<Spec, Diagnostics> {
    let (tree, errors) = DeTable::parse_recoverable(&source.text);
    let mut syntax: Diagnostics = Diagnostics::new();
    syntax.extend(errors.iter().map(|error| toml_one::syntax_error(source, error.message(), error.span())));
    syntax.extend(toml_one::newer_syntax(source, tree.get_ref()));
    if syntax.has_errors() {
        return Err(syntax.sorted());
    }
    if tree.get_ref().is_empty() {
        let empty = Diagnostic::error(source, Code::EMPTY_SPEC, "the spec is empty")
            .at((0..0).into(), "no key is set")
            .help(Some("the smallest spec has `spec = 1` and `target = { program = \"./kv\" }`".to_owned()));
        return Err(empty.into());
    }
    let walk = Walk::new(Arc::clone(source));
    let first = tree.get_ref().keys().map(|key| key.span().start).min().unwrap_or_default();
    let root = walk.open(tree.get_ref(), (first..first).into(), &keys::ROOT);
    read::version(&walk, &root);
    let mut spec = read::spec(&walk, &root, source);
    spec.problems = walk.into_problems();
    spec.check_number_of_cells();
    Ok(spec)
}
