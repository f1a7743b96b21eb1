//! Every invariant, broken, and the verifier that says so.

mod exchanges;
mod passes;
mod ranges;
mod skips;

use crate::artifact::*;
use crate::expr::{ColumnId, CompareOp, Expr, ExprKind, Scalar};
use crate::pjrt::Element;
use crate::types::{Bounds, Field, Type};
use dj_grammar::Span;

fn field(name: &str, ty: Type, nullable: bool) -> Field {
    Field { name: name.to_owned(), ty, nullable }
}

fn chunk(column: usize, element: Element, nullable: bool) -> ChunkColumn {
    ChunkColumn { column, element, nullable }
}

fn driver(columns: Vec<ChunkColumn>) -> Driver {
    let arguments = (0..columns.len()).collect();
    let passed = vec![None];
    let source = DriverSource::Table(0);
    Driver { source, columns, host_columns: vec![], arguments, passed, skip: vec![], expands: false }
}

fn state(element: Element, lengths: &[usize]) -> StateTensor {
    StateTensor { element, dims: lengths.iter().map(|length| vec![*length]).collect(), init: Init::Zero }
}

fn tensor(element: Element, dims: &[usize]) -> ResultTensor {
    ResultTensor { element, dims: dims.to_vec() }
}

/// Appends the rows of the table; its result has a nullable column and an address table of seven slots.
fn fold() -> Stage {
    let tensors =
        vec![tensor(Element::S64, &[32, 64]), tensor(Element::Pred, &[32, 64]), tensor(Element::S32, &[7, 7])];
    let column = ResultColumn { field: field("m", Type::I64, true), domain: None, element: Element::S64 };
    Stage {
        label: "fold".to_owned(),
        span: Span::new(1, 2),
        chunk_rows: 16,
        drivers: vec![driver(vec![chunk(0, Element::S64, false), chunk(1, Element::S32, true)])],
        residents: vec![],
        scalars: vec![],
        capacities: vec![Capacity { base: 32, level: 0, holds: CapacityKind::Rows }],
        first_rung: 0,
        rungs: 2,
        state: vec![state(Element::S64, &[1, 1]), state(Element::S64, &[32, 64]), state(Element::Pred, &[32, 64])],
        status: vec![],
        sink: Sink {
            kind: SinkKind::Fold { appends: true, compacts: true, tensors },
            columns: vec![column],
            slice: None,
        },
        max_rows: u64::MAX,
        expected_rows: None,
        exchange: Exchange::LOCAL,
    }
}

/// Emits the table's rows with everything that a stage may read.
fn emit() -> Stage {
    let n = Expr::column(ColumnId(0), Type::I64, false, Span::default());
    let scalar = Expr { kind: ExprKind::Param(0), ..n.clone() };
    let host = HostColumn {
        value: HostValue::Expr(Expr { kind: ExprKind::Coalesce(vec![n.clone(), scalar]), ..n }),
        joined: None,
        scalars: vec![ScalarSource::Param(0)],
        domain: None,
        element: Element::S64,
        nullable: false,
    };
    let residents = vec![
        Resident::HostTable { table: 0, capacity: 0 },
        Resident::Result {
            stage: 0,
            tensors: [
                (Element::S64, Dim::Capacity(1)),
                (Element::Pred, Dim::Capacity(1)),
                (Element::S32, Dim::Fixed(7)),
            ]
            .map(|(element, dim)| ResidentTensor { element, dim, pad: 0 })
            .to_vec(),
        },
    ];
    let scalar = |source, nullable| ScalarInput { source, element: Element::S64, nullable };
    let site = |message: &str| StatusSite {
        kind: StatusKind::Overflow,
        span: Span::new(3, 4),
        message: message.to_owned(),
        help: None,
    };
    let result = |field, domain, element| ResultColumn { field, domain, element };
    Stage {
        label: "emit".to_owned(),
        drivers: vec![Driver {
            host_columns: vec![host],
            arguments: vec![1],
            passed: vec![Some(2), None],
            skip: vec![ScanPredicate::compare(0, CompareOp::Less, Scalar::Int(3))],
            ..driver(vec![chunk(0, Element::S64, false), chunk(1, Element::S32, true)])
        }],
        residents,
        scalars: vec![scalar(ScalarSource::Param(0), false), scalar(ScalarSource::Cell { stage: 0, column: 0 }, true)],
        capacities: vec![
            Capacity { base: 32, level: 0, holds: CapacityKind::Dictionary(0) },
            Capacity { base: 32, level: 0, holds: CapacityKind::Result { stage: 0, tensor: 0 } },
        ],
        state: vec![state(Element::S64, &[2, 2])],
        status: vec![site("one"), site("two")],
        sink: Sink {
            kind: SinkKind::Emit,
            columns: vec![
                result(field("n", Type::I64, false), None, Element::S64),
                result(field("s", Type::Str, true), Some(0), Element::S32),
            ],
            slice: Some((1, 5)),
        },
        ..fold()
    }
}

