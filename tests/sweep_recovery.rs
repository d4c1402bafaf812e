//! `[sweep] recovery`: the recovery of what a kill or a loss of power leaves meets faults, too. One that is right when nothing
//! disturbs it and loses data when it is ended half-way is found; one that is right in both has no finding.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

use std::fs;

use common::sweeps::{lines, script, verdicts};
use common::{can_trace, folder, rinject};

mod common;

/// Keeps the old text in a journal while it writes over it.
const PUT: &str = "cp out journal; printf new > out; rm journal";
/// Takes the journal away before the text is back.
const LOSES: &str = "test ! -e journal || { mv journal moved && cat moved > out && rm moved; }";
/// Takes it away behind that.
const KEEPS: &str = "test ! -e journal || { cat journal > out && rm journal; }";
const OLD_OR_NEW: &str = "case $(cat out) in old|new) ;; *) echo lost; exit 1;; esac";

/// A program that writes over a text, and the recovery of what a kill leaves of it.
fn spec(recovery: &str, sweep: &str) -> String {
    let check =
        |name: &str, command: &str| format!("[[check]]\nname = '{name}'\nrun = ['/bin/sh', '-c', '''{command}''']\n");
    let (recovers, holds) = (check("recovery", recovery), check("old or new", OLD_OR_NEW));
    script(PUT, &format!("files = {{ out = 'old' }}\n{recovers}{holds}[sweep]\n{sweep}"))
}

const KILL: &str =
    "on = 'file.write, file.open, meta.unlink, meta.rename'\nbaseline = 2\nfaults = ['kill']\nrecovery = true";

#[test]
fn a_recovery_that_loses_data_when_it_is_killed_is_found_and_one_that_does_not_is_not() {
    if !can_trace() {
        return;
    }
    let folder = folder(&[("loses.toml", &spec(LOSES, KILL)), ("keeps.toml", &spec(KEEPS, KILL))]);
    let keeps = verdicts(folder.path(), &["keeps.toml"]);
    assert!(keeps.keys().any(|cell| cell.contains(":kill-after/1.")), "{keeps:?}");
    assert!(keeps.values().all(|verdict| verdict == "masked"), "{keeps:?}");

    let loses = verdicts(folder.path(), &["loses.toml"]);
    let broken: Vec<&String> =
        loses.iter().filter(|(_, verdict)| *verdict == "broken").map(|(cell, _)| cell).collect();
    assert!(!broken.is_empty() && broken.iter().all(|cell| cell.contains("/1.")), "{loses:?}");
    // The second check looks, and changes nothing.
    assert!(!loses.keys().any(|cell| cell.contains("/2.")), "{loses:?}");
    // Without faults in the recovery nothing is to be seen.
    let alone = spec(LOSES, &KILL.replace("recovery = true", ""));
    fs::write(folder.path().join("alone.toml"), alone).unwrap();
    let alone = verdicts(folder.path(), &["alone.toml"]);
    assert!(alone.values().all(|verdict| verdict == "masked"), "{alone:?}");
    let firsts = loses.keys().filter(|cell| !cell.contains('/')).count();
    assert_eq!(firsts, alone.len());
    // What several kills leave alike is recovered once.
    let recovered: std::collections::BTreeSet<&str> =
        loses.keys().filter_map(|cell| Some(cell.split_once('/')?.0)).collect();
    assert!(recovered.len() < firsts, "{recovered:?}");
}

