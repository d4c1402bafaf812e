//! Every register by the name a spec gives it: width, class, and where its bits lie.
//! It must not know how the kernel hands registers over.

use std::fmt;

use super::registers::{General, Registers};
use super::{Arch, Word, register_table};

/// A register of the x86 family, or a part of one that has a name of its own (`eax`, `ah`).
///
/// Writing a part leaves the rest of its register as it is; the processor's habit of clearing the upper half when a
/// 32-bit part is written belongs to its instructions, not to the register.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Register(pub(super) &'static Row);

/// One row of the table.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) place: RegisterPlace,
    pub(super) first_byte: u8,
    pub(super) bits: u16,
}

/// The whole register that a [`Register`] is, or is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RegisterPlace {
    /// A word among the general registers.
    General(General),
    /// Control and status of the x87 unit, as FXSAVE lays them out: bytes from this offset (Intel SDM, volume 1,
    /// 10.5.1). `ftw` is the abridged tag word: a set bit is a register in use.
    Control(u8),
    /// `mxcsr`.
    Mxcsr,
    /// An x87 register by its distance from the top of the stack.
    Stack(u8),
    /// A vector register, of which `xmm` and `ymm` are the low parts.
    Vector(u8),
    /// An AVX-512 mask register.
    Mask(u8),
    /// A debug register.
    Debug(u8),
}

/// Kinds of registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RegisterClass {
    /// General ones, flags, instruction pointer, segments.
    General,
    /// The x87 unit's.
    X87,
    /// `xmm` and `mxcsr`.
    Sse,
    /// `ymm`.
    Avx,
    /// `zmm` and the masks.
    Avx512,
    /// The debug registers.
    Debug,
}

/// Other names of the same registers; `pc` and `sp` are those of every architecture, so that the 16-bit part of
/// `rsp`, which no 64-bit code uses, has no name of its own.
const ALIASES: [(&str, &str); 4] = [("pc", "rip"), ("sp", "rsp"), ("eflags", "rflags"), ("orig_eax", "orig_rax")];

impl Register {
    /// The register of this name, in lower case; `None` where `arch` has none such.
    pub fn parse(name: &str, arch: Arch) -> Option<Register> {
        let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name);
        Register::all(arch).find(|register| register.name() == name)
    }

    /// The register's own name; `pc` is called `rip`.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// How wide it is.
    pub fn bits(self) -> u16 {
        self.0.bits
    }

    /// What kind it is.
    pub fn class(self) -> RegisterClass {
        match self.0.place {
            RegisterPlace::General(_) => RegisterClass::General,
            RegisterPlace::Control(_) | RegisterPlace::Stack(_) => RegisterClass::X87,
            RegisterPlace::Mxcsr => RegisterClass::Sse,
            RegisterPlace::Vector(_) if self.0.bits == 128 => RegisterClass::Sse,
            RegisterPlace::Vector(_) if self.0.bits == 256 => RegisterClass::Avx,
            RegisterPlace::Vector(_) | RegisterPlace::Mask(_) => RegisterClass::Avx512,
            RegisterPlace::Debug(_) => RegisterClass::Debug,
        }
    }

    /// The whole register that this is, or is a part of.
    pub fn place(self) -> RegisterPlace {
        self.0.place
    }

    /// Where in that register it begins: 1 for `ah` and its like.
    pub fn first_byte(self) -> usize {
        usize::from(self.0.first_byte)
    }

    /// Every register of `arch`; none for what is not of the x86 family.
    pub fn all(arch: Arch) -> impl Iterator<Item = Register> {
        register_table::ROWS.iter().copied().flatten().map(Register).filter(move |register| register.is_of(arch))
    }

    /// Every name that [`Register::parse`] takes, for suggestions.
    pub fn names(arch: Arch) -> impl Iterator<Item = &'static str> {
        let aliases = ALIASES.iter().map(|(alias, _)| *alias);
        Register::all(arch)
            .map(Register::name)
            .chain(aliases.filter(move |alias| Register::parse(alias, arch).is_some()))
    }

    /// The architecture that has a register of this name where the x86 family has none: "a register of aarch64".
    pub fn elsewhere(name: &str) -> Option<&'static str> {
        let numbered = |prefix: &str, most: u32| {
            let number = name.strip_prefix(prefix).filter(|digits| !digits.starts_with('+'));
            number.and_then(|digits| digits.parse::<u32>().ok()).is_some_and(|number| number <= most)
        };
        let is_one_of = |names: &[&str]| names.contains(&name);
        if numbered("x", 30) || numbered("w", 30) || numbered("v", 31) || is_one_of(&["xzr", "nzcv", "fpcr", "fpsr"])
        {
            Some("aarch64")
        } else if numbered("a", 7) || numbered("t", 6) || numbered("s", 11) || is_one_of(&["ra", "gp", "tp"]) {
            Some("riscv64")
        } else if numbered("r", 7) || is_one_of(&["lr", "cpsr"]) {
            Some("arm")
        } else {
            None
        }
    }

    /// 32-bit code has the parts that fit it, and only the first eight of each kind.
    fn is_of(self, arch: Arch) -> bool {
        match (arch, self.0.place) {
            (Arch::X86_64, _) => true,
            (Arch::Aarch64, _) => false,
            (Arch::I386, RegisterPlace::General(word)) => match word {
                General::R8 | General::R9 | General::R10 | General::R11 => false,
                General::R12 | General::R13 | General::R14 | General::R15 => false,
                General::FsBase | General::GsBase => false,
                General::Eflags | General::OrigRax => true,
                _ => self.0.bits <= 32 && !matches!(self.0.name, "sil" | "dil" | "bpl" | "spl"),
            },
            (Arch::I386, RegisterPlace::Vector(number)) => number < 8,
            (Arch::I386, _) => true,
        }
    }
}

