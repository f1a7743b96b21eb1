with located as (
  select *, trim(split_part(place, ',', -1)) as region,
    try_cast(nullif(regexp_extract(place, '^(\d+)km', 1), '') as int) as kilometres
  from quakes where magnitude is not null
),
pairs as (
  select a.id, date_diff('minute', b.ts, a.ts) as minutes,
    2 * 6371 * asin(sqrt(sin(radians(a.latitude - b.latitude) / 2) ** 2
      + cos(radians(a.latitude)) * cos(radians(b.latitude)) * sin(radians(a.longitude - b.longitude) / 2) ** 2)) as km
  from located a join located b on b.ts < a.ts and b.magnitude > a.magnitude and b.magnitude >= 4.5
),
after as (select id, min(minutes) as minutes, min(km) as km from pairs where km <= 100 group by id)
select region, count(*) as quakes, max(magnitude) as strongest,
  arg_max(place, (magnitude, -epoch(ts), id)) as strongest_at,
  coalesce(sum(felt), 0) as felt, count(*) filter (magnitude >= 4.5) as strong, median(depth) as depth,
    max(kilometres) as far,
  count(after.id) as aftershocks, min(minutes) as soonest, round(min(km), 3) as nearest,
    count(distinct ts::date) as days
from located left join after using (id) group by region having count(*) >= 5 order by quakes desc, region
