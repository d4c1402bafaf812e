//! Actions that change a call: fewer bytes, other data, other arguments, another number.
//! It must not know how they are carried out.

use super::Lowering;
use super::patterns::Placed;
use crate::abi::{ArgKind, CallSet, Change, ChangeError, Sysno};
use crate::diagnostic::{Code, Span, did_you_mean, listed};
use crate::pattern::Head;
use crate::plan::{Action, Amount, ArgEdit, ArgValue, Corruption, Flip};
use crate::spec::{At, Corrupt, Inject, Scalar, Text};

impl Lowering<'_> {
    /// `short`.
    pub(super) fn short(&mut self, written: &At<Scalar>, on: Option<&Placed>) -> Option<Action> {
        let amount = match &written.value {
            Scalar::Int(number) => {
                let number = At { value: *number, span: written.span };
                let bytes = self.unsigned_or_none(&number, "short")?;
                Amount::Bytes(self.at_least_a_byte(bytes, written.span)?)
            }
            Scalar::Text(text) => {
                let text = Text { value: text.clone(), span: written.span };
                let located = self.expand(&text)?;
                match located.text().trim().strip_suffix('%') {
                    Some(percent) => {
                        let percent = percent.trim().parse::<u8>().ok().filter(|percent| (1..100).contains(percent));
                        let Some(percent) = percent else {
                            let help = Some("a share is between `1%` and `99%`".to_owned());
                            let message = format!("`{}` is not a share", located.text());
                            self.error(Code::BAD_NUMBER, written.span, message, "expected 1% to 99%", help);
                            return None;
                        };
                        Amount::Percent(percent)
                    }
                    None => {
                        let size = self.size(written, "short")?;
                        Amount::Bytes(self.at_least_a_byte(size, written.span)?)
                    }
                }
            }
        };
        self.each_call(on, written.span, "short", |call| {
            call.transfer().is_none().then(|| format!("`{call}` transfers no bytes that could be fewer"))
        });
        Some(Action::Short(amount))
    }

    fn unsigned_or_none(&mut self, number: &At<i128>, name: &str) -> Option<u64> {
        self.within(number, name, 0, u64::MAX.into()).map(|number| number as u64)
    }

    fn at_least_a_byte(&mut self, bytes: u64, span: Span) -> Option<u64> {
        if bytes == 0 {
            let help = Some("for the end of a file write `retval = 0`".to_owned());
            self.error(Code::BAD_NUMBER, span, "`short` cannot be 0", "no transfer at all", help);
            return None;
        }
        Some(bytes)
    }

    /// `corrupt`.
    pub(super) fn corrupt(&mut self, written: &Corrupt, rule: &Inject, on: Option<&Placed>) -> Option<Action> {
        if let (Some(random), Some(other)) = (&written.random, written.xor.as_ref().or(written.offset.as_ref())) {
            let help = Some("`random` draws both the place and the bits: take one of them out".to_owned());
            let message = "`random` and a byte of your own exclude each other";
            self.error(Code::CONFLICTING_KEYS, other.span.max(random.span), message, "given too", help);
            return None;
        }
        let arg = self.expand(written.arg.as_ref()?)?.text().to_owned();
        let span = written.arg.as_ref().map_or(written.span, |arg| arg.span);
        self.each_call(on, span, "corrupt", |call| {
            let Some(at) = call.arg(&arg) else { return Some(no_argument(call, &arg)) };
            let kind = call.info().args.and_then(|args| args.get(at))?.kind;
            let plain = matches!(
                kind,
                ArgKind::Int
                    | ArgKind::Long
                    | ArgKind::Uint
                    | ArgKind::Size
                    | ArgKind::Hex
                    | ArgKind::Fd
                    | ArgKind::DirFd
                    | ArgKind::Mode
                    | ArgKind::CreateMode { .. }
                    | ArgKind::Dev
                    | ArgKind::Flags(_)
                    | ArgKind::Signal
                    | ArgKind::Task
            );
            plain.then(|| format!("`{arg}` of `{call}` points to no data: use `args`"))
        });
        let at = match &written.random {
            Some(random) => {
                let bits = random.bits.as_ref().map_or(Some(1), |bits| self.within(bits, "bits", 1, 4096))?;
                let own = random.seed.as_ref().or(rule.seed.as_ref());
                let seed = own.map_or(Some(self.seed), |seed| self.unsigned_or_none(seed, "seed"))?;
                Flip::Random { bits: bits as u32, seed }
            }
            None => {
                let offset =
                    written.offset.as_ref().map_or(Some(0), |offset| self.unsigned_or_none(offset, "offset"))?;
                let mask = written.xor.as_ref().map_or(Some(1), |xor| self.within(xor, "xor", 1, 255))?;
                Flip::Byte { offset, mask: mask as u8 }
            }
        };
        Some(Action::Corrupt(Corruption { arg: arg.into(), at }))
    }

    /// `args`.
    pub(super) fn arg_edits(&mut self, written: &[(Text, At<Scalar>)], on: Option<&Placed>) -> Option<Action> {
        let mut edits = Vec::new();
        for (name, value) in written {
            let arg = name.value.as_str();
            self.each_call(on, name.span, "args", |call| match (call.arg(arg), call.info().args) {
                (None, _) => Some(no_argument(call, arg)),
                (Some(at), Some(args)) if at >= args.len() => Some(format!("`{call}` has {} arguments", args.len())),
                _ => None,
            });
            let kinds = on.map(|on| kinds(&on.pattern.calls(), arg)).unwrap_or_default();
            let value = match &value.value {
                Scalar::Int(number) => {
                    let number = At { value: *number, span: value.span };
                    let number = self.within(&number, arg, i64::MIN.into(), u64::MAX.into())?;
                    self.change(&number.to_string(), 64, value.span).map(ArgValue::Number)
                }
                Scalar::Text(text) => {
                    let text = Text { value: text.clone(), span: value.span };
                    self.arg_text(&text, arg, &kinds)
                }
            };
            edits.push(ArgEdit { arg: arg.into(), value: value? });
        }
        Some(Action::Args(edits))
    }

    /// A text for an argument: itself where the argument points to text or data, otherwise a number, flags, or a
    /// change of either.
    fn arg_text(&mut self, text: &Text, arg: &str, kinds: &[ArgKind]) -> Option<ArgValue> {
        let is_text = |kind: &ArgKind| matches!(kind, ArgKind::Path { .. } | ArgKind::Str | ArgKind::Bytes { .. });
        if kinds.iter().any(is_text) {
            let located = self.expand(text)?;
            let ends = kinds.iter().any(|kind| matches!(kind, ArgKind::Path { .. } | ArgKind::Str));
            let mut bytes = located.text().as_bytes().to_vec();
            if ends {
                self.argument(text)?;
                bytes.push(0);
            }
            return Some(ArgValue::Text(bytes.into()));
        }
        let located = self.expand(text)?;
        let (verb, word) = match located.text().strip_prefix(['+', '^', '&', '|']) {
            Some(word) => (&located.text()[..1], word),
            None => ("", located.text()),
        };
        let sets = kinds.iter().filter_map(|kind| if let ArgKind::Flags(set) = kind { Some(*set) } else { None });
        let sets: Vec<_> = sets.collect();
        if word.starts_with(|c: char| c.is_ascii_alphabetic()) && !sets.is_empty() {
            let mut bits = 0_u64;
            for name in word.split('|').map(str::trim) {
                let Some(value) = sets.iter().find_map(|set| set.value(name)) else {
                    let names = sets.iter().flat_map(|set| set.names).map(|(name, _)| *name);
                    let message = format!("`{arg}` has no value called `{name}`");
                    self.error(Code::UNKNOWN_FLAG, text.span, message, "unknown name", did_you_mean(name, names));
                    return None;
                };
                bits |= value;
            }
            return self.change(&format!("{verb}{bits}"), 64, text.span).map(ArgValue::Number);
        }
        self.change(located.text(), 64, text.span).map(ArgValue::Number)
    }

    /// `replace`.
    pub(super) fn substitute(&mut self, text: &Text) -> Option<Action> {
        let located = self.expand(text)?;
        let name = located.text();
        let arch = self.context.arch;
        match Sysno::parse(name).filter(|call| call.number(arch).is_some()) {
            Some(call) => Some(Action::Substitute(call)),
            None => {
                let names = Sysno::all().filter(|call| call.number(arch).is_some()).map(Sysno::name);
                let message = format!("unknown system call `{name}`");
                let label = format!("no such system call on {arch}");
                self.error(Code::UNKNOWN_EVENT, text.span, message, &label, did_you_mean(name, names));
                None
            }
        }
    }

    /// A value or a change of `bits` bits, in the forms `7`, `+1`, `^m`, `&m`, `|m`.
    pub(super) fn change(&mut self, text: &str, bits: u16, span: Span) -> Option<Change> {
        let help = Some("write `7`, `-1` or `0x1f`, or a change: `+1`, `^0x1`, `&0xff`, `|0x80`".to_owned());
        let (message, label) = match Change::parse(text.trim(), bits) {
            Ok(change) => return Some(change),
            Err(ChangeError::Empty) => ("the number is missing".to_owned(), "expected a number".to_owned()),
            Err(ChangeError::NotANumber) => {
                (format!("`{text}` is not a number"), "expected a number or a change".to_owned())
            }
            Err(ChangeError::TooWide { bits }) => {
                (format!("`{text}` is too large a number"), format!("does not fit into {bits} bits"))
            }
        };
        self.error(Code::BAD_NUMBER, span, message, &label, help);
        None
    }

    /// Says what is wrong with an action on the calls that a rule names one by one; of a class it is enough that one
    /// call fits.
    fn each_call(&mut self, on: Option<&Placed>, span: Span, key: &str, wrong: impl Fn(Sysno) -> Option<String>) {
        let Some(on) = on else { return };
        for alt in &on.pattern.alts {
            let message = match &alt.head {
                Head::Call(call) => wrong(*call),
                Head::Class { name, calls } => {
                    let fits = calls.iter().any(|call| wrong(call).is_none());
                    (!fits).then(|| format!("`{key}` fits no call of `%{name}`"))
                }
                Head::Operation(_) | Head::Noun(_) => None,
            };
            if let Some(message) = message {
                let event = on.located.span(alt.head_range.clone());
                let error = crate::diagnostic::Diagnostic::error(&self.spec.source, Code::MISFIT_ACTION, message)
                    .at(span, "does not fit the call")
                    .at(event, "of this event");
                self.problems.push(error);
            }
        }
    }
}

fn no_argument(call: Sysno, arg: &str) -> String {
    let args = call.info().args.unwrap_or_default();
    match args {
        [] => format!("`{call}` has no argument `{arg}`"),
        args => format!("`{call}` has no argument `{arg}`: it has {}", listed(args.iter().map(|arg| arg.name))),
    }
}

/// What the calls have under an argument's name.
fn kinds(calls: &CallSet, arg: &str) -> Vec<ArgKind> {
    let kind = |call: Sysno| Some(call.info().args?.get(call.arg(arg)?)?.kind);
    calls.iter().filter_map(kind).collect()
}
