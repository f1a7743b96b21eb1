//! The stable text form of a plan, for `djc inspect`.

use super::Program;

/// The plan of every shared pipeline and export, as an indented tree.
pub fn plan_text(_program: &Program, _source: &str) -> String {
    String::new()
}
