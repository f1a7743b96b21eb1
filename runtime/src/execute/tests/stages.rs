//! Stages that read earlier stages, parameters, and what the command got wrong.

use super::*;
use crate::pjrt::CompileOptions;

/// Emits the values above a scalar.
fn above_scalar(source: ScalarSource) -> (Stage, Texts) {
    let body = format!(
        "{PRELUDE}
    %least = stablehlo.broadcast_in_dim %scalar, dims = [] : (tensor<i64>) -> tensor<4xi64>
    %large = stablehlo.compare GT, %kept, %least : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi1>
    %some = stablehlo.and %large, %active : tensor<4xi1>
    %valids = stablehlo.broadcast_in_dim %valid, dims = [] : (tensor<i1>) -> tensor<4xi1>
    %mask = stablehlo.and %some, %valids : tensor<4xi1>
    return %status, %status, %mask, %v : tensor<1xi64>, tensor<1xi64>, tensor<4xi1>, tensor<4xi64>"
    );
    let arguments = "%status: tensor<1xi64> {tf.aliasing_output = 0 : i32}, %scalar: tensor<i64>, %valid: tensor<i1>, \
                     %v: tensor<4xi64>, %rows: tensor<i32>, %start: tensor<i64>";
    let step = module(arguments, "tensor<1xi64>, tensor<1xi64>, tensor<4xi1>, tensor<4xi64>", &body);
    let mut spec = stage("above", SinkKind::Emit);
    spec.scalars = vec![ScalarInput { source, element: Element::S64, nullable: true }];
    (spec, vec![(ProgramKind::Step(0), 0, step)])
}

#[test]
fn a_cell_of_an_earlier_stage_is_a_scalar() {
    let cell = ScalarSource::Cell { stage: 0, column: 0 };
    let program = Program::new(vec![vec![sum_stage(), above_scalar(cell)]]);
    assert_eq!(program.run(&Files::new(&[1, 2, -10, 3, 4])).unwrap(), [1, 2, 3, 4]);
}

#[test]
fn a_cell_of_no_row_is_null_and_of_several_an_error() {
    let cell = ScalarSource::Cell { stage: 0, column: 0 };
    let program = Program::new(vec![vec![above_scalar(ScalarSource::Param(0)), above_scalar(cell)]]);
    let mut program = Program { manifest: with_param(program.manifest), ..program };
    program.manifest.params[0].default = Some(crate::expr::Scalar::Int(100));
    assert_eq!(program.run(&Files::new(&[1, 2])).unwrap(), Vec::<i64>::new());
    assert_eq!(program.run(&Files::new(&[1, 101])).unwrap(), Vec::<i64>::new());
    let error = program.run(&Files::new(&[101, 102])).unwrap_err();
    assert_eq!(error.to_string(), "`v` is used as a single value, but there are 2 rows");
}

#[test]
fn a_stage_reads_the_rows_of_an_earlier_one() {
    let (mut second, programs) = sum_stage();
    second.drivers[0].source = DriverSource::Stage(0);
    let mut first = above_scalar(ScalarSource::Param(0));
    first.0.sink.slice = Some((0, 6));
    let program = Program::new(vec![vec![first, (second, programs)]]);
    let program = Program { manifest: with_param(program.manifest), ..program };
    let files = Files::new(&(0..40).collect::<Vec<_>>());
    let (outputs, _) = program.run_with(&files, &[("least", "9")], Options::default()).unwrap();
    assert_eq!(outputs.values, [10 + 11 + 12 + 13 + 14 + 15]);
    let options = Options { repeat: 2, ..Options::default() };
    let (outputs, report) = program.run_with(&files, &[("least", "9")], options).unwrap();
    assert_eq!((outputs.values[0], report.repetitions.len()), (75, 2));
}

/// Emits values plus the sum that an earlier stage left, read as a resident of `8 << rung` elements.
#[test]
fn an_earlier_result_is_padded_to_the_wanted_length() {
    let body = format!(
        "{PRELUDE}
    %all = stablehlo.reduce(%tensor init: %zero) applies stablehlo.add across dimensions = [0]
        : (tensor<8xi64>, tensor<i64>) -> tensor<i64>
    %alls = stablehlo.broadcast_in_dim %all, dims = [] : (tensor<i64>) -> tensor<4xi64>
    %sums = stablehlo.add %alls, %v : tensor<4xi64>
    return %status, %status, %active, %sums : tensor<1xi64>, tensor<1xi64>, tensor<4xi1>, tensor<4xi64>"
    );
    let arguments = "%status: tensor<1xi64> {tf.aliasing_output = 0 : i32}, %count: tensor<i32>, %tensor: tensor<8xi64>, \
                     %v: tensor<4xi64>, %rows: tensor<i32>, %start: tensor<i64>";
    let step = module(arguments, "tensor<1xi64>, tensor<1xi64>, tensor<4xi1>, tensor<4xi64>", &body);
    let mut spec = stage("add", SinkKind::Emit);
    spec.capacities = vec![Capacity { base: 8, level: 0, holds: CapacityKind::Result { stage: 0, tensor: 0 } }];
    let tensors = vec![ResidentTensor { element: Element::S64, dim: Dim::Capacity(0), pad: -1 }];
    spec.residents = vec![Resident::Result { stage: 0, tensors }];
    let program = Program::new(vec![vec![sum_stage(), (spec, vec![(ProgramKind::Step(0), 0, step)])]]);
    assert_eq!(program.run(&Files::new(&[10, 20])).unwrap(), [30 - 7 + 10, 30 - 7 + 20]);
}

