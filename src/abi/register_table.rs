//! The names of the registers, row by row (Intel SDM, volume 1, 3.4 and following).

use super::register::{RegisterPlace, Row};
use super::registers::General;

const fn row(name: &'static str, place: RegisterPlace, first_byte: u8, bits: u16) -> Row {
    Row { name, place, first_byte, bits }
}

const fn general(name: &'static str, word: General, bits: u16) -> Row {
    row(name, RegisterPlace::General(word), 0, bits)
}

/// A general register and its parts.
macro_rules! parts {
    ($($word:ident $whole:literal $half:literal $quarter:literal $low:literal)*) => {
        &[$(
            general($whole, General::$word, 64),
            general($half, General::$word, 32),
            general($quarter, General::$word, 16),
            general($low, General::$word, 8),
        )*]
    };
}

/// Registers with a number.
macro_rules! numbered {
    ($prefix:literal $place:ident $bits:literal: $($number:literal)*) => {
        &[$(row(concat!($prefix, $number), RegisterPlace::$place($number), 0, $bits)),*]
    };
}

pub(super) static ROWS: [&[Row]; 10] = [
    parts! {
        Rax "rax" "eax" "ax" "al"
        Rbx "rbx" "ebx" "bx" "bl"
        Rcx "rcx" "ecx" "cx" "cl"
        Rdx "rdx" "edx" "dx" "dl"
        Rsi "rsi" "esi" "si" "sil"
        Rdi "rdi" "edi" "di" "dil"
        Rbp "rbp" "ebp" "bp" "bpl"
        R8 "r8" "r8d" "r8w" "r8b"
        R9 "r9" "r9d" "r9w" "r9b"
        R10 "r10" "r10d" "r10w" "r10b"
        R11 "r11" "r11d" "r11w" "r11b"
        R12 "r12" "r12d" "r12w" "r12b"
        R13 "r13" "r13d" "r13w" "r13b"
        R14 "r14" "r14d" "r14w" "r14b"
        R15 "r15" "r15d" "r15w" "r15b"
    },
    &[
        general("rsp", General::Rsp, 64),
        general("esp", General::Rsp, 32),
        general("spl", General::Rsp, 8),
        row("ah", RegisterPlace::General(General::Rax), 1, 8),
        row("bh", RegisterPlace::General(General::Rbx), 1, 8),
        row("ch", RegisterPlace::General(General::Rcx), 1, 8),
        row("dh", RegisterPlace::General(General::Rdx), 1, 8),
        general("rip", General::Rip, 64),
        general("eip", General::Rip, 32),
        general("rflags", General::Eflags, 64),
        general("orig_rax", General::OrigRax, 64),
        general("cs", General::Cs, 16),
        general("ss", General::Ss, 16),
        general("ds", General::Ds, 16),
        general("es", General::Es, 16),
        general("fs", General::Fs, 16),
        general("gs", General::Gs, 16),
        general("fs_base", General::FsBase, 64),
        general("gs_base", General::GsBase, 64),
    ],
    &[
        row("fcw", RegisterPlace::Control(0), 0, 16),
        row("fsw", RegisterPlace::Control(2), 0, 16),
        row("ftw", RegisterPlace::Control(4), 0, 8),
        row("fop", RegisterPlace::Control(6), 0, 16),
        row("fip", RegisterPlace::Control(8), 0, 64),
        row("fdp", RegisterPlace::Control(16), 0, 64),
        row("mxcsr", RegisterPlace::Mxcsr, 0, 32),
    ],
    numbered!("st" Stack 80: 0 1 2 3 4 5 6 7),
    numbered!("xmm" Vector 128: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15),
    numbered!("ymm" Vector 256: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15),
    numbered!("zmm" Vector 512: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31),
    numbered!("k" Mask 64: 0 1 2 3 4 5 6 7),
    numbered!("dr" Debug 64: 0 1 2 3),
    numbered!("dr" Debug 64: 6 7),
];
