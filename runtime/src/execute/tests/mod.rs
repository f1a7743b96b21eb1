//! Small programs written by hand, run on the CPU plugin, which `DJ_CPU_PLUGIN` or `pip install` must provide.

mod emits;
mod folds;
mod passes;
mod stages;
mod texts;

use super::*;
use crate::artifact::*;
use crate::columns::{Dictionaries, Table};
use crate::pjrt::{Client, ClientOptions, Element, Plugin, discover};
use crate::types::{Field, Type};
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use dj_grammar::Span;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

/// The modules of a stage, with their kinds and rungs.
type Texts = Vec<(ProgramKind, usize, String)>;

/// Rows of a chunk in all tests.
const CHUNK: usize = 4;

fn client(devices: usize) -> Client {
    let path = discover(crate::pjrt::Platform::Cpu, None).unwrap_or_else(|error| panic!("{error}"));
    Client::new(&Plugin::load(&path).unwrap(), &ClientOptions::cpu(devices)).unwrap()
}

/// A folder with `t.parquet`, whose column `v` holds these values.
struct Files {
    folder: TempDir,
}

impl Files {
    fn new(values: &[i64]) -> Self {
        Self::of("v", Arc::new(Int64Array::from(values.to_vec())))
    }

    fn texts(values: &[&str]) -> Self {
        Self::of("s", Arc::new(StringArray::from(values.to_vec())))
    }

    fn of(name: &str, array: ArrayRef) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let batch = RecordBatch::try_from_iter_with_nullable([(name, array, false)]).unwrap();
        let file = std::fs::File::create(folder.path().join("t.parquet")).unwrap();
        let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("t.parquet")
    }
}

/// A program and its modules.
struct Program {
    manifest: Manifest,
    modules: BTreeMap<ProgramId, String>,
}

impl Program {
    /// Over the table `t { v: i64 }`; the result of each variant's last stage is exported.
    fn new(variants: Vec<Vec<(Stage, Texts)>>) -> Self {
        let mut modules = BTreeMap::new();
        let mut specs = Vec::new();
        for (variant, stages) in variants.into_iter().enumerate() {
            let mut list = Vec::new();
            for (stage, (mut spec, programs)) in stages.into_iter().enumerate() {
                spec.repeat_sizes();
                let named =
                    programs.into_iter().map(|(kind, rung, text)| (ProgramId { variant, stage, kind, rung }, text));
                modules.extend(named);
                list.push(spec);
            }
            let passes = (0..list.len()).map(|stage| vec![stage]).collect();
            specs.push(Variant { assumptions: Vec::new(), stages: list, passes });
        }
        let last = specs.iter().map(|variant| variant.stages.len() - 1).collect();
        let column = TableColumn { field: field("v", Type::I64), domain: None, is_inferred: false };
        let table =
            TableSpec { name: "t".to_owned(), path: None, span: Span::new(0, 5), columns: vec![column], made: None };
        let manifest = Manifest {
            format: FORMAT,
            compiler: "test".to_owned(),
            source_sha256: String::new(),
            source_name: "test.dj".to_owned(),
            target: Target::cpu(),
            domains: Vec::new(),
            host_tables: Vec::new(),
            tables: vec![table],
            params: Vec::new(),
            variants: specs,
            unused_tables: vec![],
            assertions: Vec::new(),
            exports: vec![ExportSpec { name: "result".to_owned(), span: Span::default(), stages: last }],
        };
        Self { manifest, modules }
    }

    fn compiled(&self) -> CompiledProgram {
        CompiledProgram::new(self.manifest.clone(), self.modules.clone())
    }

    fn run_with(
        &self,
        files: &Files,
        params: &[(&str, &str)],
        options: Options,
    ) -> Result<(Collected, RunReport), RunError> {
        let options = Options { use_cache: false, optimization_level: Some(0), ..options };
        let client = client(self.manifest.target.replicas);
        let session = Session::new(client, self.compiled(), options)?;
        let mut request = Request::new().files("t", &files.path().to_string_lossy());
        for (name, value) in params {
            request = request.param(name, Value::Parsed((*value).to_owned()));
        }
        let mut outputs = Collected::default();
        let report = session.run(&request, &mut outputs, &Silent)?;
        assert!(outputs.committed);
        Ok((outputs, report))
    }

    fn run(&self, files: &Files) -> Result<Vec<i64>, RunError> {
        Ok(self.run_with(files, &[], Options::default())?.0.values)
    }
}

/// Keeps the first column of what comes out.
#[derive(Default)]
struct Collected {
    values: Vec<i64>,
    texts: Vec<String>,
    batches: usize,
    committed: bool,
}

impl Outputs for Collected {
    fn restart(&mut self) -> Result<(), RunError> {
        *self = Self::default();
        Ok(())
    }

    fn rows(&mut self, _: usize, rows: &Table, dictionaries: &Dictionaries) -> Result<(), RunError> {
        self.batches += 1;
        for row in 0..rows.rows {
            let value = rows.columns[0].integer(row).unwrap();
            self.values.push(i64::try_from(value).unwrap());
            if !dictionaries.is_empty() {
                self.texts.push(dictionaries.value(0, i32::try_from(value).unwrap()).to_owned());
            }
        }
        Ok(())
    }

    fn commit(&mut self, _: &Dictionaries) -> Result<(), RunError> {
        self.committed = true;
        Ok(())
    }
}

