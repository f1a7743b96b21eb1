//! `... x ... x ...` = `let s = x; ... read s ... read s ...`, where `x` holds on to rows
//!
//! Groups, sorts, windows and distinct rows that occur more than once are computed once, with the columns of all their
//! occurrences: groups of the same rows by the same keys are one operator, whatever each computes of them. What only streams
//! (filters, projections, joins) is not kept for this: that would take memory, and stages that read one source run together
//! anyway.

mod merge;

use super::inline_shared_once::refer_to;
use crate::optimize::Options;
use crate::optimize::driver::Pass;
use crate::plan::{Columns, Plan, Program, SchemaColumn, Shared, SharedPlan};
use dj_runtime::expr::{ColumnId, Expr, ExprKind};
use merge::{Same, merge};
use std::collections::{BTreeMap, BTreeSet};

pub(in crate::optimize) struct ShareEqualPlans;

impl Pass for ShareEqualPlans {
    fn name(&self) -> &'static str {
        "share_equal_plans"
    }

    fn rewrite(&self, mut program: Program, _: &Options<'_>) -> Program {
        let groups = groups(&program);
        if groups.is_empty() {
            return program;
        }
        let columns = std::mem::take(&mut program.columns);
        let (made, first) = (vec![None; groups.len()], program.shared.len());
        let mut sharer = Sharer { groups, made, columns, first, plans: Vec::new(), visited: 0 };
        program.plans_mut().for_each(|plan| sharer.share(plan));
        program.columns = sharer.columns;
        program.shared.extend(sharer.plans);
        in_order_of_reading(&mut program);
        program
    }
}

/// Occurrences of one plan.
struct Group {
    /// The plan with the columns of all, under the names of the first.
    plan: Plan,
    /// Which operators of the program they are, outermost first, and what their columns are in the plan.
    members: BTreeMap<usize, Same>,
}

/// What plans that may be equal have in common at a glance: operators other than projections, where rows come from, the
/// constants that they are filtered by, and the shared plans that they read. Of plans that read others, both together would
/// read what may read one of them.
type Outline = (usize, Vec<usize>, Vec<String>, BTreeSet<usize>);

fn outline(plan: &Plan) -> Outline {
    let (mut operators, mut sources, mut constants) = (0, Vec::new(), Vec::new());
    plan.walk(&mut |part| {
        operators += usize::from(!matches!(part, Plan::Project(_)));
        match part {
            Plan::Scan(scan) => sources.push(2 * scan.table),
            Plan::Shared(reader) => sources.push(2 * reader.plan + 1),
            _ => {}
        }
        if matches!(part, Plan::Scan(_) | Plan::Filter(_)) {
            part.walk_own_expressions(&mut |expr: &Expr| constants.extend(expr.as_literal().map(|x| format!("{x:?}"))));
        }
    });
    (operators, sources, constants, plans_read(plan))
}

fn holds_rows(plan: &Plan) -> bool {
    match plan {
        Plan::Aggregate(_) | Plan::Sort(_) | Plan::TopK(_) | Plan::Distinct(_) | Plan::Window(_) => true,
        Plan::Scan(_)
        | Plan::Filter(_)
        | Plan::Project(_)
        | Plan::Join(_)
        | Plan::Take(_)
        | Plan::Union(_)
        | Plan::Shard(_)
        | Plan::Shared(_)
        | Plan::Evaluate(_) => false,
    }
}

/// Plans that occur several times.
fn groups(program: &Program) -> Vec<Group> {
    let mut alike: BTreeMap<Outline, Vec<(usize, &Plan)>> = BTreeMap::new();
    let mut number = 0;
    program.walk(&mut |plan| {
        if holds_rows(plan) {
            alike.entry(outline(plan)).or_default().push((number, plan));
        }
        number += 1;
    });
    let mut groups: Vec<Group> = Vec::new();
    for plans in alike.into_values().filter(|plans| plans.len() > 1) {
        let first = groups.len();
        for (number, plan) in plans {
            let merged = groups[first..].iter_mut().any(|group| {
                let (mut both, mut same) = (group.plan.clone(), Same::new());
                let merged = merge(&mut both, plan, &mut same);
                if merged {
                    group.plan = both;
                    group.members.insert(number, same);
                }
                merged
            });
            if !merged {
                groups.push(Group { plan: plan.clone(), members: BTreeMap::from([(number, Same::new())]) });
            }
        }
    }
    groups.retain(|group| group.members.len() > 1);
    groups
}

