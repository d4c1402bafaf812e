//! Reports of sweeps as those read them who they are for: CI systems, viewers of code, browsers; of one machine and of shares.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use common::sweeps::script;
use common::{can_trace, has_program, rinject};
use quick_junit::{NonSuccessKind, Report, TestCaseStatus};
use serde_json::Value;
use tempfile::TempDir;

mod common;

/// It does not look at what `write` returns, and leaves its file behind where it cannot rename it.
const KEEP: &str = r#"#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static void put(const char *text, int size)
{
    int fd = open("kept.new", O_WRONLY | O_CREAT, 0644);
    write(fd, text, size);
}

int main(void)
{
    put("text\n", 5);
    if (rename("kept.new", "kept") < 0) {
        perror("<script>alert(1)</script>");
        return 1;
    }
    return 0;
}
"#;

const REPORTS: [&str; 4] = ["json=r/s.json", "junit=r/s.xml", "sarif=r/s.sarif", "html=r/page"];

/// A folder with all reports of a sweep, and in `joined` those of its shares; `None` where nothing can be traced.
fn reported() -> Option<&'static Path> {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    if !can_trace() {
        return None;
    }
    let folder = FOLDER.get_or_init(|| {
        let folder = common::folder(&[("src/keep.c", KEEP)]);
        let path = folder.path();
        let compiler = Command::new("cc")
            .args(["-g", "-O0", "-w", "-o", "keep", "src/keep.c"])
            .current_dir(path)
            .status()
            .expect("there is a C compiler");
        assert!(compiler.success());
        let program = path.join("keep");
        let errors = "error = ['ENOSPC', 'EIO', 'EXDEV', 'EACCES']";
        let spec = format!(
            "spec = 1\n[target]\nprogram = '{}'\n[sweep]\non = 'write, rename'\n{errors}\n",
            program.display()
        );
        fs::write(path.join("a.toml"), spec).unwrap();
        fs::write(path.join("b.toml"), script("printf a > b 2> /dev/null; exit 0", "[sweep]\non = 'write'")).unwrap();
        let words = &["sweep", "a.toml", "b.toml"][..];
        let reports: Vec<&str> = REPORTS.iter().flat_map(|report| ["--report", report]).collect();
        let (status, out, err) = rinject(path, &[words, &reports].concat());
        assert_eq!(status, 1, "{out}{err}");
        for share in ["1", "2"] {
            let (shard, report) = (format!("{share}/2"), format!("json=shares/{share}.json"));
            rinject(path, &[words, &["--shard", &shard, "--report", &report]].concat());
        }
        let joined: Vec<String> = REPORTS.iter().map(|report| report.replace("r/", "joined/")).collect();
        let joined: Vec<&str> = joined.iter().flat_map(|report| ["--report", report.as_str()]).collect();
        let (status, out, err) = rinject(path, &[&["merge", "shares"], &joined[..]].concat());
        assert_eq!(status, 1, "{out}{err}");
        folder
    });
    Some(folder.path())
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join("r").join(name)).unwrap()
}

