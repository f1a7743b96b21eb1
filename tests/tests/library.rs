//! The runtime as a library: one session, record batches from memory in, record batches out, on four threads at once.

use arrow::array::{Array, Float64Array, Int64Array, RecordBatch, StringArray};
use dj_runtime::artifact::Artifact;
use dj_runtime::execute::{
    CompiledProgram, Discard, Observer, Options, Request, RunReport, Session, Value, open_client,
};
use dj_runtime::io::{InMemory, RecordBatches, TableSource};
use dj_tests::Result;
use dj_tests::cli::djc;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

const PROGRAM: &str = "\
table t { k: i64, s: str?, v: f64? }
param least: i64
export totals = t | filter k >= least | group { s } { n = count(), v = sum(v) } | sort s
export first = t | filter k >= least | take 3 | select { k, s }
";

/// Rows of a table, as a thread makes them up.
struct Rows {
    k: Vec<i64>,
    s: Vec<Option<String>>,
    v: Vec<Option<f64>>,
}

impl Rows {
    fn new(seed: u64, count: usize) -> Self {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = |limit: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % limit
        };
        let mut rows = Self { k: vec![], s: vec![], v: vec![] };
        for _ in 0..count {
            rows.k.push(next(1000).cast_signed());
            rows.s.push(Some(next(9)).filter(|name| *name > 0).map(|name| format!("name {name} of {seed}")));
            rows.v.push(Some(next(100)).filter(|value| *value > 9).map(|value| value as f64));
        }
        rows
    }

    /// The rows in batches that are of no size in particular.
    fn source(&self) -> Result<InMemory> {
        let whole = RecordBatch::try_from_iter_with_nullable([
            ("v", Arc::new(Float64Array::from(self.v.clone())) as _, true),
            ("extra", Arc::new(Int64Array::from(self.k.clone())) as _, false),
            ("s", Arc::new(StringArray::from(self.s.clone())) as _, true),
            ("k", Arc::new(Int64Array::from(self.k.clone())) as _, false),
        ])?;
        let parts = (0..self.k.len()).step_by(777).map(|first| whole.slice(first, 777.min(self.k.len() - first)));
        Ok(InMemory::new(whole.schema(), parts.collect())?)
    }

    /// The totals by text, null last.
    fn totals(&self, least: i64) -> Vec<(Option<String>, i64, Option<f64>)> {
        let mut totals = BTreeMap::<(bool, Option<&String>), (i64, Option<f64>)>::new();
        for row in (0..self.k.len()).filter(|row| self.k[*row] >= least) {
            let key = self.s[row].as_ref();
            let entry = totals.entry((key.is_none(), key)).or_default();
            entry.0 += 1;
            if let Some(value) = self.v[row] {
                entry.1 = Some(entry.1.unwrap_or(0.0) + value);
            }
        }
        totals.into_iter().map(|((_, key), (n, v))| (key.cloned(), n, v)).collect()
    }
}

