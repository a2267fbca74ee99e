with laps as (
    select * from {{ ref('int_telemetry_laps_classified') }}
    where is_pace_eligible and is_trace_eligible
),

pieces as (
    select * from {{ ref('int_telemetry_laps_segmented') }}
    where has_curvature
),

layouts as (
    select * from {{ ref('int_telemetry_session_layouts') }}
),

-- The fastest lap of the earliest session. Only a session with an older date that is landed late changes it.
ranked as (
    select
        layouts.layout_key,
        laps.session_id,
        laps.lap_number,
        layouts.length_m,
        layouts.input_hash as session_hash,
        row_number() over (
            partition by layouts.layout_key
            order by
                case
                    when
                        cast(laps.session_id as {{ dbt.type_string() }}) || ':' || laps.lap_number
                        = {{ text_or_null(var('corner_reference_lap')) }}
                        then 0
                    else 1
                end,
                laps.session_started_at,
                laps.session_id,
                laps.lap_time_s,
                laps.lap_number
        ) as reference_rank
    from laps
    inner join pieces on laps.session_id = pieces.session_id and laps.piece_number = pieces.piece_number
    inner join layouts on laps.session_id = layouts.session_id
)

select
    layout_key,
    session_id,
    lap_number,
    length_m,
    md5(concat_ws('|', session_id, lap_number, session_hash)) as input_hash
from ranked
where reference_rank = 1
