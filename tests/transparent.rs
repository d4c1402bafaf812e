//! What a program can see of rinject in its surroundings: the table of docs/transparent.md is what is so, measured.
//! `RINJECT_BLESS=1` rewrites the table.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

mod common;

/// Whoever starts rinject, and the program that runs alone, has surroundings that are unlike rinject's own choice.
const SURROUNDINGS: &str = "umask 027; ulimit -S -n 512; ulimit -S -s 4096; ulimit -S -c 1; trap '' USR2 PIPE; \
    exec 7</dev/null; exec env -i PATH=/usr/bin:/bin GREETING=hello ODD=$(printf '\\377') timeout -s KILL 60 \"$@\"";

/// A fact as the program names it, and the remark of the table.
const FACTS: [(&str, &str); 22] = [
    ("argv[0]", "`arg0` sets it"),
    ("environment", "`env` adds to it, `env-clear` says whether it begins empty"),
    ("working directory", "a folder of the case's own; `cwd` sets it"),
    (
        "standard streams",
        "`stdin`, `stdout` and `stderr`, also `\"inherit\"` for each; a file has no name, and is in memory (memfd_create(2)) \
         where `limits.output` is no more than its default",
    ),
    ("other descriptors", "what rinject was given without close-on-exec"),
    ("umask", ""),
    ("session", "with `tty = true` its own in any case"),
    ("parent", "rinject has started it"),
    ("limits", "`limits`; those of the host where they are lower"),
    ("other limits", "`limits`"),
    ("SIGPIPE", "rinject cannot know what it was before"),
    ("other ignored signals", ""),
    ("blocked signals", "none are blocked in any case"),
    ("addresses", "`[determinism] aslr`"),
    ("processors", "one with `schedule = \"serial\"`"),
    ("TracerPid", "tracing shows in `/proc/self/status`"),
    ("seccomp filter", "`[trace] filter`: with `\"ptrace\"` there is none, and every call stops"),
    ("no_new_privs", "set together with a filter where rinject has no CAP_SYS_ADMIN"),
    ("vDSO", "hidden where a spec names `clock_gettime`, `time` or the like"),
    ("io_uring", "`[trace] io-uring`"),
    ("tracing a child", "`[trace] nested`"),
    ("settings", "dumpable, death signal, subreaper, timer slack, nice, scheduler"),
];

/// Starts `words` in the surroundings.
fn start(folder: &Path, words: &[&str]) {
    let mut command = Command::new("sh");
    command.args(["-c", SURROUNDINGS, "sh"]).args(words).current_dir(folder);
    let output = command.stdin(Stdio::null()).output().expect("there is a shell");
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{text}");
}

/// What the program wrote, with names for what is different each time.
fn facts(path: &Path) -> BTreeMap<String, String> {
    let text = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let text = text.escape_ascii().to_string().replace("\\n", "\n");
    let text = case_folder(&text).map_or(text.clone(), |folder| text.replace(folder, "${tmp}"));
    let facts = text.lines().map(|line| line.split_once(':').expect("a name and what is so"));
    facts
        .map(|(name, so)| (name.to_owned(), if so.trim().is_empty() { "none" } else { so.trim() }.to_owned()))
        .collect()
}

/// The folder of the case, where it is in the text: its working directory.
fn case_folder(text: &str) -> Option<&str> {
    let cwd = text.lines().find_map(|line| line.strip_prefix("working directory: "))?;
    cwd.starts_with("/tmp/rinject-").then_some(cwd)
}

fn cell(alone: &str, seen: &str) -> String {
    if alone == seen { "the same".to_owned() } else { format!("`{seen}`") }
}

/// The table, and which of its rows this machine cannot tell.
fn measured() -> (String, Vec<&'static str>) {
    let program = common::fixtures_bin().join("tell-surroundings").display().to_string();
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let path = |name: &str| here.join(name).display().to_string();
    start(here, &[&program, &path("alone")]);
    let seen = [("default", "false"), ("transparent", "true")].map(|(name, is_transparent)| {
        let spec = format!(
            "spec = 1\ntarget = {{ program = {program:?}, args = [{:?}], transparent = {is_transparent} }}\n\
             trace = {{ signals = [\"all\"] }}\nsnapshot = {{ transcript = false }}\n",
            path(name)
        );
        fs::write(here.join("x.toml"), spec).unwrap();
        start(here, &[env!("CARGO_BIN_EXE_rinject"), "run", "x.toml"]);
        facts(&here.join(name))
    });
    let alone = facts(&here.join("alone"));
    let told: Vec<&String> = alone.keys().collect();
    assert!(told.iter().all(|name| FACTS.iter().any(|(fact, _)| fact == name)), "a fact has no row: {told:?}");

    let mut unknown = Vec::new();
    if alone["processors"] == "1" {
        unknown.push("processors");
    }
    if alone["io_uring"] != "there" {
        unknown.push("io_uring");
    }
    if alone["seccomp filter"] != "no" {
        unknown.push("seccomp filter");
    }
    if alone["no_new_privs"] != "no" || !nix::unistd::geteuid().is_root() {
        unknown.push("no_new_privs");
    }
    let mut table =
        String::from("| a program sees | by default | with `transparent = true` | |\n|---|---|---|---|\n");
    for (fact, remark) in FACTS {
        let [default, transparent] = [0, 1].map(|form| cell(&alone[fact], &seen[form][fact]));
        // Writing to a String cannot fail.
        let _ = writeln!(table, "| {fact} | {default} | {transparent} | {remark} |");
    }
    (table, unknown)
}

#[test]
fn the_table_of_what_a_program_can_see_is_what_it_sees() {
    if !common::can_trace() {
        return;
    }
    let page: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/transparent.md");
    let text = fs::read_to_string(&page).expect("the page is there");
    let (head, rest) = text.split_once("<!-- facts -->\n").expect("the table begins");
    let (written, tail) = rest.split_once("<!-- end -->").expect("the table ends");
    let (table, unknown) = measured();
    if std::env::var_os("RINJECT_BLESS").is_some() {
        fs::write(&page, format!("{head}<!-- facts -->\n{table}<!-- end -->{tail}")).unwrap();
        return;
    }
    let is_known = |line: &&str| !unknown.iter().any(|fact| line.starts_with(&format!("| {fact} |")));
    let lines = |table: &str| -> Vec<String> { table.lines().filter(is_known).map(str::to_owned).collect() };
    if !unknown.is_empty() {
        println!("skipped, as this machine has them otherwise: {unknown:?}");
    }
    assert_eq!(lines(written), lines(&table), "RINJECT_BLESS=1 rewrites the table");
}
