//! Checks that a plan is well formed; run after analysis and after every optimizer rule in tests.
//!
//! What must hold, besides the constraints (C1..) of each operator's documentation:
//! - every column that occurs is one of the program's, with its type there;
//! - an expression reads only columns of its operator's input, and is nullable if they are;
//! - an expression's operands have the types that [`dj_runtime::expr::ExprKind`] asks for;
//! - a shared plan reads only earlier ones; cells and parameters exist.

use super::{
    Aggregate, Distinct, Evaluate, Filter, Join, JoinKind, Partitioning, Plan, Program, Project, Scan, SchemaColumn,
    Shard, Shared, SortKey, Union, Window,
};
use dj_runtime::expr::{ArithmeticOp, ColumnId, Expr, ExprKind, Form, Scalar};
use dj_runtime::types::Type;
use std::collections::BTreeSet;

/// A constraint that a plan breaks: a bug in DJ.
#[derive(Debug, thiserror::Error)]
#[error("invalid plan: {0}")]
pub struct VerifyError(pub String);

type Check = Result<(), VerifyError>;

/// Checks the constraints (C1..) of every operator's documentation.
pub fn verify(program: &Program) -> Result<(), VerifyError> {
    for (index, shared) in program.shared.iter().enumerate() {
        Verifier { program, readable: index }.plan(&shared.plan).map_err(|error| of(&shared.name, &error))?;
    }
    for export in &program.exports {
        let verifier = Verifier { program, readable: program.shared.len() };
        verifier.plan(&export.plan).map_err(|error| of(export.purpose.name(), &error))?;
    }
    Ok(())
}

fn of(name: &str, error: &VerifyError) -> VerifyError {
    VerifyError(format!("`{name}`: {}", error.0))
}

fn require(holds: bool, message: impl FnOnce() -> String) -> Check {
    if holds { Ok(()) } else { Err(VerifyError(message())) }
}

struct Verifier<'a> {
    program: &'a Program,
    /// How many shared plans may be read.
    readable: usize,
}

