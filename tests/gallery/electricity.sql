from (
with g as (
  select year("year") as year, source, net_generation as gwh,
    net_generation / lag(net_generation) over (partition by source order by "year") - 1 as growth
  from generation
),
wide as (
  select year, sum(gwh) filter (source = 'Fossil Fuels') as fossil, sum(gwh)
    filter (source = 'Nuclear Energy') as nuclear,
    sum(gwh) filter (source = 'Renewables') as renewable, any_value(growth) filter (source = 'Renewables') as growth,
      sum(gwh) as total,
    arg_max(source, gwh) as leader, arg_max(source, growth) as steepest
  from g group by year
)
select *, renewable / total as share, sum(renewable) over (order by year rows 2 preceding) as three_years,
  fossil - lag(fossil, 1, 0) over (order by year) as fossil_change,
  (renewable / first_value(renewable) over (order by year)) ** (1 / nullif(year - min(year) over (),
    0)) - 1 as yearly_rate,
  year - (select min(year) from wide where renewable > nuclear) as since_overtaking,
  year >= (select min(year) from wide where renewable > nuclear) as ahead
from wide order by year
)
select year, fossil, nuclear, renewable, leader, steepest, share, growth, three_years, fossil_change, total, yearly_rate, since_overtaking, ahead
