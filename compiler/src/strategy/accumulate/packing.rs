//! Accumulators in few tensors: what is only ever added to stands side by side in one row a slot.
//!
//! A row's slot is far from the next row's, so that a scatter waits for memory. One scatter of four numbers that are neighbours takes
//! less than half of four scatters of one.

use super::{Accumulator, AccumulatorKind, Accumulators, Addresses};
use crate::lower::Cx;
use crate::stablehlo::{Combiner, Element, Value};
use dj_runtime::artifact::Init;

/// How the parts of accumulators are kept in tensors.
pub(in crate::strategy) struct Packing {
    packs: Vec<Pack>,
}

/// The parts that one tensor holds, side by side.
struct Pack {
    element: Element,
    init: Init,
    /// The accumulator of each part, and which of its parts it is.
    parts: Vec<(usize, usize)>,
    is_added_to: bool,
}

impl AccumulatorKind {
    /// Whether all of its parts are sums.
    fn is_added_to(self) -> bool {
        match self {
            Self::Count | Self::Sum | Self::WideSum | Self::FloatSum => true,
            Self::Min | Self::Max | Self::First | Self::Last | Self::Moments => false,
        }
    }
}

impl Packing {
    /// Sums of one element share a tensor; every other part has one of its own.
    pub(in crate::strategy) fn new(cx: &Cx<'_, '_>, accumulators: &Accumulators) -> Self {
        let mut packs: Vec<Pack> = Vec::new();
        for (index, accumulator) in accumulators.all.iter().enumerate() {
            let is_added_to = accumulator.kind.is_added_to();
            for (part, (element, init)) in accumulator.state(cx, &accumulators.order).into_iter().enumerate() {
                let shared = packs.iter_mut().find(|pack| is_added_to && pack.is_added_to && pack.element == element);
                match shared {
                    Some(pack) => pack.parts.push((index, part)),
                    None => packs.push(Pack { element, init, parts: vec![(index, part)], is_added_to }),
                }
            }
        }
        Self { packs }
    }

    /// The tensors: element, what it holds before the first row, and how many parts a slot has in it.
    pub(in crate::strategy) fn tensors(&self) -> impl Iterator<Item = (Element, Init, usize)> {
        self.packs.iter().map(|pack| (pack.element, pack.init, pack.parts.len()))
    }

    /// The parts of every accumulator, slot by slot.
    pub(in crate::strategy) fn unpack<'c>(
        &self,
        cx: &Cx<'_, 'c>,
        accumulators: &Accumulators,
        tensors: &[Value<'c>],
    ) -> Vec<Vec<Value<'c>>> {
        let part = |index: usize, part: usize| {
            let find = |pack: &Pack| pack.parts.iter().position(|known| *known == (index, part));
            let found = self.packs.iter().zip(tensors).find_map(|(pack, tensor)| Some((pack, tensor, find(pack)?)));
            let (pack, tensor, at) =
                found.unwrap_or_else(|| unreachable!("part {part} of accumulator {index} is kept"));
            column(cx, *tensor, pack.parts.len(), at)
        };
        let of = |(index, accumulator): (usize, &Accumulator)| {
            let parts = accumulator.state(cx, &accumulators.order).len();
            (0..parts).map(|at| part(index, at)).collect()
        };
        accumulators.all.iter().enumerate().map(of).collect()
    }

    /// The tensors with the lanes' states added at their addresses.
    pub(in crate::strategy) fn combine<'c>(
        &self,
        cx: &Cx<'_, 'c>,
        accumulators: &Accumulators,
        tensors: &[Value<'c>],
        lanes: &[Vec<Value<'c>>],
        at: Addresses<'c>,
    ) -> Vec<Value<'c>> {
        let b = cx.b;
        let states = self.unpack(cx, accumulators, tensors);
        let mut combined: Vec<Option<Vec<Value<'c>>>> = vec![None; accumulators.all.len()];
        let mut packed = Vec::new();
        for (pack, tensor) in self.packs.iter().zip(tensors) {
            let (index, part) = pack.parts[0];
            let accumulator = &accumulators.all[index];
            packed.push(if pack.is_added_to && pack.parts.len() > 1 {
                let width = pack.parts.len() as i64;
                let added: Vec<_> = pack.parts.iter().map(|(index, part)| lanes[*index][*part]).collect();
                let added: Vec<_> = added.iter().map(|lane| b.reshape(*lane, &[b.length(*lane), 1])).collect();
                let rows = b.reshape(*tensor, &[b.length(*tensor) / width, width]);
                let rows = cx.at(accumulator.span, || at.add(b, rows, b.concatenate(&added, 1), Combiner::Add));
                b.reshape(rows, &b.dims(*tensor))
            } else {
                let all = combined[index].get_or_insert_with(|| {
                    cx.combine_accumulator(accumulators, index, &states[index], &lanes[index], at)
                });
                all[part]
            });
        }
        packed
    }
}

/// A part of every slot.
fn column<'c>(cx: &Cx<'_, 'c>, tensor: Value<'c>, width: usize, at: usize) -> Value<'c> {
    let b = cx.b;
    if width == 1 {
        return tensor;
    }
    let (slots, width, at) = (b.length(tensor) / width as i64, width as i64, at as i64);
    let rows = b.reshape(tensor, &[slots, width]);
    b.reshape(b.slice(rows, &[0, at], &[slots, at + 1], &[1, 1]), &[slots])
}
