//! Plans and expressions in encoded form, with dictionaries that are still apart: a code's type names a variable of the
//! union-find, a literal's code its place among all literals. [`super::resolve`] gives both their final numbers.

use super::drafts::{DraftTable, Drafts, Holder};
use super::form::{Encoded, Expr as Code, ExprKind as CodeKind, Scalar as CodeScalar, Type as CodeType};
use super::tables::{constant, function_of, is_order_of_texts, needs_host, only_base};
use crate::plan::{
    Aggregate, Distinct, Evaluate, Export, Filter, HostExpr, Join, NamedAggregate, NamedExpr, NamedWindow, Plan,
    Program, Project, Scan, SchemaColumn, Shard, Shared, SharedPlan, Sort, SortKey, Take, TopK, Union, Window,
};
use dj_grammar::Span;
use dj_runtime::expr::calendar::TimeUnit;
use dj_runtime::expr::{Expr, ExprKind, Function, Scalar, eval};
use dj_runtime::types::Type;

/// Encodes the plans of a program whose joins are split and whose host columns are hoisted.
pub(super) fn encode(program: &Program) -> (Program<Encoded>, Drafts) {
    let mut encoder = Encoder { drafts: Drafts::default() };
    for (index, param) in program.params.iter().enumerate() {
        if param.field.ty == Type::Str {
            encoder.drafts.of(Holder::Param(index));
        }
    }
    let shared = program
        .shared
        .iter()
        .map(|shared| SharedPlan { name: shared.name.clone(), plan: encoder.plan(shared.plan.clone()) });
    let shared = shared.collect();
    let exports = program.exports.iter().map(|export| Export {
        purpose: export.purpose.clone(),
        span: export.span,
        plan: encoder.plan(export.plan.clone()),
    });
    let exports = exports.collect();
    let encoded = Program {
        tables: program.tables.clone(),
        params: program.params.clone(),
        mesh: program.mesh.clone(),
        columns: program.columns.clone(),
        shared,
        exports,
    };
    (encoded, encoder.drafts)
}

struct Encoder {
    drafts: Drafts,
}

impl Encoder {
    fn plan(&mut self, plan: Plan) -> Plan<Encoded> {
        match plan {
            Plan::Scan(scan) => Plan::Scan(self.scan(scan)),
            Plan::Filter(Filter { input, predicate, span }) => {
                let input = self.input(*input);
                Plan::Filter(Filter { input, predicate: self.expr(predicate), span })
            }
            Plan::Project(project) => Plan::Project(self.project(project)),
            Plan::Aggregate(aggregate) => Plan::Aggregate(self.aggregate(aggregate)),
            Plan::Join(join) => Plan::Join(self.join(join)),
            Plan::Shard(Shard { input, partitioning, span }) => {
                Plan::Shard(Shard { input: self.input(*input), partitioning, span })
            }
            Plan::Sort(Sort { input, keys, span }) => {
                Plan::Sort(Sort { input: self.input(*input), keys: self.sort_keys(keys), span })
            }
            Plan::TopK(TopK { input, keys, skip, count, span }) => {
                Plan::TopK(TopK { input: self.input(*input), keys: self.sort_keys(keys), skip, count, span })
            }
            Plan::Take(Take { input, skip, count, span }) => {
                Plan::Take(Take { input: self.input(*input), skip, count, span })
            }
            Plan::Distinct(Distinct { input, keys, span }) => {
                Plan::Distinct(Distinct { input: self.input(*input), keys, span })
            }
            Plan::Union(union) => Plan::Union(self.union(union)),
            Plan::Window(window) => Plan::Window(self.window(window)),
            Plan::Shared(shared) => Plan::Shared(self.shared(shared)),
            Plan::Evaluate(Evaluate { input, items, span }) => {
                let input = self.input(*input);
                let item = |item: HostExpr| HostExpr {
                    column: self.column(item.column),
                    expr: item.expr,
                    joined: item.joined,
                };
                Plan::Evaluate(Evaluate { input, items: items.into_iter().map(item).collect(), span })
            }
        }
    }

    fn input(&mut self, plan: Plan) -> Box<Plan<Encoded>> {
        Box::new(self.plan(plan))
    }

    fn column(&mut self, column: SchemaColumn) -> SchemaColumn<Encoded> {
        SchemaColumn { id: column.id, ty: self.held(column.ty, Holder::Column(column.id)), nullable: column.nullable }
    }

    /// The encoded type of what a holder holds.
    fn held(&mut self, ty: Type, holder: Holder) -> CodeType {
        CodeType::of(ty).unwrap_or_else(|| CodeType::Code(self.drafts.of(holder)))
    }

