//! Executables on disk: a program that was compiled once on a machine is loaded the next time.
//!
//! An entry is `FOLDER/exe/FINGERPRINT/MODULE.bin`: a mark, the SHA-256 of what follows, and what the plugin serialized. An
//! entry that does not fit its checksum counts as absent, and nothing that goes wrong here stops a run.

use crate::artifact::CompiledWith;
use crate::artifact::store::sha256;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

const MARK: &[u8] = b"DJ executable 1\n";

/// The cache holds no more than this for long.
const LIMIT: u64 = 1 << 30;

/// A folder of serialized executables.
#[derive(Debug, Clone)]
pub struct ExecutableCache {
    root: PathBuf,
    folder: PathBuf,
    limit: u64,
}

impl ExecutableCache {
    /// The user's cache: `$XDG_CACHE_HOME/dj/exe`, or `~/.cache/dj/exe`; `None` if there is neither.
    pub fn of_user(with: &CompiledWith) -> Option<Self> {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let base = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")))?;
        Some(Self::in_folder(&base.join("dj/exe"), with))
    }

    /// A cache in a folder, which is made when it is first written to.
    pub fn in_folder(root: &Path, with: &CompiledWith) -> Self {
        Self { root: root.to_owned(), folder: root.join(&with.fingerprint), limit: LIMIT }
    }

    /// The executable of a module, by the name that [`ExecutableCache::put`] gave it.
    pub fn get(&self, name: &str) -> Option<Vec<u8>> {
        let path = self.path(name);
        let mut bytes = fs::read(&path).ok()?;
        let body = MARK.len() + 64;
        let is_whole = bytes.len() > body && bytes.starts_with(MARK) && {
            let checksum = sha256(&bytes[body..]);
            &bytes[MARK.len()..body] == checksum.as_bytes()
        };
        if !is_whole {
            self.remove(name);
            return None;
        }
        if let Ok(file) = fs::File::options().append(true).open(&path) {
            // Marks it as used, so that it is not among the first to go.
            let _ = file.set_modified(SystemTime::now());
        }
        Some(bytes.split_off(body))
    }

    /// Keeps an executable.
    pub fn put(&self, name: &str, executable: &[u8]) {
        let bytes = [MARK, sha256(executable).as_bytes(), executable].concat();
        if fs::create_dir_all(&self.folder).is_ok() {
            let _ = crate::atomic::write(&self.path(name), &bytes);
        }
    }

    /// Forgets an executable that could not be loaded.
    pub fn remove(&self, name: &str) {
        let _ = fs::remove_file(self.path(name));
    }

    /// Removes the entries that were not used for longest, of any plugin, until the rest fits the limit.
    pub fn prune(&self) {
        let folders = fs::read_dir(&self.root).into_iter().flatten().flatten();
        let files = folders.flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten().flatten());
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

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.bin"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(root: &Path) -> ExecutableCache {
        ExecutableCache::in_folder(root, &CompiledWith { target: "cpu".to_owned(), fingerprint: "f".to_owned() })
    }

    #[test]
    fn what_is_put_is_got() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path());
        assert_eq!(cache.get("a"), None);
        cache.put("a", b"executable");
        assert_eq!(cache.get("a").unwrap(), b"executable");
    }

    #[test]
    fn a_corrupt_entry_is_ignored_and_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path());
        cache.put("a", b"executable");
        let path = cache.path("a");
        let mut bytes = fs::read(&path).unwrap();
        for damage in 0..bytes.len() {
            bytes[damage] ^= 1;
            fs::write(&path, &bytes).unwrap();
            assert_eq!(cache.get("a"), None, "byte {damage}");
            bytes[damage] ^= 1;
        }
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        assert_eq!(cache.get("a"), None);
        cache.put("a", b"executable");
        assert_eq!(cache.get("a").unwrap(), b"executable");
    }

    #[test]
    fn the_oldest_entries_go_first() {
        let folder = tempfile::tempdir().unwrap();
        let mut cache = cache(folder.path());
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
