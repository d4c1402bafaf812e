//! `[sweep]` as it is written, and how it is read.
//! It must not know what the values mean to a sweep.

use super::model::{At, Scalar, Text};
use super::walk::{Fields, Walk};
use crate::diagnostic::{Code, Span};

/// `[sweep]`.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// The table.
    pub span: Span,
    /// `on`.
    pub on: Option<Text>,
    /// `faults`.
    pub faults: Option<At<Vec<Text>>>,
    /// `error`, one or several.
    pub error: Vec<At<Scalar>>,
    /// `mode`, one or several.
    pub mode: Vec<Text>,
    /// `recovery`.
    pub recovery: Option<At<bool>>,
    /// `points`.
    pub points: Option<Text>,
    /// `baseline`.
    pub baseline: Option<At<i128>>,
    /// `compare`.
    pub compare: Option<At<Vec<Text>>>,
    /// `limit`.
    pub limit: Option<At<i128>>,
    /// `seed`.
    pub seed: Option<At<i128>>,
    /// `file-system`.
    pub file_system: Option<Text>,
    /// `coverage`.
    pub coverage: Option<At<bool>>,
}

pub(super) fn sweep(walk: &Walk, fields: &Fields<'_, '_>) -> Sweep {
    Sweep {
        span: fields.span,
        on: fields.text("on"),
        faults: fields.texts("faults"),
        error: errors(walk, fields),
        mode: fields.text_or_texts("mode"),
        recovery: fields.flag("recovery"),
        points: fields.text("points"),
        baseline: fields.integer("baseline"),
        compare: fields.texts("compare"),
        limit: fields.integer("limit"),
        seed: fields.integer("seed"),
        file_system: fields.text("file-system"),
        coverage: fields.flag("coverage"),
    }
}

/// One errno, or a list of them.
fn errors(walk: &Walk, fields: &Fields<'_, '_>) -> Vec<At<Scalar>> {
    const WANTED: &str = "the name or the number of an errno";
    let Some(value) = fields.get("error") else { return Vec::new() };
    let Some(list) = value.get_ref().as_array() else {
        return fields.scalar("error", WANTED).into_iter().collect();
    };
    if list.is_empty() {
        let help = Some("write `error = [\"EIO\", \"ENOSPC\"]`, or take the key out".to_owned());
        walk.report(Code::EMPTY_VALUE, value.span().into(), "`error` is an empty list".into(), "names nothing", help);
    }
    list.iter().filter_map(|value| walk.scalar(value, "an item of `error`", WANTED, "")).collect()
}
