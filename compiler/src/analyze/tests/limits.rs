//! Programs that nobody writes end soon all the same.

use super::{analyze, shown};
use crate::analyze::NothingBound;
use std::time::{Duration, Instant};

/// Long for any of these programs, on a busy machine and without optimization.
const SOON: Duration = Duration::from_secs(60);

/// Analysis recurses as deep as functions call each other, in frames that are large without optimization; the programs run it on
/// a stack of this kind (`dj_runtime::cli`), threads of tests have 2 MiB.
const STACK: usize = 1 << 28;

/// The first problem of a program, how many there are, and nothing that takes long.
fn first_of(source: &str) -> (String, usize) {
    let source = source.to_owned();
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(move || analyzed(&source)).expect("a thread");
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn analyzed(source: &str) -> (String, usize) {
    let start = Instant::now();
    let (file, syntax) = dj_grammar::parse(source);
    assert!(syntax.is_empty(), "{}", shown(source, &syntax));
    let (_, diagnostics) = analyze(&file, source, &NothingBound);
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    (shown(source, diagnostics.get(..1).unwrap_or_default()), diagnostics.len())
}

#[test]
fn arguments_that_double_are_bounded() {
    let levels: String = (1..90).map(|level| format!("fn f{level}(x) = f{}(x + x)\n", level - 1)).collect();
    let source = format!("table t {{ a: i64 }}\nfn f0(x) = x + 1\n{levels}export r = t | select y = f89(a)");
    let (first, count) = first_of(&source);
    assert!(first.starts_with("error[DJ0222]: functions and their arguments are too large to be inlined"), "{first}");
    assert_eq!(count, 1);
    let through_tables: String =
        (1..90).map(|level| format!("fn g{level}(t, x) = t | g{}(x + x)\n", level - 1)).collect();
    let source =
        format!("table t {{ a: i64 }}\nfn g0(t, x) = t | derive y = x + 1\n{through_tables}export r = t | g89(a)");
    assert_eq!(first_of(&source).1, 1);
}

#[test]
fn very_many_unknown_names_are_told_up_to_a_thousand() {
    let columns: String = (0..300).map(|column| format!("column_{column}: i64, ")).collect();
    let items: String = (0..30_000).map(|item| format!("x{item} = colunm_{item}, ")).collect();
    let (first, count) = first_of(&format!("table t {{ {columns} }}\nexport r = t | select {{ {items} }}"));
    assert!(first.starts_with("error[DJ0201]: unknown column `colunm_0`"), "{first}");
    assert!(first.contains("help: a column with a similar name exists: `column_0`"), "{first}");
    assert_eq!(count, 1_000);
}
