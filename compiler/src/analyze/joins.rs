//! `join`: the scope of its condition, and the equalities in it.

use super::builder::Builder;
use super::codes;
use super::env::Env;
use super::names::{Found, find};
use super::relation::{Relation, RowBound, Scope, ScopeColumn};
use super::types::widen;
use super::values::cast_to;
use crate::plan::{Join, JoinKind, Placement, Plan, SchemaColumn, conjunction, conjuncts};
use dj_grammar::{Diagnostic, Span, ast};
use dj_runtime::expr::{ColumnId, CompareOp, Expr, ExprKind, Failure, Scalar, failure};
use dj_runtime::types::Type;

/// What makes rows match.
#[derive(Default)]
pub(super) struct Matching {
    /// Pairs of the left and of the right that must be equal.
    pub(super) on: Vec<(Expr, Expr)>,
    /// What else must hold.
    pub(super) residual: Vec<Expr>,
    /// Columns of the left and of the right that have one name and are equal, of which one is kept.
    pub(super) merged: Vec<(ColumnId, ColumnId)>,
    /// Whether an error hides some of it.
    pub(super) wrong: bool,
}

impl<'a> Builder<'a> {
    pub(super) fn join(&mut self, env: &Env<'a>, left: Relation, join: &'a ast::Join, span: Span) -> Relation {
        let kind = match join.kind {
            ast::JoinKind::Inner => JoinKind::Inner,
            ast::JoinKind::Left => JoinKind::Left,
            ast::JoinKind::Semi => JoinKind::Semi,
            ast::JoinKind::Anti => JoinKind::Anti,
            ast::JoinKind::Right => return self.right_join(env, left, join, span),
            ast::JoinKind::Full => return self.full_join(env, left, join, span),
            ast::JoinKind::Cross => return self.cross_join(env, left, join, span),
            ast::JoinKind::AsOf => return self.asof_join(env, left, join, span),
        };
        let right = self.right_side(env, join);
        let matching = self.matching(env, &left, &right, join, span);
        let open = left.open || right.open;
        let mut columns = left.columns;
        let rows = match kind {
            JoinKind::Semi | JoinKind::Anti => left.rows.or_none(),
            JoinKind::Inner | JoinKind::Left => {
                let kept = right.columns.into_iter().filter(|column| !matching.merges(column));
                columns.extend(kept.map(|column| column_after(column, kind)));
                RowBound::Many
            }
        };
        let residual = conjunction(matching.residual);
        let (left, right) = (Box::new(left.plan), Box::new(right.plan));
        let nulls_equal = join.nulls_equal;
        let plan = Plan::Join(Join {
            left,
            right,
            kind,
            on: matching.on,
            nearest: None,
            residual,
            nulls_equal,
            placement: Placement::Any,
            span,
        });
        Relation { plan, columns, open, rows }
    }

    /// The joined table, by its alias if it has one.
    pub(super) fn right_side(&mut self, env: &Env<'a>, join: &'a ast::Join) -> Relation {
        let right = self.source(env, &join.right);
        match &join.alias {
            Some(alias) => right.qualified(&alias.node),
            None => right,
        }
    }

    /// The equalities of a condition, and the rest of it.
    pub(super) fn matching(
        &mut self,
        env: &Env<'a>,
        left: &Relation,
        right: &Relation,
        join: &'a ast::Join,
        span: Span,
    ) -> Matching {
        let mut matching = match &join.condition {
            ast::JoinCondition::Using(names) => self.using(env, left, right, names),
            ast::JoinCondition::On(condition) => self.on(env, left, right, condition),
            ast::JoinCondition::None | ast::JoinCondition::AsOf { .. } => Matching::default(),
        };
        if matching.on.is_empty() && !matching.wrong {
            let has = |relation: &Relation, expr: &Expr| {
                let columns = expr.columns();
                relation.open || relation.known().any(|(_, column)| columns.contains(&column.id))
            };
            let of_both = |conjunct: &Expr| has(left, conjunct) && has(right, conjunct);
            if matching.residual.iter().any(of_both) {
                // Without an equality every pair is looked at, as pairs that are equal in a constant.
                let one = || Expr::literal(Scalar::Int(1), Type::I32, span);
                matching.on.push((one(), one()));
            } else if !left.open && !right.open {
                self.report(no_key(&join.condition, span));
            }
        }
        matching.on = common_keys(matching.on, join.nulls_equal);
        matching
    }

