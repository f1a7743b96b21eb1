//! Artifacts at the limits of what can be packed.

use dj_tests::Result;
use dj_tests::cli::{djc, djrun};

#[test]
fn deep_expressions_are_packed_and_run() -> Result {
    let folder = tempfile::tempdir()?;
    let nested = (0..30).fold("s".to_owned(), |text, _| format!("replace({text}, \"a\", \"b\")"));
    let chain: String = (1..=30).map(|at| format!(" | derive s{at} = concat(s{}, \"x\")", at - 1)).collect();
    let program = folder.path().join("deep.dj");
    let source = format!(
        "table t from \"t.csv\" {{ s: str }}\nexport nested = t | select {{ s = {nested} }}\n\
         export chained = t | select {{ s0 = s }}{chain} | select {{ s = s30 }}\n"
    );
    std::fs::write(&program, source)?;
    let data = folder.path().join("t.csv");
    std::fs::write(&data, "s\nbanana\n")?;
    let artifact = folder.path().join("deep.djx");
    djc()?.arg("compile").arg(&program).arg("-o").arg(&artifact).succeed()?;
    let bind = format!("t={}", data.display());
    let run = djrun()?.arg(&artifact).args(["--format", "csv", "--bind", &bind]).succeed()?;
    run.prints("bbnbnb")?.prints(&format!("banana{}", "x".repeat(30)))?;
    Ok(())
}

#[test]
fn what_is_too_deep_is_refused_when_it_is_packed() -> Result {
    let folder = tempfile::tempdir()?;
    let nested =
        |times: usize, call: &str, end: &str| (0..times).fold("x".to_owned(), |text, _| format!("{call}({text}{end})"));
    let twenty = nested(20, "replace", ", \"a\", \"b\"");
    let all = nested(20, "f", "");
    let program = folder.path().join("deep.dj");
    std::fs::write(
        &program,
        format!("table t {{ x: str }}\nfn f(x) = {twenty}\nexport r = t | select {{ s = {all} }}\n"),
    )?;
    let artifact = folder.path().join("deep.djx");
    let run = djc()?.arg("compile").arg(&program).arg("-o").arg(&artifact).run()?;
    run.code(1)?.complains("nests deeper")?;
    assert!(!artifact.exists());
    Ok(())
}
