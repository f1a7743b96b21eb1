with around as (
  select date, weather, wind, median(wind) over w as median, avg(wind) over w as mean, quantile_cont(wind,
    0.9) over w as high,
    quantile_cont(wind, 0.1) over w as low, count(*) over w as days
  from days window w as (order by date rows between 5 preceding and 5 following)
)
select date, weather, wind, median, round(mean, 3) as mean, high, low, wind - median as gust,
  round(mean - median, 3) as skew,
  wind < low as calm, wind > high as windy
from around where days = 11 order by gust desc, date limit 30 offset 10
