//! The nearest known name for one that is not known.

/// The candidate nearest to `name`, if it is near enough to be a typo: at most 1 + a quarter of its length away.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_ascii_lowercase();
    let limit = 1 + name.chars().count() / 4;
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&wanted, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= limit && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// "did you mean `x`?" for the nearest candidate.
pub fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(name, candidates).map(|near| format!("did you mean `{near}`?"))
}

/// Names in backticks, with commas: "`a`, `b`, `c`".
pub fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_is_near_and_another_word_is_not() {
        assert_eq!(nearest("opnat", ["open", "openat", "read"]), Some("openat"));
        assert_eq!(nearest("EIOO", ["EIO", "EPERM"]), Some("EIO"));
        assert_eq!(nearest("malloc", ["read", "write"]), None);
        assert_eq!(nearest("x", ["y"]), None);
    }
}
