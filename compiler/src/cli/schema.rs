//! `djc schema`: a `table` block for data files.

use super::output::print;
use super::{Failure, args};
use dj_grammar::spell_name;
use dj_runtime::execute::{Exit, RunError};
use dj_runtime::io::{self, FileSchema};
use std::collections::BTreeSet;
use std::path::Path;

/// Prints a `table` block for each path.
pub(super) fn schema(args: &args::Schema) -> Exit {
    let mut blocks = Vec::new();
    let mut exit = Exit::Done;
    let mut names = BTreeSet::new();
    for path in &args.paths {
        match io::schema(path) {
            Ok(schema) => blocks.push(block(&distinct(table_name(path), &mut names), path, &schema)),
            Err(error) => exit = Failure::without_source(RunError::program(error.into())).report(args.diagnostics),
        }
    }
    let printed = print(&blocks.join("\n"));
    if exit == Exit::Done { printed } else { exit }
}

/// `table NAME from "PATH" { columns }`, as the formatter writes it.
fn block(name: &str, path: &str, schema: &FileSchema) -> String {
    let (written, nameless): (Vec<_>, Vec<_>) = schema.fields.iter().partition(|field| is_name(&field.name));
    let columns = written.iter().map(|field| {
        let mark = if field.nullable { "?" } else { "" };
        format!("  {}: {}{mark}\n", spell_name(&field.name), field.ty)
    });
    let nameless = nameless.iter().map(|field| (&field.name, "it is no name that a program can write"));
    let unsupported = schema.unsupported.iter().map(|(name, ty)| (name, ty.as_str()));
    let left_out = nameless.chain(unsupported).map(|(name, why)| {
        // A comment ends with its line.
        let name = if is_name(name) { spell_name(name) } else { quoted(name) };
        format!("  # {name} is left out: {}\n", why.replace('\n', " "))
    });
    let comments: String = left_out.collect();
    let table = format!("table {} from {}", spell_name(name), quoted(path));
    // Braces hold at least one column.
    let text = if written.is_empty() {
        format!("{comments}{table}\n")
    } else {
        format!("{table} {{\n{}{comments}}}\n", columns.collect::<String>())
    };
    dj_grammar::format(&text).unwrap_or(text)
}

/// Whether backticks can hold it.
fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains('\n')
}

/// The name, with a number if it is taken.
fn distinct(name: String, taken: &mut BTreeSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{name}_{number}"));
    let free = std::iter::once(name.clone()).chain(numbered).find(|name| !taken.contains(name)).unwrap_or(name);
    taken.insert(free.clone());
    free
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

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dj_runtime::types::{Field, Type};

    fn file(names: &[&str], unsupported: &[&str]) -> FileSchema {
        let field = |name: &&str| Field { name: (*name).to_owned(), ty: Type::I64, nullable: true };
        FileSchema {
            first: "t.csv".into(),
            fields: names.iter().map(field).collect(),
            recorded: vec![],
            unsupported: unsupported.iter().map(|name| ((*name).to_owned(), "List".to_owned())).collect(),
            rows: None,
            typed: false,
        }
    }

    #[test]
    fn blocks_can_be_read() {
        let blocks = [
            block("t", "a\nb.csv", &file(&["a", "", "b\nc", "d`e"], &["f\ng", ""])),
            block("t_2", "t.csv", &file(&[""], &["x"])),
        ];
        for text in &blocks {
            let (_, diagnostics) = dj_grammar::parse(text);
            assert_eq!(diagnostics, [], "{text}");
        }
        assert!(blocks[0].contains("d``e"), "{}", blocks[0]);
        assert!(blocks[1].contains("# x is left out: List"), "{}", blocks[1]);
    }

    #[test]
    fn names_are_distinct() {
        let mut taken = BTreeSet::new();
        let names = ["d", "d_2", "d", "d"].map(|name| distinct(name.to_owned(), &mut taken));
        assert_eq!(names, ["d", "d_2", "d_3", "d_4"]);
    }

    #[test]
    fn tables_are_called_like_their_files() {
        for (path, name) in [("a/people.csv", "people"), ("logs/*.parquet", "logs"), ("2024-01.parquet", "t2024_01")] {
            assert_eq!(table_name(path), name);
        }
    }
}
