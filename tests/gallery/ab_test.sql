with summaries as (
  select case when grouping(country) = 1 then 'all' else country end as country, variant, count(*) as n, count(*)
    filter (bought) as k,
    avg(revenue) as revenue, var_samp(revenue) as spread, median(revenue) filter (bought) as each
  from experiment join users using (user_id) group by grouping sets ((country, variant), (variant))
),
tested as (
  select b.*, (b.k / b.n) / (a.k / a.n) - 1 as lift,
    (b.revenue - a.revenue) / sqrt(a.spread / a.n + b.spread / b.n) as t,
    (b.k / b.n - a.k / a.n) / sqrt(
      (a.k + b.k) / (a.n + b.n) * (1 - (a.k + b.k) / (a.n + b.n)) * (1 / a.n + 1 / b.n)
    ) as z
  from summaries a join summaries b using (country) where a.variant = 'control' and b.variant <> 'control'
)
select country, variant, n, k / n as conversion, lift, revenue, each, t, z,
  case when abs(t) < 1.96 and abs(z) < 1.96 then 'no difference' when t > 0 and z > 0 then 'better'
    when t < 0 and z < 0 then 'worse' else 'look closer' end as verdict
from tested order by country, variant
