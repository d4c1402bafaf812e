//! A line of a transcript taken apart again, for those who show it. It must not know what the line means to a spec.

/// A line of a transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'t> {
    /// Something that happened.
    Event(EventLine<'t>),
    /// Where the event above happened, or who had called that.
    Frame(&'t str),
}

/// What happened, to whom, and the rules that fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventLine<'t> {
    /// The task: `P1`, `P1.T2`.
    pub task: &'t str,
    /// What happened.
    pub text: &'t str,
    /// What kind of thing that is.
    pub shape: Shape<'t>,
    /// The rules that fired with what they captured, as it is written: `a #1, b #2; size=4096`.
    pub fired: Option<&'t str>,
}

/// What kind of thing a line tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape<'t> {
    /// A call.
    Call {
        /// Its name.
        name: &'t str,
        /// Whether it failed.
        failed: bool,
        /// Which part of it the line is.
        part: LinePart,
    },
    /// A signal.
    Signal,
    /// A place or data that a rule names, or a step.
    Point,
    /// A new program or task, a stop, a note.
    Life,
    /// The end of the task.
    End,
}

/// Which part of a call a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinePart {
    /// All of it.
    Whole,
    /// Its start.
    Started,
    /// Its end.
    Resumed,
}

impl<'t> Line<'t> {
    /// Takes a line apart.
    pub fn read(line: &'t str) -> Line<'t> {
        let (task, rest) = line.split_once(' ').unwrap_or((line, ""));
        if task.is_empty() {
            let frame = line.trim_start();
            return Line::Frame(frame.strip_prefix("at ").unwrap_or(frame));
        }
        let (text, fired) = split_fired(rest.trim_start());
        Line::Event(EventLine { task, text, shape: shape(text), fired })
    }
}

impl<'t> EventLine<'t> {
    /// The names of the rules that fired.
    pub fn rules(&self) -> impl Iterator<Item = &'t str> {
        let fired = self.fired.unwrap_or_default();
        let names = fired.split("; ").next().unwrap_or_default().split(", ");
        names.filter_map(|word| word.rsplit_once(" #").map(|(name, _)| name))
    }

    /// In a word or two what happened.
    pub fn name(&self) -> &'t str {
        match self.shape {
            Shape::Call { name, .. } => name,
            Shape::Signal => self.text.split(" {").next().unwrap_or(self.text).trim_start_matches("--- "),
            Shape::End => self.text.trim_start_matches("+++ "),
            Shape::Point | Shape::Life => self.text,
        }
    }
}

fn shape(text: &str) -> Shape<'_> {
    let begins = |words: &[&str]| words.iter().any(|word| text.starts_with(word));
    if begins(&["--- "]) {
        return Shape::Signal;
    }
    if begins(&["+++ "]) {
        return Shape::End;
    }
    if begins(&["hit ", "watch ", "step "]) {
        return Shape::Point;
    }
    let call = text.split_once('(').filter(|(name, _)| !name.is_empty() && name.bytes().all(is_of_name));
    let Some((name, _)) = call.filter(|(name, _)| *name != "exec") else { return Shape::Life };
    let part = if text.ends_with(") ...") {
        LinePart::Started
    } else if find_last(text, ") resumed = ").is_some() {
        LinePart::Resumed
    } else {
        LinePart::Whole
    };
    let failed = find_last(text, " = -1 E").is_some();
    Shape::Call { name, failed, part }
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The text, and what stands in `(INJECTED ...)` behind it.
fn split_fired(text: &str) -> (&str, Option<&str>) {
    let found = find_last(text, "  (INJECTED ").filter(|_| text.ends_with(')'));
    match found {
        Some(at) => {
            (text[..at].trim_end(), text[at..].trim_start().strip_prefix("(INJECTED ").map(|it| &it[..it.len() - 1]))
        }
        None => (text, None),
    }
}

/// Where `word` stands last outside of quoted strings.
fn find_last(text: &str, word: &str) -> Option<usize> {
    let (mut quoted, mut escaped, mut found) = (false, false, None);
    for (at, byte) in text.bytes().enumerate() {
        if !quoted && text.as_bytes()[at..].starts_with(word.as_bytes()) {
            found = Some(at);
        }
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, task: &str, text: &str, shape: Shape<'_>, fired: Option<&str>) {
        assert_eq!(Line::read(line), Line::Event(EventLine { task, text, shape, fired }));
    }

    fn call(name: &str, failed: bool, part: LinePart) -> Shape<'_> {
        Shape::Call { name, failed, part }
    }

    #[test]
    fn lines_are_taken_apart() {
        use LinePart::{Resumed, Started, Whole};
        check("P1     exec(\"kv\", argc=8)", "P1", "exec(\"kv\", argc=8)", Shape::Life, None);
        check("P12.T3 read(fd#1, _, 64) ...", "P12.T3", "read(fd#1, _, 64) ...", call("read", false, Started), None);
        let text = "read(fd#1, \"ok\\n\", 64) resumed = 3";
        check(&format!("P1     {text}"), "P1", text, call("read", false, Resumed), None);
        let text = "fsync(fd#1) = -1 EIO";
        let line = format!("P1     {text:<65}  (INJECTED a b #1, c #2; path=\"x, y; z #1\")");
        check(&line, "P1", text, call("fsync", true, Whole), Some("a b #1, c #2; path=\"x, y; z #1\""));
        let Line::Event(event) = Line::read(&line) else { panic!("an event") };
        assert_eq!(event.rules().collect::<Vec<_>>(), ["a b", "c"]);
        check("P1     +++ exited 1", "P1", "+++ exited 1", Shape::End, None);
        check("P1     clone P2 (vfork)", "P1", "clone P2 (vfork)", Shape::Life, None);
        check("P1     hit kv!f(a=1) = 0", "P1", "hit kv!f(a=1) = 0", Shape::Point, None);
        assert_eq!(Line::read("         at kv!commit+0x1c"), Line::Frame("kv!commit+0x1c"));
    }

    #[test]
    fn what_programs_write_is_no_mark() {
        let text = "write(fd#1, \"\\\"  (INJECTED x #1) = -1 EIO) resumed = 1\", 9) = 9";
        check(&format!("P1     {text}"), "P1", text, call("write", false, LinePart::Whole), None);
    }
}
