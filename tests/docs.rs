//! The user guide is true: its specs are run, its console output is what `rinject` prints, its tables are the code's.
//! `RINJECT_BLESS=1` rewrites the tables of keys.
//!
//! A fenced `toml` block that begins with `spec = 1` is run and must pass. One whose first line is a file name, such as
//! `# first.toml`, is written to that file instead; `console` blocks below it run `$ rinject ...` and `$ cat ...` in
//! the page's folder, and show exactly what is printed; `$ sh FILE &` starts a script that a `sh` block is, and `$!` is
//! its number, until the end of the block. `$ cd FOLDER` goes on in a copy of a package of the project, whose binaries
//! `$ cargo build` builds. `[..]` stands for what is different on other machines. `# not run: reason` leaves a block at being checked.
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rinject::abi::{Arch, Operation};
use rinject::cases::{Case, SpecFile};
use rinject::diagnostic::{Source, Style};
use rinject::report::{CaseResult, Human, Report, Status};
use rinject::run::{self, Options};
use rinject::snapshot::Update;
use rinject::spec;

mod common;

struct Block {
    language: String,
    line: usize,
    text: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn pages() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("docs")).expect("docs/ is there").flatten().map(|entry| entry.path());
    let mut pages: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|it| it == "md")).collect();
    pages.push(root().join("README.md"));
    pages.sort();
    pages
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let Some(language) = line.strip_prefix("```") else { continue };
        let inside = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```");
        let text = inside.fold(String::new(), |text, line| text + line + "\n");
        blocks.push(Block { language: language.to_owned(), line: at + 1, text });
    }
    blocks
}

/// The file name or remark in the comment that a block begins with.
fn remark(block: &Block) -> &str {
    let mark = if block.language == "c" { "// " } else { "# " };
    block.text.lines().next().and_then(|line| line.strip_prefix(mark)).unwrap_or_default()
}

#[test]
fn specs_on_pages_do_what_the_pages_say() {
    let able = common::can_trace();
    let mut failures = String::new();
    for page in pages() {
        let name = page.strip_prefix(root()).unwrap_or(&page).display().to_string();
        let home = tempfile::tempdir().expect("a temporary folder");
        let mut folder = home.path().to_owned();
        for block in blocks(&read(&page)) {
            let is_spec = block.text.lines().find(|line| !line.starts_with('#')) == Some("spec = 1");
            let found = match block.language.as_str() {
                "toml" if is_spec && remark(&block).ends_with(".toml") => {
                    fs::write(folder.join(remark(&block)), &block.text).map_err(|error| error.to_string())
                }
                "toml" if is_spec => spec_block(&block, able),
                "sh" | "c" if remark(&block).ends_with(&format!(".{}", block.language)) => {
                    fs::write(folder.join(remark(&block)), &block.text).map_err(|error| error.to_string())
                }
                "console" if block.text.contains("$!") && !can_attach() => {
                    println!("skipped: {name} attaches, and this machine refuses");
                    Ok(())
                }
                "console" if block.text.contains("--coverage") && !common::has_program("gcov") => Ok(()),
                "console" if able => console_block(&block, &mut folder),
                _ => Ok(()),
            };
            if let Err(why) = found {
                // Writing to a String cannot fail.
                let _ = writeln!(failures, "{name}:{}: {why}\n", block.line);
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

/// Runs a spec, or checks it where it says so or nothing can be run.
fn spec_block(block: &Block, able: bool) -> Result<(), String> {
    let source = Arc::new(Source::new("<page>", block.text.clone()));
    let spec = spec::parse(&source);
    // As from standard input: there is no golden file.
    let case = Case { id: "<page>".to_owned(), file: SpecFile::Stdin, cell: spec::Cell::default(), source, spec };
    let options = Options { update: Update::No, is_ci: true, ..Options::default() };
    if !able || remark(block).starts_with("not run: ") {
        return run::resolve(&case, &options).map(drop).map_err(|problems| problems.render(Style::Plain));
    }
    let result = CaseResult::of(&case, run::run(&case, &options));
    if matches!(result.status, Status::Pass | Status::Skip) {
        return Ok(());
    }
    let mut text = Vec::new();
    Human::new(&mut text, false, false).case(&result).map_err(|error| error.to_string())?;
    Err(String::from_utf8_lossy(&text).into_owned())
}

/// Whether a page shows what is printed; `[..]` stands for any text within a line.
fn is_shown(page: &str, printed: &str) -> bool {
    let (shown, lines): (Vec<&str>, Vec<&str>) = (page.lines().collect(), printed.lines().collect());
    let is_line = |(shown, line): (&&str, &&str)| {
        let parts: Vec<String> = shown.split("[..]").map(regex::escape).collect();
        regex::Regex::new(&format!("^{}$", parts.join(".*"))).is_ok_and(|pattern| pattern.is_match(line))
    };
    shown.len() == lines.len() && shown.iter().zip(&lines).all(is_line)
}

/// Runs the commands of a block; what is printed must be what the page shows.
fn console_block(block: &Block, folder: &mut PathBuf) -> Result<(), String> {
    let mut actual = String::new();
    let mut is_ours = true;
    let mut behind = Behind(None);
    for line in block.text.lines() {
        let Some(command) = line.strip_prefix("$ ") else { continue };
        let number = behind.0.as_ref().map_or_else(String::new, |child| child.id().to_string());
        let command = command.replace("$!", &number);
        let words: Vec<&str> = command.split_whitespace().collect();
        let _ = writeln!(actual, "{line}");
        match words[..] {
            ["rinject", ..] => {
                actual += &printed(Command::new(env!("CARGO_BIN_EXE_rinject")).args(&words[1..]), folder)?
            }
            ["sh", script, "&"] => {
                let mut shell = Command::new("sh");
                shell
                    .arg(script)
                    .current_dir(&folder)
                    .stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null());
                behind = Behind(Some(shell.spawn().map_err(|error| error.to_string())?));
            }
            ["gcc", ..] => actual += &printed(Command::new("gcc").args(&words[1..]), folder)?,
            ["cd", package] => *folder = copied(package, folder)?,
            ["cargo", "build"] => build(folder)?,
            ["cat", file] => {
                actual += &fs::read_to_string(folder.join(file)).map_err(|error| format!("{file}: {error}"))?
            }
            _ => is_ours = false,
        }
    }
    if !is_ours || is_shown(block.text.trim_end(), actual.trim_end()) {
        return Ok(());
    }
    let diff = similar::TextDiff::from_lines(block.text.trim_end(), actual.trim_end());
    Err(format!("something else is printed:\n{}", diff.unified_diff().header("page", "printed")))
}

/// Where `cargo build` of a page builds; it is kept, and no other build waits for it.
fn target_of_pages() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages")
}

/// A copy of a package of the project in `folder`, which is made a workspace with its `target` as the project is one.
fn copied(package: &str, folder: &Path) -> Result<PathBuf, String> {
    let copy = folder.join(package);
    let above = copy.parent().unwrap_or(folder);
    fs::create_dir_all(above).map_err(|error| error.to_string())?;
    fs::copy(root().join("Cargo.toml"), folder.join("Cargo.toml")).map_err(|error| error.to_string())?;
    symlink(target_of_pages(), folder.join("target")).map_err(|error| error.to_string())?;
    let status = Command::new("cp").arg("-R").arg(root().join(package)).arg(above).status();
    let is_done = status.is_ok_and(|status| status.success());
    if is_done { Ok(copy) } else { Err(format!("cannot copy {package}")) }
}

/// Builds the package of the project that `folder` is a copy of.
fn build(folder: &Path) -> Result<(), String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root()).args(["build", "--quiet", "--locked", "--package"]).args(folder.file_name());
    let output = cargo.arg("--target-dir").arg(target_of_pages()).output().map_err(|error| error.to_string())?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

/// A program that runs in the background, killed in the end.
struct Behind(Option<Child>);

impl Drop for Behind {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            // It can only have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Whether processes may be attached to that are not one's own children.
fn can_attach() -> bool {
    rinject::run::has_ptrace_capability() || rinject::run::yama_scope().is_none_or(|scope| scope == 0)
}

/// Standard output of a command, which is killed after a minute.
fn printed(command: &mut Command, folder: &Path) -> Result<String, String> {
    let named = std::env::vars().map(|(name, _)| name).filter(|name| name.starts_with("RINJECT_"));
    for name in named.chain(["CI", "INSTA_UPDATE", "GITHUB_ACTIONS", "CARGO_TARGET_DIR"].map(str::to_owned)) {
        command.env_remove(name);
    }
    let command = command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0);
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let deadline = Instant::now() + Duration::from_secs(60);
    while child.try_wait().map_err(|error| error.to_string())?.is_none() {
        if Instant::now() > deadline {
            child.kill().map_err(|error| error.to_string())?;
            return Err(format!("{command:?} did not end"));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

const BEGIN: &str = "<!-- keys: written by RINJECT_BLESS=1 cargo test --test docs -->\n";
const END: &str = "<!-- end of keys -->";

/// The tables of all keys.
fn keys() -> String {
    let mut text = String::new();
    for table in spec::keys::ALL {
        let title = if table.name == "the spec" { "The file itself" } else { table.name };
        let _ = writeln!(text, "\n### {title}\n\n| key | takes | for example | meaning |\n|---|---|---|---|");
        for key in table.keys {
            let example = key.example.replace('|', "\\|");
            let needed = if key.needed { " (needed)" } else { "" };
            let _ = writeln!(text, "| `{}` | {}{needed} | `{example}` | {} |", key.name, key.takes, key.about);
        }
    }
    text + "\n"
}

#[test]
fn the_reference_has_every_key() {
    generated("docs/spec.md", BEGIN, END, &keys());
}

/// A part of a page is what the code says; `RINJECT_BLESS=1` writes it.
fn generated(page: &str, begin: &str, end: &str, wanted: &str) {
    let path = root().join(page);
    let text = read(&path);
    let (before, rest) = text.split_once(begin).unwrap_or_else(|| panic!("{page} says where it begins"));
    let (shown, after) = rest.split_once(end).unwrap_or_else(|| panic!("{page} says where it ends"));
    if std::env::var_os("RINJECT_BLESS").is_some_and(|value| value == "1") {
        fs::write(&path, format!("{before}{begin}{wanted}{end}{after}")).expect("the page can be written");
        return;
    }
    let diff = similar::TextDiff::from_lines(shown, wanted).unified_diff().header(page, "the code").to_string();
    assert!(diff.is_empty(), "{diff}\nRINJECT_BLESS=1 rewrites it");
}

const HELP: &str = "<!-- help: written by RINJECT_BLESS=1 cargo test --test docs -->\n";
const END_OF_HELP: &str = "<!-- end of help -->";

/// What `rinject help` says, and what it says of each command.
fn help() -> String {
    let here = tempfile::tempdir().expect("a temporary folder");
    let said = |words: &[&str]| {
        let (status, out, err) = common::rinject_with(here.path(), words, &[("COLUMNS", "100")]);
        assert_eq!((status, err.as_str()), (0, ""), "{words:?}");
        let lines: Vec<&str> = out.lines().map(str::trim_end).collect();
        lines.join("\n")
    };
    let all = said(&["--help"]);
    let commands = all.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = commands.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let mut text = format!("\n```text\n{all}\n```\n");
    for name in names.filter(|name| !name.is_empty() && *name != "help") {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "\n### rinject {name}\n\n```text\n{}\n```", said(&[name, "-h"]));
    }
    text + "\n"
}

#[test]
fn the_page_of_the_command_line_says_what_help_says() {
    generated("docs/command-line.md", HELP, END_OF_HELP, &help());
}

const READY: &str = "<!-- ready rules: written by RINJECT_BLESS=1 cargo test --test docs -->\n";
const END_OF_READY: &str = "<!-- end of ready rules -->";

#[test]
fn the_reference_has_every_ready_rule() {
    let mut rules = "\n| name | what it does |\n|---|---|\n".to_owned();
    for ready in spec::READY {
        let _ = writeln!(rules, "| `{}` | {} |", ready.name, ready.about());
    }
    rules.push('\n');
    generated("docs/ready.md", READY, END_OF_READY, &rules);
}

#[test]
fn every_exit_status_is_explained() {
    let page = read(&root().join("docs/exit-status.md"));
    let code = read(&root().join("src/cli/exit_status.rs"));
    let variants = code.lines().filter_map(|line| line.trim().strip_suffix(',')?.split_once(" = "));
    let statuses: Vec<&str> = variants.map(|(_, status)| status).collect();
    assert!(statuses.len() >= 9, "only {statuses:?} were found");
    for status in statuses {
        assert!(page.contains(&format!("\n| {status} | ")), "docs/exit-status.md does not explain {status}");
    }
}

#[test]
fn every_operation_is_there_with_its_calls() {
    let page = read(&root().join("docs/spec.md"));
    for operation in Operation::all() {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{operation}` | ")));
        let row = row.unwrap_or_else(|| panic!("docs/spec.md does not have `{operation}`"));
        for call in operation.calls().iter().filter(|call| call.number(Arch::X86_64).is_some()) {
            assert!(row.contains(&format!("`{call}`")), "docs/spec.md does not have `{call}` in `{operation}`");
        }
    }
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut found = String::new();
    let all = pages()
        .into_iter()
        .chain(["CONTRIBUTING.md", "CHANGELOG.md", "fixtures/README.md"].map(|it| root().join(it)));
    for page in all {
        let text = read(&page);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            let is_here = !target.contains("://") && !file.is_empty();
            if is_here && !page.with_file_name(file).exists() {
                let _ = writeln!(found, "{}: {target}", page.display());
            }
        }
    }
    assert!(found.is_empty(), "links to nowhere:\n{found}");
}
