//! The cases of `assumptions`: what is compiled for, what it runs on, and what it must give.

/// A program, the rows it is compiled for, the rows it runs on, and what it must give.
#[derive(Clone, Copy)]
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) program: &'static str,
    /// By table, as queries.
    pub(super) compiled: &'static [(&'static str, &'static str)],
    /// By table, as queries.
    pub(super) run: &'static [(&'static str, &'static str)],
    /// Rows of a chunk, where not the planner's choice.
    pub(super) chunk_rows: Option<&'static str>,
    pub(super) wanted: Wanted,
}

/// What a case must give.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    /// The rows of a query.
    Rows(&'static str),
    /// No result, exit code 1, and these texts on standard error.
    Error(&'static [&'static str]),
}

use Wanted::{Error, Rows};

const GROUP: &str = "table t { k: i32?, v: i64 }
export result = t | group k { n = count(), total = sum(v), most = max(v) }";
const GROUP_SQL: &str = "select k, count(*) as n, sum(v) as total, max(v) as most from t group by k";
const FEW_KEYS: &str = "select (i % 10)::integer as k, i % 7 as v from range(500) as r(i)";

const GROUP_TEXT: &str = "table t { a: str?, b: str?, v: i64 }
export result = t | group { a, b } { n = count(), least = min(v), head = first(a) }";
const GROUP_TEXT_SQL: &str = "select a, b, count(*) as n, min(v) as least, a as head from t group by a, b";
const FEW_TEXTS: &str = "select 'a' || i % 8 as a, 'b' || i % 5 as b, i as v from range(400) as r(i)";

const JOIN: &str = "table f { k: i32?, v: i64 }\ntable d { k: i32?, w: i64 }\nexport result = f | join d on k";
const JOIN_LEFT: &str =
    "table f { k: i32?, v: i64 }\ntable d { k: i32?, w: i64 }\nexport result = f | join left d on k";
const JOIN_ANTI: &str =
    "table f { k: i32?, v: i64 }\ntable d { k: i32?, w: i64 }\nexport result = f | join anti d on k";
