//! The forms of a program's expressions: with text as the source has it, or as the compiler encodes it.
//!
//! One tree serves both, so that walks, interval arithmetic and properties are written once. What only one form may say has a
//! type that the other leaves empty: what does not belong into a form cannot be written down in it.

use super::Scalar;
use super::calendar::TimeUnit;
use crate::types::Type;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What an expression may say besides the operations that all forms share.
pub trait Form: fmt::Debug + Clone + Copy + PartialEq + Eq + 'static {
    /// The types of expressions.
    type Type: fmt::Debug + fmt::Display + Copy + PartialEq + Eq;
    /// Constants.
    type Value: fmt::Debug + Clone + PartialEq;
    /// Tables over dictionaries, by index.
    type Table: fmt::Debug + Copy + PartialEq + Eq;
    /// The patterns of `like`.
    type Pattern: fmt::Debug + Clone + PartialEq + Eq;

    /// The type of conditions.
    const BOOL: Self::Type;

    /// The type as the language writes it.
    fn written(ty: Self::Type) -> Type;

    /// Whether a constant is null.
    fn is_null(value: &Self::Value) -> bool;

    /// The integer that a constant is, if it is one: a number, a scaled decimal, days or microseconds.
    fn integer(value: &Self::Value) -> Option<i128>;

    /// The unit of time that a constant names, if it names one.
    fn time_unit(value: &Self::Value) -> Option<TimeUnit>;

    /// The text that a constant is, if it is one and the form has text.
    fn text(value: &Self::Value) -> Option<&str>;
}

/// The form that analysis makes and the host evaluates: text is text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text;

/// What cannot be: the type of parts that a form does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Never {}

impl Form for Text {
    type Type = Type;
    type Value = Scalar;
    type Table = Never;
    type Pattern = String;

    const BOOL: Type = Type::Bool;

    fn written(ty: Type) -> Type {
        ty
    }

    fn is_null(value: &Scalar) -> bool {
        value.is_null()
    }

    fn integer(value: &Scalar) -> Option<i128> {
        value.as_int()
    }

    fn time_unit(value: &Scalar) -> Option<TimeUnit> {
        TimeUnit::from_name(value.as_str()?)
    }

    fn text(value: &Scalar) -> Option<&str> {
        value.as_str()
    }
}
