//! That rows are unique whatever the data, derived again from the stages: (P6).
//!
//! The planner decides from the relational plan; here it is the stages that must bear it out: their groups, their row
//! numbers, and how many rows they can have at most.

use super::Verifier;
use crate::physical::{Driver, Op, Probe, Stage};
use crate::plan::{AggregateFunction, JoinKind};
use crate::strategy::{AggregateItem, Matches, Sink};
use dj_runtime::artifact::DriverSource;
use dj_runtime::expr::{ColumnId, Expr};

impl Verifier<'_> {
    /// Whether at most one row of a build side has each key, nulls taken as equal.
    pub(super) fn keys_are_unique(&self, build: usize) -> bool {
        let stage = &self.variant.stages[build];
        let keys = stage.sink.strategy().build().map(|build| build.keys());
        let columns: Vec<_> = keys.into_iter().flat_map(|keys| &keys.exprs).filter_map(Expr::as_column).collect();
        self.is_unique(stage, &columns)
    }

    /// Whether no two rows of a stage's result agree on columns of it.
    fn is_unique(&self, stage: &Stage, columns: &[ColumnId]) -> bool {
        if self.most_rows(stage).is_some_and(|rows| rows <= 1) {
            return true;
        }
        let group = stage.sink.strategy().group();
        // Whatever rows come from however many drivers, each key is one group.
        if group.is_some_and(|group| group.keys.iter().all(|key| columns.contains(&key.id))) {
            return true;
        }
        let [driver] = &stage.drivers[..] else { return false };
        // Of rows that are distinct on some columns, each is the first of its group.
        let kept = group.is_none_or(|group| group.aggregates.iter().all(is_first_row));
        kept && self.rows_are_unique(driver, columns)
    }

    /// Whether no two rows of a driver agree on columns when they reach the sink.
    fn rows_are_unique(&self, driver: &Driver, columns: &[ColumnId]) -> bool {
        let mut wanted = columns.to_vec();
        for op in driver.ops.iter().rev() {
            match op {
                Op::Filter(_) => {}
                Op::Project(items) => {
                    let source = |id: ColumnId| match items.iter().find(|item| item.id == id) {
                        Some(item) => item.expr.as_column(),
                        None => Some(id),
                    };
                    wanted = wanted.into_iter().filter_map(source).collect();
                }
                Op::Probe(probe) if self.is_found_once(probe) => {}
                Op::Probe(_) => return false,
            }
        }
        if driver.row.is_some_and(|row| wanted.contains(&row)) {
            return true;
        }
        let DriverSource::Stage(from) = driver.source else { return false };
        let source = &self.variant.stages[from];
        let read = driver.columns.iter().filter(|column| wanted.contains(&column.column.id));
        let columns: Vec<_> = read.filter_map(|column| Some(source.result.get(column.index)?.id)).collect();
        self.is_unique(source, &columns)
    }

    /// Whether a join gives a row at most once, whatever the data.
    fn is_found_once(&self, probe: &Probe) -> bool {
        matches!(probe.kind, JoinKind::Semi | JoinKind::Anti)
            || matches!(probe.matches, Matches::Nearest(_))
            || self.keys_are_unique(probe.build)
    }

    /// The most rows of a stage's result, where the stages say so.
    fn most_rows(&self, stage: &Stage) -> Option<u64> {
        let rows = match &stage.sink {
            Sink::Reduce(_) => Some(1),
            Sink::Mark(mark) if mark.group.keys.is_empty() => Some(1),
            Sink::Collect(collect) if collect.group.keys.is_empty() => Some(1),
            Sink::Emit(_)
            | Sink::Dense(_)
            | Sink::GroupSort(_)
            | Sink::Collect(_)
            | Sink::Mark(_)
            | Sink::Lookup(_)
            | Sink::Merge(_)
            | Sink::Sort(_)
            | Sink::Window(_)
            | Sink::TopK(_) => {
                stage.drivers.iter().try_fold(0_u64, |rows, driver| rows.checked_add(self.most_rows_of(driver)?))
            }
        };
        match stage.slice {
            None => rows,
            Some((skip, count)) => Some(rows.map_or(count, |rows| rows.saturating_sub(skip).min(count))),
        }
    }

    fn most_rows_of(&self, driver: &Driver) -> Option<u64> {
        let DriverSource::Stage(from) = driver.source else { return None };
        let mut rows = self.most_rows(&self.variant.stages[from])?;
        for op in &driver.ops {
            let Op::Probe(probe) = op else { continue };
            let matches = || match probe.matches {
                Matches::One(_) | Matches::Nearest(_) => Some(1),
                Matches::Many => self.most_rows(&self.variant.stages[probe.build]),
            };
            rows = match probe.kind {
                JoinKind::Semi | JoinKind::Anti => rows,
                JoinKind::Inner => rows.checked_mul(matches()?)?,
                JoinKind::Left => rows.checked_mul(matches()?.max(1))?,
            };
        }
        Some(rows)
    }
}

/// Whether a column of a group is that of its first row, under its own name.
fn is_first_row(item: &AggregateItem) -> bool {
    let same = item.arguments.first().and_then(Expr::as_column) == Some(item.column.id);
    item.function == AggregateFunction::First && item.filter.is_none() && same
}
