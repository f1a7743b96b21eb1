//! Expressions to StableHLO: every lane computes, and only active lanes may raise a status.

mod arithmetic;
mod calendar;
mod cast;
mod compare;
mod dates;
mod function;
mod hash;
mod integers;
mod logic;

pub(crate) use compare::{order_bits, order_key};

use super::context::{Cx, Lane, Rows, cell_source};
use crate::encode::{Expr, ExprKind, Scalar, Type};
use crate::stablehlo::{Element, Value};
use dj_runtime::artifact::{CapacityKind, HostTableKind, Resident, ScalarInput, ScalarSource, StatusKind, StatusSite};
use dj_runtime::expr::{self as host, makes_longer};

/// Where an expression is evaluated: on which rows, and which lanes may raise a status.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'r, 'c> {
    /// The rows.
    pub(crate) rows: &'r Rows<'c>,
    /// The lanes whose result is wanted.
    pub(crate) active: Value<'c>,
}

impl<'r, 'c> Scope<'r, 'c> {
    /// All active lanes of the rows.
    pub(crate) fn of(rows: &'r Rows<'c>) -> Self {
        Self { rows, active: rows.active }
    }

    /// The scope restricted to some lanes.
    pub(crate) fn only(self, cx: &Cx<'_, 'c>, lanes: Value<'c>) -> Self {
        Self { active: cx.b.and(self.active, lanes), ..self }
    }
}

/// An integer of so many digits is a float exactly.
const EXACT_DIGITS: u8 = 15;

/// A float times this, less the float that remains of the product without it, is its upper half (Veltkamp's splitting: 2^27 + 1).
const SPLIT: f64 = 134_217_729.0;

