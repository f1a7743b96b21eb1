//! Several devices: which a program is for, what is told of what moves, and that a row that fails is the same on each mesh.

use super::Workspace;
use dj_tests::Result;
use dj_tests::cli::djc;
use std::fmt::Write;

const TARGETS: [&str; 4] = ["cpu", "cpu:2", "cpu:3", "cpu:2x4"];

#[test]
fn a_mesh_in_the_program_is_the_target_unless_one_is_named() -> Result {
    let space = Workspace::new()?;
    let source =
        "mesh hosts = 2\nmesh chips = 2\ntable people from \"people.csv\"\nexport r = people | aggregate n = count()\n";
    let program = space.write("p.dj", source)?;
    djc()?.arg("explain").arg(&program).succeed()?.prints("reduce: each device sends about")?;
    djc()?.arg("explain").arg(&program).args(["--target", "cpu"]).succeed()?.prints("none: one device")?;
    djc()?.arg("inspect").arg(&program).args(["--stage", "manifest"]).succeed()?.prints("2x2")?;
    let run = djc()?.arg("run").arg(&program).args(["--format", "csv"]).succeed()?;
    assert_eq!(run.stdout, "n\n3\n");
    djc()?.arg("run").arg(&program).args(["--target", "cpu:0"]).run()?.code(2)?.complains("cpu:2x4")?;
    Ok(())
}

/// A key that has most rows: the result is right, and the profile says which device had them.
#[test]
fn skew_is_right_and_shows_in_the_profile() -> Result {
    let space = Workspace::new()?;
    let mut rows = "k,n\n".to_owned();
    // Like a harmonic series: key 1 has half as many rows as all others.
    for row in 0..4000 {
        let key = if row % 4 == 0 { row } else { 1 };
        writeln!(rows, "{key}.5,{row}")?;
    }
    space.write("t.csv", &rows)?;
    space.write("names.csv", "k,name\n1.5,most\n4.5,some\n")?;
    let source = "table t from \"t.csv\" { k: f64, n: i64 }\ntable names from \"names.csv\" { k: f64, name: str }\n\
                  export r = t | join names on k | group { k, name } { rows = count(), last = max(n) } | sort k\n\
                  export medians = t | group k { m = median(n) } | sort k | take 2\n";
    let program = space.write("p.dj", source)?;
    let profile = space.path("profile.json");
    let mut first = None;
    for target in ["cpu", "cpu:8"] {
        let options = ["--format", "csv", "--chunk-rows", "100", "--target", target];
        let run = djc()?.arg("run").arg(&program).args(options).arg("--profile").arg(&profile).succeed()?;
        assert_eq!(first.get_or_insert_with(|| run.stdout.clone()), &run.stdout, "{target}");
    }
    let told: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&profile)?)?;
    let exchanges = told["exchanges"].as_array().ok_or("the profile tells no exchanges")?;
    let medians =
        exchanges.iter().find(|exchange| exchange["label"].as_str().is_some_and(|label| label.contains("collect")));
    let rows = medians.and_then(|exchange| exchange["rows"].as_array()).ok_or("no rows are told")?;
    let rows: Vec<u64> = rows.iter().filter_map(serde_json::Value::as_u64).collect();
    assert_eq!((rows.len(), rows.iter().sum::<u64>()), (8, 4000));
    assert!(rows.iter().any(|rows| *rows >= 3000), "one device has the key of most rows: {rows:?}");
    Ok(())
}

#[test]
fn a_row_that_fails_is_the_same_on_every_mesh() -> Result {
    let space = Workspace::new()?;
    let rows = |bad: usize| {
        (0..40).fold("n,s\n".to_owned(), |all, row| {
            all + &if row == bad { "9223372036854775807,x\n".to_owned() } else { format!("{row},{row}\n") }
        })
    };
    let table = "table t from \"t.csv\" { n: i64, s: str }\n";
    for (name, pipeline) in [
        ("overflow", "t | derive m = n + 1 | aggregate s = max(m)"),
        ("cast", "t | derive m = s as i64 | sort -m"),
        ("total", "t | derive m = n * 1 | aggregate s = sum(n)"),
        ("emitted", "t | filter (s as i64) >= 0"),
        ("grouped", "t | derive k = n % 5 | group k { s = sum(n + 1) }"),
    ] {
        let program = space.write(&format!("{name}.dj"), &format!("{table}export r = {pipeline}\n"))?;
        for bad in [3, 17, 38] {
            space.write("t.csv", &rows(bad))?;
            let mut first = None;
            for target in TARGETS {
                let options = ["--chunk-rows", "5", "--target", target];
                let told = djc()?.arg("run").arg(&program).args(options).run()?.code(1)?.stderr;
                assert_eq!(first.get_or_insert_with(|| told.clone()), &told, "{name}, row {bad}, {target}");
            }
        }
    }
    Ok(())
}
