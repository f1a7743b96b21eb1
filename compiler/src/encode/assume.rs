//! What the files bound at compile time say of texts and nulls, taken for granted.
//!
//! Dictionaries begin as large as they will probably be. And most files declare every column nullable and hold no null: where
//! their metadata says so, validity and the counts that nullable aggregates carry vanish. The runtime checks this while it
//! decodes, and replays with the next variant if it is wrong.

use super::dictionaries::DictionarySize;
use super::{EncodedProgram, Plan};
use crate::plan::narrow_nullability;
use dj_runtime::artifact::HostTableKind;

/// The least slots of a dictionary at rung 0.
const LEAST_CAPACITY: u64 = 64;

/// The most slots that a dictionary has at rung 0 where only the number of rows bounds its values: most columns of text have
/// far fewer, and a dictionary grows.
const LIKELY_CAPACITY: u64 = 1 << 16;

/// The most slots of a dictionary at rung 0, and at any.
const MOST_CAPACITY: u64 = 1 << 28;

/// Takes for granted what is recorded of the bound files. Dictionaries, tables and literals stay as they are numbered, so that
/// the variants of a program have them in common.
pub fn assume_recorded(encoded: &mut EncodedProgram) {
    size_dictionaries(encoded);
    assume_no_nulls(encoded);
}

/// Sizes the dictionaries by what is recorded of the columns that they serve.
fn size_dictionaries(encoded: &mut EncodedProgram) {
    let EncodedProgram { program, dictionaries } = encoded;
    // What is expected, and what is the most.
    let literals = dictionaries.domains.iter().map(|domain| domain.literals.len() as u64);
    let mut known: Vec<Option<(u64, u64)>> = literals.map(|literals| Some((literals, literals))).collect();
    let sum = |a: (u64, u64), b: (u64, u64)| (a.0.saturating_add(b.0), a.1.saturating_add(b.1));
    for domain in dictionaries.params.values() {
        known[*domain] = known[*domain].map(|all| sum(all, (1, 1)));
    }
    for ((table, column), domain) in &dictionaries.sources {
        let table = &program.tables[*table];
        let distinct = table.columns[*column].recorded.distinct.map(|values| (values, values));
        let rows = table.rows.map(|count| (count.rows.min(LIKELY_CAPACITY), count.rows));
        let more = distinct.or(rows);
        known[*domain] = known[*domain].and_then(|all| Some(sum(all, more?)));
    }
    // A table makes no more texts than it reads, and stands behind those that make what it reads.
    for table in &dictionaries.host_tables {
        if let HostTableKind::Function { result_domain: Some(made), .. } = table.kind {
            known[made] = known[made].zip(known[table.domain]).map(|(all, more)| sum(all, more));
        }
    }
    // Nobody knows how many texts the host makes of several columns.
    program.walk(&mut |plan| {
        let Plan::Evaluate(evaluate) = plan else { return };
        for domain in evaluate.items.iter().filter_map(|item| item.column.ty.domain()) {
            known[domain] = None;
        }
    });
    let power = |values: u64| values.min(MOST_CAPACITY).next_power_of_two().max(LEAST_CAPACITY);
    let size = |known: &Option<(u64, u64)>| match known {
        None => DictionarySize::UNKNOWN,
        Some((likely, most)) => DictionarySize { capacity: power(*likely), bound: Some(power(*most)) },
    };
    dictionaries.sizes = known.iter().map(size).collect();
    dictionaries.use_recorded = true;
}

/// Takes the columns of tables in which no null is recorded as never null, in everything that reads them.
fn assume_no_nulls(encoded: &mut EncodedProgram) {
    let EncodedProgram { program, dictionaries } = encoded;
    let tables = std::mem::take(&mut program.tables);
    program.walk_mut(&mut |plan| {
        let Plan::Scan(scan) = plan else { return };
        for (index, column) in &mut scan.columns {
            column.nullable &= !tables[scan.table].columns[*index].recorded.not_null;
        }
    });
    program.tables = tables;
    narrow_nullability(program, &|table| dictionaries.host_tables[table].nullable);
}
