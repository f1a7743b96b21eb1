//! Comparisons, `in` and `like`.

use super::builder::Builder;
use super::codes;
use super::literals::untyped_null;
use super::operators::mismatch;
use super::relation::Scope;
use super::types::{NoCommonType, common_type};
use super::values::{Open, Value};
use dj_grammar::{Diagnostic, Span, ast};
use dj_runtime::expr::{CompareOp, Expr, ExprKind, Scalar};
use dj_runtime::types::Type;

impl<'a> Builder<'a> {
    pub(super) fn compare(&mut self, op: CompareOp, left: Value, right: Value, span: Span) -> Option<Value> {
        if left.is_null() || right.is_null() {
            let is = if op == CompareOp::NotEqual { "is not null" } else { "is null" };
            let other = if left.is_null() { &right } else { &left };
            self.report(
                Diagnostic::error(codes::COMPARED_WITH_NULL, "a comparison with null is null, never true")
                    .label(span, "no row passes this")
                    .help(format!("write `{} {is}`", self.text(other.span()))),
            );
            return None;
        }
        let (left, right) = self.comparable(left, right, span)?;
        let nullable = left.nullable || right.nullable;
        let kind = ExprKind::Compare(op, Box::new(left), Box::new(right));
        Some(Value::typed(Expr { kind, ty: Type::Bool, nullable, span }))
    }

    /// Two sides as they are compared: of one type, or exact numbers that are compared as they are.
    fn comparable(&mut self, left: Value, right: Value, span: Span) -> Option<(Expr, Expr)> {
        if let Some(sides) = exact_sides(&left, &right) {
            return Some(sides);
        }
        match common_type(&[&left, &right]) {
            Ok(ty) => Some((left.convert(ty), right.convert(ty))),
            Err(NoCommonType::AllNull) => {
                self.report(untyped_null(span));
                None
            }
            Err(NoCommonType::Mismatch(..)) => {
                self.report(self.with_date_hint(mismatch("a comparison", &left, &right), &left, &right));
                None
            }
        }
    }

    /// A text literal next to a date is a date literal that lacks its `@`.
    fn with_date_hint(&self, diagnostic: Diagnostic, left: &Value, right: &Value) -> Diagnostic {
        for (time, text) in [(left, right), (right, left)] {
            if let (Some(Type::Date | Type::Timestamp), Some(Scalar::Str(value))) =
                (time.known_type(), text.expr.as_literal())
            {
                return diagnostic.help(format!("a date is written `@2024-01-31`: `@{value}`"));
            }
        }
        diagnostic
    }

    pub(super) fn in_range(
        &mut self,
        scope: &Scope<'_, 'a>,
        operand: &'a ast::Expr,
        lo: &'a ast::Expr,
        hi: &'a ast::Expr,
        span: Span,
    ) -> Option<Expr> {
        let (operand, lo, hi) = (self.expr(scope, operand), self.expr(scope, lo), self.expr(scope, hi));
        let (operand, lo, hi) = (operand?, lo?, hi?);
        let above = self.compare(CompareOp::GreaterEqual, operand.clone(), lo, span)?.expr;
        let below = self.compare(CompareOp::LessEqual, operand, hi, span)?.expr;
        let nullable = above.nullable || below.nullable;
        Some(Expr { kind: ExprKind::And(vec![above, below]), ty: Type::Bool, nullable, span })
    }

    pub(super) fn in_list(
        &mut self,
        scope: &Scope<'_, 'a>,
        operand: &'a ast::Expr,
        list: &'a [ast::Expr],
        span: Span,
    ) -> Option<Expr> {
        let operand = self.expr(scope, operand);
        let items: Vec<_> = list.iter().map(|item| self.expr(scope, item)).collect();
        let operand = operand?;
        let items: Vec<Value> = items.into_iter().collect::<Option<_>>()?;
        if let Some(any) = self.exact_list(&operand, &items, span) {
            return Some(any);
        }
        let all: Vec<&Value> = std::iter::once(&operand).chain(&items).collect();
        let ty = match common_type(&all) {
            Ok(ty) => ty,
            Err(NoCommonType::AllNull) => {
                self.report(untyped_null(operand.span()));
                return None;
            }
            Err(NoCommonType::Mismatch(first, second)) => {
                let diagnostic = mismatch("`in`", all[first], all[second]);
                self.report(self.with_date_hint(diagnostic, all[first], all[second]));
                return None;
            }
        };
        let operand = operand.convert(ty);
        let items: Vec<Expr> = items.into_iter().map(|item| item.convert(ty)).collect();
        let nullable = operand.nullable || items.iter().any(|item| item.nullable);
        let literals: Option<Vec<Scalar>> = items.iter().map(|item| item.as_literal().cloned()).collect();
        let kind = match literals {
            Some(list) => ExprKind::InList { operand: Box::new(operand), list },
            None => ExprKind::Or(items.into_iter().map(|item| equal(operand.clone(), item)).collect()),
        };
        Some(Expr { kind, ty: Type::Bool, nullable, span })
    }

