{#- the line that a session finds by itself is nobody else's: its laps begin where those of other sessions do not -#}
{%- set own_layout = "case when coalesce(laps.lap_source, '') <> 'derived_line' then sessions.layout_id end" -%}
with laps as (
    select * from {{ ref('int_telemetry_laps_segmented') }}
    where
        begins_at_line
        and stops_at_line
        and has_pit_road is not true
        and leaves_track is not true
        and longest_gap_s <= {{ var('trace_longest_gap_s') }}
),

sessions as (
    select * from {{ ref('int_telemetry_sessions') }}
),

seeded as (
    select * from {{ ref('stg_telemetry__track_layouts') }}
),

candidates as (
    select
        {{ layout_key('sessions', own_layout) }} as layout_key,
        {{ own_layout }} as layout_id,
        sessions.session_id,
        sessions.session_started_at,
        case
            when laps.declared_length_m is not null then 'declared'
            when laps.distance_source = 'lap_distance' then 'lap_distance'
            else 'driven'
        end as length_source,
        case
            when laps.declared_length_m is not null then laps.declared_length_m
            when laps.distance_source = 'lap_distance' then laps.highest_lap_distance_m
            -- a speed that covers only a part of the lap does not tell its length
            when laps.distance_source = 'distance' then laps.distance_driven_m
            else coalesce(laps.driven_m, laps.distance_driven_m, laps.position_driven_m)
        end as length_m,
        laps.lowest_lat_deg,
        laps.lowest_lon_deg,
        laps.piece_number,
        laps.position_driven_m,
        sessions.is_retired
    from laps
    inner join sessions on laps.session_id = sessions.session_id
    where laps.distance_source is not null or laps.position_driven_m is not null
),

by_session as (
    select
        layout_key,
        layout_id,
        session_id,
        session_started_at,
        length_source,
        percentile_cont(0.5) within group (order by length_m) as length_m,
        min(lowest_lat_deg) as lowest_lat_deg,
        min(lowest_lon_deg) as lowest_lon_deg,
        case length_source when 'declared' then 1 when 'lap_distance' then 2 else 3 end as source_rank
    from candidates
    group by layout_key, layout_id, session_id, session_started_at, length_source
),

-- The earliest session measures its layout, so later sessions change nothing. Only an earlier one that is landed late
-- does, until the length is frozen in the seed.
ranked as (
    select
        *,
        row_number() over (
            partition by layout_key order by length_m is null, source_rank, session_started_at, session_id
        ) as length_rank,
        row_number() over (
            partition by layout_key order by lowest_lat_deg is null, session_started_at, session_id, source_rank
        ) as origin_rank
    from by_session
),

-- The line of a layout is the way of one lap of the earliest session that has its positions still: of the middle one by
-- length, as the longest may have a detour.
middle_laps as (
    select
        *,
        row_number() over (partition by layout_key order by session_started_at, session_id) as line_rank
    from (
        select
            *,
            row_number() over (partition by layout_key, session_id order by position_driven_m, piece_number) as place,
            count(*) over (partition by layout_key, session_id) as laps
        from candidates
        where position_driven_m is not null and is_retired is not true
    ) as by_length
    where place = (laps + 1) / 2
)

select
    lengths.layout_key,
    lengths.layout_id,
    case when seeded.length_m is not null then 'seed' else lengths.length_source end as length_source,
    case when lines.session_id is not null then 'lap' end as line_source,
    lines.session_id as line_session_id,
    lines.piece_number as line_piece_number,
    cast(coalesce(seeded.length_m, lengths.length_m) as numeric(9, 1)) as length_m,
    cast(origins.lowest_lat_deg as numeric(9, 6)) as origin_lat_deg,
    cast(origins.lowest_lon_deg as numeric(9, 6)) as origin_lon_deg
from ranked as lengths
inner join ranked as origins on lengths.layout_key = origins.layout_key and origins.origin_rank = 1
left join seeded on lengths.layout_id = seeded.layout_id
left join middle_laps as lines on lengths.layout_key = lines.layout_key and lines.line_rank = 1
where lengths.length_rank = 1 and coalesce(seeded.length_m, lengths.length_m) is not null
