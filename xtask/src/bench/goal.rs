//! What a way of doing some work is to come to beside others, and whether it does.

use super::median;

/// A demand on one way of a row, by name. Ratios are those of the rounds, of which the median counts: both of a pair were
/// measured one after the other.
pub enum Goal {
    /// At most so many times what the other one takes.
    AtMost(&'static str, f64, &'static str),
    /// At least so many times faster than the other one.
    Faster(&'static str, f64, &'static str),
    /// At most so much more than the other one, in seconds or bytes.
    More(&'static str, f64, &'static str),
    /// At most so much, in seconds or bytes.
    Limit(&'static str, f64),
    /// What it adds to the first way is at most this share of what the other one adds. Where that is under a tenth of the
    /// first way, it is no burden on anybody, and only shown.
    Adds(&'static str, f64, &'static str),
}

/// What a goal came to.
pub struct Verdict {
    pub target: String,
    pub measured: String,
    /// `None` where it is only shown.
    pub is_met: Option<bool>,
}

impl Goal {
    /// Judges by the amounts of ways, one for each round; `of` has those of several ways measured alike.
    pub fn judge(&self, of: &dyn Fn(&[&str]) -> Vec<Vec<f64>>, show: &dyn Fn(f64) -> String) -> Verdict {
        let pairs = |one: &str, other: &str, what: &dyn Fn(f64, f64) -> f64| {
            let amounts = of(&[one, other]);
            median(amounts[0].iter().zip(&amounts[1]).map(|(one, other)| what(*one, *other)).collect())
        };
        match *self {
            Goal::AtMost(way, times, other) => {
                let ratio = pairs(way, other, &|way, other| way / other);
                verdict(format!("{way}: at most {times} times {other}"), times_of(ratio), ratio <= times)
            }
            Goal::Faster(way, times, other) => {
                let ratio = pairs(way, other, &|way, other| other / way);
                let target =
                    if times == 1.0 { "faster".to_owned() } else { format!("at least {times} times faster") };
                verdict(format!("{way}: {target} than {other}"), times_of(ratio), ratio >= times)
            }
            Goal::More(way, most, other) => {
                let more = pairs(way, other, &|way, other| way - other);
                verdict(format!("{way}: at most {} more than {other}", show(most)), show(more), more <= most)
            }
            Goal::Limit(way, most) => {
                let amount = median(of(&[way]).remove(0));
                verdict(format!("{way}: at most {}", show(most)), show(amount), amount <= most)
            }
            Goal::Adds(way, share, other) => {
                let amounts = of(&["alone", way, other]);
                let alone = &amounts[0];
                let added = |amounts: &[f64]| {
                    amounts.iter().zip(alone).map(|(amount, alone)| amount - alone).collect::<Vec<f64>>()
                };
                let (ours, theirs) = (added(&amounts[1]), added(&amounts[2]));
                let ratio = median(ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect());
                let part = median(ours.iter().zip(alone).map(|(added, alone)| added / alone).collect());
                let target = match share {
                    1.0 => format!("{way}: adds less than {other}"),
                    share => format!("{way}: adds at most 1/{:.0} of what {other} does", 1.0 / share),
                };
                let measured = format!("{ratio:.2} of it, {:+.0} % of alone", part * 100.0);
                let is_met = (part >= 0.1).then_some(ratio <= share);
                Verdict { target, measured, is_met }
            }
        }
    }
}

impl Verdict {
    /// In one word.
    pub fn word(&self) -> &'static str {
        match self.is_met {
            Some(true) => "met",
            Some(false) => "**missed**",
            None => "shown",
        }
    }
}

fn verdict(target: String, measured: String, is_met: bool) -> Verdict {
    Verdict { target, measured, is_met: Some(is_met) }
}

fn times_of(ratio: f64) -> String {
    format!("{ratio:.2} times")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(goal: &Goal, expected: &str) {
        let one = |name: &&str| match *name {
            "alone" => vec![1.0, 2.0, 1.0],
            "rinject" => vec![1.5, 2.5, 9.0],
            "strace" => vec![6.0, 7.0, 9.0],
            "light" => vec![1.01, 2.01, 1.01],
            other => panic!("no such way: {other}"),
        };
        let of = |names: &[&str]| names.iter().map(one).collect::<Vec<Vec<f64>>>();
        let Verdict { target, measured, .. } = goal.judge(&of, &|amount| format!("{amount:.1} s"));
        let word = goal.judge(&of, &|amount| format!("{amount:.1} s")).word();
        assert_eq!(format!("{target} | {measured} | {word}"), expected);
    }

    #[test]
    fn pairs_are_judged_by_their_median() {
        check(&Goal::AtMost("rinject", 1.5, "alone"), "rinject: at most 1.5 times alone | 1.50 times | met");
        check(&Goal::AtMost("rinject", 1.4, "alone"), "rinject: at most 1.4 times alone | 1.50 times | **missed**");
        check(
            &Goal::Faster("rinject", 2.5, "strace"),
            "rinject: at least 2.5 times faster than strace | 2.80 times | met",
        );
        check(&Goal::Faster("strace", 1.0, "rinject"), "strace: faster than rinject | 0.36 times | **missed**");
        check(&Goal::More("rinject", 0.4, "alone"), "rinject: at most 0.4 s more than alone | 0.5 s | **missed**");
        check(&Goal::Limit("rinject", 2.5), "rinject: at most 2.5 s | 2.5 s | met");
    }

    #[test]
    fn what_is_added_is_compared_with_what_the_other_one_adds() {
        let fifth = Goal::Adds("rinject", 0.2, "strace");
        check(&fifth, "rinject: adds at most 1/5 of what strace does | 0.10 of it, +50 % of alone | met");
        check(
            &Goal::Adds("light", 0.2, "strace"),
            "light: adds at most 1/5 of what strace does | 0.00 of it, +1 % of alone | shown",
        );
        check(
            &Goal::Adds("strace", 1.0, "rinject"),
            "strace: adds less than rinject | 10.00 of it, +500 % of alone | **missed**",
        );
    }
}
