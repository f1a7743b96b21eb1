//! What is written reads back the same, in every format, whatever the chunks.

use super::*;

fn decimal(precision: u8, scale: u8) -> Type {
    Type::Decimal { precision, scale }
}

/// Some values of each type: zero, the ends, and in between.
fn samples(ty: Type) -> Vec<Scalar> {
    match ty {
        Type::Bool => vec![Scalar::Bool(true), Scalar::Bool(false)],
        Type::F32 => [0.0, -1.5, f32::MAX, f32::MIN_POSITIVE, 0.1].map(|value| Scalar::Float(value.into())).to_vec(),
        Type::F64 => [0.0, 1e300, -2.5e-300, f64::INFINITY, 0.1].map(Scalar::Float).to_vec(),
        Type::Str => texts(&["a", "", "quote \" comma , end", "line\nbreak", " spaces ", "ünï", "a"]),
        Type::Date => ints([0, -1, 19_000, -719_528, 2_932_896]),
        Type::Timestamp => ints([0, -1, 1_700_000_000_123_456, -62_135_596_800_000_000]),
        Type::Duration => ints([0, -1, 86_400_000_000, 3_661_000_001]),
        Type::Decimal { .. }
        | Type::I8
        | Type::I16
        | Type::I32
        | Type::I64
        | Type::U8
        | Type::U16
        | Type::U32
        | Type::U64 => {
            let (lo, hi) = ty.integer_range().unwrap();
            ints([0, lo, hi, hi / 3, lo / 7])
        }
    }
}

fn every_type(rows: usize) -> Fixture {
    let types = [
        Type::Bool,
        Type::I8,
        Type::I16,
        Type::I32,
        Type::I64,
        Type::U8,
        Type::U16,
        Type::U32,
        Type::U64,
        Type::F32,
        Type::F64,
        Type::Date,
        Type::Timestamp,
        Type::Duration,
        decimal(9, 2),
        decimal(18, 0),
        decimal(18, 18),
        Type::Str,
    ];
    let mut columns = vec![];
    for (index, ty) in types.into_iter().enumerate() {
        let samples = samples(ty);
        let full = (0..rows).map(|row| samples[row % samples.len()].clone());
        // In CSV an empty text in a nullable column is null, so those columns have no empty text.
        let holes = full.clone().enumerate().map(|(row, value)| {
            let empty = value.as_str() == Some("");
            if (row + index) % 3 == 0 || empty { Scalar::Null } else { value }
        });
        columns.push((field(&format!("full {index}"), ty, false), full.collect()));
        columns.push((field(&format!("holes {index}"), ty, true), holes.collect::<Vec<_>>()));
    }
    fixture(columns)
}

fn check(rows: usize, capacities: &[usize]) {
    let directory = tempfile::tempdir().unwrap();
    let fixture = every_type(rows);
    for name in ["t.parquet", "t.csv", "t.arrow"] {
        let path = directory.path().join(name);
        fixture.write(&path).unwrap();
        for &capacity in capacities {
            let read = read(&path, &fixture.fields(), capacity).unwrap();
            let chunks: Vec<_> = (0..rows).step_by(capacity).map(|start| capacity.min(rows - start)).collect();
            assert_eq!(read.chunks, chunks, "{name} in chunks of {capacity}");
            for (index, (found, wanted)) in read.values.iter().zip(fixture.values()).enumerate() {
                assert_eq!(*found, wanted, "{name}, column {}", fixture.columns[index].field);
            }
        }
    }
    let left: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
    assert_eq!(left.len(), 3, "no temporary file stays");
}

#[test]
fn every_type_in_every_format() {
    check(23, &[1, 7, 262_144]);
}

#[test]
fn chunk_ends_meet_row_ends() {
    check(21, &[7, 21, 20, 22]);
}

#[test]
fn no_rows() {
    check(0, &[1, 262_144]);
}

#[test]
fn nan_survives() {
    let directory = tempfile::tempdir().unwrap();
    let nan = fixture(vec![(field("x", Type::F64, true), vec![Scalar::Float(f64::NAN), Scalar::Null])]);
    for name in ["t.parquet", "t.csv", "t.arrow"] {
        let path = directory.path().join(name);
        nan.write(&path).unwrap();
        let read = read(&path, &nan.fields(), 4).unwrap();
        assert!(matches!(read.values[0][0], Scalar::Float(value) if value.is_nan()), "{name}");
        assert_eq!(read.values[0][1], Scalar::Null, "{name}");
    }
}

#[test]
fn several_writes_make_one_file() {
    let directory = tempfile::tempdir().unwrap();
    let one =
        fixture(vec![(field("x", Type::I64, false), ints(0..5)), (field("s", Type::Str, false), texts(&["a"; 5]))]);
    for name in ["t.parquet", "t.csv", "t.arrow"] {
        let path = directory.path().join(name);
        let mut writer = TableWriter::create(&path, &one.columns).unwrap();
        for _ in 0..3 {
            writer.write(&one.table, &one.dictionaries).unwrap();
        }
        assert!(!path.exists(), "nothing before it is complete");
        writer.finish().unwrap();
        let read = read(&path, &one.fields(), 100).unwrap();
        assert_eq!(read.values[0], ints((0..5).chain(0..5).chain(0..5)), "{name}");
    }
}

#[test]
fn narrow_results_are_widened() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("t.parquet");
    let mut narrow = fixture(vec![(field("x", Type::I32, true), vec![Scalar::Int(7), Scalar::Null])]);
    narrow.columns[0].field.ty = Type::I64;
    narrow.write(&path).unwrap();
    let fields = [field("x", Type::I64, true)];
    assert_eq!(read(&path, &fields, 4).unwrap().values[0], [Scalar::Int(7), Scalar::Null]);
}
