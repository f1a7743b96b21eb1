//! Executables on disk: a program that was compiled once on a machine is loaded the next time.
//!
//! An entry is `FOLDER/exe/FINGERPRINT/KEY.bin`: a mark, the SHA-256 of the entry's name and of what follows, and what the
//! plugin serialized. What does not fit its checksum counts as absent, and nothing that goes wrong here stops a run.
//!
//! Executables are native code, so only the user's own files are believed: a folder or an entry that belongs to somebody
//! else, that others may write, or that is a link or no regular file, is left alone.

use super::private::{Owner, is_private, make_private_folder, read_private};
use crate::artifact::CompiledWith;
use crate::artifact::store::sha256;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

const MARK: &[u8] = b"DJ executable 2\n";

/// The cache holds no more than this for long.
const LIMIT: u64 = 1 << 30;

/// A folder of serialized executables.
#[derive(Debug, Clone)]
pub struct ExecutableCache {
    root: PathBuf,
    folder: PathBuf,
    owner: Owner,
    limit: u64,
}

impl ExecutableCache {
    /// The user's cache: `$XDG_CACHE_HOME/dj/exe`, or `~/.cache/dj/exe`; `None` if there is neither.
    pub fn of_user(with: &CompiledWith) -> Option<Self> {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let base = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")))?;
        Self::in_folder(&base.join("dj/exe"), with)
    }

    /// A cache in a folder, which is made when it is first written to; `None` where the system does not tell who runs
    /// this.
    pub fn in_folder(root: &Path, with: &CompiledWith) -> Option<Self> {
        let owner = Owner::of_process()?;
        Some(Self { root: root.to_owned(), folder: root.join(&with.fingerprint), owner, limit: LIMIT })
    }

    /// The executable of a module, by the name that [`ExecutableCache::put`] gave it.
    pub fn get(&self, name: &str) -> Option<Vec<u8>> {
        if !self.is_ours() {
            return None;
        }
        let (mut bytes, file) = read_private(&self.path(name), self.owner)?;
        let body = MARK.len() + 64;
        let is_whole = bytes.len() > body && bytes.starts_with(MARK) && {
            let checksum = self.checksum(name, &bytes[body..]);
            &bytes[MARK.len()..body] == checksum.as_bytes()
        };
        if !is_whole {
            self.remove(name);
            return None;
        }
        // Marks it as used, so that it is not among the first to go.
        let _ = file.set_modified(SystemTime::now());
        Some(bytes.split_off(body))
    }

    /// Keeps an executable.
    pub fn put(&self, name: &str, executable: &[u8]) {
        let bytes = [MARK, self.checksum(name, executable).as_bytes(), executable].concat();
        let folders = [self.root.as_path(), self.folder.as_path()];
        if folders.into_iter().all(|folder| make_private_folder(folder, self.owner)) {
            let _ = crate::atomic::write_private(&self.path(name), &bytes);
        }
    }

    /// Forgets an executable that could not be loaded.
    pub fn remove(&self, name: &str) {
        if self.is_ours() {
            let _ = fs::remove_file(self.path(name));
        }
    }