#[test]
fn a_fault_in_a_recovery_is_told_with_the_one_before_it_and_can_be_made_again() {
    if !can_trace() {
        return;
    }
    let folder = folder(&[("x.toml", &spec(LOSES, KILL))]);
    let path = folder.path();
    let (status, out, err) = rinject(path, &["sweep", "x.toml", "--report", "json=r.json,html=r.html"]);
    assert_eq!(status, 1, "{out}{err}");
    let findings = lines(&path.join("r.json"), "finding");
    let broken = findings.iter().find(|finding| finding["verdict"] == "broken").expect("it is found");
    assert_eq!(broken["key"], "broken kill in check 1 with check \"old or new\"");
    let cell = broken["cells"][0].as_str().unwrap();
    let (first, _) = cell.split_once('/').unwrap();
    assert!(out.contains(&format!("  after  {first}: ")), "{out}");
    assert!(
        out.contains("recovery of what ") && out.contains("  seen   run once more, check \"old or new\""),
        "{out}"
    );
    assert!(out.contains("  ended  check \"recovery\" "), "{out}");
    let page = fs::read_to_string(path.join("r.html")).unwrap();
    let faults =
        lines(&path.join("r.json"), "cell").iter().filter(|cell| cell["cell"].to_string().contains('/')).count();
    let columns = "\"kill-before\",\"kill-after\",\"torn\",\"recovery: kill-before\",\"recovery: kill-after\",\"recovery: torn\"";
    for words in [
        "<dt>after</dt>",
        columns,
        &format!("{faults} faults in recoveries"),
        "of a recovery a check meets the fault",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }

    let (status, out, err) = rinject(path, &["sweep", "--cell", cell, "x.toml"]);
    assert_eq!((status, err.as_str()), (1, ""), "{out}");
    assert!(out.starts_with(&format!("BROKEN {cell} ")), "{out}");
    let missing = format!("{first}/7.write#1:kill-after");
    let (status, _, err) = rinject(path, &["sweep", "--cell", &missing, "x.toml"]);
    assert_eq!(status, 4, "{err}");
    assert!(err.contains(&format!("there is no run `{missing}`")), "{err}");
}

#[test]
fn shares_and_sweeps_that_go_on_have_the_same_faults_in_recoveries() {
    if !can_trace() {
        return;
    }
    let folder = folder(&[("x.toml", &spec(LOSES, KILL))]);
    let path = folder.path();
    let whole = verdicts(path, &["x.toml", "--state", "state"]);
    let known = fs::read_to_string(path.join("state")).unwrap();
    let some: Vec<&str> = known.lines().take(whole.len() / 2).collect();
    fs::write(path.join("state"), format!("{}\n", some.join("\n"))).unwrap();
    let (_, _, err) = rinject(path, &["sweep", "x.toml", "--state", "state", "--resume"]);
    assert!(err.contains(&format!("{} of {} runs are known", some.len(), whole.len())), "{err}");
    assert_eq!(fs::read_to_string(path.join("state")).unwrap().lines().count(), whole.len());

    let mut cells = 0;
    for share in 1..=2 {
        let (shard, report) = (format!("{share}/2"), format!("json=shares/{share}.json"));
        rinject(path, &["sweep", "x.toml", "--shard", &shard, "--report", &report]);
        cells += lines(&path.join(format!("shares/{share}.json")), "cell").len();
    }
    assert_eq!(cells, whole.len());
    let (_, one, _) = rinject(path, &["sweep", "x.toml"]);
    let (status, joined, err) = rinject(path, &["merge", "shares"]);
    assert_eq!((status, err.as_str()), (1, ""));
    assert_eq!(joined, one);
    let limited = verdicts(path, &["x.toml", "--limit", "10"]);
    assert_eq!(limited.len(), 10);
    assert!(limited.iter().all(|run| whole.get_key_value(run.0) == Some(run)), "{limited:?}");
}

