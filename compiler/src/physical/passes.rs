//! Stages that read one source run together, so that it is read and decoded once (docs/decisions/0014).
//!
//! A pass is a list of such stages. Who reads the result of another comes in a later pass, so a table is read again where a
//! stage over it needs a result of another one over it (a join of a table with itself).

use super::planner::{chunk_rows_of, row_bytes};
use super::{Driver, Stage};
use crate::strategy::Sink;
use std::collections::BTreeSet;

/// Puts every stage into a pass, in an order in which they can run, and gives those of a pass chunks of one size.
pub(super) fn plan(stages: &mut [Stage], shared: &[Option<usize>]) -> Vec<Vec<usize>> {
    let reads: Vec<_> = stages.iter().map(|stage| stage.results_read(shared)).collect();
    let mut passes: Vec<Vec<usize>> = (0..stages.len()).map(|stage| vec![stage]).collect();
    // Who reads to the end comes first, because the others join only what is read to the end anyway.
    let (first_rows, all): (Vec<_>, Vec<_>) = (0..stages.len()).partition(|stage| takes_first_rows(&stages[*stage]));
    for stage in all.into_iter().chain(first_rows) {
        join_a_pass(stage, &mut passes, stages, &reads);
    }
    passes.retain(|pass| !pass.is_empty());
    let passes =
        in_order(&passes, &reads).unwrap_or_else(|| unreachable!("a stage reads results of earlier ones only"));
    passes.iter().for_each(|pass| align(pass, stages));
    passes
}

/// Moves a stage that is alone into the first pass that takes it.
fn join_a_pass(stage: usize, passes: &mut [Vec<usize>], stages: &[Stage], reads: &[BTreeSet<usize>]) {
    // Those of later stages that read to the end are not made yet.
    let made = if takes_first_rows(&stages[stage]) { passes.len() } else { stage };
    for pass in (0..made).filter(|pass| *pass != stage) {
        if !may_join(stage, &passes[pass], stages) {
            continue;
        }
        passes[stage].clear();
        passes[pass].push(stage);
        passes[pass].sort_unstable();
        if in_order(passes, reads).is_some() {
            return;
        }
        passes[pass].retain(|other| *other != stage);
        passes[stage].push(stage);
    }
}

/// Whether a stage reads the source of a pass, and nothing would be read for it that is not read without it.
fn may_join(stage: usize, pass: &[usize], stages: &[Stage]) -> bool {
    let Some(driver) = only_driver(&stages[stage]) else { return false };
    let others: Option<Vec<&Driver>> = pass.iter().map(|other| only_driver(&stages[*other])).collect();
    let Some(others) = others.filter(|others| others.first().is_some_and(|other| other.source == driver.source)) else {
        return false;
    };
    if !takes_first_rows(&stages[stage]) {
        return pass.iter().all(|other| !takes_first_rows(&stages[*other]));
    }
    let to_the_end = || pass.iter().zip(&others).filter(|(other, _)| !takes_first_rows(&stages[**other]));
    let is_read =
        |index: usize| to_the_end().any(|(_, other)| other.columns.iter().any(|column| column.index == index));
    let skips_no_less = to_the_end().any(|(_, other)| other.skip.is_empty() || other.skip == driver.skip);
    skips_no_less && driver.columns.iter().all(|column| is_read(column.index))
}

/// The driver of a stage that has one.
fn only_driver(stage: &Stage) -> Option<&Driver> {
    if let [driver] = &stage.drivers[..] { Some(driver) } else { None }
}

/// Whether a stage is done with the row that fills its slice.
fn takes_first_rows(stage: &Stage) -> bool {
    matches!(stage.sink, Sink::Emit(_)) && stage.slice.is_some()
}

/// The passes, each after those whose results it reads, and else in the order of their first stages; `None` if there is no
/// such order.
fn in_order(passes: &[Vec<usize>], reads: &[BTreeSet<usize>]) -> Option<Vec<Vec<usize>>> {
    let mut pass_of = vec![0; reads.len()];
    for (index, pass) in passes.iter().enumerate() {
        pass.iter().for_each(|stage| pass_of[*stage] = index);
    }
    let read_by_pass = |pass: &Vec<usize>| -> BTreeSet<usize> {
        pass.iter().flat_map(|stage| &reads[*stage]).map(|stage| pass_of[*stage]).collect()
    };
    let mut missing: Vec<BTreeSet<usize>> = passes.iter().map(read_by_pass).collect();
    let mut readers = vec![Vec::new(); passes.len()];
    for (pass, read) in missing.iter().enumerate() {
        read.iter().for_each(|from| readers[*from].push(pass));
    }
    let place = |pass: usize| passes[pass].first().map(|stage| (*stage, pass));
    let mut ready: BTreeSet<_> = (0..passes.len()).filter(|pass| missing[*pass].is_empty()).filter_map(place).collect();
    let mut ordered = Vec::new();
    while let Some((_, pass)) = ready.pop_first() {
        ordered.push(passes[pass].clone());
        for reader in &readers[pass] {
            missing[*reader].remove(&pass);
            if missing[*reader].is_empty() {
                ready.extend(place(*reader));
            }
        }
    }
    let wanted = passes.iter().filter(|pass| !pass.is_empty()).count();
    (ordered.len() == wanted).then_some(ordered)
}

/// Gives the stages of a pass chunks of one size, for which a row has the columns of all of them.
fn align(pass: &[usize], stages: &mut [Stage]) {
    let [first, _, ..] = pass else { return };
    let drivers = || pass.iter().flat_map(|stage| &stages[*stage].drivers);
    let mut row = Driver { columns: vec![], host: vec![], ..stages[*first].drivers[0].clone() };
    for driver in drivers() {
        for column in &driver.columns {
            let is_there = |known: &super::DriverColumn| {
                known.index == column.index && known.column.nullable == column.column.nullable
            };
            if !row.columns.iter().any(is_there) {
                row.columns.push(column.clone());
            }
        }
        row.host.extend(driver.host.iter().cloned());
    }
    let least = pass.iter().map(|stage| stages[*stage].chunk_rows).fold(stages[*first].chunk_rows, usize::min);
    let rows = least.min(chunk_rows_of(row_bytes(&row)));
    pass.iter().for_each(|stage| stages[*stage].chunk_rows = rows);
}
