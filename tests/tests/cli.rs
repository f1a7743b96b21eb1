//! The two programs at the command line: exit codes, where text goes, and what a failure leaves behind.

#[path = "cli/assertions.rs"]
mod assertions;
#[path = "cli/deep.rs"]
mod deep;
#[path = "cli/failed_rows.rs"]
mod failed_rows;
#[path = "cli/gpus.rs"]
mod gpus;
#[path = "cli/inputs.rs"]
mod inputs;
#[path = "cli/meshes.rs"]
mod meshes;
#[path = "cli/passes.rs"]
mod passes;
#[path = "cli/places.rs"]
mod places;
#[path = "cli/takes.rs"]
mod takes;
#[path = "cli/tpus.rs"]
mod tpus;
#[path = "cli/values.rs"]
mod values;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use dj_tests::cli::{djc, djrun};
use dj_tests::{Result, duckdb, files};
use tempfile::TempDir;

/// A folder with `people.csv`, and with programs as tests need them.
struct Workspace(TempDir);

impl Workspace {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("people.csv"), "name,age\nAda,36\nGrace,85\nAlan,41\n")?;
        Ok(Self(folder))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        fs::write(self.path(name), text)?;
        Ok(self.path(name))
    }

    /// A program over `people`, in a file.
    fn program(&self, pipeline: &str) -> Result<PathBuf> {
        let table = "table people from \"people.csv\" {\n  name : str\n  age  : i64\n}\n";
        self.write("program.dj", &format!("{table}export result = {pipeline}\n"))
    }

    fn bind(&self) -> String {
        format!("people={}", self.path("people.csv").display())
    }
}

#[test]
fn help_goes_to_stdout() -> Result {
    djc()?.arg("--help").succeed()?.prints("Usage: djc")?.prints("explain")?;
    djrun()?.arg("--help").succeed()?.prints("Usage: djrun")?.prints("--bind")?;
    for command in ["check", "fmt", "run", "compile", "inspect", "explain", "schema", "doctor"] {
        djc()?.args([command, "--help"]).succeed()?.prints("Usage:")?;
    }
    Ok(())
}

#[test]
fn version_names_the_program() -> Result {
    djc()?.arg("--version").succeed()?.prints("djc ")?;
    djrun()?.arg("--version").succeed()?.prints("djrun ")?;
    Ok(())
}

#[test]
fn wrong_usage_is_2() -> Result {
    djc()?.run()?.code(2)?.prints_nothing()?.complains("Usage")?;
    djc()?.args(["run", "--no-such-option", "x.dj"]).run()?.code(2)?.complains("--no-such-option")?;
    djc()?.arg("compose").run()?.code(2)?.complains("compose")?;
    djrun()?.run()?.code(2)?.prints_nothing()?.complains("Usage")?;
    let space = Workspace::new()?;
    let program = space.program("people")?;
    djc()?.arg("run").arg(&program).args(["--bind", "people"]).run()?.code(2)?.blames_the_user()?;
    djc()?.arg("run").arg(&program).args(["--target", "abacus"]).run()?.code(2)?.complains("abacus")?;
    Ok(())
}

#[test]
fn results_go_to_stdout_in_three_formats() -> Result {
    let space = Workspace::new()?;
    let program = space.program("people | filter age > 40 | select { name, age } | sort age")?;
    let run =
        |format: &str| djc()?.arg("run").arg(&program).args(["--bind", &space.bind(), "--format", format]).succeed();
    assert_eq!(run("csv")?.stdout, "name,age\nAlan,41\nGrace,85\n");
    let rows: Vec<serde_json::Value> =
        run("json")?.stdout.lines().map(serde_json::from_str).collect::<std::result::Result<_, _>>()?;
    assert_eq!(rows, [serde_json::json!({"name": "Alan", "age": 41}), serde_json::json!({"name": "Grace", "age": 85})]);
    run("table")?.prints("Alan")?.prints("age")?;
    Ok(())
}