/// A manifest that uses what there is.
pub(crate) fn manifest() -> Manifest {
    let text = Expr::column(ColumnId(0), Type::Str, false, Span::default());
    let variant = |assumptions| Variant { assumptions, stages: vec![fold(), emit()], passes: vec![vec![0], vec![1]] };
    let bounds = AssumptionKind::Bounds(Bounds::Int { lo: 0, hi: 9 });
    Manifest {
        format: FORMAT,
        compiler: "test".to_owned(),
        source_sha256: String::new(),
        source_name: "test.dj".to_owned(),
        target: Target::cpu(),
        domains: vec![StringDomain::default()],
        host_tables: vec![HostTable {
            domain: 0,
            kind: HostTableKind::Function { expr: text, result_domain: Some(0) },
            element: Element::S32,
            nullable: true,
            can_fail: false,
        }],
        tables: vec![TableSpec {
            name: "t".to_owned(),
            path: None,
            made: None,
            span: Span::new(0, 1),
            columns: vec![
                TableColumn { field: field("n", Type::I64, false), domain: None, is_inferred: false },
                TableColumn { field: field("s", Type::Str, true), domain: Some(0), is_inferred: false },
            ],
        }],
        unused_tables: vec![],
        params: vec![ParamSpec { field: field("p", Type::I64, false), default: Some(Scalar::Int(1)), domain: None }],
        variants: vec![variant(vec![Assumption { table: 0, column: 0, kind: bounds }]), variant(vec![])],
        assertions: Vec::new(),
        exports: vec![ExportSpec { name: "r".to_owned(), span: Span::default(), stages: vec![1, 1] }],
    }
}

/// Checks that each change breaks an invariant.
fn breaks(invariant: u8, changes: &[&dyn Fn(&mut Manifest)]) {
    for (index, change) in changes.iter().enumerate() {
        let mut changed = manifest();
        change(&mut changed);
        let found = changed.verify().map_err(|error| (error.invariant, error.to_string()));
        assert_eq!(found.clone().map_err(|(number, _)| number), Err(invariant), "change {index}: {found:?}");
    }
}

/// A change of a stage of the first variant.
fn at(stage: usize, change: impl Fn(&mut Stage)) -> impl Fn(&mut Manifest) {
    move |manifest| change(&mut manifest.variants[0].stages[stage])
}

#[test]
fn a_manifest_that_uses_everything_is_fine() {
    assert_eq!(manifest().verify(), Ok(()));
}

#[test]
fn m1_format_and_target() {
    breaks(
        1,
        &[&|m| m.format = 99, &|m| m.target.replicas = 0, &|m| m.target.replicas = 1_000_000, &|m| {
            m.target.topology = "v5e:1x1".to_owned()
        }],
    );
}

#[test]
fn m2_variants_and_exports() {
    breaks(
        2,
        &[
            &|m| m.variants.clear(),
            &|m| m.exports[0].stages = vec![1],
            &|m| m.exports[0].stages[1] = 2,
            &|m| m.variants[1].stages[1].sink.columns[1].field.nullable = false,
            &|m| m.variants[1].stages[1].sink.columns[1].field.name = "other".to_owned(),
            &|m| m.exports[0].stages[1] = 0,
        ],
    );
}

#[test]
fn m3_domains_are_of_text() {
    breaks(
        3,
        &[
            &|m| m.tables[0].columns[1].domain = Some(1),
            &|m| m.tables[0].columns[1].domain = None,
            &|m| m.tables[0].columns[0].domain = Some(0),
            &|m| m.params[0].domain = Some(0),
            &at(1, |stage| stage.sink.columns[1].domain = None),
        ],
    );
}

#[test]
fn m4_host_tables_compute_text() {
    let function = |expr: Expr, result_domain| HostTableKind::Function { expr, result_domain };
    let text = Expr::column(ColumnId(0), Type::Str, false, Span::default());
    let other = Expr::column(ColumnId(1), Type::Str, false, Span::default());
    let number = Expr::column(ColumnId(0), Type::I32, false, Span::default());
    let param = Expr { kind: ExprKind::Param(0), ..text.clone() };
    let null = Expr { nullable: true, ..text.clone() };
    breaks(
        4,
        &[
            &|m| m.host_tables[0].domain = 4,
            &|m| m.host_tables[0].kind = function(text.clone(), Some(4)),
            &|m| m.host_tables[0].kind = function(other.clone(), Some(0)),
            &|m| m.host_tables[0].kind = function(number.clone(), None),
            &|m| m.host_tables[0].kind = function(param.clone(), Some(0)),
            &|m| m.host_tables[0].element = Element::F64,
            &|m| {
                m.host_tables[0].kind = function(null.clone(), Some(0));
                m.host_tables[0].nullable = false;
            },
            &|m| {
                m.host_tables[0].kind = HostTableKind::Rank;
                m.host_tables[0].element = Element::S64;
            },
        ],
    );
}

