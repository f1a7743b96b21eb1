//! Checks that an encoded program gives every code a meaning. What must hold:
//!
//! - (E1) every code's type names a dictionary of the program, and every dictionary has a size, a power of two
//!   within its bound;
//! - (E2) only codes of one dictionary are compared, listed, chosen between or looked for in a join, and never by order;
//! - (E3) a column has one type wherever it occurs, so that codes that are united, grouped, aggregated or read again are of
//!   one dictionary;
//! - (E4) a literal code is that of one of its dictionary's literals;
//! - (E5) a table is addressed by codes of the dictionary that it covers, holds elements of the type that is read of it, and
//!   interns the texts that it makes where their codes are looked for;
//! - (E6) a dictionary whose texts `min`, `max`, `arg_min` or `arg_max` compares has tables of ranks and of codes by rank;
//! - (E7) no device computes a function of text, and a unit of time is only the first argument of `date_trunc` and
//!   `date_diff`;
//! - (E8) text columns of tables that are scanned, and text parameters, have a dictionary;
//! - (E9) a function's table is behind every table whose texts address it, because it serves no others;
//! - (E10) a literal is null, and a list holds a null, only where it may be so in the program that was encoded.

use super::form::{Encoded, Expr, ExprKind, Scalar, Type};
use super::{Dictionaries, EncodedProgram, Plan, SchemaColumn, nulls};
use crate::plan::{Program, VerifyError};
use dj_runtime::artifact::HostTableKind;
use dj_runtime::expr::{ColumnId, CompareOp, Function};
use dj_runtime::types::Type as Written;
use std::collections::BTreeMap;

type Check = Result<(), VerifyError>;

/// Checks the invariants (E1..) of what the program `source` was encoded as.
///
/// # Errors
/// The first one that does not hold: a bug in DJ.
pub fn verify(encoded: &EncodedProgram, source: &Program) -> Result<(), VerifyError> {
    let EncodedProgram { program, dictionaries } = encoded;
    let mut verifier = Verifier { dictionaries, columns: BTreeMap::new(), makers: BTreeMap::new() };
    verifier.dictionaries()?;
    for (index, param) in program.params.iter().enumerate() {
        let known = param.field.ty != Written::Str || dictionaries.domain_of_param(index).is_some();
        require(known, || format!("(E8) parameter `{}` has no dictionary", param.field.name))?;
    }
    let plans = program.plans();
    for plan in plans {
        verifier.plan(plan)?;
    }
    nulls::verify(encoded, source)
}

fn require(holds: bool, message: impl FnOnce() -> String) -> Check {
    if holds { Ok(()) } else { Err(VerifyError(message())) }
}

/// Before all tables.
const NO_TABLE: usize = 0;

struct Verifier<'a> {
    dictionaries: &'a Dictionaries,
    /// The types of the columns seen so far.
    columns: BTreeMap<ColumnId, Type>,
    /// For columns that may hold texts which tables make, the number of tables up to the last of these.
    makers: BTreeMap<ColumnId, usize>,
}