    /// `on { k1, k2 }`
    pub(super) fn using(
        &mut self,
        env: &Env<'a>,
        left: &Relation,
        right: &Relation,
        names: &'a [ast::Name],
    ) -> Matching {
        let mut matching = Matching::default();
        for name in names {
            let a = self.listed_column(left, env, name);
            let b = match find(&right.columns, None, &name.node) {
                Found::One(column) => Some(column.clone()),
                // One problem of a name is told, and what is not known may have it.
                Found::Nothing if right.open || (a.is_none() && !left.open) => None,
                Found::Several(_) | Found::Nothing => {
                    self.report(self.not_on_the_right(right, name));
                    None
                }
            };
            let sides = a.and_then(|a| a.column).zip(b.and_then(|b| b.column));
            let Some((a, b)) = sides else {
                matching.wrong = true;
                continue;
            };
            if key_type(a.ty, b.ty).is_none() {
                matching.wrong = true;
                self.report(
                    Diagnostic::error(
                        codes::MISMATCHED_TYPES,
                        format!("`{}` is {} on the left and {} on the right", name.node, a.ty, b.ty),
                    )
                    .label(name.span, "keys must have a common type")
                    .help(format!("convert one side: `(table | derive {} = {} as {})`", name.node, name.node, a.ty)),
                );
                continue;
            }
            let side = |column: SchemaColumn| Expr::column(column.id, column.ty, column.nullable, name.span);
            matching.on.push((side(a), side(b)));
            matching.merged.push((a.id, b.id));
        }
        matching
    }

    fn not_on_the_right(&self, right: &Relation, name: &ast::Name) -> Diagnostic {
        if let Some(problem) = self.left_out_of(&right.columns, &name.node, name.span) {
            return problem;
        }
        let near = dj_grammar::nearest(&name.node, right.columns.iter().map(|column| column.name.as_str()));
        let other = near.unwrap_or("other");
        Diagnostic::error(codes::UNKNOWN_COLUMN, format!("the joined table has no column `{}`", name.node))
            .label(name.span, "must be in both tables")
            .help(format!("for different names, write `on left.{} == right.{other}`", name.node))
    }

    /// `on EXPR`
    fn on(&mut self, env: &Env<'a>, left: &Relation, right: &Relation, condition: &'a ast::Expr) -> Matching {
        let side = |relation: &Relation, name: &str| -> Vec<ScopeColumn> {
            let named = |mut column: ScopeColumn| {
                column.qualifiers.insert(0, name.to_owned());
                column
            };
            relation.columns.iter().cloned().map(named).collect()
        };
        let mut columns = side(left, "left");
        columns.extend(side(right, "right"));
        let open = left.open || right.open;
        let scope = Scope { columns: &columns, open, env, grouping: None, windowing: None };
        let mut matching = Matching::default();
        if let Some((name, span)) = name_beside_condition(condition, &|name| is_of_both(left, right, name)) {
            self.report(beside_condition(name, span));
            matching.wrong = true;
            return matching;
        }
        let Some(condition) = self.condition(&scope, condition) else {
            matching.wrong = true;
            return matching;
        };
        let ids = |relation: &Relation| -> Vec<ColumnId> { relation.known().map(|(_, column)| column.id).collect() };
        let (lefts, rights) = (ids(left), ids(right));
        for conjunct in conjuncts(condition) {
            match equality(conjunct, &lefts, &rights) {
                Ok(pair) => matching.on.push(pair),
                Err(other) => matching.residual.push(other),
            }
        }
        matching
    }
}

impl Matching {
    /// Whether a column of the right is kept as one of the left.
    pub(super) fn merges(&self, column: &ScopeColumn) -> bool {
        column.column.is_some_and(|column| self.merged.iter().any(|(_, right)| *right == column.id))
    }
}

/// Whether both sides have one column of this name.
fn is_of_both(left: &Relation, right: &Relation, name: &str) -> bool {
    [left, right].iter().all(|side| matches!(find(&side.columns, None, name), Found::One(_)))
}

