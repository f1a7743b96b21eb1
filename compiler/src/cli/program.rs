//! A program's file, and what the front half of the compiler makes of it.

use super::Failure;
use super::args::Tuning;
use super::catalog::Files;
use crate::compile::{self, CompileError, Compiled};
use crate::physical::Forced;
use crate::plan::Program;
use dj_grammar::{Diagnostic, ast};
use dj_runtime::artifact::Target;
use dj_runtime::cli::{DiagnosticsFormat, report_diagnostics};
use dj_runtime::execute::{RunError, unknown_name};
use dj_runtime::io::IoErrorKind;
use std::path::{Path, PathBuf};

/// A source file.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// Its text.
    pub(super) text: String,
    /// As it was named.
    pub(super) name: String,
    /// The folder that default bindings are relative to.
    pub(super) base: PathBuf,
}

impl Source {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|error| Failure::without_source(unreadable(&name, &error)))?;
        let text = dj_grammar::decode(&bytes).map_err(|diagnostic| {
            let diagnostic = match &bytes[..] {
                [b'P', b'K', 3, 4, ..] => diagnostic.help("if it is an artifact, run it with `djrun`"),
                [b'P', b'A', b'R', b'1', ..] => diagnostic.help("it is data: bind it to a table, `--bind TABLE=PATH`"),
                _ => diagnostic,
            };
            Failure { error: RunError::program(diagnostic), source: String::new(), name: name.clone() }
        })?;
        let base = path.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self { text: text.to_owned(), name, base })
    }

    /// A failure with its places in this source.
    pub(super) fn failure(&self, error: impl Into<RunError>) -> Failure {
        Failure { error: error.into(), source: self.text.clone(), name: self.name.clone() }
    }

    /// Checks that every binding is of a table.
    pub(super) fn check_bindings(&self, bindings: &[(String, String)]) -> Result<(), Failure> {
        self.check_tables(bindings.iter().map(|(table, _)| table.as_str()))
    }

    fn check_tables<'n>(&self, named: impl Iterator<Item = &'n str>) -> Result<(), Failure> {
        let (file, _) = dj_grammar::parse(&self.text);
        let tables: Vec<&str> = file.statements.iter().filter_map(table_name).collect();
        let unknown = named.filter(|table| !tables.contains(table));
        let wrong: Vec<Diagnostic> = unknown.map(|table| unknown_name("table", table, &tables)).collect();
        if wrong.is_empty() { Ok(()) } else { Err(self.failure(RunError::Usage(wrong))) }
    }

    /// Its problems, and its plan if none is an error.
    pub(super) fn check(&self, bindings: &[(String, String)]) -> (Option<Program>, Vec<Diagnostic>) {
        let (_, program, diagnostics) = compile::front(&self.text, &Files::new(bindings, &self.base));
        (program, diagnostics)
    }

    /// Its plan, telling warnings.
    pub(super) fn analyze(&self, bindings: &[(String, String)], format: DiagnosticsFormat) -> Result<Program, Failure> {
        self.check_bindings(bindings)?;
        match self.check(bindings) {
            (Some(program), warnings) => {
                report_diagnostics(&warnings, &self.text, &self.name, format);
                Ok(program)
            }
            (None, problems) => Err(self.failure(RunError::Program(problems))),
        }
    }

    /// Compiles it, telling warnings.
    pub(super) fn compile(
        &self,
        bindings: &[(String, String)],
        target: Option<&Target>,
        tuning: &Tuning,
        format: DiagnosticsFormat,
    ) -> Result<Compiled, Failure> {
        self.check_bindings(bindings)?;
        self.check_tables(tuning.rows.iter().map(|(table, _)| table.as_str()))?;
        let files = Files::new(bindings, &self.base).with_rows(&tuning.rows);
        let mut options = compile::Options {
            target: target.cloned(),
            optimize: !tuning.no_optimize,
            kernels: !tuning.no_kernels,
            forced: Forced::new(&tuning.strategies),
            ..compile::Options::default()
        };
        options.verify |= tuning.verify;
        if let Some(rows) = tuning.chunk_rows {
            options.chunk_rows = usize::try_from(rows).unwrap_or(usize::MAX);
        }
        let unique = |table: &str, column: &str| files.is_unique(table, column);
        let compiled = compile::compile(&self.text, &self.name, &files, &unique, &options);
        let compiled = compiled.map_err(|error| self.failure(run_error(error)))?;
        report_diagnostics(&compiled.warnings, &self.text, &self.name, format);
        Ok(compiled)
    }
}

fn table_name(statement: &ast::Statement) -> Option<&str> {
    if let ast::Statement::Table(table) = statement { Some(&table.name.node) } else { None }
}

fn run_error(error: CompileError) -> RunError {
    match error {
        CompileError::Program(diagnostics) => RunError::Program(diagnostics),
        CompileError::Verify(_) | CompileError::Manifest(_) => RunError::bug(error.to_string()),
    }
}

/// A file that cannot be read.
pub(super) fn unreadable(name: &str, error: &std::io::Error) -> RunError {
    let (kind, what) = if error.kind() == std::io::ErrorKind::NotFound {
        (IoErrorKind::NotFound, "no such file".to_owned())
    } else if error.kind() == std::io::ErrorKind::IsADirectory {
        (IoErrorKind::Unreadable, "it is a directory".to_owned())
    } else {
        (IoErrorKind::Unreadable, error.to_string())
    };
    RunError::program(Diagnostic::error(kind.code(), format!("cannot read `{name}`: {what}")))
}
