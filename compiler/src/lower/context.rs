//! What lowering one program of a stage has at hand: the builder, the inputs, and the places that may raise a status.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "floats and predicates are written differently; all integers alike"
)]

use crate::encode::{Dictionaries, Encoded, Expr, Type};
use crate::physical::Variant;
use crate::plan::Program;
use crate::stablehlo::{Builder, Element, Location, Value};
use dj_grammar::Span;
use dj_runtime::artifact::{
    Capacity, CapacityKind, Platform, Resident, ScalarInput, ScalarSource, Stage, StatusKind, StatusSite, Target, abi,
};
use dj_runtime::expr::{ColumnId, Interval};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// What does not change while the programs of a variant are lowered.
pub(crate) struct Lowering<'a> {
    /// The encoded program.
    pub(crate) program: &'a Program<Encoded>,
    /// Its dictionaries.
    pub(crate) dictionaries: &'a Dictionaries,
    /// Its stages.
    pub(crate) variant: &'a Variant,
    /// The manifests of the stages that are lowered already.
    pub(crate) lowered: &'a [Stage],
    /// What it will run on.
    pub(crate) target: &'a Target,
    /// Whether native kernels may be called where there are some.
    pub(crate) kernels: bool,
    /// The source, for locations and messages.
    pub(crate) source: &'a str,
    /// The source's file name.
    pub(crate) source_name: &'a str,
}

/// Capacities grow together that are within so many doublings of the least. Dictionaries are at least an eighth of a stage's buffer
/// of rows (`Strategy::least_dictionary`), so that these two do.
const NEAR: usize = 3;

/// What the programs of a stage read and report, found while they are lowered for the first time.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Interface {
    /// Tensors that stay on the device.
    pub(crate) residents: Vec<Resident>,
    /// Scalars.
    pub(crate) scalars: Vec<ScalarInput>,
    /// Sizes that grow with the rung. Their levels are known when all of them are; see [`Interface::set_levels`].
    pub(crate) capacities: Vec<Capacity>,
    /// What a status entry means.
    pub(crate) sites: Vec<StatusSite>,
    /// Entries that a dictionary has at rung 0 at least: a small dictionary beside a large buffer would let the buffer wait, and
    /// would be the first to be outgrown.
    pub(crate) least_dictionary: usize,
}

impl Interface {
    /// The index of a capacity, made if it is new.
    pub(crate) fn capacity(&mut self, base: usize, holds: CapacityKind) -> usize {
        let known = self.capacities.iter().position(|capacity| capacity.base == base && capacity.holds == holds);
        known.unwrap_or_else(|| {
            self.capacities.push(Capacity { base, level: 0, holds });
            self.capacities.len() - 1
        })
    }

    /// Lets large capacities wait for the small ones, because one rung scales them all: a build side of a million rows beside a
    /// buffer of sixteen would be sized for a billion before the buffer holds sixteen thousand.
    pub(crate) fn set_levels(&mut self) {
        let Some(least) = self.capacities.iter().map(|capacity| capacity.base).min() else { return };
        for capacity in &mut self.capacities {
            let doublings = (capacity.base / least).ilog2() as usize;
            capacity.level = doublings.saturating_sub(NEAR);
        }
    }

    /// The size of a capacity at a rung.
    pub(crate) fn size(&self, capacity: usize, rung: usize) -> usize {
        let capacity = &self.capacities[capacity];
        capacity.at(rung).unwrap_or_else(|| panic!("{capacity:?} passes 64 bits at rung {rung}"))
    }
}

fn position_or_push<T: PartialEq>(all: &mut Vec<T>, wanted: T) -> usize {
    all.iter().position(|known| *known == wanted).unwrap_or_else(|| {
        all.push(wanted);
        all.len() - 1
    })
}

/// The values of a program's arguments beyond state and chunk; `None` while the interface is being discovered.
pub(crate) type Inputs<'c> = Option<(Vec<Vec<Value<'c>>>, Vec<Vec<Value<'c>>>)>;

