//! The probe side of joins: by address, or by binary search in the sorted build side.

use super::context::{Cx, Lane, Rows};
use super::expr::Scope;
use super::keys::WordKey;
use super::rows::ChunkInputs;
use super::sink::build::has_extents;
use crate::encode::Expr;
use crate::physical::{KeyDim, Probe, ProbeStrategy, Sink};
use crate::plan::JoinKind;
use crate::stablehlo::{Combiner, Direction, Element, Indices, Value};
use dj_runtime::artifact::{CapacityKind, Dim, Resident, ResidentTensor, SinkKind};

/// A build side on the device.
struct BuildSide<'c> {
    /// How many rows it has: `i32`.
    count: Value<'c>,
    /// Values, and validity where nullable, of its columns.
    columns: Vec<Lane<'c>>,
    /// The tensors after the columns: the extents of an address table, if they grow, and the table; or key words and ends
    /// of runs.
    others: Vec<Value<'c>>,
}

/// The build row that a lane matches.
struct Match<'c> {
    /// Its position; anything where there is none.
    row: Value<'c>,
    /// Whether there is one.
    found: Value<'c>,
}

impl<'c> Cx<'_, 'c> {
    /// Rows with the columns of their matches; and for a many-to-many join how many rows the chunk gives in all.
    pub(super) fn probe(
        &self,
        rows: Rows<'c>,
        probe: &Probe,
        chunk: &ChunkInputs<'c>,
    ) -> (Rows<'c>, Option<Value<'c>>) {
        let build = self.build_side(probe.build);
        match &probe.strategy {
            ProbeStrategy::Lookup => {
                let found = self.look_up(&rows, probe, &build);
                (self.join_one(rows, probe, &build, &found), None)
            }
            ProbeStrategy::MergeOne => {
                let found = self.search(&rows, probe, &build);
                (self.join_one(rows, probe, &build, &found), None)
            }
            ProbeStrategy::MergeMany => {
                let found = self.search(&rows, probe, &build);
                let (rows, total) = self.expand(&rows, probe, &build, &found, chunk);
                (rows, Some(total))
            }
        }
    }

    fn build_side(&self, stage: usize) -> BuildSide<'c> {
        let manifest = &self.lowering.lowered[stage];
        let SinkKind::Fold { tensors, .. } = &manifest.sink.kind else { unreachable!("a build side is folded") };
        let rung = manifest.first_rung;
        // Tensors of one length share a capacity, that of the first of them.
        let lengths: Vec<&Vec<usize>> = tensors.iter().map(|tensor| &tensor.dims).collect();
        let resident = |(index, tensor): (usize, &dj_runtime::artifact::ResultTensor)| {
            let grows = tensor.dims.iter().any(|length| *length != tensor.dims[0]);
            let dim = if grows {
                let first = lengths.iter().position(|length| **length == tensor.dims).unwrap_or(index);
                let holds = CapacityKind::Result { stage, tensor: first };
                Dim::Capacity(self.interface.borrow_mut().capacity(tensor.dims[rung], holds))
            } else {
                Dim::Fixed(tensor.dims[0])
            };
            // Padding of an address table says that no row is there; other padding is behind the count.
            ResidentTensor { element: tensor.element, dim, pad: -1 }
        };
        let wanted = Resident::Result { stage, tensors: tensors.iter().enumerate().map(resident).collect() };
        let values = self.resident(wanted);
        let (count, mut rest) = (values[0], &values[1..]);
        let mut columns = Vec::new();
        for column in &self.lowering.variant.stages[stage].result {
            let width = 1 + usize::from(column.nullable);
            columns.push(Lane { value: rest[0], valid: column.nullable.then(|| rest[1]) });
            rest = &rest[width..];
        }
        BuildSide { count, columns, others: rest.to_vec() }
    }

    fn keys(&self, rows: &Rows<'c>, probe: &Probe) -> Vec<Lane<'c>> {
        probe.keys.iter().map(|key| self.expr(Scope::of(rows), key)).collect()
    }

    /// The match of each lane in an address table.
    ///
    /// A code that the table's extents do not reach was not in the dictionary yet when the table was made, so no row has it.
    fn look_up(&self, rows: &Rows<'c>, probe: &Probe, build: &BuildSide<'c>) -> Match<'c> {
        let b = self.b;
        let Sink::Lookup { dims, .. } = &self.lowering.variant.stages[probe.build].sink else {
            unreachable!("stage {} is looked up in, and makes no table", probe.build)
        };
        let keys = self.keys(rows, probe);
        let (extents, table) = match (has_extents(dims), &build.others[..]) {
            (true, [told, table]) => {
                let told = |(key, dim): (usize, &KeyDim)| {
                    if dim.grows() { b.element_at(*told, key as i64) } else { self.extents(&[*dim])[0] }
                };
                (dims.iter().enumerate().map(told).collect(), *table)
            }
            (false, [table]) => (self.extents(dims), *table),
            (_, others) => unreachable!("a table of stage {} has {} further tensors", probe.build, others.len()),
        };
        let (address, inside) = self.address(&keys, dims, &extents);
        let zero = b.full_int(Element::S32, &[rows.lanes], 0);
        let row = b.gather(table, b.select(inside, address, zero));
        let found = b.and(inside, b.compare(Direction::Ge, row, zero));
        Match { row: b.select(found, row, zero), found: b.and(found, rows.active) }
    }

    /// The first match of each lane among sorted key words.
    fn search(&self, rows: &Rows<'c>, probe: &Probe, build: &BuildSide<'c>) -> Match<'c> {
        let b = self.b;
        let keys = self.keys(rows, probe);
        let valid = keys.iter().fold(None, |valid, key| self.both(valid, key.valid));
        let words = self.join_words(&keys, &probe.keys, probe.nulls_equal);
        let sorted = &build.others[..words.len()];
        let zero = b.full_int(Element::S32, &[rows.lanes], 0);
        let row = self.lower_bound(sorted, &words, build.count);
        let inside = b.compare(Direction::Lt, row, b.broadcast(build.count, &[rows.lanes]));
        let safe = b.select(inside, row, zero);
        let equal = sorted.iter().zip(&words);
        let equal = equal.map(|(sorted, word)| b.compare(Direction::Eq, b.gather(*sorted, safe), *word));
        let found = equal.fold(b.and(inside, rows.active), |all, equal| b.and(all, equal));
        let found = match valid {
            Some(valid) if !probe.nulls_equal => b.and(found, valid),
            _ => found,
        };
        Match { row: safe, found }
    }

    /// The words of a join's keys: the same for equal keys of both sides, whatever is known of either.
    pub(super) fn join_words(&self, lanes: &[Lane<'c>], keys: &[Expr], nulls_equal: bool) -> Vec<Value<'c>> {
        let key = |(lane, key): (&Lane<'c>, &Expr)| {
            let value = self.to_element(lane.value, key.ty.element());
            WordKey::of_group(Lane { value, valid: lane.valid }, None, nulls_equal)
        };
        self.words(&lanes.iter().zip(keys).map(key).collect::<Vec<_>>())
    }

    /// The first of `count` sorted rows whose words are not less than each lane's.
    fn lower_bound(&self, sorted: &[Value<'c>], words: &[Value<'c>], count: Value<'c>) -> Value<'c> {
        let b = self.b;
        let lanes = b.length(words[0]);
        let steps = 64 - (b.length(sorted[0]) as u64).leading_zeros();
        let low = b.full_int(Element::S32, &[lanes], 0);
        let high = b.broadcast(count, &[lanes]);
        let steps = b.constant_int(Element::S32, steps.into());
        let bounds = b.for_range(steps, &[low, high], |b, _, bounds| {
            let (low, high) = (bounds[0], bounds[1]);
            let open = b.compare(Direction::Lt, low, high);
            let one = b.constant_int(Element::S32, 1);
            let middle = b.divide(b.add(low, high), b.constant_int(Element::S32, 2));
            let mut less = b.full_pred(&[lanes], false);
            for (sorted, word) in sorted.iter().zip(words).rev() {
                let here = b.gather(*sorted, middle);
                let tie = b.and(b.compare(Direction::Eq, here, *word), less);
                less = b.or(b.compare(Direction::Lt, here, *word), tie);
            }
            let right = b.and(open, less);
            let left = b.and(open, b.not(less));
            vec![b.select(right, b.add(middle, one), low), b.select(left, middle, high)]
        });
        bounds[0]
    }

    /// The rows with the columns of at most one match each.
    fn join_one(&self, rows: Rows<'c>, probe: &Probe, build: &BuildSide<'c>, found: &Match<'c>) -> Rows<'c> {
        let b = self.b;
        let mut rows = rows;
        for (index, column) in &probe.payload {
            let lane = build.columns[*index];
            let value = b.gather(lane.value, found.row);
            let value = self.to_element(value, self.column_element(column.id, column.ty));
            let valid = lane.valid.map(|valid| b.gather(valid, found.row));
            rows.columns.insert(column.id, Lane { value, valid });
        }
        let mut matched = found.found;
        if let Some(residual) = &probe.residual {
            let scope = Scope::of(&rows).only(self, matched);
            let holds = self.truth(scope, residual);
            matched = b.and(matched, holds);
        }
        match probe.kind {
            JoinKind::Inner | JoinKind::Semi => {
                rows.active = b.and(rows.active, matched);
                rows.dense = false;
            }
            JoinKind::Anti => {
                rows.active = b.and(rows.active, b.not(matched));
                rows.dense = false;
            }
            JoinKind::Left => self.null_unless(&mut rows, probe, matched),
        }
        rows
    }

    /// The build side's columns, null where there is no match.
    fn null_unless(&self, rows: &mut Rows<'c>, probe: &Probe, matched: Value<'c>) {
        for (_, column) in &probe.payload {
            if let Some(lane) = rows.columns.get_mut(&column.id) {
                lane.valid = Some(lane.valid.map_or(matched, |valid| self.b.and(valid, matched)));
            }
        }
    }

    /// The pairs at `[offset, offset + lanes)` of all that the chunk gives, in the probe's order, then the build's.
    fn expand(
        &self,
        rows: &Rows<'c>,
        probe: &Probe,
        build: &BuildSide<'c>,
        first: &Match<'c>,
        chunk: &ChunkInputs<'c>,
    ) -> (Rows<'c>, Value<'c>) {
        let b = self.b;
        let lanes = rows.lanes;
        let zero = b.full_int(Element::S64, &[lanes], 0);
        let run_end = build.others[build.others.len() - 1];
        let matches = b.convert(b.subtract(b.gather(run_end, first.row), first.row), Element::S64);
        let matches = b.select(first.found, matches, zero);
        let counts = if probe.kind == JoinKind::Left {
            b.maximum(matches, b.convert(rows.active, Element::S64))
        } else {
            matches
        };
        let ends = b.inclusive_sum(counts);
        let starts = b.subtract(ends, counts);
        let total = b.last(ends);
        let offset = chunk.offset.unwrap_or_else(|| b.constant_int(Element::S64, 0));
        let source = self.sources(starts, ends, offset, lanes);
        let index = b.add(b.iota(Element::S64, lanes), b.broadcast(offset, &[lanes]));
        let active = b.compare(Direction::Lt, index, b.broadcast(total, &[lanes]));
        let nth = b.convert(b.subtract(index, b.gather(starts, source)), Element::S32);
        let matched = b.and(b.gather(first.found, source), active);
        let none = b.full_int(Element::S32, &[lanes], 0);
        let row = b.select(matched, b.add(b.gather(first.row, source), nth), none);

        let moved = |lane: &Lane<'c>, at| Lane {
            value: b.gather(lane.value, at),
            valid: lane.valid.map(|valid| b.gather(valid, at)),
        };
        let columns = rows.columns.iter().map(|(id, lane)| (*id, moved(lane, source))).collect();
        let origin = b.gather(rows.origin, source);
        // Where a row's place is known by its match too, that is its last part.
        let mut order: Vec<_> = rows.order.iter().map(|part| b.gather(*part, source)).collect();
        if let Some(last) = order.last_mut() {
            *last = nth;
        }
        let mut joined = Rows { lanes, columns, active, dense: true, origin, order };
        for (index, column) in &probe.payload {
            let mut lane = moved(&build.columns[*index], row);
            lane.value = self.to_element(lane.value, self.column_element(column.id, column.ty));
            joined.columns.insert(column.id, lane);
        }
        if probe.kind == JoinKind::Left {
            self.null_unless(&mut joined, probe, matched);
        }
        if let Some(residual) = &probe.residual {
            let holds = self.truth(Scope::of(&joined), residual);
            joined.active = b.and(joined.active, holds);
            joined.dense = false;
        }
        (joined, total)
    }

    /// For each lane of the window, the probe lane whose rows cover it.
    ///
    /// Every probe lane that gives rows marks where they begin; a running maximum carries the mark on.
    fn sources(&self, starts: Value<'c>, ends: Value<'c>, offset: Value<'c>, lanes: i64) -> Value<'c> {
        let b = self.b;
        let zero = b.full_int(Element::S64, &[lanes], 0);
        let offset = b.broadcast(offset, &[lanes]);
        let begin = b.maximum(b.subtract(starts, offset), zero);
        let gives = b.compare(Direction::Gt, ends, starts);
        let reaches = b.compare(Direction::Gt, ends, offset);
        let starts_in = b.compare(Direction::Lt, begin, b.constant_int(Element::S64, lanes));
        let marks = b.and(b.and(gives, reaches), starts_in);
        let nowhere = b.full_int(Element::S32, &[lanes], lanes);
        let at =
            b.select(marks, b.convert(b.minimum(begin, b.constant_int(Element::S64, lanes)), Element::S32), nowhere);
        let none = b.full_int(Element::S32, &[lanes], 0);
        let known = Indices { sorted: false, unique: false };
        let marked = b.scatter(none, at, b.iota(Element::S32, lanes), Combiner::Max, known);
        b.inclusive_max(marked)
    }
}
