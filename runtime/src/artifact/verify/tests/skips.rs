//! What row groups are skipped by.

use super::*;

fn less(column: usize, value: ScanValue) -> ScanPredicate {
    ScanPredicate::Compare { column, op: CompareOp::Less, value }
}

#[test]
fn m13_skipping() {
    breaks(
        13,
        &[
            &at(1, |stage| stage.drivers[0].skip[0] = less(2, ScanValue::Literal(Scalar::Int(3)))),
            &at(1, |stage| stage.drivers[0].skip[0] = less(0, ScanValue::Literal(Scalar::str("x")))),
            &at(1, |stage| stage.drivers[0].skip[0] = less(0, ScanValue::Param(1))),
            &at(1, |stage| {
                stage.drivers[0].skip[0] =
                    ScanPredicate::Any(vec![vec![ScanPredicate::IsNull { column: 2, is: true }]]);
            }),
            &at(1, |stage| {
                stage.drivers[0].source = DriverSource::Stage(0);
                stage.drivers[0].columns.truncate(1);
                stage.drivers[0].arguments = vec![0];
                stage.drivers[0].passed = vec![Some(1), None];
            }),
        ],
    );
}
