//! Files and folders that are the user's own: nobody else owns or writes them.

use std::fs::{self, File, Metadata};
use std::io::Read;
use std::path::Path;

/// Who runs this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner(u32);

impl Owner {
    /// The owner of what this process makes; `None` where files cannot be made at all.
    #[cfg(unix)]
    pub(super) fn of_process() -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        Some(Self(tempfile::tempfile().ok()?.metadata().ok()?.uid()))
    }

    /// Other systems keep users' folders apart in other ways.
    #[cfg(not(unix))]
    pub(super) fn of_process() -> Option<Self> {
        Some(Self(0))
    }

    /// Whether a file is this user's, and written by no other.
    #[cfg(unix)]
    fn has(self, found: &Metadata) -> bool {
        use std::os::unix::fs::MetadataExt;
        const OTHERS_WRITE: u32 = 0o022;
        found.uid() == self.0 && found.mode() & OTHERS_WRITE == 0
    }

    #[cfg(not(unix))]
    fn has(self, _: &Metadata) -> bool {
        true
    }
}

/// Whether a path is a folder, and no link, of the user's own.
pub(super) fn is_private(folder: &Path, owner: Owner) -> bool {
    fs::symlink_metadata(folder).is_ok_and(|found| found.is_dir() && owner.has(&found))
}

/// Makes a folder of the user's own, and those that it lies in; tells whether it is one.
///
/// One that is there and lets others write is closed to them: what they left in it is not the user's, and not believed.
pub(super) fn make_private_folder(folder: &Path, owner: Owner) -> bool {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    if builder.create(folder).is_err() {
        return false;
    }
    close_to_others(folder, owner);
    is_private(folder, owner)
}

#[cfg(unix)]
fn close_to_others(folder: &Path, owner: Owner) {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let found = fs::symlink_metadata(folder).ok().filter(|found| found.is_dir() && found.uid() == owner.0);
    if found.is_some_and(|found| !owner.has(&found)) {
        // If it cannot be closed, it is not used.
        let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o700));
    }
}

#[cfg(not(unix))]
fn close_to_others(_: &Path, _: Owner) {}

/// Reads a regular file of the user's own, open for writing too; its folder must be private, so that nobody exchanges it
/// between a look and the next.
pub(super) fn read_private(path: &Path, owner: Owner) -> Option<(Vec<u8>, File)> {
    fs::symlink_metadata(path).ok().filter(|found| found.is_file() && owner.has(found))?;
    let mut file = File::options().read(true).append(true).open(path).ok()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    Some((bytes, file))
}