impl Registers {
    /// The value of a general register or of a part of one; `None` for every other kind.
    pub fn get(&self, register: Register) -> Option<Word> {
        let RegisterPlace::General(word) = register.place() else { return None };
        let bytes = self.word(word).to_le_bytes();
        Some(Word::from_le_bytes(&bytes[register.first_byte()..], register.bits()))
    }

    /// Sets a general register or a part of one; false for every other kind.
    pub fn set(&mut self, register: Register, value: Word) -> bool {
        let RegisterPlace::General(word) = register.place() else { return false };
        let value = Word::from_le_bytes(value.le_bytes(), register.bits());
        let mut bytes = self.word(word).to_le_bytes();
        bytes[register.first_byte()..][..value.le_bytes().len()].copy_from_slice(value.le_bytes());
        *self.word_mut(word) = u64::from_le_bytes(bytes);
        true
    }
}

impl fmt::Display for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, canonical: &str, bits: u16, class: RegisterClass) {
        let register = Register::parse(name, Arch::X86_64).unwrap_or_else(|| panic!("no {name}"));
        assert_eq!((register.name(), register.bits(), register.class()), (canonical, bits, class));
    }

    #[test]
    fn registers_have_widths_and_classes() {
        check("rax", "rax", 64, RegisterClass::General);
        check("eax", "eax", 32, RegisterClass::General);
        check("ax", "ax", 16, RegisterClass::General);
        check("al", "al", 8, RegisterClass::General);
        check("ah", "ah", 8, RegisterClass::General);
        check("sil", "sil", 8, RegisterClass::General);
        check("r15", "r15", 64, RegisterClass::General);
        check("r15d", "r15d", 32, RegisterClass::General);
        check("r15w", "r15w", 16, RegisterClass::General);
        check("r15b", "r15b", 8, RegisterClass::General);
        check("pc", "rip", 64, RegisterClass::General);
        check("sp", "rsp", 64, RegisterClass::General);
        check("eflags", "rflags", 64, RegisterClass::General);
        check("orig_rax", "orig_rax", 64, RegisterClass::General);
        check("cs", "cs", 16, RegisterClass::General);
        check("fs_base", "fs_base", 64, RegisterClass::General);
        check("st0", "st0", 80, RegisterClass::X87);
        check("fcw", "fcw", 16, RegisterClass::X87);
        check("mxcsr", "mxcsr", 32, RegisterClass::Sse);
        check("xmm15", "xmm15", 128, RegisterClass::Sse);
        check("ymm0", "ymm0", 256, RegisterClass::Avx);
        check("zmm31", "zmm31", 512, RegisterClass::Avx512);
        check("k7", "k7", 64, RegisterClass::Avx512);
        check("dr7", "dr7", 64, RegisterClass::Debug);
    }

    #[test]
    fn a_part_is_set_without_its_neighbours() {
        let mut registers = Registers { rax: 0x1122_3344_5566_7788, ..Registers::default() };
        let named = |name| Register::parse(name, Arch::X86_64).unwrap();
        for (name, value, rax) in [
            ("ah", 0xaa, 0x1122_3344_5566_aa88),
            ("al", 0xbb, 0x1122_3344_5566_aabb),
            ("ax", 0xcccc, 0x1122_3344_5566_cccc),
            ("eax", 0xdddd_dddd, 0x1122_3344_dddd_dddd),
            ("rax", 1, 1),
        ] {
            assert!(registers.set(named(name), Word::from_u64(value, 64)));
            assert_eq!(registers.rax, rax, "{name}");
            assert_eq!(registers.get(named(name)).unwrap().low_u64(), value, "{name}");
        }
        assert_eq!(registers.get(named("xmm0")), None);
        assert!(!registers.set(named("dr0"), Word::zero(64)));
    }

    #[test]
    fn what_is_no_register_is_none() {
        for name in ["", "rex", "RAX", "r16", "xmm32", "st8", "dr4", "dr5", "x0", "k8", "xmm00"] {
            assert_eq!(Register::parse(name, Arch::X86_64), None, "{name}");
        }
    }

    #[test]
    fn names_are_parsed_and_no_name_is_given_twice() {
        for arch in Arch::ALL {
            let mut names: Vec<&str> = Register::names(arch).collect();
            assert!(names.iter().all(|name| Register::parse(name, arch).is_some()));
            let all = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), all, "{arch}");
        }
    }

    #[test]
    fn no_architecture_has_the_registers_of_another() {
        assert_eq!(Register::parse("r8", Arch::I386), None);
        assert_eq!(Register::parse("rax", Arch::I386), None);
        assert!(Register::parse("eip", Arch::I386).is_some());
        assert_eq!(Register::all(Arch::Aarch64).count(), 0);
        for (name, expected) in [
            ("x0", Some("aarch64")),
            ("w30", Some("aarch64")),
            ("a0", Some("riscv64")),
            ("r0", Some("arm")),
            ("x31", None),
            ("xx", None),
            ("a+1", None),
        ] {
            assert_eq!(Register::elsewhere(name), expected, "{name}");
        }
    }
}
