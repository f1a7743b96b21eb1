//! A state moved to a larger rung, on the host: rarer than any step, it needs no program of its own, and may skip rungs.

use super::attempt::Attempt;
use super::error::{RunError, pairs};
use super::scalars::filled;
use super::stage_run::StageRun;
use super::state::{bits, device_dims, dims_at, state_bytes};
use super::status::Stop;
use crate::artifact::{DriverSource, ProgramKind, SinkKind, StateTensor};
use crate::pjrt::Buffer;

impl<'m> StageRun<'m> {
    /// Moves the state to a rung.
    pub(super) fn grow(&mut self, cx: &mut Attempt<'m, '_>, rung: usize) -> Result<(), Stop> {
        if rung >= self.stage.rungs.max(1) {
            return Err(self.too_large(&[]));
        }
        // A variant that assumes less may address less.
        let bytes = state_bytes(self.stage, rung, cx.device.replicas)?;
        let lease = cx.lease(self.stage, bytes).map_err(Stop::Replay)?;
        let mut grown = Vec::new();
        for (replica, tensors) in self.state.take()?.into_iter().enumerate() {
            let specs = pairs("state tensors and their specifications", &self.stage.state, tensors)?;
            let moved = specs.map(|(spec, buffer)| self.grown(cx, spec, buffer, rung, replica));
            grown.push(moved.collect::<Result<_, _>>()?);
        }
        self.state.put(grown);
        self.state.lease = Some(lease);
        self.state.rung = rung;
        let finish = self.program(cx, ProgramKind::Finish);
        cx.programs.prepare(self.stage.programs().contains(&finish.kind).then_some(finish));
        Ok(())
    }

    fn grown(
        &self,
        cx: &Attempt<'_, '_>,
        spec: &StateTensor,
        buffer: Buffer,
        rung: usize,
        replica: usize,
    ) -> Result<Buffer, RunError> {
        let (from, to) = (dims_at(spec, self.state.rung)?, dims_at(spec, rung)?);
        if from == to {
            return Ok(buffer);
        }
        let old = cx.device.to_host(&buffer)?;
        drop(buffer);
        let mut new = filled(spec.element, to.iter().product(), bits(spec));
        copy_into(&old, from, &mut new, to, spec.element.bytes());
        cx.device.own(new, spec.element, &device_dims(spec, rung)?, replica)
    }

    /// The rung that is likely to hold all rows: as many of those to come are taken to be kept as of those before.
    pub(super) fn expected_rung(&self, cx: &Attempt<'_, '_>) -> Result<usize, RunError> {
        let next = self.stage.next_rung(self.state.rung);
        let SinkKind::Fold { compacts: false, .. } = self.stage.sink.kind else { return Ok(next) };
        if next >= self.stage.rungs {
            // Which [`StageRun::grow`] refuses.
            return Ok(next);
        }
        let rows = self.stage.drivers.iter().map(|driver| match driver.source {
            DriverSource::Table(table) => Ok(cx.source(table)?.rows()),
            DriverSource::Stage(stage) => Ok(Some(cx.host(stage)?.rows() as u64)),
        });
        let rows = rows.collect::<Result<Vec<_>, RunError>>()?.into_iter().try_fold(0_u64, |all, rows| {
            // A file may claim any number of rows.
            all.checked_add(rows?)
        });
        let Some(rows) = rows else { return Ok(next) };
        let kept = u128::from(self.state.count) * u128::from(rows) / u128::from(self.rows.max(1));
        let kept = usize::try_from(kept).unwrap_or(usize::MAX).saturating_add(self.stage.chunk_rows);
        let holds = |rung: &usize| self.stage.rows_capacity(*rung).is_some_and(|capacity| capacity >= kept);
        let rung = (next..self.stage.rungs.max(1)).find(holds).unwrap_or(next);
        let affordable = cx.lease(self.stage, state_bytes(self.stage, rung, cx.device.replicas)?).is_ok();
        Ok(if affordable { rung } else { next })
    }
}

/// Copies a tensor to the corner of a larger one of as many dimensions.
fn copy_into(old: &[u8], from: &[usize], new: &mut [u8], to: &[usize], size: usize) {
    let Some((&length, outer)) = from.split_last() else {
        new.copy_from_slice(old);
        return;
    };
    let row = to.last().copied().unwrap_or(1);
    for index in 0..outer.iter().product() {
        // The index of the row along each outer dimension, and where that is in the new tensor.
        let (mut rest, mut at, mut stride) = (index, 0, 1);
        for (old, new) in outer.iter().zip(to).rev() {
            at += rest % old * stride;
            rest /= old;
            stride *= new;
        }
        let bytes = length * size;
        let start = at * row * size;
        new[start..start + bytes].copy_from_slice(&old[index * bytes..(index + 1) * bytes]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pjrt::AlignedBytes;

    #[test]
    fn every_element_keeps_its_indices() {
        let (from, to) = ([2, 3, 2], [4, 3, 5]);
        let old = AlignedBytes::from_slice(&(1..=12).collect::<Vec<u16>>());
        let mut new = AlignedBytes::zeroed(4 * 3 * 5 * 2);
        copy_into(&old, &from, &mut new, &to, 2);
        let (old, new) = (old.as_slice::<u16>(), new.as_slice::<u16>());
        for a in 0..4 {
            for b in 0..3 {
                for c in 0..5 {
                    let wanted = if a < 2 && c < 2 { old[(a * 3 + b) * 2 + c] } else { 0 };
                    assert_eq!(new[(a * 3 + b) * 5 + c], wanted, "{a} {b} {c}");
                }
            }
        }
    }

    #[test]
    fn a_scalar_is_copied() {
        let mut new = AlignedBytes::zeroed(8);
        copy_into(&AlignedBytes::from_slice(&[7_i64]), &[], &mut new, &[], 8);
        assert_eq!(new.as_slice::<i64>(), [7]);
    }
}
