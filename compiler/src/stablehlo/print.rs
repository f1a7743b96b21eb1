//! A function as the text of a module: MLIR's generic form with source locations, which every PJRT plugin parses.
//!
//! MLIR can print this itself, and in this crate's tests it must read every text as the module that it was. But it walks
//! every function twice, and melior takes its text in pieces of a few bytes: that took three quarters of the time from a
//! plan to text. Types, attributes and locations are unique within a context, so here MLIR prints each of them once for all
//! modules of a session.

use std::cell::RefCell;
use std::fmt::{Display, Write};
use std::ops::Range;
use std::rc::Rc;

use melior::ir::block::BlockLike;
use melior::ir::operation::OperationLike;
use melior::ir::{AttributeLike, Identifier, Location, Operation, RegionLike, RegionRef, TypeLike, ValueLike};
use rustc_hash::FxHashMap;

/// The texts of a context's types, attributes and locations, by where MLIR keeps each.
#[derive(Default)]
pub(super) struct Texts(RefCell<FxHashMap<usize, Rc<str>>>);

impl Texts {
    /// The text of `item`, which the context keeps at `address` for as long as it lives.
    fn get(&self, address: usize, item: impl Display) -> Rc<str> {
        self.0.borrow_mut().entry(address).or_insert_with(|| item.to_string().into()).clone()
    }
}

/// A text grows beyond this many bytes by moving.
const USUAL_LENGTH: usize = 1 << 15;

/// The text of the module `name` that holds `function`.
pub(super) fn print(texts: &Texts, name: &str, function: &Operation<'_>) -> String {
    let text = String::with_capacity(USUAL_LENGTH);
    let values = FxHashMap::default();
    let mut printer = Printer { texts, values, locations: vec![], arguments: 0, results: 0, text };
    printer.format(format_args!("\"builtin.module\"() <{{sym_name = \"{name}\"}}> ({{\n"));
    printer.operation(function, 1);
    printer.push("}) : () -> () loc(unknown)\n");
    for (index, (_, _, location)) in std::mem::take(&mut printer.locations).into_iter().enumerate() {
        printer.format(format_args!("#loc{index} = {location}\n"));
    }
    printer.text
}

struct Printer<'a> {
    texts: &'a Texts,
    /// By a value's address, where its name stands in the text, and its index if it is one of several results.
    values: FxHashMap<usize, (Range<usize>, Option<usize>)>,
    /// The addresses of the locations that occur, where ` loc(#loc0)` of each stands in the text, and what it is.
    locations: Vec<(usize, Range<usize>, Rc<str>)>,
    arguments: usize,
    results: usize,
    text: String,
}