#[test]
fn a_default_binding_is_relative_to_the_program() -> Result {
    let space = Workspace::new()?;
    let program = space.program("people | aggregate { n = count() }")?;
    let run = djc()?.arg("run").arg(&program).args(["--format", "csv"]).succeed()?;
    assert_eq!(run.stdout, "n\n3\n");
    Ok(())
}

#[test]
fn an_artifact_runs_without_the_program() -> Result {
    let space = Workspace::new()?;
    let program = space.program("people | aggregate { oldest = max(age) }")?;
    let artifact = space.path("people.djx");
    djc()?
        .arg("compile")
        .arg(&program)
        .arg("-o")
        .arg(&artifact)
        .args(["--bind", &space.bind()])
        .succeed()?
        .prints_nothing()?;
    fs::remove_file(program)?;
    let other = space.write("others.csv", "name,age\nEdsger,72\n")?;
    let run =
        djrun()?.arg(&artifact).arg("--bind").arg(format!("people={}", other.display())).args(["--format", "csv"]);
    assert_eq!(run.succeed()?.stdout, "oldest\n72\n");
    djc()?.arg("inspect").arg(&artifact).succeed()?.prints("people")?;
    djc()?.arg("explain").arg(&artifact).succeed()?;
    Ok(())
}

#[test]
fn every_stage_can_be_inspected() -> Result {
    let space = Workspace::new()?;
    let program = space.program("people | filter age > 40 | aggregate { n = count() }")?;
    for (stage, text) in [
        ("ast", "age"),
        ("plan", "age"),
        ("optimized", "age"),
        ("physical", "age"),
        ("stablehlo", "stablehlo."),
        ("manifest", "people"),
    ] {
        djc()?
            .arg("inspect")
            .arg(&program)
            .args(["--stage", stage, "--bind", &space.bind()])
            .succeed()?
            .prints(text)?;
    }
    Ok(())
}

#[test]
fn a_typo_is_shown_with_its_place_and_a_proposal() -> Result {
    let space = Workspace::new()?;
    let program = space.program("people | filter aeg > 40")?;
    for command in ["check", "run"] {
        djc()?
            .arg(command)
            .arg(&program)
            .run()?
            .code(1)?
            .prints_nothing()?
            .blames_the_user()?
            .complains("error[DJ")?
            .complains("program.dj:5")?
            .complains("`age`")?;
    }
    Ok(())
}

#[test]
fn every_problem_is_reported() -> Result {
    let space = Workspace::new()?;
    let program = space.program("people | filter aeg > 40 | derive x = nmae")?;
    djc()?.arg("check").arg(&program).run()?.code(1)?.complains("aeg")?.complains("nmae")?;
    Ok(())
}

#[test]
fn diagnostics_can_be_json() -> Result {
    let space = Workspace::new()?;
    let program = space.program("people | filter aeg > 40")?;
    let run = djc()?.arg("check").arg(&program).args(["--diagnostics", "json"]).run()?.code(1)?;
    let text = if run.stderr.trim().is_empty() { &run.stdout } else { &run.stderr };
    let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap_or_default())?;
    assert!(first.to_string().contains("DJ0"), "{first}");
    Ok(())
}

#[test]
fn missing_files_are_named() -> Result {
    let space = Workspace::new()?;
    djc()?.args(["check", "nowhere.dj"]).run()?.code(1)?.complains("nowhere.dj")?;
    djrun()?.arg("nowhere.djx").run()?.code(1)?.complains("nowhere.djx")?;
    let program = space.program("people")?;
    let run = djc()?.arg("run").arg(&program).args(["--bind", "people=nowhere.csv"]).run()?;
    run.code(1)?.prints_nothing()?.blames_the_user()?.complains("nowhere.csv")?;
    let run = djc()?.arg("run").arg(&program).args(["--bind", "poeple=nowhere.csv"]).run()?;
    run.blames_the_user()?.complains("poeple")?;
    Ok(())
}

