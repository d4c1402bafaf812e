//! Choices that look like chance and are none: a value depends on a seed, a rule's name and a number, and on nothing
//! else, so that adding a rule never shifts what another draws.

/// A source of 64-bit values.
#[derive(Clone, Copy, Debug)]
pub struct Chance {
    state: u64,
}

/// The increment of SplitMix64: 2^64 divided by the golden ratio (Steele, Lea, Flood 2014).
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Chance {
    /// The values that belong to occurrence `number` of the rule called `name`.
    pub fn new(seed: u64, name: &str, number: u64) -> Chance {
        let named = name.bytes().fold(mixed(seed ^ STEP), |state, byte| mixed(state ^ u64::from(byte)));
        Chance { state: mixed(named ^ number) }
    }

    /// The next value.
    pub fn next_value(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        mixed(self.state)
    }

    /// A value below `end`, each as likely as the other (but for 1 part in 2^64 / `end`); `end` is not 0.
    pub fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next_value()) * u128::from(end)) >> 64) as u64
    }

    /// Whether something of this probability happens.
    pub fn happens(&mut self, probability: f64) -> bool {
        // 53 bits are what a double holds exactly.
        ((self.next_value() >> 11) as f64) < probability * (1_u64 << 53) as f64
    }
}

/// The finalizer of SplitMix64.
fn mixed(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_are_the_same_for_ever() {
        // They stand in users' golden files.
        let mut chance = Chance::new(0, "r1", 1);
        let first = [chance.next_value(), chance.next_value()];
        let mut again = Chance::new(0, "r1", 1);
        assert_eq!(first, [again.next_value(), again.next_value()]);
        assert_ne!(Chance::new(1, "r1", 1).next_value(), first[0]);
        assert_ne!(Chance::new(0, "r2", 1).next_value(), first[0]);
        assert_ne!(Chance::new(0, "r1", 2).next_value(), first[0]);
    }

    #[test]
    fn shares_come_out_as_asked() {
        let hits = (0..10_000).filter(|at| Chance::new(7, "x", *at).happens(0.25)).count();
        assert!((2_300..2_700).contains(&hits), "{hits}");
        assert!((0..1000).all(|at| !Chance::new(7, "x", at).happens(0.0)));
        assert!((0..1000).all(|at| Chance::new(7, "x", at).happens(1.0)));
        assert!((0..1000).all(|at| Chance::new(7, "x", at).below(3) < 3));
    }
}
