//! What is told of rows for which an assertion is false, and that nothing is put out then.

use super::Workspace;
use dj_tests::Result;
use dj_tests::cli::djc;

/// Two files with 3 and 2 rows; `b` is negative in the second row of each, and null in the third of the first.
fn space() -> Result<Workspace> {
    let space = Workspace::new()?;
    space.write("part1.csv", "a,b,s\n1,10,x\n2,-20,y\n3,,x\n")?;
    space.write("part2.csv", "a,b,s\n4,40,z\n5,-50,y\n")?;
    Ok(space)
}

/// Runs steps on these rows.
fn run(space: &Workspace, steps: &str, code: i32) -> Result<(String, String)> {
    let program = format!("table t from \"part*.csv\" {{ a: i64, b: i64?, s: str }}\nexport r = t {steps}\n");
    let program = space.write("asserting.dj", &program)?;
    let run = djc()?.arg("run").arg(&program).args(["--format", "csv"]).run()?.code(code)?;
    Ok((run.stdout, run.stderr))
}

#[test]
fn an_assertion_that_holds_changes_nothing() -> Result {
    let space = space()?;
    let (out, _) = run(&space, "| assert b > -100 \"b is low\" | filter a > 3 | assert a > 3 \"a\" | select a", 0)?;
    assert_eq!(out, "a\n4\n5\n");
    Ok(())
}

#[test]
fn all_offending_rows_are_counted_and_shown_with_their_place() -> Result {
    let space = space()?;
    for steps in [
        "| assert b >= 0 \"b is negative\"",
        // What follows decides nothing: not a filter, not a slice, not a column that is dropped.
        "| assert b >= 0 \"b is negative\" | filter b > 0 | take 1",
        "| assert b >= 0 \"b is negative\" | aggregate { n = count() }",
        "| assert b >= 0 \"b is negative\" | select a",
    ] {
        let (out, told) = run(&space, steps, 1)?;
        assert_eq!(out, "", "{steps}");
        assert!(told.contains("[DJ0604]: assertion failed: b is negative"), "{steps}\n{told}");
        assert!(told.contains("this is false for 2 rows"), "{steps}\n{told}");
        for place in ["line 3 of", "part1.csv`: `b` is -20", "part2.csv`: `b` is -50"] {
            assert!(told.contains(place), "{steps}\n{told}");
        }
    }
    Ok(())
}

#[test]
fn a_filter_before_an_assertion_counts() -> Result {
    let space = space()?;
    let (_, told) = run(&space, "| filter a != 2 | assert b >= 0 \"b is negative\"", 1)?;
    assert!(told.contains("this is false for 1 row") && !told.contains("-20"), "{told}");
    Ok(())
}

#[test]
fn groups_are_told_by_their_keys() -> Result {
    let space = space()?;
    let (_, told) = run(&space, "| group s { n = count(), b = max(b) } | assert n < 2 \"s occurs twice\"", 1)?;
    assert!(told.contains("this is false for 2 rows"), "{told}");
    assert!(told.contains("`s` is \"x\", `n` is 2") && told.contains("`s` is \"y\", `n` is 2"), "{told}");
    Ok(())
}

#[test]
fn what_an_assertion_guards_is_not_told_of_instead() -> Result {
    let space = space()?;
    let (_, told) = run(&space, "| assert b != 40 \"b is forty\" | derive c = (b * 3) as i8", 1)?;
    assert!(told.contains("assertion failed: b is forty") && !told.contains("DJ0603"), "{told}");
    Ok(())
}

#[test]
fn several_assertions_are_all_told_of() -> Result {
    let space = space()?;
    let steps = "| assert b >= 0 \"b is negative\" | group s { n = count() } | assert n == 1 \"s occurs twice\"";
    let (_, told) = run(&space, steps, 1)?;
    assert!(told.contains("b is negative") && told.contains("s occurs twice"), "{told}");
    Ok(())
}

#[test]
fn at_most_ten_rows_are_shown() -> Result {
    let space = Workspace::new()?;
    let rows: String = (0..50_000).map(|a| format!("{a},{}\n", a % 1000)).collect();
    space.write("many.csv", &format!("a,b\n{rows}"))?;
    let program = "table t from \"many.csv\"\nt | assert b != 7 \"seven\" | take 1\n";
    let program = space.write("many.dj", program)?;
    let told = djc()?.arg("run").arg(&program).run()?.code(1)?.stderr;
    assert!(told.contains("this is false for 50 rows"), "{told}");
    assert_eq!(told.matches("`b` is 7").count(), 10, "{told}");
    assert!(told.contains("line 9009 of") && !told.contains("line 10009 of"), "{told}");
    Ok(())
}
