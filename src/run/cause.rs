//! What may have made two runs differ, as far as two lines of their transcripts show it.
//! It must not know who compares them.

/// A source that nobody fixes, and what fixes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Random numbers of the kernel.
    Random,
    /// The clock, or what was taken from it for a file.
    Clock,
    /// Numbers of processes.
    Process,
    /// The order of names in a directory.
    Directory,
}

impl Cause {
    /// What it is, and what can be done.
    pub fn words(self) -> &'static str {
        match self {
            Cause::Random => "random numbers of the kernel; `[determinism] random = \"seeded\"` fixes them",
            Cause::Clock => {
                "the clock or the time of a file; `[determinism] time = \"virtual\"` and `file-times = \"virtual\"` fix them"
            }
            Cause::Process => {
                "the number of a process, which the kernel gives; `[determinism] pids = \"fresh\"` fixes it, where a PID namespace is allowed"
            }
            Cause::Directory => "the order of names in a directory; `[determinism] dir-order = \"sorted\"` fixes it",
        }
    }
}

/// Whether a line shows that a directory was read.
pub fn reads_directory(line: &str) -> bool {
    line.contains(" getdents64(") || line.contains(" getdents(")
}

/// Which source that nobody fixes has perhaps fed the first place at which two lines of one kind differ; `has_listed` is
/// whether a line before them shows that a directory was read.
pub fn cause(ours: &str, theirs: &str, has_listed: impl FnOnce() -> bool) -> Option<Cause> {
    const CLOCK: [&str; 5] = ["clock_gettime", "gettimeofday", "time", "times", "adjtimex"];
    // Who does what, up to the first parenthesis: where that differs the order does, or the program.
    let head = |line: &str| line.split('(').next().unwrap_or_default().to_owned();
    if head(ours) != head(theirs) {
        return None;
    }
    let call = head(ours).split(' ').next_back().unwrap_or_default().to_owned();
    if call == "getrandom" || ours.contains("/dev/urandom") || ours.contains("/dev/random") {
        return Some(Cause::Random);
    }
    if CLOCK.contains(&call.as_str()) {
        return Some(Cause::Clock);
    }
    let same = ours.bytes().zip(theirs.bytes()).take_while(|(our, their)| our == their).count();
    // In a text that the program has made; other numbers are what the program asks for or gets.
    if ours.as_bytes()[..same].iter().filter(|byte| **byte == b'"').count() % 2 == 0 {
        return None;
    }
    // The digits around that place.
    let number = |text: &str| -> Option<u64> {
        let bytes = text.as_bytes();
        let start = bytes[..same].iter().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |at| at + 1);
        let digits = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        text.get(start..start + digits)?.parse().ok()
    };
    match (number(ours), number(theirs)) {
        (Some(100..=0x40_0000), Some(100..=0x40_0000)) => Some(Cause::Process),
        (Some(1_000_000_000..), Some(1_000_000_000..)) => Some(Cause::Clock),
        _ => has_listed().then_some(Cause::Directory),
    }
}

/// What of a text that is about to become a snapshot is perhaps another thing in the next run, for each source the first
/// line in which it stands: numbers of processes of this run, and the time, in seconds since 1970.
pub(super) fn unfixed(text: &str, processes: &[u32], now: u64) -> Vec<String> {
    /// Numbers below it stand for many things.
    const SMALLEST: u64 = 100;
    const NEAR: u64 = 60;
    let source = |number: u64| {
        let is_process = number >= SMALLEST && u32::try_from(number).is_ok_and(|number| processes.contains(&number));
        if is_process {
            return Some(Cause::Process);
        }
        (number.abs_diff(now) <= NEAR).then_some(Cause::Clock)
    };
    let mut found: Vec<(Cause, String)> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        for digits in line.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty()) {
            let source = digits.parse().ok().and_then(source);
            if let Some(source) = source.filter(|source| found.iter().all(|(known, _)| known != source)) {
                let note = format!("line {} of the snapshot has {digits} in it, perhaps {}", at + 1, source.words());
                found.push((source, note));
            }
        }
    }
    found.into_iter().map(|(_, note)| note).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_another_thing_in_the_next_run_is_told_once() {
        let told = |text| unfixed(text, &[31, 4711, 4712], 1_763_700_000);
        let [process, clock] = &told("P1 a\nmkdir(\"x.4711\") 4712\nat 1763700003.5, 1763700001\n")[..] else {
            panic!("two sources")
        };
        assert!(process.starts_with("line 2 of the snapshot has 4711 in it, perhaps the number of a process"));
        assert!(clock.starts_with("line 3 of the snapshot has 1763700003 in it, perhaps the clock"));
        assert_eq!(told("P31 47110 31 1763600000 99999999999999999999999\n"), [""; 0]);
    }

    /// The cause where no directory was read before.
    fn cause_of(ours: &str, theirs: &str) -> Option<Cause> {
        cause(ours, theirs, || false)
    }

    #[test]
    fn a_source_is_known_by_what_it_looks_like() {
        let process = Some(Cause::Process);
        assert_eq!(cause_of("P1 mkdir(\"x.3138\", 0777) = 0", "P1 mkdir(\"x.3141\", 0777) = 0"), process);
        assert_eq!(cause_of("P1 read(3, \"1763700001\")", "P1 read(3, \"1763700002\")"), Some(Cause::Clock));
        assert_eq!(cause_of("P1 clock_gettime(0, 1)", "P1 clock_gettime(0, 2)"), Some(Cause::Clock));
        assert_eq!(cause_of("P1 getrandom(\"a\", 1) = 1", "P1 getrandom(\"b\", 1) = 1"), Some(Cause::Random));
        assert_eq!(
            cause_of("P1 read(3</dev/urandom>, \"a\")", "P1 read(3</dev/urandom>, \"b\")"),
            Some(Cause::Random)
        );
    }

    #[test]
    fn what_a_program_does_otherwise_has_no_such_source() {
        assert_eq!(cause_of("P1 write(1, \"a\")", "P1 write(1, \"b\")"), None);
        assert_eq!(cause_of("P1 write(1, \"a\", 512) = 512", "P1 write(1, \"a\", 513) = 513"), None);
        assert_eq!(cause_of("P1 clock_gettime(0, 1)", "P1 futex(0)"), None);
        assert_eq!(cause_of("P1 clock_gettime(0, 1)", "P2 clock_gettime(0, 1)"), None);
        assert_eq!(cause_of("", ""), None);
    }

    #[test]
    fn names_that_differ_may_come_from_a_directory_that_was_read() {
        let lines = ("P1 openat(AT_FDCWD, \"d/a\") = 3", "P1 openat(AT_FDCWD, \"d/b\") = 3");
        assert_eq!(cause(lines.0, lines.1, || true), Some(Cause::Directory));
        assert_eq!(cause_of(lines.0, lines.1), None);
        assert_eq!(cause("P1 write(1, \"a\", 1) = 1", "P1 write(1, \"a\", 2) = 2", || true), None);
        assert!(reads_directory("P1     getdents64(fd#1<${tmp}/d>, _, 32768) = 288"));
        assert!(!reads_directory("P1     openat(AT_FDCWD, \"getdents64\") = 3"));
    }
}