struct Sharer {
    groups: Vec<Group>,
    /// The shared plan of each group, and its columns by their names in the group.
    made: Vec<Option<(usize, BTreeMap<ColumnId, ColumnId>)>>,
    columns: Columns,
    /// The index of the first shared plan that is made.
    first: usize,
    plans: Vec<SharedPlan>,
    /// How many operators of the program have been passed.
    visited: usize,
}

impl Sharer {
    /// Puts readers of shared plans in the place of what occurs several times, outermost first. What occurs within a plan that
    /// has become a shared one waits for the next round.
    fn share(&mut self, plan: &mut Plan) {
        let number = self.visited;
        let Some(group) = self.groups.iter().position(|group| group.members.contains_key(&number)) else {
            self.visited += 1;
            return plan.inputs_mut().into_iter().for_each(|input| self.share(input));
        };
        plan.walk(&mut |_| self.visited += 1);
        if self.made[group].is_none() {
            self.make(group);
        }
        let Some((index, names)) = &self.made[group] else { return };
        let same = &self.groups[group].members[&number];
        let source = |column: SchemaColumn| (names[same.get(&column.id).unwrap_or(&column.id)], column);
        let columns = plan.schema().into_iter().map(source).collect();
        *plan = Plan::Shared(Shared { plan: *index, columns, row: None, span: plan.span() });
    }

    /// Makes the shared plan of a group, whose columns are new ones.
    fn make(&mut self, group: usize) {
        let mut names = BTreeMap::new();
        let columns = &mut self.columns;
        let plan = self.groups[group].plan.clone().renamed(&mut |id| {
            *names.entry(id).or_insert_with(|| {
                let info = columns.get(id).clone();
                columns.add(info.name, info.ty, info.span)
            })
        });
        let index = self.first + self.plans.len();
        self.plans.push(SharedPlan { name: format!("shared {}", index + 1), plan });
        self.made[group] = Some((index, names));
    }
}

/// Puts every shared plan after those that it reads.
fn in_order_of_reading(program: &mut Program) {
    let mut waiting: Vec<(usize, BTreeSet<usize>)> =
        program.shared.iter().map(|source| plans_read(&source.plan)).enumerate().collect();
    let mut order: Vec<usize> = Vec::new();
    while !waiting.is_empty() {
        let next = waiting.iter().position(|(_, reads)| reads.is_empty());
        let (next, _) = waiting.remove(next.unwrap_or_else(|| unreachable!("no plan reads itself")));
        for (_, reads) in &mut waiting {
            reads.remove(&next);
        }
        order.push(next);
    }
    let mut plans: Vec<Option<SharedPlan>> = std::mem::take(&mut program.shared).into_iter().map(Some).collect();
    program.shared = order.iter().filter_map(|index| plans[*index].take()).collect();
    let places: BTreeMap<usize, usize> = order.into_iter().enumerate().map(|(place, index)| (index, place)).collect();
    refer_to(program, &|index| places[&index]);
}

/// The shared plans that a plan reads, as rows and as cells.
fn plans_read(plan: &Plan) -> BTreeSet<usize> {
    let mut read = BTreeSet::new();
    plan.walk(&mut |part| {
        if let Plan::Shared(reader) = part {
            read.insert(reader.plan);
        }
        part.walk_own_expressions(&mut |expr| {
            if let ExprKind::Cell { plan, .. } = expr.kind {
                read.insert(plan);
            }
        });
    });
    read
}
