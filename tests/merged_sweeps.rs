//! `rinject merge` of sweeps: shares that several machines have swept are told as one sweep of all runs would have been, and
//! what does not belong together is not joined.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use common::sweeps::script;
use common::{can_trace, folder, rinject};
use serde_json::Value;
use tempfile::TempDir;

mod common;

/// A script whose weaknesses show in many runs, with faults that last and states that a loss of power can leave.
fn specs() -> [(&'static str, String); 2] {
    let loses = "printf a > b 2> /dev/null; printf c > d 2> /dev/null; printf e >> b 2> /dev/null; exit 0";
    let replaces = "printf ab > .new || exit 1; mv .new out";
    let check = "[[check]]\nname = 'whole'\nrun = ['sh', '-c', 'test ! -e out || test -s out']\n";
    [
        ("a.toml", script(loses, "[sweep]\non = 'write, openat'\nmode = ['once', 'from']\npoints = 'each'")),
        ("b.toml", script(replaces, &format!("{check}[sweep]\non = 'write'\nfaults = ['errors', 'states']"))),
    ]
}

/// What a command has printed, said, and ended with.
type Said = (i32, String, String);

/// A folder with the reports of all runs and of three shares, and what the sweep of all runs has said.
fn swept() -> Option<&'static (TempDir, Said)> {
    static SWEPT: OnceLock<(TempDir, Said)> = OnceLock::new();
    if !can_trace() {
        return None;
    }
    Some(SWEPT.get_or_init(|| {
        let specs = specs();
        let folder = folder(&specs.each_ref().map(|(name, text)| (*name, text.as_str())));
        let whole = rinject(folder.path(), &["sweep", "a.toml", "b.toml", "--report", "json=whole.json"]);
        for share in 1..=3 {
            let (shard, report) = (format!("{share}/3"), format!("json=shares/{share}.json"));
            let words = ["sweep", "a.toml", "b.toml", "--shard", &shard, "--report", &report];
            let (status, out, err) = rinject(folder.path(), &words);
            assert!(matches!(status, 0 | 1), "{out}{err}");
        }
        (folder, whole)
    }))
}

/// A report without what the clock says.
fn timeless(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    regex::Regex::new(r#""(duration|limit)_ms":\d+"#).unwrap().replace_all(&text, "").into_owned()
}

#[test]
fn shares_that_are_joined_are_as_one_sweep_of_all_runs() {
    let Some((folder, (status, out, err))) = swept() else { return };
    let path = folder.path();
    assert_eq!(*status, 1, "{out}{err}");
    let words = ["merge", "shares", "--report", "json=joined.json"];
    assert_eq!(rinject(path, &words), (*status, out.clone(), err.clone()));
    assert_eq!(timeless(&path.join("joined.json")), timeless(&path.join("whole.json")));
    // What is joined is a report like any other.
    assert_eq!(rinject(path, &["merge", "joined.json"]), (*status, out.clone(), err.clone()));
    let (status, list, _) = rinject(path, &["merge", "--list", "shares"]);
    assert_eq!((status, &list), (1, &rinject(path, &["merge", "--list", "whole.json"]).1));
    assert!(list.lines().count() > 3 && list.lines().any(|line| line.starts_with("SILENT ")), "{list}");
    let (status, json, _) = rinject(path, &["merge", "--format", "json", "shares"]);
    assert_eq!((status, json), (1, fs::read_to_string(path.join("joined.json")).unwrap()));
}

#[test]
fn the_test_has_findings_that_shares_have_in_common() {
    let Some((folder, _)) = swept() else { return };
    let count = |name: &str| {
        let lines = fs::read_to_string(folder.path().join(name)).unwrap();
        lines.lines().filter(|line| line.contains("\"type\":\"finding\"")).count()
    };
    let shares: usize = ["1", "2", "3"].map(|share| count(&format!("shares/{share}.json"))).iter().sum();
    assert!(count("whole.json") < shares, "{} in {shares}", count("whole.json"));
}

#[test]
fn findings_that_are_known_fail_nothing_when_shares_are_joined() {
    let Some((folder, _)) = swept() else { return };
    let words = ["merge", "shares", "--baseline-findings", "whole.json"];
    let (status, out, err) = rinject(folder.path(), &words);
    assert_eq!(status, 0, "{out}{err}");
    assert!(out.contains("known: SILENT ") && out.contains(", 0 of them new; "), "{out}");
}

/// The lines of a report, changed.
fn changed(folder: &Path, from: &str, to: &str, change: impl Fn(&mut Value)) {
    let text = fs::read_to_string(folder.join(from)).unwrap();
    let lines = text.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        change(&mut line);
        line.to_string() + "\n"
    });
    fs::write(folder.join(to), lines.collect::<String>()).unwrap();
}

