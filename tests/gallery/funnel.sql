with steps as (
  select user_id, country, visited, viewed, carted,
    (select min(ts) from events e where e.user_id = s.user_id and kind = 'purchase' and ts >= carted) as bought
  from (
    select *, (select min(ts) from events e where e.user_id = s.user_id and kind = 'cart' and ts >= viewed) as carted
    from (
      select *, (select min(ts) from events e where e.user_id = s.user_id and kind = 'view'
        and ts >= visited) as viewed
      from (
        select user_id, country, (select min(ts) from events e where e.user_id = u.user_id
          and kind = 'visit') as visited
        from users u
      ) s
    ) s
  ) s
),
counts as (
  select country, unnest(['1 users', '2 visited', '3 viewed', '4 carted', '5 bought']) as step,
    unnest([count(*), count(visited), count(viewed), count(carted), count(bought)]) as users
  from steps group by country
)
select country, step, users, round(100.0::double * users / lag(users) over w, 1) as of_before,
  round(100.0::double * users / first_value(users) over w, 1) as of_all
from counts window w as (partition by country order by step) order by country, step
