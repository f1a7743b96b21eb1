//! `quantile(x, share)` and `median(x)`, which is `quantile(x, 0.5)`.

use super::builder::Builder;
use super::codes;
use super::values::cast_to;
use dj_grammar::{Diagnostic, Span, ast};
use dj_runtime::expr::{Expr, Scalar};
use dj_runtime::types::Type;

/// The aggregate that is a quantile of a share of its own.
pub(super) const MEDIAN: &str = "median";

impl<'a> Builder<'a> {
    /// The arguments of a quantile of some values, of which the call writes the share, unless it is a median.
    pub(super) fn quantile_arguments(
        &mut self,
        values: Expr,
        share: Option<&'a ast::Expr>,
        span: Span,
    ) -> Option<Vec<Expr>> {
        let share = share.map_or(Some(0.5), |share| self.quantile_share(share))?;
        // What is no number is told with the types of all aggregates.
        let values = if values.ty.is_numeric() { cast_to(values, Type::F64) } else { values };
        Some(vec![values, Expr::literal(Scalar::Float(share), Type::F64, span)])
    }

    /// The share of the values that a quantile leaves behind it.
    fn quantile_share(&mut self, share: &'a ast::Expr) -> Option<f64> {
        let scalar = self.constant(share, Type::F64, "the share of a quantile")?;
        let found = if let Scalar::Float(share) = scalar { Some(share) } else { None };
        let found = found.filter(|share| (0.0..=1.0).contains(share));
        if found.is_none() {
            self.report(
                Diagnostic::error(codes::LITERAL_RANGE, "the share of a quantile lies between 0 and 1")
                    .label(share.span, "this does not")
                    .help("the 90th percentile is `quantile(x, 0.9)`"),
            );
        }
        found
    }
}
