//! Where the rows of exports go.

use super::error::RunError;
use crate::columns::{Dictionaries, Table};

/// Takes the rows of exports; nothing may be visible before [`Outputs::commit`].
pub trait Outputs {
    /// Forgets all rows so far: the run begins (again).
    ///
    /// # Errors
    /// If an output cannot be opened.
    fn restart(&mut self) -> Result<(), RunError>;

    /// More rows of an export, in order.
    ///
    /// # Errors
    /// If they cannot be written.
    fn rows(&mut self, export: usize, rows: &Table, dictionaries: &Dictionaries) -> Result<(), RunError>;

    /// All rows were right: shows them.
    ///
    /// # Errors
    /// If they cannot be written.
    fn commit(&mut self, dictionaries: &Dictionaries) -> Result<(), RunError>;
}

/// Takes rows and forgets them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Discard;

impl Outputs for Discard {
    fn restart(&mut self) -> Result<(), RunError> {
        Ok(())
    }

    fn rows(&mut self, _: usize, _: &Table, _: &Dictionaries) -> Result<(), RunError> {
        Ok(())
    }

    fn commit(&mut self, _: &Dictionaries) -> Result<(), RunError> {
        Ok(())
    }
}
