//! Tables: what a program declares of them, and what their files say.

use super::builder::Builder;
use super::declarations::{Declarations, Known, defined_twice};
use super::{BoundTable, Catalog, codes};
use crate::plan::{Recorded, RowCount, Table, TableColumn};
use dj_grammar::{Diagnostic, Span, ast};
use dj_runtime::expr::Scalar;
use dj_runtime::io::{IoErrorKind, NO_NAME, SAME_NAME};
use dj_runtime::types::{Bounds, Field, Type};

/// A column of a bound file that the table does not have.
pub(super) struct FileColumn {
    pub(super) table: String,
    pub(super) column: String,
    pub(super) why: LeftOut,
}

/// Why a table does not have a column of its file.
pub(super) enum LeftOut {
    /// DJ has no such type.
    NoSuchType(String),
    /// The table's list of columns ends without `..` and does not name it.
    NotDeclared(Field),
}

/// A table with its columns: declared, read from the bound file, or both.
pub(super) fn table_of(
    table: &ast::Table,
    source: &str,
    catalog: &dyn Catalog,
    left_out: &mut Vec<FileColumn>,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Table, Known) {
    let path = table.from.as_ref().map(|from| from.node.clone());
    let blame = table.from.as_ref().map_or(table.name.span, |from| from.span);
    let declared = table.columns.as_ref().map(|declared| declared_columns(declared, source, diagnostics));
    let bound = match &declared {
        Some((columns, _)) => {
            let fields: Vec<_> = columns.iter().map(|column| column.field.clone()).collect();
            catalog.declared(&table.name.node, path.as_deref(), blame, &fields, table.others.is_some())
        }
        None => catalog.table(&table.name.node, path.as_deref(), blame),
    };
    let failed = bound.is_err();
    let bound = bound.unwrap_or_else(|diagnostic| {
        diagnostics.push(diagnostic);
        None
    });
    let rows = catalog.rows(&table.name.node).map(RowCount::about);
    let rows = rows.or_else(|| bound.as_ref().and_then(|bound| bound.rows));
    let (columns, known) = match declared {
        Some((mut columns, mut known)) => {
            match (&bound, table.others) {
                (Some(bound), others) => {
                    check_against_file(&mut columns, bound, known, diagnostics);
                    left_out.extend(unsupported_columns(table, bound));
                    match others {
                        Some(span) => {
                            diagnostics.extend(leaves_out(table, bound, span));
                            diagnostics.extend(differing_others(&columns, bound, span));
                            columns = with_others(columns, bound, span);
                        }
                        None => left_out.extend(undeclared_columns(table, &columns, bound)),
                    }
                }
                (None, Some(span)) => {
                    known = Known::No;
                    if !failed {
                        diagnostics.push(no_others(table, span));
                    }
                }
                (None, None) => {}
            }
            (columns, known)
        }
        None => match &bound {
            Some(bound) if bound.fields.is_empty() && !bound.unsupported.is_empty() => {
                diagnostics.push(nothing_to_read(table, bound, blame));
                (Vec::new(), Known::No)
            }
            Some(bound) => {
                diagnostics.extend(leaves_out(table, bound, blame));
                left_out.extend(unsupported_columns(table, bound));
                (columns_of_file(bound, table.name.span), Known::Yes)
            }
            None => {
                if !failed {
                    diagnostics.push(no_schema(table, blame));
                }
                (Vec::new(), Known::No)
            }
        },
    };
    (Table { name: table.name.node.clone(), path, span: table.span, columns, rows, made: None }, known)
}

fn no_schema(table: &ast::Table, blame: Span) -> Diagnostic {
    let name = &table.name.node;
    let problem = if table.from.is_some() { "no file is there" } else { "it is bound to no file" };
    Diagnostic::error(codes::NO_SCHEMA, format!("the columns of `{name}` are not known"))
        .label(blame, problem)
        .help(format!("bind a file with `--bind {name}=PATH`"))
        .help(format!("or declare the columns: `table {name} {{ id: i64, city: str? }}`"))
}

/// `{ a: i64, .. }` of a table that is bound to no file.
fn no_others(table: &ast::Table, span: Span) -> Diagnostic {
    let name = &table.name.node;
    let problem = if table.from.is_some() { "no file is there" } else { "the table is bound to no file" };
    Diagnostic::error(codes::NO_SCHEMA, format!("the other columns of `{name}` are not known"))
        .label(span, format!("they are the bound file's, and {problem}"))
        .help(format!("bind a file with `--bind {name}=PATH`"))
        .help("or declare every column that the program reads, and leave the `..` out")
}

