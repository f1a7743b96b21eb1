//! Every invariant of encoded programs is broken once, and the verifier says so.

#![expect(clippy::wildcard_enum_match_arm, reason = "each change singles out one kind of node")]

use super::form::{Expr, ExprKind, Scalar, Type};
use super::{EncodedProgram, encode, verify};
use crate::analyze::{NothingBound, analyze};
use crate::plan::{Plan, Program};
use dj_runtime::artifact::HostTableKind;
use dj_runtime::expr::{ColumnId, Function};

/// A program with text in every position.
const SOURCE: &str = r#"
table t { a: i64, s: str, r: str?, d: date }
table u { k: str, v: i64 }
param p: str = "x"
export result =
  t
  | filter s == p or s in { "a", "b" }
  | derive { low = lower(s), c = case { a > 1 => "big", else => s }, m = date_trunc("month", d) }
  | filter c != "none" and length(s) > 2 and s < r
  | join u on s == k
  | group { low, m } { least = min(s), n = count(case { a > 2 => "x" }) }
  | sort low
"#;

fn analyzed() -> Program {
    let (ast, problems) = dj_grammar::parse(SOURCE);
    assert!(problems.is_empty(), "{problems:?}");
    let (program, problems) = analyze(&ast, SOURCE, &NothingBound);
    program.unwrap_or_else(|| panic!("{problems:?}"))
}

/// What the verifier says of the program after a change.
fn broken(change: impl FnOnce(&mut EncodedProgram)) -> String {
    let program = analyzed();
    let mut encoded = encode(&program);
    verify(&encoded, &program).expect("what encoding makes is valid");
    change(&mut encoded);
    verify(&encoded, &program).expect_err("the change breaks an invariant").0
}

/// Changes the first part of any expression for which `change` returns true, from the last operator on.
fn change_expr(encoded: &mut EncodedProgram, change: &mut dyn FnMut(&mut Expr) -> bool) {
    fn within(expr: &mut Expr, change: &mut dyn FnMut(&mut Expr) -> bool) -> bool {
        change(expr) || expr.operands_mut().into_iter().any(|operand| within(operand, change))
    }
    let done = any_plan(encoded, &mut |plan| plan.expressions_mut().into_iter().any(|expr| within(expr, change)));
    assert!(done, "the program has no such expression");
}

fn any_plan(encoded: &mut EncodedProgram, change: &mut dyn FnMut(&mut super::Plan) -> bool) -> bool {
    fn within(plan: &mut super::Plan, change: &mut dyn FnMut(&mut super::Plan) -> bool) -> bool {
        change(plan) || plan.inputs_mut().into_iter().any(|input| within(input, change))
    }
    encoded.program.exports.iter_mut().any(|export| within(&mut export.plan, change))
}

#[test]
fn e1_codes_have_dictionaries() {
    let message = broken(|encoded| {
        change_expr(encoded, &mut |expr| {
            let is_code = expr.ty.is_code();
            if is_code {
                expr.ty = Type::Code(99);
            }
            is_code
        });
    });
    assert!(message.starts_with("(E1)"), "{message}");
    let message = broken(|encoded| encoded.dictionaries.sizes[0].capacity = 1000);
    assert!(message.starts_with("(E1)"), "{message}");
}

