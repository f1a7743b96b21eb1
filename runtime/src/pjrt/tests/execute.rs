//! Compiling, running, donating, reading back, and what goes wrong.

use std::sync::Arc;

use super::super::{
    AlignedBytes, Argument, Buffer, CompileOptions, Element, ErrorCode, HostData, PjrtError, Platform, Shape, as_bytes,
    discover, prepare_environment,
};
use super::{compile, cpu_client, scalar, vector, vector_on};

const ADD: &str = r#"
module @add {
  func.func @main(%a: tensor<4xi64>, %b: tensor<4xi64>) -> (tensor<4xi64>, tensor<f64>) {
    %sum = stablehlo.add %a, %b : tensor<4xi64>
    %half = stablehlo.constant dense<0.5> : tensor<f64>
    return %sum, %half : tensor<4xi64>, tensor<f64>
  }
}"#;

/// Adds `%x` to element 0 of a state that it may reuse.
const BUMP: &str = r#"
module @bump {
  func.func @main(%s: tensor<4096xi64> {tf.aliasing_output = 0 : i32}, %x: tensor<i64>) -> tensor<4096xi64> {
    %zero = stablehlo.constant dense<0> : tensor<i64>
    %one = stablehlo.reshape %x : (tensor<i64>) -> tensor<1xi64>
    %first = stablehlo.slice %s [0:1] : (tensor<4096xi64>) -> tensor<1xi64>
    %sum = stablehlo.add %first, %one : tensor<1xi64>
    %out = stablehlo.dynamic_update_slice %s, %sum, %zero
      : (tensor<4096xi64>, tensor<1xi64>, tensor<i64>) -> tensor<4096xi64>
    return %out : tensor<4096xi64>
  }
}"#;

fn ints(buffer: &Buffer) -> Vec<i64> {
    buffer.to_host().unwrap().as_slice().to_vec()
}

#[test]
fn a_program_runs() {
    let client = cpu_client(1);
    assert_eq!((client.device_count(), client.platform_name()), (1, "cpu"));
    let add = compile(&client, ADD, 1);
    assert_eq!(add.name(), "add");
    let shapes: Vec<String> = add.outputs().iter().map(ToString::to_string).collect();
    assert_eq!(shapes, ["tensor<4xi64>", "tensor<f64>"]);
    let (a, b) = (vector(&client, &[1_i64, 2, 3, 4]), vector(&client, &[10_i64, 20, 30, 40]));
    let (outputs, events) = add.execute_with_events(vec![vec![Argument::from(&a), Argument::from(&b)]]).unwrap();
    let outputs = &outputs[0];
    events[0].wait().unwrap();
    assert!(events[0].is_ready().unwrap());
    assert_eq!(ints(&outputs[0]), [11, 22, 33, 44]);
    assert_eq!(outputs[1].to_host().unwrap().as_slice::<f64>(), [0.5]);
    assert_eq!((outputs[1].element(), outputs[1].dims()), (Element::F64, &[][..]));
    assert_eq!(outputs[0].on_device_bytes().unwrap(), 32);
    let mut bytes = [0; 32];
    outputs[0].to_host_into(&mut bytes).unwrap();
    assert_eq!(bytes[..8], 11_i64.to_ne_bytes());
    assert!(outputs[0].to_host_into(&mut bytes[..31]).is_err());
}

#[test]
fn every_element_type_and_rank_goes_there_and_back() {
    let client = cpu_client(1);
    for element in Element::ALL {
        for dims in [&[][..], &[0], &[7], &[2, 3], &[2, 0, 3], &[3, 5, 2]] {
            let shape = Shape::new(element, dims);
            let mut data = AlignedBytes::zeroed(shape.bytes().unwrap());
            for (position, byte) in data.iter_mut().enumerate() {
                *byte = if element == Element::Pred { position % 2 } else { position } as u8;
            }
            let arrow = arrow::buffer::Buffer::from_slice_ref(&*data);
            for host in [HostData::Copied(&data), HostData::Shared(Arc::new(data.clone())), HostData::Arrow(arrow)] {
                let buffer = client.buffer_from_host(host, element, dims, 0).unwrap();
                assert_eq!(buffer.shape(), &shape);
                assert_eq!(buffer.to_host().unwrap(), data, "{shape}");
            }
        }
    }
}

