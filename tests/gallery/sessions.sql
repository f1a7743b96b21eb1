with marked as (
  select *, coalesce(date_diff('second', lag(ts) over w, ts) > 1800, true)::int as starts
  from events window w as (partition by user_id order by ts)
),
sessions as (
  select user_id, session, min(ts)::date as day, date_diff('second', min(ts), max(ts)) as seconds, count(*) as events,
    count(*) filter (kind = 'view') as views, bool_or(kind = 'purchase') as bought, count(distinct page) as pages
  from (select *, sum(starts) over (partition by user_id order by ts) as session from marked)
  group by user_id, session
)
select day, count(*) as sessions, count(distinct user_id) as users, count(*) filter (events = 1) as bounced,
  count(*) filter (bought) as bought, avg(views) as views, median(seconds) as median_seconds,
    max(pages) as most_pages,
  count(*) filter (events = 1) / count(*) as bounce_rate, count(*) filter (bought) / count(*) as conversion
from sessions group by day having count(*) >= 3 order by day
