//! Three-valued logic and conditionals: what is not chosen is not active.

use super::Scope;
use crate::encode::{Expr, Scalar};
use crate::lower::context::{Cx, Lane};
use crate::stablehlo::{Direction, Element, Value};

/// Longer lists of integers are searched instead of being compared one by one.
const LONG_LIST: usize = 16;

impl<'c> Cx<'_, 'c> {
    /// `and`: false if any is false, null if any is null, else true.
    pub(super) fn conjunction(&self, scope: Scope<'_, 'c>, operands: &[Expr]) -> Lane<'c> {
        self.connective(scope, operands, false)
    }

    /// `or`: true if any is true, null if any is null, else false.
    pub(super) fn disjunction(&self, scope: Scope<'_, 'c>, operands: &[Expr]) -> Lane<'c> {
        self.connective(scope, operands, true)
    }

    /// `and` and `or` are each other's dual: an operand that is `decisive` decides, and later ones are no longer active.
    fn connective(&self, scope: Scope<'_, 'c>, operands: &[Expr], decisive: bool) -> Lane<'c> {
        let b = self.b;
        let mut decided = b.full_pred(&[scope.rows.lanes], false);
        let mut all_valid = None;
        for operand in operands {
            let lane = self.expr(scope.only(self, b.not(decided)), operand);
            let hit = if decisive { lane.value } else { b.not(lane.value) };
            let hit = lane.valid.map_or(hit, |valid| b.and(hit, valid));
            decided = b.or(decided, hit);
            all_valid = self.both(all_valid, lane.valid);
        }
        let value = if decisive { decided } else { b.not(decided) };
        Lane { value, valid: all_valid.map(|valid| b.or(decided, valid)) }
    }

    /// The first operand that is not null.
    pub(super) fn coalesce(&self, scope: Scope<'_, 'c>, operands: &[Expr], expr: &Expr) -> Lane<'c> {
        let b = self.b;
        let element = self.element(expr);
        let mut result: Option<Lane<'c>> = None;
        for operand in operands {
            let scope = match result {
                Some(Lane { valid: Some(valid), .. }) => scope.only(self, b.not(valid)),
                Some(_) => break,
                None => scope,
            };
            let lane = self.expr(scope, operand);
            let lane = Lane { value: self.to_element(lane.value, element), ..lane };
            result = Some(match result {
                Some(Lane { value, valid: Some(valid) }) => Lane {
                    value: b.select(valid, value, lane.value),
                    valid: lane.valid.map(|other| b.or(valid, other)),
                },
                _ => lane,
            });
        }
        result.unwrap_or_else(|| self.null(scope, element))
    }

    /// The value of the first arm whose condition is true.
    pub(super) fn case(
        &self,
        scope: Scope<'_, 'c>,
        arms: &[(Expr, Expr)],
        otherwise: Option<&Expr>,
        expr: &Expr,
    ) -> Lane<'c> {
        let b = self.b;
        let element = self.element(expr);
        let mut rest = scope;
        let mut chosen = Vec::new();
        for (condition, value) in arms {
            let holds = self.truth(rest, condition);
            chosen.push((holds, self.expr(rest.only(self, holds), value)));
            rest = rest.only(self, b.not(holds));
        }
        let mut result = otherwise.map_or_else(|| self.null(scope, element), |value| self.expr(rest, value));
        result.value = self.to_element(result.value, element);
        for (holds, lane) in chosen.into_iter().rev() {
            let value = b.select(holds, self.to_element(lane.value, element), result.value);
            let valid = match (lane.valid, result.valid) {
                (None, None) => None,
                (then, otherwise) => {
                    let all = b.full_pred(&[scope.rows.lanes], true);
                    Some(b.select(holds, then.unwrap_or(all), otherwise.unwrap_or(all)))
                }
            };
            result = Lane { value, valid };
        }
        result
    }

    /// Whether the operand equals one of a list of literals.
    pub(super) fn in_list(&self, scope: Scope<'_, 'c>, operand: &Expr, list: &[Scalar]) -> Lane<'c> {
        let b = self.b;
        let lane = self.expr(scope, operand);
        let mut found = b.full_pred(&[scope.rows.lanes], false);
        let values: Vec<&Scalar> = list.iter().filter(|value| !value.is_null()).collect();
        let number = |value: &&Scalar| value.as_int().and_then(|value| i64::try_from(value).ok());
        match values.iter().map(number).collect::<Option<Vec<_>>>() {
            Some(numbers) if numbers.len() > LONG_LIST => found = self.is_one_of(lane.value, numbers),
            Some(_) | None => {
                for value in values {
                    found = b.or(found, self.equals_literal(lane.value, operand, value));
                }
            }
        }
        // A null in the list makes every miss null.
        let holds_null = list.iter().any(Scalar::is_null).then_some(found);
        Lane { value: found, valid: self.both(lane.valid, holds_null) }
    }

    /// Whether integers are among `numbers`: by binary search, because every comparison is compiled and run.
    fn is_one_of(&self, value: Value<'c>, mut numbers: Vec<i64>) -> Value<'c> {
        let b = self.b;
        numbers.sort_unstable();
        numbers.dedup();
        // What no signed integer is equals none of them.
        let large = (b.element(value) == Element::U64).then(|| {
            let most = b.constant_uint(Element::U64, i64::MAX.cast_unsigned());
            b.compare(Direction::Gt, value, most)
        });
        let value = self.to_element(value, Element::S64);
        let table = b.vector_int(Element::S64, &numbers);
        let last = b.constant_int(Element::S32, numbers.len() as i64 - 1);
        // The last position whose number is not greater, or 0.
        let mut at = b.full_int(Element::S32, &b.dims(value), 0);
        let mut step = numbers.len().next_power_of_two() as i64;
        while step > 1 {
            step /= 2;
            let next = b.minimum(b.add(at, b.constant_int(Element::S32, step)), last);
            let is_there = b.compare(Direction::Le, b.gather(table, next), value);
            at = b.select(is_there, next, at);
        }
        let found = b.compare(Direction::Eq, b.gather(table, at), value);
        large.map_or(found, |large| b.and(found, b.not(large)))
    }

    fn equals_literal(&self, value: Value<'c>, operand: &Expr, literal: &Scalar) -> Value<'c> {
        let b = self.b;
        let element = b.element(value);
        match literal {
            Scalar::Bool(true) => value,
            Scalar::Bool(false) => b.not(value),
            Scalar::Float(number) if number.is_nan() => b.is_nan(value),
            Scalar::Float(number) => b.compare(Direction::Eq, value, b.constant_float(element, *number)),
            Scalar::Int(number) => {
                let held =
                    self.interval(operand).is_none_or(|interval| interval.lo <= *number && *number <= interval.hi);
                match (held, element) {
                    (false, _) => b.full_pred(&b.dims(value), false),
                    (true, Element::U64) => b.compare(Direction::Eq, value, b.constant_uint(element, *number as u64)),
                    (true, _) => b.compare(Direction::Eq, value, b.constant_int(element, *number as i64)),
                }
            }
            Scalar::Code(code) => b.compare(Direction::Eq, value, b.constant_int(element, *code as i64)),
            Scalar::Null => b.full_pred(&b.dims(value), false),
            Scalar::Unit(unit) => unreachable!("`{}` is a unit of time, and no value", unit.name()),
        }
    }

    /// Null on every lane.
    pub(super) fn null(&self, scope: Scope<'_, 'c>, element: Element) -> Lane<'c> {
        let dims = [scope.rows.lanes];
        Lane { value: self.zeros(element, &dims), valid: Some(self.b.full_pred(&dims, false)) }
    }
}
