//! Runs rules over plans, and checks what each must keep.

use super::Options;
use crate::plan::{Plan, Program, SchemaColumn, narrow_nullability, verify};

/// A rewrite of one operator and what is directly below it.
///
/// It keeps the schema: the same columns in the same order, nullable at most where they were. It keeps the rows and, where
/// there is one, their order. It never moves an expression that can fail to where it sees more rows.
pub(super) trait Rule: Sync {
    /// The name of its file.
    fn name(&self) -> &'static str;

    /// The plan, rewritten if the rule applies to its root.
    fn rewrite(&self, plan: Plan, context: &RuleContext<'_>) -> Rewritten;
}

/// A rewrite of a whole program, which keeps the exports' schemas.
pub(super) trait Pass: Sync {
    /// The name of its file.
    fn name(&self) -> &'static str;

    /// The program, rewritten.
    fn rewrite(&self, program: Program, options: &Options<'_>) -> Program;
}

/// What a rule may look at.
pub(super) struct RuleContext<'a> {
    /// The program without the plan that is being rewritten: tables, columns, shared plans.
    pub(super) program: &'a Program,
}

/// A plan, and whether a rule changed it.
pub(super) struct Rewritten {
    pub(super) plan: Plan,
    pub(super) changed: bool,
}

impl Rewritten {
    /// The rule applied.
    pub(super) fn changed(plan: Plan) -> Self {
        Self { plan, changed: true }
    }

    /// The rule did not apply.
    pub(super) fn unchanged(plan: Plan) -> Self {
        Self { plan, changed: false }
    }
}

/// In which order a rule visits the operators of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// From the inputs to the root.
    Up,
    /// From the root to the inputs.
    Down,
}

/// One step of a batch.
pub(super) enum Step {
    /// A rule, applied to every operator.
    Rule(Direction, &'static dyn Rule),
    /// A pass over the program.
    Pass(&'static dyn Pass),
}

#[cfg(test)]
impl Step {
    /// The name of the rule or pass.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Rule(_, rule) => rule.name(),
            Self::Pass(pass) => pass.name(),
        }
    }
}

/// How often the steps of a batch are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Once.
    Once,
    /// Until none applies any more.
    FixedPoint,
}

/// Steps that belong together.
pub(super) struct Batch {
    /// Why it exists, in a word or two.
    pub(super) name: &'static str,
    pub(super) repeat: Repeat,
    pub(super) steps: &'static [Step],
}

/// A batch that has not come to rest after so many rounds, and one more for each operator, has two rules that undo each
/// other: a bug, but not one that makes a plan wrong.
const MAX_ROUNDS: usize = 32;

/// A rule that applies at one place so often goes on in the next round.
const MAX_REPEATS: usize = 64;

/// How often a batch may be run over a program: what one round changes may make work along the whole plan, an operator a
/// round.
fn most_rounds(program: &Program) -> usize {
    let mut operators = 0;
    program.walk(&mut |_| operators += 1);
    MAX_ROUNDS + operators
}

/// Runs a batch.
pub(super) fn run(batch: &Batch, mut program: Program, options: &Options<'_>) -> Program {
    let most_rounds = most_rounds(&program);
    for round in 0..most_rounds {
        let mut changed = false;
        for step in batch.steps {
            let applied;
            (program, applied) = run_step(step, program, options);
            changed |= applied;
        }
        if !changed || batch.repeat == Repeat::Once {
            return program;
        }
        debug_assert!(round + 1 < most_rounds, "batch `{}` does not come to rest", batch.name);
    }
    program
}

/// Runs one step over the whole program, and says whether it changed anything.
pub(super) fn run_step(step: &Step, program: Program, options: &Options<'_>) -> (Program, bool) {
    let (name, mut program, applied) = match step {
        Step::Rule(direction, rule) => {
            let (after, applied) = apply_rule(*rule, *direction, program);
            (rule.name(), after, applied)
        }
        Step::Pass(pass) => {
            let before = program.clone();
            let after = pass.rewrite(program, options);
            check_exports(pass.name(), &before, &after);
            let applied = before != after;
            (pass.name(), after, applied)
        }
    };
    if applied {
        // What reads a column above the place that a rule changed says of it what is true now.
        narrow_nullability(&mut program, &|table| match table {});
        if options.verify || cfg!(debug_assertions) {
            check_valid(name, &program);
        }
    }
    (program, applied)
}

#[expect(clippy::panic, reason = "an optimizer that breaks a plan is a bug that must not reach a result")]
fn check_valid(name: &str, program: &Program) {
    if let Err(error) = verify(program) {
        panic!("optimizer step `{name}`: {error}\n{}", crate::plan::plain_plan_text(program));
    }
}

fn check_exports(name: &str, before: &Program, after: &Program) {
    assert_eq!(before.exports.len(), after.exports.len(), "optimizer step `{name}` loses an export");
    for (before, after) in before.exports.iter().zip(&after.exports) {
        check_schema(name, &before.plan.schema(), &after.plan.schema());
    }
}

/// The same columns; nullability may only narrow.
fn check_schema(name: &str, before: &[SchemaColumn], after: &[SchemaColumn]) {
    let kept = before.len() == after.len()
        && before.iter().zip(after).all(|(a, b)| a.id == b.id && a.ty == b.ty && (a.nullable || !b.nullable));
    assert!(kept, "optimizer step `{name}` changes a schema from {before:?} to {after:?}");
}

fn apply_rule(rule: &dyn Rule, direction: Direction, mut program: Program) -> (Program, bool) {
    let mut changed = false;
    for index in 0..program.shared.len() {
        let plan = program.shared[index].plan.take();
        let plan = apply(rule, direction, plan, &RuleContext { program: &program }, &mut changed);
        program.shared[index].plan = plan;
    }
    for index in 0..program.exports.len() {
        let plan = program.exports[index].plan.take();
        let plan = apply(rule, direction, plan, &RuleContext { program: &program }, &mut changed);
        program.exports[index].plan = plan;
    }
    (program, changed)
}

fn apply(rule: &dyn Rule, direction: Direction, mut plan: Plan, context: &RuleContext<'_>, changed: &mut bool) -> Plan {
    if direction == Direction::Up {
        apply_below(rule, direction, &mut plan, context, changed);
        return apply_here(rule, plan, context, changed);
    }
    plan = apply_here(rule, plan, context, changed);
    apply_below(rule, direction, &mut plan, context, changed);
    plan
}

/// The rule at the root, again while it applies: a projection that took in the one below it has another one below.
fn apply_here(rule: &dyn Rule, mut plan: Plan, context: &RuleContext<'_>, changed: &mut bool) -> Plan {
    // A schema is as long as a row is wide, and most rules apply nowhere.
    let before = cfg!(debug_assertions).then(|| plan.schema());
    for _ in 0..MAX_REPEATS {
        let rewritten = rule.rewrite(plan, context);
        plan = rewritten.plan;
        if !rewritten.changed {
            break;
        }
        *changed = true;
        if let Some(before) = &before {
            check_schema(rule.name(), before, &plan.schema());
        }
    }
    plan
}

fn apply_below(rule: &dyn Rule, direction: Direction, plan: &mut Plan, context: &RuleContext<'_>, changed: &mut bool) {
    for input in plan.inputs_mut() {
        *input = apply(rule, direction, input.take(), context, changed);
    }
}
