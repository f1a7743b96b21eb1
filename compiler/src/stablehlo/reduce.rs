//! Reductions, and the combiners that they share with scatters, scans and collectives.

use super::builder::Operation;
use super::types::{Class, class};
use super::{Builder, Element, Value};

/// An associative way to make one value of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Combiner {
    /// Sum; integers wrap.
    Add,
    /// Product; integers wrap.
    Multiply,
    /// The smaller one; NaN if either is.
    Min,
    /// The larger one; NaN if either is.
    Max,
    /// Bitwise or logical and.
    And,
    /// Bitwise or logical or.
    Or,
    /// The later one, where there is an order; in a scatter any one of those with the same index. Not for reductions.
    Set,
}

impl<'c> Builder<'c> {
    /// Combines two values of one type elementwise.
    #[must_use]
    #[track_caller]
    pub fn combine(&self, combiner: Combiner, left: Value<'c>, right: Value<'c>) -> Value<'c> {
        match combiner {
            Combiner::Add => self.add(left, right),
            Combiner::Multiply => self.multiply(left, right),
            Combiner::Min => self.minimum(left, right),
            Combiner::Max => self.maximum(left, right),
            Combiner::And => self.and(left, right),
            Combiner::Or => self.or(left, right),
            Combiner::Set => right,
        }
    }

    /// The scalar that changes nothing when combined.
    #[must_use]
    #[track_caller]
    pub fn neutral(&self, combiner: Combiner, element: Element) -> Value<'c> {
        match combiner {
            Combiner::Add | Combiner::Or => self.zero(element),
            Combiner::Multiply => self.one(element),
            Combiner::Min => self.greatest(element),
            Combiner::Max => self.least(element),
            Combiner::And => match class(element) {
                Class::Pred | Class::Signed | Class::Unsigned => self.scalar(element, u64::MAX),
                Class::Float => panic!("And: not of {element}"),
            },
            Combiner::Set => panic!("Set has no neutral value"),
        }
    }

    /// Reduces several tensors of one shape together over `dims`. Each comes with its scalar start value; `body` gets
    /// the accumulators and the elements, as many of each, all scalars, and returns the new accumulators. It must be
    /// associative, and may not use values from outside but constants.
    #[track_caller]
    pub fn reduce(
        &self,
        operands: &[(Value<'c>, Value<'c>)],
        dims: &[i64],
        body: impl FnOnce(&Builder<'c>, &[Value<'c>], &[Value<'c>]) -> Vec<Value<'c>>,
    ) -> Vec<Value<'c>> {
        const NAME: &str = "stablehlo.reduce";
        let Some(&(first, _)) = operands.first() else { panic!("{NAME}: of nothing") };
        let shape = self.dims(first);
        assert!(dims.iter().all(|&dim| (dim as usize) < shape.len()), "{NAME}: {} over {dims:?}", self.ty(first));
        let kept: Vec<i64> =
            (0..shape.len()).filter(|&dim| !dims.contains(&(dim as i64))).map(|dim| shape[dim]).collect();
        for &(operand, start) in operands {
            let (ty, start) = (self.ty(operand), self.ty(start));
            assert!(ty.dims == shape && start.rank() == 0 && start.element == ty.element, "{NAME}: {ty} from {start}");
        }
        let starts: Vec<_> = operands.iter().map(|&(_, start)| start).collect();
        let scalars: Vec<_> = starts.iter().map(|start| start.ty).collect();
        let parameters = [&scalars[..], &scalars[..]].concat();
        let (region, returned) = self.region(&parameters, |inner, values| {
            let (accumulators, elements) = values.split_at(operands.len());
            body(inner, accumulators, elements)
        });
        assert!(returned == scalars, "{NAME}: the body's results differ in type from the start values");
        let all: Vec<_> = operands.iter().map(|&(operand, _)| operand).chain(starts).collect();
        let results: Vec<_> =
            operands.iter().map(|&(operand, _)| self.type_id(self.element(operand), &kept[..])).collect();
        self.append(Operation {
            name: NAME,
            operands: &all,
            attributes: &[("dimensions", self.integers(dims))],
            regions: vec![region],
            results: &results,
        })
    }

    /// Combines the elements of one tensor along `dims`.
    #[must_use]
    #[track_caller]
    pub fn reduce_with(&self, combiner: Combiner, operand: Value<'c>, dims: &[i64]) -> Value<'c> {
        let start = self.neutral(combiner, self.element(operand));
        let reduced = self.reduce(&[(operand, start)], dims, |inner, accumulators, elements| {
            vec![inner.combine(combiner, accumulators[0], elements[0])]
        });
        reduced[0]
    }

    /// The sum of all elements, as a scalar; integers wrap.
    #[must_use]
    #[track_caller]
    pub fn reduce_add(&self, operand: Value<'c>) -> Value<'c> {
        self.reduce_all(Combiner::Add, operand)
    }

    /// The largest of all elements, as a scalar; NaN if there is one; the least value of no elements.
    #[must_use]
    #[track_caller]
    pub fn reduce_max(&self, operand: Value<'c>) -> Value<'c> {
        self.reduce_all(Combiner::Max, operand)
    }

    /// The smallest of all elements, as a scalar; NaN if there is one; the greatest value of no elements.
    #[must_use]
    #[track_caller]
    pub fn reduce_min(&self, operand: Value<'c>) -> Value<'c> {
        self.reduce_all(Combiner::Min, operand)
    }

    /// Whether any element holds, or the union of their bits, as a scalar.
    #[must_use]
    #[track_caller]
    pub fn reduce_or(&self, operand: Value<'c>) -> Value<'c> {
        self.reduce_all(Combiner::Or, operand)
    }

    /// Whether all elements hold, or the intersection of their bits, as a scalar.
    #[must_use]
    #[track_caller]
    pub fn reduce_and(&self, operand: Value<'c>) -> Value<'c> {
        self.reduce_all(Combiner::And, operand)
    }

    #[track_caller]
    fn reduce_all(&self, combiner: Combiner, operand: Value<'c>) -> Value<'c> {
        let dims: Vec<i64> = (0..self.rank(operand) as i64).collect();
        self.reduce_with(combiner, operand, &dims)
    }
}
