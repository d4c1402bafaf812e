//! The tables of flag names: `flags.txt` read and written as Rust.
//! It must not know which call uses a set.

use super::lines;

/// One set of names.
pub struct FlagSet {
    pub name: String,
    /// Bits that hold a value of their own rather than flags.
    pub mask: u64,
    names: Vec<(String, u64)>,
}

impl FlagSet {
    /// The value of one name.
    pub fn value(&self, name: &str) -> Option<u64> {
        self.names.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }
}

/// Reads `flags.txt`; the format is described at its top.
pub fn parse(text: &str) -> Result<Vec<FlagSet>, String> {
    let mut sets: Vec<FlagSet> = Vec::new();
    for (at, line) in lines(text) {
        let words = if line.starts_with(' ') {
            line
        } else {
            let (head, words) = line.split_once(':').ok_or(format!("flags.txt:{at}: a colon is missing"))?;
            sets.push(head_of(head).ok_or(format!("flags.txt:{at}: `{head}` is no head"))?);
            words
        };
        let set = sets.last_mut().ok_or(format!("flags.txt:{at}: names before the first head"))?;
        for word in words.split_whitespace() {
            let bad = || format!("flags.txt:{at}: `{word}` is not NAME=VALUE");
            let (name, value) = word.split_once('=').ok_or_else(bad)?;
            set.names.push((name.to_owned(), number(value).ok_or_else(bad)?));
        }
    }
    sets.sort_by(|a, b| a.name.cmp(&b.name));
    match sets.windows(2).find(|pair| pair[0].name == pair[1].name) {
        Some(pair) => Err(format!("flags.txt: `{}` is there twice", pair[0].name)),
        None => Ok(sets),
    }
}

fn head_of(head: &str) -> Option<FlagSet> {
    let (kind, rest) = head.split_once(' ')?;
    let (name, mask) = match (kind, rest.split_once(" & ")) {
        ("list", None) => (rest, u64::MAX),
        ("flags", None) => (rest, 0),
        ("flags", Some((name, mask))) => (name, number(mask)?),
        _ => return None,
    };
    Some(FlagSet { name: name.to_owned(), mask, names: Vec::new() })
}

fn number(text: &str) -> Option<u64> {
    if let Some(hex) = text.strip_prefix("0x") {
        return u64::from_str_radix(hex, 16).ok();
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return u64::from_str_radix(octal, 8).ok();
    }
    text.parse().ok()
}

/// The module `flag_sets`.
pub fn render(sets: &[FlagSet]) -> String {
    let mut out = String::from(
        "/// Every set of names, by its name in the table.\n#[allow(missing_docs)]\npub mod flag_sets {\n",
    );
    out.push_str("use super::super::flags::FlagSet;\n");
    let idents: Vec<String> = sets.iter().map(|set| set.name.to_uppercase()).collect();
    out.push_str(&format!(
        "pub static ALL: &[&FlagSet] = &[{}];\n",
        idents.iter().map(|ident| format!("&{ident},")).collect::<String>()
    ));
    for (set, ident) in sets.iter().zip(&idents) {
        let mask = if set.mask == u64::MAX { "u64::MAX".to_owned() } else { format!("{:#x}", set.mask) };
        let names: String = set.names.iter().map(|(name, value)| format!("({name:?}, {value:#x}),")).collect();
        out.push_str(&format!(
            "pub static {ident}: FlagSet = FlagSet {{ name: {:?}, value_mask: {mask}, names: &[{names}] }};\n",
            set.name
        ));
    }
    out.push_str("}\n");
    out
}
