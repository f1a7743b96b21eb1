//! The lengths that an Arrow IPC file or stream states, looked at before the reader makes room for them: room for a length
//! that is nonsense ends the program, and nothing can catch that.

use arrow::ipc::reader::read_footer_length;
use arrow::ipc::{CompressionType, Message, RecordBatch, root_as_footer, root_as_message};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// What does not fit.
type Wrong = String;

/// The rows of a file by the headers of its batches, if it has a footer that can be read. The reader says what is wrong with
/// one that has not.
pub(super) fn check_file(file: &mut File) -> Result<Option<u64>, Wrong> {
    let Some((footer, size)) = footer_of(file) else { return Ok(None) };
    let Ok(footer) = root_as_footer(&footer) else { return Ok(None) };
    let dictionaries = footer.dictionaries().into_iter().flatten();
    let batches = footer.recordBatches().into_iter().flatten();
    let mut rows = 0_u64;
    for (block, counts) in dictionaries.map(|block| (block, false)).chain(batches.map(|block| (block, true))) {
        let part = || Some((u64::try_from(block.offset()).ok()?, u64::try_from(block.metaDataLength()).ok()?));
        let body = part().and_then(|(start, length)| Some((start, length, start.checked_add(length)?)));
        let Some((start, length, body)) = body.filter(|(_, _, body)| *body <= size) else { return Err(beyond()) };
        let said = u64::try_from(block.bodyLength()).map_err(|_| beyond())?;
        if body.checked_add(said).is_none_or(|end| end > size) {
            return Err(beyond());
        }
        let header = read_at(file, start, length)?;
        // The length comes first, after a marker in newer files.
        let skip = if header.starts_with(&[0xff; 4]) { 8 } else { 4 };
        let message = header.get(skip..).and_then(|header| root_as_message(header).ok());
        let message = message.ok_or_else(|| "the header of a batch is damaged".to_owned())?;
        let batch_rows = check_message(file, &message, body, said)?;
        if counts {
            rows = rows.checked_add(batch_rows).ok_or_else(beyond)?;
        }
    }
    Ok(Some(rows))
}

/// Looks at every message of a stream, up to its end or to what the reader will refuse.
pub(super) fn check_stream(file: &mut File) -> Result<(), Wrong> {
    let size = file.metadata().map_err(unreadable)?.len();
    let mut at = 0;
    while at + 8 <= size {
        let start = read_at(file, at, 8)?;
        let (skip, length) = if start.starts_with(&[0xff; 4]) { (8, &start[4..]) } else { (4, &start[..4]) };
        let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]).into();
        if length == 0 {
            return Ok(());
        }
        let body = at + skip + length;
        if body > size {
            return Err(beyond());
        }
        let header = read_at(file, at + skip, length)?;
        let Ok(message) = root_as_message(&header) else { return Ok(()) };
        let said = u64::try_from(message.bodyLength()).map_err(|_| beyond())?;
        let end = body.checked_add(said).filter(|end| *end <= size).ok_or_else(beyond)?;
        check_message(file, &message, body, said)?;
        at = end;
    }
    Ok(())
}

/// Checks the buffers of a batch, whose body starts at `body`, and tells its rows.
fn check_message(file: &mut File, message: &Message<'_>, body: u64, length: u64) -> Result<u64, Wrong> {
    let dictionary = || message.header_as_dictionary_batch()?.data();
    let Some(batch) = message.header_as_record_batch().or_else(dictionary) else { return Ok(0) };
    let rows =
        u64::try_from(batch.length()).map_err(|_| format!("a batch says that it has {} rows", batch.length()))?;
    let compressed = batch.compression().map(|compression| compression.codec());
    for (offset, size) in buffers(&batch)? {
        if offset.checked_add(size).is_none_or(|end| end > length) {
            return Err(beyond());
        }
        // Behind the length of the contents come the contents.
        if let (Some(codec), Some(stored)) = (compressed, size.checked_sub(8)) {
            let said = read_at(file, body + offset, 8)?;
            let said = i64::from_le_bytes(said.try_into().unwrap_or_default());
            if u64::try_from(said).is_ok_and(|said| said > most_bytes(codec, stored)) {
                return Err(format!("{stored} compressed bytes say that they become {said}"));
            }
        }
    }
    Ok(rows)
}

/// Where in the body each buffer is, and how long.
fn buffers(batch: &RecordBatch<'_>) -> Result<Vec<(u64, u64)>, Wrong> {
    let all = batch.buffers().into_iter().flatten();
    all.map(|buffer| {
        Ok((
            u64::try_from(buffer.offset()).map_err(|_| beyond())?,
            u64::try_from(buffer.length()).map_err(|_| beyond())?,
        ))
    })
    .collect()
}

/// What so many bytes may become: a run takes LZ4 a byte for each 255, and Zstandard four for each block of 128 KiB.
fn most_bytes(codec: CompressionType, stored: u64) -> u64 {
    let each = if codec == CompressionType::LZ4_FRAME { 255 } else { 1 << 15 };
    stored.saturating_mul(each).saturating_add(1 << 17)
}

/// The footer of a file, and the file's size.
fn footer_of(file: &mut File) -> Option<(Vec<u8>, u64)> {
    let size = file.metadata().ok()?.len();
    let tail = read_at(file, size.checked_sub(10)?, 10).ok()?;
    let length = u64::try_from(read_footer_length(tail.try_into().ok()?).ok()?).ok()?;
    let start = size.checked_sub(10)?.checked_sub(length)?;
    Some((read_at(file, start, length).ok()?, size))
}

/// Some bytes that the file has.
fn read_at(file: &mut File, start: u64, length: u64) -> Result<Vec<u8>, Wrong> {
    let mut bytes = vec![0; usize::try_from(length).map_err(|_| beyond())?];
    file.seek(SeekFrom::Start(start)).and_then(|_| file.read_exact(&mut bytes)).map_err(unreadable)?;
    Ok(bytes)
}

fn beyond() -> Wrong {
    "a batch reaches beyond the end of the file".to_owned()
}

fn unreadable(error: std::io::Error) -> Wrong {
    error.to_string()
}
