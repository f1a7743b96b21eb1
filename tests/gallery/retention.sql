with activity as (
  select distinct user_id, date_trunc('month', signup)::date as cohort,
    date_diff('month', date_trunc('month', signup), date_trunc('month', ts)) as age
  from users join events using (user_id)
),
shares as (
  select cohort, age, round(100.0::double * count(*) / any_value(size), 1) as share, any_value(size) as size
  from activity join (
    select date_trunc('month', signup)::date as cohort, count(*) as size from users group by all
  ) using (cohort)
  where age between 0 and 5 group by cohort, age
)
select cohort, size, max(share) filter (age = 0) as "0", max(share) filter (age = 1) as "1", max(share)
  filter (age = 2) as "2",
  max(share) filter (age = 3) as "3", max(share) filter (age = 4) as "4", max(share) filter (age = 5) as "5"
from shares group by all order by cohort
