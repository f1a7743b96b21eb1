//! Inner joins as a graph: relations, and what is equal between them.

use super::super::merge_filters::filter_all;
use crate::optimize::expressions::{column_expr, conjuncts, substitute};
use crate::plan::{Filter, Join, JoinKind, NamedExpr, Placement, Plan, Project, SchemaColumn};
use dj_grammar::Span;
use dj_runtime::expr::{ColumnId, CompareOp, Expr, ExprKind, can_fail};
use dj_runtime::types::Type;
use std::collections::{BTreeMap, BTreeSet};

/// A set of relations, as bits.
pub(super) type Set = u64;

/// Relations that inner joins connect.
pub(super) struct Graph {
    /// The relations.
    pub(super) relations: Vec<Plan>,
    /// What the joins make equal.
    pub(super) classes: Vec<Class>,
    /// Further conditions on rows of several relations; none can fail.
    pub(super) conditions: Vec<Condition>,
    /// The order of the program.
    pub(super) written: Tree,
    /// What columns are that were computed or renamed between the joins, as expressions of the relations' columns.
    names: BTreeMap<ColumnId, Expr>,
    span: Span,
}

/// Expressions of different relations that are all equal, one at most of each.
pub(super) struct Class {
    pub(super) members: Vec<Member>,
    span: Span,
}

/// A key of a relation.
pub(super) struct Member {
    pub(super) relation: usize,
    pub(super) key: Expr,
}

/// A condition on rows of several relations.
pub(super) struct Condition {
    pub(super) relations: Set,
    pub(super) predicate: Expr,
}

/// An order of joins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tree {
    /// A relation.
    Relation(usize),
    /// The probe side and the build side.
    Join(Box<Tree>, Box<Tree>),
}

impl Class {
    /// The key of one of the relations: of `first` if it has one.
    pub(super) fn key_of(&self, relations: Set, first: usize) -> Option<&Member> {
        let of = |member: &&Member| relations & (1 << member.relation) != 0;
        let best = self.members.iter().filter(of).find(|member| member.relation == first);
        best.or_else(|| self.members.iter().find(of))
    }
}

/// If the operator is a part of a graph of joins, the columns that may not be computed below it: those of `keys`, and those
/// that it reads itself. An operator that is no part of one is a relation of the graph.
///
/// A column that is computed between joins is computed above them all, so no join may read it; and nothing that is computed
/// may read it, so that expressions do not grow.
pub(super) fn keys_below(plan: &Plan, keys: &BTreeSet<ColumnId>) -> Option<BTreeSet<ColumnId>> {
    match plan {
        Plan::Join(join) if is_free(join) => {
            let read = join.on.iter().flat_map(|(left, right)| [left, right]).chain(&join.residual);
            Some(keys.iter().copied().chain(read.flat_map(Expr::columns)).collect())
        }
        Plan::Filter(filter) if !can_fail(&filter.predicate) => {
            let keys = keys.iter().copied().chain(filter.predicate.columns()).collect();
            keys_below(&filter.input, &keys).map(|_| keys)
        }
        Plan::Project(project) => {
            let is_key = |item: &&NamedExpr| keys.contains(&item.id);
            let renamed: Option<Vec<_>> =
                project.items.iter().filter(is_key).map(|item| item.expr.as_column()).collect();
            let read = project.items.iter().filter(|item| item.expr.as_column().is_none());
            let keys = renamed?.into_iter().chain(read.flat_map(|item| item.expr.columns())).collect();
            keys_below(&project.input, &keys).map(|_| keys)
        }
        _ => None,
    }
}

/// Whether a join may be made before or after others.
fn is_free(join: &Join) -> bool {
    let fails = join.on.iter().any(|(left, right)| can_fail(left) || can_fail(right));
    let is_placed = join.placement != Placement::Any;
    let is_plain = join.kind == JoinKind::Inner && join.nearest.is_none() && !join.nulls_equal && !is_placed;
    is_plain && !fails && !join.residual.as_ref().is_some_and(can_fail)
}

impl Graph {
    /// The graph of a plan that begins with a part of one; `None` if it has more relations than a set holds, or a condition
    /// that is on none.
    pub(super) fn of(plan: &Plan) -> Option<Self> {
        let (relations, classes, conditions) = (Vec::new(), Vec::new(), Vec::new());
        let names = BTreeMap::new();
        let mut graph = Self { relations, classes, conditions, written: Tree::Relation(0), names, span: plan.span() };
        graph.written = graph.add(plan, &BTreeSet::new())?;
        Some(graph)
    }

    fn add(&mut self, plan: &Plan, keys: &BTreeSet<ColumnId>) -> Option<Tree> {
        let Some(keys) = keys_below(plan, keys) else {
            self.relations.push(plan.clone());
            let is_counted = self.relations.len() <= Set::BITS as usize;
            return is_counted.then(|| Tree::Relation(self.relations.len() - 1));
        };
        match plan {
            Plan::Join(join) => {
                let (left, right) = (self.add(&join.left, &keys)?, self.add(&join.right, &keys)?);
                for (left, right) in &join.on {
                    self.connect(left, right, join.span)?;
                }
                join.residual.iter().try_for_each(|residual| self.restrict(residual))?;
                Some(Tree::Join(Box::new(left), Box::new(right)))
            }
            Plan::Filter(Filter { input, predicate, .. }) => {
                let tree = self.add(input, &keys)?;
                self.restrict(predicate)?;
                Some(tree)
            }
            Plan::Project(project) => {
                let tree = self.add(&project.input, &keys)?;
                for item in project.items.iter().filter(|item| item.expr.as_column() != Some(item.id)) {
                    let meaning = self.meaning(&item.expr);
                    self.names.insert(item.id, meaning);
                }
                Some(tree)
            }
            _ => None,
        }
    }

