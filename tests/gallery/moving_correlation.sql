with monthly as (
  select symbol, strptime(date, '%b %d %Y')::date as month, ln(price / lag(price) over (partition by symbol
    order by strptime(date, '%b %d %Y'))) as change
  from stocks
),
pairs as (
  select x.symbol as a, y.symbol as b, month, x.change as change_a, y.change as change_b
  from monthly x join monthly y using (month) where x.symbol < y.symbol and x.change is not null
    and y.change is not null
),
rolling as (
  select *, corr(change_a, change_b) over (partition by a, b order by month rows 11 preceding) as r
  from pairs qualify row_number() over (partition by a, b order by month) >= 12
)
select a, b, count(*) as months, avg(r) as mean_r, min(r) as least, arg_min(month, r) as least_in, max(r) as most,
  arg_max(month, r) as most_in, count(*) filter (r < 0) as opposed,
  (select corr(change_a, change_b) from pairs p where p.a = rolling.a and p.b = rolling.b) as overall
from rolling group by a, b order by overall desc, a, b
