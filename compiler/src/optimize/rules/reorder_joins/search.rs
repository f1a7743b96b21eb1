//! The cheapest order of joins, by estimated rows.
//!
//! Of up to ten relations all orders are looked at, bushy ones too, from small sets to large ones (Selinger et al., 1979;
//! Moerkotte and Neumann, 2006); of more the two that join most cheaply are joined until one is left. Relations that nothing
//! connects are not paired.
//!
//! The cost is that of how joins run: rows stream in chunks of a fixed size, in which what a filter or a join drops leaves a
//! hole (a *lane*). So a probe costs for each lane of its driver, however few rows are left, and only what is kept (a build side)
//! or multiplied (by a build side whose keys are not unique) costs by rows.

use super::graph::{Class, Graph, Set, Tree};
use crate::plan::{Estimates, Plan, in_order_of_weight};
use dj_runtime::expr::ColumnId;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// More relations than this are not joined in every order.
const MOST_SEARCHED: usize = 10;

/// An order that is not cheaper than this share of the program's is not worth a doubt: estimates are guesses.
const CLEARLY: f64 = 0.8;

/// About nanoseconds of one core, for a lane that is read.
const READ: f64 = 2.0;
/// For a lane that looks for one match.
const PROBE_ONE: f64 = 10.0;
/// For a lane that looks for several.
const PROBE_MANY: f64 = 80.0;
/// For a row of a build side that has one row a key.
const BUILD_ONE: f64 = 20.0;
/// For a row of another build side, which is sorted.
const BUILD_MANY: f64 = 100.0;
/// For a pair that a join with several matches gives.
const PAIR: f64 = 20.0;
/// For a row that is stored on its way, because a second join multiplies it.
const STORE: f64 = 20.0;
/// For a lane that reaches what is above the joins.
const LAST: f64 = 10.0;

/// What is guessed of a graph.
pub(super) struct Search<'a> {
    graph: &'a Graph,
    estimates: &'a Estimates<'a>,
    neighbors: Vec<Set>,
    rows: Vec<f64>,
    /// How many distinct values the keys of each class have together.
    values: Vec<f64>,
    sets: RefCell<BTreeMap<Set, f64>>,
    unique: RefCell<BTreeMap<(usize, Vec<ColumnId>), bool>>,
}

/// A way to join some relations.
#[derive(Debug, Clone)]
struct Candidate {
    relations: Set,
    /// The relation whose rows go through all its joins.
    driver: usize,
    lanes: f64,
    /// Whether a row of the driver may occur several times.
    multiplies: bool,
    cost: f64,
    tree: Tree,
}

impl<'a> Search<'a> {
    /// Of a graph whose relations' rows are all estimated and that is connected.
    pub(super) fn new(graph: &'a Graph, estimates: &'a Estimates<'a>) -> Option<Self> {
        let rows: Option<Vec<f64>> = graph.relations.iter().map(|plan| Some(estimates.rows(plan)?.max(1.0))).collect();
        let mut search = Self {
            graph,
            estimates,
            neighbors: graph.neighbors(),
            rows: rows?,
            values: Vec::new(),
            sets: RefCell::default(),
            unique: RefCell::default(),
        };
        let all = (0..graph.relations.len()).map(|relation| 1 << relation).sum();
        if !search.is_connected(all) {
            return None;
        }
        search.values = graph.classes.iter().map(|class| search.values_of(class)).collect();
        Some(search)
    }

    /// The cheapest order, if it is clearly cheaper than that of the program.
    pub(super) fn better_than_written(&self) -> Option<Tree> {
        let written = self.candidate_of(&self.graph.written);
        let best = if self.rows.len() <= MOST_SEARCHED { self.cheapest()? } else { self.greedy()? };
        let is_better = best.tree != self.graph.written && total(&best) < total(&written) * CLEARLY;
        is_better.then_some(best.tree)
    }

    fn candidate_of(&self, tree: &Tree) -> Candidate {
        match tree {
            Tree::Relation(relation) => self.relation(*relation),
            Tree::Join(probe, build) => self.join(&self.candidate_of(probe), &self.candidate_of(build)),
        }
    }

