//! Runs as they go on, on standard error: `-v`, `-vv` and `RINJECT_LOG`. What is told comes as `tracing` events, as it does
//! for those who use the library.
//! It must not know who tells them.

use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use super::args::Global;
use super::exit_status::ExitStatus;
use super::terminal::complain;

/// What else is to be told, in the words of tracing-subscriber.
const LOG: &str = "RINJECT_LOG";

/// Begins to tell, where somebody asks for it.
pub(super) fn start(global: &Global) -> Result<(), ExitStatus> {
    let by_flag = match global.verbose {
        0 => "",
        1 => "rinject::case=info,rinject::event=debug",
        _ => "rinject=trace",
    };
    let by_environment = std::env::var(LOG).unwrap_or_default();
    let words: Vec<&str> = [by_flag, &by_environment].into_iter().filter(|words| !words.is_empty()).collect();
    if words.is_empty() {
        return Ok(());
    }
    let filter = EnvFilter::builder().parse(words.join(",")).map_err(|error| {
        complain(
            format!("{LOG} is `{by_environment}`: {error}"),
            Some("write `rinject=debug`, or `rinject::stop=trace`"),
        );
        ExitStatus::Usage
    })?;
    // There can be only one, and another is none of ours.
    let _ = tracing_subscriber::registry().with(Lines::default().with_filter(filter)).try_init();
    Ok(())
}

/// Writes each event on a line of its own, below the case that it belongs to.
#[derive(Default)]
struct Lines {
    /// The case of the line before.
    case: Mutex<String>,
}

/// The id of a case, kept with its span.
struct Case(String);

impl<S: Subscriber + for<'l> LookupSpan<'l>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut found = Found::default();
        attributes.record(&mut found);
        if let (Some(span), Some(case)) = (context.span(id), found.id) {
            span.extensions_mut().insert(Case(case));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut found = Found::default();
        event.record(&mut found);
        let span = context.event_span(event);
        let case = span.and_then(|span| span.extensions().get::<Case>().map(|case| case.0.clone()));
        let mut before = self.case.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        if let Some(case) = case.filter(|case| *case != *before) {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "==> {case} <==");
            *before = case;
        }
        let _ = writeln!(text, "{}", found.message);
        // In one piece, so that nothing falls into the line; where standard error is gone there is nobody to tell.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }
}

/// The fields that are looked for.
#[derive(Default)]
struct Found {
    message: String,
    id: Option<String>,
}

impl Visit for Found {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "id" {
            self.id = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        }
    }
}
