//! Random programs, as the tokens that they consist of.

/// Makes tokens from a seed.
pub(crate) struct Generator {
    state: u64,
    tokens: Vec<String>,
    /// How many more brackets may open.
    depth: usize,
}

const NAMES: [&str; 16] = [
    "a",
    "b_2",
    "filter",
    "sort",
    "first",
    "left",
    "distinct",
    "take",
    "nulls",
    "asof",
    "rows",
    "forward",
    "`Total Amount`",
    "`by`",
    "`a``b`",
    "within",
];
const LITERALS: [&str; 16] = [
    "1",
    "1_000",
    "2.50",
    "1e-9",
    "6.02e23",
    "\"text # no comment\"",
    "\"\\n\\u{41}\"",
    "true",
    "false",
    "null",
    "@2024-02-29",
    "@2024-01-31T08:30:00.5",
    "90d",
    "5min",
    "3mo",
    "1y",
];
const OPERATORS: [&str; 16] =
    ["**", "*", "/", "//", "%", "+", "-", "??", "==", "!=", "<", "<=", ">", ">=", "and", "or"];

impl Generator {
    pub(crate) fn program(seed: u64) -> Vec<String> {
        let mut generator = Self { state: seed | 1, tokens: Vec::new(), depth: 6 };
        for _ in 0..=generator.below(4) {
            generator.statement();
        }
        generator.tokens
    }

