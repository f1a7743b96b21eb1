//! Where the executor gets a program's module from, and by what an executable belongs to it.

use super::ProgramId;
use super::store::sha256;
use std::borrow::Cow;

/// Why there is no module.
#[derive(Debug, thiserror::Error)]
pub enum ModulesError {
    /// The artifact lacks it.
    #[error("there is no module for program {0}")]
    Missing(ProgramId),
    /// It could not be lowered.
    #[error("cannot lower program {id}: {reason}")]
    Lowering {
        /// The program.
        id: ProgramId,
        /// Why.
        reason: String,
    },
}

/// What an executable was compiled with; one compiled with anything else is not used.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CompiledWith {
    /// The target, as [`super::Target`] prints it.
    pub target: String,
    /// A fingerprint of the platform, the plugin's version and, on CPU, the processor's features: a plain file name.
    pub fingerprint: String,
}

/// The modules of a program: those of an opened artifact, or the compiler itself, which lowers them when asked.
pub trait Modules: Send + Sync {
    /// The StableHLO text of a program.
    fn module(&self, id: ProgramId) -> Result<Cow<'_, str>, ModulesError>;

    /// Whether they come from a file that anybody may have written, so that one that does not fit its manifest is damage and
    /// no bug.
    fn is_from_file(&self) -> bool {
        false
    }

    /// A serialized executable of the module of this [`program_key`], if there is one that was compiled with just this.
    fn executable(&self, key: &str, with: &CompiledWith) -> Option<Cow<'_, [u8]>> {
        let _ = (key, with);
        None
    }
}

/// Modules that are all at hand.
impl Modules for std::collections::BTreeMap<ProgramId, String> {
    fn module(&self, id: ProgramId) -> Result<Cow<'_, str>, ModulesError> {
        self.get(&id).map(|text| Cow::Borrowed(text.as_str())).ok_or(ModulesError::Missing(id))
    }
}

/// Modules that somebody else owns.
impl<M: Modules + ?Sized> Modules for &M {
    fn module(&self, id: ProgramId) -> Result<Cow<'_, str>, ModulesError> {
        (**self).module(id)
    }

    fn is_from_file(&self) -> bool {
        (**self).is_from_file()
    }

    fn executable(&self, key: &str, with: &CompiledWith) -> Option<Cow<'_, [u8]>> {
        (**self).executable(key, with)
    }
}

/// What a module computes, as a name: modules that differ in their names and their places in the source only have one key.
///
/// It is the SHA-256 of its text without name and places, in hexadecimal. Executables are kept by it, in artifacts and in the cache.
pub fn program_key(module: &str) -> String {
    sha256(without_places(module).as_bytes())
}

/// The text of a module without its own name, ` loc(...)` behind operations and arguments, and the lines `#loc0 = loc(...)`.
///
/// Nothing inside a string literal is touched but the module's name, so that texts of modules that compute different things stay different.
fn without_places(module: &str) -> String {
    let mut kept = String::with_capacity(module.len());
    let mut rest = module;
    if let Some(behind) = module.strip_prefix(NAMED)
        && let Some(length) = literal(behind)
    {
        kept.push_str(NAMED);
        rest = &behind[length..];
    }
    while !rest.is_empty() {
        // What comes before the next literal or place is kept.
        let next = rest.find(['"', 'l', '#']).unwrap_or(rest.len());
        let (before, at) = rest.split_at(next);
        kept.push_str(before);
        let skipped = if at.starts_with('"') { None } else { place(&kept, at) };
        let length = match (skipped, literal(at)) {
            (Some(length), _) => {
                kept.truncate(kept.trim_end_matches(' ').len());
                length
            }
            (None, Some(length)) => {
                kept.push_str(&at[..length]);
                length
            }
            (None, None) => {
                let length = at.chars().next().map_or(0, char::len_utf8);
                kept.push_str(&at[..length]);
                length
            }
        };
        rest = &at[length..];
    }
    kept
}

/// How a module begins that has a name.
const NAMED: &str = "\"builtin.module\"() <{sym_name = ";

