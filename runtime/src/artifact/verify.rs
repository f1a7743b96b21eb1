//! What must hold of a manifest, whoever wrote it: the executor relies on it and looks at nothing of this again.
//!
//! `compile()` ends with this in debug builds and with `--verify`, where a violation is a bug in DJ. Every artifact is
//! verified when it is opened, where it means that the file is damaged.
//!
//! - (M1) The format is this build's, and the target is one that can be written down, of at most 1,024 replicas.
//! - (M2) There is a variant; every variant has the same number of stages' results for every export: one, within range.
//!   The columns of an export agree among variants in name, type and domain, and are nullable in a
//!   variant where they are in one before it.
//! - (M3) A column, a parameter or a host table's result has a string domain only where it is text, and one that there is.
//!   Every text column of a table and of a result has one.
//! - (M4) A host table computes text of a domain that there is, reads nothing but that text, and its element holds its values.
//! - (M5) A default is a value of its parameter's type, null only where the parameter may be.
//! - (M6) An assumption is of a column that there is, and its bounds are of the column's type.
//! - (M7) A chunk has at least one row and at most 2^24; there is at least one rung, at most 64, and the first is one of them.
//! - (M8) A capacity is at least 1 and fits 2^31 at the last rung; what it holds is there; one of rows holds a chunk.
//! - (M9) The first state tensor is the status: one `i64` for every site, at least one, zero at first. Every tensor has
//!   dimensions for every rung, of one rank, that do not shrink, and at most 2^31 elements.
//! - (M10) A driver reads a table, or an earlier stage whose rows come to the host; its columns are there, and their elements
//!   hold the values.
//! - (M11) A column of the host has an element that holds its values; its expression reads columns before it, by their types,
//!   and scalars that it lists.
//! - (M12) The arguments of a step are columns of its chunk, ascending. What the host passes on is a column of the chunk that
//!   is no argument, of the result column's element and domain; only emitting steps that do not expand pass anything on.
//! - (M13) What row groups are skipped by is a comparison of a table's column with a value or a parameter of its type, or with null.
//! - (M14) A resident is a host table at a capacity of its dictionary, or the result of an earlier fold: as many tensors, of
//!   the same elements, at lengths that are not zero.
//! - (M15) A scalar is a parameter or a cell of an earlier stage's result; its element holds the values, and it may be null
//!   where they may be.
//! - (M16) A site of a status has a message and a place in the source.
//! - (M17) An emitting stage keeps no state but the status. The result of a fold begins with its columns' tensors, and every
//!   tensor has a length for every rung.
//! - (M18) What appends has a capacity of rows; only what appends compacts.
//! - (M19) The rows that a slice leaves out and keeps can be counted in 64 bits.
//! - (M20) A stage has a driver.
//! - (M21) Every stage is in one pass; the stages of a pass of several have one driver each, all over one source, and chunks of
//!   one size; and what a stage reads are results of earlier passes.
//! - (M22) The last variant assumes nothing, so that some variant always holds.
//! - (M23) A table whose rows are made has no file and one column, of i64, dates or timestamps, never null; its ends are of that
//!   type and read parameters alone, and its step leads on, by months only where there are some.
//! - (M24) An exchange is among all devices of the target. What moves are rows that are kept, among several devices, and what is shared
//!   out are slots; the places of a result are integers behind its columns, where devices have parts of it; and a resident is a
//!   result that every device has, or one of which each is asked for its part.

mod drivers;
mod exchanges;
mod passes;
mod stages;
#[cfg(test)]
pub(crate) mod tests;

use super::{
    AssumptionKind, FORMAT, HostTable, HostTableKind, MadeRange, Manifest, RangeStep, ResultColumn, TableSpec, Target,
    Variant,
};
use crate::expr::{Expr, ExprKind, Scalar};
use crate::pjrt::Element;
use crate::types::{Bounds, Field, Type};

/// No chunk has more rows.
pub const MAX_CHUNK_ROWS: usize = 1 << 24;

/// No tensor has more elements: positions in it are `i32`.
pub const MAX_ELEMENTS: usize = 1 << 31;

/// No stage has more rungs.
const MAX_RUNGS: usize = 64;

/// No target has more replicas.
pub const MAX_REPLICAS: usize = 1024;

/// An invariant that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("M{invariant}, {place}: {problem}")]
pub struct ManifestError {
    /// Its number.
    pub invariant: u8,
    /// Of what it does not hold.
    pub place: String,
    /// Why.
    pub problem: String,
}

type Verified = Result<(), ManifestError>;

/// Where something is, for messages.
#[derive(Clone, Copy)]
struct At<'a>(&'a str);