    fn scan(&mut self, scan: Scan) -> Scan<Encoded> {
        let Scan { table, columns, predicates, span } = scan;
        let columns = columns.into_iter().map(|(index, column)| {
            let made = self.column(column);
            let source = self.held(column.ty, Holder::Source(table, index));
            self.drafts.unite(source, made.ty);
            (index, made)
        });
        let columns = columns.collect();
        let predicates = predicates.into_iter().map(|predicate| self.expr(predicate)).collect();
        Scan { table, columns, predicates, span }
    }

    fn project(&mut self, project: Project) -> Project<Encoded> {
        let Project { input, items, span } = project;
        let input = self.input(*input);
        let items = items.into_iter().map(|NamedExpr { id, expr }| {
            let made = self.held(expr.ty, Holder::Column(id));
            let expr = self.expr(expr);
            self.drafts.unite(made, expr.ty);
            NamedExpr { id, expr }
        });
        Project { items: items.collect(), input, span }
    }

    fn aggregate(&mut self, aggregate: Aggregate) -> Aggregate<Encoded> {
        let Aggregate { input, keys, aggregates, span } = aggregate;
        let input = self.input(*input);
        let keys = keys.into_iter().map(|key| self.column(key)).collect();
        let aggregates = aggregates.into_iter().map(|item| self.aggregate_item(item)).collect();
        Aggregate { input, keys, aggregates, span }
    }

    fn aggregate_item(&mut self, item: NamedAggregate) -> NamedAggregate<Encoded> {
        let ty = self.held(item.ty, Holder::Column(item.id));
        let arguments = self.exprs(item.arguments);
        let filter = item.filter.map(|filter| self.expr(filter));
        if let (CodeType::Code(_), Some(argument)) = (ty, arguments.first()) {
            self.drafts.unite(ty, argument.ty);
        }
        if let Some(CodeType::Code(var)) = item.function.compared().map(|compared| arguments[compared].ty) {
            self.drafts.ranked.push(var);
        }
        let (id, function, nullable, span) = (item.id, item.function, item.nullable, item.span);
        NamedAggregate { id, function, arguments, filter, ty, nullable, span }
    }

    fn window(&mut self, window: Window) -> Window<Encoded> {
        let Window { input, by, order, items, any_order, span } = window;
        let input = self.input(*input);
        let by = by.into_iter().map(|key| self.column(key)).collect();
        let order = self.sort_keys(order);
        let items = items.into_iter().map(|item| self.window_item(item)).collect();
        Window { input, by, order, items, any_order, span }
    }

    /// What a text is taken from shares its dictionary, as does what stands for it where there is none.
    fn window_item(&mut self, item: NamedWindow) -> NamedWindow<Encoded> {
        let ty = self.held(item.ty, Holder::Column(item.id));
        let arguments = self.exprs(item.arguments);
        let filter = item.filter.map(|filter| self.expr(filter));
        let given = if item.function.gives_any_argument() { arguments.len() } else { 1 };
        if ty.is_code() {
            arguments.iter().take(given).for_each(|argument| self.drafts.unite(ty, argument.ty));
        }
        if let Some(CodeType::Code(var)) = item.function.compared().map(|compared| arguments[compared].ty) {
            self.drafts.ranked.push(var);
        }
        let (id, function, frame, nullable, span) = (item.id, item.function, item.frame, item.nullable, item.span);
        NamedWindow { id, function, arguments, filter, frame, ty, nullable, span }
    }

    fn join(&mut self, join: Join) -> Join<Encoded> {
        let Join { left, right, kind, on, nearest, residual, nulls_equal, placement, span } = join;
        let (left, right) = (self.input(*left), self.input(*right));
        let on = on.into_iter().map(|(probe, build)| {
            let (probe, build) = (self.expr(probe), self.expr(build));
            self.drafts.unite(probe.ty, build.ty);
            (probe, build)
        });
        let on = on.collect();
        let residual = residual.map(|residual| self.expr(residual));
        Join { left, right, kind, on, nearest, residual, nulls_equal, placement, span }
    }

    fn sort_keys(&mut self, keys: Vec<SortKey>) -> Vec<SortKey<Encoded>> {
        let key = |SortKey { expr, descending, nulls_first }: SortKey| {
            let expr = if expr.ty == Type::Str { self.rank(expr) } else { self.expr(expr) };
            SortKey { expr, descending, nulls_first }
        };
        keys.into_iter().map(key).collect()
    }

    fn union(&mut self, union: Union) -> Union<Encoded> {
        let Union { inputs, columns, span } = union;
        let columns: Vec<_> = columns.into_iter().map(|column| self.column(column)).collect();
        let inputs = inputs.into_iter().map(|(input, ids)| {
            let input = self.plan(input);
            for column in input.schema() {
                for (made, _) in columns.iter().zip(&ids).filter(|(_, id)| **id == column.id) {
                    self.drafts.unite(made.ty, column.ty);
                }
            }
            (input, ids)
        });
        Union { inputs: inputs.collect(), columns, span }
    }

