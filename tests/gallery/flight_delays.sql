with sane as (select *, hour(date) as h from flights where delay between -60 and 720),
hours as (
  select origin, h, count(*) as n, count(*) filter (delay > 15) / count(*) as share from sane group by all
    having count(*) >= 30
),
worst as (
  select origin, arg_max(h, (share, -h)) as worst_hour, max(share) as worst, arg_min(h, (share, h)) as best_hour
  from hours group by origin having sum(n) >= 5000
),
totals as (
  select origin, count(*) as flights, count(*) filter (delay > 15) as late,
    1000 * sum(delay) filter (delay > 0) / sum(distance) as per_1000_miles
  from sane where (origin, h) in (select (origin, h) from hours) group by origin
),
spread as (
  select origin, quantile_cont(delay, 0.9) as p90, count(*) filter (delay < 0) as early,
    count(distinct destination) as places
  from sane group by origin
)
select coalesce(a.state, '??') as state, origin, coalesce(city, origin) as city, flights,
  round(late / flights, 4) as late_share,
  round(late / flights - sum(late) over s / sum(flights) over s, 4) as above, worst_hour, best_hour,
    round(worst, 4) as worst,
  p90, early, places, per_1000_miles
from worst join totals using (origin) join spread using (origin) left join airports a on a.iata = origin
window s as (partition by coalesce(a.state, '??'))
qualify row_number() over (partition by coalesce(a.state, '??') order by late / flights desc, origin) = 1
order by late_share desc, origin
