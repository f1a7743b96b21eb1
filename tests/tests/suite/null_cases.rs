//! Programs compiled for files that hold no null, where validity vanishes, and run on files that do.

use super::cases::{Case, Wanted, case, chunked};

const NOT_NULL: &str =
    "select (i % 10)::integer as k, (i % 7)::bigint as v, 's' || i % 5 as s, i / 4.0 as x from range(500) as r(i)";
const NULLS: &str =
    "select case when i % 11 <> 3 then (i % 10)::integer end as k, case when i % 5 <> 1 then (i % 7)::bigint end as v,
  case when i % 13 <> 2 then 's' || i % 5 end as s, case when i % 3 <> 1 then i / 4.0 end as x from range(500) as r(i)";
/// The only null is in the last row.
const LATE_NULL: &str =
    "select case when i < 499 then (i % 10)::integer end as k, case when i < 499 then (i % 7)::bigint end as v,
  case when i < 499 then 's' || i % 5 end as s, case when i < 499 then i / 4.0 end as x from range(500) as r(i)";

macro_rules! program {
    ($pipeline:literal) => {
        concat!("table t { k: i32?, v: i64?, s: str?, x: f64? }\nexport result = t | ", $pipeline)
    };
}

const GROUP: &str = program!("group { k } { n = count(v), total = sum(v), mean = mean(x), least = min(s) }");
const GROUP_SQL: &str = "select k, count(v) as n, sum(v) as total, avg(x) as mean, min(s) as least from t group by k";
const GROUP_TEXT: &str = program!("group { s, k } { n = count(), spread = var(x), most = max(v) }");
const GROUP_TEXT_SQL: &str = "select s, k, count(*) as n, var_samp(x) as spread, max(v) as most from t group by s, k";
const EMIT: &str =
    program!("filter v > 1 or s is null | select { k, w = v + 1, u = upper(s), c = concat(s, \"!\"), z = x ?? -1.0 }");
const EMIT_SQL: &str =
    "select k, v + 1 as w, upper(s) as u, concat(s, '!') as c, coalesce(x, -1.0) as z from t where v > 1 or s is null";
const SORT: &str = program!("sort { -v, s, k, x nulls first } | take 100");
const SORT_SQL: &str =
    "select * from t order by v desc nulls last, s nulls last, k nulls last, x nulls first limit 100";
const JOIN: &str =
    program!("join left (t | group { k } { n = count() } | rename { j = k }) on k == j | select { k, v, n }");
const JOIN_SQL: &str = "select k, v, n from t left join (select k as j, count(*) as n from t group by k) on k = j";

/// A program compiled for rows without nulls.
macro_rules! null_case {
    ($name:literal, $program:expr, $run:expr, $sql:expr) => {
        case($name, $program, &[("t", NOT_NULL)], &[("t", $run)], Wanted::Rows($sql))
    };
}

pub(super) const NULLS_APPEAR: &[Case] = &[
    null_case!("nulls_in_groups", GROUP, NULLS, GROUP_SQL),
    chunked(null_case!("a_late_null_in_groups", GROUP, LATE_NULL, GROUP_SQL), "7"),
    null_case!("nulls_in_text_groups", GROUP_TEXT, NULLS, GROUP_TEXT_SQL),
    null_case!("nulls_in_emitted_rows", EMIT, NULLS, EMIT_SQL),
    chunked(null_case!("a_late_null_in_emitted_rows", EMIT, LATE_NULL, EMIT_SQL), "7"),
    null_case!("no_nulls_in_emitted_rows", EMIT, NOT_NULL, EMIT_SQL),
    null_case!("nulls_in_an_order", SORT, NULLS, SORT_SQL),
    null_case!("nulls_in_joined_rows", JOIN, NULLS, JOIN_SQL),
    null_case!("no_nulls_in_joined_rows", JOIN, NOT_NULL, JOIN_SQL),
];
