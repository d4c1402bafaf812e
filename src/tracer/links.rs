//! What links of `/proc` have answered of descriptors and working directories (proc_pid_fd(5), proc_pid_cwd(5)). It decides
//! nothing about how long an answer stands.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use foldhash::HashMap;

use crate::abi::TaskId;
use crate::engine::{Descriptor, Moved};

/// The answers for each process that stand.
#[derive(Debug, Default)]
pub(super) struct Links {
    processes: RefCell<HashMap<TaskId, Rc<Answers>>>,
}

/// The answers for one process.
#[derive(Debug, Default)]
pub(super) struct Answers {
    descriptors: RefCell<HashMap<i32, Descriptor>>,
    /// Whether a descriptor is a FIFO, where that was asked.
    fifos: RefCell<HashMap<i32, bool>>,
    directory: RefCell<Option<Arc<str>>>,
}

impl Links {
    /// The answers for a process that still stand; what is found out from now on is added to them. `None` where none does
    /// and none is to be kept.
    pub(super) fn stand(&self, process: TaskId, moved: Moved) -> Option<Rc<Answers>> {
        let mut processes = self.processes.borrow_mut();
        if moved == Moved::All {
            processes.clear();
            return None;
        }
        let answers = Rc::clone(processes.entry(process).or_default());
        if let Moved::Descriptor(fd) = moved {
            answers.descriptors.borrow_mut().remove(&fd);
            answers.fifos.borrow_mut().remove(&fd);
        }
        Some(answers)
    }

    /// A process has ended; another one may get its number.
    pub(super) fn forget(&self, process: TaskId) {
        self.processes.borrow_mut().remove(&process);
    }
}

impl Answers {
    /// What a descriptor is, which is asked only once. One that is not open may be opened any time.
    pub(super) fn descriptor(&self, fd: i32, ask: impl FnOnce() -> Option<Descriptor>) -> Option<Descriptor> {
        if let Some(known) = self.descriptors.borrow().get(&fd) {
            return Some(known.clone());
        }
        let found = ask()?;
        self.descriptors.borrow_mut().insert(fd, found.clone());
        Some(found)
    }

    /// Whether a descriptor is a FIFO, which is asked only once where it is known what it is.
    pub(super) fn is_fifo(&self, fd: i32, ask: impl FnOnce() -> bool) -> bool {
        if !self.descriptors.borrow().contains_key(&fd) {
            return ask();
        }
        *self.fifos.borrow_mut().entry(fd).or_insert_with(ask)
    }

    /// The working directory, which is asked only once.
    pub(super) fn directory(&self, ask: impl FnOnce() -> Option<Arc<str>>) -> Option<Arc<str>> {
        if self.directory.borrow().is_none() {
            *self.directory.borrow_mut() = ask();
        }
        self.directory.borrow().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: TaskId = TaskId(1);
    const OTHER: TaskId = TaskId(2);

    fn file(path: &str) -> Option<Descriptor> {
        Some(Descriptor::Path(path.into()))
    }

    fn ask(links: &Links, process: TaskId, moved: Moved, fd: i32, is: &str) -> Option<Descriptor> {
        let answers = links.stand(process, moved).unwrap_or_default();
        answers.descriptor(fd, || file(is))
    }

    #[test]
    fn an_answer_stands_until_its_descriptor_has_moved() {
        let links = Links::default();
        assert_eq!(ask(&links, ONE, Moved::Nothing, 3, "/a"), file("/a"));
        assert_eq!(ask(&links, ONE, Moved::Nothing, 3, "/b"), file("/a"));
        assert_eq!(ask(&links, ONE, Moved::Descriptor(4), 3, "/b"), file("/a"));
        assert_eq!(ask(&links, OTHER, Moved::Descriptor(3), 3, "/c"), file("/c"));
        assert_eq!(ask(&links, ONE, Moved::Nothing, 3, "/b"), file("/a"));
        assert_eq!(ask(&links, ONE, Moved::Descriptor(3), 3, "/b"), file("/b"));
    }

    #[test]
    fn when_all_has_moved_nothing_stands_of_anybody_and_nothing_is_kept() {
        let links = Links::default();
        ask(&links, ONE, Moved::Nothing, 3, "/a");
        ask(&links, OTHER, Moved::Nothing, 3, "/c");
        assert_eq!(ask(&links, ONE, Moved::All, 3, "/b"), file("/b"));
        assert_eq!(ask(&links, ONE, Moved::Nothing, 3, "/d"), file("/d"));
        assert_eq!(ask(&links, OTHER, Moved::Nothing, 3, "/e"), file("/e"));
        links.forget(ONE);
        assert_eq!(ask(&links, ONE, Moved::Nothing, 3, "/f"), file("/f"));
    }

    #[test]
    fn whether_a_descriptor_is_a_fifo_stands_as_long_as_what_it_is() {
        let links = Links::default();
        let answers = links.stand(ONE, Moved::Nothing).unwrap();
        assert!(answers.is_fifo(3, || true) && !answers.is_fifo(3, || false), "nobody knows what it is");
        assert_eq!(answers.descriptor(3, || file("/a")), file("/a"));
        assert!(answers.is_fifo(3, || true) && answers.is_fifo(3, || false));
        let answers = links.stand(ONE, Moved::Descriptor(3)).unwrap();
        assert_eq!(answers.descriptor(3, || file("/b")), file("/b"));
        assert!(!answers.is_fifo(3, || false));
    }

    #[test]
    fn what_is_not_open_is_asked_again() {
        let answers = Answers::default();
        assert_eq!(answers.descriptor(3, || None), None);
        assert_eq!(answers.descriptor(3, || file("/a")), file("/a"));
        assert_eq!(answers.directory(|| None), None);
        assert_eq!(answers.directory(|| Some("/d".into())).as_deref(), Some("/d"));
        assert_eq!(answers.directory(|| Some("/e".into())).as_deref(), Some("/d"));
    }
}
