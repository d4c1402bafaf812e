//! What is known of each of those that are there, by name.

use std::cell::Cell;

/// Values by key, in the order of the keys. There are few of them, looked up dozens of times at each stop, mostly the same one;
/// a new one mostly comes last.
#[derive(Debug)]
pub(super) struct Roster<K, V> {
    all: Vec<(K, Box<V>)>,
    /// Where the one stood that was looked up last.
    last: Cell<usize>,
}

impl<K: Copy + Ord, V> Roster<K, V> {
    /// Nobody.
    pub(super) fn new() -> Roster<K, V> {
        Roster { all: Vec::new(), last: Cell::new(0) }
    }

    fn at(&self, key: K) -> Result<usize, usize> {
        let last = self.last.get();
        if self.all.get(last).is_some_and(|(known, _)| *known == key) {
            return Ok(last);
        }
        let found = self.all.binary_search_by(|(known, _)| known.cmp(&key));
        if let Ok(at) = found {
            self.last.set(at);
        }
        found
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.at(*key).ok().map(|at| &*self.all[at].1)
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.at(*key).ok().map(|at| &mut *self.all[at].1)
    }

    pub(super) fn contains_key(&self, key: &K) -> bool {
        self.at(*key).is_ok()
    }

    /// Puts a value in the place of the one before, if there was one.
    pub(super) fn insert(&mut self, key: K, value: V) {
        match self.at(key) {
            Ok(at) => *self.all[at].1 = value,
            Err(at) => self.all.insert(at, (key, Box::new(value))),
        }
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        self.at(*key).ok().map(|at| *self.all.remove(at).1)
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.all.iter().map(|(key, value)| (key, &**value))
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &K> {
        self.all.iter().map(|(key, _)| key)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &V> {
        self.all.iter().map(|(_, value)| &**value)
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.all.iter_mut().map(|(_, value)| &mut **value)
    }
}

#[cfg(test)]
mod tests {
    use super::Roster;

    #[test]
    fn values_stand_in_the_order_of_their_keys_once() {
        let mut roster = Roster::new();
        for (key, value) in [(3, 'c'), (1, 'a'), (2, 'x'), (2, 'b')] {
            roster.insert(key, value);
        }
        assert_eq!(roster.iter().collect::<Vec<_>>(), [(&1, &'a'), (&2, &'b'), (&3, &'c')]);
        assert_eq!((roster.get(&2), roster.get(&4), roster.len()), (Some(&'b'), None, 3));
        assert_eq!((roster.remove(&2), roster.remove(&2)), (Some('b'), None));
        roster.values_mut().for_each(|value| *value = 'z');
        assert_eq!(roster.get_mut(&3), Some(&mut 'z'));
        assert_eq!(roster.keys().collect::<Vec<_>>(), [&1, &3]);
        assert!(roster.contains_key(&1) && !roster.contains_key(&2) && !roster.is_empty());
    }
}
