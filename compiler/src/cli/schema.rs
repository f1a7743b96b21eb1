//! `djc schema`: a `table` block for data files.

use super::output::print;
use super::{Failure, args};
use dj_grammar::spell_name;
use dj_runtime::execute::{Exit, RunError};
use dj_runtime::io::{self, FileSchema};
use std::path::Path;

/// Prints a `table` block for each path.
pub(super) fn schema(args: &args::Schema) -> Exit {
    let mut blocks = Vec::new();
    let mut exit = Exit::Done;
    for path in &args.paths {
        match io::schema(path) {
            Ok(schema) => blocks.push(block(path, &schema)),
            Err(error) => exit = Failure::without_source(RunError::program(error.into())).report(args.diagnostics),
        }
    }
    let printed = print(&blocks.join("\n"));
    if exit == Exit::Done { printed } else { exit }
}

/// `table NAME from "PATH" { columns }`, as the formatter writes it.
fn block(path: &str, schema: &FileSchema) -> String {
    let mut text = format!("table {} from {} {{\n", spell_name(&table_name(path)), quoted(path));
    for field in &schema.fields {
        let mark = if field.nullable { "?" } else { "" };
        text.push_str(&format!("  {}: {}{mark}\n", spell_name(&field.name), field.ty));
    }
    for (name, ty) in &schema.unsupported {
        text.push_str(&format!("  # {} is left out: {ty}\n", spell_name(name)));
    }
    text.push_str("}\n");
    dj_grammar::format(&text).unwrap_or(text)
}

/// The file's or the folder's name, without what a name cannot hold.
fn table_name(path: &str) -> String {
    let path = Path::new(path);
    let is_pattern = |text: &str| text.contains(['*', '?', '[']);
    let named = path.ancestors().filter_map(|part| part.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    let stem = named.into_iter().find(|stem| !is_pattern(stem)).unwrap_or_else(|| "t".to_owned());
    let cleaned: String = stem.chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { '_' }).collect();
    if cleaned.starts_with(|c: char| c.is_numeric()) { format!("t{cleaned}") } else { cleaned }
}

fn quoted(path: &str) -> String {
    format!("\"{}\"", path.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_called_like_their_files() {
        for (path, name) in [("a/people.csv", "people"), ("logs/*.parquet", "logs"), ("2024-01.parquet", "t2024_01")] {
            assert_eq!(table_name(path), name);
        }
    }
}
