//! Functions of one text column become tables over its dictionary.

#![expect(clippy::wildcard_enum_match_arm, reason = "only a few forms need a look into the text")]

use super::is_text;
use dj_grammar::Span;
use dj_runtime::expr::{ColumnId, CompareOp, Expr, ExprKind, Function, Scalar, eval, eval_constant};
use dj_runtime::types::Type;

/// Longer lists of text are looked up in a table instead of being compared code by code.
const LONG_LIST: usize = 8;

/// A table whose domain is not known yet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PendingTable {
    /// The text expression whose codes address it.
    pub(super) base: Expr,
    /// What it computes of column 0; `None` for ranks.
    pub(super) function: Option<Expr>,
}

/// The tables found so far, by index.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// Each different from the others, spans aside.
    pub(super) tables: Vec<PendingTable>,
}

impl Pending {
    /// Replaces the functions of text in an expression. A text key of an order becomes its rank.
    pub(super) fn extract(&mut self, expr: Expr, is_order: bool) -> Expr {
        if let Some(literal) = constant(&expr) {
            return literal;
        }
        if is_order && is_text(&expr) {
            let base = self.extract(expr, false);
            return self.table(base, None, Type::I32);
        }
        if is_order_of_texts(&expr) {
            let ExprKind::Compare(op, left, right) = expr.kind else { return expr };
            let left = self.extract(*left, true);
            let right = self.extract(*right, true);
            let kind = ExprKind::Compare(op, Box::new(left), Box::new(right));
            return Expr { kind, ..expr_shell(expr.ty, expr.nullable, expr.span) };
        }
        if needs_host(&expr) {
            return self.extract_function(expr);
        }
        let mut expr = expr;
        for operand in expr.operands_mut() {
            *operand = self.extract(operand.take(), false);
        }
        expr
    }

    fn extract_function(&mut self, expr: Expr) -> Expr {
        let Some(base) = only_base(&expr).cloned() else {
            unreachable!("functions of several texts are hoisted: {expr:?}")
        };
        let stripped = base.without_spans();
        let (ty, span) = (expr.ty, expr.span);
        let mut function = replace(expr, &stripped);
        // A null text is handled on the device, so the table's own nulls are those of failed conversions and the like.
        function.nullable = function_is_nullable(&function);
        let base = self.extract(base, false);
        let on_null = eval(&function, &mut |_| Scalar::Null).ok().filter(|value| !value.is_null());
        let mut table = self.table(base.clone(), Some(function), ty);
        table.span = span;
        let Some(on_null) = on_null.filter(|_| base.nullable) else { return table };
        // A function that skips nulls (`concat`) has a value where there is no text.
        let is_null = Expr { kind: ExprKind::IsNull(Box::new(base)), ..expr_shell(Type::Bool, false, span) };
        let nullable = matches!(&table.kind, ExprKind::Table { table, .. }
            if self.tables[*table].function.as_ref().is_some_and(|function| function.nullable));
        let arms = vec![(is_null, Expr::literal(on_null, ty, span))];
        let kind = ExprKind::Case { arms, otherwise: Some(Box::new(table)) };
        Expr { kind, ..expr_shell(ty, nullable, span) }
    }

    fn table(&mut self, base: Expr, function: Option<Expr>, ty: Type) -> Expr {
        let wanted = (base.without_spans(), function.as_ref().map(Expr::without_spans));
        let same = |table: &PendingTable| {
            (table.base.without_spans(), table.function.as_ref().map(Expr::without_spans)) == wanted
        };
        let nullable = base.nullable || function.as_ref().is_some_and(|function| function.nullable);
        let span = base.span;
        let table = self.tables.iter().position(same).unwrap_or_else(|| {
            self.tables.push(PendingTable { base: base.clone(), function });
            self.tables.len() - 1
        });
        Expr { kind: ExprKind::Table { table, column: Box::new(base) }, ..expr_shell(ty, nullable, span) }
    }
}

fn expr_shell(ty: Type, nullable: bool, span: Span) -> Expr {
    Expr { ty, nullable, ..Expr::bool(false, span) }
}