impl Verifier<'_> {
    fn dictionaries(&self) -> Check {
        let dictionaries = self.dictionaries;
        let sized = dictionaries.sizes.len() == dictionaries.domains.len()
            && dictionaries
                .sizes
                .iter()
                .all(|size| size.capacity.is_power_of_two() && size.bound.is_none_or(|bound| size.capacity <= bound));
        require(sized, || format!("(E1) sizes {:?}", dictionaries.sizes))?;
        for (index, table) in dictionaries.host_tables.iter().enumerate() {
            self.domain(table.domain)?;
            let HostTableKind::Function { expr, result_domain } = &table.kind else { continue };
            result_domain.map_or(Ok(()), |domain| self.domain(domain))?;
            let interned = (expr.ty == Written::Str) == result_domain.is_some();
            require(interned, || format!("(E5) table {index} makes {}, interned in {result_domain:?}", expr.ty))?;
            let reads = expr.columns().iter().all(|column| *column == ColumnId(0));
            let agrees = reads && table.element == expr.ty.element() && table.nullable == expr.nullable;
            require(agrees, || format!("(E5) table {index} is not what its function makes"))?;
        }
        let named = dictionaries.sources.values().chain(dictionaries.params.values());
        named.copied().try_for_each(|domain| self.domain(domain))
    }

    fn domain(&self, domain: usize) -> Check {
        require(domain < self.dictionaries.domains.len(), || format!("(E1) there is no dictionary {domain}"))
    }

    fn ty(&self, ty: Type) -> Check {
        ty.domain().map_or(Ok(()), |domain| self.domain(domain))
    }

    /// A column where it is made or read.
    fn column(&mut self, id: ColumnId, ty: Type) -> Check {
        self.ty(ty)?;
        let known = *self.columns.entry(id).or_insert(ty);
        require(known == ty, || format!("(E3) column {id:?} is {known:?} and {ty:?}"))
    }

    fn schema(&mut self, columns: &[SchemaColumn]) -> Check {
        columns.iter().try_for_each(|column| self.column(column.id, column.ty))
    }

    fn plan(&mut self, plan: &Plan) -> Check {
        for input in plan.inputs() {
            self.plan(input)?;
        }
        self.schema(&plan.schema())?;
        for expr in plan.expressions() {
            self.expr(expr)?;
        }
        self.made(plan);
        match plan {
            Plan::Scan(scan) => self.scan(scan),
            Plan::Aggregate(aggregate) => self.aggregate(aggregate),
            Plan::Join(join) => join.on.iter().try_for_each(|(left, right)| {
                require(left.ty == right.ty, || format!("(E2) join: {:?} with {:?}", left.ty, right.ty))
            }),
            Plan::Sort(sort) => sort.keys.iter().try_for_each(|key| unordered(&key.expr)),
            Plan::TopK(top) => top.keys.iter().try_for_each(|key| unordered(&key.expr)),
            Plan::Window(window) => {
                window.order.iter().try_for_each(|key| unordered(&key.expr))?;
                window.items.iter().try_for_each(|item| {
                    let given = if item.function.gives_any_argument() { item.arguments.len() } else { 1 };
                    self.gives(item.ty, &item.arguments[..given.min(item.arguments.len())])?;
                    self.ranked(item.function.compared(), &item.arguments)
                })
            }
            Plan::Union(union) => {
                let made = &union.columns;
                let pairs = union.inputs.iter().flat_map(|(_, ids)| made.iter().zip(ids));
                pairs.into_iter().try_for_each(|(made, id)| self.column(*id, made.ty))
            }
            Plan::Shared(shared) => shared.columns.iter().try_for_each(|(from, column)| self.column(*from, column.ty)),
            Plan::Filter(_)
            | Plan::Project(_)
            | Plan::Take(_)
            | Plan::Distinct(_)
            | Plan::Shard(_)
            | Plan::Evaluate(_) => Ok(()),
        }
    }

    /// Notes which tables make the texts of the columns that an operator makes.
    fn made(&mut self, plan: &Plan) {
        let of = |id: &ColumnId| self.makers.get(id).copied().unwrap_or(NO_TABLE);
        let makers: Vec<(ColumnId, usize)> = match plan {
            Plan::Project(project) => project.items.iter().map(|item| (item.id, self.makers(&item.expr))).collect(),
            Plan::Aggregate(aggregate) => {
                let of_argument =
                    aggregate.aggregates.iter().filter_map(|item| Some((item.id, item.arguments.first()?)));
                of_argument.map(|(id, argument)| (id, self.makers(argument))).collect()
            }
            Plan::Window(window) => {
                let of_arguments = window.items.iter().map(|item| {
                    (item.id, item.arguments.iter().map(|argument| self.makers(argument)).fold(NO_TABLE, usize::max))
                });
                of_arguments.collect()
            }
            Plan::Union(union) => {
                let of_inputs = union.inputs.iter().flat_map(|(_, ids)| union.columns.iter().zip(ids));
                of_inputs.map(|(made, id)| (made.id, of(id))).collect()
            }
            Plan::Shared(shared) => shared.columns.iter().map(|(from, column)| (column.id, of(from))).collect(),
            Plan::Scan(_)
            | Plan::Filter(_)
            | Plan::Join(_)
            | Plan::Sort(_)
            | Plan::Shard(_)
            | Plan::TopK(_)
            | Plan::Take(_)
            | Plan::Distinct(_)
            | Plan::Evaluate(_) => vec![],
        };
        for (id, tables) in makers {
            let known = self.makers.entry(id).or_insert(NO_TABLE);
            *known = tables.max(*known);
        }
    }

    /// The number of tables up to the last of those whose texts an expression may give.
    fn makers(&self, expr: &Expr) -> usize {
        match &expr.kind {
            ExprKind::Column(id) | ExprKind::Cell { column: id, .. } => {
                self.makers.get(id).copied().unwrap_or(NO_TABLE)
            }
            ExprKind::Table { table, .. } if expr.ty.is_code() => table + 1,
            ExprKind::Case { .. } | ExprKind::Coalesce(_) => {
                expr.operands().into_iter().map(|operand| self.makers(operand)).fold(NO_TABLE, usize::max)
            }
            ExprKind::Literal(_)
            | ExprKind::Param(_)
            | ExprKind::Table { .. }
            | ExprKind::Negate(_)
            | ExprKind::Not(_)
            | ExprKind::Arithmetic(..)
            | ExprKind::Compare(..)
            | ExprKind::And(_)
            | ExprKind::Or(_)
            | ExprKind::IsNull(_)
            | ExprKind::InList { .. }
            | ExprKind::Like { .. }
            | ExprKind::Cast { .. }
            | ExprKind::Call(..) => NO_TABLE,
        }
    }

    fn scan(&mut self, scan: &crate::plan::Scan<Encoded>) -> Check {
        scan.columns.iter().try_for_each(|(index, column)| {
            let known = self.dictionaries.domain_of_source(scan.table, *index);
            require(known == column.ty.domain(), || {
                format!("(E8) column {index} of table {} is {:?}, read as {:?}", scan.table, known, column.ty)
            })
        })
    }

    fn aggregate(&mut self, aggregate: &crate::plan::Aggregate<Encoded>) -> Check {
        aggregate.aggregates.iter().try_for_each(|item| {
            self.gives(item.ty, &item.arguments[..item.arguments.len().min(1)])?;
            self.ranked(item.function.compared(), &item.arguments)
        })
    }

    /// A text that is one of some arguments' is of their dictionary.
    fn gives(&self, ty: Type, arguments: &[Expr]) -> Check {
        let same = !ty.is_code() || (!arguments.is_empty() && arguments.iter().all(|argument| argument.ty == ty));
        let types = || arguments.iter().map(|argument| argument.ty).collect::<Vec<_>>();
        require(same, || format!("(E3) {ty:?} of {:?}", types()))
    }

    /// Texts that are compared have ranks.
    fn ranked(&self, compared: Option<usize>, arguments: &[Expr]) -> Check {
        let ty = compared.and_then(|compared| arguments.get(compared)).map(|argument| argument.ty);
        let Some(domain) = ty.and_then(Type::domain) else { return Ok(()) };
        let find = |kind| self.dictionaries.find(domain, &kind).is_some();
        let is_ranked = find(HostTableKind::Rank) && find(HostTableKind::Unrank);
        require(is_ranked, || format!("(E6) dictionary {domain} has no ranks"))
    }

    fn expr(&mut self, expr: &Expr) -> Check {
        self.ty(expr.ty)?;
        for operand in expr.operands() {
            self.expr(operand)?;
        }
        match &expr.kind {
            ExprKind::Column(id) | ExprKind::Cell { column: id, .. } => self.column(*id, expr.ty),
            ExprKind::Literal(value) => self.literal(value, expr.ty),
            ExprKind::Param(param) => require(self.dictionaries.domain_of_param(*param) == expr.ty.domain(), || {
                format!("(E8) parameter {param} is read as {:?}", expr.ty)
            }),
            ExprKind::Table { table, column } => self.table(*table, column, expr),
            ExprKind::Compare(op, left, right) => {
                let codes = left.ty.is_code() || right.ty.is_code();
                let equality = matches!(op, CompareOp::Equal | CompareOp::NotEqual);
                let holds = !codes || (left.ty == right.ty && equality);
                require(holds, || format!("(E2) {:?} {} {:?}", left.ty, op.symbol(), right.ty))
            }
            ExprKind::InList { operand, list } => list.iter().try_for_each(|value| self.literal(value, operand.ty)),
            ExprKind::Coalesce(operands) => operands.iter().try_for_each(|operand| chosen(operand, expr)),
            ExprKind::Case { arms, otherwise } => {
                let values = arms.iter().map(|(_, value)| value).chain(otherwise.as_deref());
                values.into_iter().try_for_each(|value| chosen(value, expr))
            }
            ExprKind::Call(function, operands) => call(*function, operands, expr),
            ExprKind::Cast { operand, .. } => {
                require(!operand.ty.is_code() && !expr.ty.is_code(), || "(E7) a device casts a text".to_owned())
            }
            ExprKind::Negate(_)
            | ExprKind::Not(_)
            | ExprKind::Arithmetic(..)
            | ExprKind::And(_)
            | ExprKind::Or(_)
            | ExprKind::IsNull(_) => Ok(()),
            ExprKind::Like { pattern, .. } => match *pattern {},
        }
    }

    fn literal(&self, value: &Scalar, ty: Type) -> Check {
        let holds = match (value, ty) {
            (Scalar::Null, _) => true,
            (Scalar::Code(code), Type::Code(domain)) => *code < self.dictionaries.domains[domain].literals.len(),
            (Scalar::Unit(_), Type::Unit) => true,
            (Scalar::Bool(_) | Scalar::Int(_) | Scalar::Float(_), Type::Code(_) | Type::Unit) => false,
            (Scalar::Bool(_) | Scalar::Int(_) | Scalar::Float(_), _) => true,
            (Scalar::Code(_) | Scalar::Unit(_), _) => false,
        };
        require(holds, || format!("(E4) {value:?} is no literal of {ty:?}"))
    }

    fn table(&self, table: usize, column: &Expr, expr: &Expr) -> Check {
        let Some(spec) = self.dictionaries.host_tables.get(table) else {
            return Err(VerifyError(format!("(E5) there is no table {table}")));
        };
        let addressed = column.ty == Type::Code(spec.domain);
        require(addressed, || format!("(E5) table {table} covers {}, addressed by {:?}", spec.domain, column.ty))?;
        let is_behind = !matches!(spec.kind, HostTableKind::Function { .. }) || self.makers(column) <= table;
        require(is_behind, || {
            format!("(E9) table {table} is addressed by texts of table {}", self.makers(column) - 1)
        })?;
        let made = match &spec.kind {
            HostTableKind::Function { result_domain: Some(domain), .. } => expr.ty == Type::Code(*domain),
            HostTableKind::Function { expr: function, result_domain: None } => expr.ty.written() == function.ty,
            HostTableKind::Rank => expr.ty == Type::I32,
            HostTableKind::Unrank => expr.ty == Type::Code(spec.domain),
        };
        require(made && expr.ty.element() == spec.element, || format!("(E5) table {table} is read as {:?}", expr.ty))
    }
}

/// What a conditional chooses has its type.
fn chosen(value: &Expr, expr: &Expr) -> Check {
    let codes = value.ty.is_code() || expr.ty.is_code();
    require(!codes || value.ty == expr.ty, || format!("(E2) {:?} chosen as {:?}", value.ty, expr.ty))
}

/// Rows are ordered by ranks, which codes are not.
fn unordered(key: &Expr) -> Check {
    require(!key.ty.is_code(), || format!("(E2) rows are ordered by {:?}", key.ty))
}

fn call(function: Function, operands: &[Expr], expr: &Expr) -> Check {
    let takes_unit = matches!(function, Function::DateTrunc | Function::DateDiff);
    let holds = |(index, operand): (usize, &Expr)| {
        !operand.ty.is_code() && (operand.ty == Type::Unit) == (takes_unit && index == 0)
    };
    let holds = !expr.ty.is_code() && operands.iter().enumerate().all(holds);
    require(holds, || format!("(E7) a device computes `{}` of text", function.name()))
}
