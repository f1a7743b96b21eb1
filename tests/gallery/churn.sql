with features as (
  select u.user_id, plan, case when age is null then '?' when age < 30 then '<30' when age < 60 then '30-59'
    else '60+' end as band,
    least(greatest(date '2024-09-01' - any_value(signup), 0), 180) as tenure,
    date '2024-09-01' - max(ts::date) filter (ts < '2024-09-01') as silent,
    count(*) filter (ts < '2024-09-01' and kind = 'purchase') as purchases,
    count(*) filter (ts < '2024-09-01' and ts >= '2024-07-03') as recent,
    count(distinct try_cast(nullif(split_part(page, '/', 3), '') as bigint)) filter (ts < '2024-09-01') as items,
    max(try_cast(nullif(split_part(page, '/', 3), '') as bigint)) filter (ts < '2024-09-01') as highest_item,
    count(*) filter (ts >= '2024-09-01' and ts < '2024-11-30') = 0 as churned
  from users u join events e using (user_id) group by all having count(*) filter (ts < '2024-09-01') > 0
)
select plan, band, count(*) as users, count(*) filter (churned) as churned, avg(tenure) as tenure,
  quantile_cont(silent, 0.75) as silent, avg(silent) filter (churned) as silent_churned, sum(purchases) as purchases,
  avg(recent) as recent, sum(items) as items, max(highest_item) as highest_item, count(*)
    filter (churned) / count(*) as rate
from features group by plan, band order by plan, band
