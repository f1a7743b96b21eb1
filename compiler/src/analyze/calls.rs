//! Calls: functions of the file are inlined, aggregates and built-in functions are checked.

use super::builder::Builder;
use super::codes;
use super::env::{Env, Frame, PipelineFrame, is_active, reads};
use super::relation::{Relation, Scope};
use super::values::Value;
use super::{aggregates, shorthands, windows};
use dj_grammar::{Diagnostic, Span, ast, nearest};
use dj_runtime::expr::Function;
use std::cell::RefCell;
use std::rc::Rc;

/// The most calls that a program inlines: a function that calls another twice doubles with every level.
const MOST_CALLS: usize = 20_000;

/// The most expressions that are analyzed for these calls.
const MOST_EXPANDED: usize = 200_000;

/// How deep inlined calls nest at most.
const DEEPEST_CALLS: usize = 100;

impl<'a> Builder<'a> {
    pub(super) fn call(
        &mut self,
        scope: &Scope<'_, 'a>,
        name: &'a ast::Name,
        arguments: &'a [ast::Expr],
        filter: Option<&'a ast::Expr>,
        span: Span,
    ) -> Option<Value> {
        if let Some(function) = self.declarations.functions.get(name.node.as_str()).copied() {
            self.no_filter(filter, name);
            return self.inline_expression(scope, function, arguments, span);
        }
        if let Some(aggregate) = aggregates::from_name(&name.node) {
            return self.aggregate(scope, aggregate, name, arguments, filter, span);
        }
        if windows::NAMES.contains(&name.node.as_str()) {
            return self.window_call(scope, name, arguments, filter, span);
        }
        let shorthand = shorthands::NAMES.iter().copied().find(|(known, _)| *known == name.node);
        let function = Function::from_name(&name.node);
        if function.is_none() && shorthand.is_none() {
            self.report(self.unknown_function(name));
            return None;
        }
        self.no_filter(filter, name);
        let values: Vec<_> = arguments.iter().map(|argument| self.expr(scope, argument)).collect();
        let values: Vec<Value> = values.into_iter().collect::<Option<_>>()?;
        match function {
            Some(function) => self.built_in(function, values, name.span, span),
            None => self.shorthand(shorthand?, values, span),
        }
    }

    /// Counts an expression that is analyzed for a call, in a function's body or as an argument, which is analyzed wherever
    /// the body reads it: `fn f2(x) = f1(x + x)` doubles with every level.
    pub(super) fn check_expansion(&mut self, env: &Env<'a>, span: Span) -> Option<()> {
        if self.calls.is_empty() && env.is_none() && !self.in_argument {
            return Some(());
        }
        self.expanded += 1;
        if self.expanded <= MOST_EXPANDED {
            return Some(());
        }
        if !std::mem::replace(&mut self.told_of_calls, true) {
            let message = "functions and their arguments are too large to be inlined";
            let most = format!("at most {MOST_EXPANDED} operations of functions");
            let help = "compute what is used more than once by a `derive` of its own";
            self.report(Diagnostic::error(codes::TOO_MANY_CALLS, message).label(span, most).help(help));
        }
        None
    }

    pub(super) fn no_filter(&mut self, filter: Option<&ast::Expr>, name: &ast::Name) {
        if let Some(filter) = filter {
            self.report(
                Diagnostic::error(codes::MISPLACED_AGGREGATE, format!("`{}` is no aggregate", name.node))
                    .label(filter.span, "only an aggregate has a `filter`"),
            );
        }
    }

    fn unknown_function(&self, name: &ast::Name) -> Diagnostic {
        let own = self.declarations.functions.keys().copied();
        let built_in = Function::ALL.iter().map(|function| function.name());
        let known = own.chain(built_in).chain(aggregates::NAMES.iter().map(|(known, _)| *known));
        let known = known.chain(windows::NAMES);
        let known = known.chain(shorthands::NAMES.iter().map(|(known, _)| *known));
        let diagnostic = Diagnostic::error(codes::UNKNOWN_FUNCTION, format!("unknown function `{}`", name.node))
            .label(name.span, "");
        let foreign = match name.node.to_lowercase().as_str() {
            "avg" | "average" => Some("`mean(x)` is the average"),
            "stddev" | "stdev" => Some("`std(x)` is the standard deviation"),
            "variance" => Some("`var(x)` is the variance"),
            "len" | "char_length" => Some("`length(s)` counts characters"),
            "strpos" | "position" | "locate" => Some("`instr(s, part)` says where a part begins"),
            "regexp_matches" => Some("`matches(s, regex)` says whether some part matches"),
            "regexp_extract" => Some("`extract(s, regex, n)` is a part that matches"),
            "to_timestamp" => {
                Some("`from_epoch(seconds)` is a timestamp, and `strptime(s, format)` one that is written")
            }
            "coalesce" | "ifnull" | "nvl" => Some("write `a ?? b`"),
            "if" | "iff" | "when" => Some("write `case { condition => a, else => b }`"),
            "substring" => Some("`substr(s, from, len)` is a part of a text"),
            "isnull" | "is_null" => Some("write `x is null`"),
            "cast" => Some("write `x as T`"),
            _ => None,
        };
        if let Some(text) = foreign {
            return diagnostic.help(text);
        }
        match nearest(&name.node, known) {
            Some(near) => diagnostic.help(format!("a function with a similar name exists: `{near}`")),
            None => diagnostic.help(format!("define it: `fn {}(x) = ...`", name.node)),
        }
    }

