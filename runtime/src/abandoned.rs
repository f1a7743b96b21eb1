//! Temporary files beside outputs, and what killed programs leave of them.
//!
//! Whoever makes such a file holds its lock until it is closed, which the system does for a program that is killed. So a
//! file of this kind without a lock is nobody's, and the next output that is written to its folder removes it.

use std::fs::File;
use std::io::Result;
use std::path::Path;
use tempfile::{Builder, NamedTempFile};

const PREFIX: &str = ".dj-";
const SUFFIX: &str = ".tmp";
/// Letters and digits between the two.
const RANDOM: usize = 8;

/// The kind of temporary file that is found here again.
pub(crate) fn builder() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX).rand_bytes(RANDOM);
    builder
}

/// Makes a file of [`builder`]'s kind and takes its lock.
///
/// # Errors
/// If the folder is not there or cannot be written.
pub(crate) fn create(builder: &Builder<'_, '_>, folder: &Path) -> Result<NamedTempFile> {
    loop {
        let file = builder.tempfile_in(folder)?;
        if is_held(file.as_file()) {
            return Ok(file);
        }
    }
}

/// Takes a new file's lock. It is not held if another program removed the file just before, seeing it without one.
#[cfg(unix)]
fn is_held(file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    // Where a file system has no locks, nobody finds that there is none.
    file.lock().is_err() || file.metadata().is_ok_and(|metadata| metadata.nlink() > 0)
}

#[cfg(not(unix))]
fn is_held(_: &File) -> bool {
    true
}

/// Removes the files of this kind in a folder that are of the same owner as `own`, one of them, and that nobody holds.
///
/// A file that cannot be looked at or removed stays: what is written does not depend on it.
#[cfg(unix)]
pub(crate) fn remove_others(folder: &Path, own: &File) {
    let (Ok(entries), Ok(own)) = (std::fs::read_dir(folder), own.metadata()) else { return };
    for entry in entries.flatten().filter(|entry| entry.file_name().to_str().is_some_and(is_of_this_kind)) {
        let _ = remove_if_abandoned(&entry.path(), &own);
    }
}

/// Other systems do not let an open file be removed, nor tell whose it is.
#[cfg(not(unix))]
pub(crate) fn remove_others(_: &Path, _: &File) {}

fn is_of_this_kind(name: &str) -> bool {
    let random = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
    random.is_some_and(|random| random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(unix)]
fn remove_if_abandoned(path: &Path, own: &std::fs::Metadata) -> Result<()> {
    use std::os::unix::fs::MetadataExt;
    let metadata = path.symlink_metadata()?;
    if !metadata.is_file() || metadata.uid() != own.uid() || metadata.ino() == own.ino() {
        return Ok(());
    }
    // The lock is held until the file is gone: who has just made it notices then, and makes another one.
    let file = File::open(path)?;
    if file.try_lock().is_ok() {
        std::fs::remove_file(path)?;
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn paths(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect()
    }

    #[test]
    fn only_what_nobody_holds_goes() {
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join(".dj-aB3dE6gH.tmp");
        // Like a file of a program that was killed, and like some that are none.
        std::fs::write(&left, "half").unwrap();
        let others = ["a.tmp", ".dj-short.tmp", ".dj-aB3dE6g!.tmp", ".dj-aB3dE6gH.csv", ".dj-aB3dE6gHi.tmp"];
        others.iter().for_each(|name| std::fs::write(folder.path().join(name), "").unwrap());
        std::os::unix::fs::symlink("a.tmp", folder.path().join(".dj-linklink.tmp")).unwrap();
        std::fs::create_dir(folder.path().join(".dj-folder00.tmp")).unwrap();
        let held = create(&builder(), folder.path()).unwrap();
        let own = create(&builder(), folder.path()).unwrap();
        let before = paths(folder.path()).unwrap();
        remove_others(folder.path(), own.as_file());
        let gone: Vec<_> = before.into_iter().filter(|path| !path.exists() && !path.is_symlink()).collect();
        assert_eq!(gone, [left]);
        let path = held.path().to_owned();
        // As a killed program's: closed, and still there.
        drop(held.into_temp_path().keep().unwrap());
        remove_others(folder.path(), own.as_file());
        assert!(!path.exists() && own.path().exists());
    }
}