/// Lowering of one program.
pub(crate) struct Cx<'a, 'c> {
    /// The variant's constants.
    pub(crate) lowering: &'a Lowering<'a>,
    /// Appends to the program's body.
    pub(crate) b: &'a Builder<'c>,
    /// At which rung.
    pub(crate) rung: usize,
    /// What the stage's programs read.
    pub(crate) interface: &'a RefCell<Interface>,
    inputs: Inputs<'c>,
    fails: RefCell<Vec<Failure<'c>>>,
}

/// Lanes on which something went wrong.
#[derive(Clone, Copy)]
struct Failure<'c> {
    site: usize,
    lanes: Value<'c>,
    rows: Value<'c>,
}

/// The value of an expression on every lane.
#[derive(Clone, Copy)]
pub(crate) struct Lane<'c> {
    /// The values; anything where null.
    pub(crate) value: Value<'c>,
    /// Which are not null; `None` where all are.
    pub(crate) valid: Option<Value<'c>>,
}

/// The rows that a program has at hand: one lane each.
#[derive(Clone)]
pub(crate) struct Rows<'c> {
    /// How many lanes there are.
    pub(crate) lanes: i64,
    /// The columns.
    pub(crate) columns: BTreeMap<ColumnId, Lane<'c>>,
    /// Which lanes hold a row that is still wanted: `i1[lanes]`.
    pub(crate) active: Value<'c>,
    /// Whether the active lanes are known to be a prefix.
    pub(crate) dense: bool,
    /// The row that a lane came from, for messages: `i64[lanes]`.
    pub(crate) origin: Value<'c>,
    /// Where a lane's row stands, a tensor for each part of the stage's [`crate::physical::RowOrder`]; none where nothing
    /// reads it.
    pub(crate) order: Vec<Value<'c>>,
}

impl<'a, 'c> Cx<'a, 'c> {
    /// A lowering of one program at a rung.
    pub(crate) fn new(
        lowering: &'a Lowering<'a>,
        b: &'a Builder<'c>,
        rung: usize,
        interface: &'a RefCell<Interface>,
        inputs: Inputs<'c>,
    ) -> Self {
        Self { lowering, b, rung, interface, inputs, fails: RefCell::default() }
    }

    /// The same lowering in the body of a loop, where nothing may fail.
    pub(crate) fn within<R>(&self, body: &Builder<'c>, lower: impl FnOnce(&Cx<'_, 'c>) -> R) -> R {
        let Self { lowering, rung, interface, inputs, .. } = self;
        let inner = Cx { lowering, b: body, rung: *rung, interface, inputs: inputs.clone(), fails: RefCell::default() };
        let result = lower(&inner);
        assert!(inner.fails.take().is_empty(), "a status was raised in the body of a loop");
        result
    }

    /// Whether a CPU runs the program, so that native kernels may be called.
    pub(crate) fn on_cpu(&self) -> bool {
        self.lowering.target.platform == Platform::Cpu
    }

    /// Whether native kernels are called: there are some for CPUs, unless they are not wanted.
    pub(crate) fn calls_kernels(&self) -> bool {
        self.on_cpu() && self.lowering.kernels
    }

    /// What is known of an expression's values.
    pub(crate) fn interval(&self, expr: &Expr) -> Option<Interval> {
        self.lowering.variant.facts.interval_of(expr)
    }

    /// The element that holds values of a type within an interval: a TPU has no 64-bit integers of its own, so it is given
    /// 32 bits wherever they suffice.
    pub(crate) fn element_within(&self, ty: Type, interval: Option<Interval>) -> Element {
        element_within(self.lowering.target, ty, interval)
    }

    /// The element of an expression.
    pub(crate) fn element(&self, expr: &Expr) -> Element {
        self.element_within(expr.ty, self.interval(expr))
    }

    /// The element of a column.
    pub(crate) fn column_element(&self, id: ColumnId, ty: Type) -> Element {
        self.element_within(ty, self.lowering.variant.facts.interval(id))
    }