    fn shared(&mut self, shared: Shared) -> Shared<Encoded> {
        let Shared { plan, columns, row, span } = shared;
        let columns = columns.into_iter().map(|(from, column)| {
            let made = self.column(column);
            let source = self.held(column.ty, Holder::Column(from));
            self.drafts.unite(made.ty, source);
            (from, made)
        });
        let columns = columns.collect();
        Shared { plan, columns, row: row.map(|row| self.column(row)), span }
    }

    /// An expression without text: a table over a dictionary where it looks into one.
    fn expr(&mut self, expr: Expr) -> Code {
        if let Some(literal) = constant(&expr) {
            return self.expr(literal);
        }
        if is_order_of_texts(&expr) {
            return self.order_of_texts(expr);
        }
        if needs_host(&expr) {
            return self.function(expr);
        }
        let Expr { kind, ty, nullable, span } = expr;
        let made = CodeType::of(ty).unwrap_or_else(|| CodeType::Code(self.drafts.fresh()));
        let kind = match kind {
            ExprKind::Column(id) => return self.holder(CodeKind::Column(id), ty, Holder::Column(id), nullable, span),
            ExprKind::Param(param) => {
                return self.holder(CodeKind::Param(param), ty, Holder::Param(param), nullable, span);
            }
            ExprKind::Cell { plan, column } => {
                return self.holder(CodeKind::Cell { plan, column }, ty, Holder::Column(column), nullable, span);
            }
            ExprKind::Literal(value) => CodeKind::Literal(self.literal(value)),
            ExprKind::Negate(operand) => CodeKind::Negate(self.boxed(*operand)),
            ExprKind::Not(operand) => CodeKind::Not(self.boxed(*operand)),
            ExprKind::Arithmetic(op, a, b) => CodeKind::Arithmetic(op, self.boxed(*a), self.boxed(*b)),
            ExprKind::Compare(op, a, b) => {
                let (a, b) = (self.boxed(*a), self.boxed(*b));
                self.drafts.unite(a.ty, b.ty);
                CodeKind::Compare(op, a, b)
            }
            ExprKind::And(operands) => CodeKind::And(self.exprs(operands)),
            ExprKind::Or(operands) => CodeKind::Or(self.exprs(operands)),
            ExprKind::IsNull(operand) => CodeKind::IsNull(self.boxed(*operand)),
            ExprKind::Coalesce(operands) => {
                let operands = self.exprs(operands);
                operands.iter().for_each(|operand| self.drafts.unite(made, operand.ty));
                CodeKind::Coalesce(operands)
            }
            ExprKind::Case { arms, otherwise } => self.case(arms, otherwise, made),
            ExprKind::InList { operand, list } => {
                let operand = self.boxed(*operand);
                CodeKind::InList { operand, list: list.into_iter().map(|value| self.literal(value)).collect() }
            }
            ExprKind::Cast { operand, or_null } => CodeKind::Cast { operand: self.boxed(*operand), or_null },
            ExprKind::Call(function, operands) => CodeKind::Call(function, self.operands(function, operands)),
            ExprKind::Like { .. } => unreachable!("`like` looks into a text, so it is a table"),
            ExprKind::Table { table, .. } => match table {},
        };
        Code { kind, ty: made, nullable, span }
    }

    fn holder(&mut self, kind: CodeKind, ty: Type, holder: Holder, nullable: bool, span: Span) -> Code {
        Code { kind, ty: self.held(ty, holder), nullable, span }
    }

    fn boxed(&mut self, expr: Expr) -> Box<Code> {
        Box::new(self.expr(expr))
    }

    fn exprs(&mut self, exprs: Vec<Expr>) -> Vec<Code> {
        exprs.into_iter().map(|expr| self.expr(expr)).collect()
    }

    fn case(&mut self, arms: Vec<(Expr, Expr)>, otherwise: Option<Box<Expr>>, made: CodeType) -> CodeKind {
        let arms = arms.into_iter().map(|(condition, value)| (self.expr(condition), self.expr(value)));
        let arms: Vec<_> = arms.collect();
        let otherwise = otherwise.map(|value| self.boxed(*value));
        for value in arms.iter().map(|(_, value)| value).chain(otherwise.as_deref()) {
            self.drafts.unite(made, value.ty);
        }
        CodeKind::Case { arms, otherwise }
    }

