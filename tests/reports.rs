//! Reports of runs as those read them who they are for: CI systems, viewers, browsers.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus};
use serde_json::Value;
use tempfile::TempDir;

mod common;

const GOOD: &str = "spec = 1\ntarget = { program = \"cat\", args = [\"in\"], files = { in = \"x\" } }\n\
    inject = [{ name = \"bad-disk\", on = \"read(fd ~ '${tmp}/in')\", error = \"EIO\" }]\n\
    trace = { drop = [\"read(fd ~ '/etc/**')\", \"read(fd ~ '/usr/**')\"] }\n\
    expect = { exit = 1, stderr = { contains = [\"Input/output error\"] } }\n";

/// It prints what is a command to GitHub, an element to a browser, a directive to TAP and the end of a section to XML.
const HOSTILE: &str = "spec = 1\ntarget = { program = \"sh\", args = [\"-c\", \"\"\"echo '::error::x<script>alert(1)</script>]]>\
    \n::add-mask::x' # TODO\"\"\"] }\ntrace = { syscalls = [\"write\"] }\nexpect = { stdout = { equals = \"<b>\\n::debug::\" } }\n";

/// All ways in which a case can end, but those that take long.
fn specs() -> Vec<(&'static str, String)> {
    let known = |reason: &str| format!("xfail = \"{reason}\"\n");
    let after = |text: &str, more: &str| text.replacen("spec = 1\n", &format!("spec = 1\n{more}"), 1);
    vec![
        ("a-good.toml", GOOD.to_owned()),
        ("b-bad.toml", GOOD.replace("exit = 1", "exit = 0")),
        ("c-known.toml", after(&GOOD.replace("exit = 1", "exit = 0"), &known("it is #7"))),
        ("d-mended.toml", after(GOOD, &known("it was #8"))),
        ("e-skipped.toml", after(GOOD, "requires = [\"program:no-such-program\"]\n")),
        ("f-invalid.toml", "spec = 1\ntraget = {}\n".to_owned()),
        ("g-hostile.toml", HOSTILE.to_owned()),
        (
            "h-unfired.toml",
            GOOD.replace("/in')", "/out')")
                .replace("exit = 1, stderr = { contains = [\"Input/output error\"] }", "exit = 0"),
        ),
    ]
}

const REPORTS: [&str; 6] =
    ["junit=r/j.xml", "json=r/j.json", "tap=r/t.tap", "sarif=r/s.sarif", "trace=r/t.json", "html=r/page"];

/// A folder with all reports of one run; `None` where nothing can be traced.
fn reported() -> Option<&'static Path> {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    if !common::can_trace() {
        return None;
    }
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in specs() {
            fs::write(folder.path().join(name), text).unwrap();
        }
        for name in ["a-good.toml", "b-bad.toml", "h-unfired.toml"] {
            fs::write(folder.path().join(name).with_extension("snap"), SNAPSHOT).unwrap();
        }
        common::rinject(folder.path(), &["run", "-u", "a-good.toml", "d-mended.toml"]);
        let mut words = vec!["run", "--check", "-j1"];
        words.extend(REPORTS.iter().flat_map(|report| ["--report", report]));
        words.push(".");
        let (status, out, err) = common::rinject(folder.path(), &words);
        assert_eq!(status, 3, "{out}{err}");
        folder
    });
    Some(folder.path())
}

/// What no run comes to.
const SNAPSHOT: &str = "---\nsource: \"x.toml\"\nexpression: \"x\"\n---\nP1     exec(\"dog\", argc=2)\n";

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join("r").join(name)).unwrap()
}

