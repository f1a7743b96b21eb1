with monthly as (
  select "Date" as month, "adjusted CO2" as adjusted,
    case when count(*) over w = 12 then "CO2" - avg("CO2") over w end as season
  from co2 window w as (order by "Date" rows between 6 preceding and 5 following)
),
yearly as (
  select *, ppm - lag(ppm) over (order by year) as growth
  from (
    select year(month) as year, avg(adjusted) as ppm, max(season) - min(season) as swing, arg_max(month(month),
      season) as high_month
    from monthly group by all having count(*) = 12
  )
),
every_year as (
  select coalesce(t.year, y.year) as year, temp, ppm, growth, swing, high_month,
    avg(temp) over (order by coalesce(t.year, y.year) rows between 4 preceding and 5 following) as smooth
  from temperatures t full join yearly y on t.year = y.year
),
decades as (
  select year // 10 * 10 as decade, count(*) as years, avg(temp) as temp, max(temp) as warmest,
    arg_max(year, temp) as warmest_in,
    avg(smooth) as smooth, avg(ppm) as ppm, avg(growth) as growth, avg(swing) as swing,
      mode(high_month) as high_month,
    corr(ppm, temp) filter (year < 2020) as r
  from every_year group by all
)
select *, temp - lag(temp) over w as warmer,
  rank() over w = 1 or warmest > lag(warmest) over w as record
from decades window w as (order by decade) order by decade