impl Printer<'_> {
    fn operation<'c: 'a, 'a>(&mut self, operation: &impl OperationLike<'c, 'a>, depth: usize) {
        self.indent(depth);
        self.results_of(operation);
        self.push("\"");
        self.identifier(operation.name());
        self.push("\"(");
        self.list(operation.operands(), |printer, operand| {
            let (name, index) = printer.values[&(operand.to_raw().ptr as usize)].clone();
            printer.text.extend_from_within(name);
            if let Some(index) = index {
                printer.format(format_args!("#{index}"));
            }
        });
        self.push(")");
        if operation.region_count() > 0 {
            self.push(" (");
            self.list(operation.regions(), |printer, region| printer.region(region, depth));
            self.push(")");
        }
        self.attributes_of(operation);
        self.push(" : (");
        self.list(operation.operands(), |printer, operand| printer.type_of(operand));
        self.push(") -> ");
        let several = operation.result_count() != 1;
        self.push(if several { "(" } else { "" });
        self.list(operation.results(), |printer, result| printer.type_of(result));
        self.push(if several { ")" } else { "" });
        self.location(operation.location());
        self.push("\n");
    }

    /// Names the results of an operation: `%3 = `, or `%3:2 = ` of two, of which `%3#1` is the second.
    fn results_of<'c: 'a, 'a>(&mut self, operation: &impl OperationLike<'c, 'a>) {
        let count = operation.result_count();
        if count == 0 {
            return;
        }
        let number = self.results;
        self.results += 1;
        let name = self.formatted(format_args!("%{number}"));
        if count > 1 {
            self.format(format_args!(":{count}"));
        }
        self.push(" = ");
        for (index, result) in operation.results().enumerate() {
            self.values.insert(result.to_raw().ptr as usize, (name.clone(), (count > 1).then_some(index)));
        }
    }

    /// All attributes of an operation of a dialect that is not registered are discardable.
    fn attributes_of<'c: 'a, 'a>(&mut self, operation: &impl OperationLike<'c, 'a>) {
        let count = operation.discardable_attribute_count();
        if count == 0 {
            return;
        }
        self.push(" {");
        let attributes = (0..count).filter_map(|index| operation.discardable_attribute_at(index).ok());
        self.list(attributes, |printer, (name, attribute)| {
            printer.identifier(name);
            let text = printer.texts.get(attribute.to_raw().ptr as usize, attribute);
            if *text != *"unit" {
                printer.push(" = ");
                printer.push(&text);
            }
        });
        self.push("}");
    }

    /// A region, which has one block.
    fn region(&mut self, region: RegionRef<'_, '_>, depth: usize) {
        self.push("{\n");
        let Some(block) = region.first_block() else { unreachable!("a region has a block") };
        if block.argument_count() > 0 {
            self.indent(depth);
            self.push("^bb0(");
            self.list(
                (0..block.argument_count()).filter_map(|index| block.argument(index).ok()),
                |printer, argument| {
                    let number = printer.arguments;
                    printer.arguments += 1;
                    let name = printer.formatted(format_args!("%arg{number}"));
                    printer.push(": ");
                    printer.type_of(argument);
                    printer.location(argument.location());
                    printer.values.insert(argument.to_raw().ptr as usize, (name, None));
                },
            );
            self.push("):\n");
        }
        let mut next = block.first_operation();
        while let Some(operation) = next {
            self.operation(&operation, depth + 1);
            next = operation.next_in_block();
        }
        self.indent(depth);
        self.push("}");
    }

    fn list<T>(&mut self, items: impl Iterator<Item = T>, mut print: impl FnMut(&mut Self, T)) {
        for (index, item) in items.enumerate() {
            self.push(if index == 0 { "" } else { ", " });
            print(self, item);
        }
    }

    fn type_of<'c>(&mut self, value: impl ValueLike<'c>) {
        let ty = value.r#type();
        let text = self.texts.get(ty.to_raw().ptr as usize, ty);
        self.push(&text);
    }

    /// ` loc(#loc0)` and so on, each number for one location of the module.
    fn location(&mut self, location: Location<'_>) {
        let address = location.to_raw().ptr as usize;
        if let Some((_, place, _)) = self.locations.iter().find(|(known, ..)| *known == address) {
            return self.text.extend_from_within(place.clone());
        }
        let place = self.formatted(format_args!(" loc(#loc{})", self.locations.len()));
        self.locations.push((address, place, self.texts.get(address, location)));
    }

    fn identifier(&mut self, name: Identifier<'_>) {
        match name.as_string_ref().as_str() {
            Ok(name) => self.push(name),
            Err(_) => unreachable!("names are written in this folder, as text"),
        }
    }

    fn indent(&mut self, depth: usize) {
        (0..depth).for_each(|_| self.push("  "));
    }

    fn push(&mut self, text: &str) {
        self.text += text;
    }

    /// Pushes text and tells where it stands.
    fn formatted(&mut self, text: std::fmt::Arguments<'_>) -> Range<usize> {
        let start = self.text.len();
        self.format(text);
        start..self.text.len()
    }

    fn format(&mut self, text: std::fmt::Arguments<'_>) {
        // A `String` takes all text.
        let _ = self.text.write_fmt(text);
    }
}

/// Whether MLIR reads the text of the module `name` as the one that holds `function`.
#[cfg(test)]
pub(super) fn is_faithful(context: &melior::Context, text: &str, name: &str, function: Operation<'_>) -> bool {
    use melior::ir::attribute::StringAttribute;
    use melior::ir::operation::{OperationMutLike, OperationPrintingFlags};

    let mut module = melior::ir::Module::new(Location::unknown(context));
    module.as_operation_mut().set_attribute("sym_name", StringAttribute::new(context, name).into());
    module.body().append_operation(function);
    let printed = |module: &melior::ir::Module<'_>| {
        let flags = OperationPrintingFlags::new().print_generic_operation_form().enable_debug_info(true, false);
        module.as_operation().to_string_with_flags(flags).ok()
    };
    melior::ir::Module::parse(context, text).is_some_and(|read| printed(&read) == printed(&module))
}
