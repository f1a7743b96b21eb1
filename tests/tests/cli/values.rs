//! Values that do not exist: what overflows, or what no cast converts, is an error with the row, never another value.

use super::Workspace;
use dj_tests::cli::djc;
use dj_tests::{Result, duckdb};

/// Rows at the ends of the types' ranges; `a` counts them from zero.
const ROWS: &str = "select a::bigint as a, x, d18, d, ts, f, k, s, day, big from (values
    (0, 1.0::double, 99999999999999.9999::decimal(18,4), date '2024-01-31', timestamp '2024-01-31', 671089::float,
     5::bigint, 'abc', (-2147483646)::integer, -9223372036854775807::bigint),
    (1, -1e18::double, 0.0001::decimal(18,4), date '5881580-06-09', timestamp '294246-12-31', 2.675::float,
     2, 'def', 2147483646, 9223372036854775806),
    (2, 'nan'::double, -1::decimal(18,4), date '0001-01-01', timestamp '1970-01-01', 'nan'::float,
     99999999999, '', 0, 0),
    (3, 'inf'::double, -99999999999999.9999::decimal(18,4), date '-5877641-06-26', make_timestamp(-9223372036854775807 + 10),
     'inf'::float, -1, 'e', 1, 1))
    as t(a, x, d18, d, ts, f, k, s, day, big)";

/// With and without the optimizer, in chunks of one row, of seven, and of the usual number.
const CONFIGURATIONS: [&[&str]; 3] = [&[], &["--no-optimize", "--chunk-rows", "1"], &["--chunk-rows", "7"]];

struct Extremes(Workspace);

impl Extremes {
    fn new() -> Result<Self> {
        let space = Workspace::new()?;
        let file = space.path("t.parquet");
        duckdb::query(&format!("copy ({ROWS}) to '{}' (format parquet)", file.display()))?;
        Ok(Self(space))
    }

    /// What a pipeline over the rows prints as CSV; the same in every configuration.
    fn gives(&self, pipeline: &str, wanted: &str) -> Result {
        let program = self.program(pipeline)?;
        for options in CONFIGURATIONS {
            let run = djc()?.arg("run").arg(&program).args(FAST).args(options).args(["--format", "csv"]).succeed()?;
            assert_eq!(run.stdout, wanted, "{pipeline} {options:?}");
        }
        Ok(())
    }

    /// A pipeline over the rows fails with a code at a row, which is counted from one.
    fn fails(&self, pipeline: &str, code: &str, row: usize) -> Result {
        let program = self.program(pipeline)?;
        djc()?.arg("check").arg(&program).succeed()?;
        for options in CONFIGURATIONS {
            let run = djc()?.arg("run").arg(&program).args(FAST).args(options).run()?;
            let place = format!("row {row} of `");
            run.code(1)?.prints_nothing()?.complains(code)?.complains(&place)?;
        }
        Ok(())
    }

    fn program(&self, pipeline: &str) -> Result<std::path::PathBuf> {
        self.0.write("extremes.dj", &format!("table t from \"t.parquet\"\nexport result = t | {pipeline}\n"))
    }
}

/// What overflows is called what it is, and the way out is one of its type.
#[test]
fn an_overflow_names_its_type() -> Result {
    let rows = Extremes::new()?;
    for (pipeline, told, way) in [
        (
            "derive v = d18 + 0.0001",
            "decimal overflow: `d18 + 0.0001` does not fit decimal(18, 4)",
            "no decimal has more",
        ),
        ("derive v = big + 2", "integer overflow: `big + 2` does not fit i64", "no integer is wider"),
        (
            "select m = a as decimal(4, 2) | derive v = m // 0.01",
            "decimal overflow: `m // 0.01` does not fit decimal(4, 2)",
            "such as `x as decimal(18, 2)`",
        ),
    ] {
        let program = rows.program(pipeline)?;
        djc()?.arg("run").arg(&program).args(FAST).run()?.code(1)?.complains(told)?.complains(way)?;
    }
    Ok(())
}

