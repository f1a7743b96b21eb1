with marked as (
  select *, ts::date as day, coalesce(epoch_ms(ts) // 1 - epoch_ms(lag(ts) over w) >= 3000, true) as fresh
  from events window w as (partition by user_id, kind, page order by ts, event_id)
),
clusters as (
  select *, sum(fresh::int) over (partition by user_id, kind, page order by ts, event_id) as cluster from marked
),
sizes as (
  select min(day) as day, count(*) as size from clusters group by user_id, kind, page, cluster having count(*) > 1
)
select m.day, count(*) filter (fresh) as events, count(*) filter (fresh and kind = 'purchase') as purchases,
  count(*) filter (not fresh) as copies, count(*) filter (not fresh and kind = 'purchase') as copied_purchases,
  any_value(c.clusters) as clusters, any_value(c.largest) as largest,
  round(100.0::double * count(*) filter (not fresh) / count(*) filter (fresh), 2) as inflated
from marked m left join (select day, count(*) as clusters, max(size) as largest from sizes
  group by day) c on c.day = m.day
group by m.day having count(*) filter (not fresh) > 0 order by inflated desc, m.day limit 25
