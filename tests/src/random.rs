//! Random programs with the query of the same meaning, the same for the same seed.
//!
//! Values stay small and binary fractions exact, so that no program can overflow and comparisons never hang on rounding.

use std::fmt::Write;

/// A program over the generated tables, and its query.
#[derive(Debug)]
pub struct Pair {
    /// The `.dj` text.
    pub program: String,
    /// The DuckDB text.
    pub sql: String,
    /// Options for `djc run`, different from seed to seed.
    pub options: Vec<&'static str>,
}

/// The pair of `seed`.
#[must_use]
pub fn pair(seed: u64) -> Pair {
    let mut builder = Builder { random: Random::new(seed), columns: base_columns(), derived: 0, joined: false };
    builder.pair()
}

/// xorshift64*, seeded through a multiplication so that neighbouring seeds differ.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high).unwrap_or(0) % limit
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Integer,
    Float,
    Decimal,
    Bool,
    Text,
    Date,
}

const TYPES: [Type; 6] = [Type::Integer, Type::Float, Type::Decimal, Type::Bool, Type::Text, Type::Date];

/// The same expression in both languages.
#[derive(Clone)]
struct Both {
    dj: String,
    sql: String,
}

fn both(dj: impl Into<String>, sql: impl Into<String>) -> Both {
    Both { dj: dj.into(), sql: sql.into() }
}

/// The same text in both languages.
fn same(text: impl Into<String>) -> Both {
    let text = text.into();
    both(text.clone(), text)
}

fn sql_reads(sql: &str, table: &str) -> bool {
    sql.contains(&format!("from {table}")) || sql.contains(&format!("join {table} "))
}

fn base_columns() -> Vec<(String, Type)> {
    let columns = [
        ("id", Type::Integer),
        ("n", Type::Integer),
        ("k", Type::Integer),
        ("g", Type::Text),
        ("b", Type::Bool),
        ("x", Type::Float),
        ("m", Type::Decimal),
        ("d", Type::Date),
        ("s", Type::Text),
    ];
    columns.map(|(name, kind)| (name.to_owned(), kind)).into()
}

struct Builder {
    random: Random,
    columns: Vec<(String, Type)>,
    derived: usize,
    joined: bool,
}

impl Builder {
    fn pair(&mut self) -> Pair {
        let mut pipeline = "\n  t\n  | derive { id = id as i64, n = n as i64, k = k as i64 }".to_owned();
        pipeline.push_str(" | select { id, n, k, g, b, x, m, d, s }");
        let mut sql = "select id, n::bigint as n, k::bigint as k, g, b, x, m, d, s from t".to_owned();
        for _ in 0..=self.random.below(4) {
            let step = self.step(&sql);
            write!(pipeline, "\n  | {}", step.dj).unwrap_or_default();
            sql = step.sql;
        }
        let end = self.end(&sql);
        write!(pipeline, "\n  | {}", end.dj).unwrap_or_default();
        let options = [
            vec![],
            vec!["--chunk-rows", "1"],
            vec!["--chunk-rows", "7", "--no-optimize"],
            vec!["--chunk-rows", "64"],
            vec!["--no-optimize"],
        ];
        let options = options[self.random.below(options.len())].clone();
        let tables: String =
            ["t", "dim", "many"].iter().filter(|t| sql_reads(&end.sql, t)).map(|t| format!("table {t}\n")).collect();
        Pair { program: format!("{tables}export result ={pipeline}\n"), sql: end.sql, options }
    }

    fn step(&mut self, input: &str) -> Both {
        match self.random.below(5) {
            0 | 1 => {
                let Both { dj, sql } = self.expression(Type::Bool, 3);
                both(format!("filter {dj}"), format!("select * from ({input}) where {sql}"))
            }
            2 if self.random.below(3) == 0 => self.filter_by_join(input),
            2 if !self.joined => self.join(input),
            _ => {
                let kind = self.random.pick(&TYPES);
                let Both { dj, sql } = self.expression(kind, 2);
                let name = format!("c{}", self.derived);
                self.derived += 1;
                self.columns.push((name.clone(), kind));
                both(format!("derive {name} = {dj}"), format!("select *, {sql} as {name} from ({input})"))
            }
        }
    }

