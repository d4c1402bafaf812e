//! An allocator that keeps something back: where there is no more memory, what it has kept is given out once, and the want
//! is noted, so that whoever asks can end in order. It must not know who does.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::shortage::note;

/// What is kept back: enough to take a run down and to tell of it. Nothing is written there, so it takes no memory but
/// room in what is limited by `RLIMIT_AS` and by strict accounting.
const SIZE: usize = 4 << 20;

/// The system's allocator with a reserve, to be made the global one of a program.
#[derive(Debug, Default)]
pub struct Reserve {
    kept: AtomicPtr<u8>,
}

impl Reserve {
    /// An allocator that has kept nothing back yet.
    pub const fn new() -> Reserve {
        Reserve { kept: AtomicPtr::new(ptr::null_mut()) }
    }

    fn layout() -> Layout {
        Layout::new::<[u8; SIZE]>()
    }

    /// Keeps something back, unless it has; where there is too little even for that, nothing is.
    pub fn fill(&self) {
        if !self.kept.load(Ordering::Acquire).is_null() {
            return;
        }
        // SAFETY: the layout is not empty.
        let fresh = unsafe { System.alloc(Reserve::layout()) };
        let old = self.kept.swap(fresh, Ordering::AcqRel);
        Reserve::free(old);
    }

    /// Gives what it has kept back to the system; false where there is nothing any more.
    fn spend(&self) -> bool {
        note(libc::ENOMEM);
        let kept = self.kept.swap(ptr::null_mut(), Ordering::AcqRel);
        Reserve::free(kept);
        !kept.is_null()
    }

    fn free(kept: *mut u8) {
        if !kept.is_null() {
            // SAFETY: only `fill` puts anything there, from this allocator and with this layout, and whoever takes it out
            // leaves null in its place.
            unsafe { System.dealloc(kept, Reserve::layout()) };
        }
    }
}

// SAFETY: everything is the system's allocator's answer to the same question, asked once more where it was null.
unsafe impl GlobalAlloc for Reserve {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        let got = unsafe { System.alloc(layout) };
        if !got.is_null() || !self.spend() {
            return got;
        }
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        let got = unsafe { System.alloc_zeroed(layout) };
        if !got.is_null() || !self.spend() {
            return got;
        }
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as the caller promises.
        let got = unsafe { System.realloc(old, layout, size) };
        if !got.is_null() || !self.spend() {
            return got;
        }
        // SAFETY: as above; what was not reallocated is as it was.
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(old, layout) };
    }
}

#[cfg(test)]
mod tests {
    use super::super::shortage::take_shortage;
    use super::*;

    #[test]
    fn what_is_kept_is_given_out_once_and_told() {
        let reserve = Reserve::new();
        let _ = take_shortage();
        // More than any machine has: refused with the reserve and without it.
        let huge = Layout::from_size_align(1 << 60, 8).unwrap();
        reserve.fill();
        assert!(!reserve.kept.load(Ordering::Relaxed).is_null());
        // SAFETY: the layout is not empty; nothing is made of the answer but whether there is one.
        assert!(unsafe { reserve.alloc(huge) }.is_null());
        assert!(reserve.kept.load(Ordering::Relaxed).is_null(), "the reserve was spent on it");
        assert_eq!(take_shortage(), Some(libc::ENOMEM));
        let small = Layout::new::<u64>();
        // SAFETY: the layout is not empty, and what was allocated is freed with the same one.
        let got = unsafe { reserve.alloc(small) };
        assert!(!got.is_null());
        // SAFETY: as above.
        unsafe { reserve.dealloc(got, small) };
        assert_eq!(take_shortage(), None);
    }
}