#[test]
fn reports_of_shares_are_those_of_one_sweep() {
    let Some(folder) = reported() else { return };
    // What the clock says: attributes of JUnit, keys of JSON, words of the page.
    let times = regex::Regex::new(r#" time="[^"]*"|"(duration|limit)_ms":\d+| in \d+\.\d s"#).unwrap();
    for name in ["s.json", "s.xml", "s.sarif", "page/index.html"] {
        let text = |of: &str| fs::read_to_string(folder.join(of).join(name)).unwrap();
        assert_eq!(times.replace_all(&text("joined"), ""), times.replace_all(&text("r"), ""), "{name}");
    }
}

#[test]
fn junit_has_a_suite_for_each_spec_and_a_case_for_each_run() {
    let Some(folder) = reported() else { return };
    let report = Report::deserialize_from_str(&read(folder, "s.xml")).unwrap();
    let [keep, shell] = &report.test_suites[..] else { panic!("{}", report.test_suites.len()) };
    assert_eq!((keep.name.as_str(), keep.tests, keep.failures, keep.errors), ("a.toml", 6, 6, 0));
    assert_eq!((shell.name.as_str(), shell.failures), ("b.toml", 2));
    let case = |name: &str| keep.test_cases.iter().find(|case| case.name.as_str() == name).unwrap();
    let lost = case("write#1:ENOSPC");
    assert_eq!(lost.classname.as_ref().unwrap().as_str(), "keep!put");
    assert_eq!((lost.extra["file"].as_str(), lost.extra["line"].as_str()), ("src/keep.c", "8"));
    let again = lost.properties.iter().find(|property| property.name.as_str() == "again").unwrap();
    assert_eq!(again.value.as_str(), "rinject sweep --cell 'write#1:ENOSPC' a.toml");
    let said = |name: &str| match &case(name).status {
        TestCaseStatus::NonSuccess { kind, ty, message, description, .. } => {
            let text = |it: &Option<quick_junit::XmlString>| it.as_ref().unwrap().as_str().to_owned();
            assert_eq!(*kind, NonSuccessKind::Failure);
            (text(ty), text(message), text(description))
        }
        other => panic!("{other:?}"),
    };
    let (kind, message, text) = said("write#1:ENOSPC");
    assert_eq!((kind.as_str(), message.as_str()), ("silent", "exited 0, at keep.c:8 (put)"));
    for words in ["Error: SILENT write#1:ENOSPC", "call   write(", "also   write#1:EIO", "again  rinject sweep"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert_eq!(said("write#1:EIO").2, "Error: it shows the same as `write#1:ENOSPC`");
    assert_eq!(said("rename#1:ENOSPC").0, "leftover");
    assert!(said("rename#1:ENOSPC").2.contains("<script>alert(1)</script>: No space left"), "as it was printed");

    let words = ["sweep", "a.toml", "--baseline-findings", "r/s.json", "--report", "junit=known.xml"];
    assert_eq!(rinject(folder, &words).0, 0);
    let known = Report::deserialize_from_str(&fs::read_to_string(folder.join("known.xml")).unwrap()).unwrap();
    assert_eq!((known.test_suites[0].failures, known.test_suites[0].skipped), (0, 6), "what is known fails nothing");
}

#[test]
fn sarif_has_a_result_for_each_finding_at_its_line_of_source() {
    let Some(folder) = reported() else { return };
    let log: Value = serde_json::from_str(&read(folder, "s.sarif")).unwrap();
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    let findings = common::sweeps::lines(&folder.join("r/s.json"), "finding");
    assert_eq!(results.len(), findings.len());
    for (result, finding) in results.iter().zip(&findings) {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!((&rule["id"], &result["ruleId"]), (&finding["verdict"], &finding["verdict"]));
        assert!(!rule["help"]["text"].as_str().unwrap().is_empty(), "{rule}");
        assert_eq!((&result["properties"]["runs"], &result["level"]), (&finding["cells"], &"error".into()));
        let text = result["message"]["text"].as_str().unwrap();
        assert!(text.ends_with(result["properties"]["again"].as_str().unwrap()), "{text}");
    }
    let place = |at: usize| &results[at]["locations"][0]["physicalLocation"];
    assert_eq!(results[0]["ruleId"], "silent");
    assert_eq!(place(0)["artifactLocation"]["uri"], "src/keep.c");
    assert_eq!(place(0)["region"]["startLine"], 8);
    assert_eq!(results[0]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"], "keep!put");
    let frames = results[0]["stacks"][0]["frames"].as_array().unwrap();
    let name = |frame: &Value| frame["location"]["logicalLocations"][0]["fullyQualifiedName"].to_string();
    assert!(frames.iter().map(name).any(|name| name.contains("keep!main+0x")), "{frames:?}");
    let shell = results.iter().position(|result| result["properties"]["spec"] == "b.toml").unwrap();
    assert_eq!(place(shell)["artifactLocation"]["uri"], "b.toml", "what has no source is at its spec");

    // Of another sweep a finding has the same mark, whichever error shows it.
    let marks = |log: &Value| {
        let results = log["runs"][0]["results"].as_array().unwrap();
        results.iter().map(|it| it["partialFingerprints"]["rinjectFinding/v1"].to_string()).collect::<Vec<String>>()
    };
    let words = ["sweep", "a.toml", "--on", "write", "--error", "EIO", "--report", "sarif=eio.sarif"];
    rinject(folder, &[&words[..], &["--baseline-findings", "r/s.json"]].concat());
    let other: Value = serde_json::from_str(&fs::read_to_string(folder.join("eio.sarif")).unwrap()).unwrap();
    assert_eq!(marks(&other), marks(&log)[..1]);
    assert_eq!(other["runs"][0]["results"][0]["baselineState"], "unchanged");
    let mut all = marks(&log);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), results.len(), "each has a mark of its own");
}

#[test]
fn the_page_needs_nothing_else_and_has_each_run() {
    let Some(folder) = reported() else { return };
    let page = read(folder, "page/index.html");
    for words in [
        "<h1>3 findings</h1>",
        "prefers-color-scheme: dark",
        "<span class=\"tile v-silent\">S</span> <b>silent</b> <span class=\"number\">4</span>",
        "Look at what the call returned",
        "&lt;script&gt;alert(1)&lt;",
        "<dt>again</dt><dd class=\"command\">rinject sweep --cell &#x27;write#1:ENOSPC&#x27; a.toml</dd>",
    ] {
        assert!(page.contains(words), "{words} is not on the page:\n{page}");
    }
    for words in ["<link", "<img", "src=", "href=\"http", "url(", "@import", "<script>alert", "{{", "{%"] {
        assert!(!page.contains(words), "{words} is on the page");
    }
    let data = page.split("id=\"data\">").nth(1).unwrap().split("</script>").next().unwrap();
    let data: Value = serde_json::from_str(data).unwrap();
    let runs = data[0]["runs"].as_array().unwrap();
    let cells = common::sweeps::lines(&folder.join("r/s.json"), "cell");
    let of_spec: Vec<&Value> = cells.iter().filter(|cell| cell["spec"] == "a.toml").collect();
    assert_eq!(runs.len(), of_spec.len());
    for (run, cell) in runs.iter().zip(of_spec) {
        assert_eq!((&run["name"], &run["v"], &run["again"]), (&cell["cell"], &cell["verdict"], &cell["again"]));
        assert_eq!((&run["ended"], &run["call"]), (&cell["evidence"]["how"], &cell["evidence"]["at"]));
        let point = &data[0]["points"][usize::try_from(run["p"].as_u64().unwrap()).unwrap()];
        assert_eq!(point["program"], "keep");
        let stack = point["stack"].as_array().unwrap();
        let frame = |at: &Value| &data[0]["frames"][usize::try_from(at.as_u64().unwrap()).unwrap()];
        assert_eq!(
            stack.iter().map(frame).collect::<Vec<_>>(),
            cell["stack"].as_array().unwrap().iter().collect::<Vec<_>>()
        );
    }
}

#[test]
fn browsers_lay_out_the_heat_map_and_open_what_a_cell_rests_on() {
    let Some(folder) = reported() else { return };
    if !has_program("chromium") {
        return;
    }
    // Somebody types a word, and clicks on the first cell that is left.
    let page = read(folder, "page/index.html").replace(
        "</body>",
        "<script>document.getElementById('text').value = 'enospc put';\
         document.getElementById('findings-only').click();\
         document.querySelector('.map tr.call .tile').click();</script></body>",
    );
    fs::write(folder.join("clicked.html"), page).unwrap();
    let output = Command::new("timeout")
        .args(["-s", "KILL", "60", "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"])
        .arg(folder.join("clicked.html"))
        .stderr(Stdio::null())
        .output()
        .unwrap();
    let page = String::from_utf8_lossy(&output.stdout);
    let map = page.split("id=\"m1\">").nth(1).unwrap().split("</table>").next().unwrap();
    assert!(map.contains(">put</button>") && map.contains("aria-label=\"ENOSPC: 1 silent\""), "{map}");
    assert!(!map.contains("rename#1"), "what does not match is not there: {map}");
    let panel = page.split("id=\"panel\"").nth(1).unwrap().split("</aside>").next().unwrap();
    for words in ["write#1 at keep.c:8 (put): 1 run", "<dt>call</dt>", "-1 ENOSPC", "keep!main+0x", "a.toml</dd>"] {
        assert!(panel.contains(words), "{words}: {panel}");
    }
    assert!(page.contains(">1 of 8 runs</output>"), "it says how many are left");
}

#[test]
fn what_is_no_report_is_told_before_anything_runs() {
    let folder = common::folder(&[("x.toml", &script("true", "[sweep]\non = 'write'"))]);
    let check = |words: &[&str], report: &str, status: i32, told: &str| {
        let (found, out, err) = rinject(folder.path(), &[words, &["--report", report]].concat());
        assert_eq!((found, out.as_str()), (status, ""), "{err}");
        assert!(err.contains(told), "{err}");
    };
    let sweep = ["sweep", "x.toml"];
    check(
        &sweep,
        "tap=x",
        2,
        "there is no report `tap`\nhelp: write KIND=FILE; kinds are `html`, `json`, `junit`, `sarif`",
    );
    check(&sweep, "juint=x", 2, "did you mean `junit=x`?");
    check(&sweep, "html", 2, "`--report html` names no file");
    check(&sweep, "sarif=x.toml/y", 6, "cannot write the report `x.toml/y`: ");
    fs::write(folder.path().join("s.json"), "{\"type\":\"sweep\",\"version\":1}\n").unwrap();
    check(&["merge", "s.json"], "trace=x", 2, "there is no report `trace`\nhelp: write KIND=FILE; kinds are `html`");
}
