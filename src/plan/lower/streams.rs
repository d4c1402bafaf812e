//! Tests that take a descriptor for the name of a standard stream, where nothing would ever tell: what is not to happen, or need
//! not. It must not judge a run.

use super::Lowering;
use super::patterns::Placed;
use crate::diagnostic::{Code, Span};
use crate::pattern::{NamedStream, Pattern};
use crate::plan::{DescriptorTest, Expect, Item, Rule};

impl Lowering<'_> {
    /// Refuses such tests: they hold, or do nothing, whatever the program does. Where an event has to happen the run says what
    /// the test has waited for in vain.
    pub(super) fn streams(&mut self, rules: &[Rule], expect: &Expect) {
        let never = expect.never.iter().map(|never| (&never.pattern, never.span));
        let counts =
            expect.count.iter().filter(|count| count.is.contains(0)).map(|count| (&count.pattern, count.span));
        let items = expect.sequences.iter().flat_map(|sequence| &sequence.items).filter_map(|item| match item {
            Item::Not(event) | Item::Optional(event) => Some((&event.pattern, event.span)),
            Item::Count(event, count) => count.contains(0).then_some((&event.pattern, event.span)),
            Item::Event(_) | Item::Next(_) | Item::Last(_) | Item::AnyOrder(_) => None,
        });
        let all = never.chain(counts).chain(items);
        let named = all.filter_map(|(pattern, span)| Some((pattern.named_stream()?, span)));
        let named: Vec<(NamedStream, Span)> = named.chain(self.named_in_rules(rules)).collect();
        for (named, span) in named {
            self.refuse_stream(named, span);
        }
    }

    /// Refuses a pattern of events that are not to be written which takes a descriptor for such a name.
    pub(super) fn streams_in_drop(&mut self, drop: &Placed) {
        if let Some(named) = drop.pattern.named_stream() {
            self.refuse_stream(named, drop.span());
        }
    }

    fn refuse_stream(&mut self, NamedStream { test, meant, stream }: NamedStream, span: Span) {
        let help = format!("write `{meant}`; for a file of this name, `**/{stream}`");
        let message = format!("`{test}` looks for a file of the name `{stream}`, not for the descriptor");
        let what = "would never happen, and nobody would know";
        self.error(Code::NAMED_STREAM, span, message, what, Some(help));
    }

    /// The tests of rules that need not fire, and of what is to disarm one.
    fn named_in_rules(&self, rules: &[Rule]) -> Vec<(NamedStream, Span)> {
        let mut named = Vec::new();
        // A rule that is wrong in another way is not among them.
        let written = |at: usize| self.spec.inject.get(at).filter(|_| rules.len() == self.spec.inject.len());
        for (at, rule) in rules.iter().enumerate() {
            let at_text = |text: Option<Span>| text.unwrap_or(rule.on_span);
            let mut note = |found: Option<NamedStream>, span: Option<Span>| {
                named.extend(found.map(|found| (found, at_text(span))));
            };
            let written = written(at);
            let until = rule.until.as_ref().and_then(Pattern::named_stream);
            note(until, written.and_then(|written| written.until.as_ref()).map(|until| until.span));
            if !rule.fires.contains(0) {
                continue;
            }
            note(rule.trigger.pattern.named_stream(), None);
            let after = rule.after.as_ref().and_then(Pattern::named_stream);
            note(after, written.and_then(|written| written.after.as_ref()).map(|after| after.span));
            let filter = match &rule.filter.fd {
                Some(DescriptorTest::Target(glob)) => NamedStream::of_filter(glob),
                Some(DescriptorTest::Number(_)) | None => None,
            };
            note(filter, written.and_then(|written| written.filter.fd.as_ref()).map(|fd| fd.span));
        }
        named
    }
}
