with numbered as (
  select *, row_number() over (order by species, island, mass, flipper, beak_length, beak_depth) as id from penguins
),
measured as (
  unpivot (select * from numbered where sex in ('MALE', 'FEMALE')) on beak_length, beak_depth, flipper,
    mass into name measure value value
),
scored as (
  select *, (value - avg(value) over w) / stddev(value) over w as z,
    quantile_cont(value, 0.25) over w as q1, quantile_cont(value, 0.75) over w as q3
  from measured window w as (partition by species, sex, measure)
),
judged as (
  select *, value < q1 - 1.5 * (q3 - q1) as small, value > q3 + 1.5 * (q3 - q1) as large from scored
)
select id, species, sex, island, count(*) as measures, count(*) filter (small or large) as outside,
  count(*) filter (small or large or abs(z) > 2) as unusual, round(max(abs(z)), 3) as largest, arg_max(measure,
    abs(z)) as at,
  arg_max(case when small then 'small' when large then 'large' when abs(z) > 2 then 'unusual' else 'usual' end,
    abs(z)) as verdict
from judged group by all having count(*) filter (small or large or abs(z) > 2) >= 1 order by largest desc, id
