//! Codes back to text, for people to read: the inverse of [`super::encode`].

use super::Strings;
use dj_runtime::artifact::HostTableKind;
use dj_runtime::expr::{Expr, ExprKind, Scalar};
use dj_runtime::types::Type;

impl Strings {
    /// An expression as the program wrote it: codes become literals, tables the functions that they hold, and ranks what
    /// is ranked.
    ///
    /// `domain` is that of the column which the expression becomes, if that is text.
    pub fn decoded(&self, expr: &Expr, domain: Option<usize>) -> Expr {
        if let ExprKind::Table { table, column } = &expr.kind {
            return self.decoded_table(*table, self.decoded(column, None));
        }
        let mut expr = expr.clone();
        let own = self.domain_of_expr(&expr).or(domain);
        let mut below = own;
        if let ExprKind::Literal(value) = &mut expr.kind {
            if expr.ty == Type::Str {
                self.decode(value, own);
            }
        } else if let ExprKind::Compare(_, left, right) = &expr.kind {
            below = self.domain_of_expr(left).or_else(|| self.domain_of_expr(right));
        } else if let ExprKind::InList { operand, list } = &mut expr.kind {
            below = self.domain_of_expr(operand);
            if operand.ty == Type::Str {
                list.iter_mut().for_each(|value| self.decode(value, below));
            }
        }
        for operand in expr.operands_mut() {
            *operand = self.decoded(operand, below);
        }
        expr
    }

    fn decoded_table(&self, table: usize, base: Expr) -> Expr {
        match &self.host_tables[table].kind {
            HostTableKind::Rank | HostTableKind::Unrank => base,
            HostTableKind::Function { expr, .. } => {
                expr.clone().rewrite(&mut |part| if part.as_column().is_some() { base.clone() } else { part })
            }
        }
    }

    fn decode(&self, value: &mut Scalar, domain: Option<usize>) {
        let Scalar::Int(code) = value else { return };
        let text =
            domain.zip(usize::try_from(*code).ok()).and_then(|(domain, code)| self.domains[domain].literals.get(code));
        if let Some(text) = text {
            *value = Scalar::Str(text.as_str().into());
        }
    }
}
