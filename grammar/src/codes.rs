//! The numbers of the problems that this crate reports, `DJ0101` to `DJ0199`.

use crate::diagnostic::Code;

/// The file is not UTF-8.
pub const NOT_UTF8: Code = Code("DJ0101");
/// The file is larger than 64 MiB.
pub const TOO_LARGE: Code = Code("DJ0102");
/// Brackets are nested too deeply, or an expression has too many operators.
pub const TOO_DEEP: Code = Code("DJ0103");
/// A character that is no part of the language.
pub const CHARACTER: Code = Code("DJ0104");
/// A text or a name in backticks does not end on its line, or a name is empty.
pub const UNCLOSED: Code = Code("DJ0105");
/// An unknown escape in a text.
pub const ESCAPE: Code = Code("DJ0106");
/// A number or duration that is not well formed, or too large.
pub const NUMBER: Code = Code("DJ0107");
/// A date or timestamp that is not well formed, or not in the calendar.
pub const INSTANT: Code = Code("DJ0108");
/// Something else was expected.
pub const UNEXPECTED: Code = Code("DJ0110");
/// A reserved word where a name is expected.
pub const RESERVED: Code = Code("DJ0111");
/// A comparison of a comparison.
pub const CHAINED: Code = Code("DJ0112");
/// A space between a function's name and its `(`.
pub const CALL_SPACE: Code = Code("DJ0113");
/// An unknown transform.
pub const TRANSFORM: Code = Code("DJ0114");
/// A bracket that is not closed.
pub const BRACKET: Code = Code("DJ0115");
/// A pipeline without a name before other statements.
pub const BARE: Code = Code("DJ0116");
/// A clause of a window given twice.
pub const CLAUSE_TWICE: Code = Code("DJ0117");