impl Verifier<'_> {
    fn plan(&self, plan: &Plan) -> Check {
        for input in plan.inputs() {
            self.plan(input)?;
        }
        let schema = plan.schema();
        for column in &schema {
            self.column(column)?;
        }
        distinct(&schema, "schema")?;
        match plan {
            Plan::Scan(scan) => self.scan(scan),
            Plan::Filter(filter) => self.filter(filter),
            Plan::Project(project) => self.project(project),
            Plan::Aggregate(aggregate) => self.aggregate(aggregate),
            Plan::Join(join) => self.join(join),
            Plan::Sort(sort) => self.sort_keys(&sort.keys, &sort.input.schema()),
            Plan::TopK(top) => self.sort_keys(&top.keys, &top.input.schema()),
            Plan::Take(_) => Ok(()),
            Plan::Distinct(distinct) => check_distinct(distinct),
            Plan::Union(union) => check_union(union),
            Plan::Window(window) => self.window(window),
            Plan::Shard(shard) => check_shard(shard),
            Plan::Shared(shared) => self.shared(shared),
            Plan::Evaluate(evaluate) => self.evaluate(evaluate),
        }
    }

    fn column(&self, column: &SchemaColumn) -> Check {
        require((column.id.0 as usize) < self.program.columns.len(), || format!("no column {:?}", column.id))?;
        let known = self.program.columns.get(column.id);
        require(known.ty == column.ty, || format!("`{}` is {} here, but {}", known.name, column.ty, known.ty))
    }

    fn scan(&self, scan: &Scan) -> Check {
        let Some(table) = self.program.tables.get(scan.table) else {
            return Err(VerifyError(format!("scan of table {}, which is not", scan.table)));
        };
        let mut seen = BTreeSet::new();
        for (index, column) in &scan.columns {
            require(seen.insert(*index), || format!("(C1) scan {}: column {index} twice", table.name))?;
            let Some(declared) = table.columns.get(*index) else {
                return Err(VerifyError(format!("(C1) scan {}: no column {index}", table.name)));
            };
            let agrees = declared.field.ty == column.ty && (column.nullable || !declared.field.nullable);
            require(agrees, || format!("scan {}: {} as {}", table.name, declared.field, column.ty))?;
        }
        let schema: Vec<_> = scan.columns.iter().map(|(_, column)| *column).collect();
        scan.predicates.iter().try_for_each(|predicate| self.predicate(predicate, &schema, "scan"))
    }

    fn filter(&self, filter: &Filter) -> Check {
        self.predicate(&filter.predicate, &filter.input.schema(), "(C1) filter")
    }

    fn project(&self, project: &Project) -> Check {
        let schema = project.input.schema();
        for item in &project.items {
            self.expr(&item.expr, &schema)?;
            let kept = !schema.iter().any(|column| column.id == item.id) || item.expr.as_column() == Some(item.id);
            require(kept, || format!("(C2) project: column {:?} is given another value", item.id))?;
        }
        Ok(())
    }

    fn evaluate(&self, evaluate: &Evaluate) -> Check {
        let schema = evaluate.input.schema();
        evaluate.items.iter().try_for_each(|item| {
            self.expr(&item.expr, &schema)?;
            let agrees = item.column.ty == item.expr.ty && (item.column.nullable || !item.expr.nullable);
            require(agrees, || format!("evaluate: {:?} is {}", item.column.id, item.expr.ty))?;
            let Some(joined) = &item.joined else { return Ok(()) };
            let is_whole =
                |id| schema.iter().any(|column| column.id == id && column.ty == Type::I64 && !column.nullable);
            let is_run = item.expr.ty == Type::Str && item.column.nullable;
            require(is_run && is_whole(joined.number) && is_whole(joined.count), || {
                format!("(C3) evaluate: {:?} joins no texts of runs", item.column.id)
            })
        })
    }

    fn aggregate(&self, aggregate: &Aggregate) -> Check {
        let schema = aggregate.input.schema();
        for key in &aggregate.keys {
            require(schema.contains(key), || format!("(C1) aggregate: key {:?} is no column of the input", key.id))?;
        }
        for item in &aggregate.aggregates {
            item.arguments.iter().try_for_each(|argument| self.expr(argument, &schema))?;
            if let Some(filter) = &item.filter {
                self.predicate(filter, &schema, "aggregate's filter")?;
            }
        }
        Ok(())
    }

    fn window(&self, window: &Window) -> Check {
        let mut schema = window.input.schema();
        for key in &window.by {
            require(schema.contains(key), || format!("(C1) window: key {:?} is no column of the input", key.id))?;
        }
        self.sort_keys(&window.order, &schema)?;
        for item in &window.items {
            let one_key = !item.frame.measures() || window.order.len() == 1;
            require(one_key, || format!("(C4) window: {:?} measures no key", item.id))?;
            item.arguments.iter().try_for_each(|argument| self.expr(argument, &schema))?;
            item.filter.iter().try_for_each(|filter| self.predicate(filter, &schema, "window's filter"))?;
            let is_new = schema.iter().all(|column| column.id != item.id);
            require(is_new, || format!("(C2) window: {:?} is there already", item.id))?;
            schema.push(item.schema());
        }
        Ok(())
    }

    fn join(&self, join: &Join) -> Check {
        let (left, right) = (join.left.schema(), join.right.schema());
        for (a, b) in &join.on {
            self.expr(a, &left)?;
            self.expr(b, &right)?;
            require(a.ty == b.ty, || format!("(C1) join: {} == {}", a.ty, b.ty))?;
        }
        if join.nearest.is_some() {
            let kind = matches!(join.kind, JoinKind::Inner | JoinKind::Left) && !join.nulls_equal;
            let measured = join.on.last().is_some_and(|(key, _)| !matches!(key.ty, Type::Str | Type::Bool));
            require(kind && measured, || "(C3) join: the nearest row of no number or time".to_owned())?;
        }
        let both: Vec<_> = left.iter().chain(&right).copied().collect();
        distinct(&both, "join's sides")?;
        join.residual.iter().try_for_each(|residual| self.predicate(residual, &both, "(C2) join's residual"))?;
        let nullable = join.schema().iter().skip(left.len()).all(|column| column.nullable);
        require(join.kind != JoinKind::Left || nullable, || "left join: a right column is not nullable".to_owned())
    }

    fn sort_keys(&self, keys: &[SortKey], schema: &[SchemaColumn]) -> Check {
        keys.iter().try_for_each(|key| self.expr(&key.expr, schema))
    }

    fn shared(&self, shared: &Shared) -> Check {
        require(shared.plan < self.readable, || format!("shared plan {} is not earlier", shared.plan))?;
        let schema = self.program.shared[shared.plan].plan.schema();
        for (from, to) in &shared.columns {
            let Some(source) = schema.iter().find(|column| column.id == *from) else {
                return Err(VerifyError(format!("shared plan {} has no column {from:?}", shared.plan)));
            };
            let agrees = source.ty == to.ty && (to.nullable || !source.nullable);
            require(agrees, || format!("column {from:?} of shared plan {} changes its type", shared.plan))?;
        }
        Ok(())
    }

    fn predicate(&self, expr: &Expr, schema: &[SchemaColumn], place: &str) -> Check {
        require(expr.ty == Type::Bool, || format!("{place} is {}", expr.ty))?;
        self.expr(expr, schema)
    }

    fn expr(&self, expr: &Expr, schema: &[SchemaColumn]) -> Check {
        for operand in expr.operands() {
            self.expr(operand, schema)?;
        }
        require(well_typed(expr, &|value, ty| of_type(value, ty)), || format!("operands of {}", ill_typed_text(expr)))?;
        if let ExprKind::Column(id) = expr.kind {
            read(id, expr, schema)?;
        }
        if let ExprKind::Param(index) = expr.kind {
            let known = self.program.params.get(index).is_some_and(|param| param.field.ty == expr.ty);
            require(known, || format!("no parameter {index} of type {}", expr.ty))?;
        }
        if let ExprKind::Cell { plan, column } = expr.kind {
            require(plan < self.readable, || format!("cell of shared plan {plan}, which is not earlier"))?;
            let schema = self.program.shared[plan].plan.schema();
            let known = schema.iter().any(|source| source.id == column && source.ty == expr.ty);
            require(known, || format!("shared plan {plan} has no column {column:?} of type {}", expr.ty))?;
        }
        Ok(())
    }
}

