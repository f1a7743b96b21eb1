//! `join (join x y) z` = `join (join z x) y`, all inner, where nothing reads the order of the rows
//!
//! Inner joins of any number of relations may be made in any order and with either side as the build side; the cheapest by
//! estimated rows is taken, if it is clearly cheaper than what the program says. The order of rows is part of the language
//! (left order, then right), so this is done only where something above ends that order without having read it.

mod graph;
mod search;

use crate::optimize::Options;
use crate::optimize::driver::Pass;
use crate::plan::{Estimates, Plan, Program, reads_order_of_inputs};
use dj_runtime::expr::ColumnId;
use graph::{Graph, keys_below};
use search::Search;
use std::collections::BTreeSet;

pub(in crate::optimize) struct ReorderJoins;

impl Pass for ReorderJoins {
    fn name(&self) -> &'static str {
        "reorder_joins"
    }

    fn rewrite(&self, mut program: Program, options: &Options<'_>) -> Program {
        if !program.has_rows() {
            return program;
        }
        let before = program.clone();
        let estimates = Estimates::new(&before, options.unique);
        let mut reorderer = Reorderer { estimates: &estimates, order_is_read: vec![false; program.shared.len()] };
        for export in &mut program.exports {
            reorderer.visit(&mut export.plan, true);
        }
        // From the last: each is read only by later ones and the exports.
        for index in (0..program.shared.len()).rev() {
            let is_read = reorderer.order_is_read[index];
            reorderer.visit(&mut program.shared[index].plan, is_read);
        }
        program
    }
}

struct Reorderer<'a> {
    estimates: &'a Estimates<'a>,
    /// Whether something reads the order of each shared plan's rows.
    order_is_read: Vec<bool>,
}

impl Reorderer<'_> {
    /// Reorders the joins of a plan; `is_read` says whether something reads the order of its rows.
    fn visit(&mut self, plan: &mut Plan, is_read: bool) {
        if let Plan::Shared(reader) = plan {
            self.order_is_read[reader.plan] |= is_read;
        }
        let none = BTreeSet::new();
        if !is_read && keys_below(plan, &none).is_some() {
            self.visit_relations(plan, &none);
            self.reorder(plan);
            return;
        }
        let of_inputs = reads_order_of_inputs(plan, is_read);
        for (input, is_read) in plan.inputs_mut().into_iter().zip(of_inputs) {
            self.visit(input, is_read);
        }
    }

    /// Visits the relations that the joins of a plan connect.
    fn visit_relations(&mut self, plan: &mut Plan, keys: &BTreeSet<ColumnId>) {
        match keys_below(plan, keys) {
            Some(keys) => plan.inputs_mut().into_iter().for_each(|input| self.visit_relations(input, &keys)),
            None => self.visit(plan, false),
        }
    }

    fn reorder(&self, plan: &mut Plan) {
        let Some(graph) = Graph::of(plan) else { return };
        if let Some(best) = Search::new(&graph, self.estimates).and_then(|search| search.better_than_written()) {
            *plan = graph.build(&best, &plan.schema());
        }
    }
}
