//! Artifacts that stay open: what `djrun` does, but an artifact is read, and its modules are compiled, once for all data.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use dj_runtime::artifact::{Artifact, Target};
use dj_runtime::cli::{DiagnosticsFormat, FilesAndStdout, TableFormat, open_client, report};
use dj_runtime::execute::{CompiledProgram, Exit, Options, Request, RunError, Session, Silent, TableInput, Value};
use dj_runtime::pjrt::Client;

/// The artifact that was run last, and the client that runs it.
#[derive(Default)]
pub(crate) struct Sessions {
    client: Option<Client>,
    open: Option<Open>,
}

struct Open {
    path: String,
    written: SystemTime,
    artifact: Arc<Artifact>,
    session: Session,
}

impl Sessions {
    /// Runs with the arguments of `djrun`: its name, an artifact, then `--bind`, `--param` and `--out`.
    pub(crate) fn run(&mut self, arguments: &[String]) -> Exit {
        let Some((path, options)) = arguments.get(1).zip(arguments.get(2..)) else { return Exit::Usage };
        let done = self.session(path).and_then(|session| run(&session, options));
        let source = self.open.as_ref().map_or("", |open| open.artifact.source());
        match done {
            Ok(()) => Exit::Done,
            Err(error) => report(&error, source, "program.dj", DiagnosticsFormat::Text),
        }
    }

    fn session(&mut self, path: &str) -> Result<Session, RunError> {
        let written = std::fs::metadata(path).and_then(|file| file.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        if let Some(open) = self.open.as_ref().filter(|open| open.path == path && open.written == written) {
            return Ok(open.session.clone());
        }
        self.open = None;
        let artifact = Arc::new(Artifact::open(Path::new(path))?);
        let program = CompiledProgram::of(&artifact, None)?;
        let target = &program.manifest().target;
        let client = match self.client.clone().filter(|client| client.device_count() >= target.replicas) {
            Some(client) => client,
            None if target.replicas == 1 => open_client(target, None)?,
            // No mesh is larger.
            None => open_client(&Target { replicas: 8, ..Target::cpu() }, None)?,
        };
        self.client = Some(client.clone());
        // Few programs are equal, so that a cache on disk costs more than it saves.
        let options = Options { use_cache: false, optimization_level: Some(0), ..Options::default() };
        let session = Session::new(client, program, options)?;
        self.open = Some(Open { path: path.to_owned(), written, artifact, session: session.clone() });
        Ok(session)
    }
}

fn run(session: &Session, options: &[String]) -> Result<(), RunError> {
    let (mut request, mut files) = (Request::new(), vec![]);
    for option in options.chunks_exact(2) {
        let pair = option[1].split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        let Some((name, value)) = pair else { return Err(RunError::bug(format!("`{}` is no pair", option[1]))) };
        match option[0].as_str() {
            "--bind" => request.tables.push((name, TableInput::Files(value))),
            "--param" => request.params.push((name, Value::Parsed(value))),
            "--out" => files.push((name, value)),
            other => return Err(RunError::bug(format!("sessions have no option {other}"))),
        }
    }
    let mut outputs = FilesAndStdout::new(session.manifest(), &files, TableFormat::Table)?;
    session.run(&request, &mut outputs, &Silent).map(|_| ())
}
