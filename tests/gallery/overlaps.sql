with conflicts as (
  select a.room, a.begins::date as day, a.booking_id as first, b.booking_id as second,
    date_diff('minute', greatest(a.begins, b.begins), least(a.ends, b.ends)) as minutes,
    least(a.ends, b.ends) - greatest(a.begins, b.begins) = least(a.ends - a.begins, b.ends - b.begins) as inside
  from bookings a, bookings b
  where a.room = b.room and a.booking_id < b.booking_id and a.begins < b.ends and b.begins < a.ends
),
moments as (select distinct unnest([begins, ends]) as "at" from bookings),
taken as (
  select "at", (select count(*) from bookings where begins <= "at" and "at" < ends) as taken, date_diff('minute',
    "at", lead("at") over (order by "at")) as minutes
  from moments
),
busy as (
  select "at"::date as day, max(taken) as most_taken, arg_max("at", (taken, -epoch("at"))) as "at",
    sum(taken * minutes) as booked
  from taken group by all
)
select day, coalesce(conflicts, 0) as conflicts, rooms, nested, c.minutes, longest, longest_in, most_taken, "at",
  booked,
  round(100.0::double * coalesce(c.minutes, 0) / booked, 2) as wasted
from busy left join (
  select day, count(*) as conflicts, count(distinct room) as rooms, count(*) filter (inside) as nested,
    sum(minutes) as minutes,
    max(minutes) as longest, arg_max(room, (minutes, -first, -second)) as longest_in
  from conflicts group by day
) c using (day) order by day