#[test]
fn e2_only_codes_of_one_dictionary_meet() {
    // A dictionary of its own, so that a type can name another one.
    let other = |encoded: &mut EncodedProgram| {
        encoded.dictionaries.domains.push(dj_runtime::artifact::StringDomain { literals: vec!["x".to_owned()] });
        encoded.dictionaries.sizes.push(super::dictionaries::DictionarySize { capacity: 64, bound: Some(64) });
        Type::Code(encoded.dictionaries.domains.len() - 1)
    };
    let literal = |ty, expr: &mut Expr| {
        *expr = Expr { kind: ExprKind::Literal(Scalar::Code(0)), ty, nullable: false, span: expr.span };
        true
    };
    let message = broken(|encoded| {
        let ty = other(encoded);
        change_expr(encoded, &mut |expr| match &mut expr.kind {
            ExprKind::Compare(_, left, right) if left.ty.is_code() => literal(ty, right),
            _ => false,
        });
    });
    assert!(message.starts_with("(E2)"), "{message}");
    let message = broken(|encoded| {
        let ty = other(encoded);
        change_expr(encoded, &mut |expr| match &mut expr.kind {
            ExprKind::Case { arms, .. } if expr.ty.is_code() => literal(ty, &mut arms[0].1),
            _ => false,
        });
    });
    assert!(message.starts_with("(E2)"), "{message}");
    let message = broken(|encoded| {
        let ty = other(encoded);
        assert!(any_plan(encoded, &mut |plan| match plan {
            Plan::Join(join) => literal(ty, &mut join.on[0].0),
            _ => false,
        }));
    });
    assert!(message.starts_with("(E2) join"), "{message}");
    let message = broken(|encoded| {
        assert!(any_plan(encoded, &mut |plan| match plan {
            Plan::Sort(sort) => {
                let base = sort.keys[0].expr.operands().into_iter().next().cloned();
                sort.keys[0].expr = base.expect("the rank of a text");
                true
            }
            _ => false,
        }));
    });
    assert!(message.starts_with("(E2) rows are ordered"), "{message}");
}

#[test]
fn e3_a_column_has_one_type() {
    let message = broken(|encoded| {
        assert!(any_plan(encoded, &mut |plan| match plan {
            Plan::Aggregate(aggregate) => {
                aggregate.keys[0].ty = Type::I32;
                true
            }
            _ => false,
        }));
    });
    assert!(message.starts_with("(E3)"), "{message}");
}

#[test]
fn e4_a_literal_code_is_one_of_its_dictionary() {
    let message = broken(|encoded| {
        change_expr(encoded, &mut |expr| match &mut expr.kind {
            ExprKind::Literal(Scalar::Code(code)) => {
                *code = 99;
                true
            }
            _ => false,
        });
    });
    assert!(message.starts_with("(E4)"), "{message}");
    let message = broken(|encoded| {
        change_expr(encoded, &mut |expr| match &mut expr.kind {
            ExprKind::InList { list, .. } => {
                list[0] = Scalar::Int(1);
                true
            }
            _ => false,
        });
    });
    assert!(message.starts_with("(E4)"), "{message}");
}

#[test]
fn e5_a_table_covers_its_dictionary() {
    let message = broken(|encoded| {
        change_expr(encoded, &mut |expr| match &mut expr.kind {
            ExprKind::Table { table, .. } => {
                *table = 99;
                true
            }
            _ => false,
        });
    });
    assert!(message.starts_with("(E5)"), "{message}");
    let message = broken(|encoded| {
        encoded.dictionaries.domains.push(dj_runtime::artifact::StringDomain::default());
        encoded.dictionaries.sizes.push(super::dictionaries::DictionarySize { capacity: 64, bound: Some(64) });
        encoded.dictionaries.host_tables[0].domain = encoded.dictionaries.domains.len() - 1;
    });
    assert!(message.starts_with("(E5)"), "{message}");
    let message = broken(|encoded| {
        encoded.dictionaries.host_tables.iter_mut().for_each(|table| {
            if let HostTableKind::Function { result_domain, .. } = &mut table.kind {
                *result_domain = None;
            }
        });
    });
    assert!(message.starts_with("(E5)"), "{message}");
}

#[test]
fn e6_min_and_max_have_ranks() {
    let message = broken(|encoded| {
        let kinds = encoded.dictionaries.host_tables.iter_mut().filter(|table| table.kind == HostTableKind::Unrank);
        kinds.for_each(|table| table.kind = HostTableKind::Rank);
    });
    assert!(message.starts_with("(E6)"), "{message}");
}

