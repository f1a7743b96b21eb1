//! Codes back to text, for people to read: the inverse of [`super::encode`].

use super::dictionaries::Dictionaries;
use super::form::{Expr as Code, ExprKind as CodeKind, Scalar as CodeScalar, Type as CodeType};
use crate::plan::Written;
use dj_runtime::artifact::HostTableKind;
use dj_runtime::expr::{Expr, ExprKind, Scalar};
use std::borrow::Cow;

impl Dictionaries {
    /// An expression as the program wrote it: codes become literals, tables the functions that they hold, and ranks what
    /// is ranked.
    pub fn decoded(&self, expr: &Code) -> Expr {
        let boxed = |operand: &Code| Box::new(self.decoded(operand));
        let all = |operands: &[Code]| operands.iter().map(|operand| self.decoded(operand)).collect::<Vec<_>>();
        let kind = match &expr.kind {
            CodeKind::Column(id) => ExprKind::Column(*id),
            CodeKind::Literal(value) => ExprKind::Literal(self.text(value, expr.ty)),
            CodeKind::Param(param) => ExprKind::Param(*param),
            CodeKind::Cell { plan, column } => ExprKind::Cell { plan: *plan, column: *column },
            CodeKind::Table { table, column } => return self.decoded_table(*table, self.decoded(column)),
            CodeKind::Negate(operand) => ExprKind::Negate(boxed(operand)),
            CodeKind::Not(operand) => ExprKind::Not(boxed(operand)),
            CodeKind::Arithmetic(op, left, right) => ExprKind::Arithmetic(*op, boxed(left), boxed(right)),
            CodeKind::Compare(op, left, right) => ExprKind::Compare(*op, boxed(left), boxed(right)),
            CodeKind::And(operands) => ExprKind::And(all(operands)),
            CodeKind::Or(operands) => ExprKind::Or(all(operands)),
            CodeKind::IsNull(operand) => ExprKind::IsNull(boxed(operand)),
            CodeKind::Coalesce(operands) => ExprKind::Coalesce(all(operands)),
            CodeKind::Case { arms, otherwise } => ExprKind::Case {
                arms: arms.iter().map(|(when, then)| (self.decoded(when), self.decoded(then))).collect(),
                otherwise: otherwise.as_deref().map(boxed),
            },
            CodeKind::InList { operand, list } => ExprKind::InList {
                operand: boxed(operand),
                list: list.iter().map(|value| self.text(value, operand.ty)).collect(),
            },
            CodeKind::Like { pattern, .. } => match *pattern {},
            CodeKind::Cast { operand, or_null } => ExprKind::Cast { operand: boxed(operand), or_null: *or_null },
            CodeKind::Call(function, operands) => ExprKind::Call(*function, all(operands)),
        };
        Expr { kind, ty: expr.ty.written(), nullable: expr.nullable, span: expr.span }
    }

    fn decoded_table(&self, table: usize, base: Expr) -> Expr {
        match &self.host_tables[table].kind {
            HostTableKind::Rank | HostTableKind::Unrank => base,
            HostTableKind::Function { expr, .. } => {
                expr.clone().rewrite(&mut |part| if part.as_column().is_some() { base.clone() } else { part })
            }
        }
    }

    fn text(&self, value: &CodeScalar, ty: CodeType) -> Scalar {
        match (value, ty) {
            (CodeScalar::Null, _) => Scalar::Null,
            (CodeScalar::Bool(value), _) => Scalar::Bool(*value),
            (CodeScalar::Int(value), _) => Scalar::Int(*value),
            (CodeScalar::Float(value), _) => Scalar::Float(*value),
            (CodeScalar::Unit(unit), _) => Scalar::str(unit.name()),
            (CodeScalar::Code(code), CodeType::Code(domain)) => Scalar::str(&self.domains[domain].literals[*code]),
            (CodeScalar::Code(code), _) => unreachable!("(E4) code {code} of type {ty:?}, which has no dictionary"),
        }
    }
}

impl Written<super::Encoded> for Dictionaries {
    fn written<'a>(&self, expr: &'a Code) -> Cow<'a, Expr> {
        Cow::Owned(self.decoded(expr))
    }
}
