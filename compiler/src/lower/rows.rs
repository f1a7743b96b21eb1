//! A chunk's rows and what happens to them on the way to the sink.

#![expect(clippy::wildcard_enum_match_arm, reason = "only the 64-bit unsigned element is written differently")]

use super::context::{Cx, Lane, Rows};
use super::expr::Scope;
use crate::encode::{NamedExpr, Type};
use crate::physical::{Check, Driver, DriverColumn, Op, OrderPart, Stage};
use crate::stablehlo::{Direction, Element, Value};
use dj_runtime::artifact::{StatusKind, StatusSite};
use dj_runtime::expr::ColumnId;
use dj_runtime::types::Bounds;
use std::collections::BTreeMap;

/// The arguments of a step that belong to the chunk.
pub(crate) struct ChunkInputs<'c> {
    /// The columns that are on the device.
    pub(crate) columns: BTreeMap<ColumnId, Lane<'c>>,
    /// How many rows there are: `i32`.
    pub(crate) rows: Value<'c>,
    /// The number of the first one in its source: `i64`.
    pub(crate) start: Value<'c>,
    /// Where the window of an expanding step begins: `i64`.
    pub(crate) offset: Option<Value<'c>>,
}

/// The element of a part of the rows' order.
pub(crate) fn order_element(part: OrderPart) -> Element {
    match part {
        OrderPart::Driver | OrderPart::Match => Element::S32,
        OrderPart::Row => Element::S64,
    }
}

/// The integers that a column of a type may hold in a chunk; `None` for booleans.
///
/// An element that is narrower than the type's own holds fewer: the host checks every value that it narrows.
fn held_by(element: Element, ty: Type) -> Option<(i128, i128)> {
    let (least, most) = ty.integer_range()?;
    let bits = 8 * element.bytes();
    let (low, high) = match element {
        Element::S8 | Element::S16 | Element::S32 | Element::S64 => (-(1_i128 << (bits - 1)), (1 << (bits - 1)) - 1),
        Element::U8 | Element::U16 | Element::U32 | Element::U64 => (0, (1_i128 << bits) - 1),
        Element::Pred | Element::F32 | Element::F64 => unreachable!("integers are not held as {element}"),
    };
    Some((least.max(low), most.min(high)))
}

