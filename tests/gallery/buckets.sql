with ranked as (
  select *, ntile(5) over (order by income, country) as fifth,
    lag(income) over (partition by region order by income desc, country) - income as behind
  from countries
),
parts as (
  select 'income' as part, 'fifth ' || fifth as bucket, * from ranked
  union all select 'region', region, * from ranked
  union all select 'health', case when health < 60 then 'below 60' when health < 75 then '60 to 75'
    else '75 and more' end, * from ranked
)
select part, bucket, count(*) as countries, sum(population) as people,
  sum(income * population) / sum(population) as income,
  min(income) as least, median(income) as median, max(income) as most,
    sum(health * population) / sum(population) as health,
  corr(log10(income), health) as r, mode(region) as usual_region, min(behind) as smallest_gap,
  sum(population) / (select sum(population) from countries) as share,
  sum(health * population) / sum(population) - (select sum(health * population) / sum(population)
    from countries) as above,
  max(income) / min(income) as spread
from parts group by part, bucket order by part, sum(income * population) / sum(population)
