//! The stable text forms of the physical plan: `djc inspect --stage physical` and `djc explain`.

use super::Variant;

/// The stages of a variant.
pub fn physical_text(_variant: &Variant) -> String {
    String::new()
}

/// What was chosen and why.
pub fn explain_text(_variant: &Variant) -> String {
    String::new()
}
