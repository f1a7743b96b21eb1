//! Makes a failing program small: whatever can go while it still fails in the same way goes.

use super::expr::Expr;
use super::program::{Frame, Item, Join, Pipeline, Program, SortItem, Step};

/// Programs with a part less, those that lose much first.
pub(crate) fn smaller(program: &Program) -> Vec<Program> {
    let mut found = vec![];
    for at in 0..program.exports.len() {
        if program.exports.len() > 1 {
            found.push(edit(program, |program| drop(program.exports.remove(at))));
        }
    }
    for at in 0..program.lets.len() {
        found.push(edit(program, |program| drop(program.lets.remove(at))));
    }
    for at in 0..program.params.len() {
        found.push(edit(program, |program| drop(program.params.remove(at))));
    }
    for at in 0..program.functions.len() {
        found.push(edit(program, |program| drop(program.functions.remove(at))));
    }
    for at in 0..program.lets.len() {
        for pipeline in pipelines(&program.lets[at].1) {
            found.push(edit(program, |program| program.lets[at].1 = pipeline));
        }
    }
    for at in 0..program.exports.len() {
        for pipeline in pipelines(&program.exports[at].1) {
            found.push(edit(program, |program| program.exports[at].1 = pipeline));
        }
    }
    for at in 0..program.exports.len() {
        // A shared pipeline in the place where it is read.
        if let Some((_, shared)) = program.lets.iter().find(|(name, _)| *name == program.exports[at].1.source) {
            let mut steps = shared.steps.clone();
            steps.extend(program.exports[at].1.steps.iter().cloned());
            let pipeline = Pipeline { source: shared.source.clone(), steps };
            found.push(edit(program, |program| program.exports[at].1 = pipeline));
        }
    }
    found.retain(|program| program.is_determined() && !program.exports.is_empty());
    found
}

fn edit(program: &Program, change: impl FnOnce(&mut Program)) -> Program {
    let mut program = program.clone();
    change(&mut program);
    program
}

fn pipelines(pipeline: &Pipeline) -> Vec<Pipeline> {
    let mut found = vec![];
    let with = |steps: Vec<Step>| Pipeline { source: pipeline.source.clone(), steps };
    let count = pipeline.steps.len();
    for length in [count / 2, count.saturating_sub(1)] {
        if length < count {
            found.push(with(pipeline.steps[..length].to_vec()));
        }
    }
    for at in (0..count).rev() {
        let mut steps = pipeline.steps.clone();
        steps.remove(at);
        found.push(with(steps));
    }
    for at in (0..count).rev() {
        for step in self::steps(&pipeline.steps[at]) {
            let mut steps = pipeline.steps.clone();
            steps[at] = step;
            found.push(with(steps));
        }
    }
    found
}

/// Calls with smaller arguments.
fn calls(call: &Expr) -> Vec<Expr> {
    let fewer = call.args.iter().enumerate().flat_map(|(at, arg)| exprs(arg).into_iter().map(move |arg| (at, arg)));
    let with = |(at, arg): (usize, Expr)| {
        let mut call = call.clone();
        call.args[at] = arg;
        call
    };
    fewer.map(with).collect()
}

fn steps(step: &Step) -> Vec<Step> {
    match step {
        Step::Filter(expr) => exprs(expr).into_iter().map(Step::Filter).collect(),
        Step::Assert { condition, holds } => {
            let fewer = exprs(condition).into_iter();
            fewer.map(|condition| Step::Assert { condition, holds: *holds }).collect()
        }
        Step::Apply(call) => calls(call).into_iter().map(Step::Apply).collect(),
        Step::Replace(item) => {
            let with = |expr| Step::Replace(Item { name: item.name.clone(), expr });
            exprs(&item.expr).into_iter().map(with).collect()
        }
        Step::Derive(items) => lists(items, 1).into_iter().map(Step::Derive).collect(),
        Step::Select(items) => lists(items, 1).into_iter().map(Step::Select).collect(),
        Step::Aggregate(items) => lists(items, 1).into_iter().map(Step::Aggregate).collect(),
        Step::Group { keys, items } => {
            let fewer = lists(keys, 1).into_iter().map(|keys| Step::Group { keys, items: items.clone() });
            fewer.chain(lists(items, 1).into_iter().map(|items| Step::Group { keys: keys.clone(), items })).collect()
        }
        Step::Join(join) => joins(join),
        Step::Sort { items, total } if !total => {
            let without = |at: usize| [&items[..at], &items[at + 1..]].concat();
            let fewer = (0..items.len()).filter(|_| items.len() > 1);
            let mut found: Vec<Step> = fewer.map(|at| Step::Sort { items: without(at), total: false }).collect();
            for (at, item) in items.iter().enumerate() {
                for expr in exprs(&item.expr) {
                    let mut items = items.clone();
                    items[at].expr = expr;
                    found.push(Step::Sort { items, total: false });
                }
            }
            found
        }
        Step::Take(first, last) => {
            let mut found = vec![];
            if *first > 1 {
                found.push(Step::Take(1, *last));
            }
            if last > first {
                found.push(Step::Take(*first, first + (last - first) / 2));
            }
            found
        }
        Step::Distinct(names) => names_without(names).into_iter().map(Step::Distinct).collect(),
        Step::Drop(names) => names_without(names).into_iter().map(Step::Drop).collect(),
        Step::Set { kind, right } => pipelines(right).into_iter().map(|right| Step::Set { kind, right }).collect(),
        Step::Pivot { by, on, values, name, value } => {
            let pivot = |by: &Vec<String>, values: &Vec<super::program::PivotValue>| {
                let (on, name, value) = (on.clone(), name.clone(), value.clone());
                Step::Pivot { by: by.clone(), on, values: values.clone(), name, value }
            };
            let mut found: Vec<Step> = names_without(by).iter().map(|by| pivot(by, values)).collect();
            for at in (0..values.len()).filter(|_| values.len() > 1) {
                found.push(pivot(by, &[&values[..at], &values[at + 1..]].concat()));
            }
            found
        }
        Step::Window { .. } => windows(step),
        Step::TakeBy { by, sort, first, last } => {
            let take = |by: Vec<String>| Step::TakeBy { by, sort: sort.clone(), first: *first, last: *last };
            names_without(by).into_iter().map(take).collect()
        }
        Step::Rename(_) | Step::Sort { .. } | Step::Unpivot { .. } => vec![],
    }
}

