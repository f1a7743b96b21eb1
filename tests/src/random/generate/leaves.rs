//! Columns, literals, parameters, single values.

use super::Generator;
use crate::random::expr::{Expr, Known};
use crate::random::types::Type;

const TEXTS: [&str; 14] =
    ["", "a", "b", "B", "x", "y", "日本", "naïve", "big", "small", "v3", "50% off", "12", "q\"uo'te"];

impl Generator {
    /// A column, a literal, a parameter or a single value.
    pub(super) fn leaf(&mut self, ty: Type) -> Expr {
        match self.random.below(10) {
            0..=6 => self.column(ty).unwrap_or_else(|| self.literal(ty)),
            7 => {
                let fitting: Vec<Expr> = self.single.iter().filter(|leaf| leaf.ty == ty).cloned().collect();
                if fitting.is_empty() { self.literal(ty) } else { fitting[self.random.below(fitting.len())].clone() }
            }
            _ => self.literal(ty),
        }
    }

    /// A column of a type, if there is one.
    pub(super) fn column(&mut self, ty: Type) -> Option<Expr> {
        let fitting: Vec<_> = self.scope.iter().filter(|column| column.ty == ty).cloned().collect();
        if fitting.is_empty() {
            return None;
        }
        let column = &fitting[self.random.below(fitting.len())];
        Some(Expr::column(&column.name, column.ty, column.known))
    }

    /// A literal with its type.
    pub(super) fn literal(&mut self, ty: Type) -> Expr {
        match ty {
            Type::Signed(_) | Type::Unsigned(_) => self.integer_literal(ty),
            Type::Decimal(precision, scale) => self.decimal_literal(precision, scale),
            Type::Float(bits) if self.random.one_in(8) => self.no_number(bits),
            Type::Float(bits) => self.float_literal(bits),
            Type::Bool => {
                let text = self.random.pick(&["true", "false"]);
                Expr::leaf(ty, Known::Nothing, text, text)
            }
            Type::Text => {
                let text = self.random.pick(&TEXTS);
                text_literal(text)
            }
            Type::Date => {
                let (year, month, day) = self.day();
                let known = Known::Range(-60_000, 60_000);
                Expr::leaf(ty, known, format!("@{year}-{month}-{day}"), format!("date '{year}-{month}-{day}'"))
            }
            Type::Timestamp => {
                let (year, month, day) = self.day();
                let (hour, minute) = (self.random.below(24), self.random.below(60));
                let (date, time) = (format!("{year}-{month}-{day}"), format!("{hour:02}:{minute:02}:07"));
                let known = Known::Range(-60_000 * 86_400_000_000, 60_000 * 86_400_000_000);
                Expr::leaf(ty, known, format!("@{date}T{time}"), format!("timestamp '{date} {time}'"))
            }
            Type::Duration => {
                let count = self.random.between(0, 500);
                let (unit, micros) = self.random.pick(&[
                    ("us", 1),
                    ("ms", 1000),
                    ("s", 1_000_000),
                    ("min", 60_000_000),
                    ("h", 3_600_000_000),
                    ("d", 86_400_000_000),
                ]);
                let value = count * micros;
                Expr::leaf(ty, Known::Range(value, value), format!("{count}{unit}"), format!("{value}::bigint"))
            }
        }
    }

    fn day(&mut self) -> (usize, String, String) {
        let year = self.random.pick(&[1945, 1969, 1970, 1999, 2000, 2024]);
        (year, format!("{:02}", 1 + self.random.below(12)), format!("{:02}", 1 + self.random.below(28)))
    }

    fn integer_literal(&mut self, ty: Type) -> Expr {
        let (lo, hi) = ty.range().unwrap_or_default();
        let value = match self.random.below(16) {
            0 => lo,
            1 => hi,
            2 => self.random.between(lo.max(-100), hi.min(100)),
            _ => self.random.between(lo.max(-3), 9),
        };
        let text = value.to_string();
        let dj = if ty == Type::Signed(64) { format!("({text})") } else { format!("(({text}) as {ty})") };
        let mut leaf = Expr::leaf(ty, Known::Range(value, value), dj, format!("({text})::{}", ty.sql()));
        leaf.bare = Some(format!("({text})"));
        leaf
    }

    /// NaN or infinity, which no literal of the language is.
    fn no_number(&mut self, bits: u8) -> Expr {
        let (ty, name) = (Type::Float(bits), self.random.pick(&["nan", "nan", "inf", "-inf"]));
        let (dj, sql) = (format!("(\"{name}\" as {ty})"), format!("'{name}'::{}", ty.sql()));
        Expr::leaf(ty, Known::Binary(6, 3), dj, sql)
    }

    pub(super) fn float_literal(&mut self, bits: u8) -> Expr {
        let ty = Type::Float(bits);
        let (whole, eighths) = (self.random.below(40), self.random.below(8) * 125);
        let text = format!("{whole}.{eighths:03}");
        let dj = if bits == 64 { text.clone() } else { format!("({text} as f32)") };
        let mut leaf = Expr::leaf(ty, Known::Binary(6, 3), dj, format!("{text}::{}", ty.sql()));
        leaf.bare = Some(text);
        leaf
    }

    fn decimal_literal(&mut self, precision: u8, scale: u8) -> Expr {
        let ty = Type::Decimal(precision, scale);
        let (lo, hi) = ty.range().unwrap_or_default();
        let value = match self.random.below(16) {
            0 => lo,
            1 => hi,
            _ => self.random.between(lo.max(-2000), hi.min(2000)),
        };
        let ten = 10_i128.pow(u32::from(scale));
        let (sign, size) = (if value < 0 { "-" } else { "" }, value.abs());
        let text = match scale {
            0 => format!("{sign}{size}"),
            _ => format!("{sign}{}.{:0width$}", size / ten, size % ten, width = usize::from(scale)),
        };
        let known = Known::Range(value, value);
        let mut leaf = Expr::leaf(ty, known, format!("(({text}) as {ty})"), format!("({text})::{}", ty.sql()));
        leaf.bare = Some(format!("({text})"));
        leaf
    }
}

/// A text in both languages.
pub(super) fn text_literal(text: &str) -> Expr {
    let dj = text.replace('\\', "\\\\").replace('"', "\\\"");
    Expr::leaf(Type::Text, Known::Nothing, format!("\"{dj}\""), format!("'{}'", text.replace('\'', "''")))
}
