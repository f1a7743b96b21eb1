//! Final numbers for dictionaries, tables and literals: variables of the union-find become string domains.

use super::dictionaries::{Dictionaries, DictionarySize};
use super::drafts::{DraftTable, Drafts, Holder};
use super::form::{Encoded, Expr, ExprKind, Scalar, Type};
use crate::plan::{Plan, Program, Union};
use dj_runtime::artifact::{HostTable, HostTableKind, StringDomain};
use dj_runtime::expr::{can_fail, makes_longer};
use dj_runtime::pjrt::Element;
use std::collections::BTreeMap;

/// Numbers the dictionaries of a program, in place, and describes them.
pub(super) fn resolve(program: &mut Program<Encoded>, drafts: Drafts) -> Dictionaries {
    let mut resolver = Resolver::new(drafts);
    for holder in resolver.drafts.holders.keys().copied().collect::<Vec<_>>() {
        resolver.hold(holder);
    }
    resolver.register();
    program.walk_mut(&mut |plan| resolver.operator(plan));
    let domains = resolver.dictionaries.domains.len();
    resolver.dictionaries.sizes = vec![DictionarySize::UNKNOWN; domains];
    resolver.dictionaries
}

struct Resolver {
    drafts: Drafts,
    /// The domains of the roots of the union-find.
    domains: BTreeMap<usize, usize>,
    /// The final numbers of the draft tables.
    tables: Vec<usize>,
    dictionaries: Dictionaries,
}

impl Resolver {
    fn new(drafts: Drafts) -> Self {
        Self { drafts, domains: BTreeMap::new(), tables: Vec::new(), dictionaries: Dictionaries::default() }
    }

    /// The domain of a variable, made if it is new.
    fn domain(&mut self, var: usize) -> usize {
        let root = self.drafts.root(var);
        *self.domains.entry(root).or_insert_with(|| {
            self.dictionaries.domains.push(StringDomain::default());
            self.dictionaries.domains.len() - 1
        })
    }

    fn hold(&mut self, holder: Holder) {
        let domain = self.domain(self.drafts.holders[&holder]);
        match holder {
            Holder::Source(table, column) => {
                self.dictionaries.sources.insert((table, column), domain);
            }
            Holder::Param(param) => {
                self.dictionaries.params.insert(param, domain);
            }
            Holder::Column(_) | Holder::Table(_) => {}
        }
    }

    /// Writes the tables into the manifest's form, and those of ranks for every `min` and `max` of text.
    ///
    /// A function's table does not serve the texts that later tables make. So two that are equal stay two: the earlier one
    /// would lack the texts that are made between them.
    fn register(&mut self) {
        for (index, table) in std::mem::take(&mut self.drafts.tables).into_iter().enumerate() {
            let table = self.host_table(index, table);
            let number = match table.kind {
                HostTableKind::Function { .. } => self.push(table),
                HostTableKind::Rank | HostTableKind::Unrank => self.once(table),
            };
            self.tables.push(number);
        }
        for var in std::mem::take(&mut self.drafts.ranked) {
            let domain = self.domain(var);
            for kind in [HostTableKind::Rank, HostTableKind::Unrank] {
                self.once(ranks(domain, kind));
            }
        }
    }

    fn push(&mut self, table: HostTable) -> usize {
        self.dictionaries.host_tables.push(table);
        self.dictionaries.host_tables.len() - 1
    }

    /// A table that serves all codes, whoever made them.
    fn once(&mut self, table: HostTable) -> usize {
        let known = self.dictionaries.host_tables.iter().position(|known| *known == table);
        known.unwrap_or_else(|| self.push(table))
    }

    fn host_table(&mut self, index: usize, draft: DraftTable) -> HostTable {
        let domain = self.domain(draft.var);
        let Some(expr) = draft.function else { return ranks(domain, HostTableKind::Rank) };
        let result = self.drafts.holders.get(&Holder::Table(index)).copied();
        HostTable {
            domain,
            element: expr.ty.element(),
            nullable: expr.nullable,
            can_fail: can_fail(&expr) || makes_longer(&expr),
            kind: HostTableKind::Function { expr, result_domain: result.map(|var| self.domain(var)) },
        }
    }

    /// An operator after its inputs, so that literals are interned in the order in which rows meet them.
    fn operator(&mut self, plan: &mut Plan<Encoded>) {
        for expr in plan.expressions_mut() {
            self.expr(expr);
        }
        for ty in types_mut(plan) {
            self.ty(ty);
        }
    }

    fn ty(&mut self, ty: &mut Type) {
        if let Type::Code(var) = ty {
            *ty = Type::Code(self.domain(*var));
        }
    }

    fn expr(&mut self, expr: &mut Expr) {
        self.ty(&mut expr.ty);
        for operand in expr.operands_mut() {
            self.expr(operand);
        }
        if let ExprKind::Literal(value) = &mut expr.kind {
            self.scalar(value, expr.ty);
        } else if let ExprKind::InList { operand, list } = &mut expr.kind {
            list.iter_mut().for_each(|value| self.scalar(value, operand.ty));
        } else if let ExprKind::Table { table, .. } = &mut expr.kind {
            *table = self.tables[*table];
        }
    }

    /// The code of a literal: its position among the literals of its dictionary.
    fn scalar(&mut self, value: &mut Scalar, ty: Type) {
        let Scalar::Code(place) = value else { return };
        let Type::Code(domain) = ty else { unreachable!("a literal text has a code's type") };
        let text = &self.drafts.literals[*place];
        let literals = &mut self.dictionaries.domains[domain].literals;
        let code = literals.iter().position(|literal| **literal == **text).unwrap_or_else(|| {
            literals.push(text.to_string());
            literals.len() - 1
        });
        *value = Scalar::Code(code);
    }
}

fn ranks(domain: usize, kind: HostTableKind) -> HostTable {
    HostTable { domain, kind, element: Element::S32, nullable: false, can_fail: false }
}

/// The types that an operator writes down, those of its expressions aside.
fn types_mut(plan: &mut Plan<Encoded>) -> Vec<&mut Type> {
    match plan {
        Plan::Scan(scan) => scan.columns.iter_mut().map(|(_, column)| &mut column.ty).collect(),
        Plan::Aggregate(aggregate) => {
            let keys = aggregate.keys.iter_mut().map(|key| &mut key.ty);
            keys.chain(aggregate.aggregates.iter_mut().map(|item| &mut item.ty)).collect()
        }
        Plan::Window(window) => {
            let keys = window.by.iter_mut().map(|key| &mut key.ty);
            keys.chain(window.items.iter_mut().map(|item| &mut item.ty)).collect()
        }
        Plan::Union(Union { columns, .. }) => columns.iter_mut().map(|column| &mut column.ty).collect(),
        Plan::Shared(shared) => {
            let columns = shared.columns.iter_mut().map(|(_, column)| &mut column.ty);
            columns.chain(shared.row.iter_mut().map(|row| &mut row.ty)).collect()
        }
        Plan::Evaluate(evaluate) => evaluate.items.iter_mut().map(|item| &mut item.column.ty).collect(),
        Plan::Filter(_)
        | Plan::Project(_)
        | Plan::Join(_)
        | Plan::Sort(_)
        | Plan::Shard(_)
        | Plan::TopK(_)
        | Plan::Take(_)
        | Plan::Distinct(_) => vec![],
    }
}