#[test]
fn donation_updates_in_place_and_borrowing_copies() {
    let client = cpu_client(1);
    let bump = compile(&client, BUMP, 1);
    let one = scalar(&client, 1_i64);
    let start = client.buffer_from_host(HostData::Copied(&[0; 8 * 4096]), Element::S64, &[4096], 0).unwrap();

    let borrowed = bump.execute_one(vec![(&start).into(), (&one).into()]).unwrap().remove(0);
    assert_eq!((ints(&start)[0], ints(&borrowed)[0]), (0, 1));
    assert_ne!(start.address().unwrap(), borrowed.address().unwrap());

    let address = start.address().unwrap();
    let mut state = start;
    for _ in 0..5 {
        state = bump.execute_one(vec![state.into(), (&one).into()]).unwrap().remove(0);
    }
    assert_eq!(ints(&state)[0], 5);
    assert_eq!(state.address().unwrap(), address);
}

#[test]
fn donating_shared_memory_never_writes_to_it() {
    let client = cpu_client(1);
    let bump = compile(&client, BUMP, 1);
    let memory = Arc::new(AlignedBytes::zeroed(8 * 4096));
    let shared = HostData::Shared(Arc::clone(&memory));
    let state = client.buffer_from_host(shared, Element::S64, &[4096], 0).unwrap();
    assert_eq!(state.address().unwrap(), memory.as_ptr() as usize, "used in place");
    let state = bump.execute_one(vec![state.into(), (&scalar(&client, 1_i64)).into()]).unwrap().remove(0);
    assert_eq!(ints(&state)[0], 1);
    assert_eq!(memory.as_slice::<i64>()[0], 0);
}

/// Memory that is given away is reused by whatever program the buffer is donated to, also as the result of the last.
#[test]
fn donating_owned_memory_writes_to_it() {
    let client = cpu_client(1);
    let bump = compile(&client, BUMP, 1);
    let one = scalar(&client, 1_i64);
    for _ in 0..20 {
        let memory = AlignedBytes::zeroed(8 * 4096);
        let address = memory.as_ptr() as usize;
        let mut state = client.buffer_from_host(HostData::Owned(memory), Element::S64, &[4096], 0).unwrap();
        assert_eq!(state.address().unwrap(), address, "used in place");
        for step in 1..=3 {
            state = bump.execute_one(vec![state.into(), (&one).into()]).unwrap().remove(0);
            assert_eq!(state.address().unwrap(), address, "step {step}");
        }
        // Nothing else was put where the memory is.
        let others: Vec<_> = (0..8).map(|_| AlignedBytes::from_slice(&[7_i64; 4096])).collect();
        assert_eq!((ints(&state)[0], ints(&state)[4095]), (3, 0));
        drop(others);
    }
}

