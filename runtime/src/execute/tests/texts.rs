//! Text: dictionaries that outgrow their capacity, and tables over them.

use super::*;
use crate::expr::{ColumnId, Expr, ExprKind, Function};

/// Emits the texts that have more than one character, by a host table of lengths of `4 << rung` entries.
fn program(rungs: usize) -> Program {
    let mut spec = stage("long texts", SinkKind::Emit);
    spec.rungs = rungs;
    spec.capacities = vec![Capacity { base: 4, level: 0, holds: CapacityKind::Dictionary(0) }];
    spec.residents = vec![Resident::HostTable { table: 0, capacity: 0 }];
    spec.drivers[0].columns[0].element = Element::S32;
    spec.sink.columns[0] = ResultColumn { field: field("s", Type::Str), domain: Some(0), element: Element::S32 };
    let programs = (0..rungs).map(|rung| (ProgramKind::Step(0), rung, step(4 << rung))).collect();
    let mut program = Program::new(vec![vec![(spec, programs)]]);
    let span = Span::default();
    let text = Expr::column(ColumnId(0), Type::Str, false, span);
    let expr = Expr { kind: ExprKind::Call(Function::Length, vec![text]), ty: Type::I64, nullable: false, span };
    program.manifest.domains = vec![StringDomain { literals: vec!["zero".to_owned()] }];
    program.manifest.host_tables = vec![HostTable {
        domain: 0,
        kind: HostTableKind::Function { expr, result_domain: None },
        element: Element::S64,
        nullable: false,
        can_fail: false,
    }];
    program.manifest.tables[0].columns[0] =
        TableColumn { field: field("s", Type::Str), domain: Some(0), is_inferred: false };
    program
}

fn step(capacity: usize) -> String {
    let body = format!(
        "%lane = stablehlo.iota dim = 0 : tensor<4xi32>
    %bound = stablehlo.broadcast_in_dim %rows, dims = [] : (tensor<i32>) -> tensor<4xi32>
    %active = stablehlo.compare LT, %lane, %bound : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi1>
    %index = stablehlo.reshape %s : (tensor<4xi32>) -> tensor<4x1xi32>
    %length = \"stablehlo.gather\"(%lengths, %index) {{dimension_numbers = #stablehlo.gather<collapsed_slice_dims = [0],
        start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1>}}
        : (tensor<{capacity}xi64>, tensor<4x1xi32>) -> tensor<4xi64>
    %one = stablehlo.constant dense<1> : tensor<4xi64>
    %long = stablehlo.compare GT, %length, %one : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi1>
    %mask = stablehlo.and %long, %active : tensor<4xi1>
    return %status, %status, %mask, %s : tensor<1xi64>, tensor<1xi64>, tensor<4xi1>, tensor<4xi32>"
    );
    let arguments = format!(
        "%status: tensor<1xi64> {{tf.aliasing_output = 0 : i32}}, %lengths: tensor<{capacity}xi64>, \
         %s: tensor<4xi32>, %rows: tensor<i32>, %start: tensor<i64>"
    );
    module(&arguments, "tensor<1xi64>, tensor<1xi64>, tensor<4xi1>, tensor<4xi32>", &body)
}

#[test]
fn a_dictionary_outgrows_its_table_while_reading() {
    let texts: Vec<String> = (0..50).map(|n| if n % 3 == 0 { "a".to_owned() } else { format!("text {n}") }).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let long: Vec<&str> = texts.iter().copied().filter(|text| text.len() > 1).collect();
    let (outputs, _) = program(5).run_with(&Files::texts(&texts), &[], Options::default()).unwrap();
    assert_eq!(outputs.texts, long);
    let error = program(2).run_with(&Files::texts(&texts), &[], Options::default()).err().unwrap();
    assert_eq!(error.to_string(), "`long texts` has more than 8 distinct texts");
}
