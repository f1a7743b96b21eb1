//! Where the host computes its columns: as early as the rows that need them are known.

use super::planner::{Planner, Stream};
use super::{Driver, Op};
use crate::encode::Encoded;
use crate::plan::{Evaluate, HostExpr};
use dj_runtime::expr::ColumnId;
use std::collections::{BTreeMap, BTreeSet};

impl Planner<'_> {
    /// Columns of the host join the chunks of the drivers: where a row has come further already, its stage ends here.
    pub(super) fn evaluate(&mut self, evaluate: &Evaluate<Encoded>) -> Stream {
        let mut stream = self.stream(&evaluate.input);
        let at_source = |driver: &Driver| at_source(driver, &evaluate.items);
        let items: Option<Vec<_>> = stream.drivers.iter().map(at_source).collect();
        let items = items.unwrap_or_else(|| {
            let stage = self.emit(evaluate.span, std::mem::take(&mut stream), None);
            stream = self.read(stage);
            vec![evaluate.items.clone()]
        });
        for (driver, items) in stream.drivers.iter_mut().zip(items) {
            driver.host.extend(items);
        }
        stream.schema.extend(evaluate.items.iter().map(|item| item.column));
        stream
    }
}

/// Columns of the host in terms of a driver's rows as they are read; `None` where that would be of more rows than needed, or
/// of columns that are not there yet.
fn at_source(driver: &Driver, items: &[HostExpr<Encoded>]) -> Option<Vec<HostExpr<Encoded>>> {
    let mut renamed: BTreeMap<ColumnId, ColumnId> = BTreeMap::new();
    for op in &driver.ops {
        let Op::Project(projected) = op else { return None };
        for item in projected {
            let source = item.expr.as_column().map(|id| renamed.get(&id).copied().unwrap_or(id));
            renamed.extend(source.map(|source| (item.id, source)));
        }
    }
    let read = driver.columns.iter().map(|column| column.column.id);
    let mut known: BTreeSet<ColumnId> = read.chain(driver.host_ids()).collect();
    let mut found = Vec::new();
    for item in items {
        let item = item.clone().renamed(&|id| renamed.get(&id).copied().unwrap_or(id));
        if !item.columns().all(|id| known.contains(&id)) {
            return None;
        }
        known.insert(item.column.id);
        found.push(item);
    }
    Some(found)
}