    fn join(&mut self, input: &str) -> Both {
        self.joined = true;
        let kind = self.random.pick(&["inner", "left"]);
        let (table, added) = self.random.pick(&[
            ("dim", [("name", Type::Text), ("weight", Type::Float)]),
            ("many", [("tag", Type::Text), ("v", Type::Integer)]),
        ]);
        self.columns.extend(added.map(|(name, kind)| (name.to_owned(), kind)));
        let [a, b] = added.map(|(name, _)| name);
        both(
            format!("join {kind} ({table} | select {{ key, {a}, {b} }}) on k == key"),
            format!("select l.*, key, {a}, {b} from ({input}) l {kind} join {table} on k = key"),
        )
    }

    /// The rows that have, or do not have, a row of `t` with the same keys: up to three, of any order and type.
    fn filter_by_join(&mut self, input: &str) -> Both {
        let (kind, not) = self.random.pick(&[("semi", ""), ("anti", "not ")]);
        let least = self.random.below(9);
        let mut keys = vec!["k", "g", "b", "s", "d", "m", "n"];
        let keys: Vec<_> = (0..=self.random.below(3)).map(|_| keys.remove(self.random.below(keys.len()))).collect();
        let of_keys = |form: &dyn Fn(&str) -> String, between: &str| {
            keys.iter().map(|key| form(key)).collect::<Vec<_>>().join(between)
        };
        let columns = of_keys(&|key| format!("other_{key} = {key}"), ", ");
        let on = of_keys(&|key| format!("{key} == other_{key}"), " and ");
        let equal = of_keys(&|key| format!("r.{key} = l.{key}"), " and ");
        both(
            format!("join {kind} (t | filter n > {least} | select {{ {columns} }}) on {on}"),
            format!(
                "select l.* from ({input}) l where {not}exists (select 1 from t r where r.n > {least} and {equal})"
            ),
        )
    }

    fn end(&mut self, input: &str) -> Both {
        match self.random.below(5) {
            0 | 1 => self.group(input),
            2 => {
                let by = self.column(None);
                let minus = self.random.pick(&["", "-"]);
                let (direction, rows) = (if minus.is_empty() { "asc" } else { "desc" }, 1 + self.random.below(20));
                // A tie could take either row, so that only the sort's own column is compared.
                both(
                    format!("sort {minus}{by} | take {rows} | select {{ sorted = {by} }}"),
                    format!("select {by} as sorted from ({input}) order by {by} {direction} nulls last limit {rows}"),
                )
            }
            3 => {
                let (a, b) = (self.column(Some(Type::Text)), self.column(Some(Type::Bool)));
                both(
                    format!("select {{ a = {a}, b = {b} }} | distinct"),
                    format!("select distinct {a} as a, {b} as b from ({input})"),
                )
            }
            _ => {
                let names: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
                let list = names.join(", ");
                both(format!("select {{ {list} }}"), format!("select {list} from ({input})"))
            }
        }
    }

    fn group(&mut self, input: &str) -> Both {
        let keys: Vec<String> = match self.random.below(4) {
            0 => vec![],
            1 | 2 => vec![self.column(None)],
            _ => vec![self.column(Some(Type::Text)), self.column(Some(Type::Integer))],
        };
        let mut dj = vec!["rows = count()".to_owned()];
        let mut sql = vec!["count(*) as rows".to_owned()];
        for at in 0..=self.random.below(3) {
            let aggregate = self.aggregate();
            dj.push(format!("a{at} = {}", aggregate.dj));
            sql.push(format!("{} as a{at}", aggregate.sql));
        }
        let (dj, sql) = (dj.join(", "), sql.join(", "));
        if keys.is_empty() {
            return both(format!("aggregate {{ {dj} }}"), format!("select {sql} from ({input})"));
        }
        let keys = keys.join(", ");
        both(format!("group {{ {keys} }} {{ {dj} }}"), format!("select {keys}, {sql} from ({input}) group by {keys}"))
    }

