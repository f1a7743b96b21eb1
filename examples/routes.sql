select origin, destination, count(*) as flights, count(delay) filter (delay <= 15) as on_time,
       max(distance) as distance, round(100.0 * count(delay) filter (delay <= 15) / count(*)::double, 1) as on_time_pct
from flights join airports on origin = iata
where state = 'CA'
group by origin, destination order by flights desc, origin, destination limit 10
