from (
with bars as (
  select symbol, time_bucket(interval 5 minutes, ts) as bar, ts::date as day, arg_min(price, ts) as open,
    max(price) as high,
    min(price) as low, arg_max(price, ts) as close, sum(size) as volume, sum(price * size) as turnover,
      count(*) as trades
  from trades group by all
)
select symbol, bar, day, open, high, low, close, volume, trades,
  (sum(turnover) over w)::double / sum(volume) over w as vwap, sum(volume) over w as total,
    row_number() over w as nth, avg(close) over m as ma5,
  volume / sum(volume) over (partition by symbol, day) as share,
  greatest(high, lag(close) over w) - least(low, lag(close) over w) as true_range,
  case when row_number() over w < 5 then 'wait' when close = max(high) over m then 'breakout'
    when close > avg(close) over m and close > (sum(turnover) over w)::double / sum(volume) over w then 'up'
    when close < avg(close) over m and close < (sum(turnover) over w)::double / sum(volume) over w then 'down'
      else 'flat' end as signal
from bars window w as (partition by symbol, day order by bar), m as (partition by symbol, day
  order by bar rows 4 preceding)
order by symbol, bar
)
select symbol, bar, open, high, low, close, volume, trades, day, vwap, total, nth, ma5, share, true_range, signal
