//! What exists for every type: `case`, `??`, `least` and `greatest`, functions of the program.
#![expect(clippy::wildcard_enum_match_arm, reason = "what is known is kept as it is")]

use super::Generator;
use crate::random::expr::{Expr, Known, gap};
use crate::random::types::Type;

/// What is known of a value that is one of these.
pub(super) fn either(values: &[Expr]) -> Known {
    let mut all = values.iter().map(|value| match value.known {
        Known::Nothing => value.range().map_or(Known::Nothing, |(lo, hi)| Known::Range(lo, hi)),
        other => other,
    });
    let first = all.next().unwrap_or(Known::Nothing);
    all.fold(first, |known, next| match (known, next) {
        (Known::Rough, _) | (_, Known::Rough) => Known::Rough,
        (Known::Range(a, b), Known::Range(c, d)) => Known::Range(a.min(c), b.max(d)),
        (Known::Binary(a, b), Known::Binary(c, d)) => Known::Binary(a.max(c), b.max(d)),
        (Known::Nothing, _) | (_, Known::Nothing) | (Known::Range(..), _) | (_, Known::Range(..)) => Known::Nothing,
    })
}

impl Generator {
    /// One to three arms, each a condition and a value; some values are literals, some are cases again.
    pub(super) fn case(&mut self, ty: Type, depth: usize) -> Expr {
        let arms = 1 + self.random.below(2);
        let conditions: Vec<Expr> = (0..arms).map(|_| self.condition(depth.max(1))).collect();
        let otherwise = self.random.below(4);
        let count = arms + usize::from(otherwise > 0);
        let values: Vec<Expr> =
            (0..count).map(|_| if self.random.one_in(2) { self.literal(ty) } else { self.expr(ty, depth) }).collect();
        let known = either(&values);
        let values = Expr::bare_beside(values);
        let (mut dj, mut sql) = ("case { ".to_owned(), "(case".to_owned());
        for arm in 0..arms {
            let (condition, value) = (gap(arm), gap(arms + arm));
            dj += &format!("{condition} => {value}, ");
            sql += &format!(" when {condition} then {value}");
        }
        match otherwise {
            0 => {}
            1 if count > 1 && self.random.one_in(4) => {
                dj += &format!("else => {}, ", gap(2 * arms));
                sql += &format!(" else {}", gap(2 * arms));
            }
            _ => {
                dj += &format!("else => {}, ", gap(2 * arms));
                sql += &format!(" else {}", gap(2 * arms));
            }
        }
        let args: Vec<Expr> = conditions.into_iter().chain(values).collect();
        Expr::node(ty, known, dj.trim_end_matches(", ").to_owned() + " }", sql + " end)", args)
    }

    pub(super) fn coalesce(&mut self, ty: Type, depth: usize) -> Expr {
        let count = 2 + usize::from(self.random.one_in(4));
        let values: Vec<Expr> = (0..count).map(|_| self.expr(ty, depth)).collect();
        let known = either(&values);
        let gaps: Vec<String> = (0..count).map(gap).collect();
        let sql = format!("coalesce({})", gaps.join(", "));
        Expr::node(ty, known, format!("({})", gaps.join(" ?? ")), sql, Expr::bare_beside(values))
    }

    /// `least` or `greatest` of some values.
    pub(super) fn extreme(&mut self, ty: Type, depth: usize) -> Expr {
        let name = self.random.pick(&["least", "greatest"]);
        let values: Vec<Expr> = (0..2 + self.random.below(2)).map(|_| self.firm(ty, depth)).collect();
        let known = either(&values);
        let gaps: Vec<String> = (0..values.len()).map(gap).collect();
        let text = format!("{name}({})", gaps.join(", "));
        Expr::node(ty, known, text.clone(), text, Expr::bare_beside(values))
    }

    /// A call of one of the program's functions.
    pub(super) fn call(&mut self, ty: Type, depth: usize) -> Option<Expr> {
        let fitting: Vec<_> = self.functions.iter().filter(|function| function.gives == ty).cloned().collect();
        if fitting.is_empty() {
            return None;
        }
        let function = &fitting[self.random.below(fitting.len())];
        let args: Vec<Expr> = function.takes.iter().map(|ty| self.firm(*ty, depth)).collect();
        let gaps: Vec<String> = (0..args.len()).map(gap).collect();
        Some(Expr::node(
            ty,
            Known::Nothing,
            format!("{}({})", function.name, gaps.join(", ")),
            function.sql.clone(),
            args,
        ))
    }
}
