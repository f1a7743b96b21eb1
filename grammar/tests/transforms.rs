//! Every transform and the tree it gives.

mod common;

use common::transforms;

#[test]
fn filter_derive_select_drop_rename() {
    insta::assert_snapshot!(transforms(&[
        "filter x > 1 and y",
        "derive { a = x + 1, b = a * 2 }",
        "derive x = 1",
        "select { a, left.b, c = x + 1, }",
        "select a",
        "drop { a, b }",
        "drop a",
        "rename { new = old, `b c` = d }",
        "rename new = old",
    ]), @r"
    | filter x > 1 and y
      filter (and (> x 1) y)
    | derive { a = x + 1, b = a * 2 }
      derive
        a = (+ x 1)
        b = (* a 2)
    | derive x = 1
      derive
        x = 1
    | select { a, left.b, c = x + 1, }
      select
        a
        left.b
        c = (+ x 1)
    | select a
      select
        a
    | drop { a, b }
      drop { a, b }
    | drop a
      drop { a }
    | rename { new = old, `b c` = d }
      rename { new = old, `b c` = d }
    | rename new = old
      rename { new = old }
    ");
}

#[test]
fn group_and_aggregate() {
    insta::assert_snapshot!(transforms(&[
        "group { vendor, h = hour(t) } { n = count(), m = mean(x) }",
        "group origin { n = count() }",
        "group h = hour(t) n = count()",
        "group {} { n = count() }",
        "aggregate { n = count() }",
        "aggregate n = count()",
    ]), @r"
    | group { vendor, h = hour(t) } { n = count(), m = mean(x) }
      group
        by
          vendor
          h = (call hour t)
        aggregates
          n = (call count)
          m = (call mean x)
    | group origin { n = count() }
      group
        by
          origin
        aggregates
          n = (call count)
    | group h = hour(t) n = count()
      group
        by
          h = (call hour t)
        aggregates
          n = (call count)
    | group {} { n = count() }
      group
        by
        aggregates
          n = (call count)
    | aggregate { n = count() }
      aggregate
        n = (call count)
    | aggregate n = count()
      aggregate
        n = (call count)
    ");
}

#[test]
fn joins() {
    insta::assert_snapshot!(transforms(&[
        "join zones on zone",
        "join inner zones on { zone, city, }",
        "join left zones as z on z.id == t.zone and fare > 3 nulls equal",
        "join right (zones | filter open) on zone",
        "join full a on k nulls equal",
        "join semi a on k",
        "join anti a on k",
        "join cross a as b",
        "join left on k",
        "join asof q on ts by { key, sym } within 5min forward",
        "join asof q as r on ts by key",
        "join asof q on ts",
        "join asof on k",
    ]), @r"
    | join zones on zone
      join inner zones
        using { zone }
    | join inner zones on { zone, city, }
      join inner zones
        using { zone, city }
    | join left zones as z on z.id == t.zone and fare > 3 nulls equal
      join left zones
        as z
        on (and (== z.id t.zone) (> fare 3))
        nulls equal
    | join right (zones | filter open) on zone
      join right pipeline
        from zones
        filter open
        using { zone }
    | join full a on k nulls equal
      join full a
        using { k }
        nulls equal
    | join semi a on k
      join semi a
        using { k }
    | join anti a on k
      join anti a
        using { k }
    | join cross a as b
      join cross a
        as b
    | join left on k
      join inner left
        using { k }
    | join asof q on ts by { key, sym } within 5min forward
      join asof q
        on ts by { key, sym }
        within (duration 300000000)
        forward
    | join asof q as r on ts by key
      join asof q
        as r
        on ts by { key }
    | join asof q on ts
      join asof q
        on ts by {}
    | join asof on k
      join inner asof
        using { k }
    ");
}

#[test]
fn sort_take_distinct() {
    insta::assert_snapshot!(transforms(&[
        "sort -n",
        "sort { a, -b, c nulls first, -(a + b) nulls last, t.x }",
        "take 10",
        "take 11..20",
        "take 2 by { key } sort { -v }",
        "take 2 by key sort -v",
        "take 1_000",
        "distinct",
        "distinct { a, b }",
        "distinct a",
    ]), @r"
    | sort -n
      sort { -n }
    | sort { a, -b, c nulls first, -(a + b) nulls last, t.x }
      sort { a, -b, c nulls first, -(+ a b) nulls last, t.x }
    | take 10
      take 1..10
    | take 11..20
      take 11..20
    | take 2 by { key } sort { -v }
      take 1..2
        by { key }
        sort { -v }
    | take 2 by key sort -v
      take 1..2
        by { key }
        sort { -v }
    | take 1_000
      take 1..1000
    | distinct
      distinct
    | distinct { a, b }
      distinct { a, b }
    | distinct a
      distinct { a }
    ");
}

#[test]
fn set_operations() {
    insta::assert_snapshot!(transforms(&[
        "union b",
        "union distinct b",
        "union (b | take 2)",
        "union distinct",
        "intersect b",
        "except (b | take 2)",
    ]), @r"
    | union b
      union b
    | union distinct b
      union distinct b
    | union (b | take 2)
      union pipeline
        from b
        take 1..2
    | union distinct
      union distinct
    | intersect b
      intersect b
    | except (b | take 2)
      except pipeline
        from b
        take 1..2
    ");
}

#[test]
fn windows() {
    insta::assert_snapshot!(transforms(&[
        "window { by { k }, sort { t }, rows -6..0 } { ma7 = mean(x), r = row_number() }",
        "window { range -7d..0d, sort -t, } total = sum(x)",
        "window { rows ..0 } total = sum(x)",
        "window { rows 0.. } total = sum(x)",
        "window by k { r = rank() }",
        "window {} { n = count() }",
    ]), @r"
    | window { by { k }, sort { t }, rows -6..0 } { ma7 = mean(x), r = row_number() }
      window
        by
          k
        sort { t }
        rows (- 6)..0
        items
          ma7 = (call mean x)
          r = (call row_number)
    | window { range -7d..0d, sort -t, } total = sum(x)
      window
        sort { -t }
        range (- (duration 604800000000))..(duration 0)
        items
          total = (call sum x)
    | window { rows ..0 } total = sum(x)
      window
        rows ..0
        items
          total = (call sum x)
    | window { rows 0.. } total = sum(x)
      window
        rows 0..
        items
          total = (call sum x)
    | window by k { r = rank() }
      window
        by
          k
        items
          r = (call rank)
    | window {} { n = count() }
      window
        items
          n = (call count)
    ");
}

#[test]
fn pivot_and_unpivot() {
    insta::assert_snapshot!(transforms(&[
        r#"pivot { by { k }, on col in { "a", "b" }, value = sum(x) }"#,
        "pivot { on col in { 1 }, v = max(x), }",
        "unpivot { a, b } into { name, value }",
        "unpivot a into { n, v, }",
    ]), @r#"
    | pivot { by { k }, on col in { "a", "b" }, value = sum(x) }
      pivot
        by
          k
        on col in { "a", "b" }
        value = (call sum x)
    | pivot { on col in { 1 }, v = max(x), }
      pivot
        on col in { 1 }
        v = (call max x)
    | unpivot { a, b } into { name, value }
      unpivot { a, b } into { name, value }
    | unpivot a into { n, v, }
      unpivot { a } into { n, v }
    "#);
}

#[test]
fn assert_shard_replicate_call() {
    insta::assert_snapshot!(transforms(&[
        r#"assert fare >= 0 "a fare is \"negative\"\n""#,
        "shard by { k }",
        "replicate",
        "top(3, x + 1)",
        "top()",
        "`take`(3)",
    ]), @r#"
    | assert fare >= 0 "a fare is \"negative\"\n"
      assert (>= fare 0) "a fare is \"negative\"\n"
    | shard by { k }
      shard by { k }
    | replicate
      replicate
    | top(3, x + 1)
      call top(3, (+ x 1))
    | top()
      call top()
    | `take`(3)
      call take(3)
    "#);
}
