//! Where instructions begin, as far as that can be known: by decoding from the start of a function.

use iced_x86::{Decoder, DecoderOptions};

/// What an address is as a place for a breakpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeAt {
    /// An instruction begins there.
    Boundary,
    /// It lies inside an instruction, which begins at this address of the file.
    Inside(u64),
    /// It is code, but of no function that has a size, so that nobody can tell.
    Unknown,
    /// It is no code.
    NotCode,
}

/// Decodes `code`, which begins at `start`, up to `addr`.
pub(super) fn boundary(code: &[u8], start: u64, addr: u64) -> CodeAt {
    let mut decoder = Decoder::with_ip(64, code, start, DecoderOptions::NONE);
    while decoder.can_decode() {
        let at = decoder.ip();
        if at >= addr {
            return CodeAt::Boundary;
        }
        if decoder.decode().is_invalid() {
            // Data among the code: what follows cannot be told.
            return CodeAt::Unknown;
        }
        if decoder.ip() > addr {
            return CodeAt::Inside(at);
        }
    }
    CodeAt::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_begin_where_the_one_before_ends() {
        // push %rbp; mov %rsp,%rbp; mov $1,%eax; ret
        let code = [0x55, 0x48, 0x89, 0xe5, 0xb8, 1, 0, 0, 0, 0xc3];
        for (addr, expected) in [
            (0x100, CodeAt::Boundary),
            (0x101, CodeAt::Boundary),
            (0x102, CodeAt::Inside(0x101)),
            (0x104, CodeAt::Boundary),
            (0x108, CodeAt::Inside(0x104)),
            (0x109, CodeAt::Boundary),
            (0x10a, CodeAt::Unknown),
        ] {
            assert_eq!(boundary(&code, 0x100, addr), expected, "{addr:#x}");
        }
        assert_eq!(boundary(&[0x06, 0x90], 0, 1), CodeAt::Unknown);
    }
}
