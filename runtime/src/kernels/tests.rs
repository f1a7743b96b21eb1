//! Kernels against the standard library, and as XLA calls them.

use proptest::prelude::*;

use super::argsort::argsort;
use super::boundaries::boundaries;
use super::gather::gather;
use super::register;
use super::running_sum::running_sum;
use super::runs::{run_ends, run_starts};
use super::scatter_add::scatter_add;
use super::threads::{Job, share_out};
use crate::pjrt::tests::{compile, cpu_client, scalar, vector, vector_on};
use crate::pjrt::{Buffer, Client, Element, HostData, PjrtError};

fn order_of(words: &[Vec<u64>], live: usize) -> Vec<i32> {
    let rows = words[0].len();
    let slices: Vec<&[u64]> = words.iter().map(Vec::as_slice).collect();
    let mut order = vec![-1; rows];
    argsort(&slices, live, &mut order);
    order
}

fn expected(words: &[Vec<u64>], live: usize) -> Vec<i32> {
    let mut order: Vec<i32> = (0..words[0].len() as i32).collect();
    order[..live].sort_by_key(|&row| words.iter().map(|word| word[row as usize]).collect::<Vec<_>>());
    order
}

/// Numbers that repeat and vary in some bits only.
fn numbers(rows: usize, seed: u64, mask: u64) -> Vec<u64> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb)
    };
    (0..rows).map(|_| next() & mask).collect()
}