/// The value of an expression that has to do with text and reads nothing.
fn constant(expr: &Expr) -> Option<Expr> {
    let mut reads = false;
    let mut has_text = false;
    expr.walk(&mut |part| {
        reads |= matches!(
            part.kind,
            ExprKind::Column(_) | ExprKind::Param(_) | ExprKind::Cell { .. } | ExprKind::Table { .. }
        );
        has_text |= part.ty == Type::Str;
    });
    if reads || !has_text || matches!(expr.kind, ExprKind::Literal(_)) {
        return None;
    }
    let value = eval_constant(expr).ok()?;
    Some(Expr::literal(value, expr.ty, expr.span))
}

/// `a < b` of two texts, neither a literal.
fn is_order_of_texts(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Compare(op, left, right)
        if !matches!(op, CompareOp::Equal | CompareOp::NotEqual) && is_text(left) && is_text(right))
}

/// Whether the host must compute the expression because it looks into a text.
fn needs_host(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Call(_, operands) => operands.iter().any(is_text),
        ExprKind::Like { .. } => true,
        ExprKind::Cast { operand, .. } => is_text(operand) || expr.ty == Type::Str,
        ExprKind::InList { operand, list } => is_text(operand) && list.len() > LONG_LIST,
        ExprKind::Compare(op, left, right) => {
            !matches!(op, CompareOp::Equal | CompareOp::NotEqual) && (is_text(left) || is_text(right))
        }
        ExprKind::Column(_)
        | ExprKind::Literal(_)
        | ExprKind::Param(_)
        | ExprKind::Cell { .. }
        | ExprKind::Table { .. }
        | ExprKind::Negate(_)
        | ExprKind::Not(_)
        | ExprKind::Arithmetic(..)
        | ExprKind::And(_)
        | ExprKind::Or(_)
        | ExprKind::IsNull(_)
        | ExprKind::Coalesce(_)
        | ExprKind::Case { .. } => false,
    }
}

/// Whether an expression looks into texts and is no function of one text alone, so that no table over a dictionary holds
/// its values.
pub(in crate::physical) fn is_for_host(expr: &Expr) -> bool {
    needs_host(expr) && !is_order_of_texts(expr) && only_base(expr).is_none() && constant(expr).is_none()
}

/// The text that a host function reads, if it reads one and nothing else.
fn only_base(expr: &Expr) -> Option<&Expr> {
    let mut bases = Vec::new();
    collect_bases(expr, &mut bases)?;
    let (first, others) = bases.split_first()?;
    let wanted = first.without_spans();
    others.iter().all(|other| other.without_spans() == wanted).then_some(*first)
}

/// The texts that a host function reads: those that no host function makes. `None` where it reads something else.
fn collect_bases<'a>(expr: &'a Expr, bases: &mut Vec<&'a Expr>) -> Option<()> {
    match &expr.kind {
        ExprKind::Literal(_) => {}
        _ if needs_host(expr) => {
            expr.operands().into_iter().try_for_each(|operand| collect_bases(operand, bases))?;
        }
        _ if expr.ty == Type::Str => bases.push(expr),
        _ => return None,
    }
    Some(())
}

fn replace(expr: Expr, base: &Expr) -> Expr {
    if expr.without_spans() == *base {
        return Expr::column(ColumnId(0), Type::Str, false, expr.span);
    }
    let mut expr = expr;
    for operand in expr.operands_mut() {
        *operand = replace(operand.take(), base);
    }
    expr
}

/// Whether a function gives null for some text.
fn function_is_nullable(expr: &Expr) -> bool {
    let mut nullable = false;
    expr.walk(&mut |part| {
        nullable |= match &part.kind {
            ExprKind::Cast { or_null, .. } => *or_null,
            ExprKind::Literal(value) => value.is_null(),
            ExprKind::InList { list, .. } => list.iter().any(dj_runtime::expr::Scalar::is_null),
            _ => false,
        }
    });
    nullable
}

/// Whether computing the function may fail for some text.
pub(super) fn can_fail(expr: &Expr) -> bool {
    let mut fails = false;
    expr.walk(&mut |part| {
        fails |= matches!(&part.kind, ExprKind::Cast { or_null: false, operand } if operand.ty == Type::Str)
            || matches!(&part.kind, ExprKind::Call(Function::Lpad | Function::Rpad, _));
    });
    fails
}
