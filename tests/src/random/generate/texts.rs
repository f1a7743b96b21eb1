//! Text.

use super::Generator;
use crate::random::expr::{Expr, Known, gap};
use crate::random::types::{F64, I64, Type};

impl Generator {
    pub(super) fn text(&mut self, depth: usize) -> Expr {
        match self.random.below(12) {
            0 => self.concatenation(depth),
            1 | 2 => self.printed(depth),
            3 => {
                let args = [self.expr(Type::Text, depth), self.leaf(Type::Text), self.leaf(Type::Text)];
                texts("replace($a, $b, $c)", args)
            }
            4 => {
                let (from, count) = (self.random.below(6), self.random.below(5));
                texts(&format!("substr($a, {from}, {count})"), [self.expr(Type::Text, depth)])
            }
            5 => {
                let at = 1 + self.random.below(3);
                let by = self.random.pick(&["_", "a", " ", "1"]);
                let dj = format!("split_part($a, \"{by}\", {at})");
                let sql = format!("split_part($a, '{by}', {at})");
                Expr::node(Type::Text, Known::Nothing, dj, sql, [self.expr(Type::Text, depth)])
            }
            6 => {
                let name = self.random.pick(&["lpad", "rpad"]);
                let (length, fill) = (self.random.below(8), self.random.pick(&["-", "xy", "ä"]));
                let dj = format!("{name}($a, {length}, \"{fill}\")");
                let sql = format!("{name}($a, {length}, '{fill}')");
                Expr::node(Type::Text, Known::Nothing, dj, sql, [self.expr(Type::Text, depth)])
            }
            7 => self.extreme(Type::Text, depth),
            8 => {
                let name = self.random.pick(&["left", "right", "repeat"]);
                let count = self.random.pick(&["-3", "-1", "0", "1", "2"]);
                texts(&format!("{name}($a, {count})"), [self.expr(Type::Text, depth)])
            }
            9 => self.written_time(depth),
            10 => {
                let (dj, sql) = self.random.pick(&[
                    ("regexp_replace($a, \"[aä]\", \"<\\\\0>\", \"g\")", "regexp_replace($a, '[aä]', '<\\0>', 'g')"),
                    ("regexp_replace($a, \"^.\", \"\")", "regexp_replace($a, '^.', '')"),
                    ("translate($a, \"aä1\", \"xé\")", "translate($a, 'aä1', 'xé')"),
                    ("md5($a)", "md5($a)"),
                    ("hex(left($a, 3))", "hex(left($a, 3))"),
                    ("concat_ws(\"-\", $a, \"b\")", "concat_ws('-', $a, 'b')"),
                ]);
                Expr::node(Type::Text, Known::Nothing, dj, sql, [self.expr(Type::Text, depth)])
            }
            _ => {
                let name = self.random.pick(&["upper", "lower", "trim", "ltrim", "rtrim", "reverse"]);
                texts(&format!("{name}($a)"), [self.expr(Type::Text, depth)])
            }
        }
    }

    fn concatenation(&mut self, depth: usize) -> Expr {
        let mut args = vec![self.expr(Type::Text, depth.min(1))];
        for _ in 0..1 + self.random.below(2) {
            let ty = self.random.pick(&[Type::Text, Type::Text, I64, Type::Signed(32), Type::Bool, Type::Date]);
            args.push(if self.random.one_in(2) { self.leaf(ty) } else { self.expr(ty, depth.min(1)) });
        }
        let gaps: Vec<String> = (0..args.len()).map(gap).collect();
        texts(&format!("concat({})", gaps.join(", ")), args)
    }

    /// The name of a day or a month, or a time by a format.
    fn written_time(&mut self, depth: usize) -> Expr {
        let ty = self.random.pick(&[Type::Date, Type::Timestamp]);
        let (dj, sql) = self.random.pick(&[
            ("dayname($a)", "dayname($a)"),
            ("monthname($a)", "monthname($a)"),
            ("strftime($a, \"%Y-%j %U %a\")", "strftime($a, '%Y-%j %U %a')"),
            ("strftime($a, \"%d %b %y %I%p\")", "strftime($a, '%d %b %y %I%p')"),
        ]);
        Expr::node(Type::Text, Known::Nothing, dj, sql, [self.firm(ty, depth)])
    }

    /// A value of another type as text.
    fn printed(&mut self, depth: usize) -> Expr {
        let ty = self.random.pick(&[
            I64,
            Type::Signed(32),
            Type::Signed(8),
            Type::Unsigned(64),
            Type::Unsigned(8),
            F64,
            Type::Float(32),
            Type::Bool,
            Type::Date,
            Type::Timestamp,
            Type::Decimal(9, 2),
            Type::Decimal(18, 4),
            Type::Decimal(4, 0),
        ]);
        let value = self.firm(ty, depth);
        // The sign of a computed NaN is shown by DuckDB; here NaN is one value.
        let is_float = matches!(value.ty, Type::Float(_));
        let sql = if is_float { "(case when isnan($a) then 'nan' else $a::varchar end)" } else { "($a::varchar)" };
        Expr::node(Type::Text, Known::Nothing, "($a as str)", sql, [value])
    }
}

fn texts(template: &str, args: impl Into<Vec<Expr>>) -> Expr {
    Expr::node(Type::Text, Known::Nothing, template, template, args)
}
