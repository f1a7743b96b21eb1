with stays as (
  select plan, date_diff('day', signup, least(coalesce(ended, date '2024-12-30'), date '2024-12-30')) as days,
    coalesce(ended <= '2024-12-30', false)::int as gone
  from users
),
ends as (
  select plan, days, sum(gone) as ends, (select count(*) from stays s where s.plan = stays.plan
    and s.days >= stays.days) as at_risk
  from stays group by plan, days having sum(gone) > 0
),
curve as (
  select *, exp(sum(ln(1 - ends / at_risk)) over w) as survival, sum(ends / at_risk) over w as hazard,
    exp(sum(ln(1 - ends / at_risk)) over w) * sqrt(sum(ends / (at_risk * (at_risk - ends))) over w) as error
  from ends window w as (partition by plan order by days)
),
points as (
  select plan, week * 30 as days from (select distinct plan from users), (select distinct days // 30 as week
    from curve) where week <= 9
)
select p.plan, p.days, at_risk, coalesce(survival, 1) as survival, hazard, case
  when survival is not null then greatest(survival - 1.96 * error, 0) end as low,
  least(survival + 1.96 * error, 1) as high
from points p asof left join curve c on p.plan = c.plan and p.days >= c.days order by p.plan, p.days
