with rolling as (
  select *, (temp_max + temp_min) / 2 as mean_temp,
    avg((temp_max + temp_min) / 2) over (order by date rows 6 preceding) as ma7,
    count(*) over (order by date rows 6 preceding) as days7,
    avg((temp_max + temp_min) / 2) over w as before, stddev((temp_max + temp_min) / 2) over w as spread,
    count(*) filter (precipitation > 0) over w as wet_days,
    sum(precipitation) over (order by date range between interval 1 month preceding and current row) as month_rain,
    case quarter(date + interval 1 month) when 1 then 'winter' when 2 then 'spring' when 3 then 'summer'
      else 'autumn' end as season
  from (select * replace (date::date as date) from days)
  window w as (order by date range between interval 28 days preceding and interval 1 day preceding)
)
select season, row_number() over (partition by season order by (mean_temp - before) / spread desc, date) as place,
  date::date as date, weather, mean_temp, round(ma7, 2) as ma7, round((mean_temp - before) / spread, 3) as score,
    wet_days,
  round(month_rain, 1) as month_rain
from rolling where days7 = 7 and spread is not null qualify place <= 5 order by season, place