fn ill_typed_text(expr: &Expr) -> String {
    let types: Vec<_> = expr.operands().iter().map(|operand| operand.ty.to_string()).collect();
    let text = dj_runtime::expr::ExprText::new(expr, &|id| format!("#{}", id.0)).to_string();
    format!("`{text}`: {} from ({})", expr.ty, types.join(", "))
}

fn read(id: ColumnId, expr: &Expr, schema: &[SchemaColumn]) -> Check {
    let Some(column) = schema.iter().find(|column| column.id == id) else {
        return Err(VerifyError(format!("(C1) column {id:?} is read but not in the input")));
    };
    require(column.ty == expr.ty, || format!("column {id:?} is {} but read as {}", column.ty, expr.ty))?;
    require(expr.nullable || !column.nullable, || format!("column {id:?} may be null, but is read as if not"))
}

fn distinct(columns: &[SchemaColumn], place: &str) -> Check {
    let mut seen = BTreeSet::new();
    columns.iter().try_for_each(|column| require(seen.insert(column.id), || format!("{place}: {:?} twice", column.id)))
}

fn check_distinct(distinct: &Distinct) -> Check {
    let schema = distinct.input.schema();
    distinct.keys.iter().try_for_each(|key| {
        require(schema.iter().any(|column| column.id == *key), || format!("distinct: key {key:?} is not in the input"))
    })
}

fn check_shard(shard: &Shard) -> Check {
    let Partitioning::Hash(keys) = &shard.partitioning else { return Ok(()) };
    let schema = shard.input.schema();
    keys.iter().try_for_each(|key| {
        let is_there = schema.iter().any(|column| column.id == *key);
        require(is_there, || format!("(C1) shard: key {key:?} is not in the input"))
    })
}

