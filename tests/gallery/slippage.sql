with quoted as (
  select t.*, (bid + ask)::double / 2 as middle, ask - bid as spread
  from trades t asof join quotes q on t.symbol = q.symbol and t.ts >= q.ts where q.ts >= t.ts - interval 1 minute
),
marked as (
  select *, (
    select arg_min((bid + ask)::double / 2, q.ts) from quotes q
    where q.symbol = m.symbol and q.ts between m.ts + interval 1 minute and m.ts + interval 6 minute
  ) as later
  from quoted m
)
select symbol, case when size < 500 then 'small' when size < 1000 then 'medium' else 'large' end as band,
  count(*) as trades,
  sum(size) as volume, sum(price * size)::decimal(18, 2) as turnover, count(*)
    filter (price::double > middle) as buys,
  count(*) filter (price::double < middle) as sells, avg(spread) as spread,
  sum(10000 * abs(price::double - middle) / middle * size) / sum(size) as cost,
  avg(10000 * sign(price::double - middle) * (later - middle) / middle) as impact,
    count(*) - count(later) as no_quote_later,
  corr(10000 * abs(price::double - middle) / middle, size) as r, min(ts) as first,
  (count(*) filter (price::double > middle) - count(*) filter (price::double < middle))
    / (count(*) filter (price::double > middle) + count(*) filter (price::double < middle)) as balance
from marked group by all order by symbol, volume desc