impl At<'_> {
    /// Holds an invariant to a condition.
    fn must(self, invariant: u8, holds: bool, problem: impl FnOnce() -> String) -> Verified {
        if holds { Ok(()) } else { Err(self.broken(invariant, problem())) }
    }

    fn broken(self, invariant: u8, problem: String) -> ManifestError {
        ManifestError { invariant, place: self.0.to_owned(), problem }
    }

    /// What is at an index.
    fn get<'t, T>(self, invariant: u8, list: &'t [T], index: usize, what: &str) -> Result<&'t T, ManifestError> {
        list.get(index).ok_or_else(|| self.broken(invariant, format!("there is no {what} {index}")))
    }
}

impl Manifest {
    /// Checks every invariant.
    ///
    /// # Errors
    /// The first that does not hold.
    pub fn verify(&self) -> Verified {
        let at = At("the program");
        at.must(1, self.format == FORMAT, || format!("its format is {}", self.format))?;
        let target = &self.target;
        let is_one = (1..=MAX_REPLICAS).contains(&target.replicas)
            && Target::parse(&target.to_string()).as_ref() == Some(target);
        at.must(1, is_one, || format!("`{target}` with {} replicas is no target", target.replicas))?;
        at.must(2, !self.variants.is_empty(), || "it has no variant".to_owned())?;
        let last = self.variants.last().is_some_and(|variant| variant.assumptions.is_empty());
        at.must(22, last, || "its last variant assumes something".to_owned())?;
        self.verify_texts()?;
        for (index, table) in self.host_tables.iter().enumerate() {
            self.verify_host_table(At(&format!("host table {index}")), table)?;
        }
        for (index, variant) in self.variants.iter().enumerate() {
            self.verify_assumptions(At(&format!("variant {index}")), variant)?;
            for (stage, spec) in variant.stages.iter().enumerate() {
                let place = format!("variant {index}, stage {stage}");
                stages::verify(self, variant, stage, spec, At(&place))?;
            }
            passes::verify(variant, At(&format!("variant {index}")))?;
        }
        self.verify_exports()
    }

    fn verify_exports(&self) -> Verified {
        for export in &self.exports {
            self.verify_result(At(&format!("export `{}`", export.name)), &export.stages)?;
        }
        for assertion in &self.assertions {
            self.verify_result(At(&format!("assertion {:?}", assertion.message)), &assertion.stages)?;
        }
        Ok(())
    }

    /// What leaves the program: by variant the stage that gives it, with the same columns.
    fn verify_result(&self, at: At<'_>, stages: &[usize]) -> Verified {
        let all = stages.len() == self.variants.len();
        at.must(2, all, || format!("{} stages for {} variants", stages.len(), self.variants.len()))?;
        let mut all = Vec::new();
        for (stage, variant) in stages.iter().zip(&self.variants) {
            all.push(&at.get(2, &variant.stages, *stage, "stage")?.sink.columns);
        }
        for pair in all.windows(2) {
            // Who assumes more may know of fewer nulls.
            let alike = |(a, b): (&ResultColumn, &ResultColumn)| {
                let nullable = b.field.nullable || !a.field.nullable;
                a.field.name == b.field.name && a.field.ty == b.field.ty && a.domain == b.domain && nullable
            };
            let alike = pair[0].len() == pair[1].len() && pair[0].iter().zip(pair[1]).all(alike);
            at.must(2, alike, || "its columns differ among variants".to_owned())?;
        }
        Ok(())
    }

    fn verify_texts(&self) -> Verified {
        for table in &self.tables {
            let place = format!("table `{}`", table.name);
            for column in &table.columns {
                self.verify_domain(At(&place), &column.field, column.domain, true)?;
            }
            if let Some(made) = &table.made {
                self.verify_made(At(&place), table, made)?;
            }
        }
        for param in &self.params {
            let place = format!("parameter `{}`", param.field.name);
            let at = At(&place);
            self.verify_domain(at, &param.field, param.domain, false)?;
            if let Some(default) = &param.default {
                let fits = (!default.is_null() || param.field.nullable) && is_of(default, param.field.ty);
                at.must(5, fits, || format!("its default is no {}", param.field.ty))?;
            }
        }
        Ok(())
    }

    fn verify_made(&self, at: At<'_>, table: &TableSpec, made: &MadeRange) -> Verified {
        let [column] = &table.columns[..] else {
            return Err(at.broken(23, format!("made rows have {} columns", table.columns.len())));
        };
        let Field { ty, nullable, .. } = column.field;
        let is_range = matches!(ty, Type::I64 | Type::Date | Type::Timestamp) && !nullable && table.path.is_none();
        at.must(23, is_range, || format!("made rows of {ty}, or of a file"))?;
        for end in [&made.start, &made.end] {
            at.must(23, end.ty == ty, || format!("an end is {}", end.ty))?;
            verify_reads(at, 23, end, &|_| None, self.params.len())?;
        }
        let leads_on = match made.step {
            RangeStep::Whole(by) => by != 0,
            RangeStep::Months(by) => by != 0 && ty != Type::I64,
        };
        at.must(23, leads_on, || format!("a step of {:?}", made.step))
    }

