//! How many rows a text file has, by its first lines.

use super::files::files_of;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Bytes of a file that are looked at.
const SAMPLE_BYTES: usize = 1 << 18;

/// About how many lines the files of a binding have, their headers aside; `None` where they cannot be read.
///
/// The lines of each file are taken to be as long as its first ones. Lines of quoted text count like others, so this may be
/// wrong in either direction: it is good for choosing sizes, and for nothing that must hold.
pub fn sampled_rows(binding: &str) -> Option<u64> {
    let paths = files_of(binding);
    if paths.is_empty() {
        return None;
    }
    paths.iter().try_fold(0_u64, |rows, path| rows.checked_add(rows_of(path)?))
}

fn rows_of(path: &Path) -> Option<u64> {
    // A pipe is read once, and that is not for a guess: it is not even opened.
    let size = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?.len();
    let mut sample = Vec::new();
    File::open(path).ok()?.take(SAMPLE_BYTES as u64).read_to_end(&mut sample).ok()?;
    let ends = sample.iter().filter(|byte| **byte == b'\n').count() as u64;
    let whole = sample.len() as u64 >= size;
    let lines = if whole {
        // The last line need not end.
        ends + u64::from(sample.last().is_some_and(|byte| *byte != b'\n'))
    } else {
        (u128::from(size) * u128::from(ends.max(1)) / sample.len().max(1) as u128) as u64
    };
    Some(lines.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_or_extrapolated() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_string_lossy().into_owned()
        };
        assert_eq!(sampled_rows(&write("few.csv", "a,b\n1,2\n3,4")), Some(2));
        assert_eq!(sampled_rows(&write("none.csv", "a,b\n")), Some(0));
        assert_eq!(sampled_rows(&write("empty.csv", "")), Some(0));
        let many = format!("a\n{}", "12345\n".repeat(200_000));
        let guess = sampled_rows(&write("many.csv", &many)).unwrap();
        assert!((190_000..210_000).contains(&guess), "{guess}");
        let both = sampled_rows(&folder.path().join("*.csv").to_string_lossy()).unwrap();
        assert!((190_000..210_000).contains(&both), "{both}");
        assert_eq!(sampled_rows(&folder.path().join("missing.csv").to_string_lossy()), None);
    }
}
