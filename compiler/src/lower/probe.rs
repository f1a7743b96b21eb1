//! The probe side of joins: what becomes of a row and its matches, which the build side's strategy finds.

use super::ask::{Answer, Questions};
use super::context::{Cx, Lane, Rows};
use super::expr::Scope;
use super::rows::ChunkInputs;
use crate::physical::{Exchange, Probe};
use crate::plan::JoinKind;
use crate::stablehlo::{Combiner, Direction, Element, Indices, Value};
use crate::strategy::{BuildStrategy, Built, Matches, Role, Sought};
use dj_runtime::artifact::{CapacityKind, Dim, Resident, ResidentTensor, SinkKind};

/// The first build row that each lane matches.
pub(crate) struct Match<'c> {
    /// Its position, `i32`; anything where there is none.
    pub(crate) row: Value<'c>,
    /// Whether there is one.
    pub(crate) found: Value<'c>,
}

/// Where a join looks.
struct BuildSide<'a, 'c> {
    strategy: &'a dyn BuildStrategy,
    built: Built<'c>,
    /// Whether each device has a part of it.
    is_shared: bool,
}

impl<'c> Cx<'_, 'c> {
    /// Rows with the columns of their matches; and for a many-to-many join how many rows the chunk gives in all.
    pub(crate) fn probe(
        &self,
        rows: Rows<'c>,
        probe: &Probe,
        chunk: &ChunkInputs<'c>,
    ) -> (Rows<'c>, Option<Value<'c>>) {
        let stage = &self.lowering.variant.stages[probe.build];
        let strategy = stage.sink.strategy().build();
        let strategy = strategy.unwrap_or_else(|| panic!("(P5) stage {} is no build side", probe.build));
        let side = BuildSide { strategy, built: self.built(probe.build), is_shared: stage.exchange == Exchange::Share };
        let sought = side.strategy.sought(self, &rows, probe, &side.built);
        match probe.matches {
            Matches::One(_) | Matches::Nearest(_) => (self.join_one(rows, probe, &side, &sought), None),
            Matches::Many => {
                let (rows, total) = self.expand(&rows, probe, &side, &sought, chunk);
                (rows, Some(total))
            }
        }
    }

    /// What `answer` gives for what lanes look for in a build side: here, or on the devices that have it.
    fn looked_up(
        &self,
        side: &BuildSide<'_, 'c>,
        sought: &Sought<'c>,
        elements: &[Element],
        answer: Answer<'_, 'c>,
    ) -> Vec<Value<'c>> {
        if !side.is_shared {
            return answer(self, &sought.keys, sought.exists);
        }
        let (to, about) = side.strategy.home(self, &sought.keys);
        self.asked(&Questions { asks: sought.exists, to, about }, elements, answer)
    }

    /// The elements of the columns of a build side that a join takes.
    fn payload_elements(&self, side: &BuildSide<'_, 'c>, probe: &Probe) -> Vec<Element> {
        self.payload_at(side, probe, None).into_iter().map(|tensor| self.b.element(tensor)).collect()
    }

    /// The columns of a build side that a join takes, of the rows at some places: values, and validity where there is one. Without
    /// places those of all rows.
    fn payload_at(&self, side: &BuildSide<'_, 'c>, probe: &Probe, rows: Option<Value<'c>>) -> Vec<Value<'c>> {
        let tensors = probe.payload.iter().flat_map(|(index, _)| {
            let Lane { value, valid } = self.built_column(&side.built, *index);
            std::iter::once(value).chain(valid)
        });
        tensors.map(|tensor| rows.map_or(tensor, |rows| self.b.gather(tensor, rows))).collect()
    }

    /// Columns of a build side, as the row's own.
    fn take_payload(
        &self,
        rows: &mut Rows<'c>,
        side: &BuildSide<'_, 'c>,
        probe: &Probe,
        tensors: impl IntoIterator<Item = Value<'c>>,
    ) {
        let mut tensors = tensors.into_iter();
        let mut next = || tensors.next().unwrap_or_else(|| unreachable!("a build side gives all columns"));
        for (index, column) in &probe.payload {
            let value = self.to_element(next(), self.column_element(column.id, column.ty));
            let valid = side.built.tensor(Role::Validity(*index)).map(|_| next());
            rows.columns.insert(column.id, Lane { value, valid });
        }
    }

    /// The result of a build side, as a resident.
    fn built(&self, stage: usize) -> Built<'c> {
        let manifest = &self.lowering.lowered[stage];
        let SinkKind::Fold { tensors, .. } = &manifest.sink.kind else { unreachable!("a build side is folded") };
        let rung = manifest.first_rung;
        // Tensors of one length share a capacity, that of the first of them.
        let lengths: Vec<&Vec<usize>> = tensors.iter().map(|tensor| &tensor.dims).collect();
        let resident = |tensor: &dj_runtime::artifact::ResultTensor| {
            let grows = tensor.dims.iter().any(|length| *length != tensor.dims[0]);
            let dim = if grows {
                let first = lengths.iter().position(|length| **length == tensor.dims);
                let first = first.unwrap_or_else(|| unreachable!("a tensor has its own length"));
                let holds = CapacityKind::Result { stage, tensor: first };
                Dim::Capacity(self.interface.borrow_mut().capacity(tensor.dims[rung], holds))
            } else {
                Dim::Fixed(tensor.dims[0])
            };
            // Padding of an address table says that no row is there; other padding is behind the count.
            ResidentTensor { element: tensor.element, dim, pad: -1 }
        };
        let wanted = Resident::Result { stage, tensors: tensors.iter().map(resident).collect() };
        let values = self.resident(wanted);
        let stage = &self.lowering.variant.stages[stage];
        let layout = stage.sink.strategy().layout(self, stage);
        Built { layout, count: values[0], tensors: values[1..].to_vec() }
    }

    /// A column of a build side.
    fn built_column(&self, built: &Built<'c>, index: usize) -> Lane<'c> {
        let value = built.tensor(Role::Values(index));
        let value = value.unwrap_or_else(|| panic!("(P5) a build side has no column {index}"));
        Lane { value, valid: built.tensor(Role::Validity(index)) }
    }

    /// The rows with the columns of at most one match each.
    fn join_one(&self, rows: Rows<'c>, probe: &Probe, side: &BuildSide<'_, 'c>, sought: &Sought<'c>) -> Rows<'c> {
        let b = self.b;
        let mut rows = rows;
        let elements: Vec<_> = [Element::Pred].into_iter().chain(self.payload_elements(side, probe)).collect();
        let answers = self.looked_up(side, sought, &elements, &|cx, keys, active| {
            let Match { row, found } = side.strategy.search(cx, keys, active, &side.built);
            let payload = cx.payload_at(side, probe, Some(row));
            std::iter::once(found).chain(payload).collect()
        });
        self.take_payload(&mut rows, side, probe, answers[1..].iter().copied());
        // A lane that asks nothing is told anything.
        let mut matched = b.and(answers[0], sought.exists);
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
        side: &BuildSide<'_, 'c>,
        sought: &Sought<'c>,
        chunk: &ChunkInputs<'c>,
    ) -> (Rows<'c>, Value<'c>) {
        let b = self.b;
        let lanes = rows.lanes;
        let zero = b.full_int(Element::S64, &[lanes], 0);
        let run_end = side.strategy.run_ends(&side.built);
        let run_end = run_end.unwrap_or_else(|| panic!("(P5) stage {} finds one match a row", probe.build));
        let elements = [Element::Pred, Element::S32, Element::S32];
        let first = self.looked_up(side, sought, &elements, &|cx, keys, active| {
            let Match { row, found } = side.strategy.search(cx, keys, active, &side.built);
            vec![found, row, cx.b.subtract(cx.b.gather(run_end, row), row)]
        });
        let (found, first, matches) = (b.and(first[0], sought.exists), first[1], first[2]);
        let matches = b.select(found, b.convert(matches, Element::S64), zero);
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
        let matched = b.and(b.gather(found, source), active);
        let none = b.full_int(Element::S32, &[lanes], 0);
        let row = b.select(matched, b.add(b.gather(first, source), nth), none);

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
        let payload = if side.is_shared && !probe.payload.is_empty() {
            let to = b.gather(side.strategy.home(self, &sought.keys).0, source);
            let questions = Questions { asks: matched, to, about: vec![row] };
            let elements = self.payload_elements(side, probe);
            self.asked(&questions, &elements, &|cx, rows, _| cx.payload_at(side, probe, Some(rows[0])))
        } else {
            self.payload_at(side, probe, Some(row))
        };
        self.take_payload(&mut joined, side, probe, payload);
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