fn column<'b, T: Array + 'static>(batch: &'b RecordBatch, name: &str) -> Result<&'b T> {
    let column = batch.column_by_name(name).ok_or_else(|| format!("there is no column `{name}`"))?;
    column.as_any().downcast_ref().ok_or_else(|| format!("`{name}` is {}", column.data_type()).into())
}

fn texts(array: &StringArray) -> Vec<Option<String>> {
    array.iter().map(|text| text.map(str::to_owned)).collect()
}

fn session(source: &str, options: Options) -> Result<Session> {
    compiled_session(source, &[], options)
}

/// A session of a program that is compiled in some way.
fn compiled_session(source: &str, arguments: &[&str], options: Options) -> Result<Session> {
    let folder = tempfile::tempdir()?;
    let (program, artifact) = (folder.path().join("p.dj"), folder.path().join("p.djx"));
    std::fs::write(&program, source)?;
    djc()?.arg("compile").arg(&program).arg("-o").arg(&artifact).args(arguments).succeed()?;
    let program = CompiledProgram::of(&Arc::new(Artifact::open(&artifact)?), None)?;
    let client = open_client(&program.manifest().target, None)?;
    Ok(Session::new(client, program, options)?)
}

/// Runs on rows of its own and compares.
fn run_and_compare(session: &Session, seed: u64) -> Result {
    let (rows, least) = (Rows::new(seed, 20_000 + 1000 * seed as usize), 70 * seed.cast_signed());
    let results = session.collect(&Request::new().table("t", rows.source()?).param("least", least))?;
    // Both exports read the table in one pass.
    assert_eq!(results.report.rows, rows.k.len() as u64);
    let totals = results.export("totals").ok_or("no export `totals`")?;
    let mut found = Vec::new();
    for batch in &totals.batches {
        let (n, v) = (column::<Int64Array>(batch, "n")?, column::<Float64Array>(batch, "v")?);
        for (row, text) in texts(column(batch, "s")?).into_iter().enumerate() {
            found.push((text, n.value(row), v.is_valid(row).then(|| v.value(row))));
        }
    }
    assert_eq!(found, rows.totals(least), "seed {seed}");
    let first = results.export("first").ok_or("no export `first`")?;
    assert_eq!(first.rows(), 3);
    let wanted: Vec<i64> = rows.k.iter().copied().filter(|k| *k >= least).take(3).collect();
    assert_eq!(column::<Int64Array>(&first.batches[0], "k")?.values().to_vec(), wanted);
    Ok(())
}

#[test]
fn four_threads_share_a_session() -> Result {
    let session = session(PROGRAM, Options { use_cache: false, ..Options::default() })?;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (1..=4)
            .map(|seed| {
                let session = session.clone();
                scope.spawn(move || {
                    (0..3).try_for_each(|round| {
                        run_and_compare(&session, seed + 4 * round).map_err(|error| error.to_string())
                    })
                })
            })
            .collect();
        for thread in threads {
            thread.join().map_err(|_| "a thread panicked")??;
        }
        Ok(())
    })
}

/// Counts what it is told.
#[derive(Default)]
struct Counting {
    rows: AtomicU64,
    expected: AtomicU64,
    stages: AtomicUsize,
    finished: AtomicUsize,
}

impl Observer for Counting {
    fn started(&self, rows: Option<u64>) {
        self.expected.store(rows.unwrap_or(0), Ordering::Relaxed);
    }

    fn stage(&self, label: &str) {
        assert!(!label.is_empty());
        self.stages.fetch_add(1, Ordering::Relaxed);
    }

    fn rows(&self, count: u64) {
        self.rows.fetch_add(count, Ordering::Relaxed);
    }