    fn cheapest(&self) -> Option<Candidate> {
        let count = self.rows.len();
        let mut best: BTreeMap<Set, Candidate> = (0..count).map(|index| (1 << index, self.relation(index))).collect();
        for set in 1..(1 << count) {
            let mut probe: Set = (set - 1) & set;
            let mut cheapest: Option<Candidate> = best.remove(&set);
            while probe != 0 {
                if let (Some(left), Some(right)) = (best.get(&probe), best.get(&(set & !probe)))
                    && self.are_connected(left.relations, right.relations)
                {
                    let cost = self.cost(left, right);
                    if cheapest.as_ref().is_none_or(|other| cost < other.cost) {
                        cheapest = Some(self.join(left, right));
                    }
                }
                probe = (probe - 1) & set;
            }
            best.extend(cheapest.map(|candidate| (set, candidate)));
        }
        best.remove(&((1 << count) - 1))
    }

    fn greedy(&self) -> Option<Candidate> {
        let mut parts: Vec<Candidate> = (0..self.rows.len()).map(|relation| self.relation(relation)).collect();
        while parts.len() > 1 {
            let pairs = (0..parts.len()).flat_map(|a| (0..parts.len()).map(move |b| (a, b)));
            let connected = pairs
                .filter(|(a, b)| a != b && self.are_connected(parts[*a].relations, parts[*b].relations))
                .map(|(a, b)| (self.cost(&parts[a], &parts[b]) - parts[a].cost - parts[b].cost, a, b));
            let (_, a, b) = connected.min_by(|left, right| left.0.total_cmp(&right.0))?;
            let joined = self.join(&parts[a], &parts[b]);
            parts.remove(a.max(b));
            parts.remove(a.min(b));
            parts.push(joined);
        }
        parts.pop()
    }

    fn relation(&self, relation: usize) -> Candidate {
        let lanes = self.lanes(&self.graph.relations[relation]).unwrap_or(self.rows[relation]);
        let tree = Tree::Relation(relation);
        Candidate { relations: 1 << relation, driver: relation, lanes, multiplies: false, cost: lanes * READ, tree }
    }

    fn join(&self, probe: &Candidate, build: &Candidate) -> Candidate {
        let relations = probe.relations | build.relations;
        let once = self.matches_once(probe.relations, build);
        Candidate {
            relations,
            driver: probe.driver,
            lanes: if once { probe.lanes } else { self.rows_of(relations) },
            multiplies: probe.multiplies || !once,
            cost: self.cost(probe, build),
            tree: Tree::Join(Box::new(probe.tree.clone()), Box::new(build.tree.clone())),
        }
    }

    fn cost(&self, probe: &Candidate, build: &Candidate) -> f64 {
        let kept = self.rows_of(build.relations);
        let own = if self.matches_once(probe.relations, build) {
            kept * BUILD_ONE + probe.lanes * PROBE_ONE
        } else {
            let stored = if probe.multiplies { self.rows_of(probe.relations) } else { 0.0 };
            let pairs = self.rows_of(probe.relations | build.relations);
            kept * BUILD_MANY + probe.lanes * PROBE_MANY + stored * STORE + pairs * PAIR
        };
        probe.cost + build.cost + own
    }

    /// Whether a row of `probe` has at most one match in `build`.
    fn matches_once(&self, probe: Set, build: &Candidate) -> bool {
        let classes = self.graph.classes.iter().filter(|class| class.key_of(probe, 0).is_some());
        let keys = classes.filter_map(|class| class.key_of(build.relations, build.driver));
        let keys = keys.filter(|member| member.relation == build.driver).filter_map(|member| member.key.as_column());
        !build.multiplies && self.is_unique(build.driver, keys.collect())
    }

    fn is_unique(&self, relation: usize, keys: Vec<ColumnId>) -> bool {
        if keys.is_empty() {
            return false;
        }
        let known = self.unique.borrow().get(&(relation, keys.clone())).copied();
        known.unwrap_or_else(|| {
            let is_unique = self.estimates.is_unique(&self.graph.relations[relation], &keys);
            self.unique.borrow_mut().insert((relation, keys), is_unique);
            is_unique
        })
    }