    /// `x in { a, b }` as `x == a or x == b`, where some item is compared exactly without a type that holds both.
    fn exact_list(&mut self, operand: &Value, items: &[Value], span: Span) -> Option<Expr> {
        let is_exact = |item: &Value| {
            // A literal that the operand's type holds is one of a list of that type.
            let held = operand.known_type().is_some_and(|ty| item.open.scalar_of(ty).is_some());
            !held && exact_sides(operand, item).is_some()
        };
        if !items.iter().any(is_exact) {
            return None;
        }
        let sides = items.iter().map(|item| {
            if item.is_null() {
                let null = operand.known_type().map(|ty| item.clone().convert(ty))?;
                return Some((operand.expr.clone(), null));
            }
            let common = || common_type(&[operand, item]).ok();
            exact_sides(operand, item)
                .or_else(|| common().map(|ty| (operand.clone().convert(ty), item.clone().convert(ty))))
        });
        let sides: Vec<(Expr, Expr)> = sides.collect::<Option<_>>()?;
        let nullable = sides.iter().any(|(left, right)| left.nullable || right.nullable);
        let any = sides.into_iter().map(|(left, right)| equal(left, right)).collect();
        Some(Expr { kind: ExprKind::Or(any), ty: Type::Bool, nullable, span })
    }

    pub(super) fn like(
        &mut self,
        scope: &Scope<'_, 'a>,
        operand: &'a ast::Expr,
        pattern: &'a ast::Expr,
        span: Span,
    ) -> Option<Expr> {
        let (operand, pattern) = (self.settled(scope, operand), self.settled(scope, pattern));
        let (operand, pattern) = (operand?, pattern?);
        if operand.ty != Type::Str {
            self.report(
                Diagnostic::error(codes::NO_SUCH_OPERATOR, format!("`like` is not defined for {}", operand.ty))
                    .label(operand.span, format!("this is {}", operand.ty))
                    .help(format!("convert it: `{} as str`", self.text(operand.span))),
            );
            return None;
        }
        let Some(Scalar::Str(text)) = pattern.as_literal() else {
            self.report(
                Diagnostic::error(codes::NOT_CONSTANT, "the pattern of `like` must be a text literal")
                    .label(pattern.span, "this is not a text literal")
                    .help("for a computed part, use `starts_with`, `ends_with` or `contains`"),
            );
            return None;
        };
        let (pattern, nullable) = (text.to_string(), operand.nullable);
        Some(Expr { kind: ExprKind::Like { operand: Box::new(operand), pattern }, ty: Type::Bool, nullable, span })
    }
}

fn equal(left: Expr, right: Expr) -> Expr {
    let (nullable, span) = (left.nullable || right.nullable, right.span);
    let kind = ExprKind::Compare(CompareOp::Equal, Box::new(left), Box::new(right));
    Expr { kind, ty: Type::Bool, nullable, span }
}

/// The sides of a comparison that is exact as it stands: integers without a common type, decimals of different scales,
/// integers and decimals. A fraction next to an exact number is a decimal of its own scale.
fn exact_sides(left: &Value, right: &Value) -> Option<(Expr, Expr)> {
    let (a, b) = (exact_type(left, right)?, exact_type(right, left)?);
    let mixed = a.is_decimal() || b.is_decimal() || a.is_signed_integer() != b.is_signed_integer();
    let keeps = |value: &Value, ty| value.open == Open::No || value.open.scalar_of(ty).is_some();
    let worthwhile = mixed && a != b && super::types::widen(a, b).is_none_or(Type::is_decimal);
    (worthwhile && keeps(left, a) && keeps(right, b)).then(|| (left.clone().convert(a), right.clone().convert(b)))
}

/// The type that a side of an exact comparison keeps.
fn exact_type(value: &Value, other: &Value) -> Option<Type> {
    let exact = |ty: Type| ty.is_integer() || ty.is_decimal();
    match value.open {
        Open::No => Some(value.expr.ty).filter(|ty| exact(*ty)),
        Open::Integer(_) => {
            let other = other.known_type().filter(|ty| exact(*ty))?;
            if value.open.scalar_of(other).is_some() { Some(other) } else { super::types::literal_type(value.open) }
        }
        Open::Fraction(fraction) => {
            let other = other.known_type().filter(|ty| exact(*ty))?;
            if value.open.scalar_of(other).is_some() { Some(other) } else { fraction.decimal_type() }
        }
        Open::Null | Open::Months(_) => None,
    }
}