#[test]
fn a_damaged_artifact_is_refused() -> Result {
    let space = Workspace::new()?;
    let artifact = space.path("people.djx");
    let program = space.program("people | aggregate { n = count() }")?;
    djc()?.arg("compile").arg(program).arg("-o").arg(&artifact).succeed()?;
    let good = fs::read(&artifact)?;
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 0xff;
    for bad in [Vec::new(), b"not an artifact".to_vec(), good[..good.len() / 2].to_vec(), flipped] {
        fs::write(&artifact, bad)?;
        djrun()?.arg(&artifact).args(["--bind", &space.bind()]).run()?.code(1)?.prints_nothing()?.blames_the_user()?;
    }
    Ok(())
}

#[test]
fn the_same_program_compiles_to_the_same_bytes() -> Result {
    let space = Workspace::new()?;
    let program = space.program("people | group name { n = count(), oldest = max(age) } | sort name")?;
    let compile = |name: &str| -> Result<Vec<u8>> {
        // The plugin does not serialize an executable to the same bytes twice.
        djc()?.arg("compile").arg(&program).args(["--no-executables", "-o"]).arg(space.path(name)).succeed()?;
        Ok(fs::read(space.path(name))?)
    };
    assert!(compile("a.djx")? == compile("b.djx")?, "two compilations differ");
    Ok(())
}

#[test]
fn data_that_breaks_the_declaration_is_the_users_error() -> Result {
    let space = Workspace::new()?;
    let program = space.program("people | aggregate { oldest = max(age) }")?;
    for (text, named) in [
        ("name,age\nAda,old\n", "old"),
        ("name,age\nAda,\n", "age"),
        ("name\nAda\n", "age"),
        ("name,age\nAda,36,extra\n", ""),
    ] {
        let file = space.write("bad.csv", text)?;
        let run = djc()?.arg("run").arg(&program).arg("--bind").arg(format!("people={}", file.display())).run()?;
        run.code(1)?.prints_nothing()?.blames_the_user()?.complains(named)?;
    }
    Ok(())
}

#[test]
fn overflow_is_an_error_with_its_place_and_no_result() -> Result {
    let space = Workspace::new()?;
    for expression in ["age * 9223372036854775807", "9223372036854775800 + age"] {
        let program = space.program(&format!("people | derive x = {expression}"))?;
        let run = djc()?.arg("run").arg(&program).args(["--bind", &space.bind()]).run()?;
        run.code(1)?.prints_nothing()?.blames_the_user()?.complains("does not fit")?;
    }
    let program = space.program("people | aggregate { x = sum(age + 9223372036854775000) }")?;
    djc()?
        .arg("run")
        .arg(&program)
        .args(["--bind", &space.bind()])
        .run()?
        .code(1)?
        .prints_nothing()?
        .complains("does not fit")?;
    Ok(())
}

/// What `folder` holds, by name.
fn listing(folder: &Path) -> Result<Vec<String>> {
    let mut names: Vec<String> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
        .collect::<std::io::Result<_>>()?;
    names.sort();
    Ok(names)
}

#[test]
fn a_failed_run_leaves_the_old_result_and_nothing_else() -> Result {
    let space = Workspace::new()?;
    let out = space.write("result.csv", "precious\n")?;
    let program = space.program("people | derive x = age * 9223372036854775807")?;
    let before = listing(space.0.path())?;
    let run = djc()?.arg("run").arg(&program).arg("--out").arg(format!("result={}", out.display())).run()?;
    run.code(1)?;
    assert_eq!(fs::read_to_string(out)?, "precious\n");
    assert_eq!(listing(space.0.path())?, before);
    Ok(())
}