#[test]
fn argsort_agrees_with_a_comparison_sort() {
    let masks = [0, 1, 0xff, 0xffff_0000, 0xff00_0000_0000_00ff, u64::MAX];
    for rows in [0, 1, 2, 3, 192, 193, 1000, 5000] {
        for first in masks {
            for second in masks {
                let words = [numbers(rows, 1, first), numbers(rows, 2, second), numbers(rows, 3, 7)];
                for count in 1..=words.len() {
                    for live in [rows, rows / 2] {
                        let words = &words[..count];
                        assert_eq!(order_of(words, live), expected(words, live), "{rows} {first:x} {second:x}");
                    }
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn argsort_is_stable(keys in prop::collection::vec((0..4_u64, any::<u64>()), 0..600), share in 0.0..=1.0) {
        let words = [keys.iter().map(|key| key.0).collect(), keys.iter().map(|key| key.1 >> 60).collect::<Vec<_>>()];
        let live = (keys.len() as f64 * share) as usize;
        prop_assert_eq!(order_of(&words, live), expected(&words, live));
    }
}

/// Words of many shapes: what takes another way through the sort than random bits do.
fn shapes(rows: usize) -> Vec<(&'static str, Vec<u64>)> {
    let random = numbers(rows, 4, u64::MAX);
    let ascending = 0..rows as u64;
    vec![
        ("ascending", ascending.clone().collect()),
        ("descending", ascending.clone().rev().collect()),
        ("ascending but where a job's rows begin", ascending.map(|row| row % 32_768).collect()),
        ("few bits", numbers(rows, 5, 0x1ff)),
        ("more bits", numbers(rows, 6, 0x3f_ffff_0000)),
        ("all bits", random.clone()),
        ("one value mostly", random.iter().map(|bits| if bits % 10 == 0 { *bits } else { u64::MAX / 3 }).collect()),
        ("few values of all bits", random.iter().map(|bits| (bits % 5).wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect()),
        ("pairs", random.iter().map(|bits| (bits % (rows as u64 / 2 + 1)).wrapping_mul(u64::MAX / 7)).collect()),
        ("one bit", random.iter().map(|bits| 1 << (bits % 64)).collect()),
    ]
}

#[test]
fn argsort_orders_many_rows() {
    let (rows, live) = (100_000, 99_900);
    let shapes = shapes(rows);
    let check = |name: &str, words: &[Vec<u64>]| {
        let order = order_of(words, live);
        let key = |row: i32| (words.iter().map(|word| word[row as usize]).collect::<Vec<_>>(), row);
        // No row is twice among rows that ascend strictly, so that none is missing.
        assert!(order[..live].iter().all(|row| (0..live as i32).contains(row)), "{name}");
        assert!(order[..live].is_sorted_by(|a, b| key(*a) < key(*b)), "{name}");
        assert!(order[live..].iter().copied().eq(live as i32..rows as i32), "{name}");
    };
    for (first_name, first) in &shapes {
        check(first_name, std::slice::from_ref(first));
        for (second_name, second) in &shapes {
            check(&format!("{first_name}, then {second_name}"), &[first.clone(), second.clone(), shapes[5].1.clone()]);
        }
    }
}

#[test]
fn words_that_ascend_already_do_not_change_the_order() {
    let rows = 70_000;
    let ascending: Vec<u64> = (0..rows as u64).map(|row| row / 3).collect();
    let key = numbers(rows, 8, 0xff);
    let order = order_of(&[key.clone(), ascending.clone()], rows);
    assert_eq!(order, order_of(std::slice::from_ref(&key), rows));
    assert_eq!(order, expected(&[key, ascending], rows));
}

fn module(rows: usize, words: usize) -> String {
    let word = format!("tensor<{rows}xui64>");
    let names: Vec<String> = (0..words).map(|word| format!("%w{word}")).collect();
    let parameters: Vec<String> = names.iter().map(|name| format!("{name}: {word}")).collect();
    format!(
        r#"
module @order {{
  func.func @main({parameters}, %live: tensor<i32>) -> tensor<{rows}xi32> {{
    %order = "stablehlo.custom_call"({names}, %live) {{
      call_target_name = "dj.argsort", api_version = 4 : i32, backend_config = {{}}
    }} : ({types}, tensor<i32>) -> tensor<{rows}xi32>
    return %order : tensor<{rows}xi32>
  }}
}}"#,
        parameters = parameters.join(", "),
        names = names.join(", "),
        types = vec![word; words].join(", "),
    )
}

fn run(client: &Client, module: &str, words: &[Vec<u64>], live: i32) -> Result<Buffer, PjrtError> {
    let words: Vec<Buffer> = words.iter().map(|word| vector(client, word)).collect();
    let live = scalar(client, live);
    let args = words.iter().chain([&live]).map(Into::into).collect();
    Ok(compile(client, module, 1).execute_one(args)?.remove(0))
}

#[test]
fn programs_call_argsort() {
    let client = cpu_client(1);
    register(client.plugin()).unwrap();
    register(client.plugin()).unwrap();
    for rows in [0, 1, 7, 3000] {
        for count in 1..=3 {
            let words: Vec<Vec<u64>> = (0..count).map(|seed| numbers(rows, seed as u64, 0xf0f)).collect();
            let live = rows - rows / 3;
            let order = run(&client, &module(rows, count), &words, live as i32).unwrap().to_host().unwrap();
            assert_eq!(order.as_slice::<i32>(), expected(&words, live), "{rows} rows, {count} words");
        }
    }
}

#[test]
fn an_error_of_a_kernel_is_the_error_of_the_program() {
    let client = cpu_client(1);
    register(client.plugin()).unwrap();
    let words = [numbers(7, 1, 7)];
    let result = run(&client, &module(7, 1), &words, 8).and_then(|order| order.to_host());
    let message = result.unwrap_err().to_string();
    assert!(message.contains("dj.argsort: 8 live rows of 7"), "{message}");
    let wrong = module(7, 1).replace("ui64", "i64");
    let result = run(&client, &wrong, &words, 7).and_then(|order| order.to_host());
    assert!(result.unwrap_err().to_string().contains("argument 0 has elements of type i64 instead of ui64"));
}

#[test]
fn devices_call_kernels_at_the_same_time() {
    let client = cpu_client(2);
    register(client.plugin()).unwrap();
    let words = [numbers(5000, 1, u64::MAX)];
    let program = compile(&client, &module(5000, 1), 2);
    let bytes = program.serialize().unwrap();
    let program = client.load(&bytes).unwrap();
    let device = |device| vector_on(&client, &words[0], device);
    let live = |on| scalar(&client, 5000_i32).copy_to_device(on);
    for _ in 0..20 {
        let live = [scalar(&client, 5000_i32), live(1).unwrap()];
        let args = live.into_iter().enumerate().map(|(on, live)| vec![device(on).into(), live.into()]).collect();
        for replica in program.execute(args).unwrap() {
            assert_eq!(replica[0].to_host().unwrap().as_slice::<i32>(), expected(&words, 5000));
        }
    }
}

#[test]
fn a_failed_argument_fails_what_uses_it() {
    let sum = r#"
module @sum {
  func.func @main(%a: tensor<7xi32>) -> tensor<7xi32> {
    %sum = "stablehlo.all_reduce"(%a) ({
    ^bb0(%x: tensor<i32>, %y: tensor<i32>):
      %s = stablehlo.add %x, %y : tensor<i32>
      stablehlo.return %s : tensor<i32>
    }) {replica_groups = dense<[[0, 1]]> : tensor<1x2xi64>} : (tensor<7xi32>) -> tensor<7xi32>
    return %sum : tensor<7xi32>
  }
}"#;
    let client = cpu_client(2);
    register(client.plugin()).unwrap();
    let step = compile(&client, &module(7, 1), 2);
    let words = [0, 1].map(|device| vector_on(&client, &numbers(7, 1, 7), device));
    let live = [scalar(&client, 7_i32), scalar(&client, 8_i32).copy_to_device(1).unwrap()];
    let args = words.iter().zip(&live).map(|(word, live)| vec![word.into(), live.into()]).collect();
    let mut orders = step.execute(args).unwrap().into_iter().flatten();
    let (good, bad) = (orders.next().unwrap(), orders.next().unwrap());
    good.wait().unwrap();

    // Launching this without asking the arguments would leave one replica waiting for the other for ever.
    let together = compile(&client, sum, 2);
    let error = together.execute_collective(vec![vec![(&good).into()], vec![(&bad).into()]]).unwrap_err();
    assert!(error.to_string().contains("8 live rows of 7"), "{error}");

    let alone = compile(&client, &sum.replace("[[0, 1]]", "[[0], [1]]").replace("1x2xi64", "2x1xi64"), 2);
    let outputs = alone.execute(vec![vec![(&good).into()], vec![bad.into()]]).unwrap();
    outputs[0][0].wait().unwrap();
    assert!(outputs[1][0].to_host().unwrap_err().to_string().contains("8 live rows of 7"));
}

/// What a loop over rows gives.
fn added(slots: &[i32], state: &[i64], values: &[i64], counts: &[u8]) -> Vec<i64> {
    let mut state = state.to_vec();
    for (row, slot) in slots.iter().enumerate() {
        let of_row = |list: usize| if list == 1 { 0 } else { row };
        let place = usize::try_from(*slot).ok().and_then(|slot| state.get_mut(slot));
        if let Some(place) = place.filter(|_| counts[of_row(counts.len())] != 0) {
            *place = place.wrapping_add(values[of_row(values.len())]);
        }
    }
    state
}

#[test]
fn scatter_add_agrees_with_a_loop() {
    for (rows, size) in [(0, 3), (1, 0), (1, 1), (2, 1), (9000, 7), (20_000, 1000)] {
        let slots: Vec<i32> = numbers(rows, 1, 0x7ff).iter().map(|slot| *slot as i32 - 3).collect();
        let all: Vec<i64> = numbers(rows, 2, u64::MAX).iter().map(|value| *value as i64).collect();
        let some: Vec<u8> = numbers(rows, 3, 1).iter().map(|counts| *counts as u8).collect();
        for values in [&all[..], &[-7]] {
            for counts in [&some[..], &[1], &[0]] {
                let mut state: Vec<i64> = (0..size).collect();
                let wanted = added(&slots, &state, values, counts);
                scatter_add(&slots, &mut state, values, counts);
                assert_eq!(state, wanted, "{rows} rows, {} values, {} marks", values.len(), counts.len());
            }
        }
    }
}

#[test]
fn columns_that_are_shared_out_are_all_added() {
    for rows in [10, 100_000] {
        let slots: Vec<i32> = (0..rows).map(|row| row % 10).collect();
        let values: Vec<f32> = (0..rows).map(|row| row as f32 / 2.0 + if row % 7 == 0 { 1e-40 } else { 0.0 }).collect();
        let mut wanted = [0.0_f64; 10];
        for (slot, value) in slots.iter().zip(&values) {
            wanted[*slot as usize] += f64::from(*value);
        }
        for columns in 0..6 {
            let mut states = vec![[0.0_f64; 10]; columns];
            let (slots, values) = (&slots, &values);
            let additions =
                states.iter_mut().map(|state| Box::new(move || scatter_add(slots, state, values, &[1])) as Job<'_>);
            share_out(additions.collect(), slots.len());
            assert!(states.iter().all(|state| *state == wanted), "{rows} rows, {columns} columns");
        }
    }
}

/// A module that adds a column of each element to a state, and last a number that all rows have, all by one call. Integers share a
/// state, and floats.
fn module_of_columns(elements: &[&str]) -> String {
    let mut parameters =
        vec!["%slots: tensor<4xi32>, %i: tensor<2xi64>, %f: tensor<2xf64>, %one: tensor<ui32>".to_owned()];
    let (mut operands, mut types) = ("%slots".to_owned(), "tensor<4xi32>".to_owned());
    let (mut results, mut aliases) = (Vec::new(), Vec::new());
    let mut column = |value: &str, ty: &str, is_float: bool| {
        let (state, result) = if is_float { ("%f", "tensor<2xf64>") } else { ("%i", "tensor<2xi64>") };
        aliases.push(format!(
            "#stablehlo.output_operand_alias<output_tuple_indices = [{}], operand_index = {}, operand_tuple_indices = []>",
            results.len(),
            1 + 3 * results.len()
        ));
        operands += &format!(", {state}, {value}, %all");
        types += &format!(", {result}, {ty}, tensor<i1>");
        results.push(result);
    };
    for (at, element) in elements.iter().enumerate() {
        let (value, ty) = (format!("%v{at}"), format!("tensor<4x{element}>"));
        column(&value, &ty, element.starts_with('f'));
        parameters.push(format!("{value}: {ty}"));
    }
    column("%one", "tensor<ui32>", false);
    format!(
        r#"
module @add {{
  func.func @main({parameters}) -> ({results}) {{
    %all = stablehlo.constant dense<true> : tensor<i1>
    %sums:{count} = "stablehlo.custom_call"({operands}) {{
      call_target_name = "dj.scatter_add", api_version = 4 : i32, backend_config = {{}},
      output_operand_aliases = [{aliases}]
    }} : ({types}) -> ({results})
    return {sums} : {results}
  }}
}}"#,
        parameters = parameters.join(", "),
        results = results.join(", "),
        count = results.len(),
        aliases = aliases.join(", "),
        sums = (0..results.len()).map(|at| format!("%sums#{at}")).collect::<Vec<_>>().join(", "),
    )
}

#[test]
fn programs_add_many_columns_in_one_call() {
    let client = cpu_client(1);
    register(client.plugin()).unwrap();
    let given = [
        vector(&client, &[1_i32, -1, 0, 1]),
        vector(&client, &[5_i64, 7]),
        vector(&client, &[0.5_f64, 0.0]),
        scalar(&client, 1_u32),
    ];
    let columns = [
        ("i8", vector(&client, &[i8::MIN, 1, 2, -1])),
        ("i16", vector(&client, &[i16::MIN, 1, 2, -1])),
        ("i32", vector(&client, &[i32::MIN, 1, 2, -1])),
        ("i64", vector(&client, &[i64::MIN, 1, 2, -1])),
        ("ui8", vector(&client, &[u8::MAX, 1, 2, 1])),
        ("ui16", vector(&client, &[u16::MAX, 1, 2, 1])),
        ("ui32", vector(&client, &[u32::MAX, 1, 2, 1])),
        ("f32", vector(&client, &[0.25_f32, 1.0, 2.0, f32::INFINITY])),
        ("f64", vector(&client, &[0.25_f64, 1.0, -2.0, 4.0])),
    ];
    let module = module_of_columns(&columns.each_ref().map(|(element, _)| *element));
    let args = given.iter().chain(columns.iter().map(|(_, column)| column));
    let outputs = compile(&client, &module, 1).execute_one(args.map(Into::into).collect()).unwrap();
    let wanted: [[i64; 2]; 7] = [
        [7, 7 + i64::from(i8::MIN) - 1],
        [7, 7 + i64::from(i16::MIN) - 1],
        [7, 7 + i64::from(i32::MIN) - 1],
        [7, i64::MIN + 6],
        [7, 7 + 255 + 1],
        [7, 7 + 65_535 + 1],
        [7, 7 + 4_294_967_295 + 1],
    ];
    for (output, wanted) in outputs.iter().zip(wanted) {
        assert_eq!(output.to_host().unwrap().as_slice::<i64>(), wanted);
    }
    assert_eq!(outputs[7].to_host().unwrap().as_slice::<f64>(), [2.5, f64::INFINITY]);
    assert_eq!(outputs[8].to_host().unwrap().as_slice::<f64>(), [-1.5, 4.25]);
    assert_eq!(outputs[9].to_host().unwrap().as_slice::<i64>(), [6, 9]);
}

fn scatter_add_module(values: &str, counts: &str, attributes: &str) -> String {
    format!(
        r#"
module @add {{
  func.func @main(%slots: tensor<4xi32>, %state: tensor<3xi64>, %values: {values}, %counts: {counts})
      -> (tensor<3xi64>, tensor<3xi64>) {{
    %sum = "stablehlo.custom_call"(%slots, %state, %values, %counts) {{
      call_target_name = "dj.scatter_add", api_version = 4 : i32, backend_config = {{}}{attributes}
    }} : (tensor<4xi32>, tensor<3xi64>, {values}, {counts}) -> tensor<3xi64>
    %twice = stablehlo.add %state, %state : tensor<3xi64>
    return %sum, %twice : tensor<3xi64>, tensor<3xi64>
  }}
}}"#
    )
}

fn predicates(client: &Client, values: &[u8]) -> Buffer {
    client.buffer_from_host(HostData::Copied(values), Element::Pred, &[values.len() as i64], 0).unwrap()
}

const ALIASES: &str = ", output_operand_aliases = [#stablehlo.output_operand_alias<output_tuple_indices = [],
      operand_index = 1, operand_tuple_indices = []>]";

#[test]
fn programs_call_scatter_add_in_place_or_not() {
    let client = cpu_client(1);
    register(client.plugin()).unwrap();
    let slots = vector(&client, &[2_i32, 0, 3, 2]);
    let state = vector(&client, &[10_i64, 20, 30]);
    let values = vector(&client, &[1_i16, 2, 4, -8]);
    let counts = predicates(&client, &[1, 0, 1, 1]);
    for aliases in ["", ALIASES] {
        let module = scatter_add_module("tensor<4xi16>", "tensor<4xi1>", aliases);
        let args = vec![(&slots).into(), (&state).into(), (&values).into(), (&counts).into()];
        let outputs = compile(&client, &module, 1).execute_one(args).unwrap();
        assert_eq!(outputs[0].to_host().unwrap().as_slice::<i64>(), [10, 20, 23]);
        // Who reads the state beside the kernel sees what it was.
        assert_eq!(outputs[1].to_host().unwrap().as_slice::<i64>(), [20, 40, 60]);
        assert_eq!(state.to_host().unwrap().as_slice::<i64>(), [10, 20, 30]);
    }
}

#[test]
fn scatter_add_refuses_what_does_not_fit() {
    let client = cpu_client(1);
    register(client.plugin()).unwrap();
    let refusal = |values: &Buffer, ty: &str| {
        let (slots, state) = (vector(&client, &[0_i32; 4]), vector(&client, &[0_i64; 3]));
        let counts = predicates(&client, &[1; 4]);
        let args = vec![(&slots).into(), (&state).into(), values.into(), (&counts).into()];
        let module = compile(&client, &scatter_add_module(ty, "tensor<4xi1>", ""), 1);
        module.execute_one(args).and_then(|sums| sums[0].to_host()).unwrap_err().to_string()
    };
    let longer = refusal(&vector(&client, &[0_i64; 5]), "tensor<5xi64>");
    assert!(longer.contains("dj.scatter_add: column 0 has 5 values and a mask of 4 for 4 rows"), "{longer}");
    let float = refusal(&vector(&client, &[0.0_f64; 4]), "tensor<4xf64>");
    assert!(float.contains("argument 1 has elements of type i64 instead of f64"), "{float}");
    let unsigned = refusal(&vector(&client, &[0_u64; 4]), "tensor<4xui64>");
    assert!(unsigned.contains("argument 2 cannot be added"), "{unsigned}");
}

#[test]
fn gather_takes_rows_by_their_places() {
    let rows: Vec<i64> = (0..1000).map(|row| row * row - 7).collect();
    let places: Vec<i32> = (0..5000_i32).map(|place| place.wrapping_mul(7919) % 1000).collect();
    let mut result = vec![0; places.len()];
    gather(&places, &rows, &mut result);
    assert!(places.iter().zip(&result).all(|(place, value)| rows[(*place).clamp(0, 999) as usize] == *value));
    let mut result = [0; 4];
    gather(&[-1, 0, 2, i32::MAX], &[10, 20], &mut result);
    assert_eq!(result, [10, 10, 20, 20]);
}

#[test]
fn boundaries_are_where_bits_that_count_differ() {
    let (rows, live) = (200_000, 199_000);
    let words = [numbers(rows, 1, 1), numbers(rows, 2, 1 << 40)];
    let words: Vec<&[u64]> = words.iter().map(Vec::as_slice).collect();
    let order: Vec<i32> = numbers(rows, 3, u64::MAX).iter().map(|bits| (bits % rows as u64) as i32).collect();
    let masks: [&[u64]; 2] = [&[u64::MAX, u64::MAX], &[1, 0]];
    let mut marks = [vec![7; rows], vec![7; rows]];
    boundaries(&order[..live], &words, &masks, marks.iter_mut().map(Vec::as_mut_slice).collect());
    for (marks, mask) in marks.iter().zip(masks) {
        let word = |at: usize, word: usize| words[word][order[at] as usize] & mask[word];
        let differs = |at: usize| at == 0 || (0..2).any(|index| word(at, index) != word(at - 1, index));
        let wanted = (0..rows).map(|at| u8::from(at < live && differs(at)));
        assert!(marks.iter().copied().eq(wanted));
    }
}

/// The first row of each row's run, behind its last row, and the sum of its values up to the row, run by run.
fn runs_of(marks: &[u8], last: usize, values: &[f64]) -> Vec<(i32, i32, f64)> {
    let starts: Vec<usize> = (0..marks.len()).filter(|row| marks[*row] != 0).collect();
    let run = |row: usize| {
        let start = starts.iter().rev().find(|start| **start <= row).copied().unwrap_or_default();
        let end = starts.iter().find(|start| **start > row).map_or(last, |end| (*end).min(last));
        (start as i32, end as i32, values[start..=row].iter().sum())
    };
    (0..marks.len()).map(run).collect()
}

#[test]
fn runs_agree_with_a_search() {
    for (rows, share) in [(0, 1), (1, 1), (300, 1), (300, 3), (300, 40), (300, 1000)] {
        let marks: Vec<u8> = numbers(rows, 5, u64::MAX).iter().map(|bits| u8::from(bits % share == 0)).collect();
        let values: Vec<f64> = numbers(rows, 6, 0xff).iter().map(|bits| *bits as f64).collect();
        for last in [rows, rows / 2] {
            let (mut starts, mut ends, mut sums) = (vec![-1; rows], vec![-1; rows], vec![f64::NAN; rows]);
            run_starts(&marks, &mut starts);
            run_ends(&marks, last as i32, &mut ends);
            running_sum(&marks, &values, &mut sums);
            let found = starts.into_iter().zip(ends).zip(sums).map(|((start, end), sum)| (start, end, sum));
            assert!(found.eq(runs_of(&marks, last, &values)), "{rows} rows, one of {share} begins a run, until {last}");
        }
    }
}

#[test]
fn running_sums_are_shared_out_by_runs() {
    let rows = 1_000_000;
    let marks: Vec<u8> = numbers(rows, 7, u64::MAX).iter().map(|bits| u8::from(bits % 50_000 == 0)).collect();
    let values: Vec<f64> = numbers(rows, 8, u64::MAX).iter().map(|bits| *bits as f64).collect();
    let mut sums = vec![f64::NAN; rows];
    running_sum(&marks, &values, &mut sums);
    let mut sum = 0.0;
    for ((mark, value), found) in marks.iter().zip(&values).zip(sums) {
        sum = if *mark == 0 { sum } else { 0.0 } + value;
        assert_eq!(found.to_bits(), sum.to_bits());
    }
}
