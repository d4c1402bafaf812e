//! Diagnostics as text: the snippet, the caret under the word, the help line.
//! It must not print.

use std::borrow::Cow;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level as Title, Origin, Renderer, Snippet};

use super::visible::visible;
use super::{Diagnostic, Level, Source, Span};

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
        title.element(snippet(diagnostic, source))
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

fn snippet<'d>(diagnostic: &'d Diagnostic, source: &'d Source) -> Snippet<'d, annotate_snippets::Annotation<'d>> {
    let annotations = diagnostic.labels.iter().enumerate().map(|(at, label)| {
        let kind = if at == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        let annotation = kind.span(within(source, label.span));
        if label.text.is_empty() { annotation } else { annotation.label(visible(&label.text)) }
    });
    Snippet::source(source.text.as_str()).path(source.name.as_str()).annotations(annotations)
}

/// The span, kept inside the text and on the boundaries of characters.
fn within(source: &Source, span: Span) -> std::ops::Range<usize> {
    let boundary = |mut at: usize| {
        at = at.min(source.text.len());
        while !source.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = boundary(span.start);
    start..boundary(span.end).max(start)
}
