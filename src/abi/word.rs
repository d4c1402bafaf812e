//! A value of a register or of a piece of memory, up to 512 bits wide, and the ways a spec changes one.
//! Pure arithmetic: it must not know where a value comes from.

use std::fmt;

/// The widest value, in bytes: an AVX-512 register.
const MOST: usize = 64;

/// A value with a width; what lies above the width is always zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Word {
    bytes: [u8; MOST],
    bits: u16,
}

impl Word {
    /// Zero, `bits` wide.
    ///
    /// # Panics
    /// Widths are whole bytes, 8 to 512 bits.
    pub fn zero(bits: u16) -> Word {
        assert!(bits != 0 && bits.is_multiple_of(8) && usize::from(bits) <= 8 * MOST, "no word is {bits} bits wide");
        Word { bytes: [0; MOST], bits }
    }

    /// The low `bits` of a number.
    pub fn from_u64(value: u64, bits: u16) -> Word {
        Word::from_le_bytes(&value.to_le_bytes(), bits)
    }

    /// The low `bits` of bytes in memory order; bytes that are missing are zero.
    pub fn from_le_bytes(bytes: &[u8], bits: u16) -> Word {
        let mut word = Word::zero(bits);
        let length = word.len().min(bytes.len());
        word.bytes[..length].copy_from_slice(&bytes[..length]);
        word
    }

    /// The bytes in memory order, as many as the width has.
    pub fn le_bytes(&self) -> &[u8] {
        &self.bytes[..self.len()]
    }

    /// The low 64 bits.
    pub fn low_u64(&self) -> u64 {
        u64::from_le_bytes(self.bytes[..8].try_into().expect("eight bytes"))
    }

    /// The width.
    pub fn bits(&self) -> u16 {
        self.bits
    }

    fn len(&self) -> usize {
        usize::from(self.bits / 8)
    }

    /// Every byte with that of `other`, which may be of another width.
    fn zip(self, other: Word, each: impl Fn(u8, u8) -> u8) -> Word {
        let bytes: [u8; MOST] = std::array::from_fn(|at| each(self.bytes[at], other.bytes[at]));
        Word::from_le_bytes(&bytes, self.bits)
    }

    /// The sum, wrapping within the width.
    fn plus(self, other: Word) -> Word {
        let mut sum = self;
        let mut carry = 0;
        for at in 0..self.len() {
            let all = u16::from(self.bytes[at]) + u16::from(other.bytes[at]) + carry;
            sum.bytes[at] = all as u8;
            carry = all >> 8;
        }
        sum
    }

    /// The two's complement.
    fn negated(self) -> Word {
        self.zip(self, |byte, _| !byte).plus(Word::from_u64(1, self.bits))
    }

    fn is_zero(self) -> bool {
        self.bytes == [0; MOST]
    }

    fn is_top_bit_set(self) -> bool {
        self.bytes[self.len() - 1] & 0x80 != 0
    }

    /// Ten or sixteen times the value, and a digit; `None` where that is wider than the width.
    fn with_digit(mut self, base: u16, digit: u16) -> Option<Word> {
        let mut carry = digit;
        for at in 0..self.len() {
            let all = u16::from(self.bytes[at]) * base + carry;
            self.bytes[at] = all as u8;
            carry = all >> 8;
        }
        (carry == 0).then_some(self)
    }

    /// Reads a number: decimal, with a minus or not, or hexadecimal after `0x`.
    ///
    /// # Errors
    /// Says what is wrong with the text. Decimal numbers from `-2^(bits-1)` to `2^bits - 1` fit.
    pub fn parse(text: &str, bits: u16) -> Result<Word, ChangeError> {
        let (is_negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
        let (base, digits) = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
            Some(digits) => (16, digits),
            None => (10, digits),
        };
        if digits.is_empty() {
            return Err(if text.is_empty() { ChangeError::Empty } else { ChangeError::NotANumber });
        }
        if !digits.chars().all(|digit| digit.is_digit(base)) {
            return Err(ChangeError::NotANumber);
        }
        let mut value = Word::zero(bits);
        for digit in digits.chars().filter_map(|digit| digit.to_digit(base)) {
            value = value.with_digit(base as u16, digit as u16).ok_or(ChangeError::TooWide { bits })?;
        }
        if !is_negative {
            return Ok(value);
        }
        let negated = value.negated();
        if negated.is_top_bit_set() || value.is_zero() { Ok(negated) } else { Err(ChangeError::TooWide { bits }) }
    }
}

/// Hexadecimal, without leading zeros.
impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits: String = self.le_bytes().iter().rev().map(|byte| format!("{byte:02x}")).collect();
        let significant = digits.trim_start_matches('0');
        write!(f, "0x{}", if significant.is_empty() { "0" } else { significant })
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}:{}", self.bits)
    }
}

/// What a spec does to a value: `"7"`, `"+1"`, `"^0xff"`, `"&0xff"`, `"|1"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The value becomes this one.
    Set(Word),
    /// This is added, wrapping within the width.
    Add(Word),
    /// The bits of this mask are flipped.
    Xor(Word),
    /// Only the bits of this mask stay.
    And(Word),
    /// The bits of this mask are set.
    Or(Word),
}

/// What is wrong with the text of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeError {
    /// There is nothing where a number should be.
    Empty,
    /// It is no number.
    NotANumber,
    /// The number does not fit.
    TooWide {
        /// The width that it would have to fit.
        bits: u16,
    },
}