/// Windows of fewer functions, keys or rows.
fn windows(step: &Step) -> Vec<Step> {
    let Step::Window { by, sort, frame, by_rows, items } = step else { return vec![] };
    let window = |by: &Vec<String>, sort: &Vec<SortItem>, frame: &Frame, items: &Vec<Item>| Step::Window {
        by: by.clone(),
        sort: sort.clone(),
        frame: frame.clone(),
        by_rows: *by_rows,
        items: items.clone(),
    };
    let fewer = lists(items, 1).into_iter().map(|items| window(by, sort, frame, &items));
    let names = names_without(by).into_iter().map(|by| window(&by, sort, frame, items));
    let whole = (*frame != Frame::None).then(|| window(by, sort, &Frame::None, items));
    let keys = (0..sort.len()).filter(|_| *by_rows && sort.len() > 1);
    let keys = keys.map(|at| window(by, &[&sort[..at], &sort[at + 1..]].concat(), frame, items));
    fewer.chain(names).chain(whole).chain(keys).collect()
}

fn joins(join: &Join) -> Vec<Step> {
    let mut found = vec![];
    for right in pipelines(&join.right) {
        let mut join = join.clone();
        join.right = right;
        found.push(Step::Join(Box::new(join)));
    }
    for at in 0..join.conditions.len() {
        let mut fewer = join.clone();
        fewer.conditions.remove(at);
        found.extend((!fewer.conditions.is_empty()).then_some(Step::Join(Box::new(fewer))));
        for expr in exprs(&join.conditions[at]) {
            let mut join = join.clone();
            join.conditions[at] = expr;
            found.push(Step::Join(Box::new(join)));
        }
    }
    for at in 0..join.using.len() {
        let mut fewer = join.clone();
        fewer.using.remove(at);
        found.extend((!fewer.using.is_empty()).then_some(Step::Join(Box::new(fewer))));
    }
    if join.kind != "inner" && join.kind != "cross" {
        let mut inner = join.clone();
        inner.kind = "inner";
        found.push(Step::Join(Box::new(inner)));
    }
    found
}

fn names_without(names: &[String]) -> Vec<Vec<String>> {
    (0..names.len()).filter(|_| names.len() > 1).map(|at| [&names[..at], &names[at + 1..]].concat()).collect()
}

/// Lists with an item less, or with a smaller item.
fn lists(items: &[Item], least: usize) -> Vec<Vec<Item>> {
    let mut found = vec![];
    if items.len() > 2 * least {
        let (first, last) = items.split_at(items.len() / 2);
        found.extend([first.to_vec(), last.to_vec()]);
    }
    if items.len() > least {
        found.extend((0..items.len()).map(|at| [&items[..at], &items[at + 1..]].concat()));
    }
    for (at, item) in items.iter().enumerate() {
        for expr in exprs(&item.expr) {
            let mut items = items.to_vec();
            items[at].expr = expr;
            found.push(items);
        }
    }
    found
}

/// Parts of an expression that could stand for it.
pub(crate) fn exprs(expr: &Expr) -> Vec<Expr> {
    let mut found = vec![];
    inside(expr, expr, &mut found);
    for (at, arg) in expr.args.iter().enumerate() {
        for smaller in exprs(arg) {
            let mut expr = expr.clone();
            expr.args[at] = smaller;
            found.push(expr);
        }
    }
    found
}

/// The largest parts of the type of `whole`.
fn inside(expr: &Expr, whole: &Expr, found: &mut Vec<Expr>) {
    for arg in &expr.args {
        if arg.ty == whole.ty {
            found.push(arg.clone());
        } else {
            inside(arg, whole, found);
        }
    }
}
