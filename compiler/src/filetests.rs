//! The programs of `compiler/filetests` and what must come out of each stage.
//!
//! A file is a list of tests. Each opens with the stage to look at and, if there is more to say, a title:
//!
//! ```text
//! # test: physical: two small keys are slots
//! # file t: 1000000 rows, k in 0..9, s has 150 values, k is unique
//! # chunk: 4096 rows
//! # strategy: group=sort
//! table t { k: i64, s: str }
//! export result = t | group { k, s } { n = count() }
//! # ---
//! # what comes out, as comments
//! ```
//!
//! The lines after the header are for tests that need them: what the metadata of a table's files says, the most rows of a
//! chunk, and strategies that are asked for. A diagnostic is expected as comments under the line that it marks. `DJ_UPDATE=1` writes what comes out into
//! the files, to be read before it is kept.

pub(crate) mod files;

use crate::analyze::analyze;
use crate::encode::encoded_text;
use crate::physical::{Forced, VariantText, explain_text, physical_text};
use crate::plan::{Program, SchemaColumn, plain_plan_text, verify};
use crate::{CompileError, Compiled, Options, compile};
use dj_grammar::{Diagnostic, Span, parse};
use dj_runtime::artifact::ProgramId;
use dj_runtime::pjrt::{Client, ClientOptions, CompileOptions, Platform, Plugin, discover};
use files::Files;
use std::path::Path;

const HEADER: &str = "# test: ";

#[test]
fn parsing() {
    check_folder("parse");
}

#[test]
fn analysis() {
    check_folder("analyze");
}

#[test]
fn optimization() {
    check_folder("optimize");
}

#[test]
fn encoding() {
    check_folder("encode");
}

#[test]
fn physical_planning() {
    check_folder("physical");
}

#[test]
fn lowering() {
    check_folder("stablehlo");
}

/// The plans that `docs/sharding.md` shows are those that come out: a block of it that opens with a test's header is a test.
#[test]
fn plans_of_the_guide() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/sharding.md");
    let wanted = std::fs::read_to_string(&path).unwrap();
    let (mut found, mut tests) = (String::new(), 0);
    for (index, block) in wanted.split("```").enumerate() {
        let test = block.strip_prefix("dj\n").filter(|test| index % 2 == 1 && test.starts_with(HEADER));
        tests += usize::from(test.is_some());
        let text = test.map_or_else(|| block.to_owned(), |test| format!("dj\n{}", annotated(test)));
        found += &if index > 0 { format!("```{text}") } else { text };
    }
    assert!(tests >= 3, "the guide shows {tests} plans");
    if found != wanted && std::env::var_os("DJ_UPDATE").is_some() {
        std::fs::write(&path, found).unwrap();
    } else {
        assert_eq!(found, wanted, "DJ_UPDATE=1 writes the guide anew");
    }
}

/// What a test looks at.
#[derive(Clone, Copy)]
enum Stage {
    Parse,
    Analyze,
    Optimize,
    Encode,
    Physical,
    Explain,
    Stablehlo,
}

impl Stage {
    /// The stage of a header: `physical: two small keys are slots`.
    fn of(header: &str) -> Self {
        match header.split(':').next().unwrap_or_default() {
            "parse" => Self::Parse,
            "analyze" => Self::Analyze,
            "optimize" => Self::Optimize,
            "encode" => Self::Encode,
            "physical" => Self::Physical,
            "explain" => Self::Explain,
            "stablehlo" => Self::Stablehlo,
            other => panic!("no stage `{other}`"),
        }
    }
}

fn check_folder(name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("filetests").join(name);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "no filetests of {name}");
    let mut wrong = String::new();
    for path in files {
        let wanted = std::fs::read_to_string(&path).unwrap();
        let found: Vec<String> = sections(&wanted).iter().map(|section| annotated(section)).collect();
        let found = found.join("\n");
        if found != wanted && std::env::var_os("DJ_UPDATE").is_some() {
            std::fs::write(&path, found).unwrap();
        } else if found != wanted {
            let line = found.lines().zip(wanted.lines()).take_while(|(a, b)| a == b).count() + 1;
            wrong += &format!(
                "{}:{line}: not as expected:\n{}\n",
                path.display(),
                found.lines().skip(line.saturating_sub(4)).take(12).collect::<Vec<_>>().join("\n")
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}\nDJ_UPDATE=1 writes the files anew");
}

/// The tests of a file.
fn sections(text: &str) -> Vec<String> {
    let mut sections: Vec<String> = Vec::new();
    for line in text.lines() {
        if line.starts_with(HEADER) || sections.is_empty() {
            sections.push(String::new());
        }
        let section = sections.last_mut().unwrap();
        section.push_str(line);
        section.push('\n');
    }
    sections
}

/// A test with what comes out in the place of what was expected.
fn annotated(section: &str) -> String {
    let is_given = |line: &&str| ["# file ", "# chunk: ", "# strategy: "].iter().any(|start| line.starts_with(start));
    let header = section.lines().next().unwrap_or_default();
    let given: Vec<&str> = section.lines().skip(1).take_while(is_given).collect();
    let source: String = section
        .lines()
        .skip(1)
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| format!("{line}\n"))
        .collect();
    let stage = Stage::of(header.strip_prefix(HEADER).unwrap_or_else(|| panic!("no header: {header}")));
    let (found, diagnostics) = output(stage, &source, &given);
    let mut text = format!("{header}\n");
    given.iter().for_each(|line| text += &format!("{line}\n"));
    for (number, line) in source.lines().enumerate() {
        text += &format!("{line}\n");
        for diagnostic in &diagnostics {
            let first = diagnostic.labels.first().map_or(0, |label| label.span.line_column(&source).0 - 1);
            if first == number || (first >= source.lines().count() && number + 1 == source.lines().count()) {
                text += &under(diagnostic, &source);
            }
        }
    }
    let commented = |line: &str| format!("# {line}").trim_end().to_owned() + "\n";
    let found: String = found.lines().map(commented).collect();
    if found.is_empty() { text } else { text + "# ---\n" + &found }
}