    fn finished(&self, report: &RunReport) {
        assert_eq!(report.rows, self.rows.load(Ordering::Relaxed));
        self.finished.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn an_observer_is_told_of_rows_and_stages() -> Result {
    let session = session("table t { k: i64 }\nexport r = t | aggregate { m = max(k) }\n", Options::default())?;
    let batch = RecordBatch::try_from_iter([("k", Arc::new(Int64Array::from(vec![3, 9, 4])) as _)])?;
    let request = Request::new().table("t", InMemory::new(batch.schema(), vec![batch.clone(), batch])?);
    let observer = Counting::default();
    session.run(&request, &mut Discard, &observer)?;
    let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
    assert_eq!((read(&observer.rows), read(&observer.expected)), (6, 6));
    assert_eq!(observer.finished.load(Ordering::Relaxed), 1);
    assert!(observer.stages.load(Ordering::Relaxed) > 0);
    Ok(())
}

/// A source that fails after its first batch.
#[derive(Debug)]
struct Failing(InMemory);

impl TableSource for Failing {
    fn schema(&self) -> arrow::datatypes::SchemaRef {
        self.0.schema()
    }

    fn batches(&self, columns: &[usize]) -> std::result::Result<RecordBatches, arrow::error::ArrowError> {
        let lost = Err(arrow::error::ArrowError::IoError("the line went dead".to_owned(), std::io::Error::other("")));
        Ok(Box::new(self.0.batches(columns)?.chain([lost])))
    }
}

#[test]
fn what_does_not_fit_is_an_error_and_no_result() -> Result {
    let session = session(PROGRAM, Options::default())?;
    let rows = Rows::new(1, 10);
    let fails = |request: Request| match session.collect(&request) {
        Ok(_) => Err("it gives results".to_owned()),
        Err(error) => Ok(error.to_string()),
    };
    let full = || rows.source().map(|table| Request::new().table("t", table));
    assert!(fails(full()?)?.contains("needs a value for `least: i64`"));
    assert!(fails(full()?.param("least", "many"))?.contains("`many` is no value for parameter `least`"));
    assert!(fails(full()?.param("least", Value::Null))?.contains("no value for parameter `least`"));
    assert!(fails(full()?.param("most", 3).param("least", 1))?.contains("no parameter `most`"));
    assert!(fails(Request::new().param("least", 1))?.contains("table `t` has no file"));
    let other = RecordBatch::try_from_iter([("k", Arc::new(StringArray::from(vec!["x"])) as _)])?;
    let wrong = InMemory::new(other.schema(), vec![other])?;
    assert!(fails(Request::new().table("t", wrong).param("least", 1))?.contains("column `k`"));
    let failing = Failing(rows.source()?);
    assert!(fails(Request::new().table("t", failing).param("least", 1))?.contains("the line went dead"));
    Ok(())
}

/// A source that counts how often it is read.
#[derive(Debug)]
struct Counted {
    rows: InMemory,
    readings: Arc<AtomicUsize>,
}

impl TableSource for Counted {
    fn schema(&self) -> arrow::datatypes::SchemaRef {
        self.rows.schema()
    }

    fn batches(&self, columns: &[usize]) -> std::result::Result<RecordBatches, arrow::error::ArrowError> {
        self.readings.fetch_add(1, Ordering::Relaxed);
        self.rows.batches(columns)
    }
}

/// How often a program's exports read `t`.
fn readings(exports: &str) -> Result<usize> {
    let source = format!("table t {{ k: i64, s: str?, v: f64? }}\n{exports}");
    let session = session(&source, Options { use_cache: false, ..Options::default() })?;
    let readings = Arc::new(AtomicUsize::new(0));
    let table = Counted { rows: Rows::new(3, 5000).source()?, readings: Arc::clone(&readings) };
    session.collect(&Request::new().table("t", table))?;
    Ok(readings.load(Ordering::Relaxed))
}

#[test]
fn exports_of_one_table_read_it_once() -> Result {
    let groups = "export a = t | group s { n = count() }\nexport b = t | filter k > 500 | aggregate { v = sum(v) }\n";
    assert_eq!(readings(&format!("{groups}export c = t | filter v > 90.0 | select {{ k, s }}\n"))?, 1);
    assert_eq!(readings(&format!("{groups}export c = t | filter v > 90.0 | take 2 | select k\n"))?, 1);
    let large = "let large = t | filter k > 500 | derive w = v * 2.0\n";
    let readers = "export a = large | group s { n = count() }\nexport b = large | aggregate { w = sum(w) }\n";
    assert_eq!(readings(&format!("{large}{readers}export c = large\n"))?, 1);
    Ok(())
}

#[test]
fn a_table_that_is_joined_with_itself_is_read_for_each_side() -> Result {
    assert_eq!(readings("export a = t | join semi (t | filter v > 90.0 | select { other = k }) on k == other\n")?, 2);
    Ok(())
}

/// Only small programs are compiled quickly, and of these none whose rows would be others then.
#[test]
fn small_programs_are_compiled_quickly() -> Result {
    let sums = "table t { k: i64, v: f64? }\nexport r = t | group k { v = sum(v) }\n";
    let tangents =
        "table t { k: i64, v: f64? }\nexport r = t | derive y = tan(v) | aggregate { y = max(y), n = count() }\n";
    let rows = Rows::new(3, 5000);
    for (source, chunk_rows, all, none) in
        [(sums, "1000", true, false), (sums, "100000", false, true), (tangents, "1000", false, false)]
    {
        let options = Options { use_cache: false, use_packaged: false, ..Options::default() };
        let session = compiled_session(source, &["--chunk-rows", chunk_rows], options)?;
        let report = session.collect(&Request::new().table("t", rows.source()?))?.report;
        assert_eq!(report.compiled_quickly == report.compiled, all, "{source} {chunk_rows}: {report:?}");
        assert_eq!(report.compiled_quickly == 0, none, "{source} {chunk_rows}: {report:?}");
    }
    Ok(())
}
