//! What is told of a row that something is wrong with, wherever in a program that is found.

use super::Workspace;
use dj_tests::Result;
use dj_tests::cli::djc;
use std::fmt::Write;

/// Runs steps on a table whose rows are in two files, of which the third of all cannot be converted.
fn failing(space: &Workspace, steps: &str) -> Result<String> {
    let program = format!("table t from \"part*.csv\" {{ a: i64, b: i64, s: str }}\n{steps}\n");
    let program = space.write("failing.dj", &program)?;
    Ok(djc()?.arg("run").arg(&program).args(["--format", "csv"]).run()?.code(1)?.stderr)
}

#[test]
fn a_row_has_its_line_and_values_behind_stages_that_emit() -> Result {
    let space = Workspace::new()?;
    space.write("part1.csv", "a,b,s\n1,10,5\n2,20,6\n")?;
    space.write("part2.csv", "a,b,s\n3,30,\"x\ny\"\n4,40,7\n")?;
    for steps in [
        "export r = t | derive y = s as i64",
        "export r = t | filter a != 2 | derive y = s as i64",
        "export r = t | filter a != 2 | take 3 | derive y = s as i64",
        "export r = t | filter a != 2 | take 3 | filter b > 15 | take 2 | derive y = s as i64",
        "let u = t | filter a != 1\nexport q = u | select a\nexport r = u | derive y = s as i64",
        "export r = t | filter a != 2 | take 3 | group { y = s as i64 } { n = count() }",
    ] {
        let told = failing(&space, steps)?;
        assert!(told.contains("line 2 of") && told.contains("part2.csv"), "{steps}\n{told}");
        assert!(told.contains("in that row `s` is \"x\\ny\""), "{steps}\n{told}");
    }
    Ok(())
}

#[test]
fn a_row_that_no_file_has_shows_its_values() -> Result {
    let space = Workspace::new()?;
    space.write("part1.csv", "a,b,s\n1,10,5\n2,20,6\n")?;
    space.write("part2.csv", "a,b,s\n3,30,x\n4,40,7\n")?;
    for (steps, values) in [
        ("t | sort -a | derive y = s as i64", "in that row `s` is \"x\""),
        ("t | group s { n = count() } | derive y = s as i64", "in that row `s` is \"x\""),
        ("t | group s { n = sum(b) } | derive y = (n * 5) as i8", "in that row `n` is 30"),
        ("t | sort -b | derive y = (b * 4) as i8", "in that row `b` is 40"),
    ] {
        let told = failing(&space, steps)?;
        assert!(told.contains(values), "{steps}\n{told}");
    }
    Ok(())
}

/// Windows of one order are one stage, which knows of a row only where it stands among those that were kept. What the rows before
/// it alone would give is something else: a default of `lead`, a count of all.
#[test]
fn what_is_computed_of_a_windows_results_fails_with_its_own_row() -> Result {
    let space = Workspace::new()?;
    let mut rows = "id,k,s\n".to_owned();
    for row in 0..50 {
        writeln!(rows, "{row},{},x{row}", row * 37 % 100)?;
    }
    space.write("t.csv", &rows)?;
    for (steps, message, line) in [
        ("window sort id { l = lead(k, 1, 1000) } | derive d = l as i8 | window sort id { r = sum(d) }", "`l`", 51),
        ("window sort -id { l = lag(k, 1, 1000) } | derive d = l as i8 | window sort -id { r = sum(d) }", "`l`", 51),
        (
            "filter id % 3 != 0 | window sort -id { l = lag(s) } | filter l is not null
            | derive d = case { id == 20 => s as i64, else => 1 } | window sort -id { r = sum(d) }",
            "`s as i64`",
            22,
        ),
        (
            "window {} { c = count(), l = lead(s) } | filter c % 2 == 0 | derive d = case { id == 40 => l as i64, else => 0 }
            | window {} { r = sum(d) }",
            "`l as i64`",
            42,
        ),
        (
            "window {} { c = count() } | derive { a = (c - 45) as u8, b = (c + 210 - id) as u8 } | window {} { r = max(a + b) }",
            "`c + 210 - id`",
            2,
        ),
        (
            "window {} { c = count() } | window {} { r = max(c), q = sum(id * 184467440737095516 * c) }",
            "`id * 184467440737095516 * c`",
            4,
        ),
        ("window { sort id, rows -1..0 } { r = sum(k * 80000000000000000) }", "`sum(k * 80000000000000000)`", 7),
    ] {
        let program = format!("table t from \"t.csv\" {{ id: i64, k: i64, s: str }}\nexport r = t | {steps}\n");
        let program = space.write("p.dj", &program)?;
        for target in ["cpu", "cpu:2", "cpu:3"] {
            let run = djc()?.arg("run").arg(&program).args(["--target", target, "--chunk-rows", "16"]).run()?;
            let told = run.code(1)?.stderr;
            assert!(told.contains(message) && told.contains(&format!("line {line} of")), "{target}: {steps}\n{told}");
        }
    }
    Ok(())
}