#[test]
fn an_unwritable_output_is_an_error_that_names_it() -> Result {
    let space = Workspace::new()?;
    let program = space.program("people")?;
    let before = listing(space.0.path())?;
    let out = format!("result={}", space.path("no/such/folder/result.parquet").display());
    djc()?
        .arg("run")
        .arg(&program)
        .args(["--out", &out])
        .run()?
        .code(1)?
        .blames_the_user()?
        .complains("no/such/folder")?;
    let run = djc()?.arg("run").arg(&program).args(["--out", "nothing=x.csv"]).run()?;
    run.blames_the_user()?.complains("nothing")?;
    assert_eq!(listing(space.0.path())?, before);
    Ok(())
}

#[test]
fn results_can_be_files_of_every_format() -> Result {
    let space = Workspace::new()?;
    let program = space.program("people | filter age > 40")?;
    for (name, from) in [("r.parquet", "'{}'"), ("r.csv", "'{}'")] {
        let out = space.path(name);
        djc()?
            .arg("run")
            .arg(&program)
            .arg("--out")
            .arg(format!("result={}", out.display()))
            .succeed()?
            .prints_nothing()?;
        let from = from.replace("{}", &out.display().to_string());
        let rows = duckdb::query(&format!("select count(*), sum(age) from {from}"))?;
        assert_eq!(rows.iter().map(|batch| batch.num_rows()).sum::<usize>(), 1);
    }
    Ok(())
}

