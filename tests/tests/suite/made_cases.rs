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
    /// The ways that do not take too long.
    pub(super) ways: &'static [&'static str],
}

const ALL: &[&str] = &["run", "plain", "single", "artifact"];

const fn case(
    name: &'static str,
    program: &'static str,
    tables: &'static [(&'static str, &'static str)],
    wanted: &'static str,
) -> Case {
    Case { name, program, tables, wanted, ways: ALL }
}

const fn large(case: Case) -> Case {
    Case { ways: &["run", "artifact"], ..case }
}

const MANY_TEXTS: &[(&str, &str)] = &[(
    "t",
    "select case when i % 1000 <> 7 then 't' || i * 7919 % 200003 end as s, i as v from range(600000) as r(i)",
)];
/// Every row of `t` has many matches in `m`, those of its first key more than 16 bits count.
const MATCHES: &[(&str, &str)] = &[
    ("t", "select i as k, i * 10 as v from range(3) as r(i)"),
    ("m", "select case when i % 20 = 3 then 1 else 0 end::bigint as k, i as w from range(70000) as r(i)"),
];
const UNITED: &[(&str, &str)] = &[
    ("a", "select i % 5 as k, i as v from range(23) as r(i)"),
    ("b", "select 4 - i % 6 as k, 100 + i as v from range(31) as r(i)"),
    ("m", "select i % 3 as k, i * i as w from range(11) as r(i)"),
];
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
    large(case(
        "first_and_last_of_many_matches",
        "table t { k: i64, v: i64 }\ntable m { k: i64, w: i64 }
export result = t | join m on k
  | group k { n = count(), head = first(w), far = first(w filter w > 50000), tail = last(w), v = last(v) }",
        MATCHES,
        "select k, count(*) as n, min(w) as head, min(w) filter (w > 50000) as far, max(w) as tail, max(v) as v
           from t join m using (k) group by k",
    )),
    large(case(
        "distinct_of_many_matches",
        "table t { k: i64, v: i64 }\ntable m { k: i64, w: i64 }
export result = t | join left m on k | filter w + v > 50000 | distinct { v }",
        MATCHES,
        "select k, v, min(w) as w from t left join m using (k) where w + v > 50000 group by k, v",
    )),
    case(
        "first_and_last_of_united_rows_with_matches",
        "table a { k: i64, v: i64 }\ntable b { k: i64, v: i64 }\ntable m { k: i64, w: i64 }
export result = a | union b | union (a | derive v = v + 1000) | join left m on k
  | group { g = v % 4 } { hv = first(v), hw = first(w), tv = last(v), tw = last(w), fw = first(w filter w > 9) }",
        UNITED,
        "with u as (select *, 0 as d, row_number() over (order by v) as r from a
           union all select *, 1, row_number() over (order by v) from b
           union all select k, v + 1000, 2, row_number() over (order by v) from a),
         j as (from u left join (select *, w as i from m) as m using (k))
         select v % 4 as g, first(v order by d, r, i) as hv, first(w order by d, r, i) as hw,
           last(v order by d, r, i) as tv, last(w order by d, r, i) as tw,
           first(w order by d, r, i) filter (w > 9) as fw from j group by g",
    ),
    case(
        "orders_across_stages",
        "table a { k: i64, v: i64 }\ntable b { k: i64, v: i64 }\ntable m { k: i64, w: i64 }
export result = a | join m on k | join (b | select { k, u = v }) on k | sort { (w % 7) }
  | union (b | derive { w = -1, u = -1 }) | group k { n = count(), v = first(v), w = first(w), u = first(u), z = last(u) }",
        UNITED,
        "with j as (select a.k, a.v, w, b.v as u from a join m using (k) join b using (k)),
           x as (select *, 0 as d, w % 7 as s, v as x, w as y, u as z from j
             union all select k, v, -1, -1, 1, v, 0, 0, 0 from b)
         select k, count(*) as n, first(v order by d, s, x, y, z) as v, first(w order by d, s, x, y, z) as w,
           first(u order by d, s, x, y, z) as u, last(u order by d, s, x, y, z) as z from x group by k",
    ),
];
