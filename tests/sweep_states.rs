//! `rinject sweep` with `faults = ["states"]`: what a loss of power can leave is found, and no more than that.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use common::{can_trace, folder, rinject};
use serde_json::Value;

mod common;

/// A spec that has files changed in steps, and a check that is a text of a shell.
fn spec(steps: &[&str], check: &str) -> String {
    let args: Vec<String> = steps.iter().map(|step| format!("{step:?}")).collect();
    format!(
        "spec = 1\n[target]\nprogram = {:?}\nargs = [{}]\nfiles = {{ kept = \"old\", big = '''{}''' }}\n\
         [[check]]\nname = \"holds\"\nrun = [\"sh\", \"-c\", '''{check}''']\n[sweep]\nfaults = [\"states\"]\n",
        common::fixtures_bin().join("keep-files"),
        args.join(", "),
        "x".repeat(6000)
    )
}

/// The lines of a JSON report of one type.
fn lines(path: &Path, kind: &str) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["type"] == kind).collect()
}

/// The first state of each finding, and what was said besides.
fn found(spec: &str, system: &str) -> (Vec<String>, String) {
    let folder = folder(&[("x.toml", spec)]);
    let words = ["sweep", "x.toml", "--baseline", "2", "--file-system", system, "--report", "json=r.json"];
    let (status, out, err) = rinject(folder.path(), &words);
    assert!(matches!(status, 0 | 1), "{status}\n{out}{err}");
    let findings = lines(&folder.path().join("r.json"), "finding");
    let first = |line: &Value| line["cells"][0].as_str().unwrap().to_owned();
    (findings.iter().map(first).collect(), err)
}

#[track_caller]
fn check(steps: &[&str], holds: &str, system: &str, expected: &[&str]) {
    if !can_trace() {
        return;
    }
    assert_eq!(found(&spec(steps, holds), system).0, expected, "{steps:?} on {system}");
}

/// The old text or the new one, and the new one when it was said to be there.
const REPLACED: &str = "case $(cat kept) in old|text) ;; *) exit 1;; esac; \
                        ! grep -q done $RINJECT_STDOUT || grep -q text kept";

#[test]
fn a_file_that_is_renamed_before_it_is_synced_may_be_empty() {
    let steps = ["create:new:text", "rename:new:kept"];
    check(&steps, REPLACED, "posix", &["write#1:lost@rename#1"]);
    check(&steps, REPLACED, "xfs", &["write#1:lost@rename#1"]);
    check(&steps, REPLACED, "btrfs", &["write#1:lost@rename#1"]);
    // It writes what takes the place of another file before it renames.
    check(&steps, REPLACED, "ext4", &[]);
    // But not what takes no place.
    let steps = ["unlink:kept", "create:new:text", "rename:new:kept"];
    check(&steps, "test ! -e kept || grep -q . kept", "ext4", &["write#1:lost@rename#1"]);
}

#[test]
fn a_name_that_was_promised_is_lost_where_nobody_waited_for_the_folder() {
    let unsafe_steps = ["create:new:text", "sync-file:new", "rename:new:kept", "print:done"];
    let safe_steps = ["create:new:text", "sync-file:new", "rename:new:kept", "sync-folder:.", "print:done"];
    for system in ["posix", "ext4", "xfs", "btrfs"] {
        check(&unsafe_steps, REPLACED, system, &["rename#1:lost@rename#1"]);
        check(&safe_steps, REPLACED, system, &[]);
    }
    // A new file has its name with the sync of it, but where nothing says so.
    let new = "! grep -q done $RINJECT_STDOUT || grep -q text new";
    check(&["create:new:text", "sync-file:new", "print:done"], new, "posix", &["openat#1:lost@fsync#1"]);
    check(&["create:new:text", "sync-file:new", "print:done"], new, "ext4", &[]);
    check(&["create:new:text", "sync-data:new", "print:done"], new, "xfs", &[]);
    check(&["create:new:text", "print:done"], new, "ext4", &["write#1:lost@write#1"]);
    check(&["o-sync:new:text", "sync-folder:.", "print:done"], new, "posix", &[]);
}