/// The file's columns in its order, with those that are declared as they are declared.
fn with_others(declared: Vec<TableColumn>, bound: &BoundTable, span: Span) -> Vec<TableColumn> {
    let mut declared = declared;
    let mut columns = Vec::new();
    for column in columns_of_file(bound, span) {
        match declared.iter().position(|own| own.field.name == column.field.name) {
            Some(index) => columns.push(declared.remove(index)),
            None => columns.push(column),
        }
    }
    // What the file lacks has been reported.
    columns.extend(declared);
    columns
}

/// What keeps columns that `..` stands for from being columns of the table: the files do not agree on them.
fn differing_others(declared: &[TableColumn], bound: &BoundTable, span: Span) -> Vec<Diagnostic> {
    let others = bound.wrong.iter().filter(|(name, _)| declared.iter().all(|column| column.field.name != *name));
    others.map(|(_, wrong)| wrong.clone().label(span, "one of the others")).collect()
}

/// Columns of the file that a list without `..` leaves out.
fn undeclared_columns(table: &ast::Table, declared: &[TableColumn], bound: &BoundTable) -> Vec<FileColumn> {
    let others = bound.fields.iter().filter(|field| declared.iter().all(|column| column.field.name != field.name));
    others
        .map(|field| FileColumn {
            table: table.name.node.clone(),
            column: field.name.clone(),
            why: LeftOut::NotDeclared(field.clone()),
        })
        .collect()
}

fn unsupported_columns(table: &ast::Table, bound: &BoundTable) -> Vec<FileColumn> {
    let column = |(column, ty): &(String, String)| FileColumn {
        table: table.name.node.clone(),
        column: column.clone(),
        why: LeftOut::NoSuchType(ty.clone()),
    };
    bound.unsupported.iter().map(column).collect()
}

fn declared_columns(
    declared: &[ast::ColumnDeclaration],
    source: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Vec<TableColumn>, Known) {
    let declarations = Declarations::default();
    let mut builder = Builder::new(source, &declarations, Vec::new());
    let mut known = Known::Yes;
    let mut columns: Vec<TableColumn> = Vec::new();
    for column in declared {
        if let Some(first) = columns.iter().find(|other| other.field.name == column.name.node) {
            builder.report(defined_twice(&column.name, first.span));
            continue;
        }
        let Some(ty) = builder.type_named(&column.ty) else {
            known = Known::No;
            continue;
        };
        let domain = column.domain.as_ref().and_then(|(lo, hi)| builder.domain(lo, hi, ty));
        let field = Field { name: column.name.node.clone(), ty, nullable: column.ty.nullable };
        let (span, recorded) = (column.span, Recorded::default());
        columns.push(TableColumn { field, span, is_inferred: false, declared: domain, recorded });
    }
    diagnostics.extend(builder.into_diagnostics());
    (columns, known)
}

fn columns_of_file(bound: &BoundTable, span: Span) -> Vec<TableColumn> {
    let recorded = bound.recorded.iter().cloned().chain(std::iter::repeat_with(Recorded::default));
    bound
        .fields
        .iter()
        .zip(recorded)
        .map(|(field, recorded)| TableColumn {
            field: field.clone(),
            span,
            is_inferred: !bound.typed,
            declared: None,
            recorded,
        })
        .collect()
}

/// Warns of the columns that a table without a column list does not have, if there are any.
fn leaves_out(table: &ast::Table, bound: &BoundTable, blame: Span) -> Option<Diagnostic> {
    if bound.unsupported.is_empty() {
        return None;
    }
    let message =
        format!("`{}` leaves out columns that DJ does not read: {}", table.name.node, listed_with_causes(bound));
    let warning = Diagnostic::warning(IoErrorKind::WrongType.code(), message)
        .label(blame, "the file has them")
        .help("list the columns that the program needs; `djc schema` writes such a list");
    Some(ways_to_read(bound).into_iter().fold(warning, |warning, way| warning.help(format!("or {way}"))))
}

/// What is wrong with a file whose columns are all left out: a table without columns would only lead to further problems.
fn nothing_to_read(table: &ast::Table, bound: &BoundTable, blame: Span) -> Diagnostic {
    let message =
        format!("`{}` has no column that DJ reads: the file has {}", table.name.node, listed_with_causes(bound));
    let error = Diagnostic::error(IoErrorKind::WrongType.code(), message).label(blame, "this file");
    ways_to_read(bound).into_iter().fold(error, Diagnostic::help)
}

/// How the columns that are left out could be read.
fn ways_to_read(bound: &BoundTable) -> Vec<&'static str> {
    let is_nameless = |why: &str| why == SAME_NAME || why == NO_NAME;
    let (names, types): (Vec<_>, Vec<_>) = bound.unsupported.iter().partition(|(_, why)| is_nameless(why));
    let rename = (!names.is_empty()).then_some("give every column of the file a name of its own");
    let retype = (!types.is_empty()).then_some("write those columns to the file as another type");
    rename.into_iter().chain(retype).collect()
}