    /// The operands of a function of numbers and times, the first of which may name a unit of time.
    fn operands(&mut self, function: Function, operands: Vec<Expr>) -> Vec<Code> {
        let takes_unit = matches!(function, Function::DateTrunc | Function::DateDiff);
        let operand = |(index, operand): (usize, Expr)| {
            if !takes_unit || index > 0 {
                return self.expr(operand);
            }
            let name = operand.as_literal().and_then(Scalar::as_str);
            let Some(unit) = name.and_then(TimeUnit::from_name) else {
                unreachable!("analysis lets only units of time be the first argument of `{}`", function.name())
            };
            let kind = CodeKind::Literal(CodeScalar::Unit(unit));
            Code { kind, ty: CodeType::Unit, nullable: false, span: operand.span }
        };
        operands.into_iter().enumerate().map(operand).collect()
    }

    fn literal(&mut self, value: Scalar) -> CodeScalar {
        match value {
            Scalar::Null => CodeScalar::Null,
            Scalar::Bool(value) => CodeScalar::Bool(value),
            Scalar::Int(value) => CodeScalar::Int(value),
            Scalar::Float(value) => CodeScalar::Float(value),
            Scalar::Str(text) => {
                self.drafts.literals.push(text);
                CodeScalar::Code(self.drafts.literals.len() - 1)
            }
        }
    }

    /// `a < b` of two texts: ranks of one dictionary.
    fn order_of_texts(&mut self, expr: Expr) -> Code {
        let Expr { kind: ExprKind::Compare(op, left, right), nullable, span, .. } = expr else {
            unreachable!("only comparisons order texts")
        };
        let (left, right) = (self.rank(*left), self.rank(*right));
        let base = |rank: &Code| rank.operands().first().map(|base| base.ty);
        if let (Some(a), Some(b)) = (base(&left), base(&right)) {
            self.drafts.unite(a, b);
        }
        let kind = CodeKind::Compare(op, Box::new(left), Box::new(right));
        Code { kind, ty: CodeType::Bool, nullable, span }
    }

    /// The position of a text in the order of its dictionary's texts.
    fn rank(&mut self, expr: Expr) -> Code {
        let (stripped, span) = (expr.without_spans(), expr.span);
        let base = self.expr(expr);
        self.table(stripped, base, None, CodeType::I32, span)
    }

    /// A function of one text as a table over its dictionary.
    fn function(&mut self, expr: Expr) -> Code {
        let Some(base) = only_base(&expr).cloned() else {
            unreachable!("functions of several texts are hoisted: {expr:?}")
        };
        let (stripped, ty, span) = (base.without_spans(), expr.ty, expr.span);
        let function = function_of(expr, &stripped);
        let on_null = eval(&function, &mut |_| Scalar::Null).ok().filter(|value| !value.is_null());
        let table_is_nullable = function.nullable;
        let base = self.expr(base);
        let is_nullable = base.nullable;
        let made = CodeType::of(ty).unwrap_or_else(|| CodeType::Code(self.drafts.fresh()));
        let table = self.table(stripped, base.clone(), Some(function), made, span);
        let Some(on_null) = on_null.filter(|_| is_nullable) else { return table };
        // A function that skips nulls (`concat`) has a value where there is no text.
        let kind = CodeKind::IsNull(Box::new(base));
        let is_null = Code { kind, ty: CodeType::Bool, nullable: false, span };
        let value = Code { kind: CodeKind::Literal(self.literal(on_null)), ty: table.ty, nullable: false, span };
        let made = table.ty;
        let kind = CodeKind::Case { arms: vec![(is_null, value)], otherwise: Some(Box::new(table)) };
        Code { kind, ty: made, nullable: table_is_nullable, span }
    }

    /// The entry at a text's code of the table that holds a function, made if it is new.
    fn table(&mut self, stripped: Expr, base: Code, function: Option<Expr>, ty: CodeType, span: Span) -> Code {
        let CodeType::Code(var) = base.ty else { unreachable!("a table over a dictionary is addressed by codes") };
        let nullable = base.nullable || function.as_ref().is_some_and(|function| function.nullable);
        let bare = |function: &Option<Expr>| function.as_ref().map(Expr::without_spans);
        let wanted = bare(&function);
        let same = |table: &DraftTable| table.base == stripped && bare(&table.function) == wanted;
        let table = self.drafts.tables.iter().position(same).unwrap_or_else(|| {
            self.drafts.tables.push(DraftTable { base: stripped, var, function });
            self.drafts.tables.len() - 1
        });
        // The bases of one table are one text, wherever they stand.
        self.drafts.unite(CodeType::Code(self.drafts.tables[table].var), base.ty);
        let ty = if ty.is_code() { CodeType::Code(self.drafts.of(Holder::Table(table))) } else { ty };
        Code { kind: CodeKind::Table { table, column: Box::new(base) }, ty, nullable, span }
    }
}