#[test]
fn what_does_not_belong_together_is_not_joined() {
    let Some((folder, _)) = swept() else { return };
    let path = folder.path();
    let [one, two, three] = ["shares/1.json", "shares/2.json", "shares/3.json"];
    let refused = |files: &[&str], words: &[&str]| {
        let (status, out, err) = rinject(path, &[&["merge"], files].concat());
        assert_eq!(status, 6, "{files:?}\n{out}{err}");
        words.iter().for_each(|words| assert!(err.contains(words), "{files:?}: {words}\n{err}"));
        assert!(err.contains("\nhelp: "), "{err}");
        out
    };
    let of = |spec: &'static str, change: &'static dyn Fn(&mut Value)| {
        move |line: &mut Value| {
            if line["type"] == "sweep" && line["spec"] == spec {
                change(line);
            }
        }
    };
    changed(path, two, "version.json", of("a.toml", &|line| line["rinject"] = "0.0.9".into()));
    let out = refused(&[one, "version.json", three], &["`version.json` by rinject 0.0.9", "one version of rinject"]);
    assert!(!out.contains("a.toml: ") && out.contains("b.toml: "), "{out}");
    changed(path, two, "spec.json", of("a.toml", &|line| line["marks"]["spec"] = "0".into()));
    refused(&[one, "spec.json", three], &["`a.toml` is another spec in `spec.json` than in `shares/1.json`"]);
    changed(path, two, "program.json", of("b.toml", &|line| line["marks"]["program"] = "0".into()));
    refused(&[one, "program.json", three], &["`b.toml` runs another program in `program.json`"]);
    changed(path, two, "runs.json", of("a.toml", &|line| line["marks"]["runs"] = "0".into()));
    refused(&[one, "runs.json", three], &["`a.toml` has other runs in `runs.json`"]);
    changed(path, two, "count.json", |line| {
        if line["type"] == "summary" {
            line["shard"] = "2/4".into();
        }
    });
    refused(&[one, "count.json", three], &["`count.json` has a share of 4"]);
    refused(&[one, two, three, "whole.json"], &["`whole.json` has all runs"]);
    refused(&[one, two, two, three], &["share 2/3 of `a.toml` is there twice", "with the same verdicts"]);
    changed(path, two, "again.json", |line| {
        if line["verdict"] == "silent" {
            line["verdict"] = "crash".into();
        }
    });
    refused(&[one, two, three, "again.json"], &["they do not agree on `", "` (silent and crash)"]);

    let text = fs::read_to_string(path.join(two)).unwrap();
    let cut = |lines: usize| text.lines().take(lines).map(|line| format!("{line}\n")).collect::<String>();
    fs::write(path.join("cut.json"), cut(3)).unwrap();
    refused(&[one, "cut.json", three], &["cannot join `cut.json`: it has no last line", "share 2/3 of `a.toml`"]);
    fs::write(path.join("torn.json"), cut(2) + "{\"type\":\"cell\",\"ver").unwrap();
    refused(&[one, "torn.json", three], &["cannot join `torn.json`: line 3: no line of a report"]);
    fs::write(path.join("empty.json"), "").unwrap();
    refused(&[one, "empty.json", three], &["cannot join `empty.json`: it has no last line"]);
    fs::write(path.join("two.json"), text.clone() + &text).unwrap();
    refused(&[one, "two.json", three], &["more than one report"]);
    let fewer: Vec<&str> = text.lines().filter(|line| !line.contains("\"cell\":\"write#")).collect();
    fs::write(path.join("fewer.json"), fewer.join("\n")).unwrap();
    refused(&[one, "fewer.json", three], &["lines are missing"]);
    refused(&[one, "nowhere.json", three], &["cannot join `nowhere.json`: No such file"]);
}

