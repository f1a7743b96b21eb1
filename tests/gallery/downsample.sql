with judged as (
  select *, time_bucket(interval 30 minutes, ts) as bucket,
    coalesce(temperature - before > 10 and temperature - coalesce(after, before) > 10, false) as spike
  from (
    select *, lag(last) over (partition by sensor order by ts) as before, lead(temperature) over (partition by sensor
      order by ts) as after
    from (
      select *, last_value(temperature ignore nulls) over (partition by sensor
        order by ts rows unbounded preceding) as last
      from readings
    )
  )
),
sampled as (
  select sensor, bucket, count(*) as readings, count(*) - count(temperature) as lost, count(*)
    filter (spike) as spikes,
    arg_min(temperature, ts) filter (not spike) as opened, arg_max(temperature, ts) filter (not spike) as closed,
    avg(temperature) filter (not spike) as mean,
    max(temperature) filter (not spike) - min(temperature) filter (not spike) as range, min(battery) as battery
  from judged group by all
)
select sensor, bucket,
  case when readings is null then 'silent' when readings < 4 then 'sparse' when spikes > 0 then 'spikes'
    else 'good' end as state,
  coalesce(readings, 0) as readings, lost, opened, closed, mean, range, battery
from (select distinct sensor from readings) cross join (select distinct time_bucket(interval 30 minutes,
  ts) as bucket from readings)
left join sampled using (sensor, bucket) order by sensor, bucket