#[test]
fn e7_no_device_computes_text() {
    let message = broken(|encoded| {
        change_expr(encoded, &mut |expr| match &mut expr.kind {
            ExprKind::Call(Function::DateTrunc, operands) => {
                operands.remove(0);
                true
            }
            _ => false,
        });
    });
    assert!(message.starts_with("(E7)"), "{message}");
    let message = broken(|encoded| {
        change_expr(encoded, &mut |expr| {
            let is_text = expr.ty.is_code() && matches!(expr.kind, ExprKind::Column(_));
            if is_text {
                let (operand, ty) = (expr.clone(), expr.ty);
                expr.kind = ExprKind::Call(Function::Lower, vec![operand]);
                expr.ty = ty;
            }
            is_text
        });
    });
    assert!(message.starts_with("(E7)"), "{message}");
}

#[test]
fn e8_sources_and_parameters_have_dictionaries() {
    let message = broken(|encoded| encoded.dictionaries.params.clear());
    assert!(message.starts_with("(E8)"), "{message}");
    let message = broken(|encoded| encoded.dictionaries.sources.clear());
    assert!(message.starts_with("(E8)"), "{message}");
}

#[test]
fn e9_tables_are_behind_those_whose_texts_they_serve() {
    let source = "table a { name: str }\ntable b { name: str }\nfn sized(t) = t | derive n = length(name)\n\
                  export r = a | sized() | union (b | select { name = upper(name) } | sized())\n";
    let (ast, _) = dj_grammar::parse(source);
    let (program, problems) = analyze(&ast, source, &NothingBound);
    let program = program.unwrap_or_else(|| panic!("{problems:?}"));
    let mut encoded = encode(&program);
    verify(&encoded, &program).expect("what encoding makes is valid");
    assert_eq!(encoded.dictionaries.host_tables.len(), 3, "length twice: the first does not serve what `upper` makes");
    change_expr(&mut encoded, &mut |expr| match &mut expr.kind {
        ExprKind::Table { table, .. } if *table == 2 => {
            *table = 0;
            true
        }
        _ => false,
    });
    let message = verify(&encoded, &program).expect_err("the first table does not serve these texts").0;
    assert!(message.starts_with("(E9)"), "{message}");
}

#[test]
fn e10_nothing_is_null_that_was_not() {
    let no_text = |expr: &mut Expr| {
        let is_text = matches!(expr.kind, ExprKind::Literal(Scalar::Code(_)));
        if is_text {
            expr.kind = ExprKind::Literal(Scalar::Null);
        }
        is_text
    };
    let message = broken(|encoded| change_expr(encoded, &mut |expr| no_text(expr)));
    assert!(message.starts_with("(E10)"), "{message}");
    let message = broken(|encoded| {
        change_expr(encoded, &mut |expr| {
            let is_text = no_text(expr);
            expr.nullable |= is_text;
            is_text
        });
    });
    assert!(message.starts_with("(E10)"), "{message}");
    let message = broken(|encoded| {
        change_expr(encoded, &mut |expr| {
            let ExprKind::InList { list, .. } = &mut expr.kind else { return false };
            list[0] = Scalar::Null;
            expr.nullable = true;
            true
        });
    });
    assert!(message.starts_with("(E10)"), "{message}");
}

#[test]
fn texts_that_meet_share_a_dictionary() {
    let encoded = encode(&analyzed());
    let column = |name: &str| {
        let id = (0..encoded.program.columns.len()).map(|id| ColumnId(id as u32));
        id.into_iter().find(|id| encoded.program.columns.get(*id).name == name).expect("a column of that name")
    };
    assert_ne!(column("s"), column("k"));
    let sources = &encoded.dictionaries.sources;
    assert_eq!(sources[&(0, 1)], sources[&(1, 0)], "`s` and `k` are joined");
    assert_eq!(sources[&(0, 1)], sources[&(0, 2)], "`s` and `r` are compared");
    assert_eq!(Some(&sources[&(0, 1)]), encoded.dictionaries.params.get(&0), "`s` and `p` are compared");
}
