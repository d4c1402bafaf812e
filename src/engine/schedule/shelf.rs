//! Tasks that are found by what they do.

use crate::transcript::TaskName;

/// Tasks in logical order. There are few of them, and they come and go at every stop, where a tree would make and give
/// back its nodes.
#[derive(Debug, Default)]
pub(super) struct Shelf(Vec<TaskName>);

impl Shelf {
    pub(super) fn insert(&mut self, task: TaskName) {
        if let Err(at) = self.0.binary_search(&task) {
            self.0.insert(at, task);
        }
    }

    pub(super) fn remove(&mut self, task: TaskName) {
        if let Ok(at) = self.0.binary_search(&task) {
            self.0.remove(at);
        }
    }

    pub(super) fn contains(&self, task: TaskName) -> bool {
        self.0.binary_search(&task).is_ok()
    }

    pub(super) fn first(&self) -> Option<TaskName> {
        self.0.first().copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = TaskName> + '_ {
        self.0.iter().copied()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::Shelf;
    use crate::transcript::TaskName;

    #[test]
    fn tasks_stand_in_order_and_once() {
        let task = |process| TaskName { process, thread: 1 };
        let mut shelf = Shelf::default();
        [3, 1, 2, 3].map(task).into_iter().for_each(|task| shelf.insert(task));
        assert_eq!((shelf.iter().collect::<Vec<_>>(), shelf.len()), ([1, 2, 3].map(task).to_vec(), 3));
        shelf.remove(task(1));
        shelf.remove(task(4));
        assert_eq!(shelf.first(), Some(task(2)));
        assert!(shelf.contains(task(3)) && !shelf.contains(task(1)) && !shelf.is_empty());
    }
}
