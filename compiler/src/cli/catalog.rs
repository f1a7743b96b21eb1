//! The files that tables are bound to, as the compiler's catalog.

use crate::analyze::{BoundTable, Catalog};
use crate::plan::{Recorded, RowCount};
use dj_grammar::{Diagnostic, Span};
use dj_runtime::io::{self, IoErrorKind, Others};
use dj_runtime::types::{Bounds, Field, Type};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

/// Larger tables are not searched for values that occur twice.
const LARGEST_SEARCHED: u64 = 1 << 22;

/// The files that tables are bound to.
pub(super) struct Files<'a> {
    bindings: &'a [(String, String)],
    base: &'a Path,
    /// How many rows tables are to be planned for.
    rows: &'a [(String, u64)],
    /// What was found for each table, for [`Files::is_unique`].
    found: RefCell<BTreeMap<String, FoundTable>>,
    /// What was found out of columns: a search reads all rows.
    searched: RefCell<BTreeMap<(String, String), bool>>,
}

/// Where a table's files are, and the columns that they were read as.
struct FoundTable {
    path: String,
    fields: Vec<Field>,
}

impl<'a> Files<'a> {
    /// Bindings of the command line, and default paths relative to `base`.
    pub(super) fn new(bindings: &'a [(String, String)], base: &'a Path) -> Self {
        Self { bindings, base, rows: &[], found: RefCell::default(), searched: RefCell::default() }
    }

    /// The same, with tables of so many rows.
    pub(super) fn with_rows(self, rows: &'a [(String, u64)]) -> Self {
        Self { rows, ..self }
    }

    /// Whether no value of a column of a bound table occurs twice, as far as that is easily known.
    pub(super) fn is_unique(&self, table: &str, column: &str) -> bool {
        let key = (table.to_owned(), column.to_owned());
        let known = self.searched.borrow().get(&key).copied();
        known.unwrap_or_else(|| {
            let is_unique = self.search(table, column);
            self.searched.borrow_mut().insert(key, is_unique);
            is_unique
        })
    }

    fn search(&self, table: &str, column: &str) -> bool {
        let found = self.found.borrow();
        let Some(FoundTable { path, fields }) = found.get(table) else { return false };
        let Some(field) = fields.iter().find(|field| field.name == column) else { return false };
        matches!(io::is_unique(path, field, LARGEST_SEARCHED), Ok(Some(true)))
    }

    /// What files hold, as if they had the rows that the table is planned for.
    fn grown(&self, table: &str, mut schema: io::FileSchema) -> io::FileSchema {
        if let (Some(rows), Some(planned)) = (schema.rows, self.rows(table)) {
            for (field, recorded) in schema.fields.iter().zip(&mut schema.recorded) {
                recorded.bounds = recorded.bounds.map(|bounds| grown(bounds, field.ty, rows, planned));
            }
        }
        schema
    }

    fn bound(&self, table: &str) -> Option<&str> {
        self.bindings.iter().rev().find(|(name, _)| name == table).map(|(_, path)| path.as_str())
    }
}

impl Catalog for Files<'_> {
    fn table(&self, name: &str, default_path: Option<&str>, span: Span) -> Result<Option<BoundTable>, Diagnostic> {
        self.read(name, default_path, span, |path| Ok((io::schema(path)?, Vec::new())))
    }

    fn declared(
        &self,
        name: &str,
        default_path: Option<&str>,
        span: Span,
        columns: &[Field],
        others: bool,
    ) -> Result<Option<BoundTable>, Diagnostic> {
        let others = if others { Others::Read } else { Others::Mentioned };
        self.read(name, default_path, span, |path| io::schema_as(path, columns, others))
    }

    fn rows(&self, name: &str) -> Option<u64> {
        self.rows.iter().rev().find(|(table, _)| table == name).map(|(_, rows)| *rows)
    }
}

