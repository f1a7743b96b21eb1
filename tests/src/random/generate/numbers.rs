//! Integers, floats and decimals.
#![expect(clippy::wildcard_enum_match_arm, reason = "most types are alike here")]

use super::Generator;
use crate::random::expr::{Expr, Known};
use crate::random::types::{F64, I8, I64, Type};

/// A sum, a difference and a product of ranges.
fn combine(op: &str, (a, b): (i128, i128), (c, d): (i128, i128)) -> (i128, i128) {
    match op {
        "+" => (a + c, b + d),
        "-" => (a - d, b - c),
        _ => {
            let all = [a, b].map(|x| {
                [c, d].map(|y| x.checked_mul(y).unwrap_or(if (x < 0) == (y < 0) { i128::MAX } else { i128::MIN }))
            });
            let all = all.concat();
            (all.iter().copied().min().unwrap_or(0), all.iter().copied().max().unwrap_or(0))
        }
    }
}

const FLOOR_DIVIDE: &str =
    "(case when $b <> 0 then $a // $b - case when $a % $b <> 0 and ($a % $b < 0) <> ($b < 0) then 1 else 0 end end)";
const FLOOR_MODULO: &str =
    "(case when $b <> 0 then $a % $b + case when $a % $b <> 0 and ($a % $b < 0) <> ($b < 0) then $b else 0 end end)";

impl Generator {
    pub(super) fn integer(&mut self, ty: Type, depth: usize) -> Option<Expr> {
        match self.random.below(10) {
            0 if self.random.one_in(2) => self.guarded(ty),
            0..=3 => self.integer_arithmetic(ty, depth),
            4 => self.floor_division(ty, depth),
            5 => self.negation(ty, depth),
            6 => self.integer_cast(ty, depth),
            7 => Some(self.extreme(ty, depth)),
            _ if ty == I64 => self.counted(depth),
            _ if ty == I8 => {
                let of = self.random.pick(&[I64, Type::Signed(16), F64, Type::Decimal(9, 2)]);
                let value = self.firm(of, depth);
                // The sign of NaN is NaN in one engine and 0 in another: it has none here.
                let sql = if of == F64 {
                    "(case when isnan($a) then 0 else sign($a) end)::tinyint"
                } else {
                    "sign($a)::tinyint"
                };
                Some(Expr::node(ty, Known::Range(-1, 1), "sign($a)", sql, [value])).filter(|_| of != F64)
            }
            _ => self.integer_cast(ty, depth),
        }
    }

    fn integer_arithmetic(&mut self, ty: Type, depth: usize) -> Option<Expr> {
        let narrow = self.narrower(ty);
        let (a, b) = (self.expr(ty, depth), self.expr(narrow, depth.min(1)));
        let op = self.random.pick(&["+", "-", "*"]);
        // A literal would take the other's type.
        if a.ty != b.ty && (a.bare.is_some() || b.bare.is_some()) {
            return None;
        }
        let range = combine(op, a.range()?, b.range()?);
        if !ty.holds(range) {
            return None;
        }
        let (a, b, swap) = if self.random.one_in(2) { (a, b, false) } else { (b, a, true) };
        let range = if swap { combine(op, a.range()?, b.range()?) } else { range };
        if !ty.holds(range) {
            return None;
        }
        let sql = format!("($a::{0} {op} $b::{0})", ty.sql());
        let args = if a.ty == b.ty { Expr::bare_beside(vec![a, b]) } else { vec![a, b] };
        Some(Expr::node(ty, Known::Range(range.0, range.1), format!("($a {op} $b)"), sql, args))
    }

    /// A wild column where it is within bounds: the branch that is not taken cannot fail.
    fn guarded(&mut self, ty: Type) -> Option<Expr> {
        let value = self.column(ty)?;
        let (lo, hi) = ty.range()?;
        let (lo, hi) = (lo.max(-10), hi.min(10));
        let literal =
            |value: i128| Expr::leaf(ty, Known::Nothing, format!("({value})"), format!("({value})::{}", ty.sql()));
        let (op, sql) = self.random.pick(&[("* $a", "* $a"), ("+ (100)", "+ 100"), ("+ $a", "+ $a")]);
        let dj = format!("case {{ $a in $b..$c => $a {op} }}");
        let sql = format!("(case when $a between $b and $c then ($a {sql})::{} end)", ty.sql());
        let most = 110.min(ty.range()?.1);
        Some(Expr::node(ty, Known::Range(-most, most), dj, sql, [value, literal(lo), literal(hi)]))
    }