const FAST: [&str; 2] = ["--xla-opt-level", "0"];
const OVERFLOW: &str = "DJ0601";
const CAST: &str = "DJ0603";
const MEMORY: &str = "DJ0607";

#[test]
fn decimals_do_not_wrap() -> Result {
    let rows = Extremes::new()?;
    for (pipeline, code, row) in [
        ("derive v = d18 // 0.0001", OVERFLOW, 1),
        ("filter a == 3 | derive v = d18 // 0.0001", OVERFLOW, 4),
        ("derive v = d18 + 0.0001", OVERFLOW, 1),
        ("derive v = d18 - 0.0001", OVERFLOW, 4),
        ("derive v = d18 * 2", OVERFLOW, 1),
        ("derive v = round(d18)", OVERFLOW, 1),
        ("derive v = round(d18, -14)", OVERFLOW, 1),
        ("derive v = ceil(d18)", OVERFLOW, 1),
        ("derive v = floor(d18)", OVERFLOW, 4),
        ("derive v = x as decimal(18, 0)", CAST, 2),
        ("derive v = -x as decimal(18, 0)", CAST, 2),
        ("derive v = d18 as decimal(14, 4)", CAST, 1),
        ("derive v = d18 as decimal(14, 0)", CAST, 1),
        ("derive v = big as decimal(18, 0)", CAST, 1),
        ("derive v = k as decimal(18, 8)", CAST, 3),
    ] {
        rows.fails(pipeline, code, row)?;
    }
    rows.gives(
        "select { v = d18 // 100, w = d18 % 7, y = abs(d18), z = -d18 } | take 1",
        "v,w,y,z\n999999999999.0000,1.9999,99999999999999.9999,-99999999999999.9999\n",
    )?;
    rows.gives("filter a == 1 | select { v = (x + 1024) as? decimal(18, 0) }", "v\n-999999999999998976\n")?;
    rows.gives("filter a < 2 | aggregate { v = sum(d18 - 1) }", "v\n99999999999998.0000\n")
}

#[test]
fn constants_without_a_value_fail_where_a_column_would() -> Result {
    let rows = Extremes::new()?;
    for pipeline in [
        "select { v = \"x\" as i64 }",
        "select { v = \"2024-13-01\" as date }",
        "select { v = \"999\" as u8 }",
        "select { v = \"x\" as f64 }",
        "select { v = lpad(\"x\", 3, \"\") }",
        "select { v = lpad(s, 5, \"\") }",
        "derive p = \"12x\" | derive v = p as i32",
        "filter (\"yes!\" as bool) or a >= 0",
        "group { g = \"x\" as date } { n = count() }",
        "aggregate { n = sum(\"x\" as i64) }",
        "sort (\"x\" as i64)",
        "select { v = concat(s, lpad(\"x\", 3, \"\")) }",
        "select { v = case { a < 0 => \"1\" as i64, else => \"one\" as i64 } }",
        "select { v = null + (\"x\" as i64) }",
        "filter ((\"x\" as i64) > 0 and false) or true",
    ] {
        rows.fails(pipeline, CAST, 1)?;
    }
    for pipeline in [
        "select { v = case { a > 9 => \"x\" as i64, else => 1 } }",
        "select { v = case { a > 9 => lpad(\"x\", 3, \"\"), else => \"1\" } }",
        "select { v = 1 ?? (\"x\" as i64) }",
        "filter a >= 0 or (\"x\" as i64) > 0 | select { v = 1 }",
        "select { v = (\"x\" as? i64) ?? 1 }",
    ] {
        rows.gives(pipeline, "v\n1\n1\n1\n1\n")?;
    }
    rows.gives("filter a > 9 | select { v = \"x\" as i64 }", "v\n")
}