fn field(name: &str, ty: Type) -> Field {
    Field { name: name.to_owned(), ty, nullable: false }
}

/// A stage over the table's column `v`, with nothing but a status of one site.
fn stage(label: &str, kind: SinkKind) -> Stage {
    let columns = vec![ChunkColumn { column: 0, element: Element::S64, nullable: false }];
    let driver = Driver {
        source: DriverSource::Table(0),
        columns,
        host_columns: Vec::new(),
        arguments: vec![0],
        passed: vec![None],
        skip: Vec::new(),
        expands: false,
    };
    let column = ResultColumn { field: field("v", Type::I64), domain: None, element: Element::S64 };
    Stage {
        label: label.to_owned(),
        span: Span::new(1, 3),
        chunk_rows: CHUNK,
        drivers: vec![driver],
        residents: Vec::new(),
        scalars: Vec::new(),
        capacities: Vec::new(),
        first_rung: 0,
        rungs: 1,
        state: vec![tensor(&[1])],
        status: Vec::new(),
        sink: Sink { kind, columns: vec![column], slice: None },
        max_rows: u64::MAX,
        expected_rows: None,
        exchange: Exchange::LOCAL,
    }
}

/// A state tensor of `i64` that is the same at every rung, zero at first.
fn tensor(dims: &[usize]) -> StateTensor {
    StateTensor { element: Element::S64, dims: vec![dims.to_vec()], init: Init::Zero }
}

fn folds(dims: Vec<usize>) -> SinkKind {
    let tensors = vec![ResultTensor { element: Element::S64, dims }];
    SinkKind::Fold { appends: false, compacts: false, tensors }
}

fn appends(compacts: bool, dims: Vec<usize>) -> SinkKind {
    let tensors = vec![ResultTensor { element: Element::S64, dims }];
    SinkKind::Fold { appends: true, compacts, tensors }
}

fn site(kind: StatusKind, message: &str) -> StatusSite {
    StatusSite { kind, span: Span::new(2, 4), message: message.to_owned(), help: Some("try less".to_owned()) }
}

/// A module whose `main` has these arguments (`%name: type`), results and body.
fn module(arguments: &str, results: &str, body: &str) -> String {
    format!("module @test {{\n func.func public @main({arguments}) -> ({results}) {{\n{body}\n }}\n}}\n")
}

/// What every step over `v` starts with: `%active`, and `%kept`, zero where there is no row.
const PRELUDE: &str = "
    %lane = stablehlo.iota dim = 0 : tensor<4xi32>
    %bound = stablehlo.broadcast_in_dim %rows, dims = [] : (tensor<i32>) -> tensor<4xi32>
    %active = stablehlo.compare LT, %lane, %bound : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi1>
    %zeros = stablehlo.constant dense<0> : tensor<4xi64>
    %kept = stablehlo.select %active, %v, %zeros : tensor<4xi1>, tensor<4xi64>
    %zero = stablehlo.constant dense<0> : tensor<i64>";

/// The sum of all values.
fn sum_step() -> String {
    let body = format!(
        "{PRELUDE}
    %part = stablehlo.reduce(%kept init: %zero) applies stablehlo.add across dimensions = [0]
        : (tensor<4xi64>, tensor<i64>) -> tensor<i64>
    %parts = stablehlo.reshape %part : (tensor<i64>) -> tensor<1xi64>
    %next = stablehlo.add %sum, %parts : tensor<1xi64>
    return %status, %next, %status : tensor<1xi64>, tensor<1xi64>, tensor<1xi64>"
    );
    let arguments = "%status: tensor<1xi64> {tf.aliasing_output = 0 : i32}, \
                     %sum: tensor<1xi64> {tf.aliasing_output = 1 : i32}, \
                     %v: tensor<4xi64>, %rows: tensor<i32>, %start: tensor<i64>";
    module(arguments, "tensor<1xi64>, tensor<1xi64>, tensor<1xi64>", &body)
}

fn sum_finish() -> String {
    module(
        "%status: tensor<1xi64>, %sum: tensor<1xi64>",
        "tensor<1xi64>, tensor<i32>, tensor<1xi64>",
        "%one = stablehlo.constant dense<1> : tensor<i32>
         return %status, %one, %sum : tensor<1xi64>, tensor<i32>, tensor<1xi64>",
    )
}

/// A stage that sums `v`, and its programs.
fn sum_stage() -> (Stage, Texts) {
    let mut spec = stage("sum", folds(vec![1]));
    spec.state.push(tensor(&[1]));
    (spec, vec![(ProgramKind::Step(0), 0, sum_step()), (ProgramKind::Finish, 0, sum_finish())])
}

trait RepeatSizes {
    /// Gives what has one size that size at every rung.
    fn repeat_sizes(&mut self);
}

impl RepeatSizes for Stage {
    fn repeat_sizes(&mut self) {
        let rungs = self.rungs;
        for tensor in self.state.iter_mut().filter(|tensor| tensor.dims.len() == 1) {
            tensor.dims = vec![tensor.dims[0].clone(); rungs];
        }
        if let SinkKind::Fold { tensors, .. } = &mut self.sink.kind {
            for tensor in tensors.iter_mut().filter(|tensor| tensor.dims.len() == 1) {
                tensor.dims = vec![tensor.dims[0]; rungs];
            }
        }
    }
}
