//! Sets of small numbers. It must not know what the numbers stand for.

/// A set of numbers below a fixed one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bits(Vec<u64>);

impl Bits {
    /// None of so many.
    pub fn none(count: usize) -> Bits {
        Bits(vec![0; count.div_ceil(64)])
    }

    /// Those of so many for which this holds.
    pub fn of(count: usize, is_in: impl Fn(usize) -> bool) -> Bits {
        let mut bits = Bits::none(count);
        (0..count).filter(|at| is_in(*at)).for_each(|at| bits.put(at));
        bits
    }

    /// Whether it is in it.
    pub fn has(&self, at: usize) -> bool {
        self.0.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    /// Puts it in.
    pub fn put(&mut self, at: usize) {
        self.0[at / 64] |= 1 << (at % 64);
    }

    /// Takes it out.
    pub fn take(&mut self, at: usize) {
        self.0[at / 64] &= !(1 << (at % 64));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_is_in_until_it_is_taken_out() {
        let mut bits = Bits::of(130, |at| at % 64 == 1);
        assert_eq!((0..130).filter(|at| bits.has(*at)).collect::<Vec<_>>(), [1, 65, 129]);
        bits.take(65);
        bits.put(64);
        assert_eq!((0..200).filter(|at| bits.has(*at)).collect::<Vec<_>>(), [1, 64, 129]);
    }
}
