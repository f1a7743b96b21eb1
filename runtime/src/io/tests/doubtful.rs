//! Files that are not what they say, or not what they were.

use super::*;
use crate::io::parquet_file::check_counts;
use crate::io::{IoErrorKind, schema};
use arrow::array::{ArrayRef, Date32Array, Decimal128Array, RecordBatch, TimestampMicrosecondArray};
use parquet::data_type::{ByteArray, ByteArrayType, FixedLenByteArray, FixedLenByteArrayType};
use parquet::file::metadata::{FileMetaData, ParquetMetaData, ParquetMetaDataReader, ParquetMetaDataWriter};
use parquet::file::writer::SerializedFileWriter;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

fn place(name: &str) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    (directory, path)
}

/// Writes a batch in the format that the path says.
fn write(path: &Path, batch: &RecordBatch) {
    let out = File::create(path).unwrap();
    if path.extension().unwrap() == "arrow" {
        let mut writer = arrow::ipc::writer::FileWriter::try_new(out, &batch.schema()).unwrap();
        writer.write(batch).unwrap();
        writer.finish().unwrap();
    } else {
        let mut writer = parquet::arrow::ArrowWriter::try_new(out, batch.schema(), None).unwrap();
        writer.write(batch).unwrap();
        writer.close().unwrap();
    }
}

/// A file whose column `x` says that it is decimal(precision, 2).
fn decimals(path: &Path, precision: u8, values: &[Option<i128>]) {
    let array = Decimal128Array::from(values.to_vec()).with_precision_and_scale(precision, 2).unwrap();
    let batch = RecordBatch::try_from_iter_with_nullable([("x", Arc::new(array) as ArrayRef, true)]).unwrap();
    write(path, &batch);
}

#[test]
fn decimals_keep_to_their_digits() {
    let declared = |precision| [field("x", Type::Decimal { precision, scale: 2 }, true)];
    // By how many digits the file says that there are: stored in 4 bytes, 8 bytes and 16 bytes of Parquet.
    for (said, beyond) in
        [(4, i128::from(i32::MAX)), (9, 1_000_000_000), (15, 1 << 62), (20, 1 << 64), (38, -(1 << 100))]
    {
        for name in ["t.parquet", "t.arrow"] {
            let (_directory, path) = place(name);
            let precision = said.min(18);
            let limit = 10_i128.pow(precision.into());
            let fits = [Some(1 - limit), None, Some(limit - 1)];
            decimals(&path, said, &fits);
            let wanted: Vec<_> = fits.iter().map(|value| value.map_or(Scalar::Null, Scalar::Int)).collect();
            assert_eq!(read(&path, &declared(precision), 100).unwrap().values, [wanted], "{name} of {said} digits");
            for value in [beyond, limit, -limit] {
                decimals(&path, said, &[Some(1), None, Some(value)]);
                let error = error(&path, &declared(precision));
                assert_eq!((error.kind, error.row), (IoErrorKind::BadValue, Some(3)), "{name}, {value}: {error}");
                assert!(error.message.contains(&format!("more than {precision} digits")), "{error}");
            }
        }
    }
    let (_directory, path) = place("t.arrow");
    decimals(&path, 18, &[Some(i128::MIN)]);
    assert_eq!(error(&path, &declared(18)).kind, IoErrorKind::BadValue);
}

/// DuckDB writes infinite dates and times as the greatest integer and its negative.
#[test]
fn times_are_finite() {
    for infinite in [i32::MAX, -i32::MAX] {
        for name in ["t.parquet", "t.arrow"] {
            let (_directory, path) = place(name);
            let array = Date32Array::from(vec![Some(1), None, Some(infinite)]);
            write(
                &path,
                &RecordBatch::try_from_iter_with_nullable([("x", Arc::new(array) as ArrayRef, true)]).unwrap(),
            );
            let error = error(&path, &[field("x", Type::Date, true)]);
            assert_eq!((error.kind, error.row), (IoErrorKind::BadValue, Some(3)), "{name}: {error}");
            assert!(error.message.contains("an infinite date"), "{error}");
        }
    }
    for infinite in [i64::MAX, -i64::MAX] {
        let (_directory, path) = place("t.parquet");
        let array = TimestampMicrosecondArray::from(vec![Some(1), None, Some(infinite)]);
        write(&path, &RecordBatch::try_from_iter_with_nullable([("x", Arc::new(array) as ArrayRef, true)]).unwrap());
        let error = error(&path, &[field("x", Type::Timestamp, true)]);
        assert!(error.row == Some(3) && error.message.contains("an infinite timestamp"), "{error}");
    }
}

