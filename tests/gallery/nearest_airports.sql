with served as (select origin as iata from flights group by origin having count(*) >= 2000),
mainland as (
  select *, iata in (from served) as hub from airports
  where country = 'USA' and latitude between 24 and 50 and longitude between -126 and -66
),
pairs as (
  select a.iata, a.name, a.state, b.iata as hub, b.state as hub_state,
    if(b.iata is null, null, 6371 * acos(least(1, sin(radians(a.latitude)) * sin(radians(b.latitude))
      + cos(radians(a.latitude)) * cos(radians(b.latitude)) * cos(radians(a.longitude - b.longitude))))) as km
  from mainland a left join (from mainland where hub) b
    on abs(a.latitude - b.latitude) <= 4 and abs(a.longitude - b.longitude) <= 4
  where not a.hub
  qualify row_number() over (partition by a.iata order by km, b.iata) = 1
)
select state, count(km) as airports, avg(km) as mean_km, max(km) as most_km, arg_max(name, km) as loneliest,
  arg_max(hub, km) as hub,
  nullif(count(distinct hub), 0) as hubs, case when count(km) > 0 then count(*)
    filter (hub_state <> state) end as other_state,
  count(*) - count(km) as far_off, concat(state, '-', lpad(round(max(km))::bigint::varchar, 4, '0')) as label
from pairs group by state order by state
