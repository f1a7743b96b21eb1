//! Floats kept as they are computed: XLA simplifies them as if they were real numbers.
//!
//! `(a / b) / c` becomes `a / (b * c)`, `x + 1.0 + 1.0` becomes `x + 2.0`, `a / exp(b)` becomes `a * exp(-b)`, `log(exp(x))` becomes
//! `x`: results that round otherwise, or are finite where the program's overflow. A barrier between the two operations keeps
//! them, and keeps them from being fused, so that there is one only where XLA would look through.

use super::{Builder, Value};
use melior::ir::ValueLike;
use melior::ir::operation::{OperationLike, OperationRef, OperationResult};

/// Operations that XLA merges with the quotient, product, power or logarithm that reads them.
const MERGED: [&str; 7] = [
    "stablehlo.divide",
    "stablehlo.exponential",
    "stablehlo.power",
    "stablehlo.sqrt",
    "stablehlo.rsqrt",
    "stablehlo.cbrt",
    "stablehlo.log",
];

/// Operations that XLA merges with one of the same kind, if both have a constant.
const SUMS: [&str; 2] = ["stablehlo.add", "stablehlo.subtract"];

/// What reads an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// A sum or a difference.
    Sum,
    /// A product.
    Product,
    /// A quotient.
    Quotient,
    /// A power, a root, a logarithm or another function.
    Function,
}

impl<'c> Builder<'c> {
    /// The operands of a float operation, so that it is computed of just these.
    #[must_use]
    pub fn kept<const N: usize>(&self, reader: Reader, operands: [Value<'c>; N]) -> [Value<'c>; N] {
        let any_constant = operands.iter().any(|operand| is_constant(*operand));
        operands.map(|operand| {
            let looks_through = made_by(operand).is_some_and(|(name, of_constant)| match reader {
                Reader::Sum => SUMS.contains(&name.as_str()) && of_constant && any_constant,
                Reader::Product => {
                    MERGED.contains(&name.as_str()) || (name == "stablehlo.multiply" && of_constant && any_constant)
                }
                Reader::Quotient => MERGED.contains(&name.as_str()),
                Reader::Function => MERGED.contains(&name.as_str()) || name == "stablehlo.multiply",
            });
            if looks_through { self.optimization_barrier(&[operand])[0] } else { operand }
        })
    }
}

/// The operation that makes a value, and whether one of its operands is constant; none for an argument.
fn made_by(value: Value<'_>) -> Option<(String, bool)> {
    let operation = maker(value.raw)?;
    let of_constant = operation.operands().any(|operand| constant(operand));
    Some((name_of(&operation), of_constant))
}

fn is_constant(value: Value<'_>) -> bool {
    constant(value.raw)
}

/// A constant, also one that is broadcast.
fn constant(value: melior::ir::Value<'_, '_>) -> bool {
    let Some(operation) = maker(value) else { return false };
    match name_of(&operation).as_str() {
        "stablehlo.constant" => true,
        "stablehlo.broadcast_in_dim" => operation.operands().all(constant),
        _ => false,
    }
}

fn maker<'c, 'a>(value: melior::ir::Value<'c, 'a>) -> Option<OperationRef<'c, 'a>> {
    if value.is_block_argument() {
        return None;
    }
    OperationResult::try_from(value).ok().map(|result| result.owner())
}

fn name_of(operation: &OperationRef<'_, '_>) -> String {
    operation.name().as_string_ref().as_str().map_or_else(|_| String::new(), str::to_owned)
}
