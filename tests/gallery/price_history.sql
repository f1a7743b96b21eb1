with history as (
  select *, row_number() over w as version, price > lag(price) over w as raised
  from prices window w as (partition by sku order by valid_from)
),
listed as (
  select l.*, ordered::date as day, h.* exclude (sku)
  from lines l join history h on l.sku = h.sku and ordered >= valid_from and ordered < coalesce(valid_to, 'infinity')
),
months as (
  select date_trunc('month', day)::date as month, count(*) as lines, 0 as different,
    sum(quantity * unit_price)::decimal(18, 2) as sold, sum(quantity * price)::decimal(18, 2) as listed,
    count(*) filter (unit_price < price) as below_list, sum(quantity) filter (raised) as after_raise,
    median(day - valid_from) as days_since, max(version) as latest_version
  from listed group by all
)
select *, round(100 * (1 - sold::double / listed::double), 3) as discount,
  (sum(listed - sold) over (order by month))::decimal(18, 2) as gap
from months order by month
