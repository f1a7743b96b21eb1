//! Columns that the host computes, as the runtime evaluates them: by position in the chunk, with scalars apart.

#![expect(clippy::wildcard_enum_match_arm, reason = "only what is read from outside the row is renamed")]

use super::context::{Lowering, cell_source, element_within};
use crate::encode::{Encoded, Type};
use crate::physical::Stage;
use crate::plan::HostExpr;
use dj_runtime::artifact::{HostColumn, HostValue, JoinedTexts, ScalarSource};
use dj_runtime::expr::{ColumnId, ExprKind};

/// The columns of a driver's chunk that the host computes.
pub(super) fn host_columns(lowering: &Lowering<'_>, stage: &Stage, driver: usize) -> Vec<HostColumn> {
    let driver = &stage.drivers[driver];
    let read = driver.columns.iter().map(|column| column.column.id);
    let positions: Vec<ColumnId> = read.chain(driver.host_ids()).collect();
    let row = driver.row.map(|_| HostColumn {
        value: HostValue::Row,
        scalars: vec![],
        domain: None,
        element: Type::I64.element(),
        nullable: false,
        joined: None,
    });
    row.into_iter().chain(driver.host.iter().map(|item| host_column(lowering, item, &positions))).collect()
}

fn host_column(lowering: &Lowering<'_>, item: &HostExpr<Encoded>, positions: &[ColumnId]) -> HostColumn {
    let mut scalars = Vec::new();
    let mut scalar = |source: ScalarSource| {
        let index = scalars.iter().position(|known| *known == source).unwrap_or_else(|| {
            scalars.push(source);
            scalars.len() - 1
        });
        ExprKind::Param(index)
    };
    let position = |id: ColumnId| {
        let position = positions.iter().position(|known| *known == id);
        position.unwrap_or_else(|| panic!("(P2) the host reads {id:?} before it is there"))
    };
    let expr = item.expr.clone().rewrite(&mut |mut part| {
        match part.kind {
            ExprKind::Column(id) => {
                let position = position(id);
                let position = u32::try_from(position).unwrap_or_else(|_| panic!("a chunk has {position} columns"));
                part.kind = ExprKind::Column(ColumnId(position));
            }
            ExprKind::Param(param) => part.kind = scalar(ScalarSource::Param(param)),
            ExprKind::Cell { plan, column } => {
                part.kind = scalar(cell_source(lowering, plan, column));
            }
            _ => {}
        }
        part
    });
    HostColumn {
        element: element_within(lowering.target, item.column.ty, lowering.variant.facts.interval(item.column.id)),
        nullable: item.column.nullable,
        joined: item.joined.as_ref().map(|joined| JoinedTexts {
            number: position(joined.number),
            count: position(joined.count),
            separator: joined.separator.clone(),
        }),
        domain: item.column.ty.domain(),
        scalars,
        value: HostValue::Expr(expr),
    }
}