#[test]
fn m5_defaults_are_of_their_type() {
    breaks(
        5,
        &[&|m| m.params[0].default = Some(Scalar::str("x")), &|m| m.params[0].default = Some(Scalar::Null), &|m| {
            m.params[0].default = Some(Scalar::Int(1 << 70))
        }],
    );
}

#[test]
fn m6_assumptions_are_of_columns() {
    breaks(
        6,
        &[&|m| m.variants[0].assumptions[0].table = 1, &|m| m.variants[0].assumptions[0].column = 2, &|m| {
            m.variants[0].assumptions[0].kind = AssumptionKind::Bounds(Bounds::Float { lo: 0.0, hi: 1.0 })
        }],
    );
}

#[test]
fn m7_chunks_and_rungs() {
    breaks(
        7,
        &[
            &at(0, |stage| stage.chunk_rows = 0),
            &at(0, |stage| stage.chunk_rows = 1 << 31),
            &at(0, |stage| stage.rungs = 0),
            &at(0, |stage| stage.rungs = 65),
            &at(0, |stage| stage.first_rung = 2),
        ],
    );
}

#[test]
fn m8_capacities_fit() {
    breaks(
        8,
        &[
            &at(0, |stage| stage.capacities[0].base = 0),
            &at(0, |stage| stage.capacities[0].base = usize::MAX),
            &at(0, |stage| stage.capacities[0].base = 8),
            &at(1, |stage| stage.capacities[0].holds = CapacityKind::Dictionary(1)),
            &at(1, |stage| stage.capacities[1].holds = CapacityKind::Result { stage: 1, tensor: 0 }),
            &at(1, |stage| stage.capacities[1].holds = CapacityKind::Result { stage: 0, tensor: 3 }),
        ],
    );
}

#[test]
fn m9_state() {
    breaks(
        9,
        &[
            &at(0, |stage| stage.state.clear()),
            &at(1, |stage| stage.state[0].dims = vec![vec![1]; 2]),
            &at(0, |stage| stage.state[0].element = Element::S32),
            &at(0, |stage| stage.state[0].init = Init::Bits(1)),
            &at(0, |stage| stage.state[1].dims.truncate(1)),
            &at(0, |stage| stage.state[1].dims[1] = vec![8]),
            &at(0, |stage| stage.state[1].dims[1] = vec![64, 1]),
            &at(0, |stage| stage.state[1].dims[1] = vec![1 << 40]),
        ],
    );
}

#[test]
fn m10_drivers_read_what_is_there() {
    breaks(
        10,
        &[
            &at(0, |stage| stage.drivers[0].source = DriverSource::Table(1)),
            &at(0, |stage| stage.drivers[0].source = DriverSource::Stage(0)),
            &at(0, |stage| stage.drivers[0].columns[0].column = 2),
            &at(0, |stage| stage.drivers[0].columns[0].element = Element::F64),
            &at(0, |stage| stage.drivers[0].columns[1].element = Element::S64),
        ],
    );
}

#[test]
fn m11_columns_of_the_host() {
    let with = |change: fn(&mut HostColumn)| at(1, move |stage| change(&mut stage.drivers[0].host_columns[0]));
    breaks(
        11,
        &[
            &with(|column| column.scalars.clear()),
            &with(|column| column.scalars[0] = ScalarSource::Param(1)),
            &with(|column| column.scalars[0] = ScalarSource::Cell { stage: 1, column: 0 }),
            &with(|column| column.domain = Some(0)),
            &with(|column| column.element = Element::F32),
            &with(|column| column.joined = Some(JoinedTexts { number: 0, count: 0, separator: String::new() })),
            &with(|column| {
                // Itself.
                column.value = HostValue::Expr(Expr::column(ColumnId(2), Type::I64, false, Span::default()));
            }),
            &with(|column| {
                column.value = HostValue::Expr(Expr::column(ColumnId(1), Type::I64, false, Span::default()));
            }),
            &with(|column| {
                column.value = HostValue::Expr(Expr::column(ColumnId(0), Type::I64, true, Span::default()));
            }),
        ],
    );
}

