//! The hand-written layout against the header that the CPU plugin ships.

use super::super::abi::FUNCTIONS;
use super::cpu_plugin;

#[test]
fn functions_stand_where_the_header_puts_them() {
    let header = cpu_plugin().path().with_file_name("include").join("pjrt_c_api.h");
    let header = std::fs::read_to_string(&header).unwrap();
    let table = header.split("typedef struct PJRT_Api {").nth(1).unwrap();
    let names: Vec<&str> = table
        .split("} PJRT_Api;")
        .next()
        .unwrap()
        .lines()
        .filter_map(|line| line.trim().strip_prefix("_PJRT_API_STRUCT_FIELD(")?.strip_suffix(");"))
        .collect();
    for (index, name) in FUNCTIONS {
        assert_eq!(names.get(*index), Some(name), "function {index}");
    }
}

#[test]
fn plugin_tells_its_versions() {
    let plugin = cpu_plugin();
    let (major, minor) = plugin.api_version();
    assert_eq!(major, 0);
    assert!(minor >= 81, "API 0.{minor}");
    assert!(plugin.stablehlo_version() >= Some([1, 13, 0]), "{:?}", plugin.attributes());
    assert!(plugin.has_ffi());
}
