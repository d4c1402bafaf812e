//! Typing on the target's terminal: as somebody would who waits until nothing moves any more.
//! It must not know what is typed.

use std::time::{Duration, Instant};

use super::run::Tracer;
use super::task::{Running, Seen};
use crate::sys::procfs::{self, RunState};
use crate::sys::{self, Keyboard, WaitOutcome};

/// How long everybody has to sleep before the next is typed: longer than the short sleeps that programs make between
/// two looks, so that these are not taken for waiting.
const QUIET: Duration = Duration::from_millis(10);

/// The same where it cannot be seen that the kernel has handed on what was typed before.
const QUIET_UNSEEN: Duration = Duration::from_secs(1);

/// The first pause between two looks, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_micros(20), Duration::from_millis(1));

/// Somebody at the keyboard who looks again and again whether all are asleep.
struct Typist {
    pause: Duration,
    asleep_since: Option<Instant>,
}

impl Typist {
    fn new() -> Typist {
        Typist { pause: PAUSES.0, asleep_since: None }
    }
}

impl Tracer<'_> {
    /// Waits until a task stirs, and types meanwhile whenever all are asleep.
    pub(super) fn wait_and_type(&mut self) {
        let mut typist = Typist::new();
        while self.keyboard.is_some() && !self.watchdog.has_barked() {
            match sys::wait(None, false) {
                WaitOutcome::Changed(task, status) => return self.changed_first(task, status),
                WaitOutcome::NoChild => return self.all_vanished(),
                WaitOutcome::Nothing => self.type_if_quiet(&mut typist),
            }
        }
    }

    /// Waits for one task, the only one that can run, and types whenever it is asleep with all the others.
    pub(super) fn wait_for(&mut self, mut running: Running) -> Seen {
        let mut typist = Typist::new();
        while self.keyboard.is_some() && !self.watchdog.has_barked() {
            running = match running.poll() {
                Seen::Running(running) => running,
                seen => return seen,
            };
            self.type_if_quiet(&mut typist);
        }
        running.wait()
    }

    fn type_if_quiet(&mut self, typist: &mut Typist) {
        if self.is_anybody_awake() {
            typist.asleep_since = None;
        } else if typist.asleep_since.get_or_insert_with(Instant::now).elapsed() >= self.quiet() {
            *typist = Typist::new();
            if let Some(keyboard) = &mut self.keyboard {
                keyboard.type_next();
            }
            // Closed, so that the terminal ends with those who use it.
            self.keyboard.take_if(|keyboard| keyboard.is_done());
        }
        std::thread::sleep(typist.pause);
        typist.pause = (typist.pause * 2).min(PAUSES.1);
    }

    fn quiet(&self) -> Duration {
        if self.keyboard.as_ref().is_none_or(Keyboard::is_handed_on) { QUIET } else { QUIET_UNSEEN }
    }

    fn is_anybody_awake(&self) -> bool {
        let is_awake = |state| matches!(state, RunState::Running | RunState::Uninterruptible);
        self.seats.iter().any(|(task, seat)| !seat.is_stopped() && is_awake(procfs::run_state(*task)))
    }
}