#[test]
fn m12_arguments_and_what_is_passed_on() {
    breaks(
        12,
        &[
            &at(1, |stage| stage.drivers[0].arguments = vec![1, 1]),
            &at(1, |stage| stage.drivers[0].arguments = vec![3]),
            &at(1, |stage| stage.drivers[0].passed = vec![None]),
            &at(1, |stage| stage.drivers[0].passed[0] = Some(3)),
            &at(1, |stage| stage.drivers[0].passed[1] = Some(1)),
            &at(1, |stage| stage.drivers[0].passed[0] = Some(1)),
            &|m| {
                // The same text, of another dictionary.
                m.domains.push(StringDomain::default());
                for variant in &mut m.variants {
                    let stage = &mut variant.stages[1];
                    stage.drivers[0].arguments = vec![0];
                    stage.drivers[0].passed = vec![None, Some(1)];
                    stage.sink.columns[1].domain = Some(1);
                }
            },
            &at(1, |stage| stage.drivers[0].expands = true),
            &at(0, |stage| stage.drivers[0].passed = vec![Some(0)]),
        ],
    );
}

#[test]
fn m14_residents() {
    let result = |change: fn(&mut Vec<ResidentTensor>)| {
        at(1, move |stage| {
            if let Resident::Result { tensors, .. } = &mut stage.residents[1] {
                change(tensors);
            }
        })
    };
    breaks(
        14,
        &[
            &at(1, |stage| stage.residents[0] = Resident::HostTable { table: 1, capacity: 0 }),
            &at(1, |stage| stage.residents[0] = Resident::HostTable { table: 0, capacity: 2 }),
            &at(1, |stage| stage.residents[0] = Resident::HostTable { table: 0, capacity: 1 }),
            &at(1, |stage| stage.residents[1] = Resident::Result { stage: 1, tensors: vec![] }),
            &result(Vec::clear),
            &result(|tensors| tensors[0].element = Element::F64),
            &result(|tensors| tensors[2].dim = Dim::Fixed(0)),
            &result(|tensors| tensors[2].dim = Dim::Capacity(2)),
        ],
    );
}

#[test]
fn m15_scalars() {
    breaks(
        15,
        &[
            &at(1, |stage| stage.scalars[0].source = ScalarSource::Param(1)),
            &at(1, |stage| stage.scalars[1].source = ScalarSource::Cell { stage: 0, column: 1 }),
            &at(1, |stage| stage.scalars[1].source = ScalarSource::Cell { stage: 1, column: 0 }),
            &at(1, |stage| stage.scalars[0].element = Element::F64),
            &at(1, |stage| stage.scalars[1].nullable = false),
        ],
    );
}

#[test]
fn m16_sites_have_a_place() {
    breaks(
        16,
        &[&at(1, |stage| stage.status[0].span = Span::default()), &at(1, |stage| stage.status[0].message.clear())],
    );
}

#[test]
fn m17_results() {
    let tensors = |change: fn(&mut Vec<ResultTensor>)| {
        move |manifest: &mut Manifest| {
            for variant in &mut manifest.variants {
                if let SinkKind::Fold { tensors, .. } = &mut variant.stages[0].sink.kind {
                    change(tensors);
                }
            }
        }
    };
    breaks(
        17,
        &[
            &at(1, |stage| stage.state.push(stage.state[0].clone())),
            &at(1, |stage| stage.sink.columns[0].element = Element::F32),
            &tensors(|tensors| tensors[0].element = Element::S32),
            &tensors(|tensors| tensors[1].element = Element::S32),
            &tensors(|tensors| tensors.truncate(1)),
            &tensors(|tensors| tensors[2].dims.truncate(1)),
            &tensors(|tensors| tensors[2].dims[1] = 0),
        ],
    );
}

#[test]
fn m18_appending() {
    breaks(
        18,
        &[
            &at(0, |stage| stage.capacities.clear()),
            &at(0, |stage| {
                if let SinkKind::Fold { appends, .. } = &mut stage.sink.kind {
                    *appends = false;
                }
            }),
        ],
    );
}

#[test]
fn m19_slices_can_be_counted() {
    breaks(19, &[&at(1, |stage| stage.sink.slice = Some((2, u64::MAX)))]);
}

#[test]
fn m20_stages_have_drivers() {
    breaks(20, &[&at(1, |stage| stage.drivers.clear())]);
}

#[test]
fn m22_some_variant_always_holds() {
    let assumption = Assumption { table: 0, column: 0, kind: AssumptionKind::NotNull };
    breaks(22, &[&|m| m.variants.iter_mut().for_each(|variant| variant.assumptions.push(assumption.clone()))]);
}
