//! What programs take and give, by an example of each kind.

use super::*;
use crate::artifact::verify::tests::manifest;

/// The slots of a program of the first variant, as text.
fn slots(stage: usize, kind: ProgramKind, rung: usize) -> (String, String) {
    let manifest = manifest();
    let abi = Abi::of(&manifest.variants[0].stages[stage], &manifest.host_tables, kind, rung).unwrap();
    let text = |slots: &[Slot]| slots.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    (text(&abi.arguments), text(&abi.results))
}

#[test]
fn a_fold_takes_and_gives_its_state() {
    let state = "state 0: i64[1]; state 1: i64[64]; state 2: i1[64]";
    let (arguments, results) = slots(0, ProgramKind::Step(0), 1);
    assert_eq!(
        arguments,
        format!(
            "{state}; chunk column 0: i64[16]; chunk column 1: i32[16]; chunk column 1's validity: i1[16]; rows: i32[]; start: i64[]"
        )
    );
    assert_eq!(results, format!("{state}; status: i64[1]; count: i32[]"));
    assert_eq!(slots(0, ProgramKind::Compact, 1), (state.to_owned(), format!("{state}; status: i64[1]; count: i32[]")));
    let (arguments, results) = slots(0, ProgramKind::Finish, 0);
    assert_eq!(arguments, "state 0: i64[1]; state 1: i64[32]; state 2: i1[32]");
    assert_eq!(results, "status: i64[1]; count: i32[]; result 0: i64[32]; result 1: i1[32]; result 2: i32[7]");
}

#[test]
fn an_emitting_step_gives_what_the_host_does_not_pass_on() {
    let (arguments, results) = slots(1, ProgramKind::Step(0), 0);
    assert_eq!(
        arguments,
        "state 0: i64[2]; resident 0's tensor 0: i32[32]; resident 0's tensor 1: i1[32]; resident 1's tensor 0: i32[]; \
         resident 1's tensor 1: i64[32]; resident 1's tensor 2: i1[32]; resident 1's tensor 3: i32[7]; scalar 0: i64[]; \
         scalar 1: i64[]; scalar 1's validity: i1[]; chunk column 1: i32[16]; chunk column 1's validity: i1[16]; \
         rows: i32[]; start: i64[]"
    );
    assert_eq!(
        results,
        "state 0: i64[2]; status: i64[2]; mask: i1[16]; emitted column 1: i32[16]; emitted column 1's validity: i1[16]"
    );
}

#[test]
fn a_sliced_step_that_expands_names_its_rows() {
    let mut manifest = manifest();
    let stage = &mut manifest.variants[0].stages[1];
    stage.drivers[0].expands = true;
    stage.drivers[0].passed = vec![None; 2];
    let abi = Abi::of(stage, &manifest.host_tables, ProgramKind::Step(0), 0).unwrap();
    let kinds: Vec<_> = abi.results.iter().map(|slot| slot.kind.to_string()).collect();
    assert_eq!(kinds[2..5], ["mask", "origin", "emitted column 0"]);
    assert_eq!(kinds.last().map(String::as_str), Some("total"));
    assert_eq!(abi.arguments.last().map(|slot| slot.kind), Some(SlotKind::Offset));
}

#[test]
fn what_is_not_there_is_named() {
    let manifest = manifest();
    let of = |kind, rung| Abi::of(&manifest.variants[0].stages[0], &[], kind, rung).unwrap_err().to_string();
    assert_eq!(of(ProgramKind::Step(3), 0), "driver 3 is not there");
    assert_eq!(of(ProgramKind::Finish, 9), "rung of a state tensor 9 is not there");
}
