//! Tables in docs/ whose last column names what proves a row: a spec as `folder/name`, a test as `file::function`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The cells of each row of a page's tables.
fn rows(page: &str) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(page);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines: Vec<&str> = text.lines().collect();
    // A table begins with its heads and a line below them.
    let is_row =
        |at: usize| lines[at].starts_with("| ") && !lines.get(at + 1).is_some_and(|below| below.starts_with("|-"));
    let cells = |row: &str| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    (0..lines.len()).filter(|at| is_row(*at)).map(|at| cells(lines[at])).collect()
}

/// What the rows of a page name as proofs; all of it is there, and each row has one.
fn proofs(page: &str) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut named, mut wrong) = (BTreeSet::new(), Vec::new());
    let rows = rows(page);
    assert!(!rows.is_empty(), "{page} has no rows");
    for row in rows {
        let proof = row.last().expect("a row has cells");
        let proofs: Vec<&str> = proof.split('`').skip(1).step_by(2).filter(|proof| proof.contains('/')).collect();
        if proofs.is_empty() && !proof.starts_with("does not apply") {
            wrong.push(format!("no proof: {}", row.join(" | ")));
        }
        for proof in proofs {
            let is_there = match proof.split_once("::") {
                Some((file, function)) => fs::read_to_string(root.join(file)).is_ok_and(|text| {
                    text.contains(&format!("#[test]\nfn {function}("))
                        || text.contains(&format!("    fn {function}("))
                }),
                None => root.join("specs").join(format!("{proof}.toml")).exists() || root.join(proof).is_file(),
            };
            if !is_there {
                wrong.push(format!("not there: {proof}"));
            }
            named.insert(proof.to_owned());
        }
    }
    assert!(wrong.is_empty(), "{page}:\n{}", wrong.join("\n"));
    named
}

#[test]
fn every_pitfall_has_a_row_with_its_proof() {
    let numbers: Vec<u32> = rows("pitfalls.md").iter().filter_map(|row| row[0].parse().ok()).collect();
    assert_eq!(numbers, (1..=74).collect::<Vec<u32>>());
    let named = proofs("pitfalls.md");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs/pitfalls");
    let specs = fs::read_dir(folder).expect("the folder is there").flatten().map(|entry| entry.path());
    let specs = specs.filter(|path| path.extension().is_some_and(|it| it == "toml"));
    let names = specs.map(|path| format!("pitfalls/{}", path.file_stem().expect("a name").to_string_lossy()));
    let forgotten: Vec<String> = names.filter(|name| !named.contains(name)).collect();
    assert!(forgotten.is_empty(), "no row names {forgotten:?}");
}

#[test]
fn every_promise_has_its_proof() {
    proofs("promises.md");
}
