//! From a binding to files, and from a file to its format.

use super::error::{IoError, IoErrorKind, show};
use crate::atomic::Spool;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The file formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Parquet,
    Csv { delimiter: u8 },
    ArrowFile,
    ArrowStream,
}

const FORMATS: &str = "the formats are .parquet, .csv, .tsv and .arrow";

/// The files that a binding names, sorted by path: a file, a glob, or a directory of Parquet files.
pub(crate) fn resolve(binding: &str) -> Result<Vec<PathBuf>, IoError> {
    let path = Path::new(binding);
    if binding.contains("://") {
        let message = format!("cannot read `{binding}`: only local files can be read");
        return Err(IoError::new(IoErrorKind::UnknownFormat, path, message));
    }
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => parquet_files(path),
        Ok(_) => Ok(vec![path.to_owned()]),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(IoError::unreadable(path, &error)),
        Err(_) if binding.contains(['*', '?', '[']) => expand(binding),
        Err(_) => Err(missing(path)),
    }
}

/// The files that a binding names, as far as there are any.
pub fn files_of(binding: &str) -> Vec<PathBuf> {
    resolve(binding).unwrap_or_else(|_| vec![PathBuf::from(binding)])
}

fn parquet_files(directory: &Path) -> Result<Vec<PathBuf>, IoError> {
    let entries = std::fs::read_dir(directory).map_err(|error| IoError::unreadable(directory, &error))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| IoError::unreadable(directory, &error))?.path();
        if !matches!(extension(&path).as_str(), "parquet" | "pq") {
            continue;
        }
        match std::fs::metadata(&path) {
            Ok(found) if found.is_file() => files.push(path),
            Ok(_) => {}
            // A link to a file that is gone: without its rows the result would not be that of the folder.
            Err(error) => return Err(IoError::unreadable(&path, &error)),
        }
    }
    if files.is_empty() {
        let message = format!("there is no Parquet file in {}", show(directory));
        let help = "name the files, or give a pattern such as `data/*.csv`";
        return Err(IoError::new(IoErrorKind::NotFound, directory, message).help(help));
    }
    files.sort();
    Ok(files)
}

fn expand(pattern: &str) -> Result<Vec<PathBuf>, IoError> {
    let path = Path::new(pattern);
    let paths = glob::glob(pattern).map_err(|error| {
        IoError::new(IoErrorKind::NotFound, path, format!("`{pattern}` is not a pattern: {}", error.msg))
    })?;
    let mut files = Vec::new();
    for entry in paths {
        let path = entry.map_err(|error| IoError::unreadable(error.path(), error.error()))?;
        if !path.is_dir() {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(IoError::new(IoErrorKind::NotFound, path, format!("no file matches `{pattern}`")));
    }
    files.sort();
    Ok(files)
}

/// A missing file, and the one beside it with the most similar name.
fn missing(path: &Path) -> IoError {
    let error = IoError::not_found(path);
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(entries) = std::fs::read_dir(directory) else {
        return error.help(format!("there is no directory {}", show(directory)));
    };
    let wanted = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let names: Vec<String> =
        entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned())).collect();
    // An extension that agrees makes no two names similar.
    let edits = path.file_stem().unwrap_or_default().to_string_lossy().chars().count() / 3;
    match dj_grammar::nearest_within(edits, &wanted, names.iter().map(String::as_str)) {
        Some(name) => error.help(format!("a file with a similar name exists: {}", show(&path.with_file_name(name)))),
        None => error,
    }
}

/// The extension in lower case; empty if there is none.
pub(crate) fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

/// Opens a file for reading.
pub(crate) fn open(path: &Path) -> Result<File, IoError> {
    File::open(path).map_err(|error| IoError::unreadable(path, &error))
}

/// Which file it was that was looked at, so that another one that takes its place is not read as if it were the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    size: u64,
    modified: Option<std::time::SystemTime>,
    /// Device and number, where the system has them.
    number: Option<(u64, u64)>,
}

impl Identity {
    /// Of an open file.
    pub(crate) fn of(file: &File, path: &Path) -> Result<Self, IoError> {
        let metadata = file.metadata().map_err(|error| IoError::unreadable(path, &error))?;
        Ok(Self { size: metadata.len(), modified: metadata.modified().ok(), number: number(&metadata) })
    }