    /// A type that widens to `ty` beside it.
    fn narrower(&mut self, ty: Type) -> Type {
        let all = [8, 16, 32, 64].map(|bits| [Type::Signed(bits), Type::Unsigned(bits)]).concat();
        let fitting: Vec<Type> = all.into_iter().filter(|other| ty.widen_integers(*other) == Some(ty)).collect();
        if self.random.one_in(2) { ty } else { fitting[self.random.below(fitting.len())] }
    }

    fn floor_division(&mut self, ty: Type, depth: usize) -> Option<Expr> {
        let (a, b) = (self.expr(ty, depth), self.leaf(ty));
        let (lo, hi) = a.range()?;
        let least = ty.range()?.0;
        if lo == least && least < 0 && b.range()?.0 <= -1 && b.range()?.1 >= -1 {
            return None;
        }
        let (op, sql) = self.random.pick(&[("//", FLOOR_DIVIDE), ("%", FLOOR_MODULO)]);
        let most = if op == "%" { b.range()?.0.abs().max(b.range()?.1.abs()) } else { lo.abs().max(hi.abs()) };
        let known = Known::Range((-most).max(least), most.min(ty.range()?.1));
        Some(Expr::node(
            ty,
            known,
            format!("($a {op} $b)"),
            format!("{sql}::{}", ty.sql()),
            Expr::bare_beside(vec![a, b]),
        ))
    }

    fn negation(&mut self, ty: Type, depth: usize) -> Option<Expr> {
        let value = self.expr(ty, depth);
        if value.bare.is_some() {
            return None;
        }
        let (lo, hi) = value.range()?;
        let most = lo.abs().max(hi.abs());
        if self.random.one_in(2) || matches!(ty, Type::Unsigned(_)) {
            return ty.holds((0, most)).then(|| Expr::node(ty, Known::Range(0, most), "abs($a)", "abs($a)", [value]));
        }
        ty.holds((-hi, -lo)).then(|| Expr::node(ty, Known::Range(-hi, -lo), "(-$a)", "(-$a)", [value]))
    }

    /// A conversion to an integer type, with null where it does not fit.
    fn integer_cast(&mut self, ty: Type, depth: usize) -> Option<Expr> {
        let from = self.random.pick(&[
            I64,
            Type::Signed(32),
            Type::Unsigned(64),
            Type::Unsigned(16),
            Type::Bool,
            F64,
            Type::Float(32),
            Type::Text,
        ]);
        let value = self.firm(from, depth);
        if value.bare.is_some() || from == ty {
            return None;
        }
        let to = ty.sql();
        let fits = from.is_integer() && value.range().is_some_and(|range| ty.holds(range));
        let known = if fits { value.known } else { Known::Nothing };
        Some(match from {
            Type::Bool => Expr::node(ty, Known::Range(0, 1), format!("($a as {ty})"), format!("$a::{to}"), [value]),
            Type::Float(_) => {
                let sql = format!("(case when isfinite($a) then try_cast(trunc($a) as {to}) end)");
                Expr::node(ty, Known::Nothing, format!("($a as? {ty})"), sql, [value])
            }
            Type::Text => {
                // Only digits: what else spells a number is the business of other tests.
                let sql = format!("(case when regexp_full_match($a, '-?[0-9]+') then try_cast($a as {to}) end)");
                let dj = format!("case {{ matches($a, \"^-?[0-9]+$$\") => $a as? {ty} }}");
                Expr::node(ty, Known::Nothing, dj, sql, [value])
            }
            _ if fits => Expr::node(ty, known, format!("($a as {ty})"), format!("$a::{to}"), [value]),
            _ => Expr::node(ty, known, format!("($a as? {ty})"), format!("try_cast($a as {to})"), [value]),
        })
    }

