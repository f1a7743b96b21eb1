//! What no linter checks: file lengths, a page for every error, and nothing of anybody's machine in the sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use dj_tests::{Result, root};

/// A file of more lines should be two.
const MAX_LINES: usize = 500;

const FOLDERS: [&str; 9] = ["grammar", "compiler", "runtime", "tests", "benches", "docs", "examples", "scripts", ".ci"];

/// Every text file of ours with its path relative to the root.
fn sources() -> Result<Vec<(PathBuf, String)>> {
    let root = root();
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = FOLDERS.iter().map(|folder| root.join(folder)).filter(|f| f.is_dir()).collect();
    for file in ["README.md", "Makefile", "Cargo.toml", ".cargo/config.toml"] {
        found.push((PathBuf::from(file), fs::read_to_string(root.join(file))?));
    }
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                found.push((path.strip_prefix(&root)?.to_owned(), text));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

fn fail_with(problems: &[String]) -> Result {
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n").into()) }
}

/// The codes in `text` that stand as literals, `"DJ0000"` with other digits.
fn codes(text: &str) -> impl Iterator<Item = &str> {
    let literals = text.match_indices("\"DJ").filter_map(|(at, _)| text.get(at + 1..at + 8));
    literals
        .filter_map(|literal| literal.strip_suffix('"'))
        .filter(|code| code.bytes().skip(2).all(|digit| digit.is_ascii_digit()))
}

#[test]
fn files_are_short() -> Result {
    let long: Vec<String> = sources()?
        .iter()
        .filter(|(path, _)| has_extension(path, "rs"))
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(path, lines)| format!("{}: {lines} lines, more than {MAX_LINES}", path.display()))
        .collect();
    fail_with(&long)
}

#[test]
fn every_error_has_a_page_and_every_page_an_error() -> Result {
    let (mut used, mut documented) = (BTreeSet::new(), BTreeSet::new());
    for (path, text) in sources()? {
        if path.starts_with("docs/errors") {
            documented.extend(
                path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).filter(|s| s.starts_with("DJ")),
            );
        } else if has_extension(&path, "rs") && !path.starts_with("tests") {
            used.extend(codes(&text).map(str::to_owned));
        }
    }
    let missing = used.difference(&documented).map(|code| format!("docs/errors/{code}.md is missing"));
    let stale = documented.difference(&used).map(|code| format!("docs/errors/{code}.md: no such code in the sources"));
    fail_with(&missing.chain(stale).collect::<Vec<_>>())
}

#[test]
fn nothing_of_one_machine_is_in_the_sources() -> Result {
    // Spelled in halves, so that this file passes its own test.
    let forbidden =
        [["/wo", "rk/"], ["/ro", "ot/"], ["/ho", "me/"], ["py", "pi.org"], ["npmjs", ".org"], ["pythonhosted", ".org"]]
            .map(|halves| halves.concat());
    let mut problems = Vec::new();
    for (path, text) in sources()? {
        for (number, line) in text.lines().enumerate() {
            for word in forbidden.iter().filter(|word| line.contains(word.as_str())) {
                problems.push(format!("{}:{}: `{word}`", path.display(), number + 1));
            }
        }
    }
    fail_with(&problems)
}

#[test]
fn links_between_pages_lead_somewhere() -> Result {
    let mut problems = Vec::new();
    for (path, text) in sources()?.iter().filter(|(path, _)| has_extension(path, "md")) {
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split([')', '#']).next().unwrap_or_default();
            let folder = path.parent().unwrap_or(Path::new(""));
            if !target.is_empty() && !target.contains("://") && !root().join(folder).join(target).exists() {
                problems.push(format!("{}: no file {target}", path.display()));
            }
        }
    }
    fail_with(&problems)
}

#[test]
fn rust_files_say_what_they_are_for() -> Result {
    let silent: Vec<String> = sources()?
        .iter()
        .filter(|(path, text)| has_extension(path, "rs") && !text.trim_start().starts_with("//!"))
        .map(|(path, _)| format!("{}: does not open with `//!`", path.display()))
        .collect();
    fail_with(&silent)
}