    /// A number below `end`, by xorshift.
    fn below(&mut self, end: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) as usize % end
    }

    fn chance(&mut self) -> bool {
        self.below(2) == 0
    }

    fn add(&mut self, tokens: &str) {
        self.tokens.extend(tokens.split(' ').map(str::to_owned));
    }

    fn pick(&mut self, all: &[&str]) {
        let index = self.below(all.len());
        self.tokens.push(all[index].to_owned());
    }

    fn name(&mut self) {
        self.pick(&NAMES);
    }

    /// A name with what must follow it without space.
    fn name_and(&mut self, suffix: &str) {
        self.name();
        if let Some(name) = self.tokens.last_mut() {
            name.push_str(suffix);
        }
    }

    fn list(&mut self, open: &str, close: &str, item: fn(&mut Self)) {
        self.add(open);
        for index in 0..=self.below(3) {
            if index > 0 {
                self.add(",");
            }
            item(self);
        }
        if self.chance() {
            self.add(",");
        }
        self.add(close);
    }

    fn braces(&mut self, item: fn(&mut Self)) {
        if self.below(3) == 0 { item(self) } else { self.list("{", "}", item) }
    }

    fn statement(&mut self) {
        match self.below(6) {
            0 => {
                self.add("table");
                self.name();
                if self.chance() {
                    self.add("from \"path\"");
                }
                self.list("{", "}", |generator| {
                    generator.name();
                    generator.add(":");
                    generator.pick(&["i64", "str", "decimal(9, 2)", "date?", "f64 in 0.0..2.5"]);
                });
                if self.below(4) == 0 {
                    self.tokens.pop();
                    self.add(".. }");
                }
            }
            1 => {
                self.add("param");
                self.name();
                self.add(": i64 = -");
                self.pick(&LITERALS);
            }
            2 => {
                self.add("fn");
                self.name_and("(");
                self.name();
                self.add(") =");
                self.expression();
            }
            3 => {
                self.add("fn");
                self.name_and("(");
                self.add("t ) = t");
                self.transforms(1);
            }
            4 => {
                self.add("let");
                self.name();
                self.add("=");
                self.pipeline();
            }
            _ => {
                self.add("export");
                self.name();
                self.add("=");
                self.pipeline();
            }
        }
    }

    fn pipeline(&mut self) {
        self.source();
        self.transforms(0);
    }

    fn transforms(&mut self, at_least: usize) {
        for _ in 0..at_least + self.below(4) {
            self.add("|");
            self.transform();
        }
    }

    fn source(&mut self) {
        if self.depth > 0 && self.below(4) == 0 {
            self.depth -= 1;
            self.add("(");
            self.pipeline();
            self.add(")");
            self.depth += 1;
        } else {
            self.name();
        }
    }

    fn named(&mut self) {
        self.name();
        self.add("=");
        self.expression();
    }

    fn item(&mut self) {
        if self.chance() { self.named() } else { self.column() }
    }

    fn column(&mut self) {
        if self.below(3) == 0 {
            self.name_and(".x");
        } else {
            self.name();
        }
    }

    fn sort_item(&mut self) {
        if self.chance() {
            self.add("-");
        }
        if self.chance() {
            self.column();
        } else {
            self.add("(");
            self.expression();
            self.add(")");
        }
        if self.below(3) == 0 {
            self.pick(&["nulls first", "nulls last"]);
        }
    }

    fn rename(&mut self) {
        self.name();
        self.add("=");
        self.name();
    }

    fn transform(&mut self) {
        match self.below(16) {
            0 => {
                self.add("filter");
                self.expression();
            }
            1 => {
                self.add("derive");
                self.braces(Self::named);
            }
            2 => {
                self.add("select");
                self.braces(Self::item);
            }
            3 => {
                self.add("drop");
                self.braces(Self::name);
            }
            4 => {
                self.add("rename");
                self.braces(Self::rename);
            }
            5 => {
                self.add("group");
                self.braces(Self::item);
                self.list("{", "}", Self::named);
            }
            6 => self.join(),
            7 => {
                self.add("sort");
                self.braces(Self::sort_item);
            }
            8 => {
                self.pick(&["take 10", "take 11..20", "take 2 by { k } sort { -v }", "distinct { a, b }", "replicate"]);
            }
            9 => {
                self.pick(&["union", "union distinct", "intersect", "except"]);
                self.source();
            }
            10 => self.window(),
            11 => {
                self.add("pivot { by");
                self.braces(Self::item);
                self.add(", on c in");
                self.list("{", "}", Self::expression);
                self.add(",");
                self.named();
                self.add("}");
            }
            12 => self.add("unpivot { a , b } into { n , v }"),
            13 => {
                self.add("assert");
                self.expression();
                self.add("\"message\"");
            }
            14 => {
                self.add("aggregate");
                self.list("{", "}", Self::named);
            }
            _ => {
                self.add("top(");
                self.expression();
                self.add(")");
            }
        }
    }

    fn join(&mut self) {
        self.add("join");
        match self.below(5) {
            0 => {
                self.add("cross");
                self.source();
            }
            1 => {
                self.add("asof");
                self.source();
                self.add("on ts by { k , l } within 5min forward");
            }
            2 => {
                self.pick(&["inner", "left", "right", "full", "semi", "anti"]);
                self.source();
                self.add("on");
                self.braces(Self::name);
            }
            _ => {
                self.source();
                self.add("as r on");
                self.expression();
                if self.chance() {
                    self.add("nulls equal");
                }
            }
        }
    }

    fn window(&mut self) {
        self.add("window {");
        match self.below(3) {
            0 => self.add("rows -6..0"),
            1 => {
                self.add("sort");
                self.braces(Self::sort_item);
                self.add(", by");
                self.braces(Self::item);
            }
            _ => {
                self.add("range ..");
                self.additive();
            }
        }
        self.add("}");
        self.braces(Self::named);
    }

    fn additive(&mut self) {
        self.operand();
        if self.chance() {
            self.pick(&["+", "-", "*", "**"]);
            self.operand();
        }
    }

    fn expression(&mut self) {
        if self.depth == 0 {
            return self.operand();
        }
        self.depth -= 1;
        match self.below(8) {
            0 => {
                self.add("not");
                self.operand();
            }
            1 => {
                self.additive();
                self.pick(&["is null", "is not null", "like \"%a\"", "not like \"%a\"", "in { 1 , 2 }", "not in 1..b"]);
            }
            2 => {
                self.pick(&["and", "or"]);
                self.tokens.pop();
                self.operand();
                for _ in 0..self.below(6) {
                    self.pick(&["and", "or", "+"]);
                    self.operand();
                }
            }
            3 | 4 => {
                self.operand();
                self.pick(&OPERATORS);
                self.operand();
            }
            _ => self.operand(),
        }
        self.depth += 1;
    }

    fn operand(&mut self) {
        let form = if self.depth == 0 { self.below(2) } else { self.below(8) };
        self.depth = self.depth.saturating_sub(1);
        match form {
            0 => self.column(),
            1 => self.pick(&LITERALS),
            2 => {
                self.add("( -");
                self.operand();
                self.add(")");
            }
            3 => {
                self.add("(");
                self.expression();
                self.add(")");
            }
            4 => {
                self.name_and("(");
                let first = self.tokens.len();
                self.expression();
                // Right after the parenthesis, the word begins the call's filter.
                if self.tokens[first] == "filter" || self.tokens[first].starts_with("filter(") {
                    self.tokens[first].insert(6, '`');
                    self.tokens[first].insert(0, '`');
                }
                self.pick(&[")", ", 1 )", "filter a > 1 )"]);
            }
            5 => {
                self.name_and("(");
                self.pick(&[")", "filter ( -a > 1 ) )", "filter not a )"]);
            }
            6 => {
                self.add("case { a =>");
                self.expression();
                self.pick(&["}", ", else => 1 }", ", b => 2, }"]);
            }
            _ => {
                self.column();
                self.pick(&["as i64", "as? decimal(9, 2)"]);
            }
        }
        self.depth += 1;
    }
}