#[test]
fn shared_memory_is_released_with_its_buffer() {
    let client = cpu_client(1);
    let memory = Arc::new(AlignedBytes::zeroed(8 * 4096));
    let weak = Arc::downgrade(&memory);
    let buffer = client.buffer_from_host(HostData::Shared(memory), Element::S64, &[4096], 0).unwrap();
    buffer.wait().unwrap();
    assert!(weak.upgrade().is_some());
    drop(buffer);
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_serialized_program_runs_again() {
    let client = cpu_client(1);
    let bytes = compile(&client, ADD, 1).serialize().unwrap();
    let add = cpu_client(1).load(&bytes).unwrap();
    assert_eq!((add.name(), add.replicas(), add.outputs().len()), ("add", 1, 2));
    let add = client.load(&bytes).unwrap();
    let a = vector(&client, &[1_i64, 2, 3, 4]);
    assert_eq!(ints(&add.execute_one(vec![(&a).into(), (&a).into()]).unwrap()[0]), [2, 4, 6, 8]);
    let error = client.load(b"rubbish").unwrap_err().to_string();
    assert!(error.starts_with("loading a serialized executable: "), "{error}");
}

#[test]
fn replicas_reduce_together() {
    let module = r#"
module @all {
  func.func @main(%a: tensor<2xi64>) -> tensor<2xi64> {
    %sum = "stablehlo.all_reduce"(%a) ({
    ^bb0(%x: tensor<i64>, %y: tensor<i64>):
      %s = stablehlo.add %x, %y : tensor<i64>
      stablehlo.return %s : tensor<i64>
    }) {replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>} : (tensor<2xi64>) -> tensor<2xi64>
    return %sum : tensor<2xi64>
  }
}"#;
    let client = cpu_client(2);
    let all = compile(&client, module, 2);
    assert_eq!(all.replicas(), 2);
    let reloaded = client.load(&all.serialize().unwrap()).unwrap();
    for program in [&all, &reloaded] {
        let (a, b) = (vector_on(&client, &[1_i64, 2], 0), vector_on(&client, &[10_i64, 20], 1));
        let arguments = vec![vec![Argument::from(&a)], vec![Argument::from(b)]];
        let outputs = program.execute_collective(arguments).unwrap();
        assert_eq!(outputs.iter().map(|replica| ints(&replica[0])).collect::<Vec<_>>(), [[11, 22], [11, 22]]);
        let moved = outputs[1][0].copy_to_device(0).unwrap();
        assert_eq!(ints(&moved), [11, 22]);
    }
    let wrong_device = vector_on(&client, &[1_i64, 2], 0);
    let error = all.execute(vec![vec![(&wrong_device).into()], vec![(&wrong_device).into()]]).unwrap_err();
    assert_eq!(error.to_string(), "running module `all`: argument 0 is on device 0 instead of 1");
    let short = vector_on(&client, &[1_i64], 1);
    let error = all.execute_collective(vec![vec![(&wrong_device).into()], vec![short.into()]]).unwrap_err();
    assert!(error.to_string().contains("different shapes"), "{error}");
}

/// XLA:CPU ends the process where one replica waits a minute for another, unless it is told to be patient.
#[test]
#[ignore = "a minute: it waits for as long as that; by itself, because it sets the environment"]
fn a_late_replica_is_waited_for() {
    let module = r#"
module @late {
  func.func @main(%rounds: tensor<i32>, %a: tensor<1048576xi64>) -> tensor<1048576xi64> {
    %zero = stablehlo.constant dense<0> : tensor<i32>
    %one = stablehlo.constant dense<1> : tensor<i32>
    %done:2 = stablehlo.while(%i = %zero, %x = %a) : tensor<i32>, tensor<1048576xi64>
    cond {
      %more = stablehlo.compare LT, %i, %rounds : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %more : tensor<i1>
    } do {
      %next = stablehlo.add %i, %one : tensor<i32>
      %back = stablehlo.reverse %x, dims = [0] : tensor<1048576xi64>
      %sorted = "stablehlo.sort"(%back) ({
      ^bb0(%l: tensor<i64>, %r: tensor<i64>):
        %less = stablehlo.compare LT, %l, %r : (tensor<i64>, tensor<i64>) -> tensor<i1>
        stablehlo.return %less : tensor<i1>
      }) {dimension = 0 : i64, is_stable = true} : (tensor<1048576xi64>) -> tensor<1048576xi64>
      stablehlo.return %next, %sorted : tensor<i32>, tensor<1048576xi64>
    }
    %sum = "stablehlo.all_reduce"(%done#1) ({
    ^bb0(%x: tensor<i64>, %y: tensor<i64>):
      %s = stablehlo.add %x, %y : tensor<i64>
      stablehlo.return %s : tensor<i64>
    }) {replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>} : (tensor<1048576xi64>) -> tensor<1048576xi64>
    return %sum : tensor<1048576xi64>
  }
}"#;
    prepare_environment(&discover(Platform::Cpu, None).unwrap());
    let client = cpu_client(2);
    let late = compile(&client, module, 2);
    let values: Vec<i64> = (0..1 << 20).collect();
    let run = |rounds: i32| {
        let of = |rounds: i32, device| {
            let rounds = client.buffer_from_host(HostData::Copied(as_bytes(&[rounds])), Element::S32, &[], device);
            vec![Argument::from(rounds.unwrap()), Argument::from(vector_on(&client, &values, device))]
        };
        let started = std::time::Instant::now();
        late.execute_collective(vec![of(rounds, 0), of(0, 1)]).unwrap();
        started.elapsed().as_secs_f64()
    };
    run(1);
    let round = run(20) / 20.0;
    assert!(run((80.0 / round) as i32) > 65.0);
}