    /// The body of an expression function, with its arguments in scope.
    fn inline_expression(
        &mut self,
        scope: &Scope<'_, 'a>,
        function: &'a ast::Function,
        arguments: &'a [ast::Expr],
        span: Span,
    ) -> Option<Value> {
        let ast::FunctionBody::Expr(body) = &function.body else {
            self.report(
                Diagnostic::error(codes::WRONG_KIND_OF_FUNCTION, format!("`{}` works on tables", function.name.node))
                    .label(span, "a value belongs here")
                    .help(format!("use it as a transform: `table | {}(...)`", function.name.node)),
            );
            return None;
        };
        self.check_call(scope.env, function, &function.arguments, arguments.len(), span)?;
        let frame = Frame {
            function,
            arguments: function.arguments.iter().map(|name| name.node.as_str()).zip(arguments).collect(),
            caller: scope.env.clone(),
            pipeline: None,
            depth: self.calls.len(),
        };
        self.calls.push((span, &function.name.node));
        let env = Some(Rc::new(frame));
        let value = self.expr(&Scope { env: &env, ..*scope }, body);
        self.calls.pop();
        let value = value?;
        Some(Value { expr: dj_runtime::expr::Expr { span, ..value.expr }, open: value.open })
    }

    /// The transforms of a pipeline function, applied to `input`.
    pub(super) fn inline_pipeline(
        &mut self,
        env: &Env<'a>,
        input: Relation,
        name: &'a ast::Name,
        arguments: &'a [ast::Expr],
        span: Span,
    ) -> Relation {
        let unknown = Relation::unknown(span);
        let Some(function) = self.declarations.functions.get(name.node.as_str()).copied() else {
            self.report(self.unknown_transform(name));
            return unknown;
        };
        let (ast::FunctionBody::Pipeline(body), Some((first, rest))) =
            (&function.body, function.arguments.split_first())
        else {
            self.report(
                Diagnostic::error(codes::WRONG_KIND_OF_FUNCTION, format!("`{}` is not a transform", name.node))
                    .label(name.span, "its body is an expression")
                    .help(format!("use it in one: `derive x = {}(...)`", name.node)),
            );
            return unknown;
        };
        if self.check_call(env, function, rest, arguments.len(), span).is_none() {
            return unknown;
        }
        let shared = (reads(body, &first.node) > 1).then(|| self.share(input.clone(), &first.node, span));
        let input = match &shared {
            Some((relation, plan)) => self.read_shared(relation.clone(), *plan, span),
            None => input,
        };
        let frame = Frame {
            function,
            arguments: rest.iter().map(|name| name.node.as_str()).zip(arguments).collect(),
            caller: env.clone(),
            pipeline: Some(PipelineFrame {
                formal: &first.node,
                columns: input.columns.clone(),
                open: input.open,
                input: RefCell::new(Some(input)),
                again: shared,
            }),
            depth: self.calls.len(),
        };
        self.calls.push((span, &function.name.node));
        let relation = self.pipeline(&Some(Rc::new(frame)), body);
        self.calls.pop();
        relation
    }

    fn unknown_transform(&self, name: &ast::Name) -> Diagnostic {
        let diagnostic = Diagnostic::error(codes::UNKNOWN_FUNCTION, format!("unknown transform `{}`", name.node))
            .label(name.span, "");
        match nearest(&name.node, self.declarations.functions.keys().copied()) {
            Some(near) => diagnostic.help(format!("a function with a similar name exists: `{near}`")),
            None => diagnostic.help(format!("define it: `fn {}(t) = t | ...`", name.node)),
        }
    }

    fn check_call(
        &mut self,
        env: &Env<'a>,
        function: &'a ast::Function,
        formals: &[ast::Name],
        given: usize,
        span: Span,
    ) -> Option<()> {
        let name = &function.name.node;
        if self.inlined == MOST_CALLS || self.calls.len() == DEEPEST_CALLS {
            // Once: every other call of a program that is too large would say the same.
            if !std::mem::replace(&mut self.told_of_calls, true) {
                let what = if self.inlined == MOST_CALLS { "often" } else { "deeply" };
                let message = format!("functions call each other too {what} to be inlined");
                let most = format!("at most {MOST_CALLS} calls, {DEEPEST_CALLS} deep");
                let help = "compute what is used more than once by a `derive` of its own";
                self.report(Diagnostic::error(codes::TOO_MANY_CALLS, message).label(span, most).help(help));
            }
            return None;
        }
        self.inlined += 1;
        if is_active(env, function) {
            self.report(
                Diagnostic::error(codes::RECURSION, format!("`{name}` calls itself"))
                    .label(span, "functions are inlined, so this would never end")
                    .label(function.name.span, "defined here"),
            );
            return None;
        }
        if given != formals.len() {
            let list: Vec<&str> = formals.iter().map(|formal| formal.node.as_str()).collect();
            self.report(
                argument_count(name, given, formals.len(), span)
                    .label(function.name.span, format!("takes ({})", list.join(", "))),
            );
            return None;
        }
        Some(())
    }
}

/// A call with the wrong number of arguments.
pub(super) fn argument_count(name: &str, given: usize, wanted: usize, span: Span) -> Diagnostic {
    let plural = if wanted == 1 { "argument" } else { "arguments" };
    Diagnostic::error(codes::ARGUMENT_COUNT, format!("`{name}` takes {wanted} {plural}, not {given}"))
        .label(span, format!("{given} given"))
}
