with rated as (
  select coalesce(director, 'unknown') as director, coalesce(genre, 'unknown') as genre, imdb,
    row_number() over (order by title, m.director, released, gross) % 10 = 0 as test
  from movies m where imdb is not null and votes >= 1000
),
directors as (select director, sum(imdb) as total, count(*) as films from rated where not test group by director),
genres as (select genre, avg(imdb) as of_genre from rated where not test group by genre),
overall as (select avg(imdb) as prior from rated where not test),
encoded as (
  select r.*, coalesce(of_genre, prior) as genre_mean,
    case when test then (coalesce(total, 0) + 5 * prior) / (coalesce(films, 0) + 5)
      else (total - imdb + 5 * prior) / (films - 1 + 5) end as director_mean
  from rated r left join directors using (director) left join genres using (genre), overall
)
select test, genre, count(*) as films, count(distinct director) as directors, avg(imdb) as rating,
  avg(director_mean) as encoded,
  corr(imdb, director_mean) as r_director, avg((imdb - director_mean) ** 2) as error,
    avg((imdb - genre_mean) ** 2) as error_of_genre,
  1 - avg((imdb - director_mean) ** 2) / avg((imdb - genre_mean) ** 2) as better
from encoded group by test, genre having count(*) >= 10 order by test, films desc, genre
