with months as (select sku, sum(quantity) as sold from lines group by sku, date_trunc('month', ordered)),
steadiness as (select sku, count(*) as months, stddev(sold) / avg(sold) as variation from months group by sku),
products as (
  select sku, sum(quantity * unit_price)::decimal(18, 2) as revenue, count(distinct order_id) as orders from lines
    group by sku
),
ranked as (
  select *, row_number() over w as place, (sum(revenue) over w)::decimal(18, 2) as running,
    revenue::double / (sum(revenue) over ())::double as share,
    ((sum(revenue) over w) - revenue)::double / (sum(revenue) over ())::double as reached,
    percent_rank() over (order by orders) as above
  from products window w as (order by revenue desc, sku)
)
select place, sku, case when reached < 0.7 then 'A' when reached < 0.9 then 'B' else 'C' end as class,
  row_number() over (partition by class order by place) as nth, revenue, round(share, 5) as share, running,
  round(above, 4) as above, months, variation,
  case when months < 6 then 'rare' when variation < 0.5 then 'steady' else 'wavering' end as demand
from ranked join steadiness using (sku) order by place
