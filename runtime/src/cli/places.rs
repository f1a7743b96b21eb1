//! Where a command writes: never over what it reads, and no two things to one place.

use super::args::RunArgs;
use crate::artifact::Manifest;
use crate::execute::{RunError, codes};
use dj_grammar::Diagnostic;
use std::path::{Path, PathBuf};

/// Checks the places of a run's outputs: each is another one, and none is the program or a file that the run reads.
///
/// # Errors
/// If two are the same file.
pub(super) fn check(manifest: &Manifest, args: &RunArgs, base: &Path, program: &Path) -> Result<(), RunError> {
    let exports = args.outputs.iter().map(|(name, path)| (format!("`--out {name}=...`"), PathBuf::from(path)));
    let reports = [("`--timings`", &args.timings), ("`--profile`", &args.profile)].into_iter();
    let reports = reports.filter_map(|(option, path)| Some((option.to_owned(), path.clone()?)));
    let outputs: Vec<_> = exports.chain(reports).collect();
    let data = inputs(manifest, &args.bindings, base);
    let mut wrong = Vec::new();
    for (index, (option, path)) in outputs.iter().enumerate() {
        let own = std::iter::once(("the program".to_owned(), program.to_owned()));
        let taken = outputs[..index].iter().cloned().chain(own).chain(data.iter().cloned());
        let clashes = taken.filter(|(_, other)| is_same_file(path, other));
        wrong.extend(clashes.map(|(other, _)| clash(option, path, &other).help("name another file")));
    }
    if wrong.is_empty() { Ok(()) } else { Err(RunError::Usage(wrong)) }
}

/// The files that a program reads, and for whom: those that are bound, and the defaults of tables that are not.
pub fn inputs(manifest: &Manifest, bindings: &[(String, String)], base: &Path) -> Vec<(String, PathBuf)> {
    let mut files = Vec::new();
    for table in &manifest.tables {
        let bound = bindings.iter().find(|(name, _)| *name == table.name).map(|(_, path)| path.clone());
        let default = || Some(base.join(table.path.as_ref()?).to_string_lossy().into_owned());
        if let Some(binding) = bound.or_else(default) {
            let whose = format!("table `{}`", table.name);
            files.extend(crate::io::files_of(&binding).into_iter().map(|path| (whose.clone(), path)));
        }
    }
    files
}

/// Whether two paths are of one file, or would be.
pub fn is_same_file(a: &Path, b: &Path) -> bool {
    // What is no file (`/dev/null`) may be written any number of times.
    let is_other = |path: &Path| std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
    !is_other(a) && !is_other(b) && resolved(a) == resolved(b)
}

fn resolved(path: &Path) -> PathBuf {
    let of_folder = || {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Some(folder.canonicalize().ok()?.join(path.file_name()?))
    };
    path.canonicalize().ok().or_else(of_folder).unwrap_or_else(|| path.to_owned())
}

/// Two things that would be one file; the caller says what to name instead.
pub fn clash(option: &str, path: &Path, other: &str) -> Diagnostic {
    let message = format!("{option} would overwrite `{}`, which is {other}'s", path.display());
    Diagnostic::error(codes::OUTPUT, message)
}