    fn aggregate(&mut self) -> Both {
        let numeric = self.random.pick(&[Type::Integer, Type::Float, Type::Decimal]);
        match self.random.below(6) {
            0 => self.call("sum", "sum", numeric),
            1 => self.call("mean", "avg", numeric),
            2 => {
                let kind = self.random.pick(&TYPES);
                self.call("count", "count", kind)
            }
            3 => {
                let kind = self.random.pick(&[Type::Integer, Type::Float, Type::Decimal, Type::Text, Type::Date]);
                let name = self.random.pick(&["min", "max"]);
                self.call(name, name, kind)
            }
            4 => self.call("any", "bool_or", Type::Bool),
            _ => {
                let Both { dj: value, sql } = self.expression(numeric, 1);
                let condition = self.expression(Type::Bool, 1);
                both(format!("sum({value} filter {})", condition.dj), format!("sum({sql}) filter ({})", condition.sql))
            }
        }
    }

    fn call(&mut self, dj: &str, sql: &str, kind: Type) -> Both {
        let argument = self.expression(kind, 1);
        both(format!("{dj}({})", argument.dj), format!("{sql}({})", argument.sql))
    }

    /// A column, of a type if one is given.
    fn column(&mut self, kind: Option<Type>) -> String {
        let fitting: Vec<&String> = self
            .columns
            .iter()
            .filter(|(_, found)| kind.is_none_or(|kind| *found == kind))
            .map(|(name, _)| name)
            .collect();
        fitting[self.random.below(fitting.len())].clone()
    }

    fn expression(&mut self, kind: Type, depth: usize) -> Both {
        if depth == 0 {
            return self.leaf(kind);
        }
        let deeper = depth - 1;
        match self.random.below(6) {
            0 => {
                let condition = self.expression(Type::Bool, deeper);
                let (a, b) = (self.expression(kind, deeper), self.expression(kind, deeper));
                both(
                    format!("case {{ {} => {}, else => {} }}", condition.dj, a.dj, b.dj),
                    format!("(case when {} then {} else {} end)", condition.sql, a.sql, b.sql),
                )
            }
            1 => {
                let (a, b) = (self.expression(kind, deeper), self.leaf(kind));
                both(format!("({} ?? {})", a.dj, b.dj), format!("coalesce({}, {})", a.sql, b.sql))
            }
            _ => match kind {
                Type::Integer | Type::Float if self.random.below(3) == 0 => self.function(kind, deeper),
                Type::Integer | Type::Float | Type::Decimal => self.arithmetic(kind, deeper),
                Type::Bool => self.condition(deeper),
                Type::Text => self.text(deeper),
                Type::Date => self.leaf(kind),
            },
        }
    }

    /// A number by a function, of which host and device each have their own code: as text it is the host's.
    fn function(&mut self, kind: Type, depth: usize) -> Both {
        if kind == Type::Float {
            let name = self.random.pick(&["abs", "floor", "ceil", "trunc", "round"]);
            return self.call(name, name, kind);
        }
        match self.random.below(6) {
            0 => {
                let (dj, sql) = self.random.pick(&[
                    ("year", "year"),
                    ("quarter", "quarter"),
                    ("month", "month"),
                    ("day", "day"),
                    ("week", "week"),
                    ("weekday", "weekday"),
                    ("day_of_year", "dayofyear"),
                ]);
                self.call(dj, sql, Type::Date)
            }
            1 => {
                let unit = self.random.pick(&["year", "quarter", "month", "week", "day"]);
                let (a, b) = (self.leaf(Type::Date), self.leaf(Type::Date));
                let dj = format!("date_diff(\"{unit}\", {}, {})", a.dj, b.dj);
                both(dj, format!("date_diff('{unit}', {}, {})", a.sql, b.sql))
            }
            2 => {
                let digits = self.random.below(3);
                let value = self.expression(Type::Integer, depth.min(1));
                both(format!("round({}, -{digits})", value.dj), format!("round({}, -{digits})", value.sql))
            }
            3 => self.call("length", "length", Type::Text),
            4 => {
                let name = self.random.pick(&["least", "greatest"]);
                let (a, b) = (self.expression(Type::Integer, depth.min(1)), self.leaf(Type::Integer));
                both(format!("{name}({}, {})", a.dj, b.dj), format!("{name}({}, {})", a.sql, b.sql))
            }
            _ => self.call("abs", "abs", Type::Integer),
        }
    }

