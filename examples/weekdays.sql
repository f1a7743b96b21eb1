select weekday(date) as day, case when distance < 500 then 'short' when distance < 1500 then 'medium' else 'long' end as haul,
       count(*) as flights, avg(delay) as mean_delay, count(delay) filter (delay < 0) as early
from flights group by all order by day, haul