#[test]
fn texts_have_a_bound() -> Result {
    let rows = Extremes::new()?;
    for (pipeline, code) in [
        ("select { v = length(lpad(\"x\", 99_999_999_999, \"y\")) }", MEMORY),
        ("select { v = length(rpad(s, 99_999_999_999, \"y\")) }", CAST),
        ("select { v = length(lpad(s, 1_000_000_000_000_000_000, s)) }", CAST),
    ] {
        rows.fails(pipeline, code, 1)?;
    }
    rows.fails("select { v = length(lpad(\"x\", k, \"y\")) }", MEMORY, 3)?;
    let mut doubled = "concat(s, a)".to_owned();
    for _ in 0..6 {
        doubled = format!("replace({doubled}, \"a\", \"{}\")", "aa".repeat(12));
    }
    rows.fails(&format!("select {{ v = length({doubled}) }}"), MEMORY, 1)
}

/// Texts are made chunk by chunk, and a chunk's may already be more than there is memory for.
#[test]
fn texts_that_are_made_count_before_memory_ends() -> Result {
    let space = Workspace::new()?;
    let rows: String = (0..5_000).map(|row| format!("{row},t{row}\n")).collect();
    space.write("many.csv", &format!("a,s\n{rows}"))?;
    let long = format!("long={}", "x".repeat(20_000));
    for (made, complaint) in
        [("concat(a, long, s)", "in that row `a` is"), ("rpad(s, 300_000, \"xy\")", "`emit` needs")]
    {
        let table = "table t from \"many.csv\" { a: i64, s: str }\nparam long: str";
        let program = space.write("many.dj", &format!("{table}\nexport r = t | select {{ v = {made} }}\n"))?;
        let run = djc()?.arg("run").arg(&program).args(FAST).args(["--memory-limit", "48MiB", "--param", &long]);
        let run = run.run()?.code(1)?;
        let run = run.prints_nothing()?.complains(MEMORY)?.complains("48.0 MiB")?.complains("--memory-limit")?;
        run.complains(complaint)?;
    }
    Ok(())
}

#[test]
fn functions_of_a_literal_take_columns_and_parameters() -> Result {
    let rows = Extremes::new()?;
    rows.gives(
        "filter a < 2 | select { v = lpad(\"ab\", k, \"xy\"), w = substr(\"hello\", k), x = split_part(\"a-b-c\", \"-\", k), y = rpad(\"q\", k, \"-\"), z = substr(\"hello\", 1, k) }",
        "v,w,x,y,z\nxyxab,o,\"\",q----,hello\nab,ello,b,q-,he\n",
    )?;
    let text = "param n: i64 = 3\ntable t from \"t.parquet\"\nexport result = t | take 1 | select { v = lpad(\"ab\", n, \"x\"), w = split_part(\"a-b-c\", \"-\", n) }\n";
    let program = rows.0.write("parameter.dj", text)?;
    let run = djc()?.arg("run").arg(&program).args(["--format", "csv"]).succeed()?;
    assert_eq!(run.stdout, "v,w\nxab,c\n");
    Ok(())
}

