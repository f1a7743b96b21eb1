with sizes as (select sku, count(distinct order_id) as orders from lines group by sku
  having count(distinct order_id) >= 20),
pairs as (
  select x.sku as a, y.sku as b, count(distinct x.order_id) as together
  from lines x join lines y on x.order_id = y.order_id and x.sku < y.sku
  where x.sku in (select sku from sizes) and y.sku in (select sku from sizes)
  group by all having count(distinct x.order_id) >= 20
),
rules as (
  select a, b, together, n, x.orders as orders_a, y.orders as orders_b, together * n / (x.orders * y.orders) as lift
  from pairs join sizes x on x.sku = a join sizes y on y.sku = b, (select count(distinct order_id) as n from lines)
)
select a, row_number() over (partition by a order by lift desc, b) as place, b, together,
  round(together / n, 4) as support,
  round(together / least(orders_a, orders_b), 4) as confidence, lift
from rules qualify place <= 3 order by a, place
