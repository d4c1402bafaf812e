//! A whole system of another release of Debian in a folder, and commands that run in it.
//! It must not know what they are run for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where releases are fetched from, unless apt here is told of another place.
const MIRROR: &str = "http://deb.debian.org/debian";
/// What specs run, and what builds the fixtures.
const PACKAGES: &str = "busybox-static curl fd-find gcc gcc-multilib gdb git golang-go libc6-dev make nginx-light nodejs \
    perl procps python3 redis-server ripgrep sqlite3 strace xz-utils";

/// Makes the folder `$1` the root of a mount namespace that ends with the command, with the folders `$2`, `$4`, ... seen at
/// `$3`, `$5`, ... up to a `--`; the command follows. Not by chroot alone: within one the kernel makes no user namespace.
const ENTER: &str = r#"
root=$1; shift
mount --bind "$root" "$root"
for folder in proc sys dev; do mount --rbind "/$folder" "$root/$folder"; done
while [ "$1" != -- ]; do mkdir -p "$root$2"; mount --bind "$1" "$root$2"; shift 2; done
shift
cd "$root"
pivot_root . .
umount -l .
exec chroot . "$@"
"#;

/// A system of another release.
pub struct Root {
    /// The name of the release.
    pub name: String,
    folder: PathBuf,
    /// What is seen in it besides: a folder here, and its path there.
    shared: Vec<(PathBuf, PathBuf)>,
}

impl Root {
    /// Makes the system of the release `name` below `folder`, unless it is there.
    pub fn make(folder: &Path, name: &str) -> Result<Root, String> {
        let root = Root { name: name.to_owned(), folder: folder.join(name), shared: Vec::new() };
        let done = folder.join(format!("{name}.packages"));
        if fs::read_to_string(&done).is_ok_and(|there| there == PACKAGES) {
            return Ok(root);
        }
        fs::create_dir_all(folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
        if !root.folder.exists() {
            let half = folder.join(format!("{name}.half"));
            // What an interrupted call left is made anew.
            let _ = fs::remove_dir_all(&half);
            println!("{name}: debootstrap");
            let mut debootstrap = Command::new("debootstrap");
            succeed(debootstrap.arg("--variant=minbase").arg(name).arg(&half).arg(mirror()))
                .map_err(|error| format!("{error}; `apt-get install debootstrap`, and be root"))?;
            fs::rename(&half, &root.folder).map_err(|error| format!("cannot rename {}: {error}", half.display()))?;
        }
        println!("{name}: packages");
        // No package may start its server: by policy-rc.d. debootstrap itself knows no virtual packages.
        let script = r#"printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d &&
            apt-get update -q && apt-get install -q -y --no-install-recommends "$@" && apt-get clean"#;
        let mut install = root.command("sh");
        install
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["-ec", script, "sh"])
            .args(PACKAGES.split_whitespace());
        succeed(&mut install)?;
        fs::write(&done, PACKAGES).map_err(|error| format!("cannot write {}: {error}", done.display()))?;
        Ok(root)
    }

    /// Lets commands see the folder `here` at `there`.
    pub fn share(&mut self, here: &Path, there: &Path) {
        self.shared.push((here.to_owned(), there.to_owned()));
    }

    /// A command that runs `program` in it; its folder is the root.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-ec", ENTER, "sh"]).arg(&self.folder);
        for (here, there) in &self.shared {
            command.args([here, there]);
        }
        command.args(["--", program]).stdin(Stdio::null()).env_clear();
        command.envs([("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"), ("HOME", "/root")]);
        command.env("LC_ALL", "C.UTF-8");
        command
    }
}

/// Where apt here gets its packages from.
fn mirror() -> String {
    let lists = fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten().map(|entry| entry.path());
    let texts =
        lists.chain([PathBuf::from("/etc/apt/sources.list")]).filter_map(|path| fs::read_to_string(path).ok());
    let lines: Vec<String> = texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    let used = lines.iter().filter(|line| !line.starts_with('#'));
    let mut words = used.flat_map(|line| line.split_whitespace()).map(|word| word.trim_end_matches('/'));
    words.find(|word| word.starts_with("http") && word.ends_with("/debian")).unwrap_or(MIRROR).to_owned()
}

fn succeed(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("cannot run {program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let last: Vec<&str> = said.lines().rev().take(10).collect();
    Err(format!("{program} failed:\n{}", last.into_iter().rev().collect::<Vec<_>>().join("\n")))
}
