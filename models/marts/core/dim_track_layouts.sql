with event_sessions as (
    select * from {{ ref('int_event_sessions_deduplicated') }}
),

sessions as (
    select * from {{ ref('int_telemetry_sessions') }}
    where layout_id is not null
),

-- one row per appearance of a layout in any source
appearances as (
    select
        layout_id,
        sim,
        track_id,
        coalesce(track_name, 'unknown') as track_name,
        config_name,
        corners_per_lap,
        event_session_id as tie_breaker,
        coalesce(started_at, ended_at) as appeared_at
    from event_sessions
    union all
    select
        layout_id,
        sim,
        cast(null as {{ dbt.type_string() }}) as track_id,
        {{ track_of('track_name') }} as track_name,
        {{ config_of('track_name') }} as config_name,
        cast(null as integer) as corners_per_lap,
        cast(session_id as {{ dbt.type_string() }}) as tie_breaker,
        session_started_at as appeared_at
    from sessions
),

ranked as (
    select
        *,
        row_number() over (
            partition by layout_id
            order by track_id is null, corners_per_lap is null, appeared_at desc nulls last, tie_breaker desc
        ) as latest_rank
    from appearances
)

select
    ranked.layout_id,
    ranked.sim,
    ranked.track_id,
    coalesce(known.known_name, ranked.track_name) as track_name,
    ranked.config_name,
    measured.length_source,
    ranked.corners_per_lap,
    measured.length_m
from ranked
left join {{ ref('int_track_layouts_measured') }} as measured on ranked.layout_id = measured.layout_id
left join {{ ref('known_names') }} as known
    on ranked.sim = known.sim and known.kind = 'track' and lower(ranked.track_name) = known.internal_name
where ranked.latest_rank = 1
