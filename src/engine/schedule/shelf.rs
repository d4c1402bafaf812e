//! Tasks that are found by what they do.

use crate::transcript::TaskName;

/// Tasks in logical order. They come and go at every stop, where a tree would make and give back its nodes; most often it
/// is the first one, which therefore stands at the end.
#[derive(Debug, Default)]
pub(super) struct Shelf(Vec<TaskName>);

impl Shelf {
    fn find(&self, task: TaskName) -> Result<usize, usize> {
        self.0.binary_search_by(|other| task.cmp(other))
    }

    pub(super) fn insert(&mut self, task: TaskName) {
        if self.first().is_none_or(|first| task < first) {
            self.0.push(task);
        } else if let Err(at) = self.find(task) {
            self.0.insert(at, task);
        }
    }

    pub(super) fn remove(&mut self, task: TaskName) {
        if self.first() == Some(task) {
            self.0.pop();
        } else if let Ok(at) = self.find(task) {
            self.0.remove(at);
        }
    }

    pub(super) fn contains(&self, task: TaskName) -> bool {
        self.first() == Some(task) || self.find(task).is_ok()
    }

    pub(super) fn first(&self) -> Option<TaskName> {
        self.0.last().copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = TaskName> + '_ {
        self.0.iter().rev().copied()
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