#[test]
fn errors_say_what_was_done_and_why() {
    let client = cpu_client(1);
    let error = client.compile(&ADD.replace("%sum, %half", "%nothing, %half"), &CompileOptions::default()).unwrap_err();
    assert!(error.to_string().starts_with("compiling module `add`: "), "{error}");
    assert!(error.to_string().contains("use of undeclared SSA value name"), "{error}");
    assert_eq!(error.code(), Some(ErrorCode::Unknown));

    let misuse = |result: Result<Vec<Buffer>, PjrtError>, part: &str| {
        let error = result.unwrap_err().to_string();
        assert!(error.starts_with("running module `add`: ") && error.contains(part), "{error}");
    };
    let add = compile(&client, ADD, 1);
    let a = vector(&client, &[1_i64, 2, 3, 4]);
    misuse(add.execute_one(vec![(&a).into()]), "1");
    let short = vector(&client, &[1_i64, 2]);
    misuse(add.execute_one(vec![(&a).into(), (&short).into()]), "");
    let foreign = vector(&cpu_client(1), &[1_i64, 2, 3, 4]);
    misuse(add.execute_one(vec![(&a).into(), (&foreign).into()]), "another client");
    assert!(client.compile(ADD, &CompileOptions::replicated(2)).unwrap_err().to_string().contains("2 replicas"));
    let wrong = client.buffer_from_host(HostData::Copied(&[0; 7]), Element::S64, &[1], 0).unwrap_err();
    assert_eq!(wrong.to_string(), "copying data to the device: 7 bytes of data for a tensor<1xi64>");
    assert!(client.buffer_from_host(HostData::Copied(&[0; 8]), Element::S64, &[1], 1).is_err());
}

#[test]
fn threads_share_a_client() {
    let client = cpu_client(2);
    let add = compile(&client, ADD, 1);
    std::thread::scope(|scope| {
        for thread in 0..4_i64 {
            let (client, add) = (&client, &add);
            scope.spawn(move || {
                for round in 0..200 {
                    let a = vector(client, &[thread, round, 3, 4]);
                    let outputs = add.execute_one(vec![(&a).into(), Argument::from(&a)]).unwrap();
                    drop(a);
                    assert_eq!(ints(&outputs[0]), [2 * thread, 2 * round, 6, 8]);
                }
            });
        }
    });
}

/// The operations on floats that a row's values go through, of `%x`, `%y` and `%a`, the magnitude of `%x`; `%i` is `%x` as an integer. All but
/// the tangent are here that DJ has. What follows the arrow is the element of the result, if it is not the operands'; `FLOAT` is the float under test.
const ROW_OPERATIONS: &[&str] = &[
    "exponential %x",
    "exponential_minus_one %x",
    "log %x",
    "log %a",
    "log_plus_one %x",
    "sqrt %x",
    "sqrt %a",
    "rsqrt %a",
    "cbrt %x",
    "sine %x",
    "cosine %x",
    "tanh %x",
    "logistic %x",
    "floor %x",
    "ceil %x",
    "round_nearest_even %x",
    "round_nearest_afz %x",
    "abs %x",
    "negate %x",
    "sign %x",
    "add %x, %y",
    "subtract %x, %y",
    "multiply %x, %y",
    "divide %x, %y",
    "remainder %x, %y",
    "power %x, %y",
    "power %a, %y",
    "atan2 %x, %y",
    "maximum %x, %y",
    "minimum %x, %y",
    "convert %x -> i64",
    "convert %x -> i32",
    "convert %x -> ui64",
    "convert %x -> f32",
    "convert %x -> f64",
    "is_finite %x -> i1",
    "compare LT, %x, %y -> i1",
    "compare EQ, %x, %y -> i1",
    "compare NE, %x, %y -> i1",
    "convert %i -> FLOAT",
    "divide %i, %j -> i64",
    "remainder %i, %j -> i64",
    "shift_left %i, %j -> i64",
    "shift_right_arithmetic %i, %j -> i64",
];

