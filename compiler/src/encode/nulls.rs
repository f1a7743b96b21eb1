//! What is null of an encoded program, compared with the program before (E10).
//!
//! Null is a value of every type, so no type tells a literal that was lost from one that was null. But encoding leaves every
//! expression where it was in the source, and nothing becomes null by it.

use super::EncodedProgram;
use super::form::{Expr, ExprKind};
use super::join_texts::joins_texts;
use crate::plan::{Plan, Program, VerifyError};
use dj_grammar::Span;
use dj_runtime::expr::{ExprKind as Written, Scalar};
use std::collections::BTreeSet;

/// The places of a program where null may stand.
struct Places {
    /// Of expressions that may be null.
    nullable: BTreeSet<Span>,
    /// Of lists that hold a null.
    lists: BTreeSet<Span>,
}

/// Checks that what is null of the encoded program may be null in the program that was encoded.
pub(super) fn verify(encoded: &EncodedProgram, source: &Program) -> Result<(), VerifyError> {
    let places = places(source);
    let mut lost = None;
    encoded.program.walk(&mut |plan| {
        plan.walk_own_expressions(&mut |expr| {
            if !places.hold(expr) {
                lost.get_or_insert_with(|| {
                    VerifyError(format!("(E10) null, which it was not before: {:?}", expr.kind))
                });
            }
        });
    });
    lost.map_or(Ok(()), Err)
}

fn places(source: &Program) -> Places {
    let mut places = Places { nullable: BTreeSet::new(), lists: BTreeSet::new() };
    source.walk(&mut |plan| {
        if let Plan::Aggregate(aggregate) = plan {
            // A text that its filter leaves out is null to those who join the others.
            let left_out = aggregate.aggregates.iter().filter(|item| joins_texts(item) && item.filter.is_some());
            places.nullable.extend(left_out.flat_map(|item| &item.arguments).map(|argument| argument.span));
        }
        plan.walk_own_expressions(&mut |expr| {
            if expr.nullable {
                places.nullable.insert(expr.span);
            }
            if matches!(&expr.kind, Written::InList { list, .. } if list.iter().any(Scalar::is_null)) {
                places.lists.insert(expr.span);
            }
        });
    });
    places
}

impl Places {
    /// Whether an encoded expression is null, or a list with a null, only where one was.
    fn hold(&self, expr: &Expr) -> bool {
        let at_one_of = |places: &BTreeSet<Span>| expr.nullable && places.contains(&expr.span);
        if expr.as_literal().is_some_and(super::Scalar::is_null) {
            return at_one_of(&self.nullable);
        }
        let has_null = matches!(&expr.kind, ExprKind::InList { list, .. } if list.iter().any(super::Scalar::is_null));
        !has_null || at_one_of(&self.lists)
    }
}