    /// How many lanes the plan's rows lie in: a filter leaves holes, and what keeps rows closes them.
    fn lanes(&self, plan: &Plan) -> Option<f64> {
        match plan {
            Plan::Scan(scan) => Some(self.estimates.table_rows(scan.table)?.max(1.0)),
            Plan::Filter(_) | Plan::Project(_) | Plan::Shard(_) | Plan::Evaluate(_) => self.lanes(plan.inputs()[0]),
            Plan::Join(join) => Some(self.lanes(&join.left)?.max(self.estimates.rows(plan)?)),
            Plan::Union(union) => union.inputs.iter().map(|(input, _)| self.lanes(input)).sum(),
            Plan::Aggregate(_)
            | Plan::Sort(_)
            | Plan::Take(_)
            | Plan::TopK(_)
            | Plan::Distinct(_)
            | Plan::Window(_)
            | Plan::Shared(_) => self.estimates.rows(plan),
        }
    }

    /// How many rows the relations of a set have together.
    fn rows_of(&self, set: Set) -> f64 {
        if set.count_ones() == 1 {
            return self.rows[set.trailing_zeros() as usize];
        }
        if let Some(rows) = self.sets.borrow().get(&set) {
            return *rows;
        }
        let members = || (0..self.rows.len()).rev().filter(|relation| set & (1 << relation) != 0);
        let last = members().find(|relation| self.is_connected(set & !(1 << relation)));
        let last = last.or_else(|| members().next()).unwrap_or_else(|| unreachable!("a set of several relations"));
        let rest = set & !(1 << last);
        let mut keys = Vec::new();
        let mut shares = Vec::new();
        for (class, values) in self.graph.classes.iter().zip(&self.values) {
            if let (Some(key), Some(_)) = (class.key_of(1 << last, last), class.key_of(rest, last)) {
                keys.extend(key.key.as_column());
                shares.push(1.0 / values.max(1.0));
            }
        }
        let is_new = |of: Set| of & !set == 0 && of & (1 << last) != 0;
        let conditions = self.graph.conditions.iter().filter(|condition| is_new(condition.relations));
        let share: f64 = conditions.map(|condition| self.estimates.share(&condition.predicate)).product();
        let others = self.rows_of(rest);
        let pairs = others * self.rows[last] * in_order_of_weight(shares);
        let pairs = if self.is_unique(last, keys) { pairs.min(others) } else { pairs };
        let rows = (pairs * share).max(1.0);
        self.sets.borrow_mut().insert(set, rows);
        rows
    }

    /// If one relation has each value once, the others have those values; else those that have the most.
    fn values_of(&self, class: &Class) -> f64 {
        let members = || class.members.iter();
        let of_unique = members().filter_map(|member| {
            let relation = &self.graph.relations[member.relation];
            let is_unique = self.is_unique(member.relation, vec![member.key.as_column()?]);
            if is_unique { self.lanes(relation) } else { None }
        });
        let known = || members().filter_map(|member| self.estimates.distinct(&member.key)).reduce(f64::max);
        let fewest = || members().map(|member| self.rows[member.relation]).reduce(f64::min);
        let values = of_unique.reduce(f64::max).or_else(known).or_else(fewest);
        values.unwrap_or_else(|| unreachable!("a class has two members at least"))
    }

    fn are_connected(&self, left: Set, right: Set) -> bool {
        (0..self.rows.len()).any(|relation| left & (1 << relation) != 0 && self.neighbors[relation] & right != 0)
    }

    fn is_connected(&self, set: Set) -> bool {
        let mut reached: Set = set & set.wrapping_neg();
        loop {
            let next = (0..self.rows.len())
                .filter(|relation| reached & (1 << relation) != 0)
                .fold(reached, |all, relation| all | (self.neighbors[relation] & set));
            if next == reached {
                return reached == set;
            }
            reached = next;
        }
    }
}

/// With what is above the joins.
fn total(candidate: &Candidate) -> f64 {
    candidate.cost + candidate.lanes * LAST
}
