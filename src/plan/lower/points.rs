//! `at` and `watch`: places, signatures, and what goes with them only.
//! It must not know whether the places exist.

use std::sync::Arc;

use super::Lowering;
use crate::diagnostic::{Code, Diagnostic, Span, did_you_mean};
use crate::pattern::{Noun, Pattern, Pred, Value, parse, parse_free_preds};
use crate::plan::{Access, KINDS, Place, PlaceAt, Point, PointKind, Signature, base_name};
use crate::spec::{Inject, Text};

/// Debug registers that hold an address (Intel SDM volume 3, 17.2.1).
const DEBUG_REGISTERS: usize = 4;

impl Lowering<'_> {
    /// The point of a rule with `at` or `watch`.
    pub(super) fn point(&mut self, written: &Inject) -> Option<Point> {
        let (text, noun) = match (&written.at, &written.watch) {
            (Some(at), None) => (at, Noun::Hit),
            (None, Some(watch)) => (watch, Noun::Watch),
            _ => return None,
        };
        let place = self.place(text);
        let signature = written.signature.as_ref().and_then(|text| self.signature(text));
        let kind = match noun {
            Noun::Watch => self.data(written)?,
            _ => PointKind::Code { hardware: written.hardware.as_ref().is_some_and(|hardware| hardware.value) },
        };
        let (place, text_of) = place?;
        let point = Point { place, text: text_of, span: text.span, kind, signature };
        let needs_start = written.signature.as_ref().map(|signature| ("signature", signature.span));
        let needs_start = needs_start.or(written.returns.as_ref().map(|value| ("return", value.span)));
        if let Some((key, span)) = needs_start
            && !point.is_function_start()
        {
            let help = "arguments and the return address are known where a function begins: write its name alone";
            let error = Diagnostic::error(
                &self.spec.source,
                Code::MISFIT_ACTION,
                format!("`{key}` goes with the start of a function"),
            )
            .at(span, "not known here")
            .at(point.span, "inside a function")
            .help(Some(help.to_owned()));
            self.problems.push(error);
        }
        self.check_signature_name(written, &point);
        Some(point)
    }

    /// The arguments of one function are not those of another.
    fn check_signature_name(&mut self, written: &Inject, point: &Point) {
        let (Some(text), Some(signature)) = (&written.signature, &point.signature) else { return };
        let PlaceAt::Symbol { name, offset: 0 } = &point.place.at else { return };
        if is_named(name, &signature.name) {
            return;
        }
        let message = format!("`at` names `{name}`, and the signature is that of `{}`", signature.name);
        let error = Diagnostic::error(&self.spec.source, Code::CONFLICTING_KEYS, message)
            .at(text.span, "of another function")
            .at(point.span, "the rule's place")
            .help(Some("write the same name in both".to_owned()));
        self.problems.push(error);
    }

    /// Says which of the keys that name the event a rule has too many of, and which go with another one.
    pub(super) fn check_point_keys(&mut self, written: &Inject) {
        let events = [("on", &written.on), ("at", &written.at), ("watch", &written.watch)];
        let mut given = events.iter().filter_map(|(key, text)| Some((*key, text.as_ref()?.span)));
        if let (Some((first, first_span)), Some((other, span))) = (given.next(), given.next()) {
            let message = format!("`{first}` and `{other}` exclude each other");
            let error = Diagnostic::error(&self.spec.source, Code::CONFLICTING_KEYS, message)
                .at(span, "a second event")
                .at(first_span, "the rule has this event")
                .help(Some("write two rules".to_owned()));
            self.problems.push(error);
        }
        let span = |text: &Option<Text>| text.as_ref().map(|text| text.span);
        let of_at = [
            ("signature", span(&written.signature)),
            ("hardware", written.hardware.as_ref().map(|flag| flag.span)),
            ("return", written.returns.as_ref().map(|value| value.span)),
            ("step", written.step.as_ref().map(|step| step.span)),
        ];
        let of_watch = [("access", span(&written.access)), ("len", written.len.as_ref().map(|len| len.span))];
        if written.at.is_none() {
            self.check_belongs(&of_at, "at");
        }
        if written.watch.is_none() {
            self.check_belongs(&of_watch, "watch");
        }
    }

    fn check_belongs(&mut self, keys: &[(&str, Option<Span>)], owner: &str) {
        for (key, span) in keys {
            if let Some(span) = span {
                let help = Some(format!("name the place with `{owner} = \"module!symbol\"`"));
                let message = format!("`{key}` goes with `{owner}`");
                self.error(Code::MISFIT_ACTION, *span, message, &format!("the rule has no `{owner}`"), help);
            }
        }
    }

    /// A place by its text.
    pub(super) fn place(&mut self, text: &Text) -> Option<(Place, Arc<str>)> {
        let located = self.expand(text)?;
        match Place::parse(located.text()) {
            Ok(place) => Some((place, Arc::from(located.text()))),
            Err(problem) => {
                let help = Some("places are `[module!]symbol[+offset]`, `file.c:120` and `0xADDRESS`".to_owned());
                self.error(Code::BAD_SPOT, text.span, problem.to_string(), "not a place", help);
                None
            }
        }
    }

    fn signature(&mut self, text: &Text) -> Option<Signature> {
        let located = self.expand(text)?;
        match Signature::parse(located.text()) {
            Ok(signature) => Some(signature),
            Err(problem) => {
                let help = problem
                    .kind
                    .and_then(|kind| did_you_mean(&kind, KINDS.iter().map(|(name, _)| *name)))
                    .unwrap_or_else(|| "write `malloc(size: usize) -> ptr`".to_owned());
                let span = located.span(problem.range);
                self.error(Code::BAD_TEST, span, problem.message, "not a signature", Some(help));
                None
            }
        }
    }

    fn data(&mut self, written: &Inject) -> Option<PointKind> {
        let access = written.access.as_ref().map_or(Some(Access::Write), |access| {
            self.choice(access, "access", &[("write", Access::Write), ("rw", Access::ReadWrite)])
        });
        let len = match &written.len {
            None => Some(8),
            Some(len) if [1, 2, 4, 8].contains(&len.value) => Some(len.value as u8),
            Some(len) => {
                let help = Some("a debug register watches 1, 2, 4 or 8 bytes".to_owned());
                let message = format!("`len` cannot be {}", len.value);
                self.error(Code::BAD_NUMBER, len.span, message, "not one of its values", help);
                None
            }
        };
        Some(PointKind::Data { access: access?, len: len? })
    }

    /// The pattern that stands for the event of a point.
    pub(super) fn point_pattern(&self, point: &Point) -> Pattern {
        let noun = if matches!(point.kind, PointKind::Data { .. }) { "watch" } else { "hit" };
        parse(noun, self.context.arch).unwrap_or_else(|_| unreachable!("`{noun}` is a pattern"))
    }

    /// `where.args` of a place with a signature.
    pub(super) fn signature_preds(&mut self, text: &Text, signature: &Signature) -> Vec<Pred> {
        let Some(located) = self.expand(text) else { return Vec::new() };
        let preds = match parse_free_preds(located.text()) {
            Ok(preds) => preds,
            Err(problems) => {
                self.pattern_problems(problems, &located, text);
                return Vec::new();
            }
        };
        for pred in &preds {
            let Some(arg) = &pred.arg else { continue };
            if !signature.params.iter().any(|param| *param.name == **arg) {
                let names = signature.params.iter().map(|param| &*param.name);
                let help = did_you_mean(arg, names).or_else(|| Some(format!("the function is `{signature}`")));
                let message = format!("`{signature}` has no parameter `{arg}`");
                self.error(
                    Code::UNKNOWN_ARGUMENT,
                    located.span(pred.range.clone()),
                    message,
                    "no such parameter",
                    help,
                );
            }
        }
        preds
    }

    /// Says if there are more points in debug registers than a task has of them.
    pub(super) fn check_debug_registers(&mut self) {
        let is_hardware =
            |rule: &&Inject| rule.watch.is_some() || rule.hardware.as_ref().is_some_and(|hardware| hardware.value);
        let all: Vec<&Inject> = self.spec.inject.iter().filter(is_hardware).collect();
        let (Some(fifth), Some(first)) = (all.get(DEBUG_REGISTERS), all.first()) else { return };
        let span = |rule: &Inject| {
            let place = rule.watch.as_ref().or(rule.at.as_ref());
            place.map_or(rule.span, |place| place.span)
        };
        let error = Diagnostic::error(
            &self.spec.source,
            Code::TOO_MANY_POINTS,
            format!("{} rules ask for a debug register, and a task has {DEBUG_REGISTERS}", all.len()),
        )
        .at(span(fifth), "none is left for this one")
        .at(span(first), "the first of them")
        .help(Some("take `hardware = true` out of a rule with `at`: a planted breakpoint needs none".to_owned()));
        self.problems.push(error);
    }

    /// Says if a pattern speaks of a place that no rule has.
    pub(super) fn check_places(&mut self, placed: &super::patterns::Placed) {
        for alt in placed.pattern.alts.iter().flat_map(crate::pattern::Alt::chain) {
            let crate::pattern::Head::Noun(noun @ (Noun::Hit | Noun::Watch)) = alt.head else { continue };
            let rules = self.spec.inject.iter();
            let places =
                rules.filter_map(|rule| if noun == Noun::Hit { rule.at.as_ref() } else { rule.watch.as_ref() });
            let places: Vec<&str> = places.map(|text| text.value.as_str()).collect();
            let wanted = alt.preds.iter().find(|pred| pred.arg.is_none()).and_then(|pred| match &pred.test {
                crate::pattern::Test::Compare(_, Value::Text(name)) => Some((name.as_str(), pred.range.clone())),
                _ => None,
            });
            let (known, range) = match &wanted {
                Some((name, range)) => (places.iter().any(|place| is_at(place, name)), range.clone()),
                None => (!places.is_empty(), alt.head_range.clone()),
            };
            if known {
                continue;
            }
            let key = if noun == Noun::Hit { "at" } else { "watch" };
            let help = match &wanted {
                Some((name, _)) => did_you_mean(name, places.iter().copied())
                    .unwrap_or_else(|| format!("add `[[inject]]` with `{key} = \"{name}\"`")),
                None => format!("add `[[inject]]` with `{key} = \"module!symbol\"`"),
            };
            let message = format!("no rule has such a place: `{}` never happens", noun.name());
            let span = placed.located.span(range);
            self.error(Code::NOT_TRACED, span, message, &format!("no rule has it in `{key}`"), Some(help));
        }
    }
}

/// Whether a rule's place is the one that a pattern names, with or without its module.
fn is_at(place: &str, name: &str) -> bool {
    let symbol = |text: &str| text.rsplit('!').next().unwrap_or_default().to_owned();
    place == name || symbol(place) == symbol(name)
}

/// Whether a symbol is called so: as a whole, without its parameters, or without what it is a part of.
fn is_named(symbol: &str, name: &str) -> bool {
    let symbol = symbol.strip_suffix("@plt").unwrap_or(symbol);
    let base = base_name(symbol);
    symbol == name || base == name || base.strip_suffix(name).is_some_and(|path| path.ends_with("::"))
}

#[cfg(test)]
mod tests {
    use super::is_named;

    #[test]
    fn a_function_has_shorter_names() {
        let names = ["malloc", "write@plt", "wal::commit", "wal::commit(int)", "<kv::Log as kv::Sync>::commit"];
        assert_eq!(names.map(|name| is_named(name, "commit")), [false, false, true, true, true]);
        assert!(is_named("write@plt", "write") && is_named("wal::commit(int)", "wal::commit"));
        assert!(!is_named("precommit", "commit") && !is_named("wal::commit", "log::commit"));
    }
}