#[test]
fn junit_has_every_case_with_what_is_known_of_it() {
    let Some(folder) = reported() else { return };
    let report = Report::deserialize_from_str(&read(folder, "j.xml")).unwrap();
    let suite = &report.test_suites[0];
    assert_eq!((suite.tests, suite.failures, suite.errors, suite.skipped), (8, 4, 1, 2));
    let case = |name: &str| suite.test_cases.iter().find(|case| case.name.as_str().contains(name)).unwrap();
    assert!(matches!(case("a-good").status, TestCaseStatus::Success { .. }));
    let failed = |case: &TestCase, wanted: NonSuccessKind, kind: &str, words: &str| match &case.status {
        TestCaseStatus::NonSuccess { kind: is, ty, message, description, .. } => {
            assert_eq!((*is, ty.as_ref().unwrap().as_str()), (wanted, kind));
            let all = format!("{message:?}{description:?}");
            assert!(all.contains(words), "{all}");
        }
        other => panic!("{}: {other:?}", case.name.as_str()),
    };
    failed(case("b-bad"), NonSuccessKind::Failure, "fail", "Error: error[RJ0702]");
    failed(case("d-mended"), NonSuccessKind::Failure, "xpass", "it was #8");
    failed(case("f-invalid"), NonSuccessKind::Error, "error", "unknown key `traget`");
    let skipped = |case: &TestCase, kind: &str, reason: &str| match &case.status {
        TestCaseStatus::Skipped { ty, message, .. } => {
            assert_eq!(ty.as_ref().unwrap().as_str(), kind);
            assert!(message.as_ref().unwrap().as_str().contains(reason), "{message:?}");
        }
        other => panic!("{}: {other:?}", case.name.as_str()),
    };
    skipped(case("c-known"), "xfail", "it is #7");
    skipped(case("e-skipped"), "skip", "no-such-program");
    let properties = &case("b-bad").properties;
    assert!(
        properties.iter().any(|it| it.name.as_str() == "rule bad-disk" && it.value.as_str() == "fired 1, matched 1")
    );
    assert_eq!(case("b-bad").extra["line"].as_str(), "5");
    assert!(case("b-bad").system_err.as_ref().unwrap().as_str().contains("Input/output error"));
    assert!(case("g-hostile").system_out.as_ref().unwrap().as_str().contains("<script>"), "as it was printed");
}