    fn text(&mut self, depth: usize) -> Both {
        match self.random.below(5) {
            0 => {
                let (a, b) = (self.expression(Type::Text, depth), self.leaf(Type::Text));
                both(format!("concat({}, {})", a.dj, b.dj), format!("concat({}, {})", a.sql, b.sql))
            }
            1 => {
                let kind = self.random.pick(&TYPES);
                let value = self.expression(kind, depth.min(1));
                both(format!("({} as str)", value.dj), format!("({}::varchar)", value.sql))
            }
            2 => {
                let (text, other) = (self.expression(Type::Text, depth), self.leaf(Type::Text));
                let with = self.leaf(Type::Text);
                both(
                    format!("replace({}, {}, {})", text.dj, other.dj, with.dj),
                    format!("replace({}, {}, {})", text.sql, other.sql, with.sql),
                )
            }
            _ => {
                let name = self.random.pick(&["upper", "lower", "trim"]);
                self.call(name, name, Type::Text)
            }
        }
    }

    fn arithmetic(&mut self, kind: Type, depth: usize) -> Both {
        let (a, b) = (self.expression(kind, depth), self.leaf(kind));
        let operator = match kind {
            // Products of products of decimals would need more than 18 digits.
            Type::Decimal => self.random.pick(&["+", "-"]),
            Type::Integer | Type::Float | Type::Bool | Type::Text | Type::Date => self.random.pick(&["+", "-", "*"]),
        };
        both(format!("({} {operator} {})", a.dj, b.dj), format!("({} {operator} {})", a.sql, b.sql))
    }

    fn condition(&mut self, depth: usize) -> Both {
        match self.random.below(7) {
            6 => {
                let (a, b) = (self.expression(Type::Text, depth), self.column(Some(Type::Text)));
                let name = self.random.pick(&["starts_with", "contains"]);
                both(format!("{name}({}, {b})", a.dj), format!("{name}({}, {b})", a.sql))
            }
            0 => {
                let (a, b) = (self.expression(Type::Bool, depth), self.expression(Type::Bool, depth));
                let word = self.random.pick(&["and", "or"]);
                both(format!("({} {word} {})", a.dj, b.dj), format!("({} {word} {})", a.sql, b.sql))
            }
            1 => {
                let a = self.expression(Type::Bool, depth);
                both(format!("(not {})", a.dj), format!("(not {})", a.sql))
            }
            2 => {
                let column = self.column(None);
                let word = self.random.pick(&["is null", "is not null"]);
                same(format!("({column} {word})"))
            }
            3 => {
                let column = self.column(Some(Type::Text));
                let pattern = self.random.pick(&["%a%", "x%", "_", "%", "a_"]);
                both(format!("({column} like \"{pattern}\")"), format!("({column} like '{pattern}')"))
            }
            4 => {
                let column = self.column(Some(Type::Integer));
                both(format!("({column} in {{ 1, 3, -2, 7 }})"), format!("({column} in (1, 3, -2, 7))"))
            }
            _ => {
                let kind = self.random.pick(&[Type::Integer, Type::Float, Type::Decimal, Type::Text, Type::Date]);
                let (a, b) = (self.expression(kind, depth.min(1)), self.leaf(kind));
                let (dj, sql) = self.random.pick(&[("<", "<"), ("<=", "<="), ("==", "="), ("!=", "<>"), (">", ">")]);
                both(format!("({} {dj} {})", a.dj, b.dj), format!("({} {sql} {})", a.sql, b.sql))
            }
        }
    }

    fn leaf(&mut self, kind: Type) -> Both {
        if self.random.below(3) > 0 {
            return same(self.column(Some(kind)));
        }
        let number = self.random.below(20);
        match kind {
            Type::Integer => same(format!("{number}")),
            Type::Float => both(format!("{number}.25"), format!("{number}.25::double")),
            Type::Decimal => both(format!("({number}.50 as decimal(9, 2))"), format!("({number}.50::decimal(9, 2))")),
            Type::Bool => same(self.random.pick(&["true", "false"])),
            Type::Text => {
                let text = self.random.pick(&["", "a", "B", "x", "日本", "naïve"]);
                both(format!("\"{text}\""), format!("'{text}'"))
            }
            Type::Date => both(format!("@19{}-03-01", 50 + number), format!("date '19{}-03-01'", 50 + number)),
        }
    }
}
