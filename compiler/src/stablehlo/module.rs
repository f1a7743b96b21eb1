//! Programs: a context, the entry function and its donated arguments, and the text that plugins compile.

use std::rc::Rc;

use dj_runtime::pjrt::Platform;
use melior::ir::attribute::{ArrayAttribute, DictionaryAttribute, StringAttribute, TypeAttribute};
use melior::ir::r#type::FunctionType;
use melior::ir::{Attribute, Identifier};

use super::builder::{Builder, Operation, SessionState, TypeId, Value};
use super::print::print;
use super::{CollectiveMode, TensorType};

/// MLIR's memory, and what programs are built for.
pub struct Context {
    mlir: melior::Context,
    platform: Platform,
    collectives: CollectiveMode,
}

/// The making of modules, one after the other, on one thread: what MLIR has made for one serves the next.
pub struct Session<'c>(Rc<SessionState<'c>>);

impl Context {
    /// A context for programs on CPU whose collectives run among replicas.
    #[must_use]
    pub fn new() -> Self {
        Self::for_platform(Platform::Cpu)
    }

    /// A context for programs on `platform`. They run on any other too, but may be slow there.
    #[must_use]
    pub fn for_platform(platform: Platform) -> Self {
        let mlir = melior::Context::new_with_threading(false);
        mlir.set_allow_unregistered_dialects(true);
        Self { mlir, platform, collectives: CollectiveMode::default() }
    }

    /// The same context with another form of collectives.
    #[must_use]
    pub fn with_collectives(self, collectives: CollectiveMode) -> Self {
        Self { collectives, ..self }
    }

    /// A session in this context.
    #[must_use]
    pub fn session(&self) -> Session<'_> {
        Session(SessionState::new(&self.mlir, self.platform, self.collectives))
    }
}

impl Default for Context {
    fn default() -> Self {
        Self::new()
    }
}

/// An argument of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// Its type.
    pub ty: TensorType,
    /// The result that takes over the argument's buffer, which is then gone for the caller.
    pub donated_to: Option<usize>,
}

impl Argument {
    /// An argument that the program only reads.
    #[must_use]
    pub fn new(ty: TensorType) -> Self {
        Self { ty, donated_to: None }
    }

    /// An argument whose buffer becomes that of result `result`.
    #[must_use]
    pub fn donated(ty: TensorType, result: usize) -> Self {
        Self { ty, donated_to: Some(result) }
    }
}

/// Why a module could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// (C1) An argument is donated to a result that exists and has its type.
    #[error("argument {argument} of type {ty} is donated to result {result}, which is {found}")]
    Donation {
        /// The argument's position.
        argument: usize,
        /// The argument's type.
        ty: TensorType,
        /// The result's position.
        result: usize,
        /// The result's type, or that there is none.
        found: String,
    },
    /// (C2) No two arguments are donated to one result.
    #[error("two arguments are donated to result {0}")]
    DonatedTwice(usize),
}

/// A finished program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// The StableHLO text: MLIR's generic form with locations. The entry function is `main`.
    pub text: String,
    /// The arguments, in order.
    pub arguments: Vec<Argument>,
    /// The types of the results, in order.
    pub results: Vec<TensorType>,
}

impl Module {
    /// Builds the module `name`, whose function `main` takes `arguments` and returns what `body` does.
    ///
    /// # Errors
    ///
    /// [`BuildError`] when a donation does not fit. `body` panics on shapes that do not fit.
    pub fn build<'c>(
        session: &Session<'c>,
        name: &str,
        arguments: &[Argument],
        body: impl FnOnce(&Builder<'c>, &[Value<'c>]) -> Vec<Value<'c>>,
    ) -> Result<Self, BuildError> {
        Self::try_build(session, name, arguments, |b, values| Ok(body(b, values)))
    }

    /// As [`Module::build`], for a body that can fail.
    ///
    /// # Errors
    ///
    /// What `body` returns, or [`BuildError`].
    pub fn try_build<'c, E: From<BuildError>>(
        session: &Session<'c>,
        name: &str,
        arguments: &[Argument],
        body: impl FnOnce(&Builder<'c>, &[Value<'c>]) -> Result<Vec<Value<'c>>, E>,
    ) -> Result<Self, E> {
        let (parameters, b, values) = session.start(arguments);
        let returned = body(&b, &values)?;
        let result_ids: Vec<TypeId> = returned.iter().map(|value| value.ty).collect();
        let results: Vec<TensorType> = returned.iter().map(|&value| b.ty(value)).collect();
        check_donations(arguments, &results)?;

        let region = b.finish("func.return", &returned);
        let (top, _) = Builder::new(session.0.clone(), &[]);
        let function = top.detached(Operation {
            name: "func.func",
            operands: &[],
            attributes: &function_attributes(&top, arguments, &parameters, &result_ids),
            regions: vec![region],
            results: &[],
        });
        let text = print(&session.0.texts, name, &function);
        #[cfg(test)]
        assert!(super::print::is_faithful(session.0.context, &text, name, function), "MLIR reads otherwise:\n{text}");
        Ok(Self { text, arguments: arguments.to_vec(), results })
    }
}

impl<'c> Session<'c> {
    /// What `body` finds out while it builds a function of `arguments`, which is thrown away.
    pub fn trace<R>(&self, arguments: &[Argument], body: impl FnOnce(&Builder<'c>, &[Value<'c>]) -> R) -> R {
        let (_, b, values) = self.start(arguments);
        body(&b, &values)
    }

    /// The types of a function's parameters, and the builder of its body with their values.
    fn start(&self, arguments: &[Argument]) -> (Vec<TypeId>, Builder<'c>, Vec<Value<'c>>) {
        self.0.start_module();
        let parameters: Vec<TypeId> = arguments.iter().map(|argument| self.0.intern(argument.ty.clone())).collect();
        let (b, values) = Builder::new(self.0.clone(), &parameters);
        (parameters, b, values)
    }
}

fn function_attributes<'c>(
    top: &Builder<'c>,
    arguments: &[Argument],
    parameters: &[TypeId],
    results: &[TypeId],
) -> Vec<(&'static str, Attribute<'c>)> {
    let context = top.session.context;
    let types = |ids: &[TypeId]| ids.iter().map(|&id| top.session.mlir_type(id)).collect::<Vec<_>>();
    let signature = FunctionType::new(context, &types(parameters), &types(results));
    let donations: Vec<Attribute<'c>> = arguments
        .iter()
        .map(|argument| {
            let donation = argument
                .donated_to
                .map(|result| (Identifier::new(context, "tf.aliasing_output"), top.integer(32, result as i64)));
            DictionaryAttribute::new(context, donation.as_slice()).into()
        })
        .collect();
    vec![
        ("sym_name", StringAttribute::new(context, "main").into()),
        ("sym_visibility", StringAttribute::new(context, "public").into()),
        ("function_type", TypeAttribute::new(signature.into()).into()),
        ("arg_attrs", ArrayAttribute::new(context, &donations).into()),
    ]
}

fn check_donations(arguments: &[Argument], results: &[TensorType]) -> Result<(), BuildError> {
    let mut taken = vec![false; results.len()];
    for (index, argument) in arguments.iter().enumerate() {
        let Some(result) = argument.donated_to else { continue };
        if results.get(result) != Some(&argument.ty) {
            let found = results.get(result).map_or_else(|| "missing".to_owned(), ToString::to_string);
            return Err(BuildError::Donation { argument: index, ty: argument.ty.clone(), result, found });
        }
        if std::mem::replace(&mut taken[result], true) {
            return Err(BuildError::DonatedTwice(result));
        }
    }
    Ok(())
}
