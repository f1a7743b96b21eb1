//! Tables whose rows are made.

use super::{breaks, field, manifest};
use crate::artifact::*;
use crate::expr::{ColumnId, Expr, ExprKind, Scalar};
use crate::types::{Field, Type};
use dj_grammar::Span;

/// A second table, `range(1, p)`, after a change.
fn made(manifest: &mut Manifest, change: impl Fn(&mut TableSpec)) {
    let literal = Expr::literal(Scalar::Int(1), Type::I64, Span::default());
    let end = Expr { kind: ExprKind::Param(0), ..literal.clone() };
    let range = field("range", Type::I64, false);
    let mut table = TableSpec {
        name: "range(1, p)".to_owned(),
        path: None,
        span: Span::default(),
        columns: vec![TableColumn { field: range, domain: None, is_inferred: false }],
        made: Some(MadeRange { start: literal, end, step: RangeStep::Whole(1) }),
    };
    change(&mut table);
    manifest.tables.push(table);
}

#[test]
fn m23_made_rows() {
    let mut whole = manifest();
    made(&mut whole, |_| ());
    assert_eq!(whole.verify(), Ok(()));
    let of_table = |change: fn(&mut TableSpec)| move |manifest: &mut Manifest| made(manifest, change);
    let of_range = |change: fn(&mut MadeRange)| {
        move |manifest: &mut Manifest| made(manifest, |table| table.made.iter_mut().for_each(change))
    };
    breaks(
        23,
        &[
            &of_table(|table| table.columns.clear()),
            &of_table(|table| table.path = Some("t.csv".to_owned())),
            &of_table(|table| table.columns[0].field.nullable = true),
            &of_table(|table| table.columns[0].field = Field { ty: Type::F64, ..table.columns[0].field.clone() }),
            &of_table(|table| table.columns[0].field = Field { ty: Type::Date, ..table.columns[0].field.clone() }),
            &of_range(|range| range.step = RangeStep::Whole(0)),
            &of_range(|range| range.step = RangeStep::Months(1)),
            &of_range(|range| range.end.kind = ExprKind::Param(1)),
            &of_range(|range| range.start.kind = ExprKind::Column(ColumnId(0))),
        ],
    );
}
