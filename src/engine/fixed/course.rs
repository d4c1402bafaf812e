//! The course of a timer, whoever it tells: when it goes off, and again, until somebody takes notice.
//! It must not know what happens then.

use std::time::Duration;

use super::clock::{Clock, FOREVER};
use super::setting::Point;
use super::times::Setting;

/// When a timer goes off.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Course {
    /// On the counter of the run, and after that again and again; `None` where it is not set.
    next: Option<Duration>,
    /// It was set to this time of its clock, and has not gone off since.
    point: Option<Point>,
    interval: Duration,
    /// It has gone off and nobody has taken notice since: it does not go off again before.
    waits: bool,
}

impl Course {
    /// Of a timer that is set so on a clock, to a length of time or to a point of it; `None` where that is not the run's.
    pub(super) fn new(set: Setting, of: i32, is_point: bool, clock: &Clock, now: Duration) -> Option<Course> {
        let Setting { interval, value } = set;
        let point = (is_point && !value.is_zero()).then_some(Point { clock: of, shown: value });
        let next = match point {
            Some(point) => Some(clock.when(point.clock, point.shown, now)?),
            None => (!value.is_zero()).then(|| now.saturating_add(value)),
        };
        Some(Course { next, point, interval, waits: false })
    }

    /// When it goes off next, if it does.
    pub(super) fn due(&self) -> Option<Duration> {
        self.next.filter(|next| !self.waits && *next < FOREVER)
    }

    /// It goes off. Where it tells somebody of that, it waits until they take notice.
    pub(super) fn goes_off(&mut self, tells: bool) {
        let again = |next: Duration| (!self.interval.is_zero()).then(|| next.saturating_add(self.interval));
        self.next = self.next.and_then(again);
        self.point = None;
        self.waits = tells && self.next.is_some();
    }

    /// Whether nobody has taken notice since it went off.
    pub(super) fn waits(&self) -> bool {
        self.waits
    }

    /// Somebody takes notice: it goes on. How often it would have gone off meanwhile.
    pub(super) fn noticed(&mut self, now: Duration) -> u64 {
        let Some(next) = self.next.filter(|_| std::mem::take(&mut self.waits)) else { return 0 };
        let late = now.checked_sub(next).map_or(0, |late| late.as_nanos() / self.interval.as_nanos().max(1) + 1);
        let skipped = nanoseconds(self.interval.as_nanos().saturating_mul(late));
        self.next = Some(next.saturating_add(skipped));
        u64::try_from(late).unwrap_or(u64::MAX)
    }

    /// The time of day was set.
    pub(super) fn clock_was_set(&mut self, clock: &Clock, now: Duration) {
        self.next = self.point.and_then(|point| point.moved(clock, now)).or(self.next);
    }

    /// What is left of it, which is never nothing while it is set.
    pub(super) fn left(&self, now: Duration) -> Setting {
        let rest = self.next.map(|next| next.saturating_sub(now).max(Duration::from_nanos(1)));
        Setting { interval: self.interval, value: rest.unwrap_or_default() }
    }
}

fn nanoseconds(number: u128) -> Duration {
    let seconds = u64::try_from(number / 1_000_000_000).unwrap_or(u64::MAX);
    Duration::new(seconds, (number % 1_000_000_000) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A timer that goes off after one second, and then after each two.
    fn course() -> Course {
        let seconds = Duration::from_secs;
        let set = Setting { interval: seconds(2), value: seconds(1) };
        Course::new(set, 1, false, &Clock::new(seconds(0)), seconds(0)).unwrap()
    }

    #[test]
    fn one_that_nobody_notices_does_not_go_off_again() {
        let seconds = Duration::from_secs;
        let mut course = course();
        assert_eq!(course.due(), Some(seconds(1)));
        course.goes_off(true);
        assert_eq!((course.due(), course.waits()), (None, true));
        assert_eq!(course.noticed(seconds(6)), 2, "at 3 and 5 seconds");
        assert_eq!((course.due(), course.noticed(seconds(8))), (Some(seconds(7)), 0), "it is about to");
    }

    #[test]
    fn one_that_tells_nobody_goes_on() {
        let mut course = course();
        course.goes_off(false);
        assert_eq!(course.due(), Some(Duration::from_secs(3)));
    }

    #[test]
    fn an_interval_without_end_is_none() {
        let mut course = Course { interval: Duration::MAX, ..course() };
        course.goes_off(true);
        course.noticed(Duration::MAX);
        assert_eq!(course.due(), None);
    }

    #[test]
    fn something_is_left_while_it_is_set() {
        let late = Duration::from_secs(9);
        assert_eq!(course().left(late).value, Duration::from_nanos(1));
        assert_eq!(Course::default().left(late), Setting::default());
    }
}
