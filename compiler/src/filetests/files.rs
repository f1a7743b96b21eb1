//! The lines of a filetest that say what its tables' files say of themselves.

use crate::analyze::{BoundTable, Catalog, NothingBound, analyze};
use crate::physical::Choice;
use crate::plan::{Recorded, RowCount};
use dj_grammar::{Diagnostic, Span, ast};
use dj_runtime::types::Bounds;
use std::collections::BTreeMap;

/// Files that are not there, with metadata, and how large chunks may be.
pub(crate) struct Files {
    tables: BTreeMap<String, BoundTable>,
    pub(super) chunk_rows: Option<usize>,
    /// What `--strategy` would ask for.
    pub(super) strategies: Vec<Choice>,
}

impl Files {
    /// Reads the lines `# file t: 1000 rows, k in 0..9, s has 150 values, k is unique`, `# chunk: 8 rows` and `# strategy:
    /// group=sort` of a test of the program `file`, which declares the columns.
    pub(crate) fn new(file: &ast::File, source: &str, given: &[&str]) -> Self {
        let mut files = Self { tables: BTreeMap::new(), chunk_rows: None, strategies: vec![] };
        for line in given {
            if let Some(names) = line.strip_prefix("# strategy: ") {
                files.strategies.extend(names.split(' ').map(choice));
                continue;
            }
            match line.strip_prefix("# file ").and_then(|rest| rest.split_once(": ")) {
                Some((name, facts)) => {
                    let table = files.tables.entry(name.to_owned()).or_insert_with(|| declared(file, source, name));
                    facts.split(", ").for_each(|fact| record(table, fact));
                }
                None => files.chunk_rows = Some(number(line.split(' ').nth(2).unwrap_or_default())),
            }
        }
        files
    }

    /// Whether no value of a column occurs twice.
    pub(crate) fn is_unique(&self, table: &str, column: &str) -> bool {
        self.tables.get(table).is_some_and(|table| {
            let mut columns = table.fields.iter().zip(&table.recorded);
            columns.any(|(field, recorded)| field.name == column && recorded.unique)
        })
    }
}

impl Catalog for Files {
    fn table(&self, name: &str, _: Option<&str>, _: Span) -> Result<Option<BoundTable>, Diagnostic> {
        Ok(self.tables.get(name).cloned())
    }
}

fn choice(name: &str) -> Choice {
    let found = Choice::ALL.into_iter().find(|choice| choice.name() == name);
    found.unwrap_or_else(|| panic!("there is no strategy `{name}`"))
}

/// A table as its program declares it.
fn declared(file: &ast::File, source: &str, name: &str) -> BoundTable {
    let (program, diagnostics) = analyze(file, source, &NothingBound);
    let program = program.unwrap_or_else(|| panic!("{diagnostics:#?}"));
    let table = program.tables.iter().find(|table| table.name == name);
    let table = table.unwrap_or_else(|| panic!("the program reads no table `{name}`"));
    let fields: Vec<_> = table.columns.iter().map(|column| column.field.clone()).collect();
    BoundTable { recorded: vec![Recorded::default(); fields.len()], fields, typed: true, ..BoundTable::default() }
}

/// Adds what one part of a line says.
fn record(table: &mut BoundTable, fact: &str) {
    let words: Vec<&str> = fact.split(' ').collect();
    match words[..] {
        [rows, "rows"] => {
            table.rows = Some(RowCount::at_most(number(rows)));
            return;
        }
        ["about", rows, "rows"] => {
            table.rows = Some(RowCount::about(number(rows)));
            return;
        }
        _ => {}
    }
    let column = table.fields.iter().position(|field| field.name == words[0]);
    let column = column.unwrap_or_else(|| panic!("no column `{}`", words[0]));
    let recorded = &mut table.recorded[column];
    match words[1..] {
        ["in", range] => {
            let (lo, hi) = range.split_once("..").unwrap_or_else(|| panic!("no range: {range}"));
            recorded.bounds = Some(Bounds::Int { lo: number(lo), hi: number(hi) });
        }
        ["has", count, "values"] => recorded.distinct = Some(number(count)),
        ["has", "no", "nulls"] => recorded.not_null = true,
        ["is", "unique"] => recorded.unique = true,
        _ => panic!("not understood: {fact}"),
    }
}

fn number<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("no number: {text}"))
}
