with returns as (
  select "date", close, close / lag(close) over (order by "date") - 1 as change,
    max(close) over (order by "date") as high from days
),
numbered as (
  select *, sum((close = high)::int) over (order by "date") as episode,
    case when count(change) over v >= 20 then stddev(change) over v * sqrt(252) end as volatility
  from returns window v as (order by "date" rows 20 preceding)
)
select episode, min("date") as "from", max("date") as "to", max(high) as high, min(close) as low, arg_min("date",
  close) as low_on,
  round(100 * min(close / high - 1), 2) as depth, count(*) - 1 as trading_days,
    round(100 * min(change), 2) as worst_day,
  product(1 + change) filter (close <> high) as growth, max(volatility) as volatility,
  max("date") < (select max("date") from days) as recovered,
    date_diff('day', min("date"), arg_min("date", close)) as to_low,
  date_diff('day', min("date"), max("date")) as whole
from numbered group by episode having min(close / high - 1) < -0.05 order by min(close / high - 1), "from" limit 10
