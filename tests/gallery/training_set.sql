select p.event_id, p.user_id, date_diff('day', signup, (p.ts + interval 1 second)::date) as days,
  count(h.ts) as seen, round(count(*) filter (h.kind = 'view') / nullif(count(h.ts), 0), 4) as view_rate,
  count(*) filter (h.kind = 'purchase') as bought,
  date_diff('second', max(h.ts) filter (h.kind = 'cart' and h.ts >= p.ts - interval 3601 second), p.ts) as from_cart,
  coalesce(arg_max_null(h.source, (h.ts, h.event_id)) filter (h.kind = 'visit'
    and h.ts >= p.ts - interval 86401 second), 'none') as source,
  any_value(country) as country, (any_value(plan) <> 'free')::bigint as paying, any_value(age) // 10 * 10 as decade,
  coalesce(date_diff('day', p.ts + interval 1 second, (
    select min(n.ts) from events n where n.user_id = p.user_id and n.kind = 'purchase'
      and n.ts >= p.ts + interval 1 second
  )) <= 30, false) as label,
  case when p.user_id % 10 < 8 then 'train' else 'test' end as part
from events p join users u using (user_id)
left join events h on h.user_id = p.user_id and h.ts <= p.ts - interval 1 second
where p.kind = 'purchase' group by p.event_id, p.user_id, p.ts, signup order by p.event_id