/// Two copies of a text: one of them does, and neither is waited for.
#[test]
fn two_losses_are_found_where_each_alone_does_no_harm() {
    let (copies, marks) = (["create:a:text", "create:b:text"], ["create:mark:done", "create:end:done"]);
    let steps = [copies, marks].concat();
    // Both marks say that there is a copy.
    let holds = "! grep -q done mark || ! grep -q done end || grep -q text a || grep -q text b";
    check(&steps, holds, "posix", &["openat#1:lost+openat#2@write#4"]);
    check(&steps, holds, "xfs", &["write#1:lost+write#2@write#4"]);
    check(&[&copies[..], &["sync"], &marks].concat(), holds, "posix", &[]);
    check(&[&copies[..], &["sync-file:b", "sync-folder:."], &marks].concat(), holds, "posix", &[]);
    // It is tried again by its name.
    if can_trace() {
        let folder = folder(&[("x.toml", &spec(&steps, holds))]);
        let words = ["sweep", "x.toml", "--cell", "openat#1:lost+openat#2@write#4"];
        let (status, out, err) = rinject(folder.path(), &words);
        assert_eq!((status, err.as_str()), (1, ""), "{out}");
        let lost = |name: &str| out.lines().any(|line| line.contains("lost: openat(") && line.contains(name));
        assert!(lost("\"a\"") && lost("\"b\""), "{out}");
    }
}

/// The name is lost at one moment, and what was said of it at another.
#[test]
fn one_loss_is_one_finding_whichever_checks_see_it() {
    if !can_trace() {
        return;
    }
    let checks = "[[check]]\nname = \"promise\"\nrun = [\"sh\", \"-c\", '! grep -q done $RINJECT_STDOUT || grep -q text kept']\n";
    let steps = ["create:new:text", "rename:new:kept", "append:log:x", "print:done"];
    let text = spec(&steps, "grep -q . kept").replace("[sweep]", &format!("{checks}[sweep]"));
    let (cells, _) = found(&text, "xfs");
    assert_eq!(cells, ["write#1:lost@rename#1", "rename#1:lost@write#2"]);
    let folder = folder(&[("x.toml", &text)]);
    let (_, out, _) = rinject(folder.path(), &["sweep", "x.toml", "--file-system", "xfs"]);
    assert!(out.contains("  seen   in other states of it, check \"promise\" fails as well\n"), "{out}");
}

#[test]
fn a_long_record_may_be_torn() {
    // All of it or nothing.
    let whole =
        "set -- $(wc -c < log 2> /dev/null || echo 0); test $1 = 0 || test $1 = 3000 && ! grep -q -P '\\x00' log";
    let torn = ["write#1", "pwrite64#1"].map(|call| format!("{call}:"));
    for system in ["posix", "ext4"] {
        let steps = ["put:log:0:3000", "sync-file:log"];
        if !can_trace() {
            return;
        }
        let (cells, _) = found(&spec(&steps, whole), system);
        let expected = system == "posix";
        assert_eq!(cells.iter().any(|cell| torn.iter().any(|call| cell.starts_with(call))), expected, "{cells:?}");
    }
    // In place, in sectors of pages that are there.
    let same = "test $(tr -d x < big | wc -c) = 0 || test $(tr -d x < big | wc -c) = 1000";
    check(&["put:big:100:1000", "sync-file:big"], same, "ext4", &["pwrite64#1:head-412@pwrite64#1"]);
    check(&["put:big:100:1000", "sync-file:big"], same, "btrfs", &[]);
}

/// What was recorded must come to what is there: otherwise it is said.
#[test]
fn every_way_to_change_files_is_recorded() {
    if !can_trace() {
        return;
    }
    let steps = [
        "create:a:one",
        "append:a:two",
        "over:b:x",
        "put:b:5000:9000",
        "put-parts:b:100:600",
        "copy:b:c",
        "send:a:d",
        "splice:a:e",
        "sync-data:b",
        "o-sync:f:text",
        "o-dsync:f:more",
        "sync",
        "unnamed:g:hidden",
        "allocate:g:0:100",
        "punch:b:0:4096",
        "cut:b:6000",
        "cut:a:20",
        "rename:a:aa",
        "exchange:aa:b",
        "link:b:l",
        "symlink:b:s",
        "unlink:c",
        "mkdir:dd",
        "create:dd/x:y",
        "rename:dd:de",
        "rename:de/x:x",
        "rmdir:de",
        "chmod:x:600",
        "create:a:re",
    ];
    let (cells, err) = found(&spec(&steps, "test -e kept"), "posix");
    assert_eq!((cells, err.as_str()), (Vec::new(), ""));
}

