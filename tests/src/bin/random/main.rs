//! `random`: judges random programs. As `random worker` it is the process that runs the commands.

mod session;

use std::io::{BufRead, Write};
use std::process::ExitCode;

use dj_runtime::execute::Exit;
use dj_tests::random::batch;
use session::Sessions;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "worker") {
        return dj_runtime::cli::guard(work);
    }
    match batch::main(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs commands until its input ends; a panic is the exit code of a bug, as in the programs themselves.
fn work() -> Exit {
    let mut sessions = Sessions::default();
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let Ok((program, arguments)) = serde_json::from_str::<(String, Vec<String>)>(&line) else { return Exit::Usage };
        let words = || arguments.iter().map(Into::into);
        let run = || match program.as_str() {
            "djc" => dj_compiler::cli::djc(words()),
            "djrun" => dj_runtime::cli::djrun(words()),
            _ => sessions.run(&arguments),
        };
        let exit = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).unwrap_or(Exit::Bug);
        let mut out = std::io::stdout().lock();
        if writeln!(out, "{}", exit.code()).and_then(|()| out.flush()).is_err() {
            break;
        }
    }
    Exit::Done
}
