//! Text as dictionary codes: which columns share a dictionary, which functions become tables over one, and which code
//! every literal has.
//!
//! [`encode`] rewrites a program so that no text is left in it: a function of one text column becomes an
//! [`ExprKind::Table`] over that column's dictionary, an order a table of ranks, and a literal the code that the
//! dictionary gives it because literals are interned first.

mod decode;
mod domains;
mod host_tables;

use crate::plan::{AggregateFunction, Plan, Program};
use dj_runtime::artifact::{HostTable, HostTableKind, StringDomain};
use dj_runtime::expr::{ColumnId, Expr, ExprKind};
use dj_runtime::pjrt::Element;
use dj_runtime::types::Type;
use domains::{Domains, Var};
pub(super) use host_tables::is_for_host;
use std::collections::BTreeMap;

/// The slots of a dictionary of unknown size at rung 0.
const DEFAULT_CAPACITY: u64 = 1024;

/// The least slots of a dictionary at rung 0.
const LEAST_CAPACITY: u64 = 64;

/// The most slots that a dictionary has at rung 0 where only the number of rows bounds its values: most columns of text have
/// far fewer, and a dictionary grows.
const LIKELY_CAPACITY: u64 = 1 << 16;

/// The most slots of a dictionary at rung 0, and at any.
const MOST_CAPACITY: u64 = 1 << 28;

/// Dictionaries of more values than this address no state together with other keys.
const SMALL_CAPACITY: u64 = 1 << 20;

/// The dictionaries of a program and the tables over them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Strings {
    /// The domains with their literals.
    pub domains: Vec<StringDomain>,
    /// The tables over the dictionaries.
    pub host_tables: Vec<HostTable>,
    sizes: Vec<DictionarySize>,
    vars: BTreeMap<Var, usize>,
    use_recorded: bool,
}

/// How many values a dictionary has, as powers of two.
#[derive(Debug, Clone, Copy, PartialEq)]
struct DictionarySize {
    /// The slots at rung 0.
    capacity: u64,
    /// An upper bound, as far as the files bound at compile time give one.
    bound: u64,
}

impl Strings {
    /// The domain of a text column.
    pub fn domain_of(&self, id: ColumnId) -> Option<usize> {
        self.vars.get(&Var::Column(id)).copied()
    }

    /// The domain of a text column of an input table.
    pub fn domain_of_source(&self, table: usize, column: usize) -> Option<usize> {
        self.vars.get(&Var::Source(table, column)).copied()
    }

    /// The domain of a text parameter.
    pub fn domain_of_param(&self, param: usize) -> Option<usize> {
        self.vars.get(&Var::Param(param)).copied()
    }

    /// The domain of an encoded text expression.
    pub fn domain_of_expr(&self, expr: &Expr) -> Option<usize> {
        domains::var_of(expr).and_then(|var| self.vars.get(&var).copied())
    }

    /// The dictionary's slots at rung 0: a power of two.
    pub fn capacity(&self, domain: usize) -> usize {
        self.sizes[domain].capacity as usize
    }

    /// How many values the dictionary has at most, as far as the files bound at compile time tell: a power of two.
    pub(crate) fn bound(&self, domain: usize) -> u64 {
        self.sizes[domain].bound
    }

    /// Whether the dictionary is expected to be small enough to address a state together with other keys.
    pub fn is_small(&self, domain: usize) -> bool {
        self.use_recorded && self.sizes[domain].bound <= SMALL_CAPACITY
    }

    /// The table of ranks of a domain, and that of codes by rank.
    pub fn ranks(&self, domain: usize) -> Option<(usize, usize)> {
        let find = |wanted: &HostTableKind| {
            self.host_tables.iter().position(|table| table.domain == domain && table.kind == *wanted)
        };
        Some((find(&HostTableKind::Rank)?, find(&HostTableKind::Unrank)?))
    }

    /// The code of a literal: its position among the domain's literals.
    fn literal(&mut self, domain: usize, text: &str) -> i128 {
        let literals = &mut self.domains[domain].literals;
        let position = literals.iter().position(|literal| literal == text).unwrap_or_else(|| {
            literals.push(text.to_owned());
            literals.len() - 1
        });
        position as i128
    }
}

/// Replaces all text of a program by codes.
pub(super) fn encode(mut program: Program, use_recorded: bool) -> (Program, Strings) {
    let mut tables = host_tables::Pending::default();
    for_each_plan(&mut program, &mut |plan| {
        let is_order = matches!(plan, Plan::Sort(_) | Plan::TopK(_));
        for expr in device_expressions(plan) {
            *expr = tables.extract(expr.take(), is_order);
        }
    });
    let domains = Domains::infer(&program, &tables);
    let mut strings = number(&program, &domains, use_recorded);
    register(&mut strings, tables, &program);
    domains::encode_literals(&mut program, &mut strings);
    (program, strings)
}

