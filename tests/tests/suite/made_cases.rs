//! The cases of `made`: the program, the queries that make its tables, and the query of what it must give.

/// A program, its tables, and what it must give.
#[derive(Clone, Copy)]
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) program: &'static str,
    /// By table, as queries.
    pub(super) tables: &'static [(&'static str, &'static str)],
    /// The rows of a query.
    pub(super) wanted: &'static str,
    /// Whether chunks of a few rows would take too long.
    pub(super) large: bool,
}

const fn case(
    name: &'static str,
    program: &'static str,
    tables: &'static [(&'static str, &'static str)],
    wanted: &'static str,
) -> Case {
    Case { name, program, tables, wanted, large: false }
}

const fn large(case: Case) -> Case {
    Case { large: true, ..case }
}

const MANY_TEXTS: &[(&str, &str)] = &[(
    "t",
    "select case when i % 1000 <> 7 then 't' || i * 7919 % 200003 end as s, i as v from range(600000) as r(i)",
)];
const LOW: &[(&str, &str)] =
    &[("t", "select case when i % 5 > 0 then -2147483648 + i % 49 end::integer as a, i as v from range(400) as r(i)")];
const LEAST: &[(&str, &str)] = &[(
    "t",
    "select case when i % 5 > 0 then -9223372036854775808 + i % 3 end::bigint as a, i as v from range(50) as r(i)",
)];
const GREATEST: &[(&str, &str)] = &[(
    "t",
    "select case when i % 5 > 0 then 9223372036854775807 - i % 3 end::bigint as a, i as v from range(50) as r(i)",
)];
const EXTREMES: &[(&str, &str)] = &[(
    "t",
    "select [-9223372036854775808, 9223372036854775807, 0, null][1 + i % 4]::bigint as a, i as v from range(50) as r(i)",
)];
const UNSIGNED: &[(&str, &str)] = &[(
    "t",
    "select [0, 18446744073709551615, 9223372036854775808, null][1 + i % 4]::ubigint as a, i as v from range(50) as r(i)",
)];
const TEXT_AND_NUMBER: &[(&str, &str)] =
    &[("t", "select 's' || i % 50 as s, (i * 7 % 998)::integer as d from range(1000) as r(i)")];
const TEXTS: &[(&str, &str)] = &[(
    "t",
    "select case when i % 9 > 0 then 's' || i % 50 end as s, case when i % 7 > 0 then 'u' || i % 11 end as u,
     (i * 7 % 31)::integer as d from range(1000) as r(i)",
)];

/// Bounds next to the ends of their types, and sizes beyond 64 bits.
pub(super) const CASES: &[Case] = &[
    case(
        "group_by_the_least_of_32_bits",
        "table t { a: i32? in -2147483648..-2147483600, v: i64 }\nexport result = t | group a { n = count(), v = sum(v) }",
        LOW,
        "select a, count(*) as n, sum(v) as v from t group by a",
    ),
    case(
        "join_by_the_least_of_32_bits",
        "table t { a: i32? in -2147483648..-2147483600, v: i64 }
export result = t | join left (t | group a { n = count() }) on a nulls equal | select { v, n }",
        LOW,
        "select v, n from t left join (select a, count(*) as n from t group by a) as g on t.a is not distinct from g.a",
    ),
    case(
        "group_by_the_least_of_64_bits",
        "table t { a: i64? in -9223372036854775808..-9223372036854775800, v: i64 }
export result = t | group a { n = count(), v = sum(v) }",
        LEAST,
        "select a, count(*) as n, sum(v) as v from t group by a",
    ),
    case(
        "group_by_the_greatest_of_64_bits",
        "table t { a: i64? in 9223372036854775800..9223372036854775807, v: i64 }
export result = t | group a { n = count(), v = sum(v) }",
        GREATEST,
        "select a, count(*) as n, sum(v) as v from t group by a",
    ),
    case(
        "keys_of_all_64_bits",
        "table t { a: i64?, v: i64 }
export result = t | group a { n = count() } | join left (t | distinct a | select { a, v }) on a nulls equal
  | select { a, n, v } | sort { a nulls first }",
        EXTREMES,
        "select a, count(*) as n, min(v) as v from t group by a",
    ),
    case(
        "keys_of_all_unsigned_64_bits",
        "table t { a: u64?, v: i64 }
export result = t | group a { n = count() } | join left (t | distinct a | select { a, v }) on a nulls equal
  | select { a, n, v } | sort { a nulls first }",
        UNSIGNED,
        "select a, count(*) as n, min(v) as v from t group by a",
    ),
    case(
        "join_by_a_text_and_a_number",
        "table t { s: str, d: i32 in 0..997 }
export result = t | join (t | group { s, d } { n = count() }) on { s, d }",
        TEXT_AND_NUMBER,
        "select s, d, n from t join (select s, d, count(*) as n from t group by all) using (s, d)",
    ),
    case(
        "join_by_two_texts_and_a_number",
        "table t { s: str?, u: str?, d: i32 in 0..30 }
export result = t | join (t | group { s, u, d } { n = count() }) on { s, u, d } nulls equal",
        TEXTS,
        "select t.*, n from t join (select s, u, d, count(*) as n from t group by all) as g
           on t.s is not distinct from g.s and t.u is not distinct from g.u and t.d = g.d",
    ),
    large(case(
        "group_by_a_text_whose_dictionary_grows_by_several_rungs",
        "table t { s: str?, v: i64 }
export result = t | group s { n = count(), v = sum(v), head = first(v), tail = last(v), least = min(s) }",
        MANY_TEXTS,
        "select s, count(*) as n, sum(v) as v, min(v) as head, max(v) as tail, s as least from t group by s",
    )),
];
