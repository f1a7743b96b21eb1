//! Reading and writing rows by index.

use super::builder::Operation;
use super::types::{Class, class};
use super::{Builder, Combiner, Value};

/// What is known of the indices of a [`Builder::scatter`] or [`Builder::gather_with`]. Claims that are false make the
/// result undefined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Indices {
    /// They never decrease.
    pub sorted: bool,
    /// None occurs twice.
    pub unique: bool,
}

impl<'c> Builder<'c> {
    /// Combines `updates` into `operand`: update `i` goes to row `indices[i]`.
    ///
    /// `operand` is `[D]` with updates `[N]`, or `[D, k]` with updates `[N, k]`; `indices` are integers, `[N]` or
    /// `[N, 1]`. **An index outside of `0..D` drops its update**, in silence: use that to mask rows out. With
    /// [`Combiner::Set`] and an index that occurs twice, either update may win.
    #[must_use]
    #[track_caller]
    pub fn scatter(
        &self,
        operand: Value<'c>,
        indices: Value<'c>,
        updates: Value<'c>,
        combiner: Combiner,
        known: Indices,
    ) -> Value<'c> {
        const NAME: &str = "stablehlo.scatter";
        let (ty, update) = (self.ty(operand), self.ty(updates));
        let indices = self.check_rows(NAME, indices);
        let fits = matches!(ty.rank(), 1 | 2)
            && ty.element == update.element
            && update.rank() == ty.rank()
            && update.dims[0] == self.length(indices)
            && update.dims[1..] == ty.dims[1..];
        assert!(fits, "{NAME}: {update} into {ty} at {}", self.ty(indices));
        let scalar = self.type_id(ty.element, []);
        let (region, _) =
            self.region(&[scalar, scalar], |inner, values| vec![inner.combine(combiner, values[0], values[1])]);
        let numbers = match ty.rank() {
            1 => {
                "#stablehlo.scatter<inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>"
            }
            _ => {
                "#stablehlo.scatter<update_window_dims = [1], inserted_window_dims = [0], \
                 scatter_dims_to_operand_dims = [0], index_vector_dim = 1>"
            }
        };
        self.append_single(Operation {
            name: NAME,
            operands: &[operand, indices, updates],
            attributes: &[
                ("scatter_dimension_numbers", self.parsed(numbers)),
                ("indices_are_sorted", self.flag(known.sorted)),
                ("unique_indices", self.flag(known.unique)),
            ],
            regions: vec![region],
            results: &[operand.ty],
        })
    }

    /// Row `indices[i]` of `operand`, for each `i`: `[D]` gives `[N]`, `[D, k]` gives `[N, k]`. **An index outside of
    /// `0..D` is clamped**, in silence; `D` must not be 0.
    #[must_use]
    #[track_caller]
    pub fn gather(&self, operand: Value<'c>, indices: Value<'c>) -> Value<'c> {
        self.gather_with(operand, indices, Indices::default())
    }

    /// As [`Builder::gather`], with what is known of the indices.
    #[must_use]
    #[track_caller]
    pub fn gather_with(&self, operand: Value<'c>, indices: Value<'c>, known: Indices) -> Value<'c> {
        const NAME: &str = "stablehlo.gather";
        let ty = self.ty(operand);
        let indices = self.check_rows(NAME, indices);
        assert!(matches!(ty.rank(), 1 | 2) && ty.dims[0] > 0, "{NAME}: of {ty}");
        let (numbers, sizes) = match ty.dims[..] {
            [_, width] => {
                let numbers = "#stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], \
                               index_vector_dim = 1>";
                (numbers, vec![1, width])
            }
            _ => {
                ("#stablehlo.gather<collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>", vec![1])
            }
        };
        let attributes = [
            ("dimension_numbers", self.parsed(numbers)),
            ("slice_sizes", self.integers(&sizes)),
            ("indices_are_sorted", self.flag(known.sorted)),
        ];
        let mut dims = ty.dims;
        dims[0] = self.length(indices);
        self.op(NAME, &[operand, indices], &attributes, self.type_id(ty.element, dims))
    }

    /// Indices of rows, as `[N]`.
    #[track_caller]
    fn check_rows(&self, name: &str, indices: Value<'c>) -> Value<'c> {
        let ty = self.ty(indices);
        let integer = matches!(class(ty.element), Class::Signed | Class::Unsigned);
        assert!(integer && matches!(ty.dims[..], [_] | [_, 1]), "{name}: indices of type {ty}");
        self.reshape(indices, &ty.dims[..1])
    }
}