    /// Numbers of things: letters, days, years.
    fn counted(&mut self, depth: usize) -> Option<Expr> {
        match self.random.below(6) {
            5 => {
                let (a, b) = (self.expr(I64, depth), self.leaf(I64));
                let (lo, hi) = combine("*", a.range()?, b.range()?);
                let most = lo.abs().max(hi.abs());
                let name = self.random.pick(&["gcd", "lcm", "shift_right"]);
                let (dj, sql) = match name {
                    "shift_right" => ("shift_right($a, 3)".to_owned(), "($a::bigint >> 3)".to_owned()),
                    _ => (format!("{name}($a, $b)"), format!("{name}($a, $b)::bigint")),
                };
                let args = if name == "shift_right" { vec![a] } else { vec![a, b] };
                let fits = I64.holds((-most, most)) && args.iter().all(|value| value.bare.is_none());
                fits.then(|| Expr::node(I64, Known::Range(-most, most), dj, sql, args))
            }
            0 => {
                let text = self.expr(Type::Text, depth);
                let template = self.random.pick(&[
                    "length($a)",
                    "strlen($a)",
                    "instr($a, $b)",
                    "unicode($a)",
                    "levenshtein($a, $b)",
                ]);
                let mut args = vec![text];
                if template.contains("$b") {
                    args.push(self.leaf(Type::Text));
                }
                Some(Expr::node(I64, Known::Range(-1, 1_200_000), template, template, args))
            }
            1 => self.part_of_time(depth),
            2 => self.date_difference(depth),
            3 => {
                let digits = self.random.below(4);
                let value = self.expr(I64, depth);
                let (lo, hi) = value.range()?;
                let (lo, hi) = (lo - 5000, hi + 5000);
                let text = format!("round($a, -{digits})");
                let sql = format!("round($a::hugeint, -{digits})::bigint");
                let unknown = value.bare.is_some() || !I64.holds((lo, hi));
                (!unknown).then(|| Expr::node(I64, Known::Range(lo, hi), text, sql, [value]))
            }
            _ => {
                let (a, b) = (self.expr(Type::Date, depth), self.expr(Type::Date, depth));
                let known = Known::Range(-4_000_000, 4_000_000);
                Some(Expr::node(I64, known, "($a - $b)", "($a - $b)", [a, b]))
            }
        }
    }

    pub(super) fn float(&mut self, ty: Type, depth: usize) -> Option<Expr> {
        match self.random.below(8) {
            0..=2 => self.float_arithmetic(ty, depth),
            3 => {
                let name = self.random.pick(&["abs", "floor", "ceil", "trunc", "round", "-"]);
                let value = self.firm(ty, depth);
                let whole = matches!(value.known, Known::Binary(..)) || matches!(name, "abs" | "-");
                let text = if name == "-" { "(-$a)".to_owned() } else { format!("{name}($a)") };
                (whole && value.bare.is_none()).then(|| Expr::node(ty, value.known, text.clone(), text, [value]))
            }
            4 => {
                let (a, b) = (self.firm(ty, depth), self.firm(ty, depth));
                (a.bare.is_none() || b.bare.is_none()).then(|| quotient(ty, a, b))
            }
            5 => Some(self.extreme(ty, depth)),
            6 => self.float_cast(ty, depth),
            _ => self.rough(ty, depth),
        }
    }

    fn float_arithmetic(&mut self, ty: Type, depth: usize) -> Option<Expr> {
        let (a, b) = (self.expr(ty, depth), self.expr(ty, depth.min(1)));
        let (Known::Binary(w1, f1), Known::Binary(w2, f2)) = (a.known, b.known) else { return None };
        let op = self.random.pick(&["+", "-", "*"]);
        let (whole, fraction) = if op == "*" { (w1 + w2, f1 + f2) } else { (w1.max(w2) + 1, f1.max(f2)) };
        let most = if ty == F64 { 34 } else { 20 };
        if whole + fraction > most {
            return None;
        }
        let text = format!("($a {op} $b)");
        Some(Expr::node(ty, Known::Binary(whole, fraction), text.clone(), text, Expr::bare_beside(vec![a, b])))
    }

    fn float_cast(&mut self, ty: Type, depth: usize) -> Option<Expr> {
        let from = self.random.pick(&[Type::Signed(16), Type::Unsigned(8), Type::Signed(32), I64, Type::Float(32)]);
        if from == ty {
            return None;
        }
        let value = self.firm(from, depth);
        if value.bare.is_some() {
            return None;
        }
        let known = match (value.known, value.range()) {
            (known @ Known::Binary(..), _) => known,
            (_, Some((lo, hi))) => {
                let bits = 128 - lo.abs().max(hi.abs()).leading_zeros();
                if bits < 20 { Known::Binary(bits, 0) } else { Known::Nothing }
            }
            _ => Known::Nothing,
        };
        Some(Expr::node(ty, known, format!("($a as {ty})"), format!("$a::{}", ty.sql()), [value]))
    }

