//! `[[expect.sequence]]`: items, views, and the variables that items share.
//! It must not know how a sequence is matched.

use super::Lowering;
use super::patterns::Variables;
use crate::diagnostic::Code;
use crate::plan::{EventExpect, Item, ProcessTest, Sequence, View};
use crate::spec::{self, ItemKind, Text};

impl Lowering<'_> {
    pub(super) fn sequences(&mut self) -> Vec<Sequence> {
        self.spec.expect.sequence.iter().map(|written| self.sequence(written)).collect()
    }

    fn sequence(&mut self, written: &spec::Sequence) -> Sequence {
        let process = written.process.as_ref().and_then(|process| self.process(process));
        let thread = written.thread.as_ref().and_then(|thread| self.within(thread, "thread", 1, u32::MAX.into()));
        let mut variables = self.captured_variables();
        let mut items = Vec::new();
        for (at, item) in written.events.iter().enumerate() {
            if let (ItemKind::Last, Some(next)) = (&item.kind, written.events.get(at + 1)) {
                let help = Some("make `last` the last item".to_owned());
                self.error(Code::NEVER_FIRES, next.span, "nothing follows the last event", "after `last`", help);
            }
            items.extend(self.item(item, &mut variables));
        }
        self.unused(variables);
        let view = View { process, thread: thread.map(|thread| thread as u32) };
        Sequence { name: written.name.as_ref().map(|name| name.value.clone()), span: written.span, view, items }
    }

    fn item(&mut self, written: &spec::Item, variables: &mut Variables) -> Option<Item> {
        let injected = match &written.injected {
            Some(rule) => {
                let located = self.expand(rule)?;
                self.check_rule(located.text(), located.whole());
                Some(located.text().to_owned())
            }
            None => None,
        };
        let mut events = Vec::new();
        let mut bound = Vec::new();
        for text in &written.events {
            let Some((event, binds)) = self.event(text, injected.clone(), variables) else { continue };
            events.push(event);
            bound.extend(binds);
        }
        // What is absent binds nothing; of what is present the items after it know.
        if matches!(written.kind, ItemKind::Not) {
            let mut alone = self.captured_variables();
            alone.keep(bound);
            self.unused(alone);
        } else {
            variables.keep(bound);
        }
        if let ItemKind::AnyOrder = written.kind {
            return Some(Item::AnyOrder(events));
        }
        let count = match &written.kind {
            ItemKind::Count(count) => Some(self.ranges(count, false)?),
            _ => None,
        };
        let event = events.pop()?;
        Some(match &written.kind {
            ItemKind::Next => Item::Next(event),
            ItemKind::Not => Item::Not(event),
            ItemKind::Optional => Item::Optional(event),
            ItemKind::Last => Item::Last(event),
            ItemKind::Event | ItemKind::AnyOrder | ItemKind::Count(_) => match count {
                Some(count) => Item::Count(event, count),
                None => Item::Event(event),
            },
        })
    }

    fn event(
        &mut self,
        text: &Text,
        injected: Option<String>,
        variables: &mut Variables,
    ) -> Option<(EventExpect, Vec<super::patterns::Bind>)> {
        let placed = self.pattern(text)?;
        let bound = self.see(&placed, variables);
        self.name_calls(&placed);
        Some((EventExpect { span: placed.span(), pattern: placed.pattern, injected }, bound))
    }

    /// A process by its position in the run or by its image.
    pub(super) fn process(&mut self, text: &Text) -> Option<ProcessTest> {
        let word = self.string(text)?;
        let digits = word
            .strip_prefix('P')
            .filter(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()));
        let Some(digits) = digits else {
            if word.contains('/') {
                let help = Some("write the base name, `kv*`, or the position, `P1`".to_owned());
                self.error(
                    Code::BAD_GLOB,
                    text.span,
                    "a process is named by the base name of its image",
                    "has a slash",
                    help,
                );
                return None;
            }
            return self.glob(text).map(ProcessTest::Image);
        };
        match digits.parse::<u32>() {
            Ok(position) if position > 0 => Some(ProcessTest::Position(position)),
            _ => {
                let help = Some("the first process is `P1`".to_owned());
                self.error(
                    Code::BAD_NUMBER,
                    text.span,
                    format!("there is no process `{word}`"),
                    "processes count from P1",
                    help,
                );
                None
            }
        }
    }
}