/// A name that stands among conditions as if it were a key by itself.
fn name_beside_condition<'e>(condition: &'e ast::Expr, is_key: &dyn Fn(&str) -> bool) -> Option<(&'e str, Span)> {
    let ast::ExprKind::Binary(op, left, right) = &condition.kind else { return None };
    if op.node != ast::BinaryOp::And {
        return None;
    }
    [left, right].into_iter().find_map(|operand| {
        if let ast::ExprKind::Name(name) = &operand.kind {
            return is_key(name).then_some((name.as_str(), operand.span));
        }
        name_beside_condition(operand, is_key)
    })
}

fn beside_condition(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(codes::AMBIGUOUS_NAME, format!("`{name}` is a key only where it stands alone"))
        .label(span, "both tables have a column of this name")
        .help(format!("beside other conditions, write `left.{name} == right.{name} and ...`"))
}

/// A column of the right after a join.
pub(super) fn column_after(column: ScopeColumn, kind: JoinKind) -> ScopeColumn {
    let nullable =
        |schema: SchemaColumn| SchemaColumn { nullable: schema.nullable || kind == JoinKind::Left, ..schema };
    ScopeColumn { column: column.column.map(nullable), ..column }
}

/// The pair of keys that a conjunct makes equal, each of one side; else the conjunct.
fn equality(conjunct: Expr, left: &[ColumnId], right: &[ColumnId]) -> Result<(Expr, Expr), Expr> {
    let of = |expr: &Expr, side: &[ColumnId]| {
        let columns = expr.columns();
        !columns.is_empty() && columns.iter().all(|column| side.contains(column))
    };
    let ExprKind::Compare(CompareOp::Equal, a, b) = &conjunct.kind else { return Err(conjunct) };
    if key_type(a.ty, b.ty).is_none() {
        Err(conjunct)
    } else if of(a, left) && of(b, right) {
        Ok(((**a).clone(), (**b).clone()))
    } else if of(b, left) && of(a, right) {
        Ok(((**b).clone(), (**a).clone()))
    } else {
        Err(conjunct)
    }
}

/// A type in which two keys are equal if they are equal at all.
pub(super) fn key_type(a: Type, b: Type) -> Option<Type> {
    let integers = a.is_integer() && b.is_integer();
    widen(a, b).or_else(|| integers.then_some(Type::I64))
}

/// Pairs of keys, each in a type of both sides.
///
/// What that type does not hold equals nothing on the other side, so it becomes null, which matches nothing. Where nulls
/// match each other (`nulls_equal`), a further pair tells a null of the data from one that stands for such a value.
pub(super) fn common_keys(pairs: Vec<(Expr, Expr)>, nulls_equal: bool) -> Vec<(Expr, Expr)> {
    let mut keys = Vec::new();
    for (left, right) in pairs {
        let Some(ty) = key_type(left.ty, right.ty) else {
            keys.push((left, right));
            continue;
        };
        let (one, two) = (key_as(left.clone(), ty), key_as(right.clone(), ty));
        let all_fit = [&one, &two].into_iter().all(|key| !matches!(key.kind, ExprKind::Cast { or_null: true, .. }));
        keys.push((one, two));
        if nulls_equal && !all_fit {
            keys.push((is_null(left), is_null(right)));
        }
    }
    keys
}

fn is_null(key: Expr) -> Expr {
    let span = key.span;
    Expr { kind: ExprKind::IsNull(Box::new(key)), ty: Type::Bool, nullable: false, span }
}

/// A key in another type; null where that does not hold its value.
pub(super) fn key_as(key: Expr, ty: Type) -> Expr {
    if key.ty == ty {
        return key;
    }
    let mut key = cast_to(key, ty);
    let fits = matches!(failure(&key, &|_| None), Failure::Impossible(_));
    if let ExprKind::Cast { or_null, .. } = &mut key.kind
        && !fits
    {
        *or_null = true;
        key.nullable = true;
    }
    key
}

fn no_key(condition: &ast::JoinCondition, span: Span) -> Diagnostic {
    let place = match condition {
        ast::JoinCondition::On(expr) => expr.span,
        ast::JoinCondition::Using(_) | ast::JoinCondition::None | ast::JoinCondition::AsOf { .. } => span,
    };
    Diagnostic::error(codes::NO_JOIN_KEY, "the condition of a join compares its sides")
        .label(place, "compares nothing of the left with something of the right")
        .help("write `on left.key == right.key and ...`, or `on key` for equal names")
        .help("for all pairs of rows, write `join cross` and filter them")
}