    /// What each engine may round in its own way.
    fn rough(&mut self, ty: Type, depth: usize) -> Option<Expr> {
        if ty != F64 {
            return None;
        }
        let value = self.firm(F64, depth);
        let Known::Binary(whole, _) = value.known else { return None };
        let (dj, sql) = self.random.pick(&[
            ("sqrt(abs($a))", "sqrt(abs($a))"),
            ("cbrt($a)", "cbrt($a)"),
            ("exp($a / 64.0)", "exp($a / 64)"),
            ("ln(abs($a) + 1.0)", "ln(abs($a) + 1)"),
            ("atan($a)", "atan($a)"),
            ("tanh($a)", "tanh($a)"),
            ("pow($a, 2)", "pow($a, 2)"),
        ]);
        (whole < 10 && value.bare.is_none()).then(|| Expr::node(F64, Known::Rough, dj, sql, [value]))
    }

    pub(super) fn decimal(&mut self, ty: Type, depth: usize) -> Option<Expr> {
        let Type::Decimal(precision, scale) = ty else { return None };
        let (from, op) = match self.random.below(8) {
            0..=2 => (ty, self.random.pick(&["+", "-"])),
            3 => (self.random.pick(&[Type::Decimal(9, 2), Type::Decimal(4, 0), Type::Signed(32)]), "+"),
            4 => (Type::Decimal(4, 0), "*"),
            5 => return self.negation(ty, depth),
            6 => return self.decimal_cast(precision, scale, depth),
            _ => return Some(self.extreme(ty, depth)),
        };
        if from.scale() > scale {
            return None;
        }
        let (a, b) = (self.expr(ty, depth), self.expr(from, depth.min(1)));
        let grow = if op == "*" { 1 } else { 10_i128.pow(u32::from(scale - from.scale())) };
        let right = b.range()?;
        let (lo, hi) = combine(op, a.range()?, (right.0 * grow, right.1 * grow));
        let fits = ty.holds((lo, hi));
        let known = Known::Range(lo, hi);
        let sql = format!("($a {op} $b)::{}", ty.sql());
        let args = if a.ty == b.ty { Expr::bare_beside(vec![a, b]) } else { vec![a, b] };
        fits.then(|| Expr::node(ty, known, format!("(($a {op} $b) as {ty})"), sql, args))
    }

    fn decimal_cast(&mut self, precision: u8, scale: u8, depth: usize) -> Option<Expr> {
        let ty = Type::Decimal(precision, scale);
        let from = self.random.pick(&[
            Type::Signed(32),
            Type::Signed(8),
            Type::Unsigned(16),
            Type::Decimal(4, 0),
            Type::Decimal(9, 2),
        ]);
        let value = self.firm(from, depth);
        if value.bare.is_some() || from == ty || from.scale() > scale {
            return None;
        }
        let grow = 10_i128.pow(u32::from(scale - from.scale()));
        let (lo, hi) = value.range()?;
        let range = (lo * grow, hi * grow);
        let fits = ty.holds(range);
        let known = if fits { Known::Range(range.0, range.1) } else { Known::Nothing };
        Some(if fits {
            Expr::node(ty, known, format!("($a as {ty})"), format!("$a::{}", ty.sql()), [value])
        } else {
            Expr::node(ty, known, format!("($a as? {ty})"), format!("try_cast($a as {})", ty.sql()), [value])
        })
    }
}

/// `a / b`; where it may be subnormal, which may count as 0, it is 0.
fn quotient(ty: Type, a: Expr, b: Expr) -> Expr {
    let known = |value: &Expr| matches!(value.known, Known::Binary(..));
    if known(&a) && known(&b) {
        return Expr::node(ty, Known::Nothing, "($a / $b)", "($a / $b)", Expr::bare_beside(vec![a, b]));
    }
    let least = if ty == F64 { "1e-300" } else { "1e-37" };
    Expr::node(
        ty,
        Known::Nothing,
        format!("case {{ abs($a / $b) < {least} => 0.0, else => $a / $b }}"),
        format!("(case when abs($a / $b) < {least} then 0.0::{} else $a / $b end)", ty.sql()),
        Expr::bare_beside(vec![a, b]),
    )
}
