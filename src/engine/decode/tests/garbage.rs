//! No argument, however wrong, stops the decoder, and no address gets into what it shows.

use super::fake::{DATA, LIBRARY, NOWHERE};
use super::*;

const WORDS: [u64; 10] = [0, 1, 7, DATA, DATA + 60, LIBRARY, NOWHERE, u64::MAX, i64::MIN as u64, 0xffff_ff9c];

#[test]
fn every_call_takes_any_words_and_results() {
    let memories = [Vec::new(), vec![0; 64], vec![0xff; 64], words(&[DATA; 16]), words(&[u64::MAX; 40])];
    for memory in &memories {
        let fake = Fake::with(memory);
        for sysno in Sysno::all() {
            for arch in Arch::ALL {
                let Some(number) = sysno.number(arch) else { continue };
                for turn in 0..WORDS.len() {
                    let args = std::array::from_fn(|at| WORDS[(turn + at * 3) % WORDS.len()]);
                    let mut names = names();
                    let mut decoder = decoder(&fake, &mut names);
                    let mut call = decoder.entry(arch, u64::from(number), &args);
                    let result = [0, 3, 64, -1, -512, i64::MAX, i64::MIN, 0xffff_fffe][turn % 8];
                    let entry = call.to_string();
                    decoder.exit(arch, &mut call, result);
                    assert!(!entry.contains('\n') && !call.to_string().contains('\n'));
                }
            }
        }
    }
}

#[test]
fn no_address_is_shown() {
    let fake = Fake::with(&words(&[NOWHERE + 0x1234_5670; 40]));
    let address = format!("{}", NOWHERE + 0x1234_5670);
    let hex = format!("{:x}", NOWHERE + 0x1234_5670);
    for sysno in Sysno::all() {
        let Some(number) = sysno.number(Arch::X86_64) else { continue };
        let pointers = sysno.info().args.unwrap_or_default().iter().map(|info| {
            let is_pointer =
                matches!(info.kind, crate::abi::ArgKind::Address) || super::super::direction(info.kind).is_some();
            if is_pointer { NOWHERE + 0x1234_5670 } else { 2 }
        });
        let mut args = [2; 6];
        std::iter::zip(&mut args, pointers).for_each(|(word, pointer)| *word = pointer);
        let mut names = names();
        let mut decoder = decoder(&fake, &mut names);
        let mut call = decoder.entry(Arch::X86_64, u64::from(number), &args);
        decoder.exit(Arch::X86_64, &mut call, 0);
        let text = call.to_string();
        assert!(!text.contains(&address) && !text.contains(&hex), "{text}");
    }
}
