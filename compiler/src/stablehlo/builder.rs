//! The builder's core: values with their types, source locations, and one function through which every operation goes.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use dj_runtime::pjrt::Platform;
use melior::ir::attribute::{BoolAttribute, DenseI64ArrayAttribute, IntegerAttribute};
use melior::ir::block::BlockLike;
use melior::ir::operation::OperationBuilder;
use melior::ir::r#type::{IntegerType, RankedTensorType};
use melior::ir::{Attribute, AttributeLike, Block, Identifier, Region, RegionLike, Type, ValueLike};
use rustc_hash::FxHashMap;

use super::collective::CollectiveMode;
use super::print::Texts;
use super::{Element, TensorType};

/// A tensor in a program under construction. Cheap to copy; [`Builder::ty`] gives its type.
#[derive(Clone, Copy, PartialEq)]
pub struct Value<'c> {
    pub(super) raw: melior::ir::Value<'c, 'c>,
    pub(super) ty: TypeId,
}

/// An interned [`TensorType`] of one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct TypeId(u32);

/// A place in a `.dj` file, counted from 1, that operations are attributed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location<'a> {
    /// The file's name as the user gave it.
    pub file: &'a str,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
}

/// What the builders of a session's modules share.
pub(super) struct SessionState<'c> {
    pub(super) context: &'c melior::Context,
    pub(super) platform: Platform,
    pub(super) collectives: CollectiveMode,
    /// The next channel of the module.
    pub(super) channels: Cell<i64>,
    /// What operations are attributed to.
    place: Cell<melior::ir::Location<'c>>,
    types: RefCell<Vec<(TensorType, Type<'c>)>>,
    type_ids: RefCell<FxHashMap<TensorType, TypeId>>,
    parsed: RefCell<FxHashMap<String, Attribute<'c>>>,
    pub(super) texts: Texts,
}

impl<'c> SessionState<'c> {
    pub(super) fn new(context: &'c melior::Context, platform: Platform, collectives: CollectiveMode) -> Rc<Self> {
        Rc::new(Self {
            context,
            platform,
            collectives,
            channels: Cell::new(1),
            place: Cell::new(melior::ir::Location::unknown(context)),
            types: RefCell::default(),
            type_ids: RefCell::default(),
            parsed: RefCell::default(),
            texts: Texts::default(),
        })
    }

    /// Forgets what belongs to one module.
    pub(super) fn start_module(&self) {
        self.channels.set(1);
        self.place.set(melior::ir::Location::unknown(self.context));
    }

    pub(super) fn intern(&self, ty: TensorType) -> TypeId {
        if let Some(&id) = self.type_ids.borrow().get(&ty) {
            return id;
        }
        let mut types = self.types.borrow_mut();
        let id = TypeId(types.len() as u32);
        types.push((ty.clone(), tensor_type(self.context, &ty)));
        self.type_ids.borrow_mut().insert(ty, id);
        id
    }

    pub(super) fn mlir_type(&self, id: TypeId) -> Type<'c> {
        self.types.borrow()[id.0 as usize].1
    }
}

/// Appends operations to one block.
///
/// Methods take `&self`, so calls nest: `b.add(b.multiply(x, y), z)`. An operand of rank 0 of a binary operation is
/// broadcast to the other's shape. Operations with a region hand their body a builder of its own; that body must use it,
/// not the outer one.
pub struct Builder<'c> {
    pub(super) session: Rc<SessionState<'c>>,
    pub(super) block: Block<'c>,
    pub(super) constants: RefCell<FxHashMap<(TypeId, u64), Value<'c>>>,
    /// The operations without regions of the block, by what makes two of them equal.
    known: RefCell<FxHashMap<Box<[usize]>, Value<'c>>>,
}

/// An operation about to be appended.
pub(super) struct Operation<'a, 'c> {
    pub(super) name: &'static str,
    pub(super) operands: &'a [Value<'c>],
    pub(super) attributes: &'a [(&'static str, Attribute<'c>)],
    pub(super) regions: Vec<Region<'c>>,
    pub(super) results: &'a [TypeId],
}

impl<'c> Builder<'c> {
    pub(super) fn new(session: Rc<SessionState<'c>>, parameters: &[TypeId]) -> (Self, Vec<Value<'c>>) {
        let place = session.place.get();
        let types: Vec<_> = parameters.iter().map(|&id| (session.mlir_type(id), place)).collect();
        let block = Block::new(&types);
        let values = parameters
            .iter()
            .enumerate()
            .map(|(index, &ty)| match block.argument(index) {
                Ok(argument) => Value { raw: argument.into(), ty },
                Err(error) => panic!("a block lost its parameter: {error}"),
            })
            .collect();
        (Self { session, block, constants: RefCell::default(), known: RefCell::default() }, values)
    }