impl<'c> Cx<'_, 'c> {
    /// The rows of a chunk as they come from the source of the driver of this index.
    pub(crate) fn chunk_rows(&self, stage: &Stage, driver: usize, chunk: &ChunkInputs<'c>) -> Rows<'c> {
        let b = self.b;
        let lanes = stage.chunk_rows as i64;
        let index = b.iota(Element::S32, lanes);
        let active = b.compare(Direction::Lt, index, b.broadcast(chunk.rows, &[lanes]));
        let origin = b.add(b.iota(Element::S64, lanes), b.broadcast(chunk.start, &[lanes]));
        let part = |part: OrderPart| match part {
            OrderPart::Driver => b.full_int(order_element(part), &[lanes], driver as i64),
            OrderPart::Row => origin,
            OrderPart::Match => b.full_int(order_element(part), &[lanes], 0),
        };
        let order = stage.row_order().map_or_else(Vec::new, |order| order.parts().into_iter().map(part).collect());
        let driver = &stage.drivers[driver];
        let rows = Rows { lanes, columns: chunk.columns.clone(), active, dense: true, origin, order };
        for column in &driver.columns {
            for check in &column.checks {
                self.at(check.span, || self.check(&rows, column, check));
            }
        }
        rows
    }

    /// Raises a status for values that lie outside their declared or recorded bounds. NaN lies in no declared range; what a
    /// file records says nothing about it.
    fn check(&self, rows: &Rows<'c>, column: &DriverColumn, check: &Check) {
        let b = self.b;
        let lane = rows.columns[&column.column.id];
        let element = b.element(lane.value);
        let (below, above) = match check.bounds {
            Bounds::Int { lo, hi } => {
                let held = held_by(element, column.column.ty);
                let (least, most) = held.unwrap_or_else(|| unreachable!("(P14) a bool column has bounds"));
                // Limits that no value can reach: where one lies beyond all values, every value is on its other side.
                let limit = |value: i128| match element {
                    Element::U64 => b.constant_uint(element, value.clamp(least, most) as u64),
                    _ => b.constant_int(element, value.clamp(least, most) as i64),
                };
                let all = || b.full_pred(&[rows.lanes], true);
                let beyond = |never: bool, outside: Value<'c>| if never { all() } else { outside };
                let below = (least < lo).then(|| beyond(lo > most, b.compare(Direction::Lt, lane.value, limit(lo))));
                let above = (hi < most).then(|| beyond(hi < least, b.compare(Direction::Gt, lane.value, limit(hi))));
                (below, above)
            }
            Bounds::Float { lo, hi } => {
                let limit = |value| b.constant_float(element, value);
                let below = b.compare(Direction::Lt, lane.value, limit(lo));
                let above = b.compare(Direction::Gt, lane.value, limit(hi));
                let nan = check.declared.then(|| b.compare(Direction::Ne, lane.value, lane.value));
                (Some(nan.map_or(below, |nan| b.or(below, nan))), Some(above))
            }
        };
        let Some(outside) = [below, above].into_iter().flatten().reduce(|x, y| b.or(x, y)) else { return };
        let outside = b.and(outside, rows.active);
        let outside = lane.valid.map_or(outside, |valid| b.and(outside, valid));
        let site = if check.declared {
            StatusSite {
                kind: StatusKind::Contract,
                span: check.span,
                message: format!("a value of `{}` lies outside its declared domain", check.name),
                help: Some("correct the data, or widen the domain in the table's declaration".to_owned()),
            }
        } else {
            StatusSite {
                kind: StatusKind::Assumption,
                span: check.span,
                message: format!("a value of `{}` lies outside the bounds recorded at compile time", check.name),
                help: None,
            }
        };
        self.raise_with(site, outside, rows.origin);
    }

    /// The rows after every operation of a driver; with a many-to-many join, those of the window at `offset`, and the
    /// total number of rows that the chunk gives.
    pub(crate) fn run_ops(
        &self,
        rows: Rows<'c>,
        driver: &Driver,
        chunk: &ChunkInputs<'c>,
    ) -> (Rows<'c>, Option<Value<'c>>) {
        let mut rows = rows;
        let mut total = None;
        for op in &driver.ops {
            match op {
                Op::Filter(predicate) => {
                    let passes = || self.b.and(rows.active, self.truth(Scope::of(&rows), predicate));
                    rows.active = self.at(predicate.span, passes);
                    rows.dense = false;
                }
                Op::Project(items) => self.derive(&mut rows, items),
                Op::Probe(probe) => {
                    let (joined, count) = self.at(probe.span, || self.probe(rows, probe, chunk));
                    rows = joined;
                    assert!(total.is_none() || count.is_none(), "a driver's rows are expanded twice in one stage");
                    total = total.or(count);
                }
            }
        }
        (rows, total)
    }

    /// Adds columns to rows; all read them as they were.
    pub(crate) fn derive(&self, rows: &mut Rows<'c>, items: &[NamedExpr]) {
        // A column that the host passes on is not here.
        let is_here = |item: &&NamedExpr| item.expr.as_column().is_none_or(|source| rows.columns.contains_key(&source));
        let lane = |item: &NamedExpr| {
            let lane = self.expr(Scope::of(rows), &item.expr);
            let element = self.column_element(item.id, item.expr.ty);
            (item.id, Lane { value: self.to_element(lane.value, element), valid: lane.valid })
        };
        let lanes: Vec<_> = items.iter().filter(is_here).map(lane).collect();
        rows.columns.extend(lanes);
    }

    /// Which lanes are marked, one after the other, and how many: `i32`; what follows these is any lane.
    pub(crate) fn selected(&self, marked: Value<'c>) -> (Value<'c>, Value<'c>) {
        let b = self.b;
        let lanes = b.length(marked);
        let (positions, count) = b.positions(marked);
        let target = b.select(marked, positions, b.full_int(Element::S32, &[lanes], lanes));
        let known = crate::stablehlo::Indices { sorted: false, unique: true };
        let zeros = b.full_int(Element::S32, &[lanes], 0);
        let own = b.iota(Element::S32, lanes);
        (b.scatter(zeros, target, own, crate::stablehlo::Combiner::Set, known), count)
    }

    /// The rows with the active lanes moved to the front, and how many there are: `i32`.
    ///
    /// Only `columns` are moved; the lanes behind the count hold anything.
    pub(crate) fn compact(&self, rows: &Rows<'c>, columns: Vec<Value<'c>>) -> (Vec<Value<'c>>, Value<'c>) {
        let b = self.b;
        if rows.dense {
            return (columns, b.reduce_add(b.convert(rows.active, Element::S32)));
        }
        let (sources, count) = self.selected(rows.active);
        (columns.into_iter().map(|column| b.gather(column, sources)).collect(), count)
    }
}
