//! rinject for those who do not build it: a static binary, what it writes about itself, and a Debian package of both, which
//! is installed into a folder and tried there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::notices;
use crate::profile;
use crate::project;

/// Functions of the GNU C library that load other libraries, or locales, where they run: a static program lacks these.
const LACKING: [&str; 8] = [
    "getaddrinfo",
    "gethostbyname",
    "getpwnam_r",
    "getpwuid_r",
    "getgrnam_r",
    "getgrgid_r",
    "iconv_open",
    "setlocale",
];

/// What the chore came to.
pub enum Made {
    /// All of it.
    Deb,
    /// Why there is none.
    NoDeb(String),
}

/// Does [`run`] for the command line: without cargo-deb there are the binary and the files for a package.
pub fn chore() -> Result<(), String> {
    if let Made::NoDeb(why) = run()? {
        println!("no package was made and tried: {why}");
    }
    Ok(())
}

/// Builds the binary, what goes along with it, and the package.
pub fn run() -> Result<Made, String> {
    let rinject = static_rinject()?;
    let assets = assets(&rinject)?;
    tell(&rinject);
    println!("{}", assets.display());
    if !is_there(Command::new(env!("CARGO")).args(["deb", "--version"])) {
        return Ok(Made::NoDeb("cargo-deb is not here: cargo install cargo-deb --locked".to_owned()));
    }
    let deb = deb(&rinject)?;
    tell(&deb);
    if !is_there(Command::new("dpkg").arg("--version")) {
        return Ok(Made::NoDeb(format!("{} was not tried: dpkg is not here", deb.display())));
    }
    installed(&deb)?;
    Ok(Made::Deb)
}

/// Builds the static binary, and looks whether it is one.
pub fn static_rinject() -> Result<PathBuf, String> {
    let rinject = profile::static_rinject()?;
    let bytes = fs::read(&rinject).map_err(|error| format!("cannot read {}: {error}", rinject.display()))?;
    if wants_an_interpreter(&bytes) {
        return Err(format!("{} is not static: it names a dynamic linker", rinject.display()));
    }
    // Without nm(1) there is nothing to look with; where it is built there is a linker, and that comes along with it.
    let symbols = Command::new("nm").arg(&rinject).stderr(Stdio::null()).output();
    let symbols = symbols.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let lacking = symbols.lines().filter_map(|line| line.split(' ').nth(2)).filter(|name| LACKING.contains(name));
    let lacking: Vec<&str> = lacking.collect();
    if lacking.is_empty() {
        return Ok(rinject);
    }
    Err(format!("{} calls what needs files of the C library: {}", rinject.display(), lacking.join(", ")))
}

/// Whether an ELF file for a little-endian machine of 64 bits has a segment of the type `PT_INTERP`.
fn wants_an_interpreter(elf: &[u8]) -> bool {
    let number = |at: usize, size: usize| {
        elf.get(at..at + size)
            .unwrap_or_default()
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | usize::from(*byte))
    };
    let (offset, size, count) = (number(32, 8), number(54, 2), number(56, 2));
    (0..count).any(|index| number(offset + index * size, 4) == 3)
}

/// Writes what rinject tells about itself, and whose work is in it, to `assets/` beside it, where `[package.metadata.deb]`
/// looks for it.
fn assets(rinject: &Path) -> Result<PathBuf, String> {
    let folder = rinject.with_file_name("assets");
    // It is there from the last call.
    let _ = fs::remove_dir_all(&folder);
    let man = folder.join("man");
    fs::create_dir_all(&man).map_err(|error| format!("cannot make {}: {error}", man.display()))?;
    said(Command::new(rinject).args(["man", "--dir"]).arg(&man))?;
    // cargo-deb does so with files of the repository only. Without the time the same pages are the same bytes.
    said(Command::new("gzip").args(["-9n", "--recursive"]).arg(&man))?;
    for (file, words) in [
        ("rinject.bash", &["completions", "bash"][..]),
        ("_rinject", &["completions", "zsh"]),
        ("rinject.fish", &["completions", "fish"]),
        ("rinject.schema.json", &["schema"]),
    ] {
        write(&folder.join(file), &said(Command::new(rinject).args(words))?)?;
    }
    write(&folder.join("THIRD-PARTY"), &notices::text()?)?;
    Ok(folder)
}

