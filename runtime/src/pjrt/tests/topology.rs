//! Compiling for TPUs that are not here; `DJ_TPU_PLUGIN` or `pip install libtpu` must provide the plugin.

use super::super::{CompileOptions, Platform, Plugin, Topology};
use super::find_plugin;

const SORT: &str = r#"
module @order {
  func.func @main(%a: tensor<1024xi32>) -> tensor<1024xi32> {
    %sorted = "stablehlo.sort"(%a) ({
    ^bb0(%x: tensor<i32>, %y: tensor<i32>):
      %less = stablehlo.compare LT, %x, %y : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %less : tensor<i1>
    }) {dimension = 0 : i64, is_stable = true} : (tensor<1024xi32>) -> tensor<1024xi32>
    return %sorted : tensor<1024xi32>
  }
}"#;

#[test]
fn a_program_compiles_for_an_absent_tpu() {
    let path = find_plugin(Platform::Tpu, None).unwrap_or_else(|error| panic!("{error}"));
    crate::pjrt::prepare_environment(&path);
    let plugin = Plugin::load(&path).unwrap();
    let topology = Topology::new(&plugin, "v5e:2x2").unwrap();
    assert_eq!((topology.name(), topology.device_count().unwrap()), ("v5e:2x2", 4));
    assert!(topology.device_kind().unwrap().starts_with("TPU v5"), "{:?}", topology.device_kind());
    assert_eq!(topology.platform_name().unwrap(), "tpu");
    assert!(!topology.platform_version().unwrap().is_empty());
    let compiled = topology.compile(SORT, &CompileOptions::replicated(4)).unwrap();
    assert_eq!((compiled.name().unwrap().as_str(), compiled.replicas().unwrap()), ("order", 4));
    assert_eq!(compiled.outputs().unwrap()[0].to_string(), "tensor<1024xi32>");
    assert!(compiled.serialize().unwrap().len() > 1000);
    assert!(compiled.memory_stats().unwrap().arguments >= 4096);
    assert!(compiled.cost_analysis().unwrap().iter().any(|(name, _)| name == "flops"));
    for (name, devices) in [("v5e:1x1", 1), ("v6e:4x4", 16), ("v4:2x2x1", 8), ("v5p:2x2x1", 4)] {
        let topology = Topology::new(&plugin, name).unwrap();
        // Chips of v4 have two cores, each a device.
        assert_eq!(topology.device_count().unwrap(), devices, "{name}");
        topology.compile(SORT, &CompileOptions::default()).unwrap();
    }
    let error = topology.compile("module @broken {", &CompileOptions::default()).unwrap_err().to_string();
    assert!(error.starts_with("compiling module `broken` for v5e:2x2: "), "{error}");
    let error = Topology::new(&plugin, "v5e:wrong").unwrap_err().to_string();
    assert!(error.starts_with("describing the topology `v5e:wrong`: "), "{error}");
}
