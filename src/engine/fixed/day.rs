//! The time of day of a run that has its own time, and how it is changed meanwhile.
//! It must not know who looks at it.

use std::time::Duration;

use crate::plan::ClockFault;

/// The time of day.
#[derive(Debug)]
pub(super) struct Day {
    /// What it was when the run began, since 1970.
    start: Duration,
    /// How it is changed, in the order of the times.
    changes: Vec<Change>,
    /// When somebody was told of it last.
    told: Option<Duration>,
}

/// A change of it.
#[derive(Debug)]
struct Change {
    /// When, on the counter of the run.
    at: Duration,
    /// How long that is after the rule began to hold.
    after: Duration,
    /// By so many nanoseconds.
    by: i128,
    /// The rule that makes it, by its position; without one the program has set the clock.
    rule: Option<usize>,
    /// A rule has fired for it.
    was_seen: bool,
}

impl Day {
    pub(super) fn new(start: Duration) -> Day {
        Day { start, changes: Vec::new(), told: None }
    }

    /// What it is when the counter says `now`; before 1970 it is 1970.
    pub(super) fn shows(&self, now: Duration) -> Duration {
        let changes = self.changes.iter().take_while(|change| change.at <= now);
        self.changed(changes.map(|change| change.by).sum(), now)
    }

    /// Somebody is told what it is.
    pub(super) fn tell(&mut self, now: Duration) -> Duration {
        self.told = Some(now);
        self.shows(now)
    }

    /// When it is this late, from `now` on.
    pub(super) fn when(&self, shown: Duration, now: Duration) -> Duration {
        let mut by = 0;
        let mut from = Duration::ZERO;
        for change in &self.changes {
            let late = self.later(shown, by, from.max(now));
            if late < change.at {
                return late;
            }
            by += change.by;
            from = change.at;
        }
        self.later(shown, by, from.max(now))
    }

    /// When it is this late, from `from` on, while it is changed by so much in all.
    fn later(&self, shown: Duration, by: i128, from: Duration) -> Duration {
        let counted = nanoseconds(shown) - nanoseconds(self.start) - by;
        duration(counted).max(from)
    }

    fn changed(&self, by: i128, now: Duration) -> Duration {
        duration(nanoseconds(self.start) + nanoseconds(now) + by)
    }

    /// The program sets it.
    pub(super) fn set(&mut self, to: Duration, now: Duration) {
        let by = nanoseconds(to) - nanoseconds(self.shows(now));
        self.insert(Change { at: now, after: Duration::ZERO, by, rule: None, was_seen: true });
    }

    /// A rule begins to change it.
    pub(super) fn begin(&mut self, rule: usize, fault: &ClockFault, now: Duration) {
        for (after, shift) in &fault.changes {
            let at = now.saturating_add(*after);
            let by = shift.nanoseconds();
            self.insert(Change { at, after: *after, by, rule: Some(rule), was_seen: false });
        }
    }

    /// Whether this rule changes it already.
    pub(super) fn is_changed_by(&self, rule: usize) -> bool {
        self.changes.iter().any(|change| change.rule == Some(rule))
    }

    /// How many changes of this rule somebody has just been told of for the first time.
    pub(super) fn newly_seen(&mut self, rule: usize) -> usize {
        let Some(told) = self.told else { return 0 };
        let mut new = 0;
        for change in &mut self.changes {
            if change.rule == Some(rule) && change.at <= told && !change.was_seen {
                change.was_seen = true;
                new += 1;
            }
        }
        new
    }

    /// The first change of this rule that nobody was told of: how long after the rule began it was to come.
    pub(super) fn unseen(&self, rule: usize) -> Option<Duration> {
        self.changes.iter().find(|change| change.rule == Some(rule) && !change.was_seen).map(|change| change.after)
    }

    fn insert(&mut self, change: Change) {
        let at = self.changes.partition_point(|other| other.at <= change.at);
        self.changes.insert(at, change);
    }
}

fn nanoseconds(length: Duration) -> i128 {
    i128::try_from(length.as_nanos()).unwrap_or(i128::MAX / 4)
}

fn duration(nanoseconds: i128) -> Duration {
    const SECOND: u128 = 1_000_000_000;
    let all = u128::try_from(nanoseconds).unwrap_or(0);
    let seconds = u64::try_from(all / SECOND).unwrap_or(u64::MAX);
    Duration::new(seconds, (all % SECOND) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Shift;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// It is 1000 s when the run begins, is set back by 100 s after 10 s and forward by 500 s after 20 s.
    fn day() -> Day {
        let shift = |text| Shift::parse(text).unwrap();
        let changes = vec![(seconds(10), shift("-100s")), (seconds(20), shift("+500s"))];
        let mut day = Day::new(seconds(1000));
        day.begin(3, &ClockFault { changes }, Duration::ZERO);
        day
    }

    #[test]
    fn it_jumps_when_a_rule_says_so() {
        let day = day();
        let shown = [0, 9, 10, 19, 20, 30].map(|now| day.shows(seconds(now)).as_secs());
        assert_eq!(shown, [1000, 1009, 910, 919, 1420, 1430]);
    }

    #[test]
    fn a_time_comes_later_where_it_is_set_back_and_at_once_where_it_is_jumped_over() {
        let day = day();
        let when = |shown, now| day.when(seconds(shown), seconds(now)).as_secs();
        assert_eq!(when(1005, 0), 5);
        assert_eq!(when(1005, 7), 7, "it has passed");
        assert_eq!(when(915, 12), 15, "again");
        assert_eq!(when(1015, 0), 20, "it never is, and then it is later");
        assert_eq!(when(1015, 12), 20);
        assert_eq!(when(1425, 0), 25);
        assert_eq!(when(0, 0), 0);
    }

    #[test]
    fn each_change_is_seen_once() {
        let mut day = day();
        assert_eq!(day.newly_seen(3), 0, "nobody has looked");
        day.tell(seconds(10));
        assert_eq!([day.newly_seen(2), day.newly_seen(3), day.newly_seen(3)], [0, 1, 0]);
        assert_eq!(day.unseen(3), Some(seconds(20)));
        day.tell(seconds(25));
        assert_eq!((day.newly_seen(3), day.unseen(3)), (1, None));
    }

    #[test]
    fn a_program_sets_it() {
        let mut day = day();
        day.set(seconds(5), seconds(15));
        assert_eq!([15, 19, 20].map(|now| day.shows(seconds(now)).as_secs()), [5, 9, 510]);
        assert_eq!(day.shows(Duration::ZERO), seconds(1000));
        day.set(Duration::ZERO, seconds(15));
        assert_eq!(day.shows(seconds(15)), Duration::ZERO);
    }
}
