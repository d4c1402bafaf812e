//! The programs that `${bin.NAME}` stands for: they are looked for when the first spec names one.
//! It must not know where.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// Absolute paths by name.
type Paths = BTreeMap<String, String>;

/// Programs by name, found but once.
#[derive(Clone, Debug)]
pub struct Programs(Arc<LazyLock<Paths, Search>>);

type Search = Box<dyn FnOnce() -> Paths + Send>;

impl Programs {
    /// Those that `find` finds, which is asked when somebody asks for one: their absolute paths by name.
    pub fn found_by(find: impl FnOnce() -> Paths + Send + 'static) -> Programs {
        Programs(Arc::new(LazyLock::new(Box::new(find))))
    }

    /// The path of a program.
    pub(super) fn get(&self, name: &str) -> Option<&String> {
        self.0.get(name)
    }
}

impl From<Paths> for Programs {
    fn from(known: Paths) -> Programs {
        Programs::found_by(|| known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_looks_for_programs_that_no_spec_names() {
        let programs = Programs::found_by(|| panic!("nobody has asked"));
        assert!(format!("{:?}", programs.clone()).contains("uninit"));
        let named = Programs::from(Paths::from([("kv".to_owned(), "/build/kv".to_owned())]));
        assert_eq!((named.get("kv").map(String::as_str), named.get("vk")), (Some("/build/kv"), None));
    }
}