/// What files hold, and the declared columns that they do not.
type Found = Result<(io::FileSchema, Vec<io::IoError>), io::IoError>;

impl Files<'_> {
    fn read(
        &self,
        name: &str,
        default_path: Option<&str>,
        span: Span,
        look: impl FnOnce(&str) -> Found,
    ) -> Result<Option<BoundTable>, Diagnostic> {
        let explicit = self.bound(name).map(str::to_owned);
        let default = || Some(self.base.join(default_path?).to_string_lossy().into_owned());
        let Some(path) = explicit.clone().or_else(default) else { return Ok(None) };
        match look(&path) {
            Ok((schema, wrong)) => {
                let found = FoundTable { path: path.clone(), fields: schema.fields.clone() };
                self.found.borrow_mut().insert(name.to_owned(), found);
                let schema = self.grown(name, schema);
                let wrong = wrong.into_iter().filter_map(|error| Some((error.column.clone()?, error.into())));
                Ok(Some(BoundTable { wrong: wrong.collect(), ..bound_table(schema, &path) }))
            }
            Err(error) if error.kind == IoErrorKind::NotFound && explicit.is_none() => Ok(None),
            Err(error) => {
                let text = if explicit.is_some() { "bound by `--bind`" } else { "bound here" };
                Err(Diagnostic::from(error).label(span, text))
            }
        }
    }
}

/// The bounds of a column of a table that will have more rows. Whole numbers of which there are more than the square root of the
/// rows are taken to be keys, whose range grows with them; that bounds hold is checked by every run.
fn grown(bounds: Bounds, ty: Type, rows: u64, planned: u64) -> Bounds {
    let Bounds::Int { lo, hi } = bounds else { return bounds };
    let is_number = !matches!(ty, Type::Bool | Type::Date | Type::Timestamp | Type::Duration | Type::Decimal { .. });
    let range = (hi - lo).max(0).cast_unsigned();
    if !is_number || planned <= rows || range.saturating_mul(range) <= rows.into() {
        return bounds;
    }
    let more = range.saturating_mul((planned - rows).into()) / u128::from(rows.max(1));
    let most = ty.integer_range().map_or(hi, |(_, most)| most);
    Bounds::Int { lo, hi: hi.saturating_add_unsigned(more).min(most) }
}

fn bound_table(schema: io::FileSchema, path: &str) -> BoundTable {
    let recorded = schema.recorded.iter().map(|recorded| Recorded {
        bounds: recorded.bounds,
        not_null: recorded.not_null,
        unique: false,
        distinct: recorded.distinct,
    });
    let rows = schema.rows.map(RowCount::at_most).or_else(|| io::sampled_rows(path).map(RowCount::about));
    BoundTable {
        file: schema.first.display().to_string(),
        recorded: recorded.collect(),
        fields: schema.fields,
        unsupported: schema.unsupported,
        wrong: Vec::new(),
        rows,
        typed: schema.typed,
    }
}

#[cfg(test)]
mod tests {
    use super::grown;
    use dj_runtime::types::{Bounds, Type};

    #[test]
    fn keys_grow_with_the_rows() {
        let int = |lo, hi| Bounds::Int { lo, hi };
        // A hundred times as many rows: keys up to 10,000 lie below a million.
        assert_eq!(grown(int(1, 10_001), Type::I64, 10_000, 1_000_000), int(1, 1_000_001));
        assert_eq!(grown(int(0, 60_000), Type::U16, 10_000, 1_000_000), int(0, 65_535));
        // Fifty quantities are fifty, and so are days and prices what they are.
        assert_eq!(grown(int(1, 50), Type::I64, 10_000, 1_000_000), int(1, 50));
        assert_eq!(grown(int(0, 9_000), Type::Date, 10_000, 1_000_000), int(0, 9_000));
        // Fewer rows have the same keys.
        assert_eq!(grown(int(1, 10_001), Type::I64, 10_000, 10), int(1, 10_001));
    }
}