const JOIN_SQL: &str = "select f.k, v, w from f join d on f.k = d.k";
const JOIN_LEFT_SQL: &str = "select f.k, v, w from f left join d on f.k = d.k";
const JOIN_CONDITION: &str = "table f { k: i32?, v: i64 }\ntable d { k: i32?, w: i64 }
export result = f | derive { a = concat(v, \"x\"), n = length(concat(k, v)) } | join left d on left.k == right.k and w > v + 8
  | select { k = f.k, v, w, b = upper(concat(a, \"-\", w)), c = reverse(a), n }";
const JOIN_CONDITION_SQL: &str = "select f.k, v, w, upper(concat(v, 'x', '-', w)) as b, reverse(concat(v, 'x')) as c,
  length(concat(f.k, v)) as n from f left join d on f.k = d.k and w > v + 8";
const UNIQUE_KEYS: &[(&str, &str)] = &[
    ("f", "select (i % 20)::integer as k, i % 7 as v from range(500) as r(i)"),
    ("d", "select i::integer as k, i * 2 as w from range(15) as r(i)"),
];
const PROBE: &str =
    "select case when i % 11 <> 0 then (i % 60 - 20)::integer end as k, i % 7 as v from range(900) as r(i)";

const SMALL: &str = "select i % 4 as x, i % 3 + 1 as y, i as id from range(40) as r(i)";
/// Row 18 holds what overflows.
const LARGE: &str =
    "select case when i = 17 then 9223372036854775807 else i end as x, case when i = 17 then 5 else 2 end::bigint as y,
 i as id from range(40) as r(i)";

pub(super) const fn case(
    name: &'static str,
    program: &'static str,
    compiled: &'static [(&'static str, &'static str)],
    run: &'static [(&'static str, &'static str)],
    wanted: Wanted,
) -> Case {
    Case { name, program, compiled, run, chunk_rows: None, wanted }
}

pub(super) const fn chunked(case: Case, rows: &'static str) -> Case {
    Case { chunk_rows: Some(rows), ..case }
}

pub(super) const KEYS: &[Case] = &[
    case("group_keys_leave_the_recorded_bounds", GROUP, &[("t", FEW_KEYS)], &[("t", WIDE_KEYS)], Rows(GROUP_SQL)),
    chunked(
        case("group_keys_leave_the_bounds_late", GROUP, &[("t", FEW_KEYS)], &[("t", LATE_KEY)], Rows(GROUP_SQL)),
        "7",
    ),
    case(
        "partitions_leave_the_recorded_bounds",
        "table t { k: i32, v: i64 }
export result = t | window { by k, sort v } { n = count(), before = lag(v) } | select { k, v, n, before }",
        &[("t", FEW_KEYS)],
        &[("t", "select (i * 37 % 400)::integer - 100 as k, i as v from range(900) as r(i)")],
        Rows(
            "select k, v, count(*) over w as n, lag(v) over w as before from t window w as (partition by k order by v)",
        ),
    ),
    case(
        "a_nearest_key_leaves_the_recorded_bounds",
        "table t { k: i32, v: i64 }
export result = t | join asof left (t | select { v, j = k }) on v within 3 | select { k, v, j }",
        &[("t", "select (i % 10)::integer as k, i as v from range(500) as r(i)")],
        &[("t", "select (i * 37 % 400)::integer - 100 as k, i * 1000003 as v from range(900) as r(i)")],
        Rows("select k, v, k as j from t"),
    ),
    case(
        "group_keys_leave_the_recorded_bounds_within_the_declared",
        "table t { k: i32 in 0..2000, v: i64 }\nexport result = t | group k { n = count(), total = sum(v) }",
        &[("t", FEW_KEYS)],
        &[("t", "select (i % 1500)::integer as k, i % 7 as v from range(3000) as r(i)")],
        Rows("select k, count(*) as n, sum(v) as total from t group by k"),
    ),
    case(
        "group_by_a_bool_that_was_always_true",
        "table t { b: bool, v: i64 }\nexport result = t | group b { n = count() }",
        &[("t", "select true as b, i as v from range(9) as r(i)")],
        &[("t", "select i % 3 = 0 as b, i as v from range(9) as r(i)")],
        Rows("select b, count(*) as n from t group by b"),
    ),
    case(
        "group_by_dates_and_decimals_beyond_the_bounds",
        "table t { d: date?, m: decimal(9, 2) }\nexport result = t | group { d, m } { n = count() }",
        &[(
            "t",
            "select date '2020-01-01' + (i % 20)::integer as d, (i % 9)::decimal(9, 2) as m from range(99) as r(i)",
        )],
        &[(
            "t",
            "select case when i % 17 <> 3 then date '1969-01-01' + (i % 900)::integer end as d,
             ((i % 70 - 30) / 10)::decimal(9, 2) as m from range(2000) as r(i)",
        )],
        Rows("select d, m, count(*) as n from t group by d, m"),
    ),
    case(
        "compiled_for_no_rows",
        GROUP,
        &[("t", "from (select 1::integer as k, 1::bigint as v) where false")],
        &[("t", WIDE_KEYS)],
        Rows(GROUP_SQL),
    ),
    case(
        "run_on_no_rows",
        GROUP,
        &[("t", FEW_KEYS)],
        &[("t", "from (select 1::integer as k, 1::bigint as v) where false")],
        Rows(GROUP_SQL),
    ),
    case("dictionaries_outgrow_a_rung", GROUP_TEXT, &[("t", FEW_TEXTS)], &[("t", MORE_TEXTS)], Rows(GROUP_TEXT_SQL)),
    chunked(
        case(
            "dictionaries_outgrow_a_rung_between_chunks",
            GROUP_TEXT,
            &[("t", FEW_TEXTS)],
            &[("t", MORE_TEXTS)],
            Rows(GROUP_TEXT_SQL),
        ),
        "512",
    ),
    case(
        "dictionaries_outgrow_every_dense_rung",
        GROUP_TEXT,
        &[("t", FEW_TEXTS)],
        &[("t", MANY_TEXTS)],
        Rows(GROUP_TEXT_SQL),
    ),
    case(
        "a_sort_outgrows_its_buffer",
        "table t { k: i32?, v: i64 }\nexport result = t | sort { -k, v } | take 100..900",
        &[("t", FEW_KEYS)],
        &[("t", WIDE_KEYS)],
        Rows("select * from t order by k desc nulls last, v limit 801 offset 99"),
    ),
];

const WIDE_KEYS: &str =
    "select case when i % 13 <> 0 then (i % 1000 - 300)::integer end as k, i * 7919 as v from range(20000) as r(i)";
const LATE_KEY: &str =
    "select case when i = 490 then 11 else i % 10 end::integer as k, i % 7 as v from range(500) as r(i)";
const MORE_TEXTS: &str = "select case when i % 13 <> 4 then 'z' || i % 1500 end as a, 'b' || i // 3 % 700 as b, i as v
 from range(5000) as r(i)";
const MANY_TEXTS: &str = "select case when i % 13 <> 4 then 'z' || i % 9001 end as a, 'b' || i // 3 % 7001 as b, i as v
 from range(20000) as r(i)";

pub(super) const JOINS: &[Case] = &[
    case(
        "build_keys_with_a_condition_occur_twice",
        JOIN_CONDITION,
        UNIQUE_KEYS,
        &[("f", PROBE), ("d", "select (i % 12)::integer as k, i as w from range(60) as r(i)")],
        Rows(JOIN_CONDITION_SQL),
    ),
    case(
        "build_keys_occur_twice",
        JOIN,
        UNIQUE_KEYS,
        &[("f", PROBE), ("d", "select (i % 15)::integer as k, i as w from range(45) as r(i)")],
        Rows(JOIN_SQL),
    ),
    case(
        "build_keys_leave_the_bounds",
        JOIN_LEFT,
        UNIQUE_KEYS,
        &[("f", PROBE), ("d", "select (i - 30)::integer as k, i as w from range(100) as r(i)")],
        Rows(JOIN_LEFT_SQL),
    ),
    chunked(
        case(
            "build_keys_occur_twice_and_leave_the_bounds",
            JOIN_LEFT,
            UNIQUE_KEYS,
            &[("f", PROBE), ("d", TWICE_AND_WIDE)],
            Rows(JOIN_LEFT_SQL),
        ),
        "64",
    ),
    case(
        "anti_join_of_wide_keys_with_nulls",
        JOIN_ANTI,
        UNIQUE_KEYS,
        &[("f", PROBE), ("d", TWICE_AND_WIDE)],
        Rows("select * from f where not exists (from d where d.k = f.k)"),
    ),
    case(
        "build_nulls_are_no_duplicates",
        JOIN,
        UNIQUE_KEYS,
        &[("f", PROBE), ("d", "select case when i > 4 then i::integer end as k, i as w from range(15) as r(i)")],
        Rows(JOIN_SQL),
    ),
    case(
        "null_keys_match_and_occur_twice",
        "table f { k: i32?, v: i64 }\ntable d { k: i32?, w: i64 }\nexport result = f | join d on k nulls equal",
        UNIQUE_KEYS,
        &[("f", PROBE), ("d", "select case when i > 4 then i::integer end as k, i as w from range(15) as r(i)")],
        Rows("select f.k, v, w from f join d on f.k is not distinct from d.k"),
    ),
    case(
        "a_build_side_outgrows_its_buffer",
        JOIN,
        UNIQUE_KEYS,
        &[("f", PROBE), ("d", "select (i - 30)::integer as k, i as w from range(9000) as r(i)")],
        Rows(JOIN_SQL),
    ),
    case(
        "a_chunk_has_more_matches_than_rows",
        JOIN,
        UNIQUE_KEYS,
        &[
            ("f", "select (i % 3)::integer as k, i as v from range(300) as r(i)"),
            ("d", "select (i % 3)::integer as k, i as w from range(99) as r(i)"),
        ],
        Rows(JOIN_SQL),
    ),
    case(
        "a_join_by_text_outgrows_its_dictionary",
        "table f { k: str?, v: i64 }\ntable d { k: str?, w: i64 }\nexport result = f | join left d on k",
        &[
            ("f", "select 'k' || i % 20 as k, i as v from range(100) as r(i)"),
            ("d", "select 'k' || i as k, i as w from range(15) as r(i)"),
        ],
        &[
            ("f", "select case when i % 11 <> 0 then 'k' || i % 6000 end as k, i as v from range(7000) as r(i)"),
            ("d", "select case when i % 11 <> 3 then 'k' || i * 3 % 5003 end as k, i as w from range(4000) as r(i)"),
        ],
        Rows(JOIN_LEFT_SQL),
    ),
];

const TWICE_AND_WIDE: &str =
    "select case when i % 13 <> 0 then (i % 40 - 20)::integer end as k, i % 29 as w from range(120) as r(i)";

macro_rules! numbers {
    ($name:literal, $transforms:literal, $wanted:expr) => {
        case(
            $name,
            concat!("table t { x: i64, y: i64, id: i64 }\nexport result = t | ", $transforms),
            &[("t", SMALL)],
            &[("t", LARGE)],
            $wanted,
        )
    };
}

pub(super) const ARITHMETIC: &[Case] = &[
    numbers!("a_sum_of_two_columns_overflows", "derive z = x + y", Error(&["DJ0601", "`x + y`", "row 18 of"])),
    numbers!("a_product_overflows", "derive z = x * y", Error(&["DJ0601", "`x * y`", "row 18 of"])),
    numbers!("a_difference_overflows", "derive z = -x - y", Error(&["DJ0601", "`-x - y`", "row 18 of"])),
    numbers!("an_argument_overflows", "group y { s = sum(x + id) }", Error(&["DJ0601", "`x + id`", "row 18 of"])),
    numbers!("a_sum_overflows", "aggregate { s = sum(x) }", Error(&["DJ0601", "`sum(x)`", "row 18 of"])),
    numbers!(
        "a_sum_by_group_overflows",
        "group { k = id % 2 } { s = sum(x) }",
        Error(&["DJ0601", "`sum(x)`", "row 18 of"])
    ),
    numbers!(
        "a_sum_by_sorted_groups_overflows",
        "group { k = id * 1000000007 % 1000000000 % 2 } { s = sum(x) }",
        Error(&["DJ0601", "`sum(x)`", "row 18 of"])
    ),
    numbers!(
        "a_sum_of_unsigned_overflows",
        "group { k = id % 2 } { s = sum(x as u64) }",
        Error(&["DJ0601", "row 18 of"])
    ),
    numbers!(
        "a_sum_of_unsigned_is_two_to_the_power_of_64",
        "derive half = (9223372036854775807 as u64) + (1 as u64) | aggregate { s = sum(half filter id in { 9, 30 }) }",
        Error(&["DJ0601", "`sum(half filter id in { 9, 30 })`"])
    ),
    numbers!(
        "a_sum_overflows_later",
        "filter id != 3 | aggregate { s = sum(case { id < 30 and id > 4 => -1, else => x }), t = sum(x - id) }",
        Rows("select sum(case when id < 30 and id > 4 then -1 else x end) as s, sum(x - id) as t from t where id <> 3")
    ),
    numbers!(
        "two_sums_overflow",
        "aggregate { s = sum(case { id < 18 => 0, else => x + 9223372036854775000 }), t = sum(y * 1000000000000000000) }",
        Error(&["DJ0601", "`sum(y * 1000000000000000000)`", "row 5 of"])
    ),
    chunked(
        numbers!("a_sum_overflows_in_a_later_chunk", "aggregate { s = sum(x) }", Error(&["DJ0601", "row 18 of"])),
        "7",
    ),
    chunked(
        numbers!(
            "a_sum_after_a_join_overflows",
            "join (t | select { id2 = id % 3, w = 1 }) on left.id % 3 == id2 | group id2 { s = sum(x * w) }",
            Error(&["DJ0601", "`sum(x * w)`", "row 18 of"])
        ),
        "7",
    ),
    case(
        "a_sum_overflows_in_the_last_row",
        "table t { x: i64 }\nexport result = t | aggregate { s = sum(x) }",
        &[("t", "select i as x from range(31) as r(i)")],
        &[("t", "select case when i < 29 then 0 else 4611686018427387904 end as x from range(31) as r(i)")],
        Error(&["DJ0601", "row 31 of"]),
    ),
    numbers!(
        "a_sum_of_a_union_overflows",
        "filter id < 17 | union (t | filter id > 4) | aggregate { s = sum(x) }",
        Error(&["DJ0601", "`sum(x)`", "row 18 of"])
    ),
    numbers!(
        "a_sum_of_groups_overflows",
        "group { id } { m = max(x) } | aggregate { s = sum(m) }",
        Error(&["DJ0601", "`sum(m)`", "row 18 of what `group by id", "`m` is "])
    ),
    numbers!(
        "a_sum_passes_beyond_and_comes_back",
        "derive z = case { id == 3 => -1000, else => x } | aggregate { s = sum(z) }",
        Rows("select sum(case when id = 3 then -1000 else x end) as s from t")
    ),
    numbers!(
        "a_filter_keeps_the_overflow_out",
        "filter id != 17 | derive z = x * y",
        Rows("select *, x * y as z from t where id <> 17")
    ),
    numbers!(
        "a_case_keeps_the_overflow_out",
        "derive z = case { id == 17 => 0, else => x * y }",
        Rows("select *, case when id = 17 then 0 else x * y end as z from t")
    ),
    numbers!(
        "an_and_keeps_the_overflow_out",
        "filter id != 17 and x * y > 5",
        Rows("from t where case when id = 17 then false else x * y > 5 end")
    ),
    numbers!(
        "an_or_keeps_the_overflow_out",
        "filter id == 17 or x * y > 5",
        Rows("from t where case when id = 17 then true else x * y > 5 end")
    ),
    numbers!(
        "an_aggregates_filter_keeps_the_overflow_out",
        "aggregate { s = sum(x * y filter id != 17) }",
        Rows("select sum(x * y) as s from t where id <> 17")
    ),
    case(
        "a_decimal_product_overflows",
        "table t { m: decimal(18, 2) }\nexport result = t | derive z = m * m",
        &[("t", "select i::decimal(18, 2) as m from range(9) as r(i)")],
        &[("t", "select case when i = 4 then 9e15 else i end::decimal(18, 2) as m from range(9) as r(i)")],
        Error(&["DJ0601", "`m * m`", "row 5 of"]),
    ),
    case(
        "a_decimal_sum_overflows",
        "table t { m: decimal(18, 2) }\nexport result = t | aggregate { s = sum(m) }",
        &[("t", "select i::decimal(18, 2) as m from range(9) as r(i)")],
        &[("t", "select 9e15::decimal(18, 2) as m from range(20) as r(i)")],
        Error(&["DJ0601", "`sum(m)`", "row 2 of"]),
    ),
    case(
        "a_small_integer_overflows",
        "table t { x: i8 }\nexport result = t | derive z = x * x",
        &[("t", "select 3::tinyint as x from range(9) as r(i)")],
        &[("t", "select i::tinyint as x from range(20) as r(i)")],
        Error(&["DJ0601", "`x * x`", "row 13 of"]),
    ),
];

pub(super) const CONTRACTS: &[Case] = &[
    case(
        "a_value_lies_outside_its_declared_domain",
        "table t { k: i32? in 0..9, v: i64 }\nexport result = t | group k { n = count() }",
        &[("t", FEW_KEYS)],
        &[("t", LATE_KEY)],
        Error(&["DJ0602", "`k`", "row 491 of", "t.run"]),
    ),
    case(
        "a_float_lies_outside_its_declared_domain",
        "table t { x: f64 in 0.0..1.0 }\nexport result = t | aggregate { m = mean(x) }",
        &[("t", "select i / 10 as x from range(10) as r(i)")],
        &[("t", "select i / 8 as x from range(10) as r(i)")],
        Error(&["DJ0602", "`x`", "row 10 of"]),
    ),
    case(
        "a_cast_to_a_narrower_integer_fails",
        "table t { x: i64, y: i64, id: i64 }\nexport result = t | derive z = x as i32",
        &[("t", SMALL)],
        &[("t", LARGE)],
        Error(&["DJ0603", "row 18 of"]),
    ),
    case(
        "a_cast_of_text_fails",
        "table t { s: str }\nexport result = t | derive z = s as i64",
        &[("t", "select i::varchar as s from range(9) as r(i)")],
        &[("t", "select case when i = 6 then 'six' else i::varchar end as s from range(9) as r(i)")],
        Error(&["DJ0603", "row 7 of"]),
    ),
    case(
        "casts_that_may_fail_give_null",
        "table t { s: str, x: i64 }\nexport result = t | select { a = s as? i64, b = x as? i32 }",
        &[("t", "select i::varchar as s, i as x from range(9) as r(i)")],
        &[(
            "t",
            "select case when i = 6 then 'six' else i::varchar end as s, i * 900000000 as x from range(9) as r(i)",
        )],
        Rows("select try_cast(s as bigint) as a, try_cast(x as integer) as b from t"),
    ),
];
