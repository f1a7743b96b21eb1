with daily as (
  select sku, day, sum(balance) as net, greatest(0, coalesce(-sum(balance) filter (balance < 0), 0)) as sold
  from (select sku, day, quantity as balance from movements) group by all
),
grid as (
  select sku, day, coalesce(net, 0) as net, coalesce(sold, 0) as sold
  from (select sku, min(day) as opened from movements group by sku)
  join (select distinct day from movements) on day >= opened left join daily using (sku, day)
),
balances as (
  select *, sum(net) over (partition by sku order by day) as balance,
    sum(sold) over w / count(*) over w as demand
  from grid window w as (partition by sku order by day range between interval 27 days preceding and current row)
),
states as (select *, case when balance = 0 then 'out' when balance < 15 then 'low' else 'fine' end as state
  from balances),
episodes as (
  select sku, state, min(day) as "from", count(*) as days, min(balance / demand) as cover
  from (
    select *, row_number() over (partition by sku order by day) - row_number() over (partition by sku, state
      order by day) as island
    from states
  ) group by sku, state, island
)
select sku, count(*) filter (state = 'out') as outages, sum(days) filter (state = 'out') as days_out,
  max(days) filter (state = 'out') as longest, arg_max("from", (days, -epoch("from")))
    filter (state = 'out') as longest_from,
  sum(days) filter (state = 'low') as days_low, min(cover) filter (state = 'low') as least_cover, sum(days) as days,
  mean_balance, demand, closing, round(1 - coalesce(sum(days) filter (state = 'out'), 0) / sum(days), 4) as service
from episodes join (
  select sku, avg(balance) as mean_balance, sum(sold) as demand, arg_max(balance, day) as closing from balances
    group by sku
) using (sku)
group by sku, mean_balance, demand, closing order by sku
