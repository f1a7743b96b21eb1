with numbered as (
  select *, coalesce(title, '?') || ' (' || coalesce(released, '?') || ')' as key,
    count(*) over (partition by title, released) as same, count(*)
      filter (rating is not null) over (partition by rating) as alike
  from movies
),
checks as (
  select key, unnest([
      {rule: 'title is missing', broken: coalesce(trim(title) = '', true)},
      {rule: 'title has odd characters', broken: coalesce(regexp_matches(title, '[^ -~]'), false)},
      {rule: 'date is not one', broken: coalesce(not regexp_full_match(released, '[A-Z][a-z][a-z] \d\d \d{4}'),
        true)},
      {rule: 'year is in the future', broken: coalesce(try_cast(nullif(split_part(released, ' ', 3), '') as int),
        0) > 2011},
      {rule: 'is there twice', broken: same > 1},
      {rule: 'rating out of range', broken: imdb not between 0 and 10 or tomatoes not between 0 and 100},
      {rule: 'votes without a rating', broken: votes is not null and imdb is null},
      {rule: 'earned less abroad than nothing', broken: gross < us_gross},
      {rule: 'budget is a placeholder', broken: budget < 1000},
      {rule: 'rating is rare', broken: nullif(rating is not null and alike < 50, false)}
    ], recursive := true)
  from numbered
)
select rule, count(*) filter (broken) as broken, count(*)
  filter (broken is null and rule <> 'rating is rare') as undecided,
  min(key) filter (broken) as example, round(100.0::double * count(*) filter (broken) / (select count(*)
    from movies), 2) as percent,
  case when count(*) filter (broken) = 0 then 'good' when 100 * count(*) filter (broken) < (select count(*)
    from movies) then 'look'
    else 'bad' end as verdict
from checks group by rule order by broken desc, rule
