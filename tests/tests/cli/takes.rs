//! `take` looks at the rows up to the one that fills it: what is wrong behind that one is nobody's business, whatever the
//! size of a chunk.

use super::Workspace;
use dj_tests::Result;
use dj_tests::cli::djc;
use std::path::Path;

/// One row a chunk, seven, and the usual number; on several devices too.
const CHUNKS: [&[&str]; 5] = [
    &["--chunk-rows", "1"],
    &["--chunk-rows", "7"],
    &[],
    &["--chunk-rows", "1", "--target", "cpu:3"],
    &["--chunk-rows", "5", "--target", "cpu:2"],
];

/// Twelve rows, row `bad` (from one) with a text that is no number.
fn rows(bad: usize) -> String {
    let value = |row: usize| if row == bad { "oops".to_owned() } else { (row * 10).to_string() };
    (1..=12).map(|row| format!("{row},{}\n", value(row))).collect()
}

fn gives(program: &Path, wanted: &str) -> Result {
    for chunk in CHUNKS {
        for optimize in [&[][..], &["--no-optimize"]] {
            let run = djc()?.arg("run").arg(program).args(["--format", "csv"]).args(chunk).args(optimize).succeed()?;
            assert_eq!(run.stdout, wanted, "{chunk:?} {optimize:?}");
        }
    }
    Ok(())
}

fn fails_at(program: &Path, row: usize) -> Result {
    // Rows that a stage reads of another one have lost their file.
    let places = [format!("line {} ", row + 1), format!("row {row} of the input")];
    for chunk in CHUNKS {
        let run = djc()?.arg("run").arg(program).args(chunk).run()?.code(1)?.prints_nothing()?;
        assert!(places.iter().any(|place| run.stderr.contains(place)), "{}", run.stderr);
    }
    Ok(())
}

#[test]
fn rows_behind_a_take_are_not_looked_at() -> Result {
    let space = Workspace::new()?;
    let table = "table t from \"t.csv\" { n: i64, s: str }\n";
    for (name, pipeline) in [
        ("filter", "t | filter (s as i64) > 0 | take 3 | select n"),
        ("derive", "t | derive m = s as i64 | take 3 | filter m > 0 | select n"),
        ("skip", "t | filter (s as i64) > 10 | take 1..3 | derive k = n - 1 | select { n = k }"),
        ("later", "t | take 3 | filter (s as i64) > 0 | select n"),
        ("shared", "(t | filter (s as i64) > 0 | take 3) | aggregate { n = count() }"),
        ("host", "t | derive m = concat(s, \"0\") as i64 | filter m > 0 | take 3 | select n"),
        ("union", "t | filter (s as i64) > 0 | union (t | filter (s as i64) > 0) | take 3 | select n"),
    ] {
        let program = space.write(&format!("{name}.dj"), &format!("{table}export r = {pipeline}\n"))?;
        let wanted = if name == "shared" { "n\n3\n" } else { "n\n1\n2\n3\n" };
        for bad in [5, 8, 12] {
            space.write("t.csv", &format!("n,s\n{}", rows(bad)))?;
            gives(&program, wanted).map_err(|error| format!("{name}, row {bad}: {error}"))?;
        }
        for bad in [1, 3] {
            space.write("t.csv", &format!("n,s\n{}", rows(bad)))?;
            fails_at(&program, bad).map_err(|error| format!("{name}, row {bad}: {error}"))?;
        }
    }
    Ok(())
}

/// Every row has two matches; the third row of the result is the first match of the second row.
#[test]
fn a_row_counts_with_all_its_matches() -> Result {
    let space = Workspace::new()?;
    let tables = "table t from \"t.csv\" { n: i64, s: str }\ntable u from \"u.csv\" { k: i64, m: i64, v: str }\n";
    space.write("u.csv", "k,m,v\n1,1,5\n1,2,6\n2,1,5\n2,2,bad\n3,1,5\n3,2,bad\n4,1,7\n4,2,8\n")?;
    space.write("t.csv", &format!("n,s\n{}", rows(4)))?;
    let text = |pipeline: &str| format!("{tables}export r = {pipeline}\n");
    let join = "t | join u on n == k";
    let before = space.write("before.dj", &text("t | filter (s as i64) > 0 | join u on n == k | take 5 | select n"))?;
    gives(&before, "n\n1\n1\n2\n2\n3\n")?;
    let behind =
        space.write("behind.dj", &text(&format!("{join} | filter (v as i64) > 0 | take 2 | select {{ n, m }}")))?;
    gives(&behind, "n,m\n1,1\n1,2\n")?;
    let within =
        space.write("within.dj", &text(&format!("{join} | filter (v as i64) > 0 | take 3 | select {{ n, m }}")))?;
    fails_at(&within, 2)?;
    Ok(())
}
