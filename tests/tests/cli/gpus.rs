//! GPUs: what is compiled for them is StableHLO that every plugin runs.

use super::Workspace;
use dj_runtime::pjrt::{Platform, discover};
use dj_tests::Result;
use dj_tests::cli::{djc, djrun};

const SOURCE: &str = "table people from \"people.csv\"\n\
                      export r = people | group name { n = count(), middle = median(age) } | sort { -n, name } | take 2\n";

#[test]
fn without_its_plugin_an_artifact_has_no_executables() -> Result {
    let space = Workspace::new()?;
    let program = space.write("p.dj", SOURCE)?;
    let artifact = space.path("p.djx");
    let mut compile = djc()?.arg("compile").arg(&program).arg("-o").arg(&artifact).args(["--target", "cuda:2"]);
    compile.command.env("DJ_CUDA_PLUGIN", space.path("none.so"));
    compile.succeed()?.complains("no executables for cuda:2")?.complains("DJ_CUDA_PLUGIN")?;
    djrun()?.arg(&artifact).arg("--info").succeed()?.prints("cuda:2")?;
    djc()?.arg("explain").arg(&program).args(["--target", "cuda"]).succeed()?.prints("none: one device")?;
    djc()?.arg("run").arg(&program).args(["--target", "cuda:0"]).run()?.code(2)?.complains("`cuda`")?;
    Ok(())
}

/// No GPU is needed to see that no program for one calls what only a CPU has.
#[test]
fn another_plugin_runs_the_same_program() -> Result {
    let space = Workspace::new()?;
    let program = space.write("p.dj", SOURCE)?;
    let plugin = discover(Platform::Cpu, None)?;
    let run = |target: &str| -> Result<String> {
        let run = djc()?.arg("run").arg(&program).args(["--format", "csv", "--target", target]);
        let run = if target == "cuda" { run.arg("--plugin").arg(&plugin) } else { run };
        Ok(run.succeed()?.stdout)
    };
    assert_eq!(run("cuda")?, run("cpu")?);
    Ok(())
}