fn check_union(union: &Union) -> Check {
    for (input, ids) in &union.inputs {
        require(ids.len() == union.columns.len(), || "(C1) union: an input lists too few or many columns".to_owned())?;
        let schema = input.schema();
        for (id, to) in ids.iter().zip(&union.columns) {
            let Some(from) = schema.iter().find(|column| column.id == *id) else {
                return Err(VerifyError(format!("(C1) union: {id:?} is no column of its input")));
            };
            require(from.ty == to.ty, || format!("(C1) union: {} and {}", from.ty, to.ty))?;
            require(to.nullable || !from.nullable, || format!("(C2) union: {id:?} may be null"))?;
        }
    }
    Ok(())
}

/// Whether the operands have the types that the kind asks for; `of_type` says whether a constant can be one of a type.
pub(crate) fn well_typed<F: Form>(expr: &Expr<F>, of_type: &dyn Fn(&F::Value, F::Type) -> bool) -> bool {
    let same = |operand: &Expr<F>| operand.ty == expr.ty;
    let is_bool = expr.ty == F::BOOL;
    let ty = F::written(expr.ty);
    match &expr.kind {
        ExprKind::Column(_)
        | ExprKind::Param(_)
        | ExprKind::Cell { .. }
        | ExprKind::Cast { .. }
        | ExprKind::Table { .. }
        | ExprKind::Call(..) => true,
        ExprKind::Literal(value) => of_type(value, expr.ty),
        ExprKind::Negate(operand) => same(operand) && (ty.is_numeric() || ty == Type::Duration),
        ExprKind::Not(operand) => is_bool && same(operand),
        ExprKind::Arithmetic(op, left, right) => arithmetic_typed(*op, F::written(left.ty), F::written(right.ty), ty),
        ExprKind::Compare(_, left, right) => {
            let exact = |expr: &Expr<F>| F::written(expr.ty).is_integer() || F::written(expr.ty).is_decimal();
            is_bool && (left.ty == right.ty || (exact(left) && exact(right)))
        }
        ExprKind::And(operands) | ExprKind::Or(operands) => is_bool && operands.iter().all(same),
        ExprKind::IsNull(_) => is_bool && !expr.nullable,
        ExprKind::Coalesce(operands) => operands.iter().all(same),
        ExprKind::Case { arms, otherwise } => {
            arms.iter().all(|(condition, value)| condition.ty == F::BOOL && same(value))
                && otherwise.as_deref().is_none_or(same)
        }
        ExprKind::InList { operand, list } => is_bool && list.iter().all(|value| of_type(value, operand.ty)),
        ExprKind::Like { operand, .. } => is_bool && F::written(operand.ty) == Type::Str,
    }
}

fn arithmetic_typed(op: ArithmeticOp, left: Type, right: Type, ty: Type) -> bool {
    if ty.is_float() || ty.is_integer() && left.is_integer() {
        return left == ty && right == ty;
    }
    if ty.is_decimal() {
        let exact = |ty: Type| ty.is_decimal() || ty.is_integer();
        return exact(left) && exact(right);
    }
    match op {
        ArithmeticOp::Add => left == ty || right == ty,
        ArithmeticOp::Subtract => left == ty || (left == right && left.is_temporal()),
        ArithmeticOp::Multiply | ArithmeticOp::FloorDivide | ArithmeticOp::Modulo => ty == Type::Duration,
        ArithmeticOp::Divide | ArithmeticOp::Power => false,
    }
}

/// Whether the value can be one of the type.
fn of_type(value: &Scalar, ty: Type) -> bool {
    match value {
        Scalar::Null => true,
        Scalar::Bool(_) => ty == Type::Bool,
        Scalar::Int(value) => ty.integer_range().is_some_and(|(lo, hi)| (lo..=hi).contains(value)),
        Scalar::Float(_) => ty.is_float(),
        Scalar::Str(_) => ty == Type::Str,
    }
}