    /// What the program will run on.
    #[must_use]
    pub fn platform(&self) -> Platform {
        self.session.platform
    }

    /// The type of a value.
    #[must_use]
    pub fn ty(&self, value: Value<'c>) -> TensorType {
        self.session.types.borrow()[value.ty.0 as usize].0.clone()
    }

    /// The element type of a value.
    #[must_use]
    pub fn element(&self, value: Value<'c>) -> Element {
        self.session.types.borrow()[value.ty.0 as usize].0.element
    }

    /// The dimensions of a value.
    #[must_use]
    pub fn dims(&self, value: Value<'c>) -> Vec<i64> {
        self.ty(value).dims
    }

    /// The number of dimensions of a value.
    #[must_use]
    pub fn rank(&self, value: Value<'c>) -> usize {
        self.session.types.borrow()[value.ty.0 as usize].0.dims.len()
    }

    /// The size of a value's outermost dimension: a vector's length.
    #[must_use]
    #[track_caller]
    pub fn length(&self, value: Value<'c>) -> i64 {
        match self.session.types.borrow()[value.ty.0 as usize].0.dims.first() {
            Some(&length) => length,
            None => panic!("a scalar has no length"),
        }
    }

    /// Attributes later operations to `location`.
    pub fn set_location(&self, location: Location<'_>) {
        self.session.place.set(melior::ir::Location::new(
            self.session.context,
            location.file,
            location.line,
            location.column,
        ));
    }

    /// Attributes the operations that `body` appends to `location`.
    pub fn at<R>(&self, location: Location<'_>, body: impl FnOnce() -> R) -> R {
        let before = self.session.place.get();
        self.set_location(location);
        let result = body();
        self.session.place.set(before);
        result
    }

    /// Names the operations that `body` appends, keeping their place in the source; profilers show the name.
    pub fn named<R>(&self, name: &str, body: impl FnOnce() -> R) -> R {
        let before = self.session.place.get();
        self.session.place.set(melior::ir::Location::name(self.session.context, name, before));
        let result = body();
        self.session.place.set(before);
        result
    }

    pub(super) fn type_id(&self, element: Element, dims: impl Into<Vec<i64>>) -> TypeId {
        self.session.intern(TensorType::new(element, dims))
    }

    pub(super) fn intern(&self, ty: &TensorType) -> TypeId {
        self.session.intern(ty.clone())
    }

    /// The type of `value` with another element.
    pub(super) fn with_element(&self, value: Value<'c>, element: Element) -> TypeId {
        if self.element(value) == element { value.ty } else { self.type_id(element, self.dims(value)) }
    }

    /// An operation without regions that has one result: it computes the same of the same operands, so that the block has
    /// it once, where it was first asked for.
    pub(super) fn op(
        &self,
        name: &'static str,
        operands: &[Value<'c>],
        attributes: &[(&'static str, Attribute<'c>)],
        result: TypeId,
    ) -> Value<'c> {
        let key = identity(name, operands, attributes, result);
        if let Some(known) = self.known.borrow().get(&key) {
            return *known;
        }
        let operation = Operation { name, operands, attributes, regions: vec![], results: &[result] };
        let value = self.append_single(operation);
        self.known.borrow_mut().insert(key, value);
        value
    }