#[test]
fn what_is_missing_is_told_beside_what_is_there() {
    let Some((folder, _)) = swept() else { return };
    let path = folder.path();
    let (status, out, err) = rinject(path, &["merge", "shares/1.json", "shares/3.json"]);
    assert_eq!(status, 6, "{out}{err}");
    assert!(err.contains("share 2/3 of `a.toml` is missing\nhelp: give `rinject merge` one report of each"), "{err}");
    assert!(out.contains("SILENT ") && out.contains("a.toml: "), "{out}");
    // One that could not sweep a spec says so.
    let text = fs::read_to_string(path.join("shares/2.json")).unwrap();
    let without: Vec<String> = text
        .lines()
        .filter(|line| !line.contains("\"spec\":\"b.toml\""))
        .map(|line| line.replace("\"status\":1,", "\"status\":6,\"refused\":[\"b.toml\"],"))
        .collect();
    fs::write(path.join("refused.json"), without.join("\n")).unwrap();
    let (status, _, err) = rinject(path, &["merge", "shares/1.json", "refused.json", "shares/3.json"]);
    assert_eq!(status, 6, "{err}");
    assert!(err.contains("of `b.toml` is missing: `refused.json` says that it could not be swept there"), "{err}");
    assert!(err.contains("note: b.toml could not be swept"), "{err}");
}

#[test]
fn reports_of_runs_and_of_sweeps_are_told_apart() {
    let Some((folder, _)) = swept() else { return };
    let path = folder.path();
    rinject(path, &["run", "a.toml", "--report", "json=run.json"]);
    let (status, _, err) = rinject(path, &["merge", "run.json", "whole.json"]);
    assert_eq!(status, 6, "{err}");
    assert!(err.contains("cannot join `run.json`: it is a report of `rinject run`"), "{err}");
    let (status, _, err) = rinject(path, &["merge", "--baseline-findings", "whole.json", "run.json"]);
    assert!(status == 2 && err.contains("is for reports of `rinject sweep`"), "{err}");
    let (status, _, err) = rinject(path, &["merge", "--format", "tap", "whole.json"]);
    assert!(status == 2 && err.contains("sweeps have no `--format tap`\nhelp: "), "{err}");
    let (status, _, err) = rinject(path, &["merge", "whole.json", "--report", "json=whole.json"]);
    assert!(status == 2 && err.contains("`whole.json` is read, and would be written over"), "{err}");
    fs::create_dir_all(path.join("none")).unwrap();
    let (status, _, err) = rinject(path, &["merge", "none"]);
    assert!(status == 6 && err.contains("cannot join `none`: no file in this folder ends in `.json`"), "{err}");
}

/// Ten thousand runs in eight shares, made of one that was really swept.
#[test]
fn ten_thousand_runs_need_no_more_than_a_folder_of_reports() {
    let Some((swept, _)) = swept() else { return };
    const SHARES: usize = 8;
    const POINTS: usize = 2_500;
    let text = fs::read_to_string(swept.path().join("whole.json")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let first = |kind: &str| lines.iter().find(|line| line["type"] == kind).unwrap().clone();
    let model = lines.iter().find(|line| line["verdict"] == "silent").unwrap();
    let mut shares: Vec<Vec<String>> = vec![Vec::new(); SHARES];
    for at in 0..POINTS {
        for (which, errno) in ["ENOSPC", "EIO", "EINTR", "short"].iter().enumerate() {
            let mut cell = model.clone();
            let nth = at + 1;
            cell["number"] = (at * 4 + which + 1).into();
            cell["cell"] = format!("write#{nth}:{errno}").into();
            (cell["nth"], cell["fault"]) = (nth.into(), (*errno).into());
            cell["stack"] = serde_json::json!(["libc.so.6!write+0x14", format!("kv!put{}+0x10", at % 50)]);
            if which > 1 || at % 5 > 0 {
                cell["verdict"] = "reported".into();
                cell["evidence"]["shows"] = serde_json::json!([]);
            }
            shares[(at * 7 + which * 3) % SHARES].push(cell.to_string());
        }
    }
    let folder = folder(&[]);
    for (at, cells) in shares.iter().enumerate() {
        let mut head = first("sweep");
        (head["runs"], head["of"], head["points"]) = (cells.len().into(), (POINTS * 4).into(), POINTS.into());
        let mut summary = first("summary");
        summary["shard"] = format!("{}/{SHARES}", at + 1).into();
        let text = [&[head.to_string()], &cells[..], &[summary.to_string()]].concat().join("\n");
        fs::write(folder.path().join(format!("{at}.json")), text).unwrap();
    }
    let (status, out, err) = rinject(folder.path(), &["merge", ".", "--report", "json=all/joined.json"]);
    assert_eq!(status, 1, "{err}");
    assert!(out.starts_with("a.toml: 2500 points, 10000 runs\n"), "{out}");
    assert!(out.ends_with("a.toml: 10 findings; 10000 runs: 9000 reported, 1000 silent\n"), "{out}");
    let joined = fs::read_to_string(folder.path().join("all/joined.json")).unwrap();
    assert_eq!(joined.lines().count(), 1 + 10_000 + 10 + 1);
}