impl fmt::Display for ChangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChangeError::Empty => f.write_str("a number is missing"),
            ChangeError::NotANumber => f.write_str("not a number"),
            ChangeError::TooWide { bits } => write!(f, "the number does not fit {bits} bits"),
        }
    }
}

impl std::error::Error for ChangeError {}

impl Change {
    /// Reads a change of a value that is `bits` wide: a number sets it; after `+`, `^`, `&` or `|` it is combined with
    /// what is there. `"-1"` sets, `"+-1"` subtracts.
    ///
    /// # Errors
    /// As for [`Word::parse`].
    pub fn parse(text: &str, bits: u16) -> Result<Change, ChangeError> {
        let verb: fn(Word) -> Change = match text.as_bytes().first() {
            Some(b'+') => Change::Add,
            Some(b'^') => Change::Xor,
            Some(b'&') => Change::And,
            Some(b'|') => Change::Or,
            _ => return Word::parse(text, bits).map(Change::Set),
        };
        Word::parse(text[1..].trim_start(), bits).map(verb)
    }

    /// The value afterwards; it keeps the width of `word`.
    #[must_use]
    pub fn apply(self, word: Word) -> Word {
        match self {
            Change::Set(value) => word.zip(value, |_, new| new),
            Change::Add(value) => word.plus(value),
            Change::Xor(mask) => word.zip(mask, |old, mask| old ^ mask),
            Change::And(mask) => word.zip(mask, |old, mask| old & mask),
            Change::Or(mask) => word.zip(mask, |old, mask| old | mask),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `change` makes of `from`.
    #[track_caller]
    fn check(change: &str, bits: u16, from: &str, expected: &str) {
        let from = Word::parse(from, bits).unwrap();
        let change = Change::parse(change, bits).unwrap();
        assert_eq!(change.apply(from).to_string(), expected);
    }

    #[track_caller]
    fn refused(change: &str, bits: u16, expected: ChangeError) {
        assert_eq!(Change::parse(change, bits), Err(expected));
    }

    #[test]
    fn a_number_sets() {
        check("7", 64, "1", "0x7");
        check("0", 8, "255", "0x0");
        check("-1", 16, "0", "0xffff");
        check("-0", 16, "5", "0x0");
        check("-128", 8, "0", "0x80");
        check("255", 8, "0", "0xff");
        check("0xffffffffffffffff", 64, "0", "0xffffffffffffffff");
        check("18446744073709551615", 64, "0", "0xffffffffffffffff");
        check("-9223372036854775808", 64, "0", "0x8000000000000000");
        check("0x0123456789abcdef0123456789ABCDEF", 128, "0", "0x123456789abcdef0123456789abcdef");
        check("340282366920938463463374607431768211455", 128, "0", "0xffffffffffffffffffffffffffffffff");
    }

    #[test]
    fn a_sum_wraps_within_the_width() {
        check("+1", 64, "41", "0x2a");
        check("+1", 8, "255", "0x0");
        check("+-1", 8, "0", "0xff");
        check("+-8", 64, "0x1000", "0xff8");
        check("+1", 128, "0xffffffffffffffff", "0x10000000000000000");
        check("+1", 80, "0xffffffffffffffffffff", "0x0");
        check("+0x10", 512, "0xf0", "0x100");
    }

    #[test]
    fn masks_flip_keep_and_set() {
        check("^0x1", 64, "0x246", "0x247");
        check("^0x1", 64, "0x247", "0x246");
        check("&0xff", 32, "0x1234", "0x34");
        check("&-16", 64, "0x1f", "0x10");
        check("|0x40", 16, "0x2", "0x42");
        check("| 1", 16, "0x2", "0x3");
        check("^-1", 256, "0", &format!("0x{}", "f".repeat(64)));
    }

    #[test]
    fn what_is_no_number_is_told_from_what_does_not_fit() {
        refused("", 64, ChangeError::Empty);
        refused("+", 64, ChangeError::Empty);
        refused("0x", 64, ChangeError::NotANumber);
        refused("-", 64, ChangeError::NotANumber);
        refused("--1", 64, ChangeError::NotANumber);
        refused("++1", 64, ChangeError::NotANumber);
        refused("1.5", 64, ChangeError::NotANumber);
        refused("0xg", 64, ChangeError::NotANumber);
        refused("*2", 64, ChangeError::NotANumber);
        refused("²", 64, ChangeError::NotANumber);
        refused("seven", 64, ChangeError::NotANumber);
        refused("256", 8, ChangeError::TooWide { bits: 8 });
        refused("-129", 8, ChangeError::TooWide { bits: 8 });
        refused("-255", 8, ChangeError::TooWide { bits: 8 });
        refused("0x100", 8, ChangeError::TooWide { bits: 8 });
        refused("+256", 8, ChangeError::TooWide { bits: 8 });
        refused("0x10000000000000000", 64, ChangeError::TooWide { bits: 64 });
        refused("18446744073709551616", 64, ChangeError::TooWide { bits: 64 });
    }

    #[test]
    fn a_change_keeps_the_width_of_what_it_changes() {
        let wide = Change::parse("-1", 64).unwrap();
        assert_eq!(wide.apply(Word::zero(16)), Word::from_u64(0xffff, 16));
        assert_eq!(Word::from_le_bytes(&[1, 2], 32).le_bytes(), [1, 2, 0, 0]);
        assert_eq!(Word::from_u64(0x1234, 8).low_u64(), 0x34);
    }
}
