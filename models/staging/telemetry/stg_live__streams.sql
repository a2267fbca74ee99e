with streams as (
    select * from {{ source('raw', 'live_streams') }}
),

formats as (
    select * from {{ ref('stg_files__formats') }}
),

told as (
    select
        cast(streams.stream as text) as stream,
        cast(streams.source as text) as source,
        cast(streams.source_format as text) as source_format,
        cast(streams.session_mark as text) as session_mark,
        formats.sim as format_sim,
        {{ short_text("nullif(trim(streams.told ->> 'sim'), '')") }} as told_sim,
        {{ short_text("nullif(trim(streams.told ->> 'driver'), '')") }} as driver_name,
        {{ short_text("nullif(trim(streams.told ->> 'car'), '')") }} as car_name,
        {{ short_text("nullif(trim(streams.told ->> 'track'), '')") }} as track_name,
        {{ short_text("nullif(trim(streams.told ->> 'session'), '')") }} as session_type,
        {{ to_float("streams.told ->> 'lap_length_m'") }} as lap_length_m,
        streams.is_open,
        streams.state -> 'standing' as standing,
        streams.state -> 'pieces' as pieces,
        cast(streams.state -> 'best' ->> 'lap_time_s' as numeric(10, 3)) as best_lap_time_s,
        coalesce(cast(streams.state ->> 'numbers_are_ours' as boolean), false) as numbers_are_ours,
        coalesce(cast(streams.state ->> 'first_is_lap' as boolean), false) as first_is_lap,
        streams.last_received_at
    from streams
    left join formats on streams.source_format = formats.source_format
),

sims as (
    select
        told.*,
        coalesce(
            (
                select min(writers.sim) from {{ ref('log_writers') }} as writers
                where writers.format_sim = told.format_sim and told.told_sim like writers.device
            ),
            told.format_sim,
            'live'
        ) as sim
    from told
),

identified as (
    select
        sims.*,
        coalesce(driver_aliases.driver_id, sims.sim || ':name:' || sims.driver_name) as driver_id,
        coalesce(car_aliases.car_id, sims.sim || ':name:' || sims.car_name) as car_id,
        coalesce(track_aliases.layout_id, sims.sim || ':' || lower(sims.track_name)) as layout_id
    from sims
    left join {{ ref('stg_telemetry__driver_aliases') }} as driver_aliases
        on sims.sim = driver_aliases.sim and sims.driver_name = driver_aliases.driver_name
    left join {{ ref('stg_telemetry__car_aliases') }} as car_aliases
        on sims.sim = car_aliases.sim and sims.car_name = car_aliases.car_name
    left join {{ ref('stg_telemetry__track_aliases') }} as track_aliases
        on sims.sim = track_aliases.sim and sims.track_name = track_aliases.track_name
)

select
    stream,
    source,
    source_format,
    session_mark,
    sim,
    driver_id,
    driver_name,
    car_id,
    car_name,
    layout_id,
    track_name,
    session_type,
    lap_length_m,
    standing,
    pieces,
    best_lap_time_s,
    numbers_are_ours,
    first_is_lap,
    last_received_at
from identified
where
    is_open
    -- who asked to be forgotten is not shown, whoever sends it
    and not exists (
        select 1 from {{ source('raw', 'struck_drivers') }} as struck
        where struck.driver_id = identified.driver_id
    )
