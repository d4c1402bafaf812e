//! The schema in an editor: what editors use for TOML marks mistakes (taplo, tombi) and completes names (their language servers).

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::common;

/// How long an answer may take: a test that hangs is a test that fails.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long it is left alone before it is asked again.
const PAUSE: Duration = Duration::from_millis(50);

const SPEC: &str = "#:schema ./rinject.schema.json\nspec = 1\ntarget = { program = \"cat\", args = [\"x\"] }\n\n[[inject]]\n\
                    on = \"read(fd ~ 'x')\"\nerror = \"EIO\"\nsignal = \"SIGTERM\"\n\n\n[determinism]\n\
                    schedule = \"serial\"\n\n[expect]\nexit = 1\n";

/// Where the file of a test lies, with the schema beside it.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let schema = format!("{:#}", rinject::spec::schema());
    fs::write(folder.path().join("rinject.schema.json"), schema).expect("it can be written");
    folder
}

/// Whether a linter likes a spec, and what it says.
fn lint(command: &[&str], spec: &str) -> (bool, String) {
    let folder = folder();
    fs::write(folder.path().join("x.toml"), spec).expect("it can be written");
    let mut linter = Command::new(command[0]);
    linter.args(&command[1..]).arg("x.toml").env("NO_COLOR", "1").current_dir(folder.path()).stdin(Stdio::null());
    let output = linter.output().expect("the linter runs");
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// What is wrong in a spec: the text that is right, the one in its place, and what is said of it.
const MISTAKES: [(&str, &str, &str); 8] = [
    ("error =", "eror =", "eror"),
    ("\"EIO\"", "\"EIOO\"", ""),
    ("\"EIO\"", "[\"EIO\", \"EIOO\"]", ""),
    ("SIGTERM", "SIGTREM", ""),
    ("exit = 1", "exit = true", ""),
    ("\"read(fd ~ 'x')\"", "\"raed\"", ""),
    ("\"serial\"", "\"cereal\"", ""),
    ("spec = 1", "spec = 2", "1"),
];

#[test]
fn mistakes_are_marked() {
    // taplo marks an unknown key at its table.
    for (command, unknown_key_at) in
        [(&["taplo", "lint", "--colors", "never"][..], "[[inject]]"), (&["tombi", "lint", "--offline"], "eror")]
    {
        if !common::has_program(command[0]) {
            continue;
        }
        let (good, said) = lint(command, SPEC);
        assert!(good, "{said}");
        for (right, wrong, what) in MISTAKES {
            let text = SPEC.replace(right, wrong);
            let marked = if what == "eror" { unknown_key_at } else { wrong };
            let line = text.lines().position(|line| line.contains(marked)).expect("it is there") + 1;
            let (good, said) = lint(command, &text);
            let place = format!("x.toml:{line}:");
            assert!(!good && said.contains(&place) && said.contains(what), "{command:?} {wrong} {line}: {said}");
        }
    }
}

#[test]
fn keys_calls_errnos_and_signals_are_completed() {
    if common::has_program("tombi") {
        completes(&["tombi", "lsp", "--offline"]);
    }
}

#[test]
fn keys_calls_errnos_and_signals_are_completed_by_taplo() {
    if !common::has_program("taplo") {
        return;
    }
    // It is built with and without a language server.
    let able = Command::new("taplo").args(["lsp", "stdio"]).stdin(Stdio::null()).output().expect("taplo runs");
    if able.status.success() {
        completes(&["taplo", "lsp", "stdio"]);
    } else {
        println!("skipped: this taplo has no language server");
    }
}

/// What a language server offers in a spec.
fn completes(server: &[&str]) {
    let emptied = ["\"read(fd ~ 'x')\"", "\"EIO\"", "\"SIGTERM\"", "\"serial\""];
    let text = emptied.iter().fold(SPEC.to_owned(), |text, word| text.replace(word, "\"\""));
    let mut editor = Editor::open(server, &text);
    let in_quotes = |key: &str| {
        let (at, line) = text.lines().enumerate().find(|(_, line)| line.starts_with(key)).expect("it is there");
        (at, line.len() - 1)
    };
    let below_signal = (in_quotes("signal").0 + 1, 0);
    for (place, names) in [
        (in_quotes("on"), &["fsync", "%file", "file.read", "signal"][..]),
        (in_quotes("error"), &["EIO", "ENOSPC"]),
        (in_quotes("signal"), &["SIGTERM", "SIGRTMIN+1"]),
        (in_quotes("schedule"), &["serial", "free"]),
        (below_signal, &["error-after", "when", "delay-enter"]),
    ] {
        let offered = editor.completions(place);
        for name in names {
            assert!(offered.iter().any(|label| label.trim_matches('"') == *name), "{place:?} {name}: {offered:?}");
        }
    }
}

/// A language server for one file.
struct Editor {
    folder: tempfile::TempDir,
    server: Child,
    input: ChildStdin,
    answers: Receiver<Value>,
    asked: u64,
}

impl Editor {
    fn open(command: &[&str], text: &str) -> Editor {
        let folder = folder();
        let mut server = Command::new(command[0]);
        server.args(&command[1..]).current_dir(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut server = server.stderr(Stdio::null()).spawn().expect("the server runs");
        let input = server.stdin.take().expect("a pipe");
        let mut output = BufReader::new(server.stdout.take().expect("a pipe"));
        let (sender, answers) = mpsc::channel();
        thread::spawn(move || {
            // Nobody listens once the test is over.
            while message(&mut output).is_some_and(|message| sender.send(message).is_ok()) {}
        });
        let root = format!("file://{}", folder.path().display());
        let mut editor = Editor { folder, server, input, answers, asked: 0 };
        let workspace = json!([{ "uri": root, "name": "specs" }]);
        let words = json!({ "processId": null, "rootUri": root, "capabilities": {}, "workspaceFolders": workspace });
        editor.ask("initialize", &words);
        editor.tell("initialized", &json!({}));
        let document = json!({ "uri": editor.uri(), "languageId": "toml", "version": 1, "text": text });
        editor.tell("textDocument/didOpen", &json!({ "textDocument": document }));
        editor
    }

    fn uri(&self) -> String {
        format!("file://{}/x.toml", self.folder.path().display())
    }

    /// What is offered at a place, once the schema has been read.
    fn completions(&mut self, (line, character): (usize, usize)) -> Vec<String> {
        let place = json!({ "line": line, "character": character });
        let words = json!({ "textDocument": { "uri": self.uri() }, "position": place });
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.ask("textDocument/completion", &words);
            let items = answer["result"]["items"].as_array().or(answer["result"].as_array()).cloned();
            let items = items.unwrap_or_default();
            if !items.is_empty() || Instant::now() > deadline {
                return items.iter().filter_map(|item| item["label"].as_str().map(str::to_owned)).collect();
            }
            thread::sleep(PAUSE);
        }
    }

    fn ask(&mut self, method: &str, words: &Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": words }));
        loop {
            let message = self.answers.recv_timeout(PATIENCE).expect("the server answers");
            match (message.get("method"), message.get("id")) {
                (None, Some(answered)) if *answered == id => return message,
                // A question of the server: there are no settings, and nothing to say to any other.
                (Some(question), Some(asked)) => {
                    let none = if question == "workspace/configuration" { json!([null]) } else { json!(null) };
                    self.send(&json!({ "jsonrpc": "2.0", "id": asked, "result": none }));
                }
                _ => {}
            }
        }
    }

    fn tell(&mut self, method: &str, words: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": words }));
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len()).expect("the server listens");
        self.input.flush().expect("the server listens");
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn message(output: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim().split_once(": ") {
            Some(("Content-Length", number)) => length = number.parse().ok()?,
            Some(_) => {}
            None => break,
        }
    }
    let mut text = vec![0; length];
    output.read_exact(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}