    /// The tensors of a resident.
    pub(crate) fn resident(&self, wanted: Resident) -> Vec<Value<'c>> {
        let index = position_or_push(&mut self.interface.borrow_mut().residents, wanted.clone());
        match &self.inputs {
            Some((residents, _)) => residents[index].clone(),
            None => self.placeholders(&resident_types(self.lowering, &self.interface.borrow(), &wanted, self.rung)),
        }
    }

    /// A scalar and its validity.
    pub(crate) fn scalar(&self, wanted: ScalarInput) -> Lane<'c> {
        let index = position_or_push(&mut self.interface.borrow_mut().scalars, wanted.clone());
        let values = match &self.inputs {
            Some((_, scalars)) => scalars[index].clone(),
            None => self.placeholders(&scalar_types(&wanted)),
        };
        Lane { value: values[0], valid: values.get(1).copied() }
    }

    fn placeholders(&self, types: &[(Element, Vec<i64>)]) -> Vec<Value<'c>> {
        types.iter().map(|(element, dims)| self.zeros(*element, dims)).collect()
    }

    /// A tensor of zeros, or of false.
    pub(crate) fn zeros(&self, element: Element, dims: &[i64]) -> Value<'c> {
        match element {
            Element::Pred => self.b.full_pred(dims, false),
            Element::F32 | Element::F64 => self.b.full_float(element, dims, 0.0),
            _ => self.b.full_int(element, dims, 0),
        }
    }

    /// The index of a place that may raise a status.
    pub(crate) fn site(&self, site: StatusSite) -> usize {
        assert!(site.span != Span::default(), "a status has no place in the source: {}", site.message);
        position_or_push(&mut self.interface.borrow_mut().sites, site)
    }

    /// Raises a status for the lanes that are set; `rows` names each lane's row.
    pub(crate) fn raise(&self, kind: StatusKind, span: Span, message: String, lanes: Value<'c>, rows: Value<'c>) {
        self.raise_with(StatusSite { kind, span, message, help: None }, lanes, rows);
    }

    /// Raises a status that says how to go on.
    pub(crate) fn raise_with(&self, site: StatusSite, lanes: Value<'c>, rows: Value<'c>) {
        let site = self.site(site);
        self.fails.borrow_mut().push(Failure { site, lanes, rows });
    }

    /// The status with everything that was raised, `i64[sites]`.
    ///
    /// Nothing fails as a rule, so which row failed is only looked for if any did.
    pub(crate) fn merge_status(&self, status: Value<'c>) -> Value<'c> {
        let b = self.b;
        // An expression that stands in several places fails at one: its lanes are looked at together.
        let mut fails: Vec<Failure<'c>> = vec![];
        for fail in self.fails.take() {
            let together = |known: &&mut Failure<'c>| known.site == fail.site && known.rows == fail.rows;
            match fails.iter_mut().find(together) {
                Some(known) => known.lanes = b.or(known.lanes, fail.lanes),
                None => fails.push(fail),
            }
        }
        // One reduction for all lanes of a length: each is a kernel of its own.
        let mut lanes: Vec<Value<'c>> = vec![];
        for fail in &fails {
            match lanes.iter_mut().find(|known| b.length(**known) == b.length(fail.lanes)) {
                Some(known) => *known = b.or(*known, fail.lanes),
                None => lanes.push(fail.lanes),
            }
        }
        let any = lanes.into_iter().map(|lanes| b.reduce_or(lanes)).reduce(|a, c| b.or(a, c));
        let Some(any) = any else { return status };
        let sites = b.length(status);
        let merged = b.if_then_else(
            any,
            |b| {
                let base = b.constant_int(Element::S64, dj_runtime::artifact::STATUS_BASE);
                let mut status = status;
                for fail in &fails {
                    let none = b.full_int(Element::S64, &b.dims(fail.lanes), 0);
                    let first = b.reduce_max(b.select(fail.lanes, b.subtract(base, fail.rows), none));
                    let here = b.compare(
                        crate::stablehlo::Direction::Eq,
                        b.iota(Element::S32, sites),
                        b.constant_int(Element::S32, fail.site as i64),
                    );
                    let raised = b.maximum(status, b.broadcast(first, &[sites]));
                    status = b.select(here, raised, status);
                }
                vec![status]
            },
            |_| vec![status],
        );
        merged[0]
    }

    /// What `body` gives, its operations attributed to a place in the source; nothing is at an empty span.
    pub(crate) fn at<R>(&self, span: Span, body: impl FnOnce() -> R) -> R {
        if span == Span::default() {
            return body();
        }
        let (line, column) = span.line_column(self.lowering.source);
        self.b.at(Location { file: self.lowering.source_name, line, column }, body)
    }

    /// The text of the source under a span, shortened, for messages.
    pub(crate) fn quote(&self, span: Span) -> String {
        let text: String = span.text(self.lowering.source).split_whitespace().collect::<Vec<_>>().join(" ");
        if text.chars().count() > 60 { format!("{}…", text.chars().take(59).collect::<String>()) } else { text }
    }
}

