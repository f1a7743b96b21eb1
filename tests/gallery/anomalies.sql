with hourly as (select "time", "count" as n, hour("time") as hour, weekday("time") in (0, 6) as weekend from pushes),
typical as (
  select *, median(n) over w as typical, (n - avg(n) over w) / stddev(n) over w as z
  from hourly window w as (partition by hour, weekend) qualify count(*) over w >= 5
),
scored as (select *, median(abs(n - typical)) over (partition by hour, weekend) as mad from typical),
found as (
  select * replace (round(z, 4) as z), round(0.6745::double * (n - typical) / mad, 4) as robust from scored
  where abs(round(z, 4)) > 2 or abs(robust) > 3.5
)
select "time", weekend, n as count, typical, mad, z, robust,
  rank() over (order by abs(z) desc, "time") as by_z, rank() over (order by abs(robust) desc, "time") as by_mad,
  abs(z) > 2 and abs(robust) > 3.5 as both
from found order by "time"
