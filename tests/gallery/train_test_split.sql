with known as (
  select *, row_number() over (order by name, year, weight, mpg) % 10 = 0 as test from cars where mpg is not null
),
fit as (
  select regr_slope(mpg, weight) as slope, regr_intercept(mpg, weight) as intercept, regr_r2(mpg, weight) as r2,
    avg(mpg) as usual
  from known where not test
),
errors as (select *, mpg - (intercept + slope * weight) as error, mpg - usual as error_of_mean from known, fit)
select if(test, 'test', 'train') as part, origin, count(*) as cars, avg(error) as bias, sqrt(avg(error ** 2)) as rmse,
  sqrt(avg(error_of_mean ** 2)) as rmse_of_mean, max(abs(error)) as worst, arg_max(name, abs(error)) as worst_car,
  1 - sqrt(avg(error ** 2)) / sqrt(avg(error_of_mean ** 2)) as gain, any_value(r2) as r2
from errors group by part, origin order by part, origin
