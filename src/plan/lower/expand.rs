//! `${...}` in the spec's texts.
//! It must not know what a text is for.

use super::Lowering;
use crate::diagnostic::{Code, Located, did_you_mean, nearest};
use crate::spec::Text;

impl Lowering<'_> {
    /// Resolves `[vars]`, each as often as it is needed and reported once.
    pub(super) fn vars(&mut self) {
        for (name, _) in &self.spec.vars {
            self.var(&name.value, &mut Vec::new());
        }
    }

    /// The text with every placeholder expanded; `None` when one cannot be, which has been reported.
    pub(super) fn expand(&mut self, text: &Text) -> Option<Located> {
        self.expand_within(text, &mut Vec::new())
    }

    /// The same as a plain string.
    pub(super) fn string(&mut self, text: &Text) -> Option<String> {
        self.expand(text).map(|located| located.text().to_owned())
    }

    fn expand_within(&mut self, text: &Text, visiting: &mut Vec<String>) -> Option<Located> {
        let written = Located::of_toml_string(&self.spec.source, text.span, &text.value);
        let mut expanded = Located::at(written.whole());
        let mut whole = true;
        let value = &text.value;
        let mut at = 0;
        while let Some(found) = value[at..].find("${") {
            let start = at + found;
            if value[..start].ends_with('$') && start > at {
                expanded.push_part(&written, at..start - 1);
                expanded.push_part(&written, start..start + 2);
                at = start + 2;
                continue;
            }
            expanded.push_part(&written, at..start);
            let Some(len) = value[start..].find('}') else {
                let help = Some("add `}`, or write `$${` for a literal `${`".to_owned());
                let span = written.span(start..value.len());
                self.error(Code::UNKNOWN_PLACEHOLDER, span, "a placeholder is not closed", "no `}` follows", help);
                return None;
            };
            let end = start + len + 1;
            match self.placeholder(&value[start + 2..end - 1], &written, start..end, visiting) {
                Some(inserted) => expanded.push(&inserted, written.span(start..end)),
                None => whole = false,
            }
            at = end;
        }
        expanded.push_part(&written, at..value.len());
        whole.then_some(expanded)
    }

    fn placeholder(
        &mut self,
        name: &str,
        written: &Located,
        range: std::ops::Range<usize>,
        visiting: &mut Vec<String>,
    ) -> Option<String> {
        let span = written.span(range.clone());
        match name {
            "tmp" => return Some(self.context.tmp.clone()),
            "spec-dir" => return Some(self.context.spec_dir.clone()),
            "case" => return Some(self.context.case.clone()),
            _ => {}
        }
        let (kind, key) = name.split_once('.').unwrap_or((name, ""));
        let key_span = written.span(range.start + 2 + name.len() - key.len()..range.end - 1);
        match kind {
            "var" if !key.is_empty() => {
                if !self.spec.vars.iter().any(|(known, _)| known.value == key) {
                    let known: Vec<&str> = self.spec.vars.iter().map(|(name, _)| name.value.as_str()).collect();
                    let help = did_you_mean(key, known).unwrap_or_else(|| format!("add `{key}` to `[vars]`"));
                    let message = format!("unknown variable `{key}`");
                    self.error(Code::UNKNOWN_PLACEHOLDER, key_span, message, "not in `[vars]`", Some(help));
                    return None;
                }
                if visiting.iter().any(|name| name == key) {
                    let message = format!("the variable `{key}` contains itself");
                    let label = if visiting.len() == 1 {
                        "here".to_owned()
                    } else {
                        format!("through `{}`", visiting[1..].join("`, `"))
                    };
                    self.error(Code::PLACEHOLDER_CYCLE, key_span, message, &label, None);
                    return None;
                }
                self.var(key, visiting)
            }
            "env" if !key.is_empty() => {
                let (key, default) = key.split_once(":-").map_or((key, None), |(key, default)| (key, Some(default)));
                let value = self.context.env.get(key).cloned().filter(|value| default.is_none() || !value.is_empty());
                if let Some(value) = value.or_else(|| default.map(str::to_owned)) {
                    return Some(value);
                }
                let help = Some(format!("set it, or give a default: `${{env.{key}:-default}}`"));
                self.error(Code::UNSET_ENV, key_span, format!("the environment has no `{key}`"), "not set", help);
                None
            }
            "bin" if !key.is_empty() => {
                let found = self.context.bins.get(key).cloned();
                if found.is_none() {
                    let help = Some(format!("build it (`cargo build --bin {key}`), or name it: `--bin {key}=PATH`"));
                    let message = format!("the program `{key}` was not found");
                    self.error(Code::UNRESOLVED_BIN, key_span, message, "neither built nor named", help);
                }
                found
            }
            "matrix" if !key.is_empty() => {
                let value =
                    self.spec.matrix.iter().find(|axis| axis.name.value == key).and_then(|axis| axis.values.first());
                if let Some(value) = value {
                    self.chosen.insert(key.to_owned());
                    return Some(value.value.clone());
                }
                if self.spec.refused_axes.iter().any(|name| name == key) {
                    // Its list has been found wrong.
                    return None;
                }
                let known: Vec<&str> = self.spec.matrix.iter().map(|axis| axis.name.value.as_str()).collect();
                // It is the one that was meant, and is told of once.
                self.chosen.extend(nearest(key, known.iter().copied()).map(str::to_owned));
                let help = did_you_mean(key, known).unwrap_or_else(|| format!("add `{key}` to `[matrix]`"));
                let message = format!("the matrix has no `{key}`");
                self.error(Code::UNKNOWN_PLACEHOLDER, key_span, message, "not in `[matrix]`", Some(help));
                None
            }
            _ => {
                let help = match nearest(name, ["tmp", "spec-dir", "case"]).or_else(|| nearest(kind, ["var", "matrix", "env", "bin"])) {
                    Some(near) if key.is_empty() && matches!(near, "var" | "matrix" | "env" | "bin") => format!("write `${{{near}.NAME}}`"),
                    Some(near) if !key.is_empty() => format!("did you mean `${{{near}.{key}}}`?"),
                    Some(near) => format!("did you mean `${{{near}}}`?"),
                    None if self.spec.vars.iter().any(|(known, _)| known.value == name) => format!("write `${{var.{name}}}`"),
                    None => "known are `${tmp}`, `${spec-dir}`, `${case}`, `${var.X}`, `${matrix.X}`, `${env.X}` and `${bin.X}`; a literal `${` is `$${`".to_owned(),
                };
                let message = format!("unknown placeholder `${{{name}}}`");
                self.error(Code::UNKNOWN_PLACEHOLDER, span, message, "stands for nothing", Some(help));
                None
            }
        }
    }

    /// Says which keys of `[matrix]` nothing asks for: their cases would all be the same.
    pub(super) fn unused_axes(&mut self) {
        for axis in &self.spec.matrix {
            let name = &axis.name.value;
            if !self.chosen.contains(name) {
                let help =
                    Some(format!("write `${{matrix.{name}}}` where the value is to stand, or take the key out"));
                let message = format!("nothing asks for `${{matrix.{name}}}`");
                self.error(Code::UNUSED_AXIS, axis.name.span, message, "its cases would all be the same", help);
            }
        }
    }

    fn var(&mut self, name: &str, visiting: &mut Vec<String>) -> Option<String> {
        if let Some(known) = self.vars.get(name) {
            return known.clone();
        }
        let (_, text) = self.spec.vars.iter().find(|(known, _)| known.value == name)?;
        visiting.push(name.to_owned());
        let value = self.expand_within(text, visiting).map(|located| located.text().to_owned());
        visiting.pop();
        self.vars.insert(name.to_owned(), value.clone());
        value
    }
}
