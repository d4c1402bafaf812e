//! Programs that trace others, under rinject: rinject itself, and a debugger, refused and let go.

mod common;

use std::fs;

/// A spec whose rule fires in `cat`.
const INNER: &str = "spec = 1\ntarget = { program = \"cat\", args = [\"/etc/hostname\"] }\n\
    inject = [{ on = \"read(fd ~ '/etc/hostname')\", error = \"EIO\" }]\n\
    expect = { exit = 1, stderr = { contains = \"Input/output error\" } }\nsnapshot = { transcript = false }\n";

/// What comes of `words` under rinject with this `nested`, if they must end with `exit`.
fn under(words: &[&str], nested: &str, exit: i32, expect: &str) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("inner.toml"), INNER).unwrap();
    let words: Vec<String> = words.iter().map(|word| word.replace("HERE", folder.path().to_str().unwrap())).collect();
    let outer = format!(
        "spec = 1\ntarget = {{ program = {:?}, args = {:?}, timeout = \"40s\" }}\ntrace = {{ nested = \"{nested}\" }}\n\
         [expect]\nexit = {exit}\n{expect}\n[snapshot]\ntranscript = false\n",
        words[0],
        &words[1..]
    );
    fs::write(folder.path().join("outer.toml"), outer).unwrap();
    let (status, out, err) = common::rinject(folder.path(), &["run", "outer.toml"]);
    (status, out + &err)
}

const RINJECT: [&str; 3] = [env!("CARGO_BIN_EXE_rinject"), "run", "HERE/inner.toml"];

#[test]
fn rinject_inside_rinject_is_refused_in_words() {
    if !common::can_trace() {
        return;
    }
    let (status, told) = under(&RINJECT, "deny", 5, "stdout = { contains = \"cannot trace\" }");
    assert_eq!(status, 0, "{told}");
    let note = "`rinject` was refused to trace its own children (EPERM), which rinject traces";
    assert!(told.contains(note) && told.contains("nested = \"release\""), "{told}");
}

#[test]
fn rinject_inside_rinject_traces_what_was_let_go() {
    if !common::can_trace() {
        return;
    }
    let (status, told) = under(&RINJECT, "release", 0, "stdout = { contains = \"1 passed, 0 failed\" }");
    assert_eq!(status, 0, "{told}");
    assert!(!told.contains("refused"), "{told}");
}

#[test]
fn a_debugger_that_is_refused_says_so() {
    if !common::can_trace() || !common::has_program("gdb") {
        return;
    }
    let gdb = ["gdb", "-q", "-batch", "-nx", "-ex", "run", "--args", "true"];
    let (status, told) = under(&gdb, "deny", 1, "stderr = { contains = \"not permitted\" }");
    assert_eq!(status, 0, "{told}");
    assert!(told.contains("`gdb` was refused to trace its own children (EPERM)"), "{told}");
}