/// Some writers store every decimal in 16 bytes, or in as many as each takes.
#[test]
fn decimals_in_more_bytes_than_they_need() {
    for physical in ["FIXED_LEN_BYTE_ARRAY(16)", "BYTE_ARRAY"] {
        let (_directory, path) = place("t.parquet");
        let message = format!("message m {{ REQUIRED {physical} x (DECIMAL(9,2)); }}");
        let schema = Arc::new(parquet::schema::parser::parse_message_type(&message).unwrap());
        let mut file = SerializedFileWriter::new(File::create(&path).unwrap(), schema, Default::default()).unwrap();
        let mut group = file.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let bytes = |value: i128| ByteArray::from(value.to_be_bytes().to_vec());
        let values = [bytes(-1250), bytes(999_999_999)];
        if physical == "BYTE_ARRAY" {
            column.typed::<ByteArrayType>().write_batch(&values, None, None).unwrap();
        } else {
            let values = values.map(FixedLenByteArray::from);
            column.typed::<FixedLenByteArrayType>().write_batch(&values, None, None).unwrap();
        }
        column.close().unwrap();
        group.close().unwrap();
        file.close().unwrap();
        let fields = [field("x", Type::Decimal { precision: 9, scale: 2 }, false)];
        assert_eq!(read(&path, &fields, 10).unwrap().values, [ints([-1250, 999_999_999])], "{physical}");
    }
}

/// The metadata of a Parquet file with other counts: the rows that its one row group has, and those that it has.
fn counted(path: &Path, rows: i64, total: i64) -> ParquetMetaData {
    let whole = ParquetMetaDataReader::new().parse_and_finish(&File::open(path).unwrap()).unwrap();
    let group = whole.row_group(0).clone().into_builder().set_num_rows(rows).build().unwrap();
    let (old, schema) = (whole.file_metadata(), whole.file_metadata().schema_descr_ptr());
    let file = FileMetaData::new(old.version(), total, None, old.key_value_metadata().cloned(), schema, None);
    ParquetMetaData::new(file, vec![group])
}

/// Rewrites the footer of a Parquet file; the file's own count becomes that of its row groups.
fn with_count(path: &Path, rows: i64) {
    let (bytes, metadata) = (std::fs::read(path).unwrap(), counted(path, rows, rows));
    let footer = u32::from_le_bytes(bytes[bytes.len() - 8..bytes.len() - 4].try_into().unwrap());
    let mut out = bytes[..bytes.len() - 8 - footer as usize].to_vec();
    ParquetMetaDataWriter::new(&mut out, &metadata).finish().unwrap();
    std::fs::write(path, out).unwrap();
}

#[test]
fn counts_that_are_none_or_do_not_agree() {
    let (_directory, path) = place("t.parquet");
    let fields = [field("x", Type::I64, false)];
    for rows in [0, -3, 2, 4, i64::MAX] {
        fixture(vec![(fields[0].clone(), ints([1, 2, 3]))]).write(&path).unwrap();
        with_count(&path, rows);
        let error = error(&path, &fields);
        assert_eq!(error.kind, IoErrorKind::Damaged, "{rows}: {error}");
        assert!(schema(path.to_str().unwrap()).is_err());
    }
    fixture(vec![(fields[0].clone(), ints([1, 2, 3]))]).write(&path).unwrap();
    for total in [4, -1, 0] {
        assert!(check_counts(&counted(&path, 3, total)).is_err(), "{total}");
    }
    with_count(&path, 3);
    assert_eq!(read(&path, &fields, 2).unwrap().values, [ints([1, 2, 3])]);
}

/// A file of one page with a checksum, of the numbers 7, 8 and 9, as pyarrow writes it.
const WITH_CHECKSUM: &[u8] = b"PAR1\x15\x00\x15\x18\x15\x18\x15\xc1\x90\xfc\xe5\x0b\x1c\x15\x06\x15\x00\x15\x06\x15\x06\
    \x1c\x00\x00\x00\x07\x00\x00\x00\x08\x00\x00\x00\t\x00\x00\x00\x15\x04\x19,5\x00\x18\x06schema\x15\x02\x00\x15\x02%\x00\
    \x18\x01x\x00\x16\x06\x19\x1c\x19\x1c&\x00\x1c\x15\x02\x19%\x06\x00\x19\x18\x01x\x15\x00\x16\x06\x16J\x16J&\x08I\x1c\x15\x00\
    \x15\x00\x15\x02\x00\x00\x00\x16J\x16\x06&\x08\x16J\x00( parquet-cpp-arrow version 26.0.1\x19\x1c\x1c\x00\x00\x00r\x00\x00\x00PAR1";