    /// Appends an operation that has one result.
    pub(super) fn append_single(&self, operation: Operation<'_, 'c>) -> Value<'c> {
        let name = operation.name;
        match self.append(operation)[..] {
            [value] => value,
            _ => panic!("{name} has one result"),
        }
    }

    /// Appends an operation.
    pub(super) fn append(&self, operation: Operation<'_, 'c>) -> Vec<Value<'c>> {
        let (name, results) = (operation.name, operation.results);
        let built = self.block.append_operation(self.detached(operation));
        let value = |(index, &ty)| match built.result(index) {
            Ok(result) => Value { raw: result.into(), ty },
            Err(error) => panic!("{name}: {error}"),
        };
        results.iter().enumerate().map(value).collect()
    }

    /// Makes an operation that is in no block yet.
    pub(super) fn detached(&self, operation: Operation<'_, 'c>) -> melior::ir::Operation<'c> {
        let Operation { name, operands, attributes, regions, results } = operation;
        let operands: Vec<_> = operands.iter().map(|operand| operand.raw).collect();
        let types: Vec<_> = results.iter().map(|&id| self.session.mlir_type(id)).collect();
        let attributes: Vec<_> = attributes
            .iter()
            .map(|&(key, attribute)| (Identifier::new(self.session.context, key), attribute))
            .collect();
        let built = OperationBuilder::new(name, self.session.place.get())
            .add_operands(&operands)
            .add_results(&types)
            .add_attributes(&attributes)
            .add_regions_vec(regions)
            .build();
        match built {
            Ok(built) => built,
            Err(error) => panic!("{name}: {error}"),
        }
    }

    /// A region of one block with `parameters`, ended by a return of what `body` yields; and the types of that.
    pub(super) fn region(
        &self,
        parameters: &[TypeId],
        body: impl FnOnce(&Builder<'c>, &[Value<'c>]) -> Vec<Value<'c>>,
    ) -> (Region<'c>, Vec<TypeId>) {
        let (inner, values) = Builder::new(self.session.clone(), parameters);
        let results = body(&inner, &values);
        let region = inner.finish("stablehlo.return", &results);
        (region, results.iter().map(|value| value.ty).collect())
    }

    /// Ends the block with `terminator`.
    pub(super) fn finish(self, terminator: &'static str, results: &[Value<'c>]) -> Region<'c> {
        self.append(Operation { name: terminator, operands: results, attributes: &[], regions: vec![], results: &[] });
        let region = Region::new();
        region.append_block(self.block);
        region
    }

    /// An attribute that melior has no constructor for; each spelling is parsed once.
    pub(super) fn parsed(&self, text: &str) -> Attribute<'c> {
        if let Some(&attribute) = self.session.parsed.borrow().get(text) {
            return attribute;
        }
        let Some(attribute) = Attribute::parse(self.session.context, text) else {
            panic!("not an attribute: {text}");
        };
        self.session.parsed.borrow_mut().insert(text.to_owned(), attribute);
        attribute
    }

    pub(super) fn integers(&self, values: &[i64]) -> Attribute<'c> {
        DenseI64ArrayAttribute::new(self.session.context, values).into()
    }

    pub(super) fn flag(&self, value: bool) -> Attribute<'c> {
        BoolAttribute::new(self.session.context, value).into()
    }

    pub(super) fn integer(&self, bits: u32, value: i64) -> Attribute<'c> {
        IntegerAttribute::new(IntegerType::new(self.session.context, bits).into(), value).into()
    }
}

/// What makes two operations equal: name, operands, attributes and type. MLIR keeps equal attributes at one address.
fn identity(
    name: &'static str,
    operands: &[Value<'_>],
    attributes: &[(&'static str, Attribute<'_>)],
    result: TypeId,
) -> Box<[usize]> {
    // Texts of the program stand at different addresses, or differ in their lengths, which no address reaches.
    let text = |text: &'static str| text.as_ptr().addr() ^ (text.len() << 56);
    let mut key = Vec::with_capacity(2 + operands.len() + 2 * attributes.len());
    key.extend([text(name), (result.0 as usize) << 32 | operands.len()]);
    key.extend(operands.iter().map(|operand| operand.raw.to_raw().ptr.addr()));
    for (name, attribute) in attributes {
        key.extend([text(name), attribute.to_raw().ptr.addr()]);
    }
    key.into_boxed_slice()
}

fn tensor_type<'c>(context: &'c melior::Context, ty: &TensorType) -> Type<'c> {
    let element = match ty.element {
        Element::Pred => IntegerType::new(context, 1).into(),
        Element::S8 => IntegerType::new(context, 8).into(),
        Element::S16 => IntegerType::new(context, 16).into(),
        Element::S32 => IntegerType::new(context, 32).into(),
        Element::S64 => IntegerType::new(context, 64).into(),
        Element::U8 => IntegerType::unsigned(context, 8).into(),
        Element::U16 => IntegerType::unsigned(context, 16).into(),
        Element::U32 => IntegerType::unsigned(context, 32).into(),
        Element::U64 => IntegerType::unsigned(context, 64).into(),
        Element::F32 => Type::float32(context),
        Element::F64 => Type::float64(context),
    };
    let dims: Vec<u64> = ty.dims.iter().map(|&dim| dim as u64).collect();
    RankedTensorType::new(&dims, element, None).into()
}
