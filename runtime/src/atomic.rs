//! Files that appear at once: written beside their place and moved there when they are complete.
//!
//! A reader sees the old file or the whole new one; a pipe or a device stays what it is and is written to. A program that is
//! told to end removes what it has begun ([`remove_when_told_to_end`]); what one leaves that is killed, the next one removes
//! (`abandoned`).

use crate::abandoned;
use std::collections::BTreeSet;
use std::fs::{File, Metadata};
use std::io::{Error, ErrorKind, Result, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};
use tempfile::{NamedTempFile, TempPath};

/// Files that must not outlive the program.
static UNFINISHED: LazyLock<Mutex<BTreeSet<PathBuf>>> = LazyLock::new(Mutex::default);

/// A file that is not in its place yet. Dropped, it is gone.
///
/// What is no regular file (a pipe, a device) cannot be replaced without being destroyed: in the end it is written to.
#[derive(Debug)]
pub struct NewFile(Kind);

#[derive(Debug)]
enum Kind {
    /// It is moved to its place when it is complete.
    Beside {
        file: NamedTempFile,
        entry: Unfinished,
        /// Where it belongs: the path, or what that links to.
        place: PathBuf,
    },
    /// It is copied to a pipe or a device when it is complete.
    Through { file: File, place: PathBuf },
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

/// What is at a place already.
enum Found {
    Nothing,
    File(Metadata),
    /// A pipe or a device.
    Other,
}

impl NewFile {
    /// A hidden file in the folder of `path`; a link stays a link, and what is there keeps its owner and its permissions. If
    /// `path` is a pipe or a device, a temporary file elsewhere.
    ///
    /// # Errors
    /// If there is no such folder, it cannot be written, or what is at `path` is a folder or read-only.
    pub fn beside(path: &Path) -> Result<Self> {
        match found(path)? {
            Found::Other => Ok(Self(Kind::Through { file: tempfile::tempfile()?, place: path.to_owned() })),
            Found::File(existing) => Self::hidden(followed(path)?, Some(&existing)),
            Found::Nothing => Self::hidden(followed(path)?, None),
        }
    }

    fn hidden(place: PathBuf, existing: Option<&Metadata>) -> Result<Self> {
        let mut builder = abandoned::builder();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As any new file: what the user's mask leaves.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        // The error of the library names the temporary file, which means nothing to a user.
        let folder = folder_of(&place)?;
        let file = abandoned::create(&builder, folder).map_err(|error| Error::from(error.kind()))?;
        abandoned::remove_others(folder, file.as_file());
        let entry = Unfinished::note(file.path());
        if let Some(existing) = existing {
            keep_owner(file.as_file(), existing);
            // A file system without permissions is no reason to fail.
            let _ = file.as_file().set_permissions(existing.permissions());
        }
        Ok(Self(Kind::Beside { file, entry, place }))
    }

    /// The file.
    pub fn file(&self) -> &File {
        match &self.0 {
            Kind::Beside { file, .. } => file.as_file(),
            Kind::Through { file, .. } => file,
        }
    }

    /// Whether it is copied to its place in the end, not moved.
    pub fn is_copied(&self) -> bool {
        matches!(self.0, Kind::Through { .. })
    }

    /// Waits until what was written is on the disk: a disk that turns out to be full says so now, and a machine that fails
    /// later has not given up the old contents for none.
    ///
    /// # Errors
    /// If it does not get there.
    pub fn secure(&self) -> Result<()> {
        match &self.0 {
            Kind::Beside { file, .. } => file.as_file().sync_data(),
            Kind::Through { .. } => Ok(()),
        }
    }

