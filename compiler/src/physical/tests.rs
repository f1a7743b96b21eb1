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
        Ok(Some(BoundTable { fields, recorded, rows: Some(rows), typed: true, ..BoundTable::default() }))
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
    insta::assert_snapshot!(physical, @r#"
    stage 0: group [origin, hour]: dense  :4
      read flights [date, delay, origin]
        check delay in -60..1300, recorded
        skip row groups without delay > 0
        filter delay > 0
        filter origin != "JFK"
        derive [hour = hour(date)]
      12,825 slots = origin (dictionary of 512 + null) × hour (0..23 + null)
      n = count()
      worst = max(delay)
      result [origin: str?, hour: i64?, n: i64, worst: i64?]
      chunks of 262,144 rows; at most 3,000,000 in, at most 12,825 out

    stage 1: build [iata]: lookup  :5
      read airports [iata, city]
      512 slots = iata (dictionary of 512)
      check that no key comes twice, recorded
      result [iata: str, city: str]
      chunks of 1,024 rows; at most 200 in, at most 200 out

    stage 2: top 16 by [-n]  :7
      read stage 0 [origin, hour, n, worst]
        join inner stage 1 on origin == iata for [iata, city] (lookup)
      result [origin: str?, hour: i64?, n: i64, worst: i64?, iata: str, city: str]
      take 10
      chunks of 16,384 rows; at most 12,825 in, at most 10 out

    export result = stage 2
    "#);
    insta::assert_snapshot!(explained, @r#"
    stage 0: group [origin, hour]: dense  :4
      strategy dense: 12,825 slots = origin (dictionary of 512 + null) × hour (0..23 + null)
      rows     at most 3,000,000 in, at most 12,825 out
      capacity 512 strings of iata, origin; rung 0 of 0..12
      memory   state 307.8 kB, chunk 6.0 MB (262,144 rows)
      exchange none: one device

    stage 1: build [iata]: lookup  :5
      strategy lookup: `iata` is unique in the files bound to `airports`; 512 slots = iata (dictionary of 512)
      rows     at most 200 in, at most 200 out
      capacity 2,048 collected rows, 512 strings of iata, origin; rung 0 of 0..17
      memory   state 16.4 kB, chunk 8.2 kB (1,024 rows)
      exchange none: one device

    stage 2: top 16 by [-n]  :7
      strategy top-k: the first rows are kept in order while the others pass
      rows     at most 12,825 in, at most 10 out
      capacity 2,048 rows of stage 1, 512 slots of stage 1, 512 strings of iata, origin; rung 0 of 0..17
      memory   state 636 B, residents 18.4 kB, chunk 507.9 kB (16,384 rows)
      exchange none: one device

    assumes, or variant 1 runs instead:
      flights.delay in -60..1300
      airports.iata is unique
    "#);
}

#[test]
fn sorted_groups() {
    let (physical, explained) =
        texts("flights | group { date, carrier } { n = count(), late = count(filter delay > 15) }");
    insta::assert_snapshot!(physical, @r#"
    stage 0: group [date, carrier]: sort  :3
      read flights [date, delay, carrier]
        check delay in -60..1300, recorded
        check carrier in 0..40, declared
      n = count()
      late = count(filter delay > 15)
      result [date: timestamp?, carrier: u8, n: i64, late: i64]
      chunks of 262,144 rows; at most 3,000,000 in, at most 3,000,000 out

    export result = stage 0
    "#);
    insta::assert_snapshot!(explained, @r#"
    stage 0: group [date, carrier]: sort  :3
      strategy sort: key `date` has no bounded domain
      rows     at most 3,000,000 in, at most 3,000,000 out
      capacity 4,194,304 collected rows; rung 3 of 0..9
      memory   state 109.1 MB, chunk 5.0 MB (262,144 rows)
      exchange none: one device

    assumes, or variant 1 runs instead:
      flights.delay in -60..1300
    declares, or the run ends with an error that names the row:
      carrier in 0..40
    "#);
}

#[test]
fn join_of_many_matches() {
    let text = physical(
        "flights | filter origin like \"J%\" | join left (flights | select { origin, other = delay }) on origin",
    );
    insta::assert_snapshot!(text, @r#"
    stage 0: build [origin]: merge  :3
      read flights [delay, origin]
        check delay in -60..1300, recorded
        derive [other = delay]
      result [origin: str?, other: i64?]
      chunks of 262,144 rows; at most 3,000,000 in, at most 3,000,000 out

    stage 1: emit  :3
      read flights [date, delay, origin#2, carrier]
        check delay in -60..1300, recorded
        check carrier in 0..40, declared
        filter origin#2 like "J%"
        join left stage 0 on origin#2 == origin#6 for [origin#6, other] (merge, many matches)
      result [date: timestamp?, delay: i64?, origin#2: str?, carrier: u8, other: i64?]
      chunks of 262,144 rows; about 3,000,000 in, about 3,000,000 out

    export result = stage 1
    "#);
}

#[test]
fn union_and_distinct() {
    let text = physical(
        "flights | select { name = origin } | union (airports | select { name = iata }) | distinct | sort name",
    );
    insta::assert_snapshot!(text, @r#"
    stage 0: group [name#8]: dense  :3
      read flights [origin]
        derive [name#4 = origin]
        derive [name#8 = name#4]
      read airports [iata]
        derive [name#7 = iata]
        derive [name#8 = name#7]
      513 slots = name#8 (dictionary of 512 + null)
      result [name#8: str?]
      chunks of 262,144 rows; at most 3,000,200 in, at most 513 out

    stage 1: sort [name]  :3
      read stage 0 [name]
      result [name: str?]
      chunks of 1,024 rows; at most 513 in, at most 513 out

    export result = stage 1
    "#);
}

#[test]
fn text_reads_as_written() {
    let text = physical(
        "flights | filter lower(origin) == \"a\" and origin in { \"b\", \"c\" }
| join semi (airports | filter city < iata) on origin == iata
| select { at = case { origin == \"x\" => \"yes\", origin like \"%q\" => origin, else => \"no\" } }
| sort -at | take 5",
    );
    for line in [
        "filter lower(origin) == \"a\"",
        "filter origin in { \"b\", \"c\" }",
        "filter city < iata",
        "join semi stage 0 on origin == iata (lookup)",
        "derive [at = case { origin == \"x\" => \"yes\", origin like \"%q\" => origin, else => \"no\" }]",
        "top 8 by [-at]",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn text_of_several_values_is_the_hosts() {
    // Above the table columns join its chunks; above a filter, the stage ends first; a region goes as a whole.
    insta::assert_snapshot!(physical(
        "flights
         | derive { route = concat(origin, \"-\", carrier), size = length(concat(origin, carrier)) }
         | filter delay > 10
         | group label = concat(route, delay) { n = count(), least = min(upper(route)) }"
    ), @r#"
    stage 0: emit  :4
      read flights [delay, origin, carrier]
        check delay in -60..1300, recorded
        check carrier in 0..40, declared
        skip row groups without delay > 10
        filter delay > 10
      result [delay: i64?, origin: str?, carrier: u8]
      chunks of 262,144 rows; at most 3,000,000 in, at most 3,000,000 out

    stage 1: group [label]: dense  :6
      read stage 0 [delay, origin, carrier]
        on the host [concat(origin, "-", carrier as str), concat(`concat(origin, "-", carrier as str)`, delay as str)]
        derive [route = `concat(origin, "-", carrier as str)`]
        derive [label = `concat(route, delay as str)`]
      1,024 slots = label (dictionary of 1,024)
      n = count()
      least = min(upper(route))
      result [label: str, n: i64, least: str]
      chunks of 262,144 rows; at most 3,000,000 in, at most 1,024 out

    export result = stage 1
    "#);
}

#[test]
fn what_may_fail_in_a_branch_is_the_hosts_as_a_whole() {
    insta::assert_snapshot!(physical(
        "flights | select { n = case { carrier > 9 => concat(carrier, origin) as i32, else => 0 }, origin }"
    ), @r#"
    stage 0: emit  :3
      read flights [origin, carrier]
        check carrier in 0..40, declared
        on the host [case { carrier > 9 => concat(carrier as str, origin) as i32, else => 0 }]
        derive [n = `case { carrier > 9 => concat(carrier as str, origin) as i32, else => 0 }`]
      result [n: i32, origin: str?]
      chunks of 262,144 rows; at most 3,000,000 in, at most 3,000,000 out

    export result = stage 0
    "#);
}
