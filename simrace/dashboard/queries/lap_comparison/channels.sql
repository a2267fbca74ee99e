-- What can be drawn of a lap: channels of its samples, math channels, and channels of its log that are not mapped.
select
    statistics.channel,
    case when math.channel is null then 'sample' else 'math' end as kind,
    coalesce(math.unit, '') as unit
from marts.lap_channel_statistics as statistics
left join marts.dim_math_channels as math on statistics.channel = math.channel
where statistics.session_id = %(session_id)s and statistics.lap_number = %(lap_number)s
union all
select
    channel,
    'log' as kind,
    max(unit) as unit
from marts.log_channels
where session_id = %(session_id)s and canonical_channel is null and not is_retired
group by channel
order by kind desc, channel asc
