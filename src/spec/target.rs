//! `[target]` as it is written, and how it is read.
//! It must not know what the values mean to a run.

use toml::de::DeValue;

use super::keys;
use super::model::{At, Scalar, Text};
use super::read::text_entries;
use super::walk::{Fields, Value, Walk};
use crate::diagnostic::{Code, Span};

/// `[target]`.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// The table.
    pub span: Span,
    /// `program`.
    pub program: Option<Text>,
    /// Whether there is neither `program` nor `attach`; the command line may name a process instead.
    pub lacks_program: bool,
    /// `arg0`.
    pub arg0: Option<Text>,
    /// `args`.
    pub args: Vec<Text>,
    /// `env`, in file order.
    pub env: Vec<(Text, Text)>,
    /// `env-clear`.
    pub env_clear: Option<At<bool>>,
    /// `cwd`.
    pub cwd: Option<Text>,
    /// `files`, in file order.
    pub files: Vec<(Text, File)>,
    /// `stdin`.
    pub stdin: Option<Stdin>,
    /// `stdout`.
    pub stdout: Option<Output>,
    /// `stderr`.
    pub stderr: Option<Output>,
    /// `tty`.
    pub tty: Option<At<bool>>,
    /// `timeout`.
    pub timeout: Option<Text>,
    /// `limits`, by name.
    pub limits: Vec<(&'static str, At<Scalar>)>,
    /// `transparent`.
    pub transparent: Option<At<bool>>,
    /// `attach`.
    pub attach: Option<Attach>,
}

/// `target.attach`.
#[derive(Clone, Debug)]
pub struct Attach {
    /// All of it.
    pub span: Span,
    /// `pid`, or the number itself.
    pub pid: Option<At<i128>>,
    /// Whether there is no `pid`; the command line may name it instead.
    pub lacks_pid: bool,
    /// `for`.
    pub lasts: Option<Text>,
}

/// A value in `target.files`.
#[derive(Clone, Debug)]
pub struct File {
    /// All of it.
    pub span: Span,
    /// `text`, or the string itself.
    pub text: Option<Text>,
    /// `path`.
    pub path: Option<Text>,
    /// `mode`.
    pub mode: Option<Text>,
}

/// `target.stdin`.
#[derive(Clone, Debug)]
pub enum Stdin {
    /// `"null"`, `"inherit"`, `"tty"`.
    Word(Text),
    /// `{ text }`.
    Text(Text),
    /// `{ file }`.
    File(Text),
}

/// `target.stdout`, `target.stderr`.
#[derive(Clone, Debug)]
pub enum Output {
    /// `"file"`, `"pipe"`, `"null"`, `"inherit"`, `"tty"`.
    Word(Text),
    /// `{ path }`.
    Path(Text),
}

pub(super) fn target(walk: &Walk, root: &Fields<'_, '_>) -> Option<Target> {
    let fields = root.table("target", &keys::TARGET)?;
    Some(Target {
        span: fields.span,
        program: fields.text("program"),
        lacks_program: fields.lacks("program") && fields.lacks("attach"),
        arg0: fields.text("arg0"),
        args: fields.texts("args").map(|args| args.value).unwrap_or_default(),
        env: text_entries(walk, &fields, "env"),
        env_clear: fields.flag("env-clear"),
        cwd: fields.text("cwd"),
        files: fields
            .entries("files")
            .into_iter()
            .filter_map(|(key, value)| Some((key, file(walk, value)?)))
            .collect(),
        stdin: stdin(walk, &fields),
        stdout: output(walk, &fields, "stdout"),
        stderr: output(walk, &fields, "stderr"),
        tty: fields.flag("tty"),
        timeout: fields.text("timeout"),
        limits: fields
            .table("limits", &keys::LIMITS)
            .map(|limits| {
                let limit = |key: &keys::Key| Some((key.name, limits.scalar(key.name, "a number or a size")?));
                keys::LIMITS.keys.iter().filter_map(limit).collect()
            })
            .unwrap_or_default(),
        transparent: fields.flag("transparent"),
        attach: attach(walk, &fields),
    })
}

fn attach(walk: &Walk, fields: &Fields<'_, '_>) -> Option<Attach> {
    let value = fields.get("attach")?;
    let span = value.span().into();
    match value.get_ref() {
        DeValue::Integer(_) => Some(Attach { span, pid: fields.integer("attach"), lacks_pid: false, lasts: None }),
        DeValue::Table(_) => {
            let table = fields.table("attach", &keys::ATTACH)?;
            Some(Attach { span, pid: table.integer("pid"), lacks_pid: table.lacks("pid"), lasts: table.text("for") })
        }
        _ => walk.wrong_type(value, "attach", "a number or a table", "1234"),
    }
}

fn file(walk: &Walk, value: &Value<'_>) -> Option<File> {
    let span = value.span().into();
    match value.get_ref() {
        DeValue::String(text) => {
            Some(File { span, text: Some(At { value: text.to_string(), span }), path: None, mode: None })
        }
        DeValue::Table(table) => {
            let fields = walk.open(table, span, &keys::FILE);
            let file = File { span, text: fields.text("text"), path: fields.text("path"), mode: fields.text("mode") };
            match (&file.text, &file.path) {
                (Some(_), Some(path)) => {
                    let message = "a file has either `text` or `path`".to_owned();
                    walk.report(Code::CONFLICTING_KEYS, path.span, message, "`text` is given too", None);
                    None
                }
                (None, None) if fields.get("text").is_none() && fields.get("path").is_none() => {
                    fields.missing("text")
                }
                _ => Some(file),
            }
        }
        _ => walk.wrong_type(value, "a file of `target.files`", "a string or a table", ""),
    }
}

fn stdin(walk: &Walk, fields: &Fields<'_, '_>) -> Option<Stdin> {
    let value = fields.get("stdin")?;
    match value.get_ref() {
        DeValue::String(_) => fields.text("stdin").map(Stdin::Word),
        DeValue::Table(_) => {
            let table = fields.table("stdin", &keys::STDIN)?;
            match (table.text("text"), table.text("file")) {
                (Some(_), Some(file)) => {
                    let message = "`stdin` is either `text` or `file`".to_owned();
                    walk.report(Code::CONFLICTING_KEYS, file.span, message, "`text` is given too", None);
                    None
                }
                (Some(text), None) => Some(Stdin::Text(text)),
                (None, Some(file)) => Some(Stdin::File(file)),
                (None, None) if table.get("text").or(table.get("file")).is_none() => table.missing("text"),
                (None, None) => None,
            }
        }
        _ => walk.wrong_type(value, "stdin", "a string or a table", "{ text = \"y\" }"),
    }
}

fn output(walk: &Walk, fields: &Fields<'_, '_>, name: &'static str) -> Option<Output> {
    let value = fields.get(name)?;
    match value.get_ref() {
        DeValue::String(_) => fields.text(name).map(Output::Word),
        DeValue::Table(_) => {
            let table = fields.table(name, &keys::OUTPUT_TO)?;
            match table.get("path") {
                Some(_) => table.text("path").map(Output::Path),
                None => table.missing("path"),
            }
        }
        _ => walk.wrong_type(value, name, "a string or a table", "\"pipe\""),
    }
}
