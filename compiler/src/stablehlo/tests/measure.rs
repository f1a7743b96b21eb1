//! Temporary measurements.

use dj_runtime::pjrt::{Argument as Input, CompileOptions, HostData, as_bytes};
use std::time::Instant;

use super::super::builder::Operation;
use super::super::{Argument, Builder, Combiner, Context, Element, Module, TensorType, Value};

fn time(name: &str, element: Element, n: i64, body: impl for<'c> FnOnce(&Builder<'c>, &[Value<'c>]) -> Vec<Value<'c>>) {
    let arguments = [Argument::new(TensorType::vector(element, n))];
    let module = Module::build(&Context::new(), "m", &arguments, body).unwrap();
    let t = Instant::now();
    let program = super::client().compile(&module.text, &CompileOptions::default()).unwrap();
    let compile = t.elapsed().as_secs_f64() * 1e3;
    let bytes = match element {
        Element::S32 => as_bytes(&(0..n as i32).map(|i| i % 3).collect::<Vec<_>>()).to_vec(),
        Element::S64 => as_bytes(&(0..n).map(|i| i % 3).collect::<Vec<_>>()).to_vec(),
        _ => as_bytes(&(0..n).map(|i| (i % 3) as f64).collect::<Vec<_>>()).to_vec(),
    };
    let buffer = super::client().buffer_from_host(HostData::Copied(&bytes), element, &[n], 0).unwrap();
    buffer.wait().unwrap();
    let mut times: Vec<f64> = (0..30)
        .map(|_| {
            let t = Instant::now();
            let out = program.execute_one(vec![Input::from(&buffer)]).unwrap();
            for o in out {
                o.wait().unwrap();
            }
            t.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    eprintln!("{name:30} {element} {n}: {:.3} ms (min {:.3}), compile {compile:.0} ms", times[15], times[0]);
}

fn window<'c>(b: &Builder<'c>, v: Value<'c>, dims: &[i64]) -> Value<'c> {
    // inclusive sum along last dim
    let rank = dims.len();
    let zero = b.zero(b.element(v));
    let (region, _) = b.region(&[zero.ty, zero.ty], |i, x| vec![i.add(x[0], x[1])]);
    let mut w = vec![1; rank];
    w[rank - 1] = dims[rank - 1];
    let pad = if rank == 1 {
        format!("dense<[[{}, 0]]> : tensor<1x2xi64>", dims[0] - 1)
    } else {
        format!("dense<[[0,0],[{}, 0]]> : tensor<2x2xi64>", dims[1] - 1)
    };
    b.append_single(Operation {
        name: "stablehlo.reduce_window",
        operands: &[v, zero],
        attributes: &[
            ("window_dimensions", b.integers(&w)),
            ("window_strides", b.integers(&vec![1; rank])),
            ("base_dilations", b.integers(&vec![1; rank])),
            ("window_dilations", b.integers(&vec![1; rank])),
            ("padding", b.parsed(&pad)),
        ],
        regions: vec![region],
        results: &[v.ty],
    })
}

fn shifts<'c>(b: &Builder<'c>, mut rows: Value<'c>, dim: usize) -> Value<'c> {
    let dims = b.dims(rows);
    let zero = b.zero(b.element(rows));
    let mut s = 1;
    while s < dims[dim] {
        let mut lo = vec![0; dims.len()];
        let mut hi = lo.clone();
        lo[dim] = s;
        hi[dim] = -s;
        rows = b.add(rows, b.pad(rows, zero, &lo, &hi));
        s *= 2;
    }
    rows
}

/// two level with given row scan
fn two<'c>(b: &Builder<'c>, v: Value<'c>, row: i64, scan: &dyn Fn(&Builder<'c>, Value<'c>) -> Value<'c>) -> Value<'c> {
    let n = b.length(v);
    let r = n / row;
    if r <= 1 {
        let m = b.reshape(v, &[1, n]);
        return b.reshape(scan(b, m), &[n]);
    }
    let m = scan(b, b.reshape(v, &[r, row]));
    let tot = b.reshape(b.slice(m, &[0, row - 1], &[r, row], &[1, 1]), &[r]);
    let t = two(b, tot, row, scan);
    let t = b.pad(t, b.zero(b.element(v)), &[1], &[-1]);
    b.reshape(b.add(m, b.broadcast_in_dim(t, &[r, row], &[0])), &[n])
}

#[test]
fn scans() {
    for n in [262_144_i64, 1 << 22] {
        for e in [Element::S32, Element::S64] {
            time("copy", e, n, |b, x| vec![b.add(x[0], x[0])]);
            time("current", e, n, |b, x| vec![b.inclusive_sum(x[0])]);
            time("full window", e, n, |b, x| vec![window(b, x[0], &[n])]);
            for row in [16, 64, 128, 512] {
                time(&format!("two window {row}"), e, n, |b, x| {
                    vec![two(b, x[0], row, &|b, v| { let d = b.dims(v); window(b, v, &d) })]
                });
                time(&format!("two shifts {row}"), e, n, |b, x| vec![two(b, x[0], row, &|b, v| shifts(b, v, 1))]);
            }
            for row in [64, 512] {
                time(&format!("transposed shifts {row}"), e, n, |b, x| {
                    vec![two(b, x[0], row, &|b, v| b.transpose(shifts(b, b.transpose(v, &[1, 0]), 0), &[1, 0]))]
                });
            }
            for row in [64, 512] {
                time(&format!("loop over columns {row}"), e, n, |b, x| {
                    let m = b.transpose(b.reshape(x[0], &[n / row, row]), &[1, 0]);
                    let cols = n / row;
                    let acc = b.full_int(e, &[1, cols], 0);
                    let out = b.for_range(b.constant_int(Element::S32, row as i64), &[acc, m], |b, i, c| {
                        let z = b.constant_int(Element::S32, 0);
                        let s = b.add(c[0], b.dynamic_slice(c[1], &[i, z], &[1, cols]));
                        vec![s, b.dynamic_update_slice(c[1], s, &[i, z])]
                    });
                    let t = two(b, b.reshape(out[0], &[cols]), row, &|b, v| shifts(b, v, 1));
                    let t = b.subtract(t, b.reshape(out[0], &[cols]));
                    let m = b.add(out[1], b.broadcast_in_dim(t, &[row, cols], &[1]));
                    vec![b.reshape(b.transpose(m, &[1, 0]), &[n])]
                });
            }
            let _ = Combiner::Add;
        }
    }
}
