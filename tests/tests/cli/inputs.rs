//! Files as users have them, from a program's text to its result.

use super::Workspace;
use dj_tests::Result;
use dj_tests::cli::{djc, djrun};
use std::fs;
use std::path::Path;

/// What a program prints as CSV on a binding of its table `t`: by `djc run`, and by an artifact that was compiled without data.
fn alike(space: &Workspace, program: &str, binding: &str) -> Result<String> {
    let path = space.write("alike.dj", program)?;
    let bind = format!("t={binding}");
    let run = djc()?.arg("run").arg(&path).args(["--format", "csv", "--bind", &bind]).succeed()?;
    let artifact = space.path("alike.djx");
    djc()?.arg("compile").arg(&path).arg("-o").arg(&artifact).arg("--no-executables").succeed()?;
    let later = djrun()?.arg(&artifact).args(["--format", "csv", "--bind", &bind]).succeed()?;
    assert_eq!(run.stdout, later.stdout);
    djc()?.arg("check").arg(&path).args(["--bind", &bind]).succeed()?;
    Ok(run.stdout)
}

#[test]
fn files_that_differ_are_read_as_declared_by_both_commands() -> Result {
    let space = Workspace::new()?;
    // Parquet files are written by the product itself: narrower integers, more columns, fewer columns.
    let source = space.write("s.csv", "a,b\n1,x\n2,y\n")?;
    let parts = ["{ a = a as i32, b, more = a > 1 }", "{ b, a }", "{ a = a as i16 }"];
    for (index, columns) in parts.into_iter().enumerate() {
        let program = format!("table s from \"s.csv\" {{ a: i64, b: str? }}\nexport r = s | select {columns}\n");
        let program = space.write("make.dj", &program)?;
        let out = format!("r={}", space.path(&format!("part{index}.parquet")).display());
        djc()?.arg("run").arg(&program).args(["--out", &out]).succeed()?;
    }
    assert!(source.exists());
    let glob = space.path("part*.parquet").display().to_string();
    let declared = "table t { a: i64, b: str? }\nexport r = t | aggregate { n = count(), s = sum(a), m = count(b) }\n";
    assert_eq!(alike(&space, declared, &glob)?, "n,s,m\n6,9,4\n");
    let undeclared = space.write("undeclared.dj", "table t\nexport r = t\n")?;
    let run = djc()?.arg("run").arg(&undeclared).arg("--bind").arg(format!("t={glob}")).run()?;
    run.code(1)?.complains("differ")?.complains("declare the columns")?;
    let missing = space.write("missing.dj", "table t { a: i64, b: str }\nexport r = t\n")?;
    let run = djc()?.arg("run").arg(&missing).arg("--bind").arg(format!("t={glob}")).run()?;
    run.code(1)?.complains("part2.parquet` has no column `b`")?.complains("declared here")?.complains("`b: str?`")?;
    Ok(())
}

#[test]
fn identifiers_with_zeros_in_front_are_texts() -> Result {
    let space = Workspace::new()?;
    space.write("zip1.csv", "zip,n\n10115,1\n")?;
    space.write("zip2.csv", "zip,n\n00501,2\n")?;
    let program = space.write("zip.dj", "table t from \"zip*.csv\"\nexport r = t | sort zip\n")?;
    let run = djc()?.arg("run").arg(&program).args(["--format", "csv"]).succeed()?;
    assert_eq!(run.stdout, "zip,n\n00501,2\n10115,1\n");
    // A program that was compiled for numbers does not make numbers of them; one that declares numbers does.
    for (columns, code) in [("", 1), (" { n: i64, .. }", 1), (" { zip: i64, .. }", 0), (" { zip: i64 }", 0)] {
        let program =
            space.write("later.dj", &format!("table t from \"zip1.csv\"{columns}\nexport r = t | select zip\n"))?;
        let artifact = space.path("later.djx");
        djc()?.arg("compile").arg(&program).arg("-o").arg(&artifact).arg("--no-executables").succeed()?;
        let bind = format!("t={}", space.path("zip2.csv").display());
        let run = djrun()?.arg(&artifact).args(["--format", "csv", "--bind", &bind]).run()?.code(code)?;
        if code == 0 {
            assert_eq!(run.stdout, "zip\n501\n");
        } else {
            run.complains("line 2 of")?.complains("`00501` is more than")?.complains("declare `zip: str`")?;
        }
    }
    Ok(())
}

