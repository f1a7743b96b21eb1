//! What a command reads and writes stays apart, and nothing is left of what ends early.

use super::{Workspace, listing};
use dj_tests::Result;
use dj_tests::cli::djc;
use std::ffi::OsStr;
use std::fs;

#[test]
fn no_output_replaces_another_or_what_is_read() -> Result {
    let space = Workspace::new()?;
    let program = space.program("people")?;
    let (source, data) = (fs::read_to_string(&program)?, space.path("people.csv"));
    let run = |more: [&OsStr; 2]| djc()?.arg("run").arg(&program).args(more).run();
    run(["--timings".as_ref(), program.as_os_str()])?.code(2)?.prints_nothing()?.complains("would overwrite")?;
    run(["--profile".as_ref(), data.as_os_str()])?.code(2)?.prints_nothing()?.complains("table `people`")?;
    let found = format!("people={}", space.path("peop*.csv").display());
    let over = format!("--out=result={}", data.display());
    for option in ["--timings", "--profile", "--out"] {
        let given = if option == "--out" { over.clone() } else { format!("{option}={}", data.display()) };
        let run = djc()?.arg("run").arg(&program).args(["--bind", &found, &given]).run()?;
        run.code(2)?.prints_nothing()?.complains("table `people`")?;
    }
    djc()?.arg("run").arg(&program).arg(&over).run()?.code(2)?.prints_nothing()?.complains("table `people`")?;
    assert!(fs::read_to_string(&data)?.starts_with("name,age"));
    let both = space.path("both.csv");
    let out = format!("--out=result={}", both.display());
    djc()?.arg("run").arg(&program).arg(&out).arg("--timings").arg(&both).run()?.code(2)?.prints_nothing()?;
    for (out, what) in [(&program, "the program"), (&data, "table `people`")] {
        djc()?.arg("compile").arg(&program).arg("-o").arg(out).run()?.code(2)?.complains(what)?;
    }
    assert_eq!(fs::read_to_string(&program)?, source);
    assert!(!both.exists());
    Ok(())
}

#[test]
fn an_artifact_does_not_replace_its_program() -> Result {
    let space = Workspace::new()?;
    let program = space.program("people")?;
    let before = fs::read_to_string(&program)?;
    let run =
        djc()?.arg("compile").arg(&program).arg("-o").arg(&program).run()?.code(2)?.complains("is the program")?;
    assert_eq!(run.stderr.matches("help").count(), 1, "{}", run.stderr);
    assert_eq!(fs::read_to_string(&program)?, before);
    Ok(())
}

#[test]
fn a_syntax_error_hides_no_other_and_makes_none() -> Result {
    let space = Workspace::new()?;
    let text = "table t { a: i64, b: str }\nlet broken = t | filtr a\nexport r = broken | filter c > 1\n\
                export s = t | filter b > 1\n";
    let path = space.write("broken.dj", text)?;
    for command in ["check", "run", "explain"] {
        let found = djc()?.arg(command).arg(&path).run()?.code(1)?.complains("filtr")?.complains("DJ0301")?;
        assert!(!found.stderr.contains("DJ02"), "{}", found.stderr);
    }
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_run_that_is_told_to_end_leaves_nothing_behind() -> Result {
    let space = Workspace::new()?;
    let rows: String = (0..300).map(|row| format!("name{row},{row}\n")).collect();
    space.write("people.csv", &format!("name,age\n{rows}"))?;
    let other = |column: &str| format!("join cross (people | select {column} = age)");
    let program = space.program(&format!("people | {} | {}", other("x"), other("y")))?;
    let before = listing(space.0.path())?;
    for signal in ["TERM", "INT"] {
        let out = format!("result={}", space.path("out.csv").display());
        let mut command = djc()?.arg("run").arg(&program).args(["--quiet", "--out", &out]).command;
        let mut child = command.spawn()?;
        // Until it has begun to write.
        while listing(space.0.path())? == before && child.try_wait()?.is_none() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert!(child.try_wait()?.is_none(), "the run ended before it could be stopped");
        std::process::Command::new("kill").arg(format!("-{signal}")).arg(child.id().to_string()).status()?;
        assert!(!child.wait()?.success());
        assert_eq!(listing(space.0.path())?, before, "after SIG{signal}");
    }
    Ok(())
}

/// Nobody can tell a program that it is killed, so the next one clears up.
#[cfg(unix)]
#[test]
fn what_a_killed_run_leaves_goes_with_the_next_one() -> Result {
    let space = Workspace::new()?;
    let rows: String = (0..300).map(|row| format!("name{row},{row}\n")).collect();
    space.write("many.csv", &format!("name,age\n{rows}"))?;
    let program = space
        .program("people | join cross (people | select { x = age }) | join cross (people | select { y = age })")?;
    let out = format!("result={}", space.path("out.csv").display());
    let before = listing(space.0.path())?;
    let many = format!("people={}", space.path("many.csv").display());
    let mut child =
        djc()?.arg("run").arg(&program).args(["--quiet", "--out", &out, "--bind", &many]).command.spawn()?;
    while listing(space.0.path())? == before && child.try_wait()?.is_none() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    // Another run leaves alone what this one still writes.
    djc()?.arg("run").arg(&program).args(["--quiet", "--out", &out]).succeed()?;
    assert_eq!(listing(space.0.path())?.len(), before.len() + 2);
    assert!(child.try_wait()?.is_none(), "the run ended before it could be killed");
    child.kill()?;
    child.wait()?;
    assert_eq!(listing(space.0.path())?.len(), before.len() + 2);
    djc()?.arg("run").arg(&program).args(["--quiet", "--out", &out]).succeed()?;
    assert_eq!(listing(space.0.path())?.len(), before.len() + 1);
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_once_and_its_copy_removed() -> Result {
    let space = Workspace::new()?;
    let pipe = space.path("pipe.csv");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status()?.success());
    let program = space.write("pipe.dj", "table t\nexport r = t | aggregate { n = count(), m = max(age) }\n")?;
    let (from, to) = (space.path("people.csv"), pipe.clone());
    let writer = std::thread::spawn(move || fs::copy(from, to).map(|_| ()));
    let temporary = space.path("tmp");
    fs::create_dir(&temporary)?;
    let mut run = djc()?.arg("run").arg(&program).args(["--format", "csv", "--bind"]);
    run = run.arg(format!("t={}", pipe.display()));
    run.command.env("TMPDIR", &temporary);
    run.succeed()?.prints("n,m\n3,85\n")?;
    writer.join().map_err(|_| "the writer panicked")??;
    assert_eq!(listing(&temporary)?, Vec::<String>::new());
    Ok(())
}
