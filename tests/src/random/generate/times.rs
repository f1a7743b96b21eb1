//! Dates, timestamps, durations.

use super::Generator;
use crate::random::expr::{Expr, Known};
use crate::random::types::{I64, Type};

const DAY: i128 = 86_400_000_000;

fn shifted(known: Known, by: i128) -> Option<Known> {
    let Known::Range(lo, hi) = known else { return None };
    Some(Known::Range(lo - by, hi + by))
}

impl Generator {
    pub(super) fn date(&mut self, depth: usize) -> Option<Expr> {
        match self.random.below(7) {
            5 => {
                let value = self.expr(Type::Date, depth);
                let known = shifted(value.known, 31)?;
                Some(Expr::node(Type::Date, known, "last_day($a)", "last_day($a)", [value]))
            }
            6 => {
                let (dj, sql) = self.random.pick(&[("7d", "7 days"), ("5mo", "5 months"), ("36h", "36 hours")]);
                let value = self.expr(Type::Date, depth);
                let known = shifted(value.known, 200)?;
                let (dj, sql) = (format!("time_bucket({dj}, $a)"), format!("time_bucket(interval '{sql}', $a)"));
                Some(Expr::node(Type::Date, known, dj, sql, [value]))
            }
            0 => {
                let (value, days) = (self.expr(Type::Date, depth), self.random.below(400));
                let op = self.random.pick(&["+", "-"]);
                let known = shifted(value.known, 400)?;
                let sql = format!("($a {op} {days})::date");
                Some(Expr::node(Type::Date, known, format!("($a {op} {days}d)"), sql, [value]))
            }
            1 => {
                let (value, months) = (self.expr(Type::Date, depth), self.random.below(30));
                let (op, unit) = (self.random.pick(&["+", "-"]), self.random.pick(&["mo", "y"]));
                let known = shifted(value.known, 40_000)?;
                let many = if unit == "y" { 12 * months } else { months };
                let sql = format!("($a {op} interval {many} month)::date");
                Some(Expr::node(Type::Date, known, format!("($a {op} {months}{unit})"), sql, [value]))
            }
            2 => {
                let unit = self.random.pick(&["year", "quarter", "month", "week", "day"]);
                let value = self.expr(Type::Date, depth);
                let known = shifted(value.known, 400)?;
                let sql = format!("date_trunc('{unit}', $a)::date");
                Some(Expr::node(Type::Date, known, format!("date_trunc(\"{unit}\", $a)"), sql, [value]))
            }
            3 => {
                let value = self.expr(Type::Timestamp, depth);
                let Known::Range(lo, hi) = value.known else { return None };
                let known = Known::Range(lo / DAY - 1, hi / DAY + 1);
                Some(Expr::node(Type::Date, known, "($a as date)", "$a::date", [value]))
            }
            _ => Some(self.extreme(Type::Date, depth)),
        }
    }

    pub(super) fn timestamp(&mut self, depth: usize) -> Option<Expr> {
        match self.random.below(6) {
            5 => {
                let (dj, sql) = self.random.pick(&[("10d", "10 days"), ("3mo", "3 months"), ("7min", "7 minutes")]);
                let value = self.expr(Type::Timestamp, depth);
                let known = shifted(value.known, 100 * DAY)?;
                let (dj, sql) = (format!("time_bucket({dj}, $a)"), format!("time_bucket(interval '{sql}', $a)"));
                Some(Expr::node(Type::Timestamp, known, dj, sql, [value]))
            }
            0 | 1 => {
                let (value, by) = (self.expr(Type::Timestamp, depth), self.expr(Type::Duration, depth.min(1)));
                let op = self.random.pick(&["+", "-"]);
                let (lo, hi) = by.range()?;
                let most = lo.abs().max(hi.abs());
                let known = shifted(value.known, most).filter(|_| most < 200_000 * DAY)?;
                let sql = format!("make_timestamp(epoch_us($a) {op} $b)");
                Some(Expr::node(Type::Timestamp, known, format!("($a {op} $b)"), sql, [value, by]))
            }
            2 => {
                let units = ["year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond"];
                let unit = self.random.pick(&units);
                let value = self.expr(Type::Timestamp, depth);
                let known = shifted(value.known, 400 * DAY)?;
                let sql = format!("date_trunc('{unit}', $a)");
                Some(Expr::node(Type::Timestamp, known, format!("date_trunc(\"{unit}\", $a)"), sql, [value]))
            }
            3 => {
                let value = self.expr(Type::Date, depth);
                let Known::Range(lo, hi) = value.known else { return None };
                let known = Known::Range(lo * DAY, hi * DAY);
                Some(Expr::node(Type::Timestamp, known, "($a as timestamp)", "$a::timestamp", [value]))
            }
            _ => Some(self.extreme(Type::Timestamp, depth)),
        }
    }

    pub(super) fn duration(&mut self, depth: usize) -> Option<Expr> {
        let (a, b, op) = match self.random.below(3) {
            0 => (self.expr(Type::Duration, depth), self.expr(Type::Duration, depth), self.random.pick(&["+", "-"])),
            _ => (self.expr(Type::Timestamp, depth), self.expr(Type::Timestamp, depth), "-"),
        };
        let (Known::Range(la, ha), Known::Range(lb, hb)) = (a.known, b.known) else { return None };
        let most = la.abs().max(ha.abs()) + lb.abs().max(hb.abs());
        let sql =
            if a.ty == Type::Duration { format!("($a {op} $b)") } else { "(epoch_us($a) - epoch_us($b))".to_owned() };
        (most < 1_000_000 * DAY)
            .then(|| Expr::node(Type::Duration, Known::Range(-most, most), format!("($a {op} $b)"), sql, [a, b]))
    }

    /// A year, a month, an hour.
    pub(super) fn part_of_time(&mut self, depth: usize) -> Option<Expr> {
        let (dj, sql, of_day) = self.random.pick(&[
            ("year", "year", false),
            ("quarter", "quarter", false),
            ("month", "month", false),
            ("day", "day", false),
            ("week", "week", false),
            ("weekday", "weekday", false),
            ("day_of_year", "dayofyear", false),
            ("hour", "hour", true),
            ("minute", "minute", true),
            ("second", "second", true),
            ("isodow", "isodow", false),
            ("isoyear", "isoyear", false),
            ("yearweek", "yearweek", false),
            ("decade", "decade", false),
            ("century", "century", false),
            ("millisecond", "millisecond", true),
            ("microsecond", "microsecond", true),
        ]);
        let ty = if of_day || self.random.one_in(2) { Type::Timestamp } else { Type::Date };
        let value = self.expr(ty, depth);
        // The largest are years with their weeks, and the microseconds of a minute.
        let known = Known::Range(-100_000_000, 100_000_000);
        Some(Expr::node(I64, known, format!("{dj}($a)"), format!("{sql}($a)"), [value]))
    }

    pub(super) fn date_difference(&mut self, depth: usize) -> Option<Expr> {
        let unit = self.random.pick(&["year", "quarter", "month", "week", "day"]);
        let ty = self.random.pick(&[Type::Date, Type::Timestamp]);
        let (a, b) = (self.expr(ty, depth), self.expr(ty, depth));
        let (dj, sql) = (format!("date_diff(\"{unit}\", $a, $b)"), format!("date_diff('{unit}', $a, $b)"));
        Some(Expr::node(I64, Known::Range(-4_000_000, 4_000_000), dj, sql, [a, b]))
    }
}