/// Whether files where runs are can have extended attributes; says why a test does less.
fn has_attributes() -> bool {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let steps = ["create:a:x", "set:a:key:value"];
    let status =
        Command::new(common::fixtures_bin().join("keep-files")).args(steps).current_dir(folder.path()).status();
    let able = status.unwrap().success();
    if !able {
        println!("skipped: files in /tmp have no extended attributes");
    }
    able
}

#[test]
fn every_way_to_change_attributes_is_recorded() {
    if !can_trace() {
        return;
    }
    let mut steps =
        vec!["create:a:x", "symlink:a:s", "mkdir:d", "chmod-fd:a:640", "chmod:d:711", "unnamed:u:x", "sync"];
    if common::is_root() {
        steps.extend(["own:a:1:2", "own:s:3:-1", "own-link:s:4:5", "own-at:s:6:7", "own-fd:d:8:9"]);
        // A new owner takes rights from the mode.
        steps.extend(["chmod:a:4755", "own-fd:a:0:0", "sync"]);
    }
    if has_attributes() {
        steps.extend(["set:a:one:1", "set:s:two:2", "set-fd:d:three:3", "set-link:a:four:4", "set:a:one:other"]);
        steps.extend(["unset:s:two", "unset-fd:d:three", "unset-link:a:four", "sync"]);
    }
    let (cells, err) = found(&spec(&steps, "test -e kept"), "posix");
    assert_eq!((cells, err.as_str()), (Vec::new(), ""));
}

#[test]
fn attributes_are_lost_unless_somebody_waits_for_them() {
    // Without its mode everybody could read what is in it.
    let hidden = "! grep -q said $RINJECT_STDOUT || test $(stat -c %a kept) = 600";
    let lost = ["chmod:kept:600", "print:said"];
    let data_only = ["chmod:kept:600", "sync-data:kept", "print:said"];
    let safe = ["chmod:kept:600", "sync-file:kept", "print:said"];
    for system in ["posix", "ext4", "xfs", "btrfs"] {
        check(&lost, hidden, system, &["chmod#1:lost@chmod#1"]);
        check(&data_only, hidden, system, &["chmod#1:lost@fdatasync#1"]);
        check(&safe, hidden, system, &[]);
    }
    if has_attributes() {
        // One attribute says that the other one is right.
        let keep = common::fixtures_bin().join("keep-files").display().to_string();
        let signed = format!("! {keep} is:kept:signed:yes || {keep} is:kept:sum:42");
        let gone = format!("! grep -q said $RINJECT_STDOUT || ! {keep} is:kept:sum:42");
        let unordered = ["set:kept:sum:42", "set:kept:signed:yes"];
        check(&unordered, &signed, "posix", &["setxattr#1:lost@setxattr#2"]);
        check(&unordered, &signed, "ext4", &[]);
        check(&["set:kept:sum:42", "sync-file:kept", "set:kept:signed:yes"], &signed, "posix", &[]);
        check(
            &["set:kept:sum:42", "sync", "unset:kept:sum", "print:said"],
            &gone,
            "ext4",
            &["removexattr#1:lost@removexattr#1"],
        );
    }
    if common::is_root() {
        // It may be run by its new owner before its old one has given the right away.
        let given = ["own:kept:1:1", "chmod:kept:4755"];
        check(&given, "test $(stat -c %u-%a kept) != 0-4755", "posix", &[]);
        let promised = "! grep -q said $RINJECT_STDOUT || test $(stat -c %u:%g kept) = 1:2";
        check(&["own:kept:1:2", "print:said"], promised, "ext4", &["chown#1:lost@chown#1"]);
    }
}

#[test]
fn what_is_not_seen_call_by_call_is_said() {
    if !can_trace() {
        return;
    }
    let (cells, err) =
        found(&spec(&["store:big:one", "store-sync:kept:two", "append:kept:x"], "test -e kept"), "posix");
    assert!(cells.is_empty(), "{cells:?}");
    for name in ["big", "kept"] {
        assert!(err.contains(&format!("`{name}` is mapped (mmap(2))")), "{err}");
    }
    assert!(!err.contains("is not what the calls"), "{err}");
    // Stores are an operation like others: lost, unless msync has waited for them.
    let stored = |steps: &[&str]| found(&spec(steps, "! grep -q y $RINJECT_STDOUT || grep -q NEW big"), "posix").0;
    assert_eq!(stored(&["store:big:NEW", "print:y"]), ["store#1:lost@store#1"]);
    assert_eq!(stored(&["store-sync:big:NEW", "print:y"]), [""; 0]);
    let outside = tempfile::tempdir().unwrap();
    let step = format!("create:{}/file:text", outside.path().display());
    let (_, err) = found(&spec(&[&step, "append:kept:x"], "true"), "posix");
    assert!(err.contains("outside of the folder of the run is in no state") && err.contains("/file`"), "{err}");
}