#[test]
fn a_full_device_is_the_machines_fault() -> Result {
    let space = Workspace::new()?;
    let program = space.program("people")?;
    let full = Path::new("/dev/full");
    if full.exists() {
        let mut run = djc()?.arg("run").arg(&program).args(["--format", "csv"]);
        let output =
            run.command.stdout(fs::OpenOptions::new().write(true).open(full)?).stderr(Stdio::piped()).output()?;
        assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

#[test]
fn programs_without_end_are_refused() -> Result {
    let space = Workspace::new()?;
    for filter in [
        format!("{}age{} > 40", "(".repeat(20_000), ")".repeat(20_000)),
        format!("{}age > 40", "-".repeat(20_000)),
        format!("{}age > 40", "not ".repeat(20_000)),
        "(".repeat(20_000),
    ] {
        let program = space.program(&format!("people | filter {filter}"))?;
        djc()?.arg("run").arg(&program).run()?.code(1)?.prints_nothing()?.blames_the_user()?.complains("DJ0103")?;
    }
    let program = space.program(&format!("people | filter name == \"{}\"", "x".repeat(10_000_000)))?;
    djc()?.arg("run").arg(&program).args(["--format", "csv"]).succeed()?;
    Ok(())
}

#[test]
fn a_missing_plugin_is_the_machines_fault_and_says_how_to_get_it() -> Result {
    let space = Workspace::new()?;
    let program = space.program("people")?;
    let out = space.path("result.csv");
    // A copy elsewhere: beside the built one stands the folder into which the project installs its own plugins.
    let alone = space.path("djc");
    let mut run = djc()?;
    std::fs::copy(run.command.get_program(), &alone)?;
    run.command = std::process::Command::new(&alone);
    run.command.current_dir(space.path("."));
    run.command.env_clear().env("HOME", "/nonexistent").env("PATH", "/nonexistent");
    let run = run.arg("run").arg(&program).arg("--out").arg(format!("result={}", out.display()));
    run.run()?.code(3)?.prints_nothing()?.complains("pip install xla-cpu-pjrt")?;
    assert!(!out.exists());
    Ok(())
}

#[test]
fn a_reader_that_leaves_is_no_error_of_ours() -> Result {
    let space = Workspace::new()?;
    let rows: String = (0..200_000).map(|row| format!("a name that fills the pipe,{row}\n")).collect();
    let file = space.write("many.csv", &format!("name,age\n{rows}"))?;
    let program = space.program("people")?;
    let mut run =
        djc()?.arg("run").arg(&program).args(["--format", "csv", "--bind"]).arg(format!("people={}", file.display()));
    let mut child = run.command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    drop(child.stdout.take());
    let output = child.wait_with_output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!stderr.contains("panicked"), "{stderr}");
    Ok(())
}

#[test]
fn a_table_that_no_export_reads_may_be_bound() -> Result {
    let space = Workspace::new()?;
    let program = space.program("people | aggregate { n = count() }")?;
    let text = fs::read_to_string(&program)?;
    fs::write(&program, format!("table others {{ name: str }}\n{text}"))?;
    djc()?
        .arg("run")
        .arg(&program)
        .arg("--bind")
        .arg(format!("others={}", space.path("people.csv").display()))
        .succeed()?;
    Ok(())
}

#[test]
fn a_parameter_is_given_at_run_time() -> Result {
    let space = Workspace::new()?;
    let program = space.program("people | filter age > least_age | select name")?;
    let text = fs::read_to_string(&program)?;
    fs::write(&program, format!("param least_age: i64 = 80\n{text}"))?;
    let artifact = space.path("people.djx");
    djc()?.arg("compile").arg(&program).arg("-o").arg(&artifact).succeed()?;
    let run = |arguments: &[&str]| {
        djrun()?.arg(&artifact).args(["--bind", &space.bind(), "--format", "csv"]).args(arguments).run()
    };
    assert_eq!(run(&[])?.code(0)?.stdout, "name\nGrace\n");
    assert_eq!(run(&["--param", "least_age=40"])?.code(0)?.stdout, "name\nGrace\nAlan\n");
    run(&["--param", "least_age=young"])?.blames_the_user()?.complains("least_age")?;
    run(&["--param", "least=40"])?.blames_the_user()?.complains("least")?;
    Ok(())
}

#[test]
fn schema_writes_a_table_block() -> Result {
    let space = Workspace::new()?;
    djc()?
        .arg("schema")
        .arg(space.path("people.csv"))
        .succeed()?
        .prints("table people")?
        .prints("age")?
        .prints("i64")?;
    Ok(())
}

#[test]
fn doctor_says_what_is_installed() -> Result {
    djc()?.arg("doctor").succeed()?.prints("cpu")?;
    Ok(())
}

#[test]
fn timings_are_json() -> Result {
    let space = Workspace::new()?;
    let artifact = space.path("people.djx");
    let program = space.program("people | aggregate { n = count() }")?;
    djc()?.arg("compile").arg(program).arg("-o").arg(&artifact).succeed()?;
    let timings = space.path("timings.json");
    djrun()?.arg(&artifact).args(["--bind", &space.bind(), "--repeat", "3", "--timings"]).arg(&timings).succeed()?;
    let timings: serde_json::Value = serde_json::from_str(&fs::read_to_string(timings)?)?;
    assert_eq!(timings["execute"].as_array().map(Vec::len), Some(3), "{timings}");
    Ok(())
}

#[test]
fn our_own_programs_are_formatted() -> Result {
    for folder in ["examples", "tests/corpus", "tests/db-benchmark", "tests/gallery", "tests/tpch"] {
        djc()?.args(["fmt", "--check"]).args(files(folder, "dj")?).succeed()?;
    }
    Ok(())
}

/// XLA multiplies by the reciprocal of a constant divisor unless it is kept from it: one unit in the last place off.
#[test]
fn division_by_a_constant_is_correctly_rounded() -> Result {
    let space = Workspace::new()?;
    space.write("t.csv", "x\n77.1\n1.15\n")?;
    space.write(
        "p.dj",
        "table t from \"t.csv\" { x: f64 }\nt | select { a = round(x, 1), b = (x as decimal(9, 2)) as f64 }\n",
    )?;
    let run = djc()?.arg("run").arg(space.path("p.dj")).args(["--format", "csv"]).succeed()?;
    run.prints("a,b\n77.1,77.1\n1.2,1.15\n")?;
    Ok(())
}