/// Numbers the domains in a fixed order and sizes their dictionaries.
fn number(program: &Program, domains: &Domains, use_recorded: bool) -> Strings {
    let mut strings = Strings { use_recorded, ..Strings::default() };
    let mut roots: BTreeMap<Var, usize> = BTreeMap::new();
    // What is expected, and what is the most.
    let mut known: Vec<Option<(u64, u64)>> = Vec::new();
    for var in domains.vars() {
        let next = roots.len();
        let domain = *roots.entry(domains.root(var)).or_insert(next);
        if domain == known.len() {
            known.push(Some((0, 0)));
            strings.domains.push(StringDomain::default());
        }
        if let Var::Source(table, column) = var {
            let table = &program.tables[table];
            let distinct = table.columns[column].recorded.distinct.map(|values| (values, values));
            let rows = table.rows.map(|rows| (rows.min(LIKELY_CAPACITY), rows));
            let more = distinct.or(rows).filter(|_| use_recorded);
            let sum = |a: (u64, u64), b: (u64, u64)| (a.0.saturating_add(b.0), a.1.saturating_add(b.1));
            known[domain] = known[domain].and_then(|all| Some(sum(all, more?)));
        }
        strings.vars.insert(var, domain);
    }
    let power = |values: u64| values.min(MOST_CAPACITY).next_power_of_two().max(LEAST_CAPACITY);
    let size = |known: &Option<(u64, u64)>| match known {
        Some((0, 0)) | None => DictionarySize { capacity: DEFAULT_CAPACITY, bound: DEFAULT_CAPACITY },
        Some((likely, most)) => DictionarySize { capacity: power(*likely), bound: power(*most) },
    };
    strings.sizes = known.iter().map(size).collect();
    strings
}

/// Writes the pending tables into the manifest's form, and ranks for every `min` and `max` of text.
fn register(strings: &mut Strings, tables: host_tables::Pending, program: &Program) {
    for (index, table) in tables.tables.into_iter().enumerate() {
        let base = domains::var_of(&table.base).unwrap_or(Var::Base(index));
        let domain = strings.vars.get(&base).copied().unwrap_or_default();
        let entry = match table.function {
            None => rank_table(domain, HostTableKind::Rank),
            Some(expr) => {
                let result_domain = strings.vars.get(&Var::Table(index)).copied();
                HostTable {
                    domain,
                    element: expr.ty.element(),
                    nullable: expr.nullable,
                    can_fail: host_tables::can_fail(&expr),
                    kind: HostTableKind::Function { expr, result_domain },
                }
            }
        };
        strings.host_tables.push(entry);
    }
    let mut ranked = Vec::new();
    visit_plans(program, &mut |plan| {
        if let Plan::Aggregate(aggregate) = plan {
            for item in &aggregate.aggregates {
                let ordered = matches!(item.function, AggregateFunction::Min | AggregateFunction::Max);
                if ordered && item.ty == Type::Str {
                    ranked.extend(strings.domain_of(item.id));
                }
            }
        }
    });
    for domain in ranked {
        for kind in [HostTableKind::Rank, HostTableKind::Unrank] {
            let table = rank_table(domain, kind);
            if !strings.host_tables.contains(&table) {
                strings.host_tables.push(table);
            }
        }
    }
}

fn rank_table(domain: usize, kind: HostTableKind) -> HostTable {
    HostTable { domain, kind, element: Element::S32, nullable: false, can_fail: false }
}

/// Calls `visit` on every operator of every plan, inputs first.
pub(super) fn visit_plans(program: &Program, visit: &mut dyn FnMut(&Plan)) {
    fn walk(plan: &Plan, visit: &mut dyn FnMut(&Plan)) {
        for input in plan.inputs() {
            walk(input, visit);
        }
        visit(plan);
    }
    let plans = program.shared.iter().map(|shared| &shared.plan).chain(program.exports.iter().map(|e| &e.plan));
    for plan in plans {
        walk(plan, visit);
    }
}

fn for_each_plan(program: &mut Program, visit: &mut dyn FnMut(&mut Plan)) {
    fn walk(plan: &mut Plan, visit: &mut dyn FnMut(&mut Plan)) {
        for input in plan.inputs_mut() {
            walk(input, visit);
        }
        visit(plan);
    }
    let shared = program.shared.iter_mut().map(|shared| &mut shared.plan);
    for plan in shared.chain(program.exports.iter_mut().map(|export| &mut export.plan)) {
        walk(plan, visit);
    }
}

/// The expressions of an operator that a device computes: all but those of the host, which see text.
fn device_expressions(plan: &mut Plan) -> Vec<&mut Expr> {
    if matches!(plan, Plan::Evaluate(_)) { vec![] } else { plan.expressions_mut() }
}

/// Whether an expression's value is text that is not known at compile time.
fn is_text(expr: &Expr) -> bool {
    expr.ty == Type::Str && !matches!(expr.kind, ExprKind::Literal(_))
}