/// See [`Cx::element_within`].
pub(crate) fn element_within(target: &Target, ty: Type, interval: Option<Interval>) -> Element {
    let element = ty.element();
    let small = Interval::proven(i32::MIN.into(), i32::MAX.into());
    let wide = matches!(element, Element::S64 | Element::U32 | Element::U64);
    let fits = wide && ty.is_integral() && interval.is_some_and(|interval| interval.within(small));
    if target.platform == Platform::Tpu && fits { Element::S32 } else { element }
}

/// Where the value of a cell of a shared plan comes from.
pub(crate) fn cell_source(lowering: &Lowering<'_>, plan: usize, column: ColumnId) -> ScalarSource {
    let stage = lowering.variant.shared[plan];
    let stage = stage.unwrap_or_else(|| panic!("(P1) shared plan {plan} has a cell and no stage"));
    let result = &lowering.variant.stages[stage].result;
    let found = crate::physical::find(result, column);
    let column = found.unwrap_or_else(|| panic!("(P4) stage {stage} gives no column {column:?} for a cell"));
    ScalarSource::Cell { stage, column }
}

/// Elements and dimensions of a resident's tensors.
fn resident_types(
    lowering: &Lowering<'_>,
    interface: &Interface,
    resident: &Resident,
    rung: usize,
) -> Vec<(Element, Vec<i64>)> {
    let tensors = abi::resident_tensors(&interface.capacities, &lowering.dictionaries.host_tables, resident, rung);
    let tensors = tensors.unwrap_or_else(|missing| panic!("a resident is asked for, and {missing}"));
    tensors.into_iter().map(|(element, dims)| (element, device_dims(&dims))).collect()
}

/// Elements and dimensions of a scalar.
fn scalar_types(scalar: &ScalarInput) -> Vec<(Element, Vec<i64>)> {
    abi::scalar_elements(scalar).into_iter().map(|element| (element, vec![])).collect()
}

/// Dimensions as MLIR counts them.
pub(crate) fn device_dims(dims: &[usize]) -> Vec<i64> {
    let dim = |dim: &usize| i64::try_from(*dim).unwrap_or_else(|_| panic!("a tensor has {dim} elements"));
    dims.iter().map(dim).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(capacities: &[(usize, CapacityKind)]) -> Interface {
        let mut interface = Interface::default();
        for (base, holds) in capacities {
            interface.capacity(*base, *holds);
        }
        interface.set_levels();
        interface
    }

    fn sizes(interface: &Interface, rung: usize) -> Vec<usize> {
        (0..interface.capacities.len()).map(|index| interface.size(index, rung)).collect()
    }

    #[test]
    fn a_large_capacity_waits_for_a_small_one() {
        let built = CapacityKind::Result { stage: 0, tensor: 0 };
        let interface = interface(&[(16, CapacityKind::Rows), (1 << 17, built)]);
        assert_eq!(sizes(&interface, 0), [16, 1 << 17]);
        assert_eq!(sizes(&interface, 10), [1 << 14, 1 << 17]);
        assert_eq!(sizes(&interface, 11), [1 << 15, 1 << 18]);
        assert_eq!(sizes(&interface, 21), [1 << 25, 1 << 28]);
    }

    #[test]
    fn capacities_near_each_other_grow_together() {
        let interface = interface(&[(1024, CapacityKind::Dictionary(0)), (8192, CapacityKind::Rows)]);
        assert_eq!(sizes(&interface, 3), [8192, 65536]);
    }
}
