with long as (
  unpivot (
    select month, construction::double as construction, manufacturing::double as manufacturing,
      retail_trade::double as retail_trade,
      information::double as information, financial_activities::double as financial_activities,
      education_and_health_services::double as education_and_health_services,
      leisure_and_hospitality::double as leisure_and_hospitality, government::double as government
    from employment
  ) on columns(* exclude month) into name sector value jobs
),
growth as (
  select sector, year(month) as year, 100 * (jobs / lag(jobs, 12) over (partition by sector
    order by month) - 1) as growth from long
),
yearly as (select sector, year, round(avg(growth), 3) as growth from growth where year between 2008 and 2015
  group by all),
peaks as (
  select sector, month, jobs, any_value(jobs) filter (month = '2007-12-01') over (partition by sector) as before
    from long
),
recovery as (
  select sector, min(jobs) as least, arg_min(month, (jobs, month)) as least_in, min(jobs / before - 1) as lost,
    min(month) filter (jobs >= before and month > (
      select min(month) from peaks q where q.sector = peaks.sector and q.month > '2007-12-01' and q.jobs < q.before
    )) as back_in
  from peaks where month > '2007-12-01' group by sector
)
select sector, "2008", "2009", "2010", "2011", "2012", "2013", "2014", "2015", least, least_in,
  round(100 * lost, 2) as lost, back_in,
  date_diff('month', date '2007-12-01', back_in) as months_down
from (pivot yearly on year in (2008, 2009, 2010, 2011, 2012, 2013, 2014, 2015) using max(growth) group by sector)
join recovery using (sector) order by lost, sector
