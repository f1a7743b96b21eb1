//! Files that appear at once: written beside their place and moved there when they are complete.
//!
//! A reader sees the old file or the whole new one. A program that is told to end removes what it has begun
//! ([`remove_when_told_to_end`]).

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Error, ErrorKind, Result, Write};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};
use tempfile::{NamedTempFile, TempPath};

/// Files that must not outlive the program.
static UNFINISHED: LazyLock<Mutex<BTreeSet<PathBuf>>> = LazyLock::new(Mutex::default);

/// A file that is not in its place yet. Dropped, it is gone.
#[derive(Debug)]
pub struct NewFile {
    file: NamedTempFile,
    entry: Unfinished,
    /// Where it belongs: the path, or what that links to.
    place: PathBuf,
}

/// A temporary file without a place.
#[derive(Debug)]
pub struct Spool {
    path: TempPath,
    #[expect(dead_code, reason = "forgets the file when it is gone")]
    entry: Unfinished,
}

/// An entry of [`UNFINISHED`].
#[derive(Debug)]
struct Unfinished(PathBuf);

impl NewFile {
    /// A hidden file in the folder of `path`; a link stays a link, and what is there keeps its permissions.
    ///
    /// # Errors
    /// If there is no such folder, or it cannot be written.
    pub fn beside(path: &Path) -> Result<Self> {
        let place = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !folder.is_dir() {
            let message = format!("there is no folder `{}`", folder.display());
            return Err(Error::new(ErrorKind::NotFound, message));
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(".dj-").suffix(".tmp");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As any new file: what the user's mask leaves.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        // The error of the library names the temporary file, which means nothing to a user.
        let file = builder.tempfile_in(folder).map_err(|error| Error::from(error.kind()))?;
        let entry = Unfinished::note(file.path());
        if let Ok(existing) = std::fs::metadata(&place) {
            // A file system without permissions is no reason to fail.
            let _ = file.as_file().set_permissions(existing.permissions());
        }
        Ok(Self { file, entry, place })
    }

    /// The file.
    pub fn file(&self) -> &File {
        self.file.as_file()
    }

    /// Moves the file to its place.
    ///
    /// # Errors
    /// If it cannot be moved; what was there stays.
    pub fn finish(self) -> Result<()> {
        let moved = self.file.persist(&self.place);
        drop(self.entry);
        moved.map(|_| ()).map_err(|error| error.error)
    }
}

impl Spool {
    /// A file in the system's folder for temporary files, filled by `fill`.
    ///
    /// # Errors
    /// If it cannot be made or filled.
    pub fn filled(fill: impl FnOnce(&mut File) -> Result<()>) -> Result<Self> {
        let mut file = NamedTempFile::new()?;
        let entry = Unfinished::note(file.path());
        fill(file.as_file_mut())?;
        Ok(Self { path: file.into_temp_path(), entry })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Puts `bytes` at `path`.
///
/// # Errors
/// If the file cannot be written; what was there stays.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let file = NewFile::beside(path)?;
    file.file().write_all(bytes)?;
    file.finish()
}

impl Unfinished {
    fn note(path: &Path) -> Self {
        UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
        Self(path.to_owned())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

/// Removes what would outlive the program; what is returned keeps others from beginning more.
pub(crate) fn remove_unfinished() -> impl Drop {
    let unfinished = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
    for path in unfinished.iter() {
        // It may have been moved to its place a moment ago.
        let _ = std::fs::remove_file(path);
    }
    unfinished
}

/// From now on a signal that ends the program removes its unfinished files first, and a file that passes the limit on file
/// sizes is an error of the write.
#[cfg(unix)]
pub fn remove_when_told_to_end() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
    let ignored = ignored_signals();
    let heeded = [SIGINT, SIGTERM, SIGHUP, SIGXFSZ].into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0);
    let Ok(mut signals) = signal_hook::iterator::Signals::new(heeded) else { return };
    let wait = move || {
        for signal in signals.forever().filter(|signal| *signal != SIGXFSZ) {
            // With the lock held, so that no file is begun in between.
            let _unfinished = remove_unfinished();
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    };
    // Without the thread the files stay, which is no reason not to run.
    let _ = std::thread::Builder::new().name("dj-signals".to_owned()).spawn(wait);
}

/// The signals that the program was started to ignore, as `nohup` and shells have it: bit 0 is signal 1.
#[cfg(unix)]
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// Other systems end a program without telling it.
#[cfg(not(unix))]
pub fn remove_when_told_to_end() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_there_before_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        let file = NewFile::beside(&path).unwrap();
        file.file().write_all(b"new").unwrap();
        assert!(!path.exists());
        file.finish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        drop(NewFile::beside(&path).unwrap());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_keeps_its_permissions_and_a_link_its_target() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("a.txt"), folder.path().join("link.txt"));
        std::fs::write(&path, "old").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        write(&link, b"new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = write(&folder.path().join("no/a.txt"), b"").unwrap_err();
        assert_eq!(error.to_string(), format!("there is no folder `{}`", folder.path().join("no").display()));
    }
}