/// Rows of operands: moderate ones, and every pair of the values at which operations differ.
fn operands() -> (Vec<f64>, Vec<f64>) {
    let special = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        1.5,
        2.5,
        -2.5,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MIN_POSITIVE,
        5e-324,
        f64::MAX,
        f64::MIN,
        1e-310,
        1e300,
        9.3e18,
        -9.3e18,
        1.9e19,
        2147483648.0,
        4e9,
        1e22,
        710.0,
        -745.5,
        88.8,
        3.4e38,
    ];
    let pairs = special.iter().flat_map(|x| special.iter().map(move |y| (*x, *y)));
    let moderate = (0..3371).map(|row| {
        let spread = f64::from(row * 7919 % 3371 - 1685);
        (spread * 0.013 / f64::from(row % 61 + 1), spread * 1.7 / f64::from(row % 57 + 1))
    });
    pairs.chain(moderate).unzip()
}

#[test]
fn what_is_compiled_quickly_gives_the_same_bits() {
    let client = cpu_client(1);
    let (x, y) = operands();
    for float in ["f64", "f32"] {
        let of = |element: &str| format!("tensor<{}x{element}>", x.len());
        let ty = of(float);
        let (mut lines, mut names, mut types) = (Vec::new(), Vec::new(), Vec::new());
        for (at, operation) in ROW_OPERATIONS.iter().enumerate() {
            let (call, result) = operation.split_once(" -> ").unwrap_or((operation, float));
            let result = of(if result == "FLOAT" { float } else { result });
            let operand = if call.contains("%i") { of("i64") } else { ty.clone() };
            let operands = vec![operand; call.matches('%').count()].join(", ");
            lines.push(format!("%r{at} = stablehlo.{call} : ({operands}) -> {result}"));
            names.push(format!("%r{at}"));
            types.push(result.clone());
            if result == ty {
                // Whether the product and the sum are contracted into one operation shows too.
                lines.push(format!("%p{at} = stablehlo.multiply %r{at}, %y : {ty}"));
                lines.push(format!("%s{at} = stablehlo.add %p{at}, %x : {ty}"));
                names.push(format!("%s{at}"));
                types.push(ty.clone());
            }
        }
        let integer = of("i64");
        let module = format!(
            "module @rows {{ func.func @main(%x: {ty}, %y: {ty}) -> ({types}) {{\n\
             %a = stablehlo.abs %x : {ty}\n%i = stablehlo.convert %x : ({ty}) -> {integer}\n\
             %j = stablehlo.convert %y : ({ty}) -> {integer}\n{lines}\nreturn {names} : {types} }} }}",
            types = types.join(", "),
            lines = lines.join("\n"),
            names = names.join(", "),
        );
        let upload = |values: &[f64]| match float {
            "f64" => vector(&client, values),
            _ => vector(&client, &values.iter().map(|value| *value as f32).collect::<Vec<f32>>()),
        };
        let (x, y) = (upload(&x), upload(&y));
        let run = |quick| {
            let program = client.compile(&module, &CompileOptions { quick, ..CompileOptions::default() }).unwrap();
            let outputs = program.execute_one(vec![(&x).into(), (&y).into()]).unwrap();
            outputs.iter().map(|output| output.to_host().unwrap().to_vec()).collect::<Vec<_>>()
        };
        for ((name, slow), quick) in names.iter().zip(run(false)).zip(run(true)) {
            let operation = ROW_OPERATIONS[name[2..].parse::<usize>().unwrap()];
            assert!(slow == quick, "{name} of {float}: {operation}");
        }
    }
}
