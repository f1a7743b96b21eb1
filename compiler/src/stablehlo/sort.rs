//! Sorting.

use super::builder::Operation;
use super::{Builder, Direction, Value};

impl<'c> Builder<'c> {
    /// Sorts vectors of one length together, ascending by the first `keys` of them, compared lexicographically; the
    /// others are carried along. Floats are in IEEE's total order (see [`Builder::compare_total`]).
    ///
    /// One vector alone takes XLA:CPU's fast path, which is six times faster than any other comparator.
    #[must_use]
    #[track_caller]
    pub fn sort(&self, operands: &[Value<'c>], keys: usize, stable: bool) -> Vec<Value<'c>> {
        const NAME: &str = "stablehlo.sort";
        assert!(0 < keys && keys <= operands.len(), "{NAME}: {keys} keys of {} operands", operands.len());
        let dims = self.dims(operands[0]);
        for &operand in operands {
            let ty = self.ty(operand);
            assert!(ty.rank() == 1 && ty.dims == dims, "{NAME}: {} and {ty}", self.ty(operands[0]));
        }
        let parameters: Vec<_> =
            operands.iter().flat_map(|&operand| [self.type_id(self.element(operand), []); 2]).collect();
        let (region, _) = self.region(&parameters, |inner, values| {
            let last = 2 * (keys - 1);
            let mut before = inner.compare_total(Direction::Lt, values[last], values[last + 1]);
            for key in (0..keys - 1).rev() {
                let (left, right) = (values[2 * key], values[2 * key + 1]);
                let tie = inner.and(inner.compare_total(Direction::Eq, left, right), before);
                before = inner.or(inner.compare_total(Direction::Lt, left, right), tie);
            }
            vec![before]
        });
        let results: Vec<_> = operands.iter().map(|operand| operand.ty).collect();
        self.append(Operation {
            name: NAME,
            operands,
            attributes: &[("dimension", self.integer(64, 0)), ("is_stable", self.flag(stable && operands.len() > 1))],
            regions: vec![region],
            results: &results,
        })
    }
}
