with customers as (
  select customer_id, max(ordered) as last_order, count(distinct order_id) as orders,
    sum(quantity * unit_price)::decimal(18, 2) as money,
    date '2025-01-01' - max(ordered)::date as days
  from lines where ordered < '2025-01-01' group by customer_id
),
scored as (
  select *, ntile(4) over (order by days desc, customer_id) as r, ntile(4) over (order by orders, customer_id) as f,
    ntile(4) over (order by money, customer_id) as m
  from customers
),
segments as (
  select *, case when r = 4 and f = 4 then 'champion' when f >= 3 and r >= 3 then 'loyal' when f >= 3 then 'at risk'
    when r = 4 and orders = 1 then 'new' when r <= 2 and m <= 2 then 'lost' else 'other' end as segment
  from scored
)
select segment, count(*) as customers, median(days) as days, avg(orders) as orders,
  sum(money)::decimal(18, 2) as money,
  arg_max(customer_id, money) as best, count(distinct r || '-' || f || '-' || m) as scores,
    min(concat(r, f, m)) as usual_score,
  round(100.0 * sum(money)::double / sum(sum(money)) over ()::double, 2) as share,
    round(sum(money)::double / count(*), 2) as money_each
from segments group by segment order by money desc