/// The length of the string literal that a text begins with.
fn literal(text: &str) -> Option<usize> {
    let mut bytes = text.bytes().enumerate();
    bytes.next().filter(|(_, byte)| *byte == b'"')?;
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return Some(at + 1),
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
    None
}

/// The length of the place that a text begins with, given what stands before: `loc(...)` behind a space, or a whole line
/// `#loc0 = loc(...)`.
fn place(before: &str, text: &str) -> Option<usize> {
    if before.ends_with(' ') && text.starts_with("loc(") {
        return Some("loc".len() + parenthesized(&text["loc".len()..])?);
    }
    let name = text.strip_prefix("#loc").filter(|_| before.is_empty() || before.ends_with('\n'))?;
    let digits = name.bytes().take_while(u8::is_ascii_digit).count();
    let value = name[digits..].strip_prefix(" = loc")?;
    let behind = &value[parenthesized(value)?..];
    let line = behind.strip_prefix('\n').or_else(|| behind.is_empty().then_some(behind))?;
    Some(text.len() - line.len())
}

/// The length of the parenthesis that a text begins with, with what is in it.
fn parenthesized(text: &str) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        match rest.as_bytes()[0] {
            b'"' => at += literal(rest)?,
            b'(' => (depth, at) = (depth + 1, at + 1),
            b')' => {
                (depth, at) = (depth.checked_sub(1)?, at + 1);
                if depth == 0 {
                    return Some(at);
                }
            }
            _ if depth == 0 => return None,
            _ => at += rest.chars().next().map_or(1, char::len_utf8),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module as `compiler/src/stablehlo/print.rs` writes it.
    fn module(name: &str, file: &str, line: usize, value: &str) -> String {
        format!(
            "\"builtin.module\"() <{{sym_name = \"{name}\"}}> ({{\n  \"func.func\"() ({{\n  ^bb0(%arg0: tensor<i32> loc(unknown), \
             %arg1: tensor<i32> loc(#loc0)):\n    %0 = \"stablehlo.constant\"() {{value = {value}}} : () -> tensor<i32> \
             loc(#loc1)\n    \"func.return\"(%0) : (tensor<i32>) -> () loc(#loc0)\n  }}) {{sym_name = \"main\"}} : () -> () \
             loc(unknown)\n}}) : () -> () loc(unknown)\n#loc0 = loc(\"{file}\":{line}:3)\n\
             #loc1 = loc(\"a \\\") loc(\"(callsite(\"x\" at \"{file}\":{line}:1)))\n"
        )
    }

    #[test]
    fn names_and_places_do_not_count() {
        let one = module("v0.s0.step", "a.dj", 1, "dense<1> : tensor<i32>");
        let other = module("v1.s7.finish \\22", "of \\\" another ) name.dj", 77, "dense<1> : tensor<i32>");
        assert_eq!(without_places(&one), without_places(&other));
        assert!(!without_places(&one).contains("loc"), "{}", without_places(&one));
        assert_eq!(program_key(&one), program_key(&other));
    }

    #[test]
    fn all_else_counts() {
        let of = |value: &str| program_key(&module("m", "a.dj", 1, value));
        let values = [
            "1",
            "2",
            "\" loc(#loc0)\"",
            "\" loc(#loc1)\"",
            "\"\\n#loc0 = loc(unknown)\"",
            "\" loc(\"",
            "loc",
            "#loc0",
            "\"\"",
        ];
        for (index, value) in values.iter().enumerate() {
            assert!(values[..index].iter().all(|other| of(other) != of(value)), "{value}");
        }
        assert_ne!(program_key("module @a {}"), program_key("module @b {}"));
        for broken in [
            "\"",
            "a loc(",
            " loc(\")",
            "#loc1 = loc(",
            "#loc1 = loc(x) y",
            "\"builtin.module\"() <{sym_name = \"",
            " é loc(é) é",
        ] {
            without_places(broken);
        }
        assert_eq!(without_places("a loc(b(c)d)\n#loc12 = loc(x)\n#map = 1\n"), "a\n#map = 1\n");
    }
}
