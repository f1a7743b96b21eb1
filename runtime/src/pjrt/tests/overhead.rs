//! What this layer and the plugin cost per call. Ignored by default: it prints timings and asserts none.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::{AlignedBytes, Argument, Buffer, CompileOptions, Element, HostData, as_bytes};
use super::{cpu_client, cpu_plugin, scalar};

/// The shortest of several times, per repetition.
fn time<T>(what: &str, repetitions: u32, mut work: impl FnMut() -> T) {
    let run = |_| {
        let start = Instant::now();
        for _ in 0..repetitions {
            drop(work());
        }
        start.elapsed() / repetitions
    };
    let shortest: Duration = (0..7).map(run).min().unwrap_or_default();
    eprintln!("{what:50} {:>10.1} us", shortest.as_secs_f64() * 1e6);
}

fn many_arguments(count: usize) -> String {
    let parameters: Vec<String> = (0..count).map(|i| format!("%a{i}: tensor<i64>")).collect();
    format!(
        "module @many {{ func.func @main({}) -> (tensor<i64>, tensor<i64>) {{
           %s = stablehlo.add %a0, %a1 : tensor<i64>
           return %s, %a0 : tensor<i64>, tensor<i64> }} }}",
        parameters.join(", ")
    )
}

const SORT: &str = r#"
module @sort { func.func @main(%k: tensor<65536xi64>, %v: tensor<65536xf64>) -> (tensor<65536xi64>, tensor<65536xf64>) {
  %r:2 = "stablehlo.sort"(%k, %v) ({
  ^bb0(%a: tensor<i64>, %b: tensor<i64>, %c: tensor<f64>, %d: tensor<f64>):
    %lt = stablehlo.compare LT, %a, %b : (tensor<i64>, tensor<i64>) -> tensor<i1>
    stablehlo.return %lt : tensor<i1>
  }) {dimension = 0 : i64, is_stable = true}
    : (tensor<65536xi64>, tensor<65536xf64>) -> (tensor<65536xi64>, tensor<65536xf64>)
  return %r#0, %r#1 : tensor<65536xi64>, tensor<65536xf64> } }"#;

/// Scatters with an expression each, which compile to a loop each.
fn wide_program() -> String {
    let step = |i: usize| {
        format!(
            r#"%t{i} = stablehlo.multiply %s{i}, %s{i} : tensor<256xf64>
  %u{i} = stablehlo.exponential %t{i} : tensor<256xf64>
  %s{next} = "stablehlo.scatter"(%u{i}, %i, %v) ({{
  ^bb0(%a: tensor<f64>, %b: tensor<f64>):
    %c = stablehlo.add %a, %b : tensor<f64>
    stablehlo.return %c : tensor<f64>
  }}) {{scatter_dimension_numbers = #stablehlo.scatter<inserted_window_dims = [0],
    scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, indices_are_sorted = false, unique_indices = false}}
    : (tensor<256xf64>, tensor<1024xi32>, tensor<1024xf64>) -> tensor<256xf64>"#,
            next = i + 1
        )
    };
    format!(
        "module @wide {{ func.func @main(%s0: tensor<256xf64>, %i: tensor<1024xi32>, %v: tensor<1024xf64>) \
         -> tensor<256xf64> {{\n{}\nreturn %s40 : tensor<256xf64> }} }}",
        (0..40).map(step).collect::<Vec<_>>().join("\n")
    )
}

#[test]
#[ignore = "prints timings"]
fn overhead() {
    let start = Instant::now();
    cpu_plugin();
    eprintln!("{:50} {:>10.1} us", "load the plugin", start.elapsed().as_secs_f64() * 1e6);
    time("create and drop a client", 3, || cpu_client(1));
    let client = cpu_client(1);
    time("scalar to the device", 1000, || scalar(&client, 1_i64));
    let memory = Arc::new(AlignedBytes::zeroed(2 << 20));
    let send = |data| client.buffer_from_host(data, Element::S64, &[2 << 17], 0).unwrap();
    time("2 MiB to the device, shared", 100, || send(HostData::Shared(Arc::clone(&memory))));
    time("2 MiB to the device, copied", 100, || send(HostData::Copied(as_bytes::<u8>(&memory))));
    time("allocate 2 MiB of zeros", 100, || AlignedBytes::zeroed(2 << 20));
    let buffer = send(HostData::Shared(Arc::clone(&memory)));
    time("2 MiB to the host", 100, || buffer.to_host().unwrap());
    let small = scalar(&client, 1_i64);
    time("scalar to the host", 1000, || small.to_host().unwrap());
    time("await a ready buffer", 1000, || small.wait().unwrap());

    for count in [2, 20] {
        let program = client.compile(&many_arguments(count), &CompileOptions::default()).unwrap();
        let buffers: Vec<Buffer> = (0..count).map(|_| scalar(&client, 1_i64)).collect();
        let run = || program.execute_one(buffers.iter().map(Argument::from).collect()).unwrap();
        time(&format!("execute, {count} arguments"), 1000, run);
        time(&format!("execute and await, {count} arguments"), 1000, || run()[0].wait().unwrap());
    }
    let wide = wide_program();
    for level in [None, Some(0), Some(1), Some(2)] {
        let options = CompileOptions { optimization_level: level, ..CompileOptions::default() };
        time(&format!("compile a sort, level {level:?}"), 3, || client.compile(SORT, &options).unwrap());
        time(&format!("compile 40 scatters, level {level:?}"), 1, || client.compile(&wide, &options).unwrap());
        let bytes = client.compile(SORT, &options).unwrap().serialize().unwrap();
        time(&format!("load it, {} bytes", bytes.len()), 3, || client.load(&bytes).unwrap());
    }
}
