//! The pages of the errors: each shows a program or a command that gives its error, and all of it runs.
//!
//! Blocks by what stands after the three backticks:
//!
//! - `dj`: `djc check` gives the page's error; `dj run`: `djc run` does; `dj program`: the program that commands below use;
//! - `dj fixed`: neither the check nor, with data, the run gives any error;
//! - `csv NAME`: data, in `NAME.csv`;
//! - `sh`: commands, with `djc` and `djrun`, the last of which gives the error; `sh fixed`: the last one succeeds.
//!
//! Programs lie in `page.dj`, in a folder of the page's own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Result;
use crate::cli::{bin_dir, djc};

/// Errors that no small program gives, and why.
const NOT_SHOWN: [(&str, &str); 8] = [
    ("DJ0411", "needs two thousand million distinct texts"),
    ("DJ0503", "needs an artifact of another version of DJ"),
    ("DJ0605", "analysis says so before anything runs"),
    ("DJ0606", "needs more rows than a test can read"),
    ("DJ0612", "needs a device that fails"),
    ("DJ0613", "needs more rows than a test can read"),
    ("DJ0614", "needs an artifact whose checksums hold and whose modules are gone"),
    ("DJ0615", "programs for several devices are not supported yet"),
];

/// Runs the blocks of a page; one of them must give the page's error.
pub fn run_page(path: &Path, scratch: &Path) -> Result {
    let text = std::fs::read_to_string(path)?;
    let code = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let page = Page { folder: scratch.join(&code), code };
    std::fs::create_dir_all(&page.folder)?;
    let blocks: Vec<(&str, &str)> =
        text.split("```").skip(1).step_by(2).filter_map(|part| part.split_once('\n')).collect();
    let mut has_data = false;
    for (kind, rows) in &blocks {
        if let Some(name) = kind.strip_prefix("csv ") {
            std::fs::write(page.folder.join(format!("{name}.csv")), rows)?;
            has_data = true;
        }
    }
    let mut shown = false;
    for (kind, content) in blocks {
        shown |= page.block(kind, content, has_data).map_err(|error| format!("block `{kind}`: {error}"))?;
    }
    match (shown, NOT_SHOWN.iter().find(|(code, _)| *code == page.code)) {
        (true, None) | (false, Some(_)) => Ok(()),
        (true, Some(_)) => Err("the page shows its error: take it from the list of those that do not".into()),
        (false, None) => Err("no block of the page gives its error".into()),
    }
}

/// Runs the first program of a page on the page's data (`csv NAME`), and compares each output with the block of its name.
pub fn run_first_program(path: &Path, scratch: &Path) -> Result {
    let text = std::fs::read_to_string(path)?;
    let blocks: Vec<(&str, &str)> =
        text.split("```").skip(1).step_by(2).filter_map(|part| part.split_once('\n')).collect();
    let named = |kind: &str| blocks.iter().find(|(other, _)| *other == kind).map(|(_, content)| *content);
    let program = named("dj run").ok_or("the page has no program that runs")?;
    let folder = scratch.join("first_program");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("page.dj"), program)?;
    let exports: Vec<&str> =
        program.lines().filter_map(|line| line.strip_prefix("export ")?.split(' ').next()).collect();
    for (kind, content) in &blocks {
        if let Some(name) = kind.strip_prefix("csv ").filter(|name| !exports.contains(name)) {
            std::fs::write(folder.join(format!("{name}.csv")), content)?;
        }
    }
    let outputs =
        exports.iter().map(|name| format!("--out={name}={}", folder.join(format!("{name}.out.csv")).display()));
    djc()?.arg("run").arg(folder.join("page.dj")).args(outputs).succeed()?;
    for name in exports {
        let found = std::fs::read_to_string(folder.join(format!("{name}.out.csv")))?;
        let Some(wanted) = named(&format!("csv {name}")) else { return Err(format!("{name} gives:\n{found}").into()) };
        if found != wanted {
            return Err(format!("{name} gives:\n{found}").into());
        }
    }
    Ok(())
}

/// Runs every program of a guide (`dj fixed`) on the guide's data (`csv NAME`), and compares what it prints with the block
/// `text` behind it.
pub fn run_guide(path: &Path, scratch: &Path) -> Result {
    let text = std::fs::read_to_string(path)?;
    let blocks: Vec<(&str, &str)> =
        text.split("```").skip(1).step_by(2).filter_map(|part| part.split_once('\n')).collect();
    let folder = scratch.join(path.file_stem().unwrap_or_default());
    std::fs::create_dir_all(&folder)?;
    for (kind, rows) in &blocks {
        if let Some(name) = kind.strip_prefix("csv ") {
            std::fs::write(folder.join(format!("{name}.csv")), rows)?;
        }
    }
    let mut wrong = Vec::new();
    for pair in blocks.windows(2) {
        let [("dj fixed", program), (kind, wanted)] = pair else { continue };
        std::fs::write(folder.join("page.dj"), program)?;
        let found = djc()?.arg("run").arg(folder.join("page.dj")).succeed()?.stdout;
        if *kind != "text" || found.trim() != wanted.trim() {
            wrong.push(format!("{program}\ngives:\n{found}"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

/// A page while its blocks run.
struct Page {
    code: String,
    folder: PathBuf,
}

impl Page {
    /// Runs a block, and says whether it gave the page's error.
    fn block(&self, kind: &str, content: &str, has_data: bool) -> Result<bool> {
        let file = self.folder.join("page.dj");
        if kind.split(' ').next() == Some("dj") {
            std::fs::write(&file, content)?;
        }
        match kind {
            "dj" => djc()?.arg("check").arg(&file).run()?.code(1)?.complains(&self.code).map(|_| true),
            "dj run" => {
                let run = djc()?.arg("run").arg(&file).run()?;
                run.prints_nothing()?.blames_the_user()?.complains(&self.code).map(|_| true)
            }
            "dj fixed" if has_data => djc()?.arg("run").arg(&file).succeed().map(|_| false),
            "dj fixed" => djc()?.arg("check").arg(&file).succeed().map(|_| false),
            "sh" => self.shell(content, false).map(|()| true),
            "sh fixed" => self.shell(content, true).map(|()| false),
            _ => Ok(false),
        }
    }

    /// Runs commands in the page's folder.
    fn shell(&self, commands: &str, succeeds: bool) -> Result {
        let path = format!("{}:{}", bin_dir()?.display(), std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new("sh");
        command.arg("-c").arg(commands).current_dir(&self.folder).env("PATH", path).stdin(Stdio::null());
        let output = command.output()?;
        let told = String::from_utf8_lossy(&output.stderr);
        let right = if succeeds { output.status.success() } else { told.contains(&format!("[{}]", self.code)) };
        if right && output.status.success() == succeeds { Ok(()) } else { Err(format!("{commands}{told}").into()) }
    }
}