fn with_param(manifest: Manifest) -> Manifest {
    let field = Field { name: "least".to_owned(), ty: Type::I64, nullable: true };
    Manifest { params: vec![ParamSpec { field, default: None, domain: None }], ..manifest }
}

#[test]
fn what_does_not_fit_the_program_is_wrong_usage() {
    let program = Program::new(vec![vec![above_scalar(ScalarSource::Param(0))]]);
    let program = Program { manifest: with_param(program.manifest), ..program };
    let files = Files::new(&[1, 2, 3]);
    let fails = |params: &[(&str, &str)]| {
        let error = program.run_with(&files, params, Options::default()).err().unwrap();
        assert_eq!(error.exit(), Exit::Usage);
        let all = error.diagnostics().iter();
        all.map(|diagnostic| format!("{} {}", diagnostic.message, diagnostic.help.join(" "))).collect::<Vec<_>>()
    };
    assert_eq!(fails(&[]), ["the program needs a value for `least: i64?` add `--param least=VALUE`"]);
    let both = fails(&[("leest", "1")]);
    assert_eq!(both[0], "the program has no parameter `leest` a parameter with a similar name exists: `least`");
    assert_eq!(both.len(), 2);
    assert!(fails(&[("least", "few")])[0].starts_with("`few` is no value for parameter `least`: i64?"));
    let (outputs, _) = program.run_with(&files, &[("least", "null")], Options::default()).unwrap();
    assert_eq!(outputs.values, Vec::<i64>::new());
}

#[test]
fn a_missing_file_is_the_users() {
    let program = Program::new(vec![vec![sum_stage()]]);
    let session = Session::new(client(1), program.compiled(), Options::default()).unwrap();
    let run = |bindings: &[(&str, &str)]| {
        let files = |request: Request, (table, path): &(&str, &str)| request.files(table, path);
        let request = bindings.iter().fold(Request::new(), files);
        session.run(&request, &mut Discard, &Silent).unwrap_err()
    };
    assert_eq!(run(&[]).to_string(), "table `t` has no file");
    assert_eq!(run(&[("t", "nowhere.parquet")]).exit(), Exit::Program);
    assert_eq!(run(&[("t", "a"), ("t", "b")]).exit(), Exit::Usage);
}

#[test]
fn too_few_devices_are_wrong_usage() {
    let program = summed_on(3);
    let error = Session::new(client(2), program.compiled(), Options::default()).err().unwrap();
    assert_eq!(error.exit(), Exit::Usage);
}

#[test]
fn an_artifact_carries_what_was_compiled_ahead() {
    let Program { manifest, modules } = Program::new(vec![vec![sum_stage()]]);
    let ids = likely_programs(&manifest);
    assert_eq!(ids.len(), 2);
    let executables =
        precompile(&client(1), &manifest, &modules, &ids, &CompileOptions::replicated(1), &|_| {}).unwrap();
    let program = ProgramContents { manifest, modules, executables };
    let contents = Contents { source: String::new(), plans: BTreeMap::new(), programs: vec![program] };
    let artifact = Arc::new(Artifact::from_bytes(&store::to_bytes(&contents).unwrap()).unwrap());
    let program = CompiledProgram::of(&artifact, None).unwrap();
    let files = Files::new(&[1, 2, 3]);
    let request = Request::new().files("t", &files.path().to_string_lossy());
    let options = Options { use_cache: false, ..Options::default() };
    let run = |options| {
        let mut outputs = Collected::default();
        let report =
            Session::new(client(1), program.clone(), options).unwrap().run(&request, &mut outputs, &Silent).unwrap();
        assert_eq!(outputs.values, [6]);
        (report.loaded, report.compiled)
    };
    assert_eq!(run(options.clone()), (2, 0));
    assert_eq!(run(Options { use_packaged: false, ..options.clone() }), (0, 2));
    assert_eq!(run(Options { optimization_level: Some(0), ..options }), (0, 2));
}

#[test]
fn chunks_are_dealt_in_turn() {
    // The finish does not merge what the others have: the first device has the first chunk of every two.
    let rows: Vec<i64> = (1..=50).collect();
    let of_first: i64 = rows.chunks(CHUNK).step_by(2).flatten().sum();
    assert_eq!(summed_on(2).run(&Files::new(&rows)).unwrap(), [of_first]);
}

/// Sums on several devices.
fn summed_on(devices: usize) -> Program {
    let mut program = Program::new(vec![vec![sum_stage()]]);
    program.manifest.target = Target::parse(&format!("cpu:{devices}")).unwrap();
    program.manifest.variants[0].stages[0].exchange.replicas = devices;
    program
}
