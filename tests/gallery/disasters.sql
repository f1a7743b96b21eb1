with kinds as (
  select "Entity" as kind, "Year" as year, "Deaths" as deaths, "Year" // 10 * 10 as decade
  from disasters where "Entity" <> 'All natural disasters'
),
main as (
  select decade, kind, sum(deaths) as deaths from kinds
  where kind in ('Drought', 'Earthquake', 'Epidemic', 'Extreme temperature', 'Flood', 'Volcanic activity')
    group by all
),
shares as (select *, deaths / sum(deaths) over (partition by decade) as share from main),
years as (
  select *, sum(deaths) over (order by year range between 9 preceding and current row) as ten_years
  from (select decade, year, sum(deaths) as deaths from kinds group by all)
)
select decade, max(deaths) filter (kind = 'Drought') as "Drought", max(deaths)
  filter (kind = 'Earthquake') as "Earthquake",
  max(deaths) filter (kind = 'Epidemic') as "Epidemic", max(deaths)
    filter (kind = 'Extreme temperature') as "Extreme temperature",
  max(deaths) filter (kind = 'Flood') as "Flood", max(deaths)
    filter (kind = 'Volcanic activity') as "Volcanic activity",
  count(*) as kinds, replace(replace(arg_max(kind, deaths), 'Extreme temperature', 'heat'), 'Volcanic activity',
    'volcano') as worst,
  max(share) as worst_share, -sum(share * ln(share)) filter (deaths > 0) as entropy,
  any_value(y.deadliest_year) as deadliest_year, any_value(y.ten_years) as ten_years, any_value(y.trend) as trend,
  any_value(o.other_kinds) as other_kinds, any_value(o.other) as other
from shares
join (
  select decade, arg_max(year, deaths) as deadliest_year, arg_max(ten_years, year) as ten_years, regr_slope(deaths,
    year) as trend
  from years group by decade
) y using (decade)
left join (
  select decade, count(distinct kind) as other_kinds, sum(deaths) as other from kinds
  where kind not in ('Drought', 'Earthquake', 'Epidemic', 'Extreme temperature', 'Flood', 'Volcanic activity')
    group by decade
) o using (decade)
group by decade order by decade