#[test]
fn one_state_is_tried_again_by_its_name_and_kept_as_a_spec() {
    if !can_trace() {
        return;
    }
    let text = spec(&["create:new:text", "rename:new:kept", "print:done"], REPLACED);
    let folder = folder(&[("x.toml", &text)]);
    let path = folder.path();
    let (status, out, _) = rinject(path, &["sweep", "x.toml", "--save-findings", "found", "--report", "json=r.json"]);
    assert_eq!(status, 1, "{out}");
    let cell = "write#1:lost@rename#1";
    assert!(out.contains(&format!("again  rinject sweep --cell '{cell}' x.toml")), "{out}");
    assert!(out.contains("lost: write(") && out.contains("can be so on: posix, xfs, btrfs"), "{out}");
    let (status, out, err) = rinject(path, &["sweep", "x.toml", "--cell", cell]);
    assert_eq!(status, 1, "{out}{err}");
    assert!(out.starts_with(&format!("BROKEN {cell}")) && out.contains("1 finding; 1 run: 1 broken"), "{out}");
    let schema = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/sweep.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    for line in fs::read_to_string(path.join("r.json")).unwrap().lines() {
        assert!(schema.is_valid(&serde_json::from_str(line).unwrap()), "{line}");
    }
    // The specs have the states: they fail, and pass where the check gets over them.
    let (status, out, _) = rinject(path, &["run", "--check", "found"]);
    assert!(status == 1 && out.contains("0 passed, 2 failed"), "{out}");
    for entry in fs::read_dir(path.join("found")).unwrap().flatten() {
        if entry.path().extension().is_some_and(|end| end == "toml") {
            let text = fs::read_to_string(entry.path()).unwrap();
            fs::write(
                entry.path(),
                text.replace("case $(cat kept)", "cp $RINJECT_STDOUT kept; echo text >> kept; case text"),
            )
            .unwrap();
        }
    }
    let (status, out, _) = rinject(path, &["run", "--check", "found"]);
    assert_eq!(status, 0, "{out}");
}

#[test]
fn states_are_the_same_in_each_sweep_and_a_sample_is_a_part_of_them() {
    if !can_trace() {
        return;
    }
    let text = spec(&["put:log:0:9000", "create:a:b", "rename:a:c", "sync", "append:log:z"], "true");
    let folder = folder(&[("x.toml", &text)]);
    let cells = |words: &[&str]| -> BTreeSet<String> {
        let (status, out, err) =
            rinject(folder.path(), &[&["sweep", "x.toml", "--report", "json=r.json"], words].concat());
        assert_eq!(status, 0, "{out}{err}");
        let name = |line: &Value| line["cell"].as_str().unwrap().to_owned();
        lines(&folder.path().join("r.json"), "cell").iter().map(name).collect()
    };
    let all = cells(&[]);
    assert!(all.len() > 10 && all.contains("openat#1:before") && all.contains("write#1:kept"), "{all:?}");
    assert_eq!(cells(&["-j", "1"]), all);
    let some = cells(&["--limit", "5", "--seed", "7"]);
    assert!(some.len() == 5 && some.is_subset(&all), "{some:?}");
    let shares: BTreeSet<String> = ["1/2", "2/2"].iter().flat_map(|share| cells(&["--shard", share])).collect();
    assert_eq!(shares, all);
}

/// A copy of such files elsewhere would mean something else.
#[test]
fn files_that_name_their_folder_are_tried_in_it() {
    if !can_trace() {
        return;
    }
    let steps = ["symlink:${tmp}/kept:link", "append:kept:x"];
    let (cells, err) = found(&spec(&steps, "test ! -e link || grep -q old link"), "posix");
    assert_eq!(cells, [""; 0], "{err}");
    assert!(err.contains("files name the folder of the run"), "{err}");
}
