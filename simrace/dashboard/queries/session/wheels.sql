-- Tyres and brakes by lap: what a driver looks at after a run.
select
    lap_number,
    channel,
    minimum,
    mean,
    maximum
from marts.lap_channel_statistics
where
    session_id = %(session_id)s
    and (channel like 'tyre~_%%' escape '~' or channel like 'brake~_temp~_%%' escape '~' or channel = 'fuel_l')
order by lap_number, channel
