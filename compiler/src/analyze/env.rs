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