impl<'c> Cx<'_, 'c> {
    /// The value of an expression on every lane.
    pub(crate) fn expr(&self, scope: Scope<'_, 'c>, expr: &Expr) -> Lane<'c> {
        self.at(expr.span, || self.expr_here(scope, expr))
    }

    fn expr_here(&self, scope: Scope<'_, 'c>, expr: &Expr) -> Lane<'c> {
        match &expr.kind {
            ExprKind::Column(id) => scope.rows.columns[id],
            ExprKind::Literal(value) => self.literal(scope, value, self.element(expr)),
            ExprKind::Param(index) => {
                let nullable = self.lowering.program.params[*index].field.nullable;
                let element = self.element(expr);
                self.broadcast_scalar(scope, ScalarInput { source: ScalarSource::Param(*index), element, nullable })
            }
            ExprKind::Cell { plan, column } => self.cell(scope, *plan, *column, expr),
            ExprKind::Table { table, column } => self.table(scope, *table, column, expr),
            ExprKind::Negate(operand) => self.negate(scope, operand, expr),
            ExprKind::Not(operand) => {
                let operand = self.expr(scope, operand);
                Lane { value: self.b.not(operand.value), valid: operand.valid }
            }
            ExprKind::Arithmetic(op, left, right) => self.arithmetic(scope, *op, left, right, expr),
            ExprKind::Compare(op, left, right) => self.compare(scope, *op, left, right),
            ExprKind::And(operands) => self.conjunction(scope, operands),
            ExprKind::Or(operands) => self.disjunction(scope, operands),
            ExprKind::IsNull(operand) => {
                let operand = self.expr(scope, operand);
                let lanes = [scope.rows.lanes];
                let value = operand.valid.map_or_else(|| self.b.full_pred(&lanes, false), |valid| self.b.not(valid));
                Lane { value, valid: None }
            }
            ExprKind::Coalesce(operands) => self.coalesce(scope, operands, expr),
            ExprKind::Case { arms, otherwise } => self.case(scope, arms, otherwise.as_deref(), expr),
            ExprKind::InList { operand, list } => self.in_list(scope, operand, list),
            ExprKind::Cast { operand, or_null } => self.cast(scope, operand, *or_null, expr),
            ExprKind::Call(function, operands) => self.call(scope, *function, operands, expr),
            ExprKind::Like { pattern, .. } => match *pattern {},
        }
    }

    fn literal(&self, scope: Scope<'_, 'c>, value: &Scalar, element: Element) -> Lane<'c> {
        let dims = [scope.rows.lanes];
        let constant = match value {
            Scalar::Null => {
                return Lane { value: self.zeros(element, &dims), valid: Some(self.b.full_pred(&dims, false)) };
            }
            Scalar::Bool(value) => self.b.full_pred(&dims, *value),
            Scalar::Float(value) => self.b.full_float(element, &dims, *value),
            Scalar::Int(value) if element == Element::U64 => self.b.full_uint(element, &dims, *value as u64),
            Scalar::Int(value) => self.b.full_int(element, &dims, *value as i64),
            Scalar::Code(code) => self.b.full_int(element, &dims, *code as i64),
            Scalar::Unit(unit) => unreachable!("`{}` is a unit of time, and no value", unit.name()),
        };
        Lane { value: constant, valid: None }
    }

    fn broadcast_scalar(&self, scope: Scope<'_, 'c>, input: ScalarInput) -> Lane<'c> {
        let scalar = self.scalar(input);
        let dims = [scope.rows.lanes];
        let spread = |value| self.b.broadcast(value, &dims);
        Lane { value: spread(scalar.value), valid: scalar.valid.map(spread) }
    }

    fn cell(&self, scope: Scope<'_, 'c>, plan: usize, column: dj_runtime::expr::ColumnId, expr: &Expr) -> Lane<'c> {
        let element = self.column_element(column, expr.ty);
        // A result without rows gives null, whatever its column's own nullability.
        let source = cell_source(self.lowering, plan, column);
        self.broadcast_scalar(scope, ScalarInput { source, element, nullable: true })
    }

    /// The entries of a host table at the codes of a text column.
    fn table(&self, scope: Scope<'_, 'c>, table: usize, column: &Expr, expr: &Expr) -> Lane<'c> {
        let codes = self.expr(scope, column);
        let tensors = self.host_table(table);
        let spec = &self.lowering.dictionaries.host_tables[table];
        let value = self.b.gather(tensors[0], codes.value);
        let entry_valid = spec.nullable.then(|| self.b.gather(tensors[1], codes.value));
        if spec.can_fail {
            let failed = self.b.gather(tensors[1 + usize::from(spec.nullable)], codes.value);
            let quoted = self.quote(expr.span);
            let message = match &spec.kind {
                HostTableKind::Function { expr, .. } if makes_longer(expr) => {
                    format!(
                        "a text becomes too long, has nothing to be filled with or cannot be converted in `{quoted}`"
                    )
                }
                HostTableKind::Function { .. } | HostTableKind::Rank | HostTableKind::Unrank => {
                    format!("a text cannot be converted in `{quoted}`")
                }
            };
            let help = match &spec.kind {
                HostTableKind::Function { expr, .. } if matches!(expr.kind, host::ExprKind::Cast { .. }) => {
                    Some(format!("write `as? {}` to get null where a text cannot be converted", expr.ty))
                }
                HostTableKind::Function { expr, .. } if is_strptime(expr) => {
                    Some("write `try_strptime` to get null where a text is not as the format says".to_owned())
                }
                HostTableKind::Function { .. } | HostTableKind::Rank | HostTableKind::Unrank => None,
            };
            let lanes = self.b.and(scope.active, failed);
            let lanes = codes.valid.map_or(lanes, |valid| self.b.and(lanes, valid));
            let site = StatusSite { kind: StatusKind::Cast, span: expr.span, message, help };
            self.raise_with(site, lanes, scope.rows.origin);
        }
        Lane { value, valid: self.both(codes.valid, entry_valid) }
    }

    /// The tensors of a host table, resident at the capacity of its dictionary.
    pub(crate) fn host_table(&self, table: usize) -> Vec<Value<'c>> {
        let domain = self.lowering.dictionaries.host_tables[table].domain;
        let capacity = self.dictionary_capacity(domain);
        self.resident(Resident::HostTable { table, capacity })
    }

    /// The index of the capacity that holds a dictionary.
    pub(crate) fn dictionary_capacity(&self, domain: usize) -> usize {
        let base = self.lowering.dictionaries.capacity(domain).max(self.interface.borrow().least_dictionary);
        self.interface.borrow_mut().capacity(base, CapacityKind::Dictionary(domain))
    }

    /// Valid where both are.
    pub(crate) fn both(&self, a: Option<Value<'c>>, b: Option<Value<'c>>) -> Option<Value<'c>> {
        match (a, b) {
            (Some(a), Some(b)) => Some(self.b.and(a, b)),
            (a, b) => a.or(b),
        }
    }

    /// The operands of what is null where any of them is, and where none is.
    fn strict(&self, scope: Scope<'_, 'c>, operands: &[Expr]) -> (Vec<Lane<'c>>, Option<Value<'c>>) {
        let lanes: Vec<_> = operands.iter().map(|operand| self.expr(scope, operand)).collect();
        let valid = lanes.iter().fold(None, |valid, lane| self.both(valid, lane.valid));
        (lanes, valid)
    }

    /// The lanes on which a condition is true.
    pub(crate) fn truth(&self, scope: Scope<'_, 'c>, condition: &Expr) -> Value<'c> {
        let lane = self.expr(scope, condition);
        lane.valid.map_or(lane.value, |valid| self.b.and(lane.value, valid))
    }

    /// The value converted to an element; the caller knows that it fits.
    pub(crate) fn to_element(&self, value: Value<'c>, element: Element) -> Value<'c> {
        if self.b.element(value) == element { value } else { self.b.convert(value, element) }
    }

    /// A number as f64: integers and decimals to the nearest.
    pub(crate) fn to_f64(&self, value: Value<'c>, ty: Type) -> Value<'c> {
        let float = self.to_element(value, Element::F64);
        let Type::Decimal { precision, scale: 1.. } = ty else { return float };
        if precision <= EXACT_DIGITS {
            return self.divide_by(float, host::power_of_ten(ty.scale().into()));
        }
        self.wide_decimal_to_f64(value, float, host::power_of_ten(ty.scale().into()))
    }

    /// A scaled integer, of which the nearest float is given too, divided by a power of ten, to the nearest.
    ///
    /// That float over the power would be rounded twice. What the first rounding left out and what the second did (by Dekker's exact
    /// product: A Floating-Point Technique for Extending the Available Precision, 1971) are added to it. Barriers keep each step as it
    /// is written.
    fn wide_decimal_to_f64(&self, value: Value<'c>, float: Value<'c>, power: f64) -> Value<'c> {
        let b = self.b;
        let kept = |value| b.optimization_barrier(&[value])[0];
        let constant = |value| b.constant_float(Element::F64, value);
        let value = self.to_element(value, Element::S64);
        let left_out = b.convert(b.subtract(value, b.convert(float, Element::S64)), Element::F64);
        let quotient = kept(self.divide_by(float, power));
        let (high, low) = {
            let shifted = kept(b.multiply(quotient, constant(SPLIT)));
            let high = b.subtract(shifted, kept(b.subtract(shifted, quotient)));
            (kept(high), kept(b.subtract(quotient, high)))
        };
        let upper = power * SPLIT - (power * SPLIT - power);
        let (power_high, power_low) = (constant(upper), constant(power - upper));
        let product = kept(b.multiply(quotient, constant(power)));
        // Products of halves are exact, and so is each of these sums.
        let mut lost = b.subtract(b.multiply(high, power_high), product);
        for (a, c) in [(high, power_low), (low, power_high), (low, power_low)] {
            lost = kept(b.add(lost, b.multiply(a, c)));
        }
        let rest = kept(b.subtract(kept(b.subtract(float, product)), lost));
        b.add(quotient, self.divide_by(kept(b.add(rest, left_out)), power))
    }

    /// A float divided by a constant, correctly rounded: XLA would multiply by the constant's reciprocal, which is not.
    pub(crate) fn divide_by(&self, value: Value<'c>, divisor: f64) -> Value<'c> {
        let divisor = self.b.constant_float(self.b.element(value), divisor);
        self.b.divide(value, self.b.optimization_barrier(&[divisor])[0])
    }
}

fn is_strptime(expr: &host::Expr) -> bool {
    matches!(expr.kind, host::ExprKind::Call(host::Function::Strptime, _))
}
