select
    logged.elapsed_s - laps.started_elapsed_s as since_s,
    laps.ended_elapsed_s - laps.started_elapsed_s as lap_s,
    logged.value
from marts.fct_laps as laps
inner join marts.math_channel_values as logged
    on
        laps.session_id = logged.session_id
        and laps.session_started_at = logged.session_started_at
where
    laps.session_id = %(session_id)s
    and laps.lap_number = %(lap_number)s
    and laps.is_trace_eligible
    and logged.channel = %(channel)s
    and logged.elapsed_s between laps.started_elapsed_s and laps.ended_elapsed_s
order by logged.elapsed_s
