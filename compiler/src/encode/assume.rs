//! What the files bound at compile time say of nulls, taken for granted.
//!
//! Most files declare every column nullable and hold no null. Where their metadata says so, validity and the counts that
//! nullable aggregates carry vanish. The runtime checks it while it decodes, and replays with the next variant if it is wrong.

use super::{EncodedProgram, Plan};
use crate::plan::narrow_nullability;

/// Takes the columns of tables in which no null is recorded as never null, in everything that reads them.
pub fn assume_no_nulls(encoded: &mut EncodedProgram) {
    let EncodedProgram { program, dictionaries } = encoded;
    let tables = &program.tables;
    let shared = program.shared.iter_mut().map(|shared| &mut shared.plan);
    for plan in shared.chain(program.exports.iter_mut().map(|export| &mut export.plan)) {
        plan.walk_mut(&mut |plan| {
            let Plan::Scan(scan) = plan else { return };
            for (index, column) in &mut scan.columns {
                column.nullable &= !tables[scan.table].columns[*index].recorded.not_null;
            }
        });
    }
    narrow_nullability(program, &|table| dictionaries.host_tables[table].nullable);
}
