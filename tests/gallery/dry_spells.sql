with marked as (
  select *, date::date as day, precipitation < 0.1 as dry,
    coalesce(lag(precipitation < 0.1) over (partition by location order by date), false) as was_dry
  from days
),
numbered as (select *, sum((dry and not was_dry)::int) over (partition by location order by day) as spell
  from marked),
spells as (
  select location, min(day) as begins, max(day) as ends, count(*) as days, max(temp_max) as hottest,
    arg_max(day, temp_max) as hottest_on, (list(weather order by day)) as weathers, mode(weather) as usual
  from numbered where dry group by location, spell
)
select location, year(begins) as year, begins, ends, days, hottest, hottest_on, usual,
  count(*) over y as spells, round(avg(days) over y, 2) as mean_days
from spells
window y as (partition by location, year(begins))
qualify days >= 5 and row_number() over (partition by location, year(begins) order by days desc, begins) <= 2
order by location, days desc, begins