fn deb(rinject: &Path) -> Result<PathBuf, String> {
    let target =
        rinject.ancestors().nth(2).and_then(Path::file_name).ok_or("rinject is not in a folder of its target")?;
    let mut cargo = Command::new(env!("CARGO"));
    // What was built just now is packed as it is.
    cargo.args(["deb", "--no-build", "--strip", "--locked", "--package", "rinject"]);
    cargo.args(["--profile", project::PACKAGED, "--target"]).arg(target);
    let said = said(cargo.current_dir(project::root()).stderr(Stdio::inherit()))?;
    let path = said.lines().next_back().filter(|line| line.ends_with(".deb"));
    path.map(|path| project::root().join(path))
        .ok_or_else(|| "cargo-deb did not say where it put the package".to_owned())
}

/// Installs the package into a folder as dpkg does it, and tries what came there.
fn installed(deb: &Path) -> Result<(), String> {
    let root = tempfile::tempdir().map_err(|error| format!("cannot make a folder: {error}"))?;
    let root = root.path();
    let state = root.join("var/lib/dpkg");
    for folder in ["info", "updates", "triggers"] {
        fs::create_dir_all(state.join(folder))
            .map_err(|error| format!("cannot make {}: {error}", state.display()))?;
    }
    write(&state.join("status"), "")?;
    let mut dpkg = Command::new("dpkg");
    dpkg.args(["--force-not-root", "--force-bad-path", "--log=/dev/null"]).arg(format!("--root={}", root.display()));
    said(dpkg.arg("--install").arg(deb))?;

    let rinject = root.join("usr/bin/rinject");
    said(Command::new(&rinject).arg("--version"))?;
    for file in [
        "usr/share/zsh/vendor-completions/_rinject",
        "usr/share/fish/vendor_completions.d/rinject.fish",
        "usr/share/rinject/rinject.schema.json",
        "usr/share/doc/rinject/copyright",
        "usr/share/doc/rinject/THIRD-PARTY",
        "usr/share/doc/rinject/changelog.gz",
        "usr/share/doc/rinject/LICENSE-MIT",
        "usr/share/doc/rinject/LICENSE-APACHE",
    ] {
        if !root.join(file).is_file() {
            return Err(format!("{} does not install /{file}", deb.display()));
        }
    }
    completes(root)?;
    pages(root)?;
    println!("it installs, runs, completes, and has its pages");
    Ok(())
}

/// bash completes words of rinject by the installed file.
fn completes(root: &Path) -> Result<(), String> {
    let script = "source usr/share/bash-completion/completions/rinject\n\
                  COMP_WORDS=(rinject ru) COMP_CWORD=1\n_rinject rinject ru rinject\necho \"${COMPREPLY[@]}\"";
    let completed = said(Command::new("bash").current_dir(root).args(["-c", script]))?;
    if completed.trim() == "run" {
        Ok(())
    } else {
        Err(format!("bash completes `rinject ru` to `{}`", completed.trim()))
    }
}

/// There is a page for rinject and for each of its commands, and man(1) has nothing to say against them.
fn pages(root: &Path) -> Result<(), String> {
    let folder = root.join("usr/share/man/man1");
    let entries = fs::read_dir(&folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let pages: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    if !pages.iter().any(|page| page.ends_with("rinject-run.1.gz")) {
        return Err("there is no page for `rinject run`".to_owned());
    }
    if !is_there(Command::new("man").arg("--version")) {
        return Ok(());
    }
    for page in pages {
        let mut man = Command::new("man");
        // Without a terminal a line is as long as it says.
        man.args(["--warnings", "-E", "UTF-8", "-l"]).arg(&page).env("MANWIDTH", "100").env("LC_ALL", "C.UTF-8");
        let output = man.stdin(Stdio::null()).output().map_err(|error| format!("cannot run man: {error}"))?;
        let warnings = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() || !warnings.is_empty() || output.stdout.is_empty() {
            return Err(format!("{} is no good page: {warnings}", page.display()));
        }
    }
    Ok(())
}

/// Whether a command is here and succeeds.
pub fn is_there(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Standard output of a command that has to succeed.
pub fn said(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("cannot run {name}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let all = [output.stdout, output.stderr].concat();
    Err(format!("{name} failed ({}): {}", output.status, String::from_utf8_lossy(&all)))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// Says where a file is, and how large.
fn tell(path: &Path) {
    let kib = fs::metadata(path).map_or(0, |metadata| metadata.len()).div_ceil(1024);
    println!("{} {kib} KiB", path.display());
}