    /// Removes the entries that were not used for longest, of any plugin, until the rest fits the limit.
    pub fn prune(&self) {
        if !is_private(&self.root, self.owner) {
            return;
        }
        let folders = fs::read_dir(&self.root).into_iter().flatten().flatten();
        let folders = folders.map(|folder| folder.path()).filter(|folder| is_private(folder, self.owner));
        let files = folders.flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten());
        let mut entries: Vec<(SystemTime, PathBuf, u64)> = files
            .filter_map(|file| {
                let metadata = file.metadata().ok().filter(fs::Metadata::is_file)?;
                Some((metadata.modified().ok()?, file.path(), metadata.len()))
            })
            .collect();
        entries.sort();
        let mut total: u64 = entries.iter().map(|(_, _, size)| size).sum();
        for (_, path, size) in entries {
            if total <= self.limit {
                break;
            }
            let _ = fs::remove_file(path);
            total -= size;
        }
    }

    /// Whether the folders of the entries are the user's own, and nobody else writes there.
    fn is_ours(&self) -> bool {
        is_private(&self.root, self.owner) && is_private(&self.folder, self.owner)
    }

    /// Of an entry's place and contents, so that an entry does not count under another one's name.
    fn checksum(&self, name: &str, executable: &[u8]) -> String {
        let place = self.folder.file_name().unwrap_or_default().to_string_lossy();
        sha256(&[place.as_bytes(), b"/", name.as_bytes(), b"\n", executable].concat())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.bin"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(root: &Path) -> ExecutableCache {
        ExecutableCache::in_folder(root, &CompiledWith { target: "cpu".to_owned(), fingerprint: "f".to_owned() })
            .unwrap()
    }

    /// A folder in which a cache may lie.
    fn place() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("exe");
        (folder, root)
    }

    #[test]
    fn what_is_put_is_got() {
        let (_folder, root) = place();
        let cache = cache(&root);
        assert_eq!(cache.get("a"), None);
        cache.put("a", b"executable");
        assert_eq!(cache.get("a").unwrap(), b"executable");
    }

    #[test]
    fn a_corrupt_entry_is_ignored_and_replaced() {
        let (_folder, root) = place();
        let cache = cache(&root);
        cache.put("a", b"executable");
        let path = cache.path("a");
        let mut bytes = fs::read(&path).unwrap();
        for damage in 0..bytes.len() {
            bytes[damage] ^= 1;
            cache.put("a", b"");
            fs::write(&path, &bytes).unwrap();
            assert_eq!(cache.get("a"), None, "byte {damage}");
            bytes[damage] ^= 1;
        }
        cache.put("a", b"");
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        assert_eq!(cache.get("a"), None);
        cache.put("a", b"executable");
        assert_eq!(cache.get("a").unwrap(), b"executable");
    }

    #[test]
    fn an_entry_under_another_name_is_none() {
        let (_folder, root) = place();
        let cache = cache(&root);
        cache.put("a", b"of a");
        cache.put("b", b"of b");
        fs::copy(cache.path("b"), cache.path("a")).unwrap();
        assert_eq!(cache.get("a"), None);
        assert_eq!(cache.get("b").unwrap(), b"of b");
    }

    #[cfg(unix)]
    #[test]
    fn only_private_files_are_believed() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        let (folder, root) = place();
        let cache = cache(&root);
        cache.put("a", b"executable");
        let path = cache.path("a");
        for place in [&path, &cache.folder, &cache.root] {
            let before = fs::metadata(place).unwrap().permissions().mode();
            assert_eq!(before & 0o077, 0, "{place:?}");
            mode(place, before | 0o020);
            assert_eq!(cache.get("a"), None, "{place:?}");
            mode(place, before);
            assert!(cache.get("a").is_some());
        }
        // A link to an entry, a pipe, and a link to a folder.
        let elsewhere = folder.path().join("elsewhere");
        fs::rename(&path, &elsewhere).unwrap();
        symlink(&elsewhere, &path).unwrap();
        assert_eq!(cache.get("a"), None);
        fs::remove_file(&path).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        mode(&path, 0o600);
        assert_eq!(cache.get("a"), None);
        fs::remove_file(&path).unwrap();
        fs::rename(&cache.folder, folder.path().join("folder")).unwrap();
        symlink(folder.path().join("folder"), &cache.folder).unwrap();
        cache.put("a", b"executable");
        assert_eq!(cache.get("a"), None);
        assert_eq!(fs::read_dir(&cache.folder).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn pruning_follows_no_link() {
        let (folder, root) = place();
        let mut cache = cache(&root);
        cache.put("a", &[0; 100]);
        let treasure = folder.path().join("treasure");
        make_private_folder(&treasure, cache.owner);
        fs::write(treasure.join("deed"), [0; 100]).unwrap();
        std::os::unix::fs::symlink(&treasure, cache.root.join("link")).unwrap();
        cache.limit = 0;
        cache.prune();
        assert_eq!(cache.get("a"), None);
        assert!(treasure.join("deed").exists());
    }

    #[test]
    fn the_oldest_entries_go_first() {
        let (_folder, root) = place();
        let mut cache = cache(&root);
        for (age, name) in [(30, "old"), (20, "older than new"), (10, "new")] {
            cache.put(name, &[0; 1000]);
            let file = fs::File::options().append(true).open(cache.path(name)).unwrap();
            file.set_modified(SystemTime::now() - std::time::Duration::from_secs(age)).unwrap();
        }
        cache.limit = 2500;
        cache.prune();
        assert_eq!(cache.get("old"), None);
        assert!(cache.get("older than new").is_some() && cache.get("new").is_some());
    }
}
