//! The ways in which a program is run, and the spec of each. It must not know how what was seen is compared.

/// A way to run a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Without rinject.
    Alone,
    /// Under rinject.
    Under {
        /// `transparent = true`, or the surroundings that a spec gives by default.
        is_transparent: bool,
        /// Every call and signal is recorded, or there are only rules for what never happens.
        is_traced: bool,
    },
}

impl Form {
    /// Those under rinject, the quickest first.
    pub(crate) const UNDER: [Form; 4] = [
        Form::Under { is_transparent: false, is_traced: false },
        Form::Under { is_transparent: true, is_traced: false },
        Form::Under { is_transparent: false, is_traced: true },
        Form::Under { is_transparent: true, is_traced: true },
    ];

    pub(crate) fn words(self) -> &'static str {
        match self {
            Form::Alone => "alone",
            Form::Under { is_transparent: true, is_traced: false } => "transparent, idle",
            Form::Under { is_transparent: true, is_traced: true } => "transparent, all traced",
            Form::Under { is_transparent: false, is_traced: false } => "default, idle",
            Form::Under { is_transparent: false, is_traced: true } => "default, all traced",
        }
    }

    /// The spec that runs a command in this form and expects it to end with `exit`.
    pub(crate) fn spec(self, command: &[String], cwd: &str, nested: Option<&str>, exit: i32) -> String {
        let Form::Under { is_transparent, is_traced } = self else { unreachable!("alone there is no spec") };
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let args: Vec<String> = command[1..].iter().map(|word| quoted(word)).collect();
        let mut spec = format!(
            "spec = 1\n[target]\nprogram = {}\nargs = [{}]\ncwd = {}\ntimeout = \"170s\"\ntransparent = {is_transparent}\n",
            quoted(&command[0]),
            args.join(", "),
            quoted(cwd),
        );
        if !is_transparent {
            spec += "env = { PATH = \"${env.PATH}\" }\n";
        }
        spec += "[trace]\n";
        if is_traced {
            spec += "syscalls = [\"all\"]\nsignals = [\"all\"]\n";
        }
        if let Some(nested) = nested.filter(|_| !is_transparent) {
            spec += &format!("nested = \"{nested}\"\n");
        }
        spec += "[[inject]]\non = \"swapoff\"\nerror = \"EPERM\"\nfires = \"0..\"\n\
                 [[inject]]\non = \"signal(SIGSTKFLT)\"\nsuppress = true\nfires = \"0..\"\n";
        spec += &format!("[expect]\nexit = {exit}\n[snapshot]\ntranscript = false\n");
        spec
    }
}