/// The first columns that are left out, with the type or what else is wrong.
fn listed_with_causes(bound: &BoundTable) -> String {
    const SHOWN: usize = 8;
    let shown = bound.unsupported.iter().take(SHOWN).map(|(column, ty)| match column.as_str() {
        "" => "one without a name".to_owned(),
        column => format!("`{column}` ({ty})"),
    });
    let listed = shown.collect::<Vec<_>>().join(", ").replace('\n', " ");
    let more = bound.unsupported.len().checked_sub(SHOWN + 1).map(|rest| format!(" and {} more", rest + 1));
    format!("{listed}{}", more.unwrap_or_default())
}

/// Checks declared columns against the file and takes what it recorded of them.
fn check_against_file(
    columns: &mut [TableColumn],
    bound: &BoundTable,
    known: Known,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for column in columns {
        let name = &column.field.name;
        if let Some((_, wrong)) = bound.wrong.iter().find(|(wrong, _)| wrong == name) {
            diagnostics.push(wrong.clone().label(column.span, "declared here"));
            continue;
        }
        let Some(index) = bound.fields.iter().position(|field| field.name == *name) else {
            diagnostics.push(not_in_file(column, bound));
            continue;
        };
        let found = bound.fields[index].ty;
        if bound.typed && !reads_as(found, column.field.ty) && known == Known::Yes {
            let declared = column.field.ty;
            diagnostics.push(
                Diagnostic::error(IoErrorKind::WrongType.code(), format!("`{name}` is {found} in the bound file"))
                    .label(column.span, format!("declared as {declared}"))
                    .help(format!("declare it as `{found}` and convert it where it is read: `{name} as {declared}`")),
            );
            continue;
        }
        if let Some(recorded) = bound.recorded.get(index).filter(|_| found == column.field.ty) {
            column.recorded = recorded.clone();
        }
    }
}

fn not_in_file(column: &TableColumn, bound: &BoundTable) -> Diagnostic {
    let name = &column.field.name;
    if let Some((_, ty)) = bound.unsupported.iter().find(|(other, _)| other == name) {
        return Diagnostic::error(IoErrorKind::WrongType.code(), format!("`{name}` has a type that DJ does not read"))
            .label(column.span, format!("this is {ty} in the bound file"));
    }
    let file = if bound.file.is_empty() { "the bound file".to_owned() } else { format!("`{}`", bound.file) };
    let diagnostic = Diagnostic::error(IoErrorKind::MissingColumn.code(), format!("{file} has no column `{name}`"))
        .label(column.span, "declared here");
    match dj_grammar::nearest(name, bound.fields.iter().map(|field| field.name.as_str())) {
        Some(near) => diagnostic.help(format!("the file has a column with a similar name: `{near}`")),
        None => diagnostic,
    }
}

/// Whether the reader converts a file's type to the declared one, without loss.
fn reads_as(file: Type, declared: Type) -> bool {
    if file.is_decimal() && declared.is_decimal() {
        // Digits before the point are checked value by value.
        return file.scale() == declared.scale();
    }
    if file.is_integer() && declared == Type::F32 {
        return matches!(file, Type::I8 | Type::I16 | Type::U8 | Type::U16);
    }
    let widens = (file.is_integer() && declared.is_integer()) || (file.is_numeric() && declared == Type::F64);
    let exact = !file.is_decimal() && !matches!(file, Type::I64 | Type::U64);
    file == declared
        || (widens && super::types::widen(file, declared) == Some(declared) && (exact || !declared.is_float()))
}

impl<'a> Builder<'a> {
    /// A declared domain: two constants of the column's type, in order.
    pub(super) fn domain(&mut self, lo: &'a ast::Expr, hi: &'a ast::Expr, ty: Type) -> Option<Bounds> {
        if matches!(ty, Type::Str | Type::Bool) {
            self.report(
                Diagnostic::error(codes::BAD_DOMAIN, format!("a {ty} column has no domain"))
                    .label(lo.span.to(hi.span), "a range of numbers or times belongs here"),
            );
            return None;
        }
        let least = self.constant(lo, ty, "the bound of a domain")?;
        let greatest = self.constant(hi, ty, "the bound of a domain")?;
        let bounds = match (least, greatest) {
            (Scalar::Int(lo), Scalar::Int(hi)) if lo <= hi => Bounds::Int { lo, hi },
            (Scalar::Float(lo), Scalar::Float(hi)) if lo <= hi => Bounds::Float { lo, hi },
            _ => {
                self.report(
                    Diagnostic::error(codes::BAD_DOMAIN, "the domain is empty")
                        .label(lo.span.to(hi.span), "the first bound is greater than the last"),
                );
                return None;
            }
        };
        Some(bounds)
    }
}
