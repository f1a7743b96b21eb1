//! The stable text form of an encoded program, for `djc inspect` and for tests.
//!
//! First the dictionaries, each with what holds its codes and its literals in the order of their codes; then the tables over
//! them; then the plans, in which codes appear as the text that they mean.

use super::EncodedProgram;
use crate::plan::{Plan, name_text, program_text};
use dj_runtime::artifact::HostTableKind;
use dj_runtime::expr::{ExprText, quoted};
use std::fmt::Write;

/// The dictionaries, tables and plans of a program, with lines of the source.
pub fn encoded_text(encoded: &EncodedProgram, source: &str) -> String {
    let mut out = String::new();
    for domain in 0..encoded.dictionaries.domains.len() {
        let _ = writeln!(out, "{}", dictionary_text(encoded, domain));
    }
    for (index, table) in encoded.dictionaries.host_tables.iter().enumerate() {
        let over = format!("dictionary {}", table.domain);
        let what = match &table.kind {
            HostTableKind::Rank => format!("rank in {over}"),
            HostTableKind::Unrank => format!("code by rank in {over}"),
            HostTableKind::Function { expr, result_domain } => {
                let text = ExprText::new(expr, &|_| "text".to_owned()).to_string();
                let made = result_domain.map(|domain| format!(" into dictionary {domain}")).unwrap_or_default();
                format!("{text} of {over}{made}")
            }
        };
        let _ = writeln!(out, "table {index}: {what}");
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out + &program_text(&encoded.program, &encoded.dictionaries, Some(source))
}

fn dictionary_text(encoded: &EncodedProgram, domain: usize) -> String {
    let program = &encoded.program;
    let sources = encoded.dictionaries.sources.iter().filter(|(_, of)| **of == domain).map(|((table, column), _)| {
        let table = &program.tables[*table];
        format!("{}.{}", name_text(&table.name), name_text(&table.columns[*column].field.name))
    });
    let params = encoded.dictionaries.params.iter().filter(|(_, of)| **of == domain);
    let params = params.map(|(param, _)| name_text(&program.params[*param].field.name));
    let mut hosts = Vec::new();
    program.walk(&mut |plan| {
        if let Plan::Evaluate(evaluate) = plan {
            let texts = evaluate.items.iter().filter(|item| item.column.ty.domain() == Some(domain));
            hosts.extend(texts.map(|item| name_text(&program.columns.get(item.column.id).name)));
        }
    });
    let holders: Vec<_> = sources.chain(params).chain(hosts).collect();
    let literals: Vec<_> =
        encoded.dictionaries.domains[domain].literals.iter().map(|literal| quoted(literal)).collect();
    let holders = if holders.is_empty() { "computed text".to_owned() } else { holders.join(", ") };
    let literals = if literals.is_empty() { String::new() } else { format!("; literals {}", literals.join(", ")) };
    format!("dictionary {domain} of {}: {holders}{literals}", encoded.dictionaries.capacity(domain))
}
