//! What an artifact takes and gives, for people and for what serves it: `djrun PROGRAM.djx --info`.

use crate::artifact::{Artifact, Manifest, Target};
use crate::expr::literal_text;
use crate::types::Field;
use serde::Serialize;
use std::fmt::Write;
use std::path::Path;

/// What is told of an artifact.
#[derive(Debug, Serialize)]
pub(super) struct Info {
    /// The file name of the source.
    name: String,
    /// The version of the compiler.
    version: String,
    /// The format of the artifact.
    format: u32,
    /// SHA-256 of the source.
    source_sha256: String,
    targets: Vec<TargetInfo>,
    inputs: Vec<Input>,
    parameters: Vec<Parameter>,
    outputs: Vec<Output>,
}

/// What it was compiled for.
#[derive(Debug, Serialize)]
struct TargetInfo {
    target: String,
    devices: usize,
    /// The lengths of the mesh's axes.
    mesh: Vec<usize>,
    /// How rows of inputs are laid out on the devices.
    input_sharding: &'static str,
    /// Where rows of outputs are.
    output_sharding: &'static str,
}

#[derive(Debug, Serialize)]
struct Input {
    name: String,
    /// Where it is read from unless it is bound.
    path: Option<String>,
    /// Whether the program makes its rows itself.
    made: bool,
    /// The columns that are read.
    columns: Vec<Column>,
}

#[derive(Debug, Serialize)]
struct Parameter {
    #[serde(flatten)]
    column: Column,
    /// Its value unless it gets one, as the language writes it.
    default: Option<String>,
}

#[derive(Debug, Serialize)]
struct Output {
    name: String,
    columns: Vec<Column>,
}

#[derive(Debug, Serialize)]
struct Column {
    name: String,
    #[serde(rename = "type")]
    ty: String,
    nullable: bool,
}

impl Info {
    /// What an artifact says of itself; but for targets all its programs say the same. `None` if it has none.
    pub(super) fn of(artifact: &Artifact) -> Option<Self> {
        let first = artifact.manifests().next()?;
        let inputs = first.tables.iter().map(|table| Input {
            name: table.name.clone(),
            path: table.path.clone(),
            made: table.made.is_some(),
            columns: table.columns.iter().map(|column| Column::of(&column.field)).collect(),
        });
        let parameters = first.params.iter().map(|param| Parameter {
            column: Column::of(&param.field),
            default: param.default.as_ref().map(|value| literal_text(value, param.field.ty)),
        });
        // Where it was compiled is nobody's business.
        let name = Path::new(&first.source_name).file_name();
        Some(Self {
            name: name.map_or_else(|| first.source_name.clone(), |name| name.to_string_lossy().into_owned()),
            version: first.compiler.clone(),
            format: first.format,
            source_sha256: first.source_sha256.clone(),
            targets: artifact.manifests().map(|manifest| TargetInfo::of(&manifest.target)).collect(),
            inputs: inputs.collect(),
            parameters: parameters.collect(),
            outputs: outputs(first),
        })
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let mut text = format!("{}, compiled by DJ {} (format {})\n", self.name, self.version, self.format);
        for TargetInfo { target, devices, .. } in &self.targets {
            let several = if *devices > 1 { format!(", {devices} devices") } else { String::new() };
            let _ = writeln!(text, "target {target}{several}");
        }
        for Input { name, path, made, columns } in &self.inputs {
            let from = match path {
                _ if *made => " made by the program".to_owned(),
                Some(path) => format!(" from {path:?}"),
                None => " to be bound".to_owned(),
            };
            let _ = writeln!(text, "input {name}{from}");
            columns.iter().for_each(|column| text += &column.line());
        }
        for Parameter { column, default } in &self.parameters {
            let default = default.as_ref().map_or(String::new(), |value| format!(" = {value}"));
            let _ = writeln!(text, "parameter {}{default}", column.text());
        }
        for Output { name, columns } in &self.outputs {
            let _ = writeln!(text, "output {name}");
            columns.iter().for_each(|column| text += &column.line());
        }
        text
    }
}

/// The exports and their columns, which are the same in all variants.
fn outputs(manifest: &Manifest) -> Vec<Output> {
    let each = manifest.exports.iter().filter_map(|export| {
        let stage = manifest.variants.first()?.stages.get(*export.stages.first()?)?;
        let columns = stage.sink.columns.iter().map(|column| Column::of(&column.field)).collect();
        Some(Output { name: export.name.clone(), columns })
    });
    each.collect()
}

impl TargetInfo {
    fn of(target: &Target) -> Self {
        let input_sharding = if target.replicas > 1 { "chunks of rows in turn" } else { "one device" };
        Self {
            target: target.to_string(),
            devices: target.replicas,
            mesh: target.axes(),
            input_sharding,
            output_sharding: "host",
        }
    }
}

impl Column {
    fn of(field: &Field) -> Self {
        Self { name: field.name.clone(), ty: field.ty.to_string(), nullable: field.nullable }
    }

    /// `delay: i64?`
    fn text(&self) -> String {
        format!("{}: {}{}", self.name, self.ty, if self.nullable { "?" } else { "" })
    }

    fn line(&self) -> String {
        format!("  {}\n", self.text())
    }
}
