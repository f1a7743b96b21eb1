//! Exports that read a table together give what each gives alone.

use super::Workspace;
use dj_tests::Result;
use dj_tests::cli::{Invocation, djc, djrun};
use std::path::Path;

/// One row a chunk, seven without the optimizer, and the usual number.
const CHUNKS: [&[&str]; 4] =
    [&["--chunk-rows", "1"], &["--chunk-rows", "7", "--no-optimize"], &[], &["--chunk-rows", "3", "--target", "cpu:2"]];

/// What all programs begin with.
const TABLES: &str = "\
table t { k: i64, v: i64?, s: str?, x: f64? }
param least: i64 = 3
let large = t | filter k >= least | derive { twice = v * 2, text = upper(s) }
let named = t | derive name = concat(s, \"-\", k)
";

/// Exports of every sink, of first rows, of host columns, of a parameter, and of what needs another export's rows.
const EXPORTS: [&str; 12] = [
    "t | group s { n = count(), v = sum(v) } | sort s",
    "t | filter k > 4 | aggregate { n = count(), x = sum(x) }",
    "t | filter s like \"a%\" | select { s, k, lower = lower(s) }",
    "t | sort { -v, k } | take 9",
    "t | filter v > 3 | take 4 | select { k, v }",
    "t | take 2..5",
    "large | group k { twice = sum(twice), text = max(text) } | sort k",
    "large | filter x > 1.5 | select { k, text }",
    "large | aggregate { n = count(), first = first(s), last = last(s) }",
    "named | group name { n = count() } | sort name",
    "named | filter k == 5 | select { name }",
    "t | join (t | group k { n = count() }) on k | filter n > 4 | select { k, v, n }",
];

/// Some rows, as CSV.
fn rows() -> String {
    let row = |i: usize| {
        let or_null = |null: bool, value: String| if null { String::new() } else { value };
        let v = or_null(i % 5 == 1, (i % 11).to_string());
        let s = or_null(i % 7 == 3, format!("{}{}", ["a", "b", "ab"][i % 3], i % 4));
        format!("{},{v},{s},{}\n", i % 9, or_null(i % 4 == 2, (i as f64 / 8.0).to_string()))
    };
    format!("k,v,s,x\n{}", (0..61).map(row).collect::<String>())
}

/// Runs exports together, and gives what comes out of each.
fn run(space: &Workspace, exports: &[&str], options: &[&str]) -> Result<Vec<String>> {
    let named = exports.iter().enumerate().map(|(index, export)| format!("export e{index} = {export}\n"));
    let program = space.write("program.dj", &format!("{TABLES}{}", named.collect::<String>()))?;
    let out = |index: usize| space.path(&format!("e{index}.csv"));
    let mut run = djc()?.arg("run").arg(program).args(["--xla-opt-level", "0"]).args(options);
    for index in 0..exports.len() {
        run = run.arg("--out").arg(format!("e{index}={}", out(index).display()));
    }
    run.succeed()?;
    Ok((0..exports.len()).map(|index| std::fs::read_to_string(out(index))).collect::<std::io::Result<_>>()?)
}

fn bound(path: &Path) -> String {
    format!("--bind=t={}", path.display())
}

#[test]
fn exports_give_together_what_they_give_alone() -> Result {
    let space = Workspace::new()?;
    let csv = space.write("t.csv", &rows())?;
    let parquet = space.path("t.parquet");
    let read = format!("select * from read_csv('{}')", csv.display());
    let copy = format!("copy ({read}) to '{}' (format parquet, row_group_size 20)", parquet.display());
    dj_tests::duckdb::query(&copy)?;
    let alone: Vec<String> =
        EXPORTS.iter().map(|export| Ok(run(&space, &[export], &[&bound(&csv)])?.remove(0))).collect::<Result<_>>()?;
    for file in [&csv, &parquet] {
        let bound = bound(file);
        for chunk in CHUNKS {
            let options: Vec<&str> = std::iter::once(bound.as_str()).chain(chunk.iter().copied()).collect();
            let together = run(&space, &EXPORTS, &options)?;
            for ((export, alone), together) in EXPORTS.iter().zip(&alone).zip(&together) {
                assert_eq!(together, alone, "{export} of {} in {chunk:?}", file.display());
            }
        }
    }
    Ok(())
}

#[test]
fn what_is_recorded_of_files_is_assumed_by_all_stages_of_a_pass() -> Result {
    let space = Workspace::new()?;
    let parquet = |name: &str, k: &str, v: &str| -> Result<String> {
        let path = space.path(name);
        let sql = format!("select ({k})::bigint as k, ({v})::bigint as v, 's' || i % 5 as s, i / 4.0::double as x");
        let copy = format!("copy ({sql} from range(300) as r(i)) to '{}' (format parquet)", path.display());
        dj_tests::duckdb::query(&copy)?;
        Ok(bound(&path))
    };
    let known = parquet("known.parquet", "i % 10", "i % 7")?;
    let nulls = parquet("nulls.parquet", "i % 10", "case when i < 299 then i % 7 end")?;
    let wide = parquet("wide.parquet", "case when i < 299 then i % 10 else 5000 end", "i % 7")?;
    let exports = &EXPORTS[..9];
    let named = exports.iter().enumerate().map(|(index, export)| format!("export e{index} = {export}\n"));
    let program = space.write("assumed.dj", &format!("{TABLES}{}", named.collect::<String>()))?;
    let artifact = space.path("assumed.djx");
    let compile = djc()?.arg("compile").arg(&program).arg("-o").arg(&artifact).args(["--xla-opt-level", "0"]);
    compile.args(["--chunk-rows", "64"]).arg(&known).succeed()?;
    for rows in [&known, &nulls, &wide] {
        let found = djrun()?.arg(&artifact).args(["--format", "csv", "--xla-opt-level", "0"]).arg(rows).succeed()?;
        let wanted = djc()?.arg("run").arg(&program).args(["--format", "csv", "--xla-opt-level", "0"]);
        assert_eq!(found.stdout, wanted.arg(rows).succeed()?.stdout, "{rows}");
        let repeated = djrun()?.arg(&artifact).args(["--format", "csv", "--xla-opt-level", "0", "--repeat", "2"]);
        assert_eq!(found.stdout, repeated.arg(rows).succeed()?.stdout, "{rows}, repeated");
    }
    Ok(())
}

/// Twelve rows, row `bad` (from one) with a text that is no number.
fn with_bad(bad: usize) -> String {
    let value = |row: usize| if row == bad { "oops".to_owned() } else { (row * 10).to_string() };
    format!("n,s\n{}", (1..=12).map(|row| format!("{row},{}\n", value(row))).collect::<String>())
}

#[test]
fn a_row_fails_the_stage_that_needs_it() -> Result {
    let space = Workspace::new()?;
    let table = "table t from \"t.csv\" { n: i64, s: str }\n";
    let count = "export a = t | group s { n = count() } | aggregate { rows = sum(n) }\n";
    for (name, value) in [("device", "s as i64"), ("host", "concat(s, \"0\") as i64")] {
        let cast = format!("t | derive m = {value} | filter m > 0");
        let some = space.write("some.dj", &format!("{table}{count}export b = {cast} | take 3 | select n\n"))?;
        let all = space.write("all.dj", &format!("{table}{count}export b = {cast} | select n\n"))?;
        let late = space.write("late.dj", &format!("{table}export b = {cast} | take 3 | select n\n{count}"))?;
        for chunk in CHUNKS {
            let run = |program: &Path| -> Result<Invocation> { Ok(djc()?.arg("run").arg(program).args(chunk)) };
            let place = |bad: usize| format!("line {} ", bad + 1);
            for bad in [5, 8, 12] {
                space.write("t.csv", &with_bad(bad))?;
                let found = run(&some)?.args(["--format", "csv"]).succeed()?;
                assert_eq!(found.stdout, "rows\n12\n\nn\n1\n2\n3\n", "{name}, row {bad}, {chunk:?}");
                let found = run(&late)?.args(["--format", "csv"]).succeed()?;
                assert_eq!(found.stdout, "n\n1\n2\n3\n\nrows\n12\n", "{name}, row {bad}, {chunk:?}");
                run(&all)?.run()?.code(1)?.prints_nothing()?.complains(&place(bad))?;
            }
            for bad in [1, 3] {
                space.write("t.csv", &with_bad(bad))?;
                run(&some)?.run()?.code(1)?.prints_nothing()?.complains(&place(bad))?;
            }
        }
    }
    Ok(())
}

#[test]
fn the_row_with_which_a_sum_no_longer_fits_is_found_in_a_pass() -> Result {
    let space = Workspace::new()?;
    let program = space.write(
        "sums.dj",
        "table t from \"t.csv\" { n: i64, v: i64 }\n\
         export a = t | aggregate { rows = count() }\n\
         export b = t | filter n != 3 | aggregate { v = sum(v) }\n",
    )?;
    let value = |row: i64| if row % 2 == 0 { i64::MAX / 3 } else { 1 };
    let rows = (1..=20).map(|row| format!("{row},{}\n", value(row))).collect::<String>();
    space.write("t.csv", &format!("n,v\n{rows}"))?;
    for chunk in CHUNKS {
        let run = djc()?.arg("run").arg(&program).args(chunk).run()?;
        run.code(1)?.prints_nothing()?.complains("line 7 ")?;
    }
    Ok(())
}

/// Together, row groups are read that the stage alone would skip.
#[test]
fn it_is_found_where_row_groups_are_skipped() -> Result {
    let space = Workspace::new()?;
    let program = space.write(
        "sums.dj",
        "table t from \"t.parquet\" { n: i64, v: i64 }\n\
         export a = t | aggregate { rows = count(), n = max(n) }\n\
         export b = t | filter n > 8500 | aggregate { v = sum(v) }\n",
    )?;
    let rows =
        "select i + 1 as n, case when i = 8999 then 9223372036854775807 else 1 end as v from range(10000) as r(i)";
    let path = space.path("t.parquet");
    dj_tests::duckdb::query(&format!("copy ({rows}) to '{}' (format parquet, row_group_size 2048)", path.display()))?;
    for chunk in [&["--chunk-rows", "64"], &["--chunk-rows", "3000"]] {
        djc()?.arg("run").arg(&program).args(chunk).run()?.code(1)?.prints_nothing()?.complains("row 9000 ")?;
    }
    Ok(())
}