#[test]
fn a_saved_fault_in_a_recovery_fails_and_passes_with_a_recovery_that_is_right() {
    if !can_trace() {
        return;
    }
    let folder = folder(&[("x.toml", &spec(LOSES, KILL))]);
    let path = folder.path();
    rinject(path, &["sweep", "--quiet", "x.toml", "--save-findings", "found"]);
    let saved = |verdict: &str| {
        let names = fs::read_dir(path.join("found")).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names = names.map(|name| name.into_string().unwrap()).filter(|name| name.ends_with(".toml"));
        names.find(|name| name.starts_with(&format!("x-{verdict}-"))).expect("it is saved")
    };
    for verdict in ["broken", "leftover"] {
        let name = format!("found/{}", saved(verdict));
        let (status, out, err) = rinject(path, &["run", &name]);
        assert_eq!(status, 1, "{out}{err}");
        assert!(!out.contains("never fired"), "{out}");
    }
    // Without the fault it is right.
    let name = path.join("found").join(saved("broken"));
    let text = fs::read_to_string(&name).unwrap();
    assert!(text.contains("# run once more, check \"old or new\" exited 1"), "{text}");
    let undisturbed = text.split("[[inject]]").next().unwrap().replace("signal = \"SIGKILL\"", "any-of = [0, 1]");
    fs::write(path.join("found/undisturbed.toml"), undisturbed).unwrap();
    let (status, out, err) = rinject(path, &["run", "found/undisturbed.toml"]);
    assert_eq!(status, 0, "{out}{err}");

    // What the program has printed is another thing for checks behind the one that is the program now.
    let prints = spec(LOSES, KILL).replace("case $(", "cat $RINJECT_STDOUT; case $(");
    fs::write(path.join("prints.toml"), prints).unwrap();
    let (_, _, err) = rinject(path, &["sweep", "--quiet", "prints.toml", "--save-findings", "none"]);
    assert!(err.contains(" is not written: ") && err.contains("makes it again"), "{err}");
    assert_eq!(fs::read_dir(path.join("none")).unwrap().count(), 0);
}

#[test]
fn a_recovery_meets_the_errors_of_the_sweep_and_what_a_loss_of_power_leaves() {
    if !can_trace() {
        return;
    }
    // Who has no room on the disk takes the journal away all the same.
    let careless = "test ! -e journal || { cat journal > out; rm journal; }";
    let faults = "on = 'file.write, meta.unlink'\nfaults = ['errors', 'states']\nerror = 'ENOSPC'\nrecovery = true";
    let folder = folder(&[("careless.toml", &spec(careless, faults)), ("keeps.toml", &spec(KEEPS, faults))]);
    // A journal that is not on the disk is no finding of the recovery: only runs with faults in it are looked at.
    let of = |name: &str| {
        let all = verdicts(folder.path(), &[name]);
        all.into_iter().filter(|(cell, _)| cell.contains("/1.")).collect::<Vec<_>>()
    };
    let (careless, keeps) = (of("careless.toml"), of("keeps.toml"));
    let has = |runs: &[(String, String)], fault: &str, verdict: &str| {
        runs.iter().any(|(cell, seen)| cell.ends_with(fault) && seen == verdict)
    };
    assert!(has(&careless, ":ENOSPC", "broken"), "{careless:?}");
    assert!(has(&keeps, ":ENOSPC", "reported") && has(&keeps, ":kill-after", "masked"), "{keeps:?}");
    assert!(!keeps.iter().any(|(_, verdict)| verdict == "broken"), "{keeps:?}");
}

#[test]
fn files_that_name_their_folder_are_recovered_where_they_were() {
    if !can_trace() {
        return;
    }
    let put = "echo $PWD/out > where; cp out journal; printf new > out; rm journal";
    let check = "[[check]]\nrun = ['/bin/sh', '-c', '''test ! -e journal || { to=$(cat where); cat journal > $to && rm journal; }''']\n\
        [[check]]\nname = 'there'\nrun = ['/bin/sh', '-c', '''case $(cat $(cat where || echo out)) in old|new) ;; *) exit 1;; esac''']\n";
    let text = script(put, &format!("files = {{ out = 'old' }}\n{check}[sweep]\n{KILL}\n"));
    let folder = folder(&[("x.toml", &text)]);
    let all = verdicts(folder.path(), &["x.toml"]);
    let recovered = all.iter().filter(|(cell, _)| cell.contains("/1."));
    assert!(recovered.clone().count() > 4 && recovered.clone().all(|(_, verdict)| verdict == "masked"), "{all:?}");
}