#[test]
fn blanks_that_are_more_than_a_value_are_texts() -> Result {
    let space = Workspace::new()?;
    space.write("v1.csv", "n,b\n 1,true\n")?;
    space.write("v2.csv", "n,b\n\u{a0}1, true\n")?;
    let program = space.write("v.dj", "table t from \"v2.csv\"\nexport r = t\n")?;
    let run = djc()?.arg("run").arg(&program).args(["--format", "csv"]).succeed()?;
    assert_eq!(run.stdout, "n,b\n\u{a0}1,\" true\"\n");
    for (column, told) in [("n", "`\u{a0}1` is not of type i64"), ("b", "` true` is not of type bool")] {
        let program = space.write("later.dj", &format!("table t from \"v1.csv\"\nexport r = t | select {column}\n"))?;
        let artifact = space.path("later.djx");
        djc()?.arg("compile").arg(&program).arg("-o").arg(&artifact).arg("--no-executables").succeed()?;
        let bind = format!("t={}", space.path("v2.csv").display());
        djrun()?.arg(&artifact).args(["--format", "csv", "--bind", &bind]).run()?.code(1)?.complains(told)?;
    }
    Ok(())
}

#[test]
fn names_that_a_header_has_twice_or_not_at_all() -> Result {
    let space = Workspace::new()?;
    space.write("twice.csv", "a,b,a,\n1,2,3,4\n")?;
    let uses =
        |what: &str| space.write("twice.dj", &format!("table t from \"twice.csv\"\nexport r = t | select {what}\n"));
    let run = djc()?.arg("run").arg(uses("b")?).args(["--format", "csv"]).succeed()?;
    assert_eq!(run.stdout, "b\n2\n");
    let run = djc()?.arg("run").arg(uses("a")?).run()?.code(1)?;
    let run = run.complains("several columns of the file are called `a`")?.complains("different names")?;
    assert_eq!(run.stderr.matches("error[").count(), 1, "{}", run.stderr);
    let declared = space.write("d.dj", "table t from \"twice.csv\" { a: i64 }\nexport r = t\n")?;
    let run = djc()?.arg("run").arg(&declared).run()?.code(1)?.complains("more than one column `a`")?;
    assert_eq!(run.stderr.matches("error[").count(), 1, "{}", run.stderr);
    Ok(())
}

#[test]
fn nan_lies_in_no_declared_range() -> Result {
    let space = Workspace::new()?;
    space.write("nan.csv", "x\n1.5\nNaN\n")?;
    let program = |range: &str| {
        space.write(
            "nan.dj",
            &format!(
                "table t from \"nan.csv\" {{ x: f64{range} }}\nexport r = t | aggregate {{ n = count(), m = max(x) }}\n"
            ),
        )
    };
    for range in [" in 0.0..10.0", "? in 0.0..10.0"] {
        let run = djc()?.arg("run").arg(program(range)?).run()?.code(1)?;
        run.prints_nothing()?.complains("DJ0602")?.complains("line 3 of")?;
    }
    djc()?.arg("run").arg(program("")?).succeed()?.prints("NaN")?;
    Ok(())
}

/// Bounds that Parquet's metadata records say nothing about NaN, which most writers leave out of them.
#[test]
fn nan_breaks_no_recorded_bounds() -> Result {
    let space = Workspace::new()?;
    space.write("nan.csv", "x,k\n1.5,1\nNaN,2\n2.5,1\n")?;
    let program = "table s from \"nan.csv\" { x: f64, k: i64 }\nexport r = s\n";
    let program = space.write("make.dj", program)?;
    let out = format!("r={}", space.path("nan.parquet").display());
    djc()?.arg("run").arg(&program).args(["--out", &out]).succeed()?;
    let reads = "table t from \"nan.parquet\"\nexport r = t | filter x > 2.0 | group k { n = count() } | sort k\n";
    let reads = space.write("reads.dj", reads)?;
    let run = djc()?.arg("run").arg(&reads).args(["--format", "csv"]).succeed()?;
    assert_eq!(run.stdout, "k,n\n1,1\n2,1\n");
    Ok(())
}

#[cfg(unix)]
fn fifo(path: &Path) -> Result {
    let made = std::process::Command::new("mkfifo").arg(path).status()?.success();
    if made { Ok(()) } else { Err("mkfifo failed".into()) }
}

#[cfg(unix)]
#[test]
fn pipes_stay_pipes_and_get_everything_that_is_written() -> Result {
    use std::os::unix::fs::FileTypeExt;
    let space = Workspace::new()?;
    let program = space.program("people | select name")?;
    let pipe = |name: &str| -> Result<_> {
        let path = space.path(name);
        fifo(&path)?;
        let from = path.clone();
        Ok((path, std::thread::spawn(move || fs::read(from))))
    };
    let read = |(path, reader): (std::path::PathBuf, std::thread::JoinHandle<std::io::Result<Vec<u8>>>)| -> Result<_> {
        assert!(fs::symlink_metadata(&path)?.file_type().is_fifo(), "{path:?}");
        Ok(reader.join().map_err(|_| "the reader panicked")??)
    };
    let (timings, profile, out) = (pipe("timings")?, pipe("profile")?, pipe("out.csv")?);
    let result = format!("result={}", out.0.display());
    let run = djc()?.arg("run").arg(&program).args(["--out", &result]);
    run.arg("--timings").arg(&timings.0).arg("--profile").arg(&profile.0).succeed()?;
    for told in [timings, profile] {
        serde_json::from_slice::<serde_json::Value>(&read(told)?)?;
    }
    assert_eq!(read(out)?, b"name\nAda\nGrace\nAlan\n");
    let artifact = pipe("artifact")?;
    djc()?.arg("compile").arg(&program).arg("--no-executables").arg("-o").arg(&artifact.0).succeed()?;
    let copy = space.path("copy.djx");
    fs::write(&copy, read(artifact)?)?;
    djrun()?.arg(&copy).arg("--bind").arg(space.bind()).succeed()?.prints("Grace")?;
    Ok(())
}

