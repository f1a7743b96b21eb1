//! Kernel calls. The runtime's own tests run them; here the plugin must understand the text.

use dj_runtime::pjrt::CompileOptions;

use super::super::{Argument, CollectiveMode, Combiner, Context, CustomCall, Element, Module, TensorType};
use super::client;

#[test]
fn a_call_is_understood_up_to_the_missing_kernel() {
    let (state, flags) = (TensorType::vector(Element::S64, 4), TensorType::vector(Element::Pred, 2));
    for results in [vec![state.clone()], vec![flags, state.clone()]] {
        let arguments = [Argument::new(state.clone())];
        let aliases = [(results.len() - 1, 0)];
        let module = Module::build(&Context::new().session(), "kernel", &arguments, |b, x| {
            let call = CustomCall {
                target: "dj_nowhere",
                results: &results,
                config: &[("k", 1), ("n", -5)],
                aliases: &aliases,
            };
            b.call_kernel(x, call)
        });
        let error = client().compile(&module.unwrap().text, &CompileOptions::default()).unwrap_err().to_string();
        assert!(error.contains("No registered implementation") || error.contains("No FFI handler"), "{error}");
    }
}

#[test]
fn a_call_as_text() {
    let ty = TensorType::vector(Element::S64, 4);
    let module = Module::build(&Context::new().session(), "kernel", &[Argument::new(ty.clone())], |b, x| {
        b.custom_call("dj_sort", x, std::slice::from_ref(&ty), &[("bits", 64)])
    });
    let text = module.unwrap().text;
    let line = text.lines().find(|line| line.contains("custom_call")).unwrap();
    insta::assert_snapshot!(line.trim(), @r#"%0 = "stablehlo.custom_call"(%arg0) {api_version = 4 : i32, backend_config = {bits = 64 : i64}, call_target_name = "dj_sort", has_side_effect = false} : (tensor<4xi64>) -> tensor<4xi64> loc(#loc0)"#);
}

#[test]
fn partitions_have_channels() {
    let context = Context::new().with_collectives(CollectiveMode::Partitions);
    let module = Module::build(
        &context.session(),
        "partitions",
        &[Argument::new(TensorType::vector(Element::S64, 4))],
        |b, x| {
            let groups = [vec![0, 1]];
            let sum = b.all_reduce(x[0], Combiner::Add, &groups);
            vec![b.replica_id(), b.all_to_all(b.all_gather(sum, 0, &groups), 0, 0, &groups)]
        },
    );
    let text = module.unwrap().text;
    let lines: Vec<_> =
        text.lines().map(str::trim).filter(|line| line.contains("_id") || line.contains("channel")).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    }) {channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>, use_global_device_ids} : (tensor<4xi64>) -> tensor<4xi64> loc(#loc0)
    %2 = "stablehlo.partition_id"() : () -> tensor<ui32> loc(#loc0)
    %3 = "stablehlo.all_gather"(%0) {all_gather_dim = 0 : i64, channel_handle = #stablehlo.channel_handle<handle = 2, type = 1>, replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>, use_global_device_ids} : (tensor<4xi64>) -> tensor<8xi64> loc(#loc0)
    %4 = "stablehlo.all_to_all"(%3) {channel_handle = #stablehlo.channel_handle<handle = 3, type = 1>, concat_dimension = 0 : i64, replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>, split_count = 2 : i64, split_dimension = 0 : i64} : (tensor<8xi64>) -> tensor<8xi64> loc(#loc0)
    "#);
    client().compile(&text, &CompileOptions::default()).unwrap();
}
