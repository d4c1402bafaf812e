//! Whose work is in a binary of rinject, and under which licences: the file that a package of it has to come with.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::package::said;
use crate::project;

/// What is in every static binary of it and is no crate.
const HEAD: &str = "\
rinject itself is under the MIT licence or the Apache licence 2.0, at your choice: see `copyright` beside this file.

The static binary of it is linked with the GNU C library, which is under the GNU Lesser General Public License 2.1 or later
(/usr/share/common-licenses/LGPL-2.1); rinject can be built anew with another one from its sources. It is also linked with
the standard library of Rust, Copyright (c) The Rust Project Contributors, which is under MIT or Apache 2.0, and with these
crates:
";

/// One crate of the binary.
struct Linked {
    name: String,
    licence: String,
    /// Its texts.
    texts: Vec<String>,
}

/// The crates with their licences, then each text once, with the crates that it is of.
pub fn text() -> Result<String, String> {
    let crates = linked()?;
    let mut text = HEAD.to_owned() + "\n";
    let mut texts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for Linked { name, licence, texts: own } in &crates {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "    {name}: {licence}");
        for one in own {
            texts.entry(one).or_default().push(name);
        }
    }
    for (one, names) in texts {
        let _ = write!(text, "\n{}\n\n{}\n\n{one}", "-".repeat(80), names.join(", "));
    }
    Ok(text)
}

/// The crates that rinject is linked with, by name.
fn linked() -> Result<Vec<Linked>, String> {
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--locked", "--format-version", "1", "--filter-platform", &platform]);
    let metadata: Value = serde_json::from_str(&said(cargo.current_dir(project::root()))?)
        .map_err(|error| format!("cannot read what `cargo metadata` says: {error}"))?;
    let list = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let packages = list(&metadata, "packages");
    let own = packages.iter().find(|package| package["name"] == "rinject").ok_or("cargo does not know rinject")?;
    let nodes = list(&metadata["resolve"], "nodes");
    let (mut left, mut seen) = (vec![text(own, "id")], BTreeSet::new());
    while let Some(id) = left.pop() {
        if !seen.insert(id.clone()) {
            continue;
        }
        let node =
            nodes.iter().find(|node| node["id"] == id.as_str()).ok_or(format!("cargo does not resolve {id}"))?;
        // A kind that is null is neither for tests nor for build scripts.
        let is_linked = |other: &&Value| list(other, "dep_kinds").iter().any(|kind| kind["kind"].is_null());
        left.extend(list(node, "deps").iter().filter(is_linked).map(|other| text(other, "pkg")));
    }
    let mut crates = Vec::new();
    for package in packages.iter().filter(|package| seen.contains(&text(package, "id")) && *package != own) {
        let manifest = text(package, "manifest_path");
        let name = format!("{} {}", text(package, "name"), text(package, "version"));
        let texts = texts(Path::new(&manifest).parent().unwrap_or(Path::new(".")));
        crates.push(Linked { name, licence: text(package, "license"), texts });
    }
    crates.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(crates)
}

/// The licences in a crate's folder. Of one that may be had under MIT that one is enough, with what is to be told besides.
fn texts(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let named: Vec<(String, String)> = entries
        .filter_map(|entry| {
            let name = entry.file_name().to_string_lossy().to_uppercase();
            let is_one = ["LICENSE", "LICENCE", "COPYING", "NOTICE", "COPYRIGHT", "UNLICENSE"]
                .iter()
                .any(|begin| name.starts_with(begin));
            let text = fs::read_to_string(entry.path()).ok().filter(|_| is_one)?;
            Some((name, text.trim().replace('\r', "") + "\n"))
        })
        .collect();
    let has_mit = named.iter().any(|(name, _)| name.contains("MIT"));
    let is_needed =
        |name: &str| !has_mit || !(name.contains("APACHE") || name.contains("ZLIB") || name.contains("UNLICENSE"));
    let mut texts: Vec<String> =
        named.into_iter().filter(|(name, _)| is_needed(name)).map(|(_, text)| text).collect();
    texts.sort();
    texts
}
