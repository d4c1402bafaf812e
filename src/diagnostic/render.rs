//! Diagnostics as text: the snippet, the caret under the word, the help line.
//! It must not print.

use std::borrow::Cow;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level as Title, Origin, Renderer, Snippet};

use super::source::boundary;
use super::visible::visible;
use super::{Diagnostic, Level, Piece, Source, Span};

/// How diagnostics are rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without colour.
    Plain,
    /// With ANSI colours.
    Colour,
}

/// The width that lines are cut to: wide enough that most specs are shown whole.
const WIDTH: usize = 140;

/// One diagnostic, with a newline at the end.
pub(super) fn render(diagnostic: &Diagnostic, style: Style) -> String {
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Colour => Renderer::styled(),
    };
    let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(WIDTH);
    let level = match diagnostic.level {
        Level::Error => Title::ERROR,
        Level::Warning => Title::WARNING,
    };
    let source = &*diagnostic.source;
    let message = visible(&diagnostic.message);
    let title = level.primary_title(&*message).id(diagnostic.code.to_string());
    let help = diagnostic.help.as_deref().map(visible);
    let notes: Vec<Cow<'_, str>> = diagnostic.notes.iter().map(|note| visible(note)).collect();
    let mut group = if diagnostic.labels.is_empty() {
        title.element(Origin::path(source.name.as_str()))
    } else {
        title.elements(snippets(diagnostic, source))
    };
    if let Some(help) = &help {
        group = group.element(Title::HELP.message(&**help));
    }
    for note in &notes {
        group = group.element(Title::NOTE.message(&**note));
    }
    let mut text = renderer.render(&[group]);
    text.push('\n');
    text
}

/// The lines of each file that is spoken of, that of the main place first.
fn snippets<'d>(
    diagnostic: &'d Diagnostic,
    source: &'d Source,
) -> Vec<Snippet<'d, annotate_snippets::Annotation<'d>>> {
    let mut pieces: Vec<Piece<'d>> = Vec::new();
    for piece in diagnostic.labels.iter().map(|label| source.piece_at(label.span.start)) {
        if !pieces.contains(&piece) {
            pieces.push(piece);
        }
    }
    let snippet = |piece: Piece<'d>| {
        let labels = diagnostic.labels.iter().enumerate();
        let labels = labels.filter(|(_, label)| source.piece_at(label.span.start) == piece);
        let annotations = labels.map(|(at, label)| {
            let kind = if at == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
            let annotation = kind.span(within(piece, label.span));
            if label.text.is_empty() { annotation } else { annotation.label(visible(&label.text)) }
        });
        Snippet::source(piece.text).path(piece.name).annotations(annotations)
    };
    pieces.into_iter().map(snippet).collect()
}

/// The span in its file, kept inside the text and on the boundaries of characters.
fn within(piece: Piece<'_>, span: Span) -> std::ops::Range<usize> {
    let place = |at: usize| boundary(piece.text, at.saturating_sub(piece.start));
    let start = place(span.start);
    start..place(span.end).max(start)
}
