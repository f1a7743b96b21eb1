with known as (
  select * replace (trim(title) as title), try_cast(nullif(split_part(released, ' ', 3), '') as int) as year
  from movies where title is not null and genre is not null and imdb is not null
),
films as (
  select *, (votes * imdb + 20000 * avg(imdb) over ()) / (votes + 20000) as score,
    votes >= quantile_cont(votes, 0.9) over () as famous, gross / nullif(budget, 0) as earned
  from known where year between 1950 and 2010
),
genres as (
  select genre, count(*) as films, count(*) filter (famous) / count(*) as famous_share,
    median(earned) as usual_earned,
    avg(abs(imdb * 10 - tomatoes)) as disagreement, corr(imdb, tomatoes) as r
  from films group by genre
)
select genre, row_number() over (partition by genre order by score desc, title) as place,
  if(length(title) > 30, title[:27] || '...', title) as title, (year // 10 * 10) || 's' as decade,
    round(score, 4) as score, votes,
  round(earned, 2) as earned, genres.films, usual_earned, famous_share, disagreement, r
from films join genres using (genre) qualify place <= 3 order by genre, place
