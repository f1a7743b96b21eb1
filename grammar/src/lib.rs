//! The DJ language: grammar, syntax tree, source spans, diagnostics and the formatter.
