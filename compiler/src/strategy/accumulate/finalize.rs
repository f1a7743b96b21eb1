//! The results of groups.

#![expect(clippy::wildcard_enum_match_arm, reason = "only the wide sum is held in two parts")]

use super::{AccumulatorKind, Accumulators, NOTHING_ADDS, Recipe};
use crate::encode::Type;
use crate::lower::{Cx, Lane, Rows};
use crate::plan::AggregateFunction;
use crate::stablehlo::{Direction, Element, Value};
use dj_runtime::artifact::{StatusKind, StatusSite};

/// The slots of results.
#[derive(Clone, Copy)]
struct Slots<'c> {
    /// Which may raise a status.
    active: Value<'c>,
    /// The row that each belongs to, `i64`, where it does to one.
    rows: Option<Value<'c>>,
}

impl<'c> Cx<'_, 'c> {
    /// The aggregates of every slot; only `active` slots may raise a status.
    pub(in crate::strategy) fn finalize(
        &self,
        accumulators: &Accumulators,
        states: &[Vec<Value<'c>>],
        active: Value<'c>,
    ) -> Vec<Lane<'c>> {
        self.finalize_slots(accumulators, states, Slots { active, rows: None })
    }

    /// The same of slots that each belong to a row.
    pub(in crate::strategy) fn finalize_rows(
        &self,
        accumulators: &Accumulators,
        states: &[Vec<Value<'c>>],
        rows: &Rows<'c>,
    ) -> Vec<Lane<'c>> {
        self.finalize_slots(accumulators, states, Slots { active: rows.active, rows: Some(rows.origin) })
    }

    fn finalize_slots(
        &self,
        accumulators: &Accumulators,
        states: &[Vec<Value<'c>>],
        slots: Slots<'c>,
    ) -> Vec<Lane<'c>> {
        let recipes = accumulators.recipes.iter();
        let one =
            |recipe: &Recipe| self.at(recipe.item.span, || self.finalize_one(accumulators, recipe, states, slots));
        recipes.map(one).collect()
    }

    fn finalize_one(
        &self,
        accumulators: &Accumulators,
        recipe: &Recipe,
        states: &[Vec<Value<'c>>],
        slots: Slots<'c>,
    ) -> Lane<'c> {
        let b = self.b;
        let state = &states[recipe.main];
        let accumulator = &accumulators.all[recipe.main];
        let zero = b.constant_int(Element::S64, 0);
        let counted = recipe.count.map(|count| states[count][0]);
        let some = counted.map(|count| b.compare(Direction::Gt, count, zero));
        let item = &recipe.item;
        let element = self.column_element(item.column.id, item.column.ty);
        let lane = match item.function {
            AggregateFunction::Count => Lane { value: state[0], valid: None },
            AggregateFunction::Sum => {
                let valid = some.filter(|_| item.column.nullable);
                Lane { value: self.sum(accumulator.kind, state, recipe, slots), valid }
            }
            AggregateFunction::Mean => {
                let count = counted.unwrap_or_else(|| unreachable!("a mean counts its values"));
                let sum = self.float_sum(accumulator.kind, state, accumulator.argument().ty);
                let mean = b.divide(sum, b.convert(count, Element::F64));
                Lane { value: mean, valid: some.filter(|_| item.column.nullable) }
            }
            AggregateFunction::Min | AggregateFunction::Max if accumulator.is_text() => {
                Lane { value: b.maximum(state[0], b.constant_int(Element::S32, 0)), valid: some }
            }
            AggregateFunction::Min | AggregateFunction::Max => {
                let element = self.element(accumulator.argument());
                Lane { value: self.decode_order_key(state[0], element), valid: some }
            }
            AggregateFunction::Any | AggregateFunction::All => {
                Lane { value: self.decode_order_key(state[0], Element::Pred), valid: some }
            }
            AggregateFunction::First
            | AggregateFunction::Last
            | AggregateFunction::ArgMin
            | AggregateFunction::ArgMax => {
                self.picked(accumulator.kind, state, accumulators.order.len(), item.column.nullable)
            }
            AggregateFunction::Product => Lane { value: state[0], valid: some },
            AggregateFunction::Quantile
            | AggregateFunction::CountDistinct
            | AggregateFunction::Mode
            | AggregateFunction::StringAgg => unreachable!("{NOTHING_ADDS}"),
            AggregateFunction::Covariance => {
                let one = b.constant_float(Element::F64, 1.0);
                let value = b.divide(state[7], b.subtract(state[0], one));
                Lane { value, valid: Some(b.compare(Direction::Gt, state[0], one)) }
            }
            AggregateFunction::Correlation => {
                let valid = b.compare(Direction::Gt, state[0], b.zero(Element::F64));
                Lane { value: self.correlation(state), valid: Some(valid).filter(|_| item.column.nullable) }
            }
            AggregateFunction::Variance | AggregateFunction::StandardDeviation => {
                self.variance(state, item.function == AggregateFunction::StandardDeviation)
            }
        };
        Lane { value: self.to_element(lane.value, element), valid: lane.valid }
    }

    fn picked(&self, kind: AccumulatorKind, state: &[Value<'c>], order_parts: usize, nullable: bool) -> Lane<'c> {
        let b = self.b;
        let (order, value) = state[kind.key_parts()..].split_at(order_parts);
        let element = b.element(order[0]);
        let found = b.compare(Direction::Ne, order[0], self.filled(element, &[], kind.never(element)));
        let valid = self.both(Some(found), value.get(1).copied());
        Lane { value: value[0], valid: valid.filter(|_| nullable) }
    }

    /// NaN where a side does not vary.
    fn correlation(&self, state: &[Value<'c>]) -> Value<'c> {
        let b = self.b;
        // The root of each side by itself: the product of the squares may be infinite, or zero.
        let spread = b.multiply(b.sqrt(state[3]), b.sqrt(state[6]));
        let one = b.constant_float(Element::F64, 1.0);
        let least = b.constant_float(Element::F64, -1.0);
        let share = b.divide(state[7], spread);
        // Comparisons leave a NaN as it is, in whatever way they are compiled.
        let at_most = b.select(b.compare(Direction::Gt, share, one), b.broadcast(one, &b.dims(share)), share);
        b.select(b.compare(Direction::Lt, share, least), b.broadcast(least, &b.dims(share)), at_most)
    }

    /// Of a sample; null for fewer than two values.
    fn variance(&self, state: &[Value<'c>], root: bool) -> Lane<'c> {
        let b = self.b;
        let one = b.constant_float(Element::F64, 1.0);
        let variance = b.divide(state[3], b.subtract(state[0], one));
        let value = if root { b.sqrt(variance) } else { variance };
        Lane { value, valid: Some(b.compare(Direction::Gt, state[0], one)) }
    }

    /// The sum as its type has it; what does not fit is an error.
    fn sum(&self, kind: AccumulatorKind, state: &[Value<'c>], recipe: &Recipe, slots: Slots<'c>) -> Value<'c> {
        let b = self.b;
        let ty = recipe.item.column.ty;
        let (value, wrapped) = match kind {
            AccumulatorKind::WideSum => {
                let shift = b.full_int(Element::S64, &b.dims(state[0]), 32);
                let high = b.add(state[1], b.shift_right_arithmetic(state[0], shift));
                let low = b.and(state[0], b.full_int(Element::S64, &b.dims(state[0]), 0xffff_ffff));
                let above = b.compare(Direction::Gt, high, b.constant_int(Element::S64, i32::MAX.into()));
                let below = b.compare(Direction::Lt, high, b.constant_int(Element::S64, i32::MIN.into()));
                (b.or(b.shift_left(high, shift), low), Some(b.or(above, below)))
            }
            AccumulatorKind::WholeSum => {
                // What wrapped once is negative, and what wrapped more often is 2^64 at least.
                let once = b.compare(Direction::Lt, state[0], b.zero(Element::S64));
                let more = b.compare(Direction::Gt, state[1], b.constant_float(Element::F64, 1.5 * 2_f64.powi(63)));
                (state[0], Some(b.or(once, more)))
            }
            _ => (state[0], None),
        };
        let outside = if ty.is_float() { None } else { self.outside(value, ty) };
        let failed = [wrapped, outside].into_iter().flatten().reduce(|x, y| b.or(x, y));
        if let Some(failed) = failed {
            let rows = slots.rows.unwrap_or_else(|| b.iota(Element::S64, b.length(value)));
            let site = StatusSite {
                kind: if slots.rows.is_some() { StatusKind::Overflow } else { StatusKind::Total },
                span: recipe.item.span,
                message: format!("overflow: `{}` does not fit {ty}", self.quote(recipe.item.span)),
                help: Some("sum a float: `sum(x as f64)`".to_owned()),
            };
            self.raise_with(site, b.and(slots.active, failed), rows);
        }
        value
    }

    /// The sum as f64, for a mean.
    fn float_sum(&self, kind: AccumulatorKind, state: &[Value<'c>], ty: Type) -> Value<'c> {
        let b = self.b;
        if kind != AccumulatorKind::WideSum {
            let scale = if kind == AccumulatorKind::FloatSum { Type::F64 } else { ty };
            return self.to_f64(state[0], scale);
        }
        let high = b.multiply(b.convert(state[1], Element::F64), b.constant_float(Element::F64, 4_294_967_296.0));
        let sum = b.add(high, b.convert(state[0], Element::F64));
        if ty.scale() == 0 { sum } else { self.divide_by(sum, 10_f64.powi(ty.scale().into())) }
    }

    /// The inverse of [`crate::lower::order_key`].
    fn decode_order_key(&self, key: Value<'c>, element: Element) -> Value<'c> {
        let b = self.b;
        match element {
            Element::Pred => b.compare(Direction::Ne, key, b.constant_uint(Element::U64, 0)),
            Element::U8 | Element::U16 | Element::U32 => b.convert(key, element),
            Element::U64 => key,
            Element::S8 | Element::S16 | Element::S32 | Element::S64 => {
                let bits = 8 * element.bytes() as u32;
                let offset = b.constant_int(Element::S64, if bits == 64 { i64::MIN } else { -(1 << (bits - 1)) });
                self.to_element(b.add(b.bitcast(key, Element::S64), offset), element)
            }
            Element::F32 | Element::F64 => {
                let (signed, unsigned) =
                    if element == Element::F32 { (Element::S32, Element::U32) } else { (Element::S64, Element::U64) };
                let key = b.bitcast(self.to_element(key, unsigned), signed);
                // A key with the top bit belongs to a positive number.
                let positive = b.compare(Direction::Lt, key, b.zero(signed));
                let bits = b.select(positive, b.xor(key, b.least(signed)), b.not(key));
                b.bitcast(bits, element)
            }
        }
    }
}
