//! Operations that move elements without computing.

use super::types::{Class, class};
use super::{Builder, Element, Value};

impl<'c> Builder<'c> {
    /// A scalar, everywhere in a tensor of `dims`.
    #[must_use]
    #[track_caller]
    pub fn broadcast(&self, operand: Value<'c>, dims: &[i64]) -> Value<'c> {
        assert!(self.rank(operand) == 0, "broadcast: {} is no scalar; see broadcast_in_dim", self.ty(operand));
        if dims.is_empty() { operand } else { self.broadcast_in_dim(operand, dims, &[]) }
    }

    /// Dimension `i` of the operand becomes dimension `mapping[i]` of `dims` (or has size 1); others are repeated.
    #[must_use]
    #[track_caller]
    pub fn broadcast_in_dim(&self, operand: Value<'c>, dims: &[i64], mapping: &[i64]) -> Value<'c> {
        let ty = self.ty(operand);
        let fits = ty.rank() == mapping.len()
            && ty
                .dims
                .iter()
                .zip(mapping)
                .all(|(&size, &to)| dims.get(to as usize).is_some_and(|&target| size == target || size == 1));
        assert!(fits, "stablehlo.broadcast_in_dim: {ty} to {dims:?} by {mapping:?}");
        let attributes = [("broadcast_dimensions", self.integers(mapping))];
        self.op("stablehlo.broadcast_in_dim", &[operand], &attributes, self.type_id(ty.element, dims))
    }

    /// The same elements in row-major order under other dimensions.
    #[must_use]
    #[track_caller]
    pub fn reshape(&self, operand: Value<'c>, dims: &[i64]) -> Value<'c> {
        let ty = self.ty(operand);
        if ty.dims == dims {
            return operand;
        }
        assert!(ty.size() == dims.iter().product::<i64>(), "stablehlo.reshape: {ty} to {dims:?}");
        self.op("stablehlo.reshape", &[operand], &[], self.type_id(ty.element, dims))
    }

    /// Per dimension the elements `starts, starts + strides, ..` below `limits`.
    #[must_use]
    #[track_caller]
    pub fn slice(&self, operand: Value<'c>, starts: &[i64], limits: &[i64], strides: &[i64]) -> Value<'c> {
        let ty = self.ty(operand);
        let fits = [starts.len(), limits.len(), strides.len()] == [ty.rank(); 3]
            && (0..ty.rank()).all(|dim| {
                0 <= starts[dim] && starts[dim] <= limits[dim] && limits[dim] <= ty.dims[dim] && strides[dim] > 0
            });
        assert!(fits, "stablehlo.slice: {ty} from {starts:?} to {limits:?} by {strides:?}");
        let dims: Vec<i64> =
            (0..ty.rank()).map(|dim| (limits[dim] - starts[dim] + strides[dim] - 1) / strides[dim]).collect();
        if dims == ty.dims {
            return operand;
        }
        let attributes = [
            ("start_indices", self.integers(starts)),
            ("limit_indices", self.integers(limits)),
            ("strides", self.integers(strides)),
        ];
        self.op("stablehlo.slice", &[operand], &attributes, self.type_id(ty.element, dims))
    }

    /// The elements `start..limit` of the outermost dimension.
    #[must_use]
    #[track_caller]
    pub fn slice_rows(&self, operand: Value<'c>, start: i64, limit: i64) -> Value<'c> {
        let mut limits = self.dims(operand);
        let mut starts = vec![0; limits.len()];
        let strides = vec![1; limits.len()];
        assert!(!limits.is_empty(), "slice_rows: of a scalar");
        (starts[0], limits[0]) = (start, limit);
        self.slice(operand, &starts, &limits, &strides)
    }

    /// The element at the constant position `index` of a vector, as a scalar.
    #[must_use]
    #[track_caller]
    pub fn element_at(&self, operand: Value<'c>, index: i64) -> Value<'c> {
        self.reshape(self.slice(operand, &[index], &[index + 1], &[1]), &[])
    }

    /// The last element of a vector, as a scalar.
    #[must_use]
    #[track_caller]
    pub fn last(&self, operand: Value<'c>) -> Value<'c> {
        self.element_at(operand, self.length(operand) - 1)
    }

    /// The operands one after the other along `dim`.
    #[must_use]
    #[track_caller]
    pub fn concatenate(&self, operands: &[Value<'c>], dim: usize) -> Value<'c> {
        const NAME: &str = "stablehlo.concatenate";
        let types: Vec<_> = operands.iter().map(|&operand| self.ty(operand)).collect();
        let Some(mut ty) = types.first().cloned() else { panic!("{NAME}: of nothing") };
        assert!(dim < ty.rank(), "{NAME}: {ty} along {dim}");
        if let [only] = operands {
            return *only;
        }
        ty.dims[dim] = types.iter().map(|ty| ty.dims.get(dim).copied().unwrap_or(0)).sum();
        for other in &types {
            let fits = other.element == ty.element
                && other.rank() == ty.rank()
                && (0..ty.rank()).all(|at| at == dim || other.dims[at] == ty.dims[at]);
            assert!(fits, "{NAME}: {} and {other} along {dim}", types[0]);
        }
        self.op(NAME, operands, &[("dimension", self.integer(64, dim as i64))], self.intern(&ty))
    }

    /// `low` elements of the scalar `value` before and `high` after, per dimension; a negative number removes elements.
    #[must_use]
    #[track_caller]
    pub fn pad(&self, operand: Value<'c>, value: Value<'c>, low: &[i64], high: &[i64]) -> Value<'c> {
        let ty = self.ty(operand);
        let fits = [low.len(), high.len()] == [ty.rank(); 2]
            && self.rank(value) == 0
            && self.element(value) == ty.element
            && (0..ty.rank()).all(|dim| ty.dims[dim] + low[dim] + high[dim] >= 0);
        assert!(fits, "stablehlo.pad: {ty} with {} by {low:?} and {high:?}", self.ty(value));
        let dims: Vec<i64> = (0..ty.rank()).map(|dim| ty.dims[dim] + low[dim] + high[dim]).collect();
        if low.iter().chain(high).all(|&count| count == 0) {
            return operand;
        }
        let attributes = [
            ("edge_padding_low", self.integers(low)),
            ("edge_padding_high", self.integers(high)),
            ("interior_padding", self.integers(&vec![0; ty.rank()])),
        ];
        self.op("stablehlo.pad", &[operand, value], &attributes, self.type_id(ty.element, dims))
    }

    /// `sizes` elements from the scalar indices `starts`. Indices are clamped so that the slice fits.
    #[must_use]
    #[track_caller]
    pub fn dynamic_slice(&self, operand: Value<'c>, starts: &[Value<'c>], sizes: &[i64]) -> Value<'c> {
        const NAME: &str = "stablehlo.dynamic_slice";
        let ty = self.ty(operand);
        let fits = ty.rank() == sizes.len() && (0..ty.rank()).all(|dim| (0..=ty.dims[dim]).contains(&sizes[dim]));
        assert!(fits, "{NAME}: {sizes:?} of {ty}");
        self.check_indices(NAME, starts, ty.rank());
        let operands: Vec<_> = std::iter::once(operand).chain(starts.iter().copied()).collect();
        self.op(NAME, &operands, &[("slice_sizes", self.integers(sizes))], self.type_id(ty.element, sizes))
    }

    /// The operand with `update` written over it from the scalar indices `starts`. Indices are clamped so that it fits.
    #[must_use]
    #[track_caller]
    pub fn dynamic_update_slice(&self, operand: Value<'c>, update: Value<'c>, starts: &[Value<'c>]) -> Value<'c> {
        const NAME: &str = "stablehlo.dynamic_update_slice";
        let (ty, part) = (self.ty(operand), self.ty(update));
        let fits = ty.element == part.element
            && ty.rank() == part.rank()
            && ty.dims.iter().zip(&part.dims).all(|(whole, part)| part <= whole);
        assert!(fits, "{NAME}: {part} into {ty}");
        self.check_indices(NAME, starts, ty.rank());
        let operands: Vec<_> = [operand, update].into_iter().chain(starts.iter().copied()).collect();
        self.op(NAME, &operands, &[], operand.ty)
    }

    #[track_caller]
    fn check_indices(&self, name: &str, starts: &[Value<'c>], rank: usize) {
        assert!(starts.len() == rank, "{name}: {} indices for rank {rank}", starts.len());
        for &start in starts {
            let ty = self.ty(start);
            let integer = matches!(class(ty.element), Class::Signed | Class::Unsigned);
            assert!(integer && ty.rank() == 0 && start.ty == starts[0].ty, "{name}: index of type {ty}");
        }
    }

    /// The elements backwards along `dims`.
    #[must_use]
    #[track_caller]
    pub fn reverse(&self, operand: Value<'c>, dims: &[i64]) -> Value<'c> {
        let ty = self.ty(operand);
        assert!(dims.iter().all(|&dim| (dim as usize) < ty.rank()), "stablehlo.reverse: {ty} along {dims:?}");
        self.op("stablehlo.reverse", &[operand], &[("dimensions", self.integers(dims))], operand.ty)
    }

    /// Dimension `i` of the result is dimension `permutation[i]` of the operand.
    #[must_use]
    #[track_caller]
    pub fn transpose(&self, operand: Value<'c>, permutation: &[i64]) -> Value<'c> {
        let ty = self.ty(operand);
        let mut sorted = permutation.to_vec();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..ty.rank() as i64), "stablehlo.transpose: {ty} by {permutation:?}");
        let dims: Vec<i64> = permutation.iter().map(|&dim| ty.dims[dim as usize]).collect();
        let attributes = [("permutation", self.integers(permutation))];
        self.op("stablehlo.transpose", &[operand], &attributes, self.type_id(ty.element, dims))
    }

    /// A vector of one element for each scalar, in order.
    #[must_use]
    #[track_caller]
    pub fn pack(&self, scalars: &[Value<'c>]) -> Value<'c> {
        let rows: Vec<_> = scalars.iter().map(|&scalar| self.reshape(scalar, &[1])).collect();
        self.concatenate(&rows, 0)
    }

    /// The product of two matrices, `[m, k]` and `[k, n]`, summed in `result`'s precision.
    #[must_use]
    #[track_caller]
    pub fn matrix_multiply(&self, left: Value<'c>, right: Value<'c>, result: Element) -> Value<'c> {
        const NAME: &str = "stablehlo.dot_general";
        let (left_type, right_type) = (self.ty(left), self.ty(right));
        let fits = [left_type.rank(), right_type.rank()] == [2, 2] && left_type.dims[1] == right_type.dims[0];
        assert!(fits, "{NAME}: {left_type} and {right_type}");
        let numbers = "#stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>";
        let precision = "[#stablehlo<precision HIGHEST>, #stablehlo<precision HIGHEST>]";
        let attributes =
            [("dot_dimension_numbers", self.parsed(numbers)), ("precision_config", self.parsed(precision))];
        let ty = self.type_id(result, [left_type.dims[0], right_type.dims[1]]);
        self.op(NAME, &[left, right], &attributes, ty)
    }
}