    /// A domain only where there is text; `needed` where text must have one.
    fn verify_domain(&self, at: At<'_>, field: &Field, domain: Option<usize>, needed: bool) -> Verified {
        let is_text = field.ty == Type::Str;
        match domain {
            Some(domain) => {
                at.must(3, is_text, || format!("`{}` is no text and has a dictionary", field.name))?;
                at.get(3, &self.domains, domain, "string domain").map(|_| ())
            }
            None => at.must(3, !(is_text && needed), || format!("`{}` is text and has no dictionary", field.name)),
        }
    }

    fn verify_host_table(&self, at: At<'_>, table: &HostTable) -> Verified {
        at.get(4, &self.domains, table.domain, "string domain")?;
        match &table.kind {
            HostTableKind::Function { expr, result_domain } => {
                if let Some(domain) = result_domain {
                    at.get(4, &self.domains, *domain, "string domain")?;
                }
                at.must(4, holds(expr.ty, table.element), || format!("{} does not hold {}", table.element, expr.ty))?;
                at.must(4, table.nullable || !expr.nullable, || "an entry may be null".to_owned())?;
                verify_reads(at, 4, expr, &|id| (id == 0).then_some(Type::Str), 0)
            }
            HostTableKind::Rank | HostTableKind::Unrank => {
                at.must(4, table.element == Element::S32, || format!("a rank is no {}", table.element))
            }
        }
    }

    fn verify_assumptions(&self, at: At<'_>, variant: &Variant) -> Verified {
        for assumption in &variant.assumptions {
            let table = at.get(6, &self.tables, assumption.table, "table")?;
            let column = at.get(6, &table.columns, assumption.column, "column")?;
            if let AssumptionKind::Bounds(bounds) = assumption.kind {
                let fits = match bounds {
                    Bounds::Int { .. } => column.field.ty.is_integral(),
                    Bounds::Float { .. } => column.field.ty.is_float(),
                };
                at.must(6, fits, || format!("the bounds of `{}` are not of its type", column.field.name))?;
            }
        }
        Ok(())
    }
}

/// Whether an expression reads only columns that `column` knows, by their types, and as many scalars as there are.
fn verify_reads(
    at: At<'_>,
    invariant: u8,
    expr: &Expr,
    column: &dyn Fn(u32) -> Option<Type>,
    scalars: usize,
) -> Verified {
    let mut problem = None;
    expr.walk(&mut |part| {
        let found = match &part.kind {
            ExprKind::Column(id) => match column(id.0) {
                None => Some(format!("an expression reads column {}, which is not before it", id.0)),
                Some(ty) if ty != part.ty => {
                    Some(format!("an expression reads column {} as {}, which is {ty}", id.0, part.ty))
                }
                Some(_) => None,
            },
            ExprKind::Param(index) if *index >= scalars => Some(format!("an expression reads scalar {index}")),
            ExprKind::Cell { .. } | ExprKind::Table { .. } => Some("an expression reads a cell or a table".to_owned()),
            ExprKind::Literal(value) if !is_of(value, part.ty) => Some(format!("a literal is no {}", part.ty)),
            ExprKind::Param(_)
            | ExprKind::Literal(_)
            | ExprKind::Negate(_)
            | ExprKind::Not(_)
            | ExprKind::Arithmetic(..)
            | ExprKind::Compare(..)
            | ExprKind::And(_)
            | ExprKind::Or(_)
            | ExprKind::IsNull(_)
            | ExprKind::Coalesce(_)
            | ExprKind::Case { .. }
            | ExprKind::InList { .. }
            | ExprKind::Like { .. }
            | ExprKind::Cast { .. }
            | ExprKind::Call(..) => None,
        };
        if problem.is_none() {
            problem = found;
        }
    });
    problem.map_or(Ok(()), |problem| Err(at.broken(invariant, problem)))
}

/// Whether an element holds the values of a type: the type's own, or a narrower integer where the values are known to fit.
fn holds(ty: Type, element: Element) -> bool {
    element == ty.element() || (ty.is_integral() && is_integer(element) && element.bytes() <= ty.element().bytes())
}

fn is_integer(element: Element) -> bool {
    !matches!(element, Element::Pred | Element::F32 | Element::F64)
}

/// Whether a value is of a type, or null.
fn is_of(value: &Scalar, ty: Type) -> bool {
    match value {
        Scalar::Null => true,
        Scalar::Bool(_) => ty == Type::Bool,
        Scalar::Int(value) => ty.is_integral() && ty.integer_range().is_none_or(|(lo, hi)| (lo..=hi).contains(value)),
        Scalar::Float(_) => ty.is_float(),
        Scalar::Str(_) => ty == Type::Str,
    }
}
