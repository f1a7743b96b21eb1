//! Columns as tensors: of the rows of a chunk, and of rows that a state keeps.

use super::context::{Cx, Lane, Rows};
use crate::encode::{Expr, SchemaColumn, SortKey};
use crate::lower::expr::Scope;
use crate::lower::keys::WordKey;
use crate::stablehlo::{Direction, Element, Value};
use crate::strategy::{KeyDim, MAX_RUNGS};
use dj_runtime::artifact::{CapacityKind, Init};
use dj_runtime::expr::{Failure, failure};
use std::collections::BTreeMap;

/// How many there are of so many times so many, if 63 bits count them.
pub(crate) fn product(dims: &[i64]) -> Option<i64> {
    dims.iter().try_fold(1_i64, |all, length| all.checked_mul(*length))
}

impl<'c> Cx<'_, 'c> {
    /// Values and validities of columns, in order; a nullable column always has a validity.
    pub(crate) fn columns_of(&self, rows: &Rows<'c>, schema: &[SchemaColumn]) -> Vec<Value<'c>> {
        schema.iter().flat_map(|column| self.column_tensors(rows.columns[&column.id], column)).collect()
    }

    /// The tensors of one column.
    pub(crate) fn column_tensors(&self, lane: Lane<'c>, column: &SchemaColumn) -> Vec<Value<'c>> {
        let value = self.to_element(lane.value, self.column_element(column.id, column.ty));
        if !column.nullable {
            return vec![value];
        }
        let valid = lane.valid.unwrap_or_else(|| self.b.full_pred(&self.b.dims(value), true));
        vec![value, valid]
    }

    /// The rows of buffers of a length, laid out like [`Cx::columns_of`], of which `count` are live.
    pub(crate) fn buffered_rows(
        &self,
        schema: &[SchemaColumn],
        tensors: &[Value<'c>],
        count: Value<'c>,
        lanes: i64,
    ) -> Rows<'c> {
        let b = self.b;
        let mut rest = tensors;
        let mut columns = BTreeMap::new();
        for column in schema {
            let (mine, others) = rest.split_at(1 + usize::from(column.nullable));
            columns.insert(column.id, Lane { value: mine[0], valid: mine.get(1).copied() });
            rest = others;
        }
        let active = b.compare(Direction::Lt, b.iota(Element::S32, lanes), b.broadcast(count, &[lanes]));
        let origin = b.iota(Element::S64, lanes);
        Rows { lanes, columns, active, dense: true, origin, order: vec![] }
    }

    /// The elements of columns laid out like [`Cx::columns_of`].
    pub(crate) fn column_elements(&self, schema: &[SchemaColumn]) -> Vec<Element> {
        let mut elements = Vec::new();
        for column in schema {
            elements.push(self.column_element(column.id, column.ty));
            elements.extend(column.nullable.then_some(Element::Pred));
        }
        elements
    }

    /// The rows of buffers at every rung: two chunks, so that there is room for another one behind what is there.
    pub(crate) fn buffer_dims(&self, chunk_rows: usize) -> Vec<Vec<i64>> {
        let base = chunk_rows.checked_mul(2).and_then(usize::checked_next_power_of_two);
        let base = base.unwrap_or_else(|| panic!("a chunk of {chunk_rows} rows is too large to buffer"));
        let mut interface = self.interface.borrow_mut();
        let capacity = interface.capacity(base.max(16), CapacityKind::Rows);
        (0..MAX_RUNGS).map(|rung| vec![interface.size(capacity, rung) as i64]).collect()
    }

    /// The slots of keys at every rung.
    pub(crate) fn slot_dims(&self, dims: &[KeyDim]) -> Vec<Vec<i64>> {
        (0..MAX_RUNGS).map(|rung| dims.iter().map(|dim| self.key_slots(dim, rung)).collect()).collect()
    }

    /// A tensor of an initial value.
    pub(crate) fn filled(&self, element: Element, dims: &[i64], init: Init) -> Value<'c> {
        match init {
            Init::Zero => self.zeros(element, dims),
            Init::Bits(bits) if matches!(element, Element::U8 | Element::U16 | Element::U32 | Element::U64) => {
                self.b.full_uint(element, dims, bits)
            }
            Init::Bits(bits) if element == Element::F64 => self.b.full_float(element, dims, f64::from_bits(bits)),
            Init::Bits(bits) if element.bytes() == 4 => self.b.full_int(element, dims, i64::from(bits as u32 as i32)),
            Init::Bits(bits) => self.b.full_int(element, dims, bits as i64),
        }
    }

    /// Raises what goes wrong in expressions that are computed of the rows in the end only, while it is known which row it is.
    pub(crate) fn raise_early<'e>(&self, rows: &Rows<'c>, exprs: impl IntoIterator<Item = &'e Expr>) {
        self.raise_early_in(Scope::of(rows), exprs);
    }

    /// The same of what only the rows count for on which a filter is true.
    pub(crate) fn raise_early_where(&self, rows: &Rows<'c>, filter: Option<&Expr>, exprs: &[Expr]) {
        let Some(filter) = filter else { return self.raise_early(rows, exprs) };
        let scope = Scope::of(rows);
        let holds = self.truth(scope, filter);
        self.raise_early_in(scope.only(self, holds), exprs);
    }

    /// The same on the rows of a scope.
    pub(crate) fn raise_early_in<'e>(&self, scope: Scope<'_, 'c>, exprs: impl IntoIterator<Item = &'e Expr>) {
        let known = |id| self.lowering.variant.facts.interval(id);
        for expr in exprs.into_iter().filter(|expr| !matches!(failure(expr, &known), Failure::Impossible(_))) {
            self.expr(scope, expr);
        }
    }

    /// The sort keys of every row.
    pub(crate) fn sort_keys(&self, rows: &Rows<'c>, keys: &[SortKey]) -> Vec<WordKey<'c>> {
        let key = |key: &SortKey| WordKey {
            lane: self.expr(Scope::of(rows), &key.expr),
            interval: self.interval(&key.expr),
            descending: key.descending,
            nulls_first: key.expr.nullable.then_some(key.nulls_first),
        };
        keys.iter().map(key).collect()
    }
}
