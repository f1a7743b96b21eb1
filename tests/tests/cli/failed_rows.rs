//! What is told of a row that something is wrong with, wherever in a program that is found.

use super::Workspace;
use dj_tests::Result;
use dj_tests::cli::djc;

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
