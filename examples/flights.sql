select origin, city, state, hour, flights, round(mean_delay, 1) as mean_delay, worst
from (
  select origin, hour(date) as hour, count(*) as flights, avg(delay) as mean_delay, max(delay) as worst
  from flights group by all having count(*) > 500
) join airports on origin = iata
order by mean_delay desc limit 10