/// What comes out of a stage, and the diagnostics of the program.
fn output(stage: Stage, source: &str, given: &[&str]) -> (String, Vec<Diagnostic>) {
    let (file, diagnostics) = parse(source);
    if !diagnostics.is_empty() {
        return (String::new(), diagnostics);
    }
    let files = Files::new(&file, source, given);
    match stage {
        Stage::Parse => (dj_grammar::dump(&file, source), vec![]),
        Stage::Analyze => {
            let (program, diagnostics) = analyze(&file, source, &files);
            let Some(program) = program else { return (String::new(), diagnostics) };
            verify(&program).unwrap();
            (schemas(&program) + &plain_plan_text(&program), diagnostics)
        }
        Stage::Optimize | Stage::Encode | Stage::Physical | Stage::Explain | Stage::Stablehlo => {
            let mut options = Options { verify: true, ..Options::default() };
            options.chunk_rows = files.chunk_rows.unwrap_or(options.chunk_rows);
            options.forced = Forced::new(&files.strategies);
            match compile(source, "test.dj", &files, &|table, column| files.is_unique(table, column), &options) {
                Ok(compiled) => (of_compiled(stage, &compiled), compiled.warnings),
                Err(CompileError::Program(diagnostics)) => (String::new(), diagnostics),
                Err(error) => panic!("{source}\n{error}"),
            }
        }
    }
}

/// What a stage made of a program: of its first variant, after planning.
fn of_compiled(stage: Stage, compiled: &Compiled) -> String {
    let variant = &compiled.variants[0];
    let text = VariantText { variant: &variant.physical, encoded: &variant.encoded, source: compiled.source() };
    match stage {
        Stage::Parse | Stage::Analyze => unreachable!("nothing is compiled for it"),
        Stage::Optimize => plain_plan_text(&compiled.optimized),
        Stage::Encode => encoded_text(&variant.encoded, compiled.source()),
        Stage::Physical => physical_text(&text),
        Stage::Explain => format!("{}\n{}", compiled.estimated, explain_text(&text, &compiled.manifest, 0)),
        Stage::Stablehlo => modules(compiled),
    }
}

/// The modules that a run begins with. XLA must take them: a text alone proves nothing.
fn modules(compiled: &Compiled) -> String {
    let plugin = Plugin::load(&discover(Platform::Cpu, None).unwrap()).unwrap();
    dj_runtime::kernels::register(&plugin).unwrap();
    let client = Client::new(&plugin, &ClientOptions::cpu(1)).unwrap();
    let options = CompileOptions { optimization_level: Some(0), ..CompileOptions::default() };
    let mut text = String::new();
    for (stage, spec) in compiled.manifest.variants[0].stages.iter().enumerate() {
        for kind in spec.programs() {
            let id = ProgramId { variant: 0, stage, kind, rung: spec.first_rung };
            let module = compiled.module_text(id).unwrap();
            client.compile(&module, &options).unwrap_or_else(|error| panic!("{id}: {error}\n{module}"));
            text += &format!("// {id}: {}\n{module}", spec.label);
        }
    }
    text
}

/// The types of what comes out.
fn schemas(program: &Program) -> String {
    let mut text = String::new();
    for export in &program.exports {
        let field = |column: &SchemaColumn| {
            let (name, ty) = (&program.columns.get(column.id).name, column.ty);
            format!("{name}: {ty}{}", if column.nullable { "?" } else { "" })
        };
        let fields: Vec<String> = export.plan.schema().iter().map(field).collect();
        text += &format!("{}: {}\n", export.purpose.name(), fields.join(", "));
    }
    text
}

/// A diagnostic as comments under the line of its first label.
fn under(diagnostic: &Diagnostic, source: &str) -> String {
    let place = diagnostic.labels.first().map(|label| label.span).unwrap_or_default();
    let column = place.line_column(source).1.max(3) - 1;
    let length = place.text(source).lines().next().unwrap_or_default().chars().count().max(1);
    let carets = if column < place.line_column(source).1 {
        "^".repeat(length)
    } else {
        "^".repeat(length.saturating_sub(2).max(1))
    };
    let indent = " ".repeat(column - 1);
    let own = diagnostic.labels.first().map_or("", |label| label.text.as_str());
    let own = if own.is_empty() { String::new() } else { format!(" ({own})") };
    let mut text = format!("#{indent}{carets} error[{}]: {}{own}\n", diagnostic.code, diagnostic.message);
    let indent = " ".repeat(column);
    for label in diagnostic.labels.iter().skip(1) {
        text += &format!("#{indent}`{}`: {}\n", shown(label.span, source), label.text);
    }
    for help in &diagnostic.help {
        text += &format!("#{indent}help: {help}\n");
    }
    text
}

fn shown(span: Span, source: &str) -> String {
    span.text(source).split_whitespace().collect::<Vec<_>>().join(" ")
}