/// The second result cannot be written: the first one's old file stays.
#[cfg(target_os = "linux")]
#[test]
fn results_are_all_written_or_none() -> Result {
    let space = Workspace::new()?;
    let program = "table people from \"people.csv\"\nexport a = people\nexport b = people | select name\n";
    let program = space.write("two.dj", program)?;
    let (first, second) = (space.write("first.csv", "old\n")?, space.path("full.csv"));
    std::os::unix::fs::symlink("/dev/full", &second)?;
    let outs = [format!("--out=a={}", first.display()), format!("--out=b={}", second.display())];
    djc()?.arg("run").arg(&program).args(&outs).run()?.code(1)?.complains("full.csv")?;
    assert_eq!(fs::read_to_string(&first)?, "old\n");
    Ok(())
}

#[test]
fn a_program_under_another_name_is_not_compiled_again() -> Result {
    let space = Workspace::new()?;
    let cache = space.path("cache");
    let compiled = |name: &str, text: &str| -> Result<(u64, u64)> {
        let program = space.write(name, text)?;
        let timings = space.path("timings.json");
        let mut run = djc()?.arg("run").arg(&program).arg("--timings").arg(&timings);
        run.command.env("XDG_CACHE_HOME", &cache);
        run.succeed()?;
        let told: serde_json::Value = serde_json::from_slice(&fs::read(&timings)?)?;
        Ok((told["compiled"].as_u64().ok_or("no count")?, told["loaded"].as_u64().ok_or("no count")?))
    };
    let text = "table people from \"people.csv\"\nexport r = people | aggregate { n = count(), m = max(age) }\n";
    let (first, none) = compiled("one.dj", text)?;
    assert!(first > 0 && none == 0);
    assert_eq!(compiled("another.dj", text)?, (0, first));
    assert_eq!(compiled("one.dj", &format!("# What this is.\n\n{text}"))?, (0, first));
    let (again, _) = compiled("one.dj", &text.replace("max", "min"))?;
    assert!(again > 0);
    Ok(())
}

#[test]
fn no_cache_loads_nothing_of_an_artifact() -> Result {
    let space = Workspace::new()?;
    let program = space.program("people | aggregate { n = count() }")?;
    let (artifact, timings) = (space.path("a.djx"), space.path("timings.json"));
    djc()?.arg("compile").arg(&program).arg("-o").arg(&artifact).arg("--bind").arg(space.bind()).succeed()?;
    let loaded = |options: &[&str]| -> Result<u64> {
        let run = djrun()?.arg(&artifact).arg("--bind").arg(space.bind()).arg("--timings").arg(&timings);
        run.args(options).succeed()?;
        let told: serde_json::Value = serde_json::from_slice(&fs::read(&timings)?)?;
        Ok(told["loaded"].as_u64().ok_or("no count")?)
    };
    assert!(loaded(&[])? > 0);
    assert_eq!(loaded(&["--no-cache"])?, 0);
    Ok(())
}

/// That keys are unique is recorded of those that are not null. Where nulls match too it says nothing, and a run that relied on
/// it would start again each time.
#[test]
fn null_keys_that_match_do_not_start_a_run_again() -> Result {
    let space = Workspace::new()?;
    space.write("keys.csv", "k,w\n1,10\n2,20\n,30\n,40\n")?;
    space.write("seen.csv", "k,v\n1,1\n,2\n")?;
    for (nulls, wanted) in [("", "v,w\n1,10\n"), (" nulls equal", "v,w\n1,10\n2,30\n2,40\n")] {
        let text = format!(
            "table keys from \"keys.csv\"\ntable seen from \"seen.csv\"\n\
             export r = seen | join keys on k{nulls} | select {{ v, w }} | sort {{ v, w }}\n"
        );
        let program = space.write("join.dj", &text)?;
        let run = djc()?.arg("run").arg(&program).args(["--verbose", "--format", "csv"]).succeed()?.prints(wanted)?;
        assert!(!run.stderr.contains("starting again"), "{}", run.stderr);
    }
    Ok(())
}