    /// Moves the file to its place, or copies it there; a pipe is waited for.
    ///
    /// # Errors
    /// If it cannot be moved, and then what was there stays, or cannot be copied.
    pub fn finish(self) -> Result<()> {
        self.secure()?;
        let (file, entry, place) = match self.0 {
            Kind::Through { mut file, place } => {
                file.rewind()?;
                let mut to = File::options().write(true).open(place)?;
                return std::io::copy(&mut file, &mut to).map(|_| ());
            }
            Kind::Beside { file, entry, place } => (file, entry, place),
        };
        let moved = file.persist(&place);
        drop(entry);
        moved.map(|_| ()).map_err(|error| error.error)
    }
}

/// Whether [`NewFile::beside`] would do.
///
/// # Errors
/// As there.
pub fn check(path: &Path) -> Result<()> {
    NewFile::beside(path).map(drop)
}

/// What is at `path`, or at what it links to.
fn found(path: &Path) -> Result<Found> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(Error::new(ErrorKind::IsADirectory, "it is a directory")),
        Ok(found) if !found.is_file() => Ok(Found::Other),
        // Its folder may let it be replaced, but its permissions say that it is to stay.
        Ok(found) if found.permissions().readonly() => {
            Err(Error::new(ErrorKind::PermissionDenied, "the file is read-only"))
        }
        Ok(found) => Ok(Found::File(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Found::Nothing),
        Err(error) => Err(error),
    }
}

/// Where a path leads over links, the last of which may lead to nothing yet.
fn followed(path: &Path) -> Result<PathBuf> {
    const MOST_LINKS: usize = 40;
    let mut place = path.to_owned();
    for _ in 0..MOST_LINKS {
        match std::fs::read_link(&place) {
            Ok(target) => place = place.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => return Ok(place),
        }
    }
    Err(Error::new(ErrorKind::InvalidInput, "too many links lead to one another"))
}

/// The folder that a file lies in.
fn folder_of(place: &Path) -> Result<&Path> {
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if folder.is_dir() {
        return Ok(folder);
    }
    Err(Error::new(ErrorKind::NotFound, format!("there is no folder `{}`", folder.display())))
}

/// Gives a file the owner and the group of the one that it replaces, as far as the system lets this user do so.
#[cfg(unix)]
fn keep_owner(file: &File, existing: &Metadata) {
    use std::os::unix::fs::{MetadataExt, fchown};
    let is_other = |own: Metadata| (own.uid(), own.gid()) != (existing.uid(), existing.gid());
    if file.metadata().is_ok_and(is_other) {
        let _ = fchown(file, Some(existing.uid()), Some(existing.gid()));
    }
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &Metadata) {}

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

/// Puts `bytes` at `path`, as a file that no other user reads or writes, in place of whatever is there.
///
/// # Errors
/// If the file cannot be written; what was there stays.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = abandoned::create(&abandoned::builder(), folder_of(path)?)?;
    let _entry = Unfinished::note(file.path());
    file.write_all(bytes)?;
    file.persist(path).map(|_| ()).map_err(|error| error.error)
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

    #[cfg(unix)]
    #[test]
    fn a_link_to_nothing_yet_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("first"), folder.path().join("second"));
        std::os::unix::fs::symlink("second", &first).unwrap();
        std::os::unix::fs::symlink(folder.path().join("file"), &second).unwrap();
        write(&first, b"new").unwrap();
        assert!(first.is_symlink() && second.is_symlink());
        assert_eq!(std::fs::read(folder.path().join("file")).unwrap(), b"new");
        std::os::unix::fs::symlink("loop", folder.path().join("loop")).unwrap();
        assert!(write(&folder.path().join("loop"), b"").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let (pipe, link) = (folder.path().join("pipe"), folder.path().join("link"));
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        std::os::unix::fs::symlink(&pipe, &link).unwrap();
        check(&link).unwrap();
        for path in [&pipe, &link] {
            let from = pipe.clone();
            let reader = std::thread::spawn(move || std::fs::read(from).unwrap());
            write(path, b"through").unwrap();
            assert_eq!(reader.join().unwrap(), b"through");
            use std::os::unix::fs::FileTypeExt;
            assert!(std::fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo());
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[cfg(unix)]
    #[test]
    fn a_read_only_file_stays() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        std::fs::write(&path, "old").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).unwrap();
        assert_eq!(write(&path, b"new").unwrap_err().to_string(), "the file is read-only");
        assert!(check(&path).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(check(folder.path()).unwrap_err().to_string(), "it is a directory");
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = write(&folder.path().join("no/a.txt"), b"").unwrap_err();
        assert_eq!(error.to_string(), format!("there is no folder `{}`", folder.path().join("no").display()));
    }
}
