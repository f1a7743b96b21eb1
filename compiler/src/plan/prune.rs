//! Tables without the columns that no scan reads, so that all that follows numbers columns as the runtime is told to.

use super::{Plan, Program};
use dj_runtime::expr::Form;
use std::collections::BTreeSet;

impl<F: Form> Program<F> {
    /// The program with tables of the columns that some scan reads, numbered anew.
    #[must_use]
    pub fn with_pruned_tables(mut self) -> Self {
        let mut read = vec![BTreeSet::new(); self.tables.len()];
        self.walk(&mut |plan| {
            if let Plan::Scan(scan) = plan {
                read[scan.table].extend(scan.columns.iter().map(|(index, _)| *index));
            }
        });
        self.walk_mut(&mut |plan| {
            if let Plan::Scan(scan) = plan {
                for (index, _) in &mut scan.columns {
                    *index = read[scan.table].range(..*index).count();
                }
            }
        });
        for (table, read) in self.tables.iter_mut().zip(&read) {
            table.columns = read.iter().map(|index| table.columns[*index].clone()).collect();
        }
        self
    }
}
