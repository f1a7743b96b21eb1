with given as (from readings where temperature is not null),
filled as (
  select r.sensor, r.ts, r.temperature, l.temperature as value, date_diff('second', l.ts, r.ts) as age,
    least(date_diff('second', r.ts, lead(r.ts) over w), 720) as held, lead(r.ts) over w as until
  from readings r asof left join given l on r.sensor = l.sensor and r.ts >= l.ts
  window w as (partition by r.sensor order by r.ts)
),
days as (
  select sensor, ts::date as day, sum(value * held) filter (age <= 720) / sum(held) filter (age <= 720) as mean,
    sum(held) filter (age <= 720) / 86400 as coverage, count(*) - count(temperature) as missing,
    count(*) filter (temperature is null and age <= 720) as filled, max(age) as oldest
  from filled where until is not null group by all
)
select sensor, day, round(mean, 6) as mean, round(mean - lag(mean) over (partition by sensor order by day),
  6) as warmer,
  round(coverage, 4) as coverage, missing, filled, oldest
from days order by sensor, day
