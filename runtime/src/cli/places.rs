//! Where a command writes: never over what it reads, and no two things to one place.

use super::args::RunArgs;
use crate::artifact::Manifest;
use crate::execute::{RunError, codes};
use dj_grammar::Diagnostic;
use std::path::{Path, PathBuf};

/// Checks the places of a run's outputs: each is another one, none is the program, and what tells about the run does not go
/// over its data. (An export may: it is moved to its place when all is read.)
///
/// # Errors
/// If two are the same file.
pub(super) fn check(manifest: &Manifest, args: &RunArgs, base: &Path, program: &Path) -> Result<(), RunError> {
    let exports = args.outputs.iter().map(|(name, path)| (format!("`--out {name}=...`"), PathBuf::from(path), true));
    let reports = [("`--timings`", &args.timings), ("`--profile`", &args.profile)].into_iter();
    let reports = reports.filter_map(|(option, path)| Some((option.to_owned(), path.clone()?, false)));
    let outputs: Vec<_> = exports.chain(reports).collect();
    let data = inputs(manifest, &args.bindings, base);
    let mut wrong = Vec::new();
    for (index, (option, path, is_export)) in outputs.iter().enumerate() {
        let others = outputs[..index].iter().map(|(other, path, _)| (other.clone(), path));
        let own = std::iter::once(("the program".to_owned(), program)).map(|(what, path)| (what, path.to_owned()));
        let read = data.iter().filter(|_| !is_export).cloned();
        let taken = others.map(|(what, path)| (what, path.clone())).chain(own).chain(read);
        wrong
            .extend(taken.filter(|(_, other)| is_same_file(path, other)).map(|(other, _)| clash(option, path, &other)));
    }
    if wrong.is_empty() { Ok(()) } else { Err(RunError::Usage(wrong)) }
}

/// The files that a program reads by name: what is bound, and the defaults of tables that are not. Globs are none.
pub fn inputs(manifest: &Manifest, bindings: &[(String, String)], base: &Path) -> Vec<(String, PathBuf)> {
    let tables = manifest.tables.iter().filter_map(|table| {
        let bound = bindings.iter().find(|(name, _)| *name == table.name).map(|(_, path)| PathBuf::from(path));
        let path = bound.or_else(|| Some(base.join(table.path.as_ref()?)))?;
        Some((format!("table `{}`", table.name), path))
    });
    tables.collect()
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

/// Two things that would be one file.
pub fn clash(option: &str, path: &Path, other: &str) -> Diagnostic {
    let message = format!("{option} would overwrite `{}`, which is {other}'s", path.display());
    Diagnostic::error(codes::OUTPUT, message).help("name another file")
}