#[test]
fn a_page_that_does_not_fit_its_checksum() {
    let (_directory, path) = place("t.parquet");
    let fields = [field("x", Type::I32, false)];
    std::fs::write(&path, WITH_CHECKSUM).unwrap();
    assert_eq!(read(&path, &fields, 10).unwrap().values, [ints([7, 8, 9])]);
    let values = WITH_CHECKSUM.windows(4).position(|bytes| bytes == [7, 0, 0, 0]).unwrap();
    for at in values..values + 12 {
        let mut damaged = WITH_CHECKSUM.to_vec();
        damaged[at] ^= 0x10;
        std::fs::write(&path, &damaged).unwrap();
        assert_eq!(error(&path, &fields).kind, IoErrorKind::Damaged, "byte {at}");
    }
}

/// Arrow files and streams, compressed by both codecs, with a text column: their buffers' lengths are made nonsense one by one.
#[test]
fn lengths_that_no_memory_holds() {
    use arrow::ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
    use arrow::ipc::{CompressionType, MetadataVersion};
    let texts: Vec<_> = (0..1000).map(|row| format!("text {}", row % 7)).collect();
    let text: ArrayRef = Arc::new(arrow::array::StringArray::from(texts.clone()));
    let batch = RecordBatch::try_from_iter([("s", text)]).unwrap();
    let fields = [field("s", Type::Str, false)];
    for codec in [CompressionType::LZ4_FRAME, CompressionType::ZSTD] {
        let options = IpcWriteOptions::try_new(8, false, MetadataVersion::V5).unwrap();
        let options = options.try_with_compression(Some(codec)).unwrap();
        for name in ["file.arrow", "stream.arrows"] {
            let (_directory, path) = place(name);
            let out = File::create(&path).unwrap();
            if name == "file.arrow" {
                let mut writer = FileWriter::try_new_with_options(out, &batch.schema(), options.clone()).unwrap();
                writer.write(&batch).unwrap();
                writer.finish().unwrap();
            } else {
                let mut writer = StreamWriter::try_new_with_options(out, &batch.schema(), options.clone()).unwrap();
                writer.write(&batch).unwrap();
                writer.finish().unwrap();
            }
            let whole = std::fs::read(&path).unwrap();
            assert_eq!(read(&path, &fields, 100).unwrap().values[0].len(), 1000);
            // The texts are 6 bytes long; their offsets do not compress.
            let at = whole.windows(8).position(|bytes| bytes == 6000_i64.to_le_bytes()).unwrap();
            for nonsense in [1 << 40, 1 << 62, i64::MAX, i64::MIN, -2] {
                let mut damaged = whole.clone();
                damaged[at..at + 8].copy_from_slice(&i64::to_le_bytes(nonsense));
                std::fs::write(&path, &damaged).unwrap();
                let error = error(&path, &fields);
                assert_eq!(error.kind, IoErrorKind::Damaged, "{name}, {nonsense}: {error}");
            }
        }
    }
}

#[test]
fn a_file_that_was_replaced_is_not_read() {
    let fields = [field("a", Type::I64, false), field("b", Type::I64, false)];
    for name in ["t.parquet", "t.csv", "t.arrow"] {
        let (directory, path) = place(name);
        let one = [(fields[0].clone(), ints([1])), (fields[1].clone(), ints([2]))];
        // The same columns, of the same size, in another order.
        let other = [one[1].clone(), one[0].clone()];
        fixture(one.to_vec()).write(&path).unwrap();
        let source = Source::open(&spec(&fields), path.to_str().unwrap()).unwrap();
        let columns = chunk_columns(&fields);
        let read = || drain(&mut source.chunks(&columns, 10, vec![])?, &fields, &mut dictionaries());
        assert_eq!(read().unwrap().values, [ints([1]), ints([2])]);
        let aside = directory.path().join("aside").with_extension(path.extension().unwrap());
        fixture(other.to_vec()).write(&aside).unwrap();
        std::fs::rename(&aside, &path).unwrap();
        let Err(ReadError::Io(error)) = read() else { panic!("{name} is read") };
        assert!(error.message.ends_with("was changed or replaced while it was used"), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_to_nothing_in_a_folder_is_told() {
    let (directory, path) = place("a.parquet");
    let fields = [field("x", Type::I64, false)];
    fixture(vec![(fields[0].clone(), ints([1]))]).write(&path).unwrap();
    std::fs::create_dir(directory.path().join("folder.parquet")).unwrap();
    assert_eq!(read(directory.path(), &fields, 2).unwrap().values, [ints([1])]);
    std::os::unix::fs::symlink("gone.parquet", directory.path().join("b.parquet")).unwrap();
    let error = error(directory.path(), &fields);
    assert!(error.message.ends_with("b.parquet`"), "{error}");
    assert_eq!(error.kind, IoErrorKind::NotFound);
}
