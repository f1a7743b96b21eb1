//! The arguments of the function whose body is being analyzed.

use super::relation::{Relation, ScopeColumn};
use dj_grammar::ast;
use std::cell::RefCell;
use std::rc::Rc;

/// The arguments in scope; `None` outside of functions. A body sees its own arguments only.
pub(super) type Env<'a> = Option<Rc<Frame<'a>>>;

/// A call of a function that is being inlined.
pub(super) struct Frame<'a> {
    /// The function.
    pub(super) function: &'a ast::Function,
    /// The arguments as written, which read names where the call stands.
    pub(super) arguments: Vec<(&'a str, &'a ast::Expr)>,
    /// The arguments in scope where the call stands.
    pub(super) caller: Env<'a>,
    /// What a pipeline function works on.
    pub(super) pipeline: Option<PipelineFrame<'a>>,
    /// How many calls are open where the call stands.
    pub(super) depth: usize,
}

/// The relation that a pipeline function is called on.
pub(super) struct PipelineFrame<'a> {
    /// The first argument.
    pub(super) formal: &'a str,
    /// The rows; taken by the body's source.
    pub(super) input: RefCell<Option<Relation>>,
    /// The same as a shared plan, where the body reads them more than once.
    pub(super) again: Option<(Relation, usize)>,
    /// The columns that the other arguments read.
    pub(super) columns: Vec<ScopeColumn>,
    /// Whether an error hides some of them.
    pub(super) open: bool,
}

impl<'a> Frame<'a> {
    /// The argument of this name.
    pub(super) fn argument(&self, name: &str) -> Option<&'a ast::Expr> {
        self.arguments.iter().find(|(formal, _)| *formal == name).map(|(_, expr)| *expr)
    }
}

/// How often a pipeline reads a table of this name, or passes it on to a function.
pub(super) fn reads(pipeline: &ast::Pipeline, name: &str) -> usize {
    let passed = |transform: &ast::Transform| {
        if let ast::TransformKind::Join(ast::Join { right: other, .. }) = &transform.kind {
            source_reads(other, name)
        } else if let ast::TransformKind::SetOperation { other, .. } = &transform.kind {
            source_reads(other, name)
        } else if let ast::TransformKind::Call { arguments, .. } = &transform.kind {
            let is_named = |argument: &&ast::Expr| matches!(&argument.kind, ast::ExprKind::Name(own) if own == name);
            arguments.iter().filter(is_named).count()
        } else {
            0
        }
    };
    source_reads(&pipeline.source, name) + pipeline.transforms.iter().map(passed).sum::<usize>()
}

fn source_reads(source: &ast::Source, name: &str) -> usize {
    match source {
        ast::Source::Name(own) => usize::from(own.node == name),
        ast::Source::Made { .. } => 0,
        ast::Source::Pipeline(pipeline) => reads(pipeline, name),
    }
}

/// Whether a function's body is being inlined here, so that calling it would never end.
pub(super) fn is_active(env: &Env<'_>, function: &ast::Function) -> bool {
    let mut at = env.as_ref();
    while let Some(frame) = at {
        if std::ptr::eq(frame.function, function) {
            return true;
        }
        at = frame.caller.as_ref();
    }
    false
}
