//! Every operation compiles for a TPU. Skipped where libtpu is not installed.

use dj_runtime::pjrt::{CompileOptions, Platform, Plugin, Topology, discover};

use super::super::types::{Class, class};
use super::super::{
    Argument, Builder, Combiner, Context, Direction, Element, Indices, Location, Module, TensorType, Value,
};

/// Compiles for `topology`; the seconds it took, or nothing where there is no plugin.
fn compile(topology: &str, replicas: usize, module: &Module) -> Option<f64> {
    let path = discover(Platform::Tpu, None).ok()?;
    dj_runtime::pjrt::prepare_environment(&path);
    let topology = Topology::new(&Plugin::load(&path).unwrap(), topology).unwrap();
    let start = std::time::Instant::now();
    let options = CompileOptions::replicated(replicas);
    topology.compile(&module.text, &options).unwrap_or_else(|error| panic!("{error}\n{}", module.text));
    Some(start.elapsed().as_secs_f64())
}

fn floats<'c>(b: &Builder<'c>, x: Value<'c>, y: Value<'c>) -> Vec<Value<'c>> {
    let arithmetic = [b.add(x, y), b.subtract(x, y), b.multiply(x, y), b.divide(x, y), b.remainder(x, y)];
    let bounds = [b.negate(x), b.abs(x), b.sign(x)];
    let roots = [b.sqrt(x), b.cbrt(x), b.power(x, y), b.floor(x), b.ceil(x), b.truncate(x)];
    let rounds = [b.round_nearest_even(x), b.round_nearest_afz(x)];
    let transcendental =
        [b.exponential(x), b.exponential_minus_one(x), b.log(x), b.log_plus_one(x), b.logistic(x), b.tanh(x)];
    let trigonometric = [b.sine(x), b.cosine(x), b.tan(x), b.atan2(x, y)];
    let composed = [b.asin(x), b.acos(x), b.atan(x), b.sinh(x), b.cosh(x), b.log2(x), b.log10(x)];
    let predicates = [b.is_finite(x), b.is_nan(x), b.compare(Direction::Lt, x, y)];
    let mut all = vec![b.convert(x, Element::S32), b.convert(x, Element::S64), b.select(predicates[0], x, y)];
    all.extend(predicates);
    all.extend([b.inclusive_sum(x), b.reduce_max(x)]);
    all.extend(arithmetic.into_iter().chain(bounds).chain(roots).chain(rounds));
    all.extend(transcendental.into_iter().chain(trigonometric).chain(composed));
    all
}

fn integers<'c>(b: &Builder<'c>, x: Value<'c>, y: Value<'c>) -> Vec<Value<'c>> {
    let element = b.element(x);
    let bits = [b.and(x, y), b.or(x, y), b.xor(x, y), b.not(x), b.popcnt(x), b.count_leading_zeros(x)];
    let shifts = [b.shift_left(x, y), b.shift_right_arithmetic(x, y), b.shift_right_logical(x, y)];
    let divisions = [b.divide(x, y), b.remainder(x, y), b.floor_divide(x, y), b.floor_remainder(x, y)];
    let mut all = vec![b.inclusive_sum(x), b.exclusive_sum(x), b.inclusive_max(x), b.power(x, y)];
    all.extend(bits.into_iter().chain(shifts).chain(divisions));
    let rows = b.iota(Element::S32, b.length(x));
    all.extend(b.sort(&[x], 1, false));
    all.extend(b.sort(&[x, y, rows], 2, true));
    let limit = b.constant_int(element, 100);
    let start = b.constant_int(element, 1);
    all.extend(b.while_loop(
        &[start, limit],
        |b, carried| b.compare(Direction::Lt, carried[0], carried[1]),
        |b, carried| vec![b.add(carried[0], carried[0]), carried[1]],
    ));
    all.extend(b.if_then_else(b.compare(Direction::Lt, b.last(x), limit), |_| vec![x], |_| vec![y]));
    for combiner in [Combiner::Add, Combiner::Min, Combiner::Max, Combiner::Or, Combiner::Set] {
        all.push(b.scatter(x, rows, y, combiner, Indices { sorted: true, unique: false }));
    }
    all.extend([b.gather(x, rows), b.reduce_add(x), b.reduce_or(x)]);
    let scalar = b.element_at(rows, 3);
    all.extend([b.dynamic_slice(x, &[scalar], &[5]), b.dynamic_update_slice(x, b.slice_rows(y, 0, 5), &[scalar])]);
    all.extend([b.reverse(x, &[0]), b.concatenate(&[x, y], 0), b.pad(x, start, &[1], &[2])]);
    all
}

fn compile_all(elements: &[Element]) {
    for &element in elements {
        let vector = TensorType::vector(element, 1024);
        let arguments = [Argument::donated(vector.clone(), 0), Argument::new(vector)];
        let module = Module::build(&Context::for_platform(Platform::Tpu).session(), "all", &arguments, |b, x| {
            b.set_location(Location { file: "all.dj", line: 1, column: 1 });
            let mut results = vec![b.add(x[0], x[1])];
            results.extend(match class(element) {
                Class::Float => floats(b, x[0], x[1]),
                Class::Signed | Class::Unsigned => integers(b, x[0], x[1]),
                Class::Pred => vec![],
            });
            results
        });
        compile("v5e:1x1", 1, &module.unwrap());
    }
}

#[test]
fn every_operation_compiles() {
    compile_all(&[Element::F32, Element::S32, Element::U32]);
}

#[test]
#[ignore = "a minute: TPU has no 64-bit arithmetic, and its emulation is slow to compile"]
fn every_64_bit_operation_compiles() {
    compile_all(&[Element::F64, Element::S64, Element::U64]);
}

#[test]
fn collectives_compile() {
    let arguments = [Argument::new(TensorType::vector(Element::S64, 1024))];
    let everyone = [(0..8).collect::<Vec<_>>()];
    let module = Module::build(&Context::for_platform(Platform::Tpu).session(), "collectives", &arguments, |b, x| {
        vec![
            b.replica_id(),
            b.all_reduce(x[0], Combiner::Add, &everyone),
            b.all_gather(x[0], 0, &everyone),
            b.all_to_all(x[0], 0, 0, &everyone),
        ]
    });
    compile("v5e:2x4", 8, &module.unwrap());
}

#[test]
fn long_scans_compile_at_once() {
    for length in [262_144, 1 << 24] {
        let arguments = [Argument::new(TensorType::vector(Element::S32, length))];
        let module = Module::build(&Context::for_platform(Platform::Tpu).session(), "scan", &arguments, |b, x| {
            vec![b.inclusive_sum(x[0])]
        });
        if let Some(seconds) = compile("v5e:1x1", 1, &module.unwrap()) {
            // One flat `reduce_window` over so many takes minutes; a loaded machine does not.
            assert!(seconds < 60.0, "{length} elements: {seconds} s");
        }
    }
}