#[test]
fn each_line_of_json_is_as_the_schema_says() {
    let Some(folder) = reported() else { return };
    let schema = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/report.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let (_, checked, _) = common::rinject(folder, &["check", "--format", "json", "."]);
    let text = read(folder, "j.json") + &checked;
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &lines {
        let errors: Vec<String> = validator.iter_errors(line).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{line:#}\n{errors:?}");
    }
    let of = |kind: &str| lines.iter().filter(|line| line["type"] == kind).count();
    assert_eq!((of("case"), of("summary"), of("check")), (8, 1, 8));
    let statuses: Vec<&str> = lines[..8].iter().map(|line| line["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["pass", "fail", "xfail", "xpass", "skip", "error", "fail", "fail"]);
    assert!(lines[1]["failures"][1]["diff"].as_str().unwrap().contains("- P1     exec(\"dog\""), "{}", lines[1]);
    let mut wrong = lines[0].clone();
    wrong["status"] = "passed".into();
    assert!(!validator.is_valid(&wrong), "the schema refuses something");
}

#[test]
fn tap_is_a_line_for_each_case_and_a_block_for_each_that_failed() {
    let Some(folder) = reported() else { return };
    let text = read(folder, "t.tap");
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with(' ')).collect();
    let expected = [
        "TAP version 14",
        "ok 1 - ./a-good.toml",
        "not ok 2 - ./b-bad.toml",
        "not ok 3 - ./c-known.toml # TODO it is \\#7",
        "not ok 4 - ./d-mended.toml",
        "ok 5 - ./e-skipped.toml # SKIP requires the program `no-such-program`, which is not installed",
        "not ok 6 - ./f-invalid.toml",
        "not ok 7 - ./g-hostile.toml",
        "not ok 8 - ./h-unfired.toml",
        "1..8",
    ];
    assert_eq!(lines, expected);
    let bad = text.split("not ok 2").nth(1).unwrap().split("not ok 3").next().unwrap();
    for words in [
        "  ---\n",
        "  severity: fail\n",
        "    - code: RJ0702\n",
        "      at: \"./b-bad.toml:5:",
        "      diff: |2\n",
        "  ...\n",
    ] {
        assert!(bad.contains(words), "{words}: {bad}");
    }
    let mended = text.split("not ok 4").nth(1).unwrap();
    assert!(mended.contains("it passed although it is known to fail: it was #8"), "{mended}");
}

#[test]
fn sarif_points_into_the_specs() {
    let Some(folder) = reported() else { return };
    let log: Value = serde_json::from_str(&read(folder, "s.sarif")).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    for result in results.iter().filter(|result| !result["ruleId"].is_null()) {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(!rule["help"]["text"].as_str().unwrap().is_empty(), "{rule}");
    }
    let of = |file: &str| {
        let uri = |result: &&Value| result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == file;
        results.iter().filter(uri).collect::<Vec<_>>()
    };
    assert!(of("a-good.toml").is_empty());
    let [exit, snapshot] = of("b-bad.toml")[..] else { panic!("two failures") };
    assert_eq!((&exit["ruleId"], &exit["level"]), (&"RJ0702".into(), &"error".into()));
    let region = &exit["locations"][0]["physicalLocation"]["region"];
    assert_eq!((&region["startLine"], &region["snippet"]["text"]), (&5.into(), &"0".into()));
    assert_eq!(snapshot["ruleId"], "RJ0712");
    assert_eq!(of("c-known.toml")[0]["suppressions"][0]["justification"], "it is #7");
    assert_eq!(of("f-invalid.toml")[0]["ruleId"], "RJ0102");

    let words = ["check", "--report", "sarif=c.sarif", "."];
    assert_eq!(common::rinject(folder, &words).0, 3);
    let log: Value = serde_json::from_str(&fs::read_to_string(folder.join("c.sarif")).unwrap()).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert!(results.iter().all(|result| result["ruleId"] == "RJ0102"), "{log}");
}

#[test]
fn trace_events_have_a_track_for_each_task_and_a_mark_for_each_fault() {
    let Some(folder) = reported() else { return };
    let log: Value = serde_json::from_str(&read(folder, "t.json")).unwrap();
    let events = log["traceEvents"].as_array().unwrap();
    let of = |case: u64, phase: &str| {
        events.iter().filter(|event| event["pid"] == case && event["ph"] == phase).collect::<Vec<_>>()
    };
    let names: Vec<&str> = of(1, "M").iter().filter_map(|event| event["args"]["name"].as_str()).collect();
    assert_eq!(names, ["./a-good.toml (pass)", "P1"]);
    let slices = of(1, "X");
    let lines: Vec<u64> = slices.iter().map(|event| event["ts"].as_u64().unwrap()).collect();
    assert_eq!(lines, (1..=lines.len() as u64).map(|line| line * 1000).collect::<Vec<_>>(), "one line is one ms");
    assert_eq!((&of(1, "b")[0]["ts"], &of(1, "e")[0]["ts"]), (&0.into(), &(lines.len() * 1000 + 1000).into()));
    let red: Vec<&Value> = slices.iter().filter(|slice| slice["cname"] == "terrible").map(|it| &it["name"]).collect();
    assert_eq!(red, ["read"], "what a rule has changed stands out");
    assert_eq!(slices[0]["args"]["text"], "exec(\"cat\", argc=2)");
    let [fault] = of(1, "i")[..] else { panic!("one fault") };
    assert_eq!((&fault["name"], &fault["cat"]), (&"INJECTED bad-disk #1".into(), &"fault".into()));
    assert!(of(2, "i").iter().any(|event| event["cat"] == "failure"));
}

#[test]
fn the_page_shows_everything_and_runs_nothing() {
    let Some(folder) = reported() else { return };
    let page = read(folder, "page/index.html");
    for words in [
        "1 passed, 4 failed, 1 error, 1 skipped, 1 known to fail",
        "<mark>0</mark>",
        "<span class=\"chip\">INJECTED bad-disk #1</span>",
        "class=\"del\"",
        "<svg class=\"timeline\"",
        "unknown key `traget`",
        "it is #7",
        "&lt;script&gt;alert(1)&lt;",
        "id=\"show-bad\"",
        "prefers-color-scheme: dark",
    ] {
        assert!(page.contains(words), "{words} is not on the page:\n{page}");
    }
    for words in ["<script", "<link", "<img", "src=", "href=\"http", "url(", "@import", "{{", "{%"] {
        assert!(!page.contains(words), "{words} is on the page");
    }
    let all = |words: &str| regex::Regex::new(words).unwrap();
    for link in all("href=\"#([^\"]*)\"").captures_iter(&page) {
        assert!(page.contains(&format!("id=\"{}\"", &link[1])), "{} leads nowhere", &link[0]);
    }
    // What opens is closed, in the right order.
    let mut open = Vec::new();
    let tags = regex::Regex::new(r"<(/?)([a-z][a-z0-9]*)(?:\s[^<>]*?)?(/?)>").unwrap();
    let body = page.split("</head>").nth(1).and_then(|body| body.trim_end().strip_suffix("</html>")).unwrap();
    for tag in tags.captures_iter(body) {
        match (&tag[1], &tag[2], &tag[3]) {
            (_, "input", _) | (_, _, "/") => {}
            ("", name, _) => open.push(name.to_owned()),
            (_, name, _) => {
                assert_eq!(open.pop().as_deref(), Some(name), "in {:?}", &body[..tag.get(0).unwrap().start()])
            }
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn a_case_that_passed_at_its_second_try_is_flaky() {
    if !common::can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let text = format!(
        "spec = 1\ntarget = {{ program = \"sh\", args = [\"-c\", \"test -e {0} || {{ : > {0}; exit 1; }}\"] }}\n\
        snapshot = {{ transcript = false }}\n",
        mark.display()
    );
    fs::write(folder.path().join("x.toml"), text).unwrap();
    let words =
        ["run", "--retries", "2", "--format", "tap", "--report", "junit=j.xml", "--report", "html=x.html", "x.toml"];
    let (status, out, err) = common::rinject(folder.path(), &words);
    assert_eq!((status, out.as_str()), (0, "TAP version 14\nok 1 - x.toml\n1..1\n"), "{err}");
    let report = Report::deserialize_from_str(&fs::read_to_string(folder.path().join("j.xml")).unwrap()).unwrap();
    match &report.test_suites[0].test_cases[0].status {
        TestCaseStatus::Success { flaky_runs } => assert_eq!(flaky_runs.len(), 1),
        other => panic!("{other:?}"),
    }
    assert!(fs::read_to_string(folder.path().join("x.html")).unwrap().contains("passed at try 2"));
}

#[test]
fn of_a_long_transcript_the_page_shows_what_somebody_looks_for() {
    if !common::can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let text = "spec = 1\ntarget = { program = \"sh\", args = [\"-c\", \"i=0; while [ $i -lt 2000 ]; do echo $i; i=$((i+1)); done\"] }\n\
        trace = { syscalls = [\"write\"] }\nsnapshot = { transcript = false }\n\
        inject = [{ name = \"late\", on = \"write(fd = 1)\", when = \"1000\", error = \"EIO\" }]\n";
    fs::write(folder.path().join("x.toml"), text).unwrap();
    let (status, out, err) = common::rinject(folder.path(), &["run", "--report", "html=deep/x.html", "x.toml"]);
    assert_eq!(status, 0, "{out}{err}");
    let page = fs::read_to_string(folder.path().join("deep/x.html")).unwrap();
    assert!(page.contains("INJECTED late #1") && page.contains(" lines are not shown"), "{page}");
    let rows = page.matches("<tr class=\"call").count();
    assert!((400..600).contains(&rows), "{rows} calls are shown");
    assert!(page.contains("+++ exited 0"), "the end is shown");
}

/// A folder with the reports of a case that keeps and breaks what is expected of it, here and in a file that it adds to.
fn woven() -> Option<TempDir> {
    if !common::can_trace() {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let rules = "# Rules of the house.\nspec = 1\nexpect = { never = [\"write(fd = 2)\"] }\n";
    let text = "spec = 1\nextends = [\"house.toml\"]\nsnapshot = { transcript = false }\n\
        target = { program = \"sh\", args = [\"-c\", \"echo a; (echo b); cat none\"], env = { LC_ALL = \"C\" } }\n\
        [trace]\nsyscalls = [\"write\"]\n\
        [expect]\ncount = [{ event = \"write(fd = 1)\", is = \"2\" }]\n\
        [[expect.sequence]]\nname = \"order\"\nevents = [\n\"write(fd = 1)\",\n\"write(fd = 1) -> EIO\",\n]\n";
    fs::write(folder.path().join("house.toml"), rules).unwrap();
    fs::write(folder.path().join("x.toml"), text).unwrap();
    fs::write(folder.path().join("y.toml"), text).unwrap();
    let reports = ["--report", "html=x.html", "--report", "json=x.json", "--report", "trace=t.json"];
    let words = [&["run", "-j1"][..], &reports, &["x.toml", "y.toml"]].concat();
    let (status, out, err) = common::rinject(folder.path(), &words);
    assert_eq!(status, 1, "{out}{err}");
    Some(folder)
}

#[test]
fn the_page_says_beside_a_line_which_expectation_it_is_about() {
    let Some(folder) = woven() else { return };
    let page = fs::read_to_string(folder.path().join("x.html")).unwrap();
    let row = |words: &str| {
        let rows = page.split("<tr ").filter(|row| row.contains(words) && row.contains("class=\"marks\""));
        rows.map(|row| row.split("</tr>").next().unwrap().to_owned())
            .next()
            .unwrap_or_else(|| panic!("{words}: {page}"))
    };
    let check = |line: &str, marks: &[&str]| {
        let row = row(line);
        let found = marks.iter().filter(|mark| !row.contains(**mark)).collect::<Vec<_>>();
        assert!(found.is_empty() && row.matches("title=").count() == marks.len(), "{found:?} in {row}");
    };
    let first = "href=\"#c1-s1-12\" title=\"met: write(fd = 1)\">✓ order, step 1<";
    check("write(stdout, &quot;a\\n&quot;", &["href=\"#c1-s1-8\"", first]);
    check("write(stdout, &quot;b\\n&quot;", &["✓ count 2 of 2<", "≈ order, step 2<"]);
    check("write(stderr", &["href=\"#c1-s2-3\" title=\"broken: write(fd = 2)\">✗ never<"]);
    // The first process is the last to end.
    assert!(page.split("<h2>").nth(1).unwrap().contains("title=\"broken: exit 0\">✗ exit</span>"), "{page}");
    assert!(page.contains("<span id=\"c1-s2-1\"># Rules of the house.</span>"), "the common file is shown");
    assert!(page.contains("<td class=\"broken\">✗</td><td><a href=\"#c1-s1-9\">order</a> <code>2 steps</code></td>"));
}

#[test]
fn json_says_where_expectations_were_met() {
    let Some(folder) = woven() else { return };
    let text = fs::read_to_string(folder.path().join("x.json")).unwrap();
    let case: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let met = |kind: &str| case["met"].as_array().unwrap().iter().find(|met| met["kind"] == kind).unwrap();
    assert_eq!((&met("exit")["holds"], &met("exit")["is"]), (&false.into(), &"exit 0".into()));
    assert_eq!((&met("never")["file"], &met("never")["line"]), (&"house.toml".into(), &3.into()));
    let matches = |kind: &str| {
        let matches = met(kind)["matches"].as_array().unwrap();
        let told = matches.iter().map(|it| format!("{} {} {} {}", it["role"], it["nth"], it["step"], it["line"]));
        told.collect::<Vec<String>>()
    };
    assert_eq!(matches("count"), ["\"meets\" 1 null null", "\"meets\" 2 null null"]);
    assert_eq!(matches("sequence"), ["\"meets\" null 1 12", "\"misses\" null 2 13"]);
}

#[test]
fn tracks_of_trace_events_are_those_of_one_case() {
    let Some(folder) = woven() else { return };
    let log: Value = serde_json::from_str(&fs::read_to_string(folder.path().join("t.json")).unwrap()).unwrap();
    let events = log["traceEvents"].as_array().unwrap();
    let tracks = events.iter().filter(|event| event["name"] == "thread_name");
    let tracks: Vec<(String, u64, u64)> = tracks
        .map(|it| (it["args"]["name"].to_string(), it["pid"].as_u64().unwrap(), it["tid"].as_u64().unwrap()))
        .collect();
    let numbers: Vec<u64> = tracks.iter().map(|(_, _, track)| *track).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>(), "each has a number of its own");
    let first: Vec<_> = tracks.iter().filter(|(name, ..)| name == "\"P1\"").collect();
    assert!(first.len() == 2 && first.iter().all(|(_, case, track)| case == track), "{tracks:?}");
    let arrows = |end: &str| events.iter().filter(|event| event["ph"] == end).count();
    assert_eq!((arrows("s"), arrows("f")), (tracks.len() - 2, tracks.len() - 2), "from each clone to its first line");
}

#[test]
fn browsers_show_the_page() {
    let Some(folder) = reported() else { return };
    if !common::has_program("chromium") {
        return;
    }
    let shot = folder.join("shot.png");
    let status = Command::new("timeout")
        .args([
            "-s",
            "KILL",
            "60",
            "chromium",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--window-size=1200,1600",
        ])
        .arg(format!("--screenshot={}", shot.display()))
        .arg(folder.join("r/page/index.html"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    assert!(fs::metadata(&shot).unwrap().len() > 20_000, "more than an empty page");
}

#[test]
fn github_gets_annotations_and_a_summary() {
    if !common::can_trace() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::create_dir(here.join("below")).unwrap();
    for (name, text) in specs() {
        fs::write(here.join("below").join(name), text).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_rinject"));
    for name in ["CI", "INSTA_UPDATE", "RINJECT_UPDATE", "RINJECT_FORMAT"] {
        command.env_remove(name);
    }
    command
        .args(["run", "--check", "b-bad.toml", "f-invalid.toml", "g-hostile.toml"])
        .current_dir(here.join("below"));
    command
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_WORKSPACE", here)
        .env("GITHUB_STEP_SUMMARY", here.join("summary"));
    let output = command.stdin(Stdio::null()).output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(out.contains("FAIL    b-bad.toml\n"), "people read it, too: {out}");
    let words = "::error file=below/b-bad.toml,line=5,endLine=5,col=19,endColumn=20,title=RJ0702%3A ";
    assert!(out.contains(words), "{out}");
    assert!(out.contains("::error file=below/f-invalid.toml,line=2,"), "{out}");
    let mut token = None;
    for line in out.lines().filter(|line| line.trim_start().starts_with("::")) {
        match (&token, line.strip_prefix("::stop-commands::")) {
            (None, Some(word)) => token = Some(format!("::{word}::")),
            (None, None) => assert!(line.starts_with("::error file=below/"), "a program gives no commands: {line}"),
            (Some(end), _) if line == end => token = None,
            (Some(_), _) => {}
        }
    }
    let summary = fs::read_to_string(here.join("summary")).unwrap();
    assert!(summary.starts_with("### rinject: 0 passed, 2 failed, 1 error\n"), "{summary}");
    assert!(summary.contains("| fail | b-bad.toml |") && summary.contains("<details>"), "{summary}");
    assert!(!summary.contains("| <script"), "{summary}");
}

#[test]
fn what_is_no_report_is_told_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("x.toml"), GOOD).unwrap();
    let check = |report: &str, status: i32, words: &str| {
        let (found, out, err) = common::rinject(folder.path(), &["run", "--report", report, "x.toml"]);
        assert_eq!((found, out.as_str()), (status, ""), "{err}");
        assert!(err.contains(words), "{err}");
    };
    check("juint=x", 2, "there is no report `juint`\nhelp: did you mean `junit=x`?");
    check("xml=x", 2, "help: write KIND=FILE; kinds are `html`, `json`, `junit`, `sarif`, `tap`, `trace`");
    check("junit", 2, "`--report junit` names no file\nhelp: write junit=FILE");
    check("junit=", 2, "help: write junit=FILE");
    check("junit=x.toml/y", 6, "cannot write the report `x.toml/y`: ");
    let both = ["run", "--report", "junit=y", "--report", "json=y", "x.toml"];
    let (status, _, err) = common::rinject(folder.path(), &both);
    assert!(status == 2 && err.contains("two reports go to `y`"), "{err}");
    let (status, _, err) = common::rinject(folder.path(), &["check", "--report", "junit=x", "x.toml"]);
    assert!(status == 2 && err.contains("kinds are `sarif`"), "{err}");
}