#[test]
fn times_do_not_wrap() -> Result {
    let rows = Extremes::new()?;
    for (pipeline, row) in [
        ("derive v = from_epoch(1_706_691_600_123_456_789)", 1),
        ("derive v = from_epoch(x)", 2),
        ("filter a > 1 | derive v = from_epoch(x)", 3),
        ("filter a > 2 | derive v = from_epoch(x)", 4),
        ("derive v = @2024-01-31T00:00:00 + 300000y", 1),
        ("derive v = d + 6000000y", 1),
        ("derive v = d - 6000000y", 1),
        ("derive v = d + 1y", 2),
        ("filter a == 1 | derive v = date_add(d, 3mo)", 2),
        ("derive v = ts + 1y", 2),
        ("derive v = ts - 1mo", 4),
        ("derive v = ts - 1d", 4),
        ("derive v = ts + 106740000d", 1),
        ("derive v = date_add(d, 2_147_480_000)", 1),
        ("derive v = d as timestamp", 2),
        ("derive v = date_diff(\"microsecond\", @0001-01-01, d)", 2),
        ("derive v = date_diff(\"microsecond\", ts, @9999-12-31T00:00:00)", 4),
        ("derive v = ts - @9999-12-31T00:00:00", 4),
        ("derive v = date_trunc(\"second\", ts)", 4),
        ("derive v = date_trunc(\"month\", ts)", 4),
        ("derive v = date_trunc(\"week\", ts)", 4),
        ("filter a == 3 | derive v = date_trunc(\"year\", d)", 4),
        ("filter a == 3 | derive v = date_trunc(\"month\", d)", 4),
        ("filter a == 3 | derive v = date_trunc(\"quarter\", d)", 4),
    ] {
        let code = if pipeline.contains(" as ") { CAST } else { OVERFLOW };
        rows.fails(pipeline, code, row)?;
    }
    rows.gives(
        "filter a == 1 or a == 3 | select { y = year(d), m = month(d), w = week(d), n = day_of_year(d), e = weekday(d), q = quarter(d) }",
        "y,m,w,n,e,q\n5881580,6,24,161,1,2\n-5877641,6,26,177,5,2\n",
    )?;
    rows.gives("filter a == 1 | select { v = date_diff(\"millisecond\", @0001-01-01, d) }", "v\n185604719932800000\n")
}

#[test]
fn spread_of_large_values_is_finite() -> Result {
    let rows = Extremes::new()?;
    let large = |value: &str| format!("pow(10.0, {value})");
    let (e200, e160) = (large("200.0"), large("160.0"));
    // The argument reads the row, so that nothing is folded.
    let of_rows = |value: &str| format!("{value} * (k as f64) / (k as f64)");
    rows.gives(
        &format!("filter a < 3 | aggregate {{ v = var({}), s = std({}) }}", of_rows(&e200), of_rows(&e200)),
        "v,s\n0.0,0.0\n",
    )?;
    rows.gives("aggregate { v = var(0.1 + a as f64 * 0.0), n = var(x filter a == 0) }", "v,n\n0.0,\n")?;
    let spread = format!(
        "filter a < 3 | aggregate {{ v = std({e160} + (a as f64 - 1.0) * pow(10.0, 145.0)) }} | select v = v > 9 * pow(10.0, 144.0) and v < 2 * pow(10.0, 145.0)"
    );
    rows.gives(&spread, "v\ntrue\n")?;
    rows.gives(&format!("group {{ g = a % 2 }} {{ v = var({e200} + a as f64) }} | sort g | select v"), "v\n0.0\n0.0\n")
}

#[test]
fn singles_are_rounded_by_their_digits() -> Result {
    let rows = Extremes::new()?;
    rows.gives(
        "select { v = round(f, 2), w = round(f, -1) as str, y = round(f, -300), z = round(f, 400) }",
        "v,w,y,z\n671089.0,671090.0,0.0,671089.0\n2.67,0.0,0.0,2.675\nNaN,nan,NaN,NaN\ninf,inf,inf,inf\n",
    )?;
    rows.gives("filter a == 0 | select { v = cbrt(64.0 * x), w = cbrt(-27.0 * x) }", "v,w\n4.0,-3.0\n")
}

#[test]
fn quotients_by_constants_are_exact() -> Result {
    let rows = Extremes::new()?;
    // A product with the constant's reciprocal would be a little less than a whole number.
    rows.gives(
        "filter a == 0 | select { v = (49.0 * x) // 49.0, w = (9.8 * x) // 4.9, y = (103.0 * x) / 103.0, z = x // 0.0 }",
        "v,w,y,z\n1.0,2.0,1.0,\n",
    )
}