    /// An expression of the relations' columns.
    fn meaning(&self, expr: &Expr) -> Expr {
        substitute(expr.clone(), &|id| self.names.get(&id).cloned())
    }

    fn relations_of(&self, expr: &Expr) -> Set {
        let read = expr.columns();
        let reads = |relation: &Plan| relation.schema().iter().any(|column| read.contains(&column.id));
        (0..self.relations.len()).filter(|index| reads(&self.relations[*index])).map(|index| 1 << index).sum()
    }

    /// Two keys are equal: they belong to one class, unless a relation would have two keys in it, which no join compares.
    fn connect(&mut self, left: &Expr, right: &Expr, span: Span) -> Option<()> {
        let (left, right) = (self.meaning(left), self.meaning(right));
        let (of_left, of_right) = (self.relations_of(&left), self.relations_of(&right));
        if of_left.count_ones() != 1 || of_right.count_ones() != 1 || of_left == of_right {
            let nullable = left.nullable || right.nullable;
            let kind = ExprKind::Compare(CompareOp::Equal, Box::new(left), Box::new(right));
            return self.restrict(&Expr { kind, ty: Type::Bool, nullable, span });
        }
        let member = |relations: Set, key| Member { relation: relations.trailing_zeros() as usize, key };
        let pair = [member(of_left, left), member(of_right, right)];
        let class_of = |member: &Member| {
            let same = |other: &Member| {
                other.relation == member.relation && other.key.without_spans() == member.key.without_spans()
            };
            self.classes.iter().position(|class| class.members.iter().any(same))
        };
        let (first, second) = (class_of(&pair[0]), class_of(&pair[1]));
        let [left, right] = pair;
        let relations = |class: &Class| class.members.iter().fold(0, |set: Set, member| set | (1 << member.relation));
        match (first, second) {
            (Some(class), None) if relations(&self.classes[class]) & of_right == 0 => {
                self.classes[class].members.push(right);
            }
            (None, Some(class)) if relations(&self.classes[class]) & of_left == 0 => {
                self.classes[class].members.push(left);
            }
            (Some(a), Some(b)) if a == b => {}
            (Some(a), Some(b)) if relations(&self.classes[a]) & relations(&self.classes[b]) == 0 => {
                let other = self.classes.remove(b);
                let a = a - usize::from(a > b);
                self.classes[a].members.extend(other.members);
            }
            (None, None) | (Some(_), _) | (_, Some(_)) => self.classes.push(Class { members: vec![left, right], span }),
        }
        Some(())
    }

    fn restrict(&mut self, predicate: &Expr) -> Option<()> {
        for predicate in conjuncts(self.meaning(predicate)) {
            let relations = self.relations_of(&predicate);
            if relations == 0 {
                return None;
            }
            self.conditions.push(Condition { relations, predicate });
        }
        Some(())
    }

    /// The relations that share a class with each.
    pub(super) fn neighbors(&self) -> Vec<Set> {
        let mut neighbors = vec![0; self.relations.len()];
        for class in &self.classes {
            let all = class.members.iter().fold(0, |set: Set, member| set | (1 << member.relation));
            for member in &class.members {
                neighbors[member.relation] |= all & !(1 << member.relation);
            }
        }
        neighbors
    }

    /// The plan that joins in the order of the tree, with the columns of `schema`.
    pub(super) fn build(&self, tree: &Tree, schema: &[SchemaColumn]) -> Plan {
        let input = self.joined(tree).plan;
        let item = |column: &SchemaColumn| {
            let expr = self.names.get(&column.id).cloned();
            NamedExpr { id: column.id, expr: expr.unwrap_or_else(|| column_expr(*column, self.span)) }
        };
        let items = schema.iter().map(item).collect();
        Plan::Project(Project { input: Box::new(input), items, span: self.span })
    }

    fn joined(&self, tree: &Tree) -> Joined {
        let (plan, relations, driver, parts) = match tree {
            Tree::Relation(relation) => (self.relations[*relation].clone(), 1 << relation, *relation, [0, 0]),
            Tree::Join(probe, build) => {
                let (probe, build) = (self.joined(probe), self.joined(build));
                let parts = [probe.relations, build.relations];
                let driver = probe.driver;
                (self.join(probe, build), parts[0] | parts[1], driver, parts)
            }
        };
        // What is on rows of one side alone is below already.
        let is_new = |set: Set| set & !relations == 0 && parts.iter().all(|part| set & !part != 0);
        let predicates = self.conditions.iter().filter(|condition| is_new(condition.relations));
        let predicates: Vec<_> = predicates.map(|condition| condition.predicate.clone()).collect();
        Joined { plan: filter_all(predicates, plan, self.span), relations, driver }
    }

    /// The keys are those of the sides' drivers where these have some, so that what makes them unique is seen.
    fn join(&self, probe: Joined, build: Joined) -> Plan {
        let mut on = Vec::new();
        let mut span = self.span;
        for class in &self.classes {
            let left = class.key_of(probe.relations, probe.driver);
            if let (Some(left), Some(right)) = (left, class.key_of(build.relations, build.driver)) {
                on.push((left.key.clone(), right.key.clone()));
                span = class.span;
            }
        }
        Plan::Join(Join {
            left: Box::new(probe.plan),
            right: Box::new(build.plan),
            kind: JoinKind::Inner,
            on,
            nearest: None,
            residual: None,
            nulls_equal: false,
            placement: Placement::Any,
            span,
        })
    }
}

/// A part of a tree as a plan.
struct Joined {
    plan: Plan,
    relations: Set,
    /// The relation whose rows go through all joins.
    driver: usize,
}
