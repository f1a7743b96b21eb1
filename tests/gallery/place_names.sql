with towns as (
  select trim(city) as city, state, latitude, row_number() over (partition by trim(city), state
    order by zip_code) as nth
  from (select zip_code, latitude, city, state from places)
),
first as (
  select *, lower(split_part(city, ' ', 1)) as word, lower(right(city, 4)) as ending from towns where nth = 1
),
texts as (
  select 'ending' as kind, rpad(ending, 6, '.') as text, count(*) as towns, count(distinct state) as states,
    avg(latitude) as latitude,
    min(city) as example
  from first where length(city) > 5 and regexp_full_match(ending, '[a-z]{4}') group by ending
  union all
  select 'word', upper(word), count(*), count(distinct state), avg(latitude), min(city)
  from first where city like '% %' and word not like '#%' group by word
  union all
  select 'coasts', city, count(*), count(distinct state), avg(latitude), max(city || ', ' || state)
  from first group by city having bool_or(state in ('CA', 'OR', 'WA')) and bool_or(state in ('MA', 'NY', 'NJ', 'ME'))
)
select *, count(*) over (partition by kind) as texts, dense_rank() over (partition by kind order by towns desc,
  text) as place,
  length(text) % 2 = 1 as odd, latitude > 40 as north
from texts qualify row_number() over (partition by kind order by towns desc, text) <= 8 order by kind, towns desc,
  text
