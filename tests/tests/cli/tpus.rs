//! TPUs that are not here: what their compiler tells of programs, and that it is asked once.

use super::Workspace;
use dj_tests::Result;
use dj_tests::cli::{Invocation, djc, djrun};
use std::path::Path;

/// A command with a cache of its own.
fn with_cache(mut invocation: Invocation, folder: &Path) -> Invocation {
    invocation.command.env("XDG_CACHE_HOME", folder);
    invocation
}

#[test]
fn a_tpus_compiler_tells_what_programs_take() -> Result {
    let space = Workspace::new()?;
    let source = "table people from \"people.csv\"\nexport r = people | aggregate n = count()\n";
    let program = space.write("p.dj", source)?;
    let cache = space.path("cache");
    let explain = || -> Result<Invocation> { Ok(with_cache(djc()?.arg("explain").arg(&program), &cache)) };
    let told = explain()?.args(["--target", "tpu:v5e:1x1", "--rows", "people=1e9"]).succeed()?;
    assert_eq!(told.stderr, "", "nothing but what was asked is told");
    let told = told.prints("about 1,000,000,000 in")?.prints("step0 ")?.prints("finish ")?;
    told.prints("of 17.2 GB")?.prints("runs: ")?;

    let targets = ["--target", "tpu:v5e:1x1", "--target", "tpu:v5e:2x4", "--target", "cpu:2", "--rows", "people=1e9"];
    let table = explain()?.args(targets).succeed()?.prints("efficiency")?.stdout;
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[1].starts_with("tpu:v5e:1x1  1 ") && lines[1].ends_with("100%"), "{table}");
    assert!(lines[2].starts_with("tpu:v5e:2x4  8 "), "{table}");
    assert!(lines[3].starts_with("cpu:2") && lines[3].contains("does not tell"), "{table}");

    // What was compiled once is not compiled again.
    let (artifact, timings) = (space.path("p.djx"), space.path("t.json"));
    let mut compiled = vec![];
    for _ in 0..2 {
        let compile = with_cache(djc()?.arg("compile").arg(&program).arg("-o").arg(&artifact), &cache);
        compile.args(["--target", "tpu:v5e:2x4"]).arg("--timings").arg(&timings).succeed()?;
        let timings: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&timings)?)?;
        compiled.push(timings["targets"]["tpu:v5e:2x4"].as_object().map(serde_json::Map::len));
    }
    assert!(compiled[0] > Some(0) && compiled[1] == Some(0), "{compiled:?}");
    Ok(())
}

/// Of more rows a join's build side is shared out, and an artifact may be planned for them too.
#[test]
fn what_is_planned_for_decides_what_moves() -> Result {
    let space = Workspace::new()?;
    space.write("ages.csv", "name,age\nAda,36\nGrace,85\n")?;
    let source = "table people from \"people.csv\"\ntable ages from \"ages.csv\"\n\
                  export r = people | join ages on name | aggregate n = count()\n";
    let program = space.write("p.dj", source)?;
    let explain = || Ok::<_, dj_tests::Error>(djc()?.arg("explain").arg(&program).args(["--target", "cpu:4"]));
    explain()?.succeed()?.prints("broadcast, in order: each device sends about")?;
    let told = explain()?.args(["--rows", "ages=1e8", "--rows", "people=1e9"]).succeed()?;
    told.prints("share, in order: each device sends about")?.prints("asks     each device sends about")?;
    let artifact = space.path("p.djx");
    let compile = djc()?.arg("compile").arg(&program).arg("-o").arg(&artifact).args(["--target", "cpu:4"]);
    compile.args(["--rows", "ages=1e8", "--no-executables"]).succeed()?;
    let run = djrun()?.arg(&artifact).args(["--format", "csv"]).arg("--bind").arg(space.bind());
    let run = run.arg("--bind").arg(format!("ages={}", space.path("ages.csv").display())).succeed()?;
    assert_eq!(run.stdout, "n\n2\n");
    Ok(())
}

#[test]
fn rows_to_plan_for_are_of_tables_and_whole() -> Result {
    let space = Workspace::new()?;
    let program =
        space.write("p.dj", "table people from \"people.csv\"\nexport r = people | aggregate n = count()\n")?;
    let explain = |rows: &str| djc()?.arg("explain").arg(&program).args(["--rows", rows]).run();
    explain("people=1_000")?.code(0)?.prints("about 1,000 in")?;
    explain("persons=1000")?.code(2)?.complains("persons")?.complains("people")?;
    for wrong in ["people=-1", "people=1.5", "people=many", "people", "=5", "people=1e30"] {
        explain(wrong)?.code(2)?.complains("trips=1e9")?;
    }
    Ok(())
}
