//! Calls of native kernels that the runtime registers through XLA's FFI, and other opaque operations.

use melior::ir::Identifier;
use melior::ir::attribute::{ArrayAttribute, DictionaryAttribute, StringAttribute};

use super::builder::{Operation, TypeId};
use super::{Builder, TensorType, Value};

/// A call of a kernel.
#[derive(Clone, Copy, Debug)]
pub struct CustomCall<'a> {
    /// The name under which the runtime registers the kernel.
    pub target: &'a str,
    /// The types of the results.
    pub results: &'a [TensorType],
    /// The kernel's `i64` attributes.
    pub config: &'a [(&'a str, i64)],
    /// Pairs (result, input): the result takes over the input's buffer.
    pub aliases: &'a [(usize, usize)],
}

impl<'c> Builder<'c> {
    /// Calls the kernel `target` (typed FFI) without aliases. See [`Builder::call_kernel`].
    #[track_caller]
    pub fn custom_call(
        &self,
        target: &str,
        inputs: &[Value<'c>],
        results: &[TensorType],
        config: &[(&str, i64)],
    ) -> Vec<Value<'c>> {
        self.call_kernel(inputs, CustomCall { target, results, config, aliases: &[] })
    }

    /// Calls a kernel through XLA's typed FFI. It must be a function of its inputs: calls may be merged or removed.
    #[track_caller]
    pub fn call_kernel(&self, inputs: &[Value<'c>], call: CustomCall<'_>) -> Vec<Value<'c>> {
        let context = self.session.context;
        let config: Vec<_> =
            call.config.iter().map(|&(key, value)| (Identifier::new(context, key), self.integer(64, value))).collect();
        let mut attributes = vec![
            ("call_target_name", StringAttribute::new(context, call.target).into()),
            ("api_version", self.integer(32, 4)),
            ("backend_config", DictionaryAttribute::new(context, &config).into()),
            ("has_side_effect", self.flag(false)),
        ];
        if !call.aliases.is_empty() {
            let aliases: Vec<_> = call.aliases.iter().map(|&alias| self.alias(inputs, &call, alias)).collect();
            attributes.push(("output_operand_aliases", ArrayAttribute::new(context, &aliases).into()));
        }
        let results: Vec<TypeId> = call.results.iter().map(|ty| self.intern(ty)).collect();
        self.append(Operation {
            name: "stablehlo.custom_call",
            operands: inputs,
            attributes: &attributes,
            regions: vec![],
            results: &results,
        })
    }

    #[track_caller]
    fn alias(
        &self,
        inputs: &[Value<'c>],
        call: &CustomCall<'_>,
        (result, input): (usize, usize),
    ) -> melior::ir::Attribute<'c> {
        let fits = match (call.results.get(result), inputs.get(input)) {
            (Some(result), Some(&input)) => *result == self.ty(input),
            _ => false,
        };
        assert!(fits, "{}: result {result} cannot alias input {input}", call.target);
        let tuple = if call.results.len() == 1 { String::new() } else { result.to_string() };
        self.parsed(&format!(
            "#stablehlo.output_operand_alias<output_tuple_indices = [{tuple}], operand_index = {input}, \
             operand_tuple_indices = []>"
        ))
    }

    /// The values, unchanged, but no computation moves from one side of this to the other.
    #[track_caller]
    pub fn optimization_barrier(&self, values: &[Value<'c>]) -> Vec<Value<'c>> {
        let results: Vec<_> = values.iter().map(|value| value.ty).collect();
        self.append(Operation {
            name: "stablehlo.optimization_barrier",
            operands: values,
            attributes: &[],
            regions: vec![],
            results: &results,
        })
    }
}