    /// Its bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Opens the file again.
    pub(crate) fn open(&self, path: &Path) -> Result<File, IoError> {
        let file = open(path)?;
        if Self::of(&file, path)? == *self {
            return Ok(file);
        }
        let message = format!("{} was changed or replaced while it was used", show(path));
        Err(IoError::new(IoErrorKind::Unreadable, path, message).help("run again when nothing writes to it"))
    }
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems have none")]
fn number(metadata: &std::fs::Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn number(_: &std::fs::Metadata) -> Option<(u64, u64)> {
    None
}

/// The format of a file, by its first bytes and then by its extension.
pub(crate) fn detect(path: &Path) -> Result<Format, IoError> {
    detect_spooled(path, path)
}

/// The same of a copy of `path`.
pub(crate) fn detect_spooled(place: &Path, path: &Path) -> Result<Format, IoError> {
    let mut start = Vec::with_capacity(8);
    open(place)?.take(8).read_to_end(&mut start).map_err(|error| IoError::unreadable(path, &error))?;
    if start.is_empty() {
        return Err(IoError::damaged(path, "it is empty"));
    }
    if start.starts_with(b"PAR1") {
        return Ok(Format::Parquet);
    }
    if start.starts_with(b"ARROW1") {
        return Ok(Format::ArrowFile);
    }
    if let Some(name) = compressed(&start) {
        return Err(IoError::damaged(path, format!("it is compressed ({name})")).help("decompress it first"));
    }
    match extension(path).as_str() {
        "parquet" | "pq" => Err(IoError::damaged(path, "it is not a Parquet file: it does not start with `PAR1`")),
        "arrow" | "ipc" | "feather" | "arrows" => {
            let marker = start.starts_with(&[0xff; 4]);
            let stream = marker.then_some(Format::ArrowStream);
            stream.ok_or_else(|| IoError::damaged(path, "it is not an Arrow file: it does not start with `ARROW1`"))
        }
        "csv" | "txt" => Ok(Format::Csv { delimiter: b',' }),
        "tsv" | "tab" => Ok(Format::Csv { delimiter: b'\t' }),
        other => {
            let what = if other.is_empty() { "has no extension".to_owned() } else { format!("ends in `.{other}`") };
            let message = format!("cannot tell the format of {}: it {what}", show(path));
            Err(IoError::new(IoErrorKind::UnknownFormat, path, message).help(FORMATS))
        }
    }
}

fn compressed(start: &[u8]) -> Option<&'static str> {
    let magics: [(&[u8], &'static str); 5] = [
        (&[0x1f, 0x8b], "gzip"),
        (&[0x28, 0xb5, 0x2f, 0xfd], "zstd"),
        (b"PK\x03\x04", "zip"),
        (b"BZh", "bzip2"),
        (&[0xfd, b'7', b'z'], "xz"),
    ];
    magics.iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, name)| *name)
}

/// The copies of pipes, which can be read only once, by path. They are removed when the program ends.
static SPOOLS: Mutex<BTreeMap<PathBuf, Arc<Spool>>> = Mutex::new(BTreeMap::new());

/// A file that can be read more than once: itself, or a copy if it is a pipe.
pub(crate) fn rewindable(path: &Path) -> Result<Option<Arc<Spool>>, IoError> {
    let fail = |error: io::Error| IoError::unreadable(path, &error);
    let metadata = std::fs::metadata(path).map_err(fail)?;
    if metadata.is_file() {
        return Ok(None);
    }
    if !is_pipe(&metadata) {
        let message = format!("cannot read {}: it is a device", show(path));
        return Err(IoError::new(IoErrorKind::Unreadable, path, message).help("copy what it gives to a file first"));
    }
    let mut spools = SPOOLS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(spool) = spools.get(path) {
        return Ok(Some(Arc::clone(spool)));
    }
    let mut source = open(path)?;
    let spool = Arc::new(Spool::filled(|file| io::copy(&mut source, file).map(|_| ())).map_err(fail)?);
    spools.insert(path.to_owned(), Arc::clone(&spool));
    Ok(Some(spool))
}

#[cfg(unix)]
fn is_pipe(metadata: &std::fs::Metadata) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&metadata.file_type())
}

#[cfg(not(unix))]
fn is_pipe(_: &std::fs::Metadata) -> bool {
    false
}
