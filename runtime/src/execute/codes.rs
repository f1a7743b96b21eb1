//! The codes of what running a program reports; `docs/errors/` has a page for each.

use dj_grammar::Code;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal),* $(,)?) => {
        $($(#[doc = $doc])+ pub const $name: Code = Code($code);)*

        /// Every code that running reports, in order.
        pub const ALL: &[Code] = &[$($name),*];
    };
}

codes! {
    /// An integer, decimal or sum does not fit its type.
    OVERFLOW = "DJ0601",
    /// A value lies outside its declared domain.
    CONTRACT = "DJ0602",
    /// A value cannot be converted.
    CAST = "DJ0603",
    /// An `assert` failed.
    ASSERT = "DJ0604",
    /// A table that is used as a scalar has several rows.
    MANY_ROWS = "DJ0605",
    /// More rows than a sum can take without a chance of overflow.
    TOO_MANY_ROWS = "DJ0606",
    /// More memory is needed than the limit allows.
    MEMORY = "DJ0607",
    /// No table, parameter or export of this name.
    UNKNOWN_NAME = "DJ0608",
    /// Parameters without a value.
    MISSING_PARAMS = "DJ0609",
    /// A parameter's value is not of its type.
    PARAM_VALUE = "DJ0610",
    /// A table without a file.
    UNBOUND_TABLE = "DJ0611",
    /// The plugin or a device failed.
    DEVICE = "DJ0612",
    /// Something outgrew the largest size that the program was compiled for.
    CAPACITY = "DJ0613",
    /// A program's module is missing or cannot be lowered.
    MODULE = "DJ0614",
    /// The machine has too few devices for the target.
    DEVICES = "DJ0615",
    /// Timings, a profile or printed results cannot be written.
    OUTPUT = "DJ0616",
}
