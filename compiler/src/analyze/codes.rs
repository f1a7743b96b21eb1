//! The codes of what analysis reports; `docs/errors/` has a page for each.

use dj_grammar::Code;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal),* $(,)?) => {
        $($(#[doc = $doc])+ pub const $name: Code = Code($code);)*

        /// Every code that analysis reports, in order.
        pub const ALL: &[Code] = &[$($name),*];
    };
}

codes! {
    /// No column of this name.
    UNKNOWN_COLUMN = "DJ0201",
    /// No table or `let` of this name.
    UNKNOWN_TABLE = "DJ0202",
    /// Several columns have this name.
    AMBIGUOUS_NAME = "DJ0203",
    /// No function of this name.
    UNKNOWN_FUNCTION = "DJ0204",
    /// Two statements define one name.
    DEFINED_TWICE = "DJ0205",
    /// Two columns of a list or a result have one name.
    DUPLICATE_COLUMN = "DJ0206",
    /// An expression that becomes a column has no name.
    UNNAMED_ITEM = "DJ0207",
    /// A function or a `let` that reads itself.
    RECURSION = "DJ0208",
    /// A call with too many or too few arguments.
    ARGUMENT_COUNT = "DJ0209",
    /// A table where a value belongs, or a value where a table belongs.
    WRONG_KIND_OF_NAME = "DJ0210",
    /// An aggregate where rows are not grouped.
    MISPLACED_AGGREGATE = "DJ0211",
    /// A column of the rows where only keys and aggregates have a value.
    NOT_GROUPED = "DJ0212",
    /// Nothing in scope has this qualifier.
    UNKNOWN_QUALIFIER = "DJ0213",
    /// A table without declared columns has no file to read them from.
    NO_SCHEMA = "DJ0214",
    /// A scalar is read from something that may have several rows.
    NOT_ONE_ROW = "DJ0215",
    /// A range of rows that makes no sense.
    BAD_TAKE = "DJ0216",
    /// The sides of a union have different columns.
    UNION_MISMATCH = "DJ0217",
    /// Nothing is exported.
    NO_EXPORT = "DJ0218",
    /// A join condition that compares nothing of one side with the other.
    NO_JOIN_KEY = "DJ0219",
    /// A pipeline function as a value, or an expression function as a transform.
    WRONG_KIND_OF_FUNCTION = "DJ0220",
    /// An argument reads a column that the pipeline no longer has.
    COLUMN_GONE = "DJ0221",
    /// Functions that call others deeper, or more often, than can be inlined.
    TOO_MANY_CALLS = "DJ0222",
    /// A frame of a window that cannot be measured, or a number of parts that is none.
    BAD_FRAME = "DJ0223",
    /// Part of the language that this version cannot compile.
    NOT_SUPPORTED = "DJ0290",
    /// Operands without a common type.
    MISMATCHED_TYPES = "DJ0301",
    /// An operator that the type does not have.
    NO_SUCH_OPERATOR = "DJ0302",
    /// A condition that is not bool.
    NOT_A_CONDITION = "DJ0303",
    /// An argument of a type that the function does not take.
    ARGUMENT_TYPE = "DJ0304",
    /// A literal outside the range of its type.
    LITERAL_RANGE = "DJ0305",
    /// A product with more digits after the point than a decimal has.
    SCALE_TOO_LARGE = "DJ0306",
    /// A conversion that does not exist.
    NO_SUCH_CAST = "DJ0307",
    /// A null whose type nothing says.
    UNTYPED_NULL = "DJ0308",
    /// No type of this name, or wrong numbers after it.
    UNKNOWN_TYPE = "DJ0309",
    /// A declared domain that is no range of the column's type.
    BAD_DOMAIN = "DJ0310",
    /// A value that must be known when the program is compiled.
    NOT_CONSTANT = "DJ0311",
    /// A calendar interval away from a date.
    MISPLACED_INTERVAL = "DJ0312",
    /// A name of a unit of time that is none.
    UNKNOWN_UNIT = "DJ0313",
    /// A comparison with `null`, which is never true.
    COMPARED_WITH_NULL = "DJ0314",
    /// A pattern that is no regular expression.
    INVALID_REGEX = "DJ0315",
    /// A format of times with a specifier that there is not.
    INVALID_FORMAT = "DJ0316",
}

/// Whether a problem is that something is not there, which a statement that cannot be read may have made.
pub(crate) fn of_missing_names(code: Code) -> bool {
    [UNKNOWN_COLUMN, UNKNOWN_TABLE, UNKNOWN_FUNCTION, UNKNOWN_QUALIFIER, NO_EXPORT, COLUMN_GONE].contains(&code)
}
