//! The text of whole physical plans: strategies, checks and names.

use super::{VariantText, physical_text};
use crate::analyze::{BoundTable, Catalog};
use crate::plan::Recorded;
use crate::{Options, compile};
use dj_grammar::{Diagnostic, Span};
use dj_runtime::types::{Bounds, Field, Type};

const TABLES: &str = "table flights { date: timestamp?, delay: i64?, origin: str?, carrier: u8 in 0..40 }
table airports { iata: str, city: str }
";

/// Files whose metadata says something.
struct Files;

impl Catalog for Files {
    fn table(&self, name: &str, _: Option<&str>, _: Span) -> Result<Option<BoundTable>, Diagnostic> {
        let field = |name: &str, ty, nullable| Field { name: name.to_owned(), ty, nullable };
        let bounds = |lo, hi| Recorded { bounds: Some(Bounds::Int { lo, hi }), ..Recorded::default() };
        let distinct = |distinct| Recorded { distinct: Some(distinct), ..Recorded::default() };
        let (fields, recorded, rows) = if name == "flights" {
            let fields = vec![
                field("date", Type::Timestamp, true),
                field("delay", Type::I64, true),
                field("origin", Type::Str, true),
                field("carrier", Type::U8, false),
            ];
            (fields, vec![Recorded::default(), bounds(-60, 1300), distinct(150), Recorded::default()], 3_000_000)
        } else {
            let fields = vec![field("iata", Type::Str, false), field("city", Type::Str, false)];
            (fields, vec![distinct(200), distinct(190)], 200)
        };
        Ok(Some(BoundTable { fields, recorded, unsupported: vec![], rows: Some(rows), typed: true }))
    }
}

/// The physical plan's first variant, and the explanation of it.
fn texts(pipeline: &str) -> (String, String) {
    let source = format!("{TABLES}export result = {pipeline}\n");
    let unique = |table: &str, column: &str| (table, column) == ("airports", "iata");
    let compiled = compile(&source, "test.dj", &Files, &unique, &Options::default());
    let compiled = compiled.unwrap_or_else(|error| panic!("{pipeline}: {error:?}"));
    let variant = &compiled.variants[0];
    let of = VariantText {
        variant: &variant.physical,
        program: &variant.program,
        strings: &variant.strings,
        source: &source,
    };
    (physical_text(&of), super::explain_text(&of, &compiled.manifest, 0))
}

fn physical(pipeline: &str) -> String {
    texts(pipeline).0
}

#[test]
fn dense_group_with_join_and_sort() {
    let (physical, explained) = texts(
        "flights | filter delay > 0 and origin != \"JFK\"
| group { origin, hour = hour(date) } { n = count(), worst = max(delay) }
| join airports on origin == iata
| sort -n
| take 10",
    );
    insta::assert_snapshot!(physical, @"");
    insta::assert_snapshot!(explained, @"");
}

#[test]
fn sorted_groups() {
    let (physical, explained) =
        texts("flights | group { date, carrier } { n = count(), late = count(filter delay > 15) }");
    insta::assert_snapshot!(physical, @"");
    insta::assert_snapshot!(explained, @"");
}

#[test]
fn join_of_many_matches() {
    let text = physical(
        "flights | filter origin like \"J%\" | join left (flights | select { origin, other = delay }) on origin",
    );
    insta::assert_snapshot!(text, @"");
}

#[test]
fn union_and_distinct() {
    let text = physical(
        "flights | select { name = origin } | union (airports | select { name = iata }) | distinct | sort name",
    );
    insta::assert_snapshot!(text, @"");
}