/// The runtime is a library: its command lines print, and prepare the environment for a plugin.
#[test]
fn the_library_prints_nothing() -> Result {
    // Spelled in halves, so that this file passes its own test.
    let forbidden =
        [["print", "ln!"], ["print", "!("], ["indic", "atif"], ["std", "err()"], ["std", "out()"], ["set_", "var"]];
    let forbidden = forbidden.map(|halves| halves.concat());
    let mut problems = Vec::new();
    for (path, text) in sources()? {
        let is_command = ["runtime/src/cli", "runtime/src/bin"].iter().any(|folder| path.starts_with(folder));
        let is_test = path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs");
        if !path.starts_with("runtime/src") || !has_extension(&path, "rs") || is_command || is_test {
            continue;
        }
        for word in forbidden.iter().filter(|word| text.contains(word.as_str())) {
            let is_allowed = word.starts_with("set_") && path.ends_with("pjrt/plugin.rs");
            if !is_allowed {
                problems.push(format!("{}: `{word}`", path.display()));
            }
        }
    }
    fail_with(&problems)
}

/// Below the optimizer a lookup that cannot fail says so; it never goes on with 0, null or a default.
///
/// What is allowed is the meaning of an absence, and stands in this list with its line.
#[test]
fn no_fallback_hides_a_fault() -> Result {
    const FOLDERS: [&str; 5] = [
        "compiler/src/physical",
        "compiler/src/strategy",
        "compiler/src/lower",
        "compiler/src/encode",
        "runtime/src/execute",
    ];
    const FALLBACKS: [&str; 7] = [
        ".unwrap_or(0)",
        ".unwrap_or(\"",
        ".unwrap_or_default()",
        ".map_or(0,",
        ".map_or(Scalar::Null",
        "_ => 0",
        ".unwrap_or(u32::MAX)",
    ];
    const MEANT: [&str; 22] = [
        // A join without a condition, a stage without keys, rows that are not known.
        "residual.unwrap_or_default()",
        "groups.or(builds).unwrap_or_default()",
        "&dense, &sort, rows.unwrap_or(0))",
        "mark::is_worth(places, rows.unwrap_or(0))",
        // A chunk is no rung, a row without columns has no bytes, no driver filters.
        "checked_ilog2().map_or(0, |rung| rung + 1)",
        "map(row_bytes).max().unwrap_or(0)",
        ".count()).min().unwrap_or(0);",
        // A table of texts that makes no texts.
        "into dictionary {domain}\")).unwrap_or_default();",
        // `round(x)` rounds to no digits.
        "operands.get(1).map_or(0, literal_digits)",
        // Nothing is leased yet.
        "leased.map_or(0, Lease::bytes)",
        // A result without columns, a driver without rows, a number without a fraction, a null.
        "places.last().map_or(0,",
        "waves.get(&(self.index, index)).cloned().unwrap_or_default()",
        "split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default()",
        "self.text(column).map_or(Scalar::Null, Scalar::str)",
        // What the system does not tell, on which no result depends.
        "var(\"XLA_FLAGS\").unwrap_or_default()",
        "metadata(plugin.path()).map_or(0, |file| file.len())",
        "cpuinfo\").unwrap_or_default()",
        "line.starts_with(name)).unwrap_or_default()",
        "self.folder.file_name().unwrap_or_default()",
        "status\").unwrap_or_default()",
        ".parse::<u64>().ok()).unwrap_or(0) * 1024",
        "last = count.checked_sub(1).map_or(0,",
    ];
    let mut problems = Vec::new();
    for (path, text) in sources()? {
        let is_test = path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs");
        if is_test || !FOLDERS.iter().any(|folder| path.starts_with(folder)) {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let hides = FALLBACKS.iter().any(|fallback| line.contains(fallback));
            if hides && !MEANT.iter().any(|meant| line.contains(meant)) {
                problems.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    fail_with(&problems)
}

#[test]
fn nothing_large_is_tracked() -> Result {
    let Ok(listed) = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output() else { return Ok(()) };
    let mut large = Vec::new();
    for name in String::from_utf8(listed.stdout)?.split('\0').filter(|name| !name.is_empty()) {
        if fs::metadata(root().join(name)).is_ok_and(|file| file.len() > 512 * 1024) {
            large.push(format!("{name}: more than half a megabyte; data belongs into .cache"));
        }
    }
    fail_with(&large)
}

#[test]
fn what_shows_a_rule_is_there() -> Result {
    let page = fs::read_to_string(root().join("docs/semantics.md"))?;
    let names = page.match_indices("corpus/").map(|(at, prefix)| {
        let rest = &page[at + prefix.len()..];
        rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
    });
    let names: BTreeSet<&str> = names.filter(|name| !name.is_empty() && *name != "NAME").collect();
    let missing = |name: &&str| !root().join(format!("tests/corpus/{name}.dj")).is_file();
    fail_with(&names.into_iter().filter(missing).map(|name| format!("no program corpus/{name}")).collect::<Vec<_>>())
}
