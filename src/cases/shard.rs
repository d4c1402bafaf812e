//! A share of the cases, for machines that divide them among each other.
//! It must not know who runs the others.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// More machines than this nobody has: it is a slip.
const MOST: u64 = 100_000;

/// One of so many shares. Which share a case is in hangs on its id alone: cases that come and go move no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which one, from 1.
    pub index: u64,
    /// How many there are.
    pub count: u64,
}

impl Shard {
    /// Whether the case with this id is in the share.
    pub fn has(self, id: &str) -> bool {
        // `./specs` and `specs` are one folder.
        let digest = Sha256::digest(id.trim_start_matches("./").as_bytes());
        let first: [u8; 8] = std::array::from_fn(|at| digest[at]);
        u64::from_be_bytes(first) % self.count == self.index - 1
    }
}

/// As on the command line: `2/8`.
impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Shard, String> {
        let number = |text: &str| text.parse::<u64>().map_err(|_| format!("`{text}` is no number; write 2/8"));
        let (index, count) = text.split_once('/').ok_or("write which one of how many: 2/8")?;
        let (index, count) = (number(index)?, number(count)?);
        match (index, count) {
            (_, count) if count > MOST => Err(format!("there are {MOST} shares at most")),
            (_, 0) => Err("there is no share of 0".to_owned()),
            (0, _) => Err(format!("shares are counted from 1: the first is 1/{count}")),
            (index, count) if index > count => {
                Err(format!("there are {count} shares, from 1/{count} to {count}/{count}"))
            }
            (index, count) => Ok(Shard { index, count }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_case_is_in_one_share_and_all_shares_have_some() {
        for id in (0..200).map(|number| format!("specs/{number}.toml")) {
            let with = (1..=7).filter(|index| Shard { index: *index, count: 7 }.has(&id)).count();
            assert_eq!(with, 1, "{id}");
        }
        let of =
            |index| (0..200).filter(|number| Shard { index, count: 7 }.has(&format!("specs/{number}.toml"))).count();
        assert!((1..=7).all(|index| of(index) > 10), "{:?}", (1..=7).map(of).collect::<Vec<_>>());
        // What is in a share may never change: reports of several machines are joined by it.
        assert!(Shard { index: 4, count: 8 }.has("specs/wal.toml"));
    }

    #[track_caller]
    fn check(text: &str, expected: Result<(u64, u64), &str>) {
        let shard = text.parse::<Shard>().map(|shard| (shard.index, shard.count));
        assert_eq!(shard, expected.map_err(str::to_owned));
    }

    #[test]
    fn shares_are_read() {
        check("2/8", Ok((2, 8)));
        check("1/1", Ok((1, 1)));
        check("0/8", Err("shares are counted from 1: the first is 1/8"));
        check("9/8", Err("there are 8 shares, from 1/8 to 8/8"));
        check("1/0", Err("there is no share of 0"));
        check("2", Err("write which one of how many: 2/8"));
        check("1/9999999", Err("there are 100000 shares at most"));
        check("a/8", Err("`a` is no number; write 2/8"));
    }
}
