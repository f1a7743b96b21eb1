//! `emit`: rows leave as they come, chunk by chunk.

use super::{FinishResult, Layout, Length, StateSpec, StepResult, Strategy};
use crate::encode::Expr;
use crate::lower::{Cx, Rows};
use crate::physical::{Stage, Together};
use crate::stablehlo::{Element, Value};
use dj_runtime::artifact::{Part, SlotKind};

/// Rows leave as they come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emit;

impl Strategy for Emit {
    fn name(&self) -> &'static str {
        "emit"
    }

    fn expressions(&self) -> Vec<&Expr> {
        vec![]
    }

    /// What is emitted comes out as it came in.
    fn relies_on_arrival(&self) -> bool {
        true
    }

    fn emits(&self) -> bool {
        true
    }

    fn together(&self) -> Together<'_> {
        Together::Apart
    }

    /// Nothing is kept.
    fn state(&self, _cx: &Cx<'_, '_>, _stage: &Stage) -> Vec<StateSpec> {
        vec![]
    }

    /// The mask and the columns that are lanes; what the host passes on is none.
    fn step<'c>(&self, cx: &Cx<'_, 'c>, stage: &Stage, rows: &Rows<'c>, _state: &[Value<'c>]) -> StepResult<'c> {
        let mut emitted = vec![(SlotKind::Mask, rows.active)];
        for (index, column) in stage.result.iter().enumerate() {
            let Some(lane) = rows.columns.get(&column.id) else { continue };
            let tensors = [Part::Values, Part::Validity].into_iter().zip(cx.column_tensors(*lane, column));
            emitted.extend(tensors.map(|(part, value)| (SlotKind::Emitted { column: index, part }, value)));
        }
        StepResult { state: vec![], emitted }
    }

    fn merge<'c>(
        &self,
        _cx: &Cx<'_, 'c>,
        _stage: &Stage,
        _state: &[Value<'c>],
        _other: &[Value<'c>],
    ) -> Vec<Value<'c>> {
        vec![]
    }

    /// The host collects what is emitted.
    fn layout(&self, _cx: &Cx<'_, '_>, _stage: &Stage) -> Layout {
        Layout { tensors: vec![] }
    }

    fn length(&self, _cx: &Cx<'_, '_>, _stage: &Stage, length: Length) -> Vec<Vec<i64>> {
        unreachable!("no tensor of what is emitted has a length: {length:?}")
    }

    fn finish<'c>(&self, cx: &Cx<'_, 'c>, _stage: &Stage, _state: &[Value<'c>]) -> FinishResult<'c> {
        FinishResult { count: cx.b.constant_int(Element::S32, 0), tensors: vec![] }
    }
}
