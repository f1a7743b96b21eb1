//! The text that plugins get.

use super::super::{Argument, Context, Element, Location, Module, TensorType};

#[test]
fn a_module_is_generic_text_with_locations() {
    let context = Context::new();
    let vector = TensorType::vector(Element::S64, 4);
    let arguments = [Argument::donated(vector.clone(), 0), Argument::new(vector)];
    let module = Module::build(&context.session(), "example", &arguments, |b, arguments| {
        let place = Location { file: "example.dj", line: 3, column: 5 };
        let sum = b.at(place, || b.named("sum", || b.add(arguments[0], b.constant_int(Element::S64, 7))));
        vec![sum]
    });
    insta::assert_snapshot!(module.unwrap().text, @r#"
    "builtin.module"() <{sym_name = "example"}> ({
      "func.func"() ({
      ^bb0(%arg0: tensor<4xi64> loc(#loc0), %arg1: tensor<4xi64> loc(#loc0)):
        %0 = "stablehlo.constant"() {value = dense<7> : tensor<i64>} : () -> tensor<i64> loc(#loc1)
        %1 = "stablehlo.broadcast_in_dim"(%0) {broadcast_dimensions = array<i64>} : (tensor<i64>) -> tensor<4xi64> loc(#loc1)
        %2 = "stablehlo.add"(%arg0, %1) : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi64> loc(#loc1)
        "func.return"(%2) : (tensor<4xi64>) -> () loc(#loc0)
      }) {arg_attrs = [{tf.aliasing_output = 0 : i32}, {}], function_type = (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi64>, sym_name = "main", sym_visibility = "public"} : () -> () loc(#loc0)
    }) : () -> () loc(unknown)
    #loc0 = loc(unknown)
    #loc1 = loc("sum"("example.dj":3:5))
    "#);
}

#[test]
fn a_donation_must_fit() {
    let context = Context::new();
    let arguments = [Argument::donated(TensorType::scalar(Element::S64), 1)];
    let error =
        Module::build(&context.session(), "example", &arguments, |_, arguments| arguments.to_vec()).unwrap_err();
    insta::assert_snapshot!(error, @"argument 0 of type tensor<i64> is donated to result 1, which is missing");

    let twice = [
        Argument::donated(TensorType::scalar(Element::S64), 0),
        Argument::donated(TensorType::scalar(Element::S64), 0),
    ];
    let error = Module::build(&context.session(), "example", &twice, |_, arguments| vec![arguments[0]]).unwrap_err();
    insta::assert_snapshot!(error, @"two arguments are donated to result 0");
}

#[test]
#[should_panic(expected = "stablehlo.add: tensor<4xi64> and tensor<4xi32>")]
fn a_wrong_shape_names_the_operation() {
    let context = Context::new();
    let _ = Module::build(&context.session(), "example", &[], |b, _| {
        vec![b.add(b.iota(Element::S64, 4), b.iota(Element::S32, 4))]
    });
}
