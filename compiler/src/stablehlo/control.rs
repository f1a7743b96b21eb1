//! Loops and branches. Bodies may use values from outside.

use super::builder::Operation;
use super::{Builder, Direction, Element, Value};

impl<'c> Builder<'c> {
    /// Repeats `body` while `condition` holds, starting with `starts`; the body returns as many values of the same types.
    #[track_caller]
    pub fn while_loop(
        &self,
        starts: &[Value<'c>],
        condition: impl FnOnce(&Builder<'c>, &[Value<'c>]) -> Value<'c>,
        body: impl FnOnce(&Builder<'c>, &[Value<'c>]) -> Vec<Value<'c>>,
    ) -> Vec<Value<'c>> {
        const NAME: &str = "stablehlo.while";
        let types: Vec<_> = starts.iter().map(|start| start.ty).collect();
        let (condition, holds) = self.region(&types, |inner, values| vec![condition(inner, values)]);
        assert!(holds == [self.type_id(Element::Pred, [])], "{NAME}: the condition is no scalar i1");
        let (body, returned) = self.region(&types, body);
        assert!(returned == types, "{NAME}: the body's results differ in type from the start values");
        self.append(Operation {
            name: NAME,
            operands: starts,
            attributes: &[],
            regions: vec![condition, body],
            results: &types,
        })
    }

    /// Repeats `body` for each `i32` index in `0..count` (a scalar `i32`), carrying values from one turn to the next.
    #[track_caller]
    pub fn for_range(
        &self,
        count: Value<'c>,
        starts: &[Value<'c>],
        body: impl FnOnce(&Builder<'c>, Value<'c>, &[Value<'c>]) -> Vec<Value<'c>>,
    ) -> Vec<Value<'c>> {
        let zero = self.constant_int(Element::S32, 0);
        let carried: Vec<_> = [zero, count].into_iter().chain(starts.iter().copied()).collect();
        let condition = |inner: &Builder<'c>, values: &[Value<'c>]| inner.compare(Direction::Lt, values[0], values[1]);
        let step = |inner: &Builder<'c>, values: &[Value<'c>]| {
            let next = inner.add(values[0], inner.constant_int(Element::S32, 1));
            let mut results = vec![next, values[1]];
            results.extend(body(inner, values[0], &values[2..]));
            results
        };
        self.while_loop(&carried, condition, step).split_off(2)
    }

    /// What `then` returns if the scalar `predicate` holds, else what `otherwise` does; only one of them runs.
    #[track_caller]
    pub fn if_then_else(
        &self,
        predicate: Value<'c>,
        then: impl FnOnce(&Builder<'c>) -> Vec<Value<'c>>,
        otherwise: impl FnOnce(&Builder<'c>) -> Vec<Value<'c>>,
    ) -> Vec<Value<'c>> {
        const NAME: &str = "stablehlo.if";
        let ty = self.ty(predicate);
        assert!(ty.element == Element::Pred && ty.rank() == 0, "{NAME}: the predicate is {ty}");
        let (then, results) = self.region(&[], |inner, _| then(inner));
        let (otherwise, others) = self.region(&[], |inner, _| otherwise(inner));
        assert!(results == others, "{NAME}: the branches return different types");
        self.append(Operation {
            name: NAME,
            operands: &[predicate],
            attributes: &[],
            regions: vec![then, otherwise],
            results: &results,
        })
    }
}
