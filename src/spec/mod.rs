//! The spec as it is written: keys and types, each value with its place; unknown keys are errors.
//! Pure: it must not read files, and must not know what the values mean to a run.

mod cell;
mod determinism;
mod expectations;
mod extends;
mod faults;
pub mod keys;
mod matrix;
mod merged;
mod model;
mod read;
mod ready;
mod schema;
mod sweep;
mod target;
mod toml_one;
mod walk;

pub use cell::{Cell, Choice};
pub use determinism::{Determinism, RandomBytes, Time};
pub use extends::{beside, extends};
pub use merged::merged;
pub use model::{
    At, Axis, Budget, Check, ClockFault, Command, Corrupt, Count, Ending, Entries, Exit, Expect, Inject, Item,
    ItemKind, Memory, OutputTests, Random, Redact, Scalar, Sequence, SignalAction, Snapshot, Spec, Step, Text, Trace,
    Where,
};
pub use ready::{READY, Ready};
pub use schema::schema;
pub use sweep::Sweep;
pub use target::{Attach, File, Output, Stdin, Target};

use std::sync::Arc;

use toml::de::DeTable;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Piece, Source};
use walk::Walk;

/// Reads a spec and the files that it adds to, all in `source`. `Err` means that a text is not TOML, or has no key at all,
/// or that a file is not there which is to be added to. What is wrong with its keys and types is kept in
/// [`Spec::problems`], so that lowering can report everything in one pass.
pub fn parse(source: &Arc<Source>) -> Result<Spec, Diagnostics> {
    let texts = padded(source);
    let (tree, walk) = read_whole(source, &texts)?;
    let first = tree.keys().map(|key| key.span().start).min().unwrap_or_default();
    let root = walk.open(&tree, (first..first).into(), &keys::ROOT);
    read::version(&walk, &root);
    let mut spec = read::spec(&walk, &root, source);
    spec.problems = walk.into_problems();
    spec.check_cells();
    Ok(spec)
}

/// The texts of all files, each where it stands in the whole.
fn padded(source: &Source) -> Vec<String> {
    source.pieces().map(extends::padded).collect()
}

/// The files of a spec laid over each other, and what was wrong in doing so.
fn read_whole<'t>(source: &Arc<Source>, texts: &'t [String]) -> Result<(DeTable<'t>, Walk), Diagnostics> {
    let pieces: Vec<Piece<'_>> = source.pieces().collect();
    let mut trees = Vec::new();
    let mut syntax = Diagnostics::new();
    for text in texts {
        let (tree, errors) = DeTable::parse_recoverable(text);
        syntax.extend(errors.iter().map(|error| toml_one::syntax_error(source, error.message(), error.span())));
        syntax.extend(toml_one::newer_syntax(source, tree.get_ref()));
        trees.push(tree.into_inner());
    }
    if syntax.has_errors() {
        return Err(syntax.sorted());
    }
    if trees[0].is_empty() {
        let empty = Diagnostic::error(source, Code::EMPTY_SPEC, "the spec is empty")
            .at((0..0).into(), "no key is set")
            .help(Some("the smallest spec has `spec = 1` and `target = { program = \"./kv\" }`".to_owned()));
        return Err(empty.into());
    }
    let walk = Walk::new(Arc::clone(source));
    let tree = whole(&walk, &pieces, trees)?;
    Ok((tree, walk))
}

/// The first of the trees, laid over those that it adds to.
fn whole<'t>(walk: &Walk, pieces: &[Piece<'_>], mut trees: Vec<DeTable<'t>>) -> Result<DeTable<'t>, Diagnostics> {
    let mut missing = Diagnostics::new();
    let mut added: Vec<Vec<usize>> = Vec::new();
    for (piece, tree) in pieces.iter().zip(&mut trees) {
        let mut known = Vec::new();
        for Text { value, span } in extends::named(tree) {
            let name = beside(piece.name, &value);
            match pieces.iter().position(|other| other.name == name) {
                Some(at) => known.push(at),
                None => missing.push(
                    Diagnostic::error(&walk.source, Code::BAD_EXTENDS, format!("`{value}` was not read"))
                        .at(span, "not among what was given")
                        .help(Some("only a spec that is a file can add to others".to_owned())),
                ),
            }
        }
        added.push(known);
        if let Some((_, value)) = tree.remove_entry("extends") {
            walk.texts(&value, "extends", "[\"../common.toml\"]");
        }
        if let Some(version) = tree.get("spec") {
            read::known_version(walk, version);
        }
    }
    if missing.has_errors() {
        return Err(missing);
    }
    let mut all = DeTable::new();
    for at in extends::order(&added) {
        extends::lay_over(&mut all, std::mem::take(&mut trees[at]));
    }
    Ok(all)
}
